package mcp

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/axon-mcp/axon-mcp/fault"
	"github.com/axon-mcp/axon-mcp/secret"
	"github.com/axon-mcp/axon-mcp/security"
	"github.com/axon-mcp/axon-mcp/tools"
)

// Who and what may come in, in the order of the checks.
func TestHTTPGate(t *testing.T) {
	t.Parallel()
	header := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	without := func(name string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Del(name) }
	}
	modern := call(1, "echo", "{}", true)
	big := `{"jsonrpc":"2.0","id":1,"method":"ping","params":{"x":"` + strings.Repeat("x", 5<<20) + `"}}`
	tests := map[string]struct {
		body   string
		change func(*http.Request)
		status int
		code   int // of the JSON-RPC error; 0 for none
	}{
		"initialize": {hello, nil, 200, 0},
		"modern":     {modern, nil, 200, 0},

		"no key":    {modern, without("Authorization"), 401, -32600},
		"wrong key": {modern, header("Authorization", "Bearer wrong"), 401, -32600},
		"empty key": {modern, header("Authorization", "Bearer "), 401, -32600},
		"basic":     {modern, header("Authorization", "Basic "+goodKey), 401, -32600},
		"key in the query": {modern, func(r *http.Request) {
			r.Header.Del("Authorization")
			r.URL.RawQuery = "token=" + goodKey + "&key=" + goodKey
		}, 401, -32600},
		"two keys":            {modern, func(r *http.Request) { r.Header.Add("Authorization", "Bearer other") }, 401, -32600},
		"lower case scheme":   {modern, header("Authorization", "bearer "+goodKey), 200, 0},
		"foreign origin":      {modern, header("Origin", "https://evil.example"), 403, -32600},
		"null origin":         {modern, header("Origin", "null"), 403, -32600},
		"other port's origin": {modern, header("Origin", "http://127.0.0.1:1"), 403, -32600},
		"cross-site":          {modern, header("Sec-Fetch-Site", "cross-site"), 403, -32600},
		"same site":           {modern, header("Sec-Fetch-Site", "same-site"), 403, -32600},
		"public origin":       {modern, header("Origin", "https://axon.example"), 200, 0},
		"foreign host":        {modern, func(r *http.Request) { r.Host = "evil.example" }, 403, -32600},
		"rebound host":        {modern, func(r *http.Request) { r.Host = "evil.example:" + r.URL.Port() }, 403, -32600},
		"host without port":   {modern, func(r *http.Request) { r.Host = "localhost" }, 403, -32600},
		"localhost":           {modern, func(r *http.Request) { r.Host = "LOCALHOST:" + r.URL.Port() }, 200, 0},
		"IPv6 loopback":       {modern, func(r *http.Request) { r.Host = "[::1]:" + r.URL.Port() }, 200, 0},
		"public host":         {modern, func(r *http.Request) { r.Host = "axon.example" }, 200, 0},
		"configured host":     {modern, func(r *http.Request) { r.Host = "nas.lan:8001" }, 200, 0},

		"GET":              {"", func(r *http.Request) { r.Method = http.MethodGet }, 405, -32600},
		"GET, foreign":     {"", func(r *http.Request) { r.Method = http.MethodGet; r.Header.Set("Origin", "https://evil.example") }, 403, -32600},
		"PUT":              {modern, func(r *http.Request) { r.Method = http.MethodPut }, 405, -32600},
		"OPTIONS":          {"", func(r *http.Request) { r.Method = http.MethodOptions }, 405, -32600},
		"DELETE modern":    {"", func(r *http.Request) { r.Method = http.MethodDelete; r.Header.Set(headerVersion, "2026-07-28") }, 405, -32600},
		"DELETE nothing":   {"", func(r *http.Request) { r.Method = http.MethodDelete }, 400, -32600},
		"DELETE made up":   {"", func(r *http.Request) { r.Method = http.MethodDelete; r.Header.Set(headerSession, "x") }, 404, -32600},
		"text":             {modern, header("Content-Type", "text/plain"), 415, -32600},
		"form":             {modern, header("Content-Type", "application/x-www-form-urlencoded"), 415, -32600},
		"no type":          {modern, without("Content-Type"), 415, -32600},
		"with charset":     {modern, header("Content-Type", "application/json; charset=utf-8"), 200, 0},
		"gzip":             {modern, header("Content-Encoding", "gzip"), 415, -32600},
		"5 MiB":            {big, nil, 413, -32600},
		"5 MiB in chunks":  {big, func(r *http.Request) { r.ContentLength = -1 }, 413, -32600},
		"empty":            {"", nil, 400, -32700},
		"garbage":          {"\x00\xff", nil, 400, -32700},
		"batch":            {"[" + modern + "]", nil, 400, -32600},
		"bad id":           {`{"jsonrpc":"2.0","id":null,"method":"ping"}`, nil, 400, -32600},
		"made-up session":  {call(1, "echo", "{}", false), header(headerSession, "made-up"), 404, -32600},
		"no session":       {call(1, "echo", "{}", false), nil, 400, -32600},
		"response, no one": {`{"jsonrpc":"2.0","id":1,"result":{}}`, nil, 400, -32600},
		"old version":      {call(1, "echo", "{}", false), header(headerVersion, "1999-01-01"), 400, -32600},

		"modern notification":   {`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1,` + meta + `}}`, nil, 202, 0},
		"modern response":       {`{"jsonrpc":"2.0","id":1,"result":{}}`, header(headerVersion, "2026-07-28"), 400, -32600},
		"no version header":     {modern, without(headerVersion), 400, -32020},
		"other version header":  {modern, header(headerVersion, "2025-11-25"), 400, -32020},
		"no version in body":    {`{"jsonrpc":"2.0","id":1,"method":"tools/list"}`, header(headerVersion, "2026-07-28"), 400, -32602},
		"unknown version":       {strings.ReplaceAll(modern, "2026-07-28", "2099-01-01"), nil, 400, -32022},
		"no method header":      {modern, without("Mcp-Method"), 400, -32020},
		"other method header":   {modern, header("Mcp-Method", "tools/list"), 400, -32020},
		"no name header":        {modern, without(headerName), 400, -32020},
		"other name header":     {modern, header(headerName, "fail"), 400, -32020},
		"encoded name header":   {modern, header(headerName, "=?base64?ZWNobw==?="), 200, 0},
		"Last-Event-ID":         {modern, header("Last-Event-ID", "1"), 400, -32020},
		"modern unknown tool":   {call(1, "eco", "{}", true), nil, 400, -32602},
		"modern unknown method": {`{"jsonrpc":"2.0","id":1,"method":"no/such","params":{` + meta + `}}`, nil, 404, -32601},
		"session is ignored":    {modern, header(headerSession, "made-up"), 200, 0},
		"task, no name header":  {`{"jsonrpc":"2.0","id":1,"method":"tasks/get","params":{"taskId":"j",` + meta + `}}`, without(headerName), 400, -32020},
	}
	door := New(newFake(), Config{PublicURL: "https://axon.example/", Hosts: []string{"NAS.lan:8001"}}, discard)
	s := serve(t, door)
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := s.post(test.body, test.change)
			code := 0
			if len(got.sent) > 0 && got.last(t).Error != nil {
				code = got.last(t).Error.Code
			}
			if got.status != test.status || code != test.code {
				t.Errorf("status %d, code %d; want %d, %d: %s", got.status, code, test.status, test.code, got.body)
			}
			if challenge := got.header.Get("WWW-Authenticate"); (got.status == 401) != strings.HasPrefix(challenge, "Bearer") {
				t.Errorf("WWW-Authenticate: %q", challenge)
			}
			if got.status == 405 && got.header.Get("Allow") == "" {
				t.Error("405 without Allow")
			}
			if next := s.post(call(2, "echo", `{"a":1}`, true), nil).last(t); next.structured("a") != 1.0 {
				t.Errorf("the next call: %s", next.raw)
			}
		})
	}
}

func TestChallenges(t *testing.T) {
	t.Parallel()
	s := serve(t, doorTo(newFake()))
	metadata := `resource_metadata="https://axon.example/.well-known/oauth-protected-resource"`
	none := s.post(hello, func(r *http.Request) { r.Header.Del("Authorization") }).header.Get("WWW-Authenticate")
	if want := "Bearer " + metadata; none != want {
		t.Errorf("without a key: %q, want %q", none, want)
	}
	wrong := s.post(hello, func(r *http.Request) { r.Header.Set("Authorization", "Bearer x") }).header.Get("WWW-Authenticate")
	if want := `Bearer error="invalid_token", ` + metadata; wrong != want {
		t.Errorf("with a wrong key: %q, want %q", wrong, want)
	}
	if got := (Challenge{}).header("", nil); got != "Bearer" {
		t.Errorf("without anything to tell: %q", got)
	}
	if got := (Challenge{Scopes: []string{"axon:read", "axon:write"}}).header("", []string{"axon:read", "axon:write"}); got != `Bearer scope="axon:read axon:write"` {
		t.Errorf("with scopes: %q", got)
	}
}

// people are verified by tokens that name them and their scopes.
func people(_ context.Context, token string, _ *http.Request) (security.Identity, error) {
	name, scopes, _ := strings.Cut(token, ":")
	switch name {
	case "away":
		return security.Identity{}, fault.New(fault.Forbidden, "only from this machine")
	case "down":
		return security.Identity{}, fault.New(fault.Unavailable, "the token store is down")
	case "unknown":
		return security.Identity{}, ErrUnknownToken
	}
	return security.Identity{Subject: name, Scopes: strings.Fields(scopes)}, nil
}

func as(token string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token) }
}

func both(changes ...func(*http.Request)) func(*http.Request) {
	return func(r *http.Request) {
		for _, change := range changes {
			change(r)
		}
	}
}

func TestVerifiers(t *testing.T) {
	t.Parallel()
	s := serveAs(t, doorTo(newFake()), Bearer(FirstOf(StaticKey(secret.New(goodKey)), StaticKey(secret.String{}), people), Challenge{}, discard))
	for token, want := range map[string]int{goodKey: 200, "ann:axon:read": 200, "away": 403, "down": 503, "unknown": 401} {
		if got := s.post(call(1, "echo", "{}", true), as(token)); got.status != want {
			t.Errorf("%s: %d, want %d: %s", token, got.status, want, got.body)
		}
	}
}

func TestScopes(t *testing.T) {
	t.Parallel()
	f := newFake()
	f.add("crawl", security.ScopeWrite, func(context.Context, tools.Call) (*tools.Result, error) { return &tools.Result{}, nil })
	s := serveAs(t, doorTo(f), Bearer(people, Challenge{}, discard))
	reader, writer := as("ann:axon:read"), as("bob:axon:write")
	session := s.post(hello, reader).header.Get(headerSession)
	inSession := both(reader, func(r *http.Request) { r.Header.Set(headerSession, session) })
	for name, change := range map[string]func(*http.Request){"modern": reader, "session": inSession} {
		modern := name == "modern"
		if list := s.post(listTools(modern), change).body; strings.Contains(list, `"crawl"`) || !strings.Contains(list, `"echo"`) {
			t.Errorf("%s: a reader's list: %s", name, list)
		}
		got := s.post(call(1, "crawl", "{}", modern), change)
		if want := `Bearer error="insufficient_scope", scope="axon:write"`; got.status != http.StatusForbidden || got.header.Get("WWW-Authenticate") != want {
			t.Errorf("%s: a reader's crawl: %d %q", name, got.status, got.header.Get("WWW-Authenticate"))
		}
		if got.last(t).structured("code") != "forbidden" {
			t.Errorf("%s: %s", name, got.body)
		}
	}
	if list := s.post(listTools(true), writer).body; !strings.Contains(list, `"crawl"`) {
		t.Errorf("a writer's list: %s", list)
	}
	if got := s.post(call(1, "crawl", "{}", true), writer); got.status != 200 {
		t.Errorf("a writer's crawl: %d", got.status)
	}
}

func listTools(modern bool) string {
	return `{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{` + map[bool]string{true: meta}[modern] + `}}`
}

// A session belongs to the caller that made it.
func TestSessionIsItsCallersOwn(t *testing.T) {
	t.Parallel()
	s := serveAs(t, doorTo(newFake()), Bearer(people, Challenge{}, discard))
	id := s.post(hello, as("ann:axon:read")).header.Get(headerSession)
	in := func(r *http.Request) { r.Header.Set(headerSession, id) }
	for who, want := range map[string]int{"ann:axon:read": 200, "bob:axon:admin": 404} {
		if got := s.post(call(1, "echo", "{}", false), both(as(who), in)); got.status != want {
			t.Errorf("%s: %d, want %d", who, got.status, want)
		}
	}
	if got := s.post("", both(as("bob:axon:admin"), in, func(r *http.Request) { r.Method = http.MethodDelete })); got.status != 404 {
		t.Errorf("another's DELETE: %d", got.status)
	}
	if got := s.post(call(1, "echo", "{}", false), both(as("ann:axon:read"), in)); got.status != 200 {
		t.Errorf("after another's DELETE: %d", got.status)
	}
}

func TestSessionsAreFewAndEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var table sessionTable
		open := func() *session {
			s, err := table.open("ann", time.Now())
			if err != nil {
				t.Fatal(err)
			}
			return s
		}
		first := open()
		time.Sleep(sessionIdle)
		if _, ok := table.get(first.id, "ann", time.Now()); !ok {
			t.Error("gone after exactly an hour")
		}
		time.Sleep(sessionIdle + time.Second)
		if _, ok := table.get(first.id, "ann", time.Now()); ok {
			t.Error("still there after an hour")
		}
		busy := open()
		busy.add(&exchange{client: &client{}, msg: &message{id: []byte("1")}})
		time.Sleep(2 * sessionIdle)
		table.sweep(time.Now())
		if _, ok := table.get(busy.id, "ann", time.Now()); !ok || len(table.byID) != 1 {
			t.Errorf("busy: %v, %d sessions", ok, len(table.byID))
		}
		oldest := open()
		for range maxSessions {
			time.Sleep(time.Second)
			open()
		}
		if _, ok := table.get(oldest.id, "ann", time.Now()); ok || len(table.byID) != maxSessions {
			t.Errorf("the oldest: %v, %d sessions", ok, len(table.byID))
		}
		if _, ok := table.get(busy.id, "ann", time.Now()); !ok {
			t.Error("a busy session was dropped")
		}
		for _, s := range table.byID {
			s.add(&exchange{client: &client{}, msg: &message{id: []byte("1")}})
		}
		if _, err := table.open("ann", time.Now()); fault.CodeOf(err) != fault.Busy {
			t.Errorf("all busy: %v", err)
		}
	})
}

func TestCallsAtOnce(t *testing.T) {
	t.Parallel()
	f := newFake()
	b := addBlocked(f)
	s := serveAs(t, New(f, Config{CallsAtOnce: 2}, discard), Bearer(people, Challenge{}, discard))
	ann, bob := as("ann:axon:read"), as("bob:axon:read")
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{}, 2)
	for range 2 {
		go func() {
			if res, err := http.DefaultTransport.RoundTrip(s.request(ctx, call(1, "block", "{}", true), ann)); err == nil {
				_ = res.Body.Close()
			}
			ended <- struct{}{}
		}()
		b.waitStarted(t)
	}
	got := s.post(call(1, "echo", "{}", true), ann)
	if got.status != http.StatusTooManyRequests || got.header.Get("Retry-After") != "1" || !strings.Contains(got.body, `"busy"`) {
		t.Errorf("third: %d %q %s", got.status, got.header.Get("Retry-After"), got.body)
	}
	if got := s.post(call(1, "echo", "{}", true), bob); got.status != 200 {
		t.Errorf("another's: %d", got.status)
	}
	stop()
	for range 2 {
		b.cause(t, time.Second)
		<-ended
	}
}

func TestCallsPerMinute(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := limiter{atOnce: 5, perMinute: 60}
		enter := func() time.Duration {
			leave, wait := l.enter("ann", false, time.Now())
			if leave != nil {
				leave()
			}
			return wait
		}
		for i := range 60 {
			if wait := enter(); wait != 0 {
				t.Fatalf("call %d waits %v", i, wait)
			}
		}
		if wait := enter(); wait <= 0 || wait > time.Second {
			t.Errorf("the 61st waits %v", wait)
		}
		if _, wait := l.enter("bob", false, time.Now()); wait != 0 {
			t.Errorf("another waits %v", wait)
		}
		time.Sleep(time.Second)
		if wait := enter(); wait != 0 {
			t.Errorf("a second later: %v", wait)
		}
		time.Sleep(2 * time.Minute)
		l.sweep(time.Now())
		if _, there := l.bySubject["ann"]; there || len(l.bySubject) != 1 {
			t.Errorf("after the sweep: %v", l.bySubject)
		}
		off := limiter{atOnce: 1_000_000}
		for range 5_000 {
			if _, wait := off.enter("ann", false, time.Now()); wait != 0 {
				t.Fatal("limited though it is off")
			}
		}
	})
}

// A slow or lying sender does not hold the server.
func TestBodyThatDoesNotCome(t *testing.T) {
	t.Parallel()
	s := serve(t, doorTo(newFake()))
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimSuffix(strings.TrimPrefix(s.url, "http://"), "/mcp"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	host := conn.RemoteAddr().String()
	fmt.Fprintf(conn, "POST /mcp HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: 5000000000\r\n\r\n{", host, goodKey)
	answer := make([]byte, 64)
	if _, err := io.ReadFull(conn, answer[:12]); err != nil || string(answer[:12]) != "HTTP/1.1 413" {
		t.Errorf("got %q, %v", answer[:12], err)
	}
}

// The handler's own panic is caught, too.
func TestPanicInTheHandler(t *testing.T) {
	t.Parallel()
	door := doorTo(newFake())
	h := door.Handler(func(http.Handler) http.Handler {
		return http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("hunter2") })
	})
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	s := &site{t: t, url: srv.URL}
	if got := s.post(hello, nil); got.status != 500 || strings.Contains(got.body, "hunter2") {
		t.Errorf("got %d %s", got.status, got.body)
	}
}

// A client that takes no event stream gets its answer as JSON, without the
// notifications.
func TestJSONOnly(t *testing.T) {
	t.Parallel()
	f := newFake()
	addReport(f, upTo(10)...)
	s := serve(t, doorTo(f))
	got := s.post(callWith(1, "report", "{}", mergeMeta(`"_meta":{"progressToken":1}`)), func(r *http.Request) { r.Header.Set("Accept", "application/json") })
	if got.status != 200 || len(got.sent) != 1 || got.header.Get("Content-Type") != "application/json" {
		t.Errorf("got %d %s", got.status, got.body)
	}
}

// The deadline of one stream does not end the next request on the connection.
func TestConnectionServesOn(t *testing.T) {
	t.Parallel()
	f := newFake()
	addReport(f, upTo(10)...)
	s := serve(t, doorTo(f))
	for range 3 {
		if got := s.post(callWith(1, "report", "{}", mergeMeta(`"_meta":{"progressToken":1}`)), nil); len(got.sent) < 2 {
			t.Errorf("got %d %s", got.status, got.body)
		}
	}
}

func TestConfigSaysAllThatIsWrong(t *testing.T) {
	t.Parallel()
	if err := (Config{PublicURL: "https://axon.example", CallsAtOnce: 20, CallsPerMinute: 600}).Validate(); err != nil {
		t.Error(err)
	}
	err := Config{PublicURL: "axon.example/mcp", CallsAtOnce: -1, CallsPerMinute: 2_000_000}.Validate()
	for _, name := range []string{"AXON_PUBLIC_URL", "AXON_MCP_CALLS_AT_ONCE", "AXON_MCP_CALLS_PER_MINUTE"} {
		if fault.CodeOf(err) != fault.Invalid || !strings.Contains(err.Error(), name) {
			t.Errorf("%s is not in %v", name, err)
		}
	}
	for _, bad := range []string{"https://a.example/x", "ftp://a.example", "https://u@a.example", "https://a.example?x", "https://"} {
		if (Config{PublicURL: bad}).Validate() == nil {
			t.Errorf("%s is taken", bad)
		}
	}
}
