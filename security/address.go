package security

import (
	_ "embed"
	"net/netip"
	"strings"
	"sync"
)

// Verdict names why an address or a URL passes or not. It is for logs and
// tests; callers only learn that it was blocked.
type Verdict string

// The verdicts.
const (
	Public       Verdict = "public"
	SpecialRange Verdict = "special range"          // a row of ranges.tsv
	NotGlobalV6  Verdict = "ipv6 outside 2000::/3"  // nothing there is a web origin
	EmbedsV4     Verdict = "embeds a blocked ipv4"  // ISATAP
	Zoned        Verdict = "address with a zone"    // link-local by nature
	NoAddress    Verdict = "no address"             // fail closed
	Self         Verdict = "our own listener"       // C13
	BadText      Verdict = "malformed url"          // U1, U3
	BadScheme    Verdict = "scheme"                 // U2
	UserInfo     Verdict = "userinfo"               // U3
	BadPort      Verdict = "port"                   // U4, U10
	NumericHost  Verdict = "numeric host"           // U5, U7
	BadName      Verdict = "malformed name"         // U6, U8
	ReservedName Verdict = "reserved or local name" // U8, U9
	Downgrade    Verdict = "https to http"          // C6
	Loop         Verdict = "redirect loop"
)

//go:embed ranges.tsv
var rangesTSV string

// ranges parses the table once, at the first use.
var ranges = sync.OnceValue(func() []netip.Prefix { return parseRanges(rangesTSV) })

// parseRanges reads the prefixes in the first column. A row that is no prefix
// is a defect of the table, which a test finds.
func parseRanges(tsv string) []netip.Prefix {
	var list []netip.Prefix
	for line := range strings.Lines(tsv) {
		cidr, _, ok := strings.Cut(line, "\t")
		if !ok || strings.HasPrefix(line, "#") {
			continue
		}
		if p, err := netip.ParsePrefix(cidr); err == nil {
			list = append(list, p)
		}
	}
	return list
}

// metadata are addresses that no setting can allow: they give credentials away.
func isMetadata(a netip.Addr) bool {
	switch a.Unmap().WithZone("").String() {
	case "169.254.169.254", "169.254.170.2", "169.254.170.23", "fd00:ec2::254", "fd00:ec2::23",
		"100.100.100.200", "192.0.0.192", "168.63.129.16", "fd20:ce::254":
		return true
	}
	return false
}

var globalV6 = netip.PrefixFrom(netip.AddrFrom16([16]byte{0x20}), 3)

// JudgeAddress judges one address, after IPv4-mapped IPv6 is unmapped. Source:
// IANA IPv4 and IPv6 Special-Purpose Address Registries.
func JudgeAddress(a netip.Addr) Verdict {
	switch {
	case !a.IsValid():
		return NoAddress
	case a.Zone() != "":
		return Zoned // netip.Prefix.Contains is false for every zoned address
	}
	a = a.Unmap()
	for _, p := range ranges() {
		if p.Contains(a) {
			return SpecialRange
		}
	}
	if a.Is4() {
		return Public
	}
	if !globalV6.Contains(a) {
		return NotGlobalV6
	}
	if v4, ok := isatap(a); ok && JudgeAddress(v4) != Public {
		return EmbedsV4
	}
	return Public
}

// isatap returns the IPv4 address in an ISATAP interface id, [::2]00:5efe:a.b.c.d
// (RFC 5214, 6.1).
func isatap(a netip.Addr) (netip.Addr, bool) {
	b := a.As16()
	if b[8]&^2 != 0 || b[9] != 0 || b[10] != 0x5e || b[11] != 0xfe {
		return netip.Addr{}, false
	}
	return netip.AddrFrom4([4]byte(b[12:])), true
}
