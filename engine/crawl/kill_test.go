package crawl

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/axon-mcp/axon-mcp/engine/crawl/crawltest"
	"github.com/axon-mcp/axon-mcp/engine/fetch"
	"github.com/axon-mcp/axon-mcp/store"
)

// killSite is the site of the tests below: enough pages for many waves, and one
// of everything that is decided at the end.
func killSite() *crawltest.Site {
	site := crawltest.Small(160)
	site.Set("/p9", site.Traps())
	site.Set("/p11", crawltest.Page{Location: "/p11/", Status: 301})
	site.Set("/p11/", page("Eleven", "index.html", "/p12?ref=1"))
	site.Set("/p11/index.html", page("Eleven", "index.html", "/p12?ref=1"))
	canonical := page("Twelve", "/p150")
	canonical.Head = `<link rel=canonical href="/p12">`
	site.Set("/p12", canonical)
	site.Set("/p12?ref=1", canonical)
	return site
}

// killOptions are what it is crawled with.
func killOptions(start string) Options {
	opts := base(start)
	opts.MaxPages, opts.MaxDepth = 3000, 40
	return opts
}

var errKilled = errors.New("killed")

// Canceled at a random moment again and again, and each time started anew, a
// crawl ends with the same pages as one undisturbed, and stores each once.
func TestResumeAfterCancel(t *testing.T) {
	t.Parallel()
	want := newSink()
	undisturbed := mustRun(t, depsFor(killSite(), want), "job", killOptions(root+"/"))
	for seed := range uint64(6) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(seed, 1))
			sink := newSink()
			deps := depsFor(killSite(), sink)
			deps.Frontier = newFrontier(t)
			var stats Stats
			for attempt := 0; ; attempt++ {
				if attempt > 200 {
					t.Fatal("the crawl does not get on")
				}
				ctx, cancel := context.WithCancelCause(t.Context())
				var calls atomic.Int64
				limit := random.Int64N(120) + 20
				// After so many calls of the sink the process "dies", before or
				// after the call has had its effect.
				die := func() error {
					if calls.Add(1) < limit {
						return nil
					}
					cancel(errKilled)
					return errKilled
				}
				sink.fail, sink.lose = func(string, string) error { return die() }, nil
				if attempt%2 == 0 {
					sink.fail, sink.lose = nil, die
				}
				var err error
				stats, err = Run(ctx, deps, "job", killOptions(root+"/"))
				cancel(nil)
				if err == nil {
					break
				}
				if !errors.Is(err, errKilled) {
					t.Fatal(err)
				}
			}
			if got := sink.state(); !maps.Equal(got, want.state()) {
				t.Errorf("%d pages are stored, %d undisturbed, or not the same", len(got), len(want.state()))
			}
			for url, n := range sink.puts {
				if n > 1 && !strings.Contains(url, "/trap/soft/") {
					t.Errorf("%s was stored %d times", url, n)
				}
			}
			// A page that was stored but not settled when the process died was
			// added, but only shows as changed.
			stats.Added = undisturbed.Added
			stats.Duration, stats.Cleaned = undisturbed.Duration, undisturbed.Cleaned
			if fmt.Sprint(stats) != fmt.Sprint(undisturbed) {
				t.Errorf("stats %+v\nundisturbed %+v", stats, undisturbed)
			}
		})
	}
}

// What a wave has taught must not count for the rest of the same wave after a
// kill, since it does not without one: here, that most of it is a soft 404, whose
// links are followed until the wave is over.
func TestResumeWithinAWave(t *testing.T) {
	t.Parallel()
	site := pages{"/": {Title: "Start", Text: "text"}}
	for i := range 40 {
		site["/"] = crawltest.Page{Title: "Start", Text: "text", Links: append(site["/"].Links, fmt.Sprintf("/s%d", i))}
		site[fmt.Sprintf("/s%d", i)] = crawltest.Page{Title: "Soft", Text: "Nothing here.", HTML: fmt.Sprintf(`<a href="/c%d">more</a>`, i)}
		site[fmt.Sprintf("/c%d", i)] = page(fmt.Sprintf("Child %d", i))
	}
	want := newSink()
	undisturbed := mustRun(t, depsFor(crawltest.New(site), want), "job", base(root+"/"))
	sink := newSink()
	deps := depsFor(crawltest.New(site), sink)
	var calls atomic.Int64
	sink.fail = func(string, string) error {
		if calls.Add(1) == 20 {
			return errKilled
		}
		return nil
	}
	opts := base(root + "/")
	opts.Concurrency = 1
	if _, err := Run(t.Context(), deps, "job", opts); !errors.Is(err, errKilled) {
		t.Fatal(err)
	}
	sink.fail = nil
	stats := mustRun(t, deps, "job", opts)
	if len(want.urls()) != 42 || !maps.Equal(sink.state(), want.state()) || stats.Fetched != undisturbed.Fetched {
		t.Errorf("%d pages are stored, %d undisturbed; stats %+v\nundisturbed %+v", len(sink.urls()), len(want.urls()), stats, undisturbed)
	}
}

// Cancel ends a crawl promptly, with the context's cause, and what is stored by
// then is settled.
func TestCancelIsPrompt(t *testing.T) {
	t.Parallel()
	site := crawltest.Small(50)
	started := make(chan struct{}, 50)
	sink := newSink()
	deps := depsFor(site, sink)
	deps.Fetch = direct{Handler: site, before: func(ctx context.Context, url string) error {
		if !strings.Contains(url, "/p") {
			return nil
		}
		started <- struct{}{}
		<-ctx.Done() // a server that never answers
		return ctx.Err()
	}}
	ctx, cancel := context.WithCancelCause(t.Context())
	done := make(chan error)
	var stats Stats
	go func() {
		var err error
		stats, err = Run(ctx, deps, "job", base(root+"/"))
		done <- err
	}()
	<-started
	cancel(errKilled)
	if err := <-done; !errors.Is(err, errKilled) {
		t.Errorf("err %v", err)
	}
	if stats.Fetched != 1 || stats.Complete {
		t.Errorf("stats %+v", stats)
	}
}

// What fails in the sink fails the crawl; going on repeats the page.
func TestSinkFailureEndsTheCrawl(t *testing.T) {
	t.Parallel()
	site := crawltest.Small(50)
	sink := newSink()
	deps := depsFor(site, sink)
	sink.fail = func(op, url string) error {
		if strings.HasSuffix(url, "/p7") && op == "put" {
			return errBoom
		}
		return nil
	}
	if _, err := Run(t.Context(), deps, "job", base(root+"/")); !errors.Is(err, errBoom) {
		t.Fatalf("err %v", err)
	}
	sink.fail = nil
	if stats := mustRun(t, deps, "job", base(root+"/")); stats.Fetched != 50 || len(sink.urls()) != 50 {
		t.Errorf("stats %+v", stats)
	}
}

// A finished job says its result again and does nothing.
func TestFinishedJobIsNotRunAgain(t *testing.T) {
	t.Parallel()
	site := crawltest.Small(20)
	deps := depsFor(site, newSink())
	first := mustRun(t, deps, "job", base(root+"/"))
	n := len(site.Log())
	again := mustRun(t, deps, "job", base(root+"/"))
	if fmt.Sprint(first) != fmt.Sprint(again) || len(site.Log()) != n {
		t.Errorf("first %+v, again %+v", first, again)
	}
}

// overHTTP is a Fetcher over a real connection.
type overHTTP struct{ client *http.Client }

// Fetch implements Fetcher.
func (f overHTTP) Fetch(ctx context.Context, request fetch.Request) (*fetch.Response, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, request.URL, nil)
	if err != nil {
		return nil, err
	}
	if request.ETag != "" {
		r.Header.Set("If-None-Match", request.ETag)
	}
	client := *f.client
	if request.NoRedirect {
		client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	}
	answer, err := client.Do(r)
	if err != nil {
		return nil, err
	}
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, err
	}
	mediaType, _, _ := strings.Cut(answer.Header.Get("Content-Type"), ";")
	return &fetch.Response{
		URL: request.URL, FinalURL: answer.Request.URL.String(), Status: answer.StatusCode, Header: answer.Header, Body: body,
		MediaType: mediaType, ETag: answer.Header.Get("ETag"), NotModified: answer.StatusCode == http.StatusNotModified, FetchedAt: time.Now(),
	}, nil
}

// remoteSink is a Sink in another process, which outlives this one.
type remoteSink struct {
	url    string
	client *http.Client
}

// sinkCall is one call of a Sink, or its answer.
type sinkCall struct {
	URL      string
	Page     Page
	Known    Known
	Put      Put
	Evidence Evidence
	At       time.Time
	Drop     map[uint64]bool
	OK       bool
	Fatal    string
}

// call sends a call and gets its answer.
func (s remoteSink) call(ctx context.Context, op string, call sinkCall) (sinkCall, error) {
	body, err := json.Marshal(call)
	if err != nil {
		return call, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+op, bytes.NewReader(body))
	if err != nil {
		return call, err
	}
	answer, err := s.client.Do(r)
	if err != nil {
		return call, err
	}
	defer func() { _ = answer.Body.Close() }()
	err = json.NewDecoder(answer.Body).Decode(&call)
	if err == nil && call.Fatal != "" {
		err = errors.New(call.Fatal)
	}
	return call, err
}

func (s remoteSink) Known(ctx context.Context, url string) (Known, bool, error) {
	answer, err := s.call(ctx, "known", sinkCall{URL: url})
	return answer.Known, answer.OK, err
}

func (s remoteSink) Put(ctx context.Context, page Page) (Put, error) {
	answer, err := s.call(ctx, "put", sinkCall{Page: page})
	return answer.Put, err
}

func (s remoteSink) Touch(ctx context.Context, url string, at time.Time) error {
	_, err := s.call(ctx, "touch", sinkCall{URL: url, At: at})
	return err
}

func (s remoteSink) Gone(ctx context.Context, url string, evidence Evidence) (bool, error) {
	answer, err := s.call(ctx, "gone", sinkCall{URL: url, Evidence: evidence})
	return answer.OK, err
}

func (s remoteSink) Clean(ctx context.Context, url string, drop map[uint64]bool) (bool, error) {
	answer, err := s.call(ctx, "clean", sinkCall{URL: url, Drop: drop})
	return answer.OK, err
}

// serveSink lets other processes use a sink. A call that has come is carried
// out, even if who sent it dies meanwhile.
func serveSink(sink Sink) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := context.WithoutCancel(r.Context())
		var call sinkCall
		err := json.NewDecoder(r.Body).Decode(&call)
		if err == nil {
			switch r.URL.Path {
			case "/known":
				call.Known, call.OK, err = sink.Known(ctx, call.URL)
			case "/put":
				call.Put, err = sink.Put(ctx, call.Page)
			case "/touch":
				err = sink.Touch(ctx, call.URL, call.At)
			case "/gone":
				call.OK, err = sink.Gone(ctx, call.URL, call.Evidence)
			case "/clean":
				call.OK, err = sink.Clean(ctx, call.URL, call.Drop)
			}
		}
		if err != nil {
			call.Fatal = err.Error()
		}
		call.Page = Page{}
		_ = json.NewEncoder(w).Encode(call) // who asked may be dead
	})
}

// The environment of the child process of TestResumeAfterKill.
const (
	childDir  = "CRAWL_TEST_DIR"
	childSite = "CRAWL_TEST_SITE"
	childSink = "CRAWL_TEST_SINK"
)

// TestMain is also the child process that TestResumeAfterKill kills.
func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		if err := child(dir, os.Getenv(childSite), os.Getenv(childSink)); err != nil {
			fmt.Println("failed", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// child crawls in its own process and prints the result.
func child(dir, site, sink string) error {
	ctx := context.Background()
	db, err := store.Open(ctx, dir)
	if err != nil {
		return err
	}
	fmt.Println("ready")
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 32}}
	stats, err := Run(ctx, Deps{Fetch: overHTTP{client}, Sink: remoteSink{sink, client}, Frontier: NewSQLite(db.Read, db.Tx), Validate: validate},
		"job", killOptions(site))
	if err != nil {
		return err
	}
	result, err := json.Marshal(stats)
	if err != nil {
		return err
	}
	fmt.Println("done", string(result))
	return db.Close()
}

// Killed with SIGKILL at a random moment and started again until it is done, a
// crawl ends with the same pages as one undisturbed; what was settled is not
// fetched again, and the database is whole.
func TestResumeAfterKill(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("starts processes")
	}
	site := killSite()
	server := httptest.NewServer(site)
	defer server.Close()
	want, calm := newSink(), killSite()
	undisturbed := mustRun(t, depsFor(calm, want), "job", killOptions(server.URL+"/"))
	requests := len(calm.Log())
	// URLs that may be between their fetch and their settling, and what a new
	// attempt reads again for itself: robots.txt, sitemap.xml, llms.txt.
	const inFlight = defaultConcurrency + 3*writers + 2*settleBatch + 3

	sink := newSink()
	sinkServer := httptest.NewServer(serveSink(sink))
	defer sinkServer.Close()
	dir := t.TempDir()
	random := rand.New(rand.NewPCG(7, 7))
	kills := 0
	var stats Stats
	for done := false; !done; {
		command := exec.Command(os.Args[0], "-test.run=XXX")
		command.Env = append(os.Environ(), childDir+"="+dir, childSite+"="+server.URL+"/", childSink+"="+sinkServer.URL+"/")
		out, err := command.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := command.Start(); err != nil {
			t.Fatal(err)
		}
		var kill *time.Timer
		for lines := bufio.NewScanner(out); lines.Scan(); {
			word, rest, _ := strings.Cut(lines.Text(), " ")
			switch word {
			case "ready":
				if kills < 8 {
					kill = time.AfterFunc(time.Duration(random.IntN(100))*time.Millisecond, func() { _ = command.Process.Kill() })
				}
			case "done":
				done = true
				if err := json.Unmarshal([]byte(rest), &stats); err != nil {
					t.Error(err)
				}
			case "failed":
				t.Fatal(rest)
			}
		}
		_ = command.Wait() // killed, mostly
		if kill != nil && !kill.Stop() {
			kills++
		}
	}
	t.Logf("%d kills", kills)
	if got := sink.state(); !maps.Equal(got, want.state()) {
		t.Errorf("%d pages are stored, %d undisturbed, or not the same", len(got), len(want.state()))
	}
	for url, n := range sink.puts {
		if n > 1 && !strings.Contains(url, "/trap/soft/") {
			t.Errorf("%s was stored %d times", url, n)
		}
	}
	if extra := len(site.Log()) - requests; extra > kills*inFlight {
		t.Errorf("%d requests more than undisturbed for %d kills", extra, kills)
	}
	if stats.Fetched != undisturbed.Fetched || fmt.Sprint(stats.Skipped) != fmt.Sprint(undisturbed.Skipped) {
		t.Errorf("stats %+v\nundisturbed %+v", stats, undisturbed)
	}
	db, err := store.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	verdict := ""
	if err := db.Read.QueryRowContext(t.Context(), `PRAGMA integrity_check`).Scan(&verdict); err != nil || verdict != "ok" {
		t.Errorf("integrity_check: %s, %v", verdict, err)
	}
}
