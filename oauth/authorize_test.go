package oauth_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/axon-mcp/axon-mcp/oauth"
	"github.com/axon-mcp/axon-mcp/oauth/oauthtest"
)

// G1: an unknown client or redirect URI is a page and never a redirect; only the
// port of a loopback URI is free.
func TestG1Redirects(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, c, _ := w.register(map[string]any{"redirect_uris": []string{"https://app.example/cb?a=1", "http://127.0.0.1/cb", "http://localhost:7/cb", "http://[::1]:1/cb"}})
	id := c["client_id"].(string)
	for uri, good := range map[string]bool{
		"https://app.example/cb?a=1": true, "http://127.0.0.1/cb": true, "http://127.0.0.1:61234/cb": true, "http://localhost:8/cb": true, "http://[::1]:9999/cb": true,
		"https://app.example/cb": false, "https://app.example/cb?a=1&b=2": false, "https://app.example:443/cb?a=1": false, "https://app.example/cb?a=1#f": false,
		"https://evil.example/cb?a=1": false, "https://app.example.evil.example/cb?a=1": false, "https://app.example@evil.example/cb?a=1": false,
		"HTTPS://app.example/cb?a=1": false, "https://app.example/CB?a=1": false, "https://app.example/cb/../x": false,
		"http://localhost/cb": true, "http://127.0.0.2/cb": false, "http://127.0.0.1:1/cb/": false, "https://127.0.0.1:1/cb": false, "http://127.0.0.1:80@evil.example/cb": false,
		"http://127.0.0.1.evil.example/cb": false, "http://localhost:/cb": false, "javascript:alert(1)": false, "//evil.example": false, "": false,
	} {
		query := w.request("client_id", id)
		query.Set("redirect_uri", uri)
		page := oauthtest.NewBrowser(t, nil).Get(w.url + "/oauth/authorize?" + query.Encode())
		want := http.StatusBadRequest
		if good {
			want = http.StatusOK
		}
		if page.Status != want || page.Header.Get("Location") != "" || (!good && len(page.Links) > 0) {
			t.Errorf("%s: %d, links %v", uri, page.Status, page.Links)
		}
	}
	if page := oauthtest.NewBrowser(t, nil).Get(w.authorizeURL("client_id", "nobody")); page.Status != 400 || page.Header.Get("Location") != "" || len(page.Links) > 0 {
		t.Errorf("unknown client: %d %v", page.Status, page.Links)
	}
}

// G2, G3, G8: code, PKCE S256, each parameter once. What is wrong is shown, and
// the client is told by a click alone, with state and iss.
func TestG2G3G8Requests(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, one := range map[string]struct{ changes, code string }{
		"implicit":       {"response_type=token", "unsupported_response_type"},
		"no challenge":   {"code_challenge=", "invalid_request"},
		"plain":          {"code_challenge_method=plain", "invalid_request"},
		"no method":      {"code_challenge_method=", "invalid_request"},
		"short":          {"code_challenge=abc", "invalid_request"},
		"request object": {"request=x", "request_not_supported"},
		"long state":     {"state=" + strings.Repeat("s", 5000), "invalid_request"},
		"fragment mode":  {"response_mode=fragment", "invalid_request"},
	} {
		key, value, _ := strings.Cut(one.changes, "=")
		page := oauthtest.NewBrowser(t, nil).Get(w.authorizeURL(key, value))
		if page.Status != http.StatusBadRequest || page.Header.Get("Location") != "" || len(page.Links) != 1 {
			t.Errorf("%s: %d, links %v", name, page.Status, page.Links)
			continue
		}
		back, err := url.Parse(page.Links[0])
		if query := back.Query(); err != nil || !strings.HasPrefix(page.Links[0], callback+"?") || query.Get("error") != one.code || query.Get("iss") != w.url ||
			(key != "state" && query.Get("state") != "the client's state") {
			t.Errorf("%s: %s", name, page.Links[0])
		}
	}
	for _, name := range []string{"client_id", "redirect_uri", "state", "scope", "code_challenge", "resource", "response_type"} {
		page := oauthtest.NewBrowser(t, nil).Get(w.authorizeURL("scope", "axon:read") + "&" + name + "=x")
		if page.Status != http.StatusBadRequest || page.Header.Get("Location") != "" {
			t.Errorf("%s twice: %d", name, page.Status)
		}
	}
}

// G5: what the pages carry, and the form's secret: neither another browser's nor
// another request's form is taken, nor one without a cookie.
func TestG5ConsentForm(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	browser := oauthtest.NewBrowser(t, nil)
	page := browser.Get(w.authorizeURL())
	policy := page.Header.Get("Content-Security-Policy")
	for _, part := range []string{"default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self' " + w.google.URL + " http://127.0.0.1:9;"} {
		if !strings.Contains(policy, part) {
			t.Errorf("policy without %s: %s", part, policy)
		}
	}
	for name, want := range map[string]string{"X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store", "Access-Control-Allow-Origin": ""} {
		if got := page.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q (G5, G9)", name, got, want)
		}
	}
	stranger := oauthtest.NewBrowser(t, nil)
	if answer := stranger.Answer(page, "allow"); answer.Status != http.StatusForbidden {
		t.Errorf("a form without its cookie: %d", answer.Status)
	}
	stranger.Get(w.authorizeURL())
	if answer := stranger.Answer(page, "allow"); answer.Status != http.StatusForbidden {
		t.Errorf("another browser's form: %d", answer.Status)
	}
	page.Form.Set("scope", "axon:admin")
	if answer := browser.Answer(page, "allow"); answer.Status != http.StatusForbidden {
		t.Errorf("a changed form: %d", answer.Status)
	}
	if len(w.google.Asked()) != 0 {
		t.Error("Google was asked (G4)")
	}
}

// G6, G7, X14: the state towards Google is bound to the browser, used once, and 10
// minutes old at most; the cookie is set after consent alone; nonce and PKCE go
// along.
func TestG6G7X14State(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	browser := oauthtest.NewBrowser(t, nil)
	page := browser.Get(w.authorizeURL())
	if strings.Contains(strings.Join(page.Header.Values("Set-Cookie"), " "), "state") {
		t.Error("the state cookie is set before consent")
	}
	toGoogle := browser.Answer(page, "allow")
	cookie := strings.Join(toGoogle.Header.Values("Set-Cookie"), " ")
	if !strings.Contains(cookie, "axon_oauth_state_") || !strings.Contains(cookie, "HttpOnly") || !strings.Contains(cookie, "SameSite=Lax") {
		t.Errorf("cookie: %s", cookie)
	}
	query := toGoogle.Location(t).Query()
	if query.Get("nonce") == "" || query.Get("code_challenge_method") != "S256" || len(query.Get("state")) < 40 || query.Get("scope") != "openid email" {
		t.Errorf("to Google: %v", query)
	}
	back := browser.Get(toGoogle.Location(t).String()).Location(t).String()
	if page := oauthtest.NewBrowser(t, nil).Get(back); page.Status != http.StatusBadRequest {
		t.Errorf("another browser at the callback: %d", page.Status)
	}
	if page := browser.Get(back + "&state=x"); page.Status != http.StatusBadRequest {
		t.Errorf("state twice: %d", page.Status)
	}
	if page := browser.Get(back + "&iss=https://evil.example"); page.Status != http.StatusBadRequest {
		t.Errorf("X14: another issuer: %d", page.Status)
	}
	if page := browser.Get(back); page.Status != http.StatusFound {
		t.Errorf("the callback: %d %s", page.Status, page.Body)
	}
	if page := browser.Get(back); page.Status != http.StatusBadRequest {
		t.Errorf("the callback again: %d", page.Status)
	}
	late := oauthtest.NewBrowser(t, nil)
	toGoogle = late.Answer(late.Get(w.authorizeURL()), "allow")
	w.clock.pass(11 * time.Minute)
	if page := late.Get(late.Get(toGoogle.Location(t).String()).Location(t).String()); page.Status != http.StatusBadRequest {
		t.Errorf("after 11 minutes: %d", page.Status)
	}
}

// signIn returns the page at which a sign-in ends.
func (w *world) signIn() *oauthtest.Page {
	w.t.Helper()
	browser := oauthtest.NewBrowser(w.t, nil)
	page := browser.Answer(browser.Get(w.authorizeURL()), "allow")
	page = browser.Get(page.Location(w.t).String())
	return browser.Get(page.Location(w.t).String())
}

// G8: with the error the browser goes to the client by itself only where the
// person is signed in and the redirect URI is the operator's own or this
// machine's. It has been to a page with a link otherwise (RFC 9700, 4.11.2).
func TestG8ErrorRedirects(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withFixedClients)
	_, c, _ := w.register(map[string]any{"redirect_uris": []string{"https://app.example/cb"}})
	stranger, member := oauthtest.NewBrowser(t, nil), oauthtest.NewBrowser(t, nil)
	member.Authorize(w.authorizeURL())
	for name, one := range map[string]struct {
		browser          *oauthtest.Browser
		client, redirect string
		goes             bool
	}{
		"signed in, this machine":      {member, w.client(), callback, true},
		"signed in, the operator's":    {member, fixedID, fixedRedirect, true},
		"signed in, anybody's":         {member, c["client_id"].(string), "https://app.example/cb", false},
		"not signed in, this machine":  {stranger, w.client(), callback, false},
		"not signed in, operator's":    {stranger, fixedID, fixedRedirect, false},
		"signed in, wrong redirect":    {member, fixedID, "https://evil.example/cb", false},
		"signed in, no such client":    {member, "nobody", callback, false},
		"not signed in, other machine": {stranger, c["client_id"].(string), "https://app.example/cb", false},
	} {
		page := one.browser.Get(w.authorizeURL("client_id", one.client, "redirect_uri", one.redirect, "response_type", "token"))
		if (page.Status == http.StatusFound) != one.goes || (!one.goes && (page.Status != http.StatusBadRequest || page.Header.Get("Location") != "")) {
			t.Errorf("%s: %d to %q", name, page.Status, page.Header.Get("Location"))
			continue
		}
		if !one.goes {
			continue
		}
		back := page.Location(t)
		query := back.Query()
		if !strings.HasPrefix(back.String(), one.redirect+"?") || query.Get("error") != "unsupported_response_type" || query.Get("state") != "the client's state" || query.Get("iss") != w.url || query.Has("code") {
			t.Errorf("%s: %s", name, back)
		}
	}
}

// G9: programs in web pages may read metadata and call register, token and
// revoke; no page of ours, and nothing with cookies.
func TestG9CORS(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for path, open := range map[string]bool{
		"/.well-known/oauth-protected-resource": true, "/.well-known/oauth-protected-resource/mcp": true, "/.well-known/oauth-authorization-server": true,
		"/oauth/register": true, "/oauth/token": true, "/oauth/revoke": true,
		"/oauth/authorize": false, "/oauth/google/login": false, "/oauth/google/callback": false, "/oauth/google/logout": false, "/oauth/google/status": false,
	} {
		for _, method := range []string{http.MethodOptions, http.MethodGet, http.MethodPost} {
			_, _, header := w.send(method, path, "", "", http.Header{"Origin": {"https://other.example"}, "Access-Control-Request-Method": {"POST"}})
			origin := header.Get("Access-Control-Allow-Origin")
			if (origin == "*") != open || (!open && origin != "") || header.Get("Access-Control-Allow-Credentials") != "" {
				t.Errorf("%s %s: %q", method, path, origin)
			}
		}
	}
}

// G13: Google is asked for openid and email alone, not for offline access; its
// own tokens are in no store, log or answer.
func TestG13GoogleTokensAreDropped(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	page := w.signIn()
	_, answer, _ := w.exchange(page.Location(t).Query().Get("code"))
	asked := w.google.Asked()
	if len(asked) != 1 || asked[0].Get("scope") != "openid email" || asked[0].Has("access_type") || asked[0].Has("include_granted_scopes") {
		t.Errorf("Google was asked for %v", asked)
	}
	everything := w.log.String() + oauthtest.Files(t, w.dataDir) + page.Header.Get("Location") + fmt.Sprint(answer, page.Header)
	for _, token := range []string{oauthtest.AccessToken, oauthtest.RefreshToken} {
		if strings.Contains(everything, token) {
			t.Errorf("%s has been kept", token)
		}
	}
	if w.google.TokenGets() != 1 || w.google.Uses() != 0 {
		t.Errorf("Google gave tokens %d times; they were used %d times", w.google.TokenGets(), w.google.Uses())
	}
}

// G10: an ID token that is wrong in one way lets nobody in.
func TestG10IDTokens(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	public := w.google.PublicKey().N.Bytes()
	claim := func(name string, value any) func(*jwt.Token) any {
		return func(token *jwt.Token) any { token.Claims.(jwt.MapClaims)[name] = value; return nil }
	}
	at := func(iat, exp time.Duration) func(*jwt.Token) any {
		return func(token *jwt.Token) any {
			token.Claims.(jwt.MapClaims)["iat"] = w.clock.now().Add(iat).Unix()
			token.Claims.(jwt.MapClaims)["exp"] = w.clock.now().Add(exp).Unix()
			return nil
		}
	}
	for name, one := range map[string]struct {
		twist func(*jwt.Token) any
		good  bool
	}{
		"as it is":          {nil, true},
		"short issuer":      {claim("iss", "accounts.google.com"), true},
		"clock 60 s ahead":  {at(time.Minute, time.Hour), true},
		"clock 60 s behind": {at(-time.Minute, -time.Minute+time.Hour), true},
		"ended 60 s ago":    {at(-time.Minute, -time.Minute), true},
		"clock 10 m ahead":  {at(10*time.Minute, time.Hour), false},
		"clock 10 m behind": {at(-10*time.Minute, 50*time.Minute), false},
		"ended 10 m ago":    {at(-time.Minute, -10*time.Minute), false},
		"issuer":            {claim("iss", "https://evil.example"), false},
		"audience":          {claim("aud", "another"), false},
		"two audiences": {func(k *jwt.Token) any {
			c := k.Claims.(jwt.MapClaims)
			c["aud"] = []string{oauthtest.ClientID, "x"}
			delete(c, "azp")
			return nil
		}, false},
		"azp":      {claim("azp", "another"), false},
		"nonce":    {claim("nonce", "another"), false},
		"no nonce": {claim("nonce", ""), false},
		"no sub":   {claim("sub", ""), false},
		"no exp":   {func(k *jwt.Token) any { delete(k.Claims.(jwt.MapClaims), "exp"); return nil }, false},
		"no iat":   {func(k *jwt.Token) any { delete(k.Claims.(jwt.MapClaims), "iat"); return nil }, false},
		"none": {func(k *jwt.Token) any {
			k.Method = jwt.SigningMethodNone
			k.Header["alg"] = "none"
			return jwt.UnsafeAllowNoneSignatureType
		}, false},
		"hmac by public key": {func(k *jwt.Token) any {
			k.Method, k.Header["alg"] = jwt.SigningMethodHS256, "HS256"
			return public
		}, false},
		"not verified": {claim("email_verified", false), false},
	} {
		w.google.Twist(one.twist)
		page := w.signIn()
		if code := page.Header.Get("Location"); (code != "") != one.good || (!one.good && page.Status != http.StatusForbidden) {
			t.Errorf("%s: %d %s", name, page.Status, code)
		}
	}
	w.google.Twist(nil)
	w.google.Rotate() // keys that Google has rotated are read again
	if page := w.signIn(); page.Status != http.StatusFound {
		t.Errorf("after a rotation: %d %s", page.Status, w.log)
	}
	w.google.Break(http.StatusInternalServerError)
	if page := w.signIn(); page.Status != http.StatusBadGateway || page.Header.Get("Location") != "" {
		t.Errorf("a broken Google: %d", page.Status)
	}
}

// G11, G12: who enters: by address, pinned to the account that came first, or by
// the claim hd, never by the text of the address.
func TestG11G12AllowList(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(cfg *oauth.Config, _ *world) { cfg.AllowedDomains = []string{"corp.example"} })
	for _, one := range []struct {
		name, sub, email, hd string
		good                 bool
	}{
		{"alice", "1001", "Alice@Example.com", "", true},
		{"alice again", "1001", "alice@example.com", "", true},
		{"another account with her address", "6666", "alice@example.com", "", false},
		{"bob", "1002", "bob@example.com", "example.com", false},
		{"a colleague", "1003", "carol@elsewhere.example", "corp.example", true},
		{"the text of the address", "1004", "eve@corp.example", "", false},
		{"a longer domain", "1005", "eve@evilcorp.example", "evilcorp.example", false},
	} {
		w.google.SetPerson(one.sub, one.email, one.hd)
		page := w.signIn()
		if (page.Status == http.StatusFound) != one.good || (!one.good && (page.Status != http.StatusForbidden || page.Header.Get("Location") != "")) {
			t.Errorf("%s: %d", one.name, page.Status)
		}
	}
}

// X12: the operator sees and ends what there is.
func TestX12Overview(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	access, _ := w.tokens()
	o, err := oauth.Look(t.Context(), w.store)
	if err != nil || len(o.Grants) != 1 || o.Grants[0].Email != "alice@example.com" || len(o.Clients) != 1 || len(o.Pins) != 1 || o.Sessions != 1 || o.Tokens != 1 {
		t.Fatalf("%+v, %v", o, err)
	}
	if _, err := oauth.Revoke(t.Context(), w.store, oauth.Selection{Grant: "nothing"}); err == nil {
		t.Error("nothing was revoked and nobody said so")
	}
	done, err := oauth.Revoke(t.Context(), w.store, oauth.Selection{Grant: o.Grants[0].ID})
	if err != nil || done.Grants != 1 || w.opens(access) {
		t.Errorf("%+v, %v, opens %v", done, err, w.opens(access))
	}
	if done, err = oauth.Revoke(t.Context(), w.store, oauth.Selection{All: true}); err != nil || done.Clients != 1 || done.Sessions != 1 {
		t.Errorf("all: %+v, %v", done, err)
	}
}

// The browser's own session.
func TestBrowserSession(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	browser := oauthtest.NewBrowser(t, nil)
	status := func() string { return strings.TrimSpace(browser.Get(w.url + "/oauth/google/status").Body) }
	if got := status(); got != `{"configured":true,"signed_in":false}` {
		t.Error(got)
	}
	page := browser.Get(w.url + "/oauth/google/login")
	page = browser.Get(page.Location(t).String())
	page = browser.Get(page.Location(t).String())
	if page.Status != http.StatusOK || !strings.Contains(page.Body, "You are signed in") {
		t.Fatalf("%d %s", page.Status, page.Body)
	}
	if got := status(); got != `{"configured":true,"signed_in":true,"email":"alice@example.com"}` {
		t.Error(got)
	}
	w.clock.pass(8 * 24 * time.Hour)
	if got := status(); !strings.Contains(got, `"signed_in":false`) {
		t.Errorf("after 8 days: %s", got)
	}
	if page := browser.Post(w.url+"/oauth/google/logout", nil); page.Status != http.StatusOK || !strings.Contains(page.Body, "signed out") {
		t.Errorf("logout: %d", page.Status)
	}
	if page := browser.Get(w.url + "/oauth/google/token"); page.Status != http.StatusNotFound {
		t.Errorf("the older program's token: %d", page.Status)
	}
	w.google.Deny(true)
	deny := oauthtest.NewBrowser(t, nil)
	back := deny.Follow(deny.Answer(deny.Get(w.authorizeURL("client_id", w.client())), "allow"))
	if back.Query().Get("error") != "access_denied" {
		t.Errorf("no at Google: %s", back)
	}
}
