package web

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"go.uber.org/goleak"

	"github.com/axon-mcp/axon-mcp/acp/acptest"
	"github.com/axon-mcp/axon-mcp/fault"
	"github.com/axon-mcp/axon-mcp/jobs"
	"github.com/axon-mcp/axon-mcp/secret"
	"github.com/axon-mcp/axon-mcp/security"
	"github.com/axon-mcp/axon-mcp/tools"
)

func TestMain(m *testing.M) {
	acptest.Main() // the agents of the chat are this binary
	goleak.VerifyTestMain(m)
}

// Tokens of the tests.
const (
	apiToken     = "api-0123456789abcdef0123456789abcdef"
	browserToken = "browser-0123456789abcdef0123456789"
	shellToken   = "shell-0123456789abcdef0123456789ab"
)

// schemas is the real registry, for its tools' schemas; nothing of it is called.
func schemas(t testing.TB) *tools.Registry {
	t.Helper()
	r, err := tools.New(tools.Deps{
		Documents: struct{ tools.Documents }{}, Searcher: struct{ tools.Searcher }{}, Store: struct{ tools.Store }{},
		Eraser: struct{ tools.Eraser }{}, Archive: struct{ tools.Archive }{}, Artifacts: struct{ tools.Artifacts }{},
		Queue: struct{ tools.Queue }{}, Fetcher: struct{ tools.Fetcher }{}, Crawler: struct{ tools.Crawler }{},
		ValidateURL: func(string) (*url.URL, error) { return nil, nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// fakeTools has the real tools' schemas and does what a test says.
type fakeTools struct {
	*tools.Registry
	run func(ctx context.Context, call tools.Call) (any, error)

	mu    sync.Mutex
	calls []tools.Call
	who   []security.Identity
}

func (f *fakeTools) Call(ctx context.Context, call tools.Call) (*tools.Result, error) {
	f.mu.Lock()
	f.calls = append(f.calls, call)
	f.who = append(f.who, security.IdentityFrom(ctx))
	f.mu.Unlock()
	t, ok := f.Get(call.Name)
	if !ok {
		return nil, fault.New(fault.NotFound, "no such tool")
	}
	if !security.IdentityFrom(ctx).Can(t.Scope) {
		return nil, fault.Errorf(fault.Forbidden, "%s needs the scope %s", t.Name, t.Scope)
	}
	var out any = map[string]any{"args": call.Args}
	if f.run != nil {
		var err error
		if out, err = f.run(ctx, call); err != nil {
			return nil, err
		}
	}
	if whole, ok := out.(*tools.Result); ok {
		return whole, nil
	}
	if raw, ok := out.(json.RawMessage); ok {
		return &tools.Result{Structured: raw}, nil
	}
	raw, err := json.Marshal(out)
	return &tools.Result{Structured: json.RawMessage(raw)}, err
}

func (f *fakeTools) made() []tools.Call {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]tools.Call(nil), f.calls...)
}

// fakeJobs holds jobs that a test moves on.
type fakeJobs struct {
	mu   sync.Mutex
	jobs map[string]*fakeJob
}

type fakeJob struct {
	job      jobs.Job
	progress chan jobs.Progress
	done     chan struct{}
}

const someJob = "0199c0de-0000-7000-8000-000000000001"

func (f *fakeJobs) add(id, kind string) *fakeJob {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.jobs == nil {
		f.jobs = make(map[string]*fakeJob)
	}
	f.jobs[id] = &fakeJob{job: jobs.Job{ID: id, Kind: kind, Status: jobs.Running, Owner: "web"}, progress: make(chan jobs.Progress), done: make(chan struct{})}
	return f.jobs[id]
}

func (f *fakeJobs) find(id string) (*fakeJob, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if j := f.jobs[id]; j != nil {
		return j, nil
	}
	return nil, fault.Errorf(fault.NotFound, "there is no job %q", id)
}

func (f *fakeJobs) end(id string, status jobs.Status, result string) {
	j, _ := f.find(id)
	f.mu.Lock()
	defer f.mu.Unlock()
	if j.job.Status.Done() {
		return
	}
	j.job.Status, j.job.Result = status, json.RawMessage(result)
	close(j.done)
}

func (f *fakeJobs) Get(_ context.Context, id string) (jobs.Job, error) {
	j, err := f.find(id)
	if err != nil {
		return jobs.Job{}, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return j.job, nil
}

func (f *fakeJobs) Wait(ctx context.Context, id string, onProgress func(jobs.Progress)) (jobs.Job, error) {
	j, err := f.find(id)
	if err != nil {
		return jobs.Job{}, err
	}
	for {
		select {
		case p := <-j.progress:
			onProgress(p)
		case <-j.done:
			return f.Get(ctx, id)
		case <-ctx.Done():
			return jobs.Job{}, ctx.Err()
		}
	}
}

func (f *fakeJobs) Cancel(ctx context.Context, id string) (jobs.Job, error) {
	if _, err := f.find(id); err != nil {
		return jobs.Job{}, err
	}
	f.end(id, jobs.Canceled, "")
	return f.Get(ctx, id)
}

// listener is a running server of a test.
type listener struct {
	*Server
	http  *httptest.Server
	tools *fakeTools
	jobs  *fakeJobs
	host  string // 127.0.0.1:port
	out   string // the output root
}

func defaults() Config {
	return Config{
		Host: "127.0.0.1", MaxSockets: 200, DownloadMaxFiles: 2000, DownloadMaxBytes: 500 << 20, ShellIdle: time.Minute,
	}
}

func withTokens(cfg Config) Config {
	cfg.APIToken, cfg.BrowserToken = secret.New(apiToken), secret.New(browserToken)
	return cfg
}

// start runs a listener on loopback until the test ends.
func start(t testing.TB, cfg Config, edit ...func(*Deps)) *listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := &listener{tools: &fakeTools{Registry: schemas(t)}, jobs: &fakeJobs{}, host: l.Addr().String(), out: t.TempDir()}
	deps := Deps{
		Config: cfg, Log: slog.New(slog.DiscardHandler), Registry: f.tools, Jobs: f.jobs, OutputDir: f.out, Version: "test",
	}
	for _, e := range edit {
		e(&deps)
	}
	if f.Server, err = New(deps, l.Addr()); err != nil {
		t.Fatal(err)
	}
	f.http = &httptest.Server{Listener: l, Config: &http.Server{Handler: f.Handler()}}
	f.http.Start()
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- f.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
		f.http.Close()
	})
	return f
}

// client makes a connection of its own for each request and keeps none.
func client() *http.Client {
	return &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 20 * time.Second}
}

// ask makes a request; header is "Name: value" each.
func (f *listener) ask(t testing.TB, method, path, body string, header ...string) (int, string, http.Header) {
	t.Helper()
	req, err := http.NewRequest(method, f.http.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for _, h := range header {
		name, value, _ := strings.Cut(h, ": ")
		if name == "Host" {
			req.Host = value
			continue
		}
		req.Header.Set(name, value)
	}
	res, err := client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(raw), res.Header
}

// socket is a client of /ws.
type socket struct {
	t  testing.TB
	ws *websocket.Conn
}

func (f *listener) dial(t testing.TB, query string, header http.Header) *socket {
	t.Helper()
	ws, res, err := websocket.Dial(t.Context(), "ws://"+f.host+"/ws"+query, &websocket.DialOptions{HTTPHeader: header, HTTPClient: client()})
	if err != nil {
		status := 0
		if res != nil {
			status = res.StatusCode
		}
		t.Fatalf("dial: %v (%d)", err, status)
	}
	ws.SetReadLimit(64 << 20)
	t.Cleanup(func() { _ = ws.CloseNow() })
	return &socket{t, ws}
}

func (s *socket) send(text string) {
	s.t.Helper()
	if err := s.ws.Write(s.t.Context(), websocket.MessageText, []byte(text)); err != nil {
		s.t.Fatal(err)
	}
}

// got is any frame.
type got struct {
	Type    string `json:"type"`
	Code    string `json:"code"`
	Message string `json:"message"`
	Path    string `json:"path"`
	Content string `json:"content"`
	Data    struct {
		Ctx       about           `json:"ctx"`
		Path      string          `json:"path"`
		Content   string          `json:"content"`
		Data      json.RawMessage `json:"data"`
		Line      string          `json:"line"`
		Artifacts []artifactItem  `json:"artifacts"`
		Payload   struct {
			Code      string         `json:"code"`
			Message   string         `json:"message"`
			OK        bool           `json:"ok"`
			JobID     string         `json:"job_id"`
			Status    string         `json:"status"`
			Phase     string         `json:"phase"`
			Percent   *float64       `json:"percent"`
			Processed *int64         `json:"processed"`
			Metrics   map[string]any `json:"metrics"`
			ExitCode  int            `json:"exit_code"`
			Mode      string         `json:"mode"`
		} `json:"payload"`
	} `json:"data"`
}

func (s *socket) next() got {
	s.t.Helper()
	ctx, stop := context.WithTimeout(s.t.Context(), 10*time.Second)
	defer stop()
	_, raw, err := s.ws.Read(ctx)
	if err != nil {
		s.t.Fatalf("read: %v", err)
	}
	var g got
	if err := json.Unmarshal(raw, &g); err != nil {
		s.t.Fatalf("%s: %v", raw, err)
	}
	return g
}

// until reads frames up to one of these types.
func (s *socket) until(kinds ...string) (last got, before []got) {
	s.t.Helper()
	for {
		g := s.next()
		for _, kind := range kinds {
			if g.Type == kind {
				return g, before
			}
		}
		before = append(before, g)
	}
}

func bearer(token string) http.Header { return http.Header{"Authorization": {"Bearer " + token}} }

func execute(id, mode, input, flags string) string {
	quoted := func(s string) string {
		raw, _ := json.Marshal(s)
		return string(raw)
	}
	return fmt.Sprintf(`{"type":"execute","id":%s,"mode":%s,"input":%s,"flags":%s}`, quoted(id), quoted(mode), quoted(input), flags)
}
