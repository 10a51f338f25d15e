package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/axon-mcp/axon-mcp/fault"
)

// lockPoll is how often LockWait looks again.
const lockPoll = 5 * time.Millisecond

// Lock takes the lock of the file at path, which it makes where missing (0600).
// ok is false when another holder, in this process or another, has it. The
// system frees a lock when its process ends, however it ends. unlock may be
// called more than once. The holder may remove the file before it unlocks.
func Lock(path string) (unlock func(), ok bool, err error) {
	for {
		f, err := openLock(path)
		if err != nil {
			return nil, false, fmt.Errorf("open the lock %s: %w", path, err)
		}
		ok, err := tryLock(f)
		if err != nil || !ok {
			_ = f.Close() // nothing was written
			if err != nil {
				err = fmt.Errorf("lock %s: %w", path, err)
			}
			return nil, false, err
		}
		if stands(f, path) {
			return func() { _ = f.Close() }, true, nil // closing frees the lock
		}
		_ = f.Close() // the holder before us has removed it: a lock on nothing
	}
}

// stands reports whether path still names the open file.
func stands(f *os.File, path string) bool {
	open, err := f.Stat()
	if err != nil {
		return false
	}
	named, err := os.Stat(path)
	return err == nil && os.SameFile(open, named)
}

// LockWait is Lock that waits for its turn, until ctx ends.
func LockWait(ctx context.Context, path string) (unlock func(), err error) {
	for {
		unlock, ok, err := Lock(path)
		if err != nil || ok {
			return unlock, err
		}
		if err := pause(ctx, lockPoll); err != nil {
			return nil, fmt.Errorf("wait for the lock %s: %w", path, err)
		}
	}
}

// turn is the turnstile before a write transaction: one file lock, kept open.
// It is used by one transaction at a time, as there is one write connection.
type turn struct{ file *os.File }

func newTurn(path string) (*turn, error) {
	f, err := openLock(path)
	if err != nil {
		return nil, fmt.Errorf("open the turnstile: %w", err)
	}
	return &turn{f}, nil
}

// enter waits for the turnstile until ctx ends. It looks every millisecond: a
// holder leaves as soon as its transaction has begun. One that does not leave is
// stopped, or hangs on its disk: after patience that is Busy.
func (t *turn) enter(ctx context.Context) (leave func(), err error) {
	for begun := time.Now(); ; {
		ok, err := tryLock(t.file)
		if err != nil {
			return nil, fmt.Errorf("lock the turnstile: %w", err)
		}
		if ok {
			return func() { _ = unlockFile(t.file) }, nil // fails only when closed, which frees it
		}
		if time.Since(begun) > patience {
			return nil, fault.New(fault.Busy, "other axon-mcp processes have held the database for "+patience.String()+"; where one is stopped, let it go on or end it, and try again")
		}
		if err := pause(ctx, time.Millisecond); err != nil {
			return nil, fmt.Errorf("wait for other writers: %w", err)
		}
	}
}

func (t *turn) close() error {
	if err := t.file.Close(); err != nil && !errors.Is(err, os.ErrClosed) {
		return fmt.Errorf("close the turnstile: %w", err)
	}
	return nil
}

// pause waits, or returns the cause of ctx's end.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
