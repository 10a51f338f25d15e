package index

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
)

// state is what this process sees of the index. The legs of a search hold
// Index.mu for reading while they use it.
type state struct {
	loaded     bool
	generation int64
	epoch      int64
	segments   []*segment
	tail       *tail
	broken     []string // files that could not be opened
}

// shards returns the segments' shards and the tail's, which is the last.
func (s *state) shards() []*shard {
	out := make([]*shard, 0, len(s.segments)+1)
	for _, seg := range s.segments {
		out = append(out, &seg.shard)
	}
	return append(out, &s.tail.shard)
}

// bury marks a rev as dead in the shard that has it.
func (s *state) bury(rev uint64) {
	for _, seg := range s.segments {
		if doc, ok := seg.find(rev); ok {
			seg.dead.set(doc)
		}
	}
	if doc, ok := s.tail.find(rev); ok {
		s.tail.bury(doc)
	}
}

// news is what has changed in the database since a state was read.
type news struct {
	generation, epoch int64
	whole             bool // segments was read, and dead has every row
	segments          []segmentRow
	tail              []tailRow
	dead              []uint64
}

type segmentRow struct {
	low, high    uint64
	file         string
	docs, chunks int
}

type tailRow struct {
	meta   docMeta
	record record
}

// refresh brings the state up to date with what any process has committed. If
// nothing has changed it costs one row.
func (ix *Index) refresh(ctx context.Context) error {
	ix.refreshing.Lock()
	defer ix.refreshing.Unlock()
	var generation int64
	if err := ix.db.Read.QueryRowContext(ctx, `SELECT generation FROM index_state`).Scan(&generation); err != nil {
		return fmt.Errorf("read the index's generation: %w", err)
	}
	if ix.seen.loaded && ix.seen.generation == generation {
		return nil
	}
	const tries = 5 // a merge may remove a file between our reading its row and opening it
	var err error
	for range tries {
		var n news
		if n, err = ix.read(ctx); err != nil {
			return err
		}
		var opened []*segment
		if opened, err = ix.openMissing(n); err == nil {
			ix.apply(n, opened, nil)
			return nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			break
		}
	}
	return ix.refreshWithout(ctx, err)
}

// refreshWithout does without the segments that cannot be opened: their
// documents are not found until Run has built them again.
func (ix *Index) refreshWithout(ctx context.Context, cause error) error {
	ix.log.Error("a segment of the index cannot be read; its documents are left out of searches until it is rebuilt", "error", cause)
	n, err := ix.read(ctx)
	if err != nil {
		return err
	}
	var opened []*segment
	var broken []string
	for _, row := range n.segments {
		s, err := ix.openOne(row)
		if err != nil {
			broken = append(broken, row.file)
			continue
		}
		opened = append(opened, s)
	}
	ix.apply(n, opened, broken)
	return nil
}

// read reads what has changed, in one snapshot.
func (ix *Index) read(ctx context.Context) (news, error) {
	var n news
	tx, err := ix.db.Read.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return n, fmt.Errorf("read the index: %w", err)
	}
	defer func() { _ = tx.Rollback() }() // it only reads
	if err := tx.QueryRowContext(ctx, `SELECT generation, epoch FROM index_state`).Scan(&n.generation, &n.epoch); err != nil {
		return n, fmt.Errorf("read the index's state: %w", err)
	}
	since := ix.seen.generation
	if n.whole = !ix.seen.loaded || n.epoch != ix.seen.epoch; n.whole {
		if n.segments, err = readSegments(ctx, tx); err != nil {
			return n, err
		}
		if !ix.keepsTail(n) {
			since = -1
		}
	}
	if n.tail, err = ix.readTail(ctx, tx, since); err != nil {
		return n, err
	}
	n.dead, err = readDead(ctx, tx, n.whole, ix.seen.generation)
	return n, err
}

// keepsTail reports whether the tail in memory goes on with the segments of n:
// none of its documents has moved into one.
func (ix *Index) keepsTail(n news) bool {
	if !ix.seen.loaded {
		return false
	}
	revs := ix.seen.tail.revs
	return len(revs) > 0 && (len(n.segments) == 0 || n.segments[len(n.segments)-1].high < revs[0])
}

func readSegments(ctx context.Context, tx *sql.Tx) ([]segmentRow, error) {
	rows, err := tx.QueryContext(ctx, `SELECT low, high, file, docs, chunks FROM index_segments ORDER BY low`)
	if err != nil {
		return nil, fmt.Errorf("read the list of segments: %w", err)
	}
	defer rows.Close()
	var out []segmentRow
	for rows.Next() {
		var r segmentRow
		if err := rows.Scan(&r.low, &r.high, &r.file, &r.docs, &r.chunks); err != nil {
			return nil, fmt.Errorf("read the list of segments: %w", err)
		}
		out = append(out, r)
	}
	return out, rows.Err()
}

// readTail reads the documents of the tail whose rev is greater than since.
func (ix *Index) readTail(ctx context.Context, tx *sql.Tx, since int64) ([]tailRow, error) {
	const newer = `SELECT t.rev, d.collection, d.url, d.domain, d.source_type, d.lang, t.record
		FROM index_tail t JOIN documents d ON d.rev = t.rev WHERE t.rev > ? ORDER BY t.rev`
	rows, err := tx.QueryContext(ctx, newer, since)
	if err != nil {
		return nil, fmt.Errorf("read the newest documents: %w", err)
	}
	defer rows.Close()
	var out []tailRow
	for rows.Next() {
		var r tailRow
		var b []byte
		if err := rows.Scan(&r.meta.rev, &r.meta.collection, &r.meta.url, &r.meta.domain, &r.meta.sourceType, &r.meta.lang, &b); err != nil {
			return nil, fmt.Errorf("read the newest documents: %w", err)
		}
		if r.record, err = decodeRecord(b); err != nil {
			ix.log.Error("a document cannot be searched until it is indexed again", "url", r.meta.url, "error", err)
			continue
		}
		out = append(out, r)
	}
	return out, rows.Err()
}

func readDead(ctx context.Context, tx *sql.Tx, whole bool, since int64) ([]uint64, error) {
	if whole {
		since = -1
	}
	rows, err := tx.QueryContext(ctx, `SELECT rev FROM index_dead WHERE change > ?`, since)
	if err != nil {
		return nil, fmt.Errorf("read the deleted documents: %w", err)
	}
	defer rows.Close()
	var out []uint64
	for rows.Next() {
		var rev uint64
		if err := rows.Scan(&rev); err != nil {
			return nil, fmt.Errorf("read the deleted documents: %w", err)
		}
		out = append(out, rev)
	}
	return out, rows.Err()
}

// openMissing returns the segments of n, of which those that the state has are
// taken over. It returns nil if n brings no list.
func (ix *Index) openMissing(n news) ([]*segment, error) {
	if !n.whole {
		return nil, nil
	}
	out := make([]*segment, 0, len(n.segments))
	for _, row := range n.segments {
		s, err := ix.openOne(row)
		if err != nil {
			return nil, errors.Join(err, closeUnless(out, ix.seen.segments))
		}
		out = append(out, s)
	}
	return out, nil
}

func (ix *Index) openOne(row segmentRow) (*segment, error) {
	path := ix.segmentPath(row.file)
	for _, s := range ix.seen.segments {
		if s.file == path {
			return s, nil
		}
	}
	return openSegment(path)
}

func (ix *Index) segmentPath(file string) string {
	return filepath.Join(ix.dir, filepath.Base(file))
}

// closeUnless closes the segments that are not among kept.
func closeUnless(segments, kept []*segment) error {
	var errs []error
	for _, s := range segments {
		found := false
		for _, k := range kept {
			found = found || k == s
		}
		if !found {
			errs = append(errs, s.close())
		}
	}
	return errors.Join(errs...)
}

// apply makes the state that of n. It waits for the searches that run.
func (ix *Index) apply(n news, segments []*segment, broken []string) {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	s := &ix.seen
	if n.whole {
		if !ix.keepsTail(n) {
			s.tail = newTail(ix.embedder.ID(), ix.embedder.Dim())
		}
		if err := closeUnless(s.segments, segments); err != nil {
			ix.log.Warn("a segment could not be unmapped", "error", err)
		}
		s.segments, s.broken = segments, broken
	}
	for i := range n.tail {
		s.tail.add(n.tail[i].meta, &n.tail[i].record)
	}
	for _, rev := range n.dead {
		s.bury(rev)
	}
	s.loaded, s.generation, s.epoch = true, n.generation, n.epoch
}
