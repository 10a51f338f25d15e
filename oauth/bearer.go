package oauth

import (
	"context"
	"errors"
	"strings"

	"github.com/axon-mcp/axon-mcp/security"
)

// ErrUnknownToken says that a token is none of ours.
var ErrUnknownToken = errors.New("oauth: unknown token")

// errVoid says that a token of ours opens nothing any more.
var errVoid = errors.New("oauth: the access token has expired or was revoked")

// Verify says whose access token this is. It fails with ErrUnknownToken, with
// another error that is no fault where the token is void, and with Unavailable
// where the store cannot be reached: nobody comes in then.
func (s *Server) Verify(ctx context.Context, token string) (security.Identity, error) {
	if !strings.HasPrefix(token, "atk_") {
		return security.Identity{}, ErrUnknownToken
	}
	if !security.IsMarkedToken(token, "atk_") {
		return security.Identity{}, errVoid
	}
	entry, err := get[access](ctx, s.store, KindAccess, hashOf(token))
	if errors.Is(err, ErrNone) {
		return security.Identity{}, errVoid
	}
	if err != nil {
		return security.Identity{}, err
	}
	a := entry.value
	if s.now().After(a.Until) || a.Resource != s.resource { // made for this resource (Z4, RFC 8707)
		return security.Identity{}, errVoid
	}
	_, err = s.store.Get(ctx, KindGrant, a.Grant)
	if errors.Is(err, ErrNone) {
		return security.Identity{}, errVoid // revoked
	}
	if err != nil {
		return security.Identity{}, err
	}
	return security.Identity{Subject: a.Subject, Scopes: a.Scopes}, nil
}
