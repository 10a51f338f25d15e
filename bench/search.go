package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/blevesearch/bleve/v2"
	"github.com/blevesearch/bleve/v2/analysis/lang/en"

	"github.com/axon-mcp/axon-mcp/engine/content"
	"github.com/axon-mcp/axon-mcp/engine/embed/static"
	"github.com/axon-mcp/axon-mcp/engine/index"
	"github.com/axon-mcp/axon-mcp/store"
)

// benchSearch measures indexing, opening and searching at sizes of
// AXON_BENCH_CHUNKS (100000,1000000), beside bleve at the smallest.
func benchSearch(out io.Writer) error {
	ctx := context.Background()
	pages, err := parsed()
	if err != nil {
		return err
	}
	fmt.Fprint(out, "### search: hybrid, one client\n\nPages of python3.11-doc and postgresql-doc-15, and copies of them whose vectors are slightly disturbed; questions of the retrieval sets and names that the pages define, ten hits with their texts. Indexing is chunking, embedding and writing, from two goroutines; opening is that of the directory with the first answer. bleve has title, headings and text as fields, its English analyzer, BM25 and no vectors.\n\n")
	fmt.Fprintf(out, "Load average at the start: %s.\n\n", loadAverage())
	fmt.Fprintln(out, "| chunks | engine | indexing, chunks/s (bar 5,000) | opening and first answer, ms (bar 200) | p50, ms | p99, ms | bars | CPU, ms a search | on disk, MB |\n|---|---|---|---|---|---|---|---|---|")
	bars := []string{"5 / 20", "10"}
	plot := chart{
		title: "Milliseconds of a search, median", series: []string{"axon-mcp, hybrid", "bleve, keywords"}, format: "%.1f ms",
		note: "Ten hits with their texts, one client. The dashed line is the bar.",
	}
	for n, text := range strings.Split(cmp.Or(os.Getenv("AXON_BENCH_CHUNKS"), "100000,1000000"), ",") {
		chunks, err := strconv.Atoi(text)
		if err != nil {
			return fmt.Errorf("AXON_BENCH_CHUNKS: %w", err)
		}
		row, median, err := searchOurs(ctx, pages, chunks)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, row, bars[min(n, 1)])
		drawn := group{text + " chunks", []float64{median, -1}, []float64{5, 10}[min(n, 1)]}
		if n == 0 {
			if row, drawn.values[1], err = searchBleve(pages, chunks); err != nil {
				return err
			}
			fmt.Fprint(out, row)
		}
		plot.groups = append(plot.groups, drawn)
	}
	fmt.Fprintln(out)
	return plot.draw("search")
}

func loadAverage() string {
	raw, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	return strings.Join(strings.Fields(string(raw))[:3], ", ")
}

// parsed reads the pages of both sites.
func parsed() (pages []*content.Document, err error) {
	for _, s := range sites() {
		err = filepath.WalkDir(s.dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".html") {
				return err
			}
			body, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			name, err := filepath.Rel(s.dir, path)
			if err != nil {
				return err
			}
			doc, err := content.Parse(content.Input{URL: "https://" + s.name + ".example/" + filepath.ToSlash(name), MediaType: "text/html", Body: body})
			if err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
			pages = append(pages, doc)
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return pages, nil
}

// asked are the queries: questions, and names that the pages define.
func asked() ([]string, error) {
	var list []string
	for _, s := range sites() {
		questions, err := readQuestions(s.name)
		if err != nil {
			return nil, err
		}
		for _, q := range questions {
			list = append(list, q.Question)
		}
	}
	for _, c := range corpora()[:2] {
		names, err := c.gather()
		if err != nil {
			return nil, err
		}
		list = append(list, drawSome(names["identifier"], 55)...)
	}
	return list, nil
}

// disturbed is the built-in model with a little noise, so that no two texts have
// the same vector: copies of a passage are near it as other versions would be.
type disturbed struct {
	*static.Model
	quiet bool // for queries
	mu    sync.Mutex
	noise *rand.Rand
}

// Embed implements index.Embedder.
func (d *disturbed) Embed(ctx context.Context, texts []string) ([][]float32, error) {
	vectors, err := d.Model.Embed(ctx, texts)
	if err != nil || d.quiet {
		return vectors, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, v := range vectors {
		for i := range v {
			v[i] += float32(d.noise.NormFloat64()) * 0.2 / 16
		}
	}
	return vectors, nil
}

// searchOurs returns the row of our engine, with a verb for the bars, and the
// median in milliseconds.
func searchOurs(ctx context.Context, pages []*content.Document, chunks int) (row string, median float64, err error) {
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return "", 0, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	model, err := static.New()
	if err != nil {
		return "", 0, err
	}
	embedder := &disturbed{Model: model, noise: rand.New(rand.NewPCG(1, 2))}
	o, err := openAt(ctx, dir, embedder, model.Count)
	if err != nil {
		return "", 0, err
	}
	began := time.Now()
	stored, err := writePages(ctx, o.index, pages, chunks)
	took := time.Since(began)
	if err = cmp.Or(err, o.end()); err != nil {
		return "", 0, err
	}
	embedder.quiet = true
	m, err := measure(func() (searcher, error) {
		o, err := openAt(ctx, dir, embedder, model.Count)
		if err != nil {
			return searcher{}, err
		}
		return searcher{func(q string) error {
			_, err := o.index.Search(ctx, index.Query{Text: q, Limit: 10})
			return err
		}, o.end}, nil
	})
	return m.row("axon-mcp", "%s", stored, took, dir), m.median, err
}

// searcher is an open index.
type searcher struct {
	search func(query string) error
	end    func() error
}

// measured is how long the searches of an index took, in milliseconds, and the
// CPU of one.
type measured struct{ first, median, p99, cpu float64 }

// measure opens an index and asks it all queries.
func measure(open func() (searcher, error)) (m measured, err error) {
	queries, err := asked()
	if err != nil {
		return m, err
	}
	began := time.Now()
	s, err := open()
	if err != nil {
		return m, err
	}
	err = s.search(queries[0])
	m.first = millis(time.Since(began))
	if err == nil {
		var times []time.Duration
		if times, m.cpu, err = timed(queries, s.search); err == nil {
			m.median, m.p99 = millis(times[len(times)/2]), millis(times[len(times)*99/100])
		}
	}
	return m, cmp.Or(err, s.end())
}

func (m measured) row(name, bars string, stored int, took time.Duration, dir string) string {
	return fmt.Sprintf("| %d | %s | %.0f | %.0f | %.1f | %.1f | %s | %.2f | %d |\n", stored, name, float64(stored)/took.Seconds(),
		m.first, m.median, m.p99, bars, m.cpu, sizeOf(dir)>>20)
}

// opened is a data directory with its index at work.
type opened struct {
	db    *store.DB
	index *index.Index
	end   func() error
}

// openAt opens a directory as a server does; end must be called.
func openAt(ctx context.Context, dir string, embedder index.Embedder, count func(string) int) (*opened, error) {
	db, err := store.Open(ctx, dir)
	if err != nil {
		return nil, err
	}
	ix, err := index.Open(ctx, db, embedder, count, index.Config{}, slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, cmp.Or(err, db.Close())
	}
	keep, stop := context.WithCancel(ctx)
	kept := make(chan error, 1)
	go func() { kept <- ix.Run(keep) }() // merges, as in a server
	return &opened{db, ix, func() error {
		stop()
		return cmp.Or(<-kept, ix.Close(), db.Close())
	}}, nil
}

// writePages stores the pages and copies of them until there are enough chunks.
func writePages(ctx context.Context, ix *index.Index, pages []*content.Document, enough int) (chunks int, err error) {
	var wg sync.WaitGroup
	var mu sync.Mutex
	next := 0
	for range 2 {
		wg.Go(func() {
			for {
				mu.Lock()
				n := next
				next++
				done := chunks >= enough || err != nil
				mu.Unlock()
				if done {
					return
				}
				page := *pages[n%len(pages)]
				page.URL = strings.Replace(page.URL, "https://", "https://"+strconv.Itoa(n/len(pages))+".", 1)
				w, failed := ix.Write(ctx, index.Entry{Collection: "docs", SourceType: "web", URL: page.URL, Doc: &page})
				mu.Lock()
				chunks += w.Chunks
				err = cmp.Or(err, failed)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return chunks, err
}

// timed asks every query once to warm up and then three times, and returns how
// long each took, ascending, and the milliseconds of CPU that one took on average.
func timed(queries []string, search func(string) error) (times []time.Duration, cpu float64, err error) {
	for round := range 4 {
		if round == 1 {
			cpu = cpuTime()
		}
		for _, q := range queries {
			began := time.Now()
			if err := search(q); err != nil {
				return nil, 0, fmt.Errorf("%q: %w", q, err)
			}
			if round > 0 {
				times = append(times, time.Since(began))
			}
		}
	}
	cpu = 1000 * (cpuTime() - cpu) / float64(len(times))
	slices.Sort(times)
	return times, cpu, nil
}

func millis(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func sizeOf(dir string) (bytes int64) {
	_ = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error { // what cannot be read counts as nothing
		if err == nil && !d.IsDir() {
			if info, err := d.Info(); err == nil {
				bytes += info.Size()
			}
		}
		return nil
	})
	return bytes
}

// passage is what bleve stores.
type passage struct {
	Title string `json:"title"`
	Path  string `json:"path"`
	Text  string `json:"text"`
}

// searchBleve returns the row of bleve over the same chunks, and the median.
func searchBleve(pages []*content.Document, chunks int) (row string, median float64, err error) {
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return "", 0, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	mapping := bleve.NewIndexMapping()
	mapping.DefaultAnalyzer = en.AnalyzerName
	mapping.ScoringModel = "bm25"
	path := filepath.Join(dir, "bleve")
	ix, err := bleve.New(path, mapping)
	if err != nil {
		return "", 0, err
	}
	model, err := static.New()
	if err != nil {
		return "", 0, err
	}
	began := time.Now()
	stored, err := writeBleve(ix, pages, chunks, model.Count)
	took := time.Since(began)
	if err = cmp.Or(err, ix.Close()); err != nil {
		return "", 0, err
	}
	m, err := measure(func() (searcher, error) {
		ix, err := bleve.Open(path)
		if err != nil {
			return searcher{}, err
		}
		return searcher{func(q string) error {
			request := bleve.NewSearchRequestOptions(bleve.NewMatchQuery(q), 10, 0, false)
			request.Fields = []string{"text"}
			_, err := ix.Search(request)
			return err
		}, ix.Close}, nil
	})
	return m.row("bleve v2.6.3, keywords only", "", stored, took, dir), m.median, err
}

func writeBleve(ix bleve.Index, pages []*content.Document, enough int, count func(string) int) (chunks int, err error) {
	batch := ix.NewBatch()
	for n := 0; chunks < enough; n++ {
		page := pages[n%len(pages)]
		for _, c := range content.Chunks(page.Title, page.Markdown, page.Headings, count) {
			one := passage{page.Title, strings.Join(c.HeadingPath, " › "), c.Text}
			if err := batch.Index(fmt.Sprintf("%d#%d", n, c.Ordinal), one); err != nil {
				return chunks, err
			}
			chunks++
		}
		if batch.Size() >= 1000 || chunks >= enough {
			if err := ix.Batch(batch); err != nil {
				return chunks, err
			}
			batch.Reset()
		}
	}
	return chunks, nil
}
