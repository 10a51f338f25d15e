package security

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/axon-mcp/axon-mcp/fault"
)

func TestEveryRedirect(t *testing.T) {
	t.Parallel()
	g := newGuard(t, Config{})
	for _, row := range rows(t, "ssrf_redirects.tsv") {
		if len(row) > 4 && row[4] != "" {
			continue // decided by DNS: dial_test.go
		}
		u, err := g.ValidateURL(literal(t, row[0]))
		via := []*url.URL{u}
		for hop := range strings.SplitSeq(row[1], " | ") {
			if err != nil {
				break
			}
			_, location, _ := strings.Cut(hop, " ")
			location = strings.TrimPrefix(literal(t, location), "refresh:0;url=")
			if u, err = g.Redirect(via, location); err == nil {
				via = append(via, u)
			}
		}
		if want := row[2] == "expect-allow"; want != (err == nil) {
			t.Errorf("%s -> %s (%s): got %v, want allowed=%v", row[0], row[1], row[3], err, want)
		}
		if err != nil && fault.CodeOf(err) != fault.URLBlocked {
			t.Errorf("%s -> %s: got %v", row[0], row[1], err)
		}
	}
}

// TestRedirects: rule C6.
func TestRedirects(t *testing.T) {
	t.Parallel()
	g := newGuard(t, Config{})
	tests := []struct{ from, location, to string }{ // no to: blocked
		{"https://example.com/a/b", "c", "https://example.com/a/c"},
		{"https://example.com/a/b", "//example.org/x", "https://example.org/x"},
		{"https://example.com/a/b", "/x y?q=ä", "https://example.com/x%20y?q=%C3%A4"},
		{"https://example.com/a/b", "?q", "https://example.com/a/b?q"},
		{"https://example.com/a/b", "http://example.com/a/b", ""},          // downgrade
		{"https://example.com/a/b", "#f", ""},                              // loop
		{"https://example.com/a/b", `/\evil.example.org/`, ""},             // a browser leaves the site here
		{"https://example.com/a/b", `\\127.0.0.1\share`, ""},               //
		{"https://example.com/a/b", "https:/127.0.0.1/", ""},               //
		{"https://example.com/a/b", "https:x", ""},                         // opaque
		{"https://example.com/a/b", "https://example.com\t.evil.org/", ""}, //
		{"https://example.com/a/b", "https://exa mple.com/", ""},           //
		{"https://example.com/a/b", "//localhost/", ""},                    //
		{"https://example.com/a/b", "x:y", ""},                             // a scheme, not a path
	}
	for _, test := range tests {
		from, err := ValidateURL(test.from)
		if err != nil {
			t.Fatal(err)
		}
		to, err := g.Redirect([]*url.URL{from}, test.location)
		if (err == nil) != (test.to != "") || err == nil && to.String() != test.to {
			t.Errorf("%s -> %q: got %v, %v; want %q", test.from, test.location, to, err, test.to)
		}
	}
}

func TestTooManyRedirects(t *testing.T) {
	t.Parallel()
	g := newGuard(t, Config{})
	var via []*url.URL
	for n := range MaxRedirects + 1 {
		u, err := ValidateURL(fmt.Sprintf("https://example.com/%d", n))
		if err != nil {
			t.Fatal(err)
		}
		via = append(via, u)
	}
	if _, err := g.Redirect(via[:MaxRedirects], "/last"); err != nil {
		t.Errorf("the tenth: %v", err)
	}
	if _, err := g.Redirect(via, "/last"); fault.CodeOf(err) != fault.Unavailable {
		t.Errorf("the eleventh: got %v, want unavailable", err)
	}
}

func FuzzRedirect(f *testing.F) {
	for _, seed := range []string{"/a", "//b.example.com", "http://127.0.0.1/", `\\x`, "?q#f", "HTTPS://a.example.org:8443/%2e"} {
		f.Add(seed)
	}
	g := newGuard(f, Config{})
	from, err := ValidateURL("https://example.com/a/b?c")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, location string) {
		if u, err := g.Redirect([]*url.URL{from}, location); err == nil {
			canonical(t, location, u)
			if u.Scheme != "https" {
				t.Fatalf("%q leads to %s", location, u)
			}
		}
	})
}
