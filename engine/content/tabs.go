package content

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// maxTabs bounds a row of tabs.
const maxTabs = 12

// labels looks among the children of n for a row of tab labels with as many
// panels after it, and writes each label on its panel: what stands in one of
// several tabs says nothing without its label.
func (j *judge) labels(n *node) {
	var before *node
	for c := n.first; c != nil; c = c.next {
		if c.kind != html.ElementNode {
			continue
		}
		if before != nil && c.tag == atom.Pre && namesLanguage(before, c) {
			before.junk = true
		}
		if before = c; !isTabRow(c) {
			continue
		}
		var names []string
		for label := c.first; label != nil; label = label.next {
			if label.kind == html.ElementNode && label.weight.text > 0 {
				names = append(names, tight(label))
			}
		}
		if len(names) < 1 || len(names) > maxTabs {
			continue
		}
		if panels := panelsAfter(c, len(names)); panels != nil {
			for i, panel := range panels {
				panel.label = strings.ReplaceAll(names[i], "*", "")
			}
			c.junk = true
		}
	}
}

func isTabRow(n *node) bool {
	if attr(n, "role") == "tablist" {
		return true
	}
	if n.class == "" || n.weight.text > 300 || !strings.Contains(n.class, "tab") {
		return false
	}
	for c := n.first; c != nil; c = c.next {
		switch c.tag {
		case 0, atom.Input:
		case atom.Label, atom.Li, atom.Button, atom.A:
		default:
			return false
		}
	}
	return hasClass(n, "tabs", "tabbed-labels", "tab-labels", "tab-list", "tabs-nav", "nav-tabs", "tabset-labels")
}

// panelsAfter returns the n panels that follow a row: the children of the next
// element, or the next elements themselves.
func panelsAfter(row *node, n int) []*node {
	var after []*node
	for c := row.next; c != nil && len(after) <= maxTabs; c = c.next {
		if c.kind == html.ElementNode && c.weight.text > 0 {
			after = append(after, c)
		}
	}
	if len(after) == 0 {
		return nil
	}
	var inside []*node
	for c := after[0].first; c != nil && len(inside) <= maxTabs; c = c.next {
		if c.kind == html.ElementNode && c.weight.text > 0 {
			inside = append(inside, c)
		}
	}
	switch {
	case len(inside) == n && (n > 1 || attr(inside[0], "role") == "tabpanel"):
		return inside
	case len(after) == n && attr(after[0], "role") == "tabpanel":
		return after
	}
	return nil
}

// namesLanguage tells the label above a code block that says what the fence of
// the block says.
func namesLanguage(label, code *node) bool {
	if label.block && label.tag != atom.Div || label.weight.text == 0 || label.weight.text > 12 {
		return false
	}
	lang := language(code)
	return lang != "" && strings.EqualFold(tight(label), lang)
}
