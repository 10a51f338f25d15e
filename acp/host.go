package acp

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/axon-mcp/axon-mcp/fault"
	"github.com/axon-mcp/axon-mcp/security"
)

// How long things wait.
const (
	placeWait = 30 * time.Second // for an agent to end where all places are taken
	keepFor   = 15 * time.Minute // a session without a socket
	sweepEach = 15 * time.Second
)

// Deps is what the host stands on.
type Deps struct {
	Config  Config
	Log     *slog.Logger
	Version string
	// DataDir holds mcp.json, and the working folder where none is set.
	DataDir string
	// Environ is the environment that a child's is chosen from, as os.Environ
	// gives it.
	Environ []string
	// MCPURL is where axon itself answers MCP over HTTP, for agents. Nil or
	// empty: nowhere.
	MCPURL func() string
}

// Host runs agents: one process for each session.
type Host struct {
	cfg    Config
	deps   Deps
	log    *slog.Logger
	env    map[string]string
	keys   *Keys
	places chan struct{} // one for each running agent

	mu       sync.Mutex
	closed   bool
	sessions map[string]*Session
	busy     sync.WaitGroup // agents that run, or are being started or ended
}

// NewHost returns a host without agents.
func NewHost(deps Deps) *Host {
	h := &Host{
		cfg: deps.Config, deps: deps, log: deps.Log, keys: &Keys{}, env: make(map[string]string),
		places: make(chan struct{}, deps.Config.maxSessions()), sessions: make(map[string]*Session),
	}
	for _, pair := range deps.Environ {
		if name, value, found := strings.Cut(pair, "="); found {
			h.env[name] = value
		}
	}
	return h
}

// Keys are the keys that agents reach axon's own MCP door with.
func (h *Host) Keys() *Keys { return h.keys }

// Run ends sessions that nobody comes back to. At the end of ctx it ends all
// agents with everything that they have started, and waits for that.
func (h *Host) Run(ctx context.Context) error {
	tick := time.NewTicker(sweepEach)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			h.Close()
			return nil
		case <-tick.C:
			h.runOnce(time.Now())
		}
	}
}

// runOnce ends the sessions that have been without a socket for too long.
func (h *Host) runOnce(now time.Time) {
	for _, s := range h.all() {
		if s.idleSince(now) >= keepFor {
			s.close(fault.New(fault.NotFound, "this session has ended: nobody came back to it for 15 minutes"))
		}
	}
}

// Close ends all agents and waits. No session is started afterwards.
func (h *Host) Close() {
	h.mu.Lock()
	h.closed = true
	h.mu.Unlock()
	var ending sync.WaitGroup
	for _, s := range h.all() {
		ending.Go(func() { s.close(errStopping) })
	}
	ending.Wait()
	h.busy.Wait()
}

var errStopping = fault.New(fault.Unavailable, "the server is stopping")

func (h *Host) all() []*Session {
	h.mu.Lock()
	defer h.mu.Unlock()
	list := make([]*Session, 0, len(h.sessions))
	for _, s := range h.sessions {
		list = append(list, s)
	}
	return list
}

// Start is what a client wishes for.
type Start struct {
	Agent      string   // empty: the first that is installed
	Mode       string   // of the agent's modes
	Model      string   // of its models
	MCPServers []string // names in mcp.json; "axon" is axon itself
	Blocked    []string // tools of MCP servers that it must not use; see blockedTools
	FS         bool
	Terminal   bool
}

// Begin starts an agent and opens a session with it. It fails with Busy where no
// place gets free in 30 s.
func (h *Host) Begin(ctx context.Context, want Start) (*Session, error) {
	if want.FS && !h.cfg.AllowFS {
		return nil, fault.New(fault.Forbidden, "enable_fs is off: the operator allows it with AXON_ACP_ALLOW_FS=true")
	}
	if want.Terminal && !h.cfg.AllowTerminal {
		return nil, fault.New(fault.Forbidden, "enable_terminal is off: the operator allows it with AXON_ACP_ALLOW_TERMINAL=true")
	}
	a, path, err := h.find(want.Agent)
	if err != nil {
		return nil, err
	}
	servers, err := h.mcpServers(want.MCPServers)
	if err != nil {
		return nil, err
	}
	s := newSession(h, a, path, want, servers)
	if s.blocked, err = blockedTools(want.Blocked); err != nil {
		return nil, err
	}
	if err := h.open(ctx, s); err != nil {
		return nil, err
	}
	return s, nil
}

// open gives a session its place and its process.
func (h *Host) open(ctx context.Context, s *Session) error {
	if err := h.place(ctx); err != nil {
		return err
	}
	h.mu.Lock()
	if h.closed {
		h.mu.Unlock()
		<-h.places
		return errStopping
	}
	s.starting <- struct{}{} // before it can be seen: it is not idle
	h.sessions[s.id] = s
	h.busy.Add(1)
	h.mu.Unlock()
	err := s.start(ctx, "")
	s.mu.Lock()
	s.since = time.Now()
	s.mu.Unlock()
	<-s.starting
	if err != nil {
		s.close(err)
	}
	return err
}

// place waits for room for one more agent. Where there is none, the session that
// has been without a socket for longest gives way.
func (h *Host) place(ctx context.Context) error {
	select {
	case h.places <- struct{}{}:
		return nil
	default:
	}
	h.makeRoom()
	timer := time.NewTimer(placeWait)
	defer timer.Stop()
	select {
	case h.places <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return &fault.Error{Code: fault.Busy, RetryAfter: placeWait, Message: "all places for agents are taken: end a chat, or raise AXON_ACP_MAX_CONCURRENT_SESSIONS"}
	}
}

func (h *Host) makeRoom() {
	var oldest *Session
	var longest time.Duration
	now := time.Now()
	for _, s := range h.all() {
		if idle := s.idleSince(now); idle > longest {
			oldest, longest = s, idle
		}
	}
	if oldest != nil {
		oldest.close(fault.New(fault.NotFound, "this session has ended: its place was needed"))
	}
}

// left is called by a session that has ended, once its agent is gone.
func (h *Host) left(s *Session) {
	h.mu.Lock()
	delete(h.sessions, s.id)
	h.mu.Unlock()
	h.keys.Revoke(s.id)
	<-h.places
	h.busy.Done()
}

// Resume returns a session to whoever holds its secret. That a session exists is
// told to nobody else.
func (h *Host) Resume(id, secret string) (*Session, error) {
	h.mu.Lock()
	s := h.sessions[id]
	h.mu.Unlock()
	if s == nil || !security.SameToken(s.secret, secret) {
		return nil, fault.New(fault.NotFound, "there is no such session any more; begin a new one")
	}
	return s, nil
}

// ErrReplaced is in the end of a session that Revive has closed for another. Who
// watches the old one need not tell it: who asked for the new one does.
var ErrReplaced = errors.New("acp: another session takes the place of this one")

// Revive gives a session a process again where its own has died, and waits for
// one that is being started. The agent may have lost it: then a new session takes
// its place, and replaced says so. The old one ends with ErrReplaced.
func (h *Host) Revive(ctx context.Context, s *Session) (now *Session, replaced bool, err error) {
	err = s.restart(ctx)
	if err == nil {
		return s, false, nil
	}
	if !errors.Is(err, errNotLoaded) {
		return nil, false, err
	}
	s.close(context.Cause(s.life))
	next, err := h.Begin(ctx, s.wish())
	return next, err == nil, err
}

// workDir is where agents work.
func (h *Host) workDir() (string, error) {
	dir := h.cfg.WorkDir
	if dir == "" {
		dir = filepath.Join(h.deps.DataDir, "agents")
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return "", fault.Wrap(fault.Unavailable, err, "the working folder of agents cannot be made: %v", err)
		}
	}
	info, err := os.Stat(dir)
	if err != nil || !info.IsDir() || !filepath.IsAbs(dir) {
		return "", fault.Errorf(fault.Unavailable, "AXON_ACP_WORK_DIR: %q is no folder with an absolute path", dir)
	}
	return dir, nil
}
