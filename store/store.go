package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/pressly/goose/v3"
	"modernc.org/sqlite" // also registers the driver "sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/axon-mcp/axon-mcp/fault"
)

//go:embed migrations/sqlite/*.sql
var migrations embed.FS

const (
	fileName    = "axon.db"
	busyTimeout = 5 * time.Second
	readers     = 4
	// busyTries bounds how often a transaction is begun again when another
	// process holds the write lock for longer than busyTimeout.
	busyTries = 6
)

// DB is the open database of one data directory. It is safe for concurrent use.
type DB struct {
	// Write has one connection, whose transactions begin IMMEDIATE. Use Tx.
	Write *sql.DB
	// Read is a pool of connections that cannot write.
	Read *sql.DB
	// Dir is the data directory, absolute.
	Dir string
}

// Open makes dir where it is missing (0700), opens its database and brings the
// schema up to date. It fails with Unavailable where the disk is full or
// read-only, and with Conflict where a newer program has written the schema.
func Open(ctx context.Context, dir string) (*DB, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("data directory %q: %w", dir, err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, Explain(fmt.Errorf("make the data directory %s: %w", dir, err))
	}
	path := filepath.Join(dir, fileName)
	if err := touch(path); err != nil {
		return nil, Explain(fmt.Errorf("open %s: %w", path, err))
	}
	db := &DB{Dir: dir}
	if db.Write, err = open(path, 1, "immediate", ""); err != nil {
		return nil, Explain(err)
	}
	if db.Read, err = open(path, readers, "deferred", "&_pragma=query_only(1)"); err != nil {
		return nil, errors.Join(Explain(err), db.Write.Close())
	}
	if err := db.migrate(ctx); err != nil {
		return nil, errors.Join(Explain(err), db.Close())
	}
	return db, nil
}

// touch makes the file with the mode that it shall have: SQLite would take the
// umask's, and its -wal and -shm take the database's.
func touch(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

func open(path string, conns int, txlock, more string) (*sql.DB, error) {
	dsn := "file:" + (&url.URL{Path: filepath.ToSlash(path)}).EscapedPath() +
		"?_txlock=" + txlock +
		"&_pragma=busy_timeout(" + strconv.FormatInt(busyTimeout.Milliseconds(), 10) + ")" +
		"&_pragma=journal_mode(WAL)&_pragma=synchronous(NORMAL)&_pragma=foreign_keys(1)" +
		"&_pragma=temp_store(MEMORY)&_pragma=journal_size_limit(67108864)&_pragma=cache_size(-4096)" + more
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	return db, nil
}

// Close closes both pools.
func (db *DB) Close() error { return errors.Join(db.Read.Close(), db.Write.Close()) }

// Tx runs do in one write transaction and commits when it returns nil. It is
// begun again when another process keeps the lock; do may run more than once
// and must not keep what an earlier run has read.
func (db *DB) Tx(ctx context.Context, do func(tx *sql.Tx) error) error {
	var err error
	for range busyTries {
		if err = db.once(ctx, do); !busy(err) || ctx.Err() != nil {
			break
		}
	}
	return Explain(err)
}

func (db *DB) once(ctx context.Context, do func(tx *sql.Tx) error) error {
	tx, err := db.Write.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin a transaction: %w", err)
	}
	if err := do(tx); err != nil {
		return errors.Join(err, ignoreDone(tx.Rollback()))
	}
	if err := tx.Commit(); err != nil {
		return errors.Join(fmt.Errorf("commit: %w", err), ignoreDone(tx.Rollback()))
	}
	return nil
}

func ignoreDone(err error) error {
	if errors.Is(err, sql.ErrTxDone) {
		return nil
	}
	return err
}

// Check reads the schema's version: the database can be opened and read.
func (db *DB) Check(ctx context.Context) error {
	_, err := version(ctx, db.Read)
	return Explain(err)
}

// migrate brings the schema to the newest version that this program knows.
func (db *DB) migrate(ctx context.Context) error {
	newest, err := newestMigration()
	if err != nil {
		return err
	}
	if done, err := upToDate(ctx, db.Write, newest); err != nil || done {
		return err
	}
	unlock, err := LockWait(ctx, filepath.Join(db.Dir, "migrate.lock"))
	if err != nil {
		return fmt.Errorf("lock the schema: %w", err)
	}
	defer unlock()
	if done, err := upToDate(ctx, db.Write, newest); err != nil || done {
		return err
	}
	files, err := fs.Sub(migrations, "migrations/sqlite")
	if err != nil {
		return fmt.Errorf("read the migrations: %w", err)
	}
	provider, err := goose.NewProvider(goose.DialectSQLite3, db.Write, files)
	if err != nil {
		return fmt.Errorf("prepare the migrations: %w", err)
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("bring the database's schema up to date: %w", err)
	}
	return nil
}

func upToDate(ctx context.Context, db *sql.DB, newest int64) (bool, error) {
	have, err := version(ctx, db)
	if err != nil {
		return false, err
	}
	if have > newest {
		return false, fault.Errorf(fault.Conflict,
			"the data directory was written by a newer axon-mcp (schema %d, this program knows %d); update axon-mcp, or set another AXON_DATA_DIR", have, newest)
	}
	return have == newest, nil
}

// version is the newest migration applied, or 0 for an empty database.
func version(ctx context.Context, db *sql.DB) (int64, error) {
	var tables int
	const has = `SELECT count(*) FROM sqlite_schema WHERE name = 'goose_db_version'`
	if err := db.QueryRowContext(ctx, has).Scan(&tables); err != nil {
		return 0, fmt.Errorf("read the database: %w", err)
	}
	if tables == 0 {
		return 0, nil
	}
	var v sql.NullInt64
	if err := db.QueryRowContext(ctx, `SELECT max(version_id) FROM goose_db_version WHERE is_applied`).Scan(&v); err != nil {
		return 0, fmt.Errorf("read the schema's version: %w", err)
	}
	return v.Int64, nil
}

func newestMigration() (int64, error) {
	names, err := fs.ReadDir(migrations, "migrations/sqlite")
	if err != nil {
		return 0, fmt.Errorf("read the migrations: %w", err)
	}
	var newest int64
	for _, n := range names {
		number, _, _ := strings.Cut(n.Name(), "_")
		v, err := strconv.ParseInt(number, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("migration %s has no number: %w", n.Name(), err)
		}
		newest = max(newest, v)
	}
	return newest, nil
}

func busy(err error) bool {
	code := sqliteCode(err)
	return code == sqlite3.SQLITE_BUSY || code == sqlite3.SQLITE_LOCKED
}

// sqliteCode is the primary result code of an SQLite error, or 0.
func sqliteCode(err error) int {
	var e *sqlite.Error
	if errors.As(err, &e) {
		return e.Code() & 0xff
	}
	return 0
}

// Explain turns a failure of the disk or the database into a fault that tells
// the user what to do. Anything else, faults included, comes back as it is.
func Explain(err error) error {
	var f *fault.Error
	if err == nil || errors.As(err, &f) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	code := sqliteCode(err)
	switch {
	case code == sqlite3.SQLITE_FULL, isFull(err):
		return fault.Wrap(fault.Unavailable, err, "the disk of the data directory is full; free space and call again, nothing was lost")
	case code == sqlite3.SQLITE_READONLY, code == sqlite3.SQLITE_CANTOPEN, code == sqlite3.SQLITE_PERM,
		errors.Is(err, fs.ErrPermission), isReadOnly(err):
		return fault.Wrap(fault.Unavailable, err, "the data directory cannot be written; check its permissions and mount, or set AXON_DATA_DIR to another")
	case code == sqlite3.SQLITE_CORRUPT, code == sqlite3.SQLITE_NOTADB:
		return fault.Wrap(fault.Unavailable, err, "the database in the data directory is damaged; restore axon.db from a backup, or move it away and crawl again")
	case code == sqlite3.SQLITE_BUSY, code == sqlite3.SQLITE_LOCKED:
		return fault.Wrap(fault.Busy, err, "another axon-mcp process keeps the database; try again")
	case code == sqlite3.SQLITE_IOERR:
		return fault.Wrap(fault.Unavailable, err, "the disk of the data directory failed; check it and its free space")
	}
	return err
}
