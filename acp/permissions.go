package acp

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/axon-mcp/axon-mcp/fault"
)

// Codes that only the browser's socket has.
const (
	NoSuchPermission    fault.Code = "no_such_permission"
	AmbiguousPermission fault.Code = "ambiguous_permission"
)

// Who closed a request.
const (
	byUser    = "user"
	byAuto    = "auto"
	byTimeout = "timeout"
	byCancel  = "cancel"
)

// DefaultPermissionTimeout is how long a request waits for a person.
const DefaultPermissionTimeout = 60 * time.Second

// Policy is what one connection may decide, and what is decided without it.
type Policy struct {
	// Auto grants requests at once with their allow_once option; AutoTools
	// narrows that to kinds of tool.
	Auto      bool
	AutoTools []string
	// Bypass also offers what switches an agent's questions off (A10).
	Bypass bool
	// Observer connections see requests and answer none (R14).
	Observer bool
	// NoAlways takes the options away that hold for more than one call (R10).
	NoAlways bool
	// MaxOpen and PerSecond bound what one session may ask (R12). Zero means 32
	// and 8.
	MaxOpen   int
	PerSecond int
}

// maxShown is how much of a call a person is asked to judge. A longer one can
// only be rejected.
const maxShown = 64 << 10

// maxChanges is how often an agent may change a call that is being asked about.
const maxChanges = 8

// PermissionRequest is the frame that asks a person.
type PermissionRequest struct {
	Type       string            `json:"type"`
	SessionID  string            `json:"session_id"`
	ToolCallID string            `json:"tool_call_id"`
	PermID     string            `json:"perm_id"`
	Digest     string            `json:"digest"`
	Agent      string            `json:"agent,omitempty"`
	Tool       ShownTool         `json:"tool"`
	Options    []PermissionShown `json:"options"`
	ExpiresAt  time.Time         `json:"expires_at"`
}

// ShownTool is a tool call as a person sees it. Title is cleaned (R9); Input is
// whole, or absent with its size where it is too long to judge.
type ShownTool struct {
	Title     string          `json:"title"`
	Kind      string          `json:"kind"`
	Input     json.RawMessage `json:"input,omitempty"`
	Content   json.RawMessage `json:"content,omitempty"`
	Locations json.RawMessage `json:"locations,omitempty"`
	Bytes     int             `json:"bytes,omitempty"`
	TooLong   bool            `json:"too_long,omitempty"`
}

// PermissionShown is an option as a person sees it.
type PermissionShown struct {
	ID   string `json:"option_id"`
	Name string `json:"name"`
	Kind string `json:"kind"`
}

// PermissionResolved is the frame that tells how a request was closed.
type PermissionResolved struct {
	Type       string    `json:"type"`
	SessionID  string    `json:"session_id"`
	ToolCallID string    `json:"tool_call_id"`
	PermID     string    `json:"perm_id"`
	Outcome    string    `json:"outcome"` // selected or cancelled
	OptionID   string    `json:"option_id,omitempty"`
	By         string    `json:"by"`
	Tool       ShownTool `json:"tool"` // title and kind alone
}

// Ask is one request of an agent.
type Ask struct {
	Session string // ours, never the agent's
	Agent   string
	Call    ToolCall
	Options []Option
	Timeout time.Duration // zero means DefaultPermissionTimeout
}

// Answer is what a person sent back. PermID and Digest may be empty.
type Answer struct {
	SessionID  string `json:"session_id"`
	ToolCallID string `json:"tool_call_id"`
	OptionID   string `json:"option_id"`
	PermID     string `json:"perm_id"`
	Digest     string `json:"digest"`
}

// Decision is what the agent gets: an option of its own, or cancelled.
type Decision struct {
	OptionID string // empty: cancelled
	By       string
}

// Permissions holds the open requests of one connection (SEC-7). Its methods
// may be called from anywhere at once. Frames are sent under its lock, so that a
// request is always told before its end: send must neither block nor call back.
type Permissions struct {
	policy Policy
	send   func(frame any)
	log    *slog.Logger

	mu       sync.Mutex
	closed   bool
	sessions map[string]*asker
	open     map[pair][]*request
}

// pair is the key of SEC-7: a tool call id alone names nothing.
type pair struct{ session, toolCall string }

// asker is a session that may ask on this connection.
type asker struct {
	open  int
	limit *rate.Limiter
	told  time.Time // of the last log line about a flood
}

// request is one open request. Its fields are guarded by the lock of its
// Permissions; done gets exactly one decision, from whoever takes the request
// out of the map.
type request struct {
	id      string
	key     pair
	agent   string
	call    ToolCall
	options []Option
	digest  string
	changes int
	timeout time.Duration
	expires time.Time
	done    chan Decision
}

// NewPermissions returns the requests of a connection whose frames go to send.
func NewPermissions(policy Policy, send func(frame any), log *slog.Logger) *Permissions {
	if policy.MaxOpen == 0 {
		policy.MaxOpen = 32
	}
	if policy.PerSecond == 0 {
		policy.PerSecond = 8
	}
	return &Permissions{policy: policy, send: send, log: log, sessions: make(map[string]*asker), open: make(map[pair][]*request)}
}

// Attach lets a session ask here. It reports false after Close.
func (p *Permissions) Attach(session string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.closed && p.sessions[session] == nil {
		p.sessions[session] = &asker{limit: rate.NewLimiter(rate.Limit(p.policy.PerSecond), p.policy.PerSecond)}
	}
	return !p.closed
}

// Detach ends what a session asks here, with cancelled, and lets it ask no more.
func (p *Permissions) Detach(session string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.endSession(session)
	delete(p.sessions, session)
}

// CancelSession answers everything that a session asks with cancelled (A2, R4).
func (p *Permissions) CancelSession(session string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.endSession(session)
}

// Close ends all requests, with cancelled: the connection is gone.
func (p *Permissions) Close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for session := range p.sessions {
		p.endSession(session)
		delete(p.sessions, session)
	}
}

// Open counts the requests that wait for an answer.
func (p *Permissions) Open() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	count := 0
	for _, requests := range p.open {
		count += len(requests)
	}
	return count
}

// Ask puts a request to the person, or to the policy, and returns what the
// agent is told. It never returns an option that was not offered, and where
// nobody decides it returns cancelled: silence allows nothing (A4, R3).
func (p *Permissions) Ask(ctx context.Context, ask Ask) Decision {
	r, decision := p.begin(ctx, ask)
	if r != nil {
		decision = p.await(ctx, r)
	}
	return decision
}

// await waits for the decision about a request that begin has entered.
func (p *Permissions) await(ctx context.Context, r *request) Decision {
	timer := time.NewTimer(r.timeout)
	defer timer.Stop()
	select {
	case d := <-r.done:
		return d
	case <-ctx.Done():
		return p.give(r, byCancel)
	case <-timer.C:
	}
	d := p.give(r, byTimeout)
	if d.By == byTimeout {
		p.log.Warn(fmt.Sprintf("ACP permission request timed out after %.0fs", r.timeout.Seconds()),
			"session_id", r.key.session, "tool_call_id", r.key.toolCall)
	}
	return d
}

// begin enters a request into the map, or decides at once and returns none.
func (p *Permissions) begin(ctx context.Context, ask Ask) (*request, Decision) {
	if ask.Timeout <= 0 {
		ask.Timeout = DefaultPermissionTimeout
	}
	options := offered(ask.Options, p.policy.Bypass)
	p.mu.Lock()
	defer p.mu.Unlock()
	from := p.sessions[ask.Session]
	if p.closed || from == nil || ctx.Err() != nil {
		return nil, Decision{By: byCancel}
	}
	r := &request{
		id: randomID(), key: pair{ask.Session, ask.Call.ID}, agent: ask.Agent, call: ask.Call, options: options,
		timeout: ask.Timeout, expires: time.Now().Add(ask.Timeout), done: make(chan Decision, 1),
	}
	if option, granted := p.grant(r); granted {
		p.log.Info("ACP permission granted without asking", "session_id", ask.Session, "tool_call_id", ask.Call.ID,
			"kind", ask.Call.kind(), "title", visible(ask.Call.Title, 200), "option_id", option.ID)
		decision := Decision{OptionID: option.ID, By: byAuto}
		p.send(r.resolved(decision))
		return nil, decision
	}
	if from.open >= p.policy.MaxOpen || !from.limit.Allow() {
		return nil, p.tooMany(from, r)
	}
	if p.policy.NoAlways {
		r.options = slices.DeleteFunc(r.options, func(o Option) bool { return o.Kind == allowAlways })
	}
	r.digest = digest(r.call, r.options)
	p.open[r.key] = append(p.open[r.key], r)
	from.open++
	p.send(r.frame())
	return r, Decision{}
}

// grant returns the option that the policy chooses: the first allow_once, and
// never one that holds for longer or switches questions off (A10).
func (p *Permissions) grant(r *request) (Option, bool) {
	if !p.policy.Auto || (len(p.policy.AutoTools) > 0 && !slices.Contains(p.policy.AutoTools, r.call.kind())) {
		return Option{}, false
	}
	for _, o := range r.options {
		if o.Kind == allowOnce && !skipsPrompts(o.ID) {
			return o, true
		}
	}
	return Option{}, false
}

// tooMany refuses the surplus of a session that floods (R12). The log hears of
// it once a second, the browser not at all.
func (p *Permissions) tooMany(from *asker, r *request) Decision {
	if now := time.Now(); now.Sub(from.told) >= time.Second {
		from.told = now
		p.log.Warn("ACP permission requests come too fast; the surplus is rejected", "session_id", r.key.session, "tool_call_id", r.key.toolCall, "open", from.open)
	}
	option, found := first(r.options, rejectOnce)
	if !found {
		return Decision{By: byCancel}
	}
	return Decision{OptionID: option.ID, By: byCancel}
}

// Answer is Decide for those who read the frames: they are asked again there.
func (p *Permissions) Answer(a Answer) error {
	_, err := p.Decide(a)
	return err
}

// Decide gives a person's choice to exactly the request that it names. Its
// errors are for the sender alone, and do not tell whether anybody else asks
// something (R5). It reports false, without an error, where the call has changed
// since it was shown: then it is asked again (R8).
func (p *Permissions) Decide(a Answer) (decided bool, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	r, err := p.find(a)
	if err != nil {
		return false, err
	}
	i := slices.IndexFunc(r.options, func(o Option) bool { return o.ID == a.OptionID })
	if i < 0 || (r.tooLong() && r.options[i].allows()) {
		return false, fault.Errorf(fault.Invalid, "option_id %q was not offered; the request stays open", visible(a.OptionID, 100))
	}
	// A digest that was not sent vouches for nothing once the call has changed.
	if (a.Digest != "" || r.changes > 0) && a.Digest != r.digest {
		p.send(r.frame())
		return false, nil
	}
	p.close(r, Decision{OptionID: a.OptionID, By: byUser})
	return true, nil
}

// find returns the one open request that an answer names. The lock is held.
func (p *Permissions) find(a Answer) (*request, error) {
	if p.policy.Observer {
		return nil, fault.New(fault.Forbidden, "this connection only watches; it answers no requests")
	}
	if p.sessions[a.SessionID] == nil {
		p.log.Warn("ACP permission answer names a session that is not this connection's", "session_id", visible(a.SessionID, 64), "tool_call_id", visible(a.ToolCallID, 64))
		return nil, fault.New(NoSuchPermission, "no such permission request is open")
	}
	requests := p.open[pair{a.SessionID, a.ToolCallID}]
	if a.PermID != "" {
		if i := slices.IndexFunc(requests, func(r *request) bool { return r.id == a.PermID }); i >= 0 {
			return requests[i], nil
		}
		return nil, fault.New(NoSuchPermission, "no such permission request is open")
	}
	switch len(requests) {
	case 0:
		return nil, fault.New(NoSuchPermission, "no such permission request is open")
	case 1:
		return requests[0], nil
	}
	return nil, fault.Errorf(AmbiguousPermission, "%d requests are open for this tool call; name one with perm_id", len(requests))
}

// Changed tells that an agent has changed a call. Whoever is being asked about
// it is asked again (R8); an agent that keeps changing it is rejected.
func (p *Permissions) Changed(session string, call ToolCall) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, r := range slices.Clone(p.open[pair{session, call.ID}]) {
		now := r.call.over(call)
		if digest(now, r.options) == r.digest {
			continue
		}
		r.call, r.digest = now, digest(now, r.options)
		if r.changes++; r.changes <= maxChanges {
			p.send(r.frame())
			continue
		}
		option, _ := first(r.options, rejectOnce)
		p.close(r, Decision{OptionID: option.ID, By: byCancel})
	}
}

// give closes a request that nobody answered, unless somebody just did.
func (p *Permissions) give(r *request, by string) Decision {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.close(r, Decision{By: by})
	return <-r.done // filled under the lock, by this call or by the one that was first
}

// close takes a request out of the map, commits its decision and then tells the
// browser (R1, R15). A request that is out already keeps the decision that it
// got. The lock is held.
func (p *Permissions) close(r *request, d Decision) {
	requests := p.open[r.key]
	i := slices.Index(requests, r)
	if i < 0 {
		return
	}
	if len(requests) == 1 {
		delete(p.open, r.key)
	} else {
		p.open[r.key] = slices.Delete(requests, i, i+1)
	}
	p.sessions[r.key.session].open-- // there for as long as one of its requests is
	r.done <- d
	p.send(r.resolved(d))
}

// endSession cancels all requests of a session. The lock is held.
func (p *Permissions) endSession(session string) {
	for key, requests := range p.open {
		if key.session == session {
			for _, r := range slices.Clone(requests) {
				p.close(r, Decision{By: byCancel})
			}
		}
	}
}

func (r *request) tooLong() bool { return r.call.size() > maxShown }

// frame asks a person.
func (r *request) frame() PermissionRequest {
	frame := PermissionRequest{
		Type: "permission_request", SessionID: r.key.session, ToolCallID: r.key.toolCall, PermID: r.id, Digest: r.digest,
		Agent: r.agent, ExpiresAt: r.expires.UTC(), Options: []PermissionShown{},
		Tool: ShownTool{Title: visible(r.call.Title, 2000), Kind: r.call.kind(), Bytes: r.call.size(), TooLong: r.tooLong()},
	}
	if !frame.Tool.TooLong {
		frame.Tool.Input, frame.Tool.Content, frame.Tool.Locations = r.call.Input, r.call.Content, r.call.Locations
	}
	for _, o := range r.options {
		if frame.Tool.TooLong && o.allows() {
			continue // nobody can judge what they cannot read
		}
		frame.Options = append(frame.Options, PermissionShown{ID: o.ID, Name: visible(o.Name, 200), Kind: o.Kind})
	}
	return frame
}

// resolved tells how a request ended.
func (r *request) resolved(d Decision) PermissionResolved {
	outcome := "selected"
	if d.OptionID == "" {
		outcome = "cancelled"
	}
	return PermissionResolved{
		Type: "permission_resolved", SessionID: r.key.session, ToolCallID: r.key.toolCall, PermID: r.id,
		Outcome: outcome, OptionID: d.OptionID, By: d.By, Tool: ShownTool{Title: visible(r.call.Title, 200), Kind: r.call.kind()},
	}
}
