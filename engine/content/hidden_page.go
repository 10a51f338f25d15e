package content

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// isRoot tells the elements that hold a whole page.
func isRoot(h *html.Node) bool {
	return h.DataAtom == atom.Html || h.DataAtom == atom.Body || h.DataAtom == atom.Main
}

// hiddenForGood reports whether <html>, <body> or <main> hides itself, and stays
// so. Pages hide themselves until a script has run, or a style sheet is there,
// and over HTTP neither comes: where there is one, what it will show is read.
// Without any, nobody is ever shown it; and a <main> that is hidden beside more
// text than it has, menus and what else is no prose left out, is no page that
// waits.
func hiddenForGood(root *html.Node) bool {
	if !hidesItself(root) {
		return false
	}
	page := root
	for page.Parent != nil {
		page = page.Parent
	}
	if root.DataAtom == atom.Main {
		if proseBeside(page, root) > textSize(root) {
			return true
		}
	}
	for h := range page.Descendants() {
		if h.Type != html.ElementNode {
			continue
		}
		if h.DataAtom == atom.Script && isProgram(h) || h.DataAtom == atom.Link && strings.Contains(strings.ToLower(attribute(h, "rel")), "stylesheet") {
			return false
		}
		for i := range h.Attr {
			if strings.HasPrefix(h.Attr[i].Key, "on") { // onload and the like
				return false
			}
		}
	}
	return true
}

// proseBeside counts the bytes of text that a page shows outside of main, links
// and menus.
func proseBeside(h, main *html.Node) int {
	size := 0
	for c := h.FirstChild; c != nil; c = c.NextSibling {
		switch {
		case c.Type == html.TextNode:
			size += len(strings.TrimSpace(c.Data))
		case c.Type != html.ElementNode, c == main, c.DataAtom == atom.A, c.DataAtom == atom.Head, isWindow(c), neverShown(c):
		default:
			size += proseBeside(c, main)
		}
	}
	return size
}

// hidesItself reads what an element says of itself. Sizes of text and classes
// are left out: what is within has its own.
func hidesItself(h *html.Node) bool {
	if hasAttribute(h, "hidden") || isFaded(h) {
		return true
	}
	style := strings.ToLower(strings.Join(strings.Fields(attribute(h, "style")), ""))
	for _, d := range declarations(style) {
		if d.key != "font-size" && hidingValue(d.key, d.value, style) {
			return true
		}
	}
	return false
}

// isProgram tells a script that runs from data that stands in one.
func isProgram(h *html.Node) bool {
	kind := strings.ToLower(strings.TrimSpace(attribute(h, "type")))
	return kind == "" || kind == "module" || strings.HasSuffix(kind, "javascript") || strings.HasSuffix(kind, "ecmascript")
}
