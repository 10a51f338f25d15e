package index

import (
	"cmp"
	"math"
	"slices"
	"strings"
)

// Weights of a term's places in a chunk's tf (BM25F with one length for all
// fields). A segment holds the sums, so a change needs a new segmentVersion.
const (
	titleWeight = 2
	pathWeight  = 2
)

// tail holds the documents that are in no segment yet: a shard that grows, and
// the postings of its terms.
type tail struct {
	shard
	ids   map[string]uint32
	terms []tailTerm
	fixed map[string]uint32 // names, by text
}

// tailTerm is a term of the tail.
type tailTerm struct {
	text string
	termStats
	list  []posting
	pages []termPage
}

// termPage is a document that has a term.
type termPage struct {
	doc       uint32
	place, tf uint32 // in the document's list
}

// termStats says how common a term is. What is dead in a segment counts until it
// is merged away.
type termStats struct {
	chunks, docs, titles int
}

// docMeta is what filters look at, and what a hit's page is called.
type docMeta struct {
	rev                                       uint64
	collection, url, domain, sourceType, lang string
}

func newTail(model string, dim int) *tail {
	t := &tail{
		shard: shard{model: model, dim: dim, first: []uint32{0}, forwardAt: []uint64{0}},
		ids:   make(map[string]uint32),
		fixed: make(map[string]uint32),
	}
	t.locate = t.findTerm
	return t
}

// add appends a document. Its rev must be greater than those before. Vectors of
// another model are left out.
func (t *tail) add(meta docMeta, r *record) {
	doc := uint32(t.docs())
	t.revs = append(t.revs, meta.rev)
	t.collections = append(t.collections, t.name(meta.collection))
	t.domains = append(t.domains, t.name(meta.domain))
	t.sourceTypes = append(t.sourceTypes, t.name(meta.sourceType))
	t.langs = append(t.langs, t.name(meta.lang))
	t.urls.add([]byte(meta.url))
	t.dead = t.dead.grow(t.docs())
	t.addVectors(r)
	ids := make([]uint32, len(r.terms))
	for i, term := range r.terms {
		ids[i] = t.intern(term)
	}
	t.addWords(doc, ids, r)
}

// reserve makes room for documents that are about to be added.
func (t *tail) reserve(rows []tailRow) {
	chunks, words := 0, 0
	for i := range rows {
		r := &rows[i].record
		chunks += len(r.bodies)
		words += len(r.title) + 3*len(r.terms) // and their ids and counts
		for i := range r.bodies {
			words += len(r.paths[i]) + len(r.bodies[i]) + 3
		}
	}
	t.chunkDocs, t.lens = slices.Grow(t.chunkDocs, chunks), slices.Grow(t.lens, chunks)
	t.bits = slices.Grow(t.bits, chunks*t.words())
	t.vectors.scale = slices.Grow(t.vectors.scale, chunks)
	t.vectors.high, t.vectors.low = slices.Grow(t.vectors.high, chunks*t.dim), slices.Grow(t.vectors.low, chunks*t.dim)
	t.forward = slices.Grow(t.forward, words)
}

func (t *tail) name(s string) uint32 {
	id, ok := t.fixed[s]
	if !ok {
		id = uint32(t.names.len())
		t.names.add([]byte(s))
		t.fixed[s] = id
	}
	return id
}

func (t *tail) intern(term string) uint32 {
	id, ok := t.ids[term]
	if !ok {
		id = uint32(len(t.terms))
		term = strings.Clone(term) // from the memory of all terms of its document
		t.ids[term] = id
		t.terms = append(t.terms, tailTerm{text: term})
	}
	return id
}

func (t *tail) addVectors(r *record) {
	n, words := len(r.bodies), t.words()
	bits := len(t.bits)
	t.bits = append(t.bits, make([]uint64, n*words)...)
	if t.dim == 0 || r.model != t.model || r.dim != t.dim {
		t.vectored = append(t.vectored, 0)
		t.vectors.scale = append(t.vectors.scale, make([]float32, n)...)
		t.vectors.high = append(t.vectors.high, make([]int8, n*t.dim)...)
		t.vectors.low = append(t.vectors.low, make([]int8, n*t.dim)...)
		t.means.scale = append(t.means.scale, 0)
		t.means.high = append(t.means.high, make([]int8, t.dim)...)
		return
	}
	for i := range n {
		signs(t.bits[bits+i*words:bits+(i+1)*words], r.vectors.high[i*t.dim:(i+1)*t.dim], r.vectors.low[i*t.dim:(i+1)*t.dim])
	}
	t.vectored = append(t.vectored, 1)
	t.vectors.scale = append(t.vectors.scale, r.vectors.scale...)
	t.vectors.high = append(t.vectors.high, r.vectors.high...)
	t.vectors.low = append(t.vectors.low, r.vectors.low...)
	t.means.scale = append(t.means.scale, r.mean.scale...)
	t.means.high = append(t.means.high, r.mean.high...)
}

// addWords appends the postings of the document's chunks, its lengths and its
// forward record.
func (t *tail) addWords(doc uint32, ids []uint32, r *record) {
	page := make([]int, len(ids))
	title, chunkWords := newCounter(len(ids)), newCounter(len(ids))
	titleLen := title.stream(r.title, titleWeight)
	for _, place := range title.places {
		t.terms[ids[place]].titles++
		page[place] = int(title.tfs[place]) / titleWeight
	}
	pageLen := titleLen
	for i, body := range r.bodies {
		for _, place := range title.places {
			chunkWords.add(uint64(place), title.tfs[place])
		}
		pathLen := chunkWords.stream(r.paths[i], pathWeight)
		bodyLen := chunkWords.stream(body, 1)
		count(body, page)
		pageLen += bodyLen
		chunk := uint32(len(t.chunkDocs))
		t.chunkDocs = append(t.chunkDocs, doc)
		words := min(titleLen+pathLen+bodyLen, math.MaxUint16)
		t.lens = append(t.lens, uint16(words))
		t.totals.chunkWords += uint64(words)
		for place, tf := range chunkWords.take() {
			term := &t.terms[ids[place]]
			term.chunks++
			term.list = append(term.list, posting{chunk, uint8(min(tf, maxTF))})
		}
	}
	for place, tf := range page {
		term := &t.terms[ids[place]]
		term.pages = append(term.pages, termPage{doc, uint32(place), uint32(tf)})
		if tf > 0 {
			term.docs++
		}
	}
	t.first = append(t.first, uint32(len(t.chunkDocs)))
	t.pageLens = append(t.pageLens, uint32(pageLen))
	t.totals.pageWords += uint64(pageLen)
	t.totals.docs++
	t.totals.chunks += len(r.bodies)
	t.forward = appendForward(t.forward, ids, page, false)
	t.forward = appendBlock(t.forward, r.title)
	for i := range r.bodies {
		t.forward = appendBlock(appendBlock(t.forward, r.paths[i]), r.bodies[i])
	}
	t.forwardAt = append(t.forwardAt, uint64(len(t.forward)))
}

// counter counts terms by their place in a document's list. A chunk has few of
// them, so those that it has are kept beside.
type counter struct {
	tfs    []uint16
	places []uint32 // where tfs is not 0
}

func newCounter(terms int) *counter { return &counter{tfs: make([]uint16, terms)} }

// add counts a term. Places that the document has not are left out: a checked
// record has none.
func (c *counter) add(place uint64, weight uint16) {
	if place >= uint64(len(c.tfs)) || weight == 0 {
		return
	}
	if c.tfs[place] == 0 {
		c.places = append(c.places, uint32(place))
	}
	c.tfs[place] = min(c.tfs[place]+weight, math.MaxUint16-pathWeight-titleWeight)
}

// stream adds weight for every term of a stream and returns its length in words.
func (c *counter) stream(stream []byte, weight uint16) (words int) {
	dec := decoder{buf: stream}
	for dec.left() > 0 {
		v := dec.uvarint()
		words += 1 - int(v&1)
		c.add(v>>1, weight)
	}
	return words
}

// take yields the counts and sets them to zero.
func (c *counter) take() func(yield func(place uint32, tf uint16) bool) {
	return func(yield func(uint32, uint16) bool) {
		for _, place := range c.places {
			tf := c.tfs[place]
			c.tfs[place] = 0
			if !yield(place, tf) {
				return
			}
		}
		c.places = c.places[:0]
	}
}

// count adds one to tfs for every term of a stream.
func count(stream []byte, tfs []int) {
	dec := decoder{buf: stream}
	for dec.left() > 0 {
		if place := dec.uvarint() >> 1; place < uint64(len(tfs)) {
			tfs[place]++
		}
	}
}

// lookup returns a term's place in the tail.
func (t *tail) lookup(term string) (id uint32, stats termStats, ok bool) {
	id, ok = t.ids[term]
	if !ok {
		return 0, termStats{}, false
	}
	return id, t.terms[id].termStats, true
}

// findTerm returns a term's place in the list of a document.
func (t *tail) findTerm(doc, id uint32) (place, tf int, ok bool) {
	pages := t.terms[id].pages
	i, ok := slices.BinarySearchFunc(pages, doc, func(p termPage, doc uint32) int { return cmp.Compare(p.doc, doc) })
	if !ok {
		return 0, 0, false
	}
	return int(pages[i].place), int(pages[i].tf), true
}

// bury marks a document as dead and takes it out of all counts, so that a
// process that never saw it counts the same.
func (t *tail) bury(doc uint32) {
	if t.dead.has(doc) {
		return
	}
	t.dead.set(doc)
	from, to := t.first[doc], t.first[doc+1]
	t.totals.docs--
	t.totals.chunks -= int(to - from)
	t.totals.pageWords -= uint64(t.pageLens[doc])
	for c := from; c < to; c++ {
		t.totals.chunkWords -= uint64(t.lens[c])
	}
	f, _ := t.open(doc)
	titles := newCounter(f.terms)
	titles.stream(f.stream(), 1)
	f.each(func(place int, id uint32, tf int) {
		term := &t.terms[id]
		if tf > 0 {
			term.docs--
		}
		if titles.tfs[place] > 0 {
			term.titles--
		}
		at, _ := slices.BinarySearchFunc(term.list, from, func(p posting, chunk uint32) int { return cmp.Compare(p.chunk, chunk) })
		for ; at < len(term.list) && term.list[at].chunk < to; at++ {
			term.chunks--
		}
	})
}
