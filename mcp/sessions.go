package mcp

import (
	"crypto/rand"
	"sync"
	"time"

	"github.com/axon-mcp/axon-mcp/fault"
)

// Limits of the sessions over HTTP, which only clients of the older era make.
const (
	sessionIdle = time.Hour
	maxSessions = 1_000
)

// session is one client that has said initialize over HTTP.
type session struct {
	client
	inflight

	id      string
	subject string    // security.Identity.Subject of who made it
	used    time.Time // under the table's lock
}

// sessionTable holds the sessions. The zero value is ready for use.
type sessionTable struct {
	mu   sync.Mutex
	byID map[string]*session
}

// open makes a session for the caller. Where there are too many, the one that
// has been idle longest goes; its client finds it unknown and makes another.
// It fails with Busy when every session has a request running.
func (t *sessionTable) open(subject string, now time.Time) (*session, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.byID == nil {
		t.byID = make(map[string]*session)
	}
	if len(t.byID) >= maxSessions && !t.evict() {
		return nil, &fault.Error{Code: fault.Busy, Message: "every session has a request running; try again later", RetryAfter: time.Minute}
	}
	s := &session{id: rand.Text() + rand.Text(), subject: subject, used: now}
	t.byID[s.id] = s
	return s, nil
}

// evict drops the idle session that was used least recently.
func (t *sessionTable) evict() bool {
	var oldest *session
	for _, s := range t.byID {
		if (oldest == nil || s.used.Before(oldest.used)) && !s.busy() {
			oldest = s
		}
	}
	if oldest == nil {
		return false
	}
	delete(t.byID, oldest.id)
	return true
}

// get returns the caller's session. Another's is as good as none, and so is one
// that has been idle for an hour.
func (t *sessionTable) get(id, subject string, now time.Time) (*session, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	s, ok := t.byID[id]
	if !ok || s.subject != subject || (now.Sub(s.used) > sessionIdle && !s.busy()) {
		return nil, false
	}
	s.used = now
	return s, true
}

// remove ends the session and cancels what runs in it.
func (t *sessionTable) remove(s *session) {
	t.mu.Lock()
	delete(t.byID, s.id)
	t.mu.Unlock()
	s.withdrawAll()
}

// sweep forgets the idle sessions.
func (t *sessionTable) sweep(now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for id, s := range t.byID {
		if now.Sub(s.used) > sessionIdle && !s.busy() {
			delete(t.byID, id)
		}
	}
}
