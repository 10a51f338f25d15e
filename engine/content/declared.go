package content

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// declared is the text of a box that is no <pre>: its lines are those of its
// blocks, and the parameters in a list stand apart from the name.
func declared(n *node) string {
	var b strings.Builder
	declareInto(n, &b)
	return trimLines(strings.TrimSpace(b.String()))
}

func declareInto(n *node, b *strings.Builder) {
	for c := n.first; c != nil; c = c.next {
		switch {
		case c.kind == html.TextNode:
			writeFolded(b, c.data)
		case c.kind != html.ElementNode, c.junk, besideCode(c):
		case c.tag == atom.Br:
			b.WriteByte('\n')
		case c.tag == atom.Li:
			b.WriteString("\n  ")
			declareInto(c, b)
		case isBlockTag(c.tag):
			declareInto(c, b)
			b.WriteByte('\n')
		default:
			declareInto(c, b)
		}
	}
}

// writeFolded writes text as a line: any white space is a space.
func writeFolded(b *strings.Builder, text string) {
	for _, c := range []byte(text) {
		if isSpace(c) {
			c = ' '
			if s := b.String(); s == "" || strings.IndexByte(" \n(", s[len(s)-1]) >= 0 {
				continue
			}
		}
		b.WriteByte(c)
	}
}
