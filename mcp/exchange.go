package mcp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"sync"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
)

// outlet is the way of one request's messages to its client.
type outlet interface {
	// send writes one whole JSON-RPC message and returns when it has left the
	// process. It fails when the client is gone or takes no messages but the
	// answer.
	send(msg []byte) error
	// canSend reports whether messages before the answer can be sent at all.
	canSend() bool
}

// errAnswered: the answer is out, and nothing may follow it.
var errAnswered = errors.New("mcp: the request has been answered")

// exchange is one request that is being answered. To the library it is the
// client's session.
type exchange struct {
	*client
	door string // "stdio" or "http", for logs
	// key is the session's id for the library. Modern requests and listeners
	// have one of their own, so that no table of the library can mix them up.
	key string
	msg *message
	out outlet
	// end cancels the request's context.
	end context.CancelCauseFunc

	mu       sync.Mutex // one message at a time, and none after the answer
	answered bool

	state    sync.Mutex
	withdrew bool  // the client sent notifications/cancelled
	failure  error // what a handler returned, which the library keeps as text only
	needs    string
	task     *task                        // stands for the result; set by the request's own handler
	queue    chan mcp.JSONRPCNotification // what the library sends; made when it first does
	filter   mcp.SubscriptionFilter
}

type exchangeKey struct{}

func exchangeFrom(ctx context.Context) *exchange {
	x, _ := ctx.Value(exchangeKey{}).(*exchange)
	return x
}

// Notify sends a notification that belongs to this request and returns when it
// is written. Notifications arrive in the order of the calls, and before the
// answer.
func (x *exchange) Notify(method string, params any) error {
	msg, err := encodeCall(nil, method, params)
	if err != nil {
		return err
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.answered {
		return errAnswered
	}
	return x.out.send(msg)
}

// Ask sends a request of ours on this request's stream and waits for the
// client's result. Only the era of sessions knows such requests.
func (x *exchange) Ask(ctx context.Context, method string, params any) (json.RawMessage, error) {
	if x.msg.modern() || !x.out.canSend() {
		return nil, server.ErrServerInitiatedRequestUnsupported
	}
	id, answer := x.expect()
	defer x.forget(id)
	msg, err := encodeCall(id, method, params)
	if err != nil {
		return nil, err
	}
	x.mu.Lock()
	err = errAnswered
	if !x.answered {
		err = x.out.send(msg)
	}
	x.mu.Unlock()
	if err != nil {
		return nil, err
	}
	select {
	case m := <-answer:
		if m.failure != nil {
			return nil, fmt.Errorf("mcp: %s: the client answered %s", method, m.failure)
		}
		return m.result, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// RequestElicitation asks the client's user (server.SessionWithElicitation).
func (x *exchange) RequestElicitation(ctx context.Context, request mcp.ElicitationRequest) (*mcp.ElicitationResult, error) {
	raw, err := x.Ask(ctx, string(mcp.MethodElicitationCreate), request.Params)
	if err != nil {
		return nil, err
	}
	var result mcp.ElicitationResult
	if err := json.Unmarshal(raw, &result); err != nil {
		return nil, fmt.Errorf("mcp: read the client's answer: %w", err)
	}
	return &result, nil
}

// canElicit reports whether the client has said that it shows forms.
func (x *exchange) canElicit() bool {
	form := x.GetClientCapabilities().Elicitation
	if form == nil || (form.Form == nil && form.URL != nil) {
		return false
	}
	return x.msg.modern() || x.out.canSend()
}

// finish shuts the exchange: from here on Notify fails. It waits for the
// message that is being written.
func (x *exchange) finish() {
	x.mu.Lock()
	x.answered = true
	x.mu.Unlock()
}

// withdraw is the client's notifications/cancelled.
func (x *exchange) withdraw() {
	x.state.Lock()
	x.withdrew = true
	x.state.Unlock()
	x.end(context.Canceled)
}

func (x *exchange) withdrawn() bool {
	x.state.Lock()
	defer x.state.Unlock()
	return x.withdrew
}

// fail keeps what a handler returned.
func (x *exchange) fail(err error) {
	x.state.Lock()
	x.failure = err
	x.state.Unlock()
}

// refuse notes the scope that the caller lacks.
func (x *exchange) refuse(scope string) {
	x.state.Lock()
	x.needs = scope
	x.state.Unlock()
}

// SessionID names the session to the library.
func (x *exchange) SessionID() string { return x.key }

// NotificationChannel takes what the library itself sends.
func (x *exchange) NotificationChannel() chan<- mcp.JSONRPCNotification { return x.notifications() }

func (x *exchange) notifications() chan mcp.JSONRPCNotification {
	x.state.Lock()
	defer x.state.Unlock()
	if x.queue == nil {
		x.queue = make(chan mcp.JSONRPCNotification, 256)
	}
	return x.queue
}

// listening reports whether this is a subscriptions/listen request.
func (x *exchange) listening() bool {
	return x.msg.method == string(mcp.MethodSubscriptionsListen)
}

// forward writes what the library sends until done is closed and nothing is
// left.
func (x *exchange) forward(done <-chan struct{}) {
	queue := x.notifications()
	for {
		select {
		case n := <-queue:
			x.pass(n)
		case <-done:
			for {
				select {
				case n := <-queue:
					x.pass(n)
				default:
					return
				}
			}
		}
	}
}

// pass writes one notification of the library, tagged with its subscription.
// Params may be shared with other sessions and is not changed.
func (x *exchange) pass(n mcp.JSONRPCNotification) {
	params := maps.Clone(n.Params.AdditionalFields)
	if params == nil {
		params = make(map[string]any)
	}
	meta := maps.Clone(n.Params.Meta)
	if x.listening() {
		if meta == nil {
			meta = make(map[string]any)
		}
		meta[mcp.MetaKeySubscriptionID] = x.msg.id
	}
	if meta != nil {
		params["_meta"] = meta
	}
	_ = x.Notify(n.Method, params) // a client that is gone ends the request by itself
}

// SetSubscriptionFilter and SubscriptionFilter make the library send only what
// a listener asked for (server.SessionWithSubscriptionFilter).
func (x *exchange) SetSubscriptionFilter(filter mcp.SubscriptionFilter) {
	x.state.Lock()
	defer x.state.Unlock()
	x.filter = filter
}

// SubscriptionFilter is active for every listener, and for no other request.
func (x *exchange) SubscriptionFilter() (mcp.SubscriptionFilter, bool) {
	x.state.Lock()
	defer x.state.Unlock()
	return x.filter, x.listening()
}

// forwardQueued writes what the library has sent during a request that is not
// a listener.
func (x *exchange) forwardQueued(done chan struct{}) {
	x.state.Lock()
	sent := x.queue != nil
	x.state.Unlock()
	if sent {
		close(done)
		x.forward(done)
	}
}
