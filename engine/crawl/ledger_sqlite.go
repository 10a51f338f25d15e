package crawl

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Tally implements Ledger.
func (q *sqliteQueue) Tally(ctx context.Context) (tally Tally, err error) {
	tally.Outcomes = map[Outcome]map[string]int{}
	rows, err := q.read.QueryContext(ctx, `SELECT outcome, reason, count(*), sum(asked), sum(read), sum(chunks), sum(bytes)
		FROM frontier_page WHERE site = ? GROUP BY outcome, reason`, q.site)
	if err != nil {
		return tally, fmt.Errorf("count the crawl's pages: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var outcome Outcome
		var reason string
		var n, asked, read, chunks int
		var bytes int64
		if err := rows.Scan(&outcome, &reason, &n, &asked, &read, &chunks, &bytes); err != nil {
			return tally, fmt.Errorf("count the crawl's pages: %w", err)
		}
		tally.count(outcome, reason, n)
		tally.Asked += asked
		tally.Read += read
		tally.Chunks += chunks
		tally.Bytes += bytes
	}
	return tally, rows.Err()
}

// rowColumns are what scanRow reads.
const rowColumns = `p.id, p.key, coalesce(p.rank, -1), p.outcome, p.reason, p.target, p.hash, p.again, p.known`

// scanRow reads a Row from the columns of rowColumns.
func scanRow(scan func(...any) error, more ...any) (Row, error) {
	var row Row
	var hash int64
	into := append([]any{&row.ID, &row.Key, &row.Rank, &row.Outcome, &row.Reason, &row.Target, &hash, &row.Again, &row.Known}, more...)
	err := scan(into...)
	row.Hash = uint64(hash)
	return row, err
}

// Get implements Ledger.
func (q *sqliteQueue) Get(ctx context.Context, key string) (Row, bool, error) {
	found := q.read.QueryRowContext(ctx, `SELECT `+rowColumns+` FROM frontier_page p WHERE p.site = ? AND p.key = ? AND p.outcome <> ''`, q.site, key)
	row, err := scanRow(found.Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return Row{}, false, nil
	}
	if err != nil {
		return Row{}, false, fmt.Errorf("look up a page of the crawl: %w", err)
	}
	return row, true, nil
}

// Walk implements Ledger.
func (q *sqliteQueue) Walk(ctx context.Context, outcome Outcome, yield func(Row) error) error {
	return q.each(ctx, yield, `SELECT `+rowColumns+` FROM frontier_page p WHERE p.site = ? AND p.outcome = ? ORDER BY p.rank, p.key`,
		q.site, outcome)
}

// Alike implements Ledger.
func (q *sqliteQueue) Alike(ctx context.Context, before, n int, yield func(Row) error) error {
	return q.each(ctx, yield, `SELECT `+rowColumns+` FROM frontier_page p WHERE p.site = ?1 AND p.rank < ?2 AND p.hash IN
			(SELECT hash FROM frontier_page WHERE site = ?1 AND rank < ?2 AND hash <> 0 GROUP BY hash HAVING count(*) >= ?3)
		ORDER BY p.hash, p.rank, p.key`, q.site, waveStart(before), n)
}

// Blocks implements Ledger.
func (q *sqliteQueue) Blocks(ctx context.Context, yield func(Row) error) error {
	rows, err := q.read.QueryContext(ctx, `SELECT `+rowColumns+`, b.cut, b.blocks FROM frontier_page p JOIN frontier_block b ON b.page = p.id
		WHERE p.site = ? AND p.outcome IN ('added', 'changed', 'unchanged') ORDER BY p.rank, p.key`, q.site)
	if err != nil {
		return fmt.Errorf("read the blocks of the crawl: %w", err)
	}
	return walk(rows, func() error {
		var cut int64
		var blocks []byte
		row, err := scanRow(rows.Scan, &cut, &blocks)
		if err != nil {
			return err
		}
		row.Cut, row.Blocks = uint64(cut), decodeSums(blocks)
		return yield(row)
	})
}

// each gives the rows of a query to yield.
func (q *sqliteQueue) each(ctx context.Context, yield func(Row) error, query string, args ...any) error {
	rows, err := q.read.QueryContext(ctx, query, args...)
	if err != nil {
		return fmt.Errorf("read the pages of the crawl: %w", err)
	}
	return walk(rows, func() error {
		row, err := scanRow(rows.Scan)
		if err != nil {
			return err
		}
		return yield(row)
	})
}

// walk calls take for each row and closes rows.
func walk(rows *sql.Rows, take func() error) (err error) {
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		if err := take(); err != nil {
			return err
		}
	}
	return rows.Err()
}

// Earlier implements Chronicle.
func (q *sqliteQueue) Earlier(ctx context.Context) (Verdict, error) {
	var verdict Verdict
	var boilerplate, soft404 []byte
	err := q.read.QueryRowContext(ctx, `SELECT boilerplate, soft404, shrunk FROM frontier_scope WHERE scope = ?`, q.scope).
		Scan(&boilerplate, &soft404, &verdict.Shrunk)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return verdict, fmt.Errorf("read what the earlier crawl learnt: %w", err)
	}
	verdict.Boilerplate, verdict.Soft404 = decodeSums(boilerplate), decodeSums(soft404)
	return verdict, nil
}

// Absent implements Chronicle.
func (q *sqliteQueue) Absent(ctx context.Context, after string, n int) (keys []string, err error) {
	rows, err := q.read.QueryContext(ctx, `SELECT s.key FROM frontier_stored s WHERE s.scope = ?1 AND s.key > ?2
		AND NOT EXISTS (SELECT 1 FROM frontier_page p WHERE p.site = ?3 AND p.key = s.key) ORDER BY s.key LIMIT ?4`,
		q.scope, after, q.site, n)
	if err != nil {
		return nil, fmt.Errorf("compare with the earlier crawl: %w", err)
	}
	err = walk(rows, func() error {
		var key string
		err := rows.Scan(&key)
		keys = append(keys, key)
		return err
	})
	return keys, err
}

// Finish implements Chronicle. The rows of the queue go last, in pieces, so
// that no other writer waits long for it; what a kill leaves of them, the next
// Open removes.
func (q *sqliteQueue) Finish(ctx context.Context, stats Stats, verdict Verdict, keepAbsent bool) error {
	result, err := json.Marshal(stats)
	if err != nil {
		return fmt.Errorf("write the crawl's result: %w", err)
	}
	err = q.tx(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM frontier_stored AS s WHERE s.scope = ?1 AND (
			EXISTS (SELECT 1 FROM frontier_page p WHERE p.site = ?2 AND p.key = s.key AND p.outcome = 'gone')
			OR NOT ?3 AND NOT EXISTS (SELECT 1 FROM frontier_page p WHERE p.site = ?2 AND p.key = s.key))`,
			q.scope, q.site, keepAbsent); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `INSERT OR IGNORE INTO frontier_stored (scope, key) SELECT ?, key FROM frontier_page
			WHERE site = ? AND outcome IN ('added', 'changed', 'unchanged')`, q.scope, q.site); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO frontier_scope (scope, boilerplate, soft404, shrunk, finished) VALUES (?, ?, ?, ?, ?)
			ON CONFLICT (scope) DO UPDATE SET boilerplate = excluded.boilerplate, soft404 = excluded.soft404,
				shrunk = excluded.shrunk, finished = excluded.finished`,
			q.scope, encodeSums(verdict.Boilerplate), encodeSums(verdict.Soft404), verdict.Shrunk, time.Now().Unix()); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `UPDATE frontier_site SET stats = ? WHERE id = ?`, string(result), q.site)
		return err
	})
	if err != nil {
		return fmt.Errorf("finish the crawl's queue: %w", err)
	}
	return q.clear(ctx)
}

// clearPiece is how many rows one transaction of clear removes.
const clearPiece = 5000

// clear removes the rows of the queue.
func (q *sqliteQueue) clear(ctx context.Context) error {
	for {
		var n int64
		err := q.tx(ctx, func(tx *sql.Tx) error {
			if _, err := tx.ExecContext(ctx, `DELETE FROM frontier_block WHERE page IN
				(SELECT id FROM frontier_page WHERE site = ? ORDER BY id LIMIT ?)`, q.site, clearPiece); err != nil {
				return err
			}
			result, err := tx.ExecContext(ctx, `DELETE FROM frontier_page WHERE id IN
				(SELECT id FROM frontier_page WHERE site = ? ORDER BY id LIMIT ?)`, q.site, clearPiece)
			if err != nil {
				return err
			}
			n, err = result.RowsAffected()
			return err
		})
		if err != nil {
			return fmt.Errorf("clear the crawl's queue: %w", err)
		}
		if n < clearPiece {
			return nil
		}
	}
}
