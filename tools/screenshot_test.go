package tools

import (
	"strings"
	"testing"

	"github.com/axon-mcp/axon-mcp/fault"
)

func TestScreenshot(t *testing.T) {
	t.Parallel()
	b := scrapeBench(t, func(d *Deps) { d.Browser = fakeBrowser{} })
	result, err := b.call(t, "screenshot", `{"url":"https://a.example/","width":200,"height":100}`)
	if err != nil {
		t.Fatal(err)
	}
	if len(result.Blocks) != 3 || len(result.Blocks[0].Image.Data) != 20_000 || result.Blocks[0].Image.MediaType != "image/png" ||
		!strings.HasPrefix(result.Blocks[2].Link.URI, artifactScheme+"results/screenshot-") || !result.Untrusted {
		t.Errorf("got %+v", result.Blocks)
	}
	out, _ := must[ScreenshotOutput](t, b, "screenshot", `{"url":"https://a.example/"}`)
	if out.Width != 1280 || out.Height != 800 || out.Bytes != 1280*800 || out.Artifact == "" || out.Path != "" {
		t.Errorf("got %+v", out)
	}
	// What is too large for a client is only stored.
	result, err = b.call(t, "screenshot", `{"url":"https://a.example/","width":4000,"height":2000}`)
	if err != nil || len(result.Blocks) != 2 || result.Blocks[1].Link == nil || !strings.Contains(result.Blocks[0].Text, "too large") {
		t.Errorf("got %+v, %v", result, err)
	}
	_, err = b.call(t, "screenshot", `{"url":"http://127.0.0.1/"}`)
	wantFault(t, err, fault.URLBlocked, "not public")
	_, err = scrapeBench(t).call(t, "screenshot", `{"url":"https://a.example/"}`)
	wantFault(t, err, fault.Unavailable, "browser")
}

// A page is read without its scripts where the browser cannot be had, and only
// render=chrome fails for it.
func TestAutoGoesOnWithoutABrowser(t *testing.T) {
	t.Parallel()
	shell := func(b *bench) *bench {
		b.fetcher.serve("https://shell.example/", "text/html",
			`<title>T</title><noscript>You need to enable JavaScript to run this app.</noscript><div id="root"></div><script src="/app.js"></script>`)
		return b
	}
	missing := fault.New(fault.Unavailable, "there is no Chromium; install it")
	b := shell(scrapeBench(t, func(d *Deps) { d.Browser = fakeBrowser{err: missing, missing: missing} }))
	out, _ := must[ScrapeOutput](t, b, "scrape", `{"url":"https://shell.example/"}`)
	if p := out.Pages[0]; p.Render != "http" || p.Status != 200 {
		t.Errorf("got %+v", p)
	}
	for _, call := range []string{"scrape", "crawl"} {
		_, err := b.call(t, call, map[string]string{
			"scrape": `{"url":"https://shell.example/","render":"chrome"}`, "crawl": `{"urls":["https://shell.example/"],"render":"chrome"}`,
		}[call])
		wantFault(t, err, fault.Unavailable, "install it")
	}
	b = shell(scrapeBench(t, func(d *Deps) { d.Browser = fakeBrowser{} }))
	out, _ = must[ScrapeOutput](t, b, "scrape", `{"url":"https://shell.example/"}`)
	if p := out.Pages[0]; p.Render != "chrome" || p.Title != "R" {
		t.Errorf("got %+v", p)
	}
}
