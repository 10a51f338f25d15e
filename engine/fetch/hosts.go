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
	// leastSlow is the shortest slow-down worth keeping.
	leastSlow = 10 * time.Millisecond
)

// hosts keeps us polite: per host at most perHost requests at once, a pause
// between their starts, and a longer one after 429 and 503 that shrinks slowly.
type hosts struct {
	mu sync.Mutex
	m  map[string]*host
}

type host struct {
	slots chan struct{}
	local bool // a loopback address

	mu   sync.Mutex
	next time.Time     // the earliest start of the next request
	slow time.Duration // added to the pause
	good int           // good answers since the last change
}

func newHosts() *hosts { return &hosts{m: map[string]*host{}} }

func (h *hosts) of(u *url.URL) *host {
	h.mu.Lock()
	defer h.mu.Unlock()
	one, ok := h.m[u.Host]
	if !ok {
		h.drop()
		a, err := netip.ParseAddr(u.Hostname())
		one = &host{slots: make(chan struct{}, perHost), local: err == nil && a.IsLoopback()}
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

// place is one of a host's places, with the pause that was asked for.
type place struct {
	host  *host
	delay time.Duration
}

// enter waits for a place and for the pause. The caller leaves the place. It
// fails with the context's error.
func (h *hosts) enter(ctx context.Context, u *url.URL, delay time.Duration) (place, error) {
	one := h.of(u)
	select {
	case one.slots <- struct{}{}:
	case <-ctx.Done():
		return place{}, ctx.Err()
	}
	p := place{host: one, delay: one.delayFor(delay)}
	if pause := one.reserve(p.delay); pause > 0 {
		timer := time.NewTimer(pause)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			p.leave()
			return place{}, ctx.Err()
		}
	}
	return p, nil
}

func (p place) leave() { <-p.host.slots }

// delayFor is the pause that a request asks for.
func (h *host) delayFor(delay time.Duration) time.Duration {
	switch {
	case delay != 0:
		return min(max(delay, 0), maxDelay)
	case h.local:
		return 0
	}
	return defaultDelay
}

// reserve takes the next start and returns how long it is until then.
func (h *host) reserve(delay time.Duration) time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	if delay+h.slow == 0 && h.next.IsZero() {
		return 0
	}
	now := time.Now()
	start := now
	if h.next.After(now) {
		start = h.next
	}
	h.next = start.Add(delay + h.slow)
	return start.Sub(now)
}

// heard learns from an answer: half the speed after "too much", and back up
// slowly while all goes well.
func (p place) heard(status int) {
	h := p.host
	h.mu.Lock()
	defer h.mu.Unlock()
	if status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable {
		pause := 2 * (p.delay + h.slow)
		h.slow, h.good = min(max(pause-p.delay, defaultDelay), maxDelay), 0
		return
	}
	if h.slow == 0 {
		return
	}
	if h.good++; h.good >= calmAfter {
		h.good = 0
		if h.slow /= 2; h.slow < leastSlow {
			h.slow = 0
		}
	}
}
