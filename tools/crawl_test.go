package tools

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/axon-mcp/axon-mcp/engine/content"
	"github.com/axon-mcp/axon-mcp/engine/crawl"
	"github.com/axon-mcp/axon-mcp/fault"
	"github.com/axon-mcp/axon-mcp/jobs"
	"github.com/axon-mcp/axon-mcp/security"
)

func crawledPage(n int) crawl.Page {
	text := fmt.Sprintf("# Page %d\n\nText.\n", n)
	return crawl.Page{URL: fmt.Sprintf("https://a.example/%d", n), Doc: &content.Document{Title: fmt.Sprintf("Page %d", n), Markdown: text, Hash: text}, FetchedAt: testTime}
}

func TestCrawlWaited(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.crawler.pages = []crawl.Page{crawledPage(1), crawledPage(2), crawledPage(3)}
	var seen []int64
	result, err := b.Call(local(t), Call{
		Name: "crawl", Args: json.RawMessage(`{"urls":["https://a.example/"],"wait":true,"max_depth":0,"delay_ms":250,"max_minutes":2,"timeout_ms":3000}`),
		Progress: func(p jobs.Progress) { seen = append(seen, p.Done) },
	})
	if err != nil {
		t.Fatal(err)
	}
	var out map[string]any
	if err := json.Unmarshal(result.Structured.(json.RawMessage), &out); err != nil {
		t.Fatal(err)
	}
	for field, want := range map[string]any{
		"status": "completed", "pages_fetched": 3.0, "pages_changed": 3.0, "pages_unchanged": 0.0, "pages_failed": 0.0, "chunks": 6.0, "bytes": 0.0,
		"seconds": 2.0, "pages_per_second": 1.5, "embedded": 6.0, "complete": true,
	} {
		if out[field] != want {
			t.Errorf("%s = %v, want %v", field, out[field], want)
		}
	}
	if out["skipped"].(map[string]any)["robots"] != 1.0 || !slices.Equal(seen, []int64{1, 2, 3}) {
		t.Errorf("skipped %v, progress %v", out["skipped"], seen)
	}
	if o := b.crawler.opts; o.MaxDepth != -1 || o.Delay != 250*time.Millisecond || o.MaxDuration != 2*time.Minute || o.Timeout != 3*time.Second {
		t.Errorf("options %+v", o)
	}
	b.crawler.unread = []crawl.Note{{URL: "https://a.example/x", Outcome: crawl.OutcomeSkipped, Reason: crawl.SkipRobots}}
	again, text := must[WorkOutput](t, b, "crawl", `{"urls":["https://a.example/"],"wait":true}`)
	const told = "https://a.example/x (skipped, robots)"
	if again.UnreadStarts != told || !strings.Contains(text, told) {
		t.Errorf("an unread start: %q\n%s", again.UnreadStarts, text)
	}
	if again.PagesUnchanged != 3 || again.Embedded != 0 || !strings.Contains(text, "nothing was embedded") {
		t.Errorf("an unchanged site: %+v\n%s", again.WorkCounts, text)
	}
}

func TestCrawlAtOnceGivesAJob(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	result, err := b.call(t, "crawl", `{"urls":["https://a.example/"]}`)
	if err != nil {
		t.Fatal(err)
	}
	if got := string(result.Structured.(json.RawMessage)); got != `{"job_id":"job-1","status":"pending"}` || !strings.Contains(textOf(result), "next: jobs id=job-1") {
		t.Errorf("%s\n%s", got, textOf(result))
	}
}

func TestTheSameCrawlIsJoined(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	start := func(ctx context.Context, args string) string {
		t.Helper()
		result, err := b.Call(ctx, Call{Name: "crawl", Args: json.RawMessage(args)})
		if err != nil {
			t.Fatal(err)
		}
		var out WorkOutput
		if err := json.Unmarshal(result.Structured.(json.RawMessage), &out); err != nil {
			t.Fatal(err)
		}
		return out.JobID
	}
	first := start(local(t), `{"urls":["https://a.example/","https://b.example/x"],"exclude_paths":["/b","/a"]}`)
	for _, same := range []string{
		`{"urls":["https://b.example/x#top","https://a.example"],"exclude_paths":["/a","/b"]}`,
		`{"urls":["https://a.example:443/","https://b.example/x","https://b.example/x"],"exclude_paths":["/b","/a"],"max_pages":1000,"wait":false}`,
	} {
		if id := start(local(t), same); id != first {
			t.Errorf("%s is job %s and not %s", same, id, first)
		}
	}
	for _, other := range []string{`{"urls":["https://a.example/"]}`, `{"urls":["https://a.example/","https://b.example/x"],"exclude_paths":["/b","/a"],"index":false}`} {
		if id := start(local(t), other); id == first {
			t.Errorf("%s joined", other)
		}
	}
	// Who may not see the jobs of others must not be led to one.
	if id := start(as(t, "alice", security.ScopeWrite), `{"urls":["https://a.example/","https://b.example/x"],"exclude_paths":["/b","/a"]}`); id == first {
		t.Error("alice joined the local person's job")
	}
}

func TestCrawlRefuses(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for args, code := range map[string]fault.Code{
		`{"urls":["http://127.0.0.1/"]}`:                          fault.URLBlocked,
		`{"urls":["localhost:8080"]}`:                             fault.URLBlocked,
		`{"urls":["https://a.example/","http://127.0.0.1/"]}`:     fault.URLBlocked,
		`{"urls":["https://a.example/"],"render":"chrome"}`:       fault.Unavailable,
		`{"urls":["https://a.example/"],"collection":"no/such"}`:  fault.Invalid,
		`{"urls":["https://a.example/"],"concurrency":65}`:        fault.Invalid,
		`{"urls":["https://a.example/"],"sitemap_since_days":-1}`: fault.Invalid,
	} {
		_, err := b.call(t, "crawl", args)
		wantFault(t, err, code)
	}
	if len(b.queue.jobs) != 0 {
		t.Error("a refused crawl left a job")
	}
}

// TestTheEndOfACall: a canceled request cancels its work, the end of the
// process does not, nor does it take the work from others who wait.
func TestTheEndOfACall(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		cause    error
		joined   bool
		own      bool // at the command line
		shared   bool // with another process
		canceled int
	}{
		{"canceled", nil, false, false, false, 1},
		{"shutdown", jobs.ErrShutdown, false, false, false, 0},
		{"joined", nil, true, false, false, 0},
		{"joined, left by a process that was killed", nil, true, true, false, 1},
		{"joined, and a server runs it", nil, true, true, true, 0},
		{"joined, shutdown", jobs.ErrShutdown, true, true, false, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			ctx, cancel := context.WithCancelCause(local(t))
			if c.joined {
				if _, err := b.call(t, "crawl", `{"urls":["https://a.example/"]}`); err != nil {
					t.Fatal(err)
				}
			}
			b.queue.finish = func(ctx context.Context, job jobs.Job, _ func(jobs.Progress)) (jobs.Job, error) {
				cancel(c.cause)
				<-ctx.Done()
				return job, ctx.Err()
			}
			b.queue.shared = c.shared
			_, err := b.Call(ctx, Call{Name: "crawl", Args: json.RawMessage(`{"urls":["https://a.example/"],"wait":true}`), CommandLine: c.own})
			wantFault(t, err, fault.Canceled)
			if goesOn := c.joined && c.canceled == 0 && c.cause == nil; goesOn != strings.Contains(fault.MessageOf(err), "job_control") {
				t.Errorf("the caller is told %v", err)
			}
			if len(b.queue.canceled) != c.canceled {
				t.Errorf("canceled %v", b.queue.canceled)
			}
		})
	}
}

func TestAFailedJobFailsTheCall(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.queue.finish = func(_ context.Context, job jobs.Job, _ func(jobs.Progress)) (jobs.Job, error) {
		job.Status, job.Error = jobs.Failed, &jobs.Failure{Code: "unavailable", Message: "a.example cannot be reached"}
		return job, nil
	}
	_, err := b.call(t, "crawl", `{"urls":["https://a.example/"],"wait":true}`)
	wantFault(t, err, fault.Unavailable, "a.example cannot be reached", "job-1", "retry")
	_, err = b.Call(local(t), Call{Name: "crawl", Args: json.RawMessage(`{"urls":["https://a.example/"],"wait":true}`), CommandLine: true})
	wantFault(t, err, fault.Unavailable, "the same command tries again")
	b.queue.finish = func(_ context.Context, job jobs.Job, _ func(jobs.Progress)) (jobs.Job, error) {
		job.Status = jobs.Canceled
		return job, nil
	}
	_, err = b.call(t, "crawl", `{"urls":["https://a.example/"],"wait":true}`)
	wantFault(t, err, fault.Canceled, "job-1")
}

func TestCrawlToFiles(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.crawler.pages = []crawl.Page{crawledPage(1), crawledPage(2)}
	b.crawler.pages[1].Doc.Title = "A --> title <!--"
	b.crawler.during = func(sink crawl.Sink) {
		gone := crawledPage(3)
		if _, err := sink.Put(t.Context(), gone); err != nil {
			t.Error(err)
		}
		for _, want := range []bool{true, false} {
			if removed, err := sink.Gone(t.Context(), gone.URL, crawl.Moved); removed != want || err != nil {
				t.Errorf("gone: %v, %v", removed, err)
			}
		}
	}
	out, text := must[WorkOutput](t, b, "crawl", `{"urls":["https://a.example/"],"index":false,"wait":true}`)
	if out.Artifacts != "axon://artifacts/jobs/job-1/manifest.json" || out.Chunks != 0 || len(b.index.docs) != 0 || !strings.Contains(text, "Nothing was indexed") {
		t.Errorf("%+v\n%s", out.WorkCounts, text)
	}
	var manifest struct {
		Pages []filePage `json:"pages"`
	}
	if err := json.Unmarshal(b.artifacts.files["jobs/job-1/manifest.json"], &manifest); err != nil || len(manifest.Pages) != 2 {
		t.Fatalf("manifest %s: %v", b.artifacts.files["jobs/job-1/manifest.json"], err)
	}
	for i, p := range manifest.Pages {
		want := b.crawler.pages[i]
		file := string(b.artifacts.files[p.Path])
		if p.URL != want.URL || p.Title != want.Doc.Title || !strings.HasSuffix(file, " -->\n\n"+want.Doc.Markdown) || strings.Count(file, "-->") != 1 {
			t.Errorf("%+v holds %q", p, file)
		}
	}
}

func TestFilesAreCleanedOfBoilerplate(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	s := &fileSink{artifacts: b.artifacts, dir: "jobs/j"}
	page := crawledPage(1)
	menu := "Home, Docs, Blog and Contact stand on every page.\n\n"
	page.Doc.Markdown = menu + "# Page 1\n\nWhat it says itself.\n"
	if _, err := s.Put(t.Context(), page); err != nil {
		t.Fatal(err)
	}
	drop := map[uint64]bool{content.Blocks(page.Doc.Markdown)[0].Fingerprint: true}
	for _, want := range []bool{true, false} {
		if changed, err := s.Clean(t.Context(), page.URL, drop); changed != want || err != nil {
			t.Errorf("clean: %v, %v, want %v", changed, err, want)
		}
	}
	head, markdown, err := s.read(t.Context(), s.name(page.URL))
	if err != nil || head.URL != page.URL || strings.Contains(markdown, "Contact") || !strings.Contains(markdown, "What it says itself.") {
		t.Errorf("%+v, %q, %v", head, markdown, err)
	}
	if _, err := s.Clean(t.Context(), "https://a.example/none", drop); fault.CodeOf(err) != fault.NotFound {
		t.Errorf("a page that is not there: %v", err)
	}
}

func TestIndexSink(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	s := NewIndexSink(b.index, "axon", "job-7")
	ctx := t.Context()
	page := crawledPage(1)
	page.ETag = "v1"
	for _, want := range []crawl.Change{crawl.Added, crawl.Unchanged} {
		if put, err := s.Put(ctx, page); err != nil || put.Change != want || put.Chunks != 2 {
			t.Errorf("%+v, %v, want %s", put, err, want)
		}
	}
	if s.embedded.Load() != 2 || b.index.docs[page.URL].JobID != "job-7" || b.index.docs[page.URL].SourceType != "web" {
		t.Errorf("embedded %d, stored %+v", s.embedded.Load(), b.index.docs[page.URL])
	}
	if k, ok, err := s.Known(ctx, page.URL); !ok || err != nil || k.ETag != "v1" || k.Hash != page.Doc.Hash || len(k.Links) != 1 {
		t.Errorf("%+v %v %v", k, ok, err)
	}
	_ = s.Touch(ctx, "u", testTime)
	_, _ = s.Clean(ctx, "u", nil)
	for _, evidence := range []crawl.Evidence{crawl.NotFound, crawl.GoneForever, crawl.Absent, crawl.Moved, crawl.Forbidden, crawl.Duplicate} {
		_, _ = s.Gone(ctx, "u", evidence)
	}
	if want := []string{"touch u", "clean u", "missing u false", "missing u true", "remove u", "remove u", "remove u", "remove u"}; !slices.Equal(b.index.done, want) {
		t.Errorf("%q", b.index.done)
	}
	if _, err := s.Gone(ctx, "u", "rumour"); err == nil {
		t.Error("a rumour was taken for evidence")
	}
}

func TestMap(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.crawler.entries = []crawl.MapEntry{
		{URL: "https://a.example/", Source: "start"},
		{URL: "https://a.example/x", Title: "X <system>", Source: "link", Depth: 1},
		{URL: "https://a.example/y", LastMod: testTime, Source: "sitemap"},
	}
	out, text := must[MapOutput](t, b, "map", `{"url":"https://a.example","limit":7,"search":"word"}`)
	if len(out.URLs) != 3 || out.URLs[2].LastMod != "2026-11-26T12:00:00Z" || strings.Contains(text, "<system>") || !strings.Contains(text, "https://a.example/x — X") {
		t.Errorf("%+v\n%s", out, text)
	}
	if o := b.crawler.mapped; o.Limit != 7 || o.Search != "word" || o.Sitemap != crawl.SitemapInclude || !o.Robots || o.URL != "https://a.example/" {
		t.Errorf("options %+v", o)
	}
	if must[MapOutput](t, b, "map", `{"url":"https://a.example/","sitemap":"only"}`); b.crawler.mapped.Sitemap != crawl.SitemapOnly {
		t.Errorf("options %+v", b.crawler.mapped)
	}
	_, err := b.call(t, "map", `{"url":"http://127.0.0.1/"}`)
	wantFault(t, err, fault.URLBlocked)
}

// failingCrawler fails as a crawl does.
type failingCrawler struct{ fakeCrawler }

func (*failingCrawler) Crawl(context.Context, crawl.Sink, string, crawl.Options, Watch) (crawl.Stats, error) {
	return crawl.Stats{}, errors.Join(fault.New(fault.Timeout, "the site is too slow"))
}

func TestAFailingCrawlKeepsItsCode(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(d *Deps) { d.Crawler = &failingCrawler{} })
	for _, args := range []string{`{"urls":["https://a.example/"],"wait":true}`, `{"urls":["https://a.example/"],"wait":true,"index":false}`} {
		_, err := b.call(t, "crawl", args)
		wantFault(t, err, fault.Timeout, "too slow")
	}
}

// Thousands of starts that cannot be read are no thousand lines.
func TestManyUnreadStartsAreCounted(t *testing.T) {
	t.Parallel()
	many := slices.Repeat([]crawl.Note{{URL: "https://a.example/" + strings.Repeat("x", 2000), Outcome: crawl.OutcomeFailed, Reason: "http_404"}}, 1000)
	if got := unreadText(many); len(got) > 4000 || !strings.HasSuffix(got, "; and 990 more") || strings.Count(got, "http_404") != 10 {
		t.Errorf("%d bytes, %s", len(got), got[max(0, len(got)-100):])
	}
}
