package fetch

import (
	"context"
	"net/http"
	"net/netip"
	"net/url"
	"sync"
	"time"
)

const (
	perHost      = 8
	defaultDelay = 100 * time.Millisecond
	maxDelay     = 30 * time.Second
	// maxHosts bounds the table; idle hosts are dropped beyond it.
	maxHosts = 4096
	// calmAfter is how many good answers halve the slow-down.
	calmAfter = 20
)

// hosts keeps us polite: per host at most perHost requests at once, a pause
// between their starts, and a longer one after 429 and 503 that shrinks slowly.
type hosts struct {
	mu sync.Mutex
	m  map[string]*host
}

type host struct {
	slots chan struct{}
	mu    sync.Mutex
	next  time.Time     // the earliest start of the next request
	slow  time.Duration // added to the pause
	good  int           // good answers since the last change
}

func newHosts() *hosts { return &hosts{m: map[string]*host{}} }

func (h *hosts) of(u *url.URL) *host {
	h.mu.Lock()
	defer h.mu.Unlock()
	one, ok := h.m[u.Host]
	if !ok {
		h.drop()
		one = &host{slots: make(chan struct{}, perHost)}
		h.m[u.Host] = one
	}
	return one
}

// drop forgets idle hosts when the table is full. h.mu is held.
func (h *hosts) drop() {
	if len(h.m) < maxHosts {
		return
	}
	for name, one := range h.m {
		if len(one.slots) == 0 {
			delete(h.m, name)
		}
	}
}

// enter waits for a place and for the pause. release gives the place back.
func (h *hosts) enter(ctx context.Context, u *url.URL, delay time.Duration) (release func(), err error) {
	one := h.of(u)
	select {
	case one.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	release = func() { <-one.slots }
	if pause := one.reserve(delayFor(u, delay)); pause > 0 {
		timer := time.NewTimer(pause)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			release()
			return nil, context.Cause(ctx)
		}
	}
	return release, nil
}

// delayFor is the pause that a request asks for.
func delayFor(u *url.URL, delay time.Duration) time.Duration {
	if delay != 0 {
		return min(max(delay, 0), maxDelay)
	}
	if a, err := netip.ParseAddr(u.Hostname()); err == nil && a.IsLoopback() {
		return 0
	}
	return defaultDelay
}

// reserve takes the next start and returns how long it is until then.
func (h *host) reserve(delay time.Duration) time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := time.Now()
	start := now
	if h.next.After(now) {
		start = h.next
	}
	h.next = start.Add(delay + h.slow)
	return start.Sub(now)
}

// heard learns from an answer: half the speed after "too much", and back slowly.
func (h *hosts) heard(u *url.URL, status int) {
	one := h.of(u)
	one.mu.Lock()
	defer one.mu.Unlock()
	if status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable {
		one.slow, one.good = min(max(2*one.slow, defaultDelay), maxDelay), 0
		return
	}
	if one.slow == 0 {
		return
	}
	if one.good++; one.good >= calmAfter {
		one.good = 0
		if one.slow /= 2; one.slow < 10*time.Millisecond {
			one.slow = 0
		}
	}
}
