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
