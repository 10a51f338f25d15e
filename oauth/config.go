package oauth

import (
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"

	"github.com/axon-mcp/axon-mcp/fault"
	"github.com/axon-mcp/axon-mcp/secret"
)

// Config is what the operator can set. Without ClientID there is no OAuth.
type Config struct {
	ClientID     string        `env:"GOOGLE_OAUTH_CLIENT_ID" about:"client id of the Google project that signs people in; unset: no OAuth, the key alone opens /mcp"`
	ClientSecret secret.String `env:"GOOGLE_OAUTH_CLIENT_SECRET" about:"the secret of that client"`

	AllowedEmails  []string `env:"GOOGLE_OAUTH_ALLOWED_EMAILS" about:"addresses of the people who may enter, comma separated; this or the domains must be set with OAuth"`
	AllowedDomains []string `env:"GOOGLE_OAUTH_ALLOWED_DOMAINS" about:"Google Workspace domains whose people may all enter, comma separated; compared with the claim hd"`

	BrokerIssuer string `env:"GOOGLE_OAUTH_BROKER_ISSUER" about:"origin that clients reach this server by, such as https://axon.example.com; unset: AXON_PUBLIC_URL, else the address of the listener"`
	RedirectURI  string `env:"GOOGLE_OAUTH_REDIRECT_URI" about:"whole callback URL as registered at Google; unset: host and path below"`
	RedirectHost string `env:"GOOGLE_OAUTH_REDIRECT_HOST" about:"origin of the callback URL; unset: the issuer"`
	RedirectPath string `env:"GOOGLE_OAUTH_REDIRECT_PATH" default:"/oauth/google/callback" about:"path of the callback URL"`

	AuthURL  string `env:"GOOGLE_OAUTH_AUTH_URL" default:"https://accounts.google.com/o/oauth2/v2/auth" about:"where Google asks a person to sign in"`
	TokenURL string `env:"GOOGLE_OAUTH_TOKEN_URL" default:"https://oauth2.googleapis.com/token" about:"where Google gives ID tokens"`
	JWKSURL  string `env:"GOOGLE_OAUTH_JWKS_URL" default:"https://www.googleapis.com/oauth2/v3/certs" about:"where Google publishes the keys of its ID tokens"`
	Scopes   string `env:"GOOGLE_OAUTH_SCOPES" default:"openid email" about:"scopes that Google is asked for; openid and email are needed, more is of no use"`

	DCRToken       secret.String `env:"GOOGLE_OAUTH_DCR_TOKEN" about:"bearer token that dynamic registration of clients needs; unset: any client may register, within limits"`
	RedirectPolicy string        `env:"GOOGLE_OAUTH_REDIRECT_POLICY" default:"loopback_or_https" about:"redirect URIs that clients may have: loopback_or_https (and com.example.app: of native apps), loopback_only or any"`
	ClientsFile    string        `env:"GOOGLE_OAUTH_CLIENTS" about:"JSON file of clients that are registered beforehand: [{client_id, client_secret?, client_name, redirect_uris}]"`

	RedisURL    secret.String `env:"GOOGLE_OAUTH_REDIS_URL" about:"redis:// or rediss:// URL where several servers share codes, tokens and sessions; unset: AXON_REDIS_URL, else the data directory"`
	RedisPrefix string        `env:"GOOGLE_OAUTH_REDIS_PREFIX" default:"axon:oauth:" about:"prefix of every key there"`

	// TrustedProxies are addresses and networks whose X-Forwarded-For counts.
	TrustedProxies []string
	// DefaultIssuer is taken where BrokerIssuer is not set.
	DefaultIssuer string
}

// Policies for redirect URIs.
const (
	policyLoopbackOrHTTPS = "loopback_or_https"
	policyLoopbackOnly    = "loopback_only"
	policyAny             = "any"
)

// Enabled reports whether OAuth is configured.
func (c Config) Enabled() bool { return c.ClientID != "" }

// Validate says everything that is wrong, each with its variable's name.
func (c Config) Validate() error {
	var faults []string
	add := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	if !c.Enabled() {
		if c.ClientSecret.IsSet() || len(c.AllowedEmails)+len(c.AllowedDomains) > 0 {
			add("GOOGLE_OAUTH_CLIENT_ID: is not set, but other settings of OAuth are; set it, or remove GOOGLE_OAUTH_CLIENT_SECRET, GOOGLE_OAUTH_ALLOWED_EMAILS and GOOGLE_OAUTH_ALLOWED_DOMAINS")
		}
		return joined(faults)
	}
	if !c.ClientSecret.IsSet() {
		add("GOOGLE_OAUTH_CLIENT_SECRET: is not set; it stands beside the client id in the Google console")
	}
	if len(c.AllowedEmails)+len(c.AllowedDomains) == 0 {
		add("GOOGLE_OAUTH_ALLOWED_EMAILS: say who may enter, here or in GOOGLE_OAUTH_ALLOWED_DOMAINS; without either, any Google account in the world could")
	}
	for _, email := range c.AllowedEmails {
		if !strings.Contains(strings.Trim(email, "@"), "@") {
			add("GOOGLE_OAUTH_ALLOWED_EMAILS: %q is no e-mail address", email)
		}
	}
	for _, domain := range c.AllowedDomains {
		if strings.ContainsAny(domain, "@*/: ") || !strings.Contains(domain, ".") {
			add("GOOGLE_OAUTH_ALLOWED_DOMAINS: %q is no domain such as example.com", domain)
		}
	}
	c.validateURLs(add)
	if scopes := strings.Fields(c.Scopes); c.Scopes != "" && (!slices.Contains(scopes, "openid") || !slices.Contains(scopes, "email")) {
		add("GOOGLE_OAUTH_SCOPES: must hold openid and email")
	}
	if !slices.Contains([]string{"", policyLoopbackOrHTTPS, policyLoopbackOnly, policyAny}, c.RedirectPolicy) {
		add("GOOGLE_OAUTH_REDIRECT_POLICY: %q is not loopback_or_https, loopback_only or any", c.RedirectPolicy)
	}
	return joined(faults)
}

func (c Config) validateURLs(add func(string, ...any)) {
	for _, one := range []struct {
		name, value string
		origin      bool
	}{
		{"GOOGLE_OAUTH_BROKER_ISSUER", c.BrokerIssuer, true},
		{"GOOGLE_OAUTH_REDIRECT_HOST", c.RedirectHost, true},
		{"GOOGLE_OAUTH_REDIRECT_URI", c.RedirectURI, false},
		{"GOOGLE_OAUTH_AUTH_URL", c.AuthURL, false},
		{"GOOGLE_OAUTH_TOKEN_URL", c.TokenURL, false},
		{"GOOGLE_OAUTH_JWKS_URL", c.JWKSURL, false},
	} {
		if one.value == "" {
			continue
		}
		if err := checkSecureURL(one.value, one.origin); err != nil {
			add("%s: %s", one.name, err)
		}
	}
	if c.RedirectPath != "" && (!strings.HasPrefix(c.RedirectPath, "/") || strings.ContainsAny(c.RedirectPath, "?#{} ")) {
		add("GOOGLE_OAUTH_REDIRECT_PATH: %q is no path such as /oauth/google/callback", c.RedirectPath)
	}
	if u, err := url.Parse(c.RedisURL.Reveal()); c.RedisURL.IsSet() && (err != nil || (u.Scheme != "redis" && u.Scheme != "rediss" && u.Scheme != "unix")) {
		add("GOOGLE_OAUTH_REDIS_URL: is no redis:// or rediss:// URL")
	}
}

// checkSecureURL wants https, or http on loopback (X13).
func checkSecureURL(raw string, origin bool) error {
	u, err := url.Parse(raw)
	switch {
	case err != nil || u.Host == "" || u.User != nil || u.Fragment != "":
		return fmt.Errorf("%q is no https:// URL", raw)
	case u.Scheme != "https" && (u.Scheme != "http" || !isLoopbackName(u.Hostname())):
		return fmt.Errorf("%q must be https (http is for loopback alone)", raw)
	case origin && (u.Path != "" || u.RawQuery != "" || u.ForceQuery):
		return fmt.Errorf("%q must be an origin, without path and without a slash at its end", raw)
	case !plainHost(u.Hostname()):
		return fmt.Errorf("%q has a host with characters that no host has; write it in ASCII (xn--…)", raw)
	}
	return nil
}

// isLoopbackName reports whether host is this machine by its spelling.
func isLoopbackName(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || (ip != nil && ip.IsLoopback())
}

func joined(faults []string) error {
	if len(faults) == 0 {
		return nil
	}
	return fault.New(fault.Invalid, strings.Join(faults, "\n"))
}

// issuer is the origin that clients know this server by, in its canonical form
// (Z6): lower case, no slash at the end.
func (c Config) issuer() string {
	issuer := c.BrokerIssuer
	if issuer == "" {
		issuer = c.DefaultIssuer
	}
	u, err := url.Parse(strings.TrimRight(issuer, "/"))
	if err != nil {
		return issuer // New refuses it
	}
	return strings.ToLower(u.Scheme) + "://" + strings.ToLower(u.Host)
}

// callback is where Google sends people back to.
func (c Config) callback() string {
	if c.RedirectURI != "" {
		return c.RedirectURI
	}
	host := c.RedirectHost
	if host == "" {
		host = c.issuer()
	}
	return host + orDefault(c.RedirectPath, "/oauth/google/callback")
}

func orDefault(value, otherwise string) string {
	if value == "" {
		return otherwise
	}
	return value
}
