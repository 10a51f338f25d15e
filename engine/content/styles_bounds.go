package content

import (
	"slices"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// shrink hides what stands in h, whose text has no size, and gets none of its own.
func (s *sheet) shrink(h *html.Node, left int) int {
	for c := h.FirstChild; c != nil && left > 0; c = c.NextSibling {
		if left--; c.Type != html.ElementNode || s.hasSize(c) {
			continue
		}
		if hasOwnText(c) {
			setAttribute(c, "style", attribute(c, "style")+";font-size:0")
			continue
		}
		left = s.shrink(c, left)
	}
	return left
}

// isOver reports whether a rule beyond the bound could hide h.
func (s *sheet) isOver(h *html.Node) bool {
	if h.Type != html.ElementNode || isRoot(h) {
		return false
	}
	if s.over[""] || s.over[h.Data] || s.over["#"+attribute(h, "id")] {
		return true
	}
	for class := range strings.FieldsSeq(attribute(h, "class")) {
		if s.over["."+class] {
			return true
		}
	}
	return false
}

// hasSize reports whether the sheet or its own style gives h a size of text.
func (s *sheet) hasSize(h *html.Node) bool {
	isSize := func(d styleDecl) bool { return d.key == "font-size" }
	return slices.ContainsFunc(declarations(attribute(h, "style")), isSize) ||
		slices.ContainsFunc(candidates(s.keyed, h), func(i int) bool { return slices.ContainsFunc(s.rules[i].decls, isSize) && s.matches(i, h) })
}

// hasOwnText reports whether text stands right in h.
func hasOwnText(h *html.Node) bool {
	for c := h.FirstChild; c != nil; c = c.NextSibling {
		if c.Type == html.TextNode && !isBlank(c.Data) {
			return true
		}
	}
	return false
}

// hasMoreSheets reports whether a page has sheets that lie elsewhere.
func hasMoreSheets(page *html.Node) bool {
	for h := range page.Descendants() {
		if h.DataAtom == atom.Link && strings.Contains(strings.ToLower(attribute(h, "rel")), "stylesheet") {
			return true
		}
	}
	return false
}

// mayHide reports whether a rule that hides could match h.
func (s *sheet) mayHide(h *html.Node) bool {
	return h.Type == html.ElementNode && !isRoot(h) && (len(s.hides[""]) > 0 || len(candidates(s.hides, h)) > 0)
}
