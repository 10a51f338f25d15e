package tools

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/url"
	"time"

	"github.com/axon-mcp/axon-mcp/artifact"
	"github.com/axon-mcp/axon-mcp/engine/index"
	"github.com/axon-mcp/axon-mcp/fault"
	"github.com/axon-mcp/axon-mcp/jobs"
)

// Deps is what the tools stand on. cmd fills it with the real parts, tests with
// fakes. Every part is needed but those that say what nil means.
type Deps struct {
	Config Config
	Log    *slog.Logger // nil: none

	Documents Documents
	Searcher  Searcher
	Store     Store
	Eraser    Eraser
	Archive   Archive
	Artifacts Artifacts
	Queue     Queue
	Fetcher   Fetcher
	Crawler   Crawler
	// ValidateURL is the guard's judgement of a URL's text.
	ValidateURL func(raw string) (*url.URL, error)
	// Browser renders pages. Nil: there is none, and render=chrome and
	// screenshot are Unavailable.
	Browser Browser
	// OutputDir is the folder of the artifacts, where callers that may not name
	// paths of their own export to and import from. Empty: they may not.
	OutputDir string
	// Checks are what doctor runs.
	Checks []Check

	// ConfirmKey returns the key that signs confirm tokens; it is asked at each
	// destructive call. Nil: a key of this process, so that a token holds in the
	// process that gave it.
	ConfirmKey func() ([]byte, error)
	// Now is the clock. Nil: time.Now.
	Now func() time.Time

	sweeper *sweeper
}

// Searcher finds passages.
type Searcher interface {
	// Search fails with Invalid for a query that holds no word.
	Search(ctx context.Context, q index.Query) (index.Result, error)
}

// Documents reads what the index holds.
type Documents interface {
	// Document returns what is stored under a URL or an id, or fails with
	// NotFound.
	Document(ctx context.Context, collection, urlOrID string) (index.Document, error)
	// Passage returns where a hit's chunk stands in a document's Markdown, in
	// bytes, or fails with NotFound.
	Passage(ctx context.Context, collection, urlOrID, chunkID string) (start, end int, err error)
	// Sources lists documents by URL; next is empty on the last page. A cursor
	// that it did not give is Invalid.
	Sources(ctx context.Context, collection string, filter index.Filter, limit int, cursor string) (sources []index.Source, next string, err error)
	// Domains lists domains by name, as Sources does.
	Domains(ctx context.Context, collection string, filter index.Filter, limit int, cursor string) (domains []index.Domain, next string, err error)
	// Stats counts everything, in all and per collection.
	Stats(ctx context.Context) (total index.Count, collections map[string]index.Count, err error)
}

// Artifacts keeps what results point to, as files by path.
type Artifacts interface {
	// Write makes or replaces the file whole.
	Write(ctx context.Context, path string, data []byte, mediaType string) (artifact.Info, error)
	// Read returns at most limit bytes from offset, or NotFound.
	Read(ctx context.Context, path string, offset, limit int64) ([]byte, artifact.Info, error)
	// List gives the paths that begin with prefix in their order; next is empty
	// on the last page.
	List(ctx context.Context, prefix string, limit int, cursor string) (list []artifact.Info, next string, err error)
	// Grep returns the lines that fit an RE2 pattern, at most limit.
	Grep(ctx context.Context, path, pattern string, limit int) ([]artifact.Line, error)
	// Remove deletes one, or fails with NotFound.
	Remove(ctx context.Context, path string) error
	// RemoveOlder deletes what is older than age and says how much; dry only
	// counts.
	RemoveOlder(ctx context.Context, age time.Duration, dry bool) (n int, bytes int64, err error)
}

// Queue is where long work waits and runs.
type Queue interface {
	Starter
	// Get fails with NotFound.
	Get(ctx context.Context, id string) (jobs.Job, error)
	// List gives the newest first; next is empty on the last page.
	List(ctx context.Context, f jobs.Filter) (list []jobs.Job, next string, err error)
	// Retry makes a failed or canceled job pending again, or fails with
	// Conflict.
	Retry(ctx context.Context, id string) (jobs.Job, error)
	// Recover frees the leases of dead processes and counts them.
	Recover(ctx context.Context) (n int, err error)
}

// Starter starts jobs and waits for them.
type Starter interface {
	// Start writes the row; joined tells that a job with the same kind and key
	// was there already and is returned.
	Start(ctx context.Context, r jobs.Request) (job jobs.Job, joined bool, err error)
	// Wait returns when the job is done. The end of ctx ends the waiting and
	// not the job.
	Wait(ctx context.Context, id string, onProgress func(jobs.Progress)) (jobs.Job, error)
	// Shared reports whether another process may run the same jobs and wait for
	// them.
	Shared(ctx context.Context) (bool, error)
	// Cancel of a job that is done changes nothing.
	Cancel(ctx context.Context, id string) (jobs.Job, error)
}

// artifactScheme is what the URI of an artifact begins with.
const artifactScheme = "axon://artifacts/"

// complete checks the configuration and fills in what may be left out.
func (d Deps) complete() (Deps, error) {
	var err error
	if d.Config, err = d.Config.withDefaults(); err != nil {
		return d, err
	}
	for name, part := range map[string]any{
		"Documents": d.Documents, "Searcher": d.Searcher, "Store": d.Store, "Eraser": d.Eraser, "Archive": d.Archive,
		"Artifacts": d.Artifacts, "Queue": d.Queue, "Fetcher": d.Fetcher, "Crawler": d.Crawler,
	} {
		if part == nil {
			return d, fault.Errorf(fault.Internal, "tools: Deps.%s is missing", name)
		}
	}
	if d.ValidateURL == nil {
		return d, fault.New(fault.Internal, "tools: Deps.ValidateURL is missing")
	}
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	d.sweeper = &sweeper{}
	if d.Now == nil {
		d.Now = time.Now
	}
	if d.ConfirmKey == nil {
		key := []byte(rand.Text() + rand.Text())
		d.ConfirmKey = func() ([]byte, error) { return key, nil }
	}
	return d, nil
}

// makers lists the tools in the order of tools/list: what a model needs first
// comes first.
func makers() []func(*Deps) (*Tool, error) {
	return []func(*Deps) (*Tool, error){
		query, retrieve, scrape, screenshot, crawlTool, mapTool, embed, refresh, evaluate, sources, domains, stats,
		listJobs, jobControl, status, doctor, artifacts,
		forget, dedupe, artifactsClean, export, importTool,
	}
}
