package content

import (
	"strings"
	"testing"
)

func parsed(t *testing.T, body string) string {
	t.Helper()
	doc, err := Parse(Input{URL: "https://e.com/", MediaType: "text/html", Body: []byte("<!DOCTYPE html><body>" + body)})
	if err != nil {
		t.Fatal(err)
	}
	return doc.Markdown
}

// What a closed panel says is one click away, as in <details>.
func TestClosedPanelsAreRead(t *testing.T) {
	t.Parallel()
	for _, panel := range []string{
		`<h3><button aria-expanded=false aria-controls=p>More</button></h3><div id=p hidden><p>inside</p></div>`,
		`<button aria-controls=p>More</button><p>Between.</p><div id=p style="display:none">inside</div>`,
		`<div role=button aria-controls="o p">More</div><section id=p aria-hidden=true>inside</section>`,
		`<button id=b aria-expanded=false>More</button><i></i><div role=region aria-labelledby=b hidden>inside</div>`,
		`<dl><dt><button aria-expanded=false>More</button></dt><dd hidden>inside</dd></dl>`,
		`<div><div role=button tabindex=0><h4>More</h4></div></div><style>i{color:red}</style><div style="display:none">inside</div>`,
		`<h3><button aria-expanded=false><span>More</span></button></h3><div style="max-height:0;overflow:hidden">inside</div>`,
		`<button aria-expanded=false>More</button> <div class="hidden">inside</div>`,
		`<table class=directory><tr id=row_0_><td class=entry><span class=arrow onclick="f()">&#9658;</span><a href=/a>a</a><tr id=row_0_0_ style="display:none;"><td>inside</table>`,
		// closed in open, and closed in closed, whichever way they are named
		`<button aria-expanded=true aria-controls=o>Less</button><div id=o><p>Open.</p><button aria-expanded=false aria-controls=p>More</button><div id=p hidden>inside</div></div>`,
		`<button aria-controls=o>More</button><div id=o hidden><p>Outer.</p><button aria-controls=p>More</button><p>Between.</p><div id=p hidden>inside</div></div>`,
		`<div id=o hidden><p>Outer.</p><div role=region aria-labelledby=b hidden>inside</div><button id=b>More</button></div><button aria-controls=o>More</button>`,
		`<div id=p hidden>inside</div><h3><button aria-expanded=false>More</button></h3><div hidden><p>Outer.</p><button aria-controls=p>More</button></div>`,
	} {
		if md := parsed(t, "<p>Visible words here.</p>"+panel); !strings.Contains(md, "inside") || !strings.Contains(md, "Visible words") {
			t.Errorf("%s gave %q", panel, md)
		}
	}
}

// Attack: hidden text beside something that looks like the button of a panel,
// and text that a panel hides in other ways than by being closed.
func TestHiddenBesideButtons(t *testing.T) {
	t.Parallel()
	const button = `<button aria-expanded=false aria-controls=p>More</button>`
	for _, hidden := range []string{
		`<button>Buy</button><div hidden>canary</div>`,
		`<button aria-expanded=true>Less</button><div hidden>canary</div>`,
		`<button aria-expanded=false>More</button>text<div hidden>canary</div>`,
		`<button aria-expanded=false>More</button><p>shown</p><div hidden>canary</div>`,
		`<button aria-expanded=false aria-controls=p></button><div id=p hidden>canary</div>`,
		`<button aria-expanded=false aria-controls=p hidden>More</button><div id=p hidden>canary</div>`,
		`<button aria-expanded=false aria-controls=p style=opacity:0>More</button><div id=p hidden>canary</div>`,
		`<button aria-expanded=false aria-controls=p><span hidden>More</span></button><div id=p hidden>canary</div>`,
		`<div hidden>` + button + `</div><div id=p hidden>canary</div>`,
		`<p style="position:absolute;left:-9999px">` + button + `</p><div id=p hidden>canary</div>`,
		`<nav>` + button + `</nav><div id=p hidden>canary</div>`,
		`<table class=directory><tr id=row_0_><td>a<tr id=row_0_0_ style="display:none"><td>canary</table>`,
		`<table class=directory><tr id=row_0_ style="display:none"><td><span class=arrow onclick="f()">&#9658;</span>a<tr id=row_0_0_ style="display:none"><td>canary</table>`,
		`<table><tr id=row_0_><td><span class=arrow onclick="f()">&#9658;</span>a<tr id=row_0_0_ style="display:none"><td>canary</table>`,
		`<table class=directory><tr id=row_0_><td><span class=arrow onclick="f()" style=opacity:0>&#9658;</span>a<tr id=row_0_0_ style="display:none"><td>canary</table>`,
		`<button aria-controls=o>More</button><div id=o class=cookie-settings hidden>` + button + `</div><div id=p hidden>canary</div>`,
		`<button aria-controls=o>More</button><div id=o hidden><div hidden>` + button + `</div>x</div><div id=p hidden>canary</div>`,
		`<button aria-haspopup=dialog aria-expanded=false aria-controls=p>More</button><div id=p hidden>canary</div>`,
		button + `<div id=q hidden>canary</div>`,
		`<div role=presentation aria-controls=p>More</div><div id=p hidden>canary</div>`,
		button + `<div id=p role=dialog hidden>canary</div>`, button + `<div id=p aria-modal=true hidden>canary</div>`,
		button + `<nav id=p hidden>canary</nav>`, button + `<dialog id=p>canary</dialog>`, button + `<aside id=p hidden>canary</aside>`,
		button + `<div id=p class=cookie-settings hidden>canary</div>`, button + `<div id=p class="main-menu" hidden>canary</div>`,
		button + `<div id=p hidden><a href=/a>canary</a> <a href=/b>canary</a></div>`, button + `<div id=p hidden>canary <input></div>`,
		button + `<nav><div id=p hidden>canary</div></nav>`,
		button + `<div id=p hidden style="color:white">canary</div>`, button + `<div id=p style="position:absolute;left:-9999px">canary</div>`,
		button + `<div id=p style="font-size:0">canary</div>`, button + `<div id=p class=sr-only>canary</div>`, button + `<div id=p style="display:none;opacity:0">canary</div>`,
		button + `<div id=p hidden><p hidden>canary</p>x</div>`, button + `<div id=p hidden><template>canary</template>x</div>`,
		button + `<template id=p>canary</template>`, button + `<script id=p>canary</script>`, button + `<noscript id=p>canary</noscript>`, button + `<span id=p hidden>canary</span>`,
		button + `<div id=p style="clip-path:inset(50%)">canary</div>`, button + `<div id=p style="transform:scale(0)">canary</div>`,
	} {
		if md := parsed(t, "<p>Visible words here.</p>"+hidden); strings.Contains(md, "canary") || !strings.Contains(md, "Visible words") {
			t.Errorf("%s gave %q", hidden, md)
		}
		page, err := parseTree([]byte(hidden), &nursery{})
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(rawText(build(page, nil, &nursery{}).root), "canary") { // whatever the judge says of it later
			t.Errorf("%s is in the reader's tree", hidden)
		}
	}
}
