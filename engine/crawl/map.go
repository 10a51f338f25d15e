package crawl

import (
	"context"
	"strings"
	"time"

	"github.com/axon-mcp/axon-mcp/fault"
)

// What Map does with sitemaps, for MapOptions.Sitemap.
const (
	SitemapInclude = "include" // sitemaps, llms.txt and links; the default
	SitemapOnly    = "only"    // no page is read
	SitemapSkip    = "skip"    // links alone
)

// MapOptions says what to list. The zero value of a field means its default.
type MapOptions struct {
	URL string // the start, as in Options
	// Limit is how many entries are wanted, 1 to 50,000; default 5,000.
	Limit int
	// Search keeps entries whose URL or title holds all of its words, in any
	// case.
	Search     string
	Sitemap    string // SitemapInclude, SitemapOnly or SitemapSkip
	Subdomains bool
	Robots     bool
	// MaxDepth is how many links away pages are listed; default 3.
	MaxDepth int
	// MaxPages is how many pages are read for their links; default 200.
	MaxPages int
	// MaxDuration bounds the reading; default one minute.
	MaxDuration time.Duration
	Delay       time.Duration // as in Options
	Concurrency int           // as in Options
}

// Limits and defaults of MapOptions.
const (
	maxMapLimit        = 50_000
	defaultMapLimit    = 5000
	defaultMapDepth    = 3
	defaultMapPages    = 200
	defaultMapDuration = time.Minute
)

// MapEntry is one URL of a site.
type MapEntry struct {
	URL     string
	Title   string    // of the page if it was read, else of the first link to it; may be empty
	LastMod time.Time // as the sitemap says; zero if it does not
	Depth   int       // links from the start; what only a list names counts as 1
	Source  string    // where it was found first: a Source constant
}

// options turns o into those of a crawl.
func (o MapOptions) options() (MapOptions, Options, error) {
	if o.Limit == 0 {
		o.Limit = defaultMapLimit
	}
	if o.Limit < 1 || o.Limit > maxMapLimit {
		return o, Options{}, fault.Errorf(fault.Invalid, "limit: %d is not within 1 to %d", o.Limit, maxMapLimit)
	}
	switch o.Sitemap {
	case "":
		o.Sitemap = SitemapInclude
	case SitemapInclude, SitemapOnly, SitemapSkip:
	default:
		return o, Options{}, fault.Errorf(fault.Invalid, "sitemap: %q is not one of include, only, skip", o.Sitemap)
	}
	opts := Options{
		URLs: []string{o.URL}, MaxPages: o.MaxPages, MaxDepth: o.MaxDepth, Subdomains: o.Subdomains, Robots: o.Robots,
		Sitemap: o.Sitemap != SitemapSkip, Render: RenderHTTP, Delay: o.Delay, Concurrency: o.Concurrency, MaxDuration: o.MaxDuration,
	}
	if opts.MaxPages == 0 {
		opts.MaxPages = defaultMapPages
	}
	if opts.MaxDepth == 0 {
		opts.MaxDepth = defaultMapDepth
	}
	if opts.MaxDuration == 0 {
		opts.MaxDuration = defaultMapDuration
	}
	return o, opts, nil
}

// Map lists the URLs of a site in the order in which a crawl would read them,
// without storing anything: it reads sitemaps and llms.txt, and pages for their
// links until there are enough. Of deps it needs Fetch and Validate. It fails
// like Run; a list that a limit has cut short is no failure.
func Map(ctx context.Context, deps Deps, o MapOptions) ([]MapEntry, error) {
	o, opts, err := o.options()
	if err != nil {
		return nil, err
	}
	deps.Sink, deps.Frontier = Discard{}, NewMemory()
	c, err := open(ctx, deps, "map", opts)
	if err != nil {
		return nil, err
	}
	queue, ok := c.queue.(*memoryQueue)
	if !ok {
		return nil, fault.Errorf(fault.Internal, "the map's queue is a %T", c.queue)
	}
	words := strings.Fields(strings.ToLower(o.Search))
	c.enough = func() bool { return len(queue.list(words, o.Limit)) >= o.Limit }
	if o.Sitemap == SitemapOnly {
		err = c.seed(ctx)
	} else {
		err = c.read(ctx)
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	entries := queue.list(words, o.Limit)
	if len(entries) == 0 && err == nil && o.Sitemap != SitemapOnly && len(words) == 0 {
		err = c.nothing(ctx)
	}
	return entries, err
}

// list returns up to limit entries that hold all words, in the order of the
// queue: what waits and what was read, but not what leads elsewhere or failed.
func (q *memoryQueue) list(words []string, limit int) []MapEntry {
	q.mu.Lock()
	defer q.mu.Unlock()
	var entries []MapEntry
	rows := q.ranked(func(row *memoryRow) bool { return row.Outcome == "" || row.Outcome.Stored() })
	for _, row := range rows {
		entry := MapEntry{URL: row.Key, Title: row.Settled.Title, LastMod: row.LastMod, Depth: row.Depth, Source: row.Source}
		if entry.Title == "" {
			entry.Title = row.Found.Title
		}
		if entry.holds(words) {
			entries = append(entries, entry)
		}
		if len(entries) == limit {
			break
		}
	}
	return entries
}

// holds reports whether the entry's URL or title holds all words, which are in
// lower case.
func (e MapEntry) holds(words []string) bool {
	text := strings.ToLower(e.URL + " " + e.Title)
	for _, word := range words {
		if !strings.Contains(text, word) {
			return false
		}
	}
	return true
}
