package mcp

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/axon-mcp/axon-mcp/fault"
	"github.com/axon-mcp/axon-mcp/security"
	"github.com/axon-mcp/axon-mcp/tools"
)

// queue is a registry's jobs, one per state.
type queue struct {
	mu       sync.Mutex
	calls    []string // arguments of crawl
	canceled []string
}

var someJobs = map[string]string{
	"pending":   `{"id":"pending","status":"pending","progress":{"done":0},"created":"2026-01-01T00:00:00Z"}`,
	"running":   `{"id":"running","status":"running","progress":{"phase":"crawl","done":3,"total":9},"created":"2026-01-01T00:00:00Z","started":"2026-01-01T00:00:01Z"}`,
	"completed": `{"id":"completed","status":"completed","progress":{"done":9},"created":"2026-01-01T00:00:00Z","finished":"2026-01-01T00:00:09Z","result":{"pages_fetched":9}}`,
	"failed":    `{"id":"failed","status":"failed","progress":{"done":0},"created":"2026-01-01T00:00:00Z","error":{"code":"unavailable","message":"no such host"}}`,
	"canceled":  `{"id":"canceled","status":"canceled","progress":{"done":0},"created":"2026-01-01T00:00:00Z"}`,
}

func withJobs() (*fake, *queue) {
	f, q := newFake(), &queue{}
	crawl := f.add("crawl", security.ScopeWrite, func(_ context.Context, call tools.Call) (*tools.Result, error) {
		q.mu.Lock()
		defer q.mu.Unlock()
		q.calls = append(q.calls, string(call.Args))
		if strings.Contains(string(call.Args), "wrong") {
			return nil, fault.New(fault.Invalid, "crawl: unknown field")
		}
		return &tools.Result{Structured: json.RawMessage(`{"job_id":"running","status":"pending"}`), Blocks: []tools.Block{{Text: "Job running"}}}, nil
	})
	crawl.Job = true
	f.add("jobs", security.ScopeRead, func(_ context.Context, call tools.Call) (*tools.Result, error) {
		var in struct{ ID string }
		if err := json.Unmarshal(call.Args, &in); err != nil {
			return nil, err
		}
		job, ok := someJobs[in.ID]
		if !ok {
			return nil, fault.Errorf(fault.NotFound, "there is no job %q", in.ID)
		}
		return &tools.Result{Structured: json.RawMessage(`{"jobs":[` + job + `],"next_cursor":null}`)}, nil
	})
	f.add("job_control", security.ScopeWrite, func(_ context.Context, call tools.Call) (*tools.Result, error) {
		q.mu.Lock()
		defer q.mu.Unlock()
		q.canceled = append(q.canceled, string(call.Args))
		return &tools.Result{}, nil
	})
	return f, q
}

const canTask = `"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{"extensions":{"io.modelcontextprotocol/tasks":{}}}}`

// wireTask is a task as a client reads it.
type wireTask struct {
	Type    string `json:"resultType"`
	ID      string `json:"taskId"`
	Status  string `json:"status"`
	Message string `json:"statusMessage"`
	Created string `json:"createdAt"`
	Updated string `json:"lastUpdatedAt"`
	Life    *int64 `json:"ttlMs"`
	Poll    int64  `json:"pollIntervalMs"`
	Result  *struct {
		IsError    bool           `json:"isError"`
		Structured map[string]any `json:"structuredContent"`
		Content    []any          `json:"content"`
	} `json:"result"`
}

func taskIn(t *testing.T, s sent) wireTask {
	t.Helper()
	var got struct{ Result wireTask }
	if err := json.Unmarshal([]byte(s.raw), &got); err != nil {
		t.Fatal(err)
	}
	return got.Result
}

// taskRequest is a method of the extension.
func taskRequest(method, id, meta string) string {
	return `{"jsonrpc":"2.0","id":1,"method":"` + method + `","params":{"taskId":"` + id + `","inputResponses":{},` + meta + `}}`
}

func TestAJobIsATask(t *testing.T) {
	t.Parallel()
	f, q := withJobs()
	s := serve(t, doorTo(f))
	first := taskIn(t, s.post(callWith(1, "crawl", `{"urls":["x"],"wait":true}`, canTask), nil).last(t))
	if first.Type != "task" || first.ID != "running" || first.Status != "working" || first.Created == "" || first.Updated != "2026-01-01T00:00:01Z" || first.Life == nil || first.Poll == 0 || first.Result != nil {
		t.Errorf("the task: %+v", first)
	}
	if len(q.calls) != 1 || q.calls[0] != `{"urls":["x"]}` {
		t.Errorf("the tool was called with %v", q.calls)
	}
	// Without the extension, and where the call fails, nothing changes.
	if got := s.post(callWith(1, "crawl", `{"wait":true}`, meta), nil).last(t); got.structured("job_id") != "running" || q.calls[1] != `{"wait":true}` {
		t.Errorf("without the extension: %s", got.raw)
	}
	if got := s.post(callWith(1, "crawl", `{"wrong":true}`, canTask), nil).last(t); !got.Result.IsError {
		t.Errorf("a failed call: %s", got.raw)
	}
	if got := s.post(callWith(1, "echo", `{"job_id":"running"}`, canTask), nil).last(t); got.Result.Type != "complete" {
		t.Errorf("another tool: %s", got.raw)
	}
}

func TestTaskStates(t *testing.T) {
	t.Parallel()
	f, _ := withJobs()
	s := serve(t, doorTo(f))
	get := func(id string) wireTask { return taskIn(t, s.post(taskRequest("tasks/get", id, canTask), nil).last(t)) }
	for id, status := range map[string]string{"pending": "working", "running": "working", "completed": "completed", "failed": "completed", "canceled": "cancelled"} {
		got := get(id)
		if got.Type != "complete" || got.ID != id || got.Status != status || (got.Result != nil) != (status == "completed") {
			t.Errorf("%s: %+v", id, got)
		}
	}
	if got := get("running"); got.Message != "crawl 3/9" {
		t.Errorf("the message: %q", got.Message)
	}
	if got := get("completed").Result; got.IsError || got.Structured["pages_fetched"] != 9.0 || got.Structured["job_id"] != "completed" || got.Structured["status"] != "completed" || len(got.Content) != 1 {
		t.Errorf("the result: %+v", got)
	}
	if got := get("failed").Result; !got.IsError || got.Structured["code"] != "unavailable" || got.Structured["message"] != "no such host" {
		t.Errorf("the failure: %+v", got)
	}
}

func TestTaskMethods(t *testing.T) {
	t.Parallel()
	f, q := withJobs()
	s := serveAs(t, doorTo(f), Bearer(people, Challenge{}, discard))
	writer := as("ann:axon:write")
	tests := map[string]struct {
		body   string
		change func(*http.Request)
		status int
		code   int
	}{
		"cancel":          {taskRequest("tasks/cancel", "running", canTask), writer, 200, 0},
		"cancel the done": {taskRequest("tasks/cancel", "completed", canTask), writer, 200, 0},
		"update":          {taskRequest("tasks/update", "running", canTask), writer, 200, 0},
		"unknown":         {taskRequest("tasks/get", "nothing", canTask), writer, 400, -32602},
		"cancel unknown":  {taskRequest("tasks/cancel", "nothing", canTask), writer, 400, -32602},
		"no id":           {`{"jsonrpc":"2.0","id":1,"method":"tasks/get","params":{` + canTask + `}}`, writer, 400, -32602},
		"undeclared":      {taskRequest("tasks/get", "running", meta), writer, 400, -32021},
		"of 2025-11-25":   {taskRequest("tasks/result", "running", canTask), writer, 404, -32601},
		"list":            {taskRequest("tasks/list", "running", canTask), writer, 404, -32601},
		"cancel, no scope": {
			taskRequest("tasks/cancel", "running", canTask), as("ann:axon:read"), 403, -32603,
		},
		"listen, undeclared": {
			`{"jsonrpc":"2.0","id":1,"method":"subscriptions/listen","params":{"notifications":{"taskIds":["running"]},` + meta + `}}`, writer, 400, -32021,
		},
	}
	for name, test := range tests {
		got := s.post(test.body, test.change)
		code := 0
		if e := got.last(t).Error; e != nil {
			code = e.Code
		}
		if got.status != test.status || code != test.code {
			t.Errorf("%s: status %d, code %d: %s", name, got.status, code, got.body)
		}
		if test.code == 0 && !strings.Contains(got.body, `"resultType":"complete"`) {
			t.Errorf("%s: %s", name, got.body)
		}
	}
	if want := `{"action":"cancel","id":"running"}`; len(q.canceled) != 1 || q.canceled[0] != want {
		t.Errorf("canceled %v, want %s once", q.canceled, want)
	}
}

func TestWithoutWait(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]string{`{"wait":true,"a":1}`: `{"a":1}`, `{}`: `{}`, ``: ``, `[1]`: `[1]`} {
		if got := withoutWait(tools.Call{Name: "crawl", Args: json.RawMessage(args)}); string(got) != want {
			t.Errorf("%s became %s", args, got)
		}
	}
	got := withoutWait(tools.Call{Name: tools.CompactName, Args: json.RawMessage(`{"action":"crawl","arguments":{"wait":true}}`)})
	if string(got) != `{"action":"crawl","arguments":{}}` {
		t.Errorf("compact: %s", got)
	}
}
