package security

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"github.com/axon-mcp/axon-mcp/secret"
)

// Config is what the operator can set.
type Config struct {
	AllowHosts []string `env:"AXON_ALLOW_HOSTS" about:"hosts that may be fetched though they are not public: host, host:port, address, address:port or CIDR, comma separated; metadata addresses can never be allowed"`
	DNSServer  string   `env:"AXON_DNS_SERVER" about:"address:port of the resolver for outside names; empty: the system's"`
	// HTTPProxy may hold a password, so it never prints.
	HTTPProxy secret.String `env:"AXON_HTTP_PROXY" about:"http://[user:password@]host:port of a proxy that takes CONNECT, for all outside URLs; names are still resolved and judged here"`
	// SelfAddresses are our own listeners, host:port; they are never dialled
	// unless AllowHosts names that very address and port.
	SelfAddresses []string
}

// Guard judges URLs and addresses under one configuration. It is safe for
// concurrent use.
type Guard struct {
	log      *slog.Logger
	told     *rate.Limiter // log lines of refusals
	untold   atomic.Int64
	server   string // of DNS; empty: the system's
	allow    exceptionList
	self     selfList
	upstream *url.URL // AXON_HTTP_PROXY; nil: none
	// dial makes the connection to one judged address. It is the guarded
	// dialer; tests that cannot reach public addresses replace it.
	dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// NewGuard checks the configuration; every fault names its variable.
func NewGuard(cfg Config, log *slog.Logger) (*Guard, error) {
	allow, errAllow := parseExceptions(cfg.AllowHosts)
	server, errDNS := parseDNSServer(cfg.DNSServer)
	upstream, errProxy := parseUpstream(cfg.HTTPProxy)
	g := &Guard{log: log, told: rate.NewLimiter(logsPerSecond, logsAtOnce), allow: allow, server: server, upstream: upstream}
	dialer := &net.Dialer{ControlContext: g.control}
	g.dial = dialer.DialContext
	for _, address := range cfg.SelfAddresses {
		g.self.add(address)
	}
	return g, errors.Join(errAllow, errDNS, errProxy)
}

// Own tells the guard of a listener of ours, host:port, which it never dials
// from then on. An unspecified host means every address of this machine.
func (g *Guard) Own(address string) { g.self.add(address) }

// ValidateURL is the package's ValidateURL with the operator's exceptions. A
// refusal is logged with its reason.
func (g *Guard) ValidateURL(raw string) (*url.URL, error) {
	u, verdict := judgeURL(raw, g.allow.target)
	if verdict != Public {
		return nil, g.refuse(LogURL(raw), verdict, "")
	}
	return u, nil
}

// judge judges an address; nameAllowed says that the operator named the host
// that led to it.
func (g *Guard) judge(a netip.Addr, port uint16, nameAllowed bool) (verdict Verdict, where string) {
	switch {
	case g.self.has(a, port) && !g.allow.exactly(a, port):
		return Self, ""
	case nameAllowed && isMetadata(a):
		return Metadata, ""
	case nameAllowed && a.Zone() == "", g.allow.address(a, port):
		return Public, ""
	}
	return classify(a)
}

// A page full of blocked links must not flood the log.
const (
	logsPerSecond = 20
	logsAtOnce    = 100
)

// refuse logs why and returns the caller's answer: deciding and logging are one
// call. where is the range that decided, if one did.
func (g *Guard) refuse(what string, why Verdict, where string) error {
	if !g.told.AllowN(time.Now(), 1) {
		g.untold.Add(1)
		return blocked()
	}
	attrs := []any{"what", what, "why", string(why)}
	if where != "" {
		attrs = append(attrs, "range", where)
	}
	if n := g.untold.Swap(0); n > 0 {
		attrs = append(attrs, "untold_before", n)
	}
	g.log.Warn("blocked", attrs...)
	return blocked()
}
