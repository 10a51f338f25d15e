package web

import (
	"context"
	"encoding/json"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/axon-mcp/axon-mcp/fault"
	"github.com/axon-mcp/axon-mcp/tools"
)

// A GET's parameters become the tool's fields, by their types.
func TestReadsCallTools(t *testing.T) {
	t.Parallel()
	f := start(t, defaults())
	for path, want := range map[string]string{
		"/api/query?query=json&limit=3&domains=a.example,b.example&domains=c.example": `query {"domains":["a.example","b.example","c.example"],"limit":3,"query":"json"}`,
		"/api/query?query=7&mode=keyword":                                             `query {"mode":"keyword","query":"7"}`,
		"/api/sources?limit=500&cursor=x":                                             `sources {"cursor":"x","limit":500}`,
		"/api/documents?url=https://a/b%23c":                                          `retrieve {"url":"https://a/b#c"}`,
		"/api/documents?id=7&max_chars=100000":                                        `retrieve {"id":"7","max_chars":100000}`,
		"/api/documents?limit=2":                                                      `sources {"limit":2}`,
		"/api/domains?since=7d":                                                       `domains {"since":"7d"}`,
		"/api/stats":                                                                  `stats {}`,
		"/api/doctor":                                                                 `doctor {}`,
		"/api/status":                                                                 `status {}`,
		"/api/jobs?status=running&kind=crawl":                                         `jobs {"kind":"crawl","status":"running"}`,
		"/api/jobs/" + someJob + "?id=another":                                        `jobs {"id":"` + someJob + `"}`,
		"/api/query?query=x&limit=abc&nope=1":                                         `query {"limit":"abc","nope":"1","query":"x"}`, // the registry says what is wrong
	} {
		status, _, _ := f.ask(t, "GET", path, "")
		calls := f.tools.made()
		last := calls[len(calls)-1]
		if got := last.Name + " " + string(last.Args); status != 200 || got != want || last.CommandLine {
			t.Errorf("%s: %d %s, want %s", path, status, got, want)
		}
	}
}

func TestWritesCallTools(t *testing.T) {
	t.Parallel()
	f := start(t, defaults())
	for _, row := range []struct {
		path, body, want string
		status           int
	}{
		{"/api/jobs/" + someJob + "/retry", ``, `job_control {"action":"retry","id":"` + someJob + `"}`, 200},
		{"/api/jobs/" + someJob + "/cancel", `{"action":"recover"}`, `job_control {"action":"cancel","id":"` + someJob + `"}`, 200},
		{"/api/forget", `{"domain":"a.example","dry_run":true}`, `forget {"domain":"a.example","dry_run":true}`, 200},
		{"/api/forget", `[]`, ``, 400},
		{"/api/forget", `{} {}`, ``, 400},
		{"/api/forget", `{"x":"` + strings.Repeat("x", maxBody) + `"}`, ``, 413},
	} {
		before := len(f.tools.made())
		status, text, _ := f.ask(t, "POST", row.path, row.body)
		got := ""
		if calls := f.tools.made()[before:]; len(calls) == 1 {
			got = calls[0].Name + " " + string(calls[0].Args)
		}
		if status != row.status || got != row.want {
			t.Errorf("%s: %d %s %.100s", row.path, status, got, text)
		}
	}
	if status, _, _ := f.ask(t, "POST", "/api/forget", "url=x", "Content-Type: application/x-www-form-urlencoded"); status != 415 {
		t.Errorf("a form: %d", status)
	}
}

// The browser token reads and does nothing else; the identity says so to the
// tools, too.
func TestBrowserTokenOnlyReads(t *testing.T) {
	t.Parallel()
	f := start(t, withTokens(defaults()))
	if status, _, _ := f.ask(t, "GET", "/api/stats", "", "Authorization: Bearer "+browserToken); status != 200 {
		t.Errorf("%d", status)
	}
	if who := f.tools.who[0]; who.Can("axon:write") || !who.Can("axon:read") {
		t.Errorf("%+v", who)
	}
	if status, text, _ := f.ask(t, "POST", "/api/forget", `{}`, "Authorization: Bearer "+browserToken); status != 403 || !strings.Contains(text, "only reads") {
		t.Errorf("%d %s", status, text)
	}
}

// Every code has its status (design.md, Errors), and what is no fault tells an
// id and nothing else.
func TestErrorsMap(t *testing.T) {
	t.Parallel()
	f := start(t, defaults())
	var failure error
	f.tools.run = func(context.Context, tools.Call) (any, error) { return nil, failure }
	for code, want := range map[fault.Code]int{
		fault.Invalid: 400, fault.NotFound: 404, fault.URLBlocked: 403, fault.Forbidden: 403, fault.Conflict: 409, fault.Unsupported: 415,
		fault.TooLarge: 413, fault.Upstream: 502, fault.Unavailable: 503, fault.Timeout: 504, fault.Busy: 429, fault.Canceled: 499,
	} {
		failure = fault.New(code, "words")
		status, text, h := f.ask(t, "GET", "/api/stats", "")
		if status != want || !strings.Contains(text, `"code":"`+string(code)+`","message":"words"`) || (code == fault.Busy) != (h.Get("Retry-After") != "") {
			t.Errorf("%s: %d %s", code, status, text)
		}
	}
	failure = errors.New("the cause: /etc/passwd")
	status, text, _ := f.ask(t, "GET", "/api/stats", "")
	var body errorBody
	if err := json.Unmarshal([]byte(text), &body); err != nil || status != 500 || strings.Contains(text, "cause: ") || len(body.ID) < 10 || !strings.Contains(body.Message, body.ID) {
		t.Errorf("%d %s", status, text)
	}
	failure = &tools.ConfirmError{Question: "Remove 3?", Token: "tok"}
	if status, text, _ := f.ask(t, "POST", "/api/forget", `{"domain":"x","dry_run":false}`); status != 409 || !strings.Contains(text, `"confirm":"tok"`) {
		t.Errorf("%d %s", status, text)
	}
}

// The description has each route of the API and is made of valid parts.
func TestOpenAPI(t *testing.T) {
	t.Parallel()
	f := start(t, defaults())
	status, text, _ := f.ask(t, "GET", "/api/openapi.json", "")
	var d struct {
		OpenAPI string
		Paths   map[string]map[string]struct {
			OperationID string `json:"operationId"`
			Parameters  []struct {
				Name, In string
				Schema   map[string]any
			}
			RequestBody map[string]any `json:"requestBody"`
			Responses   map[string]any
		}
	}
	if err := json.Unmarshal([]byte(text), &d); err != nil || status != 200 || d.OpenAPI != "3.1.0" {
		t.Fatalf("%d %v", status, err)
	}
	seen := map[string]bool{}
	for _, r := range f.routes() {
		method, path, _ := strings.Cut(r.pattern, " ")
		if !strings.HasPrefix(path, "/api/") || path == "" {
			continue
		}
		op, ok := d.Paths[path][strings.ToLower(method)]
		if !ok || seen[op.OperationID] || len(op.Responses) < 2 {
			t.Errorf("%s: %+v", r.pattern, op)
		}
		seen[op.OperationID] = true
	}
	query := d.Paths["/api/query"]["get"]
	names := map[string]bool{}
	for _, p := range query.Parameters {
		names[p.Name] = p.In == "query" && p.Schema["type"] != nil
	}
	if !names["query"] || !names["limit"] || !names["domains"] {
		t.Errorf("%v", names)
	}
	retry := d.Paths["/api/jobs/{id}/retry"]["post"]
	if raw, _ := json.Marshal(retry.RequestBody); strings.Contains(string(raw), "action") || len(retry.Parameters) != 1 {
		t.Errorf("retry: %s %+v", raw, retry.Parameters)
	}
}

// The page's addresses give its index under the policy; what is neither is 404.
func TestPage(t *testing.T) {
	t.Parallel()
	page := fstest.MapFS{"index.html": {Data: []byte("the index")}, "assets/app-1a2b.js": {Data: []byte("js")}, "theme.js": {Data: []byte("t")}}
	f := start(t, defaults(), func(d *Deps) { d.Page = page })
	for path, want := range map[string]string{
		"/": "no-cache", "/search?q=x": "no-cache", "/jobs": "no-cache", "/jobs/" + someJob: "no-cache", "/library/docs.python.org": "no-cache",
		"/doc?url=x": "no-cache", "/chat/s": "no-cache", "/health": "no-cache", "/connect": "no-cache", "/add": "no-cache",
		"/assets/app-1a2b.js": "public, max-age=31536000, immutable", "/theme.js": "no-cache",
	} {
		status, text, h := f.ask(t, "GET", path, "")
		if status != 200 || h.Get("Cache-Control") != want || (!strings.Contains(path, ".js") && text != "the index") {
			t.Errorf("%s: %d %q %v", path, status, text, h)
		}
		if policy := h.Get("Content-Security-Policy"); policy != csp || strings.Contains(policy, "unsafe") {
			t.Errorf("%s: %s", path, policy)
		}
	}
	for _, path := range []string{"/nothing", "/jobs/a/b", "/assets/none.js", "/assets", "/assets/", "/chat/", "/index.html/x", "/.env", "/..%2fx", "/%2e%2e/x", "/api", "/wp-admin"} {
		if status, text, _ := f.ask(t, "GET", path, ""); status == 200 {
			t.Errorf("%s: %d %s", path, status, text)
		}
	}
	if status, _, _ := f.ask(t, "POST", "/", "{}"); status == 200 {
		t.Errorf("POST /: %d", status)
	}
}

// A person gets words where a program gets JSON: the page at 404, and a sentence at
// a name that is not served, but nothing of the page itself.
func TestPageForPeople(t *testing.T) {
	t.Parallel()
	page := fstest.MapFS{"index.html": {Data: []byte("the index")}}
	f := start(t, defaults(), func(d *Deps) { d.Page = page })
	const browser = "Accept: text/html,application/xhtml+xml,*/*;q=0.8"
	for _, path := range []string{"/nothing", "/jobs/a/b", "/assets/none.js", "/.env"} {
		if status, text, h := f.ask(t, "GET", path, "", browser); status != 404 || text != "the index" || h.Get("Cache-Control") != "no-cache" || h.Get("Content-Security-Policy") != csp {
			t.Errorf("%s: %d %q %v", path, status, text, h)
		}
		if status, text, _ := f.ask(t, "GET", path, ""); status != 404 || !strings.Contains(text, `"code":"not_found"`) {
			t.Errorf("%s without a browser: %d %q", path, status, text)
		}
	}
	for _, path := range []string{"/", "/search?q=x", "/nothing"} {
		if status, text, h := f.ask(t, "GET", path, "", browser, "Host: rebound.example"); status != 403 || !strings.Contains(text, "This address is not allowed.") || strings.Contains(text, "rebound") || h.Get("Cache-Control") != "no-store" {
			t.Errorf("%s at another name: %d %q %v", path, status, text, h)
		}
	}
}

func TestConnectAndMetrics(t *testing.T) {
	t.Parallel()
	f := start(t, withTokens(defaults()), func(d *Deps) {
		d.Clients = func() []Client {
			return []Client{{Name: "cursor", Title: "Cursor", Stdio: "{}", HTTP: "${AXON_MCP_API_KEY}"}}
		}
	})
	if status, text, _ := f.ask(t, "GET", "/api/connect", "", "X-Api-Key: "+apiToken); status != 200 || !strings.Contains(text, `"name":"cursor"`) {
		t.Errorf("%d %s", status, text)
	}
	f.tools.run = func(_ context.Context, call tools.Call) (any, error) {
		return map[string]any{"documents": 7, "chunks": 9, "running": 2}, nil
	}
	status, text, h := f.ask(t, "GET", "/metrics?token="+browserToken, "")
	if status != 200 || !strings.HasPrefix(h.Get("Content-Type"), "text/plain; version=0.0.4") {
		t.Errorf("%d %v", status, h)
	}
	for _, line := range []string{`axon_web_requests_total{code="2xx"} 1`, "axon_index_documents 7", "axon_jobs_running 2", "axon_ws_connections 0", `axon_web_request_seconds_bucket{le="+Inf"} 1`} {
		if !strings.Contains(text, "\n"+line+"\n") {
			t.Errorf("%q is not in\n%s", line, text)
		}
	}
}

// A page of an allowed origin may read with a token of its own, and gets no
// cookie's worth.
func TestAllowedOriginMayRead(t *testing.T) {
	t.Parallel()
	cfg := withTokens(defaults())
	cfg.AllowedOrigins = []string{"https://tools.example.com"}
	f := start(t, cfg)
	_, _, h := f.ask(t, "OPTIONS", "/api/stats", "", "Origin: https://tools.example.com", "Access-Control-Request-Method: GET")
	if h.Get("Access-Control-Allow-Origin") != "https://tools.example.com" || h.Get("Access-Control-Allow-Credentials") != "" {
		t.Errorf("%v", h)
	}
	if status, _, h := f.ask(t, "OPTIONS", "/api/stats", "", "Origin: https://evil.example", "Access-Control-Request-Method: GET"); status != 403 || h.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("%d %v", status, h)
	}
	// An image or a script of another page sends no Origin, but says that it is another's.
	cookie, _ := f.signIn(t)
	for _, site := range []string{"cross-site", "same-site"} {
		if status, _, _ := f.ask(t, "GET", "/api/stats", "", cookie, "Sec-Fetch-Site: "+site, "Sec-Fetch-Mode: no-cors"); status != 403 {
			t.Errorf("%s: %d", site, status)
		}
	}
	if status, _, _ := f.ask(t, "GET", "/api/stats", "", cookie, "Sec-Fetch-Site: same-origin", "Sec-Fetch-Mode: cors"); status != 200 {
		t.Errorf("%d", status)
	}
}

// deadlines is a connection that notes its write deadlines.
type deadlines struct {
	*httptest.ResponseRecorder
	set []time.Time
}

func (d *deadlines) SetWriteDeadline(at time.Time) error {
	d.set = append(d.set, at)
	return nil
}

// Each piece of an answer has its time, and none is left to the next answer of
// the same connection: it would be cut off.
func TestWriteDeadlines(t *testing.T) {
	t.Parallel()
	_, handler := quiet(t, defaults())
	r := cell{peer: "127.0.0.1:5555", origin: "none", host: "own"}.request(t, nil, "GET", "/api/stats")
	w := &deadlines{ResponseRecorder: httptest.NewRecorder()}
	handler.ServeHTTP(w, r)
	if w.Code != 200 || len(w.set) != 2 || !w.set[0].IsZero() || time.Until(w.set[1]) < pieceTime/2 {
		t.Errorf("%d %v", w.Code, w.set)
	}
}
