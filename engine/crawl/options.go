package crawl

import (
	"time"

	"github.com/axon-mcp/axon-mcp/fault"
)

// Ways to render a page, for Options.Render.
const (
	RenderAuto   = "auto"   // HTTP first, the browser where the page is an empty shell
	RenderHTTP   = "http"   // never the browser
	RenderChrome = "chrome" // always the browser
)

// Options says what to crawl and how far. The zero value of a field means its
// default; Complete fills them in.
type Options struct {
	// URLs are the starts; at least one. A start whose path ends in "/" is a
	// folder and narrows the crawl to what lies under it.
	URLs []string
	// Collection names where the sink stores; with the starts and the globs it
	// tells which earlier crawl this one repeats.
	Collection string
	// MaxPages is how many URLs are fetched at most; default 1,000.
	MaxPages int
	// MaxDepth is how many links a page may be away from a start; default 5.
	// Negative: 0, the starts alone.
	MaxDepth int
	// IncludePaths and ExcludePaths are globs over the path ("*" is any text);
	// see Scope. IncludePaths take the place of the start's folder.
	IncludePaths, ExcludePaths []string
	Subdomains                 bool // hosts under the start's host too
	Sitemap                    bool // read sitemaps and llms.txt for more starts
	// SitemapSince drops sitemap entries that were last modified before; zero
	// keeps all.
	SitemapSince time.Time
	// Robots honours robots.txt, and noindex and nofollow of pages.
	Robots bool
	// Render is RenderAuto (the default), RenderHTTP or RenderChrome.
	Render string
	// Delay is the least time between two requests to one host; zero is the
	// fetcher's default. A robots.txt may ask for more.
	Delay time.Duration
	// Timeout bounds the reading of one page; zero is the fetcher's default.
	Timeout time.Duration
	// Concurrency is how many fetches run at once, 1 to 64; default 8.
	Concurrency int
	// MaxBytes bounds the bytes of all bodies, decompressed; zero is no bound.
	MaxBytes int64
	// MaxDuration bounds the time spent, over all attempts of the job; zero is
	// no bound.
	MaxDuration time.Duration
}

// Limits of Options.
const (
	defaultMaxPages    = 1000
	defaultMaxDepth    = 5
	defaultConcurrency = 8
	maxConcurrency     = 64
	maxStarts          = 100
)

// Complete returns o with its defaults filled in, or an Invalid fault.
func (o Options) Complete() (Options, error) {
	if len(o.URLs) == 0 || len(o.URLs) > maxStarts {
		return o, fault.Errorf(fault.Invalid, "urls: give 1 to %d start URLs, not %d", maxStarts, len(o.URLs))
	}
	if o.MaxPages == 0 {
		o.MaxPages = defaultMaxPages
	}
	if o.MaxDepth == 0 {
		o.MaxDepth = defaultMaxDepth
	}
	o.MaxDepth = max(o.MaxDepth, 0)
	if o.Concurrency == 0 {
		o.Concurrency = defaultConcurrency
	}
	if o.Render == "" {
		o.Render = RenderAuto
	}
	switch {
	case o.MaxPages < 0:
		return o, fault.Errorf(fault.Invalid, "max_pages: %d is less than 1", o.MaxPages)
	case o.Concurrency < 1 || o.Concurrency > maxConcurrency:
		return o, fault.Errorf(fault.Invalid, "concurrency: %d is not within 1 to %d", o.Concurrency, maxConcurrency)
	case o.MaxBytes < 0 || o.MaxDuration < 0 || o.Delay < 0 || o.Timeout < 0:
		return o, fault.New(fault.Invalid, "max_bytes, max_minutes, delay_ms and timeout_ms must not be negative")
	case o.Render != RenderAuto && o.Render != RenderHTTP && o.Render != RenderChrome:
		return o, fault.Errorf(fault.Invalid, "render: %q is not one of auto, http, chrome", o.Render)
	}
	return o, nil
}
