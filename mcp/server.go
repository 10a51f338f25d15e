package mcp

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"github.com/axon-mcp/axon-mcp/fault"
	"github.com/axon-mcp/axon-mcp/security"
	"github.com/axon-mcp/axon-mcp/tools"
)

// Registry is what the door needs of the tools. All methods are safe for
// concurrent use, and read the caller from ctx (security.IdentityFrom).
type Registry interface {
	// View is what clients of this door see.
	View() tools.View
	// Visible returns what a client of this identity sees, in a fixed order.
	Visible(id security.Identity, v tools.View) []*tools.Tool
	// Find fails with NotFound, and the nearest name, for a tool that the view
	// does not hold.
	Find(ctx context.Context, name string, v *tools.View) (*tools.Tool, error)
	// Call checks scope and arguments, runs the tool and logs. Its errors are
	// faults or a *tools.ConfirmError.
	Call(ctx context.Context, call tools.Call) (*tools.Result, error)
	Resources() []tools.Resource
	Prompts() []tools.Prompt
	// Complete returns at most 100 values for an argument.
	Complete(ctx context.Context, ref, argument, value string) ([]string, error)
}

// Server is the door. Make it with New; it serves any number of transports at
// once.
type Server struct {
	reg  Registry
	cfg  Config
	log  *slog.Logger
	view tools.View
	lib  *server.MCPServer

	full     func() []mcp.Tool // what a caller with every scope sees
	ours     map[string]bool   // names of the registry's tools
	calls    running           // requests that run, over all transports
	sessions sessionTable
	limits   limiter
	keys     atomic.Int64 // makes keys of exchanges
}

// Who we are to clients.
const (
	serverName  = "axon-mcp"
	serverTitle = "axon"
)

// New makes the door and starts nothing. It does little: a client of stdio
// waits for it. Options reach the library below; the product gives none.
func New(reg Registry, cfg Config, log *slog.Logger, options ...server.ServerOption) *Server {
	if cfg.CallsAtOnce == 0 {
		cfg.CallsAtOnce = defaultCallsAtOnce
	}
	s := &Server{reg: reg, cfg: cfg, log: log, view: reg.View()}
	s.full = sync.OnceValue(func() []mcp.Tool { return describe(reg.Visible(security.Local(), s.view)) })
	s.limits.atOnce, s.limits.perMinute = cfg.CallsAtOnce, cfg.CallsPerMinute
	s.lib = server.NewMCPServer(serverName, cfg.Version, append([]server.ServerOption{
		server.WithTitle(serverTitle),
		server.WithInstructions(instructions),
		server.WithToolCapabilities(false),
		server.WithResourceCapabilities(false, false),
		server.WithPromptCapabilities(false),
		server.WithCompletions(),
		server.WithExtensions(map[string]any{tasksExtension: struct{}{}}),
		server.WithPromptCompletionProvider(completions{s}),
		server.WithResourceCompletionProvider(completions{s}),
		server.WithCacheHints(60_000, mcp.CacheScopePrivate), // lists depend on the caller's scopes
		server.WithMethodCacheHints(mcp.MethodServerDiscover, 3_600_000, mcp.CacheScopePublic),
		server.WithMethodCacheHints(mcp.MethodResourcesRead, 0, mcp.CacheScopePrivate),
		server.WithHooks(s.hooks()),
	}, options...)...)
	s.register()
	return s
}

// Library is the mcp-go server below, for programs that add what a Registry
// cannot express, such as the fixtures of the conformance suite.
func (s *Server) Library() *server.MCPServer { return s.lib }

// drain is how long Run lets running requests end by themselves.
const drain = 25 * time.Second

// Run forgets idle sessions until ctx ends. Then it ends the listeners, lets
// what runs end within 25 s, and cancels the rest with Config.Shutdown as the
// cause. It returns when no request runs any more, or a second after that.
func (s *Server) Run(ctx context.Context) error {
	tick := time.NewTicker(time.Minute)
	defer tick.Stop()
	for {
		select {
		case now := <-tick.C:
			s.sessions.sweep(now)
			s.limits.sweep(now)
			continue
		case <-ctx.Done():
		}
		s.calls.stopListeners(s.cause())
		if !s.calls.wait(drain) {
			s.calls.stopAll(s.cause())
			s.calls.wait(time.Second)
		}
		return nil
	}
}

func (s *Server) cause() error {
	if s.cfg.Shutdown == nil {
		return context.Canceled
	}
	return s.cfg.Shutdown
}

// newExchange opens the answering of m. The caller must call close when it is
// done with it.
func (s *Server) newExchange(ctx context.Context, door string, c *client, m *message, out outlet) (context.Context, *exchange) {
	x := &exchange{client: c, door: door, msg: m, out: out, key: fmt.Sprintf("%s-%d", door, s.keys.Add(1))}
	ctx, x.end = context.WithCancelCause(ctx)
	ctx = context.WithValue(ctx, exchangeKey{}, x)
	s.calls.add(x)
	return ctx, x
}

// close ends the exchange.
func (s *Server) close(x *exchange) {
	x.finish()
	s.calls.remove(x)
	x.end(nil)
}

// handle answers the request of x, and returns the response as it goes out. It
// returns nothing for a notification. The rpcError is the one in the response.
func (s *Server) handle(ctx context.Context, x *exchange) ([]byte, *rpcError) {
	result, e := s.result(ctx, x)
	if e != nil {
		return encodeError(x.msg.id, e), e
	}
	if result == nil {
		return nil, nil
	}
	raw, err := encodeResult(x.msg.id, result)
	if err != nil {
		e = s.internal(ctx, "encode the answer to "+x.msg.method, err, nil)
		return encodeError(x.msg.id, e), e
	}
	return raw, nil
}

// result is what the request of x results in; nothing for a notification.
func (s *Server) result(ctx context.Context, x *exchange) (any, *rpcError) {
	if e := s.precheck(ctx, x.msg); e != nil {
		return nil, e
	}
	if x.msg.modern() && isTask(x.msg.method) {
		return s.handleTask(ctx, x)
	}
	if s.direct(x.msg) {
		return s.callDirect(ctx, x)
	}
	switch r := s.dispatch(ctx, x).(type) {
	case nil:
		return nil, nil
	case mcp.JSONRPCResponse:
		if x.task != nil {
			return x.task, nil
		}
		return r.Result, nil
	case mcp.JSONRPCError:
		return nil, s.toRPC(ctx, x, r.Error)
	default:
		return nil, s.internal(ctx, fmt.Sprintf("the library answered with %T", r), nil, nil)
	}
}

// precheck refuses what the library would answer less clearly.
func (s *Server) precheck(ctx context.Context, m *message) *rpcError {
	switch {
	case m.cursor != "" && strings.HasSuffix(m.method, "/list"):
		return &rpcError{Code: mcp.INVALID_PARAMS, Message: "unknown cursor: lists come in one page"}
	case m.method == string(mcp.MethodToolsCall) && !s.ours[m.name] && s.lib.GetTool(m.name) == nil:
		if _, err := s.reg.Find(ctx, m.name, &s.view); err != nil {
			return &rpcError{Code: mcp.INVALID_PARAMS, Message: fault.MessageOf(err)}
		}
	case m.listensToTasks && m.method == string(mcp.MethodSubscriptionsListen) && !m.declaresTasks():
		return errTasksUndeclared
	}
	return nil
}

// dispatch lets the library answer. Where the library sends by itself, all of
// it is written when dispatch returns.
func (s *Server) dispatch(ctx context.Context, x *exchange) (resp mcp.JSONRPCMessage) {
	defer func() {
		if v := recover(); v != nil {
			e := s.panicked(ctx, x, v)
			resp = mcp.JSONRPCError{Error: mcp.NewJSONRPCErrorDetails(e.Code, e.Message, e.Data)}
		}
	}()
	ctx = s.lib.WithContext(ctx, x)
	done := make(chan struct{})
	if !x.listening() {
		defer x.forwardQueued(done)
		return s.lib.HandleMessage(ctx, x.msg.raw)
	}
	// A broadcast reaches only sessions that the library knows.
	if err := s.lib.RegisterSession(ctx, x); err != nil {
		panic(err) // the key is new
	}
	forwarded := make(chan struct{})
	go func() {
		defer close(forwarded)
		x.forward(done)
	}()
	defer func() {
		s.lib.UnregisterSession(ctx, x.key)
		close(done)
		<-forwarded
	}()
	return s.lib.HandleMessage(ctx, x.msg.raw)
}

func (s *Server) panicked(ctx context.Context, x *exchange, v any) *rpcError {
	return s.internal(ctx, "panic in "+x.msg.method, fmt.Errorf("%v", v), debug.Stack())
}

// toRPC turns the library's error into what the client gets. Errors of our
// handlers reach it as text with the code for internal errors.
func (s *Server) toRPC(ctx context.Context, x *exchange, e mcp.JSONRPCErrorDetails) *rpcError {
	x.state.Lock()
	err := x.failure
	x.state.Unlock()
	if e.Code != mcp.INTERNAL_ERROR || err == nil {
		return &rpcError{Code: e.Code, Message: e.Message, Data: e.Data}
	}
	var missing mcp.MissingRequiredClientCapabilityError
	if errors.As(err, &missing) {
		return &rpcError{
			Code: mcp.MISSING_REQUIRED_CLIENT_CAPABILITY, Message: missing.Error(),
			Data: map[string]any{"requiredCapabilities": map[string]any{missing.Capability: struct{}{}}},
		}
	}
	code := fault.CodeOf(err)
	out := &rpcError{Code: mcp.INTERNAL_ERROR, Message: fault.MessageOf(err), Data: failure{Code: code, Message: fault.MessageOf(err)}}
	switch code {
	case fault.Internal:
		return s.internal(ctx, x.msg.method, err, nil)
	case fault.Invalid:
		out.Code = mcp.INVALID_PARAMS
	case fault.NotFound:
		out.Code = mcp.RESOURCE_NOT_FOUND
		if x.msg.modern() || x.msg.method != string(mcp.MethodResourcesRead) {
			out.Code = mcp.INVALID_PARAMS // 2026-07-28 has no code for it
		}
	}
	return out
}

// internal logs err under a new id and returns what the client may see.
func (s *Server) internal(ctx context.Context, doing string, err error, stack []byte) *rpcError {
	id := rand.Text()[:12]
	attrs := []slog.Attr{slog.String("id", id), slog.String("doing", doing)}
	if err != nil {
		attrs = append(attrs, slog.String("error", err.Error()))
	}
	if cause := errors.Unwrap(err); cause != nil {
		attrs = append(attrs, slog.String("cause", cause.Error()))
	}
	if stack != nil {
		attrs = append(attrs, slog.String("stack", string(stack)))
	}
	s.log.LogAttrs(ctx, slog.LevelError, "internal error", attrs...)
	message := "internal error " + id
	return &rpcError{Code: mcp.INTERNAL_ERROR, Message: message, Data: failure{Code: fault.Internal, Message: message}}
}
