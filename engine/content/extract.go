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
func mainOf(root *html.Node, g *generator) *html.Node {
	if g != nil {
		if n := g.container(root); n != nil {
			return n
		}
	}
	body := find(root, func(n *html.Node) bool { return n.DataAtom == atom.Body })
	if body == nil {
		return root
	}
	all := weigh(body).text
	for _, fits := range []func(*html.Node) bool{
		func(n *html.Node) bool { return n.DataAtom == atom.Main || attr(n, "role") == "main" },
		func(n *html.Node) bool { return n.DataAtom == atom.Article },
		func(n *html.Node) bool {
			return hasClass(n, "content", "main-content", "post-content", "entry-content", "article-body", "document", "markdown") ||
				attr(n, "id") == "content" || attr(n, "id") == "main-content" || attr(n, "id") == "main"
		},
	} {
		if best := heaviest(body, fits); best != nil && float64(weigh(best).text) >= minShare*float64(all) {
			return best
		}
	}
	return body
}

// heaviest returns the element with the most text among those that fit and do
// not stand in another that fits.
func heaviest(root *html.Node, fits func(*html.Node) bool) *html.Node {
	var best *html.Node
	most := 0
	walk(root, func(n *html.Node) bool {
		if n.Type != html.ElementNode || !fits(n) {
			return n.Type != html.ElementNode || !neverShown(n)
		}
		if w := weigh(n).text; w > most {
			best, most = n, w
		}
		return false
	})
	return best
}

// weight counts bytes of text, of it within links, and the elements that speak
// for content.
type weight struct{ text, linked, solid int }

// weigh counts below n, without what is never shown or is navigation by name.
func weigh(n *html.Node) weight { return weighDepth(n, false, 0) }

func weighDepth(n *html.Node, inLink bool, depth int) weight {
	var w weight
	if depth > maxDepth {
		return w
	}
	switch {
	case n.Type == html.TextNode:
		w.text = len(strings.TrimSpace(n.Data))
		if inLink {
			w.linked = w.text
		}
		return w
	case n.Type == html.ElementNode && (neverShown(n) || n.DataAtom == atom.Nav):
		return w
	}
	switch n.DataAtom {
	case atom.A:
		inLink = true
	case atom.P, atom.Pre, atom.Table, atom.Dl, atom.Blockquote, atom.H1, atom.H2, atom.H3:
		w.solid++
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		below := weighDepth(c, inLink, depth+1)
		w.text, w.linked, w.solid = w.text+below.text, w.linked+below.linked, w.solid+below.solid
	}
	return w
}

// junkWords are parts of class names and ids of what surrounds content.
var junkWords = []string{
	"breadcrumb", "sidebar", "cookie", "newsletter", "social", "share-", "sharing", "related-posts", "pagination", "pager",
	"comment-form", "advert", "promo", "banner", "skip-link", "skiplink", "site-footer", "site-header", "masthead", "popup", "modal",
	"table-of-contents", "toc-", "edit-this-page", "feedback", "page-nav", "prevnext", "prev-next", "subscribe", "author-bio", "tag-list", "byline-share",
}

// isJunk tells elements of the container that are no content. known tells that
// the container was found by a generator's marks: then only what is sure goes.
func isJunk(n *html.Node, g *generator, known bool) bool {
	if neverShown(n) {
		return true
	}
	if g != nil && len(g.junk) > 0 && len(n.Attr) > 0 && hasClass(n, g.junk...) {
		return true
	}
	switch n.DataAtom {
	case atom.Nav, atom.Menu:
		return true
	case atom.Form:
		return !known && weigh(n).solid < 3 // some pages wrap everything in a form
	case atom.Footer:
		return !known || weigh(n).solid < 2
	case atom.Aside:
		return !isAdmonition(n) && !known
	case atom.Header:
		return !known && find(n, func(n *html.Node) bool { return n.DataAtom == atom.H1 }) == nil
	}
	switch attr(n, "role") {
	case "navigation", "search", "banner", "contentinfo", "complementary":
		return true
	}
	return !known && junkByName(n) && !holdsContent(n)
}

func junkByName(n *html.Node) bool {
	switch n.DataAtom {
	case atom.Div, atom.Section, atom.Ul, atom.Ol, atom.P, atom.Span, atom.A:
	default:
		return false
	}
	name := strings.ToLower(attr(n, "class") + " " + attr(n, "id"))
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
func holdsContent(n *html.Node) bool {
	w := weigh(n)
	return w.solid >= 8 && float64(w.linked) < .3*float64(w.text)
}

// isLinkList tells a list or a box of hardly anything but links, in a page whose
// container was not found by marks.
func isLinkList(n *html.Node) bool {
	switch n.DataAtom {
	case atom.Ul, atom.Ol, atom.Div, atom.Section:
	default:
		return false
	}
	w := weigh(n)
	links := 0
	walk(n, func(n *html.Node) bool {
		if n.DataAtom == atom.A {
			links++
		}
		return links < 6
	})
	return links >= 4 && w.solid == 0 && float64(w.linked) >= linkList*float64(w.text) && w.text/links < 40
}
