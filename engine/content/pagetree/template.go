package pagetree

import "golang.org/x/net/html/atom"

// startTemplate opens a <template>. In SVG and MathML x/net drops the rest of the
// page.
func (b *builder) startTemplate() {
	b.work += len(b.open)
	for i := range b.open {
		if b.open[i].flags&outside != 0 {
			b.decline()
			return
		}
	}
	b.insert()
	b.mark()
	b.mode = inTemplate
	b.templates = append(b.templates, inTemplate)
}

// endTemplate closes the innermost <template>.
func (b *builder) endTemplate() {
	if len(b.templates) == 0 {
		return
	}
	b.closeImplied("")
	i := len(b.open) - 1
	for i > 0 && b.open[i].tag != atom.Template {
		i--
	}
	if i == 0 {
		b.decline()
		return
	}
	b.work += len(b.open) - i
	b.cut(i)
	b.clearActive()
	b.templates = b.templates[:len(b.templates)-1]
	b.resetMode()
}

func (b *builder) inTemplate() bool {
	switch b.tok.kind {
	case text, comment, doctype:
		return b.inBody()
	case startTag:
		switch b.tok.rule {
		case headVoid, headText, template:
			return b.inHead()
		}
		as := inBody
		switch b.tok.tag {
		case atom.Caption, atom.Colgroup, atom.Tbody, atom.Tfoot, atom.Thead:
			as = inTableMode
		case atom.Col:
			as = inColumns
		case atom.Tr:
			as = inTableBody
		case atom.Td, atom.Th:
			as = inRow
		}
		b.templates[len(b.templates)-1] = as
		b.mode = as
		return false
	case endTag:
		if b.tok.tag == atom.Template {
			b.endTemplate()
		}
		return true
	}
	if len(b.templates) == 0 {
		return true
	}
	b.endTemplate()
	return false
}
