package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"time"

	_ "modernc.org/sqlite" // registers the driver "sqlite"

	"github.com/axon-mcp/axon-mcp/fault"
)

const (
	fileName = "axon.db"
	readers  = 8
	// idle is how long an unused connection keeps its page cache.
	idle = time.Minute
	// busyTimeout is how long SQLite itself waits for the write lock.
	busyTimeout = 5 * time.Second
	// patience is how long Tx waits in all before it gives up with Busy.
	patience = 30 * time.Second
	// checkTime bounds how long Check looks for damage.
	checkTime = 2 * time.Second
)

// DB is the open database of one data directory. It is safe for concurrent use.
type DB struct {
	// Write has one connection, whose transactions begin IMMEDIATE. Use Tx.
	Write *sql.DB
	// Read is a pool of connections that cannot write.
	Read *sql.DB
	// Dir is the data directory, absolute.
	Dir string
	// ReadOnly tells that the directory cannot be written: Tx and Check fail.
	ReadOnly bool

	turn *turn // nil where ReadOnly
}

// Open makes dir where it is missing (0700), opens its database (0600) and
// brings the schema up to date. A database that cannot be written is opened for
// reading alone. It fails with Unavailable where the disk is full or damaged, or
// read-only without a database, and with Conflict where a newer program has
// written the schema.
func Open(ctx context.Context, dir string) (*DB, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("data directory %q: %w", dir, err)
	}
	db, err := openDir(ctx, dir)
	if err != nil && cannotWrite(err) {
		if only, cause := openReadOnly(ctx, dir, filepath.Join(dir, fileName)); cause == nil {
			return only, nil
		} else if fault.CodeOf(cause) == fault.Unavailable || fault.CodeOf(cause) == fault.Conflict {
			err = cause
		}
	}
	if err != nil {
		return nil, atDir(dir, Explain(err))
	}
	return db, nil
}

func openDir(ctx context.Context, dir string) (*DB, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, cannotMake(err)
	}
	path := filepath.Join(dir, fileName)
	if err := touch(path); err != nil {
		return nil, fmt.Errorf("make the database: %w", err)
	}
	turn, err := newTurn(filepath.Join(dir, "turn.lock"))
	if err != nil {
		return nil, err
	}
	db := &DB{Dir: dir, turn: turn}
	if db.Write, err = pool(path, 1, "&_txlock=immediate"); err != nil {
		return nil, errors.Join(err, turn.close())
	}
	if db.Read, err = pool(path, readers, "&_pragma=query_only(1)"); err != nil {
		return nil, errors.Join(err, db.Write.Close(), turn.close())
	}
	if err := db.migrate(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// cannotMake is what the user is told where the data directory cannot be made.
func cannotMake(err error) error {
	told := Explain(fmt.Errorf("make the data directory: %w", err))
	if fault.CodeOf(told) != fault.Internal {
		return told
	}
	return fault.Wrap(fault.Unavailable, told, "the data directory cannot be made: %v; set AXON_DATA_DIR to another", err)
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

// pool prepares connections; the first use opens them. WAL is a property of
// the file, which migrate sets: to switch needs the file alone.
func pool(path string, conns int, more string) (*sql.DB, error) {
	dsn := "file:" + (&url.URL{Path: filepath.ToSlash(path)}).EscapedPath() +
		"?_busy_timeout=" + strconv.FormatInt(busyTimeout.Milliseconds(), 10) +
		"&_pragma=synchronous(NORMAL)&_pragma=foreign_keys(1)&_pragma=temp_store(MEMORY)" +
		"&_pragma=journal_size_limit(67108864)&_pragma=cache_size(-2048)" + more
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	db.SetConnMaxIdleTime(idle)
	return db, nil
}

// Close closes both pools.
func (db *DB) Close() error {
	if db.ReadOnly {
		return db.Read.Close() // both pools are one
	}
	return errors.Join(db.Read.Close(), db.Write.Close(), db.turn.close())
}

// Tx runs do in one write transaction and commits when it returns nil. Where
// another process keeps the write lock it waits, at most 30 s, and then fails
// with Busy. do runs once at most, must use tx alone (the write pool has but
// one connection), and must not wait for anything else meanwhile: every other
// writer waits for it.
func (db *DB) Tx(ctx context.Context, do func(tx *sql.Tx) error) error {
	if db.ReadOnly {
		return refuseWrite()
	}
	conn, err := db.Write.Conn(ctx)
	if err != nil {
		return Explain(fmt.Errorf("wait for the write connection: %w", err))
	}
	defer func() { _ = conn.Close() }() // gives it back to the pool
	tx, err := db.begin(ctx, conn)
	if err == nil {
		err = finish(tx, do)
	}
	return Explain(err)
}

// begin begins a transaction behind the turnstile. The connection is held
// already: that way a process never stands in the turnstile with more than one
// transaction, and another's turn comes after each of ours.
func (db *DB) begin(ctx context.Context, conn *sql.Conn) (*sql.Tx, error) {
	leave, err := db.turn.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	begun := time.Now()
	for {
		tx, err := conn.BeginTx(ctx, nil)
		if err == nil {
			return tx, nil
		}
		if !isBusy(err) || ctx.Err() != nil || time.Since(begun) > patience {
			return nil, fmt.Errorf("begin a transaction: %w", err)
		}
	}
}

// finish runs do and ends the transaction, by a rollback where do panics.
func finish(tx *sql.Tx, do func(tx *sql.Tx) error) error {
	defer func() { _ = tx.Rollback() }() // ErrTxDone after a commit
	if err := do(tx); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// Check proves that the database can be written, that its schema is the one
// that this program knows, and for at most 2 s that the file is undamaged.
func (db *DB) Check(ctx context.Context) error {
	missing, err := pending(ctx, db.Read)
	if err != nil {
		return atDir(db.Dir, Explain(err))
	}
	if len(missing) > 0 {
		return fault.Errorf(fault.Unavailable, "the schema in %s lacks %d migrations; start axon-mcp again", db.Dir, len(missing))
	}
	if err := db.Tx(ctx, touchHeader); err != nil {
		return atDir(db.Dir, err)
	}
	return atDir(db.Dir, Explain(db.findDamage(ctx)))
}

// touchHeader writes a page without changing what it says.
func touchHeader(tx *sql.Tx) error {
	var v int
	if err := tx.QueryRow(`PRAGMA user_version`).Scan(&v); err != nil {
		return fmt.Errorf("read the header: %w", err)
	}
	if _, err := tx.Exec(`PRAGMA user_version = ` + strconv.Itoa(v)); err != nil {
		return fmt.Errorf("write the header: %w", err)
	}
	return nil
}

func (db *DB) findDamage(ctx context.Context) error {
	limited, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	var verdict string
	err := db.Read.QueryRowContext(limited, `PRAGMA quick_check(1)`).Scan(&verdict)
	switch {
	case err != nil && limited.Err() != nil:
		return ctx.Err() // too big to read whole: no damage so far
	case err != nil:
		return fmt.Errorf("check the database: %w", err)
	case verdict != "ok":
		return fault.Wrap(fault.Unavailable, errors.New(verdict), damaged)
	}
	return nil
}
