package web

import (
	"context"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"time"

	"github.com/axon-mcp/axon-mcp/acp"
	"github.com/axon-mcp/axon-mcp/fault"
	"github.com/axon-mcp/axon-mcp/security"
	"github.com/axon-mcp/axon-mcp/tools"
)

// Deps is what the listener stands on.
type Deps struct {
	Config   Config
	Log      *slog.Logger
	Registry Tools
	Jobs     Jobs
	// OutputDir is the output root.
	OutputDir string
	// Roots are more named folders that omnibox lists, from AXON_FILE_ROOTS.
	Roots map[string]string
	// Page is the built page: index.html and assets. Nil: there is none.
	Page fs.FS
	// Clients are the configurations that /api/connect gives.
	Clients func() []Client
	// Agents runs the agents of the chat, by the settings ACP. Nil: there is no
	// chat.
	Agents *acp.Host
	ACP    acp.Config
	// Model answers the copilot. Nil: there is none.
	Model Completer
	// Ready fails while the server cannot work.
	Ready func(ctx context.Context) error
	// Version is the program's.
	Version string
	// Now is the clock. Nil: time.Now.
	Now func() time.Time
}

// Tools is what the listener needs of the registry. *tools.Registry is one.
type Tools interface {
	// Get returns the tool of that name.
	Get(name string) (*tools.Tool, bool)
	// Call runs it for the caller in ctx; its errors are faults or a
	// *tools.ConfirmError.
	Call(ctx context.Context, call tools.Call) (*tools.Result, error)
}

// Client is how one MCP client is connected.
type Client struct {
	Name  string `json:"name"`  // as axon-mcp connect takes it
	Title string `json:"title"` // for people
	File  string `json:"file,omitempty"`
	After string `json:"after,omitempty"` // what to do for the change to count
	Stdio string `json:"stdio"`           // what stands in its file
	HTTP  string `json:"http,omitempty"`  // the same over HTTP, with the key as a variable
}

// Server is the web listener. It is safe for concurrent use.
type Server struct {
	deps    Deps
	log     *slog.Logger
	guard   *guard
	proxies []netip.Prefix
	files   *roots
	logins  *attempts
	sockets *hub
	shells  *hub
	metrics *metrics
	packs   packs
	chat    *chat // nil: there is none, and pulse_chat is mode_not_available

	open  context.Context // ends when the server stops: no new work
	close context.CancelFunc
	alive context.Context // ends a drain later: what still runs is cut off
	kill  context.CancelFunc
}

// New makes the listener for the address that it is bound to. It fails where the
// address is not this machine's and the settings do not allow that.
func New(deps Deps, bound net.Addr) (*Server, error) {
	cfg := deps.Config
	if err := cfg.exposureAt(bound); err != nil {
		return nil, err
	}
	if deps.Now == nil {
		deps.Now = time.Now
	}
	s := &Server{
		deps: deps, log: deps.Log,
		sockets: &hub{max: cfg.MaxSockets, full: "too many sockets are open (AXON_MAX_WS_CONNECTIONS)"},
		shells:  &hub{max: maxShells, full: "too many shells are open"},
		logins:  newAttempts(deps.Now),
		files:   newRoots(deps.OutputDir, deps.Roots), metrics: newMetrics(deps.Now),
	}
	if deps.Agents != nil {
		s.chat = newChat(deps.Agents, deps.ACP, !cfg.APIToken.IsSet(), deps.Log)
	}
	for _, raw := range cfg.TrustedProxies {
		if p, err := parseNetwork(raw); err == nil { // Validate has judged it
			s.proxies = append(s.proxies, p)
		}
	}
	shellOrigins := cfg.ShellOrigins
	if len(shellOrigins) == 0 {
		shellOrigins = cfg.AllowedOrigins
	}
	_, port, _ := net.SplitHostPort(bound.String())
	public, err := parseOrigin(cfg.PublicURL)
	s.guard = &guard{
		cfg: cfg, rules: table(), tickets: newTickets(deps.Now),
		sessions: newSessions(deps.Now, port, err == nil && public.scheme == "https"),
		web:      newOrigins(cfg, bound.String(), cfg.AllowedOrigins),
		shell:    newOrigins(cfg, bound.String(), shellOrigins),
	}
	s.open, s.close = context.WithCancel(context.Background())
	s.alive, s.kill = context.WithCancel(context.Background())
	return s, nil
}

// exposureAt is Exposure with what was really bound: a name such as localhost
// may stand for another address.
func (c Config) exposureAt(bound net.Addr) error {
	if at, err := netip.ParseAddrPort(bound.String()); err == nil && !loopback(at.Addr()) {
		c.Host = at.Addr().String()
	}
	return c.Exposure()
}

// drain is how long running calls may go on after the end was asked for. It is
// below what the program has in all.
const drain = 20 * time.Second

// Run waits for the end of ctx, lets running calls finish, and closes the
// sockets, which http.Server.Shutdown does not see.
func (s *Server) Run(ctx context.Context) error {
	<-ctx.Done()
	s.sockets.stop()
	s.shells.stop()
	s.close()
	s.sockets.drained(drain)
	s.kill()
	s.sockets.open.Wait()
	s.shells.open.Wait()
	return s.files.close()
}

// Open tells how many sockets are open.
func (s *Server) Open() int { return s.sockets.number() }

// Handler is the whole of what the listener answers.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	for _, r := range s.routes() {
		mux.Handle(r.pattern, s.behind(r))
	}
	return s.watched(mux)
}

// behind puts a route behind its gate.
func (s *Server) behind(r route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if s.preflight(w, req, r.gate) {
			return
		}
		v := s.guard.judge(r.gate, req)
		if v.status != 0 {
			s.turnAway(w, req, v)
			return
		}
		s.allowOrigin(w, req, r.gate)
		req = req.WithContext(security.WithIdentity(req.Context(), v.who))
		if err := r.handle(w, req); err != nil {
			s.refuse(w, req, err)
		}
	})
}

// turnAway answers what the table refuses. Neither the answer nor the log has
// what was sent.
func (s *Server) turnAway(w http.ResponseWriter, r *http.Request, v verdict) {
	s.log.LogAttrs(r.Context(), slog.LevelInfo, "refused", slog.Int("status", v.status), slog.String("path", clip(r.URL.Path, 100)),
		slog.String("peer", peerOf(r).addr.String()), slog.String("origin", clip(r.Header.Get("Origin"), 100)), slog.String("why", v.message))
	code := map[int]fault.Code{http.StatusUnauthorized: codeUnauthorized, http.StatusNotFound: fault.NotFound}[v.status]
	if code == "" {
		code = fault.Forbidden
	}
	if v.status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", "Bearer")
	}
	if v.message == wrongHost && navigates(r) {
		w.Header().Set("Cache-Control", "no-store")
		_ = writeStatic(w, r, v.status, "index.html", []byte(notHere403)) // cannot fail: there is no file
		return
	}
	s.answer(w, r, v.status, errorBody{Code: code, Message: v.message})
}

// corsGate reports whether pages of allowed origins call the gate from scripts.
func corsGate(at gate) bool {
	return at == gateRead || at == gateWrite || at == gateTicket || at == gateFile
}

// preflight answers a browser that asks whether a page of an allowed origin may
// call. It lets nobody in by itself.
func (s *Server) preflight(w http.ResponseWriter, r *http.Request, at gate) bool {
	if r.Method != http.MethodOptions || r.Header.Get("Access-Control-Request-Method") == "" {
		return false
	}
	if !corsGate(at) || s.guard.web.host(r) == foreign || s.guard.web.origin(r) == foreign {
		s.turnAway(w, r, refused(http.StatusForbidden, wrongOrigin))
		return true
	}
	s.allowOrigin(w, r, at)
	w.Header().Set("Access-Control-Allow-Methods", "GET, POST, DELETE")
	w.Header().Set("Access-Control-Allow-Headers", "Authorization, X-Api-Key, Content-Type")
	w.Header().Set("Access-Control-Max-Age", "600")
	w.WriteHeader(http.StatusNoContent)
	return true
}

// allowOrigin lets a page of an allowed origin read the answer; with a token of
// its own, never with the cookie.
func (s *Server) allowOrigin(w http.ResponseWriter, r *http.Request, at gate) {
	if !corsGate(at) {
		return
	}
	w.Header().Add("Vary", "Origin")
	if s.guard.web.origin(r) == allowed {
		w.Header().Set("Access-Control-Allow-Origin", r.Header.Get("Origin"))
		w.Header().Set("Cross-Origin-Resource-Policy", "cross-origin")
	}
}
