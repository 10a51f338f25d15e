package web

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/axon-mcp/axon-mcp/acp"
	"github.com/axon-mcp/axon-mcp/fault"
)

// pulseBody is what POST /api/pulse/chat takes.
type pulseBody struct {
	Prompt            string   `json:"prompt" jsonschema:"what the agent is told"`
	SessionID         string   `json:"session_id,omitempty" jsonschema:"goes on with this session; else a new one begins"`
	ResumeSecret      string   `json:"resume_secret,omitempty" jsonschema:"secret of that session, from session_started"`
	Agent             string   `json:"agent,omitempty" jsonschema:"claude, codex, gemini or other; else the first that is installed"`
	Model             string   `json:"model,omitempty" jsonschema:"one of the agent's models"`
	SessionMode       string   `json:"session_mode,omitempty" jsonschema:"one of the agent's modes"`
	MCPServers        []string `json:"mcp_servers,omitempty" jsonschema:"names from mcp.json of the data directory"`
	BlockedTools      []string `json:"blocked_mcp_tools,omitempty" jsonschema:"tools of MCP servers that it must not use: TOOL or SERVER/TOOL"`
	EnableFS          bool     `json:"enable_fs,omitempty" jsonschema:"files of the working folder; needs AXON_ACP_ALLOW_FS"`
	EnableTerminal    bool     `json:"enable_terminal,omitempty" jsonschema:"commands; needs AXON_ACP_ALLOW_TERMINAL"`
	PermissionTimeout float64  `json:"permission_timeout_secs,omitempty" jsonschema:"seconds that a question waits, 1 to 600; 60 by default"`
	AdapterTimeout    float64  `json:"adapter_timeout_secs,omitempty" jsonschema:"seconds that the turn may take, 1 to 3600"`
}

func (b pulseBody) flags() chatFlagsOf {
	return chatFlagsOf{
		Agent: b.Agent, SessionID: b.SessionID, SessionMode: b.SessionMode, Model: b.Model, MCPServers: b.MCPServers, BlockedTools: b.BlockedTools,
		EnableFS: b.EnableFS, EnableTerminal: b.EnableTerminal, PermissionTimeout: b.PermissionTimeout, AdapterTimeout: b.AdapterTimeout,
	}
}

// pulseAnswer is what POST /api/pulse/permission takes: a permission_response
// with the secret of its session.
type pulseAnswer struct {
	SessionID    string `json:"session_id"`
	ResumeSecret string `json:"resume_secret"`
	ToolCallID   string `json:"tool_call_id"`
	OptionID     string `json:"option_id"`
	PermID       string `json:"perm_id,omitempty"`
	Digest       string `json:"digest,omitempty"`
}

type pulseAnswered struct {
	OK bool `json:"ok"`
}

// keepAlive is how often a stream without events says that it is there.
const keepAlive = 15 * time.Second

// Why a stream ends while its client listens.
var (
	errTurnOver = errors.New("web: the turn is over")
	errMoved    = errors.New("web: the session has moved")
)

// stream is one POST /api/pulse/chat: the connection of a turn. What the agent
// does waits in its queue until the answer has begun.
type stream struct {
	out    *outbox
	viewer *acp.Viewer
	acted  chan struct{} // closed when the agent has done something
	once   sync.Once
	done   context.Context // ends with the stream
	end    context.CancelCauseFunc
}

// put queues a frame. It never waits: a client that does not read loses the
// stream.
func (st *stream) put(raw []byte) {
	if !st.out.put(raw) {
		st.end(errSlow)
	}
}

// say queues a frame of ours.
func (st *stream) say(frame any) {
	if raw, err := encodeFrame(frame); err == nil { // our own types always can be
		st.put(raw)
	}
}

// ask queues what permissions say, which the agent has caused.
func (st *stream) ask(frame any) {
	st.say(frame)
	st.act()
}

func (st *stream) act() { st.once.Do(func() { close(st.acted) }) }

// moved tells that another connection has taken the session over.
func (st *stream) moved(session string) {
	st.say(sessionErrorFrame{Type: "error", Code: codeSessionMoved, Message: "this conversation goes on elsewhere", SessionID: session})
	st.act()
	st.end(errMoved)
}

// pulseChat is POST /api/pulse/chat. Its answer begins with the first thing that
// the agent does, so that an agent that is missing, busy, dead or silent has a
// status of its own (408 where it stayed silent for the whole time of a turn).
// A client that leaves stops the turn.
func (s *Server) pulseChat(w http.ResponseWriter, r *http.Request) error {
	var in pulseBody
	if err := readBody(w, r, &in); err != nil {
		return err
	}
	if s.chat == nil {
		return fault.New(fault.Unavailable, "agent chat is not part of this server")
	}
	leave, err := s.sockets.enter() // a stream counts as a socket
	if err != nil {
		return err
	}
	defer leave()
	ran, err := s.sockets.call()
	if err != nil {
		return err
	}
	defer ran()
	ctx, stop := context.WithCancel(r.Context())
	defer stop()
	defer context.AfterFunc(s.alive, stop)()
	err = s.chat.stream(ctx, w, in)
	if fault.CodeOf(err) == fault.Timeout {
		err = answered{err, http.StatusRequestTimeout} // web.md, section 5
	}
	return err
}

// pulsePermission is POST /api/pulse/permission.
func (s *Server) pulsePermission(_ http.ResponseWriter, _ *http.Request, in pulseAnswer) (pulseAnswered, error) {
	for name, value := range map[string]string{"session_id": in.SessionID, "resume_secret": in.ResumeSecret, "tool_call_id": in.ToolCallID, "option_id": in.OptionID} {
		if value == "" {
			return pulseAnswered{}, fault.Errorf(fault.Invalid, "%s is missing", name)
		}
	}
	if s.chat == nil {
		return pulseAnswered{}, fault.New(fault.Unavailable, "agent chat is not part of this server")
	}
	return pulseAnswered{OK: true}, s.chat.decide(in)
}

// stream runs one turn and writes what the agent does.
func (h *chat) stream(ctx context.Context, w http.ResponseWriter, in pulseBody) error {
	f := in.flags()
	if err := f.check(in.Prompt, "prompt"); err != nil {
		return err
	}
	if (in.SessionID == "") != (in.ResumeSecret == "") {
		return fault.New(fault.Invalid, "session_id and resume_secret go together")
	}
	st := &stream{out: newOutbox(), acted: make(chan struct{})}
	st.done, st.end = context.WithCancelCause(ctx)
	defer st.end(nil)
	st.viewer = &acp.Viewer{Permissions: acp.NewPermissions(h.policy(), st.ask, h.log), Moved: st.moved}
	defer st.viewer.Permissions.Close()
	session, err := h.streamed(ctx, in, f)
	if err != nil {
		return err
	}
	if in.SessionID != "" && session.ID() != in.SessionID {
		st.say(fallbackFrame{Type: "session_fallback", Old: in.SessionID, New: session.ID()})
	}
	st.say(session.Started()) // before anything that the agent asks
	turn, err := h.begin(session, st, in.Prompt, f.turn())
	if err != nil {
		return err
	}
	defer h.unwatch(session, st)
	var pumping sync.WaitGroup
	pumping.Go(func() { st.pump(session, turn) })
	err = st.serve(w, turn)
	if !errors.Is(context.Cause(st.done), errMoved) {
		turn.Cancel() // nothing where it is over
		<-turn.Done()
	}
	st.end(nil)
	pumping.Wait()
	return err
}

// streamed finds or begins the session of a stream.
func (h *chat) streamed(ctx context.Context, in pulseBody, f chatFlagsOf) (*acp.Session, error) {
	if in.SessionID == "" {
		return h.host.Begin(ctx, f.start())
	}
	session, err := h.host.Resume(in.SessionID, in.ResumeSecret)
	if err != nil {
		return nil, err
	}
	if session.Started().Running { // before it is taken away from who watches
		return nil, fault.New(fault.Conflict, "the agent is still at work; wait for it or stop it")
	}
	now, err := h.goOn(ctx, session, f)
	if err != nil {
		return nil, err
	}
	if err := now.Choose(ctx, f.start()); err != nil {
		if now != session { // the client hears of the error alone, and not of this one
			now.End()
		}
		return nil, err
	}
	return now, nil
}

// begin begins the turn of a stream and makes the stream the one that watches
// the session and decides for it. It does both or nothing.
func (h *chat) begin(session *acp.Session, st *stream, prompt string, opts acp.TurnOptions) (*acp.Turn, error) {
	opts.Viewer = st.viewer
	h.mu.Lock()
	defer h.mu.Unlock()
	turn, err := session.Prompt(prompt, opts)
	if err == nil {
		h.streams[session.ID()] = st
	}
	return turn, err
}

func (h *chat) unwatch(session *acp.Session, st *stream) {
	session.Detach(st.viewer)
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.streams[session.ID()] == st {
		delete(h.streams, session.ID())
	}
}

// decide answers a permission request of a stream. Whoever has not the secret
// learns nothing, and what is asked at a socket is answered there.
func (h *chat) decide(in pulseAnswer) error {
	if _, err := h.host.Resume(in.SessionID, in.ResumeSecret); err != nil {
		return err
	}
	h.mu.Lock()
	st := h.streams[in.SessionID]
	h.mu.Unlock()
	if st == nil {
		return fault.New(codeNoSuchPermission, "no such permission request is open")
	}
	decided, err := st.viewer.Permissions.Decide(acp.Answer{
		SessionID: in.SessionID, ToolCallID: in.ToolCallID, OptionID: in.OptionID, PermID: in.PermID, Digest: in.Digest,
	})
	if err == nil && !decided {
		return fault.New(fault.Conflict, "the agent has changed the call; read the new permission_request and answer with its digest")
	}
	return err
}

// pump queues what the turn does, and ends the stream with it.
func (st *stream) pump(session *acp.Session, turn *acp.Turn) {
	after := turn.Before()
	for first := true; ; {
		frames, err := session.Next(st.done, after, eventsAtOnce)
		if errors.Is(err, acp.ErrLost) {
			after = session.Started().FirstEvent - 1
			continue
		}
		if err != nil {
			st.end(errTurnOver)
			return
		}
		for _, frame := range frames {
			after++
			over := eventOf(frame).Type == "assistant.turn_end"
			if !first && !over { // the first event repeats the prompt
				st.act()
			}
			if st.give(frame) != nil {
				return
			}
			if first = false; over {
				st.over(turn)
				return
			}
		}
	}
}

// give queues an event. Once the answer is being written it waits for room, and
// ends the stream of a client that makes none.
func (st *stream) give(raw []byte) error {
	select {
	case <-st.acted:
	default:
		st.put(raw)
		return context.Cause(st.done)
	}
	err := st.out.offer(st.done, raw)
	if errors.Is(err, errSlow) {
		st.end(err)
	}
	return err
}

// over ends the stream, with an error where the turn has one.
func (st *stream) over(turn *acp.Turn) {
	<-turn.Done()
	if _, _, err := turn.Result(); err != nil {
		st.say(errorFrame{Type: "error", Code: fault.CodeOf(err), Message: fault.MessageOf(err)})
	}
	st.end(errTurnOver)
}

// serve writes the queue from the agent's first act to the end of the turn. It
// fails where the turn has failed before anything was written.
func (st *stream) serve(w http.ResponseWriter, turn *acp.Turn) error {
	select {
	case <-st.acted:
	case <-st.done.Done():
		if !errors.Is(context.Cause(st.done), errTurnOver) {
			return context.Cause(st.done)
		}
		if _, _, err := turn.Result(); err != nil {
			return err
		}
	}
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no")
	w.WriteHeader(http.StatusOK)
	out := newSlowWriter(w)
	for {
		raw, err := st.next()
		if err != nil {
			return nil
		}
		if err = writeEvent(out, raw); err == nil {
			err = out.control.Flush()
		}
		if err != nil {
			return nil // the client has gone
		}
	}
}

// next waits for a frame. Nil means that none came for a while.
func (st *stream) next() ([]byte, error) {
	ctx, stop := context.WithTimeout(st.done, keepAlive)
	defer stop()
	raw, err := st.out.take(ctx)
	if err != nil && st.done.Err() == nil {
		return nil, nil
	}
	return raw, err
}

// eventHead is what the form of the stream needs of a frame.
type eventHead struct {
	Type  string `json:"type"`
	Event int64  `json:"event"`
}

func eventOf(frame []byte) (head eventHead) {
	_ = json.Unmarshal(frame, &head) // frames are ours
	return head
}

// writeEvent writes a frame as a server-sent event, or a comment that keeps the
// connection. A frame is one line: JSON has no line break.
func writeEvent(w io.Writer, frame []byte) error {
	if frame == nil {
		_, err := io.WriteString(w, ": still here\n\n")
		return err
	}
	var out bytes.Buffer
	head := eventOf(frame)
	out.WriteString("event: " + head.Type + "\n")
	if head.Event > 0 {
		out.WriteString("id: " + strconv.FormatInt(head.Event, 10) + "\n")
	}
	out.WriteString("data: ")
	out.Write(frame)
	out.WriteString("\n\n")
	_, err := w.Write(out.Bytes())
	return err
}
