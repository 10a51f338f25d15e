package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"

	sqlite3 "modernc.org/sqlite/lib"

	"github.com/axon-mcp/axon-mcp/fault"
)

// errReadOnly is what a write to a directory fails with that was opened for
// reading alone.
var errReadOnly = errors.New("the data directory was opened for reading alone")

const readOnlyAdvice = "the data directory cannot be written, so that it can only be searched; check its owner, permissions and mount and start again, or set AXON_DATA_DIR to another"

// cannotWrite reports whether opening failed because the directory, its disk or
// its files may not be written.
func cannotWrite(err error) bool {
	code := sqliteCode(err) & 0xff
	return code == sqlite3.SQLITE_READONLY || code == sqlite3.SQLITE_CANTOPEN || code == sqlite3.SQLITE_PERM ||
		errors.Is(err, fs.ErrPermission) || isReadOnly(err)
}

// openReadOnly opens a database that is there already for reading alone, such
// as one on a read-only mount or of another user. It writes nothing at all.
//
// SQLite reads a WAL database through the -shm file beside it, which it makes
// where missing. Where that cannot be, nobody has the database open, and a WAL
// that is empty says that all is in the database: then it can be taken for
// immutable.
func openReadOnly(ctx context.Context, dir, path string) (*DB, error) {
	var errs error
	for _, more := range []string{"&mode=ro", "&mode=ro&immutable=1"} {
		if more != "&mode=ro" && !isEmpty(path+"-wal") {
			break
		}
		db := &DB{Dir: dir, ReadOnly: true}
		var err error
		if db.Read, err = pool(path, readers, "&_pragma=query_only(1)"+more); err != nil {
			return nil, err
		}
		db.Write = db.Read
		if err = checkSchema(ctx, db.Read); err == nil {
			return db, nil
		}
		errs = errors.Join(errs, err, db.Read.Close())
		if !cannotWrite(err) {
			break
		}
	}
	return nil, errs
}

func isEmpty(path string) bool {
	info, err := os.Stat(path)
	return errors.Is(err, fs.ErrNotExist) || err == nil && info.Size() == 0
}

// checkSchema refuses a schema that cannot be brought up to date here.
func checkSchema(ctx context.Context, db *sql.DB) error {
	missing, err := pending(ctx, db)
	if err != nil {
		return err
	}
	if len(missing) > 0 {
		return fault.New(fault.Unavailable, "the data directory cannot be written, and an older axon-mcp wrote its schema; start this one once where it may write, or set AXON_DATA_DIR to another")
	}
	return nil
}

// refuseWrite is the error of every write to such a database.
func refuseWrite() error {
	return fault.Wrap(fault.Unavailable, fmt.Errorf("begin a transaction: %w", errReadOnly), readOnlyAdvice)
}
