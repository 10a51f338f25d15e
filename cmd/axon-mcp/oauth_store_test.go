package main

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/axon-mcp/axon-mcp/oauth/oauthtest"
)

// TestX5StoresHoldNothingUsable: after a whole flow neither the data directory
// nor what Redis has written (dump and append-only file) nor the log has
// anything that opens something.
func TestX5StoresHoldNothingUsable(t *testing.T) {
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		s := newOAuthServer(t)
		f := s.flow("axon:read axon:write")
		checkKept(t, f, oauthtest.Files(t, s.dir))
		f.mustNotBeIn(t, "the log", s.stderr.String())
	})
	t.Run("redis", func(t *testing.T) {
		t.Parallel()
		redis := oauthtest.StartRedis(t)
		s := newOAuthServer(t, "GOOGLE_OAUTH_REDIS_URL=redis://"+redis.Address())
		f := s.flow("axon:read axon:write")
		checkKept(t, f, redis.Dump())
		f.mustNotBeIn(t, "the log", s.stderr.String())
		f.mustNotBeIn(t, "the data directory", oauthtest.Files(t, s.dir))
	})
}

// checkKept looks for secrets in a store's files, and for the hash of a token,
// which proves that they can be read so.
func checkKept(t testing.TB, f *flow, files string) {
	t.Helper()
	f.mustNotBeIn(t, "the store", files)
	if sum := sha256.Sum256([]byte(f.secrets["access token"])); !strings.Contains(files, hex.EncodeToString(sum[:])) {
		t.Error("the store's files do not even have the hash of the token: is this the store?")
	}
	if len(f.secrets) < 14 {
		t.Errorf("only %d secrets were looked for", len(f.secrets))
	}
}

// TestRedisAwayThroughTheProgram: while Redis is away all that needs it answers
// 503 with a time, and the key goes on; when it is back, all works without a new
// start, and the log has no line that is not slog's.
func TestRedisAwayThroughTheProgram(t *testing.T) {
	t.Parallel()
	redis := oauthtest.StartRedis(t)
	s := newOAuthServer(t, "GOOGLE_OAUTH_REDIS_URL=redis://"+redis.Address(), "AXON_LOG_LEVEL=debug")
	f := s.flow("axon:read")
	refresh := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {f.secrets["refresh token"]}, "client_id": {f.clientID}, "client_secret": {f.secrets["client secret"]}}
	authorize := s.url + "/oauth/authorize?client_id=" + f.clientID
	redis.Stop()
	away := func(what string, status int, header http.Header) {
		t.Helper()
		if status != http.StatusServiceUnavailable || header.Get("Retry-After") == "" || header.Get("Location") != "" {
			t.Errorf("%s while Redis is away: %d, Retry-After %q", what, status, header.Get("Retry-After"))
		}
	}
	status, _, header := s.call(f.secrets["access token"], "tools/list", "")
	away("/mcp", status, header)
	status, _, header = s.post("/oauth/token", "application/x-www-form-urlencoded", refresh.Encode(), "")
	away("token", status, header)
	status, _, header = s.post("/oauth/revoke", "application/x-www-form-urlencoded", "token=x&client_id="+f.clientID, "")
	away("revoke", status, header)
	status, _, header = s.post("/oauth/register", "application/json", `{"redirect_uris":["`+clientCallback+`"]}`, "")
	away("register", status, header)
	page := oauthtest.NewBrowser(t, nil).Get(authorize)
	away("authorize", page.Status, page.Header)
	page = oauthtest.NewBrowser(t, nil).Get(s.url + "/oauth/google/login")
	away("login", page.Status, page.Header)
	if status, _, _ := s.call("the-static-key-of-the-test", "tools/list", ""); status != http.StatusOK {
		t.Errorf("the key while Redis is away: %d", status)
	}
	redis.Start()
	if status, _, _ := s.call(f.secrets["access token"], "tools/list", ""); status != http.StatusOK {
		t.Errorf("the token when Redis is back: %d", status)
	}
	if status, body, _ := s.post("/oauth/token", "application/x-www-form-urlencoded", refresh.Encode(), ""); status != http.StatusOK {
		t.Errorf("refresh when Redis is back: %d %s", status, body)
	}
	_, lines, _ := strings.Cut(s.stderr.String(), "The web page is at ")
	library := false
	for _, line := range strings.Split(strings.TrimSpace(lines), "\n")[1:] {
		if !strings.HasPrefix(line, "time=") {
			t.Errorf("a line that is not slog's: %s", line)
		}
		library = library || strings.Contains(line, `msg="redis library"`)
	}
	if !library {
		t.Error("what the library says does not reach the log")
	}
}

// TestDoctorLooksAtTheSignIn: settings, store and Google's keys.
func TestDoctorLooksAtTheSignIn(t *testing.T) {
	t.Parallel()
	google := oauthtest.NewGoogle(t)
	redis := oauthtest.StartRedis(t)
	p := newProgram(t, nil)
	p.env = append(p.env, "AXON_CHROME_PATH=/nowhere", "AXON_MCP_HTTP_PORT=0")
	says := func(more ...string) string {
		t.Helper()
		q := &program{t: t, dir: p.dir, env: append(append([]string(nil), p.env...), more...)}
		for line := range strings.Lines(q.run("doctor").stdout) {
			if strings.Contains(line, "sign-in") {
				return line
			}
		}
		return ""
	}
	if line := says(); !strings.Contains(line, "not set up") {
		t.Errorf("without OAuth: %q", line)
	}
	p.env = append(p.env, "GOOGLE_OAUTH_CLIENT_ID="+oauthtest.ClientID, "GOOGLE_OAUTH_CLIENT_SECRET="+oauthtest.ClientSecret, "GOOGLE_OAUTH_ALLOWED_EMAILS=alice@example.com",
		"GOOGLE_OAUTH_JWKS_URL="+google.URL+"/keys", "GOOGLE_OAUTH_BROKER_ISSUER=https://axon.example.com")
	if line := says(); !strings.Contains(line, "0 grants and 0 clients in the data directory") || !strings.Contains(line, "https://axon.example.com/oauth/google/callback") {
		t.Errorf("with OAuth: %q", line)
	}
	if line := says("GOOGLE_OAUTH_REDIS_URL=redis://" + redis.Address()); !strings.Contains(line, "in Redis") {
		t.Errorf("with Redis: %q", line)
	}
	redis.Stop()
	if line := says("GOOGLE_OAUTH_REDIS_URL=redis://:0123456789abcdef@" + redis.Address()); !strings.Contains(line, "cannot be reached") || strings.Contains(line, "0123456789") {
		t.Errorf("without Redis: %q", line)
	}
	google.Break(http.StatusInternalServerError)
	if line := says(); !strings.Contains(line, "keys cannot be read") || !strings.Contains(line, "500") {
		t.Errorf("with a broken Google: %q", line)
	}
	if line := says("GOOGLE_OAUTH_CLIENTS=/nowhere.json"); !strings.Contains(line, "GOOGLE_OAUTH_CLIENTS") {
		t.Errorf("with a file of clients that is not there: %q", line)
	}
}
