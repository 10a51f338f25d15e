package index

import (
	"cmp"
	"container/heap"
	"math/bits"
	"slices"
)

// BM25, with the usual constants: k1, how soon more of the same word stops to
// count, and b, how much the length of the text does.
const (
	saturation  = 1.2
	lengthShare = 0.75
)

// bm25 weighs a term's frequency against the length of its text, relative to
// the mean length.
type bm25 struct{ norms []float32 }

const maxNorms = 2048 // lengths with their own norm; chunks are shorter

func newBM25(mean float64) *bm25 {
	s := &bm25{norms: make([]float32, maxNorms)}
	for n := range s.norms {
		s.norms[n] = float32(saturation * (1 - lengthShare + lengthShare*float64(n)/max(mean, 1)))
	}
	return s
}

// weight is between 0 and saturation+1.
func (s *bm25) weight(tf uint32, length uint16) float32 {
	f := float32(tf)
	return f * (saturation + 1) / (f + s.norms[min(length, maxNorms-1)])
}

// place is a chunk in one of the shards of a search.
type place struct {
	shard int
	chunk uint32
}

// scored is a chunk with a score.
type scored struct {
	place
	score float32
}

// less orders by score and, for the same score, later chunks first.
func (a scored) less(b scored) bool {
	if a.score != b.score {
		return a.score < b.score
	}
	return cmp.Or(cmp.Compare(b.shard, a.shard), cmp.Compare(b.chunk, a.chunk)) < 0
}

// topList keeps the k best chunks, the worst of them first.
type topList struct {
	k    int
	list []scored
}

func (t *topList) Len() int           { return len(t.list) }
func (t *topList) Less(i, j int) bool { return t.list[i].less(t.list[j]) }
func (t *topList) Swap(i, j int)      { t.list[i], t.list[j] = t.list[j], t.list[i] }
func (t *topList) Push(any)           {} // offer appends, without an interface
func (t *topList) Pop() any           { return nil }

// threshold is the score that a chunk must exceed to be of interest.
func (t *topList) threshold() float32 {
	if len(t.list) < t.k {
		return 0
	}
	return t.list[0].score
}

func (t *topList) offer(s scored) {
	switch {
	case len(t.list) < t.k:
		t.list = append(t.list, s)
		heap.Fix(t, len(t.list)-1)
	case t.list[0].less(s):
		t.list[0] = s
		heap.Fix(t, 0)
	}
}

// sorted returns the list, the best first.
func (t *topList) sorted() []scored {
	slices.SortFunc(t.list, func(a, b scored) int {
		if b.less(a) {
			return -1
		}
		return 1
	})
	return t.list
}

// window is how many chunks are scored at once.
const window = 4096

// clause is a term of the query within one segment.
type clause struct {
	idf   float32
	walk  *cursor
	block int     // first block that reaches into the window
	peak  float32 // most that the term can add to a chunk of the window
}

// keywordScan finds the best chunks of one segment, window by window. Within a
// window the terms that together cannot lift a chunk over the threshold are not
// walked but looked up for the chunks that the other terms brought (MaxScore:
// Turtle and Flood, 1995; by blocks as in "Faster Top-k Document Retrieval Using
// Block-Max Indexes", 2011).
type keywordScan struct {
	segment *segment
	number  int // of the shard in the search
	allowed bitset
	score   *bm25
	top     *topList
	clauses []*clause
	sums    []float32 // of the peaks up to each clause
	scores  [window]float32
	touched [window / 64]uint64
}

// run scores the segment. ok is false if its postings are damaged.
func (k *keywordScan) run() (ok bool) {
	for from := 0; from < k.segment.chunks(); from += window {
		to := uint32(min(from+window, k.segment.chunks()))
		needed := k.prepare(uint32(from), to)
		for _, c := range k.clauses[needed:] {
			k.add(c, uint32(from), to)
		}
		if needed < len(k.clauses) {
			k.collect(uint32(from), needed)
		}
	}
	for _, c := range k.clauses {
		if c.walk.bad {
			return false
		}
	}
	return true
}

// prepare finds the peaks of the window, sorts the clauses by them, and returns
// the first that must be walked: the number of clauses if none must.
func (k *keywordScan) prepare(from, to uint32) int {
	for _, c := range k.clauses {
		c.peak = 0
		list := &c.walk.list
		for c.block < list.blocks() && list.last(c.block) < from {
			c.block++
		}
		for i := c.block; i < list.blocks(); i++ {
			if i > 0 && i > c.block && list.last(i-1)+1 >= to {
				break
			}
			tf, length := list.peak(i)
			c.peak = max(c.peak, c.idf*k.score.weight(uint32(tf), length))
		}
	}
	slices.SortFunc(k.clauses, func(a, b *clause) int { return cmp.Compare(a.peak, b.peak) })
	sum, needed, threshold := float32(0), 0, k.top.threshold()
	k.sums = k.sums[:0]
	for _, c := range k.clauses {
		sum += c.peak
		k.sums = append(k.sums, sum)
		if sum*slack < threshold {
			needed++
		}
	}
	return needed
}

// slack makes up for rounding where bounds are added up.
const slack = 1 + 1e-5

// add walks a term through the window.
func (k *keywordScan) add(c *clause, from, to uint32) {
	w := c.walk
	if w.seek(from) >= to {
		return
	}
	for {
		for ; w.at < w.n; w.at++ {
			chunk := w.chunks[w.at]
			if chunk >= to {
				return
			}
			i := chunk - from
			k.scores[i] += c.idf * k.score.weight(uint32(w.tfs[w.at]), k.segment.lens[chunk])
			k.touched[i>>6] |= 1 << (i & 63)
		}
		if w.block+1 >= w.list.blocks() || !w.load(w.block+1) {
			return
		}
	}
}

// collect offers what was touched to the top list, after looking up the terms
// that were not walked, and clears the window.
func (k *keywordScan) collect(from uint32, needed int) {
	rest := float32(0)
	if needed > 0 {
		rest = k.sums[needed-1] * slack
	}
	for w, word := range k.touched {
		for ; word != 0; word &= word - 1 {
			i := uint32(w<<6 + bits.TrailingZeros64(word))
			score, chunk := k.scores[i], from+i
			k.scores[i] = 0
			if score+rest < k.top.threshold() || !k.allowed.has(k.segment.chunkDocs[chunk]) {
				continue
			}
			k.complete(scored{place{k.number, chunk}, score}, needed)
		}
		k.touched[w] = 0
	}
}

func (k *keywordScan) complete(s scored, needed int) {
	for j := needed - 1; j >= 0; j-- {
		if s.score+k.sums[j]*slack < k.top.threshold() {
			return
		}
		c := k.clauses[j]
		if c.walk.seek(s.chunk) == s.chunk {
			s.score += c.idf * k.score.weight(uint32(c.walk.tfs[c.walk.at]), k.segment.lens[s.chunk])
		}
	}
	k.top.offer(s)
}

// scanTail scores every chunk of the tail that has a term of the query.
func scanTail(t *tail, number int, allowed bitset, score *bm25, top *topList, ids []uint32, idfs []float32) {
	scores := make([]float32, t.chunks())
	for i, id := range ids {
		for _, p := range t.terms[id].list {
			scores[p.chunk] += idfs[i] * score.weight(uint32(p.tf), t.lens[p.chunk])
		}
	}
	for chunk, s := range scores {
		if s > 0 && allowed.has(t.chunkDocs[chunk]) {
			top.offer(scored{place{number, uint32(chunk)}, s})
		}
	}
}
