package oauth

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/axon-mcp/axon-mcp/security"
)

// login is a sign-in that is under way at Google. Request is nil where the
// person only signs this browser in.
type login struct {
	Request *request  `json:"request,omitempty"`
	Until   time.Time `json:"until"`
}

// session is a browser that is signed in.
type session struct {
	Person person    `json:"person"`
	Until  time.Time `json:"until"`
}

const (
	sessionCookie = "axon_oauth_session"
	stateCookie   = "axon_oauth_state_" // + the sign-in's mark: tabs do not disturb each other
)

func stateCookieOf(state string) string { return stateCookie + hashOf(state)[:12] }

// startGoogle sends the browser to Google. Its state is bound to this browser by
// a cookie, which is set only now, after the person has consented (G6).
func (s *Server) startGoogle(w http.ResponseWriter, r *http.Request, asked *request, status int) {
	state, secret := security.NewToken(), security.NewToken()
	entry := login{Request: asked, Until: s.now().Add(loginLife)}
	if err := put(r.Context(), s.store, KindLogin, hashOf(state), entry, loginLife); err != nil {
		s.storePage(w, r, err)
		return
	}
	s.setCookie(w, stateCookieOf(state), state+"."+secret, loginLife)
	redirect(w, s.google.url(state, proofOf(secret)), status)
}

// login signs this browser in, without a client.
func (s *Server) login(w http.ResponseWriter, r *http.Request) {
	if undo, wait := s.limits.authorize.take(s.address(r), s.now()); undo == nil {
		s.busyPage(w, r, http.StatusTooManyRequests, wait)
		return
	}
	s.startGoogle(w, r, nil, http.StatusFound)
}

// callback is where Google sends the person back to.
func (s *Server) callback(w http.ResponseWriter, r *http.Request) {
	value, err := s.fromGoogle(r)
	if err != nil {
		s.refuseCallback(w, r, err.Error())
		return
	}
	state := value("state")
	cookie := s.cookie(r, stateCookieOf(state))
	bound, secret, _ := strings.Cut(cookie, ".")
	if state == "" || !security.SameToken(bound, state) {
		s.refuseCallback(w, r, "the sign-in was not begun in this browser, or more than 10 minutes ago")
		return
	}
	s.dropCookie(w, stateCookieOf(state))
	entry, err := s.takeLogin(r.Context(), state)
	switch {
	case errors.Is(err, ErrNone):
		s.refuseCallback(w, r, "the sign-in has been used already, or took more than 10 minutes")
		return
	case err != nil:
		s.storePage(w, r, err)
		return
	}
	if value("error") != "" || value("code") == "" {
		s.declined(w, r, entry)
		return
	}
	who, err := s.google.exchange(r.Context(), value("code"), proofOf(secret))
	if err != nil {
		s.googleFailed(w, r, err)
		return
	}
	s.signIn(w, r, entry, who)
}

// fromGoogle reads the callback's parameters, each once, and none from another
// server (X14).
func (s *Server) fromGoogle(r *http.Request) (func(string) string, error) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, errors.New("the address is malformed")
	}
	value, err := single(query)
	if err != nil {
		return nil, err
	}
	if iss := value("iss"); iss != "" && !slices.Contains(googleIssuers, iss) {
		return nil, errors.New("the answer is not Google's (iss)")
	}
	return value, nil
}

// takeLogin uses a sign-in up. It fails with ErrNone where another has.
func (s *Server) takeLogin(ctx context.Context, state string) (login, error) {
	entry, err := get[login](ctx, s.store, KindLogin, hashOf(state))
	if err != nil {
		return login{}, err
	}
	first, err := s.store.Delete(ctx, KindLogin, hashOf(state))
	if err == nil && (!first || s.now().After(entry.value.Until)) {
		err = ErrNone
	}
	return entry.value, err
}

func (s *Server) refuseCallback(w http.ResponseWriter, r *http.Request, reason string) {
	s.decide(r.Context(), "refused", slog.String("what", "callback"), slog.String("reason", reason))
	s.errorPage(w, r, http.StatusBadRequest, problem{
		Title: "This sign-in cannot go on", Text: "Google's answer was not taken: " + reason + ".",
		Hint: "Begin again in the application. Cookies of this site must be allowed.", Code: "invalid_callback",
	})
}

// declined is a person who said no at Google.
func (s *Server) declined(w http.ResponseWriter, r *http.Request, entry login) {
	s.decide(r.Context(), "refused", slog.String("what", "sign-in"), slog.String("reason", "the person said no at Google"))
	if entry.Request != nil {
		s.redirectError(w, entry.Request, "access_denied", "the person did not sign in at Google", http.StatusFound)
		return
	}
	s.errorPage(w, r, http.StatusForbidden, problem{Title: "You are not signed in", Text: "Google was told no.", Code: "access_denied"})
}

func (s *Server) googleFailed(w http.ResponseWriter, r *http.Request, err error) {
	s.decide(r.Context(), "refused", slog.String("what", "sign-in"), slog.String("reason", err.Error()))
	p := problem{
		Title: "Google's answer could not be checked", Text: "Google did not prove who you are.",
		Hint: "Begin again in the application. If it happens again, the log of the server names the reason.", Code: "google_failed",
	}
	status := http.StatusBadGateway
	if errors.Is(err, errIDToken) {
		status = http.StatusForbidden
	}
	s.errorPage(w, r, status, p)
}

// signIn lets a person in whom Google vouches for.
func (s *Server) signIn(w http.ResponseWriter, r *http.Request, entry login, who person) {
	err := s.permitted(who)
	if err == nil {
		err = s.pinned(r.Context(), who)
	}
	var no *notPermitted
	switch {
	case errors.As(err, &no):
		s.decide(r.Context(), "refused", slog.String("what", "sign-in"), slog.String("subject", who.key()), slog.String("reason", no.reason))
		p := problem{
			Title: "You may not enter", Text: fmt.Sprintf("Google says that you are %s, and %s.", orDefault(who.Email, "somebody without an address"), no.reason),
			Hint: "Sign in with another account, or ask whoever runs this server.", Code: "access_denied", Again: entry.Request == nil,
		}
		if asked := entry.Request; asked != nil {
			p.Back, p.BackHost = s.errorTarget(asked.Redirect, asked.State, "access_denied", "this account may not enter"), hostOf(asked.Redirect)
		}
		s.errorPage(w, r, http.StatusForbidden, p)
		return
	case err != nil:
		s.storePage(w, r, err)
		return
	}
	if err := s.newSession(w, r, who); err != nil {
		s.storePage(w, r, err)
		return
	}
	s.decide(r.Context(), "signed in", slog.String("subject", who.key()))
	if entry.Request != nil {
		s.giveCode(w, r, entry.Request, who, http.StatusFound)
		return
	}
	s.page(w, r, http.StatusOK, "signed-in", view{Title: "You are signed in", Email: who.Email})
}

// notPermitted is a person who may not enter.
type notPermitted struct{ reason string }

func (e *notPermitted) Error() string { return e.reason }

// permitted holds a person to the allow list: by address, or by Google's claim
// hd, never by the text after the @ (G12).
func (s *Server) permitted(who person) error {
	if !who.Verified {
		return &notPermitted{"Google has not verified this address"}
	}
	if s.byAddress(who) || slices.ContainsFunc(s.cfg.AllowedDomains, func(d string) bool { return who.Domain != "" && strings.EqualFold(d, who.Domain) }) {
		return nil
	}
	return &notPermitted{"this account is not on the list of those who may enter"}
}

func (s *Server) byAddress(who person) bool {
	return slices.ContainsFunc(s.cfg.AllowedEmails, func(email string) bool { return who.Email != "" && strings.EqualFold(email, who.Email) })
}

// pinned holds an address to the account that first came with it: addresses
// change hands, accounts do not (G12).
func (s *Server) pinned(ctx context.Context, who person) error {
	if !s.byAddress(who) {
		return nil
	}
	email := strings.ToLower(who.Email)
	known, err := get[string](ctx, s.store, KindPin, email)
	if errors.Is(err, ErrNone) {
		if err := put(ctx, s.store, KindPin, email, who.key(), pinLife); err == nil {
			return nil
		}
		known, err = get[string](ctx, s.store, KindPin, email) // another sign-in was first
	}
	if err != nil {
		return err
	}
	if known.value != who.key() {
		return &notPermitted{"another Google account has entered with this address before (the operator frees it with: axon-mcp auth revoke --pin " + email + ")"}
	}
	return nil
}

// newSession signs this browser in, and ends the session that it had.
func (s *Server) newSession(w http.ResponseWriter, r *http.Request, who person) error {
	if old := s.cookie(r, sessionCookie); old != "" {
		if _, err := s.store.Delete(r.Context(), KindSession, hashOf(old)); err != nil {
			return err
		}
	}
	token := security.NewToken()
	if err := put(r.Context(), s.store, KindSession, hashOf(token), session{Person: who, Until: s.now().Add(sessionLife)}, sessionLife); err != nil {
		return err
	}
	s.setCookie(w, sessionCookie, token, sessionLife)
	return nil
}

// session is this browser's, or nil. Where the store fails there is none.
func (s *Server) session(r *http.Request) *session {
	token := s.cookie(r, sessionCookie)
	if token == "" {
		return nil
	}
	entry, err := get[session](r.Context(), s.store, KindSession, hashOf(token))
	if err != nil || s.now().After(entry.value.Until) {
		return nil
	}
	return &entry.value
}

// logout ends this browser's session. Tokens of clients live on. By GET, too:
// SameSite keeps other sites' images from doing it, and it harms nobody.
func (s *Server) logout(w http.ResponseWriter, r *http.Request) {
	if token := s.cookie(r, sessionCookie); token != "" {
		if _, err := s.store.Delete(r.Context(), KindSession, hashOf(token)); err != nil {
			s.storePage(w, r, err)
			return
		}
		s.decide(r.Context(), "signed out")
	}
	s.dropCookie(w, sessionCookie)
	s.page(w, r, http.StatusOK, "signed-out", view{Title: "You are signed out"})
}

// status tells whether this browser is signed in.
func (s *Server) status(w http.ResponseWriter, r *http.Request) {
	state := struct {
		Configured bool   `json:"configured"`
		SignedIn   bool   `json:"signed_in"`
		Email      string `json:"email,omitempty"`
	}{Configured: true}
	if own := s.session(r); own != nil && s.permitted(own.Person) == nil {
		state.SignedIn, state.Email = true, own.Person.Email
	}
	answer(w, http.StatusOK, state)
}
