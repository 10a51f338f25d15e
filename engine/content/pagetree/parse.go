package pagetree

import (
	"bytes"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// A page may make the builder take so many steps for each of its bytes, and so
// many at all, beside reading it. Ordinary pages take less than one a byte. What a
// formatting element costs that is opened again is counted as so many.
const workByte, workPage, reopenCost = 16, 64 << 10, 256

// builder makes the tree of one page.
type builder struct {
	body []byte
	page string // the same
	pos  int    // of what is not read yet
	amp  int    // of the first "&" at or after where it was last asked for
	raw  atom.Atom
	tok  token

	doc        *html.Node
	open       []element // the document, <html>, <body> and what is in it
	active     []element // formatting; no node: a mark
	head, form *html.Node
	mode, back mode
	templates  []mode // of the open ones
	paragraphs int    // open ones
	fostering  bool   // what is added to a table's part belongs before the table
	quirks     bool

	work   int
	gaveUp bool
	slabs  *Slabs
	attrs  []html.Attribute // of the last slab
	built  strings.Builder
}

// Parse returns the tree that x/net's html.Parse builds of the page, and true; or
// false where that takes a rule that is not followed here. The tree is made of slabs
// and holds on to a copy of the page.
func Parse(body []byte, slabs *Slabs) (*html.Node, bool) {
	if bytes.IndexByte(body, 0) >= 0 {
		return nil, false
	}
	if bytes.IndexByte(body, '\r') >= 0 {
		body = bytes.ReplaceAll(bytes.ReplaceAll(body, []byte("\r\n"), []byte("\n")), []byte("\r"), []byte("\n"))
	}
	b := &builder{body: body, page: string(body), amp: -1, slabs: slabs, open: make([]element, 0, 64)}
	b.doc = slabs.node()
	b.doc.Type = html.DocumentNode
	b.open = append(b.open, element{node: b.doc})
	for budget := workByte*len(body) + workPage; !b.gaveUp; {
		b.next()
		b.process()
		if b.work > budget {
			b.decline()
		}
		if b.tok.kind == endOfPage {
			break
		}
	}
	return b.doc, !b.gaveUp
}

// decline ends the parsing: the page needs a rule that is not followed here.
func (b *builder) decline() { b.gaveUp = true }

// process follows the rules for the token until one of them has used it.
func (b *builder) process() {
	for used := false; !used && !b.gaveUp; {
		if b.readsForeign() {
			used = b.inForeign()
		} else {
			used = b.step()
		}
	}
}
