package oauth

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/axon-mcp/axon-mcp/security"
)

// person is who Google says it is. Subject is the identity; the address is for
// the allow list and for people to read (G11).
type person struct {
	Issuer   string `json:"iss"`
	Subject  string `json:"sub"`
	Email    string `json:"email"`
	Verified bool   `json:"verified"`
	Domain   string `json:"hd,omitempty"`
}

// key is the identity that tokens stand for.
func (p person) key() string { return p.Issuer + "|" + p.Subject }

// code is an authorization code (X1): what it is bound to, and, once used, the
// grant that it gave.
type code struct {
	Request request   `json:"request"`
	Person  person    `json:"person"`
	Until   time.Time `json:"until"`
	Grant   string    `json:"grant,omitempty"` // "" while unused
}

// grant is what a person has given to a client.
type grant struct {
	ID       string    `json:"id"` // for people, opens nothing
	Client   string    `json:"client"`
	Name     string    `json:"name"`
	Person   person    `json:"person"`
	Resource string    `json:"resource"`
	Scopes   []string  `json:"scopes"`
	Created  time.Time `json:"created"`
	Used     time.Time `json:"used"`

	// Current are hashes of the refresh tokens that may come next: one, or a
	// few where answers got lost. Previous is the one that they replaced.
	Current  []string  `json:"current"`
	Previous string    `json:"previous,omitempty"`
	Rotated  time.Time `json:"rotated"`
}

// life is how long the grant goes on without use, within its 90 days.
func (g grant) life(now time.Time) time.Duration {
	return min(refreshIdle, g.Created.Add(refreshTotal).Sub(now))
}

// access is an access token.
type access struct {
	Grant    string    `json:"grant"` // key of the grant, without which it is void
	Client   string    `json:"client"`
	Subject  string    `json:"subject"`
	Resource string    `json:"resource"`
	Scopes   []string  `json:"scopes"`
	Until    time.Time `json:"until"`
}

// giveCode ends an authorization well: a code for the client.
func (s *Server) giveCode(w http.ResponseWriter, r *http.Request, asked *request, who person, status int) {
	token := security.NewMarkedToken("ac_")
	entry := code{Request: *asked, Person: who, Until: s.now().Add(codeLife)}
	err := s.keepClient(r.Context(), asked.Client)
	if err == nil {
		err = put(r.Context(), s.store, KindCode, hashOf(token), entry, codeMemory)
	}
	if err != nil {
		s.storePage(w, r, err)
		return
	}
	s.decide(r.Context(), "issued", slog.String("what", "code"), slog.String("client_id", asked.Client), slog.String("subject", who.key()), slog.String("scopes", strings.Join(asked.Scopes, " ")))
	params := url.Values{"code": {token}, "iss": {s.issuer}}
	if asked.State != "" {
		params.Set("state", asked.State)
	}
	redirect(w, redirectTo(asked.Redirect, params), status)
}

// Refresh tokens: rtk_ + the secret name of the family + a token.
const familyLength = 26 // of rand.Text: 130 bits

func newRefresh(family string) string { return security.NewMarkedToken("rtk_" + family) }

// familyOf returns the name in a refresh token, or false where it is none.
func familyOf(token string) (string, bool) {
	const from, to = len("rtk_"), len("rtk_") + familyLength
	if len(token) < to || !security.IsMarkedToken(token, token[:to]) || !strings.HasPrefix(token, "rtk_") {
		return "", false
	}
	return token[from:to], true
}

// tokens is the answer of the token endpoint.
type tokens struct {
	Access  string `json:"access_token"`
	Type    string `json:"token_type"`
	Expires int    `json:"expires_in"`
	Refresh string `json:"refresh_token"`
	Scope   string `json:"scope"`
}

// newAccess stores a new access token of a grant, with no more scopes than it.
func (s *Server) newAccess(ctx context.Context, key string, g grant, scopes []string) (string, error) {
	token := security.NewMarkedToken("atk_")
	entry := access{
		Grant: key, Client: g.Client, Subject: g.Person.key(), Resource: g.Resource, Scopes: scopes, Until: s.now().Add(accessLife),
	}
	return token, put(ctx, s.store, KindAccess, hashOf(token), entry, accessLife)
}

// newGrant stores what a code gives, before the code counts as used: whoever
// then loses the race for the code takes it back.
func (s *Server) newGrant(ctx context.Context, c code) (key string, given tokens, err error) {
	family := rand.Text()
	refresh := newRefresh(family)
	now := s.now()
	g := grant{
		ID: strings.ToLower(rand.Text()[:10]), Client: c.Request.Client, Name: c.Request.ClientName, Person: c.Person,
		Resource: c.Request.Resource, Scopes: c.Request.Scopes, Created: now, Used: now, Current: []string{hashOf(refresh)}, Rotated: now,
	}
	key = hashOf(family)
	if err := put(ctx, s.store, KindGrant, key, g, refreshIdle); err != nil {
		return "", tokens{}, err
	}
	token, err := s.newAccess(ctx, key, g, g.Scopes)
	if err != nil {
		return "", tokens{}, errors.Join(err, s.endGrant(ctx, key))
	}
	return key, tokens{Access: token, Type: "Bearer", Expires: int(accessLife.Seconds()), Refresh: refresh, Scope: strings.Join(g.Scopes, " ")}, nil
}

// endGrant revokes a grant, and so every token of it.
func (s *Server) endGrant(ctx context.Context, key string) error {
	_, err := s.store.Delete(ctx, KindGrant, key)
	return err
}
