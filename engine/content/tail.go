package content

import (
	"slices"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// stamps begin the line below a page that tells when it was changed, in lower
// case.
var stamps = []string{"last modified", "last updated", "last update", "last edited", "last changed"}

// aStamp is how many bytes such a line has at most, with the name of the change.
const aStamp = 300

// isStamp tells the line that a generator writes below a page: when it was
// changed last, and by which change.
func isStamp(n *node) bool {
	if n.tag != atom.Div && n.tag != atom.P && n.tag != atom.Span && n.tag != atom.Em || n.weight.text == 0 || n.weight.text > aStamp || n.weight.solid > 1 {
		return false
	}
	text := strings.ToLower(tight(n))
	for _, one := range stamps {
		if rest, ok := strings.CutPrefix(text, one); ok {
			return tellsWhen(rest)
		}
	}
	return false
}

// dateWords begin what tells a time, in lower case.
var dateWords = []string{
	"on ", "at ", "by ", "in ", "about ", "over ", "almost ", "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec", "mon", "tue", "wed", "thu", "fri", "sat", "sun",
}

// tellsWhen tells the rest of such a line from that of a sentence about rows that
// were updated last.
func tellsWhen(rest string) bool {
	if !strings.ContainsAny(rest, "0123456789") {
		return false
	}
	when := strings.TrimLeft(rest, " :,(-–—v")
	return when != "" && (when[0] >= '0' && when[0] <= '9' || slices.ContainsFunc(dateWords, func(one string) bool { return strings.HasPrefix(when, one) }))
}

// tail marks what stands at the end of a container and is none of its content:
// the stamp, the links to the next page, and a heading that asks for an opinion and has nothing below it
// that a reader without scripts could answer.
func (j *judge) tail(main *node) {
	last := lastShown(main)
	for up := last; up != nil && up != main; up = up.parent {
		if isStamp(up) {
			up.junk = true
			last = lastShown(main)
			break
		}
	}
	for up := last; up != nil && up != main; up = up.parent {
		if up.tag == atom.Ul && leadsOn(up) {
			up.junk = true
			last = lastShown(main)
			break
		}
	}
	for up := last; up != nil && up != main; up = up.parent {
		if !isHeading(up) {
			continue
		}
		if title := tight(up); isEnding(title) || strings.EqualFold(title, "feedback") {
			up.junk = true
		}
		return
	}
}

// leadsOn tells a list of nothing but links to the pages beside this one.
func leadsOn(list *node) bool {
	if list.weight.links == 0 || list.weight.words > 4 {
		return false
	}
	for word := range strings.FieldsFuncSeq(strings.ToLower(tight(list)), func(r rune) bool { return !isWordRune(r) }) {
		if !slices.Contains(pagerWords, word) {
			return false
		}
	}
	return true
}

// lastShown returns the last text below n that is no junk.
func lastShown(n *node) *node {
	if n.kind == html.TextNode {
		return n
	}
	var shown []*node
	for c := n.first; c != nil; c = c.next {
		if c.weight.text > 0 && !c.junk {
			shown = append(shown, c)
		}
	}
	for i := len(shown) - 1; i >= 0; i-- {
		if last := lastShown(shown[i]); last != nil {
			return last
		}
	}
	return nil
}
