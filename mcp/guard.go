package mcp

import (
	"log/slog"
	"net"
	"net/http"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"
)

// guard refuses requests that a web page made a browser send: by the Origin
// header on every method, and by the Host header, which names the attacker's
// own domain where that was rebound to this address. Requests without Origin
// come from programs and pass.
type guard struct {
	cross *http.CrossOriginProtection
	hosts []string // accepted whatever the port they arrive at
	log   *slog.Logger
}

// newGuard reads the configuration, which must be valid.
func newGuard(cfg Config, log *slog.Logger) *guard {
	g := &guard{cross: http.NewCrossOriginProtection(), log: log}
	for _, host := range cfg.Hosts {
		g.hosts = append(g.hosts, strings.ToLower(host))
	}
	if u, err := cfg.publicURL(); err == nil && u != nil {
		g.hosts = append(g.hosts, strings.ToLower(u.Host))
		if err := g.cross.AddTrustedOrigin(u.Scheme + "://" + u.Host); err != nil {
			log.Error("AXON_PUBLIC_URL is not trusted as an origin", slog.String("error", err.Error()))
		}
	}
	return g
}

func (g *guard) wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case !g.hostAllowed(r):
			g.log.LogAttrs(r.Context(), slog.LevelWarn, "host refused", slog.String("host", r.Host))
			refuse(w, http.StatusForbidden, "this Host is not served here; set AXON_PUBLIC_URL where a proxy stands before axon")
		case !g.originAllowed(r):
			g.log.LogAttrs(r.Context(), slog.LevelWarn, "origin refused", slog.String("origin", r.Header.Get("Origin")))
			refuse(w, http.StatusForbidden, "this Origin may not call axon; set AXON_PUBLIC_URL if it is your own")
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// originAllowed applies the standard library's check to every method; by
// itself it lets GET and HEAD pass, which read a stream here.
func (g *guard) originAllowed(r *http.Request) bool {
	if r.Header.Get("Origin") == "" && r.Header.Get("Sec-Fetch-Site") == "" {
		return true
	}
	writing := *r
	writing.Method = http.MethodPost
	return g.cross.Check(&writing) == nil
}

// hostAllowed accepts the address that the request has arrived at, the loopback
// names with its port, and what the configuration names.
func (g *guard) hostAllowed(r *http.Request) bool {
	host := strings.ToLower(r.Host)
	for _, own := range g.hosts {
		if host == own {
			return true
		}
	}
	local, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	if !ok {
		return false
	}
	address, port, err := net.SplitHostPort(local.String())
	if err != nil {
		return false
	}
	for _, name := range [...]string{address, "127.0.0.1", "localhost", "::1"} {
		if host == net.JoinHostPort(name, port) || (port == "80" && strings.Trim(host, "[]") == name) {
			return true
		}
	}
	return false
}

// refuse answers with an HTTP status and the same as a JSON-RPC error without
// an id, which clients show.
func refuse(w http.ResponseWriter, status int, message string) {
	refuseMessage(w, status, nil, &rpcError{Code: mcp.INVALID_REQUEST, Message: message})
}

// refuseMessage answers one message with an error.
func refuseMessage(w http.ResponseWriter, status int, id []byte, e *rpcError) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(encodeError(id, e)) // the client is gone: nothing to do
}
