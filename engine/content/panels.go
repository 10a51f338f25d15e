package content

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// openers are the buttons of a page that a reader sees and that open something.
// What a page says in a closed panel is one click away, as in <details>, and no
// hidden text; what no button names stays hidden.
type openers struct {
	controls map[string]bool     // ids of what they open (aria-controls)
	ids      map[string]bool     // their own (aria-labelledby of a panel)
	says     map[*html.Node]bool // saysSomething, of panels asked for so far
}

// openersOf gathers them, also those that stand in a closed panel: one click
// shows them, another what they open.
func openersOf(page *html.Node) *openers {
	o := &openers{controls: map[string]bool{}, ids: map[string]bool{}, says: map[*html.Node]bool{}}
	closed := map[string][]*html.Node{} // not opened so far, by the ids that may open them
	todo, seen := []*html.Node{page}, map[*html.Node]bool{}
	found := func(ids map[string]bool, kind, id string) {
		if id != "" && !ids[id] {
			ids[id] = true
			todo = append(todo, closed[kind+id]...)
			delete(closed, kind+id)
		}
	}
	var look func(h *html.Node)
	look = func(h *html.Node) {
		if h.Type == html.ElementNode && isWindow(h) {
			return
		}
		if isOpener(h) {
			for id := range strings.FieldsSeq(attribute(h, "aria-controls")) {
				found(o.controls, "#", id)
			}
			found(o.ids, "@", attribute(h, "id"))
			return
		}
		if h.Type == html.ElementNode && neverShown(h) && h.DataAtom != atom.Button {
			if seen[h] || !o.opens(h) {
				for _, key := range []string{"#" + attribute(h, "id"), "@" + attribute(h, "aria-labelledby")} {
					closed[key] = append(closed[key], h)
				}
				return
			}
			seen[h] = true
		}
		for c := h.FirstChild; c != nil; c = c.NextSibling {
			look(c)
		}
	}
	for len(todo) > 0 {
		h := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		look(h)
	}
	return o
}

// opens reports whether a hidden element is a closed panel, as far as the buttons
// have been gathered: one opens it that names it, or that stands in a heading
// right before it. It is folded, not hidden in another way, has something to say,
// and is no menu, form or window.
func (o *openers) opens(h *html.Node) bool {
	if !isFolded(h) || isWindow(h) {
		return false
	}
	if !o.controls[attribute(h, "id")] && !o.ids[attribute(h, "aria-labelledby")] && !followsOpener(h) {
		return false
	}
	if len(junkWords(attribute(h, "class")+" "+attribute(h, "id"))) > 0 {
		return false
	}
	says, known := o.says[h]
	if !known {
		says = saysSomething(h)
		o.says[h] = says
	}
	return says
}

// isOpener tells a button with words on it that opens no menu and no window.
func isOpener(h *html.Node) bool {
	if h.DataAtom != atom.Button {
		switch attribute(h, "role") {
		case "button", "tab":
		default:
			return false
		}
	}
	return !hasAttribute(h, "aria-haspopup") && !isHidden(h) && !isFaded(h) && saysWords(h)
}

// saysWords reports whether a reader sees text in an element.
func saysWords(h *html.Node) bool {
	for c := h.FirstChild; c != nil; c = c.NextSibling {
		switch {
		case c.Type == html.TextNode:
			if fold(Sanitize(c.Data)) != "" {
				return true
			}
		case c.Type == html.ElementNode && !neverShown(c) && !isFaded(c) && saysWords(c):
			return true
		}
	}
	return false
}

// isWindow tells menus, windows and what stands around content.
func isWindow(h *html.Node) bool {
	switch h.DataAtom {
	case atom.Nav, atom.Menu, atom.Header, atom.Footer, atom.Dialog, atom.Aside:
		return true
	}
	switch attribute(h, "role") {
	case "dialog", "alertdialog", "menu", "menubar", "navigation", "banner", "contentinfo", "complementary", "search", "listbox", "tooltip", "status", "alert":
		return true
	}
	return hasAttribute(h, "aria-modal")
}

// opensByButton tells a hidden element that is a closed panel, and stands in no
// menu and no window.
func (b *builder) opensByButton(h *html.Node) bool {
	if !isFolded(h) || isWindow(h) {
		return false
	}
	if b.openers == nil {
		b.openers = openersOf(b.page)
	}
	if !b.openers.opens(h) {
		return false
	}
	for up := h.Parent; up != nil; up = up.Parent {
		if isWindow(up) {
			return false
		}
	}
	return true
}

// isFolded tells what is hidden in the ways that panels are closed, and in no
// other.
func isFolded(h *html.Node) bool {
	switch h.DataAtom {
	case atom.Div, atom.Section, atom.Article, atom.Dd, atom.P, atom.Li:
	default:
		return false
	}
	for _, d := range declarations(attribute(h, "style")) {
		switch d.key {
		case "display", "height", "max-height", "overflow", "visibility":
		default:
			if d.key == "opacity" && isZero(d.value) || d.key == "color" || hidingValue(d.key, d.value, "") {
				return false
			}
		}
	}
	for c := range strings.FieldsSeq(attribute(h, "class")) {
		if hidingClasses[c] && c != "hidden" && c != "d-none" && c != "is-hidden" && c != "u-hidden" {
			return false
		}
	}
	return true
}

// followsOpener reports whether the element before h is a heading that is a
// button, or a button that says what it opens is closed.
func followsOpener(h *html.Node) bool {
	before := h.PrevSibling
	for i := 0; before != nil && i < manySiblings; i++ {
		if before.Type == html.ElementNode && before.DataAtom != atom.Style && before.DataAtom != atom.Script {
			break
		}
		if before.Type == html.TextNode && !isBlank(before.Data) {
			return false
		}
		before = before.PrevSibling
	}
	if before == nil || before.Type != html.ElementNode {
		return false
	}
	// Down to the button, through boxes that hold nothing else.
	heading := false
	for n, i := before, 0; n != nil && i < 8; i++ {
		heading = heading || isHeadingTag(n.DataAtom)
		if isOpener(n) {
			closed := attribute(n, "aria-expanded")
			return (closed == "false" || closed == "" && (heading || onlyHeading(n))) && controls(n, h)
		}
		if isWindow(n) || neverShown(n) || isFaded(n) {
			return false
		}
		n = onlyElement(n)
	}
	return false
}

// controls reports whether what a button says that it opens is the panel, or in
// it; one that names nothing opens what follows.
func controls(button, panel *html.Node) bool {
	id := attribute(button, "aria-controls")
	if id == "" || id == attribute(panel, "id") {
		return true
	}
	for n := range panel.Descendants() {
		if n.Type == html.ElementNode && attribute(n, "id") == id {
			return true
		}
	}
	return false
}

func isHeadingTag(tag atom.Atom) bool {
	switch tag {
	case atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Dt:
		return true
	}
	return false
}

// onlyHeading tells a button that holds a heading and nothing else.
func onlyHeading(h *html.Node) bool {
	for n, i := h, 0; n != nil && i < 4; n, i = onlyElement(n), i+1 {
		if isHeadingTag(n.DataAtom) {
			return true
		}
	}
	return false
}

// onlyElement returns the only child with content, if it is an element.
func onlyElement(h *html.Node) *html.Node {
	var only *html.Node
	left := manySiblings
	for c := h.FirstChild; c != nil; c = c.NextSibling {
		if left--; left < 0 {
			return nil
		}
		switch {
		case c.Type == html.TextNode && !isBlank(c.Data), c.Type == html.ElementNode && only != nil:
			return nil
		case c.Type == html.ElementNode && c.DataAtom != atom.Style && c.DataAtom != atom.Svg && c.DataAtom != atom.Script:
			only = c
		}
	}
	return only
}

// saysSomething tells prose from menus and forms: less than half of it is links,
// and nothing is to be filled in.
func saysSomething(h *html.Node) bool {
	linked, size, links, left := 0, 0, 0, 200*manySiblings
	var look func(h *html.Node) bool
	look = func(h *html.Node) bool {
		if left--; left < 0 {
			return true // panels may stand in each other
		}
		switch h.DataAtom {
		case atom.Input, atom.Select, atom.Textarea:
			return false
		case atom.Script, atom.Style:
			return true
		case atom.A:
			links++
			defer func() { links-- }()
		}
		if h.Type == html.TextNode {
			n := len(strings.TrimSpace(h.Data))
			if size += n; links > 0 {
				linked += n
			}
		}
		for c := h.FirstChild; c != nil; c = c.NextSibling {
			if !look(c) {
				return false
			}
		}
		return true
	}
	return look(h) && 2*linked < size
}
