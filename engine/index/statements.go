package index

import (
	"context"
	"database/sql"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/axon-mcp/axon-mcp/store"
)

// statements are queries that run for every page. They are prepared once a
// connection: SQLite takes longer to parse them than to run them.
type statements struct {
	db      *sql.DB
	queries []string
	making  sync.Mutex
	made    atomic.Pointer[map[string]*sql.Stmt]
}

// prepare prepares them, unless they are. It must not be called within a
// transaction of db, whose only connection it may wait for.
func (s *statements) prepare(ctx context.Context) error {
	if s.made.Load() != nil {
		return nil
	}
	s.making.Lock()
	defer s.making.Unlock()
	if s.made.Load() != nil {
		return nil
	}
	made := make(map[string]*sql.Stmt)
	for _, query := range s.queries {
		stmt, err := s.db.PrepareContext(ctx, query)
		if err != nil {
			closeAll(made)
			return store.Explain(fmt.Errorf("prepare a statement: %w", err))
		}
		made[query] = stmt
	}
	s.made.Store(&made)
	return nil
}

// of returns the statement of a query; nil if it is not one of them, or not
// prepared.
func (s *statements) of(query string) *sql.Stmt {
	made := s.made.Load()
	if made == nil {
		return nil
	}
	return (*made)[query]
}

// QueryRowContext is that of sql.DB.
func (s *statements) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	if stmt := s.of(query); stmt != nil {
		return stmt.QueryRowContext(ctx, args...)
	}
	return s.db.QueryRowContext(ctx, query, args...)
}

// close lets go of them. They are prepared again when they are needed.
func (s *statements) close() {
	if made := s.made.Swap(nil); made != nil {
		closeAll(*made)
	}
}

func closeAll(stmts map[string]*sql.Stmt) {
	for _, stmt := range stmts {
		_ = stmt.Close() // it has run, or never will
	}
}

// quick is a transaction that runs such queries as the statements that they
// are.
type quick struct {
	*sql.Tx
	statements *statements
}

// QueryRowContext is that of sql.Tx.
func (q quick) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	if stmt := q.statements.of(query); stmt != nil {
		return q.StmtContext(ctx, stmt).QueryRowContext(ctx, args...)
	}
	return q.Tx.QueryRowContext(ctx, query, args...)
}

// ExecContext is that of sql.Tx.
func (q quick) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	if stmt := q.statements.of(query); stmt != nil {
		return q.StmtContext(ctx, stmt).ExecContext(ctx, args...)
	}
	return q.Tx.ExecContext(ctx, query, args...)
}
