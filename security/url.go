package security

import (
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"

	"github.com/axon-mcp/axon-mcp/fault"
)

const maxURL = 8192 // bytes

// blocked is the one answer to the caller: it does not tell why, so that it is
// no probe of the network behind us (C14).
func blocked() error { return fault.New(fault.URLBlocked, "the address is not public") }

// ValidateURL judges a URL from its text alone, without exceptions and without
// DNS. What passes comes back in canonical form: lower-case scheme, ASCII host
// that net/url, x/net/idna and browsers read alike, no default port, a path,
// and nothing but ASCII. It fails with URLBlocked, also for what is no URL.
func ValidateURL(raw string) (*url.URL, error) {
	u, verdict := judgeURL(raw, nil)
	if verdict != Public {
		return nil, blocked()
	}
	return u, nil
}

// exceptions decides whether host:port is allowed by the operator.
type exceptions func(host string, port uint16) bool

// judgeURL applies rules U1 to U10. allowed may be nil.
func judgeURL(raw string, allowed exceptions) (*url.URL, Verdict) {
	if !cleanText(raw) {
		return nil, BadText
	}
	scheme, rest, ok := cutScheme(raw)
	if !ok {
		return nil, BadScheme
	}
	authority := rest
	if end := strings.IndexAny(rest, "/?#"); end >= 0 {
		authority = rest[:end]
	}
	switch {
	case strings.Contains(authority, "@"):
		return nil, UserInfo
	case authority == "", strings.ContainsAny(authority, `\%`):
		return nil, BadText
	}
	host, port, ok := splitPort(authority, scheme)
	if !ok {
		return nil, BadPort
	}
	host, verdict := judgeTarget(host, port, allowed)
	if verdict != Public {
		return nil, verdict
	}
	u := &url.URL{Scheme: scheme, Host: joinPort(host, port, scheme)}
	if !setTail(u, rest[len(authority):]) {
		return nil, BadText
	}
	return u, Public
}

// judgeTarget judges a host and its port, and returns the host's canonical
// form. allowed may be nil.
func judgeTarget(host string, port uint16, allowed exceptions) (string, Verdict) {
	host, verdict := judgeHost(host)
	if verdict == Public && portAllowed(port) {
		return host, Public
	}
	if host != "" && allowed != nil && allowed(host, port) {
		return host, Public
	}
	if verdict == Public {
		verdict = BadPort
	}
	return host, verdict
}

// cutScheme is U2: http or https in any case, and "://".
func cutScheme(raw string) (scheme, rest string, ok bool) {
	scheme, rest, ok = strings.Cut(raw, "://")
	switch {
	case !ok:
		return "", "", false
	case strings.EqualFold(scheme, "https") && len(scheme) == len("https"): // "httpſ" folds too
		return "https", rest, true
	case strings.EqualFold(scheme, "http") && len(scheme) == len("http"):
		return "http", rest, true
	}
	return "", "", false
}

// cleanText is U1: refuse, do not strip. Parsers differ in what they drop.
func cleanText(raw string) bool {
	if len(raw) > maxURL || !utf8.ValidString(raw) {
		return false
	}
	for _, r := range raw {
		if r <= 0x20 || r >= 0x7f && r <= 0x9f || r == 0xfeff {
			return false
		}
	}
	return true
}

// setTail parses path, query and fragment into u. What is not plain is written
// in percent form, as browsers send it (WHATWG URL, "percent-encode"), so that
// the request line is what was judged, and an encoded slash stays encoded.
func setTail(u *url.URL, tail string) bool {
	tail, fragment, hasFragment := strings.Cut(tail, "#")
	path, query, hasQuery := strings.Cut(tail, "?")
	if path == "" {
		path = "/"
	}
	if path = escape(path, plainInPath); strings.ContainsAny(path, "%!'()*[]") { // those have a raw form
		parsed, err := url.Parse("http://h" + path)
		if err != nil {
			return false
		}
		u.Path, u.RawPath = parsed.Path, parsed.RawPath
	} else {
		u.Path = path
	}
	u.RawQuery, u.ForceQuery = escape(query, plainInQuery), hasQuery && query == ""
	if hasFragment {
		parsed, err := url.Parse("#" + escape(fragment, plainInPath))
		if err != nil {
			return false
		}
		u.Fragment, u.RawFragment = parsed.Fragment, parsed.RawFragment
	}
	return true
}

// plainInPath are the bytes that net/url takes as they are in a path.
func plainInPath(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || strings.IndexByte("-_.~!$&'()*+,;=:@[]%/", c) >= 0
}

// plainInQuery is all that the special-query percent-encode set of the WHATWG
// URL standard leaves.
func plainInQuery(c byte) bool {
	return c > 0x20 && c < 0x7f && c != '"' && c != '<' && c != '>' && c != '\''
}

// escape writes the bytes that are not plain in percent form.
func escape(s string, plain func(byte) bool) string {
	const hex = "0123456789ABCDEF"
	i := 0
	for i < len(s) && plain(s[i]) {
		i++
	}
	if i == len(s) {
		return s
	}
	out := []byte(s[:i])
	for _, c := range []byte(s[i:]) {
		if plain(c) {
			out = append(out, c)
		} else {
			out = append(out, '%', hex[c>>4], hex[c&15])
		}
	}
	return string(out)
}

// splitPort is U4: no port, or a canonical one from 1 to 65535. An empty port
// ("host:") is none.
func splitPort(authority, scheme string) (host string, port uint16, ok bool) {
	port = defaultPort(scheme)
	colon := strings.LastIndexByte(authority, ':')
	if colon < 0 || strings.HasSuffix(authority, "]") {
		return authority, port, true
	}
	host, text := authority[:colon], authority[colon+1:]
	if text == "" {
		return host, port, true
	}
	port, ok = parsePort(text)
	return host, port, ok
}

// parsePort reads a port as it is written canonically: 1 to 65535, no sign and
// no leading zero.
func parsePort(text string) (uint16, bool) {
	n, err := strconv.ParseUint(text, 10, 16)
	if err != nil || text[0] == '0' || text[0] == '+' {
		return 0, false
	}
	return uint16(n), true
}

func defaultPort(scheme string) uint16 {
	if scheme == "https" {
		return 443
	}
	return 80
}

func joinPort(host string, port uint16, scheme string) string {
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if port == defaultPort(scheme) {
		return host
	}
	return host + ":" + strconv.Itoa(int(port))
}

// judgeHost judges a host and returns its canonical form: an address without
// brackets, or an ASCII name. The form is empty where there is none, and is
// given with some refusals so that an exception can be looked up.
func judgeHost(host string) (string, Verdict) {
	if strings.HasPrefix(host, "[") {
		return judgeV6(host)
	}
	name, ok := asciiName(host)
	if !ok {
		return "", BadName
	}
	// U7: a last label that starts with a digit makes parsers think of an
	// address; only the one form that all read alike may stand.
	if last := name[strings.LastIndexByte(name, '.')+1:]; last[0] >= '0' && last[0] <= '9' {
		a, err := netip.ParseAddr(name)
		if err != nil || !a.Is4() || a.String() != host {
			return "", NumericHost
		}
		return name, JudgeAddress(a)
	}
	return name, judgeName(name)
}

// judgeV6 is U5.
func judgeV6(host string) (string, Verdict) {
	inner, ok := strings.CutSuffix(host[1:], "]")
	a, err := netip.ParseAddr(inner)
	if !ok || err != nil || !a.Is6() || a.Is4In6() || a.Zone() != "" {
		return "", NumericHost
	}
	return a.String(), JudgeAddress(a)
}

// lookup maps a name as a browser would before it looks it up (UTS 46,
// non-transitional). Hyphens in the third and fourth place are common in names
// of content networks and harmless.
var lookup = idna.New(idna.MapForLookup(), idna.Transitional(false), idna.StrictDomainName(false), idna.CheckHyphens(false), idna.BidiRule())

// asciiName is U6 and U8: the mapped, lower-case name without its one trailing
// dot.
func asciiName(host string) (string, bool) {
	name := host
	if !plainName(host) {
		mapped, err := lookup.ToASCII(host)
		if err != nil {
			return "", false
		}
		name = mapped
	}
	name = strings.TrimSuffix(strings.ToLower(name), ".")
	if name == "" || len(name) > 253 {
		return "", false
	}
	for label := range strings.SplitSeq(name, ".") {
		if !cleanLabel(label) || !cleanUnicode(label) {
			return "", false
		}
	}
	return name, true
}

// strict is what net/http and most readers take, but for the place of hyphens.
var strict = idna.New(idna.MapForLookup(), idna.Transitional(false), idna.StrictDomainName(true), idna.CheckHyphens(false), idna.BidiRule())

// cleanUnicode judges what a punycode label stands for by the stricter of the
// rules that readers have: they differ over "≠", and over the hyphens of "-ll➠"
// (RFC 5891, 4.2.3.1).
func cleanUnicode(label string) bool {
	if !strings.HasPrefix(label, "xn--") {
		return true
	}
	plain, err := strict.ToUnicode(label)
	if err != nil || strings.HasPrefix(plain, "-") || strings.HasSuffix(plain, "-") {
		return false
	}
	letters := []rune(plain)
	return len(letters) < 4 || letters[2] != '-' || letters[3] != '-'
}

// plainName reports whether mapping would leave the name as it is but for case.
func plainName(host string) bool {
	for i := range len(host) {
		if host[i] >= utf8.RuneSelf {
			return false
		}
	}
	return !strings.Contains(host, "--") // "xn--" in any case: its punycode must be checked
}

func cleanLabel(label string) bool {
	if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
		return false
	}
	for _, c := range []byte(label) {
		if !(c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '_') {
			return false
		}
	}
	return true
}
