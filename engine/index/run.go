package index

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/axon-mcp/axon-mcp/store"
)

const (
	tick       = time.Second
	idleFlush  = 512              // chunks of a tail worth a segment once nothing is written
	idleAfter  = 30 * time.Second // without a change
	embedBatch = 16               // documents that are embedded again in one turn
	embedRetry = 30 * time.Second // after a failure of the embedder
)

// keeper is what Run remembers between its turns.
type keeper struct {
	generation int64 // at the last turn
	since      time.Time
	embedAfter time.Time
}

// Run keeps the index in shape until ctx ends: it merges the tail and small
// segments, removes files that nobody names, indexes again what was lost with a
// damaged file, and embeds again what has vectors of another model or none. One
// process of a data directory does so at a time, by the lock of merge.lock;
// the others wait for their turn. Run returns nil when ctx ends.
func (ix *Index) Run(ctx context.Context) error {
	t := time.NewTicker(tick)
	defer t.Stop()
	ix.healing.Store(true) // once, at the start
	k := &keeper{}
	var unlock func()
	defer func() {
		if unlock != nil {
			unlock()
		}
	}()
	for {
		if unlock == nil {
			var err error
			if unlock, _, err = store.Lock(filepath.Join(ix.db.Dir, mergeLock)); err != nil {
				return store.Explain(err)
			}
		}
		if unlock != nil {
			if err := ix.runOnce(ctx, k); err != nil && ctx.Err() == nil {
				ix.log.Error("the index could not be kept in shape; it is tried again", "error", err)
			}
		}
		select {
		case <-t.C:
		case <-ix.written:
		case <-ctx.Done():
			return nil
		}
	}
}

// runOnce is one turn of Run. The caller holds the lease.
func (ix *Index) runOnce(ctx context.Context, k *keeper) error {
	if ix.healing.CompareAndSwap(true, false) {
		if err := ix.heal(ctx); err != nil {
			ix.healing.Store(true)
			return err
		}
	}
	generation, chunks, err := ix.tailSize(ctx)
	if err != nil {
		return err
	}
	now := ix.now()
	if generation != k.generation {
		k.generation, k.since = generation, now
	}
	if chunks >= ix.cfg.TailChunks || chunks >= idleFlush && now.Sub(k.since) >= idleAfter {
		if err := ix.flush(ctx); err != nil {
			return err
		}
	}
	if err := ix.mergeAll(ctx); err != nil {
		return err
	}
	return ix.embedAgain(ctx, k)
}

// tailSize returns the generation and how many chunks the tail has.
func (ix *Index) tailSize(ctx context.Context) (generation int64, chunks int, err error) {
	const size = `SELECT generation, (SELECT coalesce(sum(chunks), 0) FROM index_tail) FROM index_state`
	if err := ix.db.Read.QueryRowContext(ctx, size).Scan(&generation, &chunks); err != nil {
		return 0, 0, fmt.Errorf("read the size of the tail: %w", err)
	}
	return generation, chunks, nil
}

// mergeAll merges until no run of segments asks for it, then removes the files
// that are left over.
func (ix *Index) mergeAll(ctx context.Context) error {
	for {
		s, err := ix.snapshot(ctx, false)
		if err != nil {
			return err
		}
		from, to, ok := s.choose(ix.cfg.TailChunks)
		if !ok {
			return ix.sweep(ctx)
		}
		if err := ix.merge(ctx, s, from, to); err != nil {
			return err
		}
	}
}

// flushIfFull moves the tail into a segment from within a write, where no
// process runs that does so in the background. It looks seldom.
func (ix *Index) flushIfFull(ctx context.Context) error {
	if ix.fresh.Add(1)%64 != 0 {
		return nil
	}
	_, chunks, err := ix.tailSize(ctx)
	if err != nil || chunks < ix.cfg.TailChunks {
		return err
	}
	unlock, ok, err := store.Lock(filepath.Join(ix.db.Dir, mergeLock))
	if err != nil {
		return store.Explain(err)
	}
	if !ok {
		select {
		case ix.written <- struct{}{}:
		default:
		}
		return nil
	}
	defer unlock()
	return ix.flush(ctx)
}

// heal indexes again the documents that are in no segment and not in the tail:
// those of a damaged or missing file.
func (ix *Index) heal(ctx context.Context) error {
	if err := ix.verifySuspects(ctx); err != nil {
		return err
	}
	if err := ix.refresh(ctx); err != nil {
		return err
	}
	ix.mu.RLock()
	broken := ix.seen.broken
	ix.mu.RUnlock()
	for _, file := range broken {
		if err := ix.giveUp(ctx, file, errSegment); err != nil {
			return err
		}
	}
	if err := ix.refresh(ctx); err != nil {
		return err
	}
	ix.mu.RLock()
	lost, err := ix.unindexed(ctx)
	ix.mu.RUnlock()
	if err != nil {
		return err
	}
	for _, rev := range lost {
		if err := ix.indexAgain(ctx, rev); err != nil {
			return err
		}
	}
	if len(lost) > 0 {
		ix.log.Info("documents of damaged segments were indexed again", "documents", len(lost))
	}
	return nil
}

// verifySuspects reads all segments whole after a search met damage, and gives
// up those that are.
func (ix *Index) verifySuspects(ctx context.Context) error {
	if !ix.suspect.CompareAndSwap(true, false) {
		return nil
	}
	s, err := ix.snapshot(ctx, false)
	if err != nil {
		return err
	}
	for _, row := range s.segments {
		seg, err := openSegment(ix.segmentPath(row.file))
		if err == nil {
			err = errors.Join(seg.verify(), seg.close())
		}
		if err != nil {
			if err := ix.giveUp(ctx, row.file, err); err != nil {
				return err
			}
		}
	}
	return nil
}

// indexAgain stores a document anew from its own text.
func (ix *Index) indexAgain(ctx context.Context, rev uint64) error {
	var r row
	err := r.scan(ix.db.Read.QueryRowContext(ctx, `SELECT `+rowColumns+` FROM documents d WHERE d.rev = ?`, rev))
	if errors.Is(err, sql.ErrNoRows) {
		return nil // it has changed since
	}
	if err != nil {
		return fmt.Errorf("read document %d: %w", rev, err)
	}
	t, err := ix.text(ctx, ix.db.Read, rev)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	if _, err := ix.replace(ctx, r, t); err != nil {
		return fmt.Errorf("index %s again: %w", r.URL, err)
	}
	return nil
}

// embedAgain gives some documents without vectors of the present model new
// ones.
func (ix *Index) embedAgain(ctx context.Context, k *keeper) error {
	if ix.now().Before(k.embedAfter) {
		return nil
	}
	const other = `SELECT rev FROM documents WHERE model <> ? AND chunks > 0 LIMIT ?`
	rows, err := ix.db.Read.QueryContext(ctx, other, ix.embedder.ID(), embedBatch)
	if err != nil {
		return fmt.Errorf("list the documents without vectors: %w", err)
	}
	defer rows.Close()
	var revs []uint64
	for rows.Next() {
		var rev uint64
		if err := rows.Scan(&rev); err != nil {
			return fmt.Errorf("list the documents without vectors: %w", err)
		}
		revs = append(revs, rev)
	}
	if err := rows.Err(); err != nil || len(revs) == 0 {
		return err
	}
	if _, err := ix.embedder.Embed(ctx, []string{"ready"}); err != nil {
		k.embedAfter = ix.now().Add(embedRetry)
		ix.log.Warn("documents wait for their vectors: the embedder failed", "error", err)
		return nil
	}
	for _, rev := range revs {
		if err := ix.indexAgain(ctx, rev); err != nil {
			return err
		}
	}
	select { // there may be more
	case ix.written <- struct{}{}:
	default:
	}
	return nil
}
