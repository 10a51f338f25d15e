package crawl

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/axon-mcp/axon-mcp/engine/crawl/crawltest"
)

func TestRobots(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, file string
		allowed    []string
		denied     []string
	}{
		{"empty", "", []string{"/", "/x"}, nil},
		{"all", "User-agent: *\nDisallow: /", []string{"/robots.txt"}, []string{"/", "/x"}},
		{"empty disallow", "User-agent: *\nDisallow:\n", []string{"/x"}, nil},
		{"empty disallow ends its group", "User-agent: other\nDisallow:\n\nUser-agent: *\nDisallow: /x", []string{"/y"}, []string{"/x"}},
		{"prefix", "User-agent: *\nDisallow: /fish", []string{"/", "/Fish", "/?id=fish"}, []string{"/fish", "/fish.html", "/fish/x", "/fishheads"}},
		{"folder", "User-agent: *\nDisallow: /fish/", []string{"/fish", "/fish.html"}, []string{"/fish/", "/fish/x?y"}},
		{"star", "User-agent: *\nDisallow: /*.php", []string{"/", "/x.PHP", "/php"}, []string{"/x.php", "/a/b.php?c", "/x.php.html"}},
		{"star is anchored", "User-agent: *\nDisallow: /foo*bar", []string{"/x/foo/bar", "/foobaz"}, []string{"/foobar", "/foo/x/bar/y"}},
		{"end", "User-agent: *\nDisallow: /*.php$", []string{"/x.php?a", "/x.php5"}, []string{"/x.php", "/a/x.php"}},
		{"longest wins", "User-agent: *\nDisallow: /a\nAllow: /a/b\nDisallow: /a/b/c", []string{"/a/b", "/a/b/x"}, []string{"/a", "/a/x", "/a/b/c"}},
		{"allow wins a tie", "User-agent: *\nDisallow: /page\nAllow: /page", []string{"/page"}, nil},
		{"length is of the pattern", "User-agent: *\nAllow: /page\nDisallow: /*.htm", []string{"/page"}, []string{"/page.htm"}},
		{"our group alone", "User-agent: *\nDisallow: /\n\nUser-agent: Axon-MCP/1.0\nDisallow: /x", []string{"/y"}, []string{"/x"}},
		{"other groups", "User-agent: axon\nDisallow: /\nUser-agent: axon-mcp-news\nDisallow: /", []string{"/x"}, nil},
		{"groups of one agent are one", "User-agent: *\nDisallow: /a\n\nUser-agent: z\nDisallow: /\n\nUser-agent: *\nDisallow: /b", []string{"/c"}, []string{"/a", "/b"}},
		{"two agents, one group", "User-agent: z\nUser-agent: *\nDisallow: /a", nil, []string{"/a"}},
		{"rules before any agent", "Disallow: /\nUser-agent: *\nDisallow: /a", []string{"/b"}, []string{"/a"}},
		{"other lines do not end the agents", "User-agent: *\nSitemap: http://a.b/s.xml\nDisallow: /a", nil, []string{"/a"}},
		{"comments, case, CR, BOM", "\ufeffUSER-AGENT : * # all\r\nDISALLOW: /a # not this\rAllow: /a/b", []string{"/a/b"}, []string{"/a"}},
		{"without slash", "User-agent: *\nDisallow: a", []string{"/b"}, []string{"/a"}},
		{"escapes", "User-agent: *\nDisallow: /foo/bar/%62%61%7a\nDisallow: /ツ", []string{"/foo/bar/x"}, []string{"/foo/bar/baz", "/foo/bar/%62az", "/%E3%83%84", "/%e3%83%84/x"}},
		{"an escaped slash is none", "User-agent: *\nDisallow: /a%2fb", []string{"/a/b"}, []string{"/a%2Fb"}},
		{"garbage", "\x00\xff\nfoo\n: :\nUser-agent\nDisallow: /", []string{"/"}, nil},
	}
	for _, test := range tests {
		rules := parseRobots([]byte(test.file), agent)
		for _, path := range test.allowed {
			if !rules.allows(path) {
				t.Errorf("%s: %s is denied", test.name, path)
			}
		}
		for _, path := range test.denied {
			if rules.allows(path) {
				t.Errorf("%s: %s is allowed", test.name, path)
			}
		}
	}
}

func TestRobotsMore(t *testing.T) {
	t.Parallel()
	rules := parseRobots([]byte("Sitemap: http://a.b/1.xml\nUser-agent: *\nCrawl-delay: 2.5\nsitemap:/2.xml"), agent)
	if rules.delay != 2500*time.Millisecond || strings.Join(rules.sitemaps, " ") != "http://a.b/1.xml /2.xml" {
		t.Errorf("rules %+v", rules)
	}
	for value, want := range map[string]time.Duration{"3600": 30 * time.Second, "-1": 0, "NaN": 0, "inf": 30 * time.Second, "x": 0, "1e400": 0} {
		if got := parseRobots([]byte("User-agent: *\nCrawl-delay: "+value), agent).delay; got != want {
			t.Errorf("Crawl-delay: %s gives %v, want %v", value, got, want)
		}
	}
	big := "User-agent: *\nDisallow: /a\n" + strings.Repeat("#", maxRobots) + "\nDisallow: /b"
	if rules := parseRobots([]byte(big), agent); rules.allows("/a") || !rules.allows("/b") {
		t.Error("what is beyond 500 KiB counts")
	}
}

func TestRobotsStatus(t *testing.T) {
	t.Parallel()
	for status, allowed := range map[int]bool{200: false, 204: false, 301: false, 404: true, 401: true, 429: true, 500: false, 503: false, 600: false} {
		if got := robotsFor(status, []byte("User-agent: *\nDisallow: /x"), agent).allows("/x"); got != allowed {
			t.Errorf("status %d: allowed %v, want %v", status, got, allowed)
		}
	}
}

func TestRobotsTag(t *testing.T) {
	t.Parallel()
	tests := []struct {
		values            []string
		noIndex, noFollow bool
	}{
		{nil, false, false},
		{[]string{"noindex"}, true, false},
		{[]string{"NoIndex, NOFOLLOW"}, true, true},
		{[]string{"none"}, true, true},
		{[]string{"otherbot: noindex, nofollow"}, false, false},
		{[]string{"otherbot: noindex", "nofollow"}, false, true},
		{[]string{"axon-mcp: noindex"}, true, false},
		{[]string{"unavailable_after: 25 Jun 2030 15:00:00 PST, noindex"}, true, false},
		{[]string{"max-snippet: -1, nofollow"}, false, true},
	}
	for _, test := range tests {
		if noIndex, noFollow := robotsTag(test.values, agent); noIndex != test.noIndex || noFollow != test.noFollow {
			t.Errorf("%q: noindex %v, nofollow %v", test.values, noIndex, noFollow)
		}
	}
}

func TestRobotsCache(t *testing.T) {
	t.Parallel()
	site := crawltest.New(map[string]crawltest.Page{"/robots.txt": {MediaType: "text/plain", Body: "User-agent: *\nDisallow: /x"}})
	down := false
	cache := newRobotsCache(direct{Handler: site, before: func(context.Context, string) error {
		if down {
			return errBoom
		}
		return nil
	}})
	now := time.Now()
	cache.now = func() time.Time { return now }
	at := split("http://a.example/x")
	for range 3 {
		if rules, err := cache.of(t.Context(), at); err != nil || rules.allows("/x") || !rules.allows("/y") {
			t.Fatalf("rules %+v, %v", rules, err)
		}
	}
	if n := site.Counts()["/robots.txt"]; n != 1 {
		t.Errorf("robots.txt was asked for %d times within a day", n)
	}
	now = now.Add(25 * time.Hour)
	down = true
	if rules, err := cache.of(t.Context(), at); !errors.Is(err, errBoom) || rules.allows("/y") {
		t.Errorf("a day later, and down: %+v, %v", rules, err)
	}
}

func FuzzRobots(f *testing.F) {
	for _, seed := range []string{
		"User-agent: *\nDisallow: /a*b$\nAllow: /\nCrawl-delay: 1\nSitemap: x", "user-agent:axon-mcp\rdisallow:%", "Disallow: *$*",
	} {
		f.Add(seed, "/a/b?c")
	}
	f.Fuzz(func(t *testing.T, file, path string) {
		rules := parseRobots([]byte(file), agent)
		first := rules.allows(path)
		if rules.delay < 0 || rules.delay > maxCrawlDelay || len(rules.sitemaps) > maxSitemaps {
			t.Fatalf("rules %+v", rules)
		}
		if again := parseRobots([]byte(file), strings.ToUpper(agent)).allows(path); again != first {
			t.Fatalf("the case of our name decides about %q", path)
		}
		if normal := robotsPath(path); robotsPath(normal) != normal && !strings.Contains(path, "%25") {
			t.Fatalf("robotsPath(%q) = %q, and again %q", path, normal, robotsPath(normal))
		}
	})
}
