package security

import (
	"fmt"
	"net/http"
	"net/url"
)

// PageHeaders sets what every page and answer that we serve carries: no inline
// script, no frames, no sniffing, no referrer. secure says that the page is
// reached over TLS. A handler that needs another policy replaces the header
// before it writes.
func PageHeaders(h http.Header, secure bool) {
	h.Set("Content-Security-Policy", "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; "+
		"connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	if secure {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
}

// LogURL returns a URL as a log or a message may show it: without userinfo,
// fragment and the values of its query, and not longer than 300 bytes.
func LogURL(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return fmt.Sprintf("(malformed, %d bytes)", len(raw))
	}
	if u.Opaque != "" {
		return clip(u.Scheme) + ":…"
	}
	query := ""
	if u.RawQuery != "" {
		query = "?…"
	}
	u.User, u.Fragment, u.RawFragment, u.RawQuery, u.ForceQuery = nil, "", "", "", false
	return clip(u.String()) + query
}
