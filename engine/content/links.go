package content

import (
	"net/url"
	"strings"

	"golang.org/x/net/html/atom"
)

// linker makes links absolute against <base> and the page's URL.
type linker struct {
	base *url.URL
	seen map[string]string
}

// newLinker reads the first <base href> that leads to http(s).
func newLinker(page string, root *node) *linker {
	base, err := url.Parse(page)
	if err != nil {
		base = &url.URL{}
	}
	if root != nil {
		if n := find(root, func(n *node) bool { return n.tag == atom.Base && hasAttr(n, "href") }); n != nil {
			if u, err := base.Parse(strings.TrimSpace(attr(n, "href"))); err == nil && (u.Scheme == "http" || u.Scheme == "https") {
				base = u
			}
		}
	}
	return &linker{base: base, seen: map[string]string{}}
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
	if u, err := l.base.Parse(strings.TrimSpace(href)); err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && u.User == nil {
		abs = Sanitize(u.String())
	}
	l.seen[href] = abs
	return abs
}

// all returns the page's links in document order, each once, without fragments.
func (l *linker) all(root, main *node) []Link {
	var list []Link
	at := map[string]int{}
	var visit func(n *node, inMain bool)
	visit = func(n *node, inMain bool) {
		inMain = inMain || n == main
		if n.tag == atom.A || n.tag == atom.Area {
			target, _, _ := strings.Cut(l.resolve(attr(n, "href")), "#")
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
			visit(c, inMain)
		}
	}
	visit(root, false)
	return list
}
