package content

import (
	"strings"
	"testing"
)

// A heading such as "Comments" ends a page where comments stand under it, and is
// a section where the page is about such things.
func TestEndingsThatAreSections(t *testing.T) {
	t.Parallel()
	text := "<h1>Syntax</h1><p>" + strings.Repeat("What the language looks like, and why it does. ", 20) + "</p>"
	lexical := "<p>A comment begins with two slashes, kept here, and ends with its line.</p><pre>// so</pre>"
	for _, test := range []struct {
		name, html string
		kept       bool
	}{
		{"a section among others", "<h2>Comments</h2>" + lexical + "<h2>Numbers</h2><p>Digits, and signs.</p>", true},
		{"with parts", "<h2>Comments</h2>" + lexical + "<h3>Nested</h3><p>They do.</p><h2>Numbers</h2><p>Digits, and signs.</p>", true},
		{"in boxes", "<section><h2>Comments</h2>" + lexical + "</section><section><h2>Numbers</h2><p>Digits, and signs.</p></section>", true},
		{"subscribing to a queue", "<h2>Subscribe to a queue</h2><p>Call subscribe, kept here, with the name of the queue and a function.</p><h2>Numbers</h2><p>Digits.</p>", true},
		{"the last section, with code", "<h2>Names</h2><p>Letters.</p><h2>Numbers</h2><p>Digits.</p><h2>Comments</h2>" + lexical, true},
		{"a permalink", "<h3 id=footer><a class=header-anchor href=#footer>#</a> footer</h3><p>Kept: kept here.</p>", true},
		{"a permalink that is not shown", "<h3 id=footer><a class=header-anchor href=#footer aria-hidden=true>#</a> footer</h3><p>Kept: kept here.</p>", true},
		{"a longer word", "<h3>footerHtml</h3><p>Kept: kept here.</p>", true},
		{"no permalink", "<h3 id=footer><a href=#top aria-hidden=true>#</a> Footer</h3><p>Imprint: kept here.</p>", false},
		{"more of them", "<h3>Newsletters</h3><p>Get them: kept here.</p>", false},
		{"remarks at the end", "<h2>Names</h2><p>Letters.</p><h2>Numbers</h2><p>Digits.</p><h2>Comments</h2><p>Great post, kept here, and thanks for it, and all the rest of it too.</p>", false},
		{"what readers wrote", "<div id=c><h3>Comments</h3><ol><li><p>Great post, kept here, and thanks for it, and all the rest of it too.</p></li></ol></div>", false},
		{"before the form", "<h3>Comments</h3><p>Great post, kept here, and thanks for it, and all the rest of it too.</p><h3>Leave a reply</h3><form><p>Name</p></form>", false},
		{"links", "<h3>Related</h3><ul><li><a href=/a>The one, kept here, that has a long and winding title</a></li></ul><h3>Tags</h3><p>a, b</p>", false},
		{"a form", "<h3>Subscribe</h3><form><p>Get letters from us, kept here, each week or so, on all that is new.</p></form><h3>Places</h3><p>a, b</p>", false},
		{"another kind of box", "<div class=remarks><h3>Comments</h3><p>Great post, kept here, and thanks for it, and all the rest of it too.</p></div><div class=side><h3>Tags</h3><p>a, b</p></div>", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if md := parsed(t, text+test.html); strings.Contains(md, "kept here") != test.kept {
				t.Errorf("kept is %v in %.700q", !test.kept, md[max(len(md)-300, 0):])
			}
		})
	}
}
