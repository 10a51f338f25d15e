package crawl

import (
	"context"
	"database/sql"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// SQLite is a Frontier in tables of a SQLite database
// (store/migrations/sqlite/0003_frontier.sql).
type SQLite struct {
	read *sql.DB
	tx   func(ctx context.Context, do func(*sql.Tx) error) error
}

// NewSQLite returns a frontier that reads from read and writes with tx, which
// runs do in one write transaction and retries it while the database is busy.
func NewSQLite(read *sql.DB, tx func(ctx context.Context, do func(*sql.Tx) error) error) *SQLite {
	return &SQLite{read: read, tx: tx}
}

// How long queues and what a scope's last crawl left are kept.
const (
	siteAge  = 7 * 24 * time.Hour
	scopeAge = 400 * 24 * time.Hour
)

// Open implements Frontier.
func (f *SQLite) Open(ctx context.Context, job, scope string, starts []Found) (Queue, State, error) {
	q := &sqliteQueue{SQLite: f, scope: scope}
	var state State
	err := f.tx(ctx, func(tx *sql.Tx) error {
		var err error
		state, err = q.load(ctx, tx, job)
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		state, err = q.create(ctx, tx, job, starts)
		return err
	})
	if err != nil {
		return nil, State{}, fmt.Errorf("open the queue of crawl %s: %w", job, err)
	}
	return q, state, nil
}

// sqliteQueue is one site's part of a SQLite frontier.
type sqliteQueue struct {
	*SQLite
	site  int64
	scope string
}

// load finds the queue of job, or fails with sql.ErrNoRows.
func (q *sqliteQueue) load(ctx context.Context, tx *sql.Tx, job string) (State, error) {
	var state State
	var since int64
	var stats sql.NullString
	row := tx.QueryRowContext(ctx, `SELECT id, scope, wave, seeded, spent, since, stats FROM frontier_site WHERE job = ?`, job)
	if err := row.Scan(&q.site, &q.scope, &state.Wave, &state.Seeded, &state.Spent, &since, &stats); err != nil {
		return state, err
	}
	state.Since = time.Unix(0, since)
	if stats.Valid {
		state.Done = &Stats{}
		if err := json.Unmarshal([]byte(stats.String), state.Done); err != nil {
			return state, fmt.Errorf("read the stored result: %w", err)
		}
	}
	return state, nil
}

// create makes the queue of job and clears away what nobody will ask for.
func (q *sqliteQueue) create(ctx context.Context, tx *sql.Tx, job string, starts []Found) (State, error) {
	now := time.Now()
	if err := q.sweep(ctx, tx, now); err != nil {
		return State{}, fmt.Errorf("clear away old queues: %w", err)
	}
	result, err := tx.ExecContext(ctx, `INSERT INTO frontier_site (job, scope, since, touched) VALUES (?, ?, ?, ?)`,
		job, q.scope, now.UnixNano(), now.Unix())
	if err != nil {
		return State{}, err
	}
	if q.site, err = result.LastInsertId(); err != nil {
		return State{}, err
	}
	_, err = q.add(ctx, tx, -1, []Settled{{Found: starts}})
	return State{Since: now}, err
}

// sweep removes what is left of finished crawls, queues that nobody has
// touched for siteAge (what they stored stays known to their scope), and
// scopes that nobody has crawled for scopeAge.
func (q *sqliteQueue) sweep(ctx context.Context, tx *sql.Tx, now time.Time) error {
	oldSite, oldScope := now.Add(-siteAge).Unix(), now.Add(-scopeAge).Unix()
	for _, statement := range []struct {
		sql  string
		args []any
	}{
		{`INSERT OR IGNORE INTO frontier_stored (scope, key)
			SELECT s.scope, p.key FROM frontier_site s JOIN frontier_page p ON p.site = s.id
			WHERE s.touched < ? AND s.stats IS NULL AND p.outcome IN ('added', 'changed', 'unchanged')`, []any{oldSite}},
		{`DELETE FROM frontier_site WHERE touched < ?`, []any{oldSite}},
		{`DELETE FROM frontier_block WHERE page IN
			(SELECT id FROM frontier_page WHERE site NOT IN (SELECT id FROM frontier_site WHERE stats IS NULL))`, nil},
		{`DELETE FROM frontier_page WHERE site NOT IN (SELECT id FROM frontier_site WHERE stats IS NULL)`, nil},
		{`DELETE FROM frontier_stored WHERE scope IN (SELECT scope FROM frontier_scope WHERE finished < ?)`, []any{oldScope}},
		{`DELETE FROM frontier_scope WHERE finished < ?`, []any{oldScope}},
	} {
		if _, err := tx.ExecContext(ctx, statement.sql, statement.args...); err != nil {
			return err
		}
	}
	return nil
}

// Claim implements Queue.
func (q *sqliteQueue) Claim(ctx context.Context, wave int, after Rank, n int) (entries []Entry, err error) {
	after = max(after, waveStart(wave)-1)
	rows, err := q.read.QueryContext(ctx, `SELECT id, key, rank, depth, hops, again, outcome <> '' FROM frontier_page
		WHERE site = ? AND rank > ? AND rank < ? ORDER BY rank LIMIT ?`, q.site, after, waveStart(wave+1), n)
	if err != nil {
		return nil, fmt.Errorf("read the crawl's queue: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var e Entry
		if err := rows.Scan(&e.ID, &e.Key, &e.Rank, &e.Depth, &e.Hops, &e.Again, &e.Settled); err != nil {
			return nil, fmt.Errorf("read the crawl's queue: %w", err)
		}
		entries = append(entries, e)
	}
	return entries, rows.Err()
}

// Settle implements Queue.
func (q *sqliteQueue) Settle(ctx context.Context, wave int, spent time.Duration, batch []Settled) (added int, err error) {
	err = q.tx(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `UPDATE frontier_site SET spent = ?, touched = ? WHERE id = ?`,
			spent, time.Now().Unix(), q.site); err != nil {
			return err
		}
		if err := q.settle(ctx, tx, batch); err != nil {
			return err
		}
		added, err = q.add(ctx, tx, wave, batch)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("write the crawl's queue: %w", err)
	}
	return added, nil
}

// settle writes the outcomes of a batch.
func (q *sqliteQueue) settle(ctx context.Context, tx *sql.Tx, batch []Settled) error {
	page, err := tx.PrepareContext(ctx, `UPDATE frontier_page SET outcome = ?, reason = ?, asked = max(asked, ?), read = max(read, ?),
		known = max(known, ?), target = ?, hash = ?, chunks = ?, bytes = bytes + ? WHERE id = ? AND site = ?`)
	if err != nil {
		return err
	}
	block, err := tx.PrepareContext(ctx, `INSERT INTO frontier_block (page, cut, blocks) VALUES (?, ?, ?)
		ON CONFLICT (page) DO UPDATE SET cut = excluded.cut, blocks = excluded.blocks`)
	if err != nil {
		return err
	}
	for _, s := range batch {
		if s.ID == 0 {
			continue
		}
		if _, err := page.ExecContext(ctx, s.Outcome, s.Reason, s.Asked, s.Read, s.Known, s.Target,
			int64(s.Hash), s.Chunks, s.Bytes, s.ID, q.site); err != nil {
			return err
		}
		if len(s.Blocks) == 0 {
			continue
		}
		if _, err := block.ExecContext(ctx, s.ID, int64(s.Cut), encodeSums(s.Blocks)); err != nil {
			return err
		}
	}
	return nil
}

// add inserts what a batch has found and counts the new waiting URLs.
func (q *sqliteQueue) add(ctx context.Context, tx *sql.Tx, wave int, batch []Settled) (added int, err error) {
	insert, err := tx.PrepareContext(ctx, `INSERT INTO frontier_page (site, key, rank, depth, hops, outcome, reason)
		VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (site, key) DO NOTHING`)
	if err != nil {
		return 0, err
	}
	lower, err := tx.PrepareContext(ctx, `UPDATE frontier_page SET rank = min(coalesce(rank, ?1), ?1), depth = min(depth, ?2),
		hops = min(hops, ?3), outcome = '', reason = ''
		WHERE site = ?4 AND key = ?5 AND (outcome = '' AND rank >= ?6 AND (rank > ?1 OR depth > ?2) OR rank IS NULL)`)
	if err != nil {
		return 0, err
	}
	next := waveStart(wave + 1)
	for _, s := range batch {
		for _, found := range s.Found {
			rank, outcome := any(found.Rank), ""
			if found.Skip != "" {
				rank, outcome = nil, string(OutcomeSkipped)
			}
			result, err := insert.ExecContext(ctx, q.site, found.Key, rank, found.Depth, found.Hops, outcome, found.Skip)
			if err != nil {
				return added, err
			}
			n, err := result.RowsAffected()
			if err != nil {
				return added, err
			}
			if found.Skip != "" {
				continue
			}
			added += int(n)
			if n == 0 {
				if _, err := lower.ExecContext(ctx, found.Rank, found.Depth, found.Hops, q.site, found.Key, next); err != nil {
					return added, err
				}
			}
		}
	}
	return added, nil
}

// Advance implements Queue.
func (q *sqliteQueue) Advance(ctx context.Context, wave int, seeded bool) error {
	err := q.tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE frontier_site SET wave = ?, seeded = ? WHERE id = ?`, wave, seeded, q.site)
		return err
	})
	if err != nil {
		return fmt.Errorf("begin wave %d of the crawl: %w", wave, err)
	}
	return nil
}

// Requeue implements Queue.
func (q *sqliteQueue) Requeue(ctx context.Context, wave int, ids []int64) error {
	err := q.tx(ctx, func(tx *sql.Tx) error {
		update, err := tx.PrepareContext(ctx, `UPDATE frontier_page SET rank = ?, again = 1, outcome = '', reason = '', target = '', hash = 0
			WHERE id = ? AND site = ?`)
		if err != nil {
			return err
		}
		for i, id := range ids {
			if _, err := update.ExecContext(ctx, rankOf(wave, int64(i), 0), id, q.site); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("let %d pages of the crawl wait again: %w", len(ids), err)
	}
	return nil
}

// encodeSums packs fingerprints, 8 bytes each, little endian.
func encodeSums(sums []uint64) []byte {
	out := make([]byte, 0, 8*len(sums))
	for _, sum := range sums {
		out = binary.LittleEndian.AppendUint64(out, sum)
	}
	return out
}

// decodeSums is the inverse of encodeSums; a rest of less than 8 bytes is
// dropped.
func decodeSums(packed []byte) []uint64 {
	sums := make([]uint64, 0, len(packed)/8)
	for ; len(packed) >= 8; packed = packed[8:] {
		sums = append(sums, binary.LittleEndian.Uint64(packed))
	}
	return sums
}
