package oauth

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// Redirect URIs decide where codes go, so what is taken is named and the rest
// refused.
var (
	hostChars    = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$`)
	ipv6Chars    = regexp.MustCompile(`^[0-9A-Fa-f:.]+$`)
	schemeChars  = regexp.MustCompile(`^[a-z][a-z0-9+-]*$`)
	privateChars = regexp.MustCompile(`^[a-z][a-z0-9-]*(\.[a-z0-9-]+)+$`) // com.example.app (RFC 8252, 7.1)
)

// dangerous schemes run or read something in the browser itself.
var dangerous = []string{"javascript", "data", "file", "vbscript", "blob", "about", "view-source", "ws", "wss", "ftp", "filesystem", "intent", "chrome", "resource", "mailto", "tel", "sms"}

// reserved are the parameters that we add to a redirect (G3).
var reserved = []string{"code", "state", "iss", "error", "error_description"}

const maxRedirectURI = 2_000

// plainHost reports whether a host can stand in headers and pages as it is.
func plainHost(host string) bool {
	return hostChars.MatchString(host) || (strings.Contains(host, ":") && ipv6Chars.MatchString(host))
}

// checkRedirect judges a redirect URI by the policy (K7).
func checkRedirect(raw, policy string) error {
	u, err := url.Parse(raw)
	switch {
	case err != nil || len(raw) > maxRedirectURI || raw != strings.TrimSpace(raw):
		return fmt.Errorf("it is no URI of at most %d bytes", maxRedirectURI)
	case strings.ContainsFunc(raw, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(`\"'<>^{|}*`+"`", r) }):
		return fmt.Errorf("it has characters that no redirect URI has")
	case strings.Contains(raw, "#"):
		return fmt.Errorf("it has a fragment")
	case u.User != nil || strings.Contains(u.Host, "@"):
		return fmt.Errorf("it has a user name")
	case u.Scheme != strings.ToLower(u.Scheme) || !strings.HasPrefix(raw, u.Scheme+":"):
		return fmt.Errorf("its scheme is not in lower case")
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil || slices.ContainsFunc(reserved, query.Has) {
		return fmt.Errorf("its query is malformed or has a parameter that the answer needs")
	}
	return checkScheme(u, orDefault(policy, policyLoopbackOrHTTPS))
}

func checkScheme(u *url.URL, policy string) error {
	web := u.Scheme == "http" || u.Scheme == "https"
	loopback := web && isLoopbackName(u.Hostname())
	switch {
	case web && (u.Opaque != "" || !plainHost(u.Hostname())):
		return fmt.Errorf("it has no host")
	case loopback:
		return nil
	case policy == policyLoopbackOnly:
		return fmt.Errorf("this server takes loopback addresses alone (GOOGLE_OAUTH_REDIRECT_POLICY)")
	case u.Scheme == "https", u.Scheme == "http" && policy == policyAny:
		return nil
	case privateChars.MatchString(u.Scheme):
		return nil
	case policy == policyAny && schemeChars.MatchString(u.Scheme) && !slices.Contains(dangerous, u.Scheme):
		return nil
	}
	return fmt.Errorf("this server takes https, http on loopback, and schemes like com.example.app (GOOGLE_OAUTH_REDIRECT_POLICY)")
}

// redirectMatches reports whether asked is one of the registered URIs: the same
// string, but for the port of a loopback address, which a native app cannot
// choose (G1; RFC 8252, 7.3).
func redirectMatches(registered []string, asked string) bool {
	return slices.ContainsFunc(registered, func(known string) bool {
		return known == asked || sameButPort(known, asked)
	})
}

func sameButPort(known, asked string) bool {
	a, errA := url.Parse(known)
	b, errB := url.Parse(asked)
	if errA != nil || errB != nil || a.Scheme != "http" || b.Scheme != "http" || !isLoopbackName(a.Hostname()) {
		return false
	}
	if strings.HasSuffix(b.Host, ":") {
		return false
	}
	return a.Hostname() == b.Hostname() && afterHost(a, known) == afterHost(b, asked)
}

// afterHost is what follows host and port, compared byte for byte.
func afterHost(u *url.URL, raw string) string {
	rest, found := strings.CutPrefix(raw, "http://"+u.Host)
	if !found {
		return raw
	}
	return rest
}

// redirectTo is the URI with the answer's parameters. Each stands once.
func redirectTo(uri string, params url.Values) string {
	separator := "?"
	if strings.Contains(uri, "?") {
		separator = "&"
	}
	return uri + separator + params.Encode()
}

// sourceOf is the URI as a source of a Content-Security-Policy, and hostOf how
// people read it.
func sourceOf(uri string) string {
	u, err := url.Parse(uri)
	switch {
	case err != nil:
		return ""
	case u.Scheme != "http" && u.Scheme != "https":
		return u.Scheme + ":"
	case strings.Contains(u.Hostname(), ":"):
		return u.Scheme + ":" // a policy cannot name IPv6 addresses
	}
	return u.Scheme + "://" + u.Host
}

func hostOf(uri string) string {
	u, err := url.Parse(uri)
	if err != nil {
		return ""
	}
	if u.Scheme != "http" && u.Scheme != "https" {
		return u.Scheme + ":"
	}
	return u.Host
}
