package index

import (
	"context"
	"io"
	"time"

	"github.com/axon-mcp/axon-mcp/fault"
)

// Index is the embedded engine: documents in, hits out.
type Index struct{}

var errThin = fault.New(fault.Unavailable, "the index is being built")

// Write stores a page whole, with its chunks and vectors, in one transaction.
func (ix *Index) Write(ctx context.Context, e Entry) (Written, error) { return Written{}, errThin }

// Known returns what is stored of a page; ok is false if nothing is.
func (ix *Index) Known(ctx context.Context, collection, url string) (known Known, ok bool, err error) {
	return Known{}, false, errThin
}

// Touch says that the page was seen unchanged at that time.
func (ix *Index) Touch(ctx context.Context, collection, url string, at time.Time) error {
	return errThin
}

// Missing records that the page was not found, and removes it the second time
// or, if it is gone forever, at once.
func (ix *Index) Missing(ctx context.Context, collection, url string, goneForever bool) (removed bool, err error) {
	return false, errThin
}

// Clean stores a page again without the blocks in drop, starting from the page
// as fetched.
func (ix *Index) Clean(ctx context.Context, collection, url string, drop map[uint64]bool) (changed bool, err error) {
	return false, errThin
}

// Remove deletes a page. A page that is not there is no error.
func (ix *Index) Remove(ctx context.Context, collection, url string) (removed bool, err error) {
	return false, errThin
}

// Search finds passages.
func (ix *Index) Search(ctx context.Context, q Query) (Result, error) { return Result{}, errThin }

// Document returns one document by URL or id, or fails with NotFound.
func (ix *Index) Document(ctx context.Context, collection, urlOrID string) (Document, error) {
	return Document{}, errThin
}

// Sources lists documents in the order of their URL.
func (ix *Index) Sources(ctx context.Context, collection string, filter Filter, limit int, cursor string) (sources []Source, next string, err error) {
	return nil, "", errThin
}

// Domains lists domains in the order of their name.
func (ix *Index) Domains(ctx context.Context, collection string, filter Filter, limit int, cursor string) (domains []Domain, next string, err error) {
	return nil, "", errThin
}

// Stats counts everything, in all and per collection.
func (ix *Index) Stats(ctx context.Context) (total Count, collections map[string]Count, err error) {
	return Count{}, nil, errThin
}

// Forget deletes what sel chooses; dry only counts. sample holds at most 20 URLs.
func (ix *Index) Forget(ctx context.Context, sel Selector, dry bool) (removed Count, sample []string, err error) {
	return Count{}, nil, errThin
}

// Duplicates lists groups of documents with the same text, or with near the
// same text.
func (ix *Index) Duplicates(ctx context.Context, collection string, near bool) ([][]Source, error) {
	return nil, errThin
}

// Export writes every document as JSON lines.
func (ix *Index) Export(ctx context.Context, w io.Writer) (Count, error) { return Count{}, errThin }

// Import reads what Export wrote.
func (ix *Index) Import(ctx context.Context, r io.Reader) (Count, error) { return Count{}, errThin }

// Run merges in the background until ctx ends.
func (ix *Index) Run(ctx context.Context) error { return errThin }

// Check reports whether the index can be read.
func (ix *Index) Check(ctx context.Context) error { return errThin }

// Close lets go of the mapped files.
func (ix *Index) Close() error { return nil }
