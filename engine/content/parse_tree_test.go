package content

import (
	"runtime"
	"strings"
	"testing"
)

// A tree's strings are parts of the page. A document that kept one of them would
// keep the whole page in memory. Not parallel: what others keep would count.
func TestDocumentKeepsNoPage(t *testing.T) {
	page := "<html lang=en><title>Pools and lakes</title><meta name=description content='All of them.'><meta name=author content=Someone>" +
		"<link rel=canonical href=https://e.com/a><nav class=breadcrumb><a href=/>Start</a> <a href=/b>Water</a></nav>" +
		"<main><h1 id=pools>Pools</h1><p>All pools are <a href=c>small lakes</a>, and this is told here at some length.</main>"
	read := func() *Document {
		doc, err := Parse(Input{URL: "https://e.com/", MediaType: "text/html", Body: []byte(page + "<!--" + strings.Repeat("a", 4<<20) + "-->")})
		if err != nil {
			t.Fatal(err)
		}
		return doc
	}
	held := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := held()
	doc := read()
	if after := held(); after > before+1<<20 {
		t.Errorf("a document of %d bytes of Markdown keeps %d bytes", len(doc.Markdown), after-before)
	}
	if len(doc.Breadcrumb) == 0 || len(doc.Links) == 0 || len(doc.Headings) == 0 || doc.Description == "" || doc.Author == "" || doc.Lang == "" || doc.Canonical == "" {
		t.Errorf("%+v has nothing to keep", doc)
	}
	runtime.KeepAlive(doc)
}

// Attack: text in a hidden element that stands deeper than the parser goes. When
// the tags around it are dropped, it must not come to light.
func TestDepthShowsNothingHidden(t *testing.T) {
	t.Parallel()
	for _, deep := range []string{strings.Repeat("<div>", 600), strings.Repeat("<b><i>", 20_000), strings.Repeat("<ul><li>", 5_000)} {
		for _, hidden := range []string{
			`<div hidden>canary</div>`, `<p style="display:none">ca<b>nar</b>y canary</p>`, `<span class="sr-only"><i>canary</i></span>`,
			`<template>canary</template>`, `<div hidden><br><img src=x><div>canary</div>canary</div>`, `<script>canary</script>`, `<noscript>canary</noscript>`,
		} {
			doc, err := Parse(Input{URL: "https://e.com/", MediaType: "text/html", Body: []byte("<p>Visible before.</p>" + deep + hidden + "Visible after.")})
			if err != nil {
				t.Fatalf("%.20s… %s: %v", deep, hidden, err)
			}
			if strings.Contains(doc.Markdown, "canary") || !strings.Contains(doc.Markdown, "Visible before.") || !strings.Contains(doc.Markdown, "Visible after.") {
				t.Errorf("%.20s… %s gave %q", deep, hidden, doc.Markdown)
			}
		}
	}
}
