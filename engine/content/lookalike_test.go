package content

import (
	"strings"
	"testing"
)

// Generators make ids of the words of headings: such an id is no mark of what
// stands around the content.
func TestSectionsNamedLikeJunkStay(t *testing.T) {
	t.Parallel()
	const text = "<h1>T</h1><p>Words that are here for a page to say, and some more.</p>"
	for name, page := range map[string]string{
		"antora":      `<meta name=generator content="Antora 3"><article class=doc>` + text + `<h2 id=pagination>Kept</h2><p>kept too</p></article>`,
		"sphinx":      `<meta name=generator content=Sphinx><div class=body role=main>` + text + `<section id=prompt><h2>Kept</h2><p class=prompt>kept too</p></section></div>`,
		"vitepress":   `<meta name=generator content=VitePress><div class=vp-doc>` + text + `<h2 id=lang>Kept</h2><p>kept too</p></div>`,
		"asciidoctor": `<meta name=generator content=Asciidoctor><div id=content>` + text + `<h2 id=details>Kept</h2><div class="openblock details"><p>kept too</p></div></div>`,
	} {
		if got, want := parsed(t, page), "# T\n\nWords that are here for a page to say, and some more.\n\n## Kept\n\nkept too"; got != want {
			t.Errorf("%s: got %q", name, got)
		}
	}
}

// A table without cells in a declaration made the reader panic.
func TestDeclarationsWithoutCells(t *testing.T) {
	t.Parallel()
	for _, inner := range []string{"<table></table>", "<table><tbody><tr><th><table></table>x</th></tr></tbody></table>"} {
		page := `<meta name=generator content=doxygen><div class=contents><p>Words that are here for a page to say, and more.</p><div class=memproto>` + inner + `f()</div></div>`
		if got := parsed(t, page); got == "" {
			t.Errorf("%s gave nothing", inner)
		}
	}
}

// Attack: what no browser shows of MathML, and MathML that is hidden itself (N5).
func TestMathsShowsWhatIsSeen(t *testing.T) {
	t.Parallel()
	for _, hidden := range []string{
		`<math><annotation>canary</annotation></math>`,
		`<math><mphantom><mtext>canary</mtext></mphantom></math>`,
		`<math><maction actiontype=tooltip><mn>1</mn><mtext>canary</mtext></maction></math>`,
		`<math hidden><mtext>canary</mtext></math>`,
		`<math style="display:none"><mtext>canary</mtext></math>`,
		`<span style="display:none"><math><mtext>canary</mtext></math></span>`,
		`<span style="display:none"><math><mtext>canary</mtext></math></span><img src=x.png alt="E = mc">`,
		`<math><semantics><mi>x</mi><annotation encoding="application/x-tex">say the canary words</annotation></semantics></math>`,
		`<math><semantics><mi>x</mi><annotation encoding="application/x-tex">\begin{say the canary words}</annotation></semantics></math>`,
	} {
		if md := parsed(t, "<p>Visible words here.</p><p>x "+hidden+"</p>"); strings.Contains(md, "canary") || !strings.Contains(md, "Visible words") {
			t.Errorf("%s gave %q", hidden, md)
		}
	}
	for page, want := range map[string]string{
		`<math><semantics><mrow><mi>r</mi><mtext>rate</mtext></mrow><annotation encoding="application/x-tex">\begin{aligned} r \text{ rate} \end{aligned}</annotation></semantics></math>`:               `$\begin{aligned} r \text{ rate} \end{aligned}$`,
		`<span style="display:none"><math><semantics><mi>x</mi><annotation encoding="application/x-tex">{\displaystyle x}</annotation></semantics></math></span><img src=x.png alt="{\displaystyle x}">`: `${\displaystyle x}$[{\displaystyle x}](https://e.com/x.png)`,
		`<math><mi>f</mi><mfenced><mi>x</mi><mi>y</mi></mfenced></math>`: "$f(x, y)$",
		`<math><mtext>a$ } b</mtext></math>`:                             `$\text{a\$ \} b}$`,
	} {
		if md := parsed(t, "<p>Text "+page+"</p><p>More.</p>"); md != "Text "+want+"\n\nMore." {
			t.Errorf("%s gave %q", page, md)
		}
	}
	const box = `<div class="math"><p>Words that count.</p><math><mi>x</mi></math> and <math><mi>y</mi></math> in a row.</div>`
	if md := parsed(t, "<p>Text</p>"+box); md != "Text\n\nWords that count.\n\n$x$ and $y$ in a row." {
		t.Errorf("a box of text with formulas: %q", md)
	}
}

// Attack: a page without any script, whose <noscript> no browser shows (N5).
func TestNoscriptNeedsAScript(t *testing.T) {
	t.Parallel()
	page := "<p>Visible words here.</p><noscript>" + strings.Repeat("<p>canary words</p>", 50) + "</noscript>"
	if md := parsed(t, page); strings.Contains(md, "canary") {
		t.Errorf("%.80q", md)
	}
	if md := parsed(t, "<script>go()</script>"+page); !strings.Contains(md, "canary") {
		t.Errorf("a page that a script fills: %.80q", md)
	}
}

// Attack: text that is hidden in ways that look like those of honest pages (N5).
func TestLooksLikeAnHonestPage(t *testing.T) {
	t.Parallel()
	for name, hidden := range map[string]string{
		"no size, and a second child":     `<style>.x{font-size:0}</style><p class=x>canary <b>more</b></p>`,
		"no size in a box of boxes":       `<style>.x{font-size:0}</style><div class=x><b>canary</b><i></i></div>`,
		"no size beside one that has":     `<style>.x{font-size:0}.y{font-size:9px}</style><div class=x><div><b>canary</b><i></i></div><p class=y>x</p></div>`,
		"a tab that is hidden itself":     `<div role=tablist hidden><button role=tab>t</button></div><div role=tabpanel style="display:none">canary</div>`,
		"tabs without words":              `<div role=tablist></div><div role=tabpanel style="display:none">canary</div>`,
		"a row moved away":                `<table class=directory><tr id=row_0_><td><span class=arrow onclick=x>►</span>a</td></tr><tr id=row_0_0_ style="position:absolute;left:-9999px"><td>canary</td></tr></table>`,
		"a late part that no script puts": `<template id="B:0"></template><div hidden id="S:0">canary</div>`,
		"a prompt of many words":          `<div data-termynal><span data-ty=input data-ty-prompt="canary words before the command">ls</span></div>`,
		"a title of a tab":                `<div class=tabs__content data-title=canary>x</div>`,
		"more classes than are read":      `<p class="` + strings.Repeat("a ", 10_000) + `sr-only">canary</p>`,
		"more attributes than are read":   `<p ` + numbered("a%d ", 1000) + `hidden>canary</p>`,
	} {
		if md := parsed(t, "<p>Visible words here.</p>"+hidden); strings.Contains(md, "canary") || !strings.Contains(md, "Visible words") {
			t.Errorf("%s: %.300q", name, md)
		}
	}
	for name, shown := range map[string]string{
		"boxes with sizes": `<style>.x{font-size:0}.y{font-size:16px}</style><div class=x><p class=y>kept words</p><p class=y>x</p></div>`,
		"sizes elsewhere":  `<style>.x{font-size:0}</style><link rel=stylesheet href=a.css><div class=x><p>kept words</p><p>x</p></div>`,
		"tabs":             `<div role=tablist><button>t</button></div><div role=tabpanel style="display:none">kept words</div>`,
		"beside commands":  `<div data-termynal><p>kept words</p><span data-ty=input>ls</span></div>`,
	} {
		if md := parsed(t, "<p>Visible words here.</p>"+shown); !strings.Contains(md, "kept words") {
			t.Errorf("%s: %.300q", name, md)
		}
	}
}

// Attack: a title that holds the link which takes its words from the title: one
// small page ended the process, for a stack that overflows cannot be recovered.
func TestLinkInTheTitleOfItsCard(t *testing.T) {
	t.Parallel()
	for page, want := range map[string]string{
		`<div class=card><h2>Title<a class=stretched-link href=/y></a></h2><p>x</p></div>`:                             "## Title\n\nx",
		`<div class=card><div class=card-title>Title<a class=stretched-link href=/y></a></div><p>x</p></div>`:          "Title\n\nx",
		`<div class=card><h2>Title<a class=stretched-link href=/z></a></h2><a class=stretched-link href=/y></a></div>`: "## Title\n\n[Title](https://e.com/y)",
	} {
		if md := parsed(t, "<p>Words.</p>"+page); md != "Words.\n\n"+want {
			t.Errorf("%s gave %q", page, md)
		}
	}
}
