package security

import (
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/axon-mcp/axon-mcp/fault"
)

// rows reads a table of hostile inputs, or skips where it is not at hand.
func rows(t *testing.T, name string) [][]string {
	t.Helper()
	dir := os.Getenv("AXON_SHARED")
	if dir == "" {
		dir = filepath.Join("..", "..", "shared")
	}
	raw, err := os.ReadFile(filepath.Join(dir, "data", name))
	if err != nil {
		t.Skipf("the table of hostile inputs is not here: %v", err)
	}
	var list [][]string
	for line := range strings.Lines(string(raw)) {
		line = strings.TrimSuffix(line, "\n")
		if strings.HasPrefix(line, "#") || line == "" {
			continue
		}
		list = append(list, strings.Split(line, "\t"))
	}
	return list[1:] // without the header
}

func TestEveryURL(t *testing.T) {
	t.Parallel()
	decided := 0
	for _, row := range rows(t, "ssrf_urls.tsv") {
		if row[3] == "dns" {
			continue
		}
		raw, err := strconv.Unquote(`"` + row[0] + `"`)
		if err != nil {
			t.Fatalf("row %q: %v", row[0], err)
		}
		decided++
		u, err := ValidateURL(raw)
		if want := row[1] == "expect-allow"; want != (err == nil) {
			t.Errorf("%s (%s): got %v, want allowed=%v", row[0], row[2], err, want)
		}
		if err != nil && (fault.CodeOf(err) != fault.URLBlocked || fault.MessageOf(err) != "the address is not public") {
			t.Errorf("%s: the caller learns %q", row[0], fault.MessageOf(err))
		}
		if err == nil && u.Hostname() == "" {
			t.Errorf("%s: no host", row[0])
		}
	}
	if decided < 300 {
		t.Errorf("only %d rows were decided", decided)
	}
}

func TestEveryRange(t *testing.T) {
	t.Parallel()
	for _, row := range rows(t, "ssrf_ranges.tsv") {
		if row[2] == "unmap" {
			continue
		}
		p, err := netip.ParsePrefix(row[0])
		if err != nil {
			a, err := netip.ParseAddr(row[0])
			if err != nil {
				t.Fatal(err)
			}
			p = netip.PrefixFrom(a, a.BitLen())
		}
		for _, a := range []netip.Addr{p.Addr(), lastOf(p)} {
			if got, want := JudgeAddress(a) == Public, row[2] == "no"; got != want {
				t.Errorf("%s of %s (%s): public=%v, want %v", a, row[0], row[1], got, want)
			}
		}
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

func TestEveryRedirect(t *testing.T) {
	t.Parallel()
	g := newGuard(t, Config{})
	for _, row := range rows(t, "ssrf_redirects.tsv") {
		if len(row) > 4 && row[4] != "" {
			continue // decided by DNS
		}
		start, err := strconv.Unquote(`"` + row[0] + `"`)
		if err != nil {
			t.Fatal(err)
		}
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, start, nil)
		if err != nil {
			t.Fatal(err)
		}
		via := []*http.Request{req}
		var failed error
		for hop := range strings.SplitSeq(row[1], " | ") {
			_, location, _ := strings.Cut(hop, " ")
			if location, err = strconv.Unquote(`"` + location + `"`); err != nil {
				t.Fatal(err)
			}
			u, err := via[len(via)-1].URL.Parse(location)
			if err != nil {
				failed = err
				break
			}
			next := &http.Request{URL: u, Header: http.Header{"Authorization": {"secret"}}}
			if failed = g.Redirect(next, via); failed != nil {
				break
			}
			via = append(via, next)
		}
		if want := row[2] == "expect-allow"; want != (failed == nil) {
			t.Errorf("%s -> %s (%s): got %v, want allowed=%v", row[0], row[1], row[3], failed, want)
		}
	}
}

func newGuard(t *testing.T, cfg Config) *Guard {
	t.Helper()
	g, err := NewGuard(cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestExceptions(t *testing.T) {
	t.Parallel()
	g := newGuard(t, Config{AllowHosts: []string{"127.0.0.1:8080", "10.1.2.0/24", "docs.corp.internal", "wiki.lan:8000", "169.254.0.0/16"}})
	tests := map[string]bool{
		"http://127.0.0.1:8080/":          true,
		"http://127.0.0.1:8081/":          false,
		"http://127.0.0.1/":               false,
		"http://10.1.2.3/":                true,
		"http://10.1.3.3/":                false,
		"http://docs.corp.internal/":      true,
		"http://docs.corp.internal:22/":   true, // the operator named the whole host
		"http://evil.corp.internal/":      false,
		"http://wiki.lan:8000/":           true,
		"http://wiki.lan/":                false,
		"http://169.254.169.254/":         false, // metadata: no setting allows it
		"http://169.254.1.1/":             true,
		"http://2130706433:8080/":         false,
		"http://user@127.0.0.1:8080/":     false,
		"http://[::ffff:127.0.0.1]:8080/": false,
	}
	for raw, want := range tests {
		if _, err := g.ValidateURL(raw); want != (err == nil) {
			t.Errorf("%s: got %v, want allowed=%v", raw, err, want)
		}
	}
}

func TestBadExceptionNamesItsVariable(t *testing.T) {
	t.Parallel()
	_, err := NewGuard(Config{AllowHosts: []string{"a b"}, DNSServer: "nowhere"}, slog.New(slog.DiscardHandler))
	for _, name := range []string{"AXON_ALLOW_HOSTS", "AXON_DNS_SERVER"} {
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%v does not name %s", err, name)
		}
	}
}

// A blocked address is never dialled: the listener counts.
func TestBlockedIsNeverDialled(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	g := newGuard(t, Config{})
	conn, err := g.DialContext(t.Context(), "tcp", l.Addr().String())
	if err == nil {
		conn.Close()
	}
	if fault.CodeOf(err) != fault.URLBlocked {
		t.Fatalf("got %v, want url_blocked", err)
	}
	if err := g.control(t.Context(), "tcp4", l.Addr().String(), nil); fault.CodeOf(err) != fault.URLBlocked {
		t.Fatalf("the last word: got %v, want url_blocked", err)
	}
	// The same address passes when the operator names it.
	allowed := newGuard(t, Config{AllowHosts: []string{l.Addr().String()}})
	conn, err = allowed.DialContext(t.Context(), "tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
}

func TestLogURLHidesSecrets(t *testing.T) {
	t.Parallel()
	if got := LogURL("https://user:pw@example.com/a?token=s3cret#f"); strings.Contains(got, "s3cret") || strings.Contains(got, "pw") {
		t.Errorf("got %s", got)
	}
}

func FuzzValidateURL(f *testing.F) {
	for _, seed := range []string{"http://example.com/a?b#c", "https://例え.jp/", "http://[2606:4700::1111]:8080/", "http://①②⑦.⓪.⓪.①/"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		u, err := ValidateURL(raw)
		if err != nil {
			return
		}
		again, err := ValidateURL(u.String())
		if err != nil || again.Host != u.Host {
			t.Fatalf("%q gave %q, which is not canonical: %v", raw, u, err)
		}
		if a, err := netip.ParseAddr(u.Hostname()); err == nil && JudgeAddress(a) != Public {
			t.Fatalf("%q leads to %s", raw, a)
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
