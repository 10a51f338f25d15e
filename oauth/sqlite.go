package oauth

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/axon-mcp/axon-mcp/store"
)

// SQLite is the store in the data directory, which all processes on it share.
type SQLite struct {
	open func(context.Context) (*store.DB, error)
	now  func() time.Time
}

// NewSQLite returns the store. open is asked at each use, since the data
// directory may come and go; now is the clock, nil the system's.
func NewSQLite(open func(context.Context) (*store.DB, error), now func() time.Time) *SQLite {
	if now == nil {
		now = time.Now
	}
	return &SQLite{open: open, now: now}
}

// Put is Store.Put. It also forgets what is over, of its kind.
func (s *SQLite) Put(ctx context.Context, kind Kind, key string, value []byte, life time.Duration) error {
	return s.tx(ctx, func(tx *sql.Tx) error {
		now := s.now()
		if _, err := tx.ExecContext(ctx, `DELETE FROM oauth_entries WHERE kind = ? AND expires <= ?`, kind, now.UnixMilli()); err != nil {
			return fmt.Errorf("forget old entries: %w", err)
		}
		var count int
		if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM oauth_entries WHERE kind = ?`, kind).Scan(&count); err != nil {
			return fmt.Errorf("count entries: %w", err)
		}
		if count >= kind.limit() {
			return errLimit(kind)
		}
		const insert = `INSERT INTO oauth_entries (kind, key, value, expires) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING`
		done, err := tx.ExecContext(ctx, insert, kind, key, value, now.Add(life).UnixMilli())
		if changed, err := one(done, err); err != nil || changed {
			return err
		}
		return errTaken(kind)
	})
}

// Get is Store.Get.
func (s *SQLite) Get(ctx context.Context, kind Kind, key string) ([]byte, error) {
	db, err := s.open(ctx)
	if err != nil {
		return nil, err
	}
	var value []byte
	const query = `SELECT value FROM oauth_entries WHERE kind = ? AND key = ? AND expires > ?`
	err = db.Read.QueryRowContext(ctx, query, kind, key, s.now().UnixMilli()).Scan(&value)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, ErrNone
	}
	return value, store.Explain(err)
}

// Swap is Store.Swap.
func (s *SQLite) Swap(ctx context.Context, kind Kind, key string, old, new []byte, life time.Duration) (swapped bool, err error) {
	err = s.tx(ctx, func(tx *sql.Tx) error {
		now := s.now()
		const update = `UPDATE oauth_entries SET value = ?, expires = ? WHERE kind = ? AND key = ? AND expires > ? AND value = ?`
		swapped, err = one(tx.ExecContext(ctx, update, new, now.Add(life).UnixMilli(), kind, key, now.UnixMilli(), old))
		return err
	})
	return swapped, err
}

// Delete is Store.Delete.
func (s *SQLite) Delete(ctx context.Context, kind Kind, key string) (deleted bool, err error) {
	err = s.tx(ctx, func(tx *sql.Tx) error {
		deleted, err = one(tx.ExecContext(ctx, `DELETE FROM oauth_entries WHERE kind = ? AND key = ? AND expires > ?`, kind, key, s.now().UnixMilli()))
		return err
	})
	return deleted, err
}

// List is Store.List.
func (s *SQLite) List(ctx context.Context, kind Kind) (entries map[string][]byte, err error) {
	db, err := s.open(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := db.Read.QueryContext(ctx, `SELECT key, value FROM oauth_entries WHERE kind = ? AND expires > ?`, kind, s.now().UnixMilli())
	if err != nil {
		return nil, store.Explain(fmt.Errorf("list entries: %w", err))
	}
	defer func() { err = store.Explain(errors.Join(err, rows.Close())) }()
	entries = make(map[string][]byte)
	for rows.Next() {
		var key string
		var value []byte
		if err := rows.Scan(&key, &value); err != nil {
			return nil, fmt.Errorf("list entries: %w", err)
		}
		entries[key] = value
	}
	return entries, rows.Err()
}

// Check is Store.Check.
func (s *SQLite) Check(ctx context.Context) error {
	return s.tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM oauth_entries WHERE expires <= ?`, s.now().UnixMilli())
		return err
	})
}

func (s *SQLite) tx(ctx context.Context, do func(*sql.Tx) error) error {
	db, err := s.open(ctx)
	if err != nil {
		return err
	}
	return db.Tx(ctx, do)
}

// one reports whether a statement has changed a row.
func one(result sql.Result, err error) (bool, error) {
	if err != nil {
		return false, fmt.Errorf("write an entry: %w", err)
	}
	n, err := result.RowsAffected()
	return n > 0, err
}
