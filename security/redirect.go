package security

import (
	"net/url"
	"strings"

	"github.com/axon-mcp/axon-mcp/fault"
)

// MaxRedirects is how many redirects a fetch follows.
const MaxRedirects = 10

// Redirect judges where a redirect leads (C6). via are the URLs so far, the one
// that redirects last; location is its Location header. The result has passed
// the text layer; the address layer judges it when it is dialled. Refused are,
// beside what ValidateURL refuses, https to http, a loop (without cookies a page
// answers the same again), and a redirect to nowhere. More than MaxRedirects
// fail with Unavailable.
//
// Callers send a request with nothing but their own standing headers to the
// result where SameOrigin is false: no credentials, no custom headers, no
// validators.
func (g *Guard) Redirect(via []*url.URL, location string) (*url.URL, error) {
	from := via[len(via)-1]
	if len(via) > MaxRedirects {
		return nil, fault.Errorf(fault.Unavailable, "%s redirects more than %d times", LogURL(via[0].String()), MaxRedirects)
	}
	location = strings.ReplaceAll(location, " ", "%20") // servers forget; browsers do the same
	if location == "" || !cleanText(location) {
		return nil, g.refuse(LogURL(from.String()), Nowhere, "")
	}
	to, err := g.ValidateURL(resolveReference(from, location))
	if err != nil {
		return nil, err
	}
	if from.Scheme == "https" && to.Scheme == "http" {
		return nil, g.refuse(LogURL(to.String()), Downgrade, "")
	}
	for _, earlier := range via {
		if sameRequest(earlier, to) {
			return nil, g.refuse(LogURL(to.String()), Loop, "")
		}
	}
	return to, nil
}

// resolveReference makes location absolute (RFC 3986, 5.2). A location with a
// scheme stays as it is written: ValidateURL must see what was sent, not what a
// parser made of it.
func resolveReference(from *url.URL, location string) string {
	if colon := strings.IndexByte(location, ':'); colon > 0 && !strings.ContainsAny(location[:colon], "/?#") {
		return location
	}
	if strings.HasPrefix(location, "//") {
		return from.Scheme + ":" + location
	}
	if strings.HasPrefix(location, `/\`) || strings.HasPrefix(location, `\`) {
		return location // browsers take it for "//": no URL of ours
	}
	reference, err := url.Parse(location)
	if err != nil {
		return location
	}
	return from.ResolveReference(reference).String()
}

// SameOrigin reports whether two URLs share scheme, host and port.
func SameOrigin(a, b *url.URL) bool { return a.Scheme == b.Scheme && a.Host == b.Host }

func sameRequest(a, b *url.URL) bool {
	return SameOrigin(a, b) && a.EscapedPath() == b.EscapedPath() && a.RawQuery == b.RawQuery
}
