package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// pageParts are what retrieve must give of a page, as words alone.
type pageParts struct{ headings, codes, cells []string }

// checkWhole retrieves the ten pages of a site with the most code and tables:
// each code block, table cell and heading of the content is there, in order.
func checkWhole(t *testing.T, p *program, s *site, dir string, main []string) {
	t.Helper()
	type page struct {
		path  string
		parts pageParts
	}
	var pages []page
	for _, source := range p.sources() {
		path := strings.TrimPrefix(source.URL, s.URL)
		if raw, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(path))); err == nil {
			pages = append(pages, page{path, partsOf(t, string(raw), main)})
		}
	}
	weight := func(p page) int { return min(len(p.parts.codes), 40) + min(len(p.parts.cells), 60) }
	slices.SortFunc(pages, func(a, b page) int { return weight(b) - weight(a) })
	headings, codes, cells := 0, 0, 0
	for _, page := range pages[:min(10, len(pages))] {
		var got struct {
			Markdown string `json:"markdown"`
			Next     *int   `json:"next_offset"`
		}
		p.json(&got, "retrieve", s.URL+page.path, "--max-chars", "1000000")
		if got.Next != nil {
			t.Errorf("%s has more than a million characters", page.path)
		}
		have := markdownParts(got.Markdown)
		for _, kind := range []struct {
			name       string
			want, have []string
		}{{"heading", page.parts.headings, have.headings}, {"code block", page.parts.codes, have.codes}, {"table cell", page.parts.cells, have.cells}} {
			if missing := inOrder(kind.want, kind.have); missing != "" {
				t.Errorf("%s: a %s is missing or out of order: %.300q", page.path, kind.name, missing)
			}
		}
		headings, codes, cells = headings+len(page.parts.headings), codes+len(page.parts.codes), cells+len(page.parts.cells)
	}
	t.Logf("ten pages with %d headings, %d code blocks, %d table cells", headings, codes, cells)
	if codes < 100 || cells < 100 || headings < 20 {
		t.Error("these pages prove little")
	}
}

// inOrder returns the first of want that is not in have, where each may stand
// behind the one before it only.
func inOrder(want, have []string) string {
	at := 0
	for _, w := range want {
		i := slices.IndexFunc(have[at:], func(h string) bool { return strings.Contains(h, w) })
		if i < 0 {
			return w
		}
		at += i // the next may be in the same line
	}
	return ""
}

// partsOf reads a page as its reader would, by its own main element.
func partsOf(t *testing.T, page string, main []string) (parts pageParts) {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	for _, class := range main {
		for n := range root.Descendants() {
			if n.DataAtom == atom.Div && slices.Contains(classesOf(n), class) {
				collect(n, &parts)
				return parts
			}
		}
	}
	return parts
}

func collect(n *html.Node, parts *pageParts) {
	for c := range n.ChildNodes() {
		switch {
		case c.Type == html.ElementNode && slices.ContainsFunc(classesOf(c), func(class string) bool {
			return class == "navheader" || class == "navfooter" || class == "toc"
		}):
		case c.DataAtom == atom.Pre:
			parts.codes = appendText(parts.codes, c)
		case slices.Contains([]atom.Atom{atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6}, c.DataAtom):
			if slices.ContainsFunc(classesOf(n), isAdmonition) {
				continue // becomes the mark of a quoted block
			}
			parts.headings = appendText(parts.headings, c)
		case (c.DataAtom == atom.Td || c.DataAtom == atom.Th) && !hasCode(c) && !isListed(c):
			parts.cells = appendText(parts.cells, c)
		default:
			collect(c, parts)
		}
	}
}

// isListed tells cells of a table of one column without a heading, which is written
// as text: a simple list of DocBook.
func isListed(cell *html.Node) bool {
	table := cell.Parent
	for table != nil && table.DataAtom != atom.Table {
		table = table.Parent
	}
	if table == nil {
		return false
	}
	rows := map[*html.Node]int{}
	for n := range table.Descendants() {
		if n.DataAtom == atom.Th {
			return false
		}
		if n.DataAtom == atom.Td {
			if rows[n.Parent]++; rows[n.Parent] > 1 {
				return false
			}
		}
	}
	return true
}

// hasCode tells cells whose row is written as blocks.
func hasCode(cell *html.Node) bool {
	for n := range cell.Descendants() {
		if n.DataAtom == atom.Pre {
			return true
		}
	}
	return false
}

func isAdmonition(class string) bool {
	return slices.Contains([]string{"note", "tip", "caution", "warning", "important"}, class)
}

func appendText(to []string, n *html.Node) []string {
	var text strings.Builder
	for c := range n.Descendants() {
		if c.Type == html.TextNode && !slices.Contains(classesOf(c.Parent), "headerlink") {
			text.WriteString(c.Data)
		}
	}
	if words := onlyWords(text.String()); words != "" {
		to = append(to, words)
	}
	return to
}

func classesOf(n *html.Node) []string {
	for _, a := range n.Attr {
		if a.Key == "class" {
			return strings.Fields(a.Val)
		}
	}
	return nil
}

// onlyWords leaves out whatever Markdown may write otherwise: white space,
// escapes, emphasis.
func onlyWords(s string) string {
	return strings.Map(func(r rune) rune {
		if r <= ' ' || strings.ContainsRune("\u00a0\u200b\\`*_|¶>[]^", r) {
			return -1
		}
		return r
	}, s)
}

// markdownParts reads Markdown as far as this test needs it: fences, headings,
// and the rows of tables.
func markdownParts(md string) (parts pageParts) {
	code, fence := []string(nil), ""
	for line := range strings.Lines(md) {
		bare := strings.TrimLeft(line, " >\t")
		switch {
		case fence != "" && strings.HasPrefix(bare, fence):
			parts.codes = append(parts.codes, onlyWords(strings.Join(code, "")))
			code, fence = nil, ""
		case fence != "":
			code = append(code, line)
		case strings.HasPrefix(bare, "```"):
			fence = bare[:len(bare)-len(strings.TrimLeft(bare, "`"))]
		case strings.HasPrefix(bare, "#"):
			parts.headings = append(parts.headings, onlyWords(withoutTargets(bare)))
		case strings.HasPrefix(bare, "|"):
			parts.cells = append(parts.cells, onlyWords(withoutTargets(strings.ReplaceAll(bare, "<br>", ""))))
		}
	}
	return parts
}

// withoutTargets leaves the text of links and not where they lead.
func withoutTargets(line string) string {
	for {
		i := strings.Index(line, "](")
		if i < 0 {
			return line
		}
		end := strings.IndexByte(line[i:], ')')
		if end < 0 {
			return line
		}
		line = line[:i] + line[i+end+1:]
	}
}
