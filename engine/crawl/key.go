package crawl

import (
	"strings"
	"unicode/utf8"

	whatwg "github.com/nlnwa/whatwg-url/url"

	"github.com/axon-mcp/axon-mcp/fault"
)

// maxRawURL is the longest URL text that is looked at, in bytes (rule U1).
const maxRawURL = 8192

// Key returns the form of a URL under which a page is queued, fetched and
// stored: as a browser writes it (WHATWG URL standard), without fragment,
// default port, tracking parameters and an empty query. Key(Key(x)) is Key(x).
//
// It fails with Invalid for what is not an absolute http or https URL with a
// host and without userinfo. It does not judge where the URL leads: that is
// the guard's part.
func Key(raw string) (string, error) {
	if key, ok := fastKey(raw); ok {
		return key, nil
	}
	return slowKey("", raw)
}

// Resolve is Key of ref as it stands on the page base.
func Resolve(base, ref string) (string, error) {
	if key, ok := fastKey(ref); ok {
		return key, nil
	}
	return slowKey(base, ref)
}

// slowKey follows the standard to the letter, at some 5 µs a URL.
func slowKey(base, raw string) (string, error) {
	raw, _, _ = strings.Cut(raw, "#")
	if len(raw) > maxRawURL || !utf8.ValidString(raw) {
		return "", fault.New(fault.Invalid, "the URL is not UTF-8 text of at most 8192 bytes")
	}
	u, err := whatwg.ParseRef(base, raw)
	if err != nil {
		return "", fault.Wrap(fault.Invalid, err, "%.200q is not a URL", raw)
	}
	if scheme := u.Scheme(); scheme != "http" && scheme != "https" || u.Hostname() == "" {
		return "", fault.Errorf(fault.Invalid, "%.200q is not an absolute http or https URL", raw)
	}
	if u.Username() != "" || u.Password() != "" {
		return "", fault.New(fault.Invalid, "a URL must not carry a user name or password")
	}
	key := dropTracking(u.Href(true))
	if len(key) > maxRawURL { // escapes make it longer
		return "", fault.New(fault.Invalid, "the URL is longer than 8192 bytes")
	}
	return key, nil
}

// fastKey handles the URLs that the standard leaves as they are, which nearly
// all links of a site are, without allocating. ok is false where only the full
// parser can tell; FuzzKey holds the two to the same answers.
func fastKey(raw string) (key string, ok bool) {
	raw, _, _ = strings.Cut(raw, "#")
	if len(raw) > maxRawURL {
		return "", false
	}
	defaultPort, host := "80", len("http://")
	if !strings.HasPrefix(raw, "http://") {
		if !strings.HasPrefix(raw, "https://") {
			return "", false
		}
		defaultPort, host = "443", len("https://")
	}
	path := host + strings.IndexByte(raw[host:], '/')
	if path < host || !plainAuthority(raw[host:path], defaultPort) {
		return "", false
	}
	query := -1
	for i := path; i < len(raw); i++ {
		switch class := byteClasses[raw[i]]; {
		case class == plain:
		case raw[i] == '?':
			if query < 0 {
				query = i
			}
		case class == plainInPath && query < 0:
		case raw[i] == '.':
			if query < 0 && raw[i-1] == '/' { // may be a dot segment
				return "", false
			}
		case raw[i] == '%':
			if query < 0 && (i+2 >= len(raw) || raw[i+1] == '2') { // may be an encoded dot
				return "", false
			}
		default:
			return "", false
		}
	}
	if query < 0 {
		return raw, true
	}
	return dropTracking(raw), true
}

// Classes of bytes in paths and queries; zero is for the full parser, or has a
// case of its own in fastKey.
const (
	plain       = 1 + iota // stands for itself in a path and in a query
	plainInPath            // escaped in a query
)

// byteClasses gives the class of each byte.
var byteClasses = func() (classes [256]byte) {
	for _, c := range []byte("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_~!$&()*+,;=:@/") {
		classes[c] = plain
	}
	classes['\''] = plainInPath
	return classes
}()

// plainAuthority reports whether host[:port] is in its final form: lower-case
// ASCII labels, or a dotted quad; no punycode, which has rules of its own.
func plainAuthority(authority, defaultPort string) bool {
	host, port, hasPort := strings.Cut(authority, ":")
	if hasPort && (!plainNumber(port, 65535) || port == defaultPort) {
		return false
	}
	if len(host) == 0 || len(host) > 253 {
		return false
	}
	label, letters := 0, false // of the label at hand
	for i := range len(host) {
		switch c := host[i]; {
		case c >= 'a' && c <= 'z':
			letters = true
			label++
		case c >= '0' && c <= '9':
			label++
		case c == '-' && label > 0 && label != 2 && label != 3: // "--" there marks punycode
			label++
		case c == '.' && label > 0 && host[i-1] != '-':
			label, letters = 0, false
		default:
			return false
		}
		if label > 63 {
			return false
		}
	}
	if label == 0 || host[len(host)-1] == '-' {
		return false
	}
	if last := host[len(host)-label]; last >= '0' && last <= '9' { // a number, or near one
		return !letters && plainQuad(host)
	}
	return true
}

// plainQuad reports whether host is an IPv4 address as it is written
// canonically.
func plainQuad(host string) bool {
	for i := range 4 {
		part, rest, more := strings.Cut(host, ".")
		if !plainNumber(part, 255) || more != (i < 3) {
			return false
		}
		host = rest
	}
	return true
}

// plainNumber reports whether s is a decimal number up to limit without
// leading zeros.
func plainNumber(s string, limit int) bool {
	if s == "" || len(s) > 5 || s[0] == '0' && len(s) > 1 {
		return false
	}
	n := 0
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
		n = n*10 + int(s[i]-'0')
	}
	return n <= limit
}

// trackingParameters are query parameters that tell where a visitor came from
// and never what the page shows.
var trackingParameters = map[string]bool{
	"gclid": true, "gclsrc": true, "dclid": true, "gbraid": true, "wbraid": true,
	"fbclid": true, "msclkid": true, "yclid": true, "twclid": true, "ttclid": true,
	"li_fat_id": true, "igshid": true, "mc_cid": true, "mc_eid": true, "_ga": true,
	"_gl": true, "_hsenc": true, "_hsmi": true, "hsctatracking": true, "ref_src": true,
	"mkt_tok": true, "oly_anon_id": true, "oly_enc_id": true, "vero_id": true,
	"s_kwcid": true, "rb_clickid": true, "epik": true,
}

// dropTracking takes tracking parameters, and then an empty query, from a URL
// without fragment.
func dropTracking(key string) string {
	at := strings.IndexByte(key, '?')
	if at < 0 {
		return key
	}
	query := key[at+1:]
	if !hasTracking(query) {
		if query == "" {
			return key[:at]
		}
		return key
	}
	var kept []string
	for pair := range strings.SplitSeq(query, "&") {
		if !isTracking(pair) {
			kept = append(kept, pair)
		}
	}
	if left := strings.Join(kept, "&"); left != "" {
		return key[:at+1] + left
	}
	return key[:at]
}

// hasTracking reports whether a query holds a tracking parameter.
func hasTracking(query string) bool {
	for pair := range strings.SplitSeq(query, "&") {
		if isTracking(pair) {
			return true
		}
	}
	return false
}

// isTracking judges one name=value of a query.
func isTracking(pair string) bool {
	name, _, _ := strings.Cut(pair, "=")
	if len(name) > len("hsctatracking") && !strings.HasPrefix(name, "utm_") {
		return false
	}
	name = strings.ToLower(name)
	return strings.HasPrefix(name, "utm_") || trackingParameters[name]
}

// parts are the pieces of a key.
type parts struct {
	scheme string // "http" or "https"
	host   string // with the port, if it has one
	path   string // begins with "/"
	query  string // without "?"
}

// split takes a key apart. What is no key gives parts without a host.
func split(key string) parts {
	scheme, rest, ok := strings.Cut(key, "://")
	if !ok {
		return parts{}
	}
	at := strings.IndexByte(rest, '/')
	if at < 0 {
		return parts{}
	}
	path, query, _ := strings.Cut(rest[at:], "?")
	return parts{scheme: scheme, host: rest[:at], path: path, query: query}
}

// origin is the scheme and host of a key, as "https://host:port".
func (p parts) origin() string { return p.scheme + "://" + p.host }

// folder is the path up to its last slash, which it keeps.
func (p parts) folder() string { return p.path[:strings.LastIndexByte(p.path, '/')+1] }
