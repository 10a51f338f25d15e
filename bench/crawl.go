package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/gocolly/colly/v2"

	"github.com/axon-mcp/axon-mcp/engine/crawl"
	"github.com/axon-mcp/axon-mcp/engine/embed/static"
	"github.com/axon-mcp/axon-mcp/engine/fetch"
	"github.com/axon-mcp/axon-mcp/security"
	"github.com/axon-mcp/axon-mcp/store"
	"github.com/axon-mcp/axon-mcp/tools"
)

// site is a documentation site of a Debian package.
type site struct {
	name, dir, start string
}

// sites are those that issue 3 names.
func sites() []site {
	return []site{
		{"python3.11-doc", "/usr/share/doc/python3.11/html", "index.html"},
		{"postgresql-doc-15", "/usr/share/doc/postgresql-doc-15/html", "index.html"},
	}
}

// counted serves a folder and counts the pages that it gives out.
type counted struct {
	files http.Handler
	mu    sync.Mutex
	seen  map[string]int
	total atomic.Int64
}

// ServeHTTP implements http.Handler. It does not redirect index.html to the
// folder as net/http does, because static servers in general do not.
func (c *counted) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasSuffix(r.URL.Path, ".html") {
		c.total.Add(1)
		c.mu.Lock()
		c.seen[r.URL.Path]++
		c.mu.Unlock()
	}
	if dir, ok := strings.CutSuffix(r.URL.Path, "/index.html"); ok {
		r.URL.Path = dir + "/"
	}
	c.files.ServeHTTP(w, r)
}

// pages counts the different pages that were given out.
func (c *counted) pages() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.seen)
}

// serve serves a site on loopback until stop is called.
func serve(s site) (url string, log *counted, stop func(), err error) {
	log = &counted{files: http.FileServer(http.Dir(s.dir)), seen: map[string]int{}}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, nil, err
	}
	server := &http.Server{Handler: log, ReadHeaderTimeout: time.Minute}
	go func() { _ = server.Serve(listener) }() // ends with Close
	return "http://" + listener.Addr().String() + "/", log, func() { _ = server.Close() }, nil
}

// result is one crawl.
type result struct {
	pages   int   // different ones
	served  int64 // pages given out
	seconds float64
	cpu     float64 // seconds of processor time, of crawler and server
}

// rate is different pages a second.
func (r result) rate() float64 { return float64(r.pages) / r.seconds }

// benchCrawl compares whole crawls of a site: ours with Markdown and links of
// every page, colly with links alone.
func benchCrawl(out io.Writer) error {
	const rounds = 3
	crawlers := []struct {
		name string
		run  func(url string) error
	}{
		{"colly v2.3.0, one page at a time: fetch, links", runColly},
		{"colly v2.3.0, async, 8 at once: fetch, links", runCollyAsync},
		{"axon-mcp: fetch, links, Markdown, frontier in SQLite", runOurs},
		{"axon-mcp: the same, and the index: chunks, vectors, postings", runIndexing},
	}
	fmt.Fprintf(out, "### crawl: pages a second, best of %d (bars: 2 × colly; with the index 1.5 ×)\n\n", rounds)
	fmt.Fprintln(out, "| site | crawler | pages | requests for them | s | pages/s | ms of CPU a page (with the server's) |\n|---|---|---|---|---|---|---|")
	for _, s := range sites() {
		if _, err := os.Stat(filepath.Join(s.dir, s.start)); err != nil {
			fmt.Fprintf(out, "| %s | not installed | | | | | |\n", s.name)
			continue
		}
		for _, c := range crawlers {
			r, err := best(rounds, s, c.run)
			if err != nil {
				return err
			}
			fmt.Fprintf(out, "| %s | %s | %d | %d | %.2f | %.0f | %.2f |\n", s.name, c.name, r.pages, r.served, r.seconds, r.rate(),
				r.cpu*1000/float64(r.pages))
		}
	}
	fmt.Fprintln(out)
	return nil
}

// best runs a crawl several times on a fresh server.
func best(rounds int, s site, run func(url string) error) (result, error) {
	fastest := result{seconds: 1e9}
	for range rounds {
		url, log, stop, err := serve(s)
		if err != nil {
			return fastest, err
		}
		runtime.GC()
		began, used := time.Now(), cpuTime()
		err = run(url + s.start)
		seconds, cpu := time.Since(began).Seconds(), cpuTime()-used
		stop()
		if err != nil {
			return fastest, err
		}
		if seconds < fastest.seconds {
			fastest = result{pages: log.pages(), served: log.total.Load(), seconds: seconds, cpu: cpu}
		}
	}
	return fastest, nil
}

// cpuTime is the processor time that this process has used, in seconds.
func cpuTime() float64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano()).Seconds()
}

// runOurs crawls with everything but an index behind it.
func runOurs(url string) error {
	_, err := crawlOurs(context.Background(), url, 100_000)
	return err
}

// crawlOurs crawls a site on loopback whole, and stores nothing.
func crawlOurs(ctx context.Context, url string, maxPages int) (stats crawl.Stats, err error) {
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return crawl.Stats{}, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	db, err := store.Open(ctx, dir)
	if err != nil {
		return crawl.Stats{}, err
	}
	defer func() { _ = db.Close() }()
	return crawlInto(ctx, db, crawl.Discard{}, url, maxPages)
}

// runIndexing crawls into an index, as the tool crawl does.
func runIndexing(url string) error {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	model, err := static.New()
	if err != nil {
		return err
	}
	o, err := openAt(ctx, dir, model, model.Count)
	if err != nil {
		return err
	}
	_, err = crawlInto(ctx, o.db, tools.NewIndexSink(o.index, "docs", "bench"), url, 100_000)
	return cmp.Or(err, o.end())
}

// crawlInto crawls a site on loopback whole.
func crawlInto(ctx context.Context, db *store.DB, sink crawl.Sink, url string, maxPages int) (crawl.Stats, error) {
	log := slog.New(slog.DiscardHandler)
	guard, err := security.NewGuard(security.Config{AllowHosts: []string{"127.0.0.0/8"}}, log)
	if err != nil {
		return crawl.Stats{}, err
	}
	deps := crawl.Deps{
		Fetch: fetch.New(guard, fetch.Config{}, log), Sink: sink, Frontier: crawl.NewSQLite(db.Read, db.Tx),
		Validate: guard.ValidateURL, Log: log,
	}
	return crawl.Run(ctx, deps, "bench", crawl.Options{URLs: []string{url}, MaxPages: maxPages, MaxDepth: 50, Robots: true, Sitemap: true})
}

// runColly follows links one page at a time, as colly does unless told
// otherwise.
func runColly(url string) error { return collyWith(url) }

// runCollyAsync has as many requests at once as ours.
func runCollyAsync(url string) error { return collyWith(url, colly.Async(true)) }

// collyWith follows every link of the site. Fragments are cut off, since to
// colly a page is another one under each of them.
func collyWith(url string, options ...colly.CollectorOption) error {
	host := strings.Split(url, "/")[2]
	options = append(options, colly.AllowedDomains(host, strings.Split(host, ":")[0]), colly.MaxBodySize(64<<20))
	c := colly.NewCollector(options...)
	if err := c.Limit(&colly.LimitRule{DomainGlob: "*", Parallelism: 8}); err != nil {
		return err
	}
	c.OnHTML("a[href]", func(e *colly.HTMLElement) {
		link, _, _ := strings.Cut(e.Request.AbsoluteURL(e.Attr("href")), "#")
		_ = e.Request.Visit(link) // visited before, or another host
	})
	if err := c.Visit(url); err != nil {
		return err
	}
	c.Wait()
	return nil
}
