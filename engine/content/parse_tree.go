package content

import (
	"bytes"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// maxNesting is how deep elements may stand in each other before a page that
// the parser refuses (it stops at 512) is flattened.
const maxNesting = 200

// parseTree parses a page. One that is nested deeper than the parser goes is
// read again with its innermost tags dropped, and if that does not help, as the
// text between its tags.
func parseTree(body []byte) (*html.Node, error) {
	page, err := html.Parse(bytes.NewReader(body))
	if err == nil {
		return page, nil
	}
	if page, err = html.Parse(bytes.NewReader(flatten(body, maxNesting))); err == nil {
		return page, nil
	}
	return html.Parse(bytes.NewReader(flatten(body, 0)))
}

// flatten drops the tags that stand deeper than limit, and of those that hide
// what stands in them, that too: depth must not bring hidden text to light. Other
// text, scripts and styles stay as they are.
func flatten(body []byte, limit int) []byte {
	var b bytes.Buffer
	depth, hidden := 0, 0 // hidden is the depth of the dropped tag that hides, or 0
	for z := html.NewTokenizer(bytes.NewReader(body)); ; {
		kind := z.Next()
		raw := z.Raw()
		switch kind {
		case html.ErrorToken:
			return b.Bytes()
		}
		if hidden > 0 {
			depth, hidden = pastHidden(z, kind, depth, hidden)
			continue
		}
		switch kind {
		case html.TextToken, html.CommentToken, html.DoctypeToken:
			b.Write(raw)
			continue
		}
		name, _ := z.TagName()
		switch tag := atom.Lookup(name); {
		case tag == atom.Script, tag == atom.Style, tag == atom.Title, tag == atom.Textarea, tag == atom.Noscript, tag == atom.Br:
			b.Write(raw)
		case kind == html.StartTagToken && !isVoid(tag):
			depth++
			switch {
			case depth <= limit:
				b.Write(raw)
			case neverShown(element(z, tag)):
				hidden = depth
			default:
				b.WriteByte(' ')
			}
		case kind == html.EndTagToken:
			if depth <= limit {
				b.Write(raw)
			}
			depth = max(depth-1, 0)
		case depth <= limit && limit > 0:
			b.Write(raw)
		}
	}
}

// pastHidden counts the tags within a hidden element, and leaves it at its end.
// One that is never closed hides the rest of the page.
func pastHidden(z *html.Tokenizer, kind html.TokenType, depth, hidden int) (int, int) {
	name, _ := z.TagName()
	switch {
	case kind == html.StartTagToken && !isVoid(atom.Lookup(name)):
		depth++
	case kind == html.EndTagToken && !isVoid(atom.Lookup(name)):
		if depth == hidden {
			hidden = 0
		}
		depth--
	}
	return depth, hidden
}

// element is the tag that z stands at, with its attributes.
func element(z *html.Tokenizer, tag atom.Atom) *html.Node {
	n := &html.Node{Type: html.ElementNode, DataAtom: tag, Data: tag.String()}
	for more := true; more; {
		var key, value []byte
		key, value, more = z.TagAttr()
		if len(key) > 0 {
			n.Attr = append(n.Attr, html.Attribute{Key: string(key), Val: string(value)})
		}
	}
	return n
}

// isVoid tells elements that have no end tag (HTML, 13.1.2).
func isVoid(tag atom.Atom) bool {
	switch tag {
	case atom.Area, atom.Base, atom.Br, atom.Col, atom.Embed, atom.Hr, atom.Img, atom.Input, atom.Link, atom.Meta, atom.Source, atom.Track, atom.Wbr:
		return true
	}
	return false
}
