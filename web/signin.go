package web

import (
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/axon-mcp/axon-mcp/fault"
)

// sessionBody is how a page stands to the server (ui.md, section 8).
type sessionBody struct {
	Gate        string   `json:"gate"` // open or token
	SignedIn    bool     `json:"signed_in"`
	CSRF        string   `json:"csrf"`
	Now         string   `json:"now"` // the server's clock
	Version     string   `json:"version"`
	AutoApprove bool     `json:"auto_approve"`
	Model       string   `json:"model"`
	Agents      []string `json:"agents"`
}

type signInBody struct {
	Token string `json:"token"`
}

type ticketBody struct {
	Ticket  string `json:"ticket"`
	Expires string `json:"expires"`
}

func (s *Server) sessionOf(begun *session) sessionBody {
	body := sessionBody{
		Gate: "token", Now: s.deps.Now().UTC().Format(time.RFC3339Nano), Version: s.deps.Version, Agents: []string{},
	}
	if !s.deps.Config.APIToken.IsSet() {
		body.Gate, body.SignedIn = "open", true
	}
	if s.chat != nil {
		s.chat.describe(&body)
	}
	if begun != nil {
		body.SignedIn, body.CSRF = true, begun.csrf
	}
	return body
}

// getSession is for whoever can open the page: it tells nothing that they may
// not know, and the CSRF token only to its cookie.
func (s *Server) getSession(w http.ResponseWriter, r *http.Request) error {
	var begun *session
	if one, ok := s.guard.sessions.of(r); ok {
		begun = &one
	}
	s.answer(w, r, http.StatusOK, s.sessionOf(begun))
	return nil
}

// postSession signs a page in.
func (s *Server) postSession(w http.ResponseWriter, r *http.Request, in signInBody) (sessionBody, error) {
	cfg := s.deps.Config
	if !cfg.APIToken.IsSet() {
		return s.sessionOf(nil), nil
	}
	from := limitKey(r, s.proxies)
	if wait := s.logins.wait(from); wait > 0 {
		return sessionBody{}, &fault.Error{Code: fault.Busy, Message: "too many tokens were tried; wait a minute", RetryAfter: wait}
	}
	switch {
	case !isAccessToken(in.Token) && cfg.APIToken.Equal(in.Token):
		s.logins.forget(from)
		begun := s.guard.sessions.begin(w)
		return s.sessionOf(&begun), nil
	case cfg.BrowserToken.Equal(in.Token):
		return sessionBody{}, fault.New(fault.Forbidden, onlyReads)
	}
	s.logins.count(from)
	return sessionBody{}, fault.New(codeUnauthorized, "that token was not accepted")
}

// deleteSession signs the page out.
func (s *Server) deleteSession(w http.ResponseWriter, r *http.Request) error {
	s.guard.sessions.end(w, r)
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// postTicket gives a ticket to a page that cannot put headers on a socket.
func (s *Server) postTicket(_ http.ResponseWriter, r *http.Request, _ struct{}) (ticketBody, error) {
	token, err := s.guard.tickets.give(s.guard.web.caller(r))
	return ticketBody{Ticket: token, Expires: s.deps.Now().Add(ticketLife).UTC().Format(time.RFC3339Nano)}, err
}

// triesAMinute is how often one address may try a token.
const (
	triesAMinute = 10
	maxTriers    = 10_000
)

// attempts counts failed sign-ins by address.
type attempts struct {
	now func() time.Time

	mu    sync.Mutex
	tried map[netip.Addr]*tries
}

type tries struct {
	since time.Time
	n     int
}

func newAttempts(now func() time.Time) *attempts {
	return &attempts{now: now, tried: make(map[netip.Addr]*tries)}
}

// wait says how long an address must wait before it may try again.
func (a *attempts) wait(from netip.Addr) time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	one := a.tried[from]
	if one == nil || one.n < triesAMinute {
		return 0
	}
	return max(0, time.Minute-a.now().Sub(one.since))
}

func (a *attempts) count(from netip.Addr) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.now()
	for addr, one := range a.tried {
		if now.Sub(one.since) >= time.Minute {
			delete(a.tried, addr)
		}
	}
	if len(a.tried) >= maxTriers {
		return
	}
	if a.tried[from] == nil {
		a.tried[from] = &tries{since: now}
	}
	a.tried[from].n++
}

func (a *attempts) forget(from netip.Addr) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.tried, from)
}
