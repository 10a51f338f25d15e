package content

import (
	"slices"
	"strings"
)

// Sizes of chunks, in tokens of the embedder.
const (
	chunkTarget = 220
	chunkMax    = 320
	chunkSmall  = 60 // a smaller rest joins the chunk before it
)

// piece is a range of the Markdown that is not split, with its size.
type piece struct{ start, end, tokens int }

// Chunks cuts a document into passages along its headings. Short sections join
// what follows under the same parent; long ones are cut between blocks, and a
// block that is itself too long between lines, with the head of a table or a
// fence repeated. count sizes a text in tokens and is called once a block.
func Chunks(title, markdown string, headings []Heading, count func(string) int) []Chunk {
	c := chunker{md: markdown, title: title, headings: headings, above: parents(headings), count: count}
	sections := c.sections()
	for i := 0; i < len(sections); {
		group := sections[i]
		level := c.levelAt(group.heading)
		j := i + 1
		for j < len(sections) && group.tokens+sections[j].tokens <= chunkTarget && c.levelAt(sections[j].heading) >= level {
			group.pieces = append(group.pieces, sections[j].pieces...)
			group.tokens += sections[j].tokens
			j++
		}
		c.emit(group)
		i = j
	}
	c.findInside()
	return c.out
}

// findInside notes the headings within each chunk: several short sections may be
// one chunk.
func (c *chunker) findInside() {
	next := 0
	for i := range c.out {
		ch := &c.out[i]
		for ; next < len(c.headings) && c.headings[next].Offset < ch.End; next++ {
			if c.headings[next].Offset < ch.Start {
				continue
			}
			path, anchor := c.path(next)
			if anchor != ch.Anchor || !slices.Equal(path, ch.HeadingPath) {
				ch.Inside = append(ch.Inside, Place{c.headings[next].Offset, anchor, path})
			}
		}
	}
}

type chunker struct {
	md, title string
	headings  []Heading
	above     []int // index of the heading above each, or -1
	count     func(string) int
	out       []Chunk
}

// parents finds, for each heading, the nearest one before it of a higher rank, or
// -1.
func parents(headings []Heading) []int {
	above := make([]int, len(headings))
	var open []int
	for i, h := range headings {
		for len(open) > 0 && headings[open[len(open)-1]].Level >= h.Level {
			open = open[:len(open)-1]
		}
		above[i] = -1
		if len(open) > 0 {
			above[i] = open[len(open)-1]
		}
		open = append(open, i)
	}
	return above
}

// section is what stands under one heading, up to the next.
type section struct {
	heading int // index in headings; -1 before the first
	pieces  []piece
	tokens  int
}

func (c *chunker) levelAt(heading int) int {
	if heading < 0 {
		return 0
	}
	return c.headings[heading].Level
}

func (c *chunker) sections() []section {
	var list []section
	next := 0
	cur := section{heading: -1}
	for start, end := range blockRanges(c.md) {
		for next < len(c.headings) && c.headings[next].Offset < end {
			if len(cur.pieces) > 0 {
				list = append(list, cur)
			}
			cur = section{heading: next}
			next++
		}
		p := piece{start, end, c.count(c.md[start:end])}
		cur.pieces = append(cur.pieces, p)
		cur.tokens += p.tokens
	}
	if len(cur.pieces) > 0 {
		list = append(list, cur)
	}
	return list
}

// emit packs a section's pieces into chunks.
func (c *chunker) emit(s section) {
	var run []piece
	tokens, first := 0, len(c.out)
	flush := func() {
		if len(run) > 0 {
			start, end := run[0].start, run[len(run)-1].end
			c.add(s.heading, start, end, c.md[start:end], tokens)
			run, tokens = nil, 0
		}
	}
	for _, p := range s.pieces {
		if p.tokens > chunkMax {
			flush()
			c.split(s.heading, p)
			continue
		}
		if tokens > 0 && tokens+p.tokens > chunkTarget && (tokens >= chunkSmall || tokens+p.tokens > chunkMax) {
			flush()
		}
		run = append(run, p)
		tokens += p.tokens
	}
	if n := len(c.out) - 1; len(run) > 0 && n >= first && tokens < chunkSmall && c.out[n].Tokens+tokens <= chunkMax && c.out[n].Text == c.md[c.out[n].Start:c.out[n].End] {
		last := &c.out[n]
		last.End = run[len(run)-1].end
		last.Text, last.Tokens = c.md[last.Start:last.End], last.Tokens+tokens
		return
	}
	flush()
}

func (c *chunker) add(heading, start, end int, text string, tokens int) {
	ch := Chunk{Ordinal: len(c.out), Start: start, End: end, Text: text, Tokens: tokens}
	if heading >= 0 {
		ch.HeadingPath, ch.Anchor = c.path(heading)
	}
	c.out = append(c.out, ch)
}

// path lists the headings above and at a heading, and the nearest anchor.
func (c *chunker) path(heading int) (path []string, anchor string) {
	for i := heading; i >= 0; i = c.above[i] {
		h := c.headings[i]
		if anchor == "" {
			anchor = h.Anchor
		}
		if h.Text != c.title {
			path = append(path, h.Text)
		}
	}
	slices.Reverse(path)
	return path, anchor
}

// split cuts one block that is too long: between lines, else between sentences
// or words. The head of a table and the fence of code stand on every part.
func (c *chunker) split(heading int, p piece) {
	head, tail, from, to := frameOf(c.md[p.start:p.end])
	frame := 0
	if head != "" {
		frame = c.count(head)
	}
	start, tokens := p.start+from, 0
	end := start
	flush := func() {
		if end <= start {
			return
		}
		text := c.md[start:end]
		if strings.TrimSpace(text) != "" {
			text = strings.TrimRight(text, "\n")
			c.add(heading, start, start+len(text), head+text+tail, tokens+frame)
		}
		start, tokens = end, 0
	}
	for _, part := range c.parts(p.start+from, p.start+to, chunkMax-frame) {
		if tokens > 0 && tokens+part.tokens > chunkTarget {
			flush()
		}
		end = part.end
		tokens += part.tokens
	}
	flush()
}

// frameOf returns what is repeated around each part of a block, and the range
// of what is between.
func frameOf(text string) (head, tail string, from, to int) {
	lines := strings.SplitAfterN(text, "\n", 3)
	switch {
	case len(lines) > 1 && strings.HasPrefix(lines[0], "```"):
		fence := lines[0][:len(lines[0])-len(strings.TrimLeft(lines[0], "`"))]
		to = len(text)
		if strings.HasSuffix(text, "\n"+fence) {
			to -= len(fence)
		}
		if len(lines[0]) < 80 && to > len(lines[0]) {
			return lines[0], "\n" + fence, len(lines[0]), to
		}
	case len(lines) > 2 && strings.HasPrefix(lines[1], "| ---"):
		if n := len(lines[0]) + len(lines[1]); n < 1200 {
			return text[:n], "", n, len(text)
		}
	}
	return "", "", 0, len(text)
}

// parts cuts a range into lines, and lines that are too long into words.
func (c *chunker) parts(start, end, limit int) []piece {
	var list []piece
	for pos := start; pos < end; {
		next := end
		if i := strings.IndexByte(c.md[pos:end], '\n'); i >= 0 {
			next = pos + i + 1
		}
		tokens := c.count(c.md[pos:next])
		if tokens <= limit {
			list = append(list, piece{pos, next, tokens})
		} else {
			list = append(list, c.words(pos, next, tokens, limit)...)
		}
		pos = next
	}
	return list
}

// words cuts a long line at sentence ends or spaces, each part about as large as
// its share of the line's tokens allows.
func (c *chunker) words(start, end, tokens, limit int) []piece {
	var list []piece
	width := max((end-start)*limit/(2*max(tokens, 1)), 1)
	for pos := start; pos < end; {
		to := min(pos+width, end)
		if to < end {
			window := c.md[pos:to]
			if i := strings.LastIndex(window, ". "); i > width/3 {
				to = pos + i + 2
			} else if i := strings.LastIndexByte(window, ' '); i > 0 {
				to = pos + i + 1
			} else {
				for to < end && c.md[to]&0xc0 == 0x80 { // not within a character
					to++
				}
			}
		}
		list = append(list, piece{pos, to, c.count(c.md[pos:to])})
		pos = to
	}
	return list
}
