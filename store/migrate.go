package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/database"

	"github.com/axon-mcp/axon-mcp/fault"
)

//go:embed migrations/sqlite/*.sql
var migrations embed.FS

const migrationsDir = "migrations/sqlite"

// migrate brings the schema to what this program knows.
func (db *DB) migrate(ctx context.Context) error {
	if current, err := upToDate(ctx, db.Write); err != nil || current {
		return err
	}
	unlock, err := LockWait(ctx, filepath.Join(db.Dir, "migrate.lock"))
	if err != nil {
		return err
	}
	defer unlock()
	if current, err := upToDate(ctx, db.Write); err != nil || current {
		return err // another process was first
	}
	// The lock keeps every other process of ours from being in the middle of
	// this: SQLite refuses it, without waiting, while the file is in use.
	if _, err := db.Write.ExecContext(ctx, `PRAGMA journal_mode = WAL`); err != nil {
		return fmt.Errorf("switch the database to WAL: %w", err)
	}
	files, err := fs.Sub(migrations, migrationsDir)
	if err != nil {
		return fmt.Errorf("read the migrations: %w", err)
	}
	// Out of order: the packages' migrations do not build on each other.
	provider, err := goose.NewProvider(database.DialectSQLite3, db.Write, files, goose.WithAllowOutofOrder(true))
	if err != nil {
		return fmt.Errorf("prepare the migrations: %w", err)
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("bring the schema up to date: %w", err)
	}
	return nil
}

func upToDate(ctx context.Context, db *sql.DB) (bool, error) {
	missing, err := pending(ctx, db)
	if err != nil || len(missing) > 0 {
		return false, err
	}
	var mode string
	if err := db.QueryRowContext(ctx, `PRAGMA journal_mode`).Scan(&mode); err != nil {
		return false, fmt.Errorf("read the journal's mode: %w", err)
	}
	return mode == "wal", nil
}

// pending lists the migrations that were not applied yet, and refuses a
// database that has more than this program knows.
func pending(ctx context.Context, db *sql.DB) ([]int64, error) {
	known, err := knownMigrations()
	if err != nil {
		return nil, err
	}
	applied, err := appliedMigrations(ctx, db)
	if err != nil {
		return nil, err
	}
	for _, v := range applied {
		if !slices.Contains(known, v) {
			return nil, fault.Errorf(fault.Conflict,
				"the data directory was written by a newer axon-mcp (schema %d, this program knows %d); update axon-mcp, or set another AXON_DATA_DIR",
				v, slices.Max(known))
		}
	}
	return slices.DeleteFunc(known, func(v int64) bool { return slices.Contains(applied, v) }), nil
}

// appliedMigrations reads goose's table; an empty database has none.
func appliedMigrations(ctx context.Context, db *sql.DB) (applied []int64, err error) {
	var tables int
	const has = `SELECT count(*) FROM sqlite_schema WHERE name = 'goose_db_version'`
	if err := db.QueryRowContext(ctx, has).Scan(&tables); err != nil || tables == 0 {
		return nil, wrap(err, "read the database")
	}
	rows, err := db.QueryContext(ctx, `SELECT version_id FROM goose_db_version WHERE is_applied AND version_id > 0`)
	if err != nil {
		return nil, wrap(err, "read the schema's version")
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var v int64
		if err := rows.Scan(&v); err != nil {
			return nil, wrap(err, "read the schema's version")
		}
		applied = append(applied, v)
	}
	return applied, wrap(rows.Err(), "read the schema's version")
}

// wrap says what was being done. wrap(nil, …) is nil.
func wrap(err error, doing string) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// knownMigrations lists the numbers of the files, ascending.
func knownMigrations() ([]int64, error) {
	files, err := migrations.ReadDir(migrationsDir)
	if err != nil {
		return nil, fmt.Errorf("read the migrations: %w", err)
	}
	known := make([]int64, len(files))
	for i, f := range files {
		number, _, _ := strings.Cut(f.Name(), "_")
		if known[i], err = strconv.ParseInt(number, 10, 64); err != nil {
			return nil, fmt.Errorf("migration %s has no number: %w", f.Name(), err)
		}
	}
	return known, nil
}
