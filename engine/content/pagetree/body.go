package pagetree

import (
	"slices"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

func (b *builder) inBody() bool {
	switch b.tok.kind {
	case text:
		s := b.tok.data
		if top := b.top(); top.rule == preformat && top.node.FirstChild == nil {
			s = withoutNewline(s)
		}
		if s != "" {
			b.reopen()
			b.addText(s)
		}
	case startTag:
		return b.startInBody()
	case endTag:
		return b.endInBody()
	case comment:
		b.addComment(b.top().node)
	case endOfPage:
		if len(b.templates) > 0 {
			b.mode = inTemplate
			return false
		}
	}
	return true
}

func (b *builder) startInBody() bool {
	switch b.tok.rule {
	case ordinary:
		b.reopen()
		b.insert()
	case htmlTag:
		if len(b.templates) == 0 {
			b.addAttributes(b.open[1].node)
		}
	case bodyTag:
		if len(b.templates) == 0 && len(b.open) > 2 && b.open[2].tag == atom.Body {
			b.addAttributes(b.open[2].node)
		}
	case headVoid, headText, template:
		return b.inHead()
	case block, preformat:
		b.closeParagraph()
		b.insert()
	case heading:
		b.closeParagraph()
		if b.top().flags&headings != 0 {
			b.pop()
		}
		b.insert()
	case formTag:
		b.startForm()
	case listItem:
		b.closeItem(atom.Li, atom.Li)
		b.closeParagraph()
		b.insert()
	case definition:
		b.closeItem(atom.Dd, atom.Dt)
		b.closeParagraph()
		b.insert()
	case tableTag:
		if !b.quirks {
			b.closeParagraph()
		}
		b.insert()
		b.mode = inTableMode
	case anchor, formatting, nobr, object:
		b.startFormatting()
	case voidTag:
		b.reopen()
		b.insertVoid()
	case paramTag:
		b.insertVoid()
	case tablePart: // without its table
	case declined:
		b.decline()
	default:
		return b.startRare()
	}
	return true
}

// startForm opens a form, unless one is open.
func (b *builder) startForm() {
	if b.form != nil && len(b.templates) == 0 {
		return
	}
	b.closeParagraph()
	b.insert()
	if len(b.templates) == 0 {
		b.form = b.top().node
	}
}

// endForm closes the form that is open. What is open in it may stay so.
func (b *builder) endForm() {
	i := b.find(stops, atom.Form)
	if len(b.templates) > 0 {
		if i >= 0 {
			b.closeImplied("")
			b.cut(i)
		}
		return
	}
	n := b.form
	b.form = nil
	if n != nil && i >= 0 && b.open[i].node == n {
		b.closeImplied("")
		b.remove(n)
	}
}

// startFormatting opens a formatting element, or one that bounds them.
func (b *builder) startFormatting() {
	switch b.tok.rule {
	case anchor:
		for i := len(b.active) - 1; i >= 0 && b.active[i].node != nil; i-- {
			if b.active[i].tag == atom.A {
				n := b.active[i].node
				b.endFormatting()
				b.remove(n)
				if at := b.indexOfActive(n); at >= 0 {
					b.active = slices.Delete(b.active, at, at+1)
				}
				break
			}
		}
		b.reopen()
		b.insertFormatting()
	case nobr:
		b.reopen()
		if b.find(stops, atom.Nobr) >= 0 {
			b.endFormatting()
			b.reopen()
		}
		b.insertFormatting()
	case object:
		b.reopen()
		b.insert()
		b.mark()
	default:
		b.reopen()
		b.insertFormatting()
	}
}

// startRare begins the elements of forms and others that pages have less of.
func (b *builder) startRare() bool {
	switch b.tok.rule {
	case buttonTag:
		if b.find(stops, atom.Button) >= 0 {
			b.closeImplied("")
			b.popUntil(stops, atom.Button)
		}
		b.reopen()
		b.insert()
	case inputTag:
		b.popUntil(stops, atom.Select)
		b.reopen()
		b.insertVoid()
	case ruleTag:
		if b.find(stops|buttons, atom.P) >= 0 {
			b.closeImplied("p")
			b.popUntil(stops, atom.P)
		}
		if b.find(stops, atom.Select) >= 0 {
			b.closeImplied("")
		}
		b.insertVoid()
	case imageTag:
		b.tok.trait, b.tok.data = traitOf(atom.Img), atom.Img.String()
		return false
	case textareaTag, rawTag:
		b.insertRaw()
	case xmpTag:
		b.closeParagraph()
		b.reopen()
		b.insertRaw()
	case selectTag:
		if !b.popUntil(stops, atom.Select) {
			b.reopen()
			b.insert()
		}
	case option, optgroup:
		b.startOption()
	case ruby, rubyText:
		if b.find(stops, atom.Ruby) >= 0 {
			but := ""
			if b.tok.rule == rubyText {
				but = "rtc"
			}
			b.closeImplied(but)
		}
		b.insert()
	case foreign:
		b.reopen()
		b.insertForeign(b.tok.data)
	}
	return true
}

func (b *builder) startOption() {
	switch {
	case b.find(stops, atom.Select) >= 0:
		but := ""
		if b.tok.rule == option {
			but = "optgroup"
		}
		b.closeImplied(but)
	case b.top().tag == atom.Option:
		b.pop()
	}
	b.reopen()
	b.insert()
}

// closeItem closes an item of a list that is open in the innermost list.
func (b *builder) closeItem(t1, t2 atom.Atom) {
	for i := len(b.open) - 1; i > 0; i-- {
		b.work++
		switch e := &b.open[i]; {
		case e.tag == t1, e.tag == t2:
			b.cut(i)
			return
		case e.tag == atom.Address, e.tag == atom.Div, e.tag == atom.P:
		case e.flags&special != 0:
			return
		}
	}
}

// addAttributes adds the attributes of the tag that n has not.
func (b *builder) addAttributes(n *html.Node) {
	for _, a := range b.tok.attrs {
		if !hasKey(n.Attr, a.Key) {
			n.Attr = append(n.Attr, a)
		}
		b.work += len(n.Attr)
	}
	if len(n.Attr) > maxAttributes {
		b.decline()
	}
}

func hasKey(attrs []html.Attribute, key string) bool {
	for i := range attrs {
		if attrs[i].Key == key {
			return true
		}
	}
	return false
}

func (b *builder) endInBody() bool {
	switch tag := b.tok.tag; b.tok.rule {
	case bodyTag:
		if b.find(stops, atom.Body) >= 0 {
			b.mode = afterBody
		}
	case htmlTag:
		if b.find(stops, atom.Body) < 0 {
			return true
		}
		b.mode = afterBody
		return false
	case formTag:
		b.endForm()
	case listItem:
		b.popUntil(stops|lists, atom.Li)
	case definition:
		b.popUntil(stops, tag)
	case heading:
		b.endHeading()
	case anchor, formatting, nobr:
		b.endFormatting()
	case object:
		if b.popUntil(stops, tag) {
			b.clearActive()
		}
	default:
		return b.endOther()
	}
	return true
}

func (b *builder) endOther() bool {
	switch tag := b.tok.tag; {
	case tag == atom.P:
		if b.paragraphs == 0 || b.find(stops|buttons, atom.P) < 0 {
			if b.isForeign() {
				b.decline()
			}
			b.imply(atom.P)
		}
		b.popUntil(stops|buttons, atom.P)
	case b.tok.flags&closeable != 0:
		if b.find(stops, tag) >= 0 {
			b.closeImplied("")
			b.popUntil(stops, tag)
		}
	case tag == atom.Br:
		b.tok.kind = startTag
		return false
	case tag == atom.Template:
		b.endTemplate()
	default:
		b.endOrdinary()
	}
	return true
}

// endHeading closes the innermost heading, whichever it is.
func (b *builder) endHeading() {
	for i := len(b.open) - 1; i > 0; i-- {
		b.work++
		switch e := &b.open[i]; {
		case e.flags&headings != 0:
			b.cut(i)
			return
		case e.flags&stops != 0:
			return
		}
	}
}

// endOrdinary closes the innermost element of the name, unless a special one is
// open in it.
func (b *builder) endOrdinary() {
	for i := len(b.open) - 1; i > 0; i-- {
		b.work++
		e := &b.open[i]
		if e.flags&outside == 0 && e.tag == b.tok.tag && (e.tag != 0 || e.node.Data == b.tok.data) {
			b.cut(i)
			return
		}
		if e.flags&special != 0 {
			return
		}
	}
}

// isText tells text that is more than white space.
func isText(s string) bool { return strings.Trim(s, whitespace) != "" }
