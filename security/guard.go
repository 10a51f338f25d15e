package security

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"syscall"

	"github.com/axon-mcp/axon-mcp/fault"
)

// MaxRedirects is how many redirects a fetch follows.
const MaxRedirects = 10

// Config is what the operator can set.
type Config struct {
	AllowHosts []string `env:"AXON_ALLOW_HOSTS" about:"hosts that may be fetched though they are not public: host, host:port, address, address:port or CIDR, comma separated; metadata addresses can never be allowed"`
	DNSServer  string   `env:"AXON_DNS_SERVER" about:"address:port of the resolver for outside names; empty: the system's"`
	// SelfAddresses are our own listeners, address:port; they are never dialled
	// unless AllowHosts names them.
	SelfAddresses []string
}

// Guard judges URLs and addresses under one configuration. It is safe for
// concurrent use.
type Guard struct {
	log      *slog.Logger
	resolver *net.Resolver
	dialer   net.Dialer
	hosts    map[string]bool // "name" or "name:port"
	nets     []netip.Prefix  // CIDR and bare addresses
	ports    map[netip.AddrPort]bool
	self     map[netip.AddrPort]bool
}

// NewGuard checks the configuration; every fault names its variable.
func NewGuard(cfg Config, log *slog.Logger) (*Guard, error) {
	g := &Guard{
		log: log, resolver: &net.Resolver{PreferGo: true},
		hosts: map[string]bool{}, ports: map[netip.AddrPort]bool{}, self: map[netip.AddrPort]bool{},
	}
	var errs []error
	for _, entry := range cfg.AllowHosts {
		if err := g.allow(strings.ToLower(strings.TrimSpace(entry))); err != nil {
			errs = append(errs, err)
		}
	}
	for _, entry := range cfg.SelfAddresses {
		if ap, err := netip.ParseAddrPort(entry); err == nil {
			g.self[ap] = true
		}
	}
	if cfg.DNSServer != "" {
		if _, err := netip.ParseAddrPort(cfg.DNSServer); err != nil {
			errs = append(errs, fault.Errorf(fault.Invalid, "AXON_DNS_SERVER: %q is not address:port, such as 127.0.0.1:5353", cfg.DNSServer))
		}
		g.resolver.Dial = func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, cfg.DNSServer)
		}
	}
	g.dialer.ControlContext = g.control
	return g, errors.Join(errs...)
}

// allow adds one exception.
func (g *Guard) allow(entry string) error {
	if entry == "" {
		return nil
	}
	if p, err := netip.ParsePrefix(entry); err == nil {
		g.nets = append(g.nets, p.Masked())
		return nil
	}
	if a, err := netip.ParseAddr(strings.Trim(entry, "[]")); err == nil {
		g.nets = append(g.nets, netip.PrefixFrom(a.Unmap(), a.Unmap().BitLen()))
		return nil
	}
	if ap, err := netip.ParseAddrPort(entry); err == nil {
		g.ports[netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())] = true
		return nil
	}
	name, port, withPort := strings.Cut(entry, ":")
	if n, err := strconv.ParseUint(port, 10, 16); withPort && (err != nil || n == 0) {
		return fault.Errorf(fault.Invalid, "AXON_ALLOW_HOSTS: %q is no host, host:port, address or CIDR", entry)
	}
	ascii, ok := asciiName(name)
	if !ok {
		return fault.Errorf(fault.Invalid, "AXON_ALLOW_HOSTS: %q is no host, host:port, address or CIDR", entry)
	}
	if withPort {
		ascii += ":" + port
	}
	g.hosts[ascii] = true
	return nil
}

// allowsName reports whether the operator named the host.
func (g *Guard) allowsName(host string, port uint16) bool {
	return g.hosts[host] || g.hosts[host+":"+strconv.Itoa(int(port))]
}

// allowsAddress reports whether the operator named the address.
func (g *Guard) allowsAddress(a netip.Addr, port uint16) bool {
	a = a.Unmap()
	if isMetadata(a) || a.Zone() != "" {
		return false
	}
	if g.ports[netip.AddrPortFrom(a, port)] {
		return true
	}
	for _, p := range g.nets {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// allows is an exception of judgeURL.
func (g *Guard) allows(host string, port uint16) bool {
	if a, err := netip.ParseAddr(host); err == nil {
		return g.allowsAddress(a, port)
	}
	return g.allowsName(host, port)
}

// ValidateURL is the package's ValidateURL with the operator's exceptions. A
// refusal is logged with its reason.
func (g *Guard) ValidateURL(raw string) (*url.URL, error) {
	u, verdict := judgeURL(raw, g.allows)
	if verdict != Public {
		return nil, g.refuse(LogURL(raw), verdict)
	}
	return u, nil
}

// refuse logs why and returns the caller's answer.
func (g *Guard) refuse(what string, why Verdict) error {
	g.log.Warn("blocked", "what", what, "why", string(why))
	return blocked()
}

// judge judges an address that the name host led to.
func (g *Guard) judge(a netip.Addr, port uint16, nameAllowed bool) Verdict {
	if g.self[netip.AddrPortFrom(a.Unmap(), port)] && !g.allowsAddress(a, port) {
		return Self
	}
	if isMetadata(a) {
		return SpecialRange
	}
	if nameAllowed && a.Zone() == "" || g.allowsAddress(a, port) {
		return Public
	}
	return JudgeAddress(a)
}

type nameAllowedKey struct{}

// DialContext resolves address once, refuses when any of its records is
// blocked, and dials those same records one after the other. network is "tcp".
func (g *Guard) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	host, portText, err := net.SplitHostPort(address)
	if err != nil || network != "tcp" {
		return nil, g.refuse(address, NoAddress)
	}
	n, err := strconv.ParseUint(portText, 10, 16)
	if err != nil || host == "" {
		return nil, g.refuse(address, NoAddress)
	}
	port := uint16(n)
	allowed := g.allowsName(host, port)
	addrs, err := g.resolve(ctx, host)
	if err != nil {
		return nil, err
	}
	for _, a := range addrs {
		if verdict := g.judge(a, port, allowed); verdict != Public {
			return nil, g.refuse(address, verdict)
		}
	}
	ctx = context.WithValue(ctx, nameAllowedKey{}, allowed)
	var last error
	for _, a := range addrs {
		conn, err := g.dialer.DialContext(ctx, network, netip.AddrPortFrom(a.Unmap(), port).String())
		if err == nil {
			return conn, nil
		}
		last = err
		if ctx.Err() != nil {
			break
		}
	}
	return nil, last
}

func (g *Guard) resolve(ctx context.Context, host string) ([]netip.Addr, error) {
	if a, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{a}, nil
	}
	// The trailing dot keeps the resolver from trying search domains.
	addrs, err := g.resolver.LookupNetIP(ctx, "ip", host+".")
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "%s cannot be resolved; check the name", host)
	}
	if len(addrs) == 0 {
		return nil, g.refuse(host, NoAddress)
	}
	return addrs, nil
}

// control judges the address that is about to be dialled, whatever was decided
// before: the last word of every attempt (C1).
func (g *Guard) control(ctx context.Context, network, address string, _ syscall.RawConn) error {
	ap, err := netip.ParseAddrPort(address)
	if err != nil || network != "tcp4" && network != "tcp6" {
		return g.refuse(network+" "+address, NoAddress)
	}
	allowed, _ := ctx.Value(nameAllowedKey{}).(bool)
	if verdict := g.judge(ap.Addr(), ap.Port(), allowed); verdict != Public {
		return g.refuse(address, verdict)
	}
	return nil
}

// Redirect judges a redirect from one request to the next; it fits
// http.Client.CheckRedirect. Credentials and custom headers are dropped when
// the origin changes; https to http is refused.
func (g *Guard) Redirect(next *http.Request, via []*http.Request) error {
	if len(via) > MaxRedirects {
		return fault.Errorf(fault.Unavailable, "%s redirects more than %d times", LogURL(via[0].URL.String()), MaxRedirects)
	}
	u, err := g.ValidateURL(next.URL.String())
	if err != nil {
		return err
	}
	last := via[len(via)-1].URL
	if last.Scheme == "https" && u.Scheme == "http" {
		return g.refuse(LogURL(u.String()), Downgrade)
	}
	for _, earlier := range via { // without cookies a page answers the same again
		if earlier.URL.String() == u.String() {
			return g.refuse(LogURL(u.String()), Loop)
		}
	}
	if u.Scheme != last.Scheme || u.Host != last.Host {
		for name := range next.Header {
			switch name {
			case "Accept", "Accept-Encoding", "Accept-Language", "User-Agent":
			default:
				delete(next.Header, name)
			}
		}
	}
	next.URL, next.Host = u, ""
	return nil
}

// LogURL returns a URL as a log may show it: without userinfo, and without the
// values of its query.
func LogURL(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return fmt.Sprintf("(malformed, %d bytes)", len(raw))
	}
	u.User, u.Fragment = nil, ""
	if u.RawQuery != "" {
		u.RawQuery = "…"
	}
	return strings.ReplaceAll(u.String(), "%E2%80%A6", "…")
}
