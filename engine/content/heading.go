package content

import (
	"strings"

	"golang.org/x/net/html/atom"
)

// heading writes a heading without its permalink, and after it what an end tag
// that was forgotten has put into it.
func (w *writer) heading(n *node) {
	level := int(n.data[1] - '0')
	if hasClass(n, "memtitle") { // Doxygen gives members the rank of their group
		level = min(level+1, 6)
	}
	w.headingAt(n, level)
}

func (w *writer) headingAt(n *node, level int) {
	end := headingEnd(n)
	line := w.line()
	line.flat = true
	var plain strings.Builder
	for c := n.first; c != end; c = c.next {
		line.node(c)
		addText(&plain, c)
	}
	if text := fold(w.done(&line)); text != "" {
		if hasClass(n, "code-header") { // rustdoc: the heading is a declaration
			text = codeSpan(fold(plain.String()))
		}
		bold := w.quoted > 0 || len(w.levels) > 0
		if bold {
			text = strings.Trim(text, "*")
		}
		if target := w.headingTarget(n); target != "" && level > 1 { // the first one leads to the page itself
			text = "[" + text + "](" + mdTarget(target) + ")"
		}
		w.block(2)
		if bold {
			w.text("**" + text + "**")
		} else {
			w.level = level
			w.addHeading(w.level, fold(plain.String()), anchorOf(n))
			w.text(strings.Repeat("#", w.level) + " " + text)
		}
	}
	w.from(end, 2)
}

// headingTarget is where a heading leads that is a link as a whole, or stands in
// a card that is one; empty for one that leads to its own place.
func (w *writer) headingTarget(n *node) string {
	link := onlyLink(n)
	for up, i := n.parent, 0; link == nil && up != nil && i < 4; up, i = up.parent, i+1 {
		if up.tag == atom.A {
			link = up
		}
	}
	if link == nil {
		return ""
	}
	target := w.links.resolve(attr(link, "href"))
	if page, _, _ := strings.Cut(target, "#"); page == w.links.page {
		return ""
	}
	return target
}

// onlyLink returns the link that all text of n stands in.
func onlyLink(n *node) *node {
	for n != nil && n.tag != atom.A {
		var only *node
		for c := n.first; c != nil; c = c.next {
			if c.weight.text == 0 || c.junk || isPermalink(c) {
				continue
			}
			if only != nil {
				return nil
			}
			only = c
		}
		n = only
	}
	return n
}

// headingEnd returns the first child of a heading that cannot belong to it: a
// block of prose after the heading's own text. Nil: there is none.
func headingEnd(n *node) *node {
	text := false
	for c := n.first; c != nil; c = c.next {
		switch c.tag {
		case atom.P, atom.Ul, atom.Ol, atom.Dl, atom.Table, atom.Pre, atom.Blockquote, atom.Hr, atom.Section, atom.Article:
			if text {
				return c
			}
		}
		text = text || tight(c) != ""
	}
	return nil
}

func (w *writer) addHeading(level int, text, anchor string) {
	w.headings = append(w.headings, Heading{Level: min(level, 6), Text: text, Anchor: anchor, Offset: w.offset()})
}

// anchorOf returns the id that leads to a heading: its own, that of an anchor
// in it, or that of the section that it opens.
func anchorOf(n *node) string {
	if id := n.id; id != "" {
		return id
	}
	if inner := find(n, func(n *node) bool {
		return n.id != "" || n.tag == atom.A && attr(n, "name") != ""
	}); inner != nil {
		if id := inner.id; id != "" {
			return id
		}
		return attr(inner, "name")
	}
	if link := find(n, func(n *node) bool {
		return n.tag == atom.A && len(attr(n, "href")) > 1 && attr(n, "href")[0] == '#' && (isPermalink(n) || n.parent.junk)
	}); link != nil {
		return attr(link, "href")[1:]
	}
	for up, i := n.parent, 0; up != nil && i < 6; up, i = up.parent, i+1 {
		switch {
		case up.tag == atom.Body, up.tag == atom.Main:
			return ""
		case up.id != "":
			return up.id
		}
	}
	return ""
}
