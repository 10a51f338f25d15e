package tools

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/axon-mcp/axon-mcp/artifact"
	"github.com/axon-mcp/axon-mcp/engine/crawl"
	"github.com/axon-mcp/axon-mcp/engine/crawl/crawltest"
	"github.com/axon-mcp/axon-mcp/engine/embed/static"
	"github.com/axon-mcp/axon-mcp/engine/fetch"
	"github.com/axon-mcp/axon-mcp/engine/index"
	"github.com/axon-mcp/axon-mcp/fault"
	"github.com/axon-mcp/axon-mcp/jobs"
	"github.com/axon-mcp/axon-mcp/security"
	"github.com/axon-mcp/axon-mcp/store"
)

// whole is the registry over the real parts and a site on loopback, with a
// worker beside it.
type whole struct {
	*bench
	site *crawltest.Site
	url  string
}

func newWhole(t *testing.T, site *crawltest.Site) *whole {
	t.Helper()
	server := httptest.NewServer(site)
	t.Cleanup(server.Close)
	dir := t.TempDir()
	log := slog.New(slog.DiscardHandler)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	db, err := store.Open(t.Context(), dir)
	must(err)
	t.Cleanup(func() { _ = db.Close() })
	model, err := static.New()
	must(err)
	ix, err := index.Open(t.Context(), db, model, model.Count, index.Config{}, log)
	must(err)
	t.Cleanup(func() { _ = ix.Close() })
	guard, err := security.NewGuard(security.Config{AllowHosts: []string{strings.TrimPrefix(server.URL, "http://")}}, log)
	must(err)
	client := fetch.New(guard, fetch.Config{}, log)
	files, err := artifact.Open(filepath.Join(dir, "output"), artifact.Config{})
	must(err)
	t.Cleanup(func() { _ = files.Close() })
	queue := jobs.NewQueue(db, jobs.Config{}, log)
	w := &whole{site: site, url: server.URL + "/"}
	w.bench = newBench(t, func(d *Deps) {
		d.Documents, d.Searcher, d.Store, d.Eraser, d.Archive = ix, ix, ix, ix, ix
		d.Artifacts, d.OutputDir, d.Queue, d.Fetcher, d.ValidateURL = files, filepath.Join(dir, "output"), queue, client, guard.ValidateURL
		d.Crawler = NewCrawler(crawl.Deps{Fetch: client, Frontier: crawl.NewSQLite(db.Read, db.Tx), Validate: guard.ValidateURL, Log: log})
		d.Now = time.Now
	})
	ctx, stop := context.WithCancelCause(context.Background())
	done := make(chan error, 1)
	go func() { done <- jobs.NewWorker(queue, w.Handlers(), "").Run(ctx) }()
	t.Cleanup(func() {
		stop(jobs.ErrShutdown)
		if err := <-done; err != nil {
			t.Errorf("the worker: %v", err)
		}
	})
	return w
}

func TestTheMainJob(t *testing.T) {
	t.Parallel()
	w := newWhole(t, crawltest.Small(30))
	w.site.Change("/p7", func(p *crawltest.Page) {
		p.Title, p.Text = "Zebra crossings", "How zebras cross a road in orderly stripes.\n\nMind the traffic lights."
	})
	seen := 0
	result, err := w.Call(local(t), Call{
		Name: "crawl", Args: json.RawMessage(`{"urls":["` + w.url + `"],"wait":true}`), Progress: func(jobs.Progress) { seen++ },
	})
	if err != nil {
		t.Fatal(err)
	}
	var first WorkOutput
	if err := json.Unmarshal(result.Structured.(json.RawMessage), &first); err != nil {
		t.Fatal(err)
	}
	if first.PagesFetched != 30 || first.PagesChanged != 30 || first.Chunks == 0 || first.Embedded < first.Chunks || !first.Complete || seen == 0 {
		t.Fatalf("%+v, %d reports of progress", first.WorkCounts, seen)
	}
	again, text := must[WorkOutput](t, w.bench, "crawl", `{"urls":["`+w.url+`"],"wait":true}`)
	if again.PagesUnchanged != 30 || again.Embedded != 0 || !strings.Contains(text, "nothing was embedded") {
		t.Errorf("an unchanged site: %+v\n%s", again.WorkCounts, text)
	}
	hits, _ := must[QueryOutput](t, w.bench, "query", `{"query":"zebra stripes on the road"}`)
	if len(hits.Hits) == 0 || !strings.HasPrefix(hits.Hits[0].URL, w.url+"p7") {
		t.Fatalf("hits %+v", hits.Hits)
	}
	doc, _ := must[RetrieveOutput](t, w.bench, "retrieve", fmt.Sprintf(`{"url":%q}`, hits.Hits[0].URL))
	if doc.URL != w.url+"p7" || !strings.Contains(doc.Markdown, hits.Hits[0].Text[:20]) {
		t.Errorf("%+v", doc)
	}
	if n, _ := must[StatsOutput](t, w.bench, "stats", `{}`); n.Documents != 30 || n.Collections["axon"].Documents != 30 {
		t.Errorf("%+v", n)
	}
	list, _ := must[JobsOutput](t, w.bench, "jobs", `{"kind":"crawl"}`)
	one, _ := must[JobsOutput](t, w.bench, "jobs", `{"id":"`+list.Jobs[0].ID+`"}`)
	if len(list.Jobs) != 2 || one.Jobs[0].Status != "completed" || one.Jobs[0].Result == nil {
		t.Errorf("%+v", list.Jobs)
	}
	if _, err := w.call(t, "scrape", `{"url":"`+w.url+`p7","include":["h1"]}`); err != nil {
		t.Error(err)
	}
	urls, _ := must[MapOutput](t, w.bench, "map", `{"url":"`+w.url+`"}`)
	if len(urls.URLs) < 20 { // three links away
		t.Errorf("map lists %d URLs", len(urls.URLs))
	}
	dry, _ := must[ForgetOutput](t, w.bench, "forget", `{"url":"`+w.url+`p7"}`)
	done, _ := must[ForgetOutput](t, w.bench, "forget", `{"url":"`+w.url+`p7","dry_run":false,"confirm":"`+dry.Confirm+`"}`)
	if dry.Documents != 1 || done.Documents != 1 {
		t.Errorf("%+v, %+v", dry, done)
	}
	_, err = w.call(t, "retrieve", `{"url":"`+w.url+`p7"}`)
	wantFault(t, err, fault.NotFound)
}

func TestFilesForReal(t *testing.T) {
	t.Parallel()
	w := newWhole(t, crawltest.Small(5))
	dir := folder(t, map[string]string{"a.md": "# Alpha\n\nAbout alpacas.\n", "sub/main.go": "package main\n\n// Llamas are handled here.\nfunc main() {}\n"})
	embed := func() WorkOutput {
		t.Helper()
		result, err := w.Call(local(t), Call{Name: "embed", CommandLine: true, Args: json.RawMessage(`{"path":"` + dir + `","wait":true}`)})
		if err != nil {
			t.Fatal(err)
		}
		var out WorkOutput
		if err := json.Unmarshal(result.Structured.(json.RawMessage), &out); err != nil {
			t.Fatal(err)
		}
		return out
	}
	if out := embed(); out.Documents != 2 || out.PagesChanged != 2 {
		t.Errorf("%+v", out.WorkCounts)
	}
	if out := embed(); out.PagesUnchanged != 2 || out.Embedded != 0 {
		t.Errorf("again: %+v", out.WorkCounts)
	}
	hits, _ := must[QueryOutput](t, w.bench, "query", `{"query":"llamas","source_types":["file"]}`)
	if len(hits.Hits) == 0 || !strings.HasSuffix(hits.Hits[0].URL, "/sub/main.go") || hits.Hits[0].Title != "main.go" {
		t.Errorf("%+v", hits.Hits)
	}
	files, _ := must[WorkOutput](t, w.bench, "crawl", `{"urls":["`+w.url+`"],"index":false,"wait":true}`)
	manifest, _ := must[ArtifactsOutput](t, w.bench, "artifacts", `{"action":"read","path":"`+files.Artifacts+`"}`)
	if !strings.Contains(manifest.Text, `"url": "`+w.url+`p4"`) {
		t.Errorf("manifest %s", manifest.Text)
	}
}

func TestArchivesForReal(t *testing.T) {
	t.Parallel()
	w := newWhole(t, crawltest.Small(5))
	must[WorkOutput](t, w.bench, "crawl", `{"urls":["`+w.url+`"],"wait":true}`)
	out, _ := must[ArchiveOutput](t, w.bench, "export", `{"path":"all.jsonl"}`)
	other := newWhole(t, crawltest.Small(1))
	other.deps.OutputDir = w.deps.OutputDir
	in, _ := must[ArchiveOutput](t, other.bench, "import", `{"path":"all.jsonl"}`)
	if out.Documents != 5 || in.Count != out.Count {
		t.Errorf("out %+v, in %+v", out, in)
	}
	before, _ := must[RetrieveOutput](t, w.bench, "retrieve", `{"url":"`+w.url+`p3"}`)
	after, _ := must[RetrieveOutput](t, other.bench, "retrieve", `{"url":"`+w.url+`p3"}`)
	if before.Markdown != after.Markdown || before.FetchedAt != after.FetchedAt || before.ID != after.ID {
		t.Errorf("before %+v, after %+v", before, after)
	}
}
