package oauth

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"log/slog"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/axon-mcp/axon-mcp/fault"
	"github.com/axon-mcp/axon-mcp/security"
)

// form is a request of a client to /oauth/token or /oauth/revoke.
type form struct {
	value func(name string) string
	has   func(name string) bool
	basic bool // the client is authenticated by the header
	id    string
}

// token gives tokens for a code or a refresh token.
func (s *Server) token(w http.ResponseWriter, r *http.Request) {
	given, err := s.tryToken(w, r)
	if err != nil {
		refuse(w, s.failure(r.Context(), err))
		return
	}
	answer(w, http.StatusOK, given)
}

// failure is what the client may read of an error.
func (s *Server) failure(ctx context.Context, err error) oauthError {
	var known oauthError
	if errors.As(err, &known) {
		return known
	}
	return s.storeError(ctx, err)
}

func (s *Server) tryToken(w http.ResponseWriter, r *http.Request) (*tokens, error) {
	f, err := readForm(w, r)
	if err != nil {
		return nil, err
	}
	if err := s.limited(r, f); err != nil {
		s.decide(r.Context(), "refused", slog.String("what", "token"), slog.String("client_id", clipped(f.id)), slog.String("reason", "too many requests"))
		return nil, err
	}
	if err := s.authenticate(r, f); err != nil {
		return nil, err
	}
	if _, err := s.ownResource(f.value("resource")); err != nil {
		return nil, oauthError{Status: http.StatusBadRequest, Code: "invalid_target", Text: err.Error()}
	}
	switch f.value("grant_type") {
	case "authorization_code":
		return s.byCode(r.Context(), f)
	case "refresh_token":
		return s.byRefresh(r.Context(), f)
	case "":
		return nil, badRequest("grant_type is missing")
	}
	return nil, oauthError{Status: http.StatusBadRequest, Code: "unsupported_grant_type", Text: "grant_type must be authorization_code or refresh_token"}
}

// limited counts a request of a client to /oauth/token or /oauth/revoke, by its
// address and by client and address.
func (s *Server) limited(r *http.Request, f *form) error {
	from := s.address(r)
	undo, wait := s.limits.tokenFrom.take(from, s.now())
	if undo != nil {
		undo, wait = s.limits.token.take(clipped(f.id)+" "+from, s.now())
	}
	if undo == nil {
		return oauthError{Status: http.StatusTooManyRequests, Code: "temporarily_unavailable", Text: "too many requests; try again later", Retry: wait}
	}
	return nil
}

func badRequest(text string) error {
	return oauthError{Status: http.StatusBadRequest, Code: "invalid_request", Text: text}
}

// readForm reads the body: a form, each parameter once (X10). The query of the
// URL does not count: it ends up in logs.
func readForm(w http.ResponseWriter, r *http.Request) (*form, error) {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/x-www-form-urlencoded" {
		return nil, badRequest("send application/x-www-form-urlencoded")
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		var over *http.MaxBytesError
		if errors.As(err, &over) {
			return nil, oauthError{Status: http.StatusRequestEntityTooLarge, Code: "invalid_request", Text: "the form is over 64 KiB"}
		}
		return nil, badRequest("the form is malformed")
	}
	value, err := single(r.PostForm)
	if err != nil {
		return nil, badRequest(err.Error())
	}
	f := &form{value: value, has: r.PostForm.Has, id: value("client_id")}
	if header := r.Header.Get("Authorization"); header != "" {
		f.basic = true
		name, _, ok := r.BasicAuth()
		if name, err = url.QueryUnescape(name); !ok || err != nil {
			return nil, invalidClient(true)
		}
		if f.id != "" && f.id != name {
			return nil, badRequest("client_id and the Authorization header name different clients")
		}
		f.id = name
	}
	if f.id == "" {
		return nil, badRequest("client_id is missing")
	}
	return f, nil
}

func invalidClient(basic bool) error {
	return oauthError{Status: http.StatusUnauthorized, Code: "invalid_client", Text: "the client is unknown, or did not prove who it is", Basic: basic}
}

// authenticate proves that the client is who it says, by one method (X10). A
// client of a metadata document has no secret; PKCE binds its code.
func (s *Server) authenticate(r *http.Request, f *form) error {
	secret := f.value("client_secret")
	if f.basic {
		if secret != "" {
			return badRequest("the client authenticates twice")
		}
		_, password, _ := r.BasicAuth()
		var err error
		if secret, err = url.QueryUnescape(password); err != nil {
			return invalidClient(true)
		}
	}
	c, err := s.client(r.Context(), f.id)
	switch {
	case errors.Is(err, errAway):
		s.decide(r.Context(), "refused", slog.String("what", "client"), slog.String("client_id", clipped(f.id)), slog.String("reason", "its document cannot be had now"))
		return oauthError{Status: http.StatusServiceUnavailable, Code: "temporarily_unavailable", Text: "the server of the client's document does not answer now; try again", Retry: documentTime}
	case errors.Is(err, errNoClient), fault.CodeOf(err) == fault.Invalid:
		err = invalidClient(f.basic)
	case err != nil:
		return err
	case c.Method == "none" && secret == "":
		return nil
	case c.Secret != "" && security.SameToken(hashOf(secret), c.Secret):
		return nil
	default:
		err = invalidClient(f.basic)
	}
	s.decide(r.Context(), "refused", slog.String("what", "client"), slog.String("client_id", clipped(f.id)), slog.String("reason", "unknown client or wrong secret"))
	return err
}

// invalidGrant is the one answer to every code and token that is not good.
func (s *Server) invalidGrant(ctx context.Context, decision, what, client, subject, reason string) error {
	s.decide(ctx, decision, slog.String("what", what), slog.String("client_id", clipped(client)), slog.String("subject", subject), slog.String("reason", reason))
	return oauthError{Status: http.StatusBadRequest, Code: "invalid_grant", Text: "the " + what + " is not good, or not any more"}
}

var verifierChars = regexp.MustCompile(`^[A-Za-z0-9._~-]{43,128}$`)

// byCode exchanges a code (X1 to X4).
func (s *Server) byCode(ctx context.Context, f *form) (*tokens, error) {
	token := f.value("code")
	if token == "" {
		return nil, badRequest("code is missing")
	}
	entry, err := get[code](ctx, s.store, KindCode, hashOf(token))
	if errors.Is(err, ErrNone) {
		return nil, s.invalidGrant(ctx, "refused", "code", f.id, "", "unknown")
	}
	if err != nil {
		return nil, err
	}
	c := entry.value
	if reason := c.mismatch(f); reason != "" { // also of a used one: a replay by who lacks the verifier changes nothing (X3)
		return nil, s.invalidGrant(ctx, "refused", "code", f.id, c.Person.key(), reason)
	}
	if c.Grant != "" {
		return nil, s.codeReused(ctx, f, c)
	}
	if s.now().After(c.Until) {
		return nil, s.invalidGrant(ctx, "refused", "code", f.id, c.Person.key(), "expired")
	}
	key, given, err := s.newGrant(ctx, c)
	if err != nil {
		return nil, err
	}
	used := c
	used.Grant = key
	first, err := entry.swap(ctx, s.store, used, codeMemory)
	if err != nil || !first {
		undone := errors.Join(s.endGrant(ctx, key), s.forgetAccess(ctx, given.Access))
		if err = errors.Join(err, undone); err != nil {
			return nil, err
		}
		if entry, err = get[code](ctx, s.store, KindCode, hashOf(token)); err != nil {
			return nil, s.invalidGrant(ctx, "refused", "code", f.id, c.Person.key(), "gone meanwhile")
		}
		return nil, s.codeReused(ctx, f, entry.value)
	}
	s.decide(ctx, "issued", slog.String("what", "tokens"), slog.String("client_id", f.id), slog.String("subject", c.Person.key()), slog.String("scopes", given.Scope))
	return &given, nil
}

func (s *Server) forgetAccess(ctx context.Context, token string) error {
	_, err := s.store.Delete(ctx, KindAccess, hashOf(token))
	return err
}

// mismatch says what of an exchange is not as the code was given.
func (c code) mismatch(f *form) string {
	verifier := f.value("code_verifier")
	sum := sha256.Sum256([]byte(verifier))
	switch {
	case f.id != c.Request.Client:
		return "another client's"
	case f.has("redirect_uri") && f.value("redirect_uri") != c.Request.Redirect:
		return "another redirect_uri"
	case !verifierChars.MatchString(verifier):
		return "no code_verifier"
	case !security.SameToken(base64.RawURLEncoding.EncodeToString(sum[:]), c.Request.Challenge):
		return "wrong code_verifier"
	}
	return ""
}

// codeReused revokes what a code gave that comes a second time (X3).
func (s *Server) codeReused(ctx context.Context, f *form, c code) error {
	if err := s.endGrant(ctx, c.Grant); err != nil {
		return err
	}
	return s.invalidGrant(ctx, "reused", "code", f.id, c.Person.key(), "used twice: its tokens are revoked")
}

// maxSuccessors bounds how often a lost answer may be asked for again.
const maxSuccessors = 8

// byRefresh exchanges a refresh token (X7, X8).
func (s *Server) byRefresh(ctx context.Context, f *form) (*tokens, error) {
	token := f.value("refresh_token")
	if token == "" {
		return nil, badRequest("refresh_token is missing")
	}
	family, ok := familyOf(token)
	if !ok {
		return nil, s.invalidGrant(ctx, "refused", "refresh token", f.id, "", "malformed")
	}
	for {
		given, again, err := s.rotate(ctx, f, family, token)
		if !again {
			return given, err
		}
	}
}

// rotate tries once. again tells that another request of the family came
// between.
func (s *Server) rotate(ctx context.Context, f *form, family, token string) (given *tokens, again bool, err error) {
	key, now := hashOf(family), s.now()
	entry, err := get[grant](ctx, s.store, KindGrant, key)
	if errors.Is(err, ErrNone) {
		return nil, false, s.invalidGrant(ctx, "refused", "refresh token", f.id, "", "unknown, revoked or expired")
	}
	if err != nil {
		return nil, false, err
	}
	g := entry.value
	if refused := s.refreshRefused(ctx, f, key, g, hashOf(token)); refused != nil {
		return nil, false, refused
	}
	scopes, err := narrowed(g.Scopes, f.value("scope"))
	if err != nil {
		return nil, false, err
	}
	refresh := newRefresh(family)
	g.rotateTo(hashOf(token), hashOf(refresh), now)
	// First what may find no room: the client then tries again, however late, with a
	// token that is still the current one.
	access, err := s.newAccess(ctx, key, g, scopes)
	if err != nil {
		return nil, false, err
	}
	swapped, err := entry.swap(ctx, s.store, g, g.life(now))
	if err != nil || !swapped {
		err = errors.Join(err, s.forgetAccess(ctx, access))
		return nil, err == nil, err
	}
	s.decide(ctx, "issued", slog.String("what", "refreshed tokens"), slog.String("client_id", f.id), slog.String("subject", g.Person.key()), slog.String("scopes", strings.Join(scopes, " ")))
	return &tokens{Access: access, Type: "Bearer", Expires: int(accessLife.Seconds()), Refresh: refresh, Scope: strings.Join(scopes, " ")}, false, nil
}

// refreshRefused judges a refresh token of a family. nil lets it through.
func (s *Server) refreshRefused(ctx context.Context, f *form, key string, g grant, hash string) error {
	subject := g.Person.key()
	no := func(reason string) error {
		return s.invalidGrant(ctx, "refused", "refresh token", f.id, subject, reason)
	}
	if f.id != g.Client {
		return no("another client's")
	}
	if g.life(s.now()) <= 0 {
		return no("the grant is over")
	}
	if !slices.Contains(g.Current, hash) {
		if hash == g.Previous && s.now().Sub(g.Rotated) <= refreshGrace {
			if len(g.Current) >= maxSuccessors {
				return no("asked for too often")
			}
		} else {
			if err := s.endGrant(ctx, key); err != nil {
				return err
			}
			return s.invalidGrant(ctx, "reused", "refresh token", f.id, subject, "retired before: its family is revoked")
		}
	}
	if err := s.permitted(g.Person); err != nil { // who has been taken off the list (G14)
		if err := s.endGrant(ctx, key); err != nil {
			return err
		}
		return s.invalidGrant(ctx, "revoked", "refresh token", f.id, subject, err.Error())
	}
	return nil
}

// rotateTo replaces the token that came by the next. Where that was the
// previous one, whose answer got lost, the next stands beside its siblings.
func (g *grant) rotateTo(came, next string, now time.Time) {
	g.Used = now
	if came == g.Previous {
		g.Current = append(slices.Clone(g.Current), next)
		return
	}
	g.Current, g.Previous, g.Rotated = []string{next}, came, now
}

// narrowed are the scopes of a refreshed token: those asked for, never more than
// the grant has (X8).
func narrowed(granted []string, asked string) ([]string, error) {
	if strings.TrimSpace(asked) == "" {
		return granted, nil
	}
	id := security.Identity{Scopes: granted}
	for field := range strings.FieldsSeq(asked) {
		if !id.Can(field) {
			return nil, oauthError{Status: http.StatusBadRequest, Code: "invalid_scope", Text: "a refresh cannot ask for more than was granted"}
		}
	}
	return scopesOf(asked), nil
}
