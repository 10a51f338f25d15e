package tools

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/axon-mcp/axon-mcp/engine/crawl"
	"github.com/axon-mcp/axon-mcp/engine/index"
)

// Store takes documents in.
type Store interface {
	// Write stores a page whole, in one transaction.
	Write(ctx context.Context, e index.Entry) (index.Written, error)
	// Known returns what is stored of a page; ok is false if nothing is.
	Known(ctx context.Context, collection, url string) (known index.Known, ok bool, err error)
	// Touch says that the page was seen unchanged at that time.
	Touch(ctx context.Context, collection, url string, at time.Time) error
	// Missing records that the page was not found, and removes it the second
	// time or, if it is gone forever, at once.
	Missing(ctx context.Context, collection, url string, goneForever bool) (removed bool, err error)
	// Clean stores a page again without the blocks in drop, starting from the
	// page as fetched.
	Clean(ctx context.Context, collection, url string, drop map[uint64]bool) (changed bool, err error)
	// Remove deletes a page. A page that is not there is no error.
	Remove(ctx context.Context, collection, url string) (removed bool, err error)
}

// engineCrawler is Crawler on the engine's functions.
type engineCrawler struct{ deps crawl.Deps }

// NewCrawler makes the Crawler of the engine. Sink, Report and Note of deps
// are set by each call.
func NewCrawler(deps crawl.Deps) Crawler { return engineCrawler{deps} }

// Crawl runs crawl.Run.
func (e engineCrawler) Crawl(ctx context.Context, sink crawl.Sink, job string, opts crawl.Options, watch Watch) (crawl.Stats, error) {
	return crawl.Run(ctx, e.with(sink, watch), job, opts)
}

// Refresh runs crawl.Refresh.
func (e engineCrawler) Refresh(ctx context.Context, sink crawl.Sink, job string, opts crawl.RefreshOptions, watch Watch) (crawl.Stats, error) {
	return crawl.Refresh(ctx, e.with(sink, watch), job, opts)
}

func (e engineCrawler) with(sink crawl.Sink, watch Watch) crawl.Deps {
	deps := e.deps
	deps.Sink, deps.Report, deps.Note = sink, watch.Report, watch.Note
	return deps
}

// Map runs crawl.Map.
func (e engineCrawler) Map(ctx context.Context, opts crawl.MapOptions) ([]crawl.MapEntry, error) {
	return crawl.Map(ctx, e.deps, opts)
}

// IndexSink is crawl.Sink on one collection of the index. It counts what was
// embedded, which a crawl does not know.
type IndexSink struct {
	store           Store
	collection, job string
	embedded        atomic.Int64
}

// NewIndexSink makes the sink of a job.
func NewIndexSink(store Store, collection, job string) *IndexSink {
	return &IndexSink{store: store, collection: collection, job: job}
}

// Known returns what is stored of a page.
func (s *IndexSink) Known(ctx context.Context, url string) (crawl.Known, bool, error) {
	k, ok, err := s.store.Known(ctx, s.collection, url)
	return crawl.Known{ETag: k.ETag, LastModified: k.LastModified, Hash: k.Hash, Blocks: k.Blocks, Links: k.Links, Cuts: k.Cuts, FetchedAt: k.FetchedAt}, ok, err
}

// Put stores a page.
func (s *IndexSink) Put(ctx context.Context, page crawl.Page) (crawl.Put, error) {
	written, err := s.store.Write(ctx, index.Entry{
		Collection: s.collection, SourceType: "web", JobID: s.job, URL: page.URL, Doc: page.Doc,
		ETag: page.ETag, LastModified: page.LastModified, FetchedAt: page.FetchedAt, Blocks: page.Blocks, Links: page.Links, Drop: page.Drop,
	})
	if err != nil {
		return crawl.Put{}, err
	}
	s.embedded.Add(int64(written.Embedded))
	return crawl.Put{
		Change: crawl.Change(written.Change), Chunks: written.Chunks, Dropped: written.Change != index.Unchanged,
	}, nil
}

// Touch says that a page was seen unchanged.
func (s *IndexSink) Touch(ctx context.Context, url string, at time.Time) error {
	return s.store.Touch(ctx, s.collection, url, at)
}

// Gone removes a page, or remembers its first 404.
func (s *IndexSink) Gone(ctx context.Context, url string, evidence crawl.Evidence) (removed bool, err error) {
	switch evidence {
	case crawl.NotFound:
		return s.store.Missing(ctx, s.collection, url, false)
	case crawl.GoneForever:
		return s.store.Missing(ctx, s.collection, url, true)
	case crawl.Absent, crawl.Moved, crawl.Forbidden, crawl.Duplicate:
		return s.store.Remove(ctx, s.collection, url)
	}
	return false, fmt.Errorf("%q is no evidence that %s has gone", evidence, url)
}

// Clean stores a page again without learnt boilerplate.
func (s *IndexSink) Clean(ctx context.Context, url string, boilerplate map[uint64]bool) (bool, error) {
	return s.store.Clean(ctx, s.collection, url, boilerplate)
}
