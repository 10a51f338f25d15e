package content

import (
	"strings"

	"golang.org/x/net/html/atom"
)

// signatures writes the lists in which TypeDoc puts the signatures of a member,
// and what each says: no list to a reader.
func (w *writer) signatures(n *node) bool {
	if !hasClass(n, "tsd-signatures", "tsd-descriptions") {
		return false
	}
	for c := n.first; c != nil; c = c.next {
		switch {
		case c.junk || c.weight.text == 0:
		case hasClass(c, "tsd-signature"):
			w.fence(linesOf(c), "typescript")
		default:
			w.children(c, 2)
		}
	}
	return true
}

// isTypeSignature tells the signature of a member of TypeDoc, which is plain text.
func isTypeSignature(n *node) bool { return n.tag == atom.Div && hasClass(n, "tsd-signature") }

// isOwnIndex tells the index of a page of TypeDoc that lists the members further
// down on it, not other pages.
func isOwnIndex(n *node) bool {
	if !hasClass(n, "tsd-index-group") {
		return false
	}
	page, own := "", true
	walk(n, func(c *node) bool {
		if c.tag == atom.A && c.weight.text > 0 {
			to, _, within := strings.Cut(attr(c, "href"), "#")
			own = own && within && (page == "" || page == to)
			page = to
		}
		return own
	})
	return own
}
