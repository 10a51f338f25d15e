package mcp

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"strings"

	"github.com/axon-mcp/axon-mcp/fault"
	"github.com/axon-mcp/axon-mcp/secret"
	"github.com/axon-mcp/axon-mcp/security"
)

// Verifier says whose credential a bearer token is. It fails with Forbidden
// where the token is good but not from here (403), with Unavailable where it
// cannot tell now (503), and with ErrUnknownToken or any other error where the
// token opens nothing (401).
type Verifier func(ctx context.Context, token string, r *http.Request) (security.Identity, error)

// ErrUnknownToken says that a token is not of the kind, or not in the store,
// that a Verifier knows.
var ErrUnknownToken = errors.New("mcp: unknown token")

// StaticKey verifies the one key that opens everything. An unset key opens
// nothing.
func StaticKey(key secret.String) Verifier {
	return func(_ context.Context, token string, _ *http.Request) (security.Identity, error) {
		if !key.Equal(token) {
			return security.Identity{}, ErrUnknownToken
		}
		return security.Identity{Subject: "key", Scopes: []string{security.ScopeRead, security.ScopeWrite, security.ScopeAdmin}}, nil
	}
}

// FirstOf asks the verifiers in turn until one knows the token.
func FirstOf(verifiers ...Verifier) Verifier {
	return func(ctx context.Context, token string, r *http.Request) (security.Identity, error) {
		for _, verify := range verifiers {
			id, err := verify(ctx, token, r)
			if !errors.Is(err, ErrUnknownToken) {
				return id, err
			}
		}
		return security.Identity{}, ErrUnknownToken
	}
}

// Challenge is what WWW-Authenticate tells a client that may not enter
// (RFC 6750, section 3; RFC 9728, section 5.1).
type Challenge struct {
	// ResourceMetadata is the URL of the protected resource's metadata. Empty:
	// there is no authorization server to ask.
	ResourceMetadata string
	// Scopes that a client should ask for.
	Scopes []string
}

func (c Challenge) header(code string, scopes []string) string {
	var parts []string
	if code != "" {
		parts = append(parts, `error="`+code+`"`)
	}
	if c.ResourceMetadata != "" {
		parts = append(parts, `resource_metadata="`+c.ResourceMetadata+`"`)
	}
	if len(scopes) > 0 {
		parts = append(parts, `scope="`+strings.Join(scopes, " ")+`"`)
	}
	if len(parts) == 0 {
		return "Bearer"
	}
	return "Bearer " + strings.Join(parts, ", ")
}

type challengeKey struct{}

// Bearer lets in who brings a token that verify knows, as the identity in the
// request's context. Only the Authorization header counts: a token in the query
// ends up in logs (RFC 6750, section 2.3).
func Bearer(verify Verifier, challenge Challenge, log *slog.Logger) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			token, given := bearerToken(r)
			if !given {
				w.Header().Set("WWW-Authenticate", challenge.header("", challenge.Scopes))
				refuse(w, http.StatusUnauthorized, "axon needs the header Authorization: Bearer KEY")
				return
			}
			id, err := verify(r.Context(), token, r)
			if err != nil {
				log.LogAttrs(r.Context(), slog.LevelInfo, "credential refused", slog.String("remote", r.RemoteAddr), slog.String("error", err.Error()))
				challenge.refuse(w, err)
				return
			}
			ctx := context.WithValue(security.WithIdentity(r.Context(), id), challengeKey{}, challenge)
			next.ServeHTTP(w, r.WithContext(ctx))
		})
	}
}

func (c Challenge) refuse(w http.ResponseWriter, err error) {
	switch fault.CodeOf(err) {
	case fault.Forbidden:
		refuse(w, http.StatusForbidden, fault.MessageOf(err))
	case fault.Unavailable, fault.Timeout, fault.Busy:
		w.Header().Set("Retry-After", strconv.Itoa(max(1, int(fault.RetryAfter(err).Seconds()))))
		refuse(w, http.StatusServiceUnavailable, fault.MessageOf(err))
	default:
		w.Header().Set("WWW-Authenticate", c.header("invalid_token", c.Scopes))
		refuse(w, http.StatusUnauthorized, "this key or token opens nothing here; it may have expired")
	}
}

// bearerToken reads the one Authorization header.
func bearerToken(r *http.Request) (string, bool) {
	values := r.Header.Values("Authorization")
	if len(values) != 1 {
		return "", false
	}
	scheme, token, found := strings.Cut(values[0], " ")
	token = strings.TrimSpace(token)
	return token, found && strings.EqualFold(scheme, "Bearer") && token != "" && len(token) <= 4_096
}

// insufficientScope is the challenge for a caller that lacks a scope.
func insufficientScope(r *http.Request, scope string) string {
	challenge, _ := r.Context().Value(challengeKey{}).(Challenge)
	return challenge.header("insufficient_scope", []string{scope})
}
