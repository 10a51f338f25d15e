package content

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

func attr(n *node, key string) string {
	for i := range n.attrs {
		if n.attrs[i].Key == key {
			return n.attrs[i].Val
		}
	}
	return ""
}

func hasAttr(n *node, key string) bool {
	for i := range n.attrs {
		if n.attrs[i].Key == key {
			return true
		}
	}
	return false
}

// hasClass reports whether the element carries one of the classes.
func hasClass(n *node, names ...string) bool {
	if n.class == "" {
		return false
	}
	for c := range strings.FieldsSeq(n.class) {
		for _, name := range names {
			if c == name {
				return true
			}
		}
	}
	return false
}

// find returns the first element, in document order, that ok accepts.
func find(n *node, ok func(*node) bool) *node {
	if n.kind == html.ElementNode && ok(n) {
		return n
	}
	for c := n.first; c != nil; c = c.next {
		if c.kind != html.TextNode {
			if got := find(c, ok); got != nil {
				return got
			}
		}
	}
	return nil
}

// findNear is find that looks at the beginning only: lists and quotes may stand in
// each other, and each asks for what is in it.
func findNear(n *node, ok func(*node) bool) *node {
	left := 10 * manySiblings
	got := find(n, func(n *node) bool {
		left--
		return left < 0 || ok(n)
	})
	if left < 0 {
		return nil
	}
	return got
}

// walk visits n and what is below it, in document order, as long as visit
// returns true for the parent.
func walk(n *node, visit func(*node) bool) {
	if !visit(n) {
		return
	}
	for c := n.first; c != nil; c = c.next {
		walk(c, visit)
	}
}

// tight returns the text below n with white space folded and without marks that
// link to it: the words of a heading whose letters stand in several elements.
func tight(n *node) string {
	if n.first != nil && n.first == n.last && n.first.kind == html.TextNode {
		return fold(n.first.data)
	}
	var b strings.Builder
	addText(&b, n)
	return fold(b.String())
}

// addText adds the text of n and below to b, but for what is not shown. Lines
// and blocks are told apart by a space.
func addText(b *strings.Builder, n *node) {
	walk(n, func(n *node) bool {
		switch {
		case n.kind == html.TextNode:
			b.WriteString(n.data)
			if n.parent != nil && isTag(n.parent) {
				b.WriteByte(' ')
			}
		case n.tag == atom.Br, isBlockTag(n.tag), isGap(n):
			b.WriteByte(' ')
		case n.tag == atom.Sup && isRaised(b.String(), n):
			b.WriteByte('^')
		}
		return n.kind != html.ElementNode || !n.junk && !isPermalink(n)
	})
}

// isTag tells words that a style keeps apart from the name that follows them
// (TypeDoc, PlDoc).
func isTag(n *node) bool { return n.class == "tsd-tag" || n.class == "pred-tag" }

// isGap tells an empty box that a style makes a sign between two words, and the
// labels that one keeps apart from what they are about (Doxygen).
func isGap(n *node) bool {
	return n.tag == atom.Span && n.class != "" && (n.class == "mlabels" || n.weight.text == 0 && hasClass(n, "sep", "separator", "divider", "micon"))
}

// rawText returns the text below n as it stands.
func rawText(n *node) string {
	if n.first == nil {
		return ""
	}
	if n.first == n.last && n.first.kind == html.TextNode {
		return n.first.data
	}
	var b strings.Builder
	walk(n, func(n *node) bool {
		if n.kind == html.TextNode {
			b.WriteString(n.data)
		}
		return true
	})
	return b.String()
}

// edges tells whether the text below n begins and ends with white space.
func edges(n *node) (before, after bool) {
	first, last := n, n
	for first != nil && first.kind != html.TextNode {
		first = first.first
	}
	for last != nil && last.kind != html.TextNode {
		last = last.last
	}
	before = first != nil && first.data != "" && isSpace(first.data[0])
	after = last != nil && last.data != "" && isSpace(last.data[len(last.data)-1])
	return before, after
}

// fold makes every run of white space one space and trims.
func fold(s string) string {
	if folded(s) {
		return s
	}
	return strings.Join(strings.Fields(s), " ")
}

// folded tells ASCII text that fold would not change.
func folded(s string) bool {
	space := true
	for i := range len(s) {
		c := s[i]
		if c > ' ' && c < 0x80 {
			space = false
			continue
		}
		if c >= 0x80 || c == '\n' || c == '\t' || c == '\r' || c == '\f' || c == '\v' || c == ' ' && space {
			return false
		}
		space = c == ' '
	}
	return !space || s == ""
}
