package content

import (
	"strings"
	"testing"
	"time"
)

// Attack: sheets and styles that hide in ways that browsers know and the reader
// did not (N5).
func TestHiddenByNewerStyles(t *testing.T) {
	t.Parallel()
	for css, hidden := range map[string]bool{
		"<!-- .x{display:none} -->":                      true, // the comments of the 1990s
		".o{.x{display:none}}":                           true,
		".o{color:red; & .x{display:none} top:0}":        true,
		".o{@media screen{.x{display:none}}}":            true,
		".p{.x{display:none}}":                           false,
		":is(.x,.y){display:none}":                       true,
		".o :where(.y, p.x){display:none}":               true,
		":is(.y,.z){display:none}":                       false,
		"@media not print{.x{display:none}}":             true,
		"@media all and (color){.x{display:none}}":       true,
		"@media print{.x{display:none}}":                 false,
		".x{color:#fff;background:white}":                true,
		".x{color:#00000000}":                            true,
		".x{color:transparent;background-clip:text}":     false,
		".x{font:0/0 a}":                                 true,
		".x{font:0.9em a}":                               false,
		".x{scale:0}":                                    true,
		".x{filter:opacity(0)}":                          true,
		".x{position:absolute;inset:-9999px auto auto}":  true,
		".x{clip-path:polygon(0 0,0 0,0 0)}":             true,
		".x{opacity:.01}":                                true,
		".x{opacity:calc(0)}":                            true,
		".x{opacity:.6}":                                 false,
		".x{font-size:1px}":                              true,
		".x{font-size:.05em}":                            true,
		".x{font-size:5%}":                               true,
		".x{font-size:9px}":                              false,
		".x{letter-spacing:-1em}":                        true,
		".x{letter-spacing:-.02em}":                      false,
		".x{transform:translate(0, -200vh)}":             true,
		".x{transform:rotate(1deg) translateX(-5000px)}": true,
		".x{transform:translate(-50%, -100%)}":           false,
		".x{position:absolute;right:-999em}":             true,
		".x{:is(":                                        false,
		strings.Repeat("a,", 64) + "b{.x{display:none}}": false,
		strings.Repeat("{", 50) + ".o{.x{display:none}}": false,
		".x:is(p,q){display:none}":                       true,
	} {
		page := "<style>" + css + "</style><p>Visible words here.</p><div class=o><p class=x>canary words</p></div>"
		if got := strings.Contains(parsed(t, page), "canary"); got == hidden {
			t.Errorf("%s: seen is %v", css, got)
		}
	}
	for style, hidden := range map[string]bool{
		"display:/**/none": true, `dis\70lay:none`: true, `display:n\6fne`: true, "color:#0000": true, "color:rgb(255 255 255)": true,
		"-webkit-text-fill-color:transparent": true, "color:transparent;-webkit-background-clip:text": false, "font:0/0 a": true,
		"translate:-9999px": true, "opacity:0.02": true, "opacity:.5": false, "font-size:1px": true, "font-size: 11px": false,
		"line-height:0;overflow:hidden": true, "line-height:1": false, "letter-spacing:-10em": true, "transform:translate(-200vw)": true, "block-size:0;overflow:hidden": true, "font:1em a": false,
	} {
		if got := strings.Contains(parsed(t, `<p>Visible words here.</p><p style="`+style+`">canary words</p>`), "canary"); got == hidden {
			t.Errorf("%s: seen is %v", style, got)
		}
	}
}

// Nested rules must not multiply.
func TestNestedRulesAreBounded(t *testing.T) {
	t.Parallel()
	outer := strings.TrimSuffix(strings.Repeat("p,", 60), ",")
	css := strings.Repeat(outer+"{"+outer+"{"+outer+"{p:is(p,a):is(p,a):is(p,a):is(p,a){display:none}}}}", 4000)
	start := time.Now()
	if got := parsed(t, "<style>"+css+"</style><p>Words.</p><div class=o>More.</div>"); !strings.Contains(got, "More") {
		t.Errorf("got %q", got)
	}
	if took := time.Since(start); took > 20*time.Second {
		t.Errorf("it took %s", took)
	}
}
