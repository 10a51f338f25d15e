package tools

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/axon-mcp/axon-mcp/engine/crawl"
	"github.com/axon-mcp/axon-mcp/engine/index"
	"github.com/axon-mcp/axon-mcp/fault"
	"github.com/axon-mcp/axon-mcp/jobs"
	"github.com/axon-mcp/axon-mcp/security"
)

// library is a bench with n pages of a.example and a file.
func library(t *testing.T, n int) *bench {
	t.Helper()
	b := newBench(t)
	for i := range n {
		p := crawledPage(i)
		b.index.put(index.Document{URL: p.URL, Title: p.Doc.Title, Markdown: p.Doc.Markdown, Hash: p.Doc.Hash, Domain: "a.example"})
		b.crawler.pages = append(b.crawler.pages, p)
	}
	b.index.put(index.Document{URL: "docs/guide.md", SourceType: "file", Title: "Guide", Markdown: "# Guide\n"})
	return b
}

func TestRefreshMeans(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]int{
		`{"domain":"a.example","wait":true}`:                                       1203,
		`{"domain":"A.Example","wait":true}`:                                       1203,
		`{"all":true,"wait":true}`:                                                 1203,
		`{"urls":["https://a.example/1","https://a.example:443/2#x"],"wait":true}`: 2,
	} {
		t.Run(args, func(t *testing.T) {
			t.Parallel()
			b := library(t, 1203)
			out, text := must[WorkOutput](t, b, "refresh", args)
			o := b.crawler.refreshed
			if len(o.URLs) != want || !o.Robots || o.Collection != "axon" || !slices.IsSorted(o.URLs) || slices.Contains(o.URLs, "docs/guide.md") {
				t.Errorf("%d URLs, options %+v", len(o.URLs), o.Robots)
			}
			if out.Status != "completed" || out.PagesUnchanged != 1203 || out.PagesChanged != 0 || !strings.Contains(text, "nothing was embedded") {
				t.Errorf("%+v\n%s", out.WorkCounts, text)
			}
		})
	}
}

func TestRefreshRefuses(t *testing.T) {
	t.Parallel()
	b := library(t, 3)
	b.index.put(index.Document{URL: "https://a.example/note", SourceType: "text", Title: "Note", Markdown: "my own words"})
	many, err := json.Marshal(map[string]any{"urls": slices.Repeat([]string{"https://a.example/1"}, maxRefreshURLs+1)})
	if err != nil {
		t.Fatal(err)
	}
	for args, code := range map[string]fault.Code{
		`{}`:                                fault.Invalid,
		`{"domain":"a.example","all":true}`: fault.Invalid,
		`{"urls":["https://a.example/1"],"all":true}`:       fault.Invalid,
		`{"urls":["http://127.0.0.1/"]}`:                    fault.URLBlocked,
		`{"urls":["https://a.example/nowhere"]}`:            fault.NotFound,
		`{"domain":" "}`:                                    fault.Invalid,
		`{"urls":["https://a.example/note"]}`:               fault.Invalid,
		`{"domain":"b.example"}`:                            fault.NotFound,
		`{"all":true,"collection":"other"}`:                 fault.NotFound,
		`{"all":true,"collection":"no/such"}`:               fault.Invalid,
		`{"url":"https://a.example/1"}`:                     fault.Invalid,
		string(many):                                        fault.Invalid,
		`{"urls":["https://a.example/1"],"robots":false}`:   fault.Invalid,
		`{"domain":"a.example","urls":[],"all":true}`:       fault.Invalid,
		`{"urls":["https://a.example/1","localhost:8080"]}`: fault.URLBlocked,
	} {
		_, err := b.call(t, "refresh", args)
		if fault.CodeOf(err) != code {
			t.Errorf("%.60s: %v, want %s", args, err, code)
		}
	}
	_, err = b.Call(as(t, "reader", security.ScopeRead), Call{Name: "refresh", Args: json.RawMessage(`{"all":true}`)})
	wantFault(t, err, fault.Forbidden)
}

// What has gone between the call and its job is no failure.
func TestRefreshOfWhatWasForgotten(t *testing.T) {
	t.Parallel()
	b := library(t, 2)
	work := b.queue.finish
	b.queue.finish = func(ctx context.Context, job jobs.Job, progress func(jobs.Progress)) (jobs.Job, error) {
		b.index.docs = map[string]index.Document{}
		return work(ctx, job, progress)
	}
	out, _ := must[WorkOutput](t, b, "refresh", `{"domain":"a.example","wait":true}`)
	if out.Status != "completed" || out.PagesFetched != 0 || !out.Complete {
		t.Errorf("%+v", out.WorkCounts)
	}
}

// The history of a job tells which pages changed and which failed.
func TestRefreshTellsOfPages(t *testing.T) {
	t.Parallel()
	var events []string
	w := task{report: func(jobs.Progress) {}, event: func(format string, args ...any) { events = append(events, fmt.Sprintf(format, args...)) }}.watch()
	w.Note(crawl.Note{URL: "https://a.example/1", Outcome: crawl.OutcomeChanged})
	w.Note(crawl.Note{URL: "https://a.example/2", Outcome: crawl.OutcomeFailed, Reason: "http_404"})
	if want := []string{"changed: https://a.example/1", "failed http_404: https://a.example/2"}; !slices.Equal(events, want) {
		t.Errorf("events %q", events)
	}
}
