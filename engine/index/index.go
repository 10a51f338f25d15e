package index

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/axon-mcp/axon-mcp/fault"
	"github.com/axon-mcp/axon-mcp/store"
)

// Config of the embedded index.
type Config struct {
	// TailChunks is how many chunks stay in rows before they become a segment.
	TailChunks int `env:"AXON_INDEX_TAIL_CHUNKS" default:"8192" about:"newest chunks that are kept in the database before they move to a segment file (64 to 65536)"`
}

const (
	defaultTail      = 8192
	minTail, maxTail = 64, 65536
	segmentsDir      = "segments"
)

// Index is the embedded engine: documents in, hits out. It is safe for
// concurrent use, and any number of them, in any number of processes, may share
// one data directory.
type Index struct {
	db       *store.DB
	dir      string // of the segments
	embedder Embedder
	count    func(string) int
	cfg      Config
	log      *slog.Logger
	now      func() time.Time
	packer   *packer
	builders builders
	puts     statements // of the transaction that stores a page
	looks    statements // for what is stored of a page
	cache    *textCache
	written  chan struct{} // wakes Run
	fresh    atomic.Int64  // documents written by this process
	healing  atomic.Bool   // documents may be in no segment
	suspect  atomic.Bool   // a search met a damaged segment

	refreshing sync.Mutex   // held by the one refresh; guards writing to seen together with mu
	mu         sync.RWMutex // held for reading by searches
	seen       state

	// step, if a test has set it, is called at the named steps of a change, and
	// its error ends the change there.
	step func(name string) error
}

// Open returns the index of a data directory. It reads nothing: what a search
// needs is mapped at the first one. count gives the tokens of a text by the
// embedder's tokeniser.
func Open(_ context.Context, db *store.DB, embedder Embedder, count func(string) int, cfg Config, log *slog.Logger) (*Index, error) {
	if cfg.TailChunks == 0 {
		cfg.TailChunks = defaultTail
	}
	if cfg.TailChunks < minTail || cfg.TailChunks > maxTail {
		return nil, fault.Errorf(fault.Invalid, "AXON_INDEX_TAIL_CHUNKS is %d; set it to %d to %d", cfg.TailChunks, minTail, maxTail)
	}
	return &Index{
		db: db, dir: filepath.Join(db.Dir, segmentsDir), embedder: embedder, count: count, cfg: cfg, log: log,
		now: time.Now, packer: newPacker(), cache: newTextCache(), written: make(chan struct{}, 1),
		puts:  statements{db: db.Write, queries: []string{selectStored, nextChange, insertDoc, insertText, insertTail}},
		looks: statements{db: db.Read, queries: []string{selectStored, selectKnown}},
	}, nil
}

// Close lets go of the mapped files. No other call may run or follow.
func (ix *Index) Close() error {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	ix.puts.close()
	ix.looks.close()
	err := closeUnless(ix.seen.segments, nil)
	ix.seen = state{}
	return err
}

// at lets a test stop a change at one of its steps.
func (ix *Index) at(step string) error {
	if ix.step == nil {
		return nil
	}
	return ix.step(step)
}

// Check reports whether the index can be read: the database answers, every
// segment opens, and each document is in the index once.
func (ix *Index) Check(ctx context.Context) error {
	if err := ix.refresh(ctx); err != nil {
		return err
	}
	ix.mu.RLock()
	defer ix.mu.RUnlock()
	if n := len(ix.seen.broken); n > 0 {
		return fault.Errorf(fault.Unavailable, "%d of %d segments of the index cannot be read; a running server builds them again within a minute", n, n+len(ix.seen.segments))
	}
	lost, err := ix.unindexed(ctx)
	if err != nil {
		return err
	}
	if len(lost) > 0 {
		return fault.Errorf(fault.Unavailable, "%d documents are not in the search index; a running server indexes them again within a minute", len(lost))
	}
	return nil
}

// Verify reads every segment whole and compares its checksums.
func (ix *Index) Verify(ctx context.Context) error {
	if err := ix.Check(ctx); err != nil {
		return err
	}
	ix.mu.RLock()
	defer ix.mu.RUnlock()
	var errs []error
	for _, s := range ix.seen.segments {
		if err := s.verify(); err != nil {
			errs = append(errs, err)
		}
	}
	if err := errors.Join(errs...); err != nil {
		return fault.Wrap(fault.Unavailable, err, "segment files of the index are damaged: remove them from %s and start a server, which builds them again", ix.dir)
	}
	return nil
}

// unindexed returns the revs of documents that have chunks and are in no shard.
// The caller holds mu for reading.
func (ix *Index) unindexed(ctx context.Context) ([]uint64, error) {
	rows, err := ix.db.Read.QueryContext(ctx, `SELECT rev FROM documents WHERE chunks > 0 AND rev <= ? ORDER BY rev`, ix.seen.generation)
	if err != nil {
		return nil, fmt.Errorf("list the documents: %w", err)
	}
	defer rows.Close()
	var lost []uint64
	shards := ix.seen.shards()
	for rows.Next() {
		var rev uint64
		if err := rows.Scan(&rev); err != nil {
			return nil, fmt.Errorf("list the documents: %w", err)
		}
		if !holds(shards, rev) {
			lost = append(lost, rev)
		}
	}
	return lost, rows.Err()
}

func holds(shards []*shard, rev uint64) bool {
	for _, s := range shards {
		if doc, ok := s.find(rev); ok {
			return !s.dead.has(doc)
		}
	}
	return false
}
