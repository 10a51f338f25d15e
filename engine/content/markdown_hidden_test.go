package content

import (
	"strings"
	"testing"
)

// Attack: instructions in the comments and hidden elements of a Markdown file,
// which people see rendered.
func TestHiddenInMarkdown(t *testing.T) {
	t.Parallel()
	for _, hidden := range []string{
		"<!-- canary -->", "<!--\ncanary\n\n- canary\n-->", "[//]: # (canary)", `[comment]: <> "canary"`, "<p hidden>canary</p>", "<div style=\"display:none\">\n\n**canary**\n\n</div>",
		"<span class=sr-only>canary <b>canary</b></span>", "<template>canary</template>", "<script>canary</script>", "[//]: #", "<style>canary</style>", "<!-- canary",
	} {
		doc, err := Parse(Input{URL: "https://e.com/a.md", MediaType: "text/markdown", Body: []byte("# Title\n\nVisible before.\n\n" + hidden + "\n\nafter")})
		if err != nil || strings.Contains(doc.Markdown, "canary") || !strings.Contains(doc.Markdown, "Visible before.") {
			t.Errorf("%q gave %q %v", hidden, doc.Markdown, err)
		}
	}
	for _, shown := range []string{
		"`<p hidden>x</p>`", "```html\n<!-- shown -->\n<p hidden>x</p>\n```", "~~~\n<!-- shown -->\n~~~", "a < b and c > d", "<https://a.example/>", "List<String> x", "<details>\n<summary>More</summary>\n\ntext\n\n</details>",
		"[a]: https://a.example/ \"Title\"", "``<!-- ` -->``", "<img src=a alt=b>", "1 <2", "x <- y", "a <b",
	} {
		doc, err := Parse(Input{URL: "https://e.com/a.md", MediaType: "text/markdown", Body: []byte("Before.\n\n" + shown + "\n\nAfter.")})
		if err != nil || doc.Markdown != "Before.\n\n"+shown+"\n\nAfter." {
			t.Errorf("%q gave %q %v", shown, doc.Markdown, err)
		}
	}
}
