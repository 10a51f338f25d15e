package content

import (
	"strings"
	"testing"
)

func TestTheTailOfAPageIsLeftOut(t *testing.T) {
	t.Parallel()
	const page = `<meta name=generator content="Hugo 0.1"><div class="td-content"><h1>Title</h1><p>What the page says, with words enough to be one of them all.</p>`
	const kept = "# Title\n\nWhat the page says, with words enough to be one of them all."
	for name, test := range map[string]struct{ tail, want string }{
		"the change":       {`<br><div class="text-muted">Last modified May 1, 2022: <a href="/commit/1">fix it (1ab)</a></div>`, kept},
		"an opinion":       {`<div id=pre-footer><h2 id=feedback>Feedback</h2><p class="feedback--prompt">Was this page helpful?</p><button>Yes</button></div>`, kept},
		"both":             {`<h2>Was this page helpful?</h2><div><div>Last updated on 2022-05-01</div></div>`, kept},
		"the next page":    {`<ul class="list-unstyled"><li><a class="btn disabled"><span>←</span>Previous</a></li><li><a href="/next" class="btn">Next<span>→</span></a></li></ul><div class="td-page-meta__lastmod">Last modified May 1, 2022</div>`, kept},
		"a list":           {`<ul><li><a href="/next">Next</a></li><li><a href="/x">Steps</a></li></ul>`, kept + "\n\n- [Next](https://e.com/next)\n- [Steps](https://e.com/x)"},
		"no date":          {`<p>Last modified by hand.</p>`, kept + "\n\nLast modified by hand."},
		"a sentence":       {`<p>Last updated rows come first, at most 10.</p>`, kept + "\n\nLast updated rows come first, at most 10."},
		"not the end":      {`<p>Last updated 2022.</p><p>More.</p>`, kept + "\n\nLast updated 2022.\n\nMore."},
		"an empty section": {`<h2>Later</h2>`, kept + "\n\n## Later"},
		"a real one":       {`<h2>Feedback</h2><p>Write to us.</p>`, kept + "\n\n## Feedback\n\nWrite to us."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			doc, err := Parse(Input{URL: "https://e.com/", MediaType: "text/html", Body: []byte(page + test.tail + "</div>")})
			if err != nil {
				t.Fatal(err)
			}
			if doc.Markdown != test.want {
				t.Errorf("got\n%s\nwant\n%s", doc.Markdown, test.want)
			}
		})
	}
}

func TestHeadingsOfEndings(t *testing.T) {
	t.Parallel()
	for title, want := range map[string]bool{
		"12 Comments": true, "1 reply": true, "3 Replies": true, "2 thoughts on Gates": true, "Related posts": true,
		"4 replicas": false, "12 gates": false, "Replicas": false,
	} {
		if got := isEnding(title); got != want {
			t.Errorf("%q: %v", title, got)
		}
	}
}

func TestHeadingAboveTheContainer(t *testing.T) {
	t.Parallel()
	prose := "<p>" + strings.Repeat("The page says this, and says it in whole sentences. ", 30) + "</p>"
	page := `<div class="wrap"><div class="top"><h1>Pen</h1></div><div class="content"><h3>Methods</h3><div class="fields">` + prose + `</div></div></div>`
	if md := parsed(t, page); !strings.Contains(md, "### Methods") {
		t.Errorf("got %.200s", md)
	}
}

func TestPageThatHasButATitle(t *testing.T) {
	t.Parallel()
	around := "<div><p>" + strings.Repeat("What stands on every page of the site. ", 20) + "</p></div>"
	if md := parsed(t, `<meta name=generator content="Hugo 0.1">`+around+`<div class="td-content"><h1>Title</h1><p>Soon.</p></div>`+around); md != "# Title\n\nSoon." {
		t.Errorf("got %.200s", md)
	}
}
