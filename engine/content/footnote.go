package content

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// footnoteRef returns the mark of a footnote where n refers to one: a short mark
// that links into the page, named as footnotes are.
func footnoteRef(n *node) string {
	href, local := strings.CutPrefix(attr(n, "href"), "#")
	if !local || n.weight.text == 0 || n.weight.text > 6 {
		return ""
	}
	named := hasClass(n, "footnote-reference", "footnote-ref", "footnote") || hasAttr(n, "data-footnote-ref") || attr(n, "role") == "doc-noteref"
	if !named {
		up := n.parent
		named = up != nil && up.tag == atom.Sup && (strings.HasPrefix(href, "fn") || strings.HasPrefix(href, "ftn") || strings.HasPrefix(href, "cite_note") ||
			strings.Contains(href, "footnote"))
	}
	mark := strings.Trim(strings.TrimSpace(rawText(n)), "[]()")
	if !named || mark == "" || strings.ContainsAny(mark, " \t\n[]^*") {
		return ""
	}
	return mark
}

// noteIn returns the reference to a footnote in a <sup> that has only brackets
// beside it, as Asciidoctor writes them.
func noteIn(n *node) *node {
	var only *node
	for c := n.first; c != nil; c = c.next {
		switch {
		case c.tag == atom.A && only == nil:
			only = c
		case c.kind != html.TextNode || strings.Trim(c.data, "[] ") != "":
			return nil
		}
	}
	if only == nil || footnoteRef(only) == "" {
		return nil
	}
	return only
}

// isBackRef tells the arrow that leads from a footnote back to the text.
func isBackRef(n *node) bool {
	if n.weight.text > 8 || !strings.HasPrefix(attr(n, "href"), "#") {
		return false
	}
	if hasClass(n, "footnote-backref", "footnote-back", "data-footnote-backref") || hasAttr(n, "data-footnote-backref") || attr(n, "role") == "doc-backlink" {
		return true
	}
	switch strings.TrimSpace(rawText(n)) {
	case "↩", "↩︎", "↑", "^", "↵":
		return true
	}
	return false
}

// isNotes tells a list of footnotes.
func isNotes(n *node) bool {
	if n.tag == atom.Dl {
		return hasClass(n, "footnote")
	}
	if n.tag != atom.Ol {
		return false
	}
	for up, i := n, 0; up != nil && i < 2; up, i = up.parent, i+1 {
		if hasClass(up, "footnotes", "footnote", "references", "footnotes-list") || attr(up, "role") == "doc-endnotes" {
			return true
		}
	}
	return false
}

// isNote tells a footnote in a box of its own: docutils since 0.18, mdBook,
// DocBook, Asciidoctor.
func isNote(n *node) bool {
	switch n.tag {
	case atom.Aside:
		return attr(n, "role") == "doc-footnote" || hasClass(n, "footnote")
	case atom.Div:
		return hasClass(n, "footnote-definition") || hasClass(n, "footnote") && n.parent != nil && (hasClass(n.parent, "footnotes") || n.parent.id == "footnotes")
	}
	return false
}

// note writes such a footnote under its mark. It reports false where it finds
// none.
func (w *writer) note(n *node) bool {
	if n.end-n.order > maxFormula { // of nodes: it is small
		return false
	}
	label := find(n, func(n *node) bool { return hasClass(n, "label", "footnote-definition-label", "para") })
	if first := n.first; label == nil && first != nil && strings.HasPrefix(attr(first, "href"), "#_footnoteref") && first.next != nil {
		label = first
		first.next.data = strings.TrimPrefix(first.next.data, ". ")
	}
	if label == nil {
		return false
	}
	mark := strings.Trim(tight(label), "[]() ")
	if mark == "" || strings.ContainsAny(mark, " []^*") {
		return false
	}
	w.block(2)
	w.push("[^"+mark+"]: ", "    ")
	label.junk = true
	w.children(n, 2)
	w.pop()
	return true
}

// noteMarks leaves out what would end the mark of a footnote.
var noteMarks = strings.NewReplacer("[", "", "]", "", "(", "", ")", "", "^", "", "*", "", " ", "")

// notes writes a definition list of footnotes.
func (w *writer) notes(n *node) {
	mark := ""
	for c := n.first; c != nil; c = c.next {
		switch c.tag {
		case atom.Dt:
			mark = noteMarks.Replace(tight(c))
		case atom.Dd:
			w.block(2)
			w.push("[^"+mark+"]: ", "    ")
			w.children(c, 2)
			w.pop()
		}
	}
}
