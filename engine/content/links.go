package content

import (
	"cmp"
	"net/url"
	"strings"

	"golang.org/x/net/html/atom"
)

// linker makes links absolute against <base> and the page's URL.
type linker struct {
	base *url.URL
	seen map[string]string
	// page, root and folder are what stands before "#…", "/…" and any other plain
	// relative link; empty where the base has none of the kind.
	page, root, folder string
}

// newLinker resolves against the page's URL and its <base href>, if that leads
// to http(s).
func newLinker(page, baseHref string) *linker {
	base, err := url.Parse(page)
	if err != nil {
		base = &url.URL{}
	}
	if baseHref != "" {
		if u, err := base.Parse(strings.TrimSpace(baseHref)); err == nil && (u.Scheme == "http" || u.Scheme == "https") {
			base = u
		}
	}
	l := &linker{base: base, seen: map[string]string{}}
	l.page, l.root, l.folder = l.before("#x"), l.before("/x"), l.before("x")
	return l
}

// before returns what stands before href when it is resolved.
func (l *linker) before(href string) string {
	abs := l.parse(href)
	if abs == "" {
		return ""
	}
	return strings.TrimSuffix(abs, href)
}

// resolve returns the absolute http(s) URL of href, or nothing for any other.
func (l *linker) resolve(href string) string {
	if href == "" {
		return ""
	}
	if got, ok := l.seen[href]; ok {
		return got
	}
	abs := ""
	switch {
	case !isPlain(href):
		abs = l.parse(href)
	case href[0] == '#':
		if l.page != "" {
			abs = l.page + href
		}
	case href[0] == '/':
		if l.root != "" {
			abs = l.root + href
		}
	case l.folder != "":
		abs = l.folder + href
	}
	l.seen[href] = abs
	return abs
}

func (l *linker) parse(href string) string {
	u, err := l.base.Parse(strings.TrimSpace(href))
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil {
		return ""
	}
	return Sanitize(u.String())
}

// isPlain tells links that are resolved by putting them after the base: no
// scheme, no query, no "." or "//" to clean away, and no character to escape.
// Nearly all links of documentation are.
func isPlain(href string) bool {
	fragment, last := false, byte('/')
	if href[0] == '/' {
		last = 0
	}
	for i := range len(href) {
		c := href[i]
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_':
		case c == '.':
			if last == '/' && !fragment {
				return false
			}
		case c == '/':
			if last == '/' && !fragment {
				return false
			}
		case c == '#':
			if fragment || i == len(href)-1 {
				return false
			}
			fragment = true
		default:
			return false
		}
		last = c
	}
	return true
}

// isLink tells what leads to a page: the frames of a frameset, too.
func isLink(n *node) bool { return n.tag == atom.A || n.tag == atom.Area || n.tag == atom.Frame }

// all returns the page's links in document order, each once, without fragments.
func (l *linker) all(root, main *node) []Link {
	var list []Link
	at := map[string]int{}
	var visit func(n *node, inMain bool)
	visit = func(n *node, inMain bool) {
		inMain = inMain || n == main
		if isLink(n) {
			target, _, _ := strings.Cut(l.resolve(cmp.Or(attr(n, "href"), attr(n, "src"))), "#")
			if target != "" {
				if i, ok := at[target]; ok {
					list[i].Main = list[i].Main || inMain
				} else {
					at[target] = len(list)
					list = append(list, Link{
						URL: target, Text: tight(n), Main: inMain,
						NoFollow: strings.Contains(strings.ToLower(attr(n, "rel")), "nofollow"),
					})
				}
			}
		}
		for c := n.first; c != nil; c = c.next {
			if c.first != nil || isLink(c) {
				visit(c, inMain)
			}
		}
	}
	visit(root, false)
	return list
}
