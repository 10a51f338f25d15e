package tools

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/axon-mcp/axon-mcp/fault"
	"github.com/axon-mcp/axon-mcp/jobs"
	"github.com/axon-mcp/axon-mcp/security"
)

func jobsBench(t *testing.T) *bench {
	t.Helper()
	b := newBench(t)
	b.queue.jobs = []jobs.Job{
		{ID: "a1", Kind: "crawl", Owner: "alice", Status: jobs.Running, Created: testTime.Add(-time.Minute), Progress: jobs.Progress{Phase: "crawl", Done: 5, Total: 10, ETA: 7}},
		{ID: "b1", Kind: "crawl", Owner: "bob", Status: jobs.Failed, Created: testTime, Error: &jobs.Failure{Code: "timeout", Message: "too slow"}},
	}
	return b
}

func TestEachSeesTheirOwnJobs(t *testing.T) {
	t.Parallel()
	b := jobsBench(t)
	for _, c := range []struct {
		who, scope string
		sees       int
	}{{"alice", security.ScopeRead, 1}, {"bob", security.ScopeWrite, 1}, {"carol", security.ScopeWrite, 0}, {"carol", security.ScopeAdmin, 2}} {
		for _, name := range []string{"jobs", "status"} {
			result, err := b.Call(as(t, c.who, c.scope), Call{Name: name})
			if err != nil {
				t.Fatal(err)
			}
			var out JobsOutput
			if err := json.Unmarshal(result.Structured.(json.RawMessage), &out); err != nil || len(out.Jobs) != c.sees {
				t.Errorf("%s: %s with %s sees %d jobs (%v)", name, c.who, c.scope, len(out.Jobs), err)
			}
		}
	}
	_, err := b.Call(as(t, "alice", security.ScopeRead), Call{Name: "jobs", Args: json.RawMessage(`{"id":"b1"}`)})
	wantFault(t, err, fault.NotFound, "b1")
}

func TestJobControl(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, who, scope, args string
		code                   fault.Code
	}{
		{"own", "alice", security.ScopeWrite, `{"action":"cancel","id":"a1"}`, ""},
		{"another's", "alice", security.ScopeWrite, `{"action":"retry","id":"b1"}`, fault.NotFound},
		{"another's as admin", "alice", security.ScopeAdmin, `{"action":"retry","id":"b1"}`, ""},
		{"none", "alice", security.ScopeWrite, `{"action":"cancel","id":"zz"}`, fault.NotFound},
		{"no id", "alice", security.ScopeWrite, `{"action":"cancel"}`, fault.Invalid},
		{"recover", "alice", security.ScopeWrite, `{"action":"recover"}`, ""},
		{"recover one", "alice", security.ScopeWrite, `{"action":"recover","id":"a1"}`, fault.Invalid},
		{"read only", "alice", security.ScopeRead, `{"action":"cancel","id":"a1"}`, fault.Forbidden},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := jobsBench(t)
			b.queue.recovered = 3
			result, err := b.Call(as(t, c.who, c.scope), Call{Name: "job_control", Args: json.RawMessage(c.args)})
			if fault.CodeOf(err) != c.code {
				t.Fatalf("%v, want %q", err, c.code)
			}
			if err != nil && len(b.queue.canceled) > 0 {
				t.Error("the job was canceled though the call failed")
			}
			if c.name == "recover" && !strings.Contains(textOf(result), "3 jobs") {
				t.Error(textOf(result))
			}
			if c.name == "own" && (len(b.queue.canceled) != 1 || !strings.Contains(textOf(result), "canceled")) {
				t.Error(textOf(result))
			}
		})
	}
}

func TestOneJobWithItsEvents(t *testing.T) {
	t.Parallel()
	b := jobsBench(t)
	job := &b.queue.jobs[0]
	job.Request, job.Result = json.RawMessage(`{"options":{}}`), json.RawMessage(`{"pages_fetched":5}`)
	for i := range 200 {
		job.Events = append(job.Events, jobs.Event{At: testTime, Message: fmt.Sprintf("event %d with a message of some length, as they have", i)})
	}
	out, text := must[JobsOutput](t, b, "jobs", `{"id":"a1"}`)
	if len(out.Jobs) != 1 || !out.Truncated {
		t.Fatalf("%d jobs, truncated %v", len(out.Jobs), out.Truncated)
	}
	events := out.Jobs[0].Events
	if len(events) < 20 || !strings.HasPrefix(events[len(events)-1].Message, "event 199") || string(out.Jobs[0].Result) != `{"pages_fetched":5}` {
		t.Errorf("%d events, the last %+v", len(events), events[len(events)-1])
	}
	if !strings.Contains(text, "crawl a1: running, crawl 5/10, about 7 s to go, asked for 1m0s ago") {
		t.Error(text)
	}
	list, _ := must[JobsOutput](t, b, "jobs", `{"status":"running"}`)
	if len(list.Jobs) != 1 || list.Jobs[0].Events != nil || list.Jobs[0].Request != nil {
		t.Errorf("%+v", list)
	}
}

func TestStatus(t *testing.T) {
	t.Parallel()
	b := jobsBench(t)
	out, text := must[StatusOutput](t, b, "status", `{}`)
	if out.Running != 1 || out.Pending != 0 || len(out.Jobs) != 2 || !strings.Contains(text, "timeout: too slow") {
		t.Errorf("%+v %s", out, text)
	}
	b.queue.jobs[0].Progress.Message = "a file's name.md"
	if _, text := must[StatusOutput](t, b, "status", `{}`); strings.Contains(text, "file's name") {
		t.Errorf("what a file is called stands outside of a frame: %s", text)
	}
	b.queue.jobs[0].Orphaned = true
	out, text = must[StatusOutput](t, b, "status", `{}`)
	if p := out.Jobs[0].Progress; p.ETA != 0 || !strings.Contains(p.Message, "its process has ended") || !strings.Contains(text, p.Message) || strings.Contains(text, "to go") {
		t.Errorf("an orphan: %+v %s", out, text)
	}
}

func TestTargetOfAJob(t *testing.T) {
	t.Parallel()
	for request, want := range map[string]string{
		`{"options":{"URLs":["https://a.example/","https://b.example/"]}}`: "https://a.example/",
		`{"urls":["https://a.example/1"],"collection":"axon"}`:             "https://a.example/1",
		`{"domain":"a.example"}`:                                           "a.example",
		`{"all":true}`:                                                     "all",
		`{"url":"https://a.example/x","title":"T"}`:                        "https://a.example/x",
		`{"path":"docs:guide"}`:                                            "docs:guide",
		`{"text":"secret","title":"Minutes\n2"}`:                           "Minutes 2",
		`{"text":"secret"}`:                                                "",
		`null`:                                                             "",
		`"x"`:                                                              "",
	} {
		if got := targetOf(json.RawMessage(request)); got != want {
			t.Errorf("%s: %q, want %q", request, got, want)
		}
	}
}
