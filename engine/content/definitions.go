package content

import (
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// definitions writes terms as lines and definitions below them (":   "). A term
// that is the signature of something with an id is a heading for the chunks.
// What else stands there is written as anywhere: where a list is not closed, it
// is the rest of the page.
func (w *writer) definitions(n *node) {
	if isNotes(n) {
		w.notes(n)
		return
	}
	outer, before := w.level, atom.Atom(0)
	for c := n.first; c != nil; c = c.next {
		switch {
		case c.junk:
			continue
		case c.tag == atom.Dt:
			gap := 2
			if before == atom.Dt {
				gap = 1
			}
			w.term(c, outer, gap)
		case c.tag == atom.Dd:
			if c.weight.text == 0 && find(c, isPicture) == nil {
				break // the next term is no further one of it
			}
			gap := 1
			if before == 0 {
				gap = 2
			}
			w.block(gap)
			w.push(":   ", "    ")
			w.children(c, 2)
			w.pop()
		case holdsTerms(c): // <div> around pairs
			w.definitions(c)
		default:
			w.level = outer
			stray := c
			for c.next != nil && !holdsTerms(c.next) {
				c = c.next
			}
			w.between(stray, c.next, 2)
			outer, before = w.level, 0
			continue
		}
		before = c.tag
	}
	w.level = outer
}

// holdsTerms reports whether n is part of the list that it stands in.
func holdsTerms(n *node) bool {
	if n.kind != html.ElementNode {
		return false
	}
	switch n.tag {
	case atom.Dt, atom.Dd, atom.Dl:
		return true
	case atom.Table, atom.Ul, atom.Ol, atom.Blockquote:
		return false
	}
	return findNear(n, isTerm) != nil
}

func isTerm(n *node) bool { return n.tag == atom.Dt || n.tag == atom.Dd }

func isPicture(n *node) bool { return n.tag == atom.Img }

func (w *writer) term(n *node, outer, gap int) {
	id := n.id
	if id == "" {
		if a := find(n, func(n *node) bool { return n.tag == atom.A && n.id != "" }); a != nil {
			id = a.id
		}
	}
	if find(n, isPre) != nil { // nimdoc: a declaration
		w.block(gap)
		w.named(n, id, outer)
		w.children(n, gap)
		return
	}
	text := ""
	if hasClass(n, "sig") {
		text = tight(n)
		if text != "" {
			text = codeSpan(text)
		}
	} else {
		line := w.line()
		for c := n.first; c != nil; c = c.next {
			line.node(c)
		}
		text = guardLine(fold(w.done(&line)))
	}
	if text == "" {
		return
	}
	w.block(gap)
	w.named(n, id, outer)
	w.text(text)
}

// named makes a term with an id a heading for the chunks.
func (w *writer) named(n *node, id string, outer int) {
	if id != "" && outer > 0 && w.quoted == 0 {
		w.level = outer + 1
		w.addHeading(w.level, tight(n), id)
	}
}
