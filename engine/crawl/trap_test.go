package crawl

import (
	"fmt"
	"strings"
	"testing"

	"github.com/axon-mcp/axon-mcp/engine/crawl/crawltest"
)

func TestTrap(t *testing.T) {
	t.Parallel()
	tests := []struct{ url, want string }{
		{"http://a.b/docs/page.html", ""},
		{"http://a.b/docs/api/v1/resource/item", ""},
		{"http://a.b/x/x/page", ""},
		{"http://a.b/x/x/x", SkipRepeated},
		{"http://a.b/x/x/x/page", SkipRepeated},
		{"http://a.b/a/b/a/b/a/b/", SkipRepeated},
		{"http://a.b/a/b/a/b/c", ""},
		{"http://a.b/lib/a/lib/b/lib/c/lib/d", SkipRepeated},
		{"http://a.b/1/a/1/b/1/c/1/d", ""},
		{"http://a.b/" + strings.Repeat("s/", 1) + manySegments(maxSegments-1), ""},
		{"http://a.b/" + manySegments(maxSegments+1), SkipPathDepth},
		{"http://a.b/?q=" + strings.Repeat("a", maxKey), SkipLength},
		{"http://a.b/logo.PNG", SkipMedia},
		{"http://a.b/file.tar.gz", SkipMedia},
		{"http://a.b/manual.pdf", ""},
		{"http://a.b/openapi.json", ""},
		{"http://a.b/v1.2/page", ""},
		{"http://a.b/wiki/Node.js", ""},
		{"http://a.b/logout", SkipDenied},
		{"http://a.b/user/Sign-Out/", SkipDenied},
		{"http://a.b/logout.php", SkipDenied},
		{"http://a.b/docs/logout", SkipDenied},
		{"http://a.b/shop/add-to-cart?id=3", SkipDenied},
		{"http://a.b/shop?add-to-cart=3", SkipDenied},
		{"http://a.b/items/5/delete", SkipDenied},
		{"http://a.b/delete?id=5", SkipDenied},
		{"http://a.b/delete.php?id=5", SkipDenied},
		{"http://a.b/index.php?title=X&action=delete", SkipDenied},
		{"http://a.b/docs/commands/delete", ""},
		{"http://a.b/docs/sql-delete.html", ""},
		{"http://a.b/delete.html", ""},
		{"http://a.b/guides/removed-features", ""},
		{"http://a.b/index.php?title=Delete", ""},
		{"http://a.b/page;jsessionid=12AB", SkipSession},
		{"http://a.b/page?PHPSESSID=12ab", SkipSession},
		{"http://a.b/page?ASPSESSIONIDQQ=12ab", SkipSession},
		{"http://a.b/page?side=1", ""},
	}
	for _, test := range tests {
		if got := trap(split(test.url)); got != test.want {
			t.Errorf("trap(%.80s) = %q, want %q", test.url, got, test.want)
		}
	}
}

// manySegments returns a path of n different segments.
func manySegments(n int) string {
	var out strings.Builder
	for i := range n {
		fmt.Fprintf(&out, "s%d/", i)
	}
	return out.String()
}

func TestTrapsCount(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		url    func(i int) string
		n      int
		admits int
		reason string
	}{
		{"pages", func(i int) string { return fmt.Sprintf("http://a.b/page%d", i) }, 9000, 9000, ""},
		{"a blog by date", func(i int) string { return fmt.Sprintf("http://a.b/2026/05/post-%d", i) }, 9000, 9000, ""},
		{"ids", func(i int) string { return fmt.Sprintf("http://a.b/view?id=%d", i) }, 9000, selectorMax, SkipQuery},
		{"a parameter", func(i int) string { return fmt.Sprintf("http://a.b/view?skin=%d", i) }, 9000, parameterMax, SkipQuery},
		{"facets", func(i int) string { return fmt.Sprintf("http://a.b/shop?size=%d&color=%d", i%100, i/100) }, 9000, facetMax, SkipQuery},
		{"the same facets in two orders", func(i int) string {
			return []string{"http://a.b/shop?a=1&b=2", "http://a.b/shop?b=2&a=1"}[i]
		}, 2, 1, SkipQuery},
		{"months as parameters", func(i int) string { return fmt.Sprintf("http://a.b/view?month=%d&year=%d", i%12, 2000+i/12) }, 9000, calendarMax, SkipCalendar},
		{"days as a path", func(i int) string { return fmt.Sprintf("http://a.b/events/%d/%d/%d", 2000+i/400, i/31%12, i%31) }, 9000, calendarMax, SkipCalendar},
		{"ISO dates", func(i int) string { return fmt.Sprintf("http://a.b/calendar/%d-%02d", 2000+i/12, i%12) }, 900, calendarMax, SkipCalendar},
	}
	for _, test := range tests {
		traps := newTraps()
		admitted, reason := 0, ""
		for i := range test.n {
			if why := traps.admit(split(test.url(i))); why != "" {
				reason = why
			} else {
				admitted++
			}
		}
		if admitted != test.admits || reason != test.reason {
			t.Errorf("%s: %d of %d admitted (%q), want %d (%q)", test.name, admitted, test.n, reason, test.admits, test.reason)
		}
	}
}

// A site that puts a session id into every link was one page.
func TestPagesBehindSessionIDs(t *testing.T) {
	t.Parallel()
	for key, want := range map[string]string{
		"http://a.b/x;jsessionid=12?q=1":           "http://a.b/x?q=1",
		"http://a.b/x;JSESSIONID=12/y;jsessionid=": "http://a.b/x/y",
		"http://a.b/?a=1&sid=2&b&PHPSESSID=3":      "http://a.b/?a=1&b",
		"http://a.b/?sid=2":                        "http://a.b/",
	} {
		if got := withoutSession(split(key)); got != want || hasSession(split(got)) {
			t.Errorf("%s: got %s", key, got)
		}
	}
	site := crawltest.New(pages{"/": page("Start", "/a;jsessionid=1", "/b?sid=2", "/b?sid=3"), "/a": page("A", "/a;jsessionid=4"), "/b": page("B")})
	sink := newSink()
	stats := mustRun(t, depsFor(site, sink), "job", base(root+"/"))
	if got := sink.urls(); len(got) != 3 || stats.Fetched != 3 || stats.Skipped[SkipSession] != 4 {
		t.Errorf("stored %v: %+v", got, stats)
	}
}
