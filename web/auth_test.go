package web

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/axon-mcp/axon-mcp/secret"
	"github.com/axon-mcp/axon-mcp/security"
)

// kind is what the access table of spec web.md calls a route.
type kind string

// The routes by kind, with an address of each. A test holds the list against
// the listener's.
func routeKinds() map[string]kind {
	return map[string]kind{
		"GET /healthz": "probe", "GET /readyz": "probe",
		"GET /": "page", "GET /search": "page", "GET /api/session": "page",
		"GET /ws": "ws", "GET /ws/shell": "shell",
		"GET /metrics": "file", "GET /output/a.md": "file", "GET /download/" + someJob + "/pack.md": "file",
		"GET /api/openapi.json": "read", "GET /api/connect": "read", "GET /api/omnibox/files": "read", "GET /api/query?query=x": "read",
		"GET /api/sources": "read", "GET /api/documents": "read", "GET /api/domains": "read", "GET /api/stats": "read",
		"GET /api/status": "read", "GET /api/doctor": "read", "GET /api/jobs": "read", "GET /api/jobs/" + someJob: "read", "GET /api/nothing": "read",
		"DELETE /api/session": "write", "POST /api/forget": "write", "POST /api/ai/copilot": "write",
		"POST /api/pulse/chat": "write", "POST /api/pulse/permission": "write",
		"POST /api/jobs/" + someJob + "/retry": "write", "POST /api/jobs/" + someJob + "/cancel": "write",
		"POST /api/ws-ticket": "ticket",
	}
}

// cell is one combination of the table.
type cell struct {
	credential, peer, origin, host string
	tokens, dev                    bool
}

// allowedBy is spec web.md, section 1, in its own words: 0 lets in.
func (c cell) wanted(k kind) int {
	local := c.peer != "10.1.2.3:5555" && c.peer != "forwarded"
	strayed := c.credential == "atk-bearer" || c.credential == "atk-query" && (k == "file" || k == "ws") // "never opens any route"
	switch {
	case c.host == "rebound" && k != "probe":
		return 403
	case c.origin == "foreign" || c.origin == "null":
		return 403
	case k == "shell" && !local:
		return 403
	case k == "probe" || k == "page":
		return 0
	case !c.tokens && k == "ws" && !strayed:
		return 0
	case !c.tokens && k == "ws":
		return 401
	case !c.tokens && k == "shell":
		return 403
	case !c.tokens:
		if local && c.origin != "allowed" && strayed {
			return 401
		}
		if local && c.origin != "allowed" {
			return 0
		}
		return 403
	case c.dev && local && !(strayed || c.credential == "atk-query" && k == "shell") && (k == "read" || k == "write" || k == "file" || k == "shell"):
		return 0
	}
	opens := map[kind]string{
		"read":   "api-bearer api-key browser-bearer cookie cookie-csrf",
		"file":   "api-bearer api-key browser-bearer cookie cookie-csrf api-query browser-query",
		"write":  "api-bearer api-key cookie-csrf",
		"ticket": "api-bearer api-key cookie-csrf",
		"ws":     "api-bearer api-key api-query ticket",
		"shell":  "shell-bearer shell-query",
	}[k]
	for word := range strings.FieldsSeq(opens) {
		if word == c.credential {
			if word == "ticket" && c.origin == "allowed" {
				return 403 // it was given to our own page
			}
			return 0
		}
	}
	if (k == "write" || k == "ticket") && (c.credential == "browser-bearer" || c.credential == "cookie") {
		return 403
	}
	return 401
}

// request makes the request of a cell.
func (c cell) request(t testing.TB, s *Server, method, path string) *http.Request {
	t.Helper()
	q := ""
	header := http.Header{}
	switch c.credential {
	case "wrong":
		header.Set("Authorization", "Bearer wrong")
	case "api-bearer":
		header.Set("Authorization", "Bearer "+apiToken)
	case "api-key":
		header.Set("X-Api-Key", apiToken)
	case "api-query":
		q = "token=" + apiToken
	case "browser-bearer":
		header.Set("Authorization", "Bearer "+browserToken)
	case "browser-query":
		q = "token=" + browserToken
	case "shell-bearer":
		header.Set("Authorization", "Bearer "+shellToken)
	case "shell-query":
		q = "token=" + shellToken
	case "atk-bearer":
		header.Set("Authorization", "Bearer "+security.NewMarkedToken("atk_"))
	case "atk-query":
		q = "token=" + security.NewMarkedToken("atk_")
	case "ticket", "expired-ticket":
		clear(s.guard.tickets.live)
		ticket, err := s.guard.tickets.give("own")
		if err != nil {
			t.Fatal(err)
		}
		if c.credential == "expired-ticket" {
			one := s.guard.tickets.live[security.HashToken(ticket)]
			one.until = time.Now().Add(-time.Second)
			s.guard.tickets.live[security.HashToken(ticket)] = one
		}
		q = "ticket=" + ticket
	case "cookie", "cookie-csrf":
		w := httptest.NewRecorder()
		begun := s.guard.sessions.begin(w)
		header.Set("Cookie", strings.SplitN(w.Header().Get("Set-Cookie"), ";", 2)[0])
		if c.credential == "cookie-csrf" {
			header.Set("X-Csrf-Token", begun.csrf)
		}
	}
	if q != "" && strings.Contains(path, "?") {
		path += "&" + q
	} else if q != "" {
		path += "?" + q
	}
	r := httptest.NewRequest(method, path, nil)
	r.Header = header
	r.Host = map[string]string{"own": "127.0.0.1:49010", "rebound": "evil.example:49010"}[c.host]
	if from := map[string]string{"own": "http://127.0.0.1:49010", "allowed": "https://tools.example.com", "foreign": "https://evil.example", "null": "null"}[c.origin]; from != "" {
		r.Header.Set("Origin", from)
	}
	r.RemoteAddr = c.peer
	if c.peer == "forwarded" {
		r.RemoteAddr = "127.0.0.1:5555"
		r.Header.Set("X-Forwarded-For", "127.0.0.1")
	}
	at := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 49010}
	return r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, net.Addr(at)))
}

// TestAccessTable is the access table: every route × credential × peer ×
// setting × Origin × Host. What is let in at /ws is asked to upgrade (426).
func TestAccessTable(t *testing.T) {
	t.Parallel()
	credentials := []string{
		"none", "wrong", "api-bearer", "api-key", "api-query", "browser-bearer", "browser-query", "shell-bearer", "shell-query",
		"atk-bearer", "atk-query", "ticket", "expired-ticket", "cookie", "cookie-csrf",
	}
	for _, tokens := range []bool{true, false} {
		for _, dev := range []bool{true, false} {
			t.Run(fmt.Sprintf("tokens=%v,dev=%v", tokens, dev), func(t *testing.T) {
				t.Parallel()
				cfg := defaults()
				cfg.AllowedOrigins, cfg.InsecureDev, cfg.ShellEnabled = []string{"https://tools.example.com"}, dev, true
				if tokens {
					cfg = withTokens(cfg)
					cfg.ShellToken = secret.New(shellToken)
				}
				s, handler := quiet(t, cfg)
				n := 0
				for _, credential := range credentials {
					for _, peer := range []string{"127.0.0.1:5555", "[::1]:5555", "[::ffff:127.0.0.1]:5555", "10.1.2.3:5555", "forwarded"} {
						for _, origin := range []string{"own", "allowed", "foreign", "null", "none"} {
							for _, host := range []string{"own", "rebound"} {
								n += cell{credential, peer, origin, host, tokens, dev}.check(t, s, handler)
							}
						}
					}
				}
				t.Logf("%d cells", n)
			})
		}
	}
}

func (c cell) check(t *testing.T, s *Server, handler http.Handler) (n int) {
	t.Helper()
	// In a short run the routes of one kind stand for each other where nothing
	// but the kind can matter.
	whole := !testing.Short() || (c.peer == "127.0.0.1:5555" && c.origin == "none")
	done := map[kind]bool{}
	for route, k := range routeKinds() {
		if done[k] && !whole {
			continue
		}
		done[k] = true
		method, path, _ := strings.Cut(route, " ")
		w := httptest.NewRecorder()
		r := c.request(t, s, method, path)
		handler.ServeHTTP(w, r)
		n++
		want := c.wanted(k)
		if (k == "ws" || k == "shell") && want == 0 {
			want = http.StatusUpgradeRequired
		}
		if refused := w.Code == 401 || w.Code == 403; (want == 0 && refused) || (want != 0 && w.Code != want) {
			t.Errorf("%s, %+v: %d, want %d: %s", route, c, w.Code, want, w.Body)
		}
		if body := w.Body.String(); strings.Contains(body, apiToken) || strings.Contains(body, browserToken) || strings.Contains(body, "evil.example") {
			t.Errorf("%s, %+v: the answer repeats what was sent: %s", route, c, body)
		}
	}
	return n
}

// quiet is a server behind its handler, without a listener.
func quiet(t testing.TB, cfg Config) (*Server, http.Handler) {
	t.Helper()
	fake := &fakeJobs{}
	fake.add(someJob, "crawl")
	s, err := New(Deps{
		Config: cfg, Log: slog.New(slog.DiscardHandler), Registry: &fakeTools{Registry: schemas(t)}, Jobs: fake, OutputDir: t.TempDir(), Version: "test",
	}, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 49010})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.close()
		s.kill()
		if err := s.files.close(); err != nil {
			t.Error(err)
		}
	})
	return s, s.Handler()
}

// Each route of the listener stands in the table above.
func TestAccessTableIsWhole(t *testing.T) {
	t.Parallel()
	s, _ := quiet(t, defaults())
	mux := http.NewServeMux()
	for _, r := range s.routes() {
		mux.Handle(r.pattern, http.NotFoundHandler())
	}
	met := map[string]bool{}
	for route := range routeKinds() {
		method, path, _ := strings.Cut(route, " ")
		_, pattern := mux.Handler(httptest.NewRequest(method, path, nil))
		met[pattern] = true
	}
	met["POST /api/session"] = true // TestSignIn
	for _, r := range s.routes() {
		if !met[r.pattern] {
			t.Errorf("%s has no row in routeKinds", r.pattern)
		}
	}
}

// The shell is not there unless it was asked for, and not without a token.
func TestShellGate(t *testing.T) {
	t.Parallel()
	off := withTokens(defaults())
	on := off
	on.ShellEnabled = true
	bare := defaults()
	bare.ShellEnabled = true
	bareDev := bare
	bareDev.InsecureDev = true
	own := on
	own.AllowedOrigins, own.ShellOrigins = []string{"https://tools.example.com"}, []string{"https://term.example.com"}
	for _, row := range []struct {
		name   string
		cfg    Config
		header []string
		want   int
	}{
		{"off", off, []string{"Authorization: Bearer " + apiToken}, 404},
		{"on, with the API token", on, []string{"Authorization: Bearer " + apiToken}, 426},
		{"on, browser token", on, []string{"Authorization: Bearer " + browserToken}, 401},
		{"on, forwarded", on, []string{"Authorization: Bearer " + apiToken, "X-Real-IP: 127.0.0.1"}, 403},
		{"on, Forwarded", on, []string{"Authorization: Bearer " + apiToken, "Forwarded: for=127.0.0.1"}, 403},
		{"no token anywhere", bare, nil, 403},
		{"no token anywhere, insecure dev", bareDev, nil, 403},
		{"the shell's own origins", own, []string{"Authorization: Bearer " + apiToken, "Origin: https://term.example.com"}, 426},
		{"and not the web's", own, []string{"Authorization: Bearer " + apiToken, "Origin: https://tools.example.com"}, 403},
	} {
		f := start(t, row.cfg)
		header := row.header
		if status, text, _ := f.ask(t, "GET", "/ws/shell", "", header...); status != row.want {
			t.Errorf("%s: %d, want %d: %s", row.name, status, row.want, text)
		}
	}
}

// "Open is not exposed": what the listener refuses to open with.
func TestExposure(t *testing.T) {
	t.Parallel()
	with := func(edit func(*Config)) Config {
		cfg := defaults()
		edit(&cfg)
		return cfg
	}
	for _, row := range []struct {
		name, bound, want string
		cfg               Config
	}{
		{"default", "127.0.0.1:1", "", defaults()},
		{"::1", "[::1]:1", "", with(func(c *Config) { c.Host = "::1" })},
		{"localhost", "127.0.0.1:1", "", with(func(c *Config) { c.Host = "localhost" })},
		{"localhost that is elsewhere", "10.0.0.1:1", "AXON_WEB_API_TOKEN", with(func(c *Config) { c.Host = "localhost" })},
		{"all addresses", "0.0.0.0:1", "AXON_WEB_API_TOKEN", with(func(c *Config) { c.Host = "0.0.0.0" })},
		{"empty host", "[::]:1", "AXON_WEB_API_TOKEN", with(func(c *Config) { c.Host = "" })},
		{"all addresses, said so", "0.0.0.0:1", "", with(func(c *Config) { c.Host, c.AllowOpen = "0.0.0.0", true })},
		{"all addresses, token", "0.0.0.0:1", "", withTokens(with(func(c *Config) { c.Host = "0.0.0.0" }))},
		{"browser token alone", "127.0.0.1:1", "AXON_WEB_BROWSER_API_TOKEN", with(func(c *Config) { c.BrowserToken = secret.New("x") })},
		{"shell token alone", "127.0.0.1:1", "AXON_SHELL_WS_TOKEN", with(func(c *Config) { c.ShellToken = secret.New("x") })},
		{"dev on the network", "0.0.0.0:1", "AXON_WEB_ALLOW_INSECURE_DEV", withTokens(with(func(c *Config) { c.Host, c.InsecureDev = "0.0.0.0", true }))},
		{"dev with a public URL", "127.0.0.1:1", "AXON_WEB_PUBLIC_URL", withTokens(with(func(c *Config) { c.PublicURL, c.InsecureDev = "https://a.example", true }))},
	} {
		bound, err := net.ResolveTCPAddr("tcp", row.bound)
		if err != nil {
			t.Fatal(err)
		}
		_, err = New(Deps{Config: row.cfg, Log: slog.New(slog.DiscardHandler)}, bound)
		if (err == nil) != (row.want == "") || (err != nil && !strings.Contains(err.Error(), row.want)) {
			t.Errorf("%s: %v, want %q", row.name, err, row.want)
		}
	}
}

// A ticket opens once, soon, and for the origin that asked for it.
func TestTickets(t *testing.T) {
	t.Parallel()
	f := start(t, withTokens(defaults()))
	if status, _, _ := f.ask(t, "POST", "/api/ws-ticket", "", "Authorization: Bearer "+browserToken); status != 403 {
		t.Errorf("the browser token got a ticket: %d", status)
	}
	status, text, _ := f.ask(t, "POST", "/api/ws-ticket", "", "Authorization: Bearer "+apiToken)
	_, rest, _ := strings.Cut(text, `{"ticket":"`)
	ticket, _, _ := strings.Cut(rest, `"`)
	if status != 200 || len(ticket) < 40 {
		t.Fatalf("%d %s", status, text)
	}
	s := f.dial(t, "?ticket="+ticket, http.Header{"Origin": {"http://" + f.host}})
	s.send(execute("a", "stats", "", `{}`))
	s.until("command.done")
	for _, used := range []string{ticket, "made-up", ""} {
		if status, _, _ := f.ask(t, "GET", "/ws?ticket="+used, ""); status != 401 {
			t.Errorf("ticket %q: %d", used, status)
		}
	}
}

// A token of /mcp opens nothing here, even where somebody has configured it.
func TestAccessTokenNeverOpens(t *testing.T) {
	t.Parallel()
	cfg := defaults()
	cfg.APIToken, cfg.BrowserToken, cfg.ShellEnabled = secret.New("atk_configured"), secret.New("atk_browser"), true
	if err := cfg.Validate(); err == nil || !strings.Contains(err.Error(), "AXON_WEB_BROWSER_API_TOKEN") {
		t.Errorf("%v", err)
	}
	f := start(t, cfg)
	for _, path := range []string{"/ws", "/ws/shell", "/api/stats", "/metrics"} {
		for _, token := range []string{"atk_configured", "atk_browser"} {
			if status, _, _ := f.ask(t, "GET", path, "", "Authorization: Bearer "+token); status != 401 {
				t.Errorf("%s %s: %d", path, token, status)
			}
		}
	}
	if status, _, _ := f.ask(t, "POST", "/api/session", `{"token":"atk_configured"}`); status != 401 {
		t.Errorf("sign-in: %d", status)
	}
}
