package oauth_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/axon-mcp/axon-mcp/oauth/oauthtest"
	"github.com/axon-mcp/axon-mcp/security"
)

// G4: the whole way: the person is asked before Google is, for each client and
// each request, also when the browser is signed in.
func TestG4Flow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	browser := oauthtest.NewBrowser(t, nil)
	page := browser.Get(w.authorizeURL())
	for _, text := range []string{"Test client", "127.0.0.1:9", callback, "axon:read", w.url + "/mcp"} {
		if !strings.Contains(page.Body, text) {
			t.Errorf("the page does not name %q", text)
		}
	}
	if len(w.google.Asked()) != 0 {
		t.Error("Google was asked before the person consented")
	}
	page = browser.Answer(page, "allow")
	if page.Status != http.StatusSeeOther {
		t.Errorf("after the form: %d, want 303", page.Status)
	}
	back := browser.Follow(page)
	query := back.Query()
	if !strings.HasPrefix(back.String(), callback+"?") || query.Get("state") != "the client's state" || query.Get("iss") != w.url {
		t.Errorf("back at the client: %s", back)
	}
	status, answer, header := w.exchange(query.Get("code"))
	if status != http.StatusOK || answer["scope"] != "axon:read" || answer["token_type"] != "Bearer" || answer["expires_in"] != 3600.0 || header.Get("Cache-Control") != "no-store" {
		t.Fatalf("exchange: %d %v", status, answer)
	}
	id, err := w.server.Verify(t.Context(), answer["access_token"].(string))
	if err != nil || id.Subject != "https://accounts.google.com|1001" || id.Can(security.ScopeWrite) || !id.Can(security.ScopeRead) {
		t.Errorf("identity: %+v, %v", id, err)
	}
	// The browser is signed in now: the next client needs the person's word, and Google no more.
	page = browser.Get(w.authorizeURL("scope", "axon:write"))
	if !strings.Contains(page.Body, "alice@example.com") {
		t.Error("the page does not say who is signed in")
	}
	back = browser.Follow(browser.Answer(page, "allow", security.ScopeAdmin))
	if _, answer, _ := w.exchange(back.Query().Get("code")); answer["scope"] != "axon:write axon:admin" || len(w.google.Asked()) != 1 {
		t.Errorf("second time: %v, Google asked %d times", answer, len(w.google.Asked()))
	}
	// Deny is a click: the client is told.
	back = browser.Follow(browser.Answer(browser.Get(w.authorizeURL()), "deny"))
	if back.Query().Get("error") != "access_denied" || back.Query().Get("iss") != w.url {
		t.Errorf("denied: %s", back)
	}
}
