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
	var before *node // the box before c, if no words stand beside it in its line
	words := false   // in the line so far
	for c := n.first; c != nil; c = c.next {
		if c.kind != html.ElementNode {
			if c.weight.text > 0 {
				before, words = nil, true
			}
			continue
		}
		if before != nil && c.tag == atom.Pre && namesLanguage(before, c) {
			before.junk = true
		}
		if panel := panelOf(c); panel != nil {
			panel.label = strings.ReplaceAll(unfolded(tight(c)), "*", "")
			c.junk = true
		}
		if before = c; words && !c.block {
			before = nil
		}
		if words = !c.block && (words || c.weight.text > 0); !isTabRow(c) {
			continue
		}
		var names []string
		for label := labelsIn(c).first; label != nil; label = label.next {
			if label.kind == html.ElementNode && label.weight.text > 0 {
				names = append(names, tight(label))
			}
		}
		if len(names) < 1 || len(names) > maxTabs {
			continue
		}
		if panels := panelsOf(c, len(names)); panels != nil {
			for i, panel := range panels {
				panel.label = strings.ReplaceAll(names[i], "*", "")
				leaveRepeated(panel, names[i])
			}
			c.junk = true
		}
	}
}

// leaveRepeated makes junk of the box at the top of a panel that says what the
// label of its tab says, for paper.
func leaveRepeated(panel *node, label string) {
	first := panel.first
	for first != nil && first.weight.text == 0 {
		first = first.next
	}
	if first != nil && first.tag == atom.Div && first.weight.solid == 0 && first.weight.text < panel.weight.text && tight(first) == label {
		first.junk = true
	}
}

// panelOf returns the box that a <label> opens that stands right before it, in a
// set of tabs or a box that folds; nil where n is none.
func panelOf(n *node) *node {
	if n.tag != atom.Label || n.weight.text == 0 || n.parent == nil || !strings.Contains(n.parent.class, "tab") && !strings.Contains(n.parent.class, "expand") {
		return nil
	}
	next := n.next
	for next != nil && (next.kind == html.TextNode && next.weight.text == 0 || next.tag == atom.Input) {
		next = next.next
	}
	if next == nil || next.tag != atom.Div || next.weight.text == 0 {
		return nil
	}
	return next
}

// labelsIn is the list of a row of tabs that is put into a box: AsciiDoc writes
// <div class=tablist><ul>.
func labelsIn(row *node) *node {
	if row.tag == atom.Div && row.first != nil && row.first == row.last && row.first.tag == atom.Ul {
		return row.first
	}
	return row
}

func isTabRow(n *node) bool {
	if attr(n, "role") == "tablist" {
		return true
	}
	if n.class == "" || n.weight.text > 300 || !strings.Contains(n.class, "tab") {
		return false
	}
	for c := labelsIn(n).first; c != nil; c = c.next {
		switch c.tag {
		case 0, atom.Input:
		case atom.Label, atom.Li, atom.Button, atom.A:
		default:
			return false
		}
	}
	return hasClass(n, "tabs", "tabbed-labels", "tab-labels", "tab-list", "tablist", "tabs-nav", "nav-tabs", "tabset-labels")
}

// isPanel tells what says of itself that it belongs to a tab.
func isPanel(n *node) bool {
	return attr(n, "role") == "tabpanel" || hasClass(n, "tabpanel", "tab-pane", "tab-panel")
}

// panelsOf returns the n panels of a row: those after it, or after a box that
// the row stands in.
func panelsOf(row *node, n int) []*node {
	if panels := panelsAfter(row, n); panels != nil {
		return panels
	}
	for up, i := row.parent, 0; up != nil && i < 3; up, i = up.parent, i+1 {
		if panels := panelsAfter(up, n); n > 1 && panels != nil && isPanel(panels[0]) {
			return panels
		}
	}
	return nil
}

// panelsAfter returns the n panels that follow a row: the children of the next
// element, or the next elements themselves.
func panelsAfter(row *node, n int) []*node {
	var after []*node
	for c := row.next; c != nil && len(after) <= maxTabs; c = c.next {
		if c.block && c.weight.text > 0 {
			after = append(after, c)
		}
	}
	if len(after) == 0 {
		return nil
	}
	var inside []*node
	for c := after[0].first; c != nil && len(inside) <= maxTabs; c = c.next {
		if c.weight.text > 0 && !c.block {
			return nil // words, and no panels
		}
		if c.weight.text > 0 {
			inside = append(inside, c)
		}
	}
	switch {
	case len(after) == n && isPanel(after[0]):
		return after
	case len(inside) == n && (n > 1 || attr(inside[0], "role") == "tabpanel"):
		return inside
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
