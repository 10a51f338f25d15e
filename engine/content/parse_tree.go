package content

import (
	"bytes"
	"errors"
	"io"
	"time"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/axon-mcp/axon-mcp/engine/content/pagetree"
)

// maxNesting is how deep elements may stand in each other before a page that
// the parser refuses (it stops at 512) is flattened.
const maxNesting = 200

// A page is given so much time to be parsed, and so much more for each byte. That
// is some fifty times what a page needs, so only one that makes the parser work
// with the square of its size runs out of it.
const (
	parseTime     = 250 * time.Millisecond
	parseTimeByte = time.Microsecond
)

var errSlow = errors.New("content: the page takes too long to parse")

// watched reads a page for the parser and fails when its time is over.
//
// Attack: formatting elements that are not closed are opened again in every
// paragraph (HTML, 13.2.4.3): with 300 of them, 200 KB make 18 million nodes.
type watched struct {
	rest  []byte
	read  int
	began time.Time
}

// Read implements io.Reader, in pieces that are small enough to look at the
// clock often.
func (w *watched) Read(p []byte) (int, error) {
	if time.Since(w.began) > parseTime+time.Duration(w.read)*parseTimeByte {
		return 0, errSlow
	}
	if len(w.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(p[:min(len(p), 4096)], w.rest)
	w.rest, w.read = w.rest[n:], w.read+n
	return n, nil
}

func parseWatched(body []byte) (*html.Node, error) {
	return html.Parse(&watched{rest: body, began: time.Now()})
}

// parseTree parses a page: most with pagetree, the others with x/net. One that is
// nested deeper than the parser goes, or that takes too long, is read again with
// its innermost tags dropped, then without formatting, and if that does not help,
// as the text between its tags.
// The tree lives until nodes is released.
func parseTree(body []byte, nodes *nursery) (*html.Node, error) {
	if page, ok := pagetree.Parse(body, &nodes.parsed); ok {
		return page, nil
	}
	page, err := parseWatched(body)
	if errors.Is(err, errSlow) {
		page, err = parseWatched(body) // the machine may have slept
	}
	if err == nil {
		return page, nil
	}
	if !errors.Is(err, errSlow) {
		if page, err = parseWatched(flatten(body, maxNesting, true)); err == nil {
			return page, nil
		}
	}
	if page, err = parseWatched(flatten(body, maxNesting, false)); err == nil {
		return page, nil
	}
	return html.Parse(bytes.NewReader(flatten(body, 0, false)))
}

// isFormatting tells the elements that the parser opens again where they were
// not closed (HTML, 13.2.4.3).
func isFormatting(tag atom.Atom) bool {
	switch tag {
	case atom.A, atom.B, atom.Big, atom.Code, atom.Em, atom.Font, atom.I, atom.Nobr, atom.S, atom.Small, atom.Strike, atom.Strong, atom.Tt, atom.U:
		return true
	}
	return false
}

// flatten drops the tags that stand deeper than limit, and those of formatting
// where that is not kept, and of those that hide what stands in them, that too: depth must not bring hidden text to light. Other
// text, scripts and styles stay as they are.
func flatten(body []byte, limit int, formatting bool) []byte {
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
			case depth <= limit && (formatting || !isFormatting(tag)):
				b.Write(raw)
			case neverShown(element(z, tag)):
				hidden = depth
			default:
				b.WriteByte(' ')
			}
		case kind == html.EndTagToken:
			if depth <= limit && (formatting || !isFormatting(tag)) {
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
