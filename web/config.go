package web

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/axon-mcp/axon-mcp/fault"
	"github.com/axon-mcp/axon-mcp/secret"
)

// Config is what the operator can set.
type Config struct {
	Host string `env:"AXON_WEB_HOST" default:"127.0.0.1" about:"address of the web listener that serve opens; beyond loopback it needs AXON_WEB_API_TOKEN, and TLS before it"`
	Port int    `env:"AXON_WEB_PORT" default:"49010" about:"port of the web listener, 0 to 65535; 0 takes a free one"`

	APIToken     secret.String `env:"AXON_WEB_API_TOKEN" about:"opens /ws, the API and the page's sign-in, best 32 random characters or more; unset: they are open to this machine"`
	BrowserToken secret.String `env:"AXON_WEB_BROWSER_API_TOKEN" about:"a second token that only reads /api, /output and /download; never opens /ws"`

	AllowedOrigins []string `env:"AXON_WEB_ALLOWED_ORIGINS" about:"origins beside its own that may call the web listener, such as https://tools.example.com, comma separated"`
	PublicURL      string   `env:"AXON_WEB_PUBLIC_URL" about:"public origin of the web listener where a proxy stands before it, such as https://axon.example.com"`
	TrustedProxies []string `env:"AXON_TRUSTED_PROXIES" about:"addresses or networks of proxies whose X-Forwarded-For counts for limits (never for loopback), such as 10.0.0.0/8, comma separated"`

	AllowOpen   bool `env:"AXON_WEB_ALLOW_OPEN" default:"false" about:"true: the web listener may leave loopback without any token, and whoever reaches it controls axon"`
	InsecureDev bool `env:"AXON_WEB_ALLOW_INSECURE_DEV" default:"false" about:"true: programs on this machine pass /api, /output, /download and /ws/shell without the token; for development alone"`

	MaxSockets       int   `env:"AXON_MAX_WS_CONNECTIONS" default:"100" about:"most /ws connections at once, 1 to 10000"`
	DownloadMaxFiles int   `env:"AXON_DOWNLOAD_MAX_FILES" default:"2000" about:"most files of one download, 1 to 1000000"`
	DownloadMaxBytes int64 `env:"AXON_DOWNLOAD_MAX_BYTES" default:"524288000" about:"most bytes of one download, from 1 on"`

	CopilotTimeout time.Duration `env:"AXON_WEB_COPILOT_TIMEOUT" default:"60s" about:"time that the model has for an answer of /api/ai/copilot, 1s to 10m"`

	ShellEnabled bool          `env:"AXON_SHELL_ENABLED" default:"false" about:"true: /ws/shell gives programs on this machine that bring the token a shell of the user that axon runs as"`
	ShellToken   secret.String `env:"AXON_SHELL_WS_TOKEN" about:"token of /ws/shell; unset: AXON_WEB_API_TOKEN"`
	ShellOrigins []string      `env:"AXON_SHELL_ALLOWED_ORIGINS" about:"origins beside its own that may open /ws/shell, comma separated; unset: AXON_WEB_ALLOWED_ORIGINS"`
	ShellIdle    time.Duration `env:"AXON_SHELL_IDLE" default:"30m" about:"time without a key or output after which a shell ends, 1s to 24h"`
}

// Validate says everything that is wrong in itself, each with its variable's
// name. What is unsafe together is Exposure's.
func (c Config) Validate() error {
	var faults []string
	add := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	if c.Port < 0 || c.Port > 65535 {
		add("AXON_WEB_PORT: %d is not between 0 and 65535", c.Port)
	}
	if strings.Contains(c.Host, "://") || (strings.Contains(c.Host, ":") && net.ParseIP(c.Host) == nil) {
		add("AXON_WEB_HOST: %q is no host or address; the port is AXON_WEB_PORT", c.Host)
	}
	for name, list := range map[string][]string{"AXON_WEB_ALLOWED_ORIGINS": c.AllowedOrigins, "AXON_SHELL_ALLOWED_ORIGINS": c.ShellOrigins} {
		for _, one := range list {
			if _, err := parseOrigin(one); err != nil {
				add("%s: %q is no origin; write it like https://tools.example.com", name, one)
			}
		}
	}
	if _, err := parseOrigin(c.PublicURL); c.PublicURL != "" && err != nil {
		add("AXON_WEB_PUBLIC_URL: give an origin such as https://axon.example.com, without path, query or user")
	}
	for _, one := range c.TrustedProxies {
		if _, err := parseNetwork(one); err != nil {
			add("AXON_TRUSTED_PROXIES: %q is no address or network", one)
		}
	}
	for _, t := range c.tokens() {
		if value := t.token.Reveal(); isAccessToken(value) {
			add("%s: begins with atk_, as tokens of /mcp do, which never open the web listener; choose another", t.name)
		}
	}
	if c.MaxSockets < 1 || c.MaxSockets > 10_000 {
		add("AXON_MAX_WS_CONNECTIONS: %d is not between 1 and 10000", c.MaxSockets)
	}
	if c.DownloadMaxFiles < 1 || c.DownloadMaxFiles > 1_000_000 {
		add("AXON_DOWNLOAD_MAX_FILES: %d is not between 1 and 1000000", c.DownloadMaxFiles)
	}
	if c.DownloadMaxBytes < 1 {
		add("AXON_DOWNLOAD_MAX_BYTES: %d is not above 0", c.DownloadMaxBytes)
	}
	if c.CopilotTimeout != 0 && (c.CopilotTimeout < time.Second || c.CopilotTimeout > 10*time.Minute) {
		add("AXON_WEB_COPILOT_TIMEOUT: %v is not between 1s and 10m", c.CopilotTimeout)
	}
	if c.ShellIdle < time.Second || c.ShellIdle > 24*time.Hour {
		add("AXON_SHELL_IDLE: %v is not between 1s and 24h", c.ShellIdle)
	}
	return wrong(faults)
}

// copilotTime is the model's time. Zero, of a Config made by hand, means 60 s.
func (c Config) copilotTime() time.Duration {
	if c.CopilotTimeout == 0 {
		return time.Minute
	}
	return c.CopilotTimeout
}

type namedToken struct {
	name  string
	token secret.String
}

func (c Config) tokens() []namedToken {
	return []namedToken{
		{"AXON_WEB_API_TOKEN", c.APIToken},
		{"AXON_WEB_BROWSER_API_TOKEN", c.BrowserToken},
		{"AXON_SHELL_WS_TOKEN", c.ShellToken},
	}
}

// Exposure refuses settings with which the listener must not open ("open is not
// exposed"): beyond loopback without a token, a second token without the first,
// and insecure development where others can reach it.
func (c Config) Exposure() error {
	var faults []string
	if !c.APIToken.IsSet() {
		if !c.local() && !c.AllowOpen {
			faults = append(faults, fmt.Sprintf("AXON_WEB_API_TOKEN: is not set, and AXON_WEB_HOST %q is not loopback: set the token (openssl rand -hex 32), "+
				"or AXON_WEB_HOST=127.0.0.1; AXON_WEB_ALLOW_OPEN=true opens it to everyone", c.Host))
		}
		for _, t := range c.tokens()[1:] {
			if t.token.IsSet() {
				faults = append(faults, "AXON_WEB_API_TOKEN: is not set, but "+t.name+" is: without the first the listener is open whatever the second says; set both")
			}
		}
	}
	if c.InsecureDev && !c.local() {
		faults = append(faults, fmt.Sprintf("AXON_WEB_ALLOW_INSECURE_DEV: is true, and AXON_WEB_HOST %q is not loopback; unset one of them", c.Host))
	}
	if c.InsecureDev && c.PublicURL != "" {
		faults = append(faults, "AXON_WEB_ALLOW_INSECURE_DEV: is true, and AXON_WEB_PUBLIC_URL is set; unset one of them")
	}
	return wrong(faults)
}

// local reports whether the configured address is this machine's alone.
func (c Config) local() bool {
	if strings.EqualFold(c.Host, "localhost") {
		return true // serve looks at the address that it has bound, too
	}
	addr, err := netip.ParseAddr(c.Host)
	return err == nil && loopback(addr)
}

func wrong(faults []string) error {
	if len(faults) == 0 {
		return nil
	}
	return fault.New(fault.Invalid, strings.Join(faults, "\n"))
}

// loopback is 127.0.0.0/8, ::1 and ::ffff:127.0.0.0/104.
func loopback(addr netip.Addr) bool { return addr.Unmap().WithZone("").IsLoopback() }

// parseOrigin reads scheme://host[:port] as browsers write it.
func parseOrigin(raw string) (origin, error) {
	u, err := url.Parse(raw)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Hostname() == "" || u.User != nil ||
		strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
		return origin{}, fault.Errorf(fault.Invalid, "%.80q is no origin", raw)
	}
	return origin{scheme: u.Scheme, host: plainHost(u.Scheme, strings.ToLower(u.Host))}, nil
}

// plainHost drops the scheme's own port, as browsers do.
func plainHost(scheme, host string) string {
	port := map[string]string{"http": ":80", "https": ":443"}[scheme]
	return strings.TrimSuffix(host, port)
}

func parseNetwork(raw string) (netip.Prefix, error) {
	if addr, err := netip.ParseAddr(raw); err == nil {
		return netip.PrefixFrom(addr.Unmap(), addr.Unmap().BitLen()), nil
	}
	p, err := netip.ParsePrefix(raw)
	return p.Masked(), err
}
