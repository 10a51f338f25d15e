package oauth_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/axon-mcp/axon-mcp/oauth"
	"github.com/axon-mcp/axon-mcp/oauth/oauthtest"
)

// Z1: the metadata of the resource, at both places.
func TestZ1ResourceMetadata(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, path := range []string{"/.well-known/oauth-protected-resource", "/.well-known/oauth-protected-resource/mcp"} {
		status, m, header := w.send(http.MethodGet, path, "", "", nil)
		if status != http.StatusOK || m["resource"] != w.url+"/mcp" || fmt.Sprint(m["authorization_servers"]) != "["+w.url+"]" ||
			fmt.Sprint(m["bearer_methods_supported"]) != "[header]" || fmt.Sprint(m["scopes_supported"]) != "[axon:read]" {
			t.Errorf("%s: %d %v", path, status, m)
		}
		if header.Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("%s: no CORS (G9)", path)
		}
	}
}

// Z4: a token of another resource opens nothing here.
func TestZ4Audience(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	access, _ := w.tokens()
	other := newWorld(t, func(_ *oauth.Config, o *world) { o.store = w.store })
	if !w.opens(access) || other.opens(access) {
		t.Errorf("opens %v here, %v at another resource", w.opens(access), other.opens(access))
	}
}

// Z5: the metadata of the server.
func TestZ5ServerMetadata(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, path := range []string{"/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"} {
		status, m, _ := w.send(http.MethodGet, path, "", "", http.Header{"Host": {"evil.example"}})
		if status != http.StatusOK || m["issuer"] != w.url {
			t.Errorf("%s: %d issuer %v", path, status, m["issuer"])
		}
		for name, want := range map[string]string{
			"code_challenge_methods_supported": "[S256]", "response_types_supported": "[code]",
			"grant_types_supported": "[authorization_code refresh_token]", "client_id_metadata_document_supported": "true",
			"authorization_response_iss_parameter_supported": "true",
			"token_endpoint_auth_methods_supported":          "[none client_secret_post client_secret_basic]",
			"authorization_endpoint":                         w.url + "/oauth/authorize", "token_endpoint": w.url + "/oauth/token",
			"registration_endpoint": w.url + "/oauth/register", "revocation_endpoint": w.url + "/oauth/revoke",
		} {
			if fmt.Sprint(m[name]) != want {
				t.Errorf("%s: %s is %v, want %s", path, name, m[name], want)
			}
		}
	}
}

// Z6, Z7: the resource in upper case is ours, none means ours, others are
// refused.
func TestZ6Z7Resource(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	upper := strings.Replace(w.url, "http://", "HTTP://", 1) + "/mcp"
	for resource, want := range map[string]int{
		"": 200, w.url + "/mcp": 200, upper: 200, w.url + "/mcp-other": 400, w.url + "/mcp#x": 400, w.url + "/mcp?x=1": 400,
		"/mcp": 400, "https://other.example/mcp": 400, w.url + "/MCP": 400,
	} {
		page := oauthtest.NewBrowser(t, nil).Get(w.authorizeURL("resource", resource))
		if page.Status != want || (want == 400) != strings.Contains(page.Body, "invalid_target") {
			t.Errorf("%q: %d", resource, page.Status)
		}
	}
}

// Z8: without a wish, a client gets the least.
func TestZ8FirstScope(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for asked, want := range map[string]string{"": "axon:read", "axon:write openid": "axon:write", "axon:read axon:admin": "axon:read axon:admin"} {
		if _, answer, _ := w.exchange(w.code("scope", asked)); answer["scope"] != want {
			t.Errorf("%q: %v, want %q", asked, answer["scope"], want)
		}
	}
	if page := oauthtest.NewBrowser(t, nil).Get(w.authorizeURL("scope", "openid profile")); page.Status != http.StatusBadRequest {
		t.Errorf("scopes of others: %d", page.Status)
	}
}

const documentURL = "https://client.example/oauth/client.json"

func goodDocument() string {
	return `{"client_id":"` + documentURL + `","client_name":"Document client","redirect_uris":["` + callback + `"]}`
}

func document(status int, kind, body string) *oauth.Document {
	return &oauth.Document{Status: status, Header: http.Header{"Content-Type": {kind}, "Cache-Control": {"max-age=60"}}, Body: []byte(body)}
}

// K1: a client metadata document, good and bad.
func TestK1Documents(t *testing.T) {
	t.Parallel()
	good := goodDocument()
	with := func(old, new string) *oauth.Document {
		return document(200, "application/json", strings.Replace(good, old, new, 1))
	}
	for name, one := range map[string]struct {
		id   string
		doc  *oauth.Document
		want int
	}{
		"good":            {documentURL, document(200, "application/json; charset=utf-8", good), 200},
		"redirect":        {documentURL, document(302, "application/json", good), 400},
		"not found":       {documentURL, document(404, "application/json", good), 400},
		"html":            {documentURL, document(200, "text/html", good), 400},
		"other id":        {documentURL, with(documentURL, documentURL+"x"), 400},
		"no name":         {documentURL, with("Document client", ""), 400},
		"no redirects":    {documentURL, with(`"`+callback+`"`, ""), 400},
		"other redirect":  {documentURL, with(callback, "https://other.example/cb"), 400},
		"secret":          {documentURL, with(`"client_name"`, `"client_secret":"x","client_name"`), 400},
		"symmetric":       {documentURL, with(`"client_name"`, `"token_endpoint_auth_method":"client_secret_post","client_name"`), 400},
		"over 5 KB":       {documentURL, with("Document client", strings.Repeat("x", 6<<10)), 400},
		"malformed":       {documentURL, document(200, "application/json", "{"), 400},
		"http":            {"http://client.example/x.json", document(200, "application/json", good), 400},
		"no path":         {"https://client.example", document(200, "application/json", good), 400},
		"dots":            {"https://client.example/a/../x.json", document(200, "application/json", good), 400},
		"user":            {"https://u:p@client.example/x.json", document(200, "application/json", good), 400},
		"fragment":        {documentURL + "#x", document(200, "application/json", good), 400},
		"query":           {documentURL + "?x", document(200, "application/json", good), 400},
		"javascript only": {documentURL, with(callback, "javascript:alert(1)"), 400},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.fetcher.docs[one.id] = one.doc
			page := oauthtest.NewBrowser(t, nil).Get(w.authorizeURL("client_id", one.id))
			if page.Status != one.want || page.Header.Get("Location") != "" {
				t.Errorf("%d, want %d: %s", page.Status, one.want, page.Body)
			}
			if one.want == 200 && (!strings.Contains(page.Body, "Document client") || !strings.Contains(page.Body, "client.example")) {
				t.Error("K4: the page does not name the client and its host")
			}
		})
	}
}

// K2: a document at an address that must not be fetched; the guard refuses it
// (the wiring is tested in cmd), and we show nothing of why.
func TestK2DocumentBlocked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fetcher.err = errors.New("10.0.0.1 is private")
	page := oauthtest.NewBrowser(t, nil).Get(w.authorizeURL("client_id", documentURL))
	if page.Status != http.StatusBadRequest || strings.Contains(page.Body, "10.0.0.1") {
		t.Errorf("%d %s", page.Status, page.Body)
	}
}

// K3: good documents are kept for at least an hour, bad ones never.
func TestK3DocumentCache(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	browser := oauthtest.NewBrowser(t, nil)
	address := w.authorizeURL("client_id", documentURL)
	for range 2 {
		browser.Get(address)
	}
	if w.fetcher.gets != 2 {
		t.Errorf("a failure was kept: %d fetches", w.fetcher.gets)
	}
	w.fetcher.docs[documentURL] = document(200, "application/json", goodDocument())
	for range 3 {
		browser.Get(address)
	}
	if w.fetcher.gets != 3 {
		t.Errorf("the document was not kept: %d fetches", w.fetcher.gets)
	}
	w.clock.pass(61 * time.Minute)
	browser.Get(address)
	if w.fetcher.gets != 4 {
		t.Errorf("the document is kept for ever: %d fetches", w.fetcher.gets)
	}
}

// K4, K5: the page names where the code goes, warns of loopback, and shows no
// picture of the client's.
func TestK4K5ConsentPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, c, _ := w.register(map[string]any{"client_name": "<b>axon\u202e itself</b>", "logo_uri": "https://evil.example/logo.png", "redirect_uris": []string{"https://app.example/cb", callback}})
	browser := oauthtest.NewBrowser(t, nil)
	page := browser.Get(w.authorizeURL("client_id", c["client_id"].(string), "redirect_uri", "https://app.example/cb"))
	if !strings.Contains(page.Body, "app.example") || strings.Contains(page.Body, "your own computer") || strings.Contains(page.Body, "<img") || strings.Contains(page.Body, "evil.example") {
		t.Errorf("page for https: %s", page.Body)
	}
	if strings.Contains(page.Body, "<b>axon") || strings.Contains(page.Body, "\u202e") || strings.Contains(page.Body, "<script") {
		t.Errorf("the client's name is more than text: %s", page.Body)
	}
	if page := browser.Get(w.authorizeURL("client_id", c["client_id"].(string))); !strings.Contains(page.Body, "your own computer") {
		t.Error("no warning for a loopback redirect")
	}
}

// K6, K8: ids are ours; nobody chooses one.
func TestK6K8ClientIDs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	status, c, _ := w.register(map[string]any{"client_id": "https://evil.example/x", "client_secret": "mine", "redirect_uris": []string{callback}})
	id, _ := c["client_id"].(string)
	if status != http.StatusCreated || !strings.HasPrefix(id, "axon-client-") || c["client_secret"] != nil {
		t.Errorf("%d %v", status, c)
	}
}

// K7: what may be registered.
func TestK7Registration(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	many := make([]string, 11)
	for i := range many {
		many[i] = fmt.Sprintf("https://app.example/%d", i)
	}
	for name, one := range map[string]struct {
		metadata any
		code     string
	}{
		"no redirect":    {map[string]any{}, "invalid_redirect_uri"},
		"eleven":         {map[string]any{"redirect_uris": many}, "invalid_redirect_uri"},
		"wrong type":     {map[string]any{"redirect_uris": "x"}, "invalid_client_metadata"},
		"array":          {[]int{1}, "invalid_client_metadata"},
		"method":         {map[string]any{"redirect_uris": []string{callback}, "token_endpoint_auth_method": "private_key_jwt"}, "invalid_client_metadata"},
		"grant":          {map[string]any{"redirect_uris": []string{callback}, "grant_types": []string{"implicit"}}, "invalid_client_metadata"},
		"response":       {map[string]any{"redirect_uris": []string{callback}, "response_types": []string{"token"}}, "invalid_client_metadata"},
		"logo":           {map[string]any{"redirect_uris": []string{callback}, "logo_uri": "javascript:1"}, "invalid_client_metadata"},
		"type":           {map[string]any{"redirect_uris": []string{callback}, "application_type": "toaster"}, "invalid_client_metadata"},
		"over 16 KiB":    {map[string]any{"redirect_uris": []string{callback}, "client_name": strings.Repeat("x", 17<<10)}, "invalid_client_metadata"},
		"one of two":     {map[string]any{"redirect_uris": []string{callback, "data:text/html,x"}}, "invalid_redirect_uri"},
		"http non-local": {map[string]any{"redirect_uris": []string{"http://app.example/cb"}}, "invalid_redirect_uri"},
	} {
		if status, answer, _ := w.register(one.metadata); status < 400 || status >= 500 || answer["error"] != one.code {
			t.Errorf("%s: %d %v, want %s", name, status, answer, one.code)
		}
	}
	for i := range 11 {
		status, _, header := w.register(map[string]any{"redirect_uris": []string{callback, "com.example.app:/cb"}, "application_type": "native"})
		if late := i == 10; late != (status == http.StatusTooManyRequests) || late != (header.Get("Retry-After") != "") {
			t.Errorf("registration %d: %d", i+1, status)
		}
	}
	w.clock.pass(time.Hour)
	if w.client() == "" {
		t.Error("an hour later")
	}
	w.clock.pass(24 * time.Hour) // never used: gone
	if page := oauthtest.NewBrowser(t, nil).Get(w.authorizeURL()); page.Status != http.StatusBadRequest {
		t.Errorf("a client that nobody used: %d", page.Status)
	}
}

// K7: with the operator's token, nobody registers without it.
func TestK7RegistrationToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withDCRToken)
	body := `{"redirect_uris":["` + callback + `"]}`
	for token, want := range map[string]int{"": 401, "Bearer wrong": 401, "Bearer the-operators": 201} {
		header := http.Header{}
		if token != "" {
			header.Set("Authorization", token)
		}
		if status, _, _ := w.send(http.MethodPost, "/oauth/register", "application/json", body, header); status != want {
			t.Errorf("%q: %d, want %d", token, status, want)
		}
	}
}

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

// G6, G7: the state towards Google is bound to the browser, used once, and 10
// minutes old at most; the cookie is set after consent alone; nonce and PKCE go
// along.
func TestG6G7State(t *testing.T) {
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

// X13: nothing follows a forged Host, and an issuer is https but for loopback.
func TestX13Host(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	request, err := http.NewRequest(http.MethodGet, w.authorizeURL(), nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Host = "evil.example"
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusForbidden {
		t.Errorf("a foreign Host: %d", response.StatusCode)
	}
	for issuer, good := range map[string]bool{"https://axon.example": true, "http://127.0.0.1:8001": true, "http://axon.example": false, "https://axon.example/": false, "https://axon.example/x": false, "axon.example": false} {
		cfg := oauth.Config{ClientID: "x", AllowedEmails: []string{"a@b.example"}, BrokerIssuer: issuer}
		err := cfg.Validate()
		if named := err != nil && strings.Contains(err.Error(), "GOOGLE_OAUTH_BROKER_ISSUER"); named == good {
			t.Errorf("%s: %v", issuer, err)
		}
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

// TestHostile sends 1,000 requests that mean harm: none redirects to where
// nobody has registered, none is a 5xx, and no answer or log line holds a secret.
func TestHostile(t *testing.T) {
	t.Parallel()
	w := newWorld(t, trustLoopback)
	code := w.code()
	evil := []string{
		"https://evil.example/", "//evil.example", "javascript:alert(1)", "data:text/html,<script>", callback + "@evil.example", callback + "\r\nLocation: https://evil.example",
		"\x00", "\xff\xfe", "😀", strings.Repeat("A", 30_000), "' OR 1=1 --", "{{.}}", "<script>alert(1)</script>", "../../etc/passwd", "%00", "null", "-1", "1e999", "[]", "{}",
	}
	names := []string{"client_id", "redirect_uri", "state", "scope", "code_challenge", "resource", "code", "refresh_token", "code_verifier", "grant_type", "client_secret", "token", "csrf", "iss", "error"}
	answers := make([]int, 0, 1_000)
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for i := range 1_000 {
		name, value := names[i%len(names)], evil[(i/len(names))%len(evil)]
		form := w.request()
		form.Set("grant_type", "authorization_code")
		form.Set("code_verifier", verifier)
		form.Set("code", "ac_"+code[3:20])
		form[name] = []string{value}
		if i%3 == 0 {
			form.Add(name, value)
		}
		method, path, kind, body := http.MethodPost, "/oauth/token", "application/x-www-form-urlencoded", form.Encode()
		switch i % 5 {
		case 1:
			method, path, body = http.MethodGet, "/oauth/authorize?"+form.Encode(), ""
		case 2:
			path = "/oauth/authorize"
		case 3:
			path, kind, body = "/oauth/register", "application/json", fmt.Sprintf(`{%q:%q,"redirect_uris":[%q],"client_name":%q}`, name, value, value, value)
		case 4:
			path = []string{"/oauth/revoke", "/oauth/google/callback?" + form.Encode()}[i/5%2]
			if strings.Contains(path, "callback") {
				method, body = http.MethodGet, ""
			}
		}
		request, err := http.NewRequestWithContext(t.Context(), method, w.url+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", kind)
		request.Header.Set("X-Forwarded-For", fmt.Sprintf("198.51.%d.%d", i/250, i%250))
		if i%7 == 0 {
			request.Host = "evil.example"
		}
		response, err := client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		answers = append(answers, response.StatusCode)
		if target := response.Header.Get("Location"); response.StatusCode >= 500 || target != "" {
			t.Errorf("%s %.80s (%s=%.40q): %d to %q", method, path, name, value, response.StatusCode, target)
		}
	}
	slices.Sort(answers)
	t.Logf("statuses: %v", slices.Compact(answers))
	for _, secret := range []string{oauthtest.ClientSecret, code} {
		if strings.Contains(w.log.String(), secret) {
			t.Errorf("%s is in the log", secret)
		}
	}
}
