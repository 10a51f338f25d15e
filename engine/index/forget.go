package index

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/axon-mcp/axon-mcp/fault"
)

const maxSample = 20

func (s Selector) where() (*where, error) {
	if s.Collection == "" {
		return nil, fault.New(fault.Invalid, "name the collection to forget from")
	}
	w := &where{}
	w.and("collection = ?", s.Collection)
	set := 0
	for column, value := range map[string]string{"url": s.URL, "domain": s.Domain, "source_type": s.SourceType} {
		if value != "" {
			set++
			w.and(column+" = ?", value)
		}
	}
	if set > 1 {
		return nil, fault.New(fault.Invalid, "name one of url, domain and source_type to forget, or none for the whole collection")
	}
	return w, nil
}

// Forget deletes what sel chooses, in one transaction; dry only counts. sample
// holds the first URLs, at most 20.
func (ix *Index) Forget(ctx context.Context, sel Selector, dry bool) (removed Count, sample []string, err error) {
	w, err := sel.where()
	if err != nil {
		return Count{}, nil, err
	}
	if dry {
		removed, sample, err = sum(ctx, ix.db.Read, w)
		return removed, sample, err
	}
	err = ix.db.Tx(ctx, func(tx *sql.Tx) error {
		if removed, sample, err = sum(ctx, tx, w); err != nil || removed.Documents == 0 {
			return err
		}
		generation, err := newGeneration(ctx, tx)
		if err != nil {
			return err
		}
		for _, stmt := range []string{
			`INSERT INTO index_dead (rev, change) SELECT rev, ` + fmt.Sprint(generation) + ` FROM documents WHERE ` + w.String(),
			`DELETE FROM index_tail WHERE rev IN (SELECT rev FROM documents WHERE ` + w.String() + `)`,
			`DELETE FROM documents WHERE ` + w.String(),
		} {
			if _, err := tx.ExecContext(ctx, stmt, w.args...); err != nil {
				return fmt.Errorf("forget documents: %w", err)
			}
		}
		return ix.at("forget")
	})
	if err != nil {
		return Count{}, nil, err
	}
	return removed, sample, nil
}

// sum counts the documents under a condition and names the first.
func sum(ctx context.Context, q queryer, w *where) (c Count, sample []string, err error) {
	row := q.QueryRowContext(ctx, `SELECT count(*), coalesce(sum(chunks), 0), coalesce(sum(bytes), 0) FROM documents WHERE `+w.String(), w.args...)
	if err := row.Scan(&c.Documents, &c.Chunks, &c.Bytes); err != nil {
		return Count{}, nil, fmt.Errorf("count the documents to forget: %w", err)
	}
	rows, err := q.QueryContext(ctx, `SELECT url FROM documents WHERE `+w.String()+` ORDER BY url LIMIT ?`, append(w.args[:len(w.args):len(w.args)], maxSample)...)
	if err != nil {
		return Count{}, nil, fmt.Errorf("list the documents to forget: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var url string
		if err := rows.Scan(&url); err != nil {
			return Count{}, nil, fmt.Errorf("list the documents to forget: %w", err)
		}
		sample = append(sample, url)
	}
	return c, sample, rows.Err()
}
