package content

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// What the box of an author beside a post is like.
const (
	aProfile    = 400 // bytes of text at most
	manyAuthors = 2   // of them on the page
	maxName     = 60  // bytes of the author's name
)

// profileNames are words in class names of the box that tells who wrote a post.
var profileNames = []string{"user", "author", "poster", "postprofile", "userinfo", "profile"}

// profileFacts are what such a box counts.
var profileFacts = []string{"joined", "messages", "posts", "reputation", "reaction score", "location", "member since", "registered", "threads"}

// authors looks for the boxes of authors beside the posts of a forum, and leaves
// the name of each: when somebody joined, and how much he has written, is
// repeated with each post and says nothing about it.
func (j *judge) authors() {
	boxes := map[string][]*node{} // by class
	walk(j.body, func(n *node) bool {
		if n.kind != html.ElementNode || n.junk {
			return n.kind == html.DocumentNode
		}
		if n.class == "" || n.weight.text == 0 || n.weight.text > aProfile || n.parent == nil || n.parent.weight.text == n.weight.text {
			return true
		}
		if !isProfile(n) || saysMore(n) {
			return true
		}
		boxes[n.class] = append(boxes[n.class], n)
		return false
	})
	for _, list := range boxes {
		if len(list) < manyAuthors {
			continue
		}
		for _, n := range list {
			leaveName(n)
		}
	}
}

// isProfile tells a box by its name and by two facts that it has.
func isProfile(n *node) bool {
	class := strings.ToLower(n.class)
	named := false
	for word := range strings.FieldsSeq(class) {
		for _, name := range profileNames {
			named = named || strings.Contains(word, name) && !strings.HasPrefix(word, "has-")
		}
	}
	if !named {
		return false
	}
	facts, text := 0, strings.ToLower(rawText(n))
	for _, fact := range profileFacts {
		if strings.Contains(text, fact) {
			facts++
		}
	}
	return facts >= 2
}

// saysMore tells a short post, with the box in it, from the box: it has
// paragraphs, or text beside the facts that is no name.
func saysMore(n *node) bool {
	more := false
	walk(n, func(c *node) bool {
		switch {
		case c.tag == atom.P, c.tag == atom.Pre, c.tag == atom.Blockquote:
			more = true
		case c != n && c.kind == html.ElementNode && isProfile(c):
			more = more || n.weight.text-c.weight.text > maxName
			return false
		}
		return !more
	})
	return more
}

// leaveName makes all of a box junk but the first link or heading with a name.
func leaveName(box *node) {
	name := find(box, func(n *node) bool {
		switch n.tag {
		case atom.A, atom.H3, atom.H4, atom.H5, atom.Strong, atom.Dt:
			return n.weight.text > 1 && n.weight.text <= maxName
		}
		return false
	})
	if name == nil {
		return
	}
	for n := name; n != box; n = n.parent {
		for c := n.parent.first; c != nil; c = c.next {
			c.junk = c.junk || c != n && c.kind == html.ElementNode
		}
	}
}
