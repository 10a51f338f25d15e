package oauth_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/axon-mcp/axon-mcp/oauth"
	"github.com/axon-mcp/axon-mcp/oauth/oauthtest"
	"github.com/axon-mcp/axon-mcp/secret"
	"github.com/axon-mcp/axon-mcp/security"
)

// world is a server, a Google and a client that waits at callback.
type world struct {
	t        testing.TB
	google   *oauthtest.Google
	server   *oauth.Server
	store    oauth.Store
	clock    *clock
	log      *logbook
	url      string
	clientID string
	dataDir  string
	fetcher  *documents
}

const callback = "http://127.0.0.1:9/callback"

// documents is a Fetcher of documents that a test writes.
type documents struct {
	mu   sync.Mutex
	docs map[string]*oauth.Document
	err  error
	gets int
}

func (d *documents) FetchDocument(_ context.Context, url string, max int64) (*oauth.Document, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.gets++
	if d.err != nil {
		return nil, d.err
	}
	doc, ok := d.docs[url]
	if !ok || int64(len(doc.Body)) > max+1 {
		return &oauth.Document{Status: http.StatusNotFound, Header: http.Header{}}, nil
	}
	return doc, nil
}

// logbook collects the log.
type logbook struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logbook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logbook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

type option func(*oauth.Config, *world)

func newWorld(t testing.TB, options ...option) *world {
	t.Helper()
	w := &world{t: t, google: oauthtest.NewGoogle(t), clock: newClock(), log: &logbook{}, fetcher: &documents{docs: make(map[string]*oauth.Document)}}
	w.google.SetClock(w.clock.now)
	var handler http.Handler
	srv := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { handler.ServeHTTP(rw, r) }))
	t.Cleanup(srv.Close)
	w.url = srv.URL
	cfg := oauth.Config{
		ClientID: oauthtest.ClientID, ClientSecret: secret.New(oauthtest.ClientSecret), AllowedEmails: []string{"alice@example.com"},
		BrokerIssuer: srv.URL, AuthURL: w.google.URL + "/authorize", TokenURL: w.google.URL + "/token", JWKSURL: w.google.URL + "/keys",
	}
	for _, o := range options {
		o(&cfg, w)
	}
	if w.store == nil {
		w.store, w.dataDir = newSQLite(t, w.clock.now)
	}
	log := slog.New(slog.NewTextHandler(w.log, nil))
	var err error
	if w.server, err = oauth.New(cfg, oauth.Deps{Store: w.store, Fetcher: w.fetcher, Log: log, Now: w.clock.now}); err != nil {
		t.Fatal(err)
	}
	handler = w.server.Handler()
	return w
}

// client registers a client once.
func (w *world) client() string {
	w.t.Helper()
	if w.clientID == "" {
		status, answer, _ := w.register(map[string]any{"client_name": "Test client", "redirect_uris": []string{callback}})
		if status != http.StatusCreated {
			w.t.Fatalf("register: %d %v", status, answer)
		}
		w.clientID, _ = answer["client_id"].(string)
	}
	return w.clientID
}

func (w *world) register(metadata any) (int, map[string]any, http.Header) {
	w.t.Helper()
	raw, err := json.Marshal(metadata)
	if err != nil {
		w.t.Fatal(err)
	}
	return w.send(http.MethodPost, "/oauth/register", "application/json", string(raw), nil)
}

// post sends a form.
func (w *world) post(path string, form url.Values) (int, map[string]any, http.Header) {
	w.t.Helper()
	return w.send(http.MethodPost, path, "application/x-www-form-urlencoded", form.Encode(), nil)
}

func (w *world) send(method, path, kind, body string, header http.Header) (int, map[string]any, http.Header) {
	w.t.Helper()
	request, err := http.NewRequestWithContext(w.t.Context(), method, w.url+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	for name, values := range header {
		request.Header[name] = values
	}
	if kind != "" {
		request.Header.Set("Content-Type", kind)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		w.t.Error(err)
		return 0, nil, nil
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		w.t.Error(err)
	}
	answer := make(map[string]any)
	_ = json.Unmarshal(raw, &answer) // pages are no JSON
	return response.StatusCode, answer, response.Header
}

const verifier = "a-verifier-that-is-long-enough-for-the-rule-0123456789"

func challengeOf(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// request is a good authorization request, with changes; an empty value removes
// a parameter.
func (w *world) request(changes ...string) url.Values {
	w.t.Helper()
	query := url.Values{
		"response_type": {"code"}, "client_id": {w.client()}, "redirect_uri": {callback}, "state": {"the client's state"},
		"code_challenge": {challengeOf(verifier)}, "code_challenge_method": {"S256"}, "resource": {w.url + "/mcp"},
	}
	for i := 0; i < len(changes); i += 2 {
		query.Set(changes[i], changes[i+1])
		if changes[i+1] == "" {
			query.Del(changes[i])
		}
	}
	return query
}

func (w *world) authorizeURL(changes ...string) string {
	w.t.Helper()
	return w.url + "/oauth/authorize?" + w.request(changes...).Encode()
}

// code lets the person allow a request and returns the code.
func (w *world) code(changes ...string) string {
	w.t.Helper()
	back := oauthtest.NewBrowser(w.t, nil).Authorize(w.authorizeURL(changes...))
	code := back.Query().Get("code")
	if code == "" {
		w.t.Fatalf("no code: %s", back)
	}
	return code
}

// exchange is a good exchange of a code, with changes.
func (w *world) exchange(code string, changes ...string) (int, map[string]any, http.Header) {
	w.t.Helper()
	form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "client_id": {w.client()}, "redirect_uri": {callback}, "code_verifier": {verifier}}
	for i := 0; i < len(changes); i += 2 {
		form.Set(changes[i], changes[i+1])
		if changes[i+1] == "" {
			form.Del(changes[i])
		}
	}
	return w.post("/oauth/token", form)
}

// tokens are an access and a refresh token.
func (w *world) tokens(changes ...string) (access, refresh string) {
	w.t.Helper()
	status, answer, _ := w.exchange(w.code(changes...))
	access, _ = answer["access_token"].(string)
	refresh, _ = answer["refresh_token"].(string)
	if status != http.StatusOK || access == "" || refresh == "" {
		w.t.Fatalf("exchange: %d %v", status, answer)
	}
	return access, refresh
}

func (w *world) refresh(token string, changes ...string) (int, map[string]any) {
	w.t.Helper()
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}, "client_id": {w.client()}}
	for i := 0; i < len(changes); i += 2 {
		form.Set(changes[i], changes[i+1])
	}
	status, answer, _ := w.post("/oauth/token", form)
	return status, answer
}

// opens reports whether a token opens /mcp.
func (w *world) opens(token string) bool {
	w.t.Helper()
	id, err := w.server.Verify(w.t.Context(), token)
	return err == nil && id.Can(security.ScopeRead)
}

func withDCRToken(cfg *oauth.Config, _ *world) { cfg.DCRToken = secret.New("the-operators") }

// A client that the operator has registered, with a secret.
const (
	fixedID       = "the-operators-client"
	fixedWord     = "0123456789abcdef-word-of-the-client"
	fixedRedirect = "https://operator.example/cb"
)

func withFixedClients(cfg *oauth.Config, w *world) {
	w.t.Helper()
	cfg.ClientsFile = writeClients(w.t, fmt.Sprintf(`[{"client_id":%q,"client_secret":%q,"client_name":"Operator's","redirect_uris":[%q,%q]}]`, fixedID, fixedWord, fixedRedirect, callback))
}

func writeClients(t testing.TB, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "clients.json")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// Every row of the tables in section 5 of the list of threats has a test that
// bears its id, here or with the program.
func TestEveryRowHasATest(t *testing.T) {
	t.Parallel()
	found := make(map[string]bool)
	for _, glob := range []string{"*_test.go", "../cmd/axon-mcp/oauth*_test.go"} {
		files, err := filepath.Glob(glob)
		if err != nil || len(files) < 3 {
			t.Fatalf("%s: %v, %v", glob, files, err)
		}
		for _, file := range files {
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, name := range regexp.MustCompile(`(?m)^func Test((?:[ZKGX]\d+)+)`).FindAllStringSubmatch(string(raw), -1) {
				for _, id := range regexp.MustCompile(`[ZKGX]\d+`).FindAllString(name[1], -1) {
					found[id] = true
				}
			}
		}
	}
	for letter, rows := range map[string]int{"Z": 8, "K": 8, "G": 14, "X": 14} {
		for i := range rows {
			if id := fmt.Sprint(letter, i+1); !found[id] {
				t.Errorf("no test is named after %s", id)
			}
		}
	}
}
