package crawl

import (
	"context"
	"log/slog"
	"net/url"
	"time"
)

// Deps is what a crawl stands on.
type Deps struct {
	Fetch    Fetcher
	Sink     Sink
	Frontier Frontier
	// Validate is the guard's judgement of a URL's text.
	Validate func(raw string) (*url.URL, error)
	Log      *slog.Logger   // nil: none
	Report   func(Progress) // nil: nobody looks; called a few times a second, one at a time
}

// Frontier keeps a crawl's queue beyond the life of a process.
type Frontier interface{}

// MapOptions says what to list.
type MapOptions struct {
	Options
	Limit  int    // entries at most; default 5,000
	Search string // words that an entry's URL or title must hold
}

// MapEntry is one URL of a site.
type MapEntry struct {
	URL     string
	Title   string
	LastMod time.Time // as the sitemap says; zero if it does not
	Depth   int
	Source  string // "start", "sitemap", "llms.txt", "link"
}

// Run crawls.
func Run(ctx context.Context, deps Deps, job string, opts Options) (Stats, error) {
	return Stats{}, nil
}

// Map lists.
func Map(ctx context.Context, deps Deps, opts MapOptions) ([]MapEntry, error) { return nil, nil }

// Fetcher reads one URL through the guard.
type Fetcher interface{}

// Key returns the form of a URL under which a page is queued and stored.
func Key(raw string) (string, error) { return raw, nil }
