package index

import (
	"strings"

	"github.com/axon-mcp/axon-mcp/engine/content"
)

// chunkLayout says where a chunk lies in its document, so that its text is not
// stored a second time.
type chunkLayout struct {
	start, end int // byte range in the Markdown
	anchor     string
	path       []string
	// before and after stand around the range in the chunk's text: the repeated
	// header of a split table, the fence of a split code block.
	before, after string
}

func layoutOf(markdown string, chunks []content.Chunk) []chunkLayout {
	out := make([]chunkLayout, len(chunks))
	for i, c := range chunks {
		l := chunkLayout{start: c.Start, end: c.End, anchor: c.Anchor, path: c.HeadingPath}
		if body := markdown[c.Start:c.End]; c.Text != body {
			if at := strings.Index(c.Text, body); at >= 0 {
				l.before, l.after = c.Text[:at], c.Text[at+len(body):]
			}
		}
		out[i] = l
	}
	return out
}

// text is the text of the chunk.
func (l *chunkLayout) text(markdown string) string {
	body := markdown[l.start:l.end]
	if l.before == "" && l.after == "" {
		return body
	}
	return l.before + body + l.after
}

// encodeLayout writes the layout of a document's chunks: a list of distinct
// strings, then the chunks, whose strings are numbers in it.
func encodeLayout(chunks []chunkLayout) []byte {
	ids := make(map[string]int)
	var list []string
	id := func(s string) int {
		n, ok := ids[s]
		if !ok {
			n = len(list)
			ids[s] = n
			list = append(list, s)
		}
		return n
	}
	var body []byte
	for _, c := range chunks {
		body = appendUvarint(appendUvarint(body, c.start), c.end)
		body = appendUvarint(body, id(c.anchor))
		body = appendUvarint(appendUvarint(body, id(c.before)), id(c.after))
		body = appendUvarint(body, len(c.path))
		for _, p := range c.path {
			body = appendUvarint(body, id(p))
		}
	}
	out := appendUvarint(nil, len(list))
	for _, s := range list {
		out = appendText(out, s)
	}
	return append(appendUvarint(out, len(chunks)), body...)
}

// decodeLayout reads what encodeLayout wrote, for a document of size bytes.
func decodeLayout(b []byte, size int) ([]chunkLayout, error) {
	dec := decoder{buf: b}
	list := make([]string, dec.count())
	for i := range list {
		list[i] = dec.text()
	}
	str := func() string {
		if i := dec.number(); i < len(list) {
			return list[i]
		}
		dec.fail()
		return ""
	}
	out := make([]chunkLayout, dec.count())
	for i := range out {
		c := &out[i]
		c.start, c.end = dec.number(), dec.number()
		c.anchor, c.before, c.after = str(), str(), str()
		for range dec.count() {
			c.path = append(c.path, str())
		}
		if c.start > c.end || c.end > size {
			dec.fail()
		}
	}
	if dec.bad || dec.left() > 0 {
		return nil, errRecord
	}
	return out, nil
}

// shiftHeadings returns the headings of the cleaned Markdown, from those of the
// page as fetched: without those that were cut, and moved by what was cut
// before them.
func shiftHeadings(headings []content.Heading, cuts []content.Cut) []content.Heading {
	var out []content.Heading
	i, gone := 0, 0 // cuts before the heading, and their bytes
	for _, h := range headings {
		for i < len(cuts) && cuts[i].Offset+gone+len(cuts[i].Text) <= h.Offset {
			gone += len(cuts[i].Text)
			i++
		}
		if i < len(cuts) && cuts[i].Offset+gone <= h.Offset {
			continue // within the cut
		}
		h.Offset -= gone
		out = append(out, h)
	}
	return out
}
