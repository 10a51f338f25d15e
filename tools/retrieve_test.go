package tools

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/axon-mcp/axon-mcp/engine/content"
	"github.com/axon-mcp/axon-mcp/engine/index"
	"github.com/axon-mcp/axon-mcp/fault"
)

// guide is a document with everything that a cut could break.
func guide() index.Document {
	md := "# Guide\n\nWords – with ünïcödé and 漢字.\n\n## Install\n\n```sh\nmake\n\nmake install\n```\n\nDone.\n\n### Windows\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n## Use\n\n" +
		strings.Repeat("A long paragraph about using it. ", 40) + "\n\nThe end.\n"
	var headings []content.Heading
	for _, h := range []content.Heading{{Level: 1, Text: "Guide", Anchor: "guide"}, {Level: 2, Text: "Install", Anchor: "install"}, {Level: 3, Text: "Windows", Anchor: "on windows"}, {Level: 2, Text: "Use"}} {
		h.Offset = strings.Index(md, strings.Repeat("#", h.Level)+" "+h.Text)
		headings = append(headings, h)
	}
	return index.Document{URL: "https://docs.example/guide.html", Title: "Guide", Markdown: md, Headings: headings, FetchedAt: testTime, Chunks: 4}
}

func TestPagesPutTogetherAreTheDocument(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	doc := guide()
	b.index.put(doc)
	for _, size := range []int{100, 101, 137, 500, 1_000_000} {
		var whole strings.Builder
		for offset, pages := 0, 0; ; pages++ {
			out, _ := must[RetrieveOutput](t, b, "retrieve", fmt.Sprintf(`{"url":%q,"offset":%d,"max_chars":%d}`, doc.URL, offset, size))
			if n := utf8.RuneCountInString(out.Markdown); n > size || n == 0 || out.Offset != offset || pages > 100 {
				t.Fatalf("size %d: a page of %d characters at %d", size, n, out.Offset)
			}
			whole.WriteString(out.Markdown)
			if out.NextOffset == nil {
				break
			}
			offset = *out.NextOffset
		}
		if whole.String() != doc.Markdown {
			t.Errorf("size %d: the pages are not the document", size)
		}
	}
}

func TestPagesEndAtBlocks(t *testing.T) {
	t.Parallel()
	md := "First paragraph here.\n\n```\ncode\n\nmore code\n```\n\nLast.\n"
	for room, want := range map[int]string{
		30:  "First paragraph here.\n\n",
		44:  "First paragraph here.\n\n", // never after the empty line in the code
		50:  "First paragraph here.\n\n```\ncode\n\nmore code\n```\n\n",
		500: md,
		10:  "First para", // nothing better in the second half
	} {
		if got := md[:pageEnd(md, room)]; got != want && !strings.HasSuffix(want, got) {
			t.Errorf("room %d: %q, want %q", room, got, want)
		}
	}
}

func FuzzPageEnd(f *testing.F) {
	f.Add("# a\n\n```\nx\n\ny\n```\n\nb", 7)
	f.Add("漢字漢字\n\n~~~~\n```\n", 3)
	f.Fuzz(func(t *testing.T, md string, n int) {
		if n < 1 || n > 1_000 || !utf8.ValidString(md) {
			return
		}
		end := pageEnd(md, n)
		if end < 0 || end > len(md) || !utf8.ValidString(md[:end]) || utf8.RuneCountInString(md[:end]) > n || (end == 0 && md != "") {
			t.Fatalf("pageEnd(%q, %d) = %d", md, n, end)
		}
	})
}

func TestSections(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	doc := guide()
	b.index.put(doc)
	for _, c := range []struct{ name, args, begins, ends string }{
		{"heading", `"section":"install"`, "## Install", "| 1 | 2 |\n\n"},
		{"text", `"section":"Use"`, "## Use", "The end.\n"},
		{"anchor of the URL", `"url":"https://docs.example/guide.html#on%20windows"`, "### Windows", "| 1 | 2 |\n\n"},
		{"URL's anchor that is none", `"url":"https://docs.example/guide.html#nowhere"`, "# Guide", "The end.\n"},
		{"by id", `"id":"id-https://docs.example/guide.html","section":"Windows"`, "### Windows", "| 1 | 2 |\n\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			args := c.args
			if !strings.Contains(args, `"url"`) && !strings.Contains(args, `"id"`) {
				args = `"url":"https://docs.example/guide.html",` + args
			}
			out, _ := must[RetrieveOutput](t, b, "retrieve", "{"+args+"}")
			if !strings.HasPrefix(out.Markdown, c.begins) || !strings.HasSuffix(out.Markdown, c.ends) || out.URL != doc.URL {
				t.Errorf("%q", out.Markdown)
			}
		})
	}
	_, err := b.call(t, "retrieve", `{"url":"https://docs.example/guide.html","section":"instal"}`)
	wantFault(t, err, fault.NotFound, `"Install"`)
	_, err = b.call(t, "retrieve", `{"url":"https://docs.example/guide.html","section":"Zebra crossing"}`)
	wantFault(t, err, fault.NotFound, "Guide; Install")
}

func TestRetrieveSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.index.put(guide())
	for args, c := range map[string]struct {
		code fault.Code
		says string
	}{
		`{}`:                                {fault.Invalid, "url or id"},
		`{"url":"a","id":"b"}`:              {fault.Invalid, "url or id"},
		`{"url":"https://other.example/"}`:  {fault.NotFound, "scrape"},
		`{"url":"x","max_chars":1000001}`:   {fault.Invalid, "1,000,000"},
		`{"url":"x","collection":"a/../b"}`: {fault.Invalid, "collection"},
		`{"url":"https://docs.example/guide.html","offset":99999}`:                    {fault.Invalid, "next_offset"},
		`{"url":"https://docs.example/guide.html","section":"Windows","offset":1200}`: {fault.Invalid, "outside"},
	} {
		_, err := b.call(t, "retrieve", args)
		wantFault(t, err, c.code, c.says)
	}
}

func TestRetrieveText(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.index.put(guide())
	out, text := must[RetrieveOutput](t, b, "retrieve", `{"url":"https://docs.example/guide.html","max_chars":100}`)
	if out.NextOffset == nil || !strings.Contains(text, fmt.Sprintf("next: offset=%d", *out.NextOffset)) {
		t.Errorf("the text does not say how to go on: %s", text)
	}
	if out.Trust != "untrusted" || len(out.Headings) != 4 || out.TotalChars < 1_000 || strings.Contains(out.Markdown, "page text") {
		t.Errorf("%+v", out)
	}
	b.index.put(index.Document{URL: "https://docs.example/empty"})
	if empty, _ := must[RetrieveOutput](t, b, "retrieve", `{"url":"https://docs.example/empty"}`); empty.Markdown != "" || empty.NextOffset != nil {
		t.Errorf("an empty document: %+v", empty)
	}
}

// A hit's passage and the headings are told in characters, as offsets are.
func TestRetrieveTellsWhereThingsStand(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	doc := guide()
	b.index.put(doc)
	text := []rune(doc.Markdown)
	out, _ := must[RetrieveOutput](t, b, "retrieve", fmt.Sprintf(`{"url":%q,"chunk":"make install","max_chars":100}`, doc.URL))
	if p := out.Passage; p == nil || string(text[p.Start:p.End]) != "make install" {
		t.Errorf("passage %+v", p)
	}
	for _, h := range out.Headings {
		if !strings.HasPrefix(string(text[h.Offset:]), strings.Repeat("#", h.Level)+" "+h.Text) {
			t.Errorf("%s does not stand at %d", h.Text, h.Offset)
		}
	}
	if out, _ = must[RetrieveOutput](t, b, "retrieve", fmt.Sprintf(`{"url":%q,"chunk":"gone since"}`, doc.URL)); out.Passage != nil {
		t.Errorf("a passage that is not there lies at %+v", out.Passage)
	}
}
