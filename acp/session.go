package acp

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/axon-mcp/axon-mcp/fault"
	"github.com/axon-mcp/axon-mcp/security"
)

// Session is one conversation with one agent. It is safe for concurrent use.
type Session struct {
	id     string // ours: 128 random bits, the only id that leaves the server
	secret string // whoever holds it may come back
	host   *Host
	agent  agent
	path   string
	want   Start
	named  []mcpServer
	log    *slog.Logger
	redact *redactor
	once   bool // as a model: nothing but text, and every question is cancelled

	starting chan struct{} // holds a mark while a process is started, and from the end on
	ending   sync.Once
	ended    chan struct{} // closed when all is gone

	life context.Context // ends, with why, when the session begins to end: nothing is started then
	die  context.CancelCauseFunc

	mu       sync.Mutex // held by who ends life, and by who starts what the end has to undo
	wire     *wire
	key      string            // the agent's own id of the session (A7)
	early    []json.RawMessage // updates that came before it was known
	loading  bool              // the agent repeats what we know
	modes    json.RawMessage
	config   json.RawMessage
	models   json.RawMessage
	tools    toolCalls
	blocked  []blockedTool
	bypass   []string // modes that ask nothing
	events   *replay
	text     *strings.Builder // of the answer, where it is collected
	viewer   *Viewer
	attached chan struct{} // closed when a viewer comes
	since    time.Time     // without a viewer
	turn     *Turn
	over     error // why the session has ended
	deaths   int   // of its process, without a turn that ended well between
	files    *workFiles
	commands terminals
}

// Viewer is a connection that watches a session and decides for it.
type Viewer struct {
	Permissions *Permissions
	// Moved tells that another connection has taken the session over. It must
	// not block.
	Moved func(session string)
}

func newSession(h *Host, a agent, path string, want Start, named []mcpServer) *Session {
	s := &Session{
		id: randomID(), secret: security.NewToken(), host: h, agent: a, path: path, want: want, named: named,
		starting: make(chan struct{}, 1), ended: make(chan struct{}), events: newReplay(), attached: make(chan struct{}), since: time.Now(),
	}
	s.life, s.die = context.WithCancelCause(context.Background())
	s.log = h.log.With("session_id", s.id, "agent", a.name)
	var values []string
	for _, name := range secretNames() {
		values = append(values, h.env[name])
	}
	for _, server := range named {
		values = append(values, server.secrets()...)
	}
	s.redact = newRedactor(values...)
	return s
}

// ID is the id that everybody may know.
func (s *Session) ID() string { return s.id }

// Started is the frame that tells a connection of its session.
type Started struct {
	Type         string          `json:"type"`
	SessionID    string          `json:"session_id"`
	ResumeSecret string          `json:"resume_secret"`
	Agent        string          `json:"agent"`
	Modes        json.RawMessage `json:"modes"`
	Config       json.RawMessage `json:"config"`
	Models       json.RawMessage `json:"models,omitempty"`
	// For those who come back: the events that are still kept, and whether a
	// turn is running.
	FirstEvent int64 `json:"first_event"`
	LastEvent  int64 `json:"last_event"`
	Running    bool  `json:"running"`
}

// Started describes the session to the connection that holds it.
func (s *Session) Started() Started {
	s.mu.Lock()
	defer s.mu.Unlock()
	return Started{
		Type: "session_started", SessionID: s.id, ResumeSecret: s.secret, Agent: s.agent.name, Modes: orNull(s.modes), Config: orNull(s.config), Models: s.models,
		FirstEvent: s.events.first(), LastEvent: s.events.last, Running: s.turn != nil,
	}
}

func orNull(raw json.RawMessage) json.RawMessage {
	if len(raw) == 0 {
		return json.RawMessage("null")
	}
	return raw
}

// Attach makes a connection the one that watches and decides. The one before it
// is told that the session has moved.
func (s *Session) Attach(v *Viewer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.attach(v)
}

// attach is Attach under the lock.
func (s *Session) attach(v *Viewer) {
	if s.viewer == v || !v.Permissions.Attach(s.id) {
		return
	}
	if s.viewer != nil {
		s.viewer.Permissions.Detach(s.id)
		s.viewer.Moved(s.id)
	}
	s.viewer = v
	close(s.attached)
	s.attached = make(chan struct{})
}

// Detach lets a connection go. What it was asked is cancelled; the turn goes on.
func (s *Session) Detach(v *Viewer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.viewer == v {
		s.viewer, s.since = nil, time.Now()
		v.Permissions.Detach(s.id)
	}
}

// idleSince says for how long nobody has been there and nothing has run or been
// started.
func (s *Session) idleSince(now time.Time) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.viewer != nil || s.turn != nil || s.once || len(s.starting) > 0 {
		return 0
	}
	return now.Sub(s.since)
}

// ErrLost says that events which were asked for are no longer kept.
var ErrLost = errors.New("acp: these events are no longer kept")

// Next waits for events after the given one and returns at most n of them, in
// order. It fails with ErrLost where one is missing, and with the session's end.
func (s *Session) Next(ctx context.Context, after int64, n int) ([][]byte, error) {
	for {
		s.mu.Lock()
		frames, lost := s.events.after(after, n)
		grown, over := s.events.grown, s.over
		s.mu.Unlock()
		switch {
		case lost:
			return nil, ErrLost
		case len(frames) > 0:
			return frames, nil
		case over != nil:
			return nil, over
		}
		select {
		case <-grown:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// emit appends an event of our own. The lock is held.
func (s *Session) emit(kind string, fields map[string]json.RawMessage) {
	if s.over == nil {
		s.events.add(s.id, kind, fields)
	}
}

// alive reports whether the session has a process that can be talked to.
func (s *Session) alive() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.life.Err() == nil && s.wire != nil && s.wire.alive()
}

// close ends the session with its process and waits until all is gone.
func (s *Session) close(why error) {
	s.ending.Do(func() {
		s.mu.Lock()
		s.die(why)
		turn, w := s.turn, s.wire
		if s.viewer != nil {
			s.viewer.Permissions.Detach(s.id)
		}
		s.mu.Unlock()
		if turn != nil {
			turn.cancel(why)
		}
		s.commands.close()
		if w != nil {
			w.proc.stop()
		}
		s.starting <- struct{}{} // what is being started ends by itself; the mark stays
		if turn != nil {
			<-turn.done
		}
		s.mu.Lock()
		s.over = context.Cause(s.life)
		close(s.events.grown) // wakes those who wait; no event follows
		s.events.grown = make(chan struct{})
		s.mu.Unlock()
		s.files.close()
		s.host.left(s)
		close(s.ended)
	})
	<-s.ended
}

// End ends the session: its owner wants no more of it.
func (s *Session) End() { s.close(fault.New(fault.NotFound, "this session has ended")) }
