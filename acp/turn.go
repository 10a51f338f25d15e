package acp

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	sdk "github.com/coder/acp-go-sdk"

	"github.com/axon-mcp/axon-mcp/fault"
)

const (
	cancelGrace  = 10 * time.Second // for an agent to end a turn that was cancelled
	listenerWait = 5 * time.Second  // for a connection, where an agent asks and none is there
)

// errCanceled is the cause of a turn that its owner has stopped.
var errCanceled = fault.New(fault.Canceled, "the turn was stopped")

// Turn is one prompt and what the agent does about it.
type Turn struct {
	session     *Session
	ctx         context.Context
	cancel      context.CancelCauseFunc
	permTimeout time.Duration

	done   chan struct{}
	before int64  // number of the event before its first
	stop   string // the agent's reason, after done
	err    error
	last   int64 // number of its last event
}

// TurnOptions bound a turn. Zero means the configured time.
type TurnOptions struct {
	Timeout           time.Duration
	PermissionTimeout time.Duration
	// Viewer, where one is given, is attached in the step that begins the turn:
	// a prompt that is refused takes the session from nobody.
	Viewer *Viewer
}

// Prompt begins a turn. It fails with Conflict while another one runs. The turn
// goes on whoever is there; Cancel ends it.
func (s *Session) Prompt(text string, opts TurnOptions) (*Turn, error) {
	if opts.Timeout <= 0 {
		opts.Timeout = s.host.cfg.turnTimeout()
	}
	t := &Turn{session: s, permTimeout: opts.PermissionTimeout, done: make(chan struct{})}
	t.ctx, t.cancel = context.WithCancelCause(context.Background())
	s.host.mu.Lock()
	defer s.host.mu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.host.closed:
		return nil, errStopping
	case s.life.Err() != nil:
		return nil, context.Cause(s.life)
	case s.wire == nil:
		return nil, fault.New(fault.Conflict, "the agent is not ready")
	case s.turn != nil:
		return nil, fault.New(fault.Conflict, "the agent is still at work; wait for it or stop it")
	}
	if opts.Viewer != nil {
		s.attach(opts.Viewer)
	}
	s.turn, t.before = t, s.events.last
	s.emit("assistant.other", map[string]json.RawMessage{
		"sessionUpdate": quoted("user_message_chunk"), "content": json.RawMessage(`{"type":"text","text":` + string(quoted(text)) + `}`),
	})
	w, key := s.wire, s.key
	s.host.busy.Go(func() { t.run(w, key, text, opts.Timeout) })
	return t, nil
}

// Cancel stops the turn: everything that it asks is cancelled at once (A2).
func (t *Turn) Cancel() { t.cancel(errCanceled) }

// CancelTurn is Turn.Cancel of the turn that is running, if one is.
func (s *Session) CancelTurn() {
	s.mu.Lock()
	t := s.turn
	s.mu.Unlock()
	if t != nil {
		t.Cancel()
	}
}

// Done is closed when the turn has ended.
func (t *Turn) Done() <-chan struct{} { return t.done }

// Before is the number of the last event before the turn.
func (t *Turn) Before() int64 { return t.before }

// Result says how the turn has ended and the number of its last event. Call it
// after Done.
func (t *Turn) Result() (stop string, last int64, err error) { return t.stop, t.last, t.err }

// prompted is an agent's answer to a prompt.
type prompted struct {
	StopReason string          `json:"stopReason"`
	Usage      json.RawMessage `json:"usage"`
}

func (t *Turn) run(w *wire, key, text string, limit time.Duration) {
	timer := time.AfterFunc(limit, func() {
		t.cancel(fault.Errorf(fault.Timeout, "the turn took longer than %.0f s and was stopped", limit.Seconds()))
	})
	defer timer.Stop()
	waiting, giveUp := context.WithCancelCause(context.Background())
	defer giveUp(nil)
	answered, wound := make(chan struct{}), make(chan struct{})
	unwatched := context.AfterFunc(t.ctx, func() {
		defer close(wound)
		t.wind(w, key, answered, giveUp)
	})
	answer, err := call[prompted](waiting, w, sdk.AgentMethodSessionPrompt, sdk.PromptRequest{
		SessionId: sdk.SessionId(key), Prompt: []sdk.ContentBlock{sdk.TextBlock(text)},
	})
	close(answered)
	if !unwatched() {
		<-wound
	}
	if errors.Is(err, errDeaf) {
		w.proc.stop()
		err = fault.Errorf(fault.CodeOf(context.Cause(t.ctx)), "%s; the agent did not stop in %.0f s and was ended", fault.MessageOf(context.Cause(t.ctx)), cancelGrace.Seconds())
	} else if cause := context.Cause(t.ctx); cause != nil {
		err = cause
	}
	t.end(answer, err)
}

// errDeaf says that an agent went on after it was told to stop.
var errDeaf = errors.New("acp: the agent does not stop")

// wind ends a turn that was cancelled: what it asks is cancelled, the agent is
// told, and one that goes on all the same is given up (A2, R4).
func (t *Turn) wind(w *wire, key string, answered <-chan struct{}, giveUp context.CancelCauseFunc) {
	s := t.session
	s.mu.Lock()
	if s.viewer != nil {
		s.viewer.Permissions.CancelSession(s.id)
	}
	s.tools.cancelOpen(s)
	s.mu.Unlock()
	tell := func() { // an agent that reads nothing would hold it up
		w.proc.run(func() {
			select {
			case <-answered: // it would stop the next turn
			default:
				_ = w.conn.SendNotification(context.Background(), sdk.AgentMethodSessionCancel, sdk.CancelNotification{SessionId: sdk.SessionId(key)})
			}
		})
	}
	tell()
	s.commands.closeAll()
	timer, again := time.NewTimer(cancelGrace), time.NewTicker(cancelAgain)
	defer timer.Stop()
	defer again.Stop()
	for {
		select {
		case <-again.C:
			tell()
		case <-timer.C:
			giveUp(errDeaf)
			return
		case <-answered:
			return
		}
	}
}

// cancelAgain is how often an agent is told to stop until it does: a cancel that
// overtakes its prompt on the way says nothing to it.
const cancelAgain = 500 * time.Millisecond

// end tells everybody how the turn has ended.
func (t *Turn) end(answer prompted, err error) {
	s := t.session
	if err != nil && t.ctx.Err() == nil {
		t.cancel(err) // what it still asks ends with it
	}
	fields := map[string]json.RawMessage{}
	t.stop, t.err = answer.StopReason, err
	switch {
	case errors.Is(err, errCanceled):
		t.stop = "cancelled"
	case err != nil:
		t.stop = "error"
	}
	if err != nil {
		raw, _ := encode(map[string]string{"code": string(fault.CodeOf(err)), "message": fault.MessageOf(err)})
		fields["error"] = raw
	}
	fields["stop_reason"] = quoted(t.stop)
	if len(answer.Usage) > 0 {
		fields["usage"] = answer.Usage
	}
	s.mu.Lock()
	if s.viewer != nil {
		s.viewer.Permissions.CancelSession(s.id) // none outlives its turn
	}
	if err == nil {
		s.deaths = 0
	}
	s.emit("assistant.turn_end", fields)
	t.last = s.events.last
	s.turn = nil
	if s.viewer == nil {
		s.since = time.Now()
	}
	s.mu.Unlock()
	t.cancel(nil)
	close(t.done)
	if err != nil {
		s.log.Warn("turn ended with an error", "code", string(fault.CodeOf(err)), "error", err.Error())
	}
}
