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

// flatten drops the tags that stand deeper than limit. Text, scripts and styles
// stay as they are.
func flatten(body []byte, limit int) []byte {
	var b bytes.Buffer
	depth := 0
	for z := html.NewTokenizer(bytes.NewReader(body)); ; {
		kind := z.Next()
		raw := z.Raw()
		switch kind {
		case html.ErrorToken:
			return b.Bytes()
		case html.TextToken, html.CommentToken, html.DoctypeToken:
			b.Write(raw)
			continue
		}
		name, _ := z.TagName()
		switch tag := atom.Lookup(name); {
		case tag == atom.Script, tag == atom.Style, tag == atom.Title, tag == atom.Textarea, tag == atom.Noscript, tag == atom.Br:
			b.Write(raw)
		case kind == html.StartTagToken && !isVoid(tag):
			if depth++; depth <= limit {
				b.Write(raw)
			} else {
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

// isVoid tells elements that have no end tag (HTML, 13.1.2).
func isVoid(tag atom.Atom) bool {
	switch tag {
	case atom.Area, atom.Base, atom.Br, atom.Col, atom.Embed, atom.Hr, atom.Img, atom.Input, atom.Link, atom.Meta, atom.Source, atom.Track, atom.Wbr:
		return true
	}
	return false
}
