package security

import (
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"

	"github.com/axon-mcp/axon-mcp/fault"
)

const maxURL = 8192 // bytes

// blocked is the one answer to the caller: it does not tell why, so that it is
// no probe of the network behind us.
func blocked() error { return fault.New(fault.URLBlocked, "the address is not public") }

// ValidateURL judges a URL from its text alone and returns it in canonical
// form: lower-case ASCII host, no default port, no fragment kept apart. It fails
// with URLBlocked.
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
	scheme, rest, ok := strings.Cut(raw, "://")
	scheme = strings.ToLower(scheme)
	if !ok || scheme != "http" && scheme != "https" {
		return nil, BadScheme
	}
	authority := rest
	if end := strings.IndexAny(rest, "/?#"); end >= 0 {
		authority = rest[:end]
	}
	switch {
	case strings.Contains(authority, "@"):
		return nil, UserInfo
	case authority == "", strings.ContainsAny(authority, `\% `):
		return nil, BadText
	}
	host, port, ok := splitPort(authority, scheme)
	if !ok {
		return nil, BadPort
	}
	host, verdict := judgeHost(host)
	if verdict != Public && (allowed == nil || host == "" || !allowed(host, port)) {
		return nil, verdict
	}
	if !portAllowed(port) && (allowed == nil || !allowed(host, port)) {
		return nil, BadPort
	}
	u, err := url.Parse(scheme + "://" + joinPort(host, port, scheme) + rest[len(authority):])
	if err != nil || u.User != nil || u.Opaque != "" {
		return nil, BadText
	}
	return u, Public
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
	n, err := strconv.ParseUint(text, 10, 16)
	if err != nil || n == 0 || strconv.FormatUint(n, 10) != text {
		return "", 0, false
	}
	return host, uint16(n), true
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
	if last := name[strings.LastIndexByte(name, '.')+1:]; last == "" || last[0] >= '0' && last[0] <= '9' {
		a, err := netip.ParseAddr(name)
		if err != nil || !a.Is4() || a.String() != host {
			return "", NumericHost
		}
		return name, JudgeAddress(a)
	}
	return name, judgeName(name)
}

func judgeV6(host string) (string, Verdict) {
	inner, ok := strings.CutSuffix(host[1:], "]")
	a, err := netip.ParseAddr(inner)
	if !ok || err != nil || !a.Is6() || a.Is4In6() || a.Zone() != "" {
		return "", NumericHost
	}
	return a.String(), JudgeAddress(a)
}

// lookup maps a name as a browser would before it looks it up (UTS 46).
var lookup = idna.New(idna.MapForLookup(), idna.Transitional(false), idna.StrictDomainName(false), idna.BidiRule())

// asciiName is U6 and U8: the mapped, lower-case name without a trailing dot.
func asciiName(host string) (string, bool) {
	name, err := lookup.ToASCII(host)
	if err != nil {
		return "", false
	}
	name = strings.TrimSuffix(strings.ToLower(name), ".")
	if name == "" || len(name) > 253 {
		return "", false
	}
	for label := range strings.SplitSeq(name, ".") {
		if !cleanLabel(label) {
			return "", false
		}
	}
	return name, true
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

// reserved are suffixes that never lead to a public web server: RFC 2606, 6761,
// 6762, 7686, 8375, 9476, ICANN's .internal, and names of container platforms.
var reserved = []string{
	"localhost", "local", "localdomain", "internal", "intranet", "lan", "home", "corp", "private",
	"arpa", "onion", "alt", "test", "invalid", "example", "consul", "svc", "cluster.local",
	"metadata.goog", "metadata.tencentyun.com", "metadata.platformequinix.com", "metadata.packet.net",
	"kubernetes.default",
}

// judgeName is U8 (at least two labels) and U9.
func judgeName(name string) Verdict {
	if !strings.Contains(name, ".") {
		return ReservedName
	}
	for _, suffix := range reserved {
		if rest, ok := strings.CutSuffix(name, suffix); ok && (rest == "" || strings.HasSuffix(rest, ".")) {
			return ReservedName
		}
	}
	return Public
}

// servicePorts are ports from 1024 that a browser refuses (Fetch, "bad port")
// or where databases, brokers, orchestrators and debuggers listen.
var servicePorts = []uint16{
	1433, 1434, 1521, 1719, 1720, 1723, 1883, 2049, 2181, 2375, 2376, 2377, 2379, 2380, 3306, 3389, 3659,
	4045, 4190, 4369, 4444, 5060, 5061, 5432, 5433, 5555, 5601, 5671, 5672, 5900, 5984, 5985, 5986, 6000,
	6333, 6334, 6379, 6380, 6443, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 7000, 7001, 7077, 7474, 7687,
	8086, 8125, 8300, 8301, 8500, 8600, 8883, 9042, 9092, 9160, 9200, 9222, 9229, 9300, 10080, 10248, 10249, 10250,
	10255, 10256, 10257, 10259, 11211, 15672, 25672, 26257, 27017, 27018, 27019, 28015, 33060, 50000, 61613, 61616,
}

// portAllowed is U10.
func portAllowed(port uint16) bool {
	return port == 80 || port == 443 || port >= 1024 && !slices.Contains(servicePorts, port)
}
