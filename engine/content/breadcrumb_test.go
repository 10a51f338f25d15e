package content

import (
	"strings"
	"testing"
)

// Where a page stands in its site, told in the ways that generators tell it.
func TestBreadcrumb(t *testing.T) {
	t.Parallel()
	const text = "<h1>Page</h1><p>Text of the page, which is long enough to be one.</p>"
	for _, test := range []struct{ name, head, trail, want string }{
		{"a labelled nav", "", `<nav aria-label="Breadcrumbs"><ol><li><a href=/><svg></svg></a></li><li><a href=/g>Guide</a> /</li><li>Setup</li></ol></nav>`, "Guide|Setup"},
		{"Home", "", `<ul class=breadcrumb><li><a href=/>Home</a></li><li>Guide</li></ul>`, "Guide"},
		{"signs between links", "", `<div class=site-breadcrumbs><a href=/>Docs</a> &gt; <a href=/a>Input/Output</a> » Reading > files</div>`, "Docs|Input/Output|Reading|files"},
		{"a menu in an entry", "", `<div class=breadcrumbs><ul><li><a href=/a>A</a><ul><li>Other</li></ul></li><li>B</li></ul></div>`, "A|B"},
		{"rustdoc", "", `<div class=rustdoc-breadcrumbs><a href=../index.html>std</a>::<wbr><a href=index.html>vec</a></div>`, "std|vec"},
		{"Read the Docs", "", `<ul class=wy-breadcrumbs><li><a class="icon icon-home" href=/></a></li><li class=breadcrumb-item><a href=/u>Use</a></li><li class=wy-breadcrumbs-aside><a href=/s>View source</a></li></ul>`, "Use"},
		{"Material", "", `<nav class=md-path aria-label=Navigation><ol class=md-path__list><li class=md-path__item><a href=/><span class=md-ellipsis>Start</span></a></li></ol></nav>`, "Start"},
		{"Doxygen", "", `<div id=nav-path class=navpath><ul><li class=navelem><b>Lib</b></li><li class=navelem><a href=c.html>Vec&lt; T &gt;</a></li></ul></div>`, "Lib|Vec< T >"},
		{"microdata", "", `<div itemscope itemtype="https://schema.org/BreadcrumbList"><span itemprop=itemListElement><a itemprop=item href=/><span itemprop=name>Forum</span></a><meta itemprop=position content=1></span> - <span itemprop=name>Help</span></div>`, "Forum|Help"},
		{"Sphinx", `<meta name=generator content="Sphinx 7">`, `<div class=related><ul><li class=right><a href=n>next</a> |</li><li class="nav-item nav-item-0"><a href=/>Docs 3</a> &#187;</li><li class="nav-item nav-item-1"><a href=/l>Library</a> &#187;</li></ul></div>`, "Docs 3|Library"},
		{"DocBook", `<meta name=generator content="DocBook XSL">`, `<div class=navheader><table><tr><th colspan=3>Page</th></tr><tr><td>Prev</td><th>Chapter 5</th><td>Next</td></tr></table></div>`, "Chapter 5"},
		{"Javadoc", `<meta name=generator content="javadoc/ClassWriter">`, `<div class=header><div class=sub-title>Module java.base</div><div class=sub-title>Package java.io</div></div>`, "Module java.base|Package java.io"},
		{"too much of one", "", `<nav aria-label=breadcrumb><ol><li>` + strings.Repeat("x ", 900) + `</li></ol></nav>`, ""},
		{"Writerside", "", `<body data-breadcrumbs="a.md|Guide///b.md|Pools and lakes">`, "Guide|Pools and lakes"},
		{"a sentence in Javadoc", `<meta name=generator content="javadoc/HelpWriter">`, `<div class=header><div class=sub-title>These pages say all.</div></div>`, ""},
		{"JSON-LD", `<script type="application/ld+json">{"@graph":[{"@type":"WebPage"},{"@type":"BreadcrumbList","itemListElement":[{"position":2,"name":"B &amp; C"},{"position":1,"item":{"name":"A"}}]}]}</script>`, "", "A|B & C"},
		{"rel=up", `<link rel=start title=Top href=i.html><link rel=up title="Basic &lt;Usage&gt;" href=b.html>`, "", "Basic <Usage>"},
		{"a class of the page's", "", `<div class="has-breadcrumbs">Not a trail.</div>`, ""},
		{"hidden", "", `<nav aria-label=breadcrumb hidden>canary</nav>`, ""},
		{"invisible signs", "", "<nav aria-label=breadcrumb><ol><li>A\u200b\u202eB</li></ol></nav>", "AB"},
		{"too many", "", `<nav aria-label=breadcrumb><ol>` + numbered("<li>n%d</li>", 12) + `</ol></nav>`, "n0|n1|n2|n3|n4|n5|n6|n7|n8|n9"},
		{"too long", "", `<nav aria-label=breadcrumb><ol><li>` + strings.Repeat("x", 300) + `</li></ol></nav>`, strings.Repeat("x", 200)},
		{"a broken list", `<script type="application/ld+json">{"@type":"BreadcrumbList","itemListElement":[7,{"name":3}]}</script>`, "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			doc, err := Parse(Input{URL: "https://e.com/", MediaType: "text/html", Body: []byte("<!DOCTYPE html><head>" + test.head + "</head><body>" + test.trail + text)})
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(doc.Breadcrumb, "|"); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}
