package store

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/axon-mcp/axon-mcp/fault"
)

func TestLockIsExclusiveAndFreed(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a.lock")
	unlock := lockTest(t, path)
	if _, ok, err := Lock(path); err != nil || ok {
		t.Fatalf("second while held: %v %v", ok, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := LockWait(ctx, path); !errors.Is(err, context.Canceled) {
		t.Fatalf("LockWait: %v", err)
	}
	unlock()
	unlock()
	lockTest(t, path)()
}

func lockTest(t *testing.T, path string) (unlock func()) {
	t.Helper()
	unlock, ok, err := Lock(path)
	if err != nil || !ok {
		t.Fatalf("lock: %v %v", ok, err)
	}
	return unlock
}

func TestLockOutlivesItsRemoval(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a.lock")
	first := lockTest(t, path)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	second := lockTest(t, path) // a new file of that name
	first()
	if _, ok, err := Lock(path); err != nil || ok {
		t.Fatalf("the first holder's unlock freed the second's lock: %v %v", ok, err)
	}
	second()
}

// TestLockWhileOthersRemove holds that a file that its holder removes never
// lets two in at once.
func TestLockWhileOthersRemove(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a.lock")
	var inside atomic.Int32
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 50 {
				unlock, err := LockWait(t.Context(), path)
				if err != nil {
					t.Error(err)
					return
				}
				if n := inside.Add(1); n != 1 {
					t.Errorf("%d holders", n)
				}
				inside.Add(-1) // with the name, the lock is gone
				if err := os.Remove(path); err != nil {
					t.Error(err)
				}
				unlock()
			}
		})
	}
	wg.Wait()
}

// TestTurnstileIsNotWaitedForWithoutEnd holds that a process that was stopped in
// the turnstile costs the others their writes, and not their life.
func TestTurnstileIsNotWaitedForWithoutEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "turn.lock")
		stopped, waiter := turnTest(t, path), turnTest(t, path)
		leave, err := stopped.enter(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := waiter.enter(t.Context()); fault.CodeOf(err) != fault.Busy {
			t.Fatalf("got %v, want busy", err)
		}
		leave()
		leave, err = waiter.enter(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		leave()
	})
}

func turnTest(t *testing.T, path string) *turn {
	t.Helper()
	turn, err := newTurn(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = turn.close() })
	return turn
}
