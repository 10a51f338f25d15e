package web

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

func (f *listener) signIn(t testing.TB) (cookie, csrf string) {
	t.Helper()
	status, text, header := f.ask(t, "POST", "/api/session", `{"token":"`+apiToken+`"}`)
	var body sessionBody
	if err := json.Unmarshal([]byte(text), &body); err != nil || status != 200 {
		t.Fatalf("%d %s %v", status, text, err)
	}
	given := header.Get("Set-Cookie")
	for _, want := range []string{"HttpOnly", "SameSite=Strict", "Path=/"} {
		if !strings.Contains(given, want) {
			t.Errorf("the cookie %q lacks %s", given, want)
		}
	}
	cookie, _, _ = strings.Cut(given, ";")
	return "Cookie: " + cookie, body.CSRF
}

func TestSignIn(t *testing.T) {
	t.Parallel()
	f := start(t, withTokens(defaults()))
	cookie, csrf := f.signIn(t)
	var body sessionBody
	_, text, _ := f.ask(t, "GET", "/api/session", "", cookie)
	if err := json.Unmarshal([]byte(text), &body); err != nil || body.Gate != "token" || !body.SignedIn || body.CSRF != csrf || body.Version != "test" || body.Now == "" {
		t.Errorf("%s", text)
	}
	if _, text, _ := f.ask(t, "GET", "/api/session", ""); strings.Contains(text, csrf) {
		t.Error("the CSRF token is for its cookie alone")
	}
	if status, _, _ := f.ask(t, "POST", "/api/session", `{"token":"`+browserToken+`"}`); status != http.StatusForbidden {
		t.Errorf("the browser token: %d", status)
	}
	if status, _, _ := f.ask(t, "DELETE", "/api/session", "", cookie); status != http.StatusForbidden {
		t.Errorf("signed out without the CSRF token: %d", status)
	}
	if status, _, _ := f.ask(t, "DELETE", "/api/session", "", cookie, "X-Csrf-Token: "+csrf); status != http.StatusNoContent {
		t.Errorf("sign out: %d", status)
	}
	if _, text, _ := f.ask(t, "GET", "/api/session", "", cookie); strings.Contains(text, `"signed_in":true`) {
		t.Errorf("still signed in: %s", text)
	}
}

// Guessing is slow: ten wrong tokens a minute from one address.
func TestSignInIsLimited(t *testing.T) {
	t.Parallel()
	f := start(t, withTokens(defaults()))
	for i := range triesAMinute {
		if status, text, _ := f.ask(t, "POST", "/api/session", `{"token":"guess"}`); status != http.StatusUnauthorized || strings.Contains(text, "guess") {
			t.Fatalf("try %d: %d %s", i+1, status, text)
		}
	}
	status, _, header := f.ask(t, "POST", "/api/session", `{"token":"`+apiToken+`"}`)
	if status != http.StatusTooManyRequests || header.Get("Retry-After") == "" {
		t.Errorf("%d %v", status, header)
	}
}
