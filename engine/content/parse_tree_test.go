package content

import (
	"strings"
	"testing"
)

// Attack: text in a hidden element that stands deeper than the parser goes. When
// the tags around it are dropped, it must not come to light.
func TestDepthShowsNothingHidden(t *testing.T) {
	t.Parallel()
	for _, deep := range []string{strings.Repeat("<div>", 600), strings.Repeat("<b><i>", 20_000), strings.Repeat("<ul><li>", 5_000)} {
		for _, hidden := range []string{
			`<div hidden>canary</div>`, `<p style="display:none">ca<b>nar</b>y canary</p>`, `<span class="sr-only"><i>canary</i></span>`,
			`<template>canary</template>`, `<div hidden><br><img src=x><div>canary</div>canary</div>`, `<script>canary</script>`, `<noscript>canary</noscript>`,
		} {
			doc, err := Parse(Input{URL: "https://e.com/", MediaType: "text/html", Body: []byte("<p>Visible before.</p>" + deep + hidden + "Visible after.")})
			if err != nil {
				t.Fatalf("%.20s… %s: %v", deep, hidden, err)
			}
			if strings.Contains(doc.Markdown, "canary") || !strings.Contains(doc.Markdown, "Visible before.") || !strings.Contains(doc.Markdown, "Visible after.") {
				t.Errorf("%.20s… %s gave %q", deep, hidden, doc.Markdown)
			}
		}
	}
}
