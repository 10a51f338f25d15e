package mcp

import (
	"sync"
	"time"
)

// running is the set of requests that run. The zero value is ready for use.
type running struct {
	mu   sync.Mutex
	all  map[*exchange]struct{}
	idle chan struct{} // closed when the set becomes empty; nil while nobody waits
}

func (r *running) add(x *exchange) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.all == nil {
		r.all = make(map[*exchange]struct{})
	}
	r.all[x] = struct{}{}
}

func (r *running) remove(x *exchange) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.all, x)
	if len(r.all) == 0 && r.idle != nil {
		close(r.idle)
		r.idle = nil
	}
}

// wait reports whether nothing runs any more within the time.
func (r *running) wait(limit time.Duration) bool {
	r.mu.Lock()
	if len(r.all) == 0 {
		r.mu.Unlock()
		return true
	}
	if r.idle == nil {
		r.idle = make(chan struct{})
	}
	idle := r.idle
	r.mu.Unlock()
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-idle:
		return true
	case <-timer.C:
		return false
	}
}

// stopListeners ends every subscriptions/listen request; each gets its result.
func (r *running) stopListeners(cause error) {
	r.stop(cause, (*exchange).listening)
}

// stopAll cancels every request.
func (r *running) stopAll(cause error) {
	r.stop(cause, func(*exchange) bool { return true })
}

func (r *running) stop(cause error, which func(*exchange) bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for x := range r.all {
		if which(x) {
			x.end(cause)
		}
	}
}
