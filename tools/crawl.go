package tools

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/axon-mcp/axon-mcp/engine/crawl"
	"github.com/axon-mcp/axon-mcp/fault"
	"github.com/axon-mcp/axon-mcp/jobs"
	"github.com/axon-mcp/axon-mcp/security"
)

// CrawlInput is the input of crawl.
type CrawlInput struct {
	URLs             []string `json:"urls" jsonschema:"such as [\"https://docs.python.org/3/\"]; a final / keeps the crawl below" rule:"min=1"`
	MaxPages         int      `json:"max_pages,omitempty" jsonschema:"most pages, such as 500" rule:"min=1 max=1000000 default=1000"`
	MaxDepth         int      `json:"max_depth,omitempty" jsonschema:"most links from a start, such as 3" rule:"min=0 max=1000 default=5"`
	IncludePaths     []string `json:"include_paths,omitempty" jsonschema:"such as /docs/*"`
	ExcludePaths     []string `json:"exclude_paths,omitempty" jsonschema:"such as /blog/*"`
	Subdomains       bool     `json:"subdomains,omitempty" jsonschema:"true: hosts below, too"`
	Sitemap          bool     `json:"sitemap,omitempty" jsonschema:"false: read no sitemap" rule:"default=true"`
	SitemapSinceDays int      `json:"sitemap_since_days,omitempty" jsonschema:"only the last days, such as 30" rule:"min=1 max=36500"`
	Robots           bool     `json:"robots,omitempty" jsonschema:"false ignores robots.txt: your own sites only" rule:"default=true"`
	Render           string   `json:"render,omitempty" jsonschema:"auto: a browser for empty shells only" rule:"enum=auto|http|chrome default=auto"`
	DelayMS          int      `json:"delay_ms,omitempty" jsonschema:"between requests, such as 500" rule:"min=0 max=60000"`
	TimeoutMS        int      `json:"timeout_ms,omitempty" jsonschema:"per page, such as 20000" rule:"min=100 max=60000"`
	Concurrency      int      `json:"concurrency,omitempty" jsonschema:"fetches at once, such as 4" rule:"min=1 max=64 default=8"`
	MaxBytes         int64    `json:"max_bytes,omitempty" jsonschema:"in all, such as 50000000" rule:"min=1 max=1000000000000"`
	MaxMinutes       int      `json:"max_minutes,omitempty" jsonschema:"such as 30 minutes" rule:"min=1 max=10080"`
	Index            bool     `json:"index,omitempty" jsonschema:"false: Markdown artifacts, no index" rule:"default=true"`
	Wait             bool     `json:"wait,omitempty" jsonschema:"true answers when all is done"`
	Collection       string   `json:"collection,omitempty" jsonschema:"such as axon, the default"`
}

// crawlRequest is the payload of a crawl job: the whole request, in a form
// that is the same for the same work.
type crawlRequest struct {
	Options crawl.Options `json:"options"`
	// SinceDays is kept as days: a time would differ at each call.
	SinceDays int  `json:"since_days,omitempty"`
	Index     bool `json:"index"`
}

// Crawler reads sites. NewCrawler makes it of the engine.
type Crawler interface {
	// Crawl reads a site into sink, going on where an earlier attempt of the
	// job stopped.
	Crawl(ctx context.Context, sink crawl.Sink, job string, opts crawl.Options, watch Watch) (crawl.Stats, error)
	// Refresh reads stored pages again, as Crawl does.
	Refresh(ctx context.Context, sink crawl.Sink, job string, opts crawl.RefreshOptions, watch Watch) (crawl.Stats, error)
	// Map lists a site's URLs and stores nothing.
	Map(ctx context.Context, opts crawl.MapOptions) ([]crawl.MapEntry, error)
}

// Watch is who is told how a crawl goes, one call at a time.
type Watch struct {
	Report func(crawl.Progress)
	Note   func(crawl.Note)
}

func crawlTool(d *Deps) (*Tool, error) {
	return define(d, Tool{
		Name:  "crawl",
		Title: "Crawl a site",
		About: "Reads a site and indexes it; again, it updates what changed. " +
			"scrape reads single pages, map lists URLs. Without wait: a job_id for jobs.",
		Toolset: Web, Scope: security.ScopeWrite, Positional: "urls", Job: true,
		Hints: Hints{Idempotent: true, OpenWorld: true},
	}, func(ctx context.Context, call Call, in CrawlInput) (reply[WorkOutput], error) {
		request, err := d.crawlRequest(in)
		if err != nil {
			return reply[WorkOutput]{}, err
		}
		out, err := d.perform(ctx, call, work{kind: "crawl", payload: request, join: true, wait: in.Wait})
		return reply[WorkOutput]{out: out, text: plain(workText("page"))}, err
	})
}

// crawlRequest checks what can be checked before a job begins.
func (d *Deps) crawlRequest(in CrawlInput) (crawlRequest, error) {
	collection, err := d.collection("crawl", in.Collection)
	if err != nil {
		return crawlRequest{}, err
	}
	if err := d.canRender("crawl", in.Render); err != nil {
		return crawlRequest{}, err
	}
	starts, err := d.startURLs(in.URLs)
	if err != nil {
		return crawlRequest{}, err
	}
	opts := crawl.Options{
		URLs: starts, Collection: collection, MaxPages: in.MaxPages, MaxDepth: depth(in.MaxDepth),
		IncludePaths: sorted(in.IncludePaths), ExcludePaths: sorted(in.ExcludePaths), Subdomains: in.Subdomains,
		Sitemap: in.Sitemap, Robots: in.Robots, Render: in.Render, Delay: time.Duration(in.DelayMS) * time.Millisecond,
		Timeout: time.Duration(in.TimeoutMS) * time.Millisecond, Concurrency: in.Concurrency, MaxBytes: in.MaxBytes, MaxDuration: time.Duration(in.MaxMinutes) * time.Minute,
	}
	_, err = opts.Complete()
	return crawlRequest{Options: opts, SinceDays: in.SitemapSinceDays, Index: in.Index}, err
}

// startURLs judges each URL and returns their keys in order.
func (d *Deps) startURLs(urls []string) ([]string, error) {
	keys := make([]string, 0, len(urls))
	for _, raw := range urls {
		if _, err := d.ValidateURL(raw); err != nil {
			return nil, err
		}
		key, err := crawl.Key(raw)
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	return sorted(keys), nil
}

// canRender refuses a browser where there is none.
func (d *Deps) canRender(tool, render string) error {
	switch {
	case render != crawl.RenderChrome:
		return nil
	case d.Browser == nil:
		return fault.Errorf(fault.Unavailable, "%s: render=chrome needs a browser, and this server has none; call with render=auto or render=http", tool)
	}
	return d.Browser.Available()
}

// depth writes 0 links as crawl.Options does, where 0 means the default.
func depth(links int) int {
	if links == 0 {
		return -1
	}
	return links
}

func sorted(list []string) []string {
	list = slices.Clone(list)
	slices.Sort(list)
	return slices.Compact(list)
}

// runCrawl is the body of a crawl job.
func (d *Deps) runCrawl(ctx context.Context, t task) (any, error) {
	var request crawlRequest
	if err := json.Unmarshal(t.job.Request, &request); err != nil {
		return nil, fmt.Errorf("read the job's request: %w", err)
	}
	opts := request.Options
	if request.SinceDays > 0 {
		opts.SitemapSince = t.job.Created.AddDate(0, 0, -request.SinceDays)
	}
	if !request.Index {
		return d.crawlToFiles(ctx, t, opts)
	}
	sink := NewIndexSink(d.Store, opts.Collection, t.job.ID)
	stats, err := d.Crawler.Crawl(ctx, sink, t.job.ID, opts, t.watch())
	if err != nil {
		return nil, fmt.Errorf("crawl: %w", err)
	}
	counts := crawlCounts(stats)
	counts.Embedded = int(sink.embedded.Load())
	return counts, nil
}

// watch writes what a crawl tells into the job's row and its history.
func (t task) watch() Watch {
	phase := ""
	return Watch{
		Report: func(p crawl.Progress) {
			if p.Phase != phase {
				phase = p.Phase
				t.event("phase %s: %d URLs settled, %d in all", p.Phase, p.Done, p.Total)
			}
			t.report(jobs.Progress{
				Phase: p.Phase, Done: p.Done, Total: p.Total, Rate: p.Rate, ETA: p.ETA.Seconds(), URL: p.URL,
				Counts: p.Counts, Failures: p.Failures, Chunks: p.Chunks, Bytes: p.Bytes,
			})
		},
		Note: func(n crawl.Note) {
			what := string(n.Outcome)
			if n.Reason != "" {
				what += " " + n.Reason
			}
			t.event("%s: %s", what, n.URL)
		},
	}
}

func crawlCounts(s crawl.Stats) WorkCounts {
	skipped := s.Skipped
	if skipped == nil {
		skipped = map[string]int{}
	}
	return WorkCounts{
		UnreadStarts: unreadText(s.UnreadStarts),
		PagesFetched: s.Fetched, PagesChanged: s.Changed, PagesUnchanged: s.Unchanged, PagesFailed: s.Failed, PagesRemoved: s.Gone,
		Skipped: skipped, Failures: s.Failures, Documents: s.Changed + s.Unchanged, Chunks: s.Chunks, Bytes: s.Bytes,
		Seconds: thousandths(s.Duration.Seconds()), PagesPerSecond: thousandths(s.PagesPerSecond()), Complete: s.Complete,
	}
}

// unreadText tells of the first starts that were not read; they may be thousands.
func unreadText(starts []crawl.Note) string {
	const most = 10
	var told []string
	for _, start := range starts[:min(len(starts), most)] {
		told = append(told, fmt.Sprintf("%s (%s, %s)", clip(start.URL, 300), start.Outcome, start.Reason))
	}
	if more := len(starts) - most; more > 0 {
		told = append(told, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(told, "; ")
}
