package content

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

const (
	// minShare is how much of the page's text a <main> or <article> must hold to
	// be taken for its content.
	minShare = 0.25
	// linkList is the share of link text from which a block is navigation.
	linkList = 0.7
)

// mainOf returns the node whose children are the main content.
func mainOf(root *node, g *generator) *node {
	if g != nil {
		if n := g.container(root); n != nil {
			return n
		}
	}
	body := find(root, func(n *node) bool { return n.tag == atom.Body })
	if body == nil {
		return root
	}
	all := body.weight.text
	for _, fits := range []func(*node) bool{
		func(n *node) bool { return n.tag == atom.Main || attr(n, "role") == "main" },
		func(n *node) bool { return n.tag == atom.Article },
		func(n *node) bool {
			return hasClass(n, "content", "main-content", "post-content", "entry-content", "article-body", "document", "markdown") ||
				n.id == "content" || n.id == "main-content" || n.id == "main"
		},
	} {
		if best := heaviest(body, fits); best != nil && float64(best.weight.text) >= minShare*float64(all) {
			return best
		}
	}
	return body
}

// heaviest returns the element with the most text among those that fit and do
// not stand in another that fits.
func heaviest(root *node, fits func(*node) bool) *node {
	var best *node
	most := 0
	walk(root, func(n *node) bool {
		if n.kind != html.ElementNode || !fits(n) {
			return true
		}
		if w := n.weight.text; w > most {
			best, most = n, w
		}
		return false
	})
	return best
}

// junkWords are parts of class names and ids of what surrounds content.
var junkWords = []string{
	"breadcrumb", "sidebar", "cookie", "newsletter", "social", "share-", "sharing", "related-posts", "pagination", "pager",
	"comment-form", "advert", "promo", "banner", "skip-link", "skiplink", "site-footer", "site-header", "masthead", "popup", "modal",
	"table-of-contents", "toc-", "edit-this-page", "feedback", "page-nav", "prevnext", "prev-next", "subscribe", "author-bio", "tag-list", "byline-share",
}

// isJunk tells elements of the container that are no content. known tells that
// the container was found by a generator's marks: then only what is sure goes.
func isJunk(n *node, g *generator, known bool) bool {
	if g != nil && len(g.junk) > 0 && n.class != "" && hasClass(n, g.junk...) {
		return true
	}
	switch n.tag {
	case atom.Nav, atom.Menu:
		return true
	case atom.Form:
		return !known && n.weight.solid < 3 // some pages wrap everything in a form
	case atom.Footer:
		return !known || n.weight.solid < 2
	case atom.Aside:
		return !isAdmonition(n) && !known
	case atom.Header:
		return !known && find(n, func(n *node) bool { return n.tag == atom.H1 }) == nil
	}
	switch attr(n, "role") {
	case "navigation", "search", "banner", "contentinfo", "complementary":
		return true
	}
	return !known && junkByName(n) && !holdsContent(n)
}

func junkByName(n *node) bool {
	switch n.tag {
	case atom.Div, atom.Section, atom.Ul, atom.Ol, atom.P, atom.Span, atom.A:
	default:
		return false
	}
	name := strings.ToLower(n.class + " " + n.id)
	if len(name) < 2 {
		return false
	}
	for _, word := range junkWords {
		if strings.Contains(name, word) {
			return true
		}
	}
	return false
}

// holdsContent keeps a block whose name sounds like junk and that is full of
// paragraphs.
func holdsContent(n *node) bool {
	w := &n.weight
	return w.solid >= 8 && float64(w.linked) < .3*float64(w.text)
}

// isLinkList tells a list or a box of hardly anything but links, in a page whose
// container was not found by marks.
func isLinkList(n *node) bool {
	switch n.tag {
	case atom.Ul, atom.Ol, atom.Div, atom.Section:
	default:
		return false
	}
	w := &n.weight
	return w.links >= 4 && w.solid == 0 && float64(w.linked) >= linkList*float64(w.text) && w.text/w.links < 40
}
