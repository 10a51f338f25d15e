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

// maxJudged is how many elements that hide themselves are judged in one page: a
// page has one <main>, and judging one takes a walk over what is in it.
const maxJudged = 8

// judgement is what has been found out of a page to judge what in it hides
// itself. The page is walked for it once, not for each such element.
type judgement struct {
	judged int  // elements so far
	comes  bool // a program or a style sheet that may show what is hidden
	prose  int  // bytes of proseOf the page
}

// hiddenForGood reports whether <html>, <body> or <main> hides itself, and stays
// so. Pages hide themselves until a script has run, or a style sheet is there,
// and over HTTP neither comes: where there is one, what it will show is read.
// Without any, nobody is ever shown it; and a <main> that is hidden beside more
// text than it has, menus and what else is no prose left out, is no page that
// waits. After the first few of a page, all that hide themselves are hidden.
func (b *builder) hiddenForGood(root *html.Node) bool {
	if !hidesItself(root) {
		return false
	}
	j := &b.judgement
	if j.judged == 0 {
		j.comes, j.prose = waitsForScript(b.page), proseOf(b.page)
	}
	if j.judged++; j.judged > maxJudged {
		return true
	}
	if root.DataAtom != atom.Main {
		return !j.comes
	}
	own := 0
	if isProse(root) {
		own = proseOf(root)
	}
	if j.comes && j.prose-own <= textSize(root) {
		return false
	}
	j.prose -= own // it is taken out of the page
	return true
}

// waitsForScript reports whether something comes with a page that may show what
// hides itself in it.
func waitsForScript(page *html.Node) bool {
	for h := range page.Descendants() {
		if h.Type != html.ElementNode {
			continue
		}
		if h.DataAtom == atom.Script && isProgram(h) || h.DataAtom == atom.Link && (strings.Contains(strings.ToLower(attribute(h, "rel")), "stylesheet") || attribute(h, "as") == "script") {
			return true
		}
		for i := range h.Attr {
			if strings.HasPrefix(h.Attr[i].Key, "on") { // onload and the like
				return true
			}
		}
	}
	return false
}

// proseOf counts the bytes of text that an element shows outside of links and
// menus.
func proseOf(h *html.Node) int {
	size := 0
	for c := h.FirstChild; c != nil; c = c.NextSibling {
		switch {
		case c.Type == html.TextNode:
			size += len(strings.TrimSpace(c.Data))
		case c.Type == html.ElementNode && !isNoProse(c):
			size += proseOf(c)
		}
	}
	return size
}

// isProse reports whether proseOf the page counts what is in h.
func isProse(h *html.Node) bool {
	for ; h != nil; h = h.Parent {
		if h.Type == html.ElementNode && isNoProse(h) {
			return false
		}
	}
	return true
}

func isNoProse(h *html.Node) bool {
	return h.DataAtom == atom.A || h.DataAtom == atom.Head || isWindow(h) || neverShown(h)
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
