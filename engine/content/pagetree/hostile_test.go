package pagetree

import (
	"strings"
	"testing"
	"time"
)

// Attack: pages that make a parser look through the open elements, the formatting,
// the attributes or a text again and again. They are read or declined in time that
// grows with their size alone; x/net takes minutes for some of them.
func TestHostilePagesTakeNoTime(t *testing.T) {
	t.Parallel()
	const size = 1 << 20
	deep := strings.Repeat("<div>", 500)
	for name, piece := range map[string]struct{ before, again string }{
		"paragraphs in the deep":      {deep + "<p><b>", "<p>a"},
		"links in the deep":           {deep, "<a href=x>"},
		"items in the deep":           {strings.Repeat("<span>", 500), "<li><span>"},
		"headings":                    {deep, "</h1>"},
		"end tags of nothing":         {strings.Repeat("<i>", 2) + strings.Repeat("<x-y>", 500), "</z>"},
		"formatting":                  {"", "<b id=a><i><u><p>"},
		"formatting of many kinds":    {unclosed(45), "<p>a"},
		"misnested formatting":        {"", "<b><p></b>"},
		"misnested, with children":    {strings.Repeat("<br>", 1000), "<b><p>" + strings.Repeat("<br>", 50) + "</b>"},
		"text in pieces":              {"", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa</z>"},
		"attributes":                  {"<p", " a" + strings.Repeat("b", 30)},
		"attributes of the body":      {"<body>", "<body a=1 b=2><html c=3>"},
		"scripts that hide their end": {"", "<script><!--</script>"},
		"comments that do not end":    {"", "<!--"},
		"references":                  {"", "&notit&#x;&#9;"},
		"a reference":                 {"&", "a"},
		"tables":                      {"", "<table><tr><td>"},
		"tables that end":             {deep, "<table></table>"},
		"templates":                   {deep, "<template></template>"},
		"forms":                       {deep, "<form></form>"},
		"buttons":                     {deep, "<button>"},
		"rules in selects":            {"<select>" + strings.Repeat("<span>", 400), "<hr>"},
		"foreign":                     {"<svg>" + strings.Repeat("<g>", 400), "</z>"},
	} {
		page := []byte(piece.before + strings.Repeat(piece.again, size/len(piece.again)))
		began := time.Now()
		var slabs Slabs
		_, read := Parse(page, &slabs)
		slabs.Release()
		took := time.Since(began)
		t.Logf("%-28s read %-5t in %v", name, read, took)
		if took > 3*time.Second {
			t.Errorf("%s: %d bytes took %v", name, len(page), took)
		}
	}
}
