package crawl

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/axon-mcp/axon-mcp/engine/crawl/crawltest"
	"github.com/axon-mcp/axon-mcp/fault"
)

func TestRunEndsInTraps(t *testing.T) {
	t.Parallel()
	site := crawltest.New(pages{"/": page("Start", "/traps", "/real"), "/real": page("Real")})
	site.Set("/traps", site.Traps())
	sink := newSink()
	opts := base(root + "/")
	opts.MaxPages, opts.MaxDepth = 5000, 100
	stats := mustRun(t, depsFor(site, sink), "job", opts)
	for _, reason := range []string{SkipRepeated, SkipPathDepth, SkipCalendar, SkipQuery, SkipSoft404, SkipLoop, SkipDenied, SkipSession, SkipMedia} {
		if stats.Skipped[reason] == 0 {
			t.Errorf("nothing was skipped for %s", reason)
		}
	}
	if stats.Skipped[SkipMaxPages] > 0 || stats.Fetched > 500 {
		t.Errorf("the traps do not end: %+v", stats)
	}
	soft := 0
	for _, url := range sink.urls() {
		if strings.Contains(url, "/trap/soft/") {
			soft++
		}
	}
	if soft != 1 {
		t.Errorf("%d pages of the soft 404 are stored, want the first alone", soft)
	}
	if _, ok := sink.pages[root+"/real"]; !ok {
		t.Error("the page beside the traps is missing")
	}
}

// A start that is refused or cannot be read is told of where the sitemap leads to
// other pages.
func TestRunTellsOfUnreadStarts(t *testing.T) {
	t.Parallel()
	site := crawltest.New(pages{
		"/robots.txt": {MediaType: "text/plain", Body: "User-agent: *\nDisallow: /private\nSitemap: /s.xml"},
		"/s.xml":      {MediaType: "application/xml", Body: "<urlset><url><loc>" + root + "/a</loc></url></urlset>"},
		"/a":          page("A"), "/start": page("Start"), "/private": page("Private"), "/moved": {Location: "/a"},
		"/loop": {Location: "/loop2"}, "/loop2": {Location: "/loop"},
	})
	stats := mustRun(t, depsFor(site, newSink()), "job", base(root+"/gone", root+"/loop", root+"/moved", root+"/private", root+"/start"))
	want := []Note{
		{URL: root + "/gone", Outcome: OutcomeFailed, Reason: "http_404"},
		{URL: root + "/loop", Outcome: OutcomeSkipped, Reason: SkipLoop},
		{URL: root + "/private", Outcome: OutcomeSkipped, Reason: SkipRobots},
	}
	if !slices.Equal(stats.UnreadStarts, want) {
		t.Errorf("told of %+v, want %+v", stats.UnreadStarts, want)
	}
}

// Pages that fail for good are read once more one after the other. The site is not
// down for that, and is not asked for all of them.
func TestRunEndsWithManyBrokenPages(t *testing.T) {
	t.Parallel()
	small := pages{}
	var links []string
	for i := range 400 {
		path := fmt.Sprintf("/p%d", i)
		small[path] = page(path)
		if i%2 == 0 {
			small[path] = crawltest.Page{Status: 500}
		}
		links = append(links, path)
	}
	small["/"] = page("Start", links...)
	site := crawltest.New(small)
	opts := base(root + "/")
	opts.Concurrency = 1
	stats := mustRun(t, depsFor(site, newSink()), "job", opts)
	if stats.Fetched != 201 || stats.Failures["http_500"] != 200 || len(stats.Failures) != 1 {
		t.Errorf("stats %+v", stats)
	}
	asked := 0
	for _, request := range site.Log() {
		if request.Status == 500 {
			asked++
		}
	}
	if asked <= 200 || asked > 200+downAfter+underWay {
		t.Errorf("%d requests for 200 broken pages", asked)
	}
}

func TestRunTriesFailuresAgain(t *testing.T) {
	t.Parallel()
	site := crawltest.New(pages{"/": page("Start", "/flaky", "/broken", "/missing"), "/flaky": page("Flaky", "/behind"), "/behind": page("Behind")})
	var mu sync.Mutex
	tries := map[string]int{}
	sink := newSink()
	deps := depsFor(site, sink)
	deps.Fetch = direct{Handler: site, before: func(_ context.Context, url string) error {
		mu.Lock()
		defer mu.Unlock()
		tries[url]++
		if strings.HasSuffix(url, "/broken") || strings.HasSuffix(url, "/flaky") && tries[url] == 1 {
			return fault.New(fault.Timeout, "no answer")
		}
		return nil
	}}
	stats := mustRun(t, deps, "job", base(root+"/"))
	wantPaths(t, sink, "/", "/behind", "/flaky")
	if stats.Failed != 2 || stats.Failures["timeout"] != 1 || stats.Failures["http_404"] != 1 || stats.Complete || tries[root+"/broken"] != 2 {
		t.Errorf("stats %+v, tries %v", stats, tries)
	}
}

func TestRunStopsWhenTheSiteIsDown(t *testing.T) {
	t.Parallel()
	site := crawltest.Small(400)
	var mu sync.Mutex
	served, down := 0, true
	sink := newSink()
	deps := depsFor(site, sink)
	deps.Fetch = direct{Handler: site, before: func(_ context.Context, url string) error {
		mu.Lock()
		defer mu.Unlock()
		if served++; served > 100 && down {
			return fault.New(fault.Unavailable, "connection refused")
		}
		return nil
	}}
	_, err := Run(t.Context(), deps, "job", base(root+"/"))
	if fault.CodeOf(err) != fault.Unavailable || !strings.Contains(err.Error(), "start the job again") {
		t.Fatalf("err %v", err)
	}
	if served > 200 {
		t.Errorf("%d requests to a site that is down", served)
	}
	down = false
	stats := mustRun(t, deps, "job", base(root+"/"))
	if len(sink.urls()) != 400 || stats.Fetched != 400 || !stats.Complete {
		t.Errorf("%d pages are stored after it came back; %+v", len(sink.urls()), stats)
	}
}

func TestRunExplainsWhyNothingWasRead(t *testing.T) {
	t.Parallel()
	site := crawltest.New(pages{"/robots.txt": {MediaType: "text/plain"}, "/to": {Location: "http://localhost/"}, "/down": {Location: "http://docs.example.com/x"}})
	deps := depsFor(site, newSink())
	tests := []struct {
		url  string
		code fault.Code
	}{
		{root + "/missing", fault.NotFound},
		{root + "/to", fault.URLBlocked},
		{"https://docs.example.com/down", fault.URLBlocked},
		{"http://localhost/", fault.URLBlocked},
		{"file:///etc/passwd", fault.URLBlocked},
	}
	for _, test := range tests {
		if _, err := Run(t.Context(), deps, test.url, base(test.url)); fault.CodeOf(err) != test.code {
			t.Errorf("%s: %v, want %s", test.url, err, test.code)
		}
	}
	opts := base(root + "/x")
	opts.Render = RenderChrome
	if _, err := Run(t.Context(), deps, "c", opts); fault.CodeOf(err) != fault.Unavailable {
		t.Errorf("no browser: %v", err)
	}
	if _, err := Run(t.Context(), deps, "d", Options{}); fault.CodeOf(err) != fault.Invalid {
		t.Errorf("no start: %v", err)
	}
	// A job that read nothing begins anew.
	site.Set("/missing", page("Found"))
	if stats, err := Run(t.Context(), deps, root+"/missing", base(root+"/missing")); err != nil || stats.Fetched != 1 {
		t.Errorf("again: %+v, %v", stats, err)
	}
}

func TestRunNeverReachesBlockedHosts(t *testing.T) {
	t.Parallel()
	bad := []string{"http://localhost/a", "http://169.254.169.254/b", "http://private.example/c", "http://private.docs.example.com/d"}
	for _, subdomains := range []bool{false, true} {
		site := crawltest.New(pages{
			"/":            {Title: "Start", Links: bad, Head: `<meta http-equiv=refresh content="0; url=http://localhost/r"><link rel=canonical href="http://localhost/k">`},
			"/robots.txt":  {MediaType: "text/plain", Body: "Sitemap: http://localhost/s.xml\nSitemap: /s.xml"},
			"/s.xml":       {MediaType: "application/xml", Body: "<sitemapindex><sitemap><loc>http://private.example/t.xml</loc></sitemap></sitemapindex>"},
			"/llms.txt":    {MediaType: "text/plain", Body: "[x](http://localhost/l)"},
			"/b":           {Title: "B", Head: `<base href="http://localhost/">`, Links: []string{"x"}},
			"/c":           {Location: "http://private.example/"},
			"/sitemap.xml": {Location: "http://localhost/s.xml"},
		})
		opts := base(root+"/", root+"/b", root+"/c")
		opts.Subdomains = subdomains
		stats := mustRun(t, depsFor(site, newSink()), "job", opts)
		if subdomains && stats.Skipped[SkipBlocked] != 2 { // the last link, and the redirect of /c
			t.Errorf("stats %+v", stats)
		}
		for _, request := range site.Log() {
			if request.Host != "docs.example.com" {
				t.Errorf("%s%s was asked for", request.Host, request.URI)
			}
		}
	}
}
