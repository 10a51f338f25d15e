package mcp

import (
	"context"
	"encoding/json"
	"time"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/axon-mcp/axon-mcp/fault"
	"github.com/axon-mcp/axon-mcp/jobs"
	"github.com/axon-mcp/axon-mcp/security"
	"github.com/axon-mcp/axon-mcp/tools"
)

// tasksExtension is the extension for long work of revision 2026-07-28
// (SEP-2663). A task is a job under another name: its id is the job's, and the
// tools jobs and job_control answer for it, with their rules about who may see
// what. The library knows only the tasks of 2025-11-25, which are another thing
// and were taken out of the protocol; they are not offered.
const tasksExtension = "io.modelcontextprotocol/tasks"

const (
	methodTasksGet    = "tasks/get"
	methodTasksUpdate = "tasks/update"
	methodTasksCancel = "tasks/cancel"
)

const (
	taskLife = 30 * 24 * time.Hour // as long as jobs are kept
	taskPoll = time.Second
)

// task is the extension's Task, with the result where it is completed.
type task struct {
	Meta    *mcp.Meta   `json:"_meta,omitempty"`
	Type    string      `json:"resultType"` // "task" where it stands for a result, else "complete"
	ID      string      `json:"taskId"`
	Status  string      `json:"status"`
	Message string      `json:"statusMessage,omitempty"`
	Created string      `json:"createdAt"`
	Updated string      `json:"lastUpdatedAt"`
	Life    int64       `json:"ttlMs"`
	Poll    int64       `json:"pollIntervalMs"`
	Result  *callResult `json:"result,omitempty"`
	// Content says in words what the task is, for clients that show every
	// answer to tools/call as one.
	Content []mcp.Content `json:"content,omitempty"`
}

// taskAck is the empty result of tasks/update and tasks/cancel.
type taskAck struct {
	Meta *mcp.Meta `json:"_meta,omitempty"`
	Type string    `json:"resultType"`
}

// job is one job as the tool jobs shows it.
type job struct {
	ID       string          `json:"id"`
	Status   jobs.Status     `json:"status"`
	Progress jobs.Progress   `json:"progress"`
	Created  string          `json:"created"`
	Started  string          `json:"started"`
	Finished string          `json:"finished"`
	Error    *failure        `json:"error"`
	Result   json.RawMessage `json:"result"`
}

// isTask reports whether method belongs to the extension.
func isTask(method string) bool {
	return method == methodTasksGet || method == methodTasksUpdate || method == methodTasksCancel
}

var errTasksUndeclared = &rpcError{
	Code:    mcp.MISSING_REQUIRED_CLIENT_CAPABILITY,
	Message: "the client capability " + tasksExtension + " is needed",
	Data:    map[string]any{"requiredCapabilities": map[string]any{"extensions": map[string]any{tasksExtension: struct{}{}}}},
}

// handleTask answers the methods of the extension.
func (s *Server) handleTask(ctx context.Context, x *exchange) (any, *rpcError) {
	if !x.msg.declaresTasks() {
		return nil, errTasksUndeclared
	}
	one, err := s.job(ctx, x, x.msg.taskID)
	if err == nil && x.msg.method == methodTasksCancel && !one.Status.Done() {
		err = s.cancelJob(ctx, x, one.ID)
	}
	switch {
	case err != nil:
		return nil, s.taskError(ctx, x, err)
	case x.msg.method == methodTasksGet:
		t := s.taskOf(one)
		t.Type = string(mcp.ResultTypeComplete)
		return t, nil
	}
	// No task of ours waits for input, so there is nothing to update.
	return taskAck{Meta: s.serverMeta(), Type: string(mcp.ResultTypeComplete)}, nil
}

// taskError is the protocol's form of what a tool failed with.
func (s *Server) taskError(ctx context.Context, x *exchange, err error) *rpcError {
	x.fail(err)
	return s.toRPC(ctx, x, mcp.JSONRPCErrorDetails{Code: mcp.INTERNAL_ERROR})
}

// job reads a job of the caller. It fails with NotFound for another's.
func (s *Server) job(ctx context.Context, x *exchange, id string) (*job, error) {
	if id == "" {
		return nil, fault.New(fault.Invalid, "taskId is missing")
	}
	args, err := json.Marshal(map[string]string{"id": id})
	if err != nil {
		return nil, err
	}
	// The whole result, whatever the limit for models is.
	result, err := s.reg.Call(ctx, tools.Call{Name: "jobs", Args: args, Door: x.door, Inline: maxMessage})
	if err != nil {
		return nil, err
	}
	var out struct {
		Jobs []job `json:"jobs"`
	}
	if err := decode(result.Structured, &out); err != nil {
		return nil, err
	}
	if len(out.Jobs) != 1 {
		return nil, fault.Errorf(fault.NotFound, "there is no task %q", id)
	}
	return &out.Jobs[0], nil
}

func (s *Server) cancelJob(ctx context.Context, x *exchange, id string) error {
	if !security.IdentityFrom(ctx).Can(security.ScopeWrite) {
		x.refuse(security.ScopeWrite)
	}
	args, err := json.Marshal(map[string]string{"action": "cancel", "id": id})
	if err != nil {
		return err
	}
	_, err = s.reg.Call(ctx, tools.Call{Name: "job_control", Args: args, Door: x.door})
	if fault.CodeOf(err) == fault.Conflict { // it has ended in between
		return nil
	}
	return err
}

// taskOf shows a job as a task. A job that failed is a completed task with an
// error as its result: "failed" is for errors of the protocol.
func (s *Server) taskOf(j *job) *task {
	t := &task{
		Meta: s.serverMeta(), ID: j.ID, Status: "working", Created: j.Created, Updated: j.Created,
		Life: taskLife.Milliseconds(), Poll: taskPoll.Milliseconds(),
	}
	for _, later := range []string{j.Started, j.Finished} {
		if later != "" {
			t.Updated = later
		}
	}
	switch j.Status {
	case jobs.Completed:
		t.Status, t.Result = "completed", doneResult(j)
	case jobs.Failed:
		failure := failure{Code: fault.Internal, Message: "the job failed"}
		if j.Error != nil {
			failure = *j.Error
		}
		t.Status, t.Message = "completed", failure.Message
		t.Result = &callResult{
			Type: mcp.ResultTypeComplete, IsError: true, Structured: failure,
			Content: []mcp.Content{mcp.NewTextContent(string(failure.Code) + ": " + failure.Message)},
		}
	case jobs.Canceled:
		t.Status = "cancelled"
	case jobs.Running:
		t.Message = line(j.Progress)
	case jobs.Pending:
		t.Message = "waiting for a worker"
	}
	return t
}

// doneResult is what the call would have given had it waited: the job's id and
// status beside its result.
func doneResult(j *job) *callResult {
	fields := make(map[string]json.RawMessage)
	if json.Unmarshal(j.Result, &fields) != nil {
		fields = map[string]json.RawMessage{"result": j.Result}
	}
	fields["job_id"], fields["status"] = quote(j.ID), quote(string(j.Status))
	return &callResult{
		Type: mcp.ResultTypeComplete, Structured: fields,
		Content: []mcp.Content{mcp.NewTextContent("Job " + j.ID + " is completed: " + string(j.Result))},
	}
}

// asTask makes a job's tool answer with a task: the call does not wait, and
// what it started is shown as one. Nil where the call failed or started
// nothing; its result then stands.
func (s *Server) asTask(ctx context.Context, x *exchange, result *tools.Result) *task {
	var started struct {
		ID string `json:"job_id"`
	}
	if err := decode(result.Structured, &started); err != nil || started.ID == "" {
		return nil
	}
	one, err := s.job(ctx, x, started.ID)
	if err != nil { // the client still gets the job's id as the result
		return nil
	}
	t := s.taskOf(one)
	t.Type, t.Result = "task", nil
	t.Content = succeeded(result).Content
	return t
}

// withoutWait takes the wish to wait out of a job's arguments.
func withoutWait(call tools.Call) json.RawMessage {
	if call.Name == tools.CompactName {
		return withField(call.Args, "arguments", func(inner json.RawMessage) json.RawMessage {
			return withField(inner, "wait", func(json.RawMessage) json.RawMessage { return nil })
		})
	}
	return withField(call.Args, "wait", func(json.RawMessage) json.RawMessage { return nil })
}

func (s *Server) serverMeta() *mcp.Meta {
	meta := &mcp.Meta{}
	meta.SetServerInfo(s.identity())
	return meta
}

// identity is who we are to clients.
func (s *Server) identity() mcp.Implementation {
	return mcp.Implementation{Name: serverName, Version: s.cfg.Version, Title: serverTitle}
}

// decode reads a structured value of a tool.
func decode(structured, into any) error {
	raw, ok := structured.(json.RawMessage)
	if !ok {
		var err error
		if raw, err = json.Marshal(structured); err != nil {
			return err
		}
	}
	return json.Unmarshal(raw, into)
}
