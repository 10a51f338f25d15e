package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/axon-mcp/axon-mcp/config"
	"github.com/axon-mcp/axon-mcp/engine/fetch"
	"github.com/axon-mcp/axon-mcp/fault"
	"github.com/axon-mcp/axon-mcp/mcp"
	"github.com/axon-mcp/axon-mcp/oauth"
	"github.com/axon-mcp/axon-mcp/secret"
	"github.com/axon-mcp/axon-mcp/security"
	"github.com/axon-mcp/axon-mcp/store"
	"github.com/axon-mcp/axon-mcp/tools"
)

// documentFetcher reads client metadata documents through the guard.
type documentFetcher struct{ client *fetch.Client }

// FetchDocument is oauth.Fetcher.
func (f documentFetcher) FetchDocument(ctx context.Context, url string, max int64) (*oauth.Document, error) {
	r, err := f.client.Fetch(ctx, fetch.Request{URL: url, Accept: "application/json", MaxBytes: max, Delay: -1, Raw: true, NoRedirect: true})
	if err != nil {
		return nil, err
	}
	return &oauth.Document{Status: r.Status, Header: r.Header, Body: r.Body}, nil
}

// oauthStore is where sign-ins and tokens are kept, and what closes it.
func (p *parts) oauthStore() (oauth.Store, io.Closer, error) {
	address := p.cfg.OAuth.RedisURL
	if !address.IsSet() {
		address = p.cfg.Shared.RedisURL
	}
	if !address.IsSet() {
		open := func(ctx context.Context) (*store.DB, error) {
			o, err := p.data.get(ctx)
			if err != nil {
				return nil, err
			}
			return o.db, nil
		}
		return oauth.NewSQLite(open, nil), io.NopCloser(nil), nil
	}
	redis, err := oauth.NewRedis(address, p.cfg.OAuth.RedisPrefix, nil)
	if err != nil {
		return nil, nil, err
	}
	return redis, redis, nil
}

// entrance is who may enter /mcp, and the server that gives tokens. That one is
// nil where OAuth is not configured.
type entrance struct {
	verify    mcp.Verifier
	challenge mcp.Challenge
	oauth     *oauth.Server
	close     func() error
}

// entrance builds it. listener is the origin of our own listener.
func (p *parts) entrance(key, listener string) (*entrance, error) {
	e := &entrance{verify: mcp.StaticKey(secret.New(key)), close: func() error { return nil }}
	cfg := p.cfg.OAuth
	if !cfg.Enabled() {
		return e, nil
	}
	kept, closer, err := p.oauthStore()
	if err != nil {
		return nil, err
	}
	e.close = closer.Close
	if cfg.DefaultIssuer = p.cfg.MCP.PublicURL; cfg.DefaultIssuer == "" {
		cfg.DefaultIssuer = listener
	}
	cfg.TrustedProxies = p.cfg.Web.TrustedProxies
	e.oauth, err = oauth.New(cfg, oauth.Deps{Store: kept, Fetcher: documentFetcher{p.fetch}, Log: p.data.log})
	if err != nil {
		return nil, config.Wrong(err)
	}
	e.challenge = mcp.Challenge{ResourceMetadata: e.oauth.ResourceMetadataURL(), Scopes: oauth.FirstScopes()}
	e.verify = mcp.FirstOf(e.verify, func(ctx context.Context, token string, _ *http.Request) (security.Identity, error) {
		if !strings.HasPrefix(token, "atk_") {
			return security.Identity{}, mcp.ErrUnknownToken
		}
		return e.oauth.Verify(ctx, token)
	})
	return e, nil
}

// oauthCheck is what doctor says of the sign-in: that the settings are whole, the
// store can be reached and read, and Google publishes its keys.
func (p *parts) oauthCheck() tools.Check {
	return tools.Check{Name: "sign-in", Run: func(ctx context.Context) (string, string, error) {
		if !p.cfg.OAuth.Enabled() {
			return "not set up; the key alone opens /mcp", "", nil
		}
		door, err := p.entrance("", strings.TrimSuffix(mcpURL(p.cfg.HTTP.Host, p.cfg.HTTP.Port), "/mcp"))
		if err != nil {
			return "", "docs/oauth.md says how it is set up", fault.Wrap(fault.Invalid, err, "%v", err)
		}
		defer door.close()
		o, err := door.oauth.Check(ctx)
		if err != nil {
			return "", "sign-ins answer 503 until it works again; docs/oauth.md", err
		}
		return fmt.Sprintf("%d grants and %d clients in %s; Google's keys can be read; the callback is %s", len(o.Grants), len(o.Clients), p.oauthStoreName(), door.oauth.Callback()), "", nil
	}}
}

// oauthStoreName says where sign-ins are kept, without an address that may hold
// a password.
func (p *parts) oauthStoreName() string {
	if p.cfg.OAuth.RedisURL.IsSet() || p.cfg.Shared.RedisURL.IsSet() {
		return "Redis"
	}
	return "the data directory"
}

// announceOAuth says how people sign in.
func (a *app) announceOAuth(door *entrance) {
	if door.oauth == nil {
		return
	}
	cfg := a.cfg.OAuth
	fmt.Fprintf(a.std.err, `People sign in with Google: a client needs no key, only the URL %s/mcp
  who may enter: %d addresses, %d domains; tokens are kept in %s
  callback to register at Google: %s
`, door.oauth.Issuer(), len(cfg.AllowedEmails), len(cfg.AllowedDomains), a.parts.oauthStoreName(), door.oauth.Callback())
}

// hosts are the names by which clients reach the authorization server.
func (e *entrance) hosts() []string {
	if e.oauth == nil {
		return nil
	}
	u, err := url.Parse(e.oauth.Issuer())
	if err != nil {
		return nil
	}
	return []string{u.Host}
}

// mount adds the authorization server's routes.
func (e *entrance) mount(mux *http.ServeMux) {
	if e.oauth == nil {
		mux.HandleFunc("GET /oauth/google/status", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Cache-Control", "no-store")
			_, _ = io.WriteString(w, `{"configured":false,"signed_in":false}`+"\n") // the asker may have gone
		})
		return
	}
	h := e.oauth.Handler()
	mux.Handle("/oauth/", h)
	mux.Handle("/.well-known/", h)
	if u, err := url.Parse(e.oauth.Callback()); err == nil && !strings.HasPrefix(u.Path, "/oauth/") && !strings.HasPrefix(u.Path, "/.well-known/") {
		mux.Handle("GET "+u.Path, h)
	}
}
