package oauth_test

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"

	"github.com/axon-mcp/axon-mcp/oauth"
	"github.com/axon-mcp/axon-mcp/oauth/oauthtest"
	"github.com/axon-mcp/axon-mcp/security"
)

// X1, X2: a code lives 60 s and belongs to one client, redirect URI and verifier.
func TestX1X2CodeIsBound(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, changes := range map[string][]string{
		"wrong verifier":   {"code_verifier", strings.Repeat("x", 50)},
		"no verifier":      {"code_verifier", ""},
		"short verifier":   {"code_verifier", "short"},
		"another redirect": {"redirect_uri", "http://127.0.0.1:9/other"},
		"another code":     {"code", security.NewMarkedToken("ac_")},
	} {
		code := w.code()
		if status, answer, _ := w.exchange(code, changes...); status != http.StatusBadRequest || answer["error"] != "invalid_grant" {
			t.Errorf("%s: %d %v", name, status, answer)
		}
		if name == "another code" {
			continue
		}
		if status, answer, _ := w.exchange(code); status != http.StatusOK {
			t.Errorf("%s: the code is burnt for its owner: %d %v", name, status, answer)
		}
	}
	_, other, _ := w.register(map[string]any{"redirect_uris": []string{callback}})
	if status, answer, _ := w.exchange(w.code(), "client_id", other["client_id"].(string)); status != http.StatusBadRequest || answer["error"] != "invalid_grant" {
		t.Errorf("another client: %d %v", status, answer)
	}
	code := w.code()
	w.clock.pass(61 * time.Second)
	if status, answer, _ := w.exchange(code); status != http.StatusBadRequest || answer["error"] != "invalid_grant" {
		t.Errorf("after 61 s: %d %v", status, answer)
	}
}

// X3: a second use with the right verifier revokes what the first gave; one with
// a wrong verifier must not, or whoever sees a code could end a sign-in.
func TestX3CodeReplay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	code := w.code()
	_, answer, _ := w.exchange(code)
	access, refresh := answer["access_token"].(string), answer["refresh_token"].(string)
	if status, _, _ := w.exchange(code, "code_verifier", strings.Repeat("x", 50)); status != http.StatusBadRequest || !w.opens(access) {
		t.Errorf("replay without the verifier: %d, opens %v", status, w.opens(access))
	}
	if status, answer, _ := w.exchange(code); status != http.StatusBadRequest || answer["error"] != "invalid_grant" {
		t.Errorf("replay: %d %v", status, answer)
	}
	if w.opens(access) {
		t.Error("the access token survives a replay")
	}
	if status, _ := w.refresh(refresh); status != http.StatusBadRequest {
		t.Errorf("the refresh token survives a replay: %d", status)
	}
	if !strings.Contains(w.log.String(), "decision=reused") {
		t.Error("the log does not tell of the reuse")
	}
}

// X4: of 200 parallel exchanges of one code, one succeeds.
func TestX4ParallelExchanges(t *testing.T) {
	t.Parallel()
	stores := map[string]option{
		"sqlite":    func(*oauth.Config, *world) {},
		"miniredis": func(_ *oauth.Config, w *world) { w.store = newRedis(t, miniredis.RunT(t).Addr(), w.clock.now) },
		"redis":     func(_ *oauth.Config, w *world) { w.store = newRedis(t, oauthtest.StartRedis(t).Address(), w.clock.now) },
	}
	for name, with := range stores {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, trustLoopback, with)
			code := w.code()
			var good, bad atomic.Int64
			var wg sync.WaitGroup
			for i := range 200 {
				wg.Go(func() { // each from its own address: the limit of one is 60 a minute
					form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "client_id": {w.client()}, "code_verifier": {verifier}}
					status, answer, _ := w.send(http.MethodPost, "/oauth/token", "application/x-www-form-urlencoded", form.Encode(),
						http.Header{"X-Forwarded-For": {"192.0.2." + string('0'+rune(i%10))}})
					switch {
					case status == http.StatusOK:
						good.Add(1)
					case status == http.StatusBadRequest && answer["error"] == "invalid_grant":
						bad.Add(1)
					default:
						t.Errorf("%d %v", status, answer)
					}
				})
			}
			wg.Wait()
			if good.Load() != 1 || bad.Load() != 199 {
				t.Errorf("%d succeed, %d are refused", good.Load(), bad.Load())
			}
		})
	}
}

func trustLoopback(cfg *oauth.Config, _ *world) { cfg.TrustedProxies = []string{"127.0.0.0/8", "::1"} }

// X5: tokens have the marked form, and neither store nor log has one.
func TestX5NothingUsableIsKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	code := w.code()
	_, answer, _ := w.exchange(code)
	access, refresh := answer["access_token"].(string), answer["refresh_token"].(string)
	if !security.IsMarkedToken(access, "atk_") || !strings.HasPrefix(refresh, "rtk_") {
		t.Errorf("tokens: %s %s", access, refresh)
	}
	everything := w.log.String() + oauthtest.Files(t, w.dataDir)
	for _, secret := range []string{access, refresh, code, refresh[4:30], "google-secret", verifier} {
		if strings.Contains(everything, secret) {
			t.Errorf("%s is in the store or the log", secret)
		}
	}
}

// X6: an access token lives one hour.
func TestX6AccessTokenEnds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	access, _ := w.tokens()
	w.clock.pass(59 * time.Minute)
	if !w.opens(access) {
		t.Error("it is void after 59 minutes")
	}
	w.clock.pass(2 * time.Minute)
	if w.opens(access) {
		t.Error("it opens after 61 minutes")
	}
}

// X7: refresh tokens rotate; a lost answer is forgiven for 60 s until the
// successor is used; a retired token ends the family.
func TestX7Rotation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	access, first := w.tokens()
	status, answer := w.refresh(first)
	second, _ := answer["refresh_token"].(string)
	if status != http.StatusOK || second == first || answer["scope"] != "axon:read" {
		t.Fatalf("refresh: %d %v", status, answer)
	}
	w.clock.pass(30 * time.Second)
	status, answer = w.refresh(first) // the answer got lost
	third, _ := answer["refresh_token"].(string)
	if status != http.StatusOK {
		t.Fatalf("within the grace: %d %v", status, answer)
	}
	status, answer = w.refresh(third)
	fourth, _ := answer["refresh_token"].(string)
	if status != http.StatusOK {
		t.Fatalf("the successor: %d %v", status, answer)
	}
	if status, answer := w.refresh(first); status != http.StatusBadRequest || answer["error"] != "invalid_grant" { // stolen
		t.Errorf("after the successor was used: %d %v", status, answer)
	}
	if status, _ := w.refresh(fourth); status != http.StatusBadRequest {
		t.Error("the family lives on after a retired token came")
	}
	if w.opens(access) || w.opens(answer["access_token"].(string)) {
		t.Error("access tokens live on after the family's end")
	}
}

// X7: the grace is 60 s.
func TestX7GraceEnds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, first := w.tokens()
	_, answer := w.refresh(first)
	w.clock.pass(61 * time.Second)
	if status, _ := w.refresh(first); status != http.StatusBadRequest {
		t.Errorf("after 61 s: %d", status)
	}
	if status, _ := w.refresh(answer["refresh_token"].(string)); status != http.StatusBadRequest {
		t.Error("the family lives on")
	}
}

// X8: a refresh never widens, belongs to its client, and ends after 30 days
// without use and 90 in all.
func TestX8RefreshIsBound(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, refresh := w.tokens("scope", "axon:write")
	if status, answer := w.refresh(refresh, "scope", "axon:admin"); status != http.StatusBadRequest || answer["error"] != "invalid_scope" {
		t.Errorf("wider: %d %v", status, answer)
	}
	if status, answer := w.refresh(refresh, "resource", "https://other.example/mcp"); status != http.StatusBadRequest || answer["error"] != "invalid_target" {
		t.Errorf("another resource: %d %v", status, answer)
	}
	_, other, _ := w.register(map[string]any{"redirect_uris": []string{callback}})
	if status, answer := w.refresh(refresh, "client_id", other["client_id"].(string)); status != http.StatusBadRequest || answer["error"] != "invalid_grant" {
		t.Errorf("another client: %d %v", status, answer)
	}
	status, answer := w.refresh(refresh, "scope", "axon:read")
	if status != http.StatusOK || answer["scope"] != "axon:read" {
		t.Errorf("narrower: %d %v", status, answer)
	}
	for range 3 { // 87 days, in use
		refresh = answer["refresh_token"].(string)
		w.clock.pass(29 * 24 * time.Hour)
		if status, answer = w.refresh(refresh); status != http.StatusOK {
			t.Fatalf("in use: %d %v", status, answer)
		}
	}
	w.clock.pass(4 * 24 * time.Hour)
	if status, _ := w.refresh(answer["refresh_token"].(string)); status == http.StatusOK {
		t.Errorf("after 91 days: %d", status)
	}
	idle := newWorld(t)
	_, refresh = idle.tokens()
	idle.clock.pass(31 * 24 * time.Hour)
	if status, _ := idle.refresh(refresh); status != http.StatusBadRequest {
		t.Errorf("after 31 days without use: %d", status)
	}
}

// X9: revocation answers 200 whatever comes, and touches only one's own.
func TestX9Revocation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	access, refresh := w.tokens()
	_, other, _ := w.register(map[string]any{"redirect_uris": []string{callback}})
	revoke := func(token, client string) {
		t.Helper()
		if status, answer, _ := w.post("/oauth/revoke", url.Values{"token": {token}, "client_id": {client}}); status != http.StatusOK {
			t.Errorf("revoke: %d %v", status, answer)
		}
	}
	revoke(access, other["client_id"].(string))
	revoke(refresh, other["client_id"].(string))
	revoke("nonsense", w.client())
	if !w.opens(access) {
		t.Fatal("another client has revoked it")
	}
	again, _ := w.tokens()
	revoke(again, w.client())
	if w.opens(again) || !w.opens(access) {
		t.Error("an access token is revoked alone")
	}
	revoke(refresh, w.client())
	if w.opens(access) {
		t.Error("the access token outlives its grant")
	}
	if status, _ := w.refresh(refresh); status != http.StatusBadRequest {
		t.Error("the refresh token outlives its revocation")
	}
}

// G14: who is taken off the allow list loses everything at the next refresh.
func TestG14AllowListIsCheckedAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	access, refresh := w.tokens()
	later := newWorld(t, func(cfg *oauth.Config, l *world) {
		l.store, cfg.AllowedEmails, cfg.BrokerIssuer = w.store, []string{"bob@example.com"}, w.url
	})
	later.clientID = w.clientID
	if status, answer := later.refresh(refresh); status != http.StatusBadRequest || answer["error"] != "invalid_grant" {
		t.Errorf("refresh: %d %v", status, answer)
	}
	if w.opens(access) {
		t.Error("the access token lives on")
	}
}

// X10: a form by POST, each parameter once, one way to authenticate.
func TestX10TokenRequests(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const form = "application/x-www-form-urlencoded"
	id := url.QueryEscape(w.client())
	_, confidential, _ := w.register(map[string]any{"redirect_uris": []string{callback}, "token_endpoint_auth_method": "client_secret_basic"})
	secretID, secret := confidential["client_id"].(string), confidential["client_secret"].(string)
	basic := func(user, password string) http.Header {
		r, _ := http.NewRequest(http.MethodPost, "/", nil)
		r.SetBasicAuth(user, password)
		return http.Header{"Authorization": r.Header["Authorization"]}
	}
	for name, one := range map[string]struct {
		method, kind, body string
		header             http.Header
		status             int
		code               string
	}{
		"get":                 {http.MethodGet, form, "", nil, 405, "invalid_request"},
		"json":                {http.MethodPost, "application/json", `{"grant_type":"authorization_code"}`, nil, 400, "invalid_request"},
		"twice":               {http.MethodPost, form, "grant_type=authorization_code&code=a&code=b&client_id=" + id, nil, 400, "invalid_request"},
		"no client":           {http.MethodPost, form, "grant_type=authorization_code&code=a", nil, 400, "invalid_request"},
		"unknown client":      {http.MethodPost, form, "grant_type=authorization_code&code=a&client_id=nobody", nil, 401, "invalid_client"},
		"unknown grant type":  {http.MethodPost, form, "grant_type=password&client_id=" + id, nil, 400, "unsupported_grant_type"},
		"no grant type":       {http.MethodPost, form, "client_id=" + id, nil, 400, "invalid_request"},
		"1 MiB":               {http.MethodPost, form, "client_id=" + id + "&code=" + strings.Repeat("x", 1<<20), nil, 413, "invalid_request"},
		"other resource":      {http.MethodPost, form, "grant_type=authorization_code&code=a&client_id=" + id + "&resource=https://x.example/mcp", nil, 400, "invalid_target"},
		"wrong basic secret":  {http.MethodPost, form, "grant_type=authorization_code&code=a", basic(secretID, "wrong"), 401, "invalid_client"},
		"no secret":           {http.MethodPost, form, "grant_type=authorization_code&code=a&client_id=" + secretID, nil, 401, "invalid_client"},
		"two methods":         {http.MethodPost, form, "grant_type=authorization_code&code=a&client_secret=" + secret, basic(secretID, secret), 400, "invalid_request"},
		"right secret, basic": {http.MethodPost, form, "grant_type=authorization_code&code=a", basic(secretID, secret), 400, "invalid_grant"},
		"right secret, body":  {http.MethodPost, form, "grant_type=authorization_code&code=a&client_id=" + secretID + "&client_secret=" + secret, nil, 400, "invalid_grant"},
	} {
		status, answer, header := w.send(one.method, "/oauth/token", one.kind, one.body, one.header)
		if status != one.status || answer["error"] != one.code || header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d %v, want %d %s", name, status, answer, one.status, one.code)
		}
		if basicTried := one.status == 401 && one.header != nil; basicTried != strings.HasPrefix(header.Get("WWW-Authenticate"), "Basic") {
			t.Errorf("%s: WWW-Authenticate %q", name, header.Get("WWW-Authenticate"))
		}
	}
}

// Redis away: 503 with a time, and nobody comes in; back: it works again
// without a new start.
func TestRedisAway(t *testing.T) {
	t.Parallel()
	server := miniredis.RunT(t)
	w := newWorld(t, func(_ *oauth.Config, w *world) { w.store = newRedis(t, server.Addr(), w.clock.now) })
	access, refresh := w.tokens()
	server.Close()
	if w.opens(access) {
		t.Error("a token opens while nobody can tell")
	}
	status, _, header := w.exchange("x", "grant_type", "refresh_token", "refresh_token", refresh)
	if status != http.StatusServiceUnavailable || header.Get("Retry-After") == "" {
		t.Errorf("token: %d, Retry-After %q", status, header.Get("Retry-After"))
	}
	status, _, header = w.send(http.MethodGet, "/oauth/authorize?"+w.request().Encode(), "", "", nil)
	if status != http.StatusServiceUnavailable || header.Get("Retry-After") == "" {
		t.Errorf("authorize: %d, Retry-After %q", status, header.Get("Retry-After"))
	}
	if err := server.Restart(); err != nil {
		t.Fatal(err)
	}
	if !w.opens(access) {
		t.Error("the token does not open when Redis is back")
	}
	if status, answer := w.refresh(refresh); status != http.StatusOK {
		t.Errorf("refresh when Redis is back: %d %v", status, answer)
	}
}
