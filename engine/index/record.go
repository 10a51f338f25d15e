package index

import (
	"errors"
	"math"
	"slices"
	"sync"
)

const recordVersion = 2

// record is all that the index makes of one document: its words in order and
// its vectors. It is what a row of index_tail holds, and needs nothing else to
// be searched or to become part of a segment.
type record struct {
	model   string   // "" if there are no vectors
	dim     int      // 0 if there are no vectors
	terms   []string // ascending
	title   []byte   // streams, as in forward
	paths   [][]byte // a chunk each
	bodies  [][]byte // a chunk each
	vectors codes    // a chunk each
	mean    codes    // of the vectors, coarse
}

var errRecord = errors.New("the record of a document is damaged")

// recordBuilder turns texts into records. It is not safe for concurrent use.
type recordBuilder struct {
	analyzer *analyzer
	places   map[string]uint32 // term → order of first appearance
	terms    []string
	streams  [][]uint32 // title, then path and body of every chunk
	document int        // how many were begun
}

func newRecordBuilder() *recordBuilder {
	return &recordBuilder{analyzer: newAnalyzer(), places: make(map[string]uint32)}
}

// builders keeps recordBuilders for the next page: the one that was used last comes
// first, since it remembers the most stems. A sync.Pool would lose them at every
// collection of garbage.
type builders struct {
	mu   sync.Mutex
	kept []*recordBuilder
}

const keptBuilders = 4 // pages that are indexed at once, for the most part

func (b *builders) get() *recordBuilder {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.kept) == 0 {
		return newRecordBuilder()
	}
	last := b.kept[len(b.kept)-1]
	b.kept = b.kept[:len(b.kept)-1]
	return last
}

func (b *builders) put(builder *recordBuilder) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.kept) < keptBuilders {
		b.kept = append(b.kept, builder)
	}
}

// text is what a record is made of.
type text struct {
	title         string
	names         names    // of the page
	paths, bodies []string // a chunk each: its headings, and its plain text
	chunkNames    []names
}

// build makes the record of a document. vectors has one a chunk, or is empty.
func (b *recordBuilder) build(t text, model string, vectors [][]float32) record {
	clear(b.places)
	b.terms, b.streams = nil, b.streams[:0]
	b.document++
	b.read(t.title, t.names)
	for i, body := range t.bodies {
		b.read(t.paths[i], t.chunkNames[i])
		b.read(body, nil)
	}
	order := make([]uint32, len(b.terms)) // place by appearance → place in the sorted list
	slices.Sort(b.terms)
	for i, term := range b.terms {
		order[b.places[term]] = uint32(i)
	}
	r := record{terms: b.terms, title: encodeStream(b.streams[0], order)}
	for i := 1; i < len(b.streams); i += 2 {
		r.paths = append(r.paths, encodeStream(b.streams[i], order))
		r.bodies = append(r.bodies, encodeStream(b.streams[i+1], order))
	}
	if len(vectors) > 0 && len(vectors) == len(t.bodies) {
		r.model, r.dim = model, len(vectors[0])
		r.vectors, r.mean = encodeVectors(vectors)
	}
	return r
}

// read appends the stream of one text, with names stacked on its last word.
func (b *recordBuilder) read(text string, named names) {
	tokens := b.analyzer.tokens(text)
	stream := make([]uint32, 0, len(tokens)+len(named))
	for _, t := range tokens {
		stacked := uint32(0)
		if t.stacked {
			stacked = 1
		}
		stream = append(stream, b.placeOf(t)<<1|stacked)
	}
	for _, name := range named {
		stream = append(stream, b.place(name)<<1|1)
	}
	b.streams = append(b.streams, stream)
}

// placeOf is place, without a look at the map for the words that the document has
// had.
func (b *recordBuilder) placeOf(t token) uint32 {
	if t.stem == nil {
		return b.place(t.term)
	}
	if t.stem.document != b.document {
		t.stem.document, t.stem.place = b.document, b.place(t.term)
	}
	return t.stem.place
}

func (b *recordBuilder) place(term string) uint32 {
	place, ok := b.places[term]
	if !ok {
		place = uint32(len(b.terms))
		b.places[term] = place
		b.terms = append(b.terms, term)
	}
	return place
}

func encodeStream(stream, order []uint32) []byte {
	out := make([]byte, 0, len(stream)*5/4)
	for _, v := range stream {
		out = appendUvarint(out, int(order[v>>1]<<1|v&1))
	}
	return out
}

// encodeVectors returns the codes of the vectors and of their mean direction.
func encodeVectors(vectors [][]float32) (all, mean codes) {
	dim := len(vectors[0])
	all = codes{scale: make([]float32, len(vectors)), high: make([]int8, len(vectors)*dim), low: make([]int8, len(vectors)*dim)}
	sum := make([]float32, dim)
	for i, v := range vectors {
		all.scale[i] = quantise(v, all.high[i*dim:(i+1)*dim], all.low[i*dim:(i+1)*dim])
		for j, x := range v {
			sum[j] += x
		}
	}
	normalise(sum)
	mean = codes{scale: make([]float32, 1), high: make([]int8, dim)}
	mean.scale[0] = quantise(sum, mean.high, nil)
	return all, mean
}

// normalise makes v one long; the zero vector stays.
func normalise(v []float32) {
	sum := 0.0
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	if sum == 0 {
		return
	}
	const near = 1e-7 // models give unit vectors
	if math.Abs(sum-1) < near {
		return
	}
	factor := 1 / math.Sqrt(sum)
	for i := range v {
		v[i] = float32(float64(v[i]) * factor)
	}
}

// encode writes the record for a row.
func (r *record) encode() []byte {
	out := make([]byte, 0, r.size())
	out = appendText(append(out, recordVersion), r.model)
	out = appendUvarint(out, r.dim)
	out = appendUvarint(out, len(r.terms))
	for _, t := range r.terms {
		out = appendText(out, t)
	}
	out = appendBlock(out, r.title)
	out = appendUvarint(out, len(r.bodies))
	for i := range r.bodies {
		out = appendBlock(appendBlock(out, r.paths[i]), r.bodies[i])
		if r.dim > 0 {
			out = appendFloat(out, r.vectors.scale[i])
			out = append(out, asBytes(r.vectors.high[i*r.dim:(i+1)*r.dim])...)
			out = append(out, asBytes(r.vectors.low[i*r.dim:(i+1)*r.dim])...)
		}
	}
	if r.dim > 0 {
		out = append(appendFloat(out, r.mean.scale[0]), asBytes(r.mean.high)...)
	}
	return out
}

// size is about what encode writes, in bytes, so that it grows its buffer once.
func (r *record) size() int {
	const each = 3 // of a length
	n := 64 + len(r.model) + len(r.title) + r.dim + (4+2*each+2*r.dim)*len(r.bodies)
	for _, t := range r.terms {
		n += len(t) + each
	}
	for i := range r.bodies {
		n += len(r.paths[i]) + len(r.bodies[i])
	}
	return n
}

// decodeRecord reads what encode wrote. The streams point into b.
func decodeRecord(b []byte) (record, error) {
	if len(b) == 0 || b[0] != recordVersion {
		return record{}, errRecord
	}
	dec := decoder{buf: b, pos: 1}
	r := record{model: dec.text(), dim: dec.number()}
	if r.dim > dec.left() {
		return record{}, errRecord
	}
	r.terms = dec.texts()
	r.title = dec.block()
	chunks := dec.count()
	if n := chunks * r.dim; n > 0 && n <= dec.left() {
		r.vectors = codes{scale: make([]float32, 0, chunks), high: make([]int8, 0, n), low: make([]int8, 0, n)}
	}
	for range chunks {
		r.paths = append(r.paths, dec.block())
		r.bodies = append(r.bodies, dec.block())
		if r.dim > 0 && !dec.bad {
			r.vectors.scale = append(r.vectors.scale, dec.float())
			r.vectors.high = append(r.vectors.high, column[int8](dec.bytes(r.dim))...)
			r.vectors.low = append(r.vectors.low, column[int8](dec.bytes(r.dim))...)
		}
	}
	if r.dim > 0 {
		r.mean.scale = []float32{dec.float()}
		r.mean.high = slices.Clone(column[int8](dec.bytes(r.dim)))
	}
	if dec.bad || dec.left() > 0 {
		return record{}, errRecord
	}
	return r, r.check()
}

// check finds streams that name terms which the record does not have.
func (r *record) check() error {
	streams := append([][]byte{r.title}, r.paths...)
	for _, s := range append(streams, r.bodies...) {
		dec := decoder{buf: s}
		for dec.left() > 0 {
			if dec.uvarint()>>1 >= uint64(len(r.terms)) {
				return errRecord
			}
		}
		if dec.bad {
			return errRecord
		}
	}
	return nil
}
