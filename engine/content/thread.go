package content

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// thread returns the posts of a page on which the container of its generator
// stands several times, as in an issue and what is said to it, each with who
// wrote it and when as its label. Nil: there is one post, or none.
func (g *generator) thread(root *node) []*node {
	if !g.several {
		return nil
	}
	var posts []*node
	author, when := "", ""
	walk(root, func(n *node) bool {
		switch {
		case n.kind != html.ElementNode:
			return n.kind == html.DocumentNode
		case g.main[0].fits(n):
			if n.weight.text > 0 {
				n.label = strings.ReplaceAll(strings.Trim(author+", "+when, ", "), "*", "")
				posts = append(posts, n)
			}
			author, when = "", ""
			return false
		case n.tag == atom.A && n.weight.text > 0 && n.weight.text <= maxName && strings.Contains(strings.ToLower(n.class), "author"):
			author, when = tight(n), ""
		case (n.data == "relative-time" || n.tag == atom.Time) && author != "" && when == "" && n.weight.text <= maxName:
			when = tight(n)
		}
		return true
	})
	if len(posts) < 2 {
		for _, n := range posts {
			n.label = "" // the author of a commit beside it
		}
		return nil
	}
	return posts
}

// holdPosts reports whether the posts are a good part of the page.
func holdPosts(posts []*node, page *weight) bool {
	var sum weight
	for _, n := range posts {
		sum.add(&n.weight)
	}
	return sum.holds(page)
}

// blob writes lines of a file, each of which is a row of a table with its number,
// as code. It reports false for any other table.
func (w *writer) blob(n *node) bool {
	if !hasClass(n, "highlight", "js-file-line-container") {
		return false
	}
	var lines []string
	left := n.weight.text
	walk(n, func(c *node) bool {
		if c.tag == atom.Td && hasClass(c, "blob-code", "blob-num") {
			if left -= c.weight.text; hasClass(c, "blob-code") {
				lines = append(lines, strings.TrimRight(rawText(c), " \t\r\n"))
			}
			return false
		}
		return c.kind == html.ElementNode
	})
	if len(lines) == 0 || left > 0 {
		return false
	}
	w.fence(strings.Trim(strings.Join(lines, "\n"), "\n"), language(n))
	return true
}
