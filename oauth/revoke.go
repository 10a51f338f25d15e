package oauth

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strings"
)

// revoke ends a token (RFC 7009). Whatever is wrong with the token, the answer
// is 200: it opens nothing now, or never did for this client (X9).
func (s *Server) revoke(w http.ResponseWriter, r *http.Request) {
	f, err := readForm(w, r)
	if err == nil {
		err = s.limited(r, f)
	}
	if err == nil {
		err = s.authenticate(r, f)
	}
	if err == nil && f.value("token") == "" {
		err = badRequest("token is missing")
	}
	if err == nil {
		err = s.revokeToken(r.Context(), f)
	}
	if err != nil {
		refuse(w, s.failure(r.Context(), err))
		return
	}
	answer(w, http.StatusOK, struct{}{})
}

func (s *Server) revokeToken(ctx context.Context, f *form) error {
	token := f.value("token")
	if strings.HasPrefix(token, "rtk_") {
		return s.revokeRefresh(ctx, f, token)
	}
	entry, err := get[access](ctx, s.store, KindAccess, hashOf(token))
	switch {
	case errors.Is(err, ErrNone):
		return nil
	case err != nil:
		return err
	case entry.value.Client != f.id:
		s.decide(ctx, "refused", slog.String("what", "revocation"), slog.String("client_id", f.id), slog.String("reason", "another client's"))
		return nil
	}
	if _, err := s.store.Delete(ctx, KindAccess, entry.key); err != nil {
		return err
	}
	s.decide(ctx, "revoked", slog.String("what", "access token"), slog.String("client_id", f.id), slog.String("subject", entry.value.Subject))
	return nil
}

// revokeRefresh ends the whole grant, whose refresh token it is.
func (s *Server) revokeRefresh(ctx context.Context, f *form, token string) error {
	family, ok := familyOf(token)
	if !ok {
		return nil
	}
	entry, err := get[grant](ctx, s.store, KindGrant, hashOf(family))
	if errors.Is(err, ErrNone) {
		return nil
	}
	if err != nil {
		return err
	}
	g := entry.value
	if g.Client != f.id || !(slices.Contains(g.Current, hashOf(token)) || g.Previous == hashOf(token)) {
		s.decide(ctx, "refused", slog.String("what", "revocation"), slog.String("client_id", f.id), slog.String("reason", "another client's, or retired"))
		return nil
	}
	if err := s.endGrant(ctx, entry.key); err != nil {
		return err
	}
	s.decide(ctx, "revoked", slog.String("what", "grant"), slog.String("client_id", f.id), slog.String("subject", g.Person.key()))
	return nil
}
