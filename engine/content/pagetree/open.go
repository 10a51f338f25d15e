package pagetree

import (
	"cmp"
	"slices"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// x/net refuses a page that nests deeper, the document not counted. So many
// formatting elements are remembered that were not closed.
const maxOpen, maxActive = 512 + 1, 48

// element is an open one.
type element struct {
	node *html.Node
	trait
}

func (b *builder) top() *element { return &b.open[len(b.open)-1] }

// add makes n the last child of the innermost open element.
func (b *builder) add(n *html.Node) {
	top := b.top()
	if b.fostering && top.flags&inTable != 0 {
		b.decline()
	}
	addTo(top.node, n)
}

// addTo is AppendChild for a new node.
func addTo(parent, n *html.Node) {
	last := parent.LastChild
	if last == nil {
		parent.FirstChild = n
	} else {
		last.NextSibling = n
	}
	n.Parent, n.PrevSibling = parent, last
	parent.LastChild = n
}

// addComment adds the comment that was read.
func (b *builder) addComment(parent *html.Node) {
	n := b.slabs.node()
	n.Type, n.Data = html.CommentNode, b.tok.data
	addTo(parent, n)
}

// addText adds text to the innermost open element.
func (b *builder) addText(s string) {
	if s == "" {
		return
	}
	if last := b.top().node.LastChild; last != nil && last.Type == html.TextNode {
		if b.fostering && b.top().flags&inTable != 0 {
			b.decline()
		}
		b.work += len(last.Data) + len(s)
		last.Data += s
		return
	}
	n := b.slabs.node()
	n.Type, n.Data = html.TextNode, s
	b.add(n)
}

// insert adds the element whose tag was read and opens it.
func (b *builder) insert() {
	b.insertElement(b.tok.trait, b.tok.data, b.tok.attrs)
}

// imply opens an element whose tag was left out.
func (b *builder) imply(tag atom.Atom) {
	b.insertElement(traitOf(tag), tag.String(), nil)
}

func (b *builder) insertElement(t trait, name string, attrs []html.Attribute) {
	n := b.slabs.node()
	n.Type, n.DataAtom, n.Data, n.Attr = html.ElementNode, t.tag, name, attrs
	b.add(n)
	b.push(element{n, t})
}

func (b *builder) push(e element) {
	if len(b.open) >= maxOpen {
		b.decline()
		return
	}
	if e.tag == atom.P {
		b.paragraphs++
	}
	b.open = append(b.open, e)
}

// insertVoid adds an element that nothing stands in.
func (b *builder) insertVoid() {
	b.insert()
	b.pop()
}

// insertRaw opens an element whose text has no tags.
func (b *builder) insertRaw() {
	b.insert()
	b.back, b.mode = b.mode, inText
}

func (b *builder) pop() { b.cut(len(b.open) - 1) }

// cut closes the elements from i on.
func (b *builder) cut(i int) {
	for j := i; j < len(b.open); j++ {
		if b.open[j].tag == atom.P {
			b.paragraphs--
		}
	}
	b.open = b.open[:i]
}

// find returns the innermost open element with the tag that no element hides that
// bounds the scope; -1 where there is none.
func (b *builder) find(scope flags, tag atom.Atom) int {
	return b.findAny(scope, tag, tag, tag)
}

func (b *builder) findAny(scope flags, t1, t2, t3 atom.Atom) int {
	for i := len(b.open) - 1; i >= 0; i-- {
		e := &b.open[i]
		if e.flags&outside == 0 && (e.tag == t1 || e.tag == t2 || e.tag == t3) {
			b.work += len(b.open) - i
			return i
		}
		if e.flags&scope != 0 {
			b.work += len(b.open) - i
			return -1
		}
	}
	b.work += len(b.open)
	return -1
}

// popUntil closes the elements down to what find returns, and tells whether there
// is one.
func (b *builder) popUntil(scope flags, tag atom.Atom) bool {
	return b.popUntilAny(scope, tag, tag, tag)
}

func (b *builder) popUntilAny(scope flags, t1, t2, t3 atom.Atom) bool {
	i := b.findAny(scope, t1, t2, t3)
	if i >= 0 {
		b.cut(i)
	}
	return i >= 0
}

// closeParagraph closes a paragraph that is open.
func (b *builder) closeParagraph() {
	if b.paragraphs > 0 {
		b.popUntil(stops|buttons, atom.P)
	}
}

// closeImplied closes elements whose end tags may be left out, down to the first
// other one or one of the name.
func (b *builder) closeImplied(but string) {
	i := len(b.open)
	for i > 0 && b.open[i-1].flags&implied != 0 && b.open[i-1].node.Data != but {
		i--
	}
	b.work += len(b.open) - i
	b.cut(i)
}

// clearTo closes elements down to one of the tags, <template> or <html>.
func (b *builder) clearTo(t1, t2, t3 atom.Atom) {
	i := len(b.open) - 1
	for ; i > 0; i-- {
		if tag := b.open[i].tag; tag == t1 || tag == t2 || tag == t3 || tag == atom.Html || tag == atom.Template {
			break
		}
	}
	b.work += len(b.open) - i
	b.cut(i + 1)
}

// indexOf returns where an element stands among the open ones, or -1.
func (b *builder) indexOf(n *html.Node) int {
	for i := len(b.open) - 1; i >= 0; i-- {
		if b.open[i].node == n {
			b.work += len(b.open) - i
			return i
		}
	}
	b.work += len(b.open)
	return -1
}

// remove takes an element out of the open ones.
func (b *builder) remove(n *html.Node) {
	i := b.indexOf(n)
	if i < 0 {
		return
	}
	if b.open[i].tag == atom.P {
		b.paragraphs--
	}
	b.open = slices.Delete(b.open, i, i+1)
}

// insertFormatting opens a formatting element, which is opened again in each block
// until it is closed; of more than three alike, the last. As x/net does, it sorts
// the attributes.
func (b *builder) insertFormatting() {
	b.insert()
	top := b.top().node
	if len(top.Attr) > 1 {
		slices.SortFunc(top.Attr, compareAttributes)
	}
	same := 0
	for i := len(b.active) - 1; i >= 0 && b.active[i].node != nil; i-- {
		if b.active[i].tag == b.tok.tag && slices.Equal(b.active[i].node.Attr, top.Attr) {
			if same++; same >= 3 {
				b.active = slices.Delete(b.active, i, i+1)
			}
		}
	}
	if len(b.active) >= maxActive {
		b.decline()
		return
	}
	b.active = append(b.active, *b.top())
}

func compareAttributes(x, y html.Attribute) int {
	return cmp.Or(strings.Compare(x.Namespace, y.Namespace), strings.Compare(x.Key, y.Key), strings.Compare(x.Val, y.Val))
}

// mark begins a part of the page that formatting does not reach into, or out of.
func (b *builder) mark() {
	if len(b.active) >= maxActive {
		b.decline()
		return
	}
	b.active = append(b.active, element{})
}

// clearActive forgets the formatting elements since the last mark.
func (b *builder) clearActive() {
	for len(b.active) > 0 {
		last := b.active[len(b.active)-1]
		b.active = b.active[:len(b.active)-1]
		if last.node == nil {
			return
		}
	}
	b.decline()
}

// reopen opens again the formatting elements that were not closed.
func (b *builder) reopen() {
	i := len(b.active)
	for i > 0 && b.active[i-1].node != nil && b.indexOf(b.active[i-1].node) < 0 {
		i--
	}
	for ; i < len(b.active); i++ {
		from := &b.active[i]
		n := b.clone(from.node)
		b.add(n)
		b.push(element{n, from.trait})
		from.node = n
	}
}

func (b *builder) indexOfActive(n *html.Node) int {
	return slices.IndexFunc(b.active, func(e element) bool { return e.node == n })
}
