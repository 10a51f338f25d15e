package crawl

import (
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/axon-mcp/axon-mcp/engine/crawl/crawltest"
	"github.com/axon-mcp/axon-mcp/engine/fetch"
	"github.com/axon-mcp/axon-mcp/security"
)

// realDeps are the parts as they are in the product: guard, fetcher and
// frontier. The guard lets only address through.
func realDeps(t *testing.T, address string, sink Sink) Deps {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	guard, err := security.NewGuard(security.Config{AllowHosts: []string{address}}, log)
	if err != nil {
		t.Fatal(err)
	}
	return Deps{Fetch: fetch.New(guard, fetch.Config{}, log), Sink: sink, Frontier: newFrontier(t), Validate: guard.ValidateURL, Log: log}
}

func TestRunOverTheNetwork(t *testing.T) {
	t.Parallel()
	site := crawltest.Small(40)
	site.Set("/p5", crawltest.Page{Location: "/p39", Status: 301})
	server := httptest.NewServer(site)
	defer server.Close()
	sink := newSink()
	deps := realDeps(t, server.Listener.Addr().String(), sink)
	stats := mustRun(t, deps, "first", base(server.URL+"/"))
	if stats.Fetched != 39 || !stats.Complete {
		t.Errorf("stats %+v", stats)
	}
	for uri, n := range site.Counts() {
		if n != 1 {
			t.Errorf("%s was asked for %d times", uri, n)
		}
	}
	stats = mustRun(t, deps, "second", base(server.URL+"/"))
	if stats.Unchanged != 39 || stats.Changed != 0 || len(sink.touches) != 39 {
		t.Errorf("again: %+v, %d touches", stats, len(sink.touches))
	}
}

// Nothing that a site says makes us open a connection to where the guard does
// not let us.
func TestRunNeverDialsWhatIsBlocked(t *testing.T) {
	t.Parallel()
	var dialled atomic.Int64
	secret := httptest.NewUnstartedServer(http.NotFoundHandler())
	secret.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			dialled.Add(1)
		}
	}
	secret.Start()
	defer secret.Close()
	bad := secret.URL
	site := crawltest.New(pages{
		"/": {
			Title: "Start", Text: "text", Links: []string{bad + "/link", "/redirect", "/base", "http://localhost" + strings.TrimPrefix(bad, "http://127.0.0.1")},
			Head: `<meta http-equiv=refresh content="0; url=` + bad + `/refresh"><link rel=canonical href="` + bad + `/canonical">`,
		},
		"/redirect":   {Location: bad + "/redirected", Status: 302},
		"/base":       {Title: "Base", Text: "text", Head: `<base href="` + bad + `/">`, Links: []string{"relative"}},
		"/robots.txt": {MediaType: "text/plain", Body: "Sitemap: " + bad + "/sitemap.xml\nSitemap: /list.xml\nSitemap: /moved.xml"},
		"/list.xml":   {MediaType: "application/xml", Body: "<sitemapindex><sitemap><loc>" + bad + "/nested.xml</loc></sitemap></sitemapindex>"},
		"/moved.xml":  {Location: bad + "/moved.xml", Status: 302},
		"/llms.txt":   {MediaType: "text/plain", Body: "[x](" + bad + "/llms)"},
	})
	server := httptest.NewServer(site)
	defer server.Close()
	for _, subdomains := range []bool{false, true} {
		opts := base(server.URL + "/")
		opts.Subdomains = subdomains
		mustRun(t, realDeps(t, server.Listener.Addr().String(), newSink()), "job", opts)
	}
	if n := dialled.Load(); n != 0 {
		t.Errorf("%d connections", n)
	}
}

// A part of a real site, each page once.
func TestRunReadsARealSite(t *testing.T) {
	t.Parallel()
	const dir = "/usr/share/doc/postgresql-doc-15/html"
	if _, err := os.Stat(dir + "/index.html"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("the Debian package postgresql-doc-15 is not installed")
		}
		t.Skip("the Debian package postgresql-doc-15 is not installed")
	}
	var mu sync.Mutex
	counts := map[string]int{}
	files := http.FileServer(http.Dir(dir))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		counts[r.URL.Path]++
		mu.Unlock()
		files.ServeHTTP(w, r)
	}))
	defer server.Close()
	sink := newSink()
	opts := base(server.URL + "/")
	opts.MaxPages = 120
	stats := mustRun(t, realDeps(t, server.Listener.Addr().String(), sink), "job", opts)
	// The server redirects index.html to the folder, which is a request without
	// a page.
	if stats.Fetched != 119 || stats.Changed != 119 || stats.Failed != 0 || stats.Skipped[SkipRedirect] != 1 {
		t.Errorf("stats %+v", stats)
	}
	for path, n := range counts {
		if n != 1 {
			t.Errorf("%s was asked for %d times", path, n)
		}
	}
	page, ok := sink.pages[server.URL+"/sql-createindex.html"]
	if ok && !strings.Contains(page.Markdown, "CONCURRENTLY") {
		t.Errorf("sql-createindex.html: %.300s", page.Markdown)
	}
}
