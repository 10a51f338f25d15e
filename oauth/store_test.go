package oauth_test

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/axon-mcp/axon-mcp/fault"
	"github.com/axon-mcp/axon-mcp/oauth"
	"github.com/axon-mcp/axon-mcp/oauth/oauthtest"
	"github.com/axon-mcp/axon-mcp/secret"
	"github.com/axon-mcp/axon-mcp/store"
)

// clock is a time that a test moves.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func newClock() *clock { return &clock{at: time.Now()} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

func newSQLite(t testing.TB, now func() time.Time) (*oauth.SQLite, string) {
	t.Helper()
	dir := t.TempDir()
	db, err := store.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return oauth.NewSQLite(func(context.Context) (*store.DB, error) { return db, nil }, now), dir
}

func newRedis(t testing.TB, address string, now func() time.Time) *oauth.Redis {
	t.Helper()
	st, err := oauth.NewRedis(secret.New("redis://"+address), "", now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	return st
}

// realRedis is a redis-server of the test's own.
type realRedis struct {
	t       testing.TB
	dir     string
	port    string
	process *exec.Cmd
}

func startRedis(t testing.TB) *realRedis {
	t.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("redis-server is missing: make setup installs it")
		}
		t.Skip("redis-server is not here: make setup installs it")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	_ = l.Close()
	r := &realRedis{t: t, dir: t.TempDir(), port: port}
	t.Cleanup(r.stop)
	r.start()
	return r
}

func (r *realRedis) address() string { return "127.0.0.1:" + r.port }

func (r *realRedis) start() {
	r.t.Helper()
	r.process = exec.Command("redis-server", "--port", r.port, "--bind", "127.0.0.1", "--dir", r.dir, "--save", "", "--appendonly", "yes", "--appendfsync", "no")
	if err := r.process.Start(); err != nil {
		r.t.Fatal(err)
	}
	client := redis.NewClient(&redis.Options{Addr: r.address(), MaxRetries: -1})
	defer client.Close()
	for begun := time.Now(); client.Ping(context.Background()).Err() != nil; {
		if time.Since(begun) > 20*time.Second {
			r.t.Fatal("redis-server does not answer")
		}
		time.Sleep(20 * time.Millisecond) // it is another process: there is nothing to wait for
	}
}

func (r *realRedis) stop() {
	if r.process == nil {
		return
	}
	_ = r.process.Process.Kill()
	_ = r.process.Wait()
	r.process = nil
}

func TestStoreSQLite(t *testing.T) {
	t.Parallel()
	c := newClock()
	st, _ := newSQLite(t, c.now)
	oauthtest.Suite(t, st, c.pass)
}

func TestStoreMiniredis(t *testing.T) {
	t.Parallel()
	c := newClock()
	server := miniredis.RunT(t)
	oauthtest.Suite(t, newRedis(t, server.Addr(), c.now), func(d time.Duration) { c.pass(d); server.FastForward(d) })
}

func TestStoreRedis(t *testing.T) {
	t.Parallel()
	server := startRedis(t)
	st := newRedis(t, server.address(), nil)
	oauthtest.Suite(t, st, nil)
	// Away: unavailable, with a time, and at once. Back: it works, and has kept what it had.
	if err := st.Put(t.Context(), oauth.KindGrant, "kept", []byte("1"), time.Hour); err != nil {
		t.Fatal(err)
	}
	server.stop()
	begun := time.Now()
	_, err := st.Get(t.Context(), oauth.KindGrant, "kept")
	if fault.CodeOf(err) != fault.Unavailable || fault.RetryAfter(err) == 0 || time.Since(begun) > 5*time.Second {
		t.Errorf("away: %v after %s", err, time.Since(begun))
	}
	server.start()
	if v, err := st.Get(t.Context(), oauth.KindGrant, "kept"); err != nil || string(v) != "1" {
		t.Errorf("back: %q, %v", v, err)
	}
	if files, err := filepath.Glob(filepath.Join(server.dir, "*")); err != nil || len(files) == 0 {
		t.Errorf("no files of Redis: %v", err)
	}
}

// filesOf is all that the files of a folder hold.
func filesOf(t testing.TB, dir string) string {
	t.Helper()
	var all []byte
	files, err := os.ReadDir(dir)
	if err != nil || len(files) == 0 {
		t.Fatalf("no files in %s: %v", dir, err)
	}
	for _, file := range files {
		raw, err := os.ReadFile(filepath.Join(dir, file.Name()))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, raw...)
	}
	return string(all)
}
