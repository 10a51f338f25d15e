package oauth_test

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/axon-mcp/axon-mcp/oauth"
	"github.com/axon-mcp/axon-mcp/oauth/oauthtest"
	"github.com/axon-mcp/axon-mcp/secret"
)

// from sends a request as a proxy would for an address.
func from(address string) http.Header { return http.Header{"X-Forwarded-For": {address}} }

// tokenFrom is the status of a nonsense exchange of a client from an address.
func (w *world) tokenFrom(client, forwarded string) (int, http.Header) {
	w.t.Helper()
	form := url.Values{"grant_type": {"authorization_code"}, "code": {"nonsense"}, "client_id": {client}, "code_verifier": {verifier}}
	status, _, header := w.send(http.MethodPost, "/oauth/token", "application/x-www-form-urlencoded", form.Encode(), from(forwarded))
	return status, header
}

// X11: 60 token requests a minute of one client and address. Others go on, and
// nobody is locked out: what limits is time.
func TestX11TokenLimit(t *testing.T) {
	t.Parallel()
	w := newWorld(t, trustLoopback)
	_, c, _ := w.register(map[string]any{"redirect_uris": []string{callback}})
	other := c["client_id"].(string)
	for i := range 61 {
		status, header := w.tokenFrom(w.client(), "192.0.2.1")
		if want := i == 60; want != (status == http.StatusTooManyRequests) || want != (header.Get("Retry-After") != "") {
			t.Fatalf("request %d: %d", i+1, status)
		}
	}
	if status, _ := w.tokenFrom(other, "192.0.2.1"); status != http.StatusBadRequest {
		t.Errorf("another client of that address: %d", status)
	}
	if status, _ := w.tokenFrom(w.client(), "192.0.2.2"); status != http.StatusBadRequest {
		t.Errorf("that client from another address: %d", status)
	}
	if status, _, _ := w.send(http.MethodPost, "/oauth/revoke", "application/x-www-form-urlencoded", "token=x&client_id="+w.client(), from("192.0.2.1")); status != http.StatusTooManyRequests {
		t.Errorf("revocation is not counted with it: %d", status)
	}
	w.clock.pass(time.Minute)
	if status, _ := w.tokenFrom(w.client(), "192.0.2.1"); status != http.StatusBadRequest {
		t.Errorf("a minute later: %d", status)
	}
}

// X11: 300 authorization requests a minute of one address, for pages, forms and
// sign-ins together.
func TestX11AuthorizeLimit(t *testing.T) {
	t.Parallel()
	w := newWorld(t, trustLoopback)
	ask := func(path, forwarded string) (int, http.Header) {
		status, _, header := w.send(http.MethodGet, path, "", "", from(forwarded))
		return status, header
	}
	path := "/oauth/authorize?" + w.request().Encode()
	for i := range 301 {
		status, header := ask(path, "192.0.2.1")
		if want := i == 300; want != (status == http.StatusTooManyRequests) || want != (header.Get("Retry-After") != "") {
			t.Fatalf("request %d: %d", i+1, status)
		}
	}
	if status, _ := ask("/oauth/google/login", "192.0.2.1"); status != http.StatusTooManyRequests {
		t.Errorf("sign-in of that address: %d", status)
	}
	if status, _ := ask(path, "192.0.2.2"); status != http.StatusOK {
		t.Errorf("another address: %d", status)
	}
	w.clock.pass(time.Minute)
	if status, _ := ask(path, "192.0.2.1"); status != http.StatusOK {
		t.Errorf("a minute later: %d", status)
	}
}

// X13: X-Forwarded-For counts from configured proxies alone, and then the
// nearest address that is none of them: what a client writes before it is air.
func TestX13ForwardedFor(t *testing.T) {
	t.Parallel()
	for name, one := range map[string]struct {
		proxies []string
		chains  [2]string // of the first 60 requests and of the last
		limited bool
	}{
		"nobody is trusted":           {nil, [2]string{"192.0.2.1", "192.0.2.2"}, true},
		"another proxy is trusted":    {[]string{"10.0.0.0/8"}, [2]string{"192.0.2.1", "192.0.2.2"}, true},
		"the peer is trusted":         {[]string{"127.0.0.1"}, [2]string{"192.0.2.1", "192.0.2.2"}, false},
		"a client writes before it":   {[]string{"127.0.0.1"}, [2]string{"198.51.100.1, 192.0.2.1", "198.51.100.2, 192.0.2.1"}, true},
		"two proxies":                 {[]string{"127.0.0.1", "10.0.0.0/8"}, [2]string{"192.0.2.1, 10.1.1.1", "192.0.2.2, 10.1.1.1"}, false},
		"a client names a proxy":      {[]string{"127.0.0.1", "10.0.0.0/8"}, [2]string{"192.0.2.1, 10.1.1.1", "192.0.2.9, 192.0.2.1, 10.2.2.2"}, true},
		"garbage before":              {[]string{"127.0.0.1"}, [2]string{"x, 192.0.2.1", "y, 192.0.2.1"}, true},
		"one customer's IPv6 network": {[]string{"127.0.0.1"}, [2]string{"2001:db8::1", "2001:db8::ffff:2"}, true},
		"another IPv6 network":        {[]string{"127.0.0.1"}, [2]string{"2001:db8::1", "2001:db8:0:1::1"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, func(cfg *oauth.Config, _ *world) { cfg.TrustedProxies = one.proxies })
			for range 60 {
				w.tokenFrom(w.client(), one.chains[0])
			}
			if status, _ := w.tokenFrom(w.client(), one.chains[1]); (status == http.StatusTooManyRequests) != one.limited {
				t.Errorf("%d", status)
			}
		})
	}
}

// X13: no header of a request changes what the server says of itself, and no
// page comes under another name.
func TestX13ForgedHost(t *testing.T) {
	t.Parallel()
	w := newWorld(t, trustLoopback)
	for _, header := range []http.Header{
		{"Host": {"evil.example"}},
		{"X-Forwarded-Host": {"evil.example"}, "X-Forwarded-Proto": {"https"}},
		{"Forwarded": {"for=192.0.2.1;host=evil.example;proto=https"}},
		{"X-Original-Host": {"evil.example"}, "X-Host": {"evil.example"}},
	} {
		for _, path := range []string{
			"/.well-known/oauth-protected-resource", "/.well-known/oauth-authorization-server", "/.well-known/openid-configuration",
			"/oauth/authorize?" + w.request().Encode(), "/oauth/authorize?client_id=nobody", "/oauth/google/login",
		} {
			status, said, target := w.raw(path, header)
			if strings.Contains(said, "evil.example") || strings.Contains(target, "evil.example") {
				t.Errorf("%s %v: %d %s %s", path, header, status, target, said)
			}
			if forged := header.Get("Host") != ""; forged && strings.HasPrefix(path, "/oauth/") && status != http.StatusForbidden {
				t.Errorf("%s under a foreign Host: %d", path, status)
			}
		}
	}
}

// raw is a GET with a header that may name another host.
func (w *world) raw(path string, header http.Header) (status int, body, location string) {
	w.t.Helper()
	request, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, w.url+path, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	for name, values := range header {
		request.Header[name] = values
	}
	if host := header.Get("Host"); host != "" {
		request.Host = host
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(request)
	if err != nil {
		w.t.Fatal(err)
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return response.StatusCode, string(raw), response.Header.Get("Location")
}

// X13: TLS everywhere except loopback, for ourselves and for Google.
func TestX13TLS(t *testing.T) {
	t.Parallel()
	good := func() oauth.Config {
		return oauth.Config{ClientID: "x", ClientSecret: secret.New("y"), AllowedEmails: []string{"a@b.example"}, BrokerIssuer: "https://axon.example"}
	}
	if err := good().Validate(); err != nil {
		t.Fatal(err)
	}
	for name, set := range map[string]func(*oauth.Config, string){
		"GOOGLE_OAUTH_BROKER_ISSUER": func(c *oauth.Config, v string) { c.BrokerIssuer = v },
		"GOOGLE_OAUTH_REDIRECT_HOST": func(c *oauth.Config, v string) { c.RedirectHost = v },
		"GOOGLE_OAUTH_REDIRECT_URI":  func(c *oauth.Config, v string) { c.RedirectURI = v },
		"GOOGLE_OAUTH_AUTH_URL":      func(c *oauth.Config, v string) { c.AuthURL = v },
		"GOOGLE_OAUTH_TOKEN_URL":     func(c *oauth.Config, v string) { c.TokenURL = v },
		"GOOGLE_OAUTH_JWKS_URL":      func(c *oauth.Config, v string) { c.JWKSURL = v },
	} {
		for value, fine := range map[string]bool{
			"https://x.example": true, "http://127.0.0.1:1": true, "http://localhost:1": true, "http://[::1]:1": true,
			"http://x.example": false, "http://10.0.0.1": false, "http://127.0.0.1.evil.example": false, "ftp://x.example": false, "x.example": false, "https://u:p@x.example": false,
		} {
			cfg := good()
			set(&cfg, value)
			err := cfg.Validate()
			if refused := err != nil && strings.Contains(err.Error(), name); refused == fine {
				t.Errorf("%s=%s: %v", name, value, err)
			}
		}
	}
	for issuer, fine := range map[string]bool{"https://axon.example/": false, "https://axon.example/x": false, "https://axon.example?x": false, "https://axon.example": true} {
		cfg := good()
		cfg.BrokerIssuer = issuer
		if err := cfg.Validate(); (err == nil) != fine {
			t.Errorf("%s: %v", issuer, err)
		}
	}
	cfg := good()
	cfg.BrokerIssuer, cfg.DefaultIssuer = "", "http://0.0.0.0:8001" // a bind for all without a public origin
	if _, err := oauth.New(cfg, oauth.Deps{}); err == nil || !strings.Contains(err.Error(), "AXON_PUBLIC_URL") {
		t.Errorf("a listener that is not on loopback, without TLS: %v", err)
	}
}

// G6, X13: behind TLS the cookies are __Host- ones, Secure, HttpOnly and Lax, and
// pages tell browsers to stay with TLS.
func TestG6X13CookiesBehindTLS(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(cfg *oauth.Config, _ *world) { cfg.BrokerIssuer = "https://axon.example" })
	through := behindTLS{strings.TrimPrefix(w.url, "http://")}
	browser := oauthtest.NewBrowser(t, through)
	request := w.request()
	request.Set("resource", "https://axon.example/mcp")
	page := browser.Get("https://axon.example/oauth/authorize?" + request.Encode())
	if page.Status != http.StatusOK || page.Header.Get("Strict-Transport-Security") == "" {
		t.Fatalf("%d %v", page.Status, page.Header)
	}
	toGoogle := browser.Answer(page, "allow")
	back := oauthtest.NewBrowser(t, nil).Get(toGoogle.Location(t).String()).Location(t)
	signedIn := browser.Get(back.String())
	if signedIn.Status != http.StatusFound {
		t.Fatalf("%d %s", signedIn.Status, signedIn.Body)
	}
	var cookies []string
	for _, one := range []*oauthtest.Page{page, toGoogle, signedIn} {
		cookies = append(cookies, one.Header.Values("Set-Cookie")...)
	}
	if len(cookies) != 4 { // CSRF, state, its end, session
		t.Errorf("cookies: %q", cookies)
	}
	for _, cookie := range cookies {
		for _, part := range []string{"__Host-axon_oauth_", "; Path=/", "; Secure", "; HttpOnly", "; SameSite=Lax"} {
			if !strings.Contains(cookie, part) {
				t.Errorf("%s without %s", cookie, part)
			}
		}
		if strings.Contains(cookie, "Domain=") {
			t.Errorf("%s has a domain", cookie)
		}
	}
}

// behindTLS is a proxy that ends TLS and passes the Host header on.
type behindTLS struct{ address string }

// RoundTrip is http.RoundTripper.
func (b behindTLS) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Host = r.URL.Host
	r.URL.Scheme, r.URL.Host = "http", b.address
	return http.DefaultTransport.RoundTrip(r)
}
