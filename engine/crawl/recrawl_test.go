package crawl

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/axon-mcp/axon-mcp/engine/crawl/crawltest"
)

// twice crawls a site, changes it, and crawls it again with the same parts.
func twice(t *testing.T, site *crawltest.Site, opts Options, change func()) (*memorySink, Deps, Stats) {
	t.Helper()
	sink := newSink()
	deps := depsFor(site, sink)
	mustRun(t, deps, "first", opts)
	change()
	site.Reset()
	sink.reset()
	return sink, deps, mustRun(t, deps, "second", opts)
}

func TestRecrawlOfTheSame(t *testing.T) {
	t.Parallel()
	site := crawltest.Small(60)
	sink, _, stats := twice(t, site, base(root+"/"), func() {})
	if stats.Fetched != 60 || stats.Unchanged != 60 || stats.Changed != 0 || stats.Chunks != 0 || stats.Gone != 0 || stats.Cleaned != 0 || !stats.Complete {
		t.Errorf("stats %+v", stats)
	}
	if len(sink.puts)+len(sink.cleans)+len(sink.gone) > 0 || len(sink.touches) != 60 {
		t.Errorf("puts %v, cleans %v, gone %v, %d touches", sink.puts, sink.cleans, sink.gone, len(sink.touches))
	}
	for _, request := range site.Log() {
		if request.URI != "/robots.txt" && request.URI != "/sitemap.xml" && request.URI != "/llms.txt" && request.Status != 304 {
			t.Errorf("%s was answered %d", request.URI, request.Status)
		}
	}
}

func TestRecrawlOfTheSameWithoutValidators(t *testing.T) {
	t.Parallel()
	site := crawltest.New(pages{"/": {Title: "Start", Text: "a", NoETag: true, Links: []string{"/a"}}, "/a": {Title: "A", Text: "b", NoETag: true}})
	sink, _, stats := twice(t, site, base(root+"/"), func() {})
	if stats.Unchanged != 2 || stats.Changed != 0 || len(sink.puts) > 0 {
		t.Errorf("stats %+v, puts %v", stats, sink.puts)
	}
}

// A site full of traps is no excuse: what was stored and taken out again in the
// first crawl is not stored in the second.
func TestRecrawlOfTraps(t *testing.T) {
	t.Parallel()
	site := crawltest.New(nil)
	site.Set("/", site.Traps())
	opts := base(root + "/")
	opts.MaxDepth, opts.MaxPages = 100, 5000
	sink, _, stats := twice(t, site, opts, func() {})
	if stats.Changed != 0 || stats.Gone != 0 || len(sink.puts)+len(sink.cleans) > 0 {
		t.Errorf("stats %+v, puts %v, cleans %v", stats, sink.puts, sink.cleans)
	}
}

func TestRecrawlFindsWhatChanged(t *testing.T) {
	t.Parallel()
	site := crawltest.New(pages{
		"/":     page("Start", "/same", "/edited", "/missing", "/gone", "/moved", "/unlinked", "/canonical", "/noindex", "/broken", "/temporary"),
		"/same": page("Same"), "/edited": page("Edited"), "/missing": page("Missing"), "/gone": page("Gone"), "/moved": page("Moved"),
		"/unlinked": page("Unlinked"), "/canonical": page("Canonical"), "/noindex": page("Noindex"), "/broken": page("Broken"), "/temporary": page("Temporary"),
	})
	opts := base(root + "/")
	sink, deps, stats := twice(t, site, opts, func() {
		site.Set("/", page("Start", "/same", "/edited", "/missing", "/gone", "/moved", "/canonical", "/noindex", "/broken", "/temporary"))
		site.Set("/edited", page("Edited since", "/added"))
		site.Set("/added", page("Added"))
		site.Remove("/missing")
		site.Set("/gone", crawltest.Page{Status: 410, Body: "gone"})
		site.Set("/moved", crawltest.Page{Location: "/moved-here"})
		site.Set("/moved-here", page("Moved"))
		site.Set("/temporary", crawltest.Page{Location: "/same", Status: 302})
		canonical := page("Canonical")
		canonical.Head, canonical.Text = `<link rel=canonical href="/same">`, "other"
		site.Set("/canonical", canonical)
		noindex := page("Noindex")
		noindex.Head = `<meta name=robots content=noindex>`
		site.Set("/noindex", noindex)
		site.Set("/broken", crawltest.Page{Status: 404, Body: "x"})
	})
	wantPaths(t, sink, "/", "/added", "/broken", "/edited", "/missing", "/moved-here", "/same", "/temporary")
	wantGone := map[string]Evidence{
		root + "/missing": NotFound, root + "/broken": NotFound, root + "/gone": GoneForever, root + "/moved": Moved,
		root + "/unlinked": Absent, root + "/canonical": Duplicate, root + "/noindex": Forbidden,
	}
	if !maps.Equal(sink.gone, wantGone) {
		t.Errorf("evidence %v, want %v", sink.gone, wantGone)
	}
	if stats.Added != 2 || stats.Changed != 4 || stats.Gone != 5 || stats.Failures["http_404"] != 2 || !stats.Complete {
		t.Errorf("stats %+v", stats)
	}

	site.Set("/broken", page("Broken"))
	sink.reset()
	stats = mustRun(t, deps, "third", opts)
	wantPaths(t, sink, "/", "/added", "/broken", "/edited", "/moved-here", "/same", "/temporary")
	if stats.Gone != 1 || sink.gone[root+"/missing"] != NotFound || stats.Changed != 0 {
		t.Errorf("stats %+v, evidence %v", stats, sink.gone)
	}
}

// A page that answers 404 and is linked no more is absent in the next crawl.
func TestRecrawlRemembersMissing(t *testing.T) {
	t.Parallel()
	site := crawltest.New(pages{"/": page("Start", "/a"), "/a": page("A")})
	sink, deps, _ := twice(t, site, base(root+"/"), func() { site.Remove("/a") })
	wantPaths(t, sink, "/", "/a")
	site.Set("/", page("Start without"))
	mustRun(t, deps, "third", base(root+"/"))
	wantPaths(t, sink, "/")
}

func TestRecrawlThatIsNotCompleteRemovesNothing(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(*crawltest.Site, *Options)
	}{
		"pages":   {func(_ *crawltest.Site, o *Options) { o.MaxPages = 2 }},
		"depth":   {func(_ *crawltest.Site, o *Options) { o.MaxDepth = 1 }},
		"bytes":   {func(_ *crawltest.Site, o *Options) { o.MaxBytes = 1; o.Concurrency = 1 }},
		"error":   {func(s *crawltest.Site, _ *Options) { s.Set("/b", crawltest.Page{Status: 503, Body: "x"}) }},
		"sitemap": {func(s *crawltest.Site, _ *Options) { s.Set("/sitemap.xml", crawltest.Page{Status: 500, Body: "x"}) }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			site := crawltest.New(pages{
				"/": page("Start", "/a", "/b"), "/a": page("A"), "/b": page("B", "/c"), "/c": page("C"), "/x": page("X"),
				"/sitemap.xml": {MediaType: "text/plain", Body: root + "/x"},
			})
			opts := base(root + "/")
			sink := newSink()
			deps := depsFor(site, sink)
			mustRun(t, deps, "first", opts)
			site.Set("/", page("Start", "/b"))
			site.Set("/sitemap.xml", crawltest.Page{MediaType: "text/plain", Body: "#"})
			changed := opts
			test.change(site, &changed)
			if stats := mustRun(t, deps, "second", changed); stats.Complete {
				t.Errorf("stats %+v", stats)
			}
			wantPaths(t, sink, "/", "/a", "/b", "/c", "/x")
			site.Set("/b", page("B", "/c"))
			site.Set("/sitemap.xml", crawltest.Page{MediaType: "text/plain", Body: "#"})
			if stats := mustRun(t, deps, "third", opts); !stats.Complete || stats.Gone != 2 {
				t.Errorf("stats %+v", stats)
			}
			wantPaths(t, sink, "/", "/b", "/c")
		})
	}
}

// When most of a site is absent at once it may be the site that is broken: only
// the second crawl in a row removes.
func TestRecrawlOfAShrunkenSite(t *testing.T) {
	t.Parallel()
	site := crawltest.Small(150)
	sink, deps, stats := twice(t, site, base(root+"/"), func() { site.Set("/", page("Maintenance")) })
	if stats.Gone != 0 || len(sink.urls()) != 150 {
		t.Errorf("%d pages left; %+v", len(sink.urls()), stats)
	}
	if stats = mustRun(t, deps, "third", base(root+"/")); stats.Gone != 149 {
		t.Errorf("stats %+v", stats)
	}
	wantPaths(t, sink, "/")
}

// Absent pages that this crawl was not allowed to read stay.
func TestRecrawlKeepsWhatRobotsForbidNow(t *testing.T) {
	t.Parallel()
	site := crawltest.New(pages{"/": page("Start", "/p/"), "/p/": page("P", "/p/a"), "/p/a": page("A")})
	sink, _, stats := twice(t, site, base(root+"/"), func() {
		site.Set("/robots.txt", crawltest.Page{MediaType: "text/plain", Body: "User-agent: *\nDisallow: /p/"})
	})
	wantPaths(t, sink, "/", "/p/", "/p/a")
	if stats.Gone != 0 {
		t.Errorf("stats %+v", stats)
	}
}

func TestAnotherScopeRemovesNothing(t *testing.T) {
	t.Parallel()
	site := crawltest.New(pages{"/": page("Start", "/a"), "/a": page("A"), "/b": page("B")})
	sink := newSink()
	deps := depsFor(site, sink)
	mustRun(t, deps, "first", base(root+"/"))
	mustRun(t, deps, "second", base(root+"/b"))
	wantPaths(t, sink, "/", "/a", "/b")
	opts := base(root + "/")
	opts.Collection = "other"
	site.Set("/", page("Start"))
	mustRun(t, deps, "third", opts)
	wantPaths(t, sink, "/", "/a", "/b")
}

func TestCleansBoilerplate(t *testing.T) {
	t.Parallel()
	site := crawltest.Small(40)
	for i := range 40 { // a footer that markup does not tell from content
		name := fmt.Sprintf("/p%d", i)
		if i == 0 {
			name = "/"
		}
		site.Change(name, func(page *crawltest.Page) { page.HTML = "<p>Was this page of the manual helpful to you?</p>" })
	}
	opts := base(root + "/")
	sink, _, stats := twice(t, site, opts, func() {
		site.Change("/p3", func(page *crawltest.Page) { page.Text = "Something else." })
	})
	if stats.Changed != 1 || stats.Cleaned != 0 || len(sink.cleans) > 0 {
		t.Errorf("stats %+v, cleans %v", stats, sink.cleans)
	}
	for url, page := range sink.pages {
		if len(page.Cuts) == 0 {
			t.Errorf("nothing is cut from %s", url)
		}
	}
	// Clean depends on the set of pages alone: pages that were stored before
	// the verdict are as those stored after.
	cuts := sink.pages[root+"/p39"].Cuts
	for url, page := range sink.pages {
		if !slices.Equal(page.Cuts, cuts) {
			t.Errorf("%s: cuts %v, others %v", url, page.Cuts, cuts)
		}
	}
}
