package content

import "testing"

// The title of a page without a top heading.
func TestTitleWithoutTopHeading(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, title, body, want string }{
		{"a class", "Pool (Pool API)", "<h2>Class Pool&lt;T&gt;</h2><h3>Fields</h3>", "Class Pool<T>"},
		{"a numbered section", "Basic Output (Manual 7)", "<h3>14.1 Basic Output</h3><h4>Parts</h4>", "14.1 Basic Output"},
		{"a section of an appendix", "Mex-Files (Manual 7)", "<h3>A.2.7 Mex-Files</h3><h4>Parts</h4>", "A.2.7 Mex-Files"},
		{"one of many", "Pool (Pool API)", "<h2>Class Pool</h2><h2>Class Lake</h2>", "Pool (Pool API)"},
		{"of something else", "Manual", "<h2>Install</h2><h3>Parts</h3>", "Manual"},
		{"a letter of an index", "Index (Pool API)", "<h2>A</h2><h3>add</h3>", "Index (Pool API)"},
		{"the name of a file", "pic-5.html", "<h2>5. Lines</h2><h2>6. Arcs</h2>", "5. Lines"},
		{"a name of a file and no heading", "pic-5.html", "", "pic-5.html"},
		{"the site in other letters", "Files | Lake 2 Documentation", "<h1>Lake 2 documentation</h1><h2>Files</h2><h3>Open</h3>", "Files"},
		{"no title", "", "<h3>Lines</h3>", "Lines"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			doc, err := Parse(Input{URL: "https://e.com/", MediaType: "text/html", Body: []byte("<title>" + test.title + "</title><body>" + test.body + "<p>Text of the page, which is long enough.</p>")})
			if err != nil {
				t.Fatal(err)
			}
			if doc.Title != test.want {
				t.Errorf("got %q, want %q", doc.Title, test.want)
			}
		})
	}
}
