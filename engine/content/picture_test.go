package content

import "testing"

func TestPicturesWithoutAlt(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ html, want string }{
		"a plot of its own":   {`<p><img src="res/plot.png" style="width:70%"></p>`, "[plot.png](https://e.com/res/plot.png)"},
		"a figure":            {`<figure><a href="b.png"><img src="a.png" alt=""></a><figcaption>How</figcaption></figure>`, "[a.png](https://e.com/a.png)\n\nHow"},
		"a sign in the text":  {`<p><img src="a.png"> Mind it.</p>`, "Mind it."},
		"a small one":         {`<p><img src="a.png" width="20"></p>`, ""},
		"one that is no file": {`<p><img src="data:image/png;base64,AAAA"></p>`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			page := `<meta name=generator content=gitbook><section class="markdown-section"><p>What the page says, with words enough to be one.</p>` + test.html + `</section>`
			doc, err := Parse(Input{URL: "https://e.com/", MediaType: "text/html", Body: []byte(page)})
			if err != nil {
				t.Fatal(err)
			}
			want := "What the page says, with words enough to be one."
			if test.want != "" {
				want += "\n\n" + test.want
			}
			if doc.Markdown != want {
				t.Errorf("got\n%s\nwant\n%s", doc.Markdown, want)
			}
		})
	}
}
