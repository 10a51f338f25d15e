package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"syscall"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/axon-mcp/axon-mcp/fault"
)

const damaged = "the database in the data directory is damaged; restore axon.db from a backup, or move it away and crawl again"

// Explain turns a failure of the disk or the database into a fault that tells
// the user what to do: Unavailable, or Busy where another process holds the
// write lock. Anything else comes back as it is: faults, the end of a context,
// and failures that are our own.
func Explain(err error) error {
	var f *fault.Error
	if err == nil || errors.As(err, &f) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	code := sqliteCode(err)
	switch {
	case code&0xff == sqlite3.SQLITE_FULL, code == ioErrShmSize, isFull(err):
		return fault.Wrap(fault.Unavailable, err, "the disk of the data directory is full; free some space and try again, what was stored is intact")
	case code&0xff == sqlite3.SQLITE_READONLY, code&0xff == sqlite3.SQLITE_CANTOPEN, code&0xff == sqlite3.SQLITE_PERM,
		errors.Is(err, fs.ErrPermission), isReadOnly(err):
		return fault.Wrap(fault.Unavailable, err, "the data directory cannot be written; check its owner, permissions and mount, or set AXON_DATA_DIR to another")
	case errors.Is(err, syscall.ENOTDIR):
		return fault.Wrap(fault.Unavailable, err, "the data directory is not a folder; move the file of that name away, or set AXON_DATA_DIR to another")
	case code&0xff == sqlite3.SQLITE_CORRUPT, code&0xff == sqlite3.SQLITE_NOTADB:
		return fault.Wrap(fault.Unavailable, err, damaged)
	case isBusy(err):
		return fault.Wrap(fault.Busy, err, "another axon-mcp process holds the database for long; try again")
	case code&0xff == sqlite3.SQLITE_IOERR:
		return fault.Wrap(fault.Unavailable, err, "the disk of the data directory failed or is full; check it and try again, what was stored is intact")
	}
	return err
}

// ioErrShmSize is SQLITE_IOERR_SHMSIZE: the shared memory file beside the
// database could not grow.
const ioErrShmSize = sqlite3.SQLITE_IOERR | 19<<8

// sqliteCode is the extended result code of an SQLite error, or 0.
func sqliteCode(err error) int {
	var e *sqlite.Error
	if errors.As(err, &e) {
		return e.Code()
	}
	return 0
}

func isBusy(err error) bool {
	code := sqliteCode(err) & 0xff
	return code == sqlite3.SQLITE_BUSY || code == sqlite3.SQLITE_LOCKED
}

// atDir names the data directory in a fault that Explain made, for the calls
// where the user has not just named it.
func atDir(dir string, err error) error {
	var f *fault.Error
	if !errors.As(err, &f) {
		return err
	}
	named := *f
	named.Message = fmt.Sprintf("%s (AXON_DATA_DIR is %s)", f.Message, dir)
	return &named
}
