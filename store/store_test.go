package store

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/axon-mcp/axon-mcp/fault"
)

func openTest(t testing.TB, dir string) *DB {
	t.Helper()
	db, err := Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func exec(t testing.TB, db *DB, query string, args ...any) {
	t.Helper()
	err := db.Tx(t.Context(), func(tx *sql.Tx) error {
		_, err := tx.Exec(query, args...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func count(t testing.TB, db *DB, table string) int {
	t.Helper()
	var n int
	if err := db.Read.QueryRow(`SELECT count(*) FROM ` + table).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestOpenFreshByManyAtOnce(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "new", "d a%t?a")
	var wg sync.WaitGroup
	errs := make([]error, 8)
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
	db := openTest(t, dir)
	exec(t, db, `CREATE TABLE a (b)`)
	for name, want := range map[string]os.FileMode{
		"": 0o700, fileName: 0o600, fileName + "-wal": 0o600, fileName + "-shm": 0o600, "turn.lock": 0o600,
	} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("mode of %q: got %o, want %o", name, got, want)
		}
	}
}

func TestConnectionsAreSetUp(t *testing.T) {
	t.Parallel()
	db := openTest(t, t.TempDir())
	for pragma, want := range map[string]string{
		"journal_mode": "wal", "synchronous": "1", "foreign_keys": "1", "busy_timeout": "5000", "temp_store": "2",
	} {
		for name, pool := range map[string]*sql.DB{"write": db.Write, "read": db.Read} {
			var got string
			if err := pool.QueryRow(`PRAGMA ` + pragma).Scan(&got); err != nil || got != want {
				t.Errorf("%s: %s = %q (%v), want %q", name, pragma, got, err, want)
			}
		}
	}
	if _, err := db.Read.Exec(`CREATE TABLE x (a)`); err == nil {
		t.Error("the read pool wrote")
	}
}

func TestTxRollsBack(t *testing.T) {
	t.Parallel()
	db := openTest(t, t.TempDir())
	exec(t, db, `CREATE TABLE kept (a)`)
	boom := errors.New("boom")
	insert := func(tx *sql.Tx) {
		if _, err := tx.Exec(`INSERT INTO kept VALUES (1)`); err != nil {
			t.Error(err)
		}
	}
	err := db.Tx(t.Context(), func(tx *sql.Tx) error { insert(tx); return boom })
	if !errors.Is(err, boom) {
		t.Errorf("got %v, want boom", err)
	}
	func() {
		defer func() { _ = recover() }()
		_ = db.Tx(t.Context(), func(tx *sql.Tx) error { insert(tx); panic("boom") })
	}()
	ctx, cancel := context.WithCancel(t.Context())
	err = db.Tx(ctx, func(tx *sql.Tx) error {
		insert(tx)
		cancel()
		_, err := tx.ExecContext(ctx, `INSERT INTO kept VALUES (2)`)
		return err
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("canceled in the middle: %v", err)
	}
	if n := count(t, db, "kept"); n != 0 {
		t.Errorf("%d rows of rolled back transactions stand", n)
	}
	exec(t, db, `INSERT INTO kept VALUES (3)`) // the connection still works
}

func TestTxEndsWithItsContext(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	holder, waiter := openTest(t, dir), openTest(t, dir)
	ctx, cancel := context.WithCancel(t.Context())
	err := holder.Tx(t.Context(), func(*sql.Tx) error {
		begun := make(chan struct{})
		failed := make(chan error, 1)
		go func() {
			close(begun)
			failed <- waiter.Tx(ctx, func(*sql.Tx) error { t.Error("two writers at once"); return nil })
		}()
		<-begun
		cancel()
		return <-failed
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v, want the context's end", err)
	}
}

// TestWritersTakeTurns holds that no update is lost between openings.
func TestWritersTakeTurns(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	exec(t, openTest(t, dir), `CREATE TABLE n (v INTEGER)`)
	exec(t, openTest(t, dir), `INSERT INTO n VALUES (0)`)
	var wg sync.WaitGroup
	for range 3 {
		db := openTest(t, dir)
		for range 4 {
			wg.Go(func() {
				for range 10 {
					if err := db.Tx(t.Context(), increment); err != nil {
						t.Error(err)
					}
				}
			})
		}
	}
	wg.Wait()
	var v int
	if err := openTest(t, dir).Read.QueryRow(`SELECT v FROM n`).Scan(&v); err != nil || v != 120 {
		t.Fatalf("got %d (%v), want 120", v, err)
	}
}

func increment(tx *sql.Tx) error {
	var v int
	if err := tx.QueryRow(`SELECT v FROM n`).Scan(&v); err != nil {
		return err
	}
	_, err := tx.Exec(`UPDATE n SET v = ?`, v+1)
	return err
}

func TestOpenRefusals(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		prepare func(t *testing.T, dir string)
		code    fault.Code
		says    string
	}{
		"newer schema": {func(t *testing.T, dir string) {
			exec(t, openTest(t, dir), `INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, 1)`)
		}, fault.Conflict, "newer axon-mcp (schema 9999"},
		"not a database": {func(t *testing.T, dir string) {
			write(t, filepath.Join(dir, fileName), strings.Repeat("garbage ", 1024))
		}, fault.Unavailable, "damaged"},
		"a file in the way": {func(t *testing.T, dir string) {
			if err := os.Remove(dir); err != nil {
				t.Fatal(err)
			}
			write(t, dir, "")
		}, fault.Unavailable, "not a folder"},
		"a link to nowhere": {func(t *testing.T, dir string) {
			if err := errors.Join(os.Remove(dir), os.Symlink(dir+"-gone", dir)); err != nil {
				t.Fatal(err)
			}
		}, fault.Unavailable, "cannot be made: mkdir"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "data")
			if err := os.Mkdir(dir, 0o700); err != nil {
				t.Fatal(err)
			}
			test.prepare(t, dir)
			_, err := Open(t.Context(), dir)
			if got := fault.CodeOf(err); got != test.code {
				t.Fatalf("got %q (%v), want %q", got, err, test.code)
			}
			if got := fault.MessageOf(err); !strings.Contains(got, test.says) || !strings.Contains(got, dir) {
				t.Errorf("the message %q does not say %q of %s", got, test.says, dir)
			}
		})
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestMigratesWhatIsMissing stands for an update of the program: one migration
// of the middle has not run yet.
func TestMigratesWhatIsMissing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	db := openTest(t, dir)
	exec(t, db, `DROP TABLE job_events`)
	exec(t, db, `DROP TABLE jobs`)
	exec(t, db, `DELETE FROM goose_db_version WHERE version_id = 1`)
	if err := db.Check(t.Context()); fault.CodeOf(err) != fault.Unavailable {
		t.Errorf("Check of an old schema: %v", err)
	}
	if n := count(t, openTest(t, dir), "jobs"); n != 0 {
		t.Errorf("%d jobs", n)
	}
}

func TestCheckFindsDamage(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	db := openTest(t, dir)
	exec(t, db, `CREATE TABLE big (a)`)
	exec(t, db, `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < 500) INSERT INTO big SELECT randomblob(500) FROM n`)
	if err := db.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(filepath.Join(dir, fileName), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt([]byte(strings.Repeat("x", 100<<10)), 150<<10); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if err := openTest(t, dir).Check(t.Context()); fault.CodeOf(err) != fault.Unavailable || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("got %v, want damage", err)
	}
}

func TestExplainLeavesTheRestAlone(t *testing.T) {
	t.Parallel()
	ours := errors.New("ours")
	known := fault.New(fault.NotFound, "no such job")
	for _, err := range []error{nil, ours, known, context.Canceled, context.DeadlineExceeded} {
		if got := Explain(err); got != err {
			t.Errorf("Explain(%v) = %v", err, got)
		}
	}
}

func BenchmarkOpenFresh(b *testing.B) {
	dir := b.TempDir()
	for i := 0; b.Loop(); i++ {
		closeNow(b, filepath.Join(dir, strings.Repeat("a", i%200+1), strings.Repeat("b", i/200+1)))
	}
}

func BenchmarkOpenExisting(b *testing.B) {
	dir := b.TempDir()
	closeNow(b, dir)
	for b.Loop() {
		closeNow(b, dir)
	}
}

func closeNow(b *testing.B, dir string) {
	b.Helper()
	db, err := Open(b.Context(), dir)
	if err != nil {
		b.Fatal(err)
	}
	if err := db.Close(); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkTxBesideABusyWriter measures how long a small transaction waits
// beside a process that writes 5 ms long ones without a pause.
func BenchmarkTxBesideABusyWriter(b *testing.B) {
	dir := b.TempDir()
	busy, small := openTest(b, dir), openTest(b, dir)
	exec(b, busy, `CREATE TABLE big (a)`)
	var stop atomic.Bool
	var wg sync.WaitGroup
	wg.Go(func() {
		for !stop.Load() {
			exec(b, busy, `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < 2000) INSERT INTO big SELECT zeroblob(500) FROM n`)
			exec(b, busy, `DELETE FROM big`)
		}
	})
	for b.Loop() {
		exec(b, small, `DELETE FROM big WHERE a = 'none'`)
	}
	stop.Store(true)
	wg.Wait()
}
