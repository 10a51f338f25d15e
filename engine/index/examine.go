package index

// examiner looks at the pages that have candidates, word by word.
type examiner struct {
	query  *parsed
	chunk  *bm25
	mean   float64 // words of a page
	needle *needle // nil without vectors
	most   struct{ chunk, page, title float64 }

	marks []uint8 // by place in the page's list: the query's term + 1
	tfs   []uint32
	title []uint32
	last  []int32 // position of each term, and -1 for none
	ends  [][]int32
	pairs []bool
	// defined and above are by term: the names of the passage and its page, and
	// the words of heading path and title.
	defined, above []bool
}

const never = -2 // a position that nothing follows

func newExaminer(q *parsed, chunk *bm25, pageMean float64, n *needle) *examiner {
	e := &examiner{query: q, chunk: chunk, mean: max(pageMean, 1), needle: n}
	for _, t := range q.terms {
		if t.name {
			continue
		}
		e.most.chunk += float64(t.idf) * (saturation + 1)
		e.most.page += float64(t.pageIDF) * (saturation + 1)
		e.most.title += float64(t.titleIDF) * (saturation + 1)
	}
	e.tfs, e.title = make([]uint32, len(q.terms)), make([]uint32, len(q.terms))
	e.last = make([]int32, len(q.terms))
	e.defined, e.above = make([]bool, len(q.terms)), make([]bool, len(q.terms))
	e.pairs = make([]bool, max(0, len(q.words)-1))
	for _, p := range q.phrases {
		e.ends = append(e.ends, make([]int32, len(p)))
	}
	return e
}

// examine fills in the signs of a page whose candidate chunks are set, in
// ascending order. ok is false if the shard is damaged.
func (e *examiner) examine(s *shard, p *pageSigns) (ok bool) {
	f, ok := s.open(p.doc)
	if !ok {
		return false
	}
	p.page = e.readTerms(&f, s, p) / max(e.most.page, 1e-9)
	p.title = e.readTitle(f.stream()) / max(e.most.title, 1e-9)
	clear(e.tfs)
	p.named = e.worth()
	vectored := e.needle != nil && e.needle.fits(s) && s.vectored[p.doc] == 1
	if vectored {
		p.mean = float64(e.needle.cosine(&s.means, int(p.doc)))
	}
	at := s.first[p.doc]
	for i := range p.chunks {
		c := &p.chunks[i]
		for ; at < c.chunk; at++ {
			f.stream()
			f.stream()
		}
		at++
		e.readChunk(f.stream(), f.stream(), s.lens[c.chunk], c)
		if vectored {
			c.cosine = float64(e.needle.cosine(&s.vectors, int(c.chunk)))
		}
	}
	return !f.streams.bad
}

// readTerms marks the terms of the query in the page's list and returns BM25 of
// the whole page.
func (e *examiner) readTerms(f *forward, s *shard, p *pageSigns) (score float64) {
	if cap(e.marks) < f.terms {
		e.marks = make([]uint8, f.terms*2)
	}
	e.marks = e.marks[:f.terms]
	clear(e.marks)
	norm := saturation * (1 - lengthShare + lengthShare*float64(s.pageLens[p.doc])/e.mean)
	for i, t := range e.query.terms {
		if !t.known[p.shard] {
			continue
		}
		place, tf, ok := f.find(t.ids[p.shard])
		if s.locate != nil {
			place, tf, ok = s.locate(p.doc, t.ids[p.shard])
		}
		if ok && place < len(e.marks) {
			e.marks[place] = uint8(i + 1)
			if t.name {
				continue
			}
			score += float64(t.pageIDF) * float64(tf) * (saturation + 1) / (float64(tf) + norm)
		}
	}
	return score
}

// readTitle returns BM25 of the title and keeps its terms for the chunks.
func (e *examiner) readTitle(stream []byte) (score float64) {
	clear(e.title)
	words := 0
	dec := decoder{buf: stream}
	for dec.left() > 0 {
		v := dec.uvarint()
		words += 1 - int(v&1)
		if place := v >> 1; place < uint64(len(e.marks)) && e.marks[place] > 0 {
			e.title[e.marks[place]-1]++
		}
	}
	norm := saturation * (1 - lengthShare + lengthShare*float64(words)/titleLength)
	for i, tf := range e.title {
		if tf > 0 && !e.query.terms[i].name {
			score += float64(e.query.terms[i].titleIDF) * float64(tf) * (saturation + 1) / (float64(tf) + norm)
		}
	}
	return score
}

// readChunk fills in what the words of a chunk say.
func (e *examiner) readChunk(path, body []byte, length uint16, c *chunkSigns) {
	for i, tf := range e.title {
		e.tfs[i] = tf * titleWeight
		e.last[i] = never
	}
	clear(e.pairs)
	for _, ends := range e.ends {
		for j := range ends {
			ends[j] = never
		}
	}
	whole := make([]bool, len(e.ends))
	at := e.walk(path, pathWeight, 0, whole)
	c.named = e.worth()
	e.walk(body, 1, at+1, whole) // a gap, so that no phrase reaches over
	for i, t := range e.query.terms {
		if e.tfs[i] > 0 && !t.name {
			c.keyword += float64(t.idf * e.chunk.weight(min(e.tfs[i], maxTF), length))
		}
	}
	c.keyword /= max(e.most.chunk, 1e-9)
	c.pairs = e.pairShare()
	for _, w := range whole {
		if w {
			c.phrases += 1 / float64(len(whole))
		}
	}
}

// worth says how well what was read so far defines what the query names.
func (e *examiner) worth() float64 {
	for i, t := range e.query.terms {
		here := e.title[i] > 0 || e.tfs[i] > 0
		e.defined[i], e.above[i] = here && t.name, here && !t.name
	}
	return e.query.worth(e.defined, e.above)
}

// walk reads a stream whose first word is at position at, and returns the
// position after its last.
func (e *examiner) walk(stream []byte, weight uint32, at int32, whole []bool) int32 {
	dec := decoder{buf: stream}
	at--
	for dec.left() > 0 {
		v := dec.uvarint()
		at += 1 - int32(v&1)
		place := v >> 1
		if place >= uint64(len(e.marks)) || e.marks[place] == 0 {
			continue
		}
		e.meet(int(e.marks[place]-1), at, whole)
		e.tfs[e.marks[place]-1] += weight
	}
	return at + 1
}

// meet notes a term of the query at a position.
func (e *examiner) meet(term int, at int32, whole []bool) {
	words := e.query.words
	for i := 1; i < len(words); i++ {
		if words[i] == term && e.last[words[i-1]] == at-1 {
			e.pairs[i-1] = true
		}
	}
	for k, phrase := range e.query.phrases {
		ends := e.ends[k]
		for j := len(phrase) - 1; j >= 0; j-- {
			if phrase[j] == term && (j == 0 || ends[j-1] == at-1) {
				ends[j] = at
				whole[k] = whole[k] || j == len(phrase)-1
			}
		}
	}
	e.last[term] = at
}

// pairShare is the share of the query's neighbouring words that are neighbours
// in the chunk; a pair counts as much as the more common of its words is rare,
// so that "how to" counts little.
func (e *examiner) pairShare() float64 {
	have, all := 0.0, 0.0
	words := e.query.words
	for i, met := range e.pairs {
		weight := float64(min(e.query.terms[words[i]].idf, e.query.terms[words[i+1]].idf))
		all += weight
		if met {
			have += weight
		}
	}
	if all == 0 {
		return 0
	}
	return have / all
}
