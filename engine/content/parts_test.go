package content

import (
	"strings"
	"testing"
)

// The heading above each page of a site is the name of the site, and not the title
// of the page.
func TestHeadingOfTheSite(t *testing.T) {
	t.Parallel()
	text := strings.Repeat("<p>What the page says at length, in many words of its own.</p>", 20)
	for _, test := range []struct{ name, head, top, want string }{
		{"a link to the start", "Locks - Gate", "<h1><a href=/>Gate</a></h1>", "Locks - Gate"},
		{"the end of the title", "Locks | Gate v1.2 Manual", "<h1>Gate v1.2 manual</h1>", "Locks"},
		{"the beginning of the title", "Gate 1 (1.2.3) - Locks", "<h1>Gate 1</h1>", "Locks"},
		{"a link to the page itself", "Shutting a gate - Gate", "<h1><a href=/shutting>Shutting a gate</a></h1>", "Shutting a gate"},
		{"the title of the page", "Gate", "<h1>Shutting a gate</h1>", "Shutting a gate"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			page := "<html><head><title>" + test.head + "</title></head><body><div id=head>" + test.top + "</div><div id=body><h2>Locks</h2>" + text + "</div></body></html>"
			doc, err := Parse(Input{URL: "https://example.org/locks", MediaType: "text/html", Body: []byte(page)})
			if err != nil {
				t.Fatal(err)
			}
			if named := strings.HasPrefix(doc.Markdown, "## Locks"); named != strings.Contains(test.want, "Locks") || !strings.HasPrefix(test.want, doc.Title) {
				t.Errorf("title %q of %.80q, want %q", doc.Title, doc.Markdown, test.want)
			}
		})
	}
}

// What a page begins with stays where nearly all of it stands in one of its parts.
func TestPartsOfAPage(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("<p>What the part says at length, in many words of its own.</p>", 40)
	for _, test := range []struct{ name, body, want string }{
		{"a lead above the only section", "<div id=body><h2>Locks</h2><p>What they are for, told first.</p><section><h3>Shutting</h3>" + long + "</section></div>", "told first"},
		{"a section before the long one", "<div id=body><h1>Locks</h1><h2>Overview</h2><div>What they are for, told first.</div><div class=all><h2>Details</h2>" + long + "</div></div>", "told first"},
		{"entries that are articles", "<div id=body><h1>locks</h1><h3>Summary</h3><p>What they are for, told first.</p><h3>Exports</h3><article><h4>shut/1</h4>" + long + "</article></div>", "told first"},
		{"chapters on the first page", "<h1>Manual</h1><p>This manual says all that is to be said of locks.</p>" + strings.Repeat("<p>Some more of that, told at length in many words.</p>", 30) + "<p>What the chapters are called is told below, each with its sections.</p><ul><li><a href=1>First</a><ul><li><a href=2>A</a></li><li><a href=3>B</a></li><li><a href=4>C</a></li><li><a href=5>Last of it</a></li></ul></li></ul>", "Last of it"},
		{"an example beside the text", "<main><h1>Locks</h1>" + long + "<aside><pre>shut(\n  gate)</pre></aside></main>", "shut(\n  gate)"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if md := parsed(t, test.body); !strings.Contains(md, test.want) {
				t.Errorf("%q is not in %.300q", test.want, md)
			}
		})
	}
}

// The heading of a list that leads to what stands below goes with the list.
func TestHeadingOfContents(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("<p>What the part says at length, in many words of its own.</p>", 40)
	list := "<div class=toc><p><a href=#a>One</a></p><p><a href=#b>Two</a></p><p><a href=#c>Three</a></p></div>"
	md := parsed(t, "<div><h1>Locks</h1><p>What they are for.</p><h2>Table of Contents</h2>"+list+"<h2 id=a>One</h2>"+long+"</div>")
	if strings.Contains(md, "Contents") || !strings.Contains(md, "are for.\n\n## One") {
		t.Errorf("got %.300q", md)
	}
}

func TestListingInATable(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, body, want string }{
		{"lines of a declaration", "<table><tr><td><p><tt><span>function Shut(</span></tt></p></td></tr><tr><td><p><tt>&nbsp;&nbsp;G: Gate</tt></p></td></tr><tr><td><p><tt>): Boolean;</tt></p></td></tr></table>", "```\nfunction Shut(\n  G: Gate\n): Boolean;\n```"},
		{"names and what they are", "<table><tr><td><code>shut</code></td><td>closes</td></tr><tr><td><code>open</code></td><td>opens</td></tr></table>", "| `shut` | closes |"},
		{"a space in another type", "<h2>1.2<tt>&nbsp;</tt>Locks</h2>", "## 1.2 Locks"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if md := parsed(t, "<main><h1>Gate</h1><p>It says this.</p>"+test.body+"</main>"); !strings.Contains(md, test.want) {
				t.Errorf("%q is not in %q", test.want, md)
			}
		})
	}
}
