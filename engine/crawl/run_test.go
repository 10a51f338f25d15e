package crawl

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/axon-mcp/axon-mcp/engine/crawl/crawltest"
	"github.com/axon-mcp/axon-mcp/engine/fetch"
	"github.com/axon-mcp/axon-mcp/fault"
)

const root = "http://docs.example.com"

type pages = map[string]crawltest.Page

func TestRunReadsEachPageOnce(t *testing.T) {
	t.Parallel()
	site := crawltest.Small(60)
	sink := newSink()
	var reports []Progress
	deps := depsFor(site, sink)
	deps.Report = func(p Progress) { reports = append(reports, p) }
	stats := mustRun(t, deps, "job", base(root+"/"))
	for uri, n := range site.Counts() {
		if n != 1 {
			t.Errorf("%s was asked for %d times", uri, n)
		}
	}
	if stats.Fetched != 60 || stats.Added != 60 || stats.Changed != 60 || stats.Chunks != 60 || !stats.Complete || stats.Failed != 0 {
		t.Errorf("stats %+v", stats)
	}
	if len(sink.urls()) != 60 {
		t.Errorf("%d pages are stored", len(sink.urls()))
	}
	if len(reports) == 0 || reports[0].Phase == "" {
		t.Errorf("reports %+v", reports)
	}
}

// What max_pages leaves unread is nothing to wait for.
func TestProgressKnowsOfMaxPages(t *testing.T) {
	t.Parallel()
	var reports []Progress
	deps := depsFor(crawltest.Small(60), newSink())
	deps.Report = func(p Progress) { reports = append(reports, p) }
	opts := base(root + "/")
	opts.MaxPages = 10
	mustRun(t, deps, "job", opts)
	for _, p := range reports {
		if p.Total > 10 {
			t.Errorf("total %d of a crawl that reads at most 10", p.Total)
		}
	}
	if last := reports[len(reports)-1]; last.Done != 10 || last.Total != 10 || last.ETA != 0 {
		t.Errorf("at the end %+v", last)
	}
}

// Nor is what another limit leaves unread, once it is reached.
func TestProgressEndsAtALimit(t *testing.T) {
	t.Parallel()
	var last Progress
	deps := depsFor(crawltest.Small(60), newSink())
	deps.Report = func(p Progress) { last = p }
	opts := base(root + "/")
	opts.MaxBytes, opts.Concurrency = 4000, 1
	if stats := mustRun(t, deps, "job", opts); stats.Complete {
		t.Fatalf("no limit was reached: %+v", stats)
	}
	if last.Done == 0 || last.Total != last.Done || last.ETA != 0 {
		t.Errorf("at the end %+v", last)
	}
}

func TestRunKeepsToScope(t *testing.T) {
	t.Parallel()
	site := crawltest.New(pages{
		"/docs/":    page("Docs", "a", "/docs/b#x", "/docs/b", "/blog", "http://other.example/", "mailto:a@b.c", "../docs/c?utm_source=x"),
		"/docs/a":   page("A", "/docs/old/x", "/docs/"),
		"/docs/b":   page("B"),
		"/docs/c":   page("C"),
		"/docs/old": page("Old"),
		"/blog":     page("Blog"),
	})
	sink := newSink()
	opts := base(root + "/docs/")
	opts.ExcludePaths = []string{"/docs/old"}
	stats := mustRun(t, depsFor(site, sink), "job", opts)
	wantPaths(t, sink, "/docs/", "/docs/a", "/docs/b", "/docs/c")
	if stats.Skipped[SkipOffScope] != 2 || stats.Skipped[SkipExcluded] != 1 || !stats.Complete {
		t.Errorf("stats %+v", stats)
	}
}

func TestRunIncludes(t *testing.T) {
	t.Parallel()
	site := crawltest.New(pages{"/": page("Start", "/docs/a", "/blog"), "/docs/a": page("A", "/docs/b"), "/docs/b": page("B"), "/blog": page("Blog")})
	sink := newSink()
	opts := base(root + "/")
	opts.IncludePaths = []string{"/docs/*"}
	stats := mustRun(t, depsFor(site, sink), "job", opts)
	wantPaths(t, sink, "/docs/a", "/docs/b")
	if stats.Skipped[SkipNotIncluded] != 2 || site.Counts()["/blog"] != 0 {
		t.Errorf("stats %+v, log %v", stats, site.Counts())
	}
}

func TestRunLimitsDepth(t *testing.T) {
	t.Parallel()
	site := crawltest.New(pages{"/": page("Start", "/1"), "/1": page("One", "/2", "/"), "/2": page("Two", "/3"), "/3": page("Three")})
	sink := newSink()
	opts := base(root + "/")
	opts.MaxDepth = 2
	stats := mustRun(t, depsFor(site, sink), "job", opts)
	wantPaths(t, sink, "/", "/1", "/2")
	if stats.Skipped[SkipMaxDepth] != 1 || stats.Complete {
		t.Errorf("stats %+v", stats)
	}
	opts.MaxDepth = -1
	sink = newSink()
	mustRun(t, depsFor(site, sink), "job", opts)
	wantPaths(t, sink, "/")
}

func TestRunLimitsPagesInLinkOrder(t *testing.T) {
	t.Parallel()
	for _, concurrency := range []int{1, 8} {
		site := crawltest.New(pages{
			"/": page("Start", "/c", "/a", "/b"), "/a": page("A", "/a2", "/a1"), "/b": page("B", "/b1", "/a1"), "/c": page("C", "/c1", "/b1"),
			"/a1": page("A1"), "/a2": page("A2"), "/b1": page("B1"), "/c1": page("C1"),
		})
		sink := newSink()
		deps := depsFor(site, sink)
		deps.Fetch = direct{Handler: site, before: func(_ context.Context, url string) error {
			if strings.HasSuffix(url, "/c") { // the first one is the slowest
				time.Sleep(5 * time.Millisecond)
			}
			return nil
		}}
		opts := base(root + "/")
		opts.MaxPages, opts.Concurrency = 6, concurrency
		stats := mustRun(t, deps, "job", opts)
		// As one reader would: /, c, a, b, then c's links, then the first of a's.
		wantPaths(t, sink, "/", "/a", "/b", "/b1", "/c", "/c1")
		if stats.Skipped[SkipMaxPages] != 2 || stats.Complete {
			t.Errorf("stats %+v", stats)
		}
	}
}

func TestRunLimitsBytesAndTime(t *testing.T) {
	t.Parallel()
	opts := base(root + "/")
	opts.MaxBytes, opts.Concurrency = 1, 1
	stats := mustRun(t, depsFor(crawltest.Small(50), newSink()), "job", opts)
	if stats.Skipped[SkipMaxBytes] == 0 || stats.Fetched == 0 || stats.Fetched > 10 || stats.Complete {
		t.Errorf("stats %+v", stats)
	}
	opts = base(root + "/")
	opts.MaxDuration = time.Nanosecond
	stats, err := Run(t.Context(), depsFor(crawltest.Small(50), newSink()), "job", opts)
	if stats.Skipped[SkipMaxDuration] != 1 || fault.CodeOf(err) != fault.Unavailable {
		t.Errorf("stats %+v, %v", stats, err)
	}
}

func TestRunHonoursRobots(t *testing.T) {
	t.Parallel()
	site := crawltest.New(pages{
		"/robots.txt": {MediaType: "text/plain", Body: "User-agent: *\nDisallow: /private\nAllow: /private/open"},
		"/":           page("Start", "/private", "/private/x", "/private/open", "/noindex", "/nofollow", "/header"),
		"/noindex":    {Title: "N", Head: `<meta name=robots content=noindex>`, Links: []string{"/from-noindex"}},
		"/nofollow": {
			Title: "F", Text: "text", Head: `<meta name=robots content=nofollow>`, Links: []string{"/from-nofollow"},
			HTML: `<a href="/rel" rel=nofollow>x</a>`,
		},
		"/header":        {Title: "H", Header: map[string]string{"X-Robots-Tag": "noindex, nofollow"}, Links: []string{"/from-nofollow"}},
		"/private/open":  {Title: "O", Text: "open", HTML: `<a href="/rel" rel="nofollow">x</a>`},
		"/from-noindex":  page("From noindex"),
		"/from-nofollow": page("From nofollow"),
		"/rel":           page("Rel"),
		"/private":       page("Private"), "/private/x": page("Private X"),
	})
	sink := newSink()
	stats := mustRun(t, depsFor(site, sink), "job", base(root+"/"))
	wantPaths(t, sink, "/", "/from-noindex", "/nofollow", "/private/open")
	if stats.Skipped[SkipRobots] != 2 || stats.Skipped[SkipNoIndex] != 2 || stats.Skipped[SkipNoFollow] != 2 {
		t.Errorf("stats %+v", stats)
	}
	for _, uri := range []string{"/private", "/private/x", "/rel", "/from-nofollow"} {
		if site.Counts()[uri] != 0 {
			t.Errorf("%s was asked for", uri)
		}
	}
	sink = newSink()
	opts := base(root + "/")
	opts.Robots = false
	mustRun(t, depsFor(site, sink), "job", opts)
	if len(sink.urls()) != 10 {
		t.Errorf("without robots: %q", sink.urls())
	}
}

func TestRunHonoursCrawlDelay(t *testing.T) {
	t.Parallel()
	site := crawltest.New(pages{"/robots.txt": {MediaType: "text/plain", Body: "User-agent: *\nCrawl-delay: 7"}, "/": page("Start")})
	deps := depsFor(site, newSink())
	fetcher := &spy{Fetcher: deps.Fetch}
	deps.Fetch = fetcher
	opts := base(root + "/")
	opts.Delay = 2 * time.Second
	mustRun(t, deps, "job", opts)
	if got := fetcher.delays[root+"/"]; got != 7*time.Second {
		t.Errorf("delay %v", got)
	}
}

func TestRunWithoutRobotsAnswer(t *testing.T) {
	t.Parallel()
	site := crawltest.New(pages{"/robots.txt": {Status: 503, Body: "busy"}, "/": page("Start")})
	stats, err := Run(t.Context(), depsFor(site, newSink()), "job", base(root+"/"))
	if fault.CodeOf(err) != fault.Unavailable || stats.Skipped[SkipRobotsDown] != 1 {
		t.Errorf("503: %v, %+v", err, stats)
	}
	site.Set("/robots.txt", crawltest.Page{MediaType: "text/plain", Body: "User-agent: *\nDisallow: /"})
	stats, err = Run(t.Context(), depsFor(site, newSink()), "job", base(root+"/"))
	if fault.CodeOf(err) != fault.Forbidden || stats.Skipped[SkipRobots] != 1 || !strings.Contains(err.Error(), "robots=false") {
		t.Errorf("denied: %v, %+v", err, stats)
	}
}

func TestRunFollowsRedirects(t *testing.T) {
	t.Parallel()
	site := crawltest.New(pages{
		"/":        page("Start", "/old", "/new", "/tmp", "/away", "/blocked", "/refresh", "/base/x"),
		"/old":     {Location: "/new"},
		"/tmp":     {Location: "tmp2", Status: 302},
		"/tmp2":    {Location: root + "/end#frag", Status: 307},
		"/away":    {Location: "http://other.example/", Status: 302},
		"/blocked": {Location: "http://169.254.169.254/latest", Status: 302},
		"/new":     page("New"), "/end": page("End"), "/target": page("Target"), "/elsewhere/y": page("Y"),
		"/refresh": {Title: "Refresh", Text: "r", Head: `<meta http-equiv="refresh" content="0; url=/target">`},
		"/base/x":  {Title: "Base", Text: "b", Head: `<base href="/elsewhere/">`, Links: []string{"y"}},
	})
	sink := newSink()
	stats := mustRun(t, depsFor(site, sink), "job", base(root+"/"))
	wantPaths(t, sink, "/", "/base/x", "/elsewhere/y", "/end", "/new", "/target")
	if stats.Skipped[SkipRedirect] != 3 || stats.Skipped[SkipCanonical] != 1 || stats.Skipped[SkipOffRedirect] != 1 || stats.Skipped[SkipBlocked] != 1 {
		t.Errorf("stats %+v", stats)
	}
	for uri, n := range site.Counts() {
		if n != 1 {
			t.Errorf("%s was asked for %d times", uri, n)
		}
	}
}

func TestRunFollowsTheStart(t *testing.T) {
	t.Parallel()
	site := crawltest.New(pages{
		"docs.example.com/":           {Location: "https://docs.example.com/"},
		"www.docs.example.com/manual": {Location: "/manual/"},
		"/manual/":                    page("Manual", "a", "/blog"),
		"/manual/a":                   page("A", "http://www.docs.example.com/manual/b", "/manual/"),
		"/manual/b":                   page("B"),
		"/blog":                       page("Blog"),
		"/manual":                     {Location: "https://www.docs.example.com/manual"},
	})
	sink := newSink()
	stats := mustRun(t, depsFor(site, sink), "job", base(root+"/manual"))
	want := []string{"https://www.docs.example.com/manual/", "https://www.docs.example.com/manual/a", "https://www.docs.example.com/manual/b"}
	if got := sink.urls(); !slices.Equal(got, want) {
		t.Errorf("stored %q, want %q (%+v)", got, want, stats)
	}
	if site.Counts()["/blog"] != 0 {
		t.Error("a start that is a folder after its redirect does not narrow")
	}
}

func TestRunHonoursCanonical(t *testing.T) {
	t.Parallel()
	canonical := func(title, to string) crawltest.Page {
		p := page(title)
		p.Head = `<link rel="canonical" href="` + to + `">`
		return p
	}
	site := crawltest.New(pages{
		"/":        page("Start", "/a?ref=1", "/a?ref=2", "/a", "/foreign", "/lost", "/m1", "/m2", "/m3", "/m4", "/m5"),
		"/a":       canonical("A", "/a"),
		"/a?ref=1": canonical("A", "/a"),
		"/a?ref=2": canonical("A", root+"/a#top"),
		"/foreign": canonical("Foreign", "http://other.example/foreign"),
		"/lost":    canonical("Lost", "/gone"), // the page that it names is not there
		"/m1":      canonical("M one", "/hub"), "/m2": canonical("M two", "/hub"), "/m3": canonical("M three", "/hub"),
		"/m4": canonical("M four", "/hub"), "/m5": canonical("M five", "/hub"), // a template's mistake
		"/hub": page("Hub"),
	})
	sink := newSink()
	stats := mustRun(t, depsFor(site, sink), "job", base(root+"/"))
	wantPaths(t, sink, "/", "/a", "/foreign", "/hub", "/lost", "/m1", "/m2", "/m3", "/m4", "/m5")
	if stats.Skipped[SkipCanonical] != 2 {
		t.Errorf("stats %+v", stats)
	}
}

func TestRunReadsSeeds(t *testing.T) {
	t.Parallel()
	urlset := func(urls ...string) string {
		return "<urlset><url><loc>" + strings.Join(urls, "</loc></url><url><loc>") + "</loc></url></urlset>"
	}
	site := crawltest.New(pages{
		"/robots.txt":       {MediaType: "text/plain", Body: "Sitemap: " + root + "/index.xml\nSitemap: /loop.xml"},
		"/":                 page("Start"),
		"/index.xml":        {MediaType: "application/xml", Body: "<sitemapindex><sitemap><loc>" + root + "/one.xml.gz</loc></sitemap><sitemap><loc>/two.txt</loc></sitemap></sitemapindex>"},
		"/one.xml.gz":       {MediaType: "application/gzip", Body: zip(t, urlset(root+"/a", root+"/b", "http://other.example/x", "http://169.254.169.254/y", root+"/logout"))},
		"/two.txt":          {MediaType: "text/plain", Body: root + "/c\n"},
		"/loop.xml":         {MediaType: "application/xml", Body: "<sitemapindex><sitemap><loc>" + root + "/loop.xml</loc></sitemap></sitemapindex>"},
		"/llms.txt":         {MediaType: "text/plain", Body: "# Docs\n- [D](/d)\n- [E](https://other.example/e)"},
		"/docs/llms.txt":    {MediaType: "text/plain", Body: "[F](f)"},
		"/docs/sitemap.xml": {MediaType: "application/xml", Body: urlset(root + "/docs/g")},
		"/a":                page("A"), "/b": page("B", "/b2"), "/b2": page("B2"), "/c": page("C"), "/d": page("D"),
		"/docs/start": page("Docs start"), "/docs/f": page("F"), "/docs/g": page("G"),
	})
	sink := newSink()
	stats := mustRun(t, depsFor(site, sink), "job", base(root+"/", root+"/docs/start"))
	wantPaths(t, sink, "/", "/a", "/b", "/b2", "/c", "/d", "/docs/f", "/docs/g", "/docs/start")
	if !stats.Complete || stats.Skipped[SkipDenied] != 1 || stats.Skipped[SkipOffScope] != 3 {
		t.Errorf("stats %+v", stats)
	}
	for uri, n := range site.Counts() {
		if n != 1 {
			t.Errorf("%s was asked for %d times", uri, n)
		}
	}
	opts := base(root + "/")
	opts.Sitemap = false
	sink = newSink()
	mustRun(t, depsFor(site, sink), "job", opts)
	wantPaths(t, sink, "/")
}

func TestRunWithBrokenSitemap(t *testing.T) {
	t.Parallel()
	site := crawltest.New(pages{"/robots.txt": {MediaType: "text/plain", Body: "Sitemap: /s.xml"}, "/": page("Start"), "/s.xml": {Status: 500, Body: "x"}})
	if stats := mustRun(t, depsFor(site, newSink()), "job", base(root+"/")); stats.Complete || stats.Skipped[SkipSitemap] != 1 {
		t.Errorf("a sitemap that fails: %+v", stats)
	}
	site = crawltest.New(pages{"/": page("Start")})
	if stats := mustRun(t, depsFor(site, newSink()), "job", base(root+"/")); !stats.Complete {
		t.Errorf("no sitemap at all: %+v", stats)
	}
}

func TestRunSitemapSince(t *testing.T) {
	t.Parallel()
	site := crawltest.New(pages{
		"/": page("Start"), "/new": page("New"), "/old": page("Old"), "/undated": page("Undated"),
		"/sitemap.xml": {MediaType: "application/xml", Body: "<urlset><url><loc>/new</loc><lastmod>2026-05-02</lastmod></url>" +
			"<url><loc>/old</loc><lastmod>2020-01-01</lastmod></url><url><loc>/undated</loc></url></urlset>"},
	})
	sink := newSink()
	opts := base(root + "/")
	opts.SitemapSince = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	mustRun(t, depsFor(site, sink), "job", opts)
	wantPaths(t, sink, "/", "/new", "/undated")
}

func TestRunMergesIndexPages(t *testing.T) {
	t.Parallel()
	site := crawltest.New(pages{
		"/":               page("Start", "index.html", "/sub/index.html", "/sub/", "/own/", "/own/index.html"),
		"/index.html":     page("Start", "index.html", "/sub/index.html", "/sub/", "/own/", "/own/index.html"),
		"/sub/":           page("Sub"),
		"/sub/index.html": page("Sub"),
		"/own/":           page("Own"), "/own/index.html": page("Something else"),
	})
	sink := newSink()
	stats := mustRun(t, depsFor(site, sink), "job", base(root+"/"))
	wantPaths(t, sink, "/", "/own/", "/own/index.html", "/sub/")
	if stats.Skipped[SkipDuplicate] != 2 {
		t.Errorf("stats %+v", stats)
	}
}

func TestRunIsTheSameWhateverTheTiming(t *testing.T) {
	t.Parallel()
	var want map[string]string
	var wantStats Stats
	for round := range 4 {
		site := crawltest.Small(120)
		site.Set("/p7", site.Traps())
		sink := newSink()
		deps := depsFor(site, sink)
		deps.Fetch = direct{Handler: site, before: func(_ context.Context, url string) error {
			if n := len(url) * (round + 3) % 7; round > 0 && n > 3 {
				time.Sleep(time.Duration(n) * 50 * time.Microsecond)
			}
			return nil
		}}
		opts := base(root + "/")
		opts.MaxPages, opts.MaxDepth, opts.Concurrency = 150, 30, 1+round*2
		stats := mustRun(t, deps, "job", opts)
		stats.Duration, stats.Cleaned = 0, 0
		if round == 0 {
			want, wantStats = sink.state(), stats
			continue
		}
		if got := sink.state(); !maps.Equal(got, want) {
			t.Errorf("round %d stores %d pages, not the same as the first's %d", round, len(got), len(want))
		}
		if fmt.Sprint(stats) != fmt.Sprint(wantStats) {
			t.Errorf("round %d: %+v\nfirst: %+v", round, stats, wantStats)
		}
	}
}

// spy is a Fetcher that notes the delays it is asked for.
type spy struct {
	Fetcher
	mu     sync.Mutex
	delays map[string]time.Duration
}

// Fetch implements Fetcher.
func (s *spy) Fetch(ctx context.Context, request fetch.Request) (*fetch.Response, error) {
	s.mu.Lock()
	if s.delays == nil {
		s.delays = map[string]time.Duration{}
	}
	s.delays[request.URL] = request.Delay
	s.mu.Unlock()
	return s.Fetcher.Fetch(ctx, request)
}
