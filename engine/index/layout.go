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
	// inside are the sections that begin within it.
	inside []content.Place
}

func layoutOf(markdown string, chunks []content.Chunk) []chunkLayout {
	out := make([]chunkLayout, len(chunks))
	for i, c := range chunks {
		l := chunkLayout{start: c.Start, end: c.End, anchor: c.Anchor, path: c.HeadingPath, inside: c.Inside}
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

// isText reports whether text is the chunk's, without putting that together.
func (l *chunkLayout) isText(markdown, text string) bool {
	from, to := len(l.before), len(text)-len(l.after)
	return to-from == l.end-l.start && text[from:to] == markdown[l.start:l.end] && text[:from] == l.before && text[to:] == l.after
}

// encodeLayout writes the layout of a document's chunks: a list of distinct
// strings, then the chunks, whose strings are numbers in it, then the sections
// inside of chunks, which older versions of this program did not write.
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
	numbers := func(dst []byte, all []string) []byte {
		dst = appendUvarint(dst, len(all))
		for _, s := range all {
			dst = appendUvarint(dst, id(s))
		}
		return dst
	}
	var body, inside []byte
	for i, c := range chunks {
		body = appendUvarint(appendUvarint(body, c.start), c.end)
		body = appendUvarint(body, id(c.anchor))
		body = appendUvarint(appendUvarint(body, id(c.before)), id(c.after))
		body = numbers(body, c.path)
		for _, p := range c.inside {
			inside = appendUvarint(appendUvarint(appendUvarint(inside, i), p.Offset-c.start), id(p.Anchor))
			inside = numbers(inside, p.HeadingPath)
		}
	}
	out := appendUvarint(nil, len(list))
	for _, s := range list {
		out = appendText(out, s)
	}
	return append(append(appendUvarint(out, len(chunks)), body...), inside...)
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
	strs := func() (all []string) {
		for range dec.count() {
			all = append(all, str())
		}
		return all
	}
	out := make([]chunkLayout, dec.count())
	for i := range out {
		c := &out[i]
		c.start, c.end = dec.number(), dec.number()
		c.anchor, c.before, c.after = str(), str(), str()
		c.path = strs()
		if c.start > c.end || c.end > size {
			dec.fail()
		}
	}
	for dec.left() > 0 {
		i, at := dec.number(), dec.number()
		p := content.Place{Anchor: str(), HeadingPath: strs()}
		if dec.bad || i >= len(out) || out[i].start+at >= out[i].end {
			return nil, errRecord
		}
		p.Offset = out[i].start + at
		out[i].inside = append(out[i].inside, p)
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
