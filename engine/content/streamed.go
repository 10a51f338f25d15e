package content

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// maxParts bounds the late parts of a page that are moved, and maxParserDepth is
// how deep the parser nests elements (x/net/html); a page whose parts stand in
// each other must not become deeper than that.
const maxParts, maxParserDepth = 100, 512

// fillPlaces puts the parts of a page that React sends late where they belong.
// Such a part stands hidden at the end of the body, <div hidden id="S:1">, and
// a script moves it at once to the place that a template holds for it: B:1
// for what replaces a placeholder, P:1 for a piece of another part. A part
// whose place is nowhere stays hidden.
func fillPlaces(page *html.Node) {
	parts := partsOf(page)
	if len(parts) == 0 || !waitsForScript(page) {
		return
	}
	places := map[string]*html.Node{}
	for n := range page.Descendants() {
		if n.DataAtom != atom.Template {
			continue
		}
		if id := attribute(n, "id"); strings.HasPrefix(id, "B:") || strings.HasPrefix(id, "P:") {
			places[id] = n
		}
	}
	for _, part := range parts {
		number := strings.TrimPrefix(attribute(part, "id"), "S:")
		for _, id := range [...]string{"B:" + number, "P:" + number} {
			place := places[id]
			// Filling an earlier place may have taken this one out of the page.
			if place != nil && isWithin(place, page) && !isWithin(place, part) && depthOf(place)+heightOf(part) < maxParserDepth {
				delete(places, id)
				movePart(part, place)
				break
			}
		}
	}
}

// partsOf lists the late parts of a page.
func partsOf(page *html.Node) (parts []*html.Node) {
	for n := range page.Descendants() {
		if n.DataAtom != atom.Body {
			continue
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			if len(parts) < maxParts && c.DataAtom == atom.Div && len(c.Attr) == 2 && hasAttribute(c, "hidden") && strings.HasPrefix(attribute(c, "id"), "S:") {
				parts = append(parts, c)
			}
		}
		break
	}
	return parts
}

// movePart puts what is in a part before the template that holds its place,
// instead of the placeholder that is shown until then.
func movePart(part, place *html.Node) {
	if strings.HasPrefix(attribute(place, "id"), "B:") {
		for end := placeholderEnd(place); end != nil && place.NextSibling != end; {
			place.Parent.RemoveChild(place.NextSibling)
		}
	}
	for c := part.FirstChild; c != nil; c = part.FirstChild {
		part.RemoveChild(c)
		place.Parent.InsertBefore(c, place)
	}
}

// placeholderEnd is the comment "/$" that ends what stands after a template, as
// far as it looks.
func placeholderEnd(place *html.Node) *html.Node {
	left, depth := 10*manySiblings, 1
	for n := place.NextSibling; n != nil && left > 0; n, left = n.NextSibling, left-1 {
		if n.Type != html.CommentNode {
			continue
		}
		switch n.Data {
		case "$", "$?", "$!":
			depth++
		case "/$":
			if depth--; depth == 0 {
				return n
			}
		}
	}
	return nil
}

// depthOf is how many elements stand around n.
func depthOf(n *html.Node) int {
	depth := 0
	for up := n.Parent; up != nil; up = up.Parent {
		depth++
	}
	return depth
}

// heightOf is how deep elements stand in n.
func heightOf(n *html.Node) int {
	height := 0
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		height = max(height, 1+heightOf(c))
	}
	return height
}

// isWithin reports whether n is outer or stands in it.
func isWithin(n, outer *html.Node) bool {
	for ; n != nil; n = n.Parent {
		if n == outer {
			return true
		}
	}
	return false
}
