package crawl

import (
	"context"
	"time"

	"github.com/axon-mcp/axon-mcp/engine/content"
)

// Known is what the sink remembers of a page.
type Known struct {
	ETag, LastModified string
	Hash               string   // content.Document.Hash of what is stored
	Blocks             []uint64 // Page.Blocks
	Links              []string // Page.Links, so that an unchanged page (304) still leads on
	// Cuts are the fingerprints of the blocks that were left out of what is
	// stored; nil: not known, then those of the scope's last crawl.
	Cuts []uint64
	// FetchedAt is when the page was last put or touched; zero: not known.
	FetchedAt time.Time
}

// Page is one page that was read.
type Page struct {
	URL                string // key in the sink: the final, normalised URL
	Doc                *content.Document
	ETag, LastModified string
	FetchedAt          time.Time
	// Blocks are fingerprints of the page as fetched, for the crawl alone: of
	// all its text, then of the blocks that may be boilerplate. The sink keeps
	// them in this order.
	Blocks []uint64
	// Links are the page's links within the site, absolute and without
	// fragment, each once, whether or not this crawl follows them.
	Links []string
	// Drop are fingerprints of boilerplate that may be left out already. A
	// sink that does so says it in Put.Dropped, and need not: a last pass
	// calls Clean where that makes a difference.
	Drop map[uint64]bool
}

// Change says what a Put did.
type Change string

// What a Put can do.
const (
	Added     Change = "added"
	Changed   Change = "changed"
	Unchanged Change = "unchanged"
)

// Put is the answer of Sink.Put.
type Put struct {
	Change Change
	Chunks int // chunks of the page as it is stored now
	// Dropped tells that the blocks of Page.Drop are left out of what is
	// stored now.
	Dropped bool
}

// Evidence says why a page is taken for gone.
type Evidence string

// Evidence of a page's end. A page is removed on the second NotFound in two
// crawls, and at once on any other. Absent is given only after a complete crawl
// of the same scope.
const (
	NotFound    Evidence = "404"
	GoneForever Evidence = "410"
	Absent      Evidence = "absent"
	Moved       Evidence = "moved"     // redirects for good to a page that is stored
	Forbidden   Evidence = "noindex"   // the page asks not to be stored
	Duplicate   Evidence = "duplicate" // the same as another page, which stays
)

// Sink takes what a crawl reads. Every method is idempotent and safe for
// concurrent use; a page is whole in the sink when Put returns.
type Sink interface {
	// Known returns what is stored under url; ok is false if nothing is.
	Known(ctx context.Context, url string) (known Known, ok bool, err error)
	// Put stores a page. The same hash changes nothing but the fetch time and
	// the validators.
	Put(ctx context.Context, page Page) (Put, error)
	// Touch says that the page was seen unchanged (304).
	Touch(ctx context.Context, url string, at time.Time) error
	// Gone records evidence and says whether the page was removed.
	Gone(ctx context.Context, url string, evidence Evidence) (removed bool, err error)
	// Clean stores url again without the blocks whose fingerprint is in
	// boilerplate, starting from the page as fetched, and says whether that
	// changed anything. The same set twice changes nothing.
	Clean(ctx context.Context, url string, boilerplate map[uint64]bool) (changed bool, err error)
}

// Discard is a Sink that keeps nothing: for crawls that only count.
type Discard struct{}

// Known implements Sink: nothing is stored.
func (Discard) Known(context.Context, string) (Known, bool, error) { return Known{}, false, nil }

// Put implements Sink and calls every page added.
func (Discard) Put(context.Context, Page) (Put, error) { return Put{Change: Added, Dropped: true}, nil }

// Touch implements Sink.
func (Discard) Touch(context.Context, string, time.Time) error { return nil }

// Gone implements Sink: there is nothing to remove.
func (Discard) Gone(context.Context, string, Evidence) (bool, error) { return false, nil }

// Clean implements Sink: there is nothing to change.
func (Discard) Clean(context.Context, string, map[uint64]bool) (bool, error) { return false, nil }
