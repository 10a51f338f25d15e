package content

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// Attack: text for models that the page's own style sheet hides from people.
func TestHiddenByStyleSheet(t *testing.T) {
	t.Parallel()
	hides := []string{
		`.x{display:none}`, `p.x { DISPLAY : none !important }`, `#i{display:none}`, `div > .x{display:none}`, `[data-x]{display:none}`, `.x,.y{left:-9999px;position:absolute}`,
		`.x{opacity:0}`, `.x{visibility:hidden}`, `@media screen{.x{display:none}}`, `@media (min-width:800px){.x{display:none}}`, `@media screen and (max-width:4000px){.x{display:none}}`,
		`/* .x{} */.x{/* a */display:none}`, `.x{d\69splay:n\6f ne}`, `.\78{display:none}`, `.x{display:block}.x{display:none}`, `.x{display:none}p{display:block}`,
		`*{color:red}.x{display:none}`, `@import "a.css";.x{display:none}`, `.x{font-size:0}`, `.x{clip-path:inset(50%)}`, `@layer a{.x{display:none}}`, `.x:not(.y){display:none}`,
		`p{display:none}p.keep{display:block}`, `.x{transform:scale(0)}`, `.y::before{content:"}"}.x{display:none}`,
	}
	for _, css := range hides {
		if md := styled(t, css, `<div><p class=keep>Visible words here.</p><p class="x" id=i data-x>canary</p></div>`); strings.Contains(md, "canary") || !strings.Contains(md, "Visible words") {
			t.Errorf("%s gave %q", css, md)
		}
	}
	shows := []string{
		`.x{display:none}.x{display:block}`, `.x{display:none}p.x{display:block}`, `@media print{.x{display:none}}`, `@media (max-width:600px){.x{display:none}}`,
		`.y .x{display:none}`, `.x:hover{display:none}`, `.x::after{display:none}`, `.x{display:none;display:block}`, `.x{display:block!important}#i{display:none}`,
		`.x{max-height:0;overflow:hidden}`, `.X{display:none}`, `.x{left:-3px}`, `@font-face{display:none}`, `.x{display:none`[:5], `.x{color:white}`,
	}
	for _, css := range shows {
		if md := styled(t, css, `<div><p>Visible words here.</p><p class="x" id=i>shown</p></div>`); !strings.Contains(md, "shown") {
			t.Errorf("%s hid what is shown: %q", css, md)
		}
	}
	if md := styled(t, `.x{display:none}`, `<p class=x style="display:block">shown</p>`); !strings.Contains(md, "shown") {
		t.Errorf("the style attribute does not win: %q", md)
	}
}

// A sheet that insists stands over a style attribute (CSS Cascade, 6.1): how
// notebooks show what is hidden where their sheet is gone.
func TestSheetThatInsists(t *testing.T) {
	t.Parallel()
	for css, want := range map[string]bool{
		`.x{display:block!important}`: true, `.x{display:block !important}.y{display:none}`: true,
		`.x{display:block}`: false, `.y{display:block!important}`: false, `.x{display:block!important}.x{display:none!important}`: false,
	} {
		if md := styled(t, css, `<p>Visible words here.</p><div class=x style="display:none">shown</div>`); strings.Contains(md, "shown") != want {
			t.Errorf("%s: %q", css, md)
		}
	}
}

func styled(t *testing.T, css, body string) string {
	t.Helper()
	doc, err := Parse(Input{URL: "https://e.com/", MediaType: "text/html", Body: []byte("<!DOCTYPE html><head><style>" + css + "</style></head><body>" + body)})
	if err != nil {
		t.Fatal(err)
	}
	return doc.Markdown
}

// Attack: so many rules and hidden decoys that the bound is reached before the
// element that matters.
func TestDecoysDoNotUncover(t *testing.T) {
	t.Parallel()
	css := strings.Repeat(":not(x){display:block}", 15_000) + ".q{display:none!important}"
	for _, hiding := range []string{strings.Repeat("a *{display:none}", 15_000), strings.Repeat(".q:only-child{display:none}", 25_000), strings.Repeat("a{color:red}", 90_000)} {
		md := styled(t, hiding+".q{display:none}", "<p>Visible words here.</p>"+strings.Repeat("<b>x</b>", 400)+"<p class=q>canary</p>")
		if strings.Contains(md, "canary") || !strings.Contains(md, "Visible words") {
			t.Errorf("decoys that hide: %.300q", md)
		}
	}
	if md := styled(t, css, "<p>Visible words here.</p>"+strings.Repeat("<p class=q>decoy</p>", 200)+"<p class=q>canary</p>"); strings.Contains(md, "canary") || !strings.Contains(md, "Visible words") {
		t.Errorf("%.300q", md)
	}
}

// A hostile style sheet costs a bounded time.
func TestStyleSheetsAreBounded(t *testing.T) {
	t.Parallel()
	var many strings.Builder
	for i := range 50_000 {
		fmt.Fprintf(&many, ".c%d{display:none}", i)
	}
	for name, css := range map[string]string{
		"many": many.String(), "any": strings.Repeat("*{display:none}:not(.a) *{display:none}", 5000), "open": strings.Repeat("{", 500_000),
		"groups": strings.Repeat("@media screen{", 20_000), "comments": strings.Repeat("/*", 400_000), "commas": strings.Repeat("a,", 200_000) + "{display:none}",
	} {
		begin := time.Now()
		styled(t, css, strings.Repeat("<p class='a b c d'>word", 3_000))
		if took := time.Since(begin); took > 20*time.Second {
			t.Errorf("%s took %s", name, took)
		}
	}
}
