package pagetree

import (
	"slices"

	"golang.org/x/net/html"
)

// endFormatting closes the innermost formatting element of the name. Where a block
// was begun in it, the formatting is made anew in the block: the "adoption agency"
// (HTML, 13.2.6.4.7), step by step as x/net follows it.
func (b *builder) endFormatting() {
	if top := b.top(); top.node.Data == b.tok.data && b.indexOfActive(top.node) < 0 {
		b.pop()
		return
	}
	for range 8 {
		if b.gaveUp || b.adopt() {
			return
		}
	}
}

// adopt closes the element once, and tells whether that was all.
func (b *builder) adopt() bool {
	at := len(b.active) - 1
	for at >= 0 && b.active[at].node != nil && b.active[at].tag != b.tok.tag {
		at--
	}
	if at < 0 || b.active[at].node == nil {
		b.endOrdinary()
		return true
	}
	i := b.indexOf(b.active[at].node)
	if i < 0 {
		b.active = slices.Delete(b.active, at, at+1)
		return true
	}
	if b.find(stops, b.tok.tag) < 0 {
		return true
	}
	b.work += len(b.open) - i
	deepest := slices.IndexFunc(b.open[i:], func(e element) bool { return e.flags&special != 0 })
	if deepest < 0 {
		b.cut(i)
		b.active = slices.Delete(b.active, at, at+1)
		return true
	}
	b.moveFormatting(at, i, i+deepest)
	return false
}

// moveFormatting takes a block out of a formatting element, which stands in active
// and open at the places, and puts the formatting into the block.
func (b *builder) moveFormatting(at, i, deepest int) {
	formatting, block, above := b.active[at], b.open[deepest], b.open[i-1]
	if above.flags&inTable != 0 {
		b.decline()
		return
	}
	last, bookmark := b.moveBetween(block.node, at, i, deepest)
	if last.Parent != nil {
		last.Parent.RemoveChild(last)
	}
	above.node.AppendChild(last)

	inner := b.clone(formatting.node)
	for c := block.node.FirstChild; c != nil; c = block.node.FirstChild {
		block.node.RemoveChild(c)
		inner.AppendChild(c)
		b.work++
	}
	block.node.AppendChild(inner)

	if old := b.indexOfActive(formatting.node); old >= 0 {
		if old < bookmark {
			bookmark--
		}
		b.active = slices.Delete(b.active, old, old+1)
	}
	b.remove(formatting.node)
	if bookmark < 0 || bookmark > len(b.active) {
		b.decline()
		return
	}
	moved := element{inner, formatting.trait}
	b.active = slices.Insert(b.active, bookmark, moved)
	b.open = slices.Insert(b.open, b.indexOf(block.node)+1, moved)
}

// moveBetween makes the formatting elements anew that are open between the one at
// i and the block, around the block, and returns the outermost, and where the
// formatting is to stand in active.
func (b *builder) moveBetween(block *html.Node, at, i, deepest int) (last *html.Node, bookmark int) {
	last, bookmark = block, at
	for n, x := 1, deepest-1; x > i; n, x = n+1, x-1 {
		known := b.indexOfActive(b.open[x].node)
		switch {
		case known < 0:
			b.open = slices.Delete(b.open, x, x+1)
			continue
		case n > 3:
			b.active = slices.Delete(b.active, known, known+1)
			if known <= bookmark {
				bookmark--
			}
			continue
		}
		inner := b.clone(b.open[x].node)
		b.active[known].node, b.open[x].node = inner, inner
		if last == block {
			bookmark = known + 1
		}
		if last.Parent != nil {
			last.Parent.RemoveChild(last)
		}
		inner.AppendChild(last)
		last = inner
	}
	return last, bookmark
}

// clone makes an element like n, with nothing in it.
func (b *builder) clone(n *html.Node) *html.Node {
	b.work += reopenCost
	m := b.slabs.node()
	m.Type, m.DataAtom, m.Data, m.Attr = n.Type, n.DataAtom, n.Data, slices.Clone(n.Attr)
	return m
}
