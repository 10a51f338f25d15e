package content

import (
	"strings"

	"golang.org/x/net/html/atom"
)

// endingTitles begin the headings of what follows an article, in lower case.
var endingTitles = []string{
	"related", "you may also", "you might also", "you may like", "leave a reply", "leave a comment", "leave your comment", "post a comment", "recent posts",
	"recent articles", "share this", "share on", "more from", "more in ", "popular posts", "most popular", "most read", "sign up", "subscribe", "newsletter",
	"stay up to date", "comments", "customers also", "customers who", "recently viewed", "recommended", "similar products", "similar items", "similar questions", "about the author",
	"was this page", "was this article", "was this helpful", "read next", "up next", "keep reading", "explore more", "latest posts", "latest news", "latest articles",
	"join the discussion", "join our", "follow us", "frequently bought", "people also", "trending", "reader interactions", "primary sidebar", "footer", "top stories",
	"shop the", "complete the look", "you must log in", "not the answer you", "hot network questions", "your answer", "post your answer", "share your thoughts", "write a review", "log in",
}

// topicTitles are those of them that are the title of a section, too, in a page
// about such things: the comments of a language, subscribing to a queue.
var topicTitles = []string{
	"related", "comments", "more in ", "recommended", "footer", "subscribe", "newsletter", "log in", "sign up", "trending", "join our", "recent posts", "popular posts",
	"latest posts", "share on", "follow us", "write a review", "your answer",
}

func isEnding(title string) bool {
	if len(title) > 60 {
		return false
	}
	title = strings.ToLower(title)
	for _, one := range endingTitles {
		if rest, ok := strings.CutPrefix(title, one); ok && (strings.HasSuffix(one, " ") || !goesOn(strings.TrimPrefix(rest, "s"))) {
			return true
		}
	}
	count := strings.TrimLeft(title, "0123456789, ")
	return count != title && (strings.HasPrefix(count, "comment") || strings.HasPrefix(count, "reply") || strings.HasPrefix(count, "replies") || strings.HasPrefix(count, "thoughts on"))
}

// goesOn reports whether a word goes on: footerHtml is no footer.
func goesOn(rest string) bool { return rest != "" && 'a' <= rest[0] && rest[0] <= 'z' }

// endings marks, in a page without a known frame, the boxes whose heading says
// that they stand after the content.
func (j *judge) endings(body *node) {
	walk(body, func(n *node) bool {
		switch n.tag {
		case atom.H2, atom.H3, atom.H4, atom.H5, atom.H6:
			if title := tight(n); isEnding(title) && !(isTopic(title) && (linksToItself(n) || j.isSection(n))) {
				j.markEnding(n)
			}
			return false
		}
		return true
	})
}

// linksToItself tells a heading with a permalink, which text has and what a page
// puts below it has not.
func linksToItself(h *node) bool {
	return h.permalink || h.id != "" && find(h, func(n *node) bool { return n.tag == atom.A && attr(n, "href") == "#"+h.id }) != nil
}

// isTopic tells titles that may be those of sections.
func isTopic(title string) bool {
	title = strings.ToLower(title)
	for _, one := range topicTitles {
		if strings.HasPrefix(title, one) {
			return true
		}
	}
	return false
}

// markEnding marks the largest box that begins with the heading and is a small
// part of the page; where there is none, the heading and what follows it up to
// the next one.
func (j *judge) markEnding(h *node) {
	box := h
	for up := h.parent; up != nil && up != j.body && up.parent != nil && startsWith(up, box) && 10*up.weight.text < 4*j.body.weight.text && up.weight.tops == 0; up = up.parent {
		box = up
	}
	if box != h && box.weight.text > h.weight.text {
		box.junk = true
		return
	}
	for n := box; n != nil; n = n.next {
		if n != box && (n.weight.headings > 0 || 10*n.weight.text > 4*j.body.weight.text) {
			return
		}
		n.junk = true
	}
}

// startsWith reports whether no text stands in outer before inner, its child.
func startsWith(outer, inner *node) bool {
	left := manySiblings
	for c := outer.first; c != nil && c != inner; c = c.next {
		if left--; c.weight.text > 0 || left == 0 {
			return false
		}
	}
	return true
}

// aSection is how many bytes of prose a section has at least, and maxUp how many
// boxes stand around its heading.
const aSection, maxUp = 60, 4

// isSection tells the heading of a section among others: text stands under it,
// not links and no form, and after that a part of the same kind, whose heading
// has the same rank and ends nothing. The last section is one where code stands
// under it and others of its rank before it.
func (j *judge) isSection(h *node) bool {
	box := h
	for range maxUp {
		var prose, linked int32
		form, code := false, false
		for n := box; n != nil; n = n.next {
			if n != box {
				switch first := find(n, isHeading); {
				case first == nil || first.data > h.data: // goes on, with its parts
				case first.tag == h.tag && n.class == box.class && n.tag == box.tag && !isEnding(tight(first)):
					return prose >= aSection && linked < prose && !form
				default:
					return false
				}
			}
			if n != h {
				prose, linked = prose+n.weight.prose(), linked+n.weight.linked
			}
			form = form || find(n, isForm) != nil
			code = code || n.tag == atom.Pre
		}
		if box == h && code && !form && prose >= aSection && linked < prose && peersBefore(h) > 1 {
			return true
		}
		if box.parent == nil || box.parent == j.body || !startsWith(box.parent, box) {
			return false
		}
		box = box.parent
	}
	return false
}

// peersBefore counts the siblings before a heading that are headings of its rank
// and end nothing.
func peersBefore(h *node) int {
	peers := 0
	for n := h.parent.first; n != h; n = n.next {
		if n.tag == h.tag && !isEnding(tight(n)) {
			peers++
		}
	}
	return peers
}

func isHeading(n *node) bool { return isHeadingTag(n.tag) && n.tag != atom.Dt }
