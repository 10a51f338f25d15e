package pagetree

import (
	"strings"

	"golang.org/x/net/html/atom"
)

func (b *builder) inTable() bool {
	switch b.tok.kind {
	case text:
		if b.top().flags&inTable != 0 && !isText(b.tok.data) {
			b.addText(b.tok.data)
			return true
		}
	case startTag:
		if known, used := b.startInTable(); known {
			return used
		}
	case endTag:
		switch b.tok.tag {
		case atom.Table:
			if b.popUntil(tables, atom.Table) {
				b.resetMode()
			}
			return true
		case atom.Body, atom.Caption, atom.Col, atom.Colgroup, atom.Html, atom.Tbody, atom.Td, atom.Tfoot, atom.Th, atom.Thead, atom.Tr:
			return true
		case atom.Template:
			b.endTemplate()
			return true
		}
	case comment:
		b.addComment(b.top().node)
		return true
	case doctype:
		return true
	case endOfPage:
		return b.inBody()
	}
	b.fostering = true
	used := b.inBody()
	b.fostering = false
	return used
}

// startInTable follows the rules for tags that may stand in a table. What it does
// not know belongs before the table.
func (b *builder) startInTable() (known, used bool) {
	switch b.tok.tag {
	case atom.Caption:
		b.clearTo(atom.Table, atom.Table, atom.Table)
		b.mark()
		b.insert()
		b.mode = inCaption
		return true, true
	case atom.Colgroup:
		b.clearTo(atom.Table, atom.Table, atom.Table)
		b.insert()
		b.mode = inColumns
		return true, true
	case atom.Col:
		b.clearTo(atom.Table, atom.Table, atom.Table)
		b.imply(atom.Colgroup)
		b.mode = inColumns
		return true, false
	case atom.Tbody, atom.Tfoot, atom.Thead:
		b.clearTo(atom.Table, atom.Table, atom.Table)
		b.insert()
		b.mode = inTableBody
		return true, true
	case atom.Td, atom.Th, atom.Tr:
		b.clearTo(atom.Table, atom.Table, atom.Table)
		b.imply(atom.Tbody)
		b.mode = inTableBody
		return true, false
	case atom.Table:
		if b.popUntil(tables, atom.Table) {
			b.resetMode()
			return true, false
		}
		return true, true
	case atom.Style, atom.Script, atom.Template:
		return true, b.inHead()
	case atom.Input:
		if b.isHiddenInput() {
			b.insertVoid()
			return true, true
		}
	case atom.Form:
		if b.form == nil && len(b.templates) == 0 {
			b.insert()
			b.form = b.top().node
			b.pop()
		}
		return true, true
	}
	return false, false
}

func (b *builder) isHiddenInput() bool {
	for _, a := range b.tok.attrs {
		if a.Key == "type" && strings.EqualFold(a.Val, "hidden") {
			return true
		}
	}
	return false
}

// resetMode finds the mode by the open elements, after the end of a table or
// template.
func (b *builder) resetMode() {
	for i := len(b.open) - 1; i > 0; i-- {
		b.work++
		switch b.open[i].tag {
		case atom.Td, atom.Th:
			b.mode = inCell
		case atom.Tr:
			b.mode = inRow
		case atom.Tbody, atom.Thead, atom.Tfoot:
			b.mode = inTableBody
		case atom.Caption:
			b.mode = inCaption
		case atom.Colgroup:
			b.mode = inColumns
		case atom.Table:
			b.mode = inTableMode
		case atom.Template:
			b.mode = b.templates[len(b.templates)-1]
		case atom.Head:
			b.mode = inHead
		case atom.Body:
			b.mode = inBody
		case atom.Html:
			b.mode = afterHead
			if b.head == nil {
				b.mode = beforeHead
			}
		default:
			continue
		}
		return
	}
}

// endCaption closes the caption, and tells whether there is one.
func (b *builder) endCaption() bool {
	if !b.popUntil(tables, atom.Caption) {
		return false
	}
	b.clearActive()
	b.mode = inTableMode
	return true
}

func (b *builder) inCaption() bool {
	switch b.tok.kind {
	case startTag:
		switch b.tok.tag {
		case atom.Caption, atom.Col, atom.Colgroup, atom.Tbody, atom.Td, atom.Tfoot, atom.Thead, atom.Tr:
			return !b.endCaption()
		}
	case endTag:
		switch b.tok.tag {
		case atom.Caption:
			b.endCaption()
			return true
		case atom.Table:
			return !b.endCaption()
		case atom.Body, atom.Col, atom.Colgroup, atom.Html, atom.Tbody, atom.Td, atom.Tfoot, atom.Th, atom.Thead, atom.Tr:
			return true
		}
	}
	return b.inBody()
}

func (b *builder) inColumns() bool {
	switch b.tok.kind {
	case text:
		if b.leading() {
			return true
		}
	case comment:
		b.addComment(b.top().node)
		return true
	case doctype:
		return true
	case startTag:
		switch b.tok.tag {
		case atom.Html:
			return b.inBody()
		case atom.Col:
			b.insertVoid()
			return true
		case atom.Template:
			return b.inHead()
		}
	case endTag:
		switch b.tok.tag {
		case atom.Colgroup:
			if b.top().tag == atom.Colgroup {
				b.pop()
				b.mode = inTableMode
			}
			return true
		case atom.Col:
			return true
		case atom.Template:
			b.endTemplate()
			return true
		}
	case endOfPage:
		return b.inBody()
	}
	if b.top().tag != atom.Colgroup {
		return true
	}
	b.pop()
	b.mode = inTableMode
	return false
}

func (b *builder) inTableBody() bool {
	switch b.tok.kind {
	case startTag:
		switch b.tok.tag {
		case atom.Tr:
			b.clearTo(atom.Tbody, atom.Tfoot, atom.Thead)
			b.insert()
			b.mode = inRow
			return true
		case atom.Td, atom.Th:
			b.clearTo(atom.Tbody, atom.Tfoot, atom.Thead)
			b.imply(atom.Tr)
			b.mode = inRow
			return false
		case atom.Caption, atom.Col, atom.Colgroup, atom.Tbody, atom.Tfoot, atom.Thead:
			return !b.endTableBody()
		}
	case endTag:
		switch tag := b.tok.tag; tag {
		case atom.Tbody, atom.Tfoot, atom.Thead:
			if b.find(tables, tag) >= 0 {
				b.clearTo(atom.Tbody, atom.Tfoot, atom.Thead)
				b.pop()
				b.mode = inTableMode
			}
			return true
		case atom.Table:
			return !b.endTableBody()
		case atom.Body, atom.Caption, atom.Col, atom.Colgroup, atom.Html, atom.Td, atom.Th, atom.Tr:
			return true
		}
	case comment:
		b.addComment(b.top().node)
		return true
	}
	return b.inTable()
}

func (b *builder) endTableBody() bool {
	if !b.popUntilAny(tables, atom.Tbody, atom.Thead, atom.Tfoot) {
		return false
	}
	b.mode = inTableMode
	return true
}

func (b *builder) inRow() bool {
	switch b.tok.kind {
	case startTag:
		switch b.tok.tag {
		case atom.Td, atom.Th:
			b.clearTo(atom.Tr, atom.Tr, atom.Tr)
			b.insert()
			b.mark()
			b.mode = inCell
			return true
		case atom.Caption, atom.Col, atom.Colgroup, atom.Tbody, atom.Tfoot, atom.Thead, atom.Tr:
			return !b.endRow()
		}
	case endTag:
		switch tag := b.tok.tag; tag {
		case atom.Tr:
			b.endRow()
			return true
		case atom.Table:
			return !b.endRow()
		case atom.Tbody, atom.Tfoot, atom.Thead:
			return b.find(tables, tag) < 0 || !b.endRow()
		case atom.Body, atom.Caption, atom.Col, atom.Colgroup, atom.Html, atom.Td, atom.Th:
			return true
		}
	}
	return b.inTable()
}

// endRow closes the row, and tells whether there is one.
func (b *builder) endRow() bool {
	if b.find(tables, atom.Tr) < 0 {
		return false
	}
	b.clearTo(atom.Tr, atom.Tr, atom.Tr)
	b.pop()
	b.mode = inTableBody
	return true
}

func (b *builder) inCell() bool {
	switch b.tok.kind {
	case startTag:
		switch b.tok.tag {
		case atom.Caption, atom.Col, atom.Colgroup, atom.Tbody, atom.Td, atom.Tfoot, atom.Th, atom.Thead, atom.Tr:
			if !b.popUntilAny(tables, atom.Td, atom.Th, atom.Th) {
				return true
			}
			b.clearActive()
			b.mode = inRow
			return false
		}
	case endTag:
		switch tag := b.tok.tag; tag {
		case atom.Td, atom.Th:
			if b.popUntil(tables, tag) {
				b.clearActive()
				b.mode = inRow
			}
			return true
		case atom.Body, atom.Caption, atom.Col, atom.Colgroup, atom.Html:
			return true
		case atom.Table, atom.Tbody, atom.Tfoot, atom.Thead, atom.Tr:
			if b.find(tables, tag) < 0 {
				return true
			}
			if b.popUntilAny(tables, atom.Td, atom.Th, atom.Th) {
				b.clearActive()
			}
			b.mode = inRow
			return false
		}
	}
	return b.inBody()
}
