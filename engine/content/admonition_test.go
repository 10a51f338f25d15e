package content

import "testing"

func TestAdmonitionsTellTheirKind(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ html, want string }{
		"a title of its own":         {`<div class="admonition warning"><p class="admonition-title">Wet paint</p><p>Mind it.</p></div>`, "> **Warning**\n>\n> **Wet paint**\n>\n> Mind it."},
		"the title tells it":         {`<div class="admonition warning"><p class="admonition-title">Warnings</p><p>Mind it.</p></div>`, "> **Warnings**\n>\n> Mind it."},
		"the text tells it":          {`<div class="note"><p>Note that it is wet.</p></div>`, "> Note that it is wet."},
		"no title":                   {`<div class="custom-container tip"><p>Sit.</p></div>`, "> **Tip**\n>\n> Sit."},
		"a colour":                   {`<div class="alert alert-info"><h4>Note:</h4><p>Wet.</p></div>`, "> **Note:**\n>\n> Wet."},
		"no kind":                    {`<div class="alert alert-primary"><p>Wet.</p></div>`, "> Wet."},
		"a quote":                    {`<blockquote class="gdoc-hint danger"><div class="gdoc-hint__title">Hot</div><div class="gdoc-hint__text">Boils.</div></blockquote>`, "> **Danger**\n>\n> **Hot**\n>\n> Boils."},
		"a plain quote":              {`<blockquote class="note-taker"><p>He wrote.</p></blockquote>`, "> He wrote."},
		"a title that the eye sees":  {`<aside aria-label="Wet" class="starlight-aside starlight-aside--note"><p class="starlight-aside__title" aria-hidden="true">Wet</p><p>Paint.</p></aside>`, "> **Note**\n>\n> **Wet**\n>\n> Paint."},
		"one that folds":             {`<details class="tip"><summary>Dry</summary><p>Wait.</p></details>`, "> **Tip**\n>\n> **Dry**\n>\n> Wait."},
		"Relearn":                    {`<details open class="box cstyle notices note"><summary class="box-label"><i class="fa"></i> Note</summary><div class="box-content"><p>Wet.</p></div></details>`, "> **Note**\n>\n> Wet."},
		"what folds for no reason":   {`<details class="details_x alert alert--info"><summary>More</summary><p>Wet.</p></details>`, "**More**\n\nWet."},
		"AsciiDoc, with a picture":   {`<div class="admonitionblock"><table><tr><td class="icon"><div class="title">Caution</div></td><td class="content">Hot.</td></tr></table></div>`, "> **Caution**\n>\n> Hot."},
		"AsciiDoc, in another order": {`<div class="admonitionblock note"><p>Odd.</p></div>`, "> **Note**\n>\n> Odd."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			doc, err := Parse(Input{URL: "https://e.com/", MediaType: "text/html", Body: []byte("<main>" + test.html + "</main>")})
			if err != nil {
				t.Fatal(err)
			}
			if doc.Markdown != test.want {
				t.Errorf("got\n%s\nwant\n%s", doc.Markdown, test.want)
			}
		})
	}
}
