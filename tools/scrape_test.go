package tools

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/axon-mcp/axon-mcp/engine/content"
	"github.com/axon-mcp/axon-mcp/engine/fetch"
	"github.com/axon-mcp/axon-mcp/engine/index"
	"github.com/axon-mcp/axon-mcp/fault"
)

const scrapedMD = "# Title\n\nSome **bold** text with a [link](https://a.example/x).\n\n```go\nfunc main() {}\n```\n\n## Two\n\n| a | b |\n| --- | --- |\n| 1 | 2 |\n"

func scrapeBench(t *testing.T, changes ...func(*Deps)) *bench {
	t.Helper()
	b := newBench(t, changes...)
	b.fetcher.serve("https://a.example/", "text/markdown", scrapedMD)
	b.fetcher.serve("https://a.example/data.json", "application/json", `{"answer": 42}`)
	b.fetcher.pages["https://a.example/404"] = fetch.Response{Status: 404, MediaType: "text/html", Body: []byte("nothing")}
	return b
}

func TestScrapeFormats(t *testing.T) {
	t.Parallel()
	b := scrapeBench(t)
	page := func(args string) ScrapedPage {
		t.Helper()
		out, _ := must[ScrapeOutput](t, b, "scrape", args)
		if len(out.Pages) != 1 || out.Trust != "untrusted" {
			t.Fatalf("%+v", out)
		}
		return out.Pages[0]
	}
	if p := page(`{"url":"https://a.example/"}`); p.Markdown == nil || !strings.Contains(*p.Markdown, "**bold**") || p.Title != "Title" || p.Status != 200 ||
		p.FinalURL != "https://a.example/" || p.WordCount < 10 || p.Render != "http" || p.FromCache {
		t.Errorf("markdown: %+v", p)
	}
	if p := page(`{"url":"https://a.example/","format":"text"}`); p.Text == nil || strings.ContainsAny(*p.Text, "*`#[") || !strings.Contains(*p.Text, "func main() {}") || !strings.Contains(*p.Text, "1\t2") || p.Markdown != nil {
		t.Errorf("text: %q", *p.Text)
	}
	if p := page(`{"url":"https://a.example/","format":"html"}`); p.HTML == nil || !strings.Contains(*p.HTML, "<strong>bold</strong>") || !strings.Contains(*p.HTML, "<table>") {
		t.Errorf("html: %+v", p)
	}
	if p := page(`{"url":"https://a.example/data.json","format":"json"}`); fmt.Sprint(p.JSON) != "map[value:map[answer:42]]" {
		t.Errorf("json: %v", p.JSON)
	}
	if p := page(`{"url":"https://a.example/","format":"json"}`); p.JSON.(map[string]any)["sections"] == nil {
		t.Errorf("json of a page: %v", p.JSON)
	}
	p := page(`{"url":"https://a.example/","format":"raw_html"}`)
	if stored := b.artifacts.files[strings.TrimPrefix(p.RawHTML, artifactScheme)]; string(stored) != scrapedMD || p.Markdown != nil {
		t.Errorf("raw_html: %+v", p)
	}
	b.fetcher.serve("https://a.example/g", "text/html", `<nav aria-label=breadcrumb><ol><li><a href=/>Home</a></li><li>Guide</li></ol></nav><h1>Setup</h1><p>How to set it up.</p>`)
	if p := page(`{"url":"https://a.example/g"}`); !slices.Equal(p.Breadcrumb, []string{"Guide"}) {
		t.Errorf("breadcrumb: %q", p.Breadcrumb)
	}
	if p := page(`{"url":"https://a.example/","max_chars":100}`); !p.Truncated || len(*p.Markdown) > 100 {
		t.Errorf("max_chars: %+v", p)
	}
}

// TestScrapeFollowsPagesThatLeadOn: static sites have them in place of redirects.
func TestScrapeFollowsPagesThatLeadOn(t *testing.T) {
	t.Parallel()
	b := scrapeBench(t)
	stub := func(to string) string {
		return `<title>Redirecting</title><meta http-equiv=refresh content="0; url=` + to + `"><p>Moved <a href="` + to + `">here</a>.`
	}
	b.fetcher.serve("https://a.example/old", "text/html", stub("older"))
	b.fetcher.serve("https://a.example/older", "text/html", stub("/"))
	b.fetcher.serve("https://a.example/self", "text/html", stub("self"))
	b.fetcher.serve("https://a.example/round", "text/html", stub("round?again"))
	b.fetcher.serve("https://a.example/round?again", "text/html", stub("round"))
	b.fetcher.serve("https://a.example/inside", "text/html", stub("http://127.0.0.1/"))
	b.fetcher.serve("https://a.example/long", "text/html", stub("/")+strings.Repeat(" word", 100))
	for path, want := range map[string]string{"old": "https://a.example/", "self": "https://a.example/self", "round": "https://a.example/round?again", "long": "https://a.example/long"} {
		if out, _ := must[ScrapeOutput](t, b, "scrape", `{"url":"https://a.example/`+path+`"}`); out.Pages[0].FinalURL != want || out.Pages[0].URL != "https://a.example/"+path {
			t.Errorf("%s led to %+v", path, out.Pages[0])
		}
	}
	_, err := b.call(t, "scrape", `{"url":"https://a.example/inside"}`)
	wantFault(t, err, fault.URLBlocked)
	if slices.Contains(b.fetcher.asked, "http://127.0.0.1/") {
		t.Error("a blocked URL reached the fetcher")
	}
}

func TestScrapeSeveral(t *testing.T) {
	t.Parallel()
	b := scrapeBench(t)
	out, text := must[ScrapeOutput](t, b, "scrape", `{"urls":["https://a.example/404","https://a.example/","http://127.0.0.1/","https://gone.example/"]}`)
	codes := make([]string, len(out.Pages))
	for i, p := range out.Pages {
		codes[i] = p.Code
		if p.Code != "" && p.Message == "" {
			t.Errorf("%s fails without a message", p.URL)
		}
	}
	if !slices.Equal(codes, []string{"not_found", "", "url_blocked", "unavailable"}) || out.Pages[0].Status != 404 {
		t.Errorf("codes %v, %+v", codes, out.Pages[0])
	}
	if !strings.Contains(text, "https://a.example/404 could not be read: not_found") {
		t.Error(text)
	}
	_, err := b.call(t, "scrape", `{"urls":["http://127.0.0.1/","https://a.example/404"]}`)
	wantFault(t, err, fault.URLBlocked)
	if slices.Contains(b.fetcher.asked, "http://127.0.0.1/") {
		t.Error("a blocked URL reached the fetcher")
	}
	for _, args := range []string{`{}`, `{"url":"https://a.example/","urls":["https://a.example/"]}`} {
		_, err := b.call(t, "scrape", args)
		wantFault(t, err, fault.Invalid, "url or urls")
	}
}

func TestScrapeOneSourceABlock(t *testing.T) {
	t.Parallel()
	b := scrapeBench(t)
	b.fetcher.serve("https://b.example/", "text/markdown", "# B\n\nOther.\n")
	result, err := b.call(t, "scrape", `{"urls":["https://a.example/","https://b.example/"]}`)
	if err != nil {
		t.Fatal(err)
	}
	if len(result.Blocks) != 4 || !result.Untrusted {
		t.Fatalf("%d blocks", len(result.Blocks))
	}
	for i, url := range []string{"https://a.example/", "https://b.example/"} {
		if block := result.Blocks[i+1].Text; !strings.HasPrefix(block, "--- page text ") || !strings.Contains(block, "from "+url) {
			t.Errorf("block %d: %s", i+1, block)
		}
	}
}

func TestALongPageBecomesALink(t *testing.T) {
	t.Parallel()
	b := scrapeBench(t)
	long := "# Long\n\n" + strings.Repeat("A paragraph of it.\n\n", 2_000)
	b.fetcher.serve("https://a.example/long", "text/markdown", long)
	result, err := b.call(t, "scrape", `{"url":"https://a.example/long"}`)
	if err != nil {
		t.Fatal(err)
	}
	var out ScrapeOutput
	if err := json.Unmarshal(result.Structured.(json.RawMessage), &out); err != nil {
		t.Fatal(err)
	}
	p := out.Pages[0]
	if !out.Truncated || !p.Truncated || len(*p.Markdown) < 3_000 || len(*p.Markdown) > 8_192 || !strings.HasPrefix(long, *p.Markdown) || textSize(result.Blocks) > 8_192 {
		t.Errorf("truncated %v, %d bytes of Markdown, %d of text", out.Truncated, len(*p.Markdown), textSize(result.Blocks))
	}
	stored := string(b.artifacts.files[strings.TrimPrefix(out.Artifact, artifactScheme)])
	if !strings.Contains(stored, long) {
		t.Errorf("the artifact has %d bytes", len(stored))
	}
}

func TestScrapeAnswersFromTheIndexWhatHasNotChanged(t *testing.T) {
	t.Parallel()
	b := scrapeBench(t)
	page := b.fetcher.pages["https://a.example/"]
	page.ETag = "v1"
	b.fetcher.pages["https://a.example/"] = page
	b.index.put(index.Document{URL: "https://a.example/", Title: "Stored", Markdown: "# Stored\n", ETag: "v1", FetchedAt: testTime})
	out, _ := must[ScrapeOutput](t, b, "scrape", `{"url":"https://a.example/"}`)
	if p := out.Pages[0]; !p.FromCache || *p.Markdown != "# Stored\n" || p.Status != 200 || p.Title != "Stored" {
		t.Errorf("%+v", p)
	}
	out, _ = must[ScrapeOutput](t, b, "scrape", `{"url":"https://a.example/","include":["article"]}`)
	if out.Pages[0].FromCache {
		t.Error("selectors were not applied")
	}
	b.index.put(index.Document{URL: "https://a.example/", Markdown: "# Stored\n", ETag: "v0"})
	b.fetcher.asked = nil
	out, _ = must[ScrapeOutput](t, b, "scrape", `{"url":"https://a.example/"}`)
	if out.Pages[0].FromCache || out.Pages[0].Title != "Title" {
		t.Errorf("changed meanwhile: %+v", out.Pages[0])
	}
	if len(b.fetcher.asked) != 1 {
		t.Errorf("one page took the requests %v", b.fetcher.asked)
	}
}

// fakeBrowser renders everything as one page.
type fakeBrowser struct{ err, missing error }

func (f fakeBrowser) Available() error { return f.missing }

func (f fakeBrowser) Screenshot(_ context.Context, url string, shot fetch.Shot) (fetch.Picture, error) {
	return fetch.Picture{
		FinalURL: url, Status: 200, Data: bytes.Repeat([]byte("x"), shot.Width*shot.Height), MediaType: "image/png",
		Width: shot.Width, Height: shot.Height,
	}, f.err
}

func (f fakeBrowser) Fetch(_ context.Context, r fetch.Request) (*fetch.Response, error) {
	return &fetch.Response{
		URL: r.URL, FinalURL: "https://a.example/rendered", Status: 200, MediaType: "text/html", Rendered: true,
		Body: []byte("<title>R</title><main><h1>R</h1><p>By script.</p></main>"),
	}, f.err
}

func TestScrapeWithABrowser(t *testing.T) {
	t.Parallel()
	_, err := scrapeBench(t).call(t, "scrape", `{"url":"https://a.example/","render":"chrome"}`)
	wantFault(t, err, fault.Unavailable, "render=chrome needs a browser", "render=http")
	b := scrapeBench(t, func(d *Deps) { d.Browser = fakeBrowser{} })
	out, _ := must[ScrapeOutput](t, b, "scrape", `{"url":"https://a.example/","render":"chrome"}`)
	if p := out.Pages[0]; p.Render != "chrome" || p.FinalURL != "https://a.example/rendered" {
		t.Errorf("%+v", p)
	}
	b = scrapeBench(t, func(d *Deps) { d.Browser = fakeBrowser{err: fault.New(fault.Timeout, "the page never settled")} })
	_, err = b.call(t, "scrape", `{"url":"https://a.example/","render":"chrome"}`)
	wantFault(t, err, fault.Timeout)
	_, err = b.call(t, "scrape", `{"url":"http://127.0.0.1/","render":"chrome"}`)
	wantFault(t, err, fault.URLBlocked)
}

func TestScrapeEnds(t *testing.T) {
	t.Parallel()
	b := scrapeBench(t)
	ctx, cancel := context.WithCancel(local(t))
	cancel()
	_, err := b.Call(ctx, Call{Name: "scrape", Args: json.RawMessage(`{"url":"https://a.example/"}`)})
	wantFault(t, err, fault.Canceled)
}

func TestPlainText(t *testing.T) {
	t.Parallel()
	got := plainText("# H\n\n- one\n- **two**\n\n> quote `code`\n\n<https://a.example/>\n")
	for _, want := range []string{"H", "- one\n- two", "quote code", "https://a.example/"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q has no %q", got, want)
		}
	}
	html, err := contentHTML("<script>alert(1)</script>\n\n[x](javascript:alert(1))\n")
	if err != nil || strings.Contains(html, "<script") || strings.Contains(html, "javascript:") {
		t.Errorf("%q, %v", html, err)
	}
}

func TestSectionsOfAPage(t *testing.T) {
	t.Parallel()
	doc := &content.Document{Markdown: "intro\n\n# A\n\na\n\n## B\n\nb\n", Headings: []content.Heading{{Level: 1, Text: "A", Offset: 7}, {Level: 2, Text: "B", Anchor: "b", Offset: 15}}}
	raw, err := encode(jsonOf(doc, loaded{}))
	want := `{"sections":[{"level":0,"heading":"","markdown":"intro"},{"level":1,"heading":"A","markdown":"# A\n\na"},{"level":2,"heading":"B","anchor":"b","markdown":"## B\n\nb"}]}`
	if err != nil || string(raw) != want {
		t.Errorf("%s, %v", raw, err)
	}
}

// A page that scripts would fill says so, rather than to be empty without a word.
func TestAShellSaysWhatItIs(t *testing.T) {
	t.Parallel()
	b := scrapeBench(t)
	b.fetcher.serve("https://a.example/app", "text/html", `<title>App</title><noscript>You need to enable JavaScript to run this app.</noscript><div id="root"></div><script src="/app.js"></script>`)
	out, result := must[ScrapeOutput](t, b, "scrape", `{"url":"https://a.example/app","render":"http"}`)
	if !slices.Contains(out.Pages[0].Flags, flagShell) || !strings.Contains(fmt.Sprint(result), "render=chrome") {
		t.Errorf("%+v\n%v", out.Pages[0], result)
	}
	out, _ = must[ScrapeOutput](t, b, "scrape", `{"url":"https://a.example/"}`)
	if slices.Contains(out.Pages[0].Flags, flagShell) {
		t.Errorf("%+v", out.Pages[0])
	}
}
