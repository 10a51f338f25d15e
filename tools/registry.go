package tools

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"runtime/debug"
	"strings"
	"time"

	"github.com/axon-mcp/axon-mcp/fault"
	"github.com/axon-mcp/axon-mcp/security"
)

// Registry holds the tools. It is safe for concurrent use and has no state of
// its own.
type Registry struct {
	deps   Deps
	tools  []*Tool
	byName map[string]*Tool
	log    *slog.Logger
}

// New makes the registry. It fails with Invalid when the configuration is
// wrong, with every fault in one message.
func New(deps Deps) (*Registry, error) {
	d, err := deps.complete()
	if err != nil {
		return nil, err
	}
	r := &Registry{deps: d, byName: make(map[string]*Tool), log: d.Log}
	for _, make := range makers() {
		t, err := make(&r.deps)
		if err != nil {
			return nil, err
		}
		r.tools = append(r.tools, t)
		r.byName[t.Name] = t
	}
	return r, nil
}

// View returns what MCP clients see by the configuration.
func (r *Registry) View() View { return r.deps.Config.View() }

// List returns the tools that id may call, always in the same order.
func (r *Registry) List(id security.Identity) []*Tool {
	var allowed []*Tool
	for _, t := range r.tools {
		if id.Can(t.Scope) && !id.Lacks(t.Name) {
			allowed = append(allowed, t)
		}
	}
	return allowed
}

// All returns every tool, for documentation and the command line.
func (r *Registry) All() []*Tool { return append([]*Tool(nil), r.tools...) }

// Get returns the tool of that name.
func (r *Registry) Get(name string) (*Tool, bool) {
	t, ok := r.byName[name]
	return t, ok
}

// Find returns the tool of that name in the view, or NotFound with the nearest
// name. It does not look at scopes. Doors ask it before they call, where an
// unknown tool is a protocol error. The compact tool is found in a compact view
// alone, and made for the caller in ctx.
func (r *Registry) Find(ctx context.Context, name string, v *View) (*Tool, error) {
	if v != nil && v.Compact && name == CompactName {
		if seen := r.Visible(security.IdentityFrom(ctx), *v); len(seen) == 1 {
			return seen[0], nil
		}
	}
	t, ok := r.byName[name]
	if ok && (v == nil || v.shows(t)) {
		return t, nil
	}
	if ok {
		return nil, fault.Errorf(fault.NotFound, "tool %s is not offered here: the operator chooses with AXON_MCP_TOOLSETS and AXON_MCP_READ_ONLY", name)
	}
	var names []string
	for _, t := range r.tools {
		if v == nil || v.shows(t) {
			names = append(names, t.Name)
		}
	}
	if near := nearest(name, names); near != "" {
		return nil, fault.Errorf(fault.NotFound, "there is no tool %q; did you mean %q?", clip(name, 80), near)
	}
	return nil, fault.Errorf(fault.NotFound, "there is no tool %q; the tools are %s", clip(name, 80), strings.Join(names, ", "))
}

// Call runs one tool for the caller in ctx. Its errors are faults or a
// *ConfirmError: NotFound for an unknown tool, Forbidden for a missing scope,
// Invalid for arguments that do not fit. A panic and every other error that is
// no fault become Internal with an id that finds the cause in the log.
func (r *Registry) Call(ctx context.Context, call Call) (*Result, error) {
	start := time.Now()
	result, err := r.call(ctx, &call)
	if fault.CodeOf(err) == fault.Internal && !isQuestion(err) {
		err = r.internal(ctx, call.Name, err)
	}
	level, code := slog.LevelInfo, "ok"
	switch {
	case isQuestion(err):
		code = "confirm"
	case err != nil:
		code = string(fault.CodeOf(err))
	}
	// No arguments: they may hold what is not for a log.
	r.log.LogAttrs(ctx, level, "tool call", slog.String("door", call.Door), slog.String("tool", clip(call.Name, 64)),
		slog.Float64("ms", float64(time.Since(start).Microseconds())/1000), slog.String("code", code))
	if err != nil {
		return nil, err
	}
	return result, nil
}

func (r *Registry) call(ctx context.Context, call *Call) (*Result, error) {
	t, err := r.Find(ctx, call.Name, call.View)
	if err != nil {
		return nil, err
	}
	if t.run == nil { // the compact tool
		if *call, err = r.unpack(ctx, *call); err != nil {
			return nil, err
		}
		if t, err = r.Find(ctx, call.Name, call.View); err != nil {
			return nil, err
		}
	}
	id := security.IdentityFrom(ctx)
	if id.Lacks(t.Name) {
		return nil, fault.Errorf(fault.Forbidden, "%s is blocked for this session", t.Name)
	}
	if !id.Can(t.Scope) {
		return nil, fault.Errorf(fault.Forbidden, "%s needs the scope %s, which your credential does not hold; ask for it and call again", t.Name, t.Scope)
	}
	return runSafely(ctx, t, *call)
}

// panicError is a panic that was caught in a tool.
type panicError struct {
	value any
	stack []byte
}

func (e *panicError) Error() string { return "panic" }

// caught makes an error of what recover gave, for a goroutine's deferred call.
func caught(v any) error { return &panicError{value: v, stack: debug.Stack()} }

func runSafely(ctx context.Context, t *Tool, call Call) (result *Result, err error) {
	defer func() {
		if v := recover(); v != nil {
			result, err = nil, caught(v)
		}
	}()
	return t.run(ctx, call)
}

// internal logs err under a new id and returns what the caller may see.
func (r *Registry) internal(ctx context.Context, tool string, err error) error {
	id := rand.Text()[:12]
	attrs := []slog.Attr{slog.String("id", id), slog.String("tool", tool), slog.String("error", causes(err))}
	var p *panicError
	if errors.As(err, &p) {
		attrs = append(attrs, slog.Any("panic", p.value), slog.String("stack", string(p.stack)))
	}
	r.log.LogAttrs(ctx, slog.LevelError, "internal error", attrs...)
	return &fault.Error{Code: fault.Internal, Message: "internal error " + id, Cause: err, ID: id}
}

// causes is err's text with what faults keep from the user.
func causes(err error) string {
	var f *fault.Error
	if errors.As(err, &f) && f.Cause != nil {
		return err.Error() + ": " + f.Cause.Error()
	}
	return err.Error()
}

func isQuestion(err error) bool {
	var question *ConfirmError
	return errors.As(err, &question)
}
