package index

import (
	"context"
	"time"

	"github.com/axon-mcp/axon-mcp/engine/content"
)

// Embedder turns texts into unit vectors.
type Embedder interface {
	// ID names the model and its version; it is stored with every vector.
	ID() string
	// Dim is the length of every vector.
	Dim() int
	// Embed returns one vector a text, in order. A text without known words
	// gives the zero vector.
	Embed(ctx context.Context, texts []string) ([][]float32, error)
}

// Document is one stored document.
type Document struct {
	ID           string // stable: derived from collection and URL
	Collection   string
	URL          string // or the source id of what has no URL
	Title        string
	Description  string
	SourceType   string // "web", "file", "text" …
	Domain       string
	Lang         string
	Author       string
	Generator    string
	Version      string
	Published    time.Time
	Modified     time.Time
	Headings     []content.Heading
	Markdown     string
	Hash         string
	ETag         string
	LastModified string
	FetchedAt    time.Time
	ChangedAt    time.Time
	JobID        string
	Chunks       int
	Bytes        int64 // of the Markdown
}

// Query is a search.
type Query struct {
	Text       string
	Collection string
	Mode       Mode
	Filter     Filter
	Limit      int // hits wanted; 1 to 500
	Offset     int // hits to skip, for paging
}

// Mode chooses the legs of a search.
type Mode string

// The modes.
const (
	Hybrid   Mode = "hybrid"
	Semantic Mode = "semantic"
	Keyword  Mode = "keyword"
)

// Filter narrows a search or a listing before it is ranked. Empty fields do
// not narrow.
type Filter struct {
	Domains     []string
	SourceTypes []string
	URLPrefix   string
	Lang        string
	Since       time.Time // fetched at or after
	Before      time.Time // fetched before
}

// Hit is one passage found.
type Hit struct {
	ChunkID     string
	DocumentID  string
	URL         string // without the anchor
	Anchor      string // of the section that the best of its passages stands in
	Title       string
	SourceType  string
	HeadingPath []string
	Text        string
	Score       float64
	Ordinal     int
	Start, End  int // byte range in the document's Markdown
	FetchedAt   time.Time
}

// Result is the answer to a Query.
type Result struct {
	Hits []Hit
	More bool // there are hits after these
	// Note says what was left out, such as the vectors while the embedder is
	// down, or why the hits are weak. Empty: nothing.
	Note string
}

// Source is a document in a listing.
type Source struct {
	ID, Collection, URL, Title, SourceType, Domain, Lang string
	Chunks                                               int
	Bytes                                                int64
	FetchedAt, ChangedAt                                 time.Time
}

// Domain sums up what is stored of one domain.
type Domain struct {
	Name      string
	Documents int
	Chunks    int
	Bytes     int64
	FetchedAt time.Time // the newest
}

// Count sums up a collection, or everything.
type Count struct {
	Documents int   `json:"documents"`
	Chunks    int   `json:"chunks"`
	Bytes     int64 `json:"bytes"` // of Markdown
}

// Selector says what to forget. Exactly one field but Collection is set, or
// Collection alone for all of it.
type Selector struct {
	Collection string
	URL        string
	Domain     string
	SourceType string
}

// Entry is one page to store.
type Entry struct {
	Collection string
	SourceType string // "web", "file", "text" …
	JobID      string
	URL        string // the key, or the source id of what has no URL
	Doc        *content.Document
	ETag       string
	// LastModified is the validator as the server sent it.
	LastModified string
	FetchedAt    time.Time
	// Blocks are the fingerprints of the page as fetched, Links its links in
	// scope: a crawl asks for them again (Known).
	Blocks []uint64
	Links  []string
	// Drop are fingerprints of boilerplate that is left out from the start, as
	// Clean does later. Doc.Hash is that of the page as fetched.
	Drop map[uint64]bool
}

// Change says what a Write did.
type Change string

// What a Write can do.
const (
	Added     Change = "added"
	Changed   Change = "changed"
	Unchanged Change = "unchanged"
)

// Written is the answer of Write.
type Written struct {
	Change   Change
	Chunks   int // of the page, as it is stored now
	Embedded int // vectors that were computed for it; 0 for an unchanged page
}

// Known is what a crawl wants to remember of a page.
type Known struct {
	ETag, LastModified string
	Hash               string // content.Document.Hash of what is stored
	FetchedAt          time.Time
	Blocks             []uint64
	Links              []string
	Cuts               []uint64 // fingerprints of the blocks that were left out; never nil
}
