package content

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"path"
	"strings"
	"time"

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
	sum := sha256.Sum256([]byte(doc.Title + "\x00" + doc.Markdown))
	doc.Hash = hex.EncodeToString(sum[:])
	if doc.Words == 0 {
		doc.Words = len(strings.Fields(doc.Markdown))
	}
	return doc, nil
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
	// Without scripting <noscript> is parsed: it is what such a reader is given.
	root, err := html.ParseWithOptions(bytes.NewReader(in.Body), html.ParseOptionEnableScripting(false))
	if err != nil { // nested deeper than the parser goes
		root, err = html.ParseWithOptions(bytes.NewReader(flatten(in.Body)), html.ParseOptionEnableScripting(false))
	}
	if err != nil {
		return nil, fault.Wrap(fault.Unsupported, err, "%s cannot be read as HTML", in.URL)
	}
	m := gather(root)
	gen := identify(m)
	links := newLinker(in.URL, root)
	doc := &Document{}
	readMeta(root, doc, links)
	if gen != nil {
		doc.Generator = gen.name
	}
	if err := exclude(root, in.Exclude); err != nil {
		return nil, err
	}
	mains, known, err := mainNodes(root, gen, in.Include)
	if err != nil {
		return nil, err
	}
	w := &writer{links: links, gen: gen, known: known}
	for _, n := range mains {
		w.block(2)
		w.children(n, 2)
	}
	doc.Markdown = w.b.String()
	doc.Headings = trimmed(doc.Markdown, w.headings)
	doc.Title = titleOf(doc, root)
	var main *html.Node
	if len(mains) > 0 {
		main = mains[0]
	}
	doc.Links = links.all(root, main)
	doc.Words, doc.Shell = shell(root)
	return doc, nil
}

// flatten drops the tags that can nest without end and say little, so that a
// page that is nested too deep can still be read.
func flatten(body []byte) []byte {
	var b bytes.Buffer
	for z := html.NewTokenizer(bytes.NewReader(body)); ; {
		kind := z.Next()
		if kind == html.ErrorToken {
			return b.Bytes()
		}
		raw := z.Raw()
		name, _ := z.TagName()
		switch atom.Lookup(name) {
		case atom.P, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Pre, atom.Code, atom.A, atom.Br, atom.Hr, atom.Title,
			atom.Head, atom.Body, atom.Html, atom.Meta, atom.Link, atom.Base, atom.Script, atom.Style, atom.Noscript, atom.Template:
			b.Write(raw)
		default:
			switch kind {
			case html.TextToken:
				b.Write(raw)
			case html.StartTagToken, html.EndTagToken, html.SelfClosingTagToken:
				b.WriteString("<p>")
			}
		}
	}
}

// trimmed moves the offsets by what TrimSpace takes from the beginning.
func trimmed(md string, headings []Heading) []Heading {
	cut := len(md) - len(strings.TrimLeft(md, " \t\r\n"))
	for i := range headings {
		headings[i].Offset = max(headings[i].Offset-cut, 0)
	}
	return headings
}

// mainNodes returns where the content stands: what include selects, else the
// main container. known tells that marks or the caller named it.
func mainNodes(root *html.Node, gen *generator, include []string) (nodes []*html.Node, known bool, err error) {
	if len(include) == 0 {
		n := mainOf(root, gen)
		if instead := withoutScript(root, n); instead != nil {
			return []*html.Node{instead}, false, nil
		}
		return []*html.Node{n}, gen != nil && n.DataAtom != atom.Body, nil
	}
	inside := map[*html.Node]bool{}
	for _, one := range include {
		sel, err := cascadia.ParseGroup(one)
		if err != nil {
			return nil, false, fault.Errorf(fault.Invalid, "include: %q is no CSS selector: %w", one, err)
		}
		for _, n := range cascadia.QueryAll(root, sel) {
			covered := false
			for up := n; up != nil; up = up.Parent {
				covered = covered || inside[up]
			}
			if !covered {
				inside[n] = true
				nodes = append(nodes, n)
			}
		}
	}
	return nodes, true, nil
}

// Bytes of text below which a page is nearly empty, and from which <noscript>
// is a page of its own.
const nearlyEmpty, aPage = 300, 500

// withoutScript returns the <noscript> that holds what a page shows to readers
// that run no scripts, where the page itself shows next to nothing.
func withoutScript(root, main *html.Node) *html.Node {
	if weigh(main).text >= nearlyEmpty {
		return nil
	}
	var best *html.Node
	most := aPage
	walk(root, func(n *html.Node) bool {
		if n.DataAtom != atom.Noscript {
			return true
		}
		text := 0
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			text += weigh(c).text
		}
		if text >= most {
			best, most = n, text
		}
		return false
	})
	return best
}

func exclude(root *html.Node, selectors []string) error {
	for _, one := range selectors {
		sel, err := cascadia.ParseGroup(one)
		if err != nil {
			return fault.Errorf(fault.Invalid, "exclude: %q is no CSS selector: %w", one, err)
		}
		for _, n := range cascadia.QueryAll(root, sel) {
			if n.Parent != nil {
				n.Parent.RemoveChild(n)
			}
		}
	}
	return nil
}

// readMeta reads what <head> tells.
func readMeta(root *html.Node, doc *Document, links *linker) {
	walk(root, func(n *html.Node) bool {
		if n.Type != html.ElementNode {
			return true
		}
		switch n.DataAtom {
		case atom.Html:
			doc.Lang = clean(attr(n, "lang"), 35)
			if doc.Lang == "" {
				doc.Lang = clean(attr(n, "xml:lang"), 35)
			}
		case atom.Title:
			if doc.Title == "" && n.Parent != nil && n.Parent.DataAtom == atom.Head {
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

func readMetaTag(n *html.Node, doc *Document, links *linker) {
	value := attr(n, "content")
	if strings.EqualFold(attr(n, "http-equiv"), "refresh") {
		if _, target, ok := strings.Cut(strings.ToLower(value), "url="); ok {
			target = value[len(value)-len(target):]
			doc.Refresh = links.resolve(strings.Trim(strings.TrimSpace(target), `'"`))
		}
		return
	}
	key := strings.ToLower(attr(n, "name"))
	if key == "" {
		key = strings.ToLower(attr(n, "property"))
	}
	switch key {
	case "description", "og:description":
		if doc.Description == "" {
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

// titleOf prefers the first top heading of the content, which has no site name
// on it, and then <title>.
func titleOf(doc *Document, root *html.Node) string {
	for _, h := range doc.Headings {
		if h.Level == 1 {
			return clean(h.Text, 300)
		}
	}
	if len(doc.Headings) > 0 && doc.Title != "" && strings.Contains(doc.Title, doc.Headings[0].Text) && doc.Headings[0].Level == 2 {
		return clean(doc.Headings[0].Text, 300)
	}
	if doc.Title != "" {
		return doc.Title
	}
	if h1 := find(root, func(n *html.Node) bool { return n.DataAtom == atom.H1 }); h1 != nil {
		return clean(tight(h1), 300)
	}
	return ""
}

// shell counts the visible words, and tells whether the page is a frame that a
// script fills: next to no text, and scripts with a root to fill or a note that
// they are needed.
func shell(root *html.Node) (words int, empty bool) {
	scripts, hint := 0, false
	walk(root, func(n *html.Node) bool {
		switch {
		case n.Type == html.TextNode:
			words += len(strings.Fields(n.Data))
		case n.DataAtom == atom.Script:
			scripts++
			return false
		case n.DataAtom == atom.Noscript:
			text := strings.ToLower(rawText(n))
			hint = hint || strings.Contains(text, "javascript") && strings.Contains(text, "enable")
			return false
		case n.DataAtom == atom.Style:
			return false
		case n.Type == html.ElementNode:
			switch attr(n, "id") {
			case "root", "app", "__next", "___gatsby", "__nuxt", "svelte", "q-app":
				hint = true
			}
			hint = hint || n.Data == "app-root"
		}
		return true
	})
	return words, scripts > 0 && words < 60 && hint || scripts > 2 && words < 15
}
