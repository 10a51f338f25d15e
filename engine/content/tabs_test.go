package content

import "testing"

func TestBoxesThatOpenHaveTheirLabels(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ html, want string }{
		"radio buttons":   {`<div class="book-tabs"><input type="radio" id="a"><label for="a">One</label><div><p>1</p></div><input type="radio" id="b"><label for="b">Two</label><div><p>2</p></div></div>`, "**One**\n\n1\n\n**Two**\n\n2"},
		"a box to open":   {`<div class="gdoc-expand"><label for="e"><span>More</span><span>↕</span></label><input type="checkbox" id="e"><div><p>Inside</p></div></div>`, "**More**\n\nInside"},
		"a form is none":  {`<div class="table"><label>Name</label><p>x</p></div>`, "Name\n\nx"},
		"a row elsewhere": {`<div class="head"><div><ul role="tablist"><li role="tab">200</li><li role="tab">404</li></ul></div></div><div><div role="tabpanel"><p>Here.</p></div><div role="tabpanel" hidden><p>Gone.</p></div></div>`, "**200**\n\nHere.\n\n**404**\n\nGone."},
		"AsciiDoc":        {`<div class="tabs"><div class="ulist tablist"><ul><li class="tab"><p>A</p></li><li class="tab"><p>B</p></li></ul></div><div class="tabpanel"><p>a</p><p>aa</p></div><div class="tabpanel"><p>b</p></div></div>`, "**A**\n\na\n\naa\n\n**B**\n\nb"},
		"a card":          {`<div class="sd-card"><div class="sd-card-body"><div class="sd-card-title">Guide</div><p>Go there.</p></div><a class="sd-stretched-link" href="guide.html"></a></div>`, "Guide\n\nGo there.\n\n[Guide](https://e.com/guide.html)"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			doc, err := Parse(Input{URL: "https://e.com/", MediaType: "text/html", Body: []byte("<main>" + test.html + "<p>End.</p></main>")})
			if err != nil {
				t.Fatal(err)
			}
			if doc.Markdown != test.want+"\n\nEnd." {
				t.Errorf("got\n%s\nwant\n%s", doc.Markdown, test.want)
			}
		})
	}
}
