package content

import (
	"strconv"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// aTerm is how many bytes the term of an indented paragraph has at most.
const aTerm = 200

// isMan tells the pages of groff, which knows no lists in HTML: a term is a
// paragraph, and its definition one with a larger margin, or the cell beside it.
func (w *writer) isMan() bool { return w.gen != nil && w.gen.name == "man" }

// item writes a paragraph of groff that is a term, and those with a larger margin
// below it as its definition. It reports false for any other.
func (w *writer) item(n *node) bool {
	margin := marginOf(n)
	next := nextElement(n)
	if margin == 0 || n.weight.text > aTerm || !beginsMarked(n) || next == nil || marginOf(next) <= margin {
		return false
	}
	w.block(2)
	line := w.line()
	line.inside(n)
	w.text(guardLine(fold(w.done(&line))))
	w.block(1)
	w.push(":   ", "    ")
	for deeper := marginOf(next); next != nil && marginOf(next) == deeper; next = nextElement(next) {
		w.children(next, 2)
		next.junk = true
	}
	w.pop()
	return true
}

// items writes a table of groff whose rows are a term and its definition. It
// reports false for any other.
func (w *writer) items(table *node) bool {
	if attr(table, "rules") != "none" { // a table of the page's own
		return false
	}
	var rows [][]*node
	pairs := 0
	walk(table, func(n *node) bool {
		if n.tag != atom.Tr {
			return n.kind == html.ElementNode
		}
		var cells []*node
		for c := n.first; c != nil; c = c.next {
			if c.weight.text > 0 {
				cells = append(cells, c)
			}
		}
		if len(cells) == 2 && cells[0].weight.text <= aTerm {
			pairs++
		} else if len(cells) > 1 {
			pairs = -maxCells // a table of data
		}
		rows = append(rows, cells)
		return false
	})
	if pairs <= 0 {
		return false
	}
	for _, cells := range rows {
		for i, c := range cells {
			if i == 0 {
				w.block(2)
				w.children(c, 2)
				continue
			}
			w.block(1)
			w.push(":   ", "    ")
			w.children(c, 2)
			w.pop()
		}
	}
	return true
}

// nextElement is the element after n, if no text stands between.
func nextElement(n *node) *node {
	for c := n.next; c != nil; c = c.next {
		switch {
		case c.kind == html.ElementNode:
			return c
		case c.weight.text > 0:
			return nil
		}
	}
	return nil
}

// beginsMarked tells a paragraph that begins in bold or italics, as terms do.
func beginsMarked(n *node) bool {
	for c := n.first; c != nil; c = c.next {
		if c.weight.text > 0 {
			return c.tag == atom.B || c.tag == atom.I
		}
	}
	return false
}

// marginOf is the left margin of a paragraph, in percent; 0 where it tells none.
func marginOf(n *node) int {
	if n.tag != atom.P {
		return 0
	}
	_, value, _ := strings.Cut(attr(n, "style"), "margin-left:")
	value, _, _ = strings.Cut(value, "%")
	margin, err := strconv.Atoi(strings.TrimSpace(value))
	if err != nil || margin < 0 {
		return 0
	}
	return margin
}
