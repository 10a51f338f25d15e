package content

import "golang.org/x/net/html"

// roleTable is a table that is made of boxes with roles (ARIA), while it is
// written.
type roleTable struct {
	head    []string       // the first row
	rows    [][]string     // that wait to be written under it
	written bool           // the header stands already
	holds   map[*node]bool // rows, or something that does
}

// roles writes a table of boxes with roles: rows of cells, the first of which is
// the header. What stands between the rows, and a row with a code block or with
// text outside of its cells, is written as blocks. It reports false where there
// are no cells, or too many.
func (w *writer) roles(n *node) bool {
	cells := 0
	walk(n, func(c *node) bool {
		if isRoleCell(c) {
			cells++
			return false
		}
		return c.kind == html.ElementNode && !c.junk && cells < maxCells
	})
	if cells == 0 || cells >= maxCells {
		return false
	}
	t := roleTable{holds: map[*node]bool{}}
	walk(n, func(c *node) bool {
		if !isRoleRow(c) {
			return c.kind == html.ElementNode
		}
		for up := c; up != nil && !t.holds[up]; up = up.parent {
			t.holds[up] = true
		}
		return false
	})
	w.rolesIn(n, &t)
	w.flushRoles(&t)
	return true
}

func isRoleTable(n *node) bool {
	switch attr(n, "role") {
	case "table", "grid", "treegrid":
		return true
	}
	return false
}

func isRoleCell(n *node) bool {
	if n.kind != html.ElementNode || n.junk {
		return false
	}
	switch attr(n, "role") {
	case "cell", "columnheader", "rowheader", "gridcell":
		return true
	}
	return false
}

func isRoleRow(n *node) bool {
	return n.kind == html.ElementNode && !n.junk && attr(n, "role") == "row"
}

// rolesIn gathers the rows in n, and writes what stands between them.
func (w *writer) rolesIn(n *node, t *roleTable) {
	for c := n.first; c != nil; {
		switch {
		case c.kind == html.ElementNode && c.junk:
			c = c.next
		case isRoleRow(c):
			w.roleRow(c, t)
			c = c.next
		case t.holds[c]:
			w.rolesIn(c, t)
			c = c.next
		default:
			from := c
			for c != nil && (c.junk || !t.holds[c]) {
				c = c.next
			}
			if hasText(from, c) {
				w.flushRoles(t)
				w.between(from, c, 2)
			}
		}
	}
}

// hasText reports whether text stands in from and its siblings before end.
func hasText(from, end *node) bool {
	for c := from; c != end; c = c.next {
		if c.weight.text > 0 && !c.junk {
			return true
		}
	}
	return false
}

// roleRow adds a row to the table, or writes it as blocks where cells in one line
// would not say the same.
func (w *writer) roleRow(row *node, t *roleTable) {
	var list []string
	inCells, code := int32(0), false
	walk(row, func(c *node) bool {
		if isRoleCell(c) {
			code = code || find(c, isPre) != nil
			inCells += c.weight.text
			list = append(list, w.cell(c))
			return false
		}
		if c.junk {
			inCells += c.weight.text
		}
		return c.kind == html.ElementNode && !c.junk
	})
	switch {
	case code || inCells < row.weight.text:
		w.flushRoles(t)
		w.children(row, 2)
	case t.head == nil:
		t.head = list
	default:
		t.rows = append(t.rows, list)
	}
}

// flushRoles writes the rows that wait, under the header.
func (w *writer) flushRoles(t *roleTable) {
	if t.head == nil || len(t.rows) == 0 && t.written {
		return
	}
	w.block(2)
	w.write(append([][]string{t.head}, t.rows...))
	t.rows, t.written = nil, true
}
