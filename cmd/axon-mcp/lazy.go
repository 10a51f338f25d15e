package main

import (
	"context"
	"io"
	"time"

	"github.com/axon-mcp/axon-mcp/artifact"
	"github.com/axon-mcp/axon-mcp/engine/crawl"
	"github.com/axon-mcp/axon-mcp/engine/index"
	"github.com/axon-mcp/axon-mcp/jobs"
)

// lazyIndex is the index as the tools need it. Each call opens the data
// directory where that has not happened yet, and fails as opening failed.
type lazyIndex struct{ *data }

// Search is index.Index.Search.
func (l lazyIndex) Search(ctx context.Context, q index.Query) (index.Result, error) {
	o, err := l.get(ctx)
	if err != nil {
		return index.Result{}, err
	}
	return o.index.Search(ctx, q)
}

// Document is index.Index.Document.
func (l lazyIndex) Document(ctx context.Context, collection, urlOrID string) (index.Document, error) {
	o, err := l.get(ctx)
	if err != nil {
		return index.Document{}, err
	}
	return o.index.Document(ctx, collection, urlOrID)
}

// Passage is index.Index.Passage.
func (l lazyIndex) Passage(ctx context.Context, collection, urlOrID, chunkID string) (start, end int, err error) {
	o, err := l.get(ctx)
	if err != nil {
		return 0, 0, err
	}
	return o.index.Passage(ctx, collection, urlOrID, chunkID)
}

// Sources is index.Index.Sources.
func (l lazyIndex) Sources(ctx context.Context, collection string, f index.Filter, limit int, cursor string) ([]index.Source, string, error) {
	o, err := l.get(ctx)
	if err != nil {
		return nil, "", err
	}
	return o.index.Sources(ctx, collection, f, limit, cursor)
}

// Domains is index.Index.Domains.
func (l lazyIndex) Domains(ctx context.Context, collection string, f index.Filter, limit int, cursor string) ([]index.Domain, string, error) {
	o, err := l.get(ctx)
	if err != nil {
		return nil, "", err
	}
	return o.index.Domains(ctx, collection, f, limit, cursor)
}

// Stats is index.Index.Stats.
func (l lazyIndex) Stats(ctx context.Context) (index.Count, map[string]index.Count, error) {
	o, err := l.get(ctx)
	if err != nil {
		return index.Count{}, nil, err
	}
	return o.index.Stats(ctx)
}

// Forget is index.Index.Forget.
func (l lazyIndex) Forget(ctx context.Context, s index.Selector, dry bool) (index.Count, []string, error) {
	o, err := l.get(ctx)
	if err != nil {
		return index.Count{}, nil, err
	}
	return o.index.Forget(ctx, s, dry)
}

// Duplicates is index.Index.Duplicates.
func (l lazyIndex) Duplicates(ctx context.Context, collection string, near bool) ([][]index.Source, error) {
	o, err := l.get(ctx)
	if err != nil {
		return nil, err
	}
	return o.index.Duplicates(ctx, collection, near)
}

// Known is index.Index.Known.
func (l lazyIndex) Known(ctx context.Context, collection, url string) (index.Known, bool, error) {
	o, err := l.get(ctx)
	if err != nil {
		return index.Known{}, false, err
	}
	return o.index.Known(ctx, collection, url)
}

// Write is index.Index.Write.
func (l lazyIndex) Write(ctx context.Context, e index.Entry) (index.Written, error) {
	o, err := l.get(ctx)
	if err != nil {
		return index.Written{}, err
	}
	return o.index.Write(ctx, e)
}

// Touch is index.Index.Touch.
func (l lazyIndex) Touch(ctx context.Context, collection, url string, at time.Time) error {
	o, err := l.get(ctx)
	if err != nil {
		return err
	}
	return o.index.Touch(ctx, collection, url, at)
}

// Missing is index.Index.Missing.
func (l lazyIndex) Missing(ctx context.Context, collection, url string, goneForever bool) (bool, error) {
	o, err := l.get(ctx)
	if err != nil {
		return false, err
	}
	return o.index.Missing(ctx, collection, url, goneForever)
}

// Clean is index.Index.Clean.
func (l lazyIndex) Clean(ctx context.Context, collection, url string, drop map[uint64]bool) (bool, error) {
	o, err := l.get(ctx)
	if err != nil {
		return false, err
	}
	return o.index.Clean(ctx, collection, url, drop)
}

// Remove is index.Index.Remove.
func (l lazyIndex) Remove(ctx context.Context, collection, url string) (bool, error) {
	o, err := l.get(ctx)
	if err != nil {
		return false, err
	}
	return o.index.Remove(ctx, collection, url)
}

// Export is index.Index.Export.
func (l lazyIndex) Export(ctx context.Context, w io.Writer) (index.Count, error) {
	o, err := l.get(ctx)
	if err != nil {
		return index.Count{}, err
	}
	return o.index.Export(ctx, w)
}

// Import is index.Index.Import.
func (l lazyIndex) Import(ctx context.Context, r io.Reader) (index.Count, error) {
	o, err := l.get(ctx)
	if err != nil {
		return index.Count{}, err
	}
	return o.index.Import(ctx, r)
}

// lazyQueue is the queue as the tools need it.
type lazyQueue struct{ *data }

// Start is jobs.Queue.Start.
func (l lazyQueue) Start(ctx context.Context, r jobs.Request) (jobs.Job, bool, error) {
	o, err := l.get(ctx)
	if err != nil {
		return jobs.Job{}, false, err
	}
	job, joined, err := o.queue.Start(ctx, r)
	if err == nil && l.started != nil {
		l.started(job.ID)
	}
	return job, joined, err
}

// Wait is jobs.Queue.Wait.
func (l lazyQueue) Wait(ctx context.Context, id string, onProgress func(jobs.Progress)) (jobs.Job, error) {
	o, err := l.get(ctx)
	if err != nil {
		return jobs.Job{}, err
	}
	return o.queue.Wait(ctx, id, onProgress)
}

// Get is jobs.Queue.Get.
func (l lazyQueue) Get(ctx context.Context, id string) (jobs.Job, error) {
	o, err := l.get(ctx)
	if err != nil {
		return jobs.Job{}, err
	}
	return o.queue.Get(ctx, id)
}

// List is jobs.Queue.List.
func (l lazyQueue) List(ctx context.Context, f jobs.Filter) ([]jobs.Job, string, error) {
	o, err := l.get(ctx)
	if err != nil {
		return nil, "", err
	}
	return o.queue.List(ctx, f)
}

// Shared is jobs.Queue.Shared.
func (l lazyQueue) Shared(ctx context.Context) (bool, error) {
	o, err := l.get(ctx)
	if err != nil {
		return false, err
	}
	return o.queue.Shared(ctx)
}

// Cancel is jobs.Queue.Cancel.
func (l lazyQueue) Cancel(ctx context.Context, id string) (jobs.Job, error) {
	o, err := l.get(ctx)
	if err != nil {
		return jobs.Job{}, err
	}
	return o.queue.Cancel(ctx, id)
}

// Retry is jobs.Queue.Retry.
func (l lazyQueue) Retry(ctx context.Context, id string) (jobs.Job, error) {
	o, err := l.get(ctx)
	if err != nil {
		return jobs.Job{}, err
	}
	return o.queue.Retry(ctx, id)
}

// Recover is jobs.Queue.Recover.
func (l lazyQueue) Recover(ctx context.Context) (int, error) {
	o, err := l.get(ctx)
	if err != nil {
		return 0, err
	}
	return o.queue.Recover(ctx)
}

// lazyFrontier is the frontier as a crawl needs it.
type lazyFrontier struct{ *data }

// Open is crawl.SQLite.Open.
func (l lazyFrontier) Open(ctx context.Context, job, scope string, starts []crawl.Found) (crawl.Queue, crawl.State, error) {
	o, err := l.get(ctx)
	if err != nil {
		return nil, crawl.State{}, err
	}
	return crawl.NewSQLite(o.db.Read, o.db.Tx).Open(ctx, job, scope, starts)
}

// lazyArtifacts is the folder of artifacts as the tools need it.
type lazyArtifacts struct{ *data }

// Write is artifact.Dir.Write.
func (l lazyArtifacts) Write(ctx context.Context, path string, data []byte, mediaType string) (artifact.Info, error) {
	dir, err := l.artifacts()
	if err != nil {
		return artifact.Info{}, err
	}
	return dir.Write(ctx, path, data, mediaType)
}

// Read is artifact.Dir.Read.
func (l lazyArtifacts) Read(ctx context.Context, path string, offset, limit int64) ([]byte, artifact.Info, error) {
	dir, err := l.artifacts()
	if err != nil {
		return nil, artifact.Info{}, err
	}
	return dir.Read(ctx, path, offset, limit)
}

// List is artifact.Dir.List.
func (l lazyArtifacts) List(ctx context.Context, prefix string, limit int, cursor string) ([]artifact.Info, string, error) {
	dir, err := l.artifacts()
	if err != nil {
		return nil, "", err
	}
	return dir.List(ctx, prefix, limit, cursor)
}

// Grep is artifact.Dir.Grep.
func (l lazyArtifacts) Grep(ctx context.Context, path, pattern string, limit int) ([]artifact.Line, error) {
	dir, err := l.artifacts()
	if err != nil {
		return nil, err
	}
	return dir.Grep(ctx, path, pattern, limit)
}

// Remove is artifact.Dir.Remove.
func (l lazyArtifacts) Remove(ctx context.Context, path string) error {
	dir, err := l.artifacts()
	if err != nil {
		return err
	}
	return dir.Remove(ctx, path)
}

// RemoveOlder is artifact.Dir.RemoveOlder.
func (l lazyArtifacts) RemoveOlder(ctx context.Context, age time.Duration, dry bool) (int, int64, error) {
	dir, err := l.artifacts()
	if err != nil {
		return 0, 0, err
	}
	return dir.RemoveOlder(ctx, age, dry)
}
