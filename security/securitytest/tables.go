package securitytest

import (
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// NotHere is why a test of the tables is left out.
const NotHere = "the tables of hostile inputs are not here"

// Rows reads one of the tables of hostile inputs, or skips where they
// are not at hand.
func Rows(t testing.TB, name string) [][]string {
	t.Helper()
	dir := os.Getenv("AXON_SHARED")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared")
	}
	raw, err := os.ReadFile(filepath.Join(dir, "data", name))
	if err != nil {
		t.Skipf("%s: %v", NotHere, err)
	}
	var rows [][]string
	for line := range strings.Lines(string(raw)) {
		if line = strings.TrimSuffix(line, "\n"); !strings.HasPrefix(line, "#") && line != "" {
			rows = append(rows, strings.Split(line, "\t"))
		}
	}
	return rows[1:]
}

// Hostile is one row of the table of URLs.
type Hostile struct {
	URL   string
	Allow bool
	Trick string
	Flips bool // its name changes its address
}

// URLs reads the table, and what its names resolve to.
func URLs(t testing.TB) ([]Hostile, map[string]string) {
	t.Helper()
	names := map[string]string{}
	var list []Hostile
	for _, row := range Rows(t, "ssrf_urls.tsv") {
		raw, err := strconv.Unquote(`"` + row[0] + `"`)
		if err != nil {
			t.Fatal(err)
		}
		if row[3] == "dns" {
			_, host, _ := strings.Cut(raw, "://")
			names[strings.TrimSuffix(host, "/")] = row[4]
		}
		list = append(list, Hostile{raw, row[1] == "expect-allow", row[2], strings.Contains(row[4], ">")})
	}
	list = slices.DeleteFunc(list, func(h Hostile) bool { // one name has a row that passes and a row with an address that does not
		_, host, _ := strings.Cut(h.URL, "://")
		_, resolved := names[strings.TrimSuffix(host, "/")]
		return h.Allow && resolved && !strings.HasPrefix(h.Trick, "allow dns")
	})
	if len(list) < 300 {
		t.Fatalf("only %d rows", len(list))
	}
	return list, names
}

// Ranges are the rows of the table of addresses: a second opinion, which shares
// no code with package security.
type Ranges struct {
	Blocked []netip.Prefix
	Reached []netip.Addr
}

// AddressRanges reads the table of addresses.
func AddressRanges(t testing.TB) Ranges {
	t.Helper()
	var r Ranges
	for _, row := range Rows(t, "ssrf_ranges.tsv") {
		p := netip.MustParsePrefix(row[0])
		switch row[2] {
		case "yes":
			r.Blocked = append(r.Blocked, p)
		case "no":
			r.Reached = append(r.Reached, p.Addr())
		}
	}
	return r
}

// Hold reports whether an address must not be reached.
func (r Ranges) Hold(a netip.Addr) bool {
	for _, p := range r.Blocked {
		if p.Contains(a.Unmap()) {
			return true
		}
	}
	return a.Is4In6() || a.Is6() && strings.Contains(a.StringExpanded(), ":5efe:") // ISATAP
}

// Spread returns the first, the middle and the last address of a range.
func Spread(p netip.Prefix) (first, middle, last netip.Addr) {
	bytes := p.Masked().Addr().AsSlice()
	half := append([]byte(nil), bytes...)
	end := append([]byte(nil), bytes...)
	for bit := p.Bits(); bit < len(bytes)*8; bit++ {
		end[bit/8] |= 0x80 >> (bit % 8)
		if bit > p.Bits() {
			half[bit/8] |= 0x80 >> (bit % 8)
		}
	}
	middle, _ = netip.AddrFromSlice(half)
	last, _ = netip.AddrFromSlice(end)
	return p.Masked().Addr(), middle, last
}

// Chain is one row of the table of redirects.
type Chain struct {
	Start, Trick, DNS string
	Hops              []string // "status Location"
	Allow             bool
}

// Redirects reads the table of redirects.
func Redirects(t testing.TB) []Chain {
	t.Helper()
	var list []Chain
	for _, row := range Rows(t, "ssrf_redirects.tsv") {
		one := Chain{Start: row[0], Allow: row[2] == "expect-allow", Trick: row[3], DNS: row[4]}
		for hop := range strings.SplitSeq(row[1], " | ") {
			hop, err := strconv.Unquote(`"` + hop + `"`)
			if err != nil {
				t.Fatal(err)
			}
			one.Hops = append(one.Hops, hop)
		}
		list = append(list, one)
	}
	return list
}
