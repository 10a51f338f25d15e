package content

import "testing"

func TestTitleBesideTheSite(t *testing.T) {
	t.Parallel()
	const text = "<p>Some words that the page has to say.</p>"
	for name, test := range map[string]struct{ html, title, description string }{
		"the top heading":           {`<title>Use - Gate</title><h1>How to use it</h1>` + text, "How to use it", ""},
		"the heading names a site":  {`<title>Use - Gate</title><h1>Gate</h1><h2>Use</h2>` + text, "Use", ""},
		"no other heading says so":  {`<title>Use - Gate</title><h1>Gate</h1><h2>Steps</h2>` + text, "Gate", ""},
		"a comment cut off":         {`<title>Use</title><meta name="description" content="&lt;!--"><meta property="og:description" content="How to."><h1>Use</h1>` + text, "Use", "How to."},
		"a description of the page": {`<title>Use</title><meta name="description" content="How to."><h1>Use</h1>` + text, "Use", "How to."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			doc, err := Parse(Input{URL: "https://e.com/", MediaType: "text/html", Body: []byte(test.html)})
			if err != nil {
				t.Fatal(err)
			}
			if doc.Title != test.title || doc.Description != test.description {
				t.Errorf("title %q, description %q", doc.Title, doc.Description)
			}
		})
	}
}

func TestVersionInTheTitle(t *testing.T) {
	t.Parallel()
	for title, want := range map[string]string{
		"Use — gate 1.2.3 documentation": "1.2.3", "Use &mdash; Gate v1.10 Manual": "1.10", "Use - Gate Documentation (2.2.x)": "2.2.x",
		"gate 3.0rc1 docs": "3.0rc1", "Version 2.1 of it - gate documentation": "", "Use — Gate 1.2": "", "documentation": "",
	} {
		doc, err := Parse(Input{URL: "https://e.com/", MediaType: "text/html", Body: []byte(`<title>` + title + `</title><div class="sphinxsidebar"></div><div class="body"><h1>Use</h1></div>`)})
		if err != nil {
			t.Fatal(err)
		}
		if doc.Version != want {
			t.Errorf("%q: version %q", title, doc.Version)
		}
	}
}
