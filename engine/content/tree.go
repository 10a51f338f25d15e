package content

import (
	"math"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// node is a node of the page as a reader sees it: scripts, comments, hidden
// elements and invisible characters are not in the tree, and every element
// knows the size of what is below it. All later steps read this tree, so that
// none of them can show what was left out here, and none has to look below a
// node to judge it.
type node struct {
	kind                      html.NodeType // DocumentNode, ElementNode or TextNode
	tag                       atom.Atom
	data                      string // element name, or text without invisible characters
	class, id                 string
	label                     string // of the tab whose panel this is; set by judge
	attrs                     []html.Attribute
	parent, first, last, next *node
	weight                    weight // of the node and what is below
	prose, kept               int32  // bytes of text outside of links, and of all text, without junk; set by judge
	junk                      bool   // no content; set by judge
	block                     bool   // is, or holds, an element that begins a line of its own
	permalink                 bool   // a heading with a link to itself that is not shown
	order, end                int32
}

// weight counts what stands in an element.
type weight struct {
	text     int32 // bytes of text, white space at the ends of text nodes not counted
	linked   int32 // of it within links
	links    int32 // <a href>
	solid    int32 // paragraphs, headings, code, tables, quotes
	headings int32
	commas   int32 // a sign of prose
	words    int32 // between white space
	local    int32 // <a href=#…>
	tops     int32 // <h1> and <main>
}

func (w *weight) add(o *weight) {
	w.text += o.text
	w.linked += o.linked
	w.links += o.links
	w.solid += o.solid
	w.headings += o.headings
	w.commas += o.commas
	w.words += o.words
	w.local += o.local
	w.tops += o.tops
}

// builder makes the tree.
type builder struct {
	nodes   *nursery
	base    *node // the first <base href>
	order   int32
	linked  int  // depth of links around the current node
	pre     int  // depth of <pre>
	fade    bool // leave out what is faded
	faded   int  // bytes of text left out so
	hidden  int  // bytes of text left out because an attribute or a style hides it
	page    *html.Node
	openers *openers // of page; nil: not looked for
	judgement
	want   map[*html.Node]bool
	chosen []*node // of want, outermost only
}

// tree is what a page shows to a reader.
type tree struct {
	root   *node
	chosen []*node // the outermost of the nodes that were wanted
	base   string  // of <base href>, as it is written
	hidden int     // bytes of text that attributes and styles hide
}

// waits is how many times what is visible a page's faded text must be to be read:
// scripts fade whole pages in, and less than that may be meant for models alone.
const waits = 2

// build makes the reader's tree of a parsed page, and finds in it the outermost
// of the nodes in want. The tree lives until nodes is released.
func build(page *html.Node, want map[*html.Node]bool, nodes *nursery) tree {
	b := builder{page: page, nodes: nodes, want: want, fade: true}
	root := b.node(page, nil)
	if b.faded > waits*int(root.weight.text) {
		b = builder{page: page, nodes: nodes, want: want} // the page waits to be faded in
		root = b.node(page, nil)
	}
	t := tree{root: root, chosen: b.chosen, hidden: b.hidden}
	if b.fade {
		t.hidden += b.faded
	}
	if b.base != nil {
		t.base = attr(b.base, "href")
	}
	return t
}

// Bounds of what an element says of itself: all that stands in it is judged by
// that, too. What has more classes than a sheet could speak of is hidden.
const maxAttributes, maxClass = 64, 4 << 10

// boundAttributes drops the attributes of elements that have hundreds of them,
// but for those that hide.
func boundAttributes(page *html.Node) {
	for h := range page.Descendants() {
		if class := attribute(h, "class"); len(class) > maxClass {
			setAttribute(h, "class", "hidden "+class[:strings.LastIndexByte(class[:maxClass/8], ' ')+1])
		}
		if len(h.Attr) <= maxAttributes {
			continue
		}
		kept := h.Attr[:maxAttributes]
		for _, a := range h.Attr[maxAttributes:] {
			switch a.Key {
			case "hidden", "style", "class", "id", "aria-hidden", "role", "type", "open", "bgcolor":
				kept = append(kept, a)
			}
		}
		h.Attr = kept
	}
}

// textSize counts the bytes of text below h.
func textSize(h *html.Node) int {
	size := 0
	for n := range h.Descendants() {
		if n.Type == html.TextNode && n.Parent.DataAtom != atom.Script && n.Parent.DataAtom != atom.Style {
			size += len(strings.TrimSpace(n.Data))
		}
	}
	return size
}

func (b *builder) alloc() *node {
	n := b.nodes.alloc()
	n.order = b.order
	b.order++
	return n
}

// node copies h and what is below it. The parser does not nest deeper than 512
// elements, so recursion is bounded.
func (b *builder) node(h *html.Node, parent *node) *node {
	n := b.alloc()
	n.kind, n.tag, n.data, n.attrs, n.parent = h.Type, h.DataAtom, h.Data, h.Attr, parent
	for i := range h.Attr {
		switch h.Attr[i].Key {
		case "class":
			n.class = h.Attr[i].Val
		case "id":
			n.id = h.Attr[i].Val
		}
	}
	if b.want[h] && (len(b.chosen) == 0 || b.chosen[len(b.chosen)-1].end != 0) {
		b.chosen = append(b.chosen, n) // the end of an open one is not known yet
	}
	link := false
	switch n.tag {
	case atom.A:
		if link = hasAttr(n, "href"); link {
			b.linked++
		}
	case atom.Pre, atom.Textarea:
		b.pre++
	case atom.Base:
		if b.base == nil && hasAttr(n, "href") {
			b.base = n
		}
	}
	for c := h.FirstChild; c != nil; c = c.NextSibling {
		switch c.Type {
		case html.TextNode:
			b.text(c, n)
		case html.ElementNode:
			b.element(c, n)
		}
	}
	if link {
		b.linked--
		n.weight.links++
		if strings.HasPrefix(attr(n, "href"), "#") {
			n.weight.local++
		}
	}
	if n.tag == atom.Pre || n.tag == atom.Textarea {
		b.pre--
	}
	n.weight.count(n.tag)
	n.block = n.block || isBlockTag(n.tag) || n.tag == atom.Span && n.id != "" && hasClass(n, "structfield")
	n.end = b.order
	return n
}

// element adds an element to n, unless nobody sees it.
func (b *builder) element(c *html.Node, n *node) {
	switch {
	case len(c.Attr) > 0 && isRoot(c) && b.hiddenForGood(c):
		b.hidden += textSize(c)
		for c.FirstChild != nil {
			c.RemoveChild(c.FirstChild)
		}
		b.append(n, b.node(c, n))
	case neverShown(c) && !b.opensByButton(c):
		if len(c.Attr) > 0 && isHidden(c) {
			b.hidden += textSize(c)
		}
		n.permalink = n.permalink || n.id != "" && c.DataAtom == atom.A && isHeading(n) && attribute(c, "href") == "#"+n.id
	case b.fade && isFaded(c) && !isRoot(c): // roots were judged above
		b.faded += textSize(c)
	default:
		b.append(n, b.node(c, n))
	}
}

func (b *builder) append(parent, n *node) {
	if parent.last == nil {
		parent.first = n
	} else {
		parent.last.next = n
	}
	parent.last = n
	parent.weight.add(&n.weight)
	parent.block = parent.block || n.block
}

func (b *builder) text(h *html.Node, parent *node) {
	if b.pre == 0 && isBlockTag(parent.tag) && (parent.last == nil || parent.last.block) && isBlank(h.Data) && parent.class != "line" {
		return // white space before a block or between blocks says nothing, but for a line of code in a box
	}
	n := b.alloc()
	n.kind, n.data, n.parent, n.end = html.TextNode, Sanitize(h.Data), parent, b.order
	text := strings.TrimSpace(n.data)
	n.weight.text = int32(min(len(text), math.MaxInt32))
	n.weight.countText(text)
	if b.linked > 0 {
		n.weight.linked = n.weight.text
	}
	b.append(parent, n)
}

func isBlank(s string) bool {
	for i := range len(s) {
		if !isSpace(s[i]) {
			return false
		}
	}
	return true
}

// countText counts words, and commas before a space.
func (w *weight) countText(text string) {
	last := byte(' ')
	for i := range len(text) {
		c := text[i]
		switch {
		case !isSpace(c):
			if isSpace(last) {
				w.words++
			}
		case c == ' ' && last == ',':
			w.commas++
		}
		last = c
	}
}

func (w *weight) count(tag atom.Atom) {
	switch tag {
	case atom.P, atom.Pre, atom.Table, atom.Dl, atom.Blockquote:
		w.solid++
	case atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6:
		w.solid++
		w.headings++
		if tag == atom.H1 {
			w.tops++
		}
	case atom.Main:
		w.tops++
	}
}
