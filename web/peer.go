package web

import (
	"net/http"
	"net/netip"
	"strings"
)

// peer is where a request comes from.
type peer struct {
	addr      netip.Addr
	forwarded bool // it carries a forwarding header: somebody else sent it on
}

func peerOf(r *http.Request) peer {
	var p peer
	if at, err := netip.ParseAddrPort(r.RemoteAddr); err == nil {
		p.addr = at.Addr()
	}
	for name := range r.Header {
		if name == "Forwarded" || name == "X-Real-Ip" || strings.HasPrefix(name, "X-Forwarded-") {
			p.forwarded = true
		}
	}
	return p
}

// local reports whether the request was made on this machine. One that was
// forwarded never was, whatever its peer.
func (p peer) local() bool { return !p.forwarded && loopback(p.addr) }

// limitKey is the address that limits count: the peer's, or the last one in
// X-Forwarded-For that no trusted proxy has, where the peer is one.
func limitKey(r *http.Request, proxies []netip.Prefix) netip.Addr {
	trusted := func(a netip.Addr) bool {
		for _, p := range proxies {
			if p.Contains(a.Unmap()) {
				return true
			}
		}
		return false
	}
	at := peerOf(r).addr
	if !trusted(at) {
		return at
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0; i-- {
		hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			return at
		}
		if at = hop; !trusted(hop) {
			return hop
		}
	}
	return at
}
