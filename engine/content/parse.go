package content

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/andybalholm/cascadia"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/axon-mcp/axon-mcp/fault"
)

// Parse reads a resource by its media type. It fails with Unsupported for a type
// that it does not read, and with Invalid for a selector that is none.
func Parse(in Input) (*Document, error) {
	var doc *Document
	var err error
	switch kind := kindOf(in); kind {
	case "html":
		doc, err = parseHTML(in)
	case "markdown":
		doc = parseMarkdown(in)
	case "feed":
		doc = parseFeed(in)
	case "pdf":
		doc, err = parsePDF(in)
	case "text":
		doc = parseText(in)
	case "":
		return nil, fault.Errorf(fault.Unsupported, "%s is %s; HTML, text, Markdown, JSON, XML feeds, PDF and source code are read", in.URL, in.MediaType)
	default:
		doc = parseCode(in, kind)
	}
	if err != nil {
		return nil, err
	}
	doc.URL = in.URL
	doc.Markdown = strings.TrimSpace(doc.Markdown)
	if doc.Title == "" {
		doc.Title = nameOf(in.URL)
	}
	doc.Hash = hashOf(doc.Title, "\x00", doc.Markdown)
	if doc.Words == 0 {
		doc.Words = len(strings.Fields(doc.Markdown))
	}
	return doc, nil
}

// hashOf is SHA-256 over the parts, without a copy of them.
func hashOf(parts ...string) string {
	h := sha256.New()
	var piece [2048]byte
	for _, s := range parts {
		for len(s) > 0 {
			n := copy(piece[:], s)
			_, _ = h.Write(piece[:n]) // a hash never fails
			s = s[n:]
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

// nameOf is the last part of a URL's path, or its host.
func nameOf(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return raw
	}
	if name := path.Base(u.Path); name != "." && name != "/" {
		return name
	}
	return u.Host
}

func parseHTML(in Input) (*Document, error) {
	nodes := &nursery{}
	defer nodes.release()
	if isXHTML(in) {
		in.Body = asHTML(in.Body)
	}
	page, err := parseTree(in.Body, nodes)
	if err != nil {
		return nil, fault.Wrap(fault.Unsupported, err, "%s cannot be read as HTML", in.URL)
	}
	boundAttributes(page)
	fillPlaces(page)
	applyStyles(page)
	include, err := selectNodes(page, in.Include, "include")
	if err != nil {
		return nil, err
	}
	if err := leaveOut(page, in.Exclude); err != nil {
		return nil, err
	}
	t := build(page, include, nodes)
	root := t.root
	seen := gather(root)
	gen := identify(seen)
	links := newLinker(in.URL, t.base)
	doc := &Document{Hidden: t.hidden}
	readMeta(root, doc, links)
	doc.Breadcrumb = breadcrumb(seen.trail, root, page, gen)
	if gen != nil {
		gen.tell(doc, root)
	}
	mains, known := t.chosen, true
	if len(in.Include) == 0 {
		mains, known = mainOf(root, gen)
		if instead := withoutScript(page, heart(mains), nodes); instead != nil {
			mains, known = mainOf(instead, gen)
			if len(doc.Breadcrumb) == 0 {
				doc.Breadcrumb = breadcrumb(gather(instead).trail, instead, page, gen)
			}
		}
	}
	w := writers.Get().(*writer)
	defer w.release()
	w.links, w.gen, w.known = links, gen, known
	for _, n := range mains {
		w.block(2)
		w.whole(n)
	}
	doc.Markdown = strings.TrimSuffix(strings.TrimRight(string(w.b), " \n"), "\n\n---")
	doc.Headings = trimmed(doc.Markdown, w.headings)
	doc.Title = titleOf(doc, root, titled(mains))
	doc.Links = links.all(root, heart(mains))
	doc.Words = int(root.weight.words)
	doc.LeadsOn = doc.LeadsOn && doc.Words <= aNotice
	doc.Shell = isShell(page, doc.Words)
	doc.detach()
	return doc, nil
}

// leaveOut removes what the selectors of a caller exclude.
func leaveOut(page *html.Node, selectors []string) error {
	exclude, err := selectNodes(page, selectors, "exclude")
	if err != nil {
		return err
	}
	for n := range exclude {
		if n.Parent != nil {
			n.Parent.RemoveChild(n)
		}
	}
	return nil
}

// tell fills in what a generator says of its pages.
func (g *generator) tell(doc *Document, root *node) {
	doc.Generator = g.name
	doc.Version = cmp.Or(doc.Version, g.versionIn(root), g.versionOf(doc.Title))
	if g.name == "javadoc" { // it tells the kind of the page, not what it says
		doc.Description = ""
	}
}

// heart is the one of the boxes that says most; nil where there is none.
func heart(mains []*node) *node {
	var best *node
	for _, n := range mains {
		if best == nil || n.weight.text >= best.weight.text {
			best = n
		}
	}
	return best
}

// trimmed moves the offsets by what TrimSpace takes from the beginning.
func trimmed(md string, headings []Heading) []Heading {
	cut := len(md) - len(strings.TrimLeft(md, " \t\r\n"))
	for i := range headings {
		headings[i].Offset = max(headings[i].Offset-cut, 0)
	}
	return headings
}

// Bytes of text below which a page is nearly empty, and from which <noscript>
// is a page of its own.
const nearlyEmpty, aPage = 300, 500

// withoutScript returns what a page's <noscript> shows to readers that run no
// scripts, where the page itself shows next to nothing, and has a script that
// may show the same.
func withoutScript(page *html.Node, main *node, nodes *nursery) *node {
	if main.weight.text >= nearlyEmpty || !waitsForScript(page) {
		return nil
	}
	var best *node
	most := int32(aPage)
	for h := range page.Descendants() {
		if h.DataAtom != atom.Noscript || h.FirstChild == nil || len(h.FirstChild.Data) < int(most) {
			continue
		}
		inner, err := parseTree([]byte(h.FirstChild.Data), nodes)
		if err != nil {
			continue
		}
		boundAttributes(inner)
		if n := build(inner, nil, nodes).root; n.weight.text >= most {
			best, most = n, n.weight.text
		}
	}
	return best
}

// selectNodes returns what the CSS selectors of an option match.
func selectNodes(page *html.Node, selectors []string, option string) (map[*html.Node]bool, error) {
	var matched map[*html.Node]bool
	for _, one := range selectors {
		sel, err := cascadia.ParseGroup(one)
		if err != nil {
			return nil, fault.Errorf(fault.Invalid, "%s: %q is no CSS selector: %w", option, one, err)
		}
		for _, n := range cascadia.QueryAll(page, sel) {
			if matched == nil {
				matched = map[*html.Node]bool{}
			}
			matched[n] = true
		}
	}
	return matched, nil
}

// readMeta reads what <head> tells.
func readMeta(root *node, doc *Document, links *linker) {
	walk(root, func(n *node) bool {
		if n.kind != html.ElementNode {
			return true
		}
		switch n.tag {
		case atom.Html:
			doc.Lang = clean(attr(n, "lang"), 35)
			if doc.Lang == "" {
				doc.Lang = clean(attr(n, "xml:lang"), 35)
			}
		case atom.Title:
			if doc.Title == "" && n.parent != nil && n.parent.tag == atom.Head {
				doc.Title = clean(rawText(n), 300)
			}
		case atom.Link:
			if strings.EqualFold(attr(n, "rel"), "canonical") && doc.Canonical == "" {
				doc.Canonical = links.resolve(attr(n, "href"))
			}
		case atom.Meta:
			readMetaTag(n, doc, links)
		case atom.Body:
			return false
		}
		return true
	})
}

// A page that leads on has no more than so many words, and waits so many seconds.
const (
	aNotice = 60
	aMoment = 10
)

func readMetaTag(n *node, doc *Document, links *linker) {
	value := attr(n, "content")
	if strings.EqualFold(attr(n, "http-equiv"), "refresh") {
		if _, target, ok := strings.Cut(strings.ToLower(value), "url="); ok {
			target = value[len(value)-len(target):]
			doc.Refresh = links.resolve(strings.Trim(strings.TrimSpace(target), `'"`))
			wait, err := strconv.ParseFloat(strings.TrimSpace(value[:strings.IndexAny(value+";", ";,")]), 64)
			doc.LeadsOn = doc.Refresh != "" && err == nil && wait <= aMoment
		}
		return
	}
	key := strings.ToLower(attr(n, "name"))
	if key == "" {
		key = strings.ToLower(attr(n, "property"))
	}
	switch key {
	case "description", "og:description":
		if doc.Description == "" && strings.IndexFunc(value, unicode.IsLetter) >= 0 { // the mark of a comment is none
			doc.Description = clean(value, 500)
		}
	case "author":
		doc.Author = clean(value, 200)
	case "robots":
		v := strings.ToLower(value)
		doc.NoIndex = doc.NoIndex || strings.Contains(v, "noindex") || strings.Contains(v, "none")
		doc.NoFollow = doc.NoFollow || strings.Contains(v, "nofollow") || strings.Contains(v, "none")
	case "article:published_time", "date", "dc.date", "datepublished":
		doc.Published = timeIn(value, doc.Published)
	case "article:modified_time", "last-modified", "og:updated_time", "datemodified":
		doc.Modified = timeIn(value, doc.Modified)
	case "docsearch:version", "version":
		doc.Version = clean(value, 50)
	}
}

func timeIn(s string, or time.Time) time.Time {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", time.DateTime, time.DateOnly, time.RFC1123} {
		if t, err := time.Parse(layout, strings.TrimSpace(s)); err == nil {
			return t.UTC()
		}
	}
	return or
}

// clean folds white space, drops what is invisible and bounds the length.
func clean(s string, limit int) string {
	s = fold(Sanitize(s))
	if len(s) <= limit {
		return s
	}
	return strings.ToValidUTF8(s[:limit], "")
}

// titled returns the heading in what stands before the content and belongs to it.
func titled(mains []*node) string {
	if len(mains) < 2 || mains[0] == heart(mains) || mains[0].label != "" {
		return ""
	}
	if h := find(mains[0], isHeading); h != nil {
		return tight(h)
	}
	return ""
}

// titleOf prefers the only top heading of the content, which has no site name on
// it, then the heading before the content, then <title>, then any heading.
func titleOf(doc *Document, root *node, before string) string {
	tops, first := 0, ""
	for _, h := range doc.Headings {
		if h.Level == 1 {
			if tops++; tops == 1 {
				first = h.Text
			}
		}
	}
	if doc.Generator == haddock && doc.Title != "" {
		return doc.Title
	}
	if doc.Generator == phpdocumentor && len(doc.Headings) > 0 {
		return clean(doc.Headings[0].Text, 300)
	}
	if name := withoutSite(doc, first); tops == 1 && name != "" {
		return name
	}
	if tops == 1 || tops > 1 && strings.Contains(doc.Title, first) {
		return clean(first, 300)
	}
	if len(doc.Headings) > 0 && doc.Headings[0].Level == 2 && len(doc.Headings[0].Text) > 2 && strings.Contains(doc.Title, doc.Headings[0].Text) {
		return clean(doc.Headings[0].Text, 300)
	}
	if h := topHeading(doc.Headings); h != "" && namesPage(h, doc.Title) {
		return clean(h, 300)
	}
	if before != "" {
		return clean(before, 300)
	}
	if doc.Title != "" && !isFileName(doc.Title) {
		return doc.Title
	}
	if h1 := find(root, func(n *node) bool { return n.tag == atom.H1 }); h1 != nil {
		return clean(tight(h1), 300)
	}
	if len(doc.Headings) > 0 {
		return clean(doc.Headings[0].Text, 300)
	}
	return doc.Title
}

// withoutSite is the title of a page whose top heading names the site: what
// stands in <title> before it is another heading of the page.
func withoutSite(doc *Document, top string) string {
	at := len(doc.Title) - len(top)
	if at < 0 || !strings.EqualFold(doc.Title[at:], top) {
		return ""
	}
	rest := doc.Title[:at]
	name := strings.TrimRight(rest, " -|–—·:»")
	if name == "" || name == rest || !slices.ContainsFunc(doc.Headings, func(h Heading) bool { return h.Text == name }) {
		return ""
	}
	return name
}

// isFileName tells a title that only names the file.
func isFileName(title string) bool {
	name := strings.ToLower(title)
	return !strings.Contains(name, " ") && (strings.HasSuffix(name, ".html") || strings.HasSuffix(name, ".htm"))
}

// topHeading is the text of the first heading where it stands above all others.
func topHeading(headings []Heading) string {
	if len(headings) == 0 || slices.ContainsFunc(headings[1:], func(h Heading) bool { return h.Level <= headings[0].Level }) {
		return ""
	}
	return headings[0].Text
}

// namesPage tells whether a heading says what <title> says: it stands in it, but
// for its number, or <title> begins with its last word ("Class Assert", "Assert
// (JUnit API)").
func namesPage(heading, title string) bool {
	if number, rest, _ := strings.Cut(heading, " "); strings.Trim(number, "ABCDEFGH0123456789.") == "" && strings.ContainsAny(number, "0123456789") {
		heading = rest // "14.1", "A.2"
	}
	last, _, _ := strings.Cut(heading[strings.LastIndexByte(heading, ' ')+1:], "<")
	return len(heading) > 2 && strings.Contains(title, heading) || len(last) > 2 && strings.HasPrefix(title, last+" (")
}

// isShell tells whether a page of so many words is a frame that a script fills:
// next to no text, and scripts with a root to fill or a note that they are
// needed.
func isShell(page *html.Node, words int) bool {
	if words >= shellWords {
		return false
	}
	scripts, hint := 0, false
	for h := range page.Descendants() {
		switch {
		case h.Type == html.TextNode && h.Parent.DataAtom == atom.Noscript:
			text := strings.ToLower(h.Data)
			hint = hint || strings.Contains(text, "javascript") && len(text) < 2000
		case h.DataAtom == atom.Script:
			if kind := attribute(h, "type"); kind == "" || strings.Contains(kind, "javascript") || kind == "module" {
				scripts++
			}
		case h.Type == html.ElementNode:
			switch attribute(h, "id") {
			case "root", "app", "__next", "___gatsby", "__nuxt", "svelte", "q-app", "app-root", "main-app":
				hint = true
			}
			hint = hint || h.Data == "app-root"
		}
	}
	return scripts > 0 && hint || scripts > 2 && words < shellWords/4
}

// shellWords is how many words a page has at least that is no empty frame.
const shellWords = 60
