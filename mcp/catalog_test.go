package mcp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/axon-mcp/axon-mcp/fault"
	"github.com/axon-mcp/axon-mcp/security"
	"github.com/axon-mcp/axon-mcp/tools"
)

// request sends one request over stdio, in an era, and returns its answer.
func request(t *testing.T, door *Server, method, params string, modern bool) sent {
	t.Helper()
	if modern {
		params = meta + map[bool]string{true: ","}[params != ""] + params
	}
	return answerTo(t, talk(t, door, hello, fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":%q,"params":{%s}}`, method, params)), 1)
}

func TestToolsAreDescribed(t *testing.T) {
	t.Parallel()
	f := newFake()
	deletes := f.add("forget", security.ScopeAdmin, nil)
	deletes.Hints = tools.Hints{Destructive: true, Idempotent: true}
	deletes.Output = &jsonschema.Schema{Type: "object", Properties: map[string]*jsonschema.Schema{"n": {Type: "integer"}}}
	got := request(t, doorTo(f), "tools/list", "", true)
	var list struct {
		Result struct {
			TTL   *int   `json:"ttlMs"`
			Scope string `json:"cacheScope"`
			Tools []struct {
				Name, Title, Description string
				Annotations              map[string]any
				InputSchema              map[string]any
				OutputSchema             map[string]any
			} `json:"tools"`
		} `json:"result"`
	}
	if err := json.Unmarshal([]byte(got.raw), &list); err != nil {
		t.Fatal(err)
	}
	if list.Result.TTL == nil || list.Result.Scope != "private" || len(list.Result.Tools) != 2 {
		t.Fatalf("got %s", got.raw)
	}
	forget := list.Result.Tools[1]
	if forget.Name != "forget" || forget.Title != "FORGET" || forget.Description != "Does forget." || forget.OutputSchema["type"] != "object" || forget.InputSchema["type"] != "object" {
		t.Errorf("got %+v", forget)
	}
	want := map[string]any{"title": "FORGET", "readOnlyHint": false, "destructiveHint": true, "idempotentHint": true, "openWorldHint": false}
	for name, value := range want {
		if forget.Annotations[name] != value {
			t.Errorf("%s is %v, want %v", name, forget.Annotations[name], value)
		}
	}
}

// A compact view's one tool is described for its caller at each listing.
func TestCompactView(t *testing.T) {
	t.Parallel()
	f := newFake()
	f.view.Compact = true
	f.tools[0].Name = tools.CompactName
	door := doorTo(f)
	f.tools[0].About = "Another text."
	if got := request(t, door, "tools/list", "", false); !strings.Contains(got.raw, "Another text.") || strings.Count(got.raw, `"name"`) != 1 {
		t.Errorf("got %s", got.raw)
	}
}

func TestInitializeAndDiscover(t *testing.T) {
	t.Parallel()
	door := doorTo(newFake())
	old := answerTo(t, talk(t, door, hello), 0)
	if old.Result.Instructions != instructions || old.Result.Capabilities.Extensions != nil || old.Result.Capabilities.Logging != nil {
		t.Errorf("initialize: %s", old.raw)
	}
	now := request(t, door, "server/discover", "", true)
	for _, want := range []string{`"2026-07-28"`, `"2025-11-25"`, `"io.modelcontextprotocol/tasks":{}`, `"resultType":"complete"`, `"cacheScope":"public"`, `"version":"test"`} {
		if !strings.Contains(now.raw, want) {
			t.Errorf("%s is not in %s", want, now.raw)
		}
	}
	if words := len(strings.Fields(instructions)); words >= 300 {
		t.Errorf("the instructions have %d words", words)
	}
	for _, name := range []string{"query", "ask", "scrape", "crawl"} {
		if !strings.Contains(instructions, "- "+name+":") {
			t.Errorf("the instructions do not say when to use %s", name)
		}
	}
}

func withResources() *fake {
	f := newFake()
	f.resources = []tools.Resource{
		{
			URI: "axon://sources", Name: "sources", About: "All.", Type: "text/markdown", Scope: security.ScopeRead,
			Read: func(context.Context, string, map[string]string) (tools.ResourceText, error) {
				return tools.ResourceText{Text: "# Sources", MediaType: "text/markdown"}, nil
			},
		},
		{
			Template: "axon://document/{+url}", Name: "document", About: "One.", Type: "text/markdown", Scope: security.ScopeRead,
			Read: func(_ context.Context, uri string, vars map[string]string) (tools.ResourceText, error) {
				switch vars["url"] {
				case "https://a.example/?q=1#x":
					return tools.ResourceText{Text: "read " + uri, MediaType: "text/markdown"}, nil
				case "https://panic.example/":
					panic("hunter2")
				case "https://broken.example/":
					return tools.ResourceText{}, errors.New("hunter2")
				}
				return tools.ResourceText{}, fault.Errorf(fault.NotFound, "no document %s", vars["url"])
			},
		},
		{
			URI: "axon://secrets", Name: "secrets", Type: "text/plain", Scope: security.ScopeAdmin,
			Read: func(context.Context, string, map[string]string) (tools.ResourceText, error) {
				return tools.ResourceText{Text: "hunter2"}, nil
			},
		},
	}
	f.prompts = []tools.Prompt{{
		Name: "ask-docs", Title: "Ask", About: "Asks.", Args: []tools.PromptArg{{Name: "question", About: "what", Required: true}},
		Render: func(args map[string]string) (string, error) {
			if args["question"] == "" {
				return "", fault.New(fault.Invalid, "ask-docs: the argument question is missing")
			}
			return "Answer: " + args["question"], nil
		},
	}}
	f.complete = func(ref, argument, value string) ([]string, error) {
		if argument == "broken" {
			return nil, errors.New("hunter2")
		}
		values := make([]string, 150)
		for i := range values {
			values[i] = fmt.Sprintf("%s/%s/%s%d", ref, argument, value, i)
		}
		return values, nil
	}
	return f
}

func TestResources(t *testing.T) {
	t.Parallel()
	tests := []struct {
		uri         string
		text        string
		old, modern int // codes
	}{
		{"axon://sources", "# Sources", 0, 0},
		{"axon://document/https://a.example/?q=1#x", "read axon://document/https://a.example/?q=1#x", 0, 0},
		{"axon://document/https://gone.example/", "", -32002, -32602},
		{"axon://nothing", "", -32002, -32602},
		{"axon://document/https://panic.example/", "", -32603, -32603},
		{"axon://document/https://broken.example/", "", -32603, -32603},
	}
	for _, test := range tests {
		for _, modern := range []bool{false, true} {
			got := request(t, doorTo(withResources()), "resources/read", `"uri":"`+test.uri+`"`, modern)
			code, want := 0, map[bool]int{false: test.old, true: test.modern}[modern]
			if got.Error != nil {
				code = got.Error.Code
			}
			if code != want || !strings.Contains(got.raw, test.text) || strings.Contains(got.raw, "hunter2") {
				t.Errorf("%s, modern %v: %s", test.uri, modern, got.raw)
			}
		}
	}
	door := doorTo(withResources())
	if got := request(t, door, "resources/templates/list", "", true); !strings.Contains(got.raw, "axon://document/{+url}") {
		t.Errorf("templates: %s", got.raw)
	}
}

func TestResourcesByScope(t *testing.T) {
	t.Parallel()
	s := serveAs(t, doorTo(withResources()), Bearer(people, Challenge{}, discard))
	list := func(who string) string {
		return s.post(`{"jsonrpc":"2.0","id":1,"method":"resources/list","params":{`+meta+`}}`, as(who)).body
	}
	read := func(who string) answered {
		return s.post(`{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri":"axon://secrets",`+meta+`}}`,
			both(as(who), func(r *http.Request) { r.Header.Set(headerName, "axon://secrets") }))
	}
	if body := list("ann:axon:read"); strings.Contains(body, "secrets") || !strings.Contains(body, "axon://sources") {
		t.Errorf("a reader's list: %s", body)
	}
	if body := list("root:axon:admin"); !strings.Contains(body, "axon://secrets") {
		t.Errorf("an administrator's list: %s", body)
	}
	if got := read("ann:axon:read"); got.status != 403 || strings.Contains(got.body, "hunter2") || !strings.Contains(got.header.Get("WWW-Authenticate"), "axon:admin") {
		t.Errorf("a reader: %d %s", got.status, got.body)
	}
	if got := read("root:axon:admin"); got.status != 200 || !strings.Contains(got.body, "hunter2") {
		t.Errorf("an administrator: %d %s", got.status, got.body)
	}
}

func TestPrompts(t *testing.T) {
	t.Parallel()
	door := doorTo(withResources())
	for _, modern := range []bool{false, true} {
		if got := request(t, door, "prompts/list", "", modern); !strings.Contains(got.raw, `"required":true`) {
			t.Errorf("list: %s", got.raw)
		}
		if got := request(t, door, "prompts/get", `"name":"ask-docs","arguments":{"question":"why?"}`, modern); !strings.Contains(got.raw, "Answer: why?") {
			t.Errorf("get: %s", got.raw)
		}
		for _, params := range []string{`"name":"ask-docs"`, `"name":"no-such"`} {
			if got := request(t, door, "prompts/get", params, modern); got.Error == nil || got.Error.Code != -32602 {
				t.Errorf("%s: %s", params, got.raw)
			}
		}
	}
}

func TestCompletions(t *testing.T) {
	t.Parallel()
	door := doorTo(withResources())
	for _, modern := range []bool{false, true} {
		for _, ref := range []string{`{"type":"ref/prompt","name":"ask-docs"}`, `{"type":"ref/resource","uri":"axon://document/{+url}"}`} {
			got := request(t, door, "completion/complete", `"ref":`+ref+`,"argument":{"name":"question","value":"w"}`, modern)
			if !strings.Contains(got.raw, `question/w99"`) || strings.Contains(got.raw, `question/w100"`) || !strings.Contains(got.raw, `"hasMore":true`) || !strings.Contains(got.raw, `"total":150`) {
				t.Errorf("%s: %s", ref, got.raw)
			}
		}
		bad := request(t, door, "completion/complete", `"ref":{"type":"ref/prompt","name":"no-such"},"argument":{"name":"a","value":""}`, modern)
		if bad.Error == nil || bad.Error.Code != -32602 {
			t.Errorf("unknown prompt: %s", bad.raw)
		}
		broken := request(t, door, "completion/complete", `"ref":{"type":"ref/prompt","name":"ask-docs"},"argument":{"name":"broken","value":""}`, modern)
		if broken.Error == nil || broken.Error.Code != -32603 || strings.Contains(broken.raw, "hunter2") {
			t.Errorf("broken: %s", broken.raw)
		}
	}
}
