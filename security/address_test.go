package security

import (
	"net/netip"
	"strings"
	"testing"
)

func TestEveryRange(t *testing.T) {
	t.Parallel()
	judged := 0
	for _, row := range rows(t, "ssrf_ranges.tsv") {
		if row[2] == "unmap" {
			continue
		}
		p := netip.MustParsePrefix(row[0])
		for _, a := range []netip.Addr{p.Addr(), middleOf(p), lastOf(p)} {
			judged++
			if got, want := JudgeAddress(a) == Public, row[2] == "no"; got != want {
				t.Errorf("%s of %s (%s): public=%v, want %v", a, row[0], row[1], got, want)
			}
			if a.Is4() { // the same inside IPv6
				mapped := netip.AddrFrom16(a.As16())
				if got, want := JudgeAddress(mapped) == Public, row[2] == "no"; got != want {
					t.Errorf("%s of %s (%s): public=%v, want %v", mapped, row[0], row[1], got, want)
				}
			}
		}
	}
	if judged < 400 {
		t.Errorf("only %d addresses were judged", judged)
	}
}

func lastOf(p netip.Prefix) netip.Addr {
	b := p.Addr().AsSlice()
	for i := p.Bits(); i < len(b)*8; i++ {
		b[i/8] |= 0x80 >> (i % 8)
	}
	a, _ := netip.AddrFromSlice(b)
	return a
}

// middleOf is the first address of the range's upper half.
func middleOf(p netip.Prefix) netip.Addr {
	b := p.Addr().AsSlice()
	if i := p.Bits(); i < len(b)*8 {
		b[i/8] |= 0x80 >> (i % 8)
	}
	a, _ := netip.AddrFromSlice(b)
	return a
}

// The table stands on its own: every row parses, is masked, names its source,
// and is refused.
func TestTableIsSound(t *testing.T) {
	t.Parallel()
	lines := 0
	for line := range strings.Lines(rangesTSV) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		lines++
		fields := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(fields) != 4 || fields[1] == "" || fields[3] == "" {
			t.Errorf("%q: want cidr, name, class, source", line)
			continue
		}
		p, err := netip.ParsePrefix(fields[0])
		if err != nil || p.Masked() != p {
			t.Errorf("%q: no prefix, or host bits set (%v)", fields[0], err)
			continue
		}
		want := map[string]Verdict{"special": SpecialRange, "cloud": SpecialRange, "metadata": Metadata}[fields[2]]
		if got := JudgeAddress(middleOf(p)); got != want {
			t.Errorf("%s: got %q, want %q", fields[0], got, want)
		}
	}
	if got := len(ranges()); got != lines || got < 90 {
		t.Errorf("%d of %d lines are in use", got, lines)
	}
}

// TestAddresses: rule C4.
func TestAddresses(t *testing.T) {
	t.Parallel()
	tests := map[string]Verdict{
		"8.8.8.8":                          Public,
		"::ffff:8.8.8.8":                   Public, // judged after Unmap
		"::ffff:127.0.0.1":                 SpecialRange,
		"::ffff:169.254.169.254":           Metadata,
		"fe80::1%eth0":                     Zoned,
		"2606:4700::1%eth0":                Zoned,
		"2001:470:1f0b::5efe:10.0.0.1":     EmbedsV4, // ISATAP of a private network
		"2001:470:1f0b:0:200:5efe:8.8.8.8": Public,
		"4000::1":                          SpecialRange,
	}
	for text, want := range tests {
		if got := JudgeAddress(netip.MustParseAddr(text)); got != want {
			t.Errorf("%s: got %q, want %q", text, got, want)
		}
	}
	if got := JudgeAddress(netip.Addr{}); got != NoAddress {
		t.Errorf("no address: got %q", got)
	}
}

func FuzzJudgeAddress(f *testing.F) {
	for _, seed := range []string{"8.8.8.8", "::ffff:10.0.0.1", "2002:7f00:1::1", "fe80::1%25lo"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		a, err := netip.ParseAddr(text)
		if err != nil || JudgeAddress(a) != Public {
			return
		}
		a = a.Unmap()
		if a.Zone() != "" || !a.IsGlobalUnicast() || a.IsPrivate() || a.IsLoopback() {
			t.Fatalf("%s passed", text)
		}
	})
}
