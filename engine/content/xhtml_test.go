package content

import (
	"strings"
	"testing"
)

// <title/> swallowed the page, <script/> what stood after it, and CDATA was gone.
func TestXHTMLIsXML(t *testing.T) {
	t.Parallel()
	const page = `<?xml version="1.0"?><!-- a <b/> --><html xmlns="http://www.w3.org/1999/xhtml"><head><title/><script src="a.js" />` +
		`<style><![CDATA[ .a > .b { display: none } ]]></style></head><body><div id="x"/><h1>T</h1><p title="a > b"/>` +
		`<p>One <a id="y"/>two <![CDATA[<b> & ]]>three.</p><textarea/><div class="a"><p class="b">secret</p></div><p>Four.<br/>Five.</p></body></html>`
	for media, url := range map[string]string{"application/xhtml+xml": "http://e.com/", "application/xml": "http://e.com/a", "": "http://e.com/a.xhtml"} {
		doc, err := Parse(Input{URL: url, MediaType: media, Body: []byte(page)})
		if want := "# T\n\nOne two \\<b> & three.\n\nFour.\nFive."; err != nil || doc.Markdown != want || doc.Title != "T" {
			t.Errorf("%q: got %q (%q): %v", media, doc.Markdown, doc.Title, err)
		}
	}
	for _, open := range []string{"<", "<!--", "<![CDATA[", "<a title='>", "</", "<style>", "<style/>", "< />", "<//>"} {
		if got := string(asHTML([]byte("<p/>text " + open))); !strings.HasPrefix(got, "<p></p>text ") {
			t.Errorf("%q: got %q", open, got)
		}
	}
}

// Atom may hold XHTML as it stands, and titles that are HTML.
func TestAtomTypes(t *testing.T) {
	t.Parallel()
	const feed = `<feed xmlns="http://www.w3.org/2005/Atom"><title type="html">A &lt;b&gt;x&lt;/b&gt; &amp;amp; y</title>` +
		`<entry><title type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">E <em>1</em></div></title><link href="/a"/>` +
		`<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>xh <em>t</em></p><p/></div></content></entry>` +
		`<entry><title>List&lt;T&gt;</title><summary type="html">&lt;p&gt;s&lt;/p&gt;</summary></entry></feed>`
	doc, err := Parse(Input{URL: "http://e.com/feed", MediaType: "application/atom+xml", Body: []byte(feed)})
	if want := "# A x & y\n\n## E 1\n\n<http://e.com/a>\n\nxh *t*\n\n## List\\<T>\n\ns"; err != nil || doc.Markdown != want || doc.Title != "A x & y" {
		t.Errorf("got %q: %v", doc.Markdown, err)
	}
}
