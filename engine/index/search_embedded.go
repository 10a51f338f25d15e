package index

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/axon-mcp/axon-mcp/fault"
)

const (
	maxLimit   = 500
	maxOffset  = 10_000
	minPerLeg  = 200    // candidates that each leg gives
	minNearest = 4000   // chunks that the sign scan leaves over
	nearestPer = 100    // one more of them for so many chunks of the index
	minLeaning = 1000   // chunks of those that are compared by their codes
	splitFrom  = 50_000 // chunks from which the sign scan uses a second core
)

// Search finds passages. It fails with Invalid for a query without a word, an
// unknown mode, or a limit out of 1..500. It sees all that was committed, by
// whatever process, before it began.
func (ix *Index) Search(ctx context.Context, q Query) (Result, error) {
	if err := q.check(); err != nil {
		return Result{}, err
	}
	builder := ix.builders.get()
	parsed := parse(builder.analyzer, q.Text)
	ix.builders.put(builder)
	if len(parsed.terms) == 0 {
		return Result{}, fault.New(fault.Invalid, "the query holds no word to search for; write what you look for")
	}
	needle, note, err := ix.needle(ctx, q)
	if err != nil {
		return Result{}, err
	}
	if err := ix.refresh(ctx); err != nil {
		return Result{}, err
	}
	narrowed, err := ix.narrow(ctx, q)
	if err != nil {
		return Result{}, err
	}
	s := &search{query: parsed, needle: needle, mode: q.Mode, want: q.Offset + q.Limit + 1}
	found, err := ix.legs(s, &narrowed)
	if errors.Is(err, errSegment) {
		ix.suspect.Store(true)
		ix.healing.Store(true)
	}
	if err != nil {
		return Result{}, err
	}
	if note == "" && q.Mode != Keyword && len(found) > 0 && !parsed.isKnown() {
		note = "no word of the query is in what was searched: these are only the nearest in meaning"
	}
	hits, err := ix.hits(ctx, found, &q)
	return Result{Hits: hits, More: len(found) > q.Offset+q.Limit, Note: note}, err
}

func (q *Query) check() error {
	q.Mode = cmp.Or(q.Mode, Hybrid)
	switch {
	case q.Mode != Hybrid && q.Mode != Semantic && q.Mode != Keyword:
		return fault.Errorf(fault.Invalid, "search mode %q is not known; use hybrid, semantic or keyword", q.Mode)
	case q.Limit < 1 || q.Limit > maxLimit:
		return fault.Errorf(fault.Invalid, "limit %d is out of range; use 1 to %d", q.Limit, maxLimit)
	case q.Offset < 0 || q.Offset > maxOffset:
		return fault.Errorf(fault.Invalid, "offset %d is out of range; use 0 to %d", q.Offset, maxOffset)
	}
	return nil
}

// needle embeds the query, if the mode asks for it. A hybrid search goes on
// without vectors when the embedder fails, and says so.
func (ix *Index) needle(ctx context.Context, q Query) (n *needle, note string, err error) {
	if q.Mode == Keyword {
		return nil, "", nil
	}
	vectors, err := ix.embedder.Embed(ctx, []string{q.Text})
	switch {
	case err == nil && len(vectors) == 1 && len(vectors[0]) == ix.embedder.Dim():
		normalise(vectors[0])
		return newNeedle(ix.embedder.ID(), vectors[0]), "", nil
	case err == nil:
		err = fmt.Errorf("embed the query: the embedder gave %d vectors, not one of %d numbers", len(vectors), ix.embedder.Dim())
	case ctx.Err() != nil:
		return nil, "", fmt.Errorf("embed the query: %w", err)
	}
	if q.Mode == Semantic {
		return nil, "", fault.Wrap(fault.Unavailable, err, "the embedder does not answer, so that a semantic search cannot be made; use mode keyword, or check the embedder's settings")
	}
	ix.log.Warn("search without vectors: the embedder failed", "error", err)
	return nil, "the embedder does not answer: found by keywords only", nil
}

// search is one search while it goes through the legs.
type search struct {
	query   *parsed
	needle  *needle
	mode    Mode
	want    int // hits
	shards  []*shard
	allowed []bitset
	chunks  int // of all shards
	bm25    *bm25
	pages   float64 // mean words of a page
}

// found is a hit before its text is read.
type found struct {
	score       float64
	rev         uint64
	ordinal     int // of the best chunk
	first, last int // ordinals
}

// legs runs both legs and ranks what they bring.
func (ix *Index) legs(s *search, n *narrowed) ([]found, error) {
	pages, err := ix.gather(s, n)
	if err != nil {
		return nil, err
	}
	var out []found
	for _, r := range rank(pages, weightsOf(s.mode, s.query)) {
		out = append(out, found{
			score: r.score, rev: r.rev,
			ordinal: int(r.chunk - r.base), first: int(r.first - r.base), last: int(r.last - r.base),
		})
	}
	return out, nil
}

// gather returns the pages of all candidates with their signs.
func (ix *Index) gather(s *search, n *narrowed) (pages []pageSigns, err error) {
	ix.mu.RLock()
	defer ix.mu.RUnlock()
	defer guard(&err)
	s.prepare(&ix.seen, n)
	var byWord, byPhrase, byVector []scored
	var wg sync.WaitGroup
	var vectorErr error
	if s.needle != nil {
		wg.Go(func() {
			defer guard(&vectorErr)
			byVector = s.vectorLeg()
		})
	}
	if s.mode != Semantic {
		if byWord, err = s.keywordLeg(&ix.seen); err == nil {
			byPhrase, err = s.phraseLeg(&ix.seen)
		}
	}
	wg.Wait()
	if err = cmp.Or(err, vectorErr); err != nil {
		return nil, err
	}
	return s.examine(slices.Concat(byWord, byPhrase, byVector))
}

// guard turns the panic of a damaged segment into an error. Its file can hold
// any number where an index stands; rather than to test each in the inner
// loops, we rely on the bounds checks that Go makes anyway.
func guard(err *error) {
	if r := recover(); r != nil {
		*err = fault.Wrap(fault.Unavailable, fmt.Errorf("%w: %v", errSegment, r), "a part of the index is damaged and is being built again; try again in a minute")
	}
}

// prepare sums up the shards, resolves the terms of the query in each, and lays
// the filter over them.
func (s *search) prepare(st *state, n *narrowed) {
	s.shards = st.shards()
	words, pageWords, docs := uint64(0), uint64(0), 0
	for _, sh := range s.shards {
		s.chunks += sh.totals.chunks
		docs += sh.totals.docs
		words += sh.totals.chunkWords
		pageWords += sh.totals.pageWords
		s.allowed = append(s.allowed, n.allow(sh))
	}
	s.bm25 = newBM25(float64(words) / float64(max(1, s.chunks)))
	s.pages = float64(pageWords) / float64(max(1, docs))
	for _, t := range s.query.terms {
		for _, seg := range st.segments {
			t.resolve(seg.lookup(t.text))
		}
		t.resolve(st.tail.lookup(t.text))
		if t.stats.chunks > 0 {
			t.idf = rarity(t.stats.chunks, s.chunks)
			t.pageIDF = rarity(t.stats.docs, docs)
			t.titleIDF = rarity(t.stats.titles, docs)
		}
	}
}

func (t *queryTerm) resolve(id uint32, stats termStats, ok bool) {
	t.ids, t.known = append(t.ids, id), append(t.known, ok)
	t.stats.chunks += stats.chunks
	t.stats.docs += stats.docs
	t.stats.titles += stats.titles
}

// perLeg is how many candidates each leg gives.
func (s *search) perLeg() int { return max(minPerLeg, 2*s.want) }

func (s *search) keywordLeg(st *state) ([]scored, error) {
	top := &topList{k: s.perLeg()}
	for number, seg := range st.segments {
		scan := &keywordScan{segment: seg, number: number, allowed: s.allowed[number], score: s.bm25, top: top}
		for _, t := range s.query.terms {
			if !t.known[number] {
				continue
			}
			list, ok := seg.list(t.ids[number])
			if !ok {
				return nil, fmt.Errorf("%s: %w: a list of postings", seg.file, errSegment)
			}
			scan.clauses = append(scan.clauses, &clause{idf: t.idf, walk: newCursor(list)})
		}
		if len(scan.clauses) > 0 && !scan.run() {
			return nil, fmt.Errorf("%s: %w: postings", seg.file, errSegment)
		}
	}
	number := len(st.segments)
	var ids []uint32
	var idfs []float32
	for _, t := range s.query.terms {
		if t.known[number] {
			ids, idfs = append(ids, t.ids[number]), append(idfs, t.idf)
		}
	}
	if len(ids) > 0 {
		scanTail(st.tail, number, s.allowed[number], s.bm25, top, ids, idfs)
	}
	return top.sorted(), nil
}

// span is a run of chunks in one shard.
type span struct {
	shard    int
	from, to uint32
}

// vectorLeg finds the nearest chunks: by the distance of their signs first, then
// by how these lean to the needle, then by their codes.
func (s *search) vectorLeg() []scored {
	lean := &topList{k: max(minLeaning, 4*s.perLeg())}
	for _, n := range s.nearest(max(minNearest, s.chunks/nearestPer, 4*lean.k)).found {
		sh := s.shards[n.shard()]
		words, c := sh.words(), int(n.chunk())
		lean.offer(scored{place{n.shard(), n.chunk()}, float32(s.needle.leaning(sh.bits[c*words : (c+1)*words]))})
	}
	top := &topList{k: s.perLeg()}
	for _, l := range lean.list {
		l.score = s.needle.coarse(&s.shards[l.shard].vectors, int(l.chunk))
		top.offer(l)
	}
	for i := range top.list {
		r := &top.list[i]
		r.score = s.needle.cosine(&s.shards[r.shard].vectors, int(r.chunk))
	}
	return top.sorted()
}

// nearest scans the signs of all chunks, with two cores where they are many.
func (s *search) nearest(want int) *nearest {
	spans, total := s.spans()
	if total < splitFrom {
		return s.scan(spans, want, s.needle.width()+1)
	}
	limit := s.needle.guess(s.shards, spans, want)
	half := halve(spans, total/2)
	var second *nearest
	var wg sync.WaitGroup
	var err error
	wg.Go(func() {
		defer guard(&err)
		second = s.scan(spans[half:], want, limit)
	})
	first := s.scan(spans[:half], want, limit)
	wg.Wait()
	if err != nil {
		panic(err) // to the guard of the leg
	}
	first.merge(second)
	return first
}

// spans returns the runs of chunks that have vectors and are allowed, none so
// long that it could not be shared out.
func (s *search) spans() (out []span, total int) {
	for number, sh := range s.shards {
		if !s.needle.fits(sh) {
			continue
		}
		for d := range uint32(sh.docs()) {
			if sh.vectored[d] == 0 || !s.allowed[number].has(d) {
				continue
			}
			from, to := sh.first[d], sh.first[d+1]
			total += int(to - from)
			if n := len(out); n > 0 && out[n-1].shard == number && out[n-1].to == from && to-out[n-1].from < splitFrom/4 {
				out[n-1].to = to
			} else {
				out = append(out, span{number, from, to})
			}
		}
	}
	return out, total
}

// halve returns how many of the spans hold about that many chunks.
func halve(spans []span, chunks int) int {
	for i, sp := range spans {
		if chunks -= int(sp.to - sp.from); chunks <= 0 {
			return i + 1
		}
	}
	return len(spans)
}

// scan finds the want nearest chunks of those that are nearer than limit.
func (s *search) scan(spans []span, want, limit int) *nearest {
	f := newNearest(want, s.needle.width())
	f.limit = limit
	for _, sp := range spans {
		f.scan(s.needle, s.shards[sp.shard], sp.shard, sp.from, sp.to)
	}
	f.shrink()
	return f
}

// examine gathers the candidates by page, and looks at the pages.
func (s *search) examine(candidates []scored) ([]pageSigns, error) {
	slices.SortFunc(candidates, func(a, b scored) int {
		return cmp.Or(cmp.Compare(a.shard, b.shard), cmp.Compare(a.chunk, b.chunk))
	})
	candidates = slices.CompactFunc(candidates, func(a, b scored) bool { return a.place == b.place })
	var pages []pageSigns
	for _, c := range candidates {
		doc := s.shards[c.shard].chunkDocs[c.chunk]
		if n := len(pages); n == 0 || pages[n-1].shard != c.shard || pages[n-1].doc != doc {
			sh := s.shards[c.shard]
			pages = append(pages, pageSigns{shard: c.shard, doc: doc, rev: sh.revs[doc], base: sh.first[doc]})
		}
		p := &pages[len(pages)-1]
		p.chunks = append(p.chunks, chunkSigns{chunk: c.chunk})
	}
	return pages, s.look(pages)
}

// look fills in the signs of pages, with two cores where they are many.
func (s *search) look(pages []pageSigns) error {
	some := func(pages []pageSigns) (err error) {
		defer guard(&err)
		e := newExaminer(s.query, s.bm25, s.pages, s.needle)
		for i := range pages {
			if !e.examine(s.shards[pages[i].shard], &pages[i]) {
				return fmt.Errorf("%w: the record of a document", errSegment)
			}
		}
		return nil
	}
	const fewPages = 32 // are looked at before a second core has begun
	if len(pages) < fewPages {
		return some(pages)
	}
	var wg sync.WaitGroup
	var second error
	half := len(pages) / 2
	wg.Go(func() { second = some(pages[half:]) })
	err := some(pages[:half])
	wg.Wait()
	return cmp.Or(err, second)
}
