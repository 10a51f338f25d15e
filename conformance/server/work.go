package main

import (
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/axon-mcp/axon-mcp/fault"
	"github.com/axon-mcp/axon-mcp/jobs"
	"github.com/axon-mcp/axon-mcp/tools"
)

// The fixtures of the tasks extension: tools whose work is a job, and the two
// tools by which the door sees jobs. A client without the extension waits.

func workTools() []*tools.Tool {
	compute := tool("slow_compute", "Sleeps, then gives a result.", &jsonschema.Schema{Type: "object", Properties: map[string]*jsonschema.Schema{
		"seconds": {Type: "number"}, "label": {Type: "string"},
	}})
	failing := tool("failing_job", "Fails after a while.", noArguments)
	compute.Job, failing.Job = true, true
	return []*tools.Tool{
		compute, failing,
		tool("greet", "Greets.", &jsonschema.Schema{Type: "object", Properties: map[string]*jsonschema.Schema{"name": {Type: "string"}}}),
	}
}

func greet(call tools.Call) *tools.Result {
	var in struct {
		Name string `json:"name"`
	}
	_ = json.Unmarshal(call.Args, &in) // nobody is greeted as nobody
	return text("Hello, " + in.Name + "!")
}

// queue holds the jobs of the fixtures.
type queue struct {
	mu   sync.Mutex
	jobs map[string]*tracked
}

type tracked struct {
	ID      string        `json:"id"`
	Status  jobs.Status   `json:"status"`
	Created string        `json:"created"`
	Result  any           `json:"result,omitempty"`
	Error   *jobs.Failure `json:"error,omitempty"`
	timer   *time.Timer
}

// start begins a job of call. It ends by itself after its time.
func (q *queue) start(call tools.Call) *tools.Result {
	in := struct {
		Seconds float64 `json:"seconds"`
		Label   string  `json:"label"`
	}{Seconds: 1}
	_ = json.Unmarshal(call.Args, &in) // what is missing has its default
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.jobs == nil {
		q.jobs = make(map[string]*tracked)
	}
	j := &tracked{ID: fmt.Sprintf("job-%d", len(q.jobs)+1), Status: jobs.Running, Created: time.Now().UTC().Format(time.RFC3339)}
	q.jobs[j.ID] = j
	j.timer = time.AfterFunc(time.Duration(in.Seconds*float64(time.Second)), func() {
		q.mu.Lock()
		defer q.mu.Unlock()
		switch {
		case j.Status.Done():
		case call.Name == "failing_job":
			j.Status, j.Error = jobs.Failed, &jobs.Failure{Code: string(fault.Upstream), Message: "it failed, as it should"}
		default:
			j.Status, j.Result = jobs.Completed, map[string]string{"label": in.Label}
		}
	})
	return &tools.Result{Structured: map[string]any{"job_id": j.ID, "status": j.Status}, Blocks: []tools.Block{{Text: "job " + j.ID}}}
}

// get is the tool jobs with an id.
func (q *queue) get(call tools.Call) (*tools.Result, error) {
	j, err := q.find(call)
	if err != nil {
		return nil, err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	raw, err := json.Marshal(map[string]any{"jobs": []*tracked{j}})
	return &tools.Result{Structured: json.RawMessage(raw)}, err
}

// cancel is the tool job_control.
func (q *queue) cancel(call tools.Call) (*tools.Result, error) {
	j, err := q.find(call)
	if err != nil {
		return nil, err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	j.timer.Stop()
	j.Status = jobs.Canceled
	return text("canceled"), nil
}

func (q *queue) find(call tools.Call) (*tracked, error) {
	var in struct {
		ID string `json:"id"`
	}
	if err := json.Unmarshal(call.Args, &in); err != nil {
		return nil, err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if j, ok := q.jobs[in.ID]; ok {
		return j, nil
	}
	return nil, fault.Errorf(fault.NotFound, "there is no job %q", in.ID)
}
