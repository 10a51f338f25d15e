package content

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// doxygen writes what Doxygen lays out with boxes and tables: the title, code in
// lines that are boxes, declarations, and the list of members. It reports false
// for anything else, and for pages of others.
func (w *writer) doxygen(n *node) bool {
	if w.gen == nil || w.gen.name != "doxygen" || n.class == "" {
		return false
	}
	switch {
	case n.tag == atom.Div && hasClass(n, "title") && n.parent != nil && hasClass(n.parent, "headertitle"):
		w.headingAt(n, 1)
	case n.tag == atom.Div && hasClass(n, "fragment"):
		w.code(n)
	case n.tag == atom.Div && hasClass(n, "memproto", "compoundTemplParams"):
		var lines []string
		declaration(n, &lines, 2)
		w.fence(strings.Join(lines, "\n"), "")
	case n.tag == atom.Table && hasClass(n, "memberdecls"):
		w.members(n)
	case n.tag == atom.Table && hasClass(n, "directory"):
		w.directory(n)
	default:
		return false
	}
	return true
}

// declaration gathers the lines of a declaration: each template and each table
// is one. Such a table stands in another where labels are beside it, and in no
// third: depth tells how many are left.
func declaration(n *node, lines *[]string, depth int) {
	for c := n.first; c != nil; c = c.next {
		switch {
		case depth > 0 && isLabelled(c):
			declaration(find(c, func(n *node) bool { return n.tag == atom.Td }), lines, depth-1)
			if labels := find(c, func(n *node) bool { return hasClass(n, "mlabels-right") }); labels != nil && len(*lines) > 0 {
				(*lines)[len(*lines)-1] += " [" + tight(labels) + "]"
			}
		case tight(c) != "":
			*lines = append(*lines, tight(c))
		}
	}
}

// isLabelled tells the table that has a declaration, a table too, in its first
// cell, and labels beside it.
func isLabelled(table *node) bool {
	if table.tag != atom.Table || table.first == nil || find(table, func(n *node) bool { return n.tag == atom.Td }) == nil {
		return false
	}
	return find(table.first, func(n *node) bool { return n.tag == atom.Table }) != nil
}

// members writes a table of members as a list, each with what is said of it.
func (w *writer) members(table *node) {
	template, gap := "", 2
	walk(table, func(n *node) bool {
		if n.tag != atom.Tr {
			return true
		}
		switch memberRow(n) {
		case "memitem":
			text := w.row(n)
			if n.first != nil && hasClass(n.first, "memTemplParams") {
				template = text + " "
				return false
			}
			w.block(gap)
			w.push("- ", "  ")
			w.text(guardLine(template + text))
			w.pop()
			template, gap = "", 1
		case "memdesc":
			w.block(1)
			w.push("  ", "  ")
			if n.last != nil && find(n, isFixed) != nil {
				w.children(n.last, 1)
			} else {
				w.paragraph(w.row(n), 1)
			}
			w.pop()
		case "separator":
		default:
			gap = 2
			if h := find(n, isHeading); h != nil {
				w.heading(h)
			} else {
				w.strong(n)
			}
		}
		return false
	})
}

// directory writes the tree of classes, files or pages, whose rows tell by their
// ids where they stand in it (row_0_1_), as a list.
func (w *writer) directory(table *node) {
	gap := 2
	walk(table, func(n *node) bool {
		if n.tag != atom.Tr {
			return n.kind == html.ElementNode
		}
		if text := w.row(n); text != "" {
			indent := strings.Repeat("  ", min(max(strings.Count(n.id, "_")-2, 0), maxLevels))
			w.block(gap)
			w.push(indent+"- ", indent+"  ")
			w.text(guardLine(text))
			w.pop()
			gap = 1
		}
		return false
	})
}

// isFolderRow tells a row of such a tree that is folded away: it is in another,
// the first of which can be seen and has the arrow that unfolds it.
func isFolderRow(h *html.Node) bool {
	style := strings.ToLower(strings.ReplaceAll(attribute(h, "style"), " ", ""))
	if strings.TrimSuffix(style, ";") != "display:none" || h.DataAtom != atom.Tr || !strings.HasPrefix(attribute(h, "id"), "row_") || h.Parent == nil || h.Parent.Parent == nil {
		return false
	}
	if table := h.Parent.Parent; table.DataAtom != atom.Table || attribute(table, "class") != "directory" {
		return false
	}
	first := h.Parent.FirstChild
	for first != nil && first.Type != html.ElementNode {
		first = first.NextSibling
	}
	if first == nil || first == h || attribute(first, "style") != "" {
		return false
	}
	left := manySiblings
	for n := range first.Descendants() {
		if left--; left < 0 {
			return false
		}
		if n.Type == html.ElementNode && attribute(n, "class") == "arrow" && hasAttribute(n, "onclick") && saysWords(n) {
			return !isFaded(n) && !isHidden(n)
		}
	}
	return false
}

// memberRow is what a row of members tells, by its class, or, before 1.8, by
// those of its cells.
func memberRow(tr *node) string {
	kind, _, _ := strings.Cut(tr.class, ":")
	if first := tr.first; kind == "" && first != nil {
		switch {
		case hasClass(first, "memItemLeft", "memTemplItemLeft", "memTemplParams"):
			return "memitem"
		case hasClass(first, "mdescLeft"):
			return "memdesc"
		}
	}
	return kind
}

// row is the text of a row of members as one line, without the link to more.
func (w *writer) row(n *node) string {
	line := w.line()
	for td := n.first; td != nil; td = td.next {
		line.space = true
		for c := td.first; c != nil; c = c.next {
			if c.kind == html.ElementNode && c.tag == atom.A && tight(c) == "More..." {
				continue
			}
			line.node(c)
		}
	}
	return fold(w.done(&line))
}
