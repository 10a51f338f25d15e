package security

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync/atomic"

	"github.com/axon-mcp/axon-mcp/fault"
)

// parseDNSServer reads AXON_DNS_SERVER: address or address:port.
func parseDNSServer(setting string) (string, error) {
	if setting == "" {
		return "", nil
	}
	if a, err := netip.ParseAddr(setting); err == nil {
		return netip.AddrPortFrom(a, 53).String(), nil
	}
	if _, err := netip.ParseAddrPort(setting); err != nil {
		return "", fault.Errorf(fault.Invalid, "AXON_DNS_SERVER: %q is not address:port, such as 127.0.0.1:5353", setting)
	}
	return setting, nil
}

// resolve returns the addresses of a host in canonical form, at least one. It
// asks once: what it returns is what is judged and dialled. It fails with
// URLBlocked where the name is there but has no address, and with Unavailable
// where it is not there or nobody answers.
func (g *Guard) resolve(ctx context.Context, host string) ([]netip.Addr, error) {
	if a, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{a}, nil
	}
	l := question{server: g.server}
	resolver := net.Resolver{PreferGo: true, Dial: l.dial} // of its own: no answer is shared with another question
	// The trailing dot keeps the resolver from trying search domains.
	addrs, err := resolver.LookupNetIP(ctx, "ip", host+".")
	var failure *net.DNSError
	timedOut := errors.As(err, &failure) && failure.IsTimeout
	switch {
	case err == nil && len(addrs) > 0:
		return addrs, nil
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case l.exists.Load() && !l.failed.Load() && !timedOut:
		return nil, g.refuse(clip(host), NoAddress, "")
	}
	return nil, fault.Wrap(fault.Unavailable, err, "%s cannot be resolved; check the name", clip(host))
}

// question is one question. package net does not tell a name without addresses
// from one that does not exist; the answers' codes do.
type question struct {
	server         string
	exists, failed atomic.Bool
}

// dial connects to the resolver: the operator's, or the system's in address.
func (l *question) dial(ctx context.Context, network, address string) (net.Conn, error) {
	if l.server != "" {
		address = l.server
	}
	conn, err := new(net.Dialer).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	if udp, ok := conn.(*net.UDPConn); ok { // it must stay a net.PacketConn
		return &answers{UDPConn: udp, to: l}, nil
	}
	return conn, nil
}

// answers watches the response codes (RFC 1035, 4.1.1). Answers over TCP only
// follow a truncated one, which has told.
type answers struct {
	*net.UDPConn
	to *question
}

// Read implements net.Conn.
func (a *answers) Read(p []byte) (int, error) {
	const rcode, noError = 3, 0
	n, err := a.UDPConn.Read(p)
	switch {
	case n <= rcode:
	case p[rcode]&0x0f == noError:
		a.to.exists.Store(true)
	default:
		a.to.failed.Store(true)
	}
	return n, err
}
