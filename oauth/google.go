package oauth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/MicahParks/keyfunc/v3"
	"github.com/golang-jwt/jwt/v5"
	"golang.org/x/oauth2"
	"golang.org/x/time/rate"

	"github.com/axon-mcp/axon-mcp/fault"
	"github.com/axon-mcp/axon-mcp/security"
)

// googleIssuers are the two spellings of Google's name in its ID tokens (G10).
var googleIssuers = []string{"https://accounts.google.com", "accounts.google.com"}

// Times of ID tokens: how far the clocks may be apart, and how old a token may
// be that we have just asked for.
const (
	clockSkew   = 2 * time.Minute
	maxTokenAge = 5 * time.Minute
)

// google is the leg to Google: its pages, its token endpoint and its keys.
type google struct {
	oauth  oauth2.Config
	hd     string // hint for its account chooser; it proves nothing (G12)
	client *http.Client
	now    func() time.Time
	keys   keys
}

// newGoogle contacts nobody.
func newGoogle(cfg Config, now func() time.Time) *google {
	g := &google{
		oauth: oauth2.Config{
			ClientID: cfg.ClientID, ClientSecret: cfg.ClientSecret.Reveal(), RedirectURL: cfg.callback(),
			Scopes: strings.Fields(orDefault(cfg.Scopes, "openid email")),
			Endpoint: oauth2.Endpoint{
				AuthURL:   orDefault(cfg.AuthURL, "https://accounts.google.com/o/oauth2/v2/auth"),
				TokenURL:  orDefault(cfg.TokenURL, "https://oauth2.googleapis.com/token"),
				AuthStyle: oauth2.AuthStyleInParams,
			},
		},
		client: &http.Client{
			Timeout:       15 * time.Second,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		now:  now,
		keys: keys{url: orDefault(cfg.JWKSURL, "https://www.googleapis.com/oauth2/v3/certs"), asks: rate.NewLimiter(rate.Every(30*time.Second), 5)},
	}
	if len(cfg.AllowedDomains) == 1 && len(cfg.AllowedEmails) == 0 {
		g.hd = cfg.AllowedDomains[0]
	}
	return g
}

// proof are the secrets of one sign-in at Google. They come from the browser's
// cookie, so that the store holds nothing with which to end one (G7).
type proof struct{ verifier, nonce string }

func proofOf(cookie string) proof {
	return proof{verifier: hashOf("axon verifier\n" + cookie), nonce: hashOf("axon nonce\n" + cookie)}
}

// url is Google's page for a sign-in.
func (g *google) url(state string, p proof) string {
	options := []oauth2.AuthCodeOption{
		oauth2.S256ChallengeOption(p.verifier), oauth2.SetAuthURLParam("nonce", p.nonce), oauth2.SetAuthURLParam("prompt", "select_account"),
	}
	if g.hd != "" {
		options = append(options, oauth2.SetAuthURLParam("hd", g.hd))
	}
	return g.oauth.AuthCodeURL(state, options...)
}

// errIDToken says that Google's word does not prove who the person is.
var errIDToken = errors.New("the ID token is not good")

// exchange turns Google's code into a person. Google's own tokens are dropped:
// there is nothing to leak and nothing to pass on (G13).
func (g *google) exchange(ctx context.Context, code string, p proof) (person, error) {
	token, err := g.oauth.Exchange(context.WithValue(ctx, oauth2.HTTPClient, g.client), code, oauth2.VerifierOption(p.verifier))
	if err != nil {
		return person{}, fmt.Errorf("ask Google for the ID token: %w", withoutBody(err))
	}
	raw, _ := token.Extra("id_token").(string)
	if raw == "" {
		return person{}, fmt.Errorf("%w: Google sent none", errIDToken)
	}
	return g.verify(ctx, raw, p.nonce)
}

// withoutBody drops what Google's answer said: it may hold anything.
func withoutBody(err error) error {
	var failed *oauth2.RetrieveError
	if errors.As(err, &failed) && failed.Response != nil {
		return fmt.Errorf("it answered %d %.60q", failed.Response.StatusCode, failed.ErrorCode)
	}
	return err
}

// claims of an ID token.
type claims struct {
	jwt.RegisteredClaims
	Nonce    string `json:"nonce"`
	Azp      string `json:"azp"`
	Email    string `json:"email"`
	Verified truth  `json:"email_verified"`
	Domain   string `json:"hd"`
}

// truth is a boolean that some servers write as a string.
type truth bool

// UnmarshalJSON takes true and "true"; everything else is false.
func (t *truth) UnmarshalJSON(raw []byte) error {
	*t = string(raw) == "true" || string(raw) == `"true"`
	return nil
}

// verify holds an ID token to every rule of G10.
func (g *google) verify(ctx context.Context, raw, nonce string) (person, error) {
	var c claims
	parser := jwt.NewParser(
		jwt.WithValidMethods([]string{"RS256"}), jwt.WithAudience(g.oauth.ClientID), jwt.WithExpirationRequired(),
		jwt.WithIssuedAt(), jwt.WithLeeway(clockSkew), jwt.WithTimeFunc(g.now), jwt.WithStrictDecoding(),
	)
	_, err := parser.ParseWithClaims(raw, &c, func(t *jwt.Token) (any, error) { return g.key(ctx, t) })
	switch {
	case err != nil && isUnavailable(err):
		return person{}, err
	case err != nil:
		return person{}, fmt.Errorf("%w: %w", errIDToken, err)
	case !slices.Contains(googleIssuers, c.Issuer):
		return person{}, fmt.Errorf("%w: its iss is not Google", errIDToken)
	case (c.Azp != "" || len(c.Audience) > 1) && c.Azp != g.oauth.ClientID:
		return person{}, fmt.Errorf("%w: it was made for another client (azp)", errIDToken)
	case c.IssuedAt == nil || g.now().Sub(c.IssuedAt.Time) > maxTokenAge:
		return person{}, fmt.Errorf("%w: it was not made just now (iat)", errIDToken)
	case !security.SameToken(c.Nonce, nonce):
		return person{}, fmt.Errorf("%w: it belongs to another sign-in (nonce)", errIDToken)
	case c.Subject == "" || len(c.Subject) > 255:
		return person{}, fmt.Errorf("%w: it names nobody (sub)", errIDToken)
	}
	return person{
		Issuer: googleIssuers[0], Subject: c.Subject, Email: strings.ToLower(c.Email), Verified: bool(c.Verified), Domain: strings.ToLower(c.Domain),
	}, nil
}

func (g *google) key(ctx context.Context, t *jwt.Token) (any, error) {
	kid, _ := t.Header["kid"].(string)
	if kid == "" {
		return nil, errors.New("it names no key (kid)")
	}
	known, err := g.keys.get(ctx, g.client, kid, g.now())
	if err != nil {
		return nil, err
	}
	return known.Keyfunc(t)
}

// unavailable marks that Google's keys could not be read.
type unavailable struct{ error }

func isUnavailable(err error) bool {
	var u unavailable
	return errors.As(err, &u)
}

// keys are Google's public keys, cached as its headers say and read again where
// a token names one that is not there: Google rotates them.
type keys struct {
	url  string
	asks *rate.Limiter // made-up key ids must not make us hammer Google

	mu    sync.Mutex
	known keyfunc.Keyfunc
	ids   map[string]bool
	until time.Time
}

const maxKeySet = 256 << 10

func (k *keys) get(ctx context.Context, client *http.Client, kid string, now time.Time) (keyfunc.Keyfunc, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	fresh := k.known != nil && now.Before(k.until)
	if fresh && k.ids[kid] {
		return k.known, nil
	}
	if !k.asks.AllowN(now, 1) {
		if fresh {
			return nil, errors.New("its key is none of Google's")
		}
		return nil, unavailable{errors.New("the keys of Google were asked for too often")}
	}
	if err := k.read(ctx, client, now); err != nil {
		return nil, unavailable{fmt.Errorf("read Google's keys: %w", err)}
	}
	if !k.ids[kid] {
		return nil, errors.New("its key is none of Google's")
	}
	return k.known, nil
}

// check proves that Google's keys can be read.
func (k *keys) check(ctx context.Context, client *http.Client, now time.Time) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	err := k.read(ctx, client, now)
	if err == nil && len(k.ids) == 0 {
		err = errors.New("it has no keys")
	}
	if err != nil {
		return fault.Wrap(fault.Unavailable, err, "Google's keys cannot be read at %s: %v", security.LogURL(k.url), err)
	}
	return nil
}

func (k *keys) read(ctx context.Context, client *http.Client, now time.Time) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, k.url, nil)
	if err != nil {
		return err
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(response.Body, maxKeySet))
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("it answered %d", response.StatusCode)
	}
	known, err := keyfunc.NewJWKSetJSON(raw)
	if err != nil {
		return errors.New("it is no set of keys")
	}
	var set struct {
		Keys []struct {
			ID string `json:"kid"`
		} `json:"keys"`
	}
	if err := json.Unmarshal(raw, &set); err != nil {
		return errors.New("it is no set of keys")
	}
	k.known, k.ids = known, make(map[string]bool, len(set.Keys))
	for _, key := range set.Keys {
		k.ids[key.ID] = true
	}
	k.until = now.Add(min(cacheTime(response.Header), 24*time.Hour))
	return nil
}
