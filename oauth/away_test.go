package oauth_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/axon-mcp/axon-mcp/fault"
	"github.com/axon-mcp/axon-mcp/oauth"
)

// A document that cannot be had for the moment is no proof against its client: it
// is told to come again, and keeps its tokens. What the document's server says of
// the document is.
func TestDocumentServerAway(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fetcher.docs[documentURL] = document(http.StatusOK, "application/json", goodDocument())
	w.clientID = documentURL
	_, refresh := w.tokens("client_id", documentURL)
	for name, one := range map[string]struct {
		err    error
		status int
		want   int
	}{
		"unavailable": {fault.New(fault.Unavailable, "no answer"), 0, 503},
		"timeout":     {context.DeadlineExceeded, 0, 503},
		"500":         {nil, 500, 503},
		"429":         {nil, 429, 503},
		"404":         {nil, 404, 401},
		"blocked":     {fault.New(fault.URLBlocked, "the address is not public"), 0, 401},
	} {
		w.clock.pass(61 * time.Minute)
		w.fetcher.err, w.fetcher.docs[documentURL] = one.err, document(one.status, "application/json", "{}")
		status, answer, header := w.exchange("x", "grant_type", "refresh_token", "refresh_token", refresh)
		if status != one.want || (status == 503) != (header.Get("Retry-After") != "") {
			t.Errorf("%s: %d %v, Retry-After %q", name, status, answer, header.Get("Retry-After"))
		}
	}
	w.fetcher.err, w.fetcher.docs[documentURL] = nil, document(http.StatusOK, "application/json", goodDocument())
	if status, answer := w.refresh(refresh); status != http.StatusOK {
		t.Errorf("when it is back: %d %v", status, answer)
	}
}

// crowded has no room for more access tokens.
type crowded struct {
	oauth.Store
	full bool
}

func (c *crowded) Put(ctx context.Context, kind oauth.Kind, key string, value []byte, life time.Duration) error {
	if c.full && kind == oauth.KindAccess {
		return &fault.Error{Code: fault.Busy, Message: "full", RetryAfter: time.Minute}
	}
	return c.Store.Put(ctx, kind, key, value, life)
}

// A client that waits as long as it was told to, since there was no room, still
// has a good refresh token.
func TestRefreshWithoutRoom(t *testing.T) {
	t.Parallel()
	var store *crowded
	w := newWorld(t, func(_ *oauth.Config, w *world) {
		w.store, w.dataDir = newSQLite(t, w.clock.now)
		store = &crowded{Store: w.store}
		w.store = store
	})
	_, refresh := w.tokens()
	store.full = true
	if status, answer := w.refresh(refresh); status != http.StatusServiceUnavailable {
		t.Errorf("without room: %d %v", status, answer)
	}
	store.full = false
	w.clock.pass(2 * time.Minute)
	if status, answer := w.refresh(refresh); status != http.StatusOK {
		t.Errorf("with room again: %d %v", status, answer)
	}
}

// One address has one allowance, whatever clients it names.
func TestTokenLimitOfAnAddress(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range 302 {
		name := "https://client.example/" + time.Duration(i).String()
		status, _, header := w.exchange("x", "client_id", name)
		if late := i >= 300; late != (status == http.StatusTooManyRequests) || late != (header.Get("Retry-After") != "") {
			t.Fatalf("request %d: %d, Retry-After %q", i, status, header.Get("Retry-After"))
		}
	}
	if w.fetcher.gets != 300 {
		t.Errorf("%d documents were fetched", w.fetcher.gets)
	}
}
