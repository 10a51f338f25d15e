package store

import (
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/axon-mcp/axon-mcp/fault"
)

// tmpfs mounts a small disk of its own, or skips the test.
func tmpfs(t *testing.T, options string) string {
	t.Helper()
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, options); err != nil {
		t.Skipf("mounting needs root: %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

func wantUnavailable(t *testing.T, what string, err error, says string) {
	t.Helper()
	if fault.CodeOf(err) != fault.Unavailable || !strings.Contains(fault.MessageOf(err), says) {
		t.Errorf("%s: got %q %q (%v), want unavailable that says %q", what, fault.CodeOf(err), fault.MessageOf(err), err, says)
	}
}

func TestFullDisk(t *testing.T) {
	t.Parallel()
	dir := tmpfs(t, "size=1m,mode=700")
	db := openTest(t, dir)
	exec(t, db, `CREATE TABLE big (a)`)
	rows := 0
	insert := func(tx *sql.Tx) error {
		_, err := tx.Exec(`INSERT INTO big VALUES (zeroblob(20000))`)
		return err
	}
	var err error
	for ; err == nil && rows < 100; rows++ {
		err = db.Tx(t.Context(), insert)
	}
	wantUnavailable(t, "write", err, "full")
	if n := count(t, db, "big"); n != rows-1 {
		t.Errorf("%d rows stand, want %d", n, rows-1)
	}
	if other, err := Open(t.Context(), dir); err == nil { // may or may not find room for its files
		if n := count(t, other, "big"); n != rows-1 {
			t.Errorf("another opening sees %d rows, want %d", n, rows-1)
		}
		if err := other.Close(); err != nil {
			t.Error(err)
		}
	}
	if err := unix.Mount("", dir, "", unix.MS_REMOUNT, "size=4m"); err != nil {
		t.Fatal(err)
	}
	if err := db.Tx(t.Context(), insert); err != nil {
		t.Errorf("with room again: %v", err)
	}
	if err := db.Check(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestFullDiskFromTheStart(t *testing.T) {
	t.Parallel()
	for _, size := range []string{"4k", "100k"} {
		_, err := Open(t.Context(), filepath.Join(tmpfs(t, "size="+size), "data"))
		wantUnavailable(t, size, err, "full")
	}
}

func TestReadOnlyDisk(t *testing.T) {
	t.Parallel()
	dir := tmpfs(t, "size=4m")
	db, err := Open(t.Context(), filepath.Join(dir, "data"))
	if err != nil {
		t.Fatal(err)
	}
	exec(t, db, `CREATE TABLE a (b)`)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("", dir, "", unix.MS_REMOUNT|unix.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	only, err := Open(t.Context(), filepath.Join(dir, "data"))
	if err != nil {
		t.Fatalf("existing: %v", err)
	}
	if n := count(t, only, "a"); n != 0 || !only.ReadOnly {
		t.Errorf("%d rows, read-only %v", n, only.ReadOnly)
	}
	wantUnavailable(t, "write", only.Tx(t.Context(), func(*sql.Tx) error { return nil }), "only be searched")
	wantUnavailable(t, "check", only.Check(t.Context()), "only be searched")
	if err := only.Close(); err != nil {
		t.Error(err)
	}
	_, err = Open(t.Context(), filepath.Join(dir, "new"))
	wantUnavailable(t, "fresh", err, "cannot be written")
	if err := unix.Mount("", dir, "", unix.MS_REMOUNT, ""); err != nil {
		t.Fatal(err)
	}
	if err := openTest(t, filepath.Join(dir, "data")).Check(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestReadOnlyAfterACrash has rows in a WAL that nobody checkpointed: they must
// be seen, or the opening must fail; never may they be left out in silence.
func TestReadOnlyAfterACrash(t *testing.T) {
	t.Parallel()
	dir := tmpfs(t, "size=8m")
	db := openTest(t, filepath.Join(dir, "data"))
	exec(t, db, `CREATE TABLE a (b)`)
	exec(t, db, `INSERT INTO a VALUES (1)`)
	copied := filepath.Join(dir, "copy")
	if err := os.Mkdir(copied, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"axon.db", "axon.db-wal"} { // as a kill -9 would leave them
		data, err := os.ReadFile(filepath.Join(dir, "data", name))
		if err == nil {
			err = os.WriteFile(filepath.Join(copied, name), data, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	bind := t.TempDir()
	if err := unix.Mount(copied, bind, "", unix.MS_BIND, ""); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Unmount(bind, unix.MNT_DETACH) })
	if err := unix.Mount("", bind, "", unix.MS_REMOUNT|unix.MS_BIND|unix.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	only, err := Open(t.Context(), bind)
	if err != nil {
		wantUnavailable(t, "open", err, "cannot be written")
		return
	}
	defer only.Close()
	if n := count(t, only, "a"); n != 1 {
		t.Errorf("%d rows are seen, want 1", n)
	}
}

func TestForbiddenDirectory(t *testing.T) {
	t.Parallel()
	if os.Geteuid() == 0 {
		t.Skip("root may write everywhere")
	}
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	_, err := Open(t.Context(), dir)
	wantUnavailable(t, "open", err, "cannot be written")
}
