package content

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// junkNames are words in class names and ids of what surrounds content.
var junkNames = map[string]bool{
	"breadcrumb": true, "breadcrumbs": true, "crumbs": true, "sidebar": true, "sidenav": true, "cookie": true, "cookies": true, "consent": true, "gdpr": true,
	"newsletter": true, "social": true, "share": true, "sharing": true, "addtoany": true, "sharethis": true, "related": true, "pagination": true, "pager": true,
	"advert": true, "advertisement": true, "ad": true, "ads": true, "adsbygoogle": true, "promo": true, "banner": true, "skip": true, "skiplink": true,
	"footer": true, "masthead": true, "popup": true, "modal": true, "lightbox": true, "toc": true, "feedback": true, "subscribe": true, "subscription": true,
	"comments": true, "respond": true, "disqus": true, "commentlist": true, "recommended": true, "recommendations": true, "recommendation": true,
	"trending": true, "upsell": true, "upsells": true, "crosssell": true, "menu": true, "nav": true, "navbar": true, "navigation": true, "login": true,
	"signin": true, "signup": true, "register": true, "taboola": true, "outbrain": true, "prevnext": true, "tagcloud": true, "tags": true,
	"noprint": true, "flyout": true, "minicart": true, "cart": true, "wishlist": true, "offcanvas": true, "drawer": true, "backtotop": true,
	"navbox": true, "signature": true, "actions": true, "buttons": true, "toolbar": true, "comment": true, "reviews": true, "similar": true, "suggested": true, "recent": true, "tooltip": true, "dropdown": true, "megamenu": true, "copyright": true, "hotlinks": true, "votecell": true, "voting": true,
}

// remarkNames are the names of what readers wrote below a page.
var remarkNames = map[string]bool{"comment": true, "comments": true, "commentlist": true, "disqus": true, "respond": true, "reviews": true}

// windowNames are the names of what opens over a page. What bears one in <main>
// and is not hidden holds the details of what is shown there.
var windowNames = map[string]bool{"modal": true, "popup": true, "drawer": true, "lightbox": true}

// junkWords reads the words of class names, whichever way they are joined
// (site-footer, siteFooter, site_footer), and returns those that name what
// surrounds content.
func junkWords(names string) (words []string) {
	names = withoutHashes(names)
	start, before := -1, ""
	for i := 0; i <= len(names); i++ {
		c := byte(' ')
		if i < len(names) {
			c = names[i]
		}
		lower, upper := c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z'
		if start >= 0 && !(lower || upper && names[i-1] >= 'A' && names[i-1] <= 'Z') {
			word := strings.ToLower(names[start:i])
			if junkNames[word] {
				words = append(words, word)
			}
			if word == "next" && (before == "prev" || before == "previous") && start > 0 && names[start-1] != ' ' {
				words = append(words, "prevnext")
			}
			start, before = -1, word
		}
		if start < 0 && (lower || upper) {
			start = i
		}
	}
	return words
}

// withoutHashes drops the hashes that CSS modules put at the end of class names
// (table_root__adKqa): five letters and digits in which no name hides.
func withoutHashes(names string) string {
	if !strings.Contains(names, "__") {
		return names
	}
	var b strings.Builder
	for name := range strings.FieldsSeq(names) {
		if at := strings.LastIndex(name, "__"); at > 0 && len(name) == at+2+5 && strings.ToLower(name[at:]) != name[at:] {
			name = name[:at]
		}
		b.WriteString(name)
		b.WriteByte(' ')
	}
	return b.String()
}

// mostlyCode tells a box of little else than code blocks.
func mostlyCode(n *node) bool {
	code := int32(0)
	walk(n, func(c *node) bool {
		if c.tag == atom.Pre {
			code += c.weight.text
		}
		return c.kind == html.ElementNode && c.tag != atom.Pre && c.weight.text > 0
	})
	return 2*code > n.weight.text
}

// isNavBar tells, in a container that is known, the boxes that lead to other pages
// and say so whatever template of the site they come from.
func (j *judge) isNavBar(n *node) bool {
	words := junkWords(n.class)
	return (slices.Contains(words, "navbar") || slices.Contains(words, "navbox")) && n.weight.headings == 0 && n.weight.linked > n.weight.text/3
}

// prose is how much of the text of an element is no link.
func (w *weight) prose() int32 { return w.text - w.linked }

// A name that many elements bear is doubted when they hold so much of the prose,
// and what readers wrote is the page where there are fewer commas without it.
const (
	manyNamed   = 4
	doubtShare  = .4
	proseCommas = 12
)

// doubt finds the names that would take away what the page is: every product of
// a shop has a cart button, and a forum is made of comments.
func (j *judge) doubt(root *node) {
	type total struct{ count, prose, commas int32 }
	totals := map[string]total{}
	walk(root, func(n *node) bool {
		if n.kind != html.ElementNode || n.junk {
			return n.kind == html.DocumentNode
		}
		words := j.nameOf(n)
		if len(words) == 0 || n.weight.tops > 0 {
			return true
		}
		for _, word := range words {
			t := totals[word]
			totals[word] = total{t.count + 1, t.prose + n.weight.prose(), t.commas + n.weight.commas}
		}
		return false
	})
	for word, t := range totals {
		if t.count < manyNamed || float64(t.prose) < doubtShare*float64(root.weight.prose()) {
			continue
		}
		if !remarkNames[word] || root.weight.commas-t.commas < proseCommas {
			j.doubted[word] = true
		}
	}
}

// nameOf returns the junk words in the class and the id of an element that is a
// box.
func (j *judge) nameOf(n *node) []string {
	if n.class == "" && n.id == "" || n == j.body || n.parent.tag == atom.Dl { // nimdoc: a function "getCookie"
		return nil
	}
	switch n.tag {
	case atom.Div, atom.Section, atom.Ul, atom.Ol, atom.P, atom.Span, atom.A, atom.Table, atom.Td, atom.Dl, atom.Article, 0:
	default:
		return nil
	}
	if n.tag == atom.A && isHeading(n.parent) && 2*n.weight.text > n.parent.weight.text {
		return nil // a heading that leads back to its line of the contents
	}
	key := n.class + " " + n.id
	words, ok := j.named[key]
	if !ok {
		words = junkWords(key)
		j.named[key] = words
	}
	if len(words) > 0 && n.id != "" && j.isNamedAfterHeading(n) {
		return junkWords(n.class)
	}
	return words
}

// postNames are parts of the names of what writers of a forum sign.
var postNames = []string{"post", "message", "comment", "topic", "thread", "reply"}

// isOfPost tells the signature below a post from that of a function.
func isOfPost(n *node) bool {
	for up, i := n.parent, 0; up != nil && i < 8; up, i = up.parent, i+1 {
		names := strings.ToLower(up.class + " " + up.id)
		if slices.ContainsFunc(postNames, func(one string) bool { return strings.Contains(names, one) }) {
			return n.tag == atom.Div || n.tag == atom.Section || n.tag == atom.Td
		}
	}
	return false
}

// explains reports whether a box has more to say than a row of links: the tags of
// a function are its parameters and what it returns (YARD, PlDoc).
func explains(n *node) bool {
	return n.weight.prose() > n.weight.linked && (n.weight.solid > 0 || n.tag == atom.Dl)
}

// isNamedAfterHeading reports whether a box is a section among others whose id is
// made of its heading: pandoc and docutils write <section id="login">.
func (j *judge) isNamedAfterHeading(n *node) bool {
	h := headingOfID(n)
	if h == nil {
		return false
	}
	if j.isSection(h) {
		return true
	}
	if n.weight.prose() < aSection || n.weight.linked > n.weight.prose() || find(n, isForm) != nil {
		return false
	}
	peers, left := 0, manySiblings
	for c := n.parent.first; c != n && peers < 2 && left > 0; c = c.next {
		if c.tag == n.tag && c.class == n.class && headingOfID(c) != nil && len(junkWords(c.id)) == 0 {
			peers++
		}
		left--
	}
	return peers > 1
}

// headingOfID returns the heading that a box begins with where it says the same
// as the box's id.
func headingOfID(n *node) *node {
	if n.kind != html.ElementNode || n.id == "" {
		return nil
	}
	if h := firstHeading(n); h != nil && lettersOf(tight(h)) == lettersOf(n.id) {
		return h
	}
	return nil
}

// lettersOf is a text without signs and case.
func lettersOf(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, s)
}

func isForm(n *node) bool { return n.tag == atom.Form }

// junkByName tells boxes whose class or id says what they are. One that holds
// the top heading, <main> or most of the page is only named after its neighbour
// ("with-sidebar").
func (j *judge) junkByName(n *node) bool {
	words := j.nameOf(n)
	if len(words) == 0 || n.weight.tops > 0 {
		return false
	}
	junk, remarks := false, false
	for _, word := range words {
		if !j.doubted[word] && !(j.inMain && windowNames[word]) && (word != "reviews" || n.weight.text >= little) && (word != "signature" || isOfPost(n)) && (word != "tags" || !explains(n)) { // else a count of them, or of a function
			junk, remarks = true, remarks || remarkNames[word]
		}
	}
	all := j.body.weight.text
	if remarks && j.body.weight.commas-n.weight.commas >= proseCommas {
		return true
	}
	return junk && 10*n.weight.text < 4*all && (remarks || !mostlyCode(n)) // a switch of languages around it is called a dropdown
}
