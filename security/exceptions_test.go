package security

import (
	"log/slog"
	"net/netip"
	"strings"
	"testing"

	"github.com/axon-mcp/axon-mcp/secret"
)

func TestExceptions(t *testing.T) {
	t.Parallel()
	g := newGuard(t, Config{AllowHosts: []string{
		"127.0.0.1:8080", "10.1.2.0/24", "docs.corp.internal", "WIKI.lan:8000", "169.254.0.0/16", "fd00::/8",
		"[::1]:8080", "box", "metadata.google.internal", "64:ff9b::/96", "2002::/16",
	}})
	tests := map[string]bool{
		"http://127.0.0.1:8080/":                      true,
		"http://127.0.0.1:8081/":                      false,
		"http://127.0.0.1/":                           false,
		"http://10.1.2.3/":                            true,
		"http://10.1.2.3:6379/":                       true, // the operator named the whole host
		"http://10.1.3.3/":                            false,
		"http://docs.corp.internal/":                  true,
		"http://docs.corp.internal.:22/":              true,
		"http://evil.corp.internal/":                  false,
		"http://evil.docs.corp.internal/":             false,
		"http://wiki.lan:8000/":                       true,
		"http://wiki.lan/":                            false,
		"http://box/":                                 true,
		"http://[::1]:8080/":                          true,
		"http://[::1]/":                               false,
		"http://[fd00::5]/":                           true,
		"http://169.254.1.1/":                         true,
		"http://169.254.169.254/":                     false, // metadata: no setting allows it
		"http://169.254.170.2/":                       false,
		"http://[fd00:ec2::254]/":                     false,
		"http://[64:ff9b::a9fe:a9fe]/":                false,
		"http://[2002:a9fe:a9fe::1]/":                 false,
		"http://[64:ff9b::808:808]/":                  true,
		"http://metadata.google.internal/":            false,
		"http://2130706433:8080/":                     false, // another form of an allowed address
		"http://127.1:8080/":                          false,
		"http://user@127.0.0.1:8080/":                 false,
		"http://[::ffff:127.0.0.1]:8080/":             false,
		"http://①②⑦.⓪.⓪.①:8080/":                      false,
		"ftp://docs.corp.internal/":                   false,
		"http://example.com:22/":                      false,
		"http://example.com/?u=http://127.0.0.1:8080": true,
	}
	for raw, want := range tests {
		if _, err := g.ValidateURL(raw); want != (err == nil) {
			t.Errorf("%s: got %v, want allowed=%v", raw, err, want)
		}
	}
}

func TestWrongSettingsNameTheirVariable(t *testing.T) {
	t.Parallel()
	tests := map[string]Config{
		"AXON_ALLOW_HOSTS": {AllowHosts: []string{"fine.lan", "a b"}},
		"AXON_DNS_SERVER":  {DNSServer: "nowhere"},
		"AXON_HTTP_PROXY":  {HTTPProxy: secret.New("socks5://user:hunter2@proxy:1080")},
	}
	for name, cfg := range tests {
		_, err := NewGuard(cfg, slog.New(slog.DiscardHandler))
		if err == nil || !strings.Contains(err.Error(), name) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: got %v", name, err)
		}
	}
	for _, entry := range []string{"*.corp.internal", "host:0", "host:http", "host:080", "http://host/", "10.0.0.1/", "fe80::1%eth0", "127.0.0.1:0"} {
		if _, err := NewGuard(Config{AllowHosts: []string{entry}}, slog.New(slog.DiscardHandler)); err == nil {
			t.Errorf("AXON_ALLOW_HOSTS=%s is taken", entry)
		}
	}
}

// C13: what listens here is not dialled, even where the range is allowed.
func TestOwnListenersAreRefused(t *testing.T) {
	t.Parallel()
	g := newGuard(t, Config{AllowHosts: []string{"127.0.0.0/8", "127.0.0.1:8003"}, SelfAddresses: []string{"127.0.0.1:8001", "0.0.0.0:8002", "0.0.0.0:8003"}})
	g.Own("[2606:4700::1]:8001")
	tests := map[string]Verdict{
		"127.0.0.1:8001":        Self,
		"127.0.0.2:8001":        Public,
		"127.0.0.9:8002":        Self,
		"127.0.0.1:8003":        Public, // named to the letter
		"127.0.0.1:8000":        Public,
		"93.184.215.14:8001":    Public,
		"[2606:4700::1]:8001":   Self,
		"[::ffff:7f00:1]:8001":  Self,
		"[2606:4700::1]:8002":   Public,
		"[::1]:8002":            Self,
		"169.254.169.254:12345": Metadata,
	}
	for text, want := range tests {
		ap := netip.MustParseAddrPort(text)
		if got, _ := g.judge(ap.Addr(), ap.Port(), false); got != want {
			t.Errorf("%s: got %q, want %q", text, got, want)
		}
	}
}
