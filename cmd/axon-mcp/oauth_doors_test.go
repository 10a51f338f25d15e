package main

import (
	"encoding/base64"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/axon-mcp/axon-mcp/oauth/oauthtest"
)

// webRoutes are the patterns of the web listener's table, read off its source:
// what is added there is asked here.
func webRoutes(t testing.TB) map[string]bool {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "../../web/routes.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	list := make(map[string]bool)
	add := func(node ast.Expr, method string) {
		if lit, ok := node.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			if pattern, err := strconv.Unquote(lit.Value); err == nil && strings.Contains(pattern, "/") {
				list[method+pattern] = true
			}
		}
	}
	ast.Inspect(file, func(node ast.Node) bool {
		switch n := node.(type) {
		case *ast.KeyValueExpr:
			if key, ok := n.Key.(*ast.Ident); ok && key.Name == "pattern" {
				add(n.Value, "")
			}
		case *ast.CallExpr:
			if f, ok := n.Fun.(*ast.SelectorExpr); ok && len(n.Args) > 0 {
				switch f.Sel.Name {
				case "reads":
					add(n.Args[0], "GET ")
				case "writes":
					add(n.Args[0], "POST ")
				}
			}
		}
		return true
	})
	return list
}

// TestAccessTokenOpensNoWebRoute: a real token, with every scope, is refused at
// every route of the web listener, wherever it stands in the request.
func TestAccessTokenOpensNoWebRoute(t *testing.T) {
	t.Parallel()
	s := newOAuthServer(t, "AXON_WEB_API_TOKEN=0123456789abcdef-web-token", "AXON_SHELL_ENABLED=true")
	base := regexp.MustCompile(`The web page is at (http://\S+?)/ `).FindStringSubmatch(s.stderr.String())
	if base == nil {
		t.Fatalf("no page: %s", s.stderr)
	}
	access := s.token("axon:read axon:write axon:admin")
	if status, _, _ := s.call(access, "tools/list", ""); status != http.StatusOK {
		t.Fatalf("the token opens not even /mcp: %d", status)
	}
	free := map[string]bool{"GET /healthz": true, "GET /readyz": true, "GET /api/session": true, "/": true} // open to all: the token must change nothing
	routes := webRoutes(t)
	if len(routes) < 28 || !routes["GET /ws"] || !routes["GET /api/query"] || !routes["POST /api/forget"] || !routes["GET /ws/shell"] {
		t.Fatalf("routes: %v", routes)
	}
	for pattern := range routes {
		method, path, found := strings.Cut(pattern, " ")
		methods := []string{method}
		if !found {
			path, methods = pattern, []string{"GET", "POST", "PUT", "DELETE"}
		}
		path = strings.NewReplacer("{id}", "01J00000000000000000000000", "{job}", "01J00000000000000000000000", "{form...}", "pack.md", "{path...}", "a.md").Replace(path)
		for _, method := range methods {
			for place, with := range placesOf(access) {
				status, body := askWeb(t, base[1], method, path, access, with)
				switch {
				case pattern == "POST /api/session" && status != http.StatusUnauthorized:
					t.Errorf("sign-in with the token (%s): %d %s", place, status, body)
				case free[pattern]:
					if plain, nobody := askWeb(t, base[1], method, path, "", nil); status != plain || body != nobody && method == "GET" && pattern != "GET /api/session" {
						t.Errorf("%s %s (%s): %d, and %d without the token", method, path, place, status, plain)
					}
				case status != http.StatusUnauthorized && status != http.StatusForbidden:
					t.Errorf("%s %s (%s): %d %.200s", method, path, place, status, body)
				}
			}
		}
	}
	if strings.Contains(s.stderr.String(), access) {
		t.Error("the token is in the log")
	}
}

// placesOf are the places of a request where a token could stand.
func placesOf(access string) map[string]func(*http.Request) {
	query := func(name string) func(*http.Request) {
		return func(r *http.Request) { r.URL.RawQuery = url.Values{name: {access}}.Encode() }
	}
	return map[string]func(*http.Request){
		"Authorization": func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+access) },
		"X-Api-Key":     func(r *http.Request) { r.Header.Set("X-Api-Key", access) },
		"?token":        query("token"), "?ticket": query("ticket"), "?access_token": query("access_token"),
		"cookies": func(r *http.Request) {
			for _, name := range []string{"axon_session", "__Host-axon_session", "axon_oauth_session", "__Host-axon_oauth_session"} {
				r.AddCookie(&http.Cookie{Name: name, Value: access})
			}
			r.Header.Set("X-Csrf-Token", access)
		},
	}
}

func askWeb(t testing.TB, base, method, path, access string, with func(*http.Request)) (int, string) {
	t.Helper()
	body := ""
	if method == http.MethodPost {
		body = `{"token":"` + access + `"}`
	}
	request, err := http.NewRequestWithContext(t.Context(), method, base+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	if strings.HasPrefix(path, "/ws") {
		for name, value := range map[string]string{"Connection": "Upgrade", "Upgrade": "websocket", "Sec-Websocket-Version": "13", "Sec-Websocket-Key": base64.StdEncoding.EncodeToString([]byte("0123456789abcdef"))} {
			request.Header.Set(name, value)
		}
	}
	if with != nil {
		with(request)
	}
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode == http.StatusSwitchingProtocols {
		return response.StatusCode, ""
	}
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(raw)
}

// TestK2DocumentsInside: a client id that is a URL is read through the guard, so
// none makes the server reach an address inside; nothing of why is told.
func TestK2DocumentsInside(t *testing.T) {
	t.Parallel()
	p := newPublisher(t, "http://127.0.0.1:9/callback")
	s := newOAuthServer(t, p.allowed()[0], "AXON_HTTP_TIMEOUT=5s")
	port := p.URL[strings.LastIndex(p.URL, ":")+1:]
	browser := oauthtest.NewBrowser(t, nil)
	ask := func(s *oauthServer, id string) *oauthtest.Page {
		return browser.Get(s.url + "/oauth/authorize?" + url.Values{
			"client_id": {id}, "redirect_uri": {"http://127.0.0.1:9/callback"}, "response_type": {"code"},
			"code_challenge": {strings.Repeat("c", 43)}, "code_challenge_method": {"S256"},
		}.Encode())
	}
	for _, host := range []string{
		"127.0.0.1:" + port, "localhost:" + port, "[::1]:" + port, "[::ffff:127.0.0.1]:" + port, "2130706433:" + port, "0x7f.1:" + port, "127.1:" + port, "0:" + port,
		"10.0.0.1", "172.16.0.1", "192.168.0.1", "169.254.169.254", "100.64.0.1", "[fd00::1]", "[fe80::1]", "[64:ff9b::7f00:1]", "metadata.google.internal",
	} {
		page := ask(s, "https://"+host+"/client.json")
		if page.Status != http.StatusBadRequest || page.Header.Get("Location") != "" || len(page.Links) > 0 {
			t.Errorf("%s: %d %s", host, page.Status, page.Header.Get("Location"))
		}
		for _, hint := range []string{"refused", "loopback", "private", "resolve", "blocked"} {
			if said := strings.ReplaceAll(page.Body, "a request that axon refuses", ""); strings.Contains(said, hint) {
				t.Errorf("%s: the page tells %q: %s", host, hint, page.Body)
			}
		}
	}
	if n := p.asked.Load(); n != 0 {
		t.Errorf("the server inside was reached %d times", n)
	}
	allowed := newOAuthServer(t, p.allowed()...)
	if page := ask(allowed, p.document()); page.Status != http.StatusOK || p.asked.Load() != 1 {
		t.Errorf("the same where the operator allows it: %d %s", page.Status, page.Body)
	}
}

// TestHostileAtTheListener: 1,000 requests that mean harm, at the program's own
// listener; nothing of it redirects, fails, is let in, or finds a secret.
func TestHostileAtTheListener(t *testing.T) {
	t.Parallel()
	s := newOAuthServer(t, "AXON_TRUSTED_PROXIES=127.0.0.1")
	f := s.flow("axon:read")
	good := url.Values{
		"response_type": {"code"}, "client_id": {f.clientID}, "redirect_uri": {clientCallback}, "state": {"s"},
		"code_challenge": {strings.Repeat("c", 43)}, "code_challenge_method": {"S256"}, "resource": {s.url + "/mcp"},
		"grant_type": {"authorization_code"}, "code_verifier": {strings.Repeat("v", 43)}, "code": {f.secrets["code"][:20]},
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for i, request := range oauthtest.Hostile(t, s.url, good, 1_000) {
		response, err := client.Do(request)
		if err != nil {
			t.Fatalf("%d: %v", i, err)
		}
		raw, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if target := response.Header.Get("Location"); response.StatusCode >= 500 || target != "" || response.StatusCode == http.StatusOK && request.URL.Path == "/oauth/token" {
			t.Errorf("%d: %s %.80s: %d to %q", i, request.Method, request.URL.Path, response.StatusCode, target)
		}
		f.mustNotBeIn(t, "an answer", string(raw))
	}
	f.mustNotBeIn(t, "the log", s.stderr.String())
	if status, _, _ := s.call(f.secrets["access token"], "tools/list", ""); status != http.StatusOK {
		t.Errorf("a good token after all that: %d", status)
	}
}
