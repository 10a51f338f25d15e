package tools

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/axon-mcp/axon-mcp/artifact"
	"github.com/axon-mcp/axon-mcp/engine/crawl"
	"github.com/axon-mcp/axon-mcp/engine/fetch"
	"github.com/axon-mcp/axon-mcp/engine/index"
	"github.com/axon-mcp/axon-mcp/fault"
	"github.com/axon-mcp/axon-mcp/jobs"
	"github.com/axon-mcp/axon-mcp/security"
)

// testTime is the clock of the fakes.
var testTime = time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)

// fakeIndex holds documents in a map by URL, one collection.
type fakeIndex struct {
	mu   sync.Mutex
	docs map[string]index.Document
	note string // of a search
	hits []index.Hit
	// seen is the last search.
	seen index.Query
	// done lists what was done to the store beside writes.
	done      []string
	exportErr error
}

func (f *fakeIndex) put(docs ...index.Document) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, doc := range docs {
		doc.ID = cmp.Or(doc.ID, "id-"+doc.URL)
		doc.Collection = cmp.Or(doc.Collection, "axon")
		doc.SourceType = cmp.Or(doc.SourceType, "web")
		doc.Bytes = int64(len(doc.Markdown))
		f.docs[doc.URL] = doc
	}
}

func (f *fakeIndex) Document(_ context.Context, collection, key string) (index.Document, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, doc := range f.docs {
		if doc.Collection == collection && (doc.URL == key || doc.ID == key) {
			return doc, nil
		}
	}
	return index.Document{}, fault.New(fault.NotFound, "no such document")
}

// Passage takes a chunk's id for its text.
func (f *fakeIndex) Passage(ctx context.Context, collection, key, chunk string) (start, end int, err error) {
	doc, err := f.Document(ctx, collection, key)
	if err != nil {
		return 0, 0, err
	}
	at := strings.Index(doc.Markdown, chunk)
	if at < 0 {
		return 0, 0, fault.New(fault.NotFound, "no such passage")
	}
	return at, at + len(chunk), nil
}

func (f *fakeIndex) Search(_ context.Context, q index.Query) (index.Result, error) {
	f.seen = q
	from, to := min(q.Offset, len(f.hits)), min(q.Offset+q.Limit, len(f.hits))
	return index.Result{Hits: f.hits[from:to], More: to < len(f.hits), Note: f.note}, nil
}

func (f *fakeIndex) Sources(_ context.Context, collection string, filter index.Filter, limit int, cursor string) ([]index.Source, string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if strings.HasPrefix(cursor, "!") {
		return nil, "", fault.New(fault.Invalid, "cursor is not one of this listing")
	}
	var list []index.Source
	for _, url := range slices.Sorted(maps.Keys(f.docs)) {
		doc := f.docs[url]
		kind := len(filter.SourceTypes) == 0 || slices.Contains(filter.SourceTypes, doc.SourceType)
		domain := len(filter.Domains) == 0 || slices.Contains(filter.Domains, doc.Domain)
		if doc.Collection == collection && kind && domain && strings.HasPrefix(url, filter.URLPrefix) && url > cursor {
			list = append(list, index.Source{ID: doc.ID, Collection: doc.Collection, URL: url, Title: doc.Title, SourceType: doc.SourceType, Chunks: doc.Chunks, Bytes: doc.Bytes, FetchedAt: doc.FetchedAt})
		}
	}
	if len(list) > limit {
		return list[:limit], list[limit-1].URL, nil
	}
	return list, "", nil
}

func (f *fakeIndex) Domains(context.Context, string, index.Filter, int, string) ([]index.Domain, string, error) {
	return []index.Domain{{Name: "docs.python.org", Documents: 2, Chunks: 9, Bytes: 100, FetchedAt: testTime}, {Name: "go.dev", Documents: 1}}, "", nil
}

func (f *fakeIndex) Stats(context.Context) (index.Count, map[string]index.Count, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	c := index.Count{Documents: len(f.docs), Chunks: len(f.docs), Bytes: 10}
	return c, map[string]index.Count{"axon": c, "Attic": {}}, nil
}

func (f *fakeIndex) Forget(_ context.Context, s index.Selector, dry bool) (n index.Count, sample []string, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, url := range slices.Sorted(maps.Keys(f.docs)) {
		if s.URL != "" && s.URL != url || s.Domain != "" && f.docs[url].Domain != s.Domain {
			continue
		}
		n.Documents++
		n.Chunks++
		sample = append(sample, url)
		if !dry {
			delete(f.docs, url)
		}
	}
	return n, sample, nil
}

func (f *fakeIndex) Duplicates(context.Context, string, bool) ([][]index.Source, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	byText := map[string][]index.Source{}
	for _, url := range slices.Sorted(maps.Keys(f.docs)) {
		byText[f.docs[url].Markdown] = append(byText[f.docs[url].Markdown], index.Source{URL: url, Chunks: 1})
	}
	var groups [][]index.Source
	for _, text := range slices.Sorted(maps.Keys(byText)) {
		groups = append(groups, byText[text])
	}
	return groups, nil
}

// fakeArtifacts keeps files in a map.
type fakeArtifacts struct {
	mu    sync.Mutex
	files map[string][]byte
	// modified is when a file was written, where that is not testTime.
	modified map[string]time.Time
	err      error
}

func (f *fakeArtifacts) Write(_ context.Context, name string, data []byte, mediaType string) (artifact.Info, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err != nil {
		return artifact.Info{}, f.err
	}
	f.files[path.Clean(name)] = bytes.Clone(data)
	return artifact.Info{Path: name, Size: int64(len(data)), MediaType: mediaType}, nil
}

func (f *fakeArtifacts) Read(_ context.Context, name string, offset, limit int64) ([]byte, artifact.Info, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	data, ok := f.files[name]
	if !ok {
		return nil, artifact.Info{}, fault.New(fault.NotFound, "no such artifact")
	}
	from := min(offset, int64(len(data)))
	return data[from:min(from+limit, int64(len(data)))], artifact.Info{Path: name, Size: int64(len(data)), MediaType: "text/markdown", Modified: testTime}, nil
}

func (f *fakeArtifacts) List(_ context.Context, prefix string, limit int, cursor string) (list []artifact.Info, next string, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, name := range slices.Sorted(maps.Keys(f.files)) {
		if !strings.HasPrefix(name, prefix) || name <= cursor {
			continue
		}
		if len(list) == limit {
			return list, list[limit-1].Path, nil
		}
		at := testTime
		if other, ok := f.modified[name]; ok {
			at = other
		}
		list = append(list, artifact.Info{Path: name, Size: int64(len(f.files[name])), MediaType: "text/markdown", Modified: at})
	}
	return list, "", nil
}

func (f *fakeArtifacts) Grep(_ context.Context, name, pattern string, limit int) (lines []artifact.Line, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	re, err := regexp.Compile(pattern)
	if err != nil {
		return nil, fault.Errorf(fault.Invalid, "pattern: %v", err)
	}
	for i, text := range strings.Split(string(f.files[name]), "\n") {
		if re.MatchString(text) && len(lines) < limit {
			lines = append(lines, artifact.Line{Number: i + 1, Text: text})
		}
	}
	return lines, nil
}

func (f *fakeArtifacts) Remove(_ context.Context, name string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, ok := f.files[name]; !ok {
		return fault.New(fault.NotFound, "no such artifact")
	}
	delete(f.files, name)
	return nil
}

func (f *fakeArtifacts) RemoveOlder(_ context.Context, age time.Duration, dry bool) (n int, size int64, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if age > time.Hour {
		return 0, 0, nil
	}
	n = len(f.files)
	for name := range f.files {
		size += int64(len(f.files[name]))
		if !dry {
			delete(f.files, name)
		}
	}
	return n, size, nil
}

// fakeFetcher answers from a map by URL.
type fakeFetcher struct {
	mu    sync.Mutex
	pages map[string]fetch.Response
	asked []string
}

func (f *fakeFetcher) Fetch(ctx context.Context, r fetch.Request) (*fetch.Response, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked = append(f.asked, r.URL)
	page, ok := f.pages[r.URL]
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case !ok:
		return nil, fault.New(fault.Unavailable, "no such host")
	case r.ETag != "" && r.ETag == page.ETag:
		return &fetch.Response{URL: r.URL, FinalURL: r.URL, Status: 304, NotModified: true}, nil
	}
	page.URL, page.FinalURL, page.FetchedAt = r.URL, cmp.Or(page.FinalURL, r.URL), testTime
	return &page, nil
}

func (f *fakeFetcher) serve(url, mediaType, body string) {
	f.pages[url] = fetch.Response{Status: 200, MediaType: mediaType, Body: []byte(body)}
}

// fakeCrawler puts its pages into the sink.
type fakeCrawler struct {
	pages   []crawl.Page
	entries []crawl.MapEntry
	opts    crawl.Options
	mapped  crawl.MapOptions
	// refreshed are the options of the last Refresh.
	refreshed crawl.RefreshOptions
	during    func(sink crawl.Sink)
	unread    []crawl.Note // of the starts
}

func (f *fakeCrawler) Crawl(ctx context.Context, sink crawl.Sink, _ string, opts crawl.Options, watch Watch) (crawl.Stats, error) {
	f.opts = opts
	stats := crawl.Stats{Complete: true, Duration: 2 * time.Second, Skipped: map[string]int{"robots": 1}, UnreadStarts: f.unread}
	for _, page := range f.pages {
		put, err := sink.Put(ctx, page)
		if err != nil {
			return stats, err
		}
		stats.Fetched++
		if put.Change == crawl.Unchanged {
			stats.Unchanged++
		} else {
			stats.Changed++
			stats.Chunks += put.Chunks
		}
		watch.Report(crawl.Progress{Phase: "crawl", Done: int64(stats.Fetched), Total: int64(len(f.pages))})
	}
	if f.during != nil {
		f.during(sink)
	}
	return stats, nil
}

func (f *fakeCrawler) Refresh(ctx context.Context, sink crawl.Sink, job string, opts crawl.RefreshOptions, watch Watch) (crawl.Stats, error) {
	f.refreshed = opts
	return f.Crawl(ctx, sink, job, crawl.Options{}, watch)
}

func (f *fakeCrawler) Map(_ context.Context, opts crawl.MapOptions) ([]crawl.MapEntry, error) {
	f.mapped = opts
	return f.entries, nil
}

// Write, Known, Touch, Missing, Clean and Remove make fakeIndex a Store.
func (f *fakeIndex) Write(_ context.Context, e index.Entry) (index.Written, error) {
	old, ok := f.docs[e.URL]
	if ok && old.Hash == e.Doc.Hash {
		return index.Written{Change: index.Unchanged, Chunks: 2}, nil
	}
	f.put(index.Document{
		URL: e.URL, Collection: e.Collection, SourceType: e.SourceType, Title: e.Doc.Title, Markdown: e.Doc.Markdown, Headings: e.Doc.Headings,
		Hash: e.Doc.Hash, ETag: e.ETag, JobID: e.JobID, FetchedAt: e.FetchedAt, Chunks: 2,
	})
	change := index.Added
	if ok {
		change = index.Changed
	}
	return index.Written{Change: change, Chunks: 2, Embedded: 2}, nil
}

func (f *fakeIndex) Known(_ context.Context, _, url string) (index.Known, bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	doc, ok := f.docs[url]
	return index.Known{ETag: doc.ETag, Hash: doc.Hash, Links: []string{"l"}}, ok, nil
}

func (f *fakeIndex) Touch(_ context.Context, _, url string, _ time.Time) error {
	f.did("touch " + url)
	return nil
}

func (f *fakeIndex) Missing(_ context.Context, _, url string, forever bool) (bool, error) {
	f.did(fmt.Sprint("missing ", url, " ", forever))
	return forever, nil
}

func (f *fakeIndex) Clean(_ context.Context, _, url string, _ map[uint64]bool) (bool, error) {
	f.did("clean " + url)
	return true, nil
}

func (f *fakeIndex) Remove(_ context.Context, _, url string) (bool, error) {
	f.did("remove " + url)
	f.mu.Lock()
	defer f.mu.Unlock()
	_, ok := f.docs[url]
	delete(f.docs, url)
	return ok, nil
}

func (f *fakeIndex) did(what string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.done = append(f.done, what)
}

// Export and Import make fakeIndex an Archive.
func (f *fakeIndex) Export(_ context.Context, w io.Writer) (index.Count, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, url := range slices.Sorted(maps.Keys(f.docs)) {
		if err := json.NewEncoder(w).Encode(f.docs[url]); err != nil {
			return index.Count{}, err
		}
	}
	return index.Count{Documents: len(f.docs)}, f.exportErr
}

func (f *fakeIndex) Import(_ context.Context, r io.Reader) (n index.Count, err error) {
	for dec := json.NewDecoder(r); ; n.Documents++ {
		var doc index.Document
		if err := dec.Decode(&doc); err == io.EOF {
			return n, nil
		} else if err != nil {
			return n, fault.Errorf(fault.Invalid, "line %d is no document", n.Documents+1)
		}
		f.put(doc)
	}
}

// fakeQueue keeps jobs in a slice; finish plays the worker.
type fakeQueue struct {
	mu   sync.Mutex
	jobs []jobs.Job
	// finish is called by Wait and returns the job as it ends.
	finish    func(ctx context.Context, job jobs.Job, progress func(jobs.Progress)) (jobs.Job, error)
	canceled  []string
	recovered int
	shared    bool
}

func (f *fakeQueue) Start(_ context.Context, r jobs.Request) (jobs.Job, bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, job := range f.jobs {
		if r.Key != "" && job.Kind == r.Kind && job.Key == r.Key && !job.Status.Done() {
			return job, true, nil
		}
	}
	job := jobs.Job{ID: "job-" + strconv.Itoa(len(f.jobs)+1), Kind: r.Kind, Key: r.Key, Owner: r.Owner, Status: jobs.Pending, Request: r.Payload, Created: testTime}
	f.jobs = append(f.jobs, job)
	return job, false, nil
}

func (f *fakeQueue) Get(_ context.Context, id string) (jobs.Job, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, job := range f.jobs {
		if job.ID == id {
			return job, nil
		}
	}
	return jobs.Job{}, fault.New(fault.NotFound, "no such job")
}

func (f *fakeQueue) List(_ context.Context, filter jobs.Filter) ([]jobs.Job, string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var list []jobs.Job
	for _, job := range f.jobs {
		if (filter.Owner == "" || job.Owner == filter.Owner) && (filter.Status == "" || job.Status == filter.Status) && len(list) < filter.Limit {
			list = append(list, job)
		}
	}
	return list, "", nil
}

func (f *fakeQueue) set(ctx context.Context, id string, s jobs.Status) (jobs.Job, error) {
	if _, err := f.Get(ctx, id); err != nil {
		return jobs.Job{}, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range f.jobs {
		if f.jobs[i].ID == id {
			f.jobs[i].Status = s
			return f.jobs[i], nil
		}
	}
	return jobs.Job{}, fmt.Errorf("job %s has gone", id)
}

func (f *fakeQueue) Cancel(ctx context.Context, id string) (jobs.Job, error) {
	f.mu.Lock()
	f.canceled = append(f.canceled, id)
	f.mu.Unlock()
	return f.set(ctx, id, jobs.Canceled)
}

func (f *fakeQueue) Retry(ctx context.Context, id string) (jobs.Job, error) {
	return f.set(ctx, id, jobs.Pending)
}

func (f *fakeQueue) Shared(context.Context) (bool, error) { return f.shared, nil }

func (f *fakeQueue) Recover(context.Context) (int, error) { return f.recovered, nil }

func (f *fakeQueue) Wait(ctx context.Context, id string, progress func(jobs.Progress)) (jobs.Job, error) {
	job, err := f.Get(ctx, id)
	if err != nil {
		return job, err
	}
	return f.finish(ctx, job, progress)
}

// bench is a registry over fakes.
type bench struct {
	*Registry
	index     *fakeIndex
	artifacts *fakeArtifacts
	queue     *fakeQueue
	fetcher   *fakeFetcher
	crawler   *fakeCrawler
	log       *syncBuffer
}

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func newBench(t testing.TB, changes ...func(*Deps)) *bench {
	t.Helper()
	b := &bench{
		index: &fakeIndex{docs: map[string]index.Document{}}, artifacts: &fakeArtifacts{files: map[string][]byte{}},
		queue: &fakeQueue{}, fetcher: &fakeFetcher{pages: map[string]fetch.Response{}}, crawler: &fakeCrawler{}, log: &syncBuffer{},
	}
	d := Deps{
		Documents: b.index, Searcher: b.index, Store: b.index, Eraser: b.index, Archive: b.index, Artifacts: b.artifacts,
		Queue: b.queue, Fetcher: b.fetcher, Crawler: b.crawler, ValidateURL: validateURL,
		Log: slog.New(slog.NewTextHandler(b.log, nil)), Now: func() time.Time { return testTime },
	}
	for _, change := range changes {
		change(&d)
	}
	var err error
	if b.Registry, err = New(d); err != nil {
		t.Fatal(err)
	}
	b.queue.finish = b.work
	return b
}

// validateURL stands in for the guard.
func validateURL(raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || strings.HasPrefix(u.Host, "127.") {
		return nil, fault.New(fault.URLBlocked, "url_blocked: the address is not public")
	}
	return u, nil
}

// work plays the worker: it runs the job's body as jobs.Worker does.
func (b *bench) work(ctx context.Context, job jobs.Job, progress func(jobs.Progress)) (jobs.Job, error) {
	result, err := b.bodies()[job.Kind](ctx, task{job: job, report: progress, event: func(string, ...any) {}})
	if err != nil {
		job.Status, job.Error = jobs.Failed, &jobs.Failure{Code: string(fault.CodeOf(err)), Message: fault.MessageOf(err)}
		return job, nil
	}
	job.Status = jobs.Completed
	job.Result, err = json.Marshal(result)
	return job, err
}

// as returns a context of a caller with these scopes.
func as(t testing.TB, subject string, scopes ...string) context.Context {
	t.Helper()
	return security.WithIdentity(t.Context(), security.Identity{Subject: subject, Scopes: scopes})
}

func local(t testing.TB) context.Context {
	t.Helper()
	return security.WithIdentity(t.Context(), security.Local())
}

// call runs a tool as the local person.
func (b *bench) call(t testing.TB, name, args string) (*Result, error) {
	t.Helper()
	return b.Call(local(t), Call{Name: name, Args: json.RawMessage(args), Door: "test"})
}

// must runs a tool and decodes its structured output.
func must[Out any](t testing.TB, b *bench, name, args string) (Out, string) {
	t.Helper()
	result, err := b.call(t, name, args)
	if err != nil {
		t.Fatalf("%s %s: %v", name, args, err)
	}
	var out Out
	if err := json.Unmarshal(result.Structured.(json.RawMessage), &out); err != nil {
		t.Fatal(err)
	}
	return out, textOf(result)
}

func textOf(r *Result) string {
	var parts []string
	for _, b := range r.Blocks {
		parts = append(parts, b.Text)
	}
	return strings.Join(parts, "\n")
}

// wantFault fails unless err has this code and a message with each part.
func wantFault(t testing.TB, err error, code fault.Code, parts ...string) {
	t.Helper()
	if fault.CodeOf(err) != code {
		t.Fatalf("error %v has code %q, want %q", err, fault.CodeOf(err), code)
	}
	for _, part := range parts {
		if !strings.Contains(fault.MessageOf(err), part) {
			t.Errorf("message %q does not say %q", fault.MessageOf(err), part)
		}
	}
}
