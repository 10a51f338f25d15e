package main

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/axon-mcp/axon-mcp/oauth/oauthtest"
)

// syncBuffer is what a running program has said so far.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// oauthServer is a running serve at which people sign in through a fake Google.
type oauthServer struct {
	t      testing.TB
	url    string
	google *oauthtest.Google
	stderr *syncBuffer
	dir    string // its data directory
}

func newOAuthServer(t testing.TB, env ...string) *oauthServer {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	_, port, _ := net.SplitHostPort(address)
	_ = l.Close()
	s := &oauthServer{t: t, url: "http://" + address, google: oauthtest.NewGoogle(t), stderr: new(syncBuffer)}
	p := newProgram(t, nil)
	s.dir = p.dir
	p.env = append(p.env, "AXON_MCP_HTTP_PORT="+port, "AXON_WEB_PORT=0", "AXON_MCP_API_KEY=the-static-key-of-the-test", "AXON_MCP_TOOLSETS=all",
		"GOOGLE_OAUTH_CLIENT_ID="+oauthtest.ClientID, "GOOGLE_OAUTH_CLIENT_SECRET="+oauthtest.ClientSecret, "GOOGLE_OAUTH_ALLOWED_EMAILS=alice@example.com",
		"GOOGLE_OAUTH_AUTH_URL="+otherSite(s.google.URL)+"/authorize", "GOOGLE_OAUTH_TOKEN_URL="+s.google.URL+"/token", "GOOGLE_OAUTH_JWKS_URL="+s.google.URL+"/keys")
	p.env = append(p.env, env...)
	cmd := p.command("serve")
	cmd.Stderr = s.stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	for begun := time.Now(); ; time.Sleep(20 * time.Millisecond) { // it is another process: there is nothing to wait for
		response, err := http.Get(s.url + "/healthz")
		if err == nil {
			_ = response.Body.Close()
		}
		if err == nil && strings.Contains(s.stderr.String(), "The web page is at ") {
			return s
		}
		if time.Since(begun) > time.Minute {
			t.Fatalf("serve does not answer: %s", s.stderr)
		}
	}
}

const clientCallback = "http://127.0.0.1:9/callback"

// flow is a whole sign-in of Alice with a new client that has a secret.
type flow struct {
	clientID string
	secrets  map[string]string // all that opens anything, by what it is
}

// mustNotBeIn looks for the secrets in a text.
func (f *flow) mustNotBeIn(t testing.TB, where, text string) {
	t.Helper()
	for what, secret := range f.secrets {
		if strings.Contains(text, secret) {
			t.Errorf("the %s is in %s", what, where)
		}
	}
}

// flow signs Alice in for a new client with scope, and refreshes once.
func (s *oauthServer) flow(scope string) *flow {
	s.t.Helper()
	status, body, _ := s.post("/oauth/register", "application/json", `{"client_name":"A client","redirect_uris":["`+clientCallback+`"],"token_endpoint_auth_method":"client_secret_post"}`, "")
	var client struct {
		ID     string `json:"client_id"`
		Secret string `json:"client_secret"`
	}
	if err := json.Unmarshal(body, &client); err != nil || status != http.StatusCreated {
		s.t.Fatalf("register: %d %s", status, body)
	}
	verifier := rand.Text() + rand.Text()
	sum := sha256.Sum256([]byte(verifier))
	query := url.Values{
		"response_type": {"code"}, "client_id": {client.ID}, "redirect_uri": {clientCallback}, "state": {"s"}, "scope": {scope},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"}, "resource": {s.url + "/mcp"},
	}
	browser := oauthtest.NewBrowser(s.t, nil)
	page := browser.Get(s.url + "/oauth/authorize?" + query.Encode())
	f := &flow{clientID: client.ID, secrets: map[string]string{
		"client secret": client.Secret, "verifier": verifier, "CSRF field": page.Form.Get("csrf"),
		"Google's secret": oauthtest.ClientSecret, "Google's access token": oauthtest.AccessToken, "Google's refresh token": oauthtest.RefreshToken,
	}}
	toGoogle := browser.Answer(page, "allow")
	asked := toGoogle.Location(s.t).Query()
	f.secrets["state"], f.secrets["nonce"] = asked.Get("state"), asked.Get("nonce")
	for _, line := range append(page.Header.Values("Set-Cookie"), toGoogle.Header.Values("Set-Cookie")...) {
		_, value, _ := strings.Cut(line, "=")
		f.secrets["cookie "+line[:24]], _, _ = strings.Cut(value, ";")
	}
	back := browser.Follow(toGoogle).Query()
	at, _ := url.Parse(s.url) // it is our own
	for _, cookie := range browser.Client.Jar.Cookies(at) {
		f.secrets["cookie "+cookie.Name] = cookie.Value
	}
	f.secrets["code"] = back.Get("code")
	f.exchange(s, url.Values{"grant_type": {"authorization_code"}, "code": {f.secrets["code"]}, "redirect_uri": {clientCallback}, "code_verifier": {verifier}})
	f.secrets["first access token"], f.secrets["first refresh token"] = f.secrets["access token"], f.secrets["refresh token"]
	f.exchange(s, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {f.secrets["refresh token"]}})
	f.secrets["name of the family"] = f.secrets["refresh token"][len("rtk_"):30]
	return f
}

// exchange takes new tokens.
func (f *flow) exchange(s *oauthServer, form url.Values) {
	s.t.Helper()
	form.Set("client_id", f.clientID)
	form.Set("client_secret", f.secrets["client secret"])
	status, body, _ := s.post("/oauth/token", "application/x-www-form-urlencoded", form.Encode(), "")
	var given struct {
		Access  string `json:"access_token"`
		Refresh string `json:"refresh_token"`
	}
	if err := json.Unmarshal(body, &given); err != nil || status != http.StatusOK {
		s.t.Fatalf("token: %d %s", status, body)
	}
	f.secrets["access token"], f.secrets["refresh token"] = given.Access, given.Refresh
}

// token signs Alice in for a new client and returns an access token with scope.
func (s *oauthServer) token(scope string) string {
	s.t.Helper()
	return s.flow(scope).secrets["access token"]
}

func (s *oauthServer) post(path, kind, body, token string) (int, []byte, http.Header) {
	s.t.Helper()
	request, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.url+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	request.Header.Set("Content-Type", kind)
	request.Header.Set("Accept", "application/json, text/event-stream")
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	if path == "/mcp" {
		s.modern(request, body)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		s.t.Fatal(err)
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return response.StatusCode, raw, response.Header
}

// modern sets the headers that revision 2026-07-28 wants.
func (s *oauthServer) modern(request *http.Request, body string) {
	s.t.Helper()
	var m struct {
		Method string `json:"method"`
		Params struct {
			Name string `json:"name"`
		} `json:"params"`
	}
	if err := json.Unmarshal([]byte(body), &m); err != nil {
		s.t.Fatal(err)
	}
	request.Header.Set("Mcp-Protocol-Version", "2026-07-28")
	request.Header.Set("Mcp-Method", m.Method)
	if m.Params.Name != "" {
		request.Header.Set("Mcp-Name", m.Params.Name)
	}
}

// call is a tools/call, or another method, of the modern era.
func (s *oauthServer) call(token, method, more string) (int, string, http.Header) {
	s.t.Helper()
	const meta = `"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"t","version":"1"},"io.modelcontextprotocol/clientCapabilities":{}}`
	status, body, header := s.post("/mcp", "application/json", fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":%q,"params":{%s%s}}`, method, more, meta), token)
	return status, string(body), header
}

// TestZ2Z3Z4ThroughTheProgram goes the whole way through the program: a client registers, Alice
// allows it and signs in, and its token opens /mcp as far as its scopes reach.
func TestZ2Z3Z4ThroughTheProgram(t *testing.T) {
	t.Parallel()
	s := newOAuthServer(t)
	status, _, header := s.call("", "tools/list", "")
	if want := `Bearer resource_metadata="` + s.url + `/.well-known/oauth-protected-resource/mcp", scope="axon:read"`; status != http.StatusUnauthorized || header.Get("WWW-Authenticate") != want {
		t.Errorf("without a token: %d %s (Z2)", status, header.Get("WWW-Authenticate"))
	}
	status, _, header = s.call("atk_made-up", "tools/list", "")
	if status != http.StatusUnauthorized || !strings.Contains(header.Get("WWW-Authenticate"), `error="invalid_token"`) {
		t.Errorf("a bad token: %d %s (Z2)", status, header.Get("WWW-Authenticate"))
	}
	if status, _, _ := s.call("the-static-key-of-the-test", "tools/list", ""); status != http.StatusOK {
		t.Errorf("the static key: %d", status)
	}

	read := s.token("axon:read")
	status, body, _ := s.call(read, "tools/list", "")
	if status != http.StatusOK || strings.Contains(body, `"name":"crawl"`) || !strings.Contains(body, `"name":"query"`) {
		t.Errorf("tools of a token that reads: %d %.300s", status, body)
	}
	if status, body, _ = s.call(read, "tools/call", `"name":"stats","arguments":{},`); status != http.StatusOK || !strings.Contains(body, `"documents"`) {
		t.Errorf("call stats: %d %.300s", status, body)
	}
	const crawl = `"name":"crawl","arguments":{"url":"https://example.com/"},`
	status, _, header = s.call(read, "tools/call", crawl)
	if challenge := header.Get("WWW-Authenticate"); status != http.StatusForbidden || !strings.Contains(challenge, `error="insufficient_scope"`) ||
		!strings.Contains(challenge, `scope="axon:write"`) || !strings.Contains(challenge, "resource_metadata=") {
		t.Errorf("call crawl with axon:read: %d %s (Z3)", status, challenge)
	}
	write := s.token("axon:write")
	if _, body, _ = s.call(write, "tools/list", ""); !strings.Contains(body, `"name":"crawl"`) || !strings.Contains(body, `"name":"query"`) {
		t.Errorf("tools of a token that writes (Z3, scope hierarchy): %.300s", body)
	}
	// A token in the query counts as none (Z4).
	response, err := http.Post(s.url+"/mcp?access_token="+read, "application/json", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusUnauthorized {
		t.Errorf("token in the query: %d", response.StatusCode)
	}
	if said := s.stderr.String(); strings.Contains(said, read) || !strings.Contains(said, "oauth decision") {
		t.Errorf("the log has a token, or no decisions:\n%s", said)
	}
}

// X13: who lets others reach the listener without TLS before it is warned, and
// the start says how people sign in.
func TestX13StartWarnsWithoutTLS(t *testing.T) {
	t.Parallel()
	for name, one := range map[string]struct {
		env    []string
		warned bool
	}{
		"loopback":          {nil, false},
		"all, no origin":    {[]string{"AXON_MCP_HTTP_HOST=0.0.0.0"}, true},
		"all, http origin":  {[]string{"AXON_MCP_HTTP_HOST=0.0.0.0", "GOOGLE_OAUTH_BROKER_ISSUER=http://127.0.0.1:1"}, true},
		"all, https origin": {[]string{"AXON_MCP_HTTP_HOST=0.0.0.0", "AXON_PUBLIC_URL=https://axon.example.com"}, false},
	} {
		s := newOAuthServer(t, one.env...)
		said := s.stderr.String()
		if strings.Contains(said, "in the clear") != one.warned || !strings.Contains(said, "/oauth/google/callback") || !strings.Contains(said, "People sign in with Google") {
			t.Errorf("%s: %s", name, said)
		}
	}
}

// TestOAuthNeedsAnAllowList: "any Google account in the world" is never a
// default.
func TestOAuthNeedsAnAllowList(t *testing.T) {
	t.Parallel()
	p := newProgram(t, nil)
	p.env = append(p.env, "GOOGLE_OAUTH_CLIENT_ID=x", "GOOGLE_OAUTH_CLIENT_SECRET=y", "AXON_MCP_HTTP_PORT=0", "AXON_WEB_PORT=0")
	cmd := p.command("serve")
	out, _ := cmd.CombinedOutput()
	if code := cmd.ProcessState.ExitCode(); code != exitConfig || !strings.Contains(string(out), "GOOGLE_OAUTH_ALLOWED_EMAILS") {
		t.Errorf("exit %d: %s", code, out)
	}
}
