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
	Blocks             []uint64 // fingerprints of the page as fetched
	Links              []string // same-scope links of the page, so that an unchanged page (304) still leads on
}

// Page is one page that was read.
type Page struct {
	URL                string // key in the sink: the final, normalised URL
	Doc                *content.Document
	ETag, LastModified string
	FetchedAt          time.Time
	Blocks             []uint64
	Links              []string
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
}

// Evidence says why a page is taken for gone.
type Evidence string

// Evidence of a page's end. A page is removed on the second NotFound in two
// crawls, at once on GoneForever, and on Absent, which is given only after a
// complete crawl of the same scope.
const (
	NotFound    Evidence = "404"
	GoneForever Evidence = "410"
	Absent      Evidence = "absent"
	Moved       Evidence = "moved"
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
