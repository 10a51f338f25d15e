package content

import (
	"strings"

	"golang.org/x/net/html/atom"
)

// asciidoc writes the boxes for which AsciiDoc lays out tables: admonitions,
// with the kind in the cell beside them, and the explanations of the callouts
// in code. It reports false for any other.
func (w *writer) asciidoc(n *node) bool {
	if n.tag != atom.Div {
		return false
	}
	switch {
	case hasClass(n, "admonitionblock"):
		content := find(n, func(n *node) bool { return n.tag == atom.Td && hasClass(n, "content") })
		if content == nil {
			return false
		}
		kind := admonitionKind(n)
		if icon := find(n, func(n *node) bool { return n.tag == atom.Td && hasClass(n, "icon") }); icon != nil && kind == "" {
			kind = strings.ToLower(tight(icon))
			if picture := find(icon, func(n *node) bool { return n.tag == atom.Img }); picture != nil && kind == "" {
				kind = strings.ToLower(clean(attr(picture, "alt"), maxKind))
			}
		}
		w.admonition(n, content, kind)
		return true
	case hasClass(n, "colist"):
		return w.callouts(n)
	}
	return false
}

// callouts writes a table of numbers and what they stand for as a list.
func (w *writer) callouts(n *node) bool {
	table := find(n, func(n *node) bool { return n.tag == atom.Table })
	if table == nil {
		return false // a list already
	}
	gap := 2
	walk(table, func(n *node) bool {
		if n.tag != atom.Tr {
			return true
		}
		if n.first == nil || n.last == n.first {
			return false
		}
		mark := strings.Trim(tight(n.first), "()") + ". "
		w.block(gap)
		gap = 1
		w.push(mark, strings.Repeat(" ", min(len(mark), 4)))
		w.children(n.last, 1)
		w.pop()
		return false
	})
	return true
}
