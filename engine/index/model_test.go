package index

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/axon-mcp/axon-mcp/engine/content"
)

// model is a naive index: a list of documents, of which every search reads
// every word. It knows of segments only that the dead in them count.
type model struct {
	docs []*modelDoc
	rev  int
}

type modelDoc struct {
	collection, url, domain, sourceType, lang string
	fetched                                   time.Time
	rev                                       int
	merged, dead                              bool
	title                                     []token
	chunks                                    []modelChunk
	vector                                    []float32 // mean
}

type modelChunk struct {
	path, body []token
	vector     []float32
}

func (m *model) remove(collection, url string) {
	m.docs = slices.DeleteFunc(m.docs, func(d *modelDoc) bool {
		if d.collection == collection && d.url == url {
			d.dead = true
		}
		return d.dead && !d.merged
	})
}

func (m *model) flush() {
	for _, d := range m.docs {
		d.merged = true
	}
}

func (m *model) mergeAll() {
	m.docs = slices.DeleteFunc(m.docs, func(d *modelDoc) bool { return d.dead && d.merged })
}

func (m *model) put(t *testing.T, e Entry, h *hashed) {
	m.remove(e.Collection, e.URL)
	m.rev++
	d := &modelDoc{
		collection: e.Collection, url: e.URL, domain: domainOf(e.URL), sourceType: e.SourceType, lang: e.Doc.Lang,
		fetched: e.FetchedAt, rev: m.rev, vector: make([]float32, hashedDim),
	}
	d.title = withNames(newAnalyzer().tokens(e.Doc.Title), pageNames(e.Doc.Title, e.URL))
	chunks := content.Chunks(e.Doc.Title, e.Doc.Markdown, e.Doc.Headings, countWords)
	named := passages(e.Doc.Title, e.URL, e.Doc.Markdown, e.Doc.Headings, chunks)
	for i, c := range chunks {
		body := plainText(c.Text)
		vectors, err := h.Embed(t.Context(), []string{embeddedText(e.Doc.Title, c.HeadingPath, body)})
		if err != nil {
			t.Fatal(err)
		}
		d.chunks = append(d.chunks, modelChunk{
			path:   withNames(newAnalyzer().tokens(strings.Join(c.HeadingPath, " › ")), named[i]),
			body:   slices.Clone(newAnalyzer().tokens(body)),
			vector: vectors[0],
		})
		for i, x := range vectors[0] {
			d.vector[i] += x
		}
	}
	normalise(d.vector)
	m.docs = append(m.docs, d)
}

// withNames adds names as an index does, stacked on the last word.
func withNames(tokens []token, n names) []token {
	tokens = slices.Clone(tokens)
	for _, name := range n {
		tokens = append(tokens, token{term: name, stacked: true})
	}
	return tokens
}

func occurrences(tokens []token, term string) (n int) {
	for _, t := range tokens {
		if t.term == term {
			n++
		}
	}
	return n
}

func words(tokens []token) (n int) {
	for _, t := range tokens {
		if !t.stacked {
			n++
		}
	}
	return n
}

func (d *modelDoc) tf(c modelChunk, term string) int {
	return occurrences(c.body, term) + pathWeight*occurrences(c.path, term) + titleWeight*occurrences(d.title, term)
}

func (d *modelDoc) pageTF(term string) int {
	n := occurrences(d.title, term)
	for _, c := range d.chunks {
		n += occurrences(c.body, term)
	}
	return n
}

func (d *modelDoc) pageLen() int {
	n := words(d.title)
	for _, c := range d.chunks {
		n += words(c.body)
	}
	return n
}

func (d *modelDoc) chunkLen(c modelChunk) int {
	return words(d.title) + words(c.path) + words(c.body)
}

func (d *modelDoc) passes(q Query) bool {
	f := q.Filter
	return !d.dead && (q.Collection == "" || d.collection == q.Collection) &&
		(len(f.Domains) == 0 || slices.Contains(f.Domains, d.domain)) &&
		(len(f.SourceTypes) == 0 || slices.Contains(f.SourceTypes, d.sourceType)) &&
		strings.HasPrefix(d.url, f.URLPrefix) &&
		(f.Lang == "" || d.lang == f.Lang || strings.HasPrefix(d.lang, f.Lang+"-")) &&
		(f.Since.IsZero() || !d.fetched.Before(f.Since)) && (f.Before.IsZero() || d.fetched.Before(f.Before))
}

func saturated(tf, length, mean float64) float64 {
	return tf * (saturation + 1) / (tf + saturation*(1-lengthShare+lengthShare*length/mean))
}

// search scores every chunk of every document that passes the filter.
func (m *model) search(t *testing.T, q Query, h *hashed) []pageSigns {
	parsed := parse(newAnalyzer(), q.Text)
	vectors, err := h.Embed(t.Context(), []string{q.Text})
	if err != nil {
		t.Fatal(err)
	}
	chunks, chunkWords, pageWords, docs := 0, 0, 0, 0
	for _, d := range m.docs {
		docs++
		pageWords += d.pageLen()
		for _, c := range d.chunks {
			chunks++
			chunkWords += d.chunkLen(c)
		}
	}
	var most chunkSigns
	mostPage, mostTitle := 0.0, 0.0
	for _, term := range parsed.terms {
		having, pages, titles := 0, 0, 0
		for _, d := range m.docs {
			if d.pageTF(term.text) > 0 {
				pages++
			}
			if occurrences(d.title, term.text) > 0 {
				titles++
			}
			for _, c := range d.chunks {
				if d.tf(c, term.text) > 0 {
					having++
				}
			}
		}
		if having > 0 {
			term.idf, term.pageIDF, term.titleIDF = rarity(having, chunks), rarity(pages, docs), rarity(titles, docs)
		}
		if term.name {
			continue
		}
		most.keyword += float64(term.idf) * (saturation + 1)
		mostPage += float64(term.pageIDF) * (saturation + 1)
		mostTitle += float64(term.titleIDF) * (saturation + 1)
	}
	w := weightsOf(q.Mode, parsed)
	var pages []pageSigns
	for i, d := range m.docs {
		if !d.passes(q) {
			continue
		}
		p := pageSigns{doc: uint32(i), named: naiveNamed(parsed, d.title, nil)}
		for _, term := range parsed.terms {
			if term.name {
				continue
			}
			p.page += float64(term.pageIDF) * saturated(float64(d.pageTF(term.text)), float64(d.pageLen()), float64(pageWords)/float64(docs)) / max(mostPage, 1e-9)
			p.title += float64(term.titleIDF) * saturated(float64(occurrences(d.title, term.text)), float64(words(d.title)), titleLength) / max(mostTitle, 1e-9)
		}
		if q.Mode != Keyword {
			p.mean = dot(d.vector, vectors[0])
		}
		for n, c := range d.chunks {
			s := chunkSigns{chunk: uint32(n), named: naiveNamed(parsed, d.title, c.path)}
			found := false
			for _, term := range parsed.terms {
				if found = found || d.tf(c, term.text) > 0; term.name {
					continue
				}
				s.keyword += float64(term.idf) * saturated(float64(d.tf(c, term.text)), float64(d.chunkLen(c)), float64(chunkWords)/float64(chunks)) / max(most.keyword, 1e-9)
			}
			if q.Mode == Keyword && !found {
				continue
			}
			if q.Mode != Keyword {
				s.cosine = dot(c.vector, vectors[0])
			}
			s.pairs, s.phrases = naivePairs(parsed, c), naivePhrases(parsed, c)
			p.chunks = append(p.chunks, s)
		}
		if len(p.chunks) > 0 {
			scorePage(&p, w)
			pages = append(pages, p)
		}
	}
	return pages
}

func dot(a, b []float32) (s float64) {
	for i := range a {
		s += float64(a[i]) * float64(b[i])
	}
	return s
}

// lines returns the words of a chunk at their positions, for each the terms
// that stand there.
func lines(c modelChunk) (out [][]string) {
	for i, stream := range [][]token{c.path, c.body} {
		if i > 0 {
			out = append(out, nil)
		}
		for _, t := range stream {
			if t.stacked && len(out) > 0 {
				out[len(out)-1] = append(out[len(out)-1], t.term)
			} else {
				out = append(out, []string{t.term})
			}
		}
	}
	return out
}

func naivePhrase(q *parsed, at [][]string, phrase []int) bool {
	for i := range at {
		ok := i+len(phrase) <= len(at)
		for j := 0; ok && j < len(phrase); j++ {
			ok = slices.Contains(at[i+j], q.terms[phrase[j]].text)
		}
		if ok {
			return true
		}
	}
	return false
}

func naivePhrases(q *parsed, c modelChunk) (share float64) {
	for _, p := range q.phrases {
		if naivePhrase(q, lines(c), p) {
			share += 1 / float64(len(q.phrases))
		}
	}
	return share
}

// naiveNamed says how well a passage with that title and heading path defines
// what the query names: for each thing that it names the best of its forms.
func naiveNamed(q *parsed, title, path []token) float64 {
	has := func(term int) bool {
		return term >= 0 && occurrences(title, q.terms[term].text)+occurrences(path, q.terms[term].text) > 0
	}
	worth := func(n *namedThing) float64 {
		if has(n.numbered) || n.numbered < 0 && has(n.whole) {
			return 1
		}
		if has(n.part) || has(n.whole) {
			return nameAsPart
		}
		if len(n.rest) == 0 || !has(n.lastWhole) && !has(n.lastPart) {
			return 0
		}
		rest := 0.0
		for _, term := range n.rest {
			if has(term) {
				rest++
			}
		}
		return nameInPart * (1 + rest/float64(len(n.rest)))
	}
	mean := 0.0
	for _, n := range q.named {
		mean += worth(n) / float64(len(q.named))
	}
	if q.whole != nil {
		return max(mean, worth(q.whole))
	}
	return mean
}

func naivePairs(q *parsed, c modelChunk) float64 {
	have, all := 0.0, 0.0
	for i := 1; i < len(q.words); i++ {
		weight := float64(min(q.terms[q.words[i-1]].idf, q.terms[q.words[i]].idf))
		all += weight
		if naivePhrase(q, lines(c), q.words[i-1:i+1]) {
			have += weight
		}
	}
	return have / max(all, 1e-9)
}

var vocabulary = strings.Fields(`parse json index create table os.path.join --no-verify E0308 ThreadPoolExecutor
	max_parallel_workers configuration read write lock row key value the of and to a in with how list string error
	query vacuum thread pool socket timeout buffer async await café 検索 std::vec::Vec C++ 3.11 page's`)

// randomText writes sentences under headings, common words more often.
func randomText(r *rand.Rand, words int) string {
	var b strings.Builder
	for i := range words {
		if i%25 == 0 && r.IntN(2) == 0 {
			fmt.Fprintf(&b, "\n\n%s %s %s\n\n", strings.Repeat("#", 2+r.IntN(2)), randomWord(r), randomWord(r))
		}
		b.WriteString(randomWord(r) + " ")
	}
	return strings.TrimSpace(b.String())
}

func randomWord(r *rand.Rand) string {
	return vocabulary[min(r.IntN(len(vocabulary)), r.IntN(len(vocabulary)))]
}

func randomEntry(r *rand.Rand) Entry {
	e := entry(fmt.Sprintf("https://%s.example/%d/%d", pick(r, "a", "b"), r.IntN(3), r.IntN(12)),
		randomWord(r)+" "+randomWord(r), randomText(r, r.IntN(180)))
	e.Collection, e.SourceType, e.Doc.Lang = pick(r, "docs", "other"), pick(r, "web", "file"), pick(r, "en", "en-GB", "de", "")
	e.FetchedAt = time.UnixMilli(int64(1000 + r.IntN(10)))
	return e
}

func pick(r *rand.Rand, values ...string) string { return values[r.IntN(len(values))] }

func randomQuery(r *rand.Rand) Query {
	q := Query{Text: randomWord(r), Limit: maxLimit, Mode: Mode(pick(r, string(Hybrid), string(Keyword), string(Semantic)))}
	for range r.IntN(4) {
		q.Text += " " + randomWord(r)
	}
	if r.IntN(4) == 0 {
		q.Text = `"` + q.Text + `" ` + randomWord(r)
	}
	q.Collection = pick(r, "docs", "docs", "other", "")
	switch r.IntN(6) {
	case 0:
		q.Filter.Domains = []string{"a.example", "no.example"}
	case 1:
		q.Filter.SourceTypes = []string{"file"}
	case 2:
		q.Filter.URLPrefix = "https://a.example/1"
	case 3:
		q.Filter.Lang = "en"
	case 4:
		q.Filter.Since, q.Filter.Before = time.UnixMilli(1002), time.UnixMilli(1007)
	}
	return q
}

// TestSearchAgreesWithANaiveIndex drives an index and a model of it with the
// same random changes and compares every result of random searches, through
// two handles.
func TestSearchAgreesWithANaiveIndex(t *testing.T) {
	t.Parallel()
	for seed := range uint64(6) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(seed, 0))
			h := &hashed{id: "hashed-1"}
			dir := t.TempDir()
			handles := []*Index{open(t, dir, h), open(t, dir, h)}
			m := &model{}
			for range 120 {
				changeBoth(t, r, handles[r.IntN(2)], m, h)
				if r.IntN(3) == 0 {
					q := randomQuery(r)
					compareSearch(t, handles[r.IntN(2)], m, q, h)
				}
			}
			if err := handles[0].Verify(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

func changeBoth(t *testing.T, r *rand.Rand, ix *Index, m *model, h *hashed) {
	t.Helper()
	e := randomEntry(r)
	var err error
	switch r.IntN(12) {
	case 0:
		_, err = ix.Remove(t.Context(), e.Collection, e.URL)
		m.remove(e.Collection, e.URL)
	case 1:
		err = ix.flush(t.Context())
		m.flush()
	case 2:
		err = mergeEverything(t, ix)
		m.mergeAll()
	case 3:
		_, _, err = ix.Forget(t.Context(), Selector{Collection: e.Collection, Domain: "b.example"}, false)
		for _, d := range slices.Clone(m.docs) {
			if d.collection == e.Collection && d.domain == "b.example" {
				m.remove(d.collection, d.url)
			}
		}
	default:
		write(t, ix, e)
		m.put(t, e, h)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// mergeEverything makes one segment of all.
func mergeEverything(t *testing.T, ix *Index) error {
	t.Helper()
	s, err := ix.snapshot(t.Context(), false)
	if err != nil || len(s.segments) == 0 {
		return err
	}
	if err := ix.merge(t.Context(), s, 0, len(s.segments)); err != nil {
		return err
	}
	return ix.sweep(t.Context())
}

func compareSearch(t *testing.T, ix *Index, m *model, q Query, h *hashed) {
	t.Helper()
	pages := m.search(t, q, h)
	want := make(map[string]float64) // by document and chunk
	for _, p := range pages {
		for _, c := range p.chunks {
			want[fmt.Sprint(m.docs[p.doc].collection, m.docs[p.doc].url, "#", c.chunk)] = p.score - p.chunks[0].score + c.score
		}
	}
	got, err := ix.everything(t, q)
	if err != nil {
		t.Fatal(err)
	}
	for key, score := range want {
		if math.Abs(got[key]-score) > 5e-3 { // the mean is kept in int8
			t.Errorf("%+v: %s has score %.4f, want %.4f", q, key, got[key], score)
		}
	}
	for key := range got {
		if _, ok := want[key]; !ok {
			t.Errorf("%+v: %s was found, and should not be", q, key)
		}
	}
	if t.Failed() {
		t.Fatalf("model has %v", slices.Sorted(maps.Keys(want)))
	}
	checkHits(t, ix, q)
}

// everything returns the scores of all that a search finds, before neighbours
// are joined.
func (ix *Index) everything(t *testing.T, q Query) (map[string]float64, error) {
	q.Mode = cmp.Or(q.Mode, Hybrid)
	needle, _, err := ix.needle(t.Context(), q)
	if err != nil {
		return nil, err
	}
	if err := ix.refresh(t.Context()); err != nil {
		return nil, err
	}
	n, err := ix.narrow(t.Context(), q)
	if err != nil {
		return nil, err
	}
	s := &search{query: parse(newAnalyzer(), q.Text), needle: needle, mode: q.Mode, want: q.Limit}
	pages, err := ix.gather(s, &n)
	if err != nil {
		return nil, err
	}
	out := make(map[string]float64)
	for i := range pages {
		p := &pages[i]
		scorePage(p, weightsOf(q.Mode, s.query))
		sh := s.shards[p.shard]
		for _, c := range p.chunks {
			key := fmt.Sprint(string(sh.names.get(sh.collections[p.doc])), string(sh.urls.get(p.doc)), "#", c.chunk-sh.first[p.doc])
			out[key] = p.score - p.chunks[0].score + c.score
		}
	}
	return out, nil
}

// checkHits looks at what every answer must keep to.
func checkHits(t *testing.T, ix *Index, q Query) {
	t.Helper()
	all, err := ix.Search(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	ids, pages := make(map[string]bool), make(map[string]int)
	for i, h := range all.Hits {
		if ids[h.ChunkID] {
			t.Errorf("%s is twice in the answer", h.ChunkID)
		}
		ids[h.ChunkID] = true
		if pages[h.DocumentID]++; i < firstHits && pages[h.DocumentID] > maxPerPage && len(all.Hits) > firstHits*maxPerPage {
			t.Errorf("%s has more than %d hits among the first %d", h.URL, maxPerPage, firstHits)
		}
		if i >= firstHits+1 && h.Score > all.Hits[i-1].Score && pages[h.DocumentID] <= maxPerPage {
			t.Errorf("hit %d has a better score than the one before it", i)
		}
		doc, err := ix.Document(t.Context(), "", h.DocumentID)
		if err != nil || !strings.Contains(h.Text, doc.Markdown[h.Start:h.End]) {
			t.Errorf("the text of %s is not that of its range: %v", h.ChunkID, err)
		}
		if from, to, err := ix.Passage(t.Context(), "", h.DocumentID, h.ChunkID); err != nil || from < h.Start || to > h.End {
			t.Errorf("passage %s lies at %d to %d, the hit at %d to %d: %v", h.ChunkID, from, to, h.Start, h.End, err)
		}
	}
	q.Limit, q.Offset = 3, 2
	part, err := ix.Search(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	from, to := min(2, len(all.Hits)), min(5, len(all.Hits))
	for i, h := range part.Hits {
		if from+i >= to || h.ChunkID != all.Hits[from+i].ChunkID {
			t.Errorf("hit %d of the second page differs from the whole answer", i)
		}
	}
	if part.More != (len(all.Hits) > 5) {
		t.Errorf("more is %v with %d hits in all", part.More, len(all.Hits))
	}
}
