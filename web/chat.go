package web

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/axon-mcp/axon-mcp/acp"
	"github.com/axon-mcp/axon-mcp/fault"
)

// chat is agent chat over /ws. What a session does goes to the one connection
// that watches it, and only that one answers its questions (SEC-7).
type chat struct {
	host *acp.Host
	cfg  acp.Config
	open bool // the gate of /ws: then nothing is approved unless the operator said so
	log  *slog.Logger

	mu      sync.Mutex
	conns   map[*conn]*watcher
	streams map[string]*stream // of /api/pulse/chat, by session
}

// newChat returns the chat of a host.
func newChat(host *acp.Host, cfg acp.Config, open bool, log *slog.Logger) *chat {
	return &chat{host: host, cfg: cfg, open: open, log: log, conns: make(map[*conn]*watcher), streams: make(map[string]*stream)}
}

// policy is what every connection may decide.
func (h *chat) policy() acp.Policy {
	return acp.Policy{Auto: h.cfg.Auto(h.open), AutoTools: h.cfg.AutoApproveTools, Bypass: h.cfg.AllowBypass}
}

// watcher is what one connection has of agents.
type watcher struct {
	conn   *conn
	viewer *acp.Viewer

	mu       sync.Mutex
	sessions map[string]*watch
}

// watch sends the events of one session. Its fields are guarded by the lock of
// its watcher.
type watch struct {
	session *acp.Session
	stop    context.CancelFunc
	sent    int64
	grown   chan struct{} // closed and made anew when sent grows, and when the sending ends
	over    bool
}

// of returns the watcher of a connection. That of one which is gone can attach
// to nothing: nobody would let it go again.
func (h *chat) of(c *conn) *watcher {
	h.mu.Lock()
	defer h.mu.Unlock()
	w := h.conns[c]
	if w != nil {
		return w
	}
	w = &watcher{conn: c, sessions: make(map[string]*watch)}
	w.viewer = &acp.Viewer{Permissions: acp.NewPermissions(h.policy(), c.send, c.log), Moved: w.moved}
	if c.done.Err() != nil {
		w.viewer.Permissions.Close()
	} else {
		h.conns[c] = w
	}
	return w
}

// gone lets the sessions of a connection go. Their turns go on. It is called
// once the connection has ended, and before its executions have returned: what
// they show meanwhile is not attached any more.
func (h *chat) gone(c *conn) {
	h.mu.Lock()
	w := h.conns[c]
	delete(h.conns, c)
	h.mu.Unlock()
	if w == nil {
		return
	}
	w.viewer.Permissions.Close()
	w.mu.Lock()
	sessions := w.sessions
	w.sessions = make(map[string]*watch)
	w.mu.Unlock()
	for _, one := range sessions {
		one.session.Detach(w.viewer)
		one.stop()
	}
}

// moved tells that another connection has resumed a session.
func (w *watcher) moved(session string) {
	w.mu.Lock()
	one := w.sessions[session]
	delete(w.sessions, session)
	w.mu.Unlock()
	if one != nil {
		one.stop()
	}
	w.conn.send(sessionErrorFrame{Type: "error", Code: codeSessionMoved, Message: "this conversation goes on in another tab", SessionID: session})
}

// show attaches the connection to a session, and sends its events after one.
func (w *watcher) show(s *acp.Session, after int64) *watch {
	ctx, stop := context.WithCancel(w.conn.done)
	one := &watch{session: s, stop: stop, sent: after, grown: make(chan struct{})}
	w.mu.Lock()
	before := w.sessions[s.ID()]
	w.sessions[s.ID()] = one
	w.mu.Unlock()
	if before != nil {
		before.stop()
	}
	w.conn.send(s.Started()) // before anything that the agent asks
	s.Attach(w.viewer)
	w.conn.work.Go(func() {
		defer stop()
		w.pump(ctx, one)
	})
	return one
}

// eventsAtOnce bounds what is taken from a session in one go.
const eventsAtOnce = 64

// pump sends events until the session ends, or another takes its place. It takes
// no more of them than the client reads: what a session keeps is larger than the
// queue.
func (w *watcher) pump(ctx context.Context, one *watch) {
	defer one.progress(w, 0, true)
	after := one.sent
	for {
		frames, err := one.session.Next(ctx, after, eventsAtOnce)
		switch {
		case errors.Is(err, acp.ErrLost):
			w.conn.fail(fault.NotFound, "some of what the agent did meanwhile is no longer kept; the rest follows")
			after = one.session.Started().FirstEvent - 1
			continue
		case ctx.Err() != nil, errors.Is(err, acp.ErrReplaced): // the prompt that replaced it tells
			return
		case err != nil:
			w.conn.fail(fault.CodeOf(err), fault.MessageOf(err))
			return
		}
		for _, frame := range frames {
			if w.conn.offer(ctx, frame) != nil {
				return
			}
		}
		after += int64(len(frames))
		one.progress(w, after, false)
	}
}

func (one *watch) progress(w *watcher, sent int64, over bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	one.sent, one.over = max(one.sent, sent), over
	close(one.grown)
	one.grown = make(chan struct{})
}

// reached waits until an event has been sent: what a turn did comes before its
// end.
func (one *watch) reached(ctx context.Context, w *watcher, event int64) {
	for {
		w.mu.Lock()
		there, grown := one.sent >= event || one.over, one.grown
		w.mu.Unlock()
		if there {
			return
		}
		select {
		case <-grown:
		case <-ctx.Done():
			return
		}
	}
}

// chatFlagsOf is what a prompt may wish for.
type chatFlagsOf struct {
	Agent             string
	SessionID         string
	SessionMode       string
	Model             string
	MCPServers        []string
	BlockedTools      []string
	EnableFS          bool
	EnableTerminal    bool
	PermissionTimeout float64 // seconds
	AdapterTimeout    float64
}

// readChatFlags decodes the flags of an execute.
func readChatFlags(given map[string]json.RawMessage) (f chatFlagsOf, err error) {
	for name, into := range map[string]any{
		"agent": &f.Agent, "session_id": &f.SessionID, "session_mode": &f.SessionMode, "model": &f.Model,
		"enable_fs": &f.EnableFS, "enable_terminal": &f.EnableTerminal,
		"permission_timeout_secs": &f.PermissionTimeout, "adapter_timeout_secs": &f.AdapterTimeout,
	} {
		if raw, ok := given[name]; ok && json.Unmarshal(raw, into) != nil {
			return f, fault.Errorf(fault.Invalid, "flag %s has the wrong type", name)
		}
	}
	if f.MCPServers, err = namesOf(given, "mcp_servers"); err != nil {
		return f, err
	}
	f.BlockedTools, err = namesOf(given, "blocked_mcp_tools")
	return f, err
}

// namesOf reads a flag that is a list of names, or one.
func namesOf(given map[string]json.RawMessage, flag string) (names []string, err error) {
	raw, ok := given[flag]
	if !ok || json.Unmarshal(raw, &names) == nil {
		return names, nil
	}
	var one string
	if json.Unmarshal(raw, &one) != nil {
		return nil, fault.Errorf(fault.Invalid, "flag %s is a list of names", flag)
	}
	return []string{one}, nil
}

// check judges a prompt and the ranges of its wishes. field is what the door
// calls the prompt.
func (f chatFlagsOf) check(prompt, field string) error {
	switch {
	case strings.TrimSpace(prompt) == "":
		return fault.Errorf(fault.Invalid, "%s is missing: it is what the agent is told", field)
	case f.PermissionTimeout != 0 && (f.PermissionTimeout < 1 || f.PermissionTimeout > 600):
		return fault.New(fault.Invalid, "permission_timeout_secs is between 1 and 600")
	case f.AdapterTimeout != 0 && (f.AdapterTimeout < 1 || f.AdapterTimeout > 3600):
		return fault.New(fault.Invalid, "adapter_timeout_secs is between 1 and 3600")
	}
	return nil
}

// start is the session that is wished for.
func (f chatFlagsOf) start() acp.Start {
	return acp.Start{
		Agent: f.Agent, Mode: f.SessionMode, Model: f.Model, MCPServers: f.MCPServers, Blocked: f.BlockedTools,
		FS: f.EnableFS, Terminal: f.EnableTerminal,
	}
}

func (f chatFlagsOf) turn() acp.TurnOptions {
	return acp.TurnOptions{Timeout: seconds(f.AdapterTimeout), PermissionTimeout: seconds(f.PermissionTimeout)}
}

// prompt runs one execute of pulse_chat: it sends what the agent does, and
// returns when the turn ends. The end of ctx is a cancel, but a connection may
// go: then the turn goes on.
func (h *chat) prompt(ctx context.Context, x *execution) error {
	f, err := readChatFlags(x.flags)
	if err != nil {
		return err
	}
	if err := f.check(x.input, "input"); err != nil {
		return err
	}
	w := h.of(x.conn)
	one, err := h.session(ctx, w, f)
	if err != nil {
		return err
	}
	turn, err := one.session.Prompt(x.input, f.turn())
	if err != nil {
		return err
	}
	select {
	case <-turn.Done():
	case <-ctx.Done():
		if x.conn.done.Err() != nil {
			return context.Cause(ctx)
		}
		turn.Cancel()
		<-turn.Done()
	}
	_, last, err := turn.Result()
	one.reached(x.conn.done, w, last)
	return err
}

func seconds(n float64) time.Duration { return time.Duration(n * float64(time.Second)) }

// session finds the session that a prompt goes on with, or begins one.
func (h *chat) session(ctx context.Context, w *watcher, f chatFlagsOf) (*watch, error) {
	if f.SessionID == "" {
		s, err := h.host.Begin(ctx, f.start())
		if err != nil {
			return nil, err
		}
		return w.show(s, 0), nil
	}
	w.mu.Lock()
	one := w.sessions[f.SessionID]
	w.mu.Unlock()
	if one == nil {
		return nil, fault.New(fault.NotFound, "this connection has no such session; resume it with acp_resume, or begin a new one")
	}
	now, err := h.goOn(ctx, one.session, f)
	if err != nil {
		return nil, err
	}
	if now != one.session { // told before anything else can fail: the old one is gone
		w.conn.send(fallbackFrame{Type: "session_fallback", Old: f.SessionID, New: now.ID()})
		one = w.show(now, 0)
	}
	return one, now.Choose(ctx, f.start())
}

// goOn gives a session a process for its next turn. Another session comes back
// where the agent has lost this one. The mode and the model that are wished for
// are still to be chosen.
func (h *chat) goOn(ctx context.Context, s *acp.Session, f chatFlagsOf) (*acp.Session, error) {
	if err := s.Fits(f.start()); err != nil {
		return nil, err
	}
	now, _, err := h.host.Revive(ctx, s)
	return now, err
}

// permission answers a permission request of this connection. It does not wait.
func (h *chat) permission(c *conn, m permissionResponse) error {
	return h.of(c).viewer.Permissions.Answer(acp.Answer{
		SessionID: m.SessionID, ToolCallID: m.ToolCallID, OptionID: m.OptionID, PermID: m.PermID, Digest: m.Digest,
	})
}

// resume goes on with a session that its holder has the secret of.
func (h *chat) resume(_ context.Context, c *conn, m resumeRequest) error {
	s, err := h.host.Resume(m.SessionID, m.ResumeSecret)
	if err != nil {
		return err
	}
	if m.LastEvent < 0 {
		return fault.New(fault.Invalid, "last_event is the number of the last event that arrived, or 0")
	}
	h.of(c).show(s, m.LastEvent)
	return nil
}

// stop cancels the turn of a session that this connection watches. A connection
// that has resumed a session knows no execution to cancel.
func (h *chat) stop(c *conn, session string) bool {
	w := h.of(c)
	w.mu.Lock()
	one := w.sessions[session]
	w.mu.Unlock()
	if one == nil {
		return false
	}
	one.session.CancelTurn()
	return true
}

// describe tells the page what it can offer.
func (h *chat) describe(body *sessionBody) {
	body.AutoApprove = h.cfg.Auto(h.open)
	for _, agent := range h.host.Agents() {
		if agent.Found {
			body.Agents = append(body.Agents, agent.Name)
		}
	}
}
