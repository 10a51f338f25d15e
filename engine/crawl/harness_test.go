package crawl

import (
	"context"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/axon-mcp/axon-mcp/engine/content"
	"github.com/axon-mcp/axon-mcp/engine/crawl/crawltest"
	"github.com/axon-mcp/axon-mcp/engine/fetch"
	"github.com/axon-mcp/axon-mcp/fault"
	"github.com/axon-mcp/axon-mcp/store"
)

// direct is a Fetcher that calls a handler without a network, so that a test
// may use any host and break what it likes.
type direct struct {
	http.Handler
	// before, if set, may fail a request or hold it up.
	before func(ctx context.Context, url string) error
}

// Fetch implements Fetcher.
func (d direct) Fetch(ctx context.Context, request fetch.Request) (*fetch.Response, error) {
	target := request.URL
	for range maxHops {
		if d.before != nil {
			if err := d.before(ctx, target); err != nil {
				return nil, err
			}
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		response := d.once(ctx, target, request)
		location := response.Header.Get("Location")
		if request.NoRedirect || response.Status < 300 || response.Status > 399 || location == "" {
			response.URL, response.FinalURL = request.URL, target
			return response, nil
		}
		var err error
		if target, err = Resolve(target, location); err != nil {
			return nil, err
		}
	}
	return nil, fault.New(fault.Unavailable, "too many redirects")
}

// once asks for one URL.
func (d direct) once(ctx context.Context, target string, request fetch.Request) *fetch.Response {
	r := httptest.NewRequestWithContext(ctx, http.MethodGet, target, nil)
	if request.ETag != "" {
		r.Header.Set("If-None-Match", request.ETag)
	}
	w := httptest.NewRecorder()
	d.ServeHTTP(w, r)
	answer := w.Result()
	body, _ := io.ReadAll(answer.Body) // a recorder's body never fails
	mediaType, _, _ := strings.Cut(answer.Header.Get("Content-Type"), ";")
	return &fetch.Response{
		Status: answer.StatusCode, Header: answer.Header, MediaType: mediaType, Body: body,
		ETag: answer.Header.Get("ETag"), NotModified: answer.StatusCode == http.StatusNotModified, FetchedAt: time.Now(),
	}
}

// validate stands for the guard: it refuses what the tests take for private.
func validate(raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	blocked := fault.New(fault.URLBlocked, "url_blocked: the address is not public")
	if err != nil || u.Scheme != "http" && u.Scheme != "https" {
		return nil, blocked
	}
	if host := u.Hostname(); host == "" || host == "localhost" || strings.HasPrefix(host, "private.") || strings.HasPrefix(host, "169.254.") {
		return nil, blocked
	}
	return u, nil
}

// stored is a page of a memorySink.
type stored struct {
	Known
	Title, Markdown string
	Dropped         []uint64
	notFound        bool
}

// memorySink is a Sink in memory that counts what is done to it.
type memorySink struct {
	mu      sync.Mutex
	pages   map[string]stored
	puts    map[string]int // that stored something
	touches map[string]int
	cleans  map[string]int // that changed something
	gone    map[string]Evidence
	fail    func(op, url string) error // if set, may fail a call before it does anything
	lose    func() error               // if set, may fail a Put that has stored the page
}

// newSink returns an empty sink.
func newSink() *memorySink {
	s := &memorySink{pages: map[string]stored{}}
	s.reset()
	return s
}

// reset forgets the counts.
func (s *memorySink) reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.puts, s.touches, s.cleans, s.gone = map[string]int{}, map[string]int{}, map[string]int{}, map[string]Evidence{}
}

// before asks fail.
func (s *memorySink) before(ctx context.Context, op, url string) error {
	if s.fail != nil {
		if err := s.fail(op, url); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// Known implements Sink.
func (s *memorySink) Known(_ context.Context, url string) (Known, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	page, ok := s.pages[url]
	return page.Known, ok, nil
}

// Put implements Sink.
func (s *memorySink) Put(ctx context.Context, page Page) (Put, error) {
	if err := s.before(ctx, "put", page.URL); err != nil {
		return Put{}, err
	}
	put := s.put(page)
	if s.lose != nil {
		if err := s.lose(); err != nil {
			return Put{}, err
		}
	}
	return put, nil
}

// put stores a page.
func (s *memorySink) put(page Page) Put {
	s.mu.Lock()
	defer s.mu.Unlock()
	old, ok := s.pages[page.URL]
	fresh := Known{
		ETag: page.ETag, LastModified: page.LastModified, Hash: page.Doc.Hash, Blocks: page.Blocks, Links: page.Links,
		FetchedAt: page.FetchedAt,
	}
	if ok && old.Hash == page.Doc.Hash {
		fresh.Cuts = old.Cuts
		old.Known = fresh
		s.pages[page.URL] = old
		return Put{Change: Unchanged, Chunks: 1}
	}
	s.puts[page.URL]++
	next := stored{Known: fresh, Title: page.Doc.Title, Markdown: page.Doc.Markdown}
	next.cut(page.Drop)
	s.pages[page.URL] = next
	if ok {
		return Put{Change: Changed, Chunks: 1, Dropped: true}
	}
	return Put{Change: Added, Chunks: 1, Dropped: true}
}

// cut leaves out blocks, and reports whether that is another set than before.
func (p *stored) cut(drop map[uint64]bool) bool {
	before := p.Cuts
	p.Cuts = []uint64{}
	for _, block := range p.Blocks[1:] {
		if drop[block] {
			p.Cuts = append(p.Cuts, block)
		}
	}
	return !slices.Equal(before, p.Cuts)
}

// Touch implements Sink.
func (s *memorySink) Touch(ctx context.Context, url string, at time.Time) error {
	if err := s.before(ctx, "touch", url); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.touches[url]++
	page := s.pages[url]
	page.FetchedAt, page.notFound = at, false
	s.pages[url] = page
	return nil
}

// Gone implements Sink.
func (s *memorySink) Gone(ctx context.Context, url string, evidence Evidence) (bool, error) {
	if err := s.before(ctx, "gone", url); err != nil {
		return false, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	page, ok := s.pages[url]
	if !ok {
		return false, nil
	}
	s.gone[url] = evidence
	if evidence == NotFound && !page.notFound {
		page.notFound = true
		s.pages[url] = page
		return false, nil
	}
	delete(s.pages, url)
	return true, nil
}

// Clean implements Sink.
func (s *memorySink) Clean(ctx context.Context, url string, drop map[uint64]bool) (bool, error) {
	if err := s.before(ctx, "clean", url); err != nil {
		return false, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	page, ok := s.pages[url]
	if !ok || !page.cut(drop) {
		return false, nil
	}
	s.cleans[url]++
	s.pages[url] = page
	return true, nil
}

// state returns what is stored, without what depends on time.
func (s *memorySink) state() map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := map[string]string{}
	for url, page := range s.pages {
		out[url] = page.Hash + " " + cutList(page.Cuts)
	}
	return out
}

// cutList writes cuts down.
func cutList(cuts []uint64) string {
	var out []byte
	for _, cut := range cuts {
		out = append(out, byte(cut), byte(cut>>8), byte(cut>>16))
	}
	return string(out)
}

// urls returns the paths that are stored, in order.
func (s *memorySink) urls() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Sorted(maps.Keys(s.pages))
}

// openStore opens a database for one test.
func openStore(tb testing.TB) *store.DB {
	tb.Helper()
	db, err := store.Open(tb.Context(), tb.TempDir())
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := db.Close(); err != nil {
			tb.Error(err)
		}
	})
	return db
}

// newFrontier returns a SQLite frontier of its own.
func newFrontier(tb testing.TB) *SQLite {
	db := openStore(tb)
	return NewSQLite(db.Read, db.Tx)
}

// depsFor puts the parts of a test together, with the frontier that is quick.
// Both frontiers keep one contract (frontier_test.go), and the tests that go on
// after a kill use the other one.
func depsFor(site http.Handler, sink Sink) Deps {
	return Deps{Fetch: direct{Handler: site}, Sink: sink, Frontier: NewMemory(), Validate: validate}
}

// base are the options of most tests.
func base(urls ...string) Options {
	return Options{URLs: urls, Robots: true, Sitemap: true, MaxDepth: 20}
}

// mustRun crawls and fails the test if that fails.
func mustRun(tb testing.TB, deps Deps, job string, opts Options) Stats {
	tb.Helper()
	stats, err := Run(tb.Context(), deps, job, opts)
	if err != nil {
		tb.Fatalf("Run(%s): %v (stats %+v)", job, err, stats)
	}
	return stats
}

// paths shortens URLs of one host to their paths.
func paths(urls []string) []string {
	out := make([]string, 0, len(urls))
	for _, u := range urls {
		p := split(u)
		if p.query != "" {
			p.path += "?" + p.query
		}
		out = append(out, p.path)
	}
	return out
}

// wantPaths compares what is stored.
func wantPaths(tb testing.TB, sink *memorySink, want ...string) {
	tb.Helper()
	if got := paths(sink.urls()); !slices.Equal(got, want) {
		tb.Errorf("stored %q, want %q", got, want)
	}
}

// page is a page with text and links.
func page(title string, links ...string) crawltest.Page {
	return crawltest.Page{Title: title, Text: title + " text.\n\n" + crawltest.Sentence(uint64(len(title))*31+uint64(title[0]), 20), Links: links}
}

var errBoom = errors.New("boom")

var _ = content.Document{}
