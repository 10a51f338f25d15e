package web

import (
	"net/http"
	"sync"
	"time"

	"github.com/axon-mcp/axon-mcp/security"
)

const (
	sessionLife = 12 * time.Hour
	maxSessions = 1_000
)

// sessions are signed-in pages. They live in memory: a restart asks for the
// token again.
type sessions struct {
	now    func() time.Time
	cookie string // its name; the port is in it, as cookies know no ports
	secure bool

	mu   sync.Mutex
	live map[hashed]session
}

type session struct {
	csrf  string
	until time.Time
}

func newSessions(now func() time.Time, port string, secure bool) *sessions {
	s := &sessions{now: now, cookie: "axon_session_" + port, secure: secure, live: make(map[hashed]session)}
	if secure {
		s.cookie = "__Host-axon_session"
	}
	return s
}

// begin signs a page in and gives it the cookie.
func (s *sessions) begin(w http.ResponseWriter) session {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	var oldest hashed
	var at time.Time
	for key, one := range s.live {
		switch {
		case !now.Before(one.until):
			delete(s.live, key)
		case at.IsZero() || one.until.Before(at):
			oldest, at = key, one.until
		}
	}
	if len(s.live) >= maxSessions {
		delete(s.live, oldest)
	}
	id := security.NewToken()
	begun := session{csrf: security.NewToken(), until: now.Add(sessionLife)}
	s.live[security.HashToken(id)] = begun
	s.set(w, id, int(sessionLife.Seconds()))
	return begun
}

func (s *sessions) set(w http.ResponseWriter, value string, age int) {
	http.SetCookie(w, &http.Cookie{
		Name: s.cookie, Value: value, Path: "/", MaxAge: age, HttpOnly: true, Secure: s.secure, SameSite: http.SameSiteStrictMode,
	})
}

// of returns the session of a request's cookie.
func (s *sessions) of(r *http.Request) (session, bool) {
	cookie, err := r.Cookie(s.cookie)
	if err != nil || cookie.Value == "" {
		return session{}, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	one, ok := s.live[security.HashToken(cookie.Value)]
	return one, ok && s.now().Before(one.until)
}

// end signs a page out.
func (s *sessions) end(w http.ResponseWriter, r *http.Request) {
	if cookie, err := r.Cookie(s.cookie); err == nil {
		s.mu.Lock()
		delete(s.live, security.HashToken(cookie.Value))
		s.mu.Unlock()
	}
	s.set(w, "", -1)
}
