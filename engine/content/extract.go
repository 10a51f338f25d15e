package content

import (
	"slices"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

const (
	// minShare is how much of the page's prose a <main> or <article> must hold to
	// be taken for its content.
	minShare = 0.25
	// narrowShare is how much of it a child must hold for its parent to be only a
	// frame around it.
	narrowShare = 0.9
	// keptShare is the same for all text, links too.
	keptShare = 0.8
	// linkList is the share of link text from which a block is navigation.
	linkList = 0.7
	// little is how many bytes of text are hardly a page.
	little = 300
	// muchProse is how many bytes of it make a page that has more to say than
	// little.
	muchProse = 5 * little
	// enough is how many bytes of prose a page has whose link lists are not its
	// content.
	enough = 600
)

// judge tells content from what surrounds it. It marks junk in the tree and
// sums up, for each element, the prose that is left: text outside of links.
type judge struct {
	gen     *generator
	root    *node
	known   bool // marks name the container: then only what is sure goes
	body    *node
	named   map[string][]string // junk words by class and id
	lists   bool                // lists of links are what the page has to say
	doubted map[string]bool     // junk words that mean something else here
	// inMain tells that the node stands in <main> or <article>: lists of links
	// there belong to what is said.
	inMain bool
}

// mainOf returns the nodes that hold the main content, after marking what in
// them is junk, and whether marks of a generator led there.
func mainOf(root *node, g *generator) (mains []*node, known bool) {
	j := judge{gen: g, root: root, body: root, named: map[string][]string{}, doubted: map[string]bool{}}
	if g != nil {
		if posts := g.thread(root); posts != nil && holdPosts(posts, &root.weight) {
			j.known = true
			for _, box := range posts {
				j.mark(box)
			}
			if title := j.titleBefore(posts[0]); title != nil {
				posts = slices.Insert(posts, 0, title)
			}
			return posts, true
		}
		if n := g.container(root); n != nil && !holdsBanner(n) && (n.weight.holds(&root.weight) || n.weight.tops > 0 && g.names(n)) { // a page may have but a title yet
			j.known = n.tag != atom.Body || g.takesBody()
			mains := g.beside(root, n)
			for _, box := range mains {
				j.mark(box)
			}
			j.tail(n)
			if title := j.titleBefore(mains[0]); title != nil && title.end <= mains[0].order {
				mains = slices.Insert(mains, 0, title)
			}
			return mains, j.known
		}
	}
	if body := find(root, func(n *node) bool { return n.tag == atom.Body }); body != nil {
		j.body = body
	}
	j.endings(j.body)
	j.authors()
	j.doubt(j.scope())
	j.mark(j.body)
	if j.hasLost() {
		j.lists = true
		j.again()
	}
	if j.hasLost() && (j.body.kept < little/4 || j.body.weight.prose() >= muchProse) {
		j.known = true // what sounds like junk is all there is
		j.again()
	}
	n := j.narrow(j.container())
	if title := j.titleBefore(n); title != nil {
		return []*node{title, n}, false
	}
	return []*node{n}, false
}

// hasLost reports whether hardly anything is left of a page that has more.
func (j *judge) hasLost() bool { return j.body.kept < little && j.body.kept < j.body.weight.text/2 }

// again judges the page anew.
func (j *judge) again() {
	walk(j.body, func(n *node) bool { n.junk = false; return true })
	j.authors()
	j.mark(j.body)
}

// minHeld is how much of the page's prose the container of its generator holds at
// least: a text in it may be one of many things on a page.
const minHeld = .15

func (w *weight) holds(page *weight) bool { return float64(w.prose()) >= minHeld*float64(page.prose()) }

// scope is the <main> of a page, if it has one that holds a good part of it.
func (j *judge) scope() *node {
	best := j.body
	walk(j.body, func(n *node) bool {
		if n.tag == atom.Main || n.kind == html.ElementNode && attr(n, "role") == "main" {
			if 3*n.weight.text >= j.body.weight.text && (best == j.body || n.weight.text > best.weight.text) {
				best = n
			}
			return false
		}
		return n.weight.tops > 0 || n == j.body || 3*n.weight.text >= j.body.weight.text
	})
	return best
}

// container finds the element that says that it holds the content.
func (j *judge) container() *node {
	best := j.body
	for _, fits := range []func(*node) bool{
		func(n *node) bool { return n.tag == atom.Main || attr(n, "role") == "main" },
		func(n *node) bool { return n.tag == atom.Article || attr(n, "itemprop") == "articleBody" },
	} {
		share := minShare
		if best != j.body {
			share = .5 // within <main>, an article among others is not all
		}
		if n := heaviest(best, fits); n != nil && !j.isUnderHeadings(n) && float64(n.prose) >= share*float64(best.prose) && float64(n.kept) >= share*float64(best.kept) && n.kept > 0 {
			best = n
		}
	}
	return best
}

// isUnderHeadings reports whether n is an entry of a page: two headings at least
// that stand above its own come between it and the page's title.
func (j *judge) isUnderHeadings(n *node) bool {
	own := firstHeading(n)
	if own == nil || n.weight.tops > 0 || n.tag != atom.Article {
		return false
	}
	titled, above := false, 0
	walk(j.body, func(c *node) bool {
		if c.order >= n.order || c.junk || c.kind != html.ElementNode {
			return false
		}
		if titled && isHeading(c) && c.data < own.data {
			above++
		}
		titled = titled || c.tag == atom.H1
		return c.weight.headings > 0 || c.weight.tops > 0
	})
	return above >= 2
}

// narrow goes down to the element around the prose.
func (j *judge) narrow(n *node) *node {
	for {
		var next *node
		for c := n.first; c != nil; c = c.next {
			if c.kind == html.ElementNode && !c.junk && float64(c.prose) >= narrowShare*float64(n.prose) && float64(c.kept) >= keptShare*float64(n.kept) {
				next = c
			}
		}
		if next == nil || next.prose == 0 || !isFrame(next) || next.label != "" || isAdmonition(next) || leavesLead(n, next) || isBelowHeading(n, next) || isPartOf(n, next) || isSection(n, next) || n != j.body && leads(n.first) {
			return n
		}
		n = next
	}
}

// isBelowHeading reports whether a heading of a section stands right before next.
func isBelowHeading(n, next *node) bool {
	heading := false
	for c := n.first; c != nil && c != next; c = c.next {
		if c.weight.text > 0 {
			heading = isHeading(c) && c.tag != atom.H1 && !c.junk
		}
	}
	return heading
}

// isPartOf reports whether next is a part of what n says: it begins with a heading
// below the one that n begins with, or of the level of one that stands before it.
func isPartOf(n, next *node) bool {
	if n.weight.headings < 2 {
		return false
	}
	part := firstHeading(next)
	if part == nil {
		return false
	}
	if whole := firstHeading(n); whole != nil && whole.order < next.order && whole.tag != atom.H1 && whole.data < part.data {
		return true
	}
	for c := n.first; c != next; c = c.next {
		if isHeading(c) && c.tag == part.tag && !c.junk {
			return true
		}
	}
	return false
}

// isSection reports whether next is one section of several in n: boxes of one
// name that begin with headings of one level.
func isSection(n, next *node) bool {
	heading := firstHeading(next)
	if heading == nil || next.class == "" && next.tag != atom.Section {
		return false
	}
	for c := n.first; c != nil; c = c.next {
		if c != next && !c.junk && c.tag == next.tag && c.class == next.class && c.prose > 0 {
			if other := firstHeading(c); other != nil && other.tag == heading.tag {
				return true
			}
		}
	}
	return false
}

// firstHeading is the heading that a box begins with.
func firstHeading(n *node) *node {
	if n.weight.headings == 0 {
		return nil
	}
	first := findNear(n, func(n *node) bool {
		return n.kind == html.ElementNode && n.weight.text > 0 && (isHeading(n) || n.first != nil && n.first.kind == html.TextNode && n.first.weight.text > 0)
	})
	if first == nil || !isHeading(first) {
		return nil
	}
	return first
}

// aLead is how many bytes of prose beside the top heading are what a page begins
// with, and aSentence how many a paragraph below it has.
const aLead, aSentence = 250, 60

// leavesLead reports whether going down from n to next leaves out, in <main> or
// <article>, the box that has the top heading and the beginning of the text, or
// a paragraph between the two.
func leavesLead(n, next *node) bool {
	if n.weight.tops == 0 || next.weight.tops > 0 {
		return false
	}
	titled, said := false, within(n, atom.Main, atom.Article)
	for c := n.first; c != nil && c != next; c = c.next {
		if c.junk {
			continue
		}
		if h1 := top(c); h1 != nil {
			titled = said
			if said && c.prose-h1.weight.text >= aLead || leads(h1.next) {
				return true
			}
		} else if titled && c.tag == atom.P && c.prose >= aSentence {
			return true
		}
	}
	return false
}

// leads reports whether n or what stands beside it is a paragraph of some length.
func leads(n *node) bool {
	for ; n != nil; n = n.next {
		if n.tag == atom.P && !n.junk && n.prose >= 2*aSentence {
			return true
		}
	}
	return false
}

// top returns the top heading in n, if it has one.
func top(n *node) *node {
	if n.weight.tops == 0 {
		return nil
	}
	return find(n, func(n *node) bool { return n.tag == atom.H1 })
}

// within reports whether n is an element of one of the kinds, or stands in one.
func within(n *node, tags ...atom.Atom) bool {
	for ; n != nil; n = n.parent {
		if slices.Contains(tags, n.tag) {
			return true
		}
	}
	return false
}

// isFrame tells elements that only hold others.
func isFrame(n *node) bool {
	switch n.tag {
	case atom.Div, atom.Section, atom.Main, atom.Article, atom.Center, atom.Form, atom.Font, atom.Span:
		return !isRoleTable(n)
	}
	return false
}

// heaviest returns the element with the most prose among those that fit and do
// not stand in another that fits.
func heaviest(root *node, fits func(*node) bool) *node {
	var best *node
	most := int32(-1)
	walk(root, func(n *node) bool {
		if n.kind != html.ElementNode || n.junk {
			return n.kind != html.TextNode && !n.junk
		}
		if n == root || !fits(n) {
			return true
		}
		if n.kept+n.prose > most {
			best, most = n, n.kept+n.prose
		}
		return false
	})
	return best
}

// mark judges n and what is below it, and sums up the text that is left.
func (j *judge) mark(n *node) {
	n.prose, n.kept = 0, 0
	var before *node
	j.labels(n)
	for c := n.first; c != nil; c = c.next {
		switch {
		case c.kind == html.TextNode:
			c.prose, c.kept = c.weight.text-c.weight.linked, c.weight.text
		case c.junk || j.isJunk(c):
			c.junk = true
			if before != nil && titlesContents(before, c) {
				before.junk = true
				n.prose, n.kept = n.prose-before.prose, n.kept-before.kept
			}
			continue
		case c.tag == atom.Pre || c.tag == atom.Code || c.tag == atom.Tt: // highlighters have names of their own
			c.prose, c.kept = c.weight.text-c.weight.linked, c.weight.text
		default:
			outer := j.inMain
			j.inMain = outer || c.tag == atom.Main || c.tag == atom.Article || attr(c, "role") == "main"
			j.mark(c)
			j.inMain = outer
		}
		n.prose, n.kept = n.prose+c.prose, n.kept+c.kept
		if c.weight.text > 0 {
			before = c
		}
	}
}

// isJunk tells elements that are no content.
func (j *judge) isJunk(n *node) bool {
	if isMaths(n) {
		return false
	}
	if j.isAround(n) {
		return true
	}
	if j.known && strings.Contains(n.class, "nav") && j.isNavBar(n) {
		return true
	}
	switch n.tag {
	case atom.Nav, atom.Menu:
		return true
	case atom.Form:
		return !j.known && n.weight.solid < 3 // some pages wrap everything in a form
	case atom.Footer:
		return !j.known || n.weight.solid < 2
	case atom.Aside:
		return !isAdmonition(n) && !j.known && !isNote(n) && !hasClass(n, "footnote-list") && !mostlyCode(n) // an example
	case atom.Header:
		return !j.known && n.weight.tops == 0 && !(j.inMain && (n.weight.headings > 0 || find(n, func(c *node) bool { return c.tag == atom.Code }) != nil)) // that of a section
	}
	if len(n.attrs) > 0 {
		switch attr(n, "role") {
		case "navigation", "search", "banner", "contentinfo", "complementary", "menu", "menubar", "dialog", "alertdialog", "tablist", "toolbar", "listbox":
			return true
		}
		if attr(n, "itemprop") == "position" && n.weight.text < 6 { // the number of a post
			return true
		}
	}
	return !j.known && (j.junkByName(n) || !j.lists && j.isLinkList(n)) || isNotPrinted(n) && n.weight.tops == 0 && !mostlyCode(n) && 10*n.weight.text < 4*j.body.weight.text
}

// isAround tells what the page's generator puts around the content.
func (j *judge) isAround(n *node) bool {
	return j.gen != nil && (n.class != "" && (hasClass(n, j.gen.junk...) || isOwnIndex(n) || isByTheSide(n)) || n.id != "" && slices.Contains(j.gen.junkIDs, n.id))
}

// isByTheSide tells boxes whose names mean something else where they do not stand
// beside what they belong to: the number of a notebook's cell (nbsphinx), the first
// sentence of a comment (scaladoc), and who wrote a document and when (Asciidoctor).
func isByTheSide(n *node) bool {
	switch up := n.parent; {
	case up == nil:
		return false
	case hasClass(n, "prompt"):
		return hasClass(up, "nbinput", "nboutput")
	case hasClass(n, "shortcomment"): // the beginning of what follows
		return n.next != nil && find(n.next, func(n *node) bool { return hasClass(n, "comment") }) != nil
	default:
		return up.id == "header" && hasClass(n, "details")
	}
}

// isNotPrinted tells what a page leaves away on paper: pagers, feedback, buttons.
func isNotPrinted(n *node) bool {
	if !strings.Contains(n.class, "print") {
		return false
	}
	for c := range strings.FieldsSeq(n.class) {
		switch c {
		case "d-print-none", "no-print", "noprint", "hidden-print", "print-hidden":
			return true
		}
		if strings.Contains(c, "print:") && strings.HasSuffix(c, "hidden") { // "print:hidden", with a prefix or without
			return true
		}
	}
	return false
}
