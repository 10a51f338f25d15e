package index

import (
	"cmp"
	"slices"
)

// weights say how much each sign of a match counts. Chunks are scored first,
// then their pages; a hit's score is its chunk's within its page's.
type weights struct {
	// Of a chunk: BM25 divided by the most that the query could reach, the
	// cosine, the share of the query's neighbouring words that are neighbours
	// here too, the share of its phrases that stand here whole, and how well it
	// defines what the query calls by its name.
	keyword, cosine, pairs, phrases, named float64
	// Of its page: the page's next best chunks (each counts half of the one
	// before), BM25 of the whole page and of its title, and the cosine to the
	// mean of its chunks.
	next, page, title, mean float64
	// own is added where the page itself, by its title or URL, is what the query
	// names.
	own float64
}

// weightsOf returns the weights for a query. Those of a question were measured
// on questions in natural language (docs/benchmarks.md); a query that names a
// thing has said the words that it looks for, so that words count for more and
// nearness of meaning for less. What it quotes is to stand there as it is quoted.
func weightsOf(mode Mode, q *parsed) weights {
	w := weights{keyword: 1, cosine: 2, pairs: 0.3, phrases: 0.5, named: 4, own: 1, next: 0.4, page: 0.5, title: 0.3, mean: 1}
	if q.lookup {
		w.cosine, w.mean, w.phrases = 0.5, 0.25, 1
	}
	if len(q.quoted) > 0 {
		w.phrases = 3
	}
	switch mode {
	case Keyword:
		w.cosine, w.mean = 0, 0
	case Semantic:
		w.keyword, w.pairs, w.phrases, w.named, w.own, w.page, w.title = 0, 0, 0, 0, 0, 0, 0
	}
	return w
}

const (
	nextDecay   = 0.5 // of each next chunk of a page against the one before
	firstHits   = 10  // the part of an answer that is kept diverse
	maxPerPage  = 3   // chunks of one page in it
	maxJoined   = 3   // neighbours that become one hit
	titleLength = 6.0 // mean length of titles, in words
)

// signs of a match of one chunk, each between 0 and 1 (cosine from -1).
type chunkSigns struct {
	chunk                           uint32
	keyword, cosine, pairs, phrases float64
	named                           float64
	score                           float64
}

// pageSigns are what is known of a page that has candidates.
type pageSigns struct {
	shard             int
	doc               uint32
	rev               uint64
	base              uint32 // its first chunk
	page, title, mean float64
	named             float64 // how well the page as a whole is what the query names
	chunks            []chunkSigns
	score             float64
}

// ranked is a place in the answer.
type ranked struct {
	rev         uint64
	base        uint32 // first chunk of the page
	chunk       uint32 // the best of those joined
	first, last uint32 // chunks from..to, both included
	score       float64
}

// scorePage scores the chunks of a page, sorts them and scores the page.
func scorePage(p *pageSigns, w weights) {
	for i := range p.chunks {
		c := &p.chunks[i]
		c.score = w.keyword*c.keyword + w.cosine*c.cosine + w.pairs*c.pairs + w.phrases*c.phrases + w.named*c.named
	}
	slices.SortFunc(p.chunks, func(a, b chunkSigns) int {
		return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(a.chunk, b.chunk))
	})
	p.score = w.page*p.page + w.title*p.title + w.mean*p.mean + w.own*p.named
	share := 1.0
	for i, c := range p.chunks {
		p.score += share * c.score
		if share *= nextDecay; i == 0 {
			share = w.next
		}
		if i+1 < len(p.chunks) && p.chunks[i+1].score <= 0 {
			break
		}
	}
}

// rank puts the chunks of all pages in the order of the answer: the best chunk
// of a page stands where the page does, its others as much lower as they are
// worse. No more than maxPerPage chunks of a page are among the first.
func rank(pages []pageSigns, w weights) []ranked {
	var all []ranked
	for i := range pages {
		p := &pages[i]
		scorePage(p, w)
		for _, c := range p.chunks {
			all = append(all, ranked{
				rev: p.rev, base: p.base, chunk: c.chunk, first: c.chunk, last: c.chunk,
				score: p.score - p.chunks[0].score + c.score,
			})
		}
	}
	slices.SortFunc(all, func(a, b ranked) int {
		return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(a.rev, b.rev), cmp.Compare(a.chunk, b.chunk))
	})
	return diversify(join(all))
}

// join makes one hit of chunks that follow one another, where the better one
// already stands.
func join(all []ranked) []ranked {
	out := make([]ranked, 0, len(all))
	hits := make(map[uint64][]int)
next:
	for _, r := range all {
		for _, i := range hits[r.rev] {
			h := &out[i]
			if h.last-h.first+1 >= maxJoined {
				continue
			}
			if r.chunk+1 == h.first || r.chunk == h.last+1 {
				h.first, h.last = min(h.first, r.chunk), max(h.last, r.chunk)
				continue next
			}
		}
		hits[r.rev] = append(hits[r.rev], len(out))
		out = append(out, r)
	}
	return out
}

// diversify moves what a page has over maxPerPage behind the first hits.
func diversify(all []ranked) []ranked {
	out := make([]ranked, 0, len(all))
	var late []ranked
	count := make(map[uint64]int)
	for i, r := range all {
		if len(out) == firstHits {
			return append(append(out, late...), all[i:]...)
		}
		if count[r.rev]++; count[r.rev] > maxPerPage {
			late = append(late, r)
			continue
		}
		out = append(out, r)
	}
	return append(out, late...)
}
