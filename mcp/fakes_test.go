package mcp

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/jsonschema-go/jsonschema"
	"github.com/mark3labs/mcp-go/server"
	"go.uber.org/goleak"

	"github.com/axon-mcp/axon-mcp/fault"
	"github.com/axon-mcp/axon-mcp/secret"
	"github.com/axon-mcp/axon-mcp/security"
	"github.com/axon-mcp/axon-mcp/tools"
)

func TestMain(m *testing.M) {
	if which := os.Getenv(asServer); which != "" {
		if err := serveStdio(which); err != nil {
			os.Exit(1)
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

// fake is a registry whose tools do what a test says.
type fake struct {
	view      tools.View
	tools     []*tools.Tool
	run       map[string]func(context.Context, tools.Call) (*tools.Result, error)
	resources []tools.Resource
	prompts   []tools.Prompt
	complete  func(ref, argument, value string) ([]string, error)
}

func (f *fake) View() tools.View { return f.view }

func (f *fake) Visible(id security.Identity, _ tools.View) []*tools.Tool {
	var seen []*tools.Tool
	for _, t := range f.tools {
		if id.Can(t.Scope) {
			seen = append(seen, t)
		}
	}
	return seen
}

func (f *fake) Find(_ context.Context, name string, _ *tools.View) (*tools.Tool, error) {
	i := slices.IndexFunc(f.tools, func(t *tools.Tool) bool { return t.Name == name })
	if i < 0 {
		return nil, fault.Errorf(fault.NotFound, "there is no tool %q; did you mean \"echo\"?", name)
	}
	return f.tools[i], nil
}

func (f *fake) Call(ctx context.Context, call tools.Call) (*tools.Result, error) {
	t, err := f.Find(ctx, call.Name, call.View)
	if err != nil {
		return nil, err
	}
	if !security.IdentityFrom(ctx).Can(t.Scope) {
		return nil, fault.Errorf(fault.Forbidden, "%s needs the scope %s", t.Name, t.Scope)
	}
	return f.run[call.Name](ctx, call)
}

func (f *fake) Resources() []tools.Resource { return f.resources }
func (f *fake) Prompts() []tools.Prompt     { return f.prompts }

func (f *fake) Complete(_ context.Context, ref, argument, value string) ([]string, error) {
	return f.complete(ref, argument, value)
}

// add gives the fake one more tool.
func (f *fake) add(name, scope string, run func(context.Context, tools.Call) (*tools.Result, error)) *tools.Tool {
	t := &tools.Tool{
		Name: name, Title: strings.ToUpper(name), About: "Does " + name + ".", Scope: scope,
		Input: &jsonschema.Schema{Type: "object"}, Hints: tools.Hints{ReadOnly: scope == security.ScopeRead},
	}
	if f.run == nil {
		f.run = make(map[string]func(context.Context, tools.Call) (*tools.Result, error))
	}
	f.tools = append(f.tools, t)
	f.run[name] = run
	return t
}

// newFake has one tool, echo, which gives its arguments back.
func newFake() *fake {
	f := &fake{}
	f.add("echo", security.ScopeRead, func(_ context.Context, call tools.Call) (*tools.Result, error) {
		args := call.Args
		if args == nil {
			args = json.RawMessage("{}")
		}
		return &tools.Result{Structured: args, Blocks: []tools.Block{{Text: "echo <b>"}}}, nil
	})
	return f
}

var errStopped = errors.New("the process stops")

func doorTo(f *fake) *Server {
	return New(f, Config{Version: "test", Shutdown: errStopped}, slog.New(slog.DiscardHandler))
}

// sent is a message that the door wrote.
type sent struct {
	ID     any             `json:"id"`
	Method string          `json:"method"`
	Params json.RawMessage `json:"params"`
	Result *callSent       `json:"result"`
	Error  *rpcError       `json:"error"`
	raw    string
}

// callSent is the result of a call.
type callSent struct {
	Type       string `json:"resultType"`
	IsError    bool   `json:"isError"`
	Structured any    `json:"structuredContent"`
	Content    []struct {
		Type, Text, URI string
	} `json:"content"`
	Meta         map[string]any            `json:"_meta"`
	Requests     map[string]map[string]any `json:"inputRequests"`
	State        string                    `json:"requestState"`
	Capabilities struct {
		Extensions map[string]any `json:"extensions"`
		Logging    any            `json:"logging"`
	} `json:"capabilities"`
	Instructions string `json:"instructions"`
}

func (s sent) structured(field string) any {
	if s.Result == nil {
		return nil
	}
	fields, _ := s.Result.Structured.(map[string]any)
	return fields[field]
}

func decodeSent(t *testing.T, text string) sent {
	t.Helper()
	one := sent{raw: text}
	if err := json.Unmarshal([]byte(text), &one); err != nil {
		t.Fatalf("this is no message: %q", text)
	}
	return one
}

const (
	hello = `{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}`
	// meta is what a modern request carries.
	meta = `"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}`
)

// call is a request to a tool. args is an object; modern tells the era.
func call(id int, name, args string, modern bool) string {
	return callWith(id, name, args, map[bool]string{true: meta}[modern])
}

// callWith adds members to the parameters.
func callWith(id int, name, args, more string) string {
	if more != "" {
		more = "," + more
	}
	return fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":%q,"arguments":%s%s}}`, id, name, args, more)
}

// talk sends lines over stdio, ends the input and returns what came back.
func talk(t *testing.T, door *Server, lines ...string) []sent {
	t.Helper()
	var out bytes.Buffer
	if err := door.ServeStdio(t.Context(), strings.NewReader(strings.Join(lines, "\n")+"\n"), &out); err != nil {
		t.Fatal(err)
	}
	var got []sent
	for text := range strings.Lines(out.String()) {
		got = append(got, decodeSent(t, text))
	}
	return got
}

// answerTo finds the one answer to the request id.
func answerTo(t *testing.T, all []sent, id int) sent {
	t.Helper()
	var found []sent
	for _, one := range all {
		if one.ID == float64(id) && one.Method == "" {
			found = append(found, one)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%d answers to %d in %+v", len(found), id, all)
	}
	return found[0]
}

// pipe is a stdio connection that stays open.
type pipe struct {
	t     *testing.T
	in    *io.PipeWriter
	lines chan string
	ended chan error
}

func open(t *testing.T, door *Server) *pipe {
	t.Helper()
	inR, inW := io.Pipe()
	outR, outW := io.Pipe()
	p := &pipe{t: t, in: inW, lines: make(chan string, 20_000), ended: make(chan error, 1)}
	go func() {
		defer close(p.lines)
		for scan := bufio.NewScanner(outR); scan.Scan(); {
			p.lines <- scan.Text()
		}
	}()
	go func() {
		p.ended <- door.ServeStdio(context.Background(), inR, outW)
		_ = outW.Close()
	}()
	t.Cleanup(func() {
		_ = inW.Close()
		for range p.lines { // until the writer is closed
		}
	})
	return p
}

func (p *pipe) send(lines ...string) {
	p.t.Helper()
	for _, line := range lines {
		if _, err := io.WriteString(p.in, line+"\n"); err != nil {
			p.t.Fatal(err)
		}
	}
}

// next is the next message, which must come.
func (p *pipe) next() sent {
	p.t.Helper()
	select {
	case line, ok := <-p.lines:
		if !ok {
			p.t.Fatal("the connection has ended")
		}
		return decodeSent(p.t, line)
	case <-time.After(10 * time.Second):
		p.t.Fatal("no message")
	}
	return sent{}
}

// until returns the answer to id and what came before it.
func (p *pipe) until(id int) (before []sent, answer sent) {
	p.t.Helper()
	for {
		one := p.next()
		if one.ID == float64(id) && one.Method == "" {
			return before, one
		}
		before = append(before, one)
	}
}

const goodKey = "k3y"

// site serves a door over HTTP behind the static key.
type site struct {
	t   *testing.T
	url string
}

func serve(t *testing.T, door *Server) *site {
	t.Helper()
	return serveAs(t, door, Bearer(StaticKey(secret.New(goodKey)), Challenge{ResourceMetadata: "https://axon.example/.well-known/oauth-protected-resource"}, slog.New(slog.DiscardHandler)))
}

func serveAs(t *testing.T, door *Server, auth func(http.Handler) http.Handler) *site {
	t.Helper()
	srv := httptest.NewServer(door.Handler(auth))
	t.Cleanup(srv.Close)
	return &site{t: t, url: srv.URL + "/mcp"}
}

// answered is one HTTP response.
type answered struct {
	status int
	header http.Header
	sent   []sent // the body, or the events
	body   string
}

// last is the last message of the response.
func (a answered) last(t *testing.T) sent {
	t.Helper()
	if len(a.sent) == 0 {
		t.Fatalf("no message in the response: %d %q", a.status, a.body)
	}
	return a.sent[len(a.sent)-1]
}

// request makes a POST with the right headers for body; change may spoil them.
func (s *site) request(ctx context.Context, body string, change func(*http.Request)) *http.Request {
	s.t.Helper()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+goodKey)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json, text/event-stream")
	if m, bad := parse([]byte(body)); bad == nil && m.modern() {
		r.Header.Set(headerVersion, m.version)
		r.Header.Set("Mcp-Method", m.method)
		if name, needed := m.named(); needed && name != "" {
			r.Header.Set(headerName, name)
		}
	}
	if change != nil {
		change(r)
	}
	return r
}

func (s *site) post(body string, change func(*http.Request)) answered {
	s.t.Helper()
	return s.do(s.request(s.t.Context(), body, change))
}

func (s *site) do(r *http.Request) answered {
	s.t.Helper()
	res, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	got := answered{status: res.StatusCode, header: res.Header, body: string(raw)}
	if strings.HasPrefix(res.Header.Get("Content-Type"), "text/event-stream") {
		for line := range strings.Lines(got.body) {
			if data, ok := strings.CutPrefix(line, "data: "); ok {
				got.sent = append(got.sent, decodeSent(s.t, data))
			}
		}
	} else if len(raw) > 0 {
		got.sent = append(got.sent, decodeSent(s.t, got.body))
	}
	return got
}

// session makes a session and returns what sends its id.
func (s *site) session(capabilities string) func(*http.Request) {
	s.t.Helper()
	got := s.post(strings.Replace(hello, `"capabilities":{}`, `"capabilities":`+capabilities, 1), nil)
	id := got.header.Get(headerSession)
	if id == "" {
		s.t.Fatalf("no session: %d %s", got.status, got.body)
	}
	return func(r *http.Request) { r.Header.Set(headerSession, id) }
}

// doors runs a test of one request at every transport and era. ask sends one
// tools/call and returns every message that came for it, the answer last.
func doors(t *testing.T, f func() *fake, test func(t *testing.T, ask func(name, args, more string) []sent)) {
	t.Helper()
	for _, modern := range []bool{false, true} {
		era := map[bool]string{false: "2025-11-25", true: "2026-07-28"}[modern]
		body := func(name, args, more string) string {
			if !modern {
				return callWith(7, name, args, more)
			}
			return callWith(7, name, args, mergeMeta(more))
		}
		t.Run("stdio "+era, func(t *testing.T) {
			t.Parallel()
			p := open(t, doorTo(f()))
			if !modern {
				p.send(hello)
				p.until(0)
			}
			test(t, func(name, args, more string) []sent {
				p.send(body(name, args, more))
				before, answer := p.until(7)
				return append(before, answer)
			})
		})
		t.Run("http "+era, func(t *testing.T) {
			t.Parallel()
			s := serve(t, doorTo(f()))
			var change func(*http.Request)
			if !modern {
				change = s.session("{}")
			}
			test(t, func(name, args, more string) []sent { return s.post(body(name, args, more), change).sent })
		})
	}
}

// mergeMeta makes more, which may hold a _meta, modern.
func mergeMeta(more string) string {
	if inner, ok := strings.CutPrefix(more, `"_meta":{`); ok {
		return strings.TrimSuffix(meta, "}") + "," + inner
	}
	if more == "" {
		return meta
	}
	return meta + "," + more
}

// blocked is a tool that runs until its context ends, and tells the cause.
type blocked struct {
	started chan struct{}
	causes  chan error
}

func addBlocked(f *fake) *blocked {
	b := &blocked{started: make(chan struct{}, 100), causes: make(chan error, 100)}
	f.add("block", security.ScopeRead, func(ctx context.Context, _ tools.Call) (*tools.Result, error) {
		b.started <- struct{}{}
		<-ctx.Done()
		b.causes <- context.Cause(ctx)
		return nil, context.Cause(ctx)
	})
	return b
}

func (b *blocked) waitStarted(t *testing.T) {
	t.Helper()
	select {
	case <-b.started:
	case <-time.After(10 * time.Second):
		t.Fatal("the call did not start")
	}
}

// cause is why the call ended, which must be soon.
func (b *blocked) cause(t *testing.T, within time.Duration) error {
	t.Helper()
	select {
	case err := <-b.causes:
		return err
	case <-time.After(within):
		t.Fatalf("the call still runs after %v", within)
	}
	return nil
}

var discard = slog.New(slog.DiscardHandler)

// withListChanged makes the lists changeable, as the fixtures of the
// conformance suite do.
func withListChanged() []server.ServerOption {
	return []server.ServerOption{server.WithToolCapabilities(true), server.WithPromptCapabilities(true)}
}
