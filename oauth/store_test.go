package oauth_test

import (
	"context"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"

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
	server := oauthtest.StartRedis(t)
	st := newRedis(t, server.Address(), nil)
	oauthtest.Suite(t, st, nil)
	// Away: unavailable, with a time, and at once. Back: it works, and has kept what it had.
	if err := st.Put(t.Context(), oauth.KindGrant, "kept", []byte("1"), time.Hour); err != nil {
		t.Fatal(err)
	}
	server.Stop()
	begun := time.Now()
	_, err := st.Get(t.Context(), oauth.KindGrant, "kept")
	if fault.CodeOf(err) != fault.Unavailable || fault.RetryAfter(err) == 0 || time.Since(begun) > 5*time.Second {
		t.Errorf("away: %v after %s", err, time.Since(begun))
	}
	server.Start()
	if v, err := st.Get(t.Context(), oauth.KindGrant, "kept"); err != nil || string(v) != "1" {
		t.Errorf("back: %q, %v", v, err)
	}
	if files, err := filepath.Glob(filepath.Join(server.Dir, "*")); err != nil || len(files) == 0 {
		t.Errorf("no files of Redis: %v", err)
	}
}
