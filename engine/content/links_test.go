package content

import "testing"

// TestPlainLinks holds the short way of resolve to the long one.
func TestPlainLinks(t *testing.T) {
	t.Parallel()
	hrefs := []string{
		"#x", "#a.b-c", "#", "#a#b", "/", "/a", "/a/b.html#c.d", "a", "a.html", "a/b", "a/", "a//b", "//h/x", "../a", "./a", "a/../b", "a/.b", "a/b/..", ".", "..",
		"?q=1", "a?b=c", "a b", "mailto:x@e.com", "javascript:x", "https://f.com/x", "a%20b", "ü", "a#ü", "#ü", "A_b-1.html", "/..", "/./a", "a#b/../c", "a#//", "x#..",
	}
	for _, base := range []string{
		"https://e.com", "https://e.com/", "https://e.com/d/p.html", "https://e.com/d/p.html?q=1#f", "https://e.com/d/../x/./p", "https://e.com/ü/p q.html", "file:///x", "", "::",
	} {
		l := newLinker(base, "")
		for _, href := range hrefs {
			if got, want := l.resolve(href), l.parse(href); got != want {
				t.Errorf("%s from %s: got %q, want %q", href, base, got, want)
			}
		}
	}
}

// Old sites lead on by maps of pictures and by frames alone.
func TestLinksOfMapsAndFrames(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ page, url string }{
		{`<p>Text.</p><img usemap=#m src=a.png><map name=m><area href=/a></map>`, "https://e.com/a"},
		{`<html><head><title>T</title></head><frameset cols="20,80"><frame src="b.html"><noframes><a href=c>c</a></noframes></frameset></html>`, "https://e.com/b.html"},
	} {
		doc, err := Parse(Input{URL: "https://e.com/", MediaType: "text/html", Body: []byte(test.page)})
		if err != nil || len(doc.Links) != 1 || doc.Links[0].URL != test.url {
			t.Errorf("%s: got %+v: %v", test.page, doc.Links, err)
		}
	}
}
