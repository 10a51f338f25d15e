package content

import (
	"bytes"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

const (
	maxSpan  = 50       // a cell is repeated over at most so many columns and rows
	maxCells = 5000     // a larger table is cut into text
	maxAgain = 64 << 10 // bytes of cells that are written again for their spans
)

// table writes a GFM table, with spanning cells repeated. A table that lays out
// blocks (code, lists, other tables) is written as those blocks; in one with a
// header, only the rows that hold code are.
func (w *writer) table(n *node) {
	if w.blob(n) || w.isMan() && w.items(n) {
		return
	}
	if hasClass(n, "RktBlk") { // Scribble
		w.fence(linesOf(n), "racket")
		return
	}
	if isListing(n) {
		w.fence(linesOf(n), "")
		return
	}
	if isLayout(n) {
		w.layout(n)
		return
	}
	rows, blocks, header := w.grid(n)
	if len(rows) == 0 {
		return
	}
	if !header && len(rows) == 1 && blocks[0] == nil {
		w.single(n)
		return
	}
	if caption := find(n, func(n *node) bool { return n.tag == atom.Caption }); caption != nil {
		w.strong(caption)
	}
	columns := withoutEmpty(rows)
	if len(rows)*columns > 10*maxCells || columns == 1 && !header {
		w.layout(n)
		return
	}
	if !header {
		rows = append([][]string{make([]string, columns)}, rows...)
		blocks = append([]*node{nil}, blocks...)
	}
	if header && len(rows) > 1 && !slices.Contains(blocks[1:], nil) {
		w.block(2)
		w.write(rows[:1])
	}
	from := 1
	for i := 1; i <= len(rows); i++ {
		if i < len(rows) && blocks[i] == nil {
			continue
		}
		if from < i || len(rows) == 1 { // the header stands over each part again
			w.block(2)
			w.write(append([][]string{rows[0]}, rows[from:i]...))
		}
		if i < len(rows) {
			w.layout(blocks[i])
		}
		from = i + 1
	}
}

// isListing tells a table of lines of code: rows of one cell, all of which is in
// code.
func isListing(table *node) bool {
	rows, code := 0, int32(0)
	walk(table, func(n *node) bool {
		switch n.tag {
		case atom.Tr:
			rows++
			return onlyCell(n)
		case atom.Pre, atom.Th:
			return false
		case atom.Code, atom.Tt:
			code += n.weight.text
			return false
		}
		return n.kind == html.ElementNode
	})
	return rows > 1 && code > 0 && code == table.weight.text
}

// withoutEmpty drops the columns in which no row has text: they keep others
// apart. It returns how many are left.
func withoutEmpty(rows [][]string) int {
	var full []bool
	for _, r := range rows {
		for len(full) < len(r) {
			full = append(full, false)
		}
		for i, cell := range r {
			full[i] = full[i] || cell != ""
		}
	}
	if !slices.Contains(full, false) {
		return len(full)
	}
	left := 0
	for i, r := range rows {
		kept := r[:0]
		for column, cell := range r {
			if full[column] {
				kept = append(kept, cell)
			}
		}
		rows[i], left = kept, max(left, len(kept))
	}
	return left
}

// single writes a table of one row, which is no table: cells that hold lines side
// by side, others as blocks. Their spans say nothing.
func (w *writer) single(n *node) {
	if find(n, isBlockCell) != nil || find(n, isList) != nil {
		w.layout(n)
		return
	}
	if caption := find(n, func(n *node) bool { return n.tag == atom.Caption }); caption != nil {
		w.strong(caption)
	}
	line := w.line()
	walk(n, func(c *node) bool {
		if c.kind != html.ElementNode || c.junk || c.tag == atom.Caption {
			return false
		}
		if c.tag != atom.Td && c.tag != atom.Th {
			return true
		}
		line.inside(c)
		line.space = true
		return false
	})
	w.paragraph(w.done(&line), 2)
}

// isBlockCell tells a cell that holds more than one block.
func isBlockCell(n *node) bool {
	return (n.tag == atom.Td || n.tag == atom.Th) && !n.junk && n.weight.solid > 1
}

func isList(n *node) bool { return n.tag == atom.Ul || n.tag == atom.Ol }

// write writes rows, the first of which is the header.
func (w *writer) write(rows [][]string) {
	columns := 0
	for _, r := range rows {
		columns = max(columns, len(r))
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

// isLayout tells tables that hold blocks. One with a row of headings is for data,
// whatever its cells hold, but for other tables.
func isLayout(n *node) bool {
	if attr(n, "role") == "presentation" || hasClass(n, "highlighttable", "rouge-table", "lntable") {
		return true
	}
	cells := 0
	data := hasHeader(n) || hasLabels(n)
	block := find(n, func(below *node) bool {
		switch below.tag {
		case atom.Td, atom.Th:
			cells++
		case atom.Table:
			return below != n && !(data && hasHeader(below)) // what an object holds, in the row that tells of it
		}
		if data {
			return false
		}
		switch below.tag {
		case atom.Pre, atom.H1, atom.H2, atom.H3, atom.H4, atom.Dl, atom.Blockquote:
			return true
		case atom.Ul, atom.Ol:
			return find(below, func(n *node) bool { return n.tag == atom.Li }) != nil
		}
		return false
	})
	return block != nil || cells > maxCells
}

// hasHeader tells that the first row is headings: two at least, or a thead.
func hasHeader(table *node) bool {
	first := find(table, func(n *node) bool { return n.tag == atom.Tr && !n.junk })
	if first == nil {
		return false
	}
	heads := 0
	for c := first.first; c != nil; c = c.next {
		switch {
		case c.tag == atom.Th && !c.junk:
			heads++
		case c.tag == atom.Td && !c.junk:
			return false
		}
	}
	return heads > 1 || heads == 1 && first.parent != nil && first.parent.tag == atom.Thead
}

// hasLabels tells a table of facts (an infobox): at least two of its rows, and
// half of them, are a heading and one cell.
func hasLabels(table *node) bool {
	rows, facts := 0, 0
	walk(table, func(n *node) bool {
		if n.kind != html.ElementNode || n.junk {
			return n.kind != html.ElementNode
		}
		if n.tag != atom.Tr {
			return n == table || n.tag != atom.Table
		}
		rows++
		var cells []atom.Atom
		for c := n.first; c != nil && len(cells) < 3; c = c.next {
			if c.kind == html.ElementNode {
				cells = append(cells, c.tag)
			}
		}
		if slices.Equal(cells, []atom.Atom{atom.Th, atom.Td}) {
			facts++
		}
		return false
	})
	return facts >= 2 && 2*facts >= rows
}

// layout writes the cells of a table, or of one of its rows, as blocks.
func (w *writer) layout(n *node) {
	walk(n, func(c *node) bool {
		if c.kind != html.ElementNode || c == n {
			return c == n
		}
		if c.junk {
			return false
		}
		switch c.tag {
		case atom.Td, atom.Th, atom.Caption:
			if !besideCode(c) && !isGutter(c) {
				w.children(c, 2)
			}
			return false
		}
		return true
	})
}

// isGutter tells a cell of nothing but line numbers beside one with code.
func isGutter(cell *node) bool {
	if cell.next == nil || cell.weight.text == 0 || find(cell, isPre) == nil {
		return false
	}
	for c := cell.next; c != nil; c = c.next {
		if c.kind == html.ElementNode && find(c, isPre) != nil {
			return strings.Trim(rawText(cell), "0123456789 \n\t\r") == ""
		}
	}
	return false
}

func isPre(n *node) bool { return n.tag == atom.Pre }

// grid reads the cells; blocks has, for each row that holds code, its element,
// and header tells that the first row is one.
func (w *writer) grid(n *node) (rows [][]string, blocks []*node, header bool) {
	type hanging struct {
		text string
		left int
	}
	hang := map[int]hanging{}
	again := maxAgain
	first := true
	walk(n, func(tr *node) bool {
		if tr.kind != html.ElementNode || tr.junk {
			return tr.kind != html.ElementNode
		}
		if tr.tag != atom.Tr {
			return tr.tag != atom.Caption
		}
		var row []string
		fill := func() {
			for hang[len(row)].left > 0 {
				h := hang[len(row)]
				hang[len(row)] = hanging{h.text, h.left - 1}
				row = append(row, repeated(h.text, &again))
			}
		}
		if first {
			header = isHeader(tr)
		}
		cells, left := 0, &again
		if !header || !first && onlyCell(tr) {
			left = new(int) // without a header, columns are a layout; a title between rows says itself once
		}
		for c := tr.first; c != nil; c = c.next {
			if c.tag != atom.Td && c.tag != atom.Th || c.junk {
				continue
			}
			cells++
			fill()
			text := w.cell(c)
			down := span(c, "rowspan") - 1
			for i := range span(c, "colspan") {
				if down > 0 {
					hang[len(row)] = hanging{text, down}
				}
				if i > 0 {
					text = repeated(text, left)
				}
				row = append(row, text)
			}
		}
		fill()
		if cells == 0 || strings.TrimSpace(strings.Join(row, "")) == "" {
			return false
		}
		first = false
		rows, blocks = append(rows, row), append(blocks, withCode(tr))
		return false
	})
	return rows, blocks, header
}

// isHeader tells a row of headings.
func isHeader(tr *node) bool {
	for c := tr.first; c != nil; c = c.next {
		if c.tag == atom.Td && !c.junk {
			return tr.parent != nil && tr.parent.tag == atom.Thead
		}
	}
	return true
}

// onlyCell tells a row that has one cell.
func onlyCell(tr *node) bool {
	cells := 0
	for c := tr.first; c != nil && cells < 2; c = c.next {
		if (c.tag == atom.Td || c.tag == atom.Th) && !c.junk {
			cells++
		}
	}
	return cells == 1
}

// withCode returns the row if one of its cells holds a code block or a table.
func withCode(tr *node) *node {
	if find(tr, func(n *node) bool { return (n.tag == atom.Pre || n.tag == atom.Table) && !n.junk }) == nil {
		return nil
	}
	return tr
}

// repeated is the text of a cell in a further column or row, empty when a table
// has repeated enough.
func repeated(text string, left *int) string {
	if *left -= len(text); *left < 0 {
		return ""
	}
	return text
}

func span(n *node, key string) int {
	v, err := strconv.Atoi(attr(n, key))
	if err != nil {
		return 1
	}
	return min(max(v, 1), maxSpan)
}

// cell writes a cell in one line.
func (w *writer) cell(n *node) string {
	line := w.line()
	w.cellInto(n, &line)
	s := strings.TrimSpace(w.done(&line))
	s = strings.ReplaceAll(s, "|", `\|`)
	return strings.ReplaceAll(s, "\n", "<br>")
}

// bullet stands before an item of a list in a cell.
var bullet = []byte("- ")

func (w *writer) cellInto(n *node, line *inline) {
	for c := n.first; c != nil; c = c.next {
		if isInline(c) {
			line.node(c)
			continue
		}
		if c.kind != html.ElementNode || c.junk {
			continue
		}
		if line.last() != '\n' && !bytes.HasSuffix(line.buf, bullet) {
			line.buf = append(line.buf, '\n')
			line.space = false
		}
		if c.tag == atom.Li {
			line.buf = append(line.buf, bullet...)
		}
		if c.label != "" {
			line.buf = append(line.buf, "**"+escape(c.label)+"**\n"...)
		}
		w.cellInto(c, line)
	}
}

// rows writes a table that is made of boxes, each of which tells by its class
// whether it ends a row (Javadoc: col-first, col-second … col-last).
func (w *writer) rows(n *node) bool {
	var table [][]string
	var row []string
	for c := n.first; c != nil; c = c.next {
		if c.kind != html.ElementNode {
			continue
		}
		if !strings.Contains(c.class, "col-") {
			return false
		}
		row = append(row, w.cell(c))
		if hasClass(c, "col-last") {
			table, row = append(table, row), nil
		}
	}
	if len(row) > 0 {
		table = append(table, row) // nothing says that it ends
	}
	if len(table) == 0 || find(n, isPre) != nil {
		return false
	}
	w.block(2)
	w.write(table)
	return true
}
