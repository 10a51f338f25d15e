package mcp

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/axon-mcp/axon-mcp/fault"
	"github.com/axon-mcp/axon-mcp/jobs"
	"github.com/axon-mcp/axon-mcp/secret"
	"github.com/axon-mcp/axon-mcp/security"
	"github.com/axon-mcp/axon-mcp/tools"
)

// fake is a registry whose tools do as their name says.
type fake struct{}

func (fake) View() tools.View { return tools.View{} }

func (fake) Visible(security.Identity, tools.View) []*tools.Tool {
	var list []*tools.Tool
	for _, name := range []string{"echo", "fail", "panic", "progress"} {
		list = append(list, &tools.Tool{Name: name, Title: name, About: "does it", Scope: security.ScopeRead, Input: &jsonschema.Schema{Type: "object"}})
	}
	return list
}

func (fake) Resources() []tools.Resource { return nil }
func (fake) Prompts() []tools.Prompt     { return nil }

func (fake) Complete(context.Context, string, string, string) ([]string, error) { return nil, nil }

func (f fake) Find(_ context.Context, name string, _ *tools.View) (*tools.Tool, error) {
	for _, t := range f.Visible(security.Identity{}, tools.View{}) {
		if t.Name == name {
			return t, nil
		}
	}
	return nil, fault.Errorf(fault.NotFound, "there is no tool %q; did you mean echo?", name)
}

func (fake) Call(_ context.Context, call tools.Call) (*tools.Result, error) {
	switch call.Name {
	case "fail":
		return nil, fault.New(fault.Conflict, "it has changed")
	case "panic":
		panic("a secret detail")
	case "progress":
		for i := range 1000 {
			if call.Progress != nil {
				call.Progress(jobs.Progress{Done: int64(i + 1), Total: 1000})
			}
		}
	}
	return &tools.Result{Structured: map[string]any{"ok": true}, Blocks: []tools.Block{{Text: "done"}}}, nil
}

func newDoor() *Server {
	return New(fake{}, Config{Version: "test", CallsPerMinute: 0}, slog.New(slog.DiscardHandler))
}

const hello = `{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}`

// sent is a message that the server wrote.
type sent struct {
	ID     any             `json:"id"`
	Method string          `json:"method"`
	Result json.RawMessage `json:"result"`
	Params struct {
		Progress float64 `json:"progress"`
	} `json:"params"`
	Error *struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
	} `json:"error"`
}

// talk sends lines over stdio and returns what came back, each of it a message.
func talk(t *testing.T, lines ...string) []sent {
	t.Helper()
	in, out := strings.NewReader(strings.Join(lines, "\n")+"\n"), new(strings.Builder)
	if err := newDoor().ServeStdio(t.Context(), in, out); err != nil {
		t.Fatal(err)
	}
	var got []sent
	for text := range strings.Lines(out.String()) {
		var one sent
		if err := json.Unmarshal([]byte(text), &one); err != nil {
			t.Fatalf("stdout carries no message: %q", text)
		}
		got = append(got, one)
	}
	return got
}

func call(id int, name string) string {
	return fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":%q,"arguments":{}}}`, id, name)
}

func TestStdioSurvivesBadInput(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		send string
		code int
	}{
		"garbage":        {"\x00\xff\xfe binary", -32700},
		"half a message": {`{"jsonrpc":"2.0","id":1,`, -32700},
		"a batch":        {`[{"jsonrpc":"2.0","id":1,"method":"ping"}]`, -32600},
		"no method":      {`{"jsonrpc":"2.0","id":1,"method":7}`, -32600},
		"unknown method": {`{"jsonrpc":"2.0","id":1,"method":"no/such"}`, -32601},
		"unknown tool":   {call(1, "eco"), -32602},
		"5 MiB":          {`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"x":"` + strings.Repeat("x", 5<<20) + `"}}}`, -32600},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := talk(t, hello, test.send, call(9, "echo"))
			var code int
			answered := false
			for _, one := range got {
				if one.Error != nil {
					code = one.Error.Code
				}
				answered = answered || one.ID == float64(9) && one.Error == nil
			}
			if code != test.code || !answered {
				t.Errorf("code %d, want %d; next call answered: %v\n%+v", code, test.code, answered, got)
			}
		})
	}
}

func TestFaultsAreResults(t *testing.T) {
	t.Parallel()
	got := talk(t, hello, call(1, "fail"), call(2, "panic"))
	for _, one := range got {
		raw := string(one.Result)
		switch one.ID {
		case float64(1):
			if !strings.Contains(raw, `"isError":true`) || !strings.Contains(raw, `"code":"conflict"`) {
				t.Errorf("fail: %s", raw)
			}
		case float64(2):
			if text := fmt.Sprintf("%s %+v", raw, one.Error); strings.Contains(text, "secret detail") {
				t.Errorf("a panic's text is shown: %s", text)
			}
		}
	}
	if len(got) != 3 {
		t.Errorf("%d answers, want 3: %+v", len(got), got)
	}
}

// The last progress is never lost, it only grows, and none follows the answer.
func TestProgressIsOrderedAndWhole(t *testing.T) {
	t.Parallel()
	for range 20 {
		got := talk(t, hello, `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"progress","arguments":{},"_meta":{"progressToken":"p"}}}`)
		last, answered := 0.0, false
		for _, one := range got[1:] {
			switch {
			case one.Method == "notifications/progress" && (answered || one.Params.Progress <= last):
				t.Fatalf("progress %v after %v, answered %v", one.Params.Progress, last, answered)
			case one.Method == "notifications/progress":
				last = one.Params.Progress
			case one.ID == float64(1):
				answered = true
			}
		}
		if last != 1000 || !answered {
			t.Fatalf("the last progress is %v, answered %v", last, answered)
		}
	}
}

func TestManyCallsAtOnce(t *testing.T) {
	t.Parallel()
	lines := []string{hello}
	for i := 1; i <= 10_000; i++ {
		lines = append(lines, call(i, "echo"))
	}
	r, w := io.Pipe()
	inR, inW := io.Pipe()
	done := make(chan error, 1)
	go func() {
		err := newDoor().ServeStdio(t.Context(), inR, w)
		done <- err
		w.Close()
	}()
	go func() {
		for _, l := range lines {
			_, _ = io.WriteString(inW, l+"\n")
		}
	}()
	seen := map[any]bool{}
	out := bufio.NewScanner(r)
	for out.Scan() {
		var one sent
		if err := json.Unmarshal(out.Bytes(), &one); err != nil {
			t.Error(err)
			break
		}
		if seen[one.ID] {
			t.Errorf("%v is answered twice", one.ID)
		}
		if seen[one.ID] = true; len(seen) == len(lines) {
			break
		}
	}
	inW.Close()
	go func() { _, _ = io.Copy(io.Discard, r) }()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestHTTPGate(t *testing.T) {
	t.Parallel()
	door := newDoor()
	srv := httptest.NewUnstartedServer(nil)
	srv.Config.Handler = door.Handler(Bearer(StaticKey(secret.New("k3y")), Challenge{}, slog.New(slog.DiscardHandler)))
	srv.Start()
	t.Cleanup(srv.Close)
	tests := map[string]struct {
		change func(r *http.Request)
		body   string
		status int
	}{
		"good":            {func(*http.Request) {}, hello, 200},
		"no key":          {func(r *http.Request) { r.Header.Del("Authorization") }, hello, 401},
		"wrong key":       {func(r *http.Request) { r.Header.Set("Authorization", "Bearer nope") }, hello, 401},
		"key in query":    {func(r *http.Request) { r.Header.Del("Authorization"); r.URL.RawQuery = "token=k3y" }, hello, 401},
		"foreign origin":  {func(r *http.Request) { r.Header.Set("Origin", "https://evil.example") }, hello, 403},
		"null origin":     {func(r *http.Request) { r.Header.Set("Origin", "null") }, hello, 403},
		"foreign host":    {func(r *http.Request) { r.Host = "evil.example" }, hello, 403},
		"text/plain":      {func(r *http.Request) { r.Header.Set("Content-Type", "text/plain") }, hello, 415},
		"5 MiB":           {func(*http.Request) {}, `{"jsonrpc":"2.0","id":1,"method":"ping","params":{"x":"` + strings.Repeat("x", 5<<20) + `"}}`, 413},
		"made-up session": {func(r *http.Request) { r.Header.Set("Mcp-Session-Id", "made-up") }, call(1, "echo"), 404},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, srv.URL+"/mcp", strings.NewReader(test.body))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Authorization", "Bearer k3y")
			r.Header.Set("Content-Type", "application/json")
			r.Header.Set("Accept", "application/json, text/event-stream")
			test.change(r)
			res, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			if res.StatusCode != test.status {
				body, _ := io.ReadAll(res.Body)
				t.Errorf("got %d, want %d: %s", res.StatusCode, test.status, body)
			}
			if test.status == 401 && !strings.HasPrefix(res.Header.Get("WWW-Authenticate"), "Bearer") {
				t.Errorf("WWW-Authenticate is %q", res.Header.Get("WWW-Authenticate"))
			}
		})
	}
}

// A session belongs to the caller that made it.
func TestSessionIsBoundToItsCaller(t *testing.T) {
	t.Parallel()
	keys := map[string]string{"a": "alice", "b": "bob"}
	verify := func(_ context.Context, token string, _ *http.Request) (security.Identity, error) {
		if subject, ok := keys[token]; ok {
			return security.Identity{Subject: subject, Scopes: []string{security.ScopeRead}}, nil
		}
		return security.Identity{}, ErrUnknownToken
	}
	srv := httptest.NewServer(newDoor().Handler(Bearer(verify, Challenge{}, slog.New(slog.DiscardHandler))))
	t.Cleanup(srv.Close)
	post := func(key, session, body string) *http.Response {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, srv.URL, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+key)
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Accept", "application/json, text/event-stream")
		if session != "" {
			r.Header.Set("Mcp-Session-Id", session)
		}
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		return res
	}
	session := post("a", "", hello).Header.Get("Mcp-Session-Id")
	if session == "" {
		t.Fatal("no session")
	}
	var wg sync.WaitGroup
	for key, want := range map[string]int{"a": 200, "b": 404} {
		wg.Go(func() {
			if got := post(key, session, call(1, "echo")).StatusCode; got != want {
				t.Errorf("%s: got %d, want %d", keys[key], got, want)
			}
		})
	}
	wg.Wait()
}
