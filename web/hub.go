package web

import (
	"context"
	"sync"
	"time"

	"github.com/axon-mcp/axon-mcp/fault"
)

// hub counts what outlives a request, open sockets and running calls, and knows
// when no more may come: http.Server.Shutdown does not see hijacked connections.
type hub struct {
	max         int
	full        string // what is said when it is
	open, calls sync.WaitGroup

	mu      sync.Mutex
	count   int
	stopped bool
}

func stopping() error { return fault.New(fault.Unavailable, socketsGoingAway) }

// enter takes a socket's place. It fails with Busy or Unavailable.
func (h *hub) enter() (leave func(), err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.stopped:
		return nil, stopping()
	case h.count >= h.max:
		return nil, &fault.Error{Code: fault.Busy, Message: h.full, RetryAfter: pingEvery}
	}
	h.count++
	h.open.Add(1)
	return func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.count--
		h.open.Done()
	}, nil
}

// call counts a running call, unless the server stops.
func (h *hub) call() (leave func(), err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.stopped {
		return nil, stopping()
	}
	h.calls.Add(1)
	return h.calls.Done, nil
}

// stop lets nobody in any more.
func (h *hub) stop() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.stopped = true
}

func (h *hub) number() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.count
}

// drained waits for the running calls, but not longer than d.
func (h *hub) drained(d time.Duration) {
	ctx, stop := context.WithTimeout(context.Background(), d)
	go func() {
		h.calls.Wait()
		stop()
	}()
	<-ctx.Done()
	stop()
}
