package web

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// origin is where a page comes from, as the Origin header writes it.
type origin struct{ scheme, host string }

func (o origin) String() string { return o.scheme + "://" + o.host }

// standing is how an origin or a host stands to the listener.
type standing int

const (
	foreign standing = iota
	allowed          // in AXON_WEB_ALLOWED_ORIGINS
	own              // the listener's own
)

// origins knows the listener's own origins and the allowed ones.
type origins struct {
	named   []origin // its public one, and the one that it was told to listen on
	allowed []origin
}

func newOrigins(cfg Config, bound string, list []string) origins {
	var o origins
	if public, err := parseOrigin(cfg.PublicURL); err == nil {
		o.named = append(o.named, public)
	}
	if _, port, err := net.SplitHostPort(bound); err == nil && cfg.Host != "" && cfg.Host != "0.0.0.0" && cfg.Host != "::" {
		o.named = append(o.named, origin{"http", plainHost("http", strings.ToLower(net.JoinHostPort(cfg.Host, port)))})
	}
	for _, raw := range list {
		if one, err := parseOrigin(raw); err == nil {
			o.allowed = append(o.allowed, one)
		}
	}
	return o
}

// self lists the listener's own origins as seen by this request: the named ones
// and the address that it has arrived at, under its names where it is loopback.
func (o origins) self(r *http.Request) []origin {
	list := slices.Clone(o.named)
	local, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	if !ok {
		return list
	}
	at, err := netip.ParseAddrPort(local.String())
	if err != nil {
		return list
	}
	_, port, _ := net.SplitHostPort(local.String())
	names := []string{at.Addr().Unmap().WithZone("").String()}
	if loopback(at.Addr()) {
		names = append(names, "127.0.0.1", "localhost", "::1")
	}
	for _, name := range names {
		list = append(list, origin{"http", plainHost("http", net.JoinHostPort(name, port))})
	}
	return list
}

// host judges the Host header: DNS rebinding brings the attacker's own name
// here (W2).
func (o origins) host(r *http.Request) standing {
	host := strings.ToLower(r.Host)
	match := func(one origin) bool { return one.host == plainHost(one.scheme, host) }
	switch {
	case slices.ContainsFunc(o.self(r), match):
		return own
	case slices.ContainsFunc(o.allowed, match):
		return allowed
	}
	return foreign
}

// origin judges the Origin header. Programs send none and are as good as the
// listener's own; so is a page of ours, whose reads carry none. A browser that
// says by Sec-Fetch-Site that another page asks is believed where Origin is
// missing: an image or a script of a page elsewhere.
func (o origins) origin(r *http.Request) standing {
	values := r.Header.Values("Origin")
	if len(values) == 0 {
		site := r.Header.Get("Sec-Fetch-Site")
		if (site == "cross-site" || site == "same-site") && r.Header.Get("Sec-Fetch-Mode") != "navigate" {
			return foreign
		}
		return own
	}
	if len(values) > 1 {
		return foreign
	}
	given := strings.ToLower(values[0])
	match := func(one origin) bool { return one.String() == given }
	switch {
	case slices.ContainsFunc(o.self(r), match):
		return own
	case slices.ContainsFunc(o.allowed, match):
		return allowed
	}
	return foreign
}

// caller is the origin that a ticket is bound to: the header's, or this
// listener's own for a program that sends none.
func (o origins) caller(r *http.Request) string {
	if given := r.Header.Get("Origin"); given != "" && o.origin(r) != own {
		return strings.ToLower(given)
	}
	return "own"
}
