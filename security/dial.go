package security

import (
	"context"
	"net"
	"net/netip"
	"strings"
	"syscall"
)

type nameAllowedKey struct{}

// DialContext connects to host:port for a URL that comes from outside; it fits
// http.Transport.DialContext. It judges the host's text, resolves it once,
// refuses when any of its records is blocked, and dials those same records.
// network is "tcp". It fails with URLBlocked, with Unavailable where the name
// cannot be resolved, and otherwise with the dialer's error.
func (g *Guard) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	host, portText, err := net.SplitHostPort(address)
	port, ok := parsePort(portText)
	if err != nil || !ok || host == "" || network != "tcp" { // ":80" would mean this machine (C3)
		return nil, g.refuse(clip(network+" "+address), NoAddress, "")
	}
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	host, verdict := judgeTarget(host, port, g.allow.target)
	if verdict != Public {
		return nil, g.refuse(clip(address), verdict, "")
	}
	addrs, err := g.resolve(ctx, host)
	if err != nil {
		return nil, err
	}
	nameAllowed := g.allow.name(host, port)
	for _, a := range addrs {
		if verdict, where := g.judge(a, port, nameAllowed); verdict != Public {
			return nil, g.refuse(clip(address)+" is "+a.String(), verdict, where)
		}
	}
	if g.upstream != nil {
		return g.dialUpstream(ctx, addrs[:min(len(addrs), mostAddresses)], port)
	}
	return g.dialAny(context.WithValue(ctx, nameAllowedKey{}, nameAllowed), addrs, port)
}

// control judges the address that is about to be dialled, whatever was decided
// before: the last word of every attempt (C1).
func (g *Guard) control(ctx context.Context, network, address string, _ syscall.RawConn) error {
	ap, err := netip.ParseAddrPort(address)
	if err != nil || network != "tcp4" && network != "tcp6" {
		return g.refuse(network+" "+address, NoAddress, "")
	}
	nameAllowed, _ := ctx.Value(nameAllowedKey{}).(bool)
	if verdict, where := g.judge(ap.Addr(), ap.Port(), nameAllowed); verdict != Public {
		return g.refuse(address, verdict, where)
	}
	return nil
}

// clip bounds what a log line shows of outside text.
func clip(s string) string {
	const most = 300
	if len(s) > most {
		return strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}
