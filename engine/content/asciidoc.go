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
			kind = strings.ToLower(clean(tight(icon), maxKind))
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
	other := find(table, func(n *node) bool { return n.tag == atom.Tr && n.first != nil && !isCallout(calloutOf(n.first)) })
	if other != nil {
		return false
	}
	gap := 2
	walk(table, func(n *node) bool {
		if n.tag != atom.Tr {
			return true
		}
		if n.first == nil || n.last == n.first {
			return false
		}
		mark := calloutOf(n.first) + ". "
		w.block(gap)
		gap = 1
		w.push(mark, strings.Repeat(" ", min(len(mark), 4)))
		w.from(n.first.next, 1)
		w.pop()
		return false
	})
	return true
}

// isCallout tells a number, or nothing.
func isCallout(mark string) bool { return len(mark) <= 4 && !strings.ContainsAny(mark, " #>*+-_`<[|") }

// calloutOf is the number in a cell, as text or as a picture.
func calloutOf(cell *node) string {
	if number := strings.Trim(tight(cell), "()"); number != "" {
		return number
	}
	if picture := find(cell, func(n *node) bool { return n.tag == atom.Img }); picture != nil {
		return clean(attr(picture, "alt"), 3)
	}
	return ""
}
