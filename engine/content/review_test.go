package content

import "testing"

// markdownOf reads a page.
func markdownOf(t *testing.T, page string) string {
	t.Helper()
	doc, err := Parse(Input{URL: "https://e.com/d/p.html", MediaType: "text/html", Body: []byte(page)})
	if err != nil {
		t.Fatal(err)
	}
	return doc.Markdown
}

// Generators make ids of the words of headings: such an id is no mark of what
// stands around the content.
func TestSectionsNamedLikeJunkStay(t *testing.T) {
	t.Parallel()
	const text = "<h1>T</h1><p>Words that are here for a page to say, and some more.</p>"
	for name, page := range map[string]string{
		"antora":      `<meta name=generator content="Antora 3"><article class=doc>` + text + `<h2 id=pagination>Kept</h2><p>kept too</p></article>`,
		"sphinx":      `<meta name=generator content=Sphinx><div class=body role=main>` + text + `<section id=prompt><h2>Kept</h2><p>kept too</p></section></div>`,
		"vitepress":   `<meta name=generator content=VitePress><div class=vp-doc>` + text + `<h2 id=lang>Kept</h2><p>kept too</p></div>`,
		"asciidoctor": `<meta name=generator content=Asciidoctor><div id=content>` + text + `<h2 id=details>Kept</h2><p>kept too</p></div>`,
	} {
		if got, want := markdownOf(t, page), "# T\n\nWords that are here for a page to say, and some more.\n\n## Kept\n\nkept too"; got != want {
			t.Errorf("%s: got %q", name, got)
		}
	}
}

// A table without cells in a declaration made the reader panic.
func TestDeclarationsWithoutCells(t *testing.T) {
	t.Parallel()
	for _, inner := range []string{"<table></table>", "<table><tbody><tr><th><table></table>x</th></tr></tbody></table>"} {
		page := `<meta name=generator content=doxygen><div class=contents><p>Words that are here for a page to say, and more.</p><div class=memproto>` + inner + `f()</div></div>`
		if got := markdownOf(t, page); got == "" {
			t.Errorf("%s gave nothing", inner)
		}
	}
}
