package content

import (
	"strings"
	"testing"
)

// Each table and what has to be in its Markdown, word for word.
func TestTablesThatAreNone(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, html, want string }{
		{"one cell over five columns", `<table><tr><td colspan=5>Once and no more.</td></tr></table>`, "Once and no more."},
		{"one row of lines", `<table><tr><td><b>Note</b></td><td colspan=2>Mind the gap.</td></tr></table>`, "**Note** Mind the gap."},
		{"one row of blocks", `<table><tr><td colspan=3><p>First.</p><p>Second.</p></td></tr></table>`, "First.\n\nSecond."},
		{"a bar in a line", `<table><tr><td>a | b</td></tr></table>`, "a | b"},
		{
			"a title between rows", `<table><tr><th>Key<th>Value<tr><td colspan=2>Colours<tr><td>a<td>1</table>`,
			"| Key | Value |\n| --- | --- |\n| Colours |  |\n| a | 1 |",
		},
		{
			"a layout without a header", `<table><tr><td colspan=2>Key<td>Value<tr><td>a<td>b<td>1</table>`,
			"|  |  |  |\n| --- | --- | --- |\n| Key |  | Value |\n| a | b | 1 |",
		},
		{
			"columns that keep others apart", `<table><tr><th>&nbsp;<th>Key<th><th>Value<tr><td>&nbsp;<td>a<td><td>1<tr><td><td>b</table>`,
			"| Key | Value |\n| --- | --- |\n| a | 1 |\n| b |  |",
		},
		{
			"a heading over columns", `<table><tr><th>Key<th colspan=2>Size<tr><td>a<td>1<td>2</table>`,
			"| Key | Size | Size |\n| --- | --- | --- |\n| a | 1 | 2 |",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if md := parsed(t, "<p>Text.</p>"+test.html); md != "Text.\n\n"+test.want {
				t.Errorf("got %q, want %q", md, test.want)
			}
		})
	}
}

// A table made of boxes with roles loses nothing, and code stays code.
func TestTablesOfRoles(t *testing.T) {
	t.Parallel()
	row := func(role string, cells ...string) string {
		return "<div role=row><div role=" + role + ">" + strings.Join(cells, "</div><div role="+role+">") + "</div></div>"
	}
	head := row("columnheader", "Key", "Value")
	for _, test := range []struct{ name, html, want string }{
		{"rows alone", head + row("cell", "a", "1"), "| Key | Value |\n| --- | --- |\n| a | 1 |"},
		{
			"text around the rows", "<p>Before.</p><div role=rowgroup>" + head + "</div><div role=rowgroup>Among. " + row("cell", "a", "1") + "</div>After.",
			"Before.\n\n| Key | Value |\n| --- | --- |\n\nAmong.\n\n| Key | Value |\n| --- | --- |\n| a | 1 |\n\nAfter.",
		},
		{
			"code in a cell", head + row("cell", "a", "<pre>x = 1\ny = 2</pre>") + row("cell", "b", "2"),
			"| Key | Value |\n| --- | --- |\n\na\n\n```\nx = 1\ny = 2\n```\n\n| Key | Value |\n| --- | --- |\n| b | 2 |",
		},
		{
			"text beside the cells", head + "<div role=row>Beside. <div role=cell>a</div><div role=cell>1</div></div>",
			"| Key | Value |\n| --- | --- |\n\nBeside.\n\na\n\n1",
		},
		{
			"cells in boxes", head + "<div role=row><span><div role=rowheader>a</div></span><span><div role=gridcell>1</div></span></div>",
			"| Key | Value |\n| --- | --- |\n| a | 1 |",
		},
	} {
		for _, role := range []string{"table", "grid", "treegrid"} {
			if md := parsed(t, "<div role="+role+">"+test.html+"</div>"); md != test.want {
				t.Errorf("%s, %s: got %q, want %q", test.name, role, md, test.want)
			}
		}
	}
	if md := parsed(t, "<div role=table><p>No rows.</p><div>Text</div></div>"); md != "No rows.\n\nText" {
		t.Errorf("no cells: %q", md)
	}
}

// The boxes of Javadoc: a row that nothing ends is one, and code stays code.
func TestTablesOfColumns(t *testing.T) {
	t.Parallel()
	if md := parsed(t, `<p>Text.</p><div class=summary-table><div class=col-first>A</div><div class=col-last>B</div><div class=col-first>a</div></div>`); md != "Text.\n\n| A | B |\n| --- | --- |\n| a |  |" {
		t.Errorf("got %q", md)
	}
	if md := parsed(t, `<p>Text.</p><div class=summary-table><div class=col-first>A</div><div class=col-last><pre>x = 1</pre></div></div>`); md != "Text.\n\nA\n\n```\nx = 1\n```" {
		t.Errorf("got %q", md)
	}
}
