package content

import (
	"strconv"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

const (
	maxSpan  = 50   // a cell is repeated over at most so many columns and rows
	maxCells = 5000 // a larger table is cut into text
)

// table writes a GFM table, with spanning cells repeated. A table that lays out
// blocks (code, lists, other tables) is written as those blocks.
func (w *writer) table(n *html.Node) {
	if isLayout(n) {
		w.layout(n)
		return
	}
	rows, header := w.grid(n)
	if len(rows) == 0 {
		return
	}
	if caption := find(n, func(n *html.Node) bool { return n.DataAtom == atom.Caption }); caption != nil {
		w.strong(caption)
	}
	columns := 0
	for _, r := range rows {
		columns = max(columns, len(r))
	}
	w.block(2)
	if !header {
		rows = append([][]string{make([]string, columns)}, rows...)
	}
	for i, r := range rows {
		if i > 0 {
			w.pending++
		}
		for len(r) < columns {
			r = append(r, "")
		}
		w.text("| " + strings.Join(r, " | ") + " |")
		if i == 0 {
			w.pending++
			w.text(strings.Repeat("| --- ", columns) + "|")
		}
	}
}

// isLayout tells tables that hold blocks, or only one column of text.
func isLayout(n *html.Node) bool {
	if attr(n, "role") == "presentation" || hasClass(n, "highlighttable", "rouge-table", "lntable") {
		return true
	}
	cells := 0
	block := find(n, func(below *html.Node) bool {
		switch below.DataAtom {
		case atom.Td, atom.Th:
			cells++
		case atom.Pre, atom.H1, atom.H2, atom.H3, atom.H4, atom.Dl, atom.Blockquote:
			return true
		case atom.Table:
			return below != n
		case atom.Ul, atom.Ol:
			return find(below, func(n *html.Node) bool { return n.DataAtom == atom.Li }) != nil
		}
		return false
	})
	return block != nil || cells > maxCells
}

func (w *writer) layout(n *html.Node) {
	walk(n, func(c *html.Node) bool {
		if c.Type != html.ElementNode || c == n {
			return c == n
		}
		if w.skips(c) {
			return false
		}
		switch c.DataAtom {
		case atom.Td, atom.Th, atom.Caption:
			if !hasClass(c, gutters...) {
				w.children(c, 2)
			}
			return false
		}
		return true
	})
}

// grid reads the cells; header tells that the first row is one.
func (w *writer) grid(n *html.Node) (rows [][]string, header bool) {
	type hanging struct {
		text string
		left int
	}
	hang := map[int]hanging{}
	first := true
	walk(n, func(tr *html.Node) bool {
		if tr.Type != html.ElementNode || w.skips(tr) {
			return tr.Type != html.ElementNode
		}
		if tr.DataAtom != atom.Tr {
			return tr.DataAtom != atom.Caption
		}
		var row []string
		fill := func() {
			for hang[len(row)].left > 0 {
				h := hang[len(row)]
				hang[len(row)] = hanging{h.text, h.left - 1}
				row = append(row, h.text)
			}
		}
		heads, cells := 0, 0
		for c := tr.FirstChild; c != nil; c = c.NextSibling {
			if c.DataAtom != atom.Td && c.DataAtom != atom.Th || w.skips(c) {
				continue
			}
			cells++
			if c.DataAtom == atom.Th {
				heads++
			}
			fill()
			text := w.cell(c)
			down := span(c, "rowspan") - 1
			for range span(c, "colspan") {
				if down > 0 {
					hang[len(row)] = hanging{text, down}
				}
				row = append(row, text)
			}
		}
		fill()
		if cells == 0 || strings.TrimSpace(strings.Join(row, "")) == "" {
			return false
		}
		if first {
			header = heads == cells || tr.Parent != nil && tr.Parent.DataAtom == atom.Thead
			first = false
		}
		rows = append(rows, row)
		return false
	})
	return rows, header
}

func span(n *html.Node, key string) int {
	v, err := strconv.Atoi(attr(n, key))
	if err != nil {
		return 1
	}
	return min(max(v, 1), maxSpan)
}

// cell writes a cell in one line.
func (w *writer) cell(n *html.Node) string {
	var line inline
	line.links, line.skip = w.links, w.skips
	w.cellInto(n, &line)
	s := strings.TrimSpace(line.String())
	s = strings.ReplaceAll(s, "|", `\|`)
	return strings.ReplaceAll(s, "\n", "<br>")
}

func (w *writer) cellInto(n *html.Node, line *inline) {
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if isInline(c) {
			line.node(c)
			continue
		}
		if c.Type != html.ElementNode || w.skips(c) {
			continue
		}
		if s := line.b.Len(); s > 0 && line.last() != '\n' {
			line.b.WriteByte('\n')
			line.space = false
		}
		w.cellInto(c, line)
	}
}
