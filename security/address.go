package security

import (
	_ "embed"
	"net/netip"
	"strings"
	"sync"

	"code.dny.dev/ssrf"
)

// Verdict names why an address or a URL passes or not. It is for logs and
// tests; callers only learn that it was blocked.
type Verdict string

// The verdicts. Rule numbers are those of docs/security.md.
const (
	Public       Verdict = "public"
	SpecialRange Verdict = "special range"          // a row of ranges.tsv
	Metadata     Verdict = "metadata service"       // a row that no setting can allow
	NotGlobalV6  Verdict = "ipv6 outside 2000::/3"  // nothing there is a web origin
	EmbedsV4     Verdict = "embeds a blocked ipv4"  // ISATAP
	OtherList    Verdict = "second list"            // code.dny.dev/ssrf knows more than ranges.tsv
	Zoned        Verdict = "address with a zone"    // link-local by nature
	NoAddress    Verdict = "no address"             // C3: fail closed
	Self         Verdict = "our own listener"       // C13
	BadText      Verdict = "malformed url"          // U1, U3
	BadScheme    Verdict = "scheme"                 // U2
	UserInfo     Verdict = "userinfo"               // U3
	BadPort      Verdict = "port"                   // U4, U10
	NumericHost  Verdict = "numeric host"           // U5, U7
	BadName      Verdict = "malformed name"         // U6, U8
	ReservedName Verdict = "reserved or local name" // U8, U9
	Downgrade    Verdict = "https to http"          // C6
	Loop         Verdict = "redirect loop"          // C6
	Nowhere      Verdict = "redirect to nowhere"    // C6
)

//go:embed ranges.tsv
var rangesTSV string

// blockedRange is one row of ranges.tsv.
type blockedRange struct {
	prefix   netip.Prefix
	name     string
	metadata bool
}

// ranges parses the table once, at the first use.
var ranges = sync.OnceValue(func() []blockedRange { return parseRanges(rangesTSV) })

// parseRanges reads cidr, name and class. A row that is no prefix is a defect
// of the table, which a test finds.
func parseRanges(tsv string) []blockedRange {
	var list []blockedRange
	for line := range strings.Lines(tsv) {
		fields := strings.Split(strings.TrimSpace(line), "\t")
		if len(fields) < 3 || strings.HasPrefix(line, "#") {
			continue
		}
		if p, err := netip.ParsePrefix(fields[0]); err == nil {
			list = append(list, blockedRange{prefix: p, name: fields[1], metadata: fields[2] == "metadata"})
		}
	}
	return list
}

// secondOpinion is a list that others maintain, generated from the same IANA
// registries: what it refuses is refused, should our table have aged.
var secondOpinion = sync.OnceValue(func() *ssrf.Guardian { return ssrf.New(ssrf.WithAnyPort()) })

// JudgeAddress judges one address, after IPv4-mapped IPv6 is unmapped. Source:
// IANA IPv4 and IPv6 Special-Purpose Address Registries; ranges.tsv.
func JudgeAddress(a netip.Addr) Verdict {
	verdict, _ := classify(a)
	return verdict
}

// classify is JudgeAddress with the name of the range, for the log.
func classify(a netip.Addr) (verdict Verdict, where string) {
	switch {
	case !a.IsValid():
		return NoAddress, ""
	case a.Zone() != "":
		return Zoned, "" // netip.Prefix.Contains is false for every zoned address
	}
	a = a.Unmap()
	verdict = Public
	for _, r := range ranges() {
		switch {
		case !r.prefix.Contains(a):
		case r.metadata:
			return Metadata, r.name
		case verdict == Public:
			verdict, where = SpecialRange, r.name
		}
	}
	if verdict != Public {
		return verdict, where
	}
	if a.Is6() && !ssrf.IPv6GlobalUnicast.Contains(a) {
		return NotGlobalV6, ""
	}
	if v4, ok := isatap(a); ok {
		if inner, where := classify(v4); inner != Public {
			return EmbedsV4, where
		}
	}
	if secondOpinion().SafeAddr(a) != nil {
		return OtherList, ""
	}
	return Public, ""
}

// isMetadata reports whether a leads to a metadata service, also inside an
// IPv6 form that a gateway would unwrap.
func isMetadata(a netip.Addr) bool {
	a = a.WithZone("").Unmap()
	if verdict, _ := classify(a); verdict == Metadata {
		return true
	}
	for _, v4 := range embedded(a) {
		if verdict, _ := classify(v4); verdict == Metadata {
			return true
		}
	}
	return false
}

// embedded returns the IPv4 addresses that a carries: in its last 32 bits
// (IPv4-compatible, SIIT, NAT64 /96, ISATAP), or in bits 16 to 47 (6to4). It is
// asked only where an operator has allowed a range, so a false alarm costs
// nothing.
func embedded(a netip.Addr) []netip.Addr {
	if !a.Is6() {
		return nil
	}
	b := a.As16()
	return []netip.Addr{netip.AddrFrom4([4]byte(b[12:])), netip.AddrFrom4([4]byte(b[2:6]))}
}

// isatap returns the IPv4 address in an ISATAP interface id, [::2]00:5efe:a.b.c.d
// (RFC 5214, 6.1).
func isatap(a netip.Addr) (netip.Addr, bool) {
	if !a.Is6() {
		return netip.Addr{}, false
	}
	b := a.As16()
	if b[8]&^2 != 0 || b[9] != 0 || b[10] != 0x5e || b[11] != 0xfe {
		return netip.Addr{}, false
	}
	return netip.AddrFrom4([4]byte(b[12:])), true
}
