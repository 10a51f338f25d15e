package index

import (
	"bytes"
	"container/heap"
	"errors"
	"math"
	"slices"
)

// part is what goes into a new segment: a shard and the terms of its documents.
// Parts are in ascending order of their revs.
type part struct {
	shard *shard
	terms termList
	drop  bitset // documents to leave out
}

// termList walks the terms of a part in ascending order.
type termList interface {
	// next returns the next term; ok is false after the last.
	next() (term []byte, id uint32, ok bool)
	// read calls use for every posting of the term, in order.
	read(id uint32, use func(posting)) error
	// size is one more than the greatest id.
	size() int
}

const noTerm = math.MaxUint32

// segmentWriter merges parts into one segment file. Terms are merged one at a
// time and columns copied piece by piece, so that memory grows with the number
// of documents and terms, not with postings and vectors.
type segmentWriter struct {
	*sectionWriter
	model string
	dim   int
	parts []part
	// newFirst is the first chunk of each document in the new segment, by part
	// and document; noMoreDocs for one that is left out.
	newFirst [][]uint32
	newTerm  [][]uint32 // by part and old id
	lens     []uint16
	first    []uint32
	list     []posting
	encoded  []byte
	terms    texts
	counts   struct{ chunks, docs, titles []uint32 }
	listAt   []uint64
}

// writeSegment writes the living documents of parts to a file and returns how
// many documents and chunks it holds. The file is on the disk when it returns;
// with an error there is none. Vectors of another model than the given are left
// out. Without a document there is no file either.
func writeSegment(path, model string, dim int, parts []part) (docs, chunks int, err error) {
	if len(model) > maxModelName {
		return 0, 0, errModelName
	}
	w := &segmentWriter{model: model, dim: dim, parts: parts}
	w.place()
	if docs, chunks = len(w.first)-1, len(w.lens); docs == 0 {
		return 0, 0, nil
	}
	if w.sectionWriter, err = newSectionWriter(path); err != nil {
		return 0, 0, err
	}
	if err := errors.Join(w.writeTerms(), w.writeForward()); err != nil {
		return 0, 0, errors.Join(err, w.abandon())
	}
	w.writeDocs()
	w.writeVectors()
	if err := w.finish(w.summary()); err != nil {
		return 0, 0, errors.Join(err, w.abandon())
	}
	return docs, chunks, nil
}

// place gives every living document its chunks in the new segment.
func (w *segmentWriter) place() {
	w.first = []uint32{0}
	vectored := false
	for _, p := range w.parts {
		to := make([]uint32, p.shard.docs())
		for d := range to {
			if to[d] = noMoreDocs; p.drop.has(uint32(d)) {
				continue
			}
			to[d] = uint32(len(w.lens))
			w.lens = append(w.lens, p.shard.lens[p.shard.first[d]:p.shard.first[d+1]]...)
			w.first = append(w.first, uint32(len(w.lens)))
			vectored = vectored || w.hasVectors(p.shard, d)
		}
		w.newFirst = append(w.newFirst, to)
		w.newTerm = append(w.newTerm, slices.Repeat([]uint32{noTerm}, p.terms.size()))
	}
	if !vectored {
		w.model, w.dim = "", 0
	}
}

func (w *segmentWriter) summary() head {
	h := head{model: w.model, dim: w.dim, terms: w.terms.len(), totals: totals{docs: len(w.first) - 1, chunks: len(w.lens)}}
	for _, n := range w.lens {
		h.chunkWords += uint64(n)
	}
	w.kept(func(_ int, s *shard, doc int) { h.pageWords += uint64(s.pageLens[doc]) })
	return h
}

func (w *segmentWriter) hasVectors(s *shard, doc int) bool {
	return w.dim > 0 && s.vectored[doc] == 1 && s.model == w.model && s.dim == w.dim
}

// kept calls use for every living document, in order.
func (w *segmentWriter) kept(use func(part int, s *shard, doc int)) {
	for i, p := range w.parts {
		for d, to := range w.newFirst[i] {
			if to != noMoreDocs {
				use(i, p.shard, d)
			}
		}
	}
}

// termHead is the term that a part stands at.
type termHead struct {
	term []byte
	id   uint32
	part int
}

// termHeap orders the parts by the term that they stand at.
type termHeap []termHead

func (h termHeap) Len() int { return len(h) }
func (h termHeap) Less(i, j int) bool {
	if c := bytes.Compare(h[i].term, h[j].term); c != 0 {
		return c < 0
	}
	return h[i].part < h[j].part
}
func (h termHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *termHeap) Push(x any)   { *h = append(*h, x.(termHead)) }
func (h *termHeap) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}

// writeTerms merges the lists of all terms and gives terms their new ids.
func (w *segmentWriter) writeTerms() error {
	var h termHeap
	for i, p := range w.parts {
		if term, id, ok := p.terms.next(); ok {
			h = append(h, termHead{term, id, i})
		}
	}
	heap.Init(&h)
	w.begin(secLists)
	w.listAt, w.terms.at = []uint64{0}, []uint32{0}
	for len(h) > 0 {
		term := bytes.Clone(h[0].term)
		w.list = w.list[:0]
		for len(h) > 0 && bytes.Equal(h[0].term, term) {
			if err := w.gather(h[0]); err != nil {
				return err
			}
			var ok bool
			if h[0].term, h[0].id, ok = w.parts[h[0].part].terms.next(); ok {
				heap.Fix(&h, 0)
			} else {
				heap.Pop(&h)
			}
		}
		w.writeList(term)
	}
	n := w.terms.len()
	w.counts.docs, w.counts.titles = make([]uint32, n), make([]uint32, n)
	return w.err
}

// gather appends the postings of a term in one part, and promises the term the
// next id if it has any.
func (w *segmentWriter) gather(h termHead) error {
	p, to, before := w.parts[h.part], w.newFirst[h.part], len(w.list)
	err := p.terms.read(h.id, func(entry posting) {
		doc := p.shard.chunkDocs[entry.chunk]
		if first := to[doc]; first != noMoreDocs {
			w.list = append(w.list, posting{first + entry.chunk - p.shard.first[doc], entry.tf})
		}
	})
	if len(w.list) > before {
		w.newTerm[h.part][h.id] = uint32(w.terms.len())
	}
	return err
}

func (w *segmentWriter) writeList(term []byte) {
	if len(w.list) == 0 {
		return
	}
	w.encoded = appendPostings(w.encoded[:0], w.list, w.lens)
	w.write(w.encoded)
	w.terms.add(term)
	w.counts.chunks = append(w.counts.chunks, uint32(len(w.list)))
	w.listAt = append(w.listAt, w.listAt[len(w.listAt)-1]+uint64(len(w.encoded)))
}

// writeForward copies the records of all documents with new ids of their terms,
// and counts the documents and titles that have each.
func (w *segmentWriter) writeForward() error {
	w.begin(secForward)
	at := []uint64{0}
	var ids []uint32
	var tfs []int
	var out []byte
	bad := false
	w.kept(func(part int, s *shard, doc int) {
		f, ok := s.open(uint32(doc))
		ids, tfs = ids[:0], tfs[:0]
		ok = ok && f.each(func(_ int, id uint32, tf int) {
			now := uint32(noTerm)
			if int(id) < len(w.newTerm[part]) {
				now = w.newTerm[part][id]
			}
			bad = bad || now == noTerm
			ids, tfs = append(ids, now), append(tfs, tf)
		})
		if bad = bad || !ok; bad {
			return
		}
		for i, id := range ids {
			if tfs[i] > 0 {
				w.counts.docs[id]++
			}
		}
		rest := f.streams.buf[f.streams.pos:]
		w.countTitle(f.stream(), ids)
		out = append(appendForward(out[:0], ids, tfs, true), rest...)
		w.write(out)
		at = append(at, at[len(at)-1]+uint64(len(out)))
	})
	if bad {
		return errSegment
	}
	writeColumn(w.sectionWriter, secForwardAt, at)
	return w.err
}

// countTitle counts each term of a title once.
func (w *segmentWriter) countTitle(title []byte, ids []uint32) {
	seen := newCounter(len(ids))
	seen.stream(title, 1)
	for _, place := range seen.places {
		w.counts.titles[ids[place]]++
	}
}

func (w *segmentWriter) writeDocs() {
	var revs []uint64
	var pageLens []uint32
	var vectored []uint8
	var urls, names texts
	urls.at, names.at = []uint32{0}, []uint32{0}
	ids := make(map[string]uint32)
	var fields [4][]uint32
	w.kept(func(_ int, s *shard, doc int) {
		revs, pageLens = append(revs, s.revs[doc]), append(pageLens, s.pageLens[doc])
		urls.add(s.urls.get(uint32(doc)))
		for i, from := range [4][]uint32{s.collections, s.domains, s.sourceTypes, s.langs} {
			name := s.names.get(from[doc])
			id, ok := ids[string(name)]
			if !ok {
				id = uint32(names.len())
				ids[string(name)] = id
				names.add(name)
			}
			fields[i] = append(fields[i], id)
		}
		flag := uint8(0)
		if w.hasVectors(s, doc) {
			flag = 1
		}
		vectored = append(vectored, flag)
	})
	writeColumn(w.sectionWriter, secRevs, revs)
	writeColumn(w.sectionWriter, secFirst, w.first)
	writeColumn(w.sectionWriter, secPageLens, pageLens)
	writeColumn(w.sectionWriter, secVectored, vectored)
	for i, sec := range []int{secCollections, secDomains, secSourceTypes, secLangs} {
		writeColumn(w.sectionWriter, sec, fields[i])
	}
	w.writeTexts(secURLAt, secURLs, urls)
	w.writeTexts(secNameAt, secNames, names)
	w.writeTexts(secTermAt, secTerms, w.terms)
	writeColumn(w.sectionWriter, secTermChunks, w.counts.chunks)
	writeColumn(w.sectionWriter, secTermDocs, w.counts.docs)
	writeColumn(w.sectionWriter, secTermTitles, w.counts.titles)
	writeColumn(w.sectionWriter, secListAt, w.listAt)
	w.writeChunks()
}

func (w *segmentWriter) writeTexts(at, blob int, t texts) {
	writeColumn(w.sectionWriter, at, t.at)
	writeColumn(w.sectionWriter, blob, t.blob)
}

func (w *segmentWriter) writeChunks() {
	docs := make([]uint32, len(w.lens))
	for d := range len(w.first) - 1 {
		for c := w.first[d]; c < w.first[d+1]; c++ {
			docs[c] = uint32(d)
		}
	}
	writeColumn(w.sectionWriter, secChunkDocs, docs)
	writeColumn(w.sectionWriter, secLens, w.lens)
}

// writeVectors copies the codes of all chunks, document by document; zeros for
// those without.
func (w *segmentWriter) writeVectors() {
	words := (w.dim + 63) / 64
	copyColumn(w, secBits, words, func(s *shard) []uint64 { return s.bits })
	copyColumn(w, secScale, 1, func(s *shard) []float32 { return s.vectors.scale })
	copyColumn(w, secHigh, w.dim, func(s *shard) []int8 { return s.vectors.high })
	copyColumn(w, secLow, w.dim, func(s *shard) []int8 { return s.vectors.low })
	var scale []float32
	w.begin(secMeans)
	zeros := make([]int8, w.dim)
	w.kept(func(_ int, s *shard, doc int) {
		if !w.hasVectors(s, doc) {
			scale = append(scale, 0)
			w.write(asBytes(zeros))
			return
		}
		scale = append(scale, s.means.scale[doc])
		w.write(asBytes(s.means.high[doc*w.dim : (doc+1)*w.dim]))
	})
	writeColumn(w.sectionWriter, secMeanScale, scale)
}

// copyColumn writes a section with n numbers for every chunk.
func copyColumn[T number](w *segmentWriter, section, n int, of func(*shard) []T) {
	w.begin(section)
	w.kept(func(_ int, s *shard, doc int) {
		from, to := int(s.first[doc])*n, int(s.first[doc+1])*n
		if w.hasVectors(s, doc) {
			w.write(asBytes(of(s)[from:to]))
			return
		}
		w.write(asBytes(make([]T, to-from)))
	})
}
