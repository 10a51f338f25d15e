package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// long skips a test that takes minutes, unless AXON_E2E asks for it.
func long(t testing.TB) {
	t.Helper()
	if os.Getenv("AXON_E2E") == "" {
		t.Skip("takes minutes: make test runs it (AXON_E2E=1)")
	}
}

// site is a web site for a test that knows what it was asked for.
type site struct {
	*httptest.Server
	mu    sync.Mutex
	pages map[string]int // HTML pages answered with 200, by path
	seen  chan struct{}  // closed at the first one
}

func newSite(t testing.TB, content http.Handler) *site {
	t.Helper()
	s := &site{pages: make(map[string]int), seen: make(chan struct{})}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		watched := &watched{ResponseWriter: w, status: 200}
		content.ServeHTTP(watched, r)
		if r.Method == http.MethodGet && watched.status == 200 && strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") {
			s.count(r.URL.Path)
		}
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *site) count(path string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.pages) == 0 {
		close(s.seen)
	}
	s.pages[path]++
}

// counts returns how often each page was answered, and begins anew.
func (s *site) counts() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	counts := s.pages
	s.pages, s.seen = make(map[string]int), make(chan struct{})
	return counts
}

func (s *site) total() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.pages)
}

// awaitFirst returns when the first page has been asked for.
func (s *site) awaitFirst(t testing.TB) {
	t.Helper()
	s.mu.Lock()
	seen := s.seen
	s.mu.Unlock()
	select {
	case <-seen:
	case <-time.After(20 * time.Second):
		t.Fatal("no page was asked for within 20 s")
	}
}

func (s *site) host() string { return strings.TrimPrefix(s.URL, "http://") }

type watched struct {
	http.ResponseWriter
	status int
}

// Unwrap lets a handler reach the connection.
func (w *watched) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *watched) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// smallSite has n pages, each of which takes pause to answer and links to the
// next ones.
func smallSite(t testing.TB, n int, pause time.Duration) *site {
	t.Helper()
	return newSite(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		page := 0
		if r.URL.Path != "/" {
			if _, err := fmt.Sscanf(r.URL.Path, "/p%d.html", &page); err != nil || page < 0 || page >= n {
				http.NotFound(w, r)
				return
			}
		}
		time.Sleep(pause) // the site is slow: this is what is tested, not a way to wait
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprintf(w, "<!DOCTYPE html><html lang=en><head><title>Page %d</title></head><body><main><h1>Page %d</h1><p>%s</p>",
			page, page, strings.Repeat(fmt.Sprintf("The %dth machine keeps word%d in drawer %d. ", page, page*7919%1000, page%13), 12))
		for next := page*3 + 1; next <= page*3+3 && next < n; next++ {
			fmt.Fprintf(w, "<p><a href=\"/p%d.html\">The page about machine %d</a></p>", next, next)
		}
		fmt.Fprint(w, "</main></body></html>")
	}))
}

// program runs the binary on one data directory.
type program struct {
	t   testing.TB
	dir string
	env []string
}

func newProgram(t testing.TB, s *site) *program {
	t.Helper()
	p := &program{t: t, dir: t.TempDir()}
	p.env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "AXON_DATA_DIR=" + p.dir, "AXON_INLINE_BYTES=10000000", "AXON_WEB_PORT=0"}
	if s != nil {
		p.env = append(p.env, "AXON_ALLOW_HOSTS="+s.host())
	}
	return p
}

// command is one run of the binary. It is killed when the test ends.
func (p *program) command(args ...string) *exec.Cmd {
	cmd := exec.CommandContext(p.t.Context(), binary, args...)
	cmd.Env = p.env
	return cmd
}

// ran is what a finished run has said.
type ran struct {
	code           int
	stdout, stderr string
}

func (p *program) run(args ...string) ran {
	p.t.Helper()
	var stdout, stderr bytes.Buffer
	cmd := p.command(args...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		p.t.Fatalf("axon-mcp %s: %v", strings.Join(args, " "), err)
	}
	return ran{code: cmd.ProcessState.ExitCode(), stdout: stdout.String(), stderr: stderr.String()}
}

// json runs a tool under --json, which must not fail, and decodes its result.
func (p *program) json(result any, args ...string) {
	p.t.Helper()
	got := p.run(append(args, "--json")...)
	if got.code != 0 {
		p.t.Fatalf("axon-mcp %s: exit %d\n%s%s", strings.Join(args, " "), got.code, got.stdout, got.stderr)
	}
	if err := json.Unmarshal([]byte(got.stdout), result); err != nil {
		p.t.Fatalf("axon-mcp %s: %v\n%s", strings.Join(args, " "), err, got.stdout)
	}
}

// server is a running stdio server with a client on it.
type server struct {
	*wire
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	stderr *bytes.Buffer
	ended  chan error
}

// stdio starts a server and shakes hands.
func (p *program) stdio() *server {
	p.t.Helper()
	cmd := p.command()
	stdin, err := cmd.StdinPipe()
	if err != nil {
		p.t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		p.t.Fatal(err)
	}
	s := &server{cmd: cmd, stdin: stdin, stderr: new(bytes.Buffer), ended: make(chan error, 1), wire: newWire(stdout, stdin)}
	cmd.Stderr = s.stderr
	if err := cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	if err := s.hello(p.t.Context()); err != nil {
		p.t.Fatalf("%v\n%s", err, s.stderr)
	}
	return s
}

// wait waits for the end of the process. Nobody may read from it any more.
func (s *server) wait(t testing.TB, limit time.Duration) time.Duration {
	t.Helper()
	begin := time.Now()
	go func() { s.ended <- s.cmd.Wait() }()
	select {
	case <-s.ended:
	case <-time.After(limit):
		t.Fatalf("the server still runs after %s\n%s", limit, s.stderr)
	}
	return time.Since(begin)
}

func (s *server) kill(t testing.TB) {
	t.Helper()
	_ = s.cmd.Process.Signal(syscall.SIGKILL)
	_ = s.cmd.Wait()
}

// killAndTell is kill, and shows the log of a test that has failed once nobody
// writes it any more.
func (s *server) killAndTell(t testing.TB) {
	t.Helper()
	s.kill(t)
	if t.Failed() {
		t.Log(s.stderr.String())
	}
}

// until asks again and again, with a pause between, until ok says yes: another
// process has no event to wait for.
func until(t testing.TB, limit time.Duration, what string, ok func() bool) time.Duration {
	t.Helper()
	begin := time.Now()
	for !ok() {
		if time.Since(begin) > limit {
			t.Fatalf("%s: not within %s", what, limit)
		}
		time.Sleep(20 * time.Millisecond) // polls another process
	}
	return time.Since(begin)
}

// debianDocs is the folder of a Debian documentation package. make test installs
// them; where AXON_E2E asks for the tests, a missing one is a failure.
func debianDocs(t testing.TB, name string) string {
	t.Helper()
	dir := filepath.Join("/usr/share/doc", name, "html")
	if _, err := os.Stat(filepath.Join(dir, "index.html")); err != nil {
		t.Fatalf("%s is not installed: scripts/setup-test.sh brings it", name)
	}
	return dir
}

// crawlResult is what a crawl says.
type crawlResult struct {
	Status    string         `json:"status"`
	JobID     string         `json:"job_id"`
	Fetched   int            `json:"pages_fetched"`
	Changed   int            `json:"pages_changed"`
	Unchanged int            `json:"pages_unchanged"`
	Failed    int            `json:"pages_failed"`
	Skipped   map[string]int `json:"skipped"`
	Chunks    int            `json:"chunks"`
	Seconds   float64        `json:"seconds"`
	Rate      float64        `json:"pages_per_second"`
}

// queryResult is what a query says.
type queryResult struct {
	Hits []struct {
		URL  string `json:"url"`
		Text string `json:"text"`
	} `json:"hits"`
}

// source is one document of a listing.
type source struct {
	URL    string `json:"url"`
	Chunks int    `json:"chunks"`
	Bytes  int64  `json:"bytes"`
}

// sources lists everything that is indexed.
func (p *program) sources() []source {
	p.t.Helper()
	var all []source
	cursor := ""
	for {
		var page struct {
			Sources []source `json:"sources"`
			Next    *string  `json:"next_cursor"`
		}
		args := []string{"sources", "--limit", "500"}
		if cursor != "" {
			args = append(args, "--cursor", cursor)
		}
		p.json(&page, args...)
		all = append(all, page.Sources...)
		if page.Next == nil || *page.Next == "" {
			return all
		}
		cursor = *page.Next
	}
}
