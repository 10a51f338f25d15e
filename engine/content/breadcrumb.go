package content

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

const (
	maxCrumbs     = 10       // places that a trail names
	maxCrumb      = 200      // bytes of one
	maxTrail      = 1500     // bytes of text that a trail has; more is a menu
	maxLinkedData = 64 << 10 // bytes of a JSON-LD block that is read
)

// isTrail tells the element that says where the page stands in its site.
func isTrail(n *node) bool {
	if n.weight.text == 0 || n.weight.text > maxTrail || n.weight.headings > 0 || len(n.attrs) == 0 {
		return false
	}
	if strings.Contains(n.class, "rumb") || strings.Contains(n.class, "path") {
		for c := range strings.FieldsSeq(n.class) {
			if c == "md-path" || c == "navpath" || c == "crumbs" || isCrumbName(c) {
				return true
			}
		}
	}
	for i := range n.attrs {
		switch a := &n.attrs[i]; a.Key {
		case "id":
			if a.Val == "breadcrumb" || a.Val == "breadcrumbs" || a.Val == "nav-path" {
				return true
			}
		case "itemtype":
			if strings.HasSuffix(a.Val, "/BreadcrumbList") {
				return true
			}
		case "aria-label":
			if strings.Contains(strings.ToLower(a.Val), "breadcrumb") {
				return n.tag == atom.Nav || attr(n, "role") == "navigation"
			}
		}
	}
	return false
}

// isCrumbName tells class names of a trail, and not those of what has one or is
// a part of one.
func isCrumbName(c string) bool {
	c = strings.ToLower(c)
	return strings.HasSuffix(c, "breadcrumb") || strings.HasSuffix(c, "breadcrumbs") && !strings.HasPrefix(c, "has-") && !strings.HasPrefix(c, "with-")
}

// breadcrumb returns the names of what stands above the page, outermost first:
// as its reader sees them, as the generator writes them, or as it tells machines.
func breadcrumb(trail, root *node, page *html.Node, gen *generator) []string {
	var names []string
	if trail != nil {
		names = crumbsIn(trail)
	}
	if len(names) == 0 {
		names = bodyCrumbs(root)
	}
	if len(names) == 0 && gen != nil {
		names = generatorCrumbs(root, gen.name)
	}
	if len(names) == 0 {
		names = linkedCrumbs(page)
	}
	if len(names) == 0 {
		names = namedLinks(root)
	}
	return cleanCrumbs(names)
}

// cleanCrumbs drops signs between the names, what leads to the start of the
// site, and what is too much.
func cleanCrumbs(names []string) []string {
	var list []string
	for i, name := range names {
		name = withoutSigns(clean(name, maxCrumb))
		said := strings.ContainsFunc(name, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) })
		if !said || i == 0 && strings.EqualFold(name, "home") || len(list) > 0 && list[len(list)-1] == name {
			continue
		}
		if list = append(list, name); len(list) == maxCrumbs {
			break
		}
	}
	return list
}

// withoutSigns drops the signs around a name, but not the end of Type<T>.
func withoutSigns(name string) string {
	name = strings.TrimLeftFunc(name, func(r rune) bool { return unicode.IsSpace(r) || isSeparator(r) })
	if strings.HasSuffix(name, ">") && strings.Contains(name, "<") {
		return name
	}
	return strings.TrimRightFunc(name, func(r rune) bool { return unicode.IsSpace(r) || isSeparator(r) })
}

// isSeparator tells signs that stand between the names of a trail.
func isSeparator(r rune) bool { return strings.ContainsRune("»›>/\\|→▸▶❯•·:«‹<", r) }

// crumbsIn reads the names in a trail: those that microdata marks, its list
// items, or its links and what stands between signs.
func crumbsIn(n *node) (names []string) {
	walk(n, func(c *node) bool {
		if attr(c, "itemprop") == "name" && c.weight.text > 0 {
			names = append(names, tight(c))
			return false
		}
		return c.kind == html.ElementNode
	})
	if len(names) > 0 {
		return names
	}
	list := false
	walk(n, func(c *node) bool {
		if c.tag != atom.Li {
			return c.kind == html.ElementNode
		}
		list = true
		if !strings.Contains(c.class, "aside") && !hasClass(c, "footer") {
			names = append(names, crumb(c))
		}
		return false
	})
	if !list {
		names = crumbsBetween(n)
	}
	return names
}

// crumb is the name in a list item, without the menu that it opens.
func crumb(li *node) string {
	if find(li, func(n *node) bool { return n.tag == atom.Ul || n.tag == atom.Menu }) == nil {
		return tight(li)
	}
	if a := find(li, func(n *node) bool { return n.tag == atom.A && n.weight.text > 0 }); a != nil {
		return tight(a)
	}
	return ""
}

// crumbsBetween reads a trail without a list.
func crumbsBetween(n *node) (names []string) {
	for c := n.first; c != nil; c = c.next {
		switch {
		case c.kind == html.TextNode:
			from := 0
			text := " " + fold(c.data) + " "
			for i, r := range text {
				if isSeparator(r) && i > 0 && text[i-1] == ' ' {
					names, from = append(names, text[from:i]), i
				}
			}
			names = append(names, text[from:])
		case c.tag == atom.A, c.weight.links == 0:
			names = append(names, tight(c))
		default:
			names = append(names, crumbsBetween(c)...)
		}
	}
	return names
}

// bodyCrumbs reads the trail that Writerside gives its script: guide.md|Guide.
func bodyCrumbs(root *node) (names []string) {
	body := find(root, func(n *node) bool { return n.tag == atom.Body })
	if body == nil || attr(body, "data-breadcrumbs") == "" {
		return nil
	}
	for one := range strings.SplitSeq(attr(body, "data-breadcrumbs"), "///") {
		_, name, _ := strings.Cut(one, "|")
		names = append(names, name)
	}
	return names
}

// generatorCrumbs reads the trails that look like none: the row of links above a
// page of Sphinx, the chapter above one of DocBook, the module and the package of
// a Java class.
func generatorCrumbs(root *node, generator string) (names []string) {
	switch generator {
	case "sphinx":
		row := find(root, isNavItem)
		for row != nil && !hasClass(row, "related") {
			row = row.parent
		}
		if row != nil {
			names = textsOf(row, isNavItem)
		}
	case "docbook":
		if row := find(root, func(n *node) bool { return hasClass(n, "navheader") }); row != nil {
			names = textsOf(row, func(n *node) bool { return n.tag == atom.Th && !hasAttr(n, "colspan") })
		}
	case "javadoc":
		names = textsOf(root, func(n *node) bool {
			return n.tag == atom.Div && hasClass(n, "sub-title", "subTitle") && !strings.HasSuffix(tight(n), ".") // else a sentence
		})
	}
	return names
}

// isNavItem tells an entry of Sphinx's row of links that is a place, and no way
// to the next page.
func isNavItem(n *node) bool {
	return n.tag == atom.Li && strings.Contains(n.class, "nav-item-")
}

// textsOf returns the texts of what fits in root.
func textsOf(root *node, fits func(*node) bool) (texts []string) {
	walk(root, func(n *node) bool {
		if n.kind != html.ElementNode {
			return n.kind == html.DocumentNode
		}
		if !fits(n) {
			return true
		}
		texts = append(texts, tight(n))
		return false
	})
	return texts
}

// namedLinks returns the titles of what <head> says that the page stands under:
// its start, and the page above it (DocBook, makeinfo).
func namedLinks(root *node) (names []string) {
	start, up := "", ""
	walk(root, func(n *node) bool {
		if n.tag == atom.Link {
			switch attr(n, "rel") {
			case "home", "start":
				start = cmp.Or(start, attr(n, "title"))
			case "up":
				up = cmp.Or(up, attr(n, "title"))
			}
		}
		return n.tag != atom.Body
	})
	for _, name := range []string{start, up} {
		if !strings.EqualFold(name, "top") && name != "(dir)" { // makeinfo names its start so
			names = append(names, name)
		}
	}
	return names
}

// linkedCrumbs reads a BreadcrumbList in JSON-LD.
func linkedCrumbs(page *html.Node) []string {
	for h := range page.Descendants() {
		if h.DataAtom != atom.Script || attribute(h, "type") != "application/ld+json" || h.FirstChild == nil || len(h.FirstChild.Data) > maxLinkedData ||
			!strings.Contains(h.FirstChild.Data, "BreadcrumbList") {
			continue
		}
		var data any
		if json.Unmarshal([]byte(h.FirstChild.Data), &data) != nil {
			continue
		}
		if names := crumbList(data, 4); len(names) > 0 {
			return names
		}
	}
	return nil
}

// crumbList looks for the list in data, at most so deep.
func crumbList(data any, depth int) []string {
	if depth == 0 {
		return nil
	}
	switch v := data.(type) {
	case []any:
		for _, one := range v {
			if names := crumbList(one, depth-1); len(names) > 0 {
				return names
			}
		}
	case map[string]any:
		if v["@type"] == "BreadcrumbList" {
			return crumbItems(v["itemListElement"])
		}
		for _, key := range []string{"@graph", "breadcrumb", "mainEntity"} {
			if names := crumbList(v[key], depth-1); len(names) > 0 {
				return names
			}
		}
	}
	return nil
}

// crumbItems returns the names of ListItems in the order of their positions.
func crumbItems(data any) []string {
	type place struct {
		at   float64
		name string
	}
	var places []place
	list, _ := data.([]any)
	for _, one := range list {
		item, _ := one.(map[string]any)
		at, _ := item["position"].(float64)
		name, _ := item["name"].(string)
		if inner, ok := item["item"].(map[string]any); ok && name == "" {
			name, _ = inner["name"].(string)
		}
		places = append(places, place{at, html.UnescapeString(name)})
	}
	slices.SortStableFunc(places, func(a, b place) int { return cmp.Compare(a.at, b.at) })
	var names []string
	for _, p := range places {
		names = append(names, p.name)
	}
	return names
}
