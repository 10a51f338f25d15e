package web

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/axon-mcp/axon-mcp/fault"
	"github.com/axon-mcp/axon-mcp/jobs"
	"github.com/axon-mcp/axon-mcp/tools"
)

const (
	maxID     = 128     // bytes of an execution's id
	maxFlags  = 100     // of one execute
	echoInput = 2_000   // bytes of the input that each frame repeats
	inline    = 1 << 20 // bytes of a result; the rest is an artifact
	// artifactRoom is how many bytes of artifacts one result sends along.
	artifactRoom = 512 << 10

	artifactScheme = "axon://artifacts/"
)

// execution is one execute that runs.
type execution struct {
	conn  *conn
	about about
	mode  mode
	input string
	flags map[string]json.RawMessage // as sent, checked against flags(); for the chat
	args  map[string]any             // of the tool
	yes   bool                       // the client has confirmed what the tool would ask
	begun time.Time

	ctx  context.Context
	stop context.CancelCauseFunc
	job  string // guarded by conn.mu
}

// execute begins an execution, or says why not. It does not wait for its end.
func (c *conn) execute(m executeRequest) error {
	x := &execution{
		conn: c, begun: time.Now(), input: m.Input, flags: m.Flags,
		about: about{ExecID: clip(cmp.Or(m.ID, rand.Text()), maxID), Mode: clip(m.Mode, 64), Input: clip(m.Input, echoInput)},
	}
	if wait := c.executes.allow(x.begun); wait > 0 {
		x.fail(fault.Errorf(codeRateLimited, "more than %d executes in a minute; try again in %d s", executesAMinute, int(wait.Seconds())+1))
		return nil
	}
	warnings, err := x.prepare(m)
	if err == nil {
		err = c.admit(x)
	}
	if err != nil {
		x.fail(err)
		return nil
	}
	c.work.Go(func() {
		defer c.leave(x)
		x.run(warnings)
	})
	return nil
}

// prepare looks up the mode and the flags and makes the tool's arguments.
// Nothing has run before it has agreed.
func (x *execution) prepare(m executeRequest) (warnings []string, err error) {
	how, known := modes()[m.Mode]
	if !known {
		return nil, fault.Errorf(codeModeNotAllowed, "there is no mode %.64q here", m.Mode)
	}
	x.mode = how
	if len(m.Flags) > maxFlags {
		return nil, fault.Errorf(fault.Invalid, "%d flags are too many", len(m.Flags))
	}
	for name := range m.Flags {
		if blocked(name) {
			return nil, fault.Errorf(codeFlagBlocked, "the flag %.64q names infrastructure, which only the operator's settings choose", name)
		}
	}
	if m.Mode == chatMode {
		if x.conn.srv.chat == nil {
			return nil, fault.New(codeModeNotAvailable, "agent chat is not part of this server yet")
		}
		x.flags, warnings = chatFlags(m.Flags)
		return warnings, nil
	}
	tool, err := x.conn.srv.toolOf(m.Mode, how)
	if err != nil {
		return nil, err
	}
	x.args = maps.Clone(how.fixed)
	if x.args == nil {
		x.args = make(map[string]any)
	}
	if how.input != nil {
		how.input(m.Input, x.args)
	}
	return x.takeFlags(tool, m.Flags)
}

// toolOf finds the mode's tool, which a build or an operator may have left out.
func (s *Server) toolOf(name string, how mode) (*tools.Tool, error) {
	tool, ok := s.deps.Registry.Get(how.tool)
	if ok && how.fixed["source"] != nil {
		if source := tool.Input.Properties["source"]; source != nil && len(source.Enum) > 0 {
			ok = slices.Contains(source.Enum, how.fixed["source"])
		}
	}
	if !ok {
		return nil, fault.Errorf(codeModeNotAvailable, "the mode %s is not part of this server", name)
	}
	return tool, nil
}

// takeFlags puts the flags that the tool has into its arguments and warns of the
// others, so that a mistyped one is seen.
func (x *execution) takeFlags(tool *tools.Tool, given map[string]json.RawMessage) (warnings []string, err error) {
	list := flags()
	for _, name := range slices.Sorted(maps.Keys(given)) {
		value := given[name]
		if name == "output_dir" {
			if err := checkOutputDir(value); err != nil {
				return nil, err
			}
		}
		known, ok := list[name]
		field := tool.Input.Properties[known.field]
		switch {
		case !ok:
			warnings = append(warnings, fmt.Sprintf("warning: there is no flag %.64q; it was dropped", name))
		case known.field == "wait": // whether a mode is a job is the server's decision
		case known.field == "" && !known.chat:
			warnings = append(warnings, "warning: the flag "+name+" has no effect any more")
		case field == nil || known.chat:
			warnings = append(warnings, fmt.Sprintf("warning: %s has no flag %s; it was dropped", x.about.Mode, name))
		case known.field == "confirm":
			x.confirm(value)
		default:
			x.args[known.field] = fitting(field.Type, field.Items != nil, known.field, value)
		}
	}
	return warnings, nil
}

// confirm takes `yes`: true agrees to what the tool would ask, a text is the
// token of a dry run.
func (x *execution) confirm(value json.RawMessage) {
	var token string
	switch {
	case bytes.Equal(value, []byte("true")):
		x.yes = true
		x.args["dry_run"] = false
	case json.Unmarshal(value, &token) == nil && token != "":
		x.args["confirm"], x.args["dry_run"] = token, false
	}
}

// fitting turns a wire value into the form that the tool's field has where the
// two differ: one word for a list, true or false for map's sitemap.
func fitting(kind string, list bool, field string, value json.RawMessage) any {
	var text string
	if list && json.Unmarshal(value, &text) == nil {
		return []string{text}
	}
	if field == "sitemap" && kind == "string" {
		switch string(value) {
		case "true":
			return "include"
		case "false":
			return "skip"
		}
	}
	return value
}

// chatFlags keeps what the chat has.
func chatFlags(given map[string]json.RawMessage) (kept map[string]json.RawMessage, warnings []string) {
	list := flags()
	kept = make(map[string]json.RawMessage)
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if list[name].chat {
			kept[name] = given[name]
			continue
		}
		warnings = append(warnings, fmt.Sprintf("warning: %s has no flag %.64q; it was dropped", chatMode, name))
	}
	return kept, warnings
}

// admit gives an execution its place and its context.
func (c *conn) admit(x *execution) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.execs[x.about.ExecID] != nil:
		return fault.New(fault.Conflict, "an execution with this id is running; give each its own")
	case len(c.execs) >= maxExecutions:
		return fault.Errorf(fault.Busy, "%d executions run on this connection; wait for one to end", maxExecutions)
	}
	x.ctx, x.stop = context.WithCancelCause(c.done)
	c.execs[x.about.ExecID] = x
	return nil
}

func (c *conn) leave(x *execution) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.execs, x.about.ExecID)
	x.stop(nil)
}

// run does an execution to its end and tells of it.
func (x *execution) run(warnings []string) {
	x.send("command.start", startData{x.about})
	for _, line := range warnings {
		x.line(line)
	}
	err := x.work()
	if x.conn.done.Err() != nil {
		return // nobody listens
	}
	if err != nil {
		x.fail(err)
		return
	}
	x.send("command.done", payloadData{x.about, donePayload{ElapsedMS: x.elapsed()}})
}

func (x *execution) work() error {
	leave, err := x.conn.srv.sockets.call()
	if err != nil {
		return err
	}
	if x.about.Mode == chatMode {
		defer leave()
		return x.conn.srv.chat.prompt(x.ctx, x)
	}
	result, err := x.call()
	leave()
	if err != nil {
		return err
	}
	x.output(result)
	id := startedJob(result)
	if id == "" {
		return nil
	}
	x.conn.started(x, id)
	return x.follow(id)
}

// call runs the tool, in process.
func (x *execution) call() (*tools.Result, error) {
	args, err := json.Marshal(x.args)
	if err != nil {
		return nil, fault.New(fault.Invalid, "the flags are no JSON")
	}
	call := tools.Call{Name: x.mode.tool, Args: args, Inline: inline, Door: "ws"}
	result, err := x.conn.srv.deps.Registry.Call(x.ctx, call)
	var question *tools.ConfirmError
	if !errors.As(err, &question) {
		return result, err
	}
	if !x.yes {
		return nil, fault.New(fault.Conflict, question.Error())
	}
	x.args["confirm"] = question.Token
	if call.Args, err = json.Marshal(x.args); err != nil {
		return nil, err
	}
	return x.conn.srv.deps.Registry.Call(x.ctx, call)
}

// output sends a result: its value, and the artifacts that it points to.
func (x *execution) output(result *tools.Result) {
	raw, _ := result.Structured.(json.RawMessage)
	_ = x.conn.offer(x.conn.done, jsonFrame(x.about, raw)) // else the connection has ended
	var items []artifactItem
	for _, b := range result.Blocks {
		if b.Link == nil {
			continue
		}
		if path, ok := strings.CutPrefix(b.Link.URI, artifactScheme); ok {
			items = append(items, artifactItem{path, b.Link.Name, b.Link.MediaType, b.Link.Size, b.Link.Description})
		}
	}
	if len(items) == 0 {
		return
	}
	x.send("artifact.list", artifactData{x.about, items})
	room := int64(artifactRoom)
	for _, item := range items {
		if text, ok := x.artifact(item, room); ok {
			room -= item.Size
			x.send("artifact.content", contentData{x.about, item.Path, text})
		}
	}
}

// artifact reads what a result points to, where it is text that has room in a
// frame. Anything else is read with read_file, or at /output.
func (x *execution) artifact(item artifactItem, room int64) (text string, ok bool) {
	kind, _, _ := strings.Cut(item.MediaType, ";")
	if item.Size > room || !strings.HasPrefix(kind, "text/") && kind != "application/json" || checkPath(item.Path) != nil {
		return "", false
	}
	text, err := x.conn.srv.files.readText(outputRoot, item.Path)
	if err != nil {
		x.conn.srv.log.Debug("an artifact's content is not sent", "path", item.Path, "error", err)
	}
	return text, err == nil
}

// startedJob is the job that a result tells of.
func startedJob(result *tools.Result) string {
	var out struct {
		JobID  string `json:"job_id"`
		Status string `json:"status"`
	}
	raw, _ := result.Structured.(json.RawMessage)
	if json.Unmarshal(raw, &out) != nil || out.Status == "" || jobs.Status(out.Status).Done() {
		return ""
	}
	return out.JobID
}

func (x *execution) send(kind string, data any) { x.conn.send(frame{kind, data}) }

func (x *execution) line(text string) {
	x.send("command.output.line", lineData{x.about, text})
}

func (x *execution) elapsed() int64 { return time.Since(x.begun).Milliseconds() }

// fail ends an execution with an error.
func (x *execution) fail(err error) {
	x.send("command.error", payloadData{x.about, errorPayload{fault.CodeOf(err), fault.MessageOf(err), x.elapsed()}})
}
