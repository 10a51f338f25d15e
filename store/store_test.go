package store

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/axon-mcp/axon-mcp/fault"
)

func TestOpenFreshByManyAtOnce(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "new", "data")
	var wg sync.WaitGroup
	errs := make([]error, 5)
	for i := range errs {
		wg.Go(func() {
			db, err := Open(t.Context(), dir)
			if err != nil {
				errs[i] = err
				return
			}
			errs[i] = errors.Join(db.Check(t.Context()), db.Close())
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]os.FileMode{"": 0o700, fileName: 0o600} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("mode of %q: got %o, want %o", name, got, want)
		}
	}
}

func TestTxRollsBack(t *testing.T) {
	t.Parallel()
	db, err := Open(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	boom := errors.New("boom")
	err = db.Tx(t.Context(), func(tx *sql.Tx) error {
		if _, err := tx.Exec(`CREATE TABLE left_over (a)`); err != nil {
			return err
		}
		return boom
	})
	if !errors.Is(err, boom) {
		t.Fatalf("got %v, want boom", err)
	}
	var n int
	if err := db.Read.QueryRow(`SELECT count(*) FROM sqlite_schema WHERE name = 'left_over'`).Scan(&n); err != nil || n != 0 {
		t.Fatalf("the rolled back table stands: %d %v", n, err)
	}
}

func TestReadPoolCannotWrite(t *testing.T) {
	t.Parallel()
	db, err := Open(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Read.Exec(`CREATE TABLE x (a)`); err == nil {
		t.Fatal("the read pool wrote")
	}
}

func TestOpenRefusals(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		prepare func(t *testing.T, dir string)
		code    fault.Code
		says    string
	}{
		"newer schema": {func(t *testing.T, dir string) {
			db, err := Open(t.Context(), dir)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			if _, err := db.Write.Exec(`INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, 1)`); err != nil {
				t.Fatal(err)
			}
		}, fault.Conflict, "newer axon-mcp"},
		"not a database": {func(t *testing.T, dir string) {
			if err := os.WriteFile(filepath.Join(dir, fileName), []byte(strings.Repeat("garbage ", 1024)), 0o600); err != nil {
				t.Fatal(err)
			}
		}, fault.Unavailable, "damaged"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			test.prepare(t, dir)
			_, err := Open(t.Context(), dir)
			if got := fault.CodeOf(err); got != test.code {
				t.Fatalf("got %q (%v), want %q", got, err, test.code)
			}
			if got := fault.MessageOf(err); !strings.Contains(got, test.says) {
				t.Errorf("the message %q does not say %q", got, test.says)
			}
		})
	}
}

func TestLockIsExclusiveAndFreed(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a.lock")
	unlock, ok, err := Lock(path)
	if err != nil || !ok {
		t.Fatalf("first: %v %v", ok, err)
	}
	if _, ok, err := Lock(path); err != nil || ok {
		t.Fatalf("second while held: %v %v", ok, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := LockWait(ctx, path); !errors.Is(err, context.Canceled) {
		t.Fatalf("LockWait: %v", err)
	}
	unlock()
	unlock, ok, err = Lock(path)
	if err != nil || !ok {
		t.Fatalf("after unlock: %v %v", ok, err)
	}
	unlock()
}

func BenchmarkOpenExisting(b *testing.B) {
	dir := b.TempDir()
	for b.Loop() {
		db, err := Open(b.Context(), dir)
		if err != nil {
			b.Fatal(err)
		}
		if err := db.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
