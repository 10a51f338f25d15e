package index

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/axon-mcp/axon-mcp/store"
)

const (
	mergeLock  = "merge.lock" // in the data directory
	mergeCount = 8            // segments of a tier, and factor between tiers
	segmentExt = ".seg"
	unfinished = ".tmp"
)

// snapshot is the state of the index that a merge works on, apart from what
// searches hold: a merge takes long and must not keep them waiting.
type snapshot struct {
	generation uint64
	segments   []segmentRow
	tail       []tailRow
	dead       map[uint64]bool
}

func (ix *Index) snapshot(ctx context.Context, withTail bool) (*snapshot, error) {
	tx, err := ix.db.Read.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, fmt.Errorf("read the index: %w", err)
	}
	defer func() { _ = tx.Rollback() }() // it only reads
	s := &snapshot{dead: make(map[uint64]bool)}
	if err := tx.QueryRowContext(ctx, `SELECT generation FROM index_state`).Scan(&s.generation); err != nil {
		return nil, fmt.Errorf("read the index's state: %w", err)
	}
	if s.segments, err = readSegments(ctx, tx); err != nil {
		return nil, err
	}
	dead, err := readDead(ctx, tx, true, 0)
	if err != nil {
		return nil, err
	}
	for _, rev := range dead {
		s.dead[rev] = true
	}
	if withTail {
		s.tail, err = ix.readTail(ctx, tx, -1)
	}
	return s, err
}

// drop returns the documents of a shard that are dead.
func (s *snapshot) drop(sh *shard) bitset {
	out := newBitset(sh.docs())
	for d, rev := range sh.revs {
		if s.dead[rev] {
			out.set(uint32(d))
		}
	}
	return out
}

// merged is the outcome of a merge, to be committed.
type merged struct {
	low, high  uint64 // revs that it covers
	generation uint64 // of the snapshot
	file       string // "" if nothing is left alive
	docs       int
	chunks     int
}

// flush moves the tail into a segment of its own. The caller holds the lease.
func (ix *Index) flush(ctx context.Context) error {
	s, err := ix.snapshot(ctx, true)
	if err != nil || len(s.tail) == 0 {
		return err
	}
	t := newTail(ix.embedder.ID(), ix.embedder.Dim())
	t.reserve(s.tail)
	for i := range s.tail {
		t.add(s.tail[i].meta, &s.tail[i].record)
	}
	m := merged{low: 1, high: s.generation, generation: s.generation}
	if n := len(s.segments); n > 0 {
		m.low = s.segments[n-1].high + 1
	}
	return ix.build(ctx, m, []part{{shard: &t.shard, terms: newTailTerms(t), drop: s.drop(&t.shard)}})
}

// merge makes one segment of those from..to of the snapshot. The caller holds
// the lease. A damaged segment is given up: its documents are indexed again.
func (ix *Index) merge(ctx context.Context, s *snapshot, from, to int) error {
	m := merged{low: s.segments[from].low, high: s.segments[to-1].high, generation: s.generation}
	var parts []part
	var opened []*segment
	defer func() { _ = closeUnless(opened, nil) }() // they were only read
	for _, row := range s.segments[from:to] {
		seg, err := openSegment(ix.segmentPath(row.file))
		if err == nil {
			opened = append(opened, seg)
			err = seg.verify()
		}
		if err != nil {
			return ix.giveUp(ctx, row.file, err)
		}
		parts = append(parts, part{shard: &seg.shard, terms: &segmentTerms{segment: seg}, drop: s.drop(&seg.shard)})
	}
	return ix.build(ctx, m, parts)
}

// build writes the segment and commits it. Ended between any two of its steps
// it leaves the index as it was, and at most a file that no row names.
func (ix *Index) build(ctx context.Context, m merged, parts []part) (err error) {
	defer guard(&err)
	if err := os.MkdirAll(ix.dir, 0o700); err != nil {
		return store.Explain(fmt.Errorf("make the folder of segments: %w", err))
	}
	name := fmt.Sprintf("%d-%d-%s", m.low, m.high, strings.ToLower(rand.Text()[:8]))
	temp, path := filepath.Join(ix.dir, name+unfinished), filepath.Join(ix.dir, name+segmentExt)
	m.docs, m.chunks, err = writeSegment(temp, ix.embedder.ID(), ix.embedder.Dim(), parts)
	if err != nil {
		return store.Explain(fmt.Errorf("write a segment: %w", err))
	}
	if err := ix.at("segment written"); err != nil {
		return err
	}
	if m.docs > 0 {
		m.file = name + segmentExt
		if err := errors.Join(os.Rename(temp, path), syncDir(ix.dir)); err != nil {
			return store.Explain(fmt.Errorf("put a segment in its place: %w", err))
		}
	}
	if err := ix.at("segment renamed"); err != nil {
		return err
	}
	if err := ix.commit(ctx, m); err != nil {
		return fmt.Errorf("commit a segment: %w", err)
	}
	return ix.at("segment committed")
}

// commit puts the segment in the place of the rows and segments that it was
// made from. Who died since the snapshot stays dead in it.
func (ix *Index) commit(ctx context.Context, m merged) error {
	return ix.db.Tx(ctx, func(tx *sql.Tx) error {
		steps := []struct {
			stmt string
			args []any
		}{
			{`UPDATE index_state SET generation = generation + 1, epoch = epoch + 1`, nil},
			{`DELETE FROM index_segments WHERE low BETWEEN ? AND ?`, []any{m.low, m.high}},
			{`DELETE FROM index_tail WHERE rev BETWEEN ? AND ?`, []any{m.low, m.high}},
			{`DELETE FROM index_dead WHERE rev BETWEEN ? AND ? AND change <= ?`, []any{m.low, m.high, m.generation}},
			{`UPDATE documents SET model = '' WHERE model NOT IN ('', ?) AND rev BETWEEN ? AND ?`, []any{ix.embedder.ID(), m.low, m.high}},
		}
		for _, s := range steps {
			if _, err := tx.ExecContext(ctx, s.stmt, s.args...); err != nil {
				return err
			}
		}
		if m.file == "" {
			return nil
		}
		const add = `INSERT INTO index_segments (low, high, file, docs, chunks) VALUES (?, ?, ?, ?, ?)`
		if _, err := tx.ExecContext(ctx, add, m.low, m.high, m.file, m.docs, m.chunks); err != nil {
			return err
		}
		return ix.at("segment in transaction")
	})
}

// giveUp takes a segment that cannot be read out of the index, so that its
// documents are indexed again from what they say.
func (ix *Index) giveUp(ctx context.Context, file string, cause error) error {
	ix.log.Error("a segment of the index is damaged; its documents are indexed again", "file", file, "error", cause)
	err := ix.db.Tx(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM index_segments WHERE file = ?`, file); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `UPDATE index_state SET generation = generation + 1, epoch = epoch + 1`)
		return err
	})
	if err != nil {
		return fmt.Errorf("give up the segment %s: %w", file, err)
	}
	ix.healing.Store(true)
	return nil
}

// choose returns the segments that should become one: a run of at least
// mergeCount of the same tier or below at the young end, else one of which
// more than a third is dead. ok is false if all is well.
func (s *snapshot) choose(base int) (from, to int, ok bool) {
	to = len(s.segments)
	for limit := base * mergeCount; to > 0; limit *= mergeCount {
		for from = to; from > 0 && s.segments[from-1].chunks < limit; {
			from--
		}
		if to-from >= mergeCount {
			return from, to, true
		}
		if from == 0 {
			break
		}
	}
	for i, seg := range s.segments {
		dead := 0
		for rev := range s.dead {
			if seg.low <= rev && rev <= seg.high {
				dead++
			}
		}
		if 3*dead > seg.docs {
			return i, i + 1, true
		}
	}
	return 0, 0, false
}

// sweep removes the files that no row names. The caller holds the lease, so
// that no other process is about to name one.
func (ix *Index) sweep(ctx context.Context) error {
	entries, err := os.ReadDir(ix.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("list the segments: %w", err)
	}
	s, err := ix.snapshot(ctx, false)
	if err != nil {
		return err
	}
	named := make(map[string]bool)
	for _, row := range s.segments {
		named[row.file] = true
	}
	durable := false
	for _, e := range entries {
		if ext := filepath.Ext(e.Name()); named[e.Name()] || ext != segmentExt && ext != unfinished {
			continue
		}
		// A crash of the machine must not bring back rows that name the file.
		if !durable {
			if _, err := ix.db.Write.ExecContext(ctx, `PRAGMA wal_checkpoint(PASSIVE)`); err != nil {
				return fmt.Errorf("write the log of the database: %w", err)
			}
			durable = true
		}
		if err := os.Remove(filepath.Join(ix.dir, e.Name())); err != nil {
			ix.log.Warn("an old segment could not be removed; it is tried again", "file", e.Name(), "error", err)
		}
	}
	return ix.at("swept")
}
