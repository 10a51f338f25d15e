package crawl

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/axon-mcp/axon-mcp/engine/crawl/crawltest"
	"github.com/axon-mcp/axon-mcp/fault"
)

// refreshed crawls a site, changes it, and refreshes what is stored.
func refreshed(t *testing.T, site *crawltest.Site, change func()) (*memorySink, Deps, Stats) {
	t.Helper()
	sink := newSink()
	deps := depsFor(site, sink)
	mustRun(t, deps, "crawl", base(root+"/"))
	change()
	site.Reset()
	sink.reset()
	return sink, deps, mustRefresh(t, deps, "refresh", sink.urls()...)
}

func mustRefresh(t *testing.T, deps Deps, job string, urls ...string) Stats {
	t.Helper()
	stats, err := Refresh(t.Context(), deps, job, RefreshOptions{URLs: urls, Robots: true})
	if err != nil {
		t.Fatalf("Refresh(%s): %v (stats %+v)", job, err, stats)
	}
	return stats
}

func TestRefreshOfTheSame(t *testing.T) {
	t.Parallel()
	site := crawltest.Small(60)
	sink, _, stats := refreshed(t, site, func() {})
	if stats.Fetched != 60 || stats.Unchanged != 60 || stats.Changed+stats.Gone+stats.Cleaned+stats.Chunks != 0 || !stats.Complete {
		t.Errorf("stats %+v", stats)
	}
	if len(sink.puts)+len(sink.cleans)+len(sink.gone) > 0 || len(sink.touches) != 60 {
		t.Errorf("puts %v, cleans %v, gone %v, %d touches", sink.puts, sink.cleans, sink.gone, len(sink.touches))
	}
	asked := 0
	for _, request := range site.Log() {
		if request.URI == "/robots.txt" {
			continue
		}
		if asked++; request.Status != 304 {
			t.Errorf("%s was answered %d", request.URI, request.Status)
		}
	}
	if asked != 60 {
		t.Errorf("%d requests for 60 pages", asked)
	}
}

func TestRefreshFindsWhatChanged(t *testing.T) {
	t.Parallel()
	site := crawltest.New(pages{
		"/":     page("Start", "/same", "/edited", "/missing", "/gone", "/moved", "/noindex", "/forbidden", "/away"),
		"/same": page("Same"), "/edited": page("Edited"), "/missing": page("Missing"), "/gone": page("Gone"), "/moved": page("Moved"),
		"/noindex": page("Noindex"), "/forbidden": page("Forbidden"), "/away": page("Away"),
	})
	sink, deps, stats := refreshed(t, site, func() {
		site.Set("/edited", page("Edited since", "/added")) // a link is not followed
		site.Set("/added", page("Added"))
		site.Remove("/missing")
		site.Set("/gone", crawltest.Page{Status: 410, Body: "gone"})
		site.Set("/moved", crawltest.Page{Location: "/moved-here"})
		site.Set("/moved-here", page("Moved"))
		site.Set("/away", crawltest.Page{Location: "http://private.example/x"})
		noindex := page("Noindex")
		noindex.Head = `<meta name=robots content=noindex>`
		site.Set("/noindex", noindex)
		site.Set("/robots.txt", crawltest.Page{MediaType: "text/plain", Body: "User-agent: *\nDisallow: /forbidden"})
	})
	wantPaths(t, sink, "/", "/away", "/edited", "/forbidden", "/missing", "/moved-here", "/same")
	wantGone := map[string]Evidence{
		root + "/missing": NotFound, root + "/gone": GoneForever, root + "/moved": Moved, root + "/noindex": Forbidden,
	}
	if !maps.Equal(sink.gone, wantGone) {
		t.Errorf("evidence %v, want %v", sink.gone, wantGone)
	}
	if stats.Changed != 2 || stats.Unchanged != 2 || stats.Gone != 3 || stats.Failures["http_404"] != 1 ||
		stats.Skipped[SkipRobots] != 1 || stats.Skipped[SkipBlocked] != 1 {
		t.Errorf("stats %+v", stats)
	}
	// The second 404 in a row removes the page, as in a crawl.
	if stats = mustRefresh(t, deps, "again", sink.urls()...); stats.Gone != 1 || stats.Changed != 0 {
		t.Errorf("again: %+v", stats)
	}
	wantPaths(t, sink, "/", "/away", "/edited", "/forbidden", "/moved-here", "/same")
}

// A crawl after a refresh still knows what it has stored, and removes what has
// become absent.
func TestRefreshLeavesTheCrawlsScopeAlone(t *testing.T) {
	t.Parallel()
	site := crawltest.New(pages{"/": page("Start", "/a", "/b"), "/a": page("A"), "/b": page("B")})
	sink, deps, _ := refreshed(t, site, func() { site.Set("/", page("Start", "/a")) })
	wantPaths(t, sink, "/", "/a", "/b")
	if stats := mustRun(t, deps, "later", base(root+"/")); stats.Gone != 1 {
		t.Errorf("stats %+v", stats)
	}
	wantPaths(t, sink, "/", "/a")
}

// What the crawl has found to be the site's boilerplate stays out of a page that
// has changed, though a refresh of one page cannot know it.
func TestRefreshLeavesBoilerplateOut(t *testing.T) {
	t.Parallel()
	site, sink, deps := manual(t)
	before := sink.pages[root+"/p3"]
	site.Change("/p3", func(page *crawltest.Page) { page.Text = "Something else." })
	stats := mustRefresh(t, deps, "refresh", root+"/p3")
	after := sink.pages[root+"/p3"]
	if stats.Changed != 1 || after.Hash == before.Hash || len(before.Cuts) == 0 || !slices.Equal(after.Cuts, before.Cuts) {
		t.Errorf("stats %+v, cuts %v, before %v", stats, after.Cuts, before.Cuts)
	}
}

// manual is a crawled site with a line of boilerplate on each of its 40 pages.
func manual(t *testing.T) (*crawltest.Site, *memorySink, Deps) {
	t.Helper()
	site := crawltest.Small(40)
	for i := range 40 {
		name := fmt.Sprintf("/p%d", i)
		if i == 0 {
			name = "/"
		}
		site.Change(name, func(page *crawltest.Page) { page.HTML = "<p>Was this page of the manual helpful to you?</p>" })
	}
	sink := newSink()
	deps := depsFor(site, sink)
	mustRun(t, deps, "crawl", base(root+"/"))
	return site, sink, deps
}

// A page that was stored right before a kill is stored without boilerplate.
func TestRefreshLeavesBoilerplateOutAfterAKill(t *testing.T) {
	t.Parallel()
	site, sink, deps := manual(t)
	before := sink.pages[root+"/p3"]
	site.Change("/p3", func(page *crawltest.Page) { page.Text = "Something else." })
	sink.lose = func() error { return errBoom }
	if _, err := Refresh(t.Context(), deps, "job", RefreshOptions{URLs: []string{root + "/p3"}}); err == nil {
		t.Fatal("it was killed, and says nothing")
	}
	sink.lose = nil
	stats := mustRefresh(t, deps, "job", root+"/p3")
	if after := sink.pages[root+"/p3"]; after.Hash == before.Hash || len(before.Cuts) == 0 || !slices.Equal(after.Cuts, before.Cuts) {
		t.Errorf("stats %+v, cuts %v, before %v", stats, after.Cuts, before.Cuts)
	}
}

// A refresh that could read nothing fails, and reads when it is tried again: it
// fails again as long as nothing can be read.
func TestRefreshTriesAgain(t *testing.T) {
	t.Parallel()
	for name, reason := range map[string]func(url string) error{
		"pages": func(url string) error {
			if strings.HasSuffix(url, "/robots.txt") {
				return nil
			}
			return fault.New(fault.Unavailable, "down")
		},
		"robots.txt": func(string) error { return fault.New(fault.Unavailable, "down") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			site := crawltest.New(pages{"/": page("Start", "/a"), "/a": page("A")})
			_, deps, _ := refreshed(t, site, func() {})
			broken := deps
			broken.Fetch = direct{Handler: site, before: func(_ context.Context, url string) error { return reason(url) }}
			for range 3 {
				_, err := Refresh(t.Context(), broken, "job", RefreshOptions{URLs: []string{root + "/", root + "/a"}, Robots: true})
				if fault.CodeOf(err) != fault.Unavailable {
					t.Fatalf("%v, want unavailable", err)
				}
			}
			if stats := mustRefresh(t, deps, "job", root+"/", root+"/a"); stats.Fetched != 2 || !stats.Complete {
				t.Errorf("stats %+v", stats)
			}
		})
	}
}

func TestRefreshFails(t *testing.T) {
	t.Parallel()
	site := crawltest.New(pages{"/a": page("A"), "/b": page("B")})
	down := direct{Handler: site, before: func(context.Context, string) error { return fault.New(fault.Unavailable, "down") }}
	for name, test := range map[string]struct {
		fetch Fetcher
		urls  []string
		code  fault.Code
	}{
		"nothing":     {direct{Handler: site}, nil, fault.Invalid},
		"blocked":     {direct{Handler: site}, []string{"http://private.example/"}, fault.URLBlocked},
		"unavailable": {down, []string{root + "/a", root + "/b"}, fault.Unavailable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			deps := depsFor(site, newSink())
			deps.Fetch = test.fetch
			_, err := Refresh(t.Context(), deps, "job", RefreshOptions{URLs: test.urls, Robots: true})
			if fault.CodeOf(err) != test.code {
				t.Errorf("%v, want %s", err, test.code)
			}
		})
	}
}

// A page that is not there is an answer, and no failure of the whole.
func TestRefreshOfMissingPages(t *testing.T) {
	t.Parallel()
	site := crawltest.New(pages{"/": page("Start", "/a"), "/a": page("A")})
	_, deps, _ := refreshed(t, site, func() { site.Remove("/a") })
	if stats := mustRefresh(t, deps, "second", root+"/a"); stats.Gone != 1 {
		t.Errorf("stats %+v", stats)
	}
	if stats := mustRefresh(t, deps, "third", root+"/nowhere"); stats.Failures["http_404"] != 1 {
		t.Errorf("stats %+v", stats)
	}
}

// A killed refresh goes on, and asks for nothing twice but what was on its way.
// That counts as changed: it may have been, before the kill.
func TestRefreshGoesOnAfterAKill(t *testing.T) {
	t.Parallel()
	site := crawltest.Small(300)
	sink := newSink()
	deps := depsFor(site, sink)
	deps.Frontier = newFrontier(t)
	mustRun(t, deps, "crawl", base(root+"/"))
	site.Reset()
	ctx, kill := context.WithCancelCause(t.Context())
	broken := deps
	var asked atomic.Int32
	broken.Fetch = direct{Handler: site, before: func(ctx context.Context, _ string) error {
		if asked.Add(1) == 150 {
			kill(errBoom)
		}
		return ctx.Err()
	}}
	if _, err := Refresh(ctx, broken, "job", RefreshOptions{URLs: sink.urls(), Robots: true, Concurrency: 2}); err == nil {
		t.Fatal("it was killed, and says nothing")
	}
	const onItsWay = settleBatch + 20
	stats := mustRefresh(t, deps, "job", sink.urls()...)
	if stats.Unchanged+stats.Changed != 300 || stats.Changed > onItsWay {
		t.Errorf("stats %+v", stats)
	}
	n := 0
	for uri, times := range site.Counts() {
		if times > 1 && uri != "/robots.txt" {
			n++
		}
	}
	if n > onItsWay {
		t.Errorf("%d pages were asked for twice", n)
	}
}

func TestNotesTellOfWhatWasLeftOut(t *testing.T) {
	t.Parallel()
	links := []string{"/x"}
	for i := range 2 * notesPerReason {
		links = append(links, fmt.Sprintf("/no/%d", i))
	}
	site := crawltest.New(pages{"/": page("Start", links...), "/robots.txt": {MediaType: "text/plain", Body: "User-agent: *\nDisallow: /no/"}})
	deps := depsFor(site, newSink())
	notes := map[string]int{}
	var failed Note
	deps.Note = func(n Note) {
		notes[n.Reason]++
		if n.Outcome == OutcomeFailed {
			failed = n
		}
	}
	mustRun(t, deps, "job", base(root+"/"))
	if notes[SkipRobots] != notesPerReason || notes["http_404"] != 1 || failed.URL != root+"/x" {
		t.Errorf("notes %v, failed %+v", notes, failed)
	}
}

// underWay is how many pages may have been asked for that are not settled yet.
const underWay = settleBatch + 4*writers + 16

// A site that is down costs its own pages alone, and few requests.
func TestRefreshGoesOnPastASiteThatIsDown(t *testing.T) {
	t.Parallel()
	site := crawltest.New(pages{"/robots.txt": {MediaType: "text/plain"}})
	var dead, alive []string
	for i := range 300 {
		path := fmt.Sprintf("/p%d", i)
		site.Set(path, page("Page"))
		dead = append(dead, "http://down.example.org"+path)
		if i%10 == 0 {
			alive = append(alive, root+path, "https://down.example.org"+path) // where but port 80 is closed
		}
	}
	var asked atomic.Int64
	deps := depsFor(site, newSink())
	deps.Fetch = direct{Handler: site, before: func(_ context.Context, url string) error {
		if !strings.HasPrefix(url, "http://down.example.org/p") {
			return nil
		}
		asked.Add(1)
		return fault.New(fault.Unavailable, "connection refused")
	}}
	stats := mustRefresh(t, deps, "refresh", append(dead, alive...)...)
	if stats.Fetched != 60 || stats.Failures["unavailable"] != 300 {
		t.Errorf("stats %+v", stats)
	}
	if n := asked.Load(); n > downAfter+underWay {
		t.Errorf("%d requests to a site that is down", n)
	}
}
