package security

import (
	"context"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/idna"

	"github.com/axon-mcp/axon-mcp/fault"
	"github.com/axon-mcp/axon-mcp/security/securitytest"
)

// TestEveryURL: rules U1, U2, U3, U4, U5, U6, U7, U8, U9, U10.
func TestEveryURL(t *testing.T) {
	t.Parallel()
	decided := 0
	for _, row := range rows(t, "ssrf_urls.tsv") {
		if row[3] == "dns" {
			continue // dial_test.go
		}
		decided++
		u, err := ValidateURL(literal(t, row[0]))
		if want := row[1] == "expect-allow"; want != (err == nil) {
			t.Errorf("%s (%s): got %v, want allowed=%v", row[0], row[2], err, want)
		}
		if err != nil && (fault.CodeOf(err) != fault.URLBlocked || fault.MessageOf(err) != "the address is not public") {
			t.Errorf("%s: the caller learns %q", row[0], fault.MessageOf(err))
		}
		if err == nil {
			canonical(t, row[0], u)
		}
	}
	if decided < 340 {
		t.Errorf("only %d rows were decided", decided)
	}
}

// canonical holds what ValidateURL let pass to its promise.
func canonical(t *testing.T, raw string, u *url.URL) {
	t.Helper()
	text := u.String()
	again, err := ValidateURL(text)
	if err != nil || again.String() != text {
		t.Fatalf("%q gave %q, which is not canonical: %v, %v", raw, text, again, err)
	}
	parsed, err := url.Parse(text)
	if err != nil || parsed.Host != u.Host || parsed.Scheme != u.Scheme || parsed.User != nil || parsed.Opaque != "" || parsed.RequestURI() != u.RequestURI() {
		t.Fatalf("%q: net/url reads %q otherwise: %v, %v", raw, text, parsed, err)
	}
	for _, r := range text {
		if r <= 0x20 || r >= 0x7f {
			t.Fatalf("%q gave %q, which is not plain", raw, text)
		}
	}
	if a, err := netip.ParseAddr(u.Hostname()); err == nil {
		if JudgeAddress(a) != Public {
			t.Fatalf("%q leads to %s", raw, a)
		}
		return
	}
	readers := []*idna.Profile{lookup, idna.New(idna.MapForLookup(), idna.StrictDomainName(false), idna.CheckHyphens(false))}
	if !strings.Contains(u.Hostname(), "_") && !strings.Contains(strings.ReplaceAll(u.Hostname(), "xn--", ""), "--") {
		readers = append(readers, idna.Lookup) // what net/http takes
	}
	for _, reader := range readers {
		if name, err := reader.ToASCII(u.Hostname()); err != nil || name != u.Hostname() {
			t.Fatalf("%q: x/net/idna reads the host %q as %q, %v", raw, u.Hostname(), name, err)
		}
	}
}

func TestCanonicalForm(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		"HTTP://EXAMPLE.com":                      "http://example.com/",
		"https://example.com.:443?":               "https://example.com/?",
		"http://example.com:443/":                 "http://example.com:443/",
		"https://例え.jp/ä?q=ö'#ü":                  "https://xn--r8jz45g.jp/%C3%A4?q=%C3%B6%27#%C3%BC",
		"http://[2606:4700:0:0:0:0:0:1111]:8080/": "http://[2606:4700::1111]:8080/",
		"https://r3---sn-4g5e.example.com/":       "https://r3---sn-4g5e.example.com/",
		"https://example.com/a%2Fb/{c}":           "https://example.com/a%2Fb/%7Bc%7D",
		"https://example.com/#":                   "https://example.com/",
	}
	for raw, want := range tests {
		u, err := ValidateURL(raw)
		if err != nil || u.String() != want {
			t.Errorf("%s: got %v %v, want %s", raw, u, err, want)
		}
	}
}

// Attack: a label whose punycode is sound and whose letters are not, so that
// readers of the URL differ in whether there is a host (found by FuzzValidateURL).
func TestHyphensBehindPunycode(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]bool{
		"http://〦.-LL➠": false, "http://a.≠": false, "http://xn--1ch.com/": false, "http://xn---ll-1y6a.com/": false, "http://ll➠-.com/": false, "http://ab--➠.com/": false,
		"http://ll-➠.com/": true, "http://xn--bcher-kva.example.com/": true, "http://r3---sn-4g5e.example.com/": true,
	} {
		if _, err := ValidateURL(raw); (err == nil) != want {
			t.Errorf("%s: %v, want allowed=%v", raw, err, want)
		}
	}
}

// FuzzValidateURL: whatever passes is canonical, is read alike by net/url and
// x/net/idna, and leads to no dial of a blocked address, whatever the name
// server says.
// Rules U1 to U10.
func FuzzValidateURL(f *testing.F) {
	for _, seed := range []string{
		"http://example.com/a?b#c", "https://例え.jp/", "http://[2606:4700::1111]:8080/", "http://①②⑦.⓪.⓪.①/",
		"https://a_b.example.com:8443/%2e%2e/;x=1?q='#%20", "http://xn--bcher-kva.example.com:/", "http://example.com//a:b@c",
		"http://93.184.215.14/", "http://0x7f.1/", "http://[::ffff:127.0.0.1]/", "http://a.example.com.:80", "https://faß.de/", "http://ex\u00adample.com/", "http://〦.-LL➠", "http://⑦.⪪.㓓.≠",
	} {
		f.Add(seed)
	}
	resolver := securitytest.NewDNS(f, map[string]string{"*": "127.0.0.1>93.184.215.14>10.0.0.1,93.184.215.14>169.254.169.254>::1"})
	guard := newGuard(f, Config{DNSServer: resolver.Addr})
	f.Fuzz(func(t *testing.T, raw string) {
		u, err := ValidateURL(raw)
		if err != nil {
			return
		}
		canonical(t, raw, u)
		guard.dial = func(_ context.Context, _, address string) (net.Conn, error) {
			if to, err := netip.ParseAddrPort(address); err != nil || JudgeAddress(to.Addr()) != Public {
				t.Errorf("%q dials %s", raw, address)
			}
			return nil, net.ErrClosed
		}
		port := u.Port()
		if port == "" {
			port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
		}
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		if conn, err := guard.DialContext(ctx, "tcp", net.JoinHostPort(u.Hostname(), port)); err == nil {
			conn.Close()
		}
	})
}

func BenchmarkValidateURL(b *testing.B) {
	for b.Loop() {
		if _, err := ValidateURL("https://docs.example.com/3/library/os.path.html?x=1"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkJudgeAddress(b *testing.B) {
	a := netip.MustParseAddr("93.184.215.14")
	for b.Loop() {
		if JudgeAddress(a) != Public {
			b.Fatal("refused")
		}
	}
}
