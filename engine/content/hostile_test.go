package content

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// numbered repeats a format with 0, 1, 2 …
func numbered(format string, n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}

// hostilePages are pages of a few hundred kilobytes, each of which took or may
// take time or memory that grows with the square of its size.
func hostilePages() map[string]string {
	rep := strings.Repeat
	return map[string]string{
		// Attack: each paragraph opens again all formatting elements that were not closed.
		"unclosed formatting":        "<p>" + numbered("<font color=%d>", 300) + rep("<p>x", 60_000),
		"unclosed formatting deep":   "<p>" + numbered("<b id=%d>", 5000) + rep("<p>x", 60_000),
		"formatting across cells":    "<table>" + rep("<tr><td><b><i><u><s>x", 15_000),
		"misnested formatting":       rep("<b><p></b>x", 30_000),
		"links across blocks":        rep("<a href=x><p>y", 30_000),
		"text in a table":            "<table>" + rep("x<b>y", 40_000),
		"attributes":                 "<p " + numbered("a%d=x ", 40_000) + ">x",
		"the same attribute":         "<p " + rep("class=x ", 40_000) + ">x",
		"formatting with attributes": rep("<b "+numbered("a%d ", 100)+">x", 500),
		// Attack: a cell over 50 × 50 places is written 2,500 times.
		"spans":                     "<table>" + rep("<tr><td rowspan=50 colspan=50>"+rep("long text ", 30), 900),
		"columns":                   "<table><tr>" + rep("<td colspan=50>x", 4000) + rep("<tr><td>y", 4000),
		"deep tables":               rep("<table><tr><td>", 150) + rep("<p>x", 50_000),
		"cells":                     "<table>" + rep("<tr><td>x<td>y", 20_000),
		"deep lists":                rep("<ul><li>", 150) + rep("<li>x", 50_000),
		"deep quotes":               rep("<blockquote>", 300) + rep("<p>x", 50_000),
		"deep definitions":          rep("<dl><dd>", 150) + rep("<p>x", 50_000),
		"fences":                    "<pre>" + rep("`", 300_000),
		"backticks":                 "<p><code>" + rep("`a", 150_000),
		"tab panels":                rep("<div role=tabpanel hidden>x</div>", 10_000),
		"streamed":                  numbered("<div hidden id=S:%d>x</div>", 10_000),
		"panels":                    rep("<button aria-expanded=false>x</button><div hidden>y<a href=z>z</a></div>", 5_000),
		"panels in each other":      numbered("<div><button aria-controls=p%d>x</button>", 200) + numbered("<div hidden id=p%d>", 200) + rep("<p hidden>x</p>", 10_000),
		"one button for all":        "<button aria-controls='" + numbered("p%d ", 9_000) + "'>x</button>" + numbered("<div hidden id=p%d>y</div>", 9_000),
		"a panel opens the next":    numbered("<div hidden id=p%[1]d>x<button aria-controls=p%[1]d0>y</button></div>", 5_000) + "<button aria-controls=p0>x</button>",
		"panels open each other":    numbered("<div hidden id=p%d><button aria-controls='"+numbered("p%d ", 300)+"'>y</button></div>", 300) + "<button aria-controls=p7>x</button>",
		"tables of roles":           "<div role=table>" + rep("<div>", 400) + rep("<p>x</p>", 20_000) + "<div role=row><div role=cell>x",
		"roles in roles":            rep("<div role=grid>x<div role=row><div role=cell>", 150) + rep("<p>x", 20_000),
		"comments of a language":    rep("<h2>Comments</h2>"+rep("<p>x", 5), 5_000) + rep("<section><h2>Comments</h2><p>x</p></section>", 5_000),
		"trails":                    rep("<nav aria-label=breadcrumb></nav><div class=breadcrumb><h2>x</h2></div>", 5_000) + rep("<ul class=breadcrumb>", 400) + rep("<li>x", 10_000),
		"linked data":               rep(`<script type="application/ld+json">{"@graph":[{"@type":"BreadcrumbList"`+rep("[", 5_000)+"</script>", 30),
		"posts of a thread":         rep("<a class=author>x</a><div class=markdown-body>", 300) + rep("<div class=markdown-body>y</div>", 20_000),
		"lines with numbers":        "<pre>" + rep("<div>", 300) + numbered("<div><span>%d</span><div>x</div></div>", 8_000),
		"rows of members":           "<meta name=generator content=doxygen><div class=contents><table class=memberdecls>" + rep("<tr class=memitem:a><td>x", 20_000),
		"rows of a tree":            "<table class=directory><tr id=row_0_><td>" + rep("<b>x</b>", 20_000) + rep("<tr id=row_1_ style=display:none><td>x", 8_000),
		"frames of a page":          rep("<div aria-hidden=true>", 400) + rep("<p>x", 20_000) + "<main>y",
		"rows of links":             rep("<p>"+rep("<a href=x>next</a>", 50), 800),
		"streamed into each other":  "<template id=B:0></template>" + numbered("<div hidden id=S:%[1]d>x<template id=B:%[1]d></template></div>", 5_000),
		"buttons in a title":        "<h1>" + rep("<button>x</button>", 15_000),
		"rows of tabs":              rep("<div class=tabs><a>x</a></div>", 10_000),
		"deep maths":                rep("<span class=math>", 400) + rep("<i>x</i>", 30_000),
		"headings":                  rep("<h6>x", 50_000),
		"rising headings":           rep("<h2>x<h3>y<h4>z", 20_000),
		"endings":                   rep("<div></div>", 15_000) + rep("<h3>Related</h3>", 10_000),
		"empty links":               rep("<a href=x></a>", 20_000),
		"base":                      rep("<base href=x>", 20_000),
		"noscript":                  rep("<noscript>"+rep("<p>x", 200)+"</noscript>", 300),
		"entities":                  rep("&#x41;&amp;", 30_000),
		"long line":                 rep("x", 300_000),
		"spaces":                    rep(" \n", 150_000),
		"brackets":                  "<p>" + rep("[", 100_000) + rep("](", 100_000),
		"hidden in backgrounds":     rep("<div style=background:red>", 400) + rep("<i style=color:white>x</i>", 10_000),
		"nested links and emphasis": rep("<em><strong>", 200) + rep("a*b <a href=y>z</a> ", 10_000),
		"footnotes":                 rep("<sup><a href=#fn1>1</a></sup>", 10_000),
		"svg":                       rep("<svg><g>", 20_000),
		"sections named like junk":  "<main>" + rep("<section class=a id=login><h2>Login</h2><p>"+rep("Words, ", 40)+"</section><section class=b id=login><h2>Login</h2><p>"+rep("Words, ", 40)+"</section>", 7_000),
		"select":                    "<select>" + rep("<option>x", 30_000),
		"templates":                 rep("<template>", 20_000),
		"framesets":                 rep("<frameset>", 20_000),
		"images":                    rep("<img alt=x src=y>", 20_000),
		"code lines":                "<pre>" + rep("<div><span>x</span></div>", 15_000),
		"checkboxes":                rep("<ul><li>", 150) + rep("<li><input type=checkbox>x", 10_000),
		"classes":                   "<div class='" + numbered("c%d ", 40_000) + "'>" + rep("<p>x", 10_000),
		"comments":                  rep("<!-- x -->", 30_000),
		"unclosed tag":              rep("<", 100_000) + rep("<a", 50_000),
		"labels":                    rep("<div role=tablist><a>x</a>", 450) + rep("<p>y", 30_000),
		"cards":                     "<div class=card>" + rep("<a class=stretched-link href=x></a>", 20_000),
		"boxes of AsciiDoc":         rep("<div class='admonitionblock note'>", 400) + rep("<p>x", 30_000),
		"labels of boxes":           rep("<div class=tabs>", 200) + rep("<label for=a>x</label>"+rep("<input type=checkbox>", 50)+"<div>y</div>", 3_000),
		"names of boxes":            rep("<div aria-label=x><p aria-hidden=true>x", 200) + rep("<p>x", 30_000),
		"declarations":              "<meta name=generator content=doxygen><div class=contents><div class=memproto>" + rep("<table class=mlabels><tr><td>", 150) + rep("<p>x", 30_000),
		"forms":                     rep("<form>", 20_000) + rep("<p>x", 20_000),
		"hidden mains":              "<body>" + rep("<main hidden></main>", 20_000),
		"hidden mains with text":    "<body><script></script>" + rep("<main hidden>x</main>", 20_000),
		"hidden mains within":       "<body><script></script>" + rep("<main hidden>", 500) + rep("<p>x", 50_000),
		// Attack: what stands in an element reads its class or its attributes again.
		"many classes over code":    "<div class='" + numbered("c%d ", 100_000) + "'>" + rep("<pre>x</pre>", 40_000),
		"many classes and a sheet":  "<style>.x p{display:none}</style><div class='" + numbered("c%d ", 100_000) + "'>" + rep("<p>x", 100_000),
		"many attributes over code": "<div " + numbered("a%d ", 140_000) + ">" + rep("<pre>x</pre>", 80_000),
		"white in a long style":     "<div style='" + numbered("b%d:0;", 120_000) + "'>" + rep("<i style=color:white>x</i>", 40_000),
		"footnotes in each other":   rep("<aside class=footnote>", 400) + rep("<i></i>", 300_000),
		"tab panels beside much":    rep("<div>"+rep("<i>"+rep("<b></b>", 30)+"</i>", 40)+"</div>", 90) + rep("<div role=tabpanel hidden>x</div>", 32_000),
		"formatting in noscript":    "<script>go()</script><noscript><p>" + numbered("<font color=%d>", 300) + rep("<p>x", 60_000) + "</noscript>",
		"notes in each other":       rep("<div class='admonition note'>", 400) + rep("<p>", 600_000),
		"roles without rows":        "<div role=table>" + rep("<div>", 400) + rep("<p>x</p>", 300_000) + "<div role=row><div role=cell>x",
		"panels over much":          numbered("<button aria-controls=p%d>x</button>", 400) + numbered("<div hidden id=p%d>", 400) + rep("<p hidden>x</p>", 130_000),
		"markdown fences":           "<p>" + rep("```\n", 50_000),
	}
}

// TestNoPageIsSlow reads each hostile page and cuts it into chunks. A page takes
// some tens of milliseconds; the bound is far above that, and far below what
// work that grows with the square would take. It bounds the Markdown too.
func TestNoPageIsSlow(t *testing.T) {
	t.Parallel()
	for name, page := range hostilePages() {
		t.Run(name, func(t *testing.T) {
			began := time.Now()
			doc, err := Parse(Input{URL: "https://e.com/", MediaType: "text/html", Body: []byte(page)})
			if err != nil {
				t.Fatal(err)
			}
			parsed := time.Since(began)
			chunks := Chunks(doc.Title, doc.Markdown, doc.Headings, words)
			took := time.Since(began)
			t.Logf("%d bytes gave %d of Markdown and %d chunks: %v, %v for the chunks", len(page), len(doc.Markdown), len(chunks), parsed, took-parsed)
			if took > 20*time.Second {
				t.Errorf("took %v", took)
			}
			if len(doc.Markdown) > 40*len(page) {
				t.Errorf("%d bytes of HTML gave %d of Markdown", len(page), len(doc.Markdown))
			}
		})
	}
}
