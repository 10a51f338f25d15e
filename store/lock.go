package store

import (
	"context"
	"fmt"
	"os"
	"time"
)

// lockPoll is how often LockWait looks again.
const lockPoll = 10 * time.Millisecond

// Lock takes the lock of the file at path, which it makes where missing. ok is
// false when another holder, in this process or another, has it. The system
// frees a lock when its process ends, however it ends. unlock may be called
// more than once.
func Lock(path string) (unlock func(), ok bool, err error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, false, fmt.Errorf("open the lock %s: %w", path, err)
	}
	ok, err = tryLock(f)
	if err != nil || !ok {
		_ = f.Close() // nothing was written
		if err != nil {
			err = fmt.Errorf("lock %s: %w", path, err)
		}
		return nil, false, err
	}
	return func() { _ = f.Close() }, true, nil // closing frees the lock
}

// LockWait is Lock that waits for its turn, until ctx ends.
func LockWait(ctx context.Context, path string) (unlock func(), err error) {
	tick := time.NewTicker(lockPoll)
	defer tick.Stop()
	for {
		unlock, ok, err := Lock(path)
		if err != nil || ok {
			return unlock, err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil, fmt.Errorf("wait for the lock %s: %w", path, context.Cause(ctx))
		}
	}
}
