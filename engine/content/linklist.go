package content

import (
	"strings"

	"golang.org/x/net/html/atom"
)

// isLinkList tells a list or a box of hardly anything but short links, in a page
// that has more to say.
func (j *judge) isLinkList(n *node) bool {
	switch n.tag {
	case atom.Ul, atom.Ol, atom.Div, atom.Section, atom.Table, atom.Dl:
	default:
		return false
	}
	w, all := &n.weight, &j.body.weight
	if j.inMain && w.local < w.links || n.parent.tag == atom.Dl { // of nothing but names of types
		return false
	}
	if w.links < 3 || float64(w.linked) < linkList*float64(w.text) || all.text-all.linked < enough {
		return false
	}
	if w.local == w.links {
		return true // a table of contents
	}
	return w.links >= 4 && w.text/w.links < 40 && w.solid <= w.links/4 && !isContents(n)
}

// isContents tells the list of a book's chapters on its first page: it stands right
// below the heading of the page, after a paragraph.
func isContents(list *node) bool {
	for i := 0; i < 3 && list.parent.tag == atom.Li; i++ { // the sections of a chapter
		list = list.parent.parent
	}
	titled := false
	var before *node
	for c, i := list.parent.first, 0; c != list; c, i = c.next, i+1 {
		if i > manySiblings {
			return false
		}
		titled = titled || c.tag == atom.H1
		if c.weight.text > 0 {
			before = c
		}
	}
	return titled && before != nil && before.tag == atom.P && before.weight.prose() >= aSentence
}

// titlesContents reports whether a heading stands above nothing but links within
// the page.
func titlesContents(heading, list *node) bool {
	if !isHeading(heading) || list.weight.links < 2 || list.weight.local < list.weight.links {
		return false
	}
	switch strings.ToLower(tight(heading)) {
	case "table of contents", "contents", "on this page":
		return true
	}
	return false
}
