package pagetree

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// mode is where in the page the builder is (HTML, 13.2.4.1).
type mode uint8

const (
	initial mode = iota
	beforeHTML
	beforeHead
	inHead
	afterHead
	inBody
	inText
	inTableMode
	inCaption
	inColumns
	inTableBody
	inRow
	inCell
	inTemplate
	afterBody
	afterAfterBody
)

const whitespace = " \t\n\f\r"

// step follows the rules of the mode for the token, and tells whether they used
// it. Otherwise another mode is to read it.
func (b *builder) step() bool {
	switch b.mode {
	case initial:
		return b.initial()
	case beforeHTML:
		return b.beforeHTML()
	case beforeHead:
		return b.beforeHead()
	case inHead:
		return b.inHead()
	case afterHead:
		return b.afterHead()
	case inBody:
		return b.inBody()
	case inText:
		return b.inText()
	case inTableMode:
		return b.inTable()
	case inCaption:
		return b.inCaption()
	case inColumns:
		return b.inColumns()
	case inTableBody:
		return b.inTableBody()
	case inRow:
		return b.inRow()
	case inCell:
		return b.inCell()
	case inTemplate:
		return b.inTemplate()
	case afterBody:
		return b.afterBody()
	default:
		return b.afterAfterBody()
	}
}

// blank drops white space at the beginning of a text, and tells whether nothing
// is left.
func (b *builder) blank() bool {
	b.tok.data = strings.TrimLeft(b.tok.data, whitespace)
	return b.tok.data == ""
}

func (b *builder) initial() bool {
	switch b.tok.kind {
	case text:
		if b.blank() {
			return true
		}
	case comment:
		b.addComment(b.doc)
		return true
	case doctype:
		b.readDoctype()
		b.mode = beforeHTML
		return true
	}
	b.quirks = true
	b.mode = beforeHTML
	return false
}

// readDoctype adds the doctype. Others than those of HTML 5 and XHTML x/net reads:
// whether a table ends a paragraph depends on it.
func (b *builder) readDoctype() {
	const begin = "<!doctype html"
	said := b.tok.data
	if len(said) > len(begin) && strings.EqualFold(said[:len(begin)], begin) && strings.HasSuffix(said[:len(begin)], "html") {
		if attrs, known := publicID(said[len(begin):]); known {
			n := b.slabs.node()
			n.Type, n.Data, n.Attr = html.DoctypeNode, "html", attrs
			addTo(b.doc, n)
			return
		}
	}
	page, err := html.Parse(strings.NewReader(b.tok.data + "<p><table>"))
	if err != nil || page.FirstChild == nil || page.FirstChild.Type != html.DoctypeNode {
		b.decline()
		return
	}
	n := page.FirstChild
	page.RemoveChild(n)
	addTo(b.doc, n)
	for n := range page.Descendants() {
		if n.DataAtom == atom.Table {
			b.quirks = n.Parent.DataAtom == atom.P
		}
	}
}

// publicID reads what stands after the name in a doctype of HTML 5 or of XHTML 1.
func publicID(s string) (attrs []html.Attribute, known bool) {
	if s == ">" {
		return nil, true
	}
	rest, public := strings.CutPrefix(s, ` PUBLIC "-//W3C//DTD XHTML 1.`)
	version, rest, ends := strings.Cut(rest, `"`)
	address, rest, quoted := strings.Cut(strings.TrimLeft(rest, whitespace), `"`)
	system, rest, closed := strings.Cut(rest, `"`)
	if !public || !ends || !quoted || !closed || address != "" || rest != ">" || strings.ContainsRune(s, '&') || !strings.HasPrefix(system, "http://www.w3.org/") {
		return nil, false
	}
	return []html.Attribute{{Key: "public", Val: "-//W3C//DTD XHTML 1." + version}, {Key: "system", Val: system}}, true
}

// begins tells the end tags that imply what comes before <body>.
func (t *token) begins() bool {
	switch t.tag {
	case atom.Head, atom.Body, atom.Html, atom.Br:
		return true
	}
	return false
}

func (b *builder) beforeHTML() bool {
	switch b.tok.kind {
	case doctype:
		return true
	case text:
		if b.blank() {
			return true
		}
	case startTag:
		if b.tok.rule == htmlTag {
			b.insert()
			b.mode = beforeHead
			return true
		}
	case endTag:
		if !b.tok.begins() {
			return true
		}
	case comment:
		b.addComment(b.doc)
		return true
	}
	b.imply(atom.Html)
	b.mode = beforeHead
	return false
}

func (b *builder) beforeHead() bool {
	switch b.tok.kind {
	case text:
		if b.blank() {
			return true
		}
	case startTag:
		if b.tok.tag == atom.Head {
			b.insert()
			b.head = b.top().node
			b.mode = inHead
			return true
		}
		if b.tok.tag == atom.Html {
			return b.inBody()
		}
	case endTag:
		if !b.tok.begins() {
			return true
		}
	case comment:
		b.addComment(b.top().node)
		return true
	case doctype:
		return true
	}
	b.imply(atom.Head)
	b.head = b.top().node
	b.mode = inHead
	return false
}

// leading adds white space at the beginning of a text, and tells whether nothing
// is left.
func (b *builder) leading() bool {
	rest := strings.TrimLeft(b.tok.data, whitespace)
	b.addText(b.tok.data[:len(b.tok.data)-len(rest)])
	b.tok.data = rest
	return rest == ""
}

func (b *builder) inHead() bool {
	switch b.tok.kind {
	case text:
		if b.leading() {
			return true
		}
	case startTag:
		switch b.tok.rule {
		case htmlTag:
			return b.inBody()
		case headVoid:
			b.insertVoid()
			return true
		case headText:
			b.insertRaw()
			return true
		case template:
			b.startTemplate()
			return true
		}
		switch b.tok.tag {
		case atom.Noscript:
			b.insertRaw()
			return true
		case atom.Head:
			return true
		}
	case endTag:
		if b.tok.tag == atom.Head {
			b.pop()
			b.mode = afterHead
			return true
		}
		if b.tok.tag == atom.Template {
			b.endTemplate()
			return true
		}
		if !b.tok.begins() {
			return true
		}
	case comment:
		b.addComment(b.top().node)
		return true
	case doctype:
		return true
	}
	b.pop()
	b.mode = afterHead
	return false
}

func (b *builder) afterHead() bool {
	switch b.tok.kind {
	case text:
		if b.leading() {
			return true
		}
	case startTag:
		switch b.tok.rule {
		case htmlTag:
			return b.inBody()
		case bodyTag:
			b.insert()
			b.mode = inBody
			return true
		case headVoid, headText, template:
			b.push(element{b.head, traitOf(atom.Head)})
			used := b.inHead()
			b.remove(b.head)
			return used
		case declined:
			b.decline()
			return true
		}
		if b.tok.tag == atom.Head {
			return true
		}
	case endTag:
		if b.tok.tag == atom.Template {
			b.endTemplate()
			return true
		}
		if b.tok.tag == atom.Head || !b.tok.begins() {
			return true
		}
	case comment:
		b.addComment(b.top().node)
		return true
	case doctype:
		return true
	}
	b.imply(atom.Body)
	b.mode = inBody
	return b.tok.kind == endOfPage
}

// inText reads the text of an element that has no tags in it, and its end.
func (b *builder) inText() bool {
	switch b.tok.kind {
	case text:
		s := b.tok.data
		if top := b.top(); top.tag == atom.Textarea && top.node.FirstChild == nil {
			s = withoutNewline(s)
		}
		b.addText(s)
		return true
	case startTag, comment, doctype:
		b.decline()
		return true
	}
	b.pop()
	b.mode = b.back
	return b.tok.kind == endTag
}

// withoutNewline drops a line feed at the beginning.
func withoutNewline(s string) string {
	return strings.TrimPrefix(strings.TrimPrefix(s, "\r"), "\n")
}

func (b *builder) afterBody() bool {
	switch b.tok.kind {
	case endOfPage:
		return true
	case text:
		if strings.TrimLeft(b.tok.data, whitespace) == "" {
			return b.inBody()
		}
	case startTag:
		if b.tok.tag == atom.Html {
			return b.inBody()
		}
	case endTag:
		if b.tok.tag == atom.Html {
			b.mode = afterAfterBody
			return true
		}
	case comment:
		b.addComment(b.open[1].node)
		return true
	}
	b.mode = inBody
	return false
}

func (b *builder) afterAfterBody() bool {
	switch b.tok.kind {
	case endOfPage:
		return true
	case text:
		if strings.TrimLeft(b.tok.data, whitespace) == "" {
			return b.inBody()
		}
	case startTag:
		if b.tok.tag == atom.Html {
			return b.inBody()
		}
	case comment:
		b.addComment(b.doc)
		return true
	case doctype:
		return b.inBody()
	}
	b.mode = inBody
	return false
}
