package content

import (
	"strings"

	"golang.org/x/net/html/atom"
)

// titleBefore returns the page's top heading where it stands before the main
// node and not in it.
func (j *judge) titleBefore(main *node) *node {
	if j.body.weight.tops == 0 || main.weight.tops > 0 && find(main, func(n *node) bool { return n.tag == atom.H1 }) != nil {
		return nil
	}
	return find(j.body, func(n *node) bool {
		if n.tag != atom.H1 || n.order > main.order || n.weight.text == 0 || namesSite(n, main, j.root) {
			return false
		}
		for up := n; up != nil; up = up.parent {
			if up.junk && up.tag != atom.Header || j.isAround(up) {
				return false
			}
		}
		return true
	})
}

// namesSite tells the top heading that is the same on each page: all of it is a
// link, or the end of <title>, which begins otherwise, or its beginning where it ends
// with the heading of its own that the content begins with.
func namesSite(h1, main, root *node) bool {
	own := firstHeading(main)
	if own == nil || own.tag != atom.H2 {
		return false
	}
	title := find(root, func(n *node) bool { return n.tag == atom.Title })
	if title == nil || title.weight.text == 0 {
		return false
	}
	whole, name, ownName := strings.ToLower(tight(title)), strings.ToLower(tight(h1)), strings.ToLower(tight(own))
	if strings.HasPrefix(whole, name) && len(whole) > len(name)+len(ownName) && strings.HasSuffix(whole, ownName) {
		return true
	}
	return !strings.HasPrefix(whole, name) && (h1.weight.linked == h1.weight.text || strings.HasSuffix(whole, name))
}

// holdsBanner reports whether the first of several top headings in a container is a
// link that leads out of the page: the name of the site is in it, and all else that
// stands around the content.
func holdsBanner(n *node) bool {
	if n.weight.tops < 2 {
		return false
	}
	first := top(n)
	if first == nil || first.weight.text == 0 || first.weight.linked < first.weight.text {
		return false
	}
	a := find(first, func(n *node) bool { return n.tag == atom.A && n.weight.text > 0 })
	if a == nil || attr(a, "href") == "" || strings.HasPrefix(attr(a, "href"), "#") {
		return false
	}
	return find(n, func(c *node) bool { return c.tag == atom.H1 && c != first && c.weight.linked < c.weight.text }) != nil
}
