package main

import (
	"bytes"
	"database/sql"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	_ "modernc.org/sqlite"

	"github.com/axon-mcp/axon-mcp/jobs"
)

// TestRealSites is the main job on real documentation: each page is fetched
// exactly once, and questions find the page that answers them.
func TestRealSites(t *testing.T) {
	long(t)
	for _, real := range []struct {
		name    string
		pages   int
		sitemap bool                // four pages of the Python documentation are linked from nowhere
		dead    int                 // links that lead nowhere
		answers map[string][]string // query: any of these pages within the first three hits
		main    []string            // classes of the element that holds the content, the widest first
	}{
		{"python3.11", 530, true, 1, map[string][]string{
			"parse JSON with duplicate keys": {"/library/json.html"},
			"os.path.join":                   {"/library/os.path.html"},
		}, []string{"body"}},
		{"postgresql-doc-15", 1169, false, 0, map[string][]string{
			"create index concurrently": {"/sql-createindex.html", "/sql-reindex.html"},
			"ON CONFLICT DO NOTHING":    {"/sql-insert.html"},
		}, []string{"book", "part", "chapter", "appendix", "refentry", "sect1"}},
	} {
		t.Run(real.name, func(t *testing.T) {
			s := newSite(t, debianSite(debianDocs(t, real.name), real.sitemap))
			p := newProgram(t, s)
			var got crawlResult
			p.json(&got, "crawl", s.URL+"/", "--max-pages", "5000", "--max-depth", "50", "--wait")
			t.Logf("%+v", got)
			checkOnce(t, s.counts(), real.pages)
			if got.Status != "completed" || got.Failed != real.dead {
				t.Errorf("status %s, %d failed, want %d", got.Status, got.Failed, real.dead)
			}
			for query, pages := range real.answers {
				checkAnswer(t, p, query, pages)
			}
			checkWhole(t, p, s, debianDocs(t, real.name), real.main)
			s.counts()
			crawlOverMCP(t, newProgram(t, s), s, real.pages, map[string]any{"max_pages": 5000, "max_depth": 50})
			var again crawlResult
			p.json(&again, "crawl", s.URL+"/", "--max-pages", "5000", "--max-depth", "50")
			if again.Changed != 0 || again.Unchanged == 0 || again.Chunks != 0 {
				t.Errorf("an unchanged site crawled again: %+v", again)
			}
		})
	}
}

// debianSite serves a folder, with a sitemap of all its pages if asked.
func debianSite(dir string, sitemap bool) http.Handler {
	files := http.FileServer(http.Dir(dir))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !sitemap || r.URL.Path != "/sitemap.xml" {
			files.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/xml")
		fmt.Fprint(w, `<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">`)
		_ = filepath.WalkDir(dir, func(path string, _ fs.DirEntry, _ error) error {
			if page := strings.TrimPrefix(path, dir); strings.HasSuffix(page, ".html") {
				if filepath.Base(page) == "index.html" {
					page = strings.TrimSuffix(page, "index.html") // as the server redirects
				}
				fmt.Fprintf(w, "<url><loc>http://%s%s</loc></url>", r.Host, page)
			}
			return nil
		})
		fmt.Fprint(w, "</urlset>")
	})
}

func checkOnce(t *testing.T, counts map[string]int, want int) {
	t.Helper()
	if len(counts) != want {
		t.Errorf("%d pages were fetched, want %d", len(counts), want)
	}
	for path, n := range counts {
		if n != 1 {
			t.Errorf("%s was fetched %d times", path, n)
		}
	}
}

func checkAnswer(t *testing.T, p *program, query string, pages []string) {
	t.Helper()
	var found queryResult
	p.json(&found, "query", query, "--limit", "3")
	var urls []string
	for _, hit := range found.Hits {
		urls = append(urls, hit.URL)
		for _, page := range pages {
			if strings.Contains(hit.URL, page) {
				return
			}
		}
	}
	t.Errorf("%q found %q, want one of %q", query, urls, pages)
}

// TestCrawlOverMCP is the same through the door: progress arrives, and the
// result has the same fields.
func TestCrawlOverMCP(t *testing.T) {
	t.Parallel()
	s := smallSite(t, 30, 20*time.Millisecond)
	crawlOverMCP(t, newProgram(t, s), s, 30, map[string]any{})
}

func crawlOverMCP(t *testing.T, p *program, s *site, pages int, args map[string]any) {
	t.Helper()
	client := p.stdio()
	defer client.kill(t)
	args["urls"], args["wait"] = []string{s.URL + "/"}, true
	var got crawlResult
	steps := 0
	last := int64(-1)
	err := client.call(t.Context(), "crawl", args, &got, func(progress jobs.Progress) {
		steps++
		if progress.Done < last {
			t.Errorf("progress went back from %d to %d", last, progress.Done)
		}
		last = progress.Done
	})
	if err != nil {
		t.Fatalf("%v\n%s", err, client.stderr)
	}
	if got.Fetched < pages || got.Status != "completed" || steps == 0 {
		t.Errorf("%+v, %d steps of progress", got, steps)
	}
	checkOnce(t, s.counts(), pages)
}

// TestKilledCrawl kills a crawl at random moments and starts it again: the index
// ends as that of an undisturbed crawl.
func TestKilledCrawl(t *testing.T) {
	long(t)
	t.Run("made", func(t *testing.T) { killAndGoOn(t, smallSite(t, 150, 15*time.Millisecond), 150) })
	t.Run("python3.11", func(t *testing.T) {
		killAndGoOn(t, newSite(t, debianSite(debianDocs(t, "python3.11"), true)), 530)
	})
}

func killAndGoOn(t *testing.T, s *site, pages int) {
	t.Helper()
	const kills = 20
	undisturbed := newProgram(t, s)
	crawl := []string{"crawl", s.URL + "/", "--max-depth", "50"}
	var whole crawlResult
	begin := time.Now()
	undisturbed.json(&whole, crawl...)
	length := time.Since(begin)
	checkOnce(t, s.counts(), pages)
	want := undisturbed.sources()

	p := newProgram(t, s)
	for killed := 0; killed < kills; {
		cmd := p.command(crawl...)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- cmd.Wait() }()
		select {
		case <-time.After(time.Duration(rand.Int64N(int64(length) / 2))): // the moment is what is tested
			_ = cmd.Process.Signal(syscall.SIGKILL)
			<-ended
			killed++
		case err := <-ended: // before its moment came
			if err != nil {
				t.Fatal(err)
			}
			checkSame(t, p, want)
			p = newProgram(t, s)
		}
		checkIntegrity(t, p.dir)
	}
	var last crawlResult
	p.json(&last, crawl...)
	t.Logf("the last run: %+v", last)
	checkSame(t, p, want)
	checkIntegrity(t, p.dir)
}

func checkSame(t *testing.T, p *program, want []source) {
	t.Helper()
	if got := p.sources(); !reflect.DeepEqual(got, want) {
		t.Errorf("%d documents, want %d, or with other chunks", len(got), len(want))
	}
}

// checkIntegrity asks SQLite whether the database is whole.
func checkIntegrity(t *testing.T, dir string) {
	t.Helper()
	path := filepath.Join(dir, "axon.db")
	if _, err := os.Stat(path); err != nil {
		return // killed before there was one
	}
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(5000)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var verdict string
	if err := db.QueryRow("PRAGMA integrity_check").Scan(&verdict); err != nil || verdict != "ok" {
		t.Errorf("integrity_check: %q, %v", verdict, err)
	}
}

// TestEndOfInput ends a server in the middle of a crawl: it is gone at once, and
// the next start goes on.
func TestEndOfInput(t *testing.T) {
	t.Parallel()
	s := smallSite(t, 150, 120*time.Millisecond)
	p := newProgram(t, s)
	client := p.stdio()
	var started crawlResult
	if err := client.call(t.Context(), "crawl", map[string]any{"urls": []string{s.URL + "/"}, "max_depth": 50}, &started, nil); err != nil {
		t.Fatalf("%v\n%s", err, client.stderr)
	}
	s.awaitFirst(t)
	client.stdin.Close()
	t.Logf("ended %s after the end of its input", client.wait(t, 3*time.Second))
	if got := p.jobStatus(started.JobID); got != "pending" {
		t.Errorf("the job is %s, want pending", got)
	}
	next := p.stdio()
	defer next.kill(t)
	until(t, 30*time.Second, "the crawl is done", func() bool { return p.jobStatus(started.JobID) == "completed" })
	if got := len(p.sources()); got != 150 {
		t.Errorf("%d documents, want 150", got)
	}
}

// TestInterrupt: Ctrl-C takes a command's job back, SIGTERM leaves it to others;
// both exit with 130, at once.
func TestInterrupt(t *testing.T) {
	t.Parallel()
	for signal, want := range map[os.Signal]string{os.Interrupt: "canceled", syscall.SIGTERM: "pending"} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			s := smallSite(t, 150, 120*time.Millisecond)
			p := newProgram(t, s)
			cmd := p.command("crawl", s.URL+"/", "--max-depth", "50", "--json")
			var stdout bytes.Buffer
			cmd.Stdout = &stdout
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			s.awaitFirst(t)
			begin := time.Now()
			if err := cmd.Process.Signal(signal); err != nil {
				t.Fatal(err)
			}
			_ = cmd.Wait()
			t.Logf("ended %s after the signal", time.Since(begin))
			if code := cmd.ProcessState.ExitCode(); code != 130 || !strings.Contains(stdout.String(), `"canceled"`) {
				t.Errorf("exit %d, %s", code, stdout.String())
			}
			var list struct {
				Jobs []struct {
					Status string `json:"status"`
				} `json:"jobs"`
			}
			p.json(&list, "jobs")
			if len(list.Jobs) != 1 || list.Jobs[0].Status != want {
				t.Errorf("jobs: %+v, want one that is %s", list.Jobs, want)
			}
		})
	}
}

// jobStatus asks with a process of its own, as a person would.
func (p *program) jobStatus(id string) string {
	p.t.Helper()
	var list struct {
		Jobs []struct {
			Status string `json:"status"`
		} `json:"jobs"`
	}
	p.json(&list, "jobs", id)
	return list.Jobs[0].Status
}

// TestManyServers runs five stdio servers and one over HTTP on one folder: each
// sees what another has indexed, crawls are shared, and a kill hurts none.
func TestManyServers(t *testing.T) {
	long(t)
	s := smallSite(t, 80, 60*time.Millisecond)
	p := newProgram(t, s)
	p.env = append(p.env, "AXON_MCP_HTTP_PORT=0")
	web := p.command("serve")
	if err := web.Start(); err != nil {
		t.Fatal(err)
	}
	defer web.Wait()
	defer web.Process.Kill()
	clients := make([]*server, 5)
	for i := range clients {
		clients[i] = p.stdio()
		defer clients[i].kill(t)
		t.Logf("server %d: %d kB of private memory", i, memoryOf(t, clients[i].cmd.Process.Pid, "Private_"))
	}

	var embedded map[string]any
	note := map[string]any{"text": "The zirconium gasket is replaced every second winter.", "title": "Gasket", "source_id": "note-1", "wait": true}
	if err := clients[0].call(t.Context(), "embed", note, &embedded, nil); err != nil {
		t.Fatal(err)
	}
	for i, client := range clients {
		took := until(t, 3*time.Second, "the new note is found", func() bool {
			var found queryResult
			err := client.call(t.Context(), "query", map[string]any{"query": "zirconium gasket"}, &found, nil)
			return err == nil && len(found.Hits) > 0
		})
		t.Logf("server %d sees the note after %s", i, took)
	}

	var first, second crawlResult
	for i, job := range []*crawlResult{&first, &second} {
		args := map[string]any{"urls": []string{s.URL + "/"}, "max_depth": 50, "max_pages": 80 - i}
		if err := clients[i].call(t.Context(), "crawl", args, job, nil); err != nil {
			t.Fatal(err)
		}
	}
	s.awaitFirst(t)
	clients[0].kill(t)
	clients[1].kill(t)
	at := s.total()
	took := until(t, 6*time.Second, "the crawl goes on after the kill", func() bool { return s.total() > at })
	t.Logf("the crawl went on %s after the kill", took)
	for _, id := range []string{first.JobID, second.JobID} {
		until(t, time.Minute, "the crawl is done", func() bool { return p.jobStatus(id) == "completed" })
	}
	for _, client := range clients[2:] {
		var found queryResult
		if err := client.call(t.Context(), "query", map[string]any{"query": "machine in drawer"}, &found, nil); err != nil || len(found.Hits) == 0 {
			t.Errorf("a live server after the kill: %d hits, %v", len(found.Hits), err)
		}
	}
	checkIntegrity(t, p.dir)
}

// TestFullAndReadOnlyDisk: writing fails with words that help, and what was
// there is whole.
func TestFullAndReadOnlyDisk(t *testing.T) {
	long(t)
	if runtime.GOOS != "linux" || os.Getuid() != 0 {
		t.Skip("mounting a small disk needs Linux and root")
	}
	s := smallSite(t, 2000, 0)
	p := newProgram(t, s)
	mount(t, "-t", "tmpfs", "-o", "size=3m", "tmpfs", p.dir)
	t.Cleanup(func() { _ = exec.Command("umount", p.dir).Run() })
	var note map[string]any
	p.json(&note, "embed", "--text", "The zirconium gasket is replaced every second winter.", "--title", "Gasket")

	got := p.run("crawl", s.URL+"/", "--max-pages", "2000", "--max-depth", "50", "--json")
	if got.code != 1 || !strings.Contains(got.stdout, `"unavailable"`) || !strings.Contains(got.stdout, "full") {
		t.Errorf("on a full disk: exit %d, %s%s", got.code, got.stdout, got.stderr)
	}
	checkIntegrity(t, p.dir)
	checkFindsGasket(t, p, "on a full disk")

	mount(t, "-o", "remount,ro", p.dir)
	got = p.run("embed", "--text", "Nothing can be kept here.", "--json")
	if got.code != 1 || !strings.Contains(got.stdout, `"unavailable"`) {
		t.Errorf("on a read-only disk: exit %d, %s%s", got.code, got.stdout, got.stderr)
	}
	checkFindsGasket(t, p, "on a read-only disk")
	mount(t, "-o", "remount,rw", p.dir)
	checkIntegrity(t, p.dir)
	checkFindsGasket(t, p, "after a read-only disk")
}

func checkFindsGasket(t *testing.T, p *program, where string) {
	t.Helper()
	var found queryResult
	p.json(&found, "query", "zirconium gasket")
	if len(found.Hits) == 0 || !strings.Contains(found.Hits[0].Text, "zirconium") {
		t.Errorf("%s: the note is not found: %+v", where, found)
	}
}

func mount(t *testing.T, args ...string) {
	t.Helper()
	if out, err := exec.Command("mount", args...).CombinedOutput(); err != nil {
		t.Skipf("this machine does not let us mount: %v %s", err, out)
	}
}

// TestDemo: the demo ends well, and its questions find the right page first.
func TestDemo(t *testing.T) {
	t.Parallel()
	p := newProgram(t, nil)
	got := p.run("demo")
	if got.code != 0 {
		t.Fatalf("exit %d\n%s%s", got.code, got.stdout, got.stderr)
	}
	rest := got.stdout
	for _, q := range manualQuestions() {
		_, after, found := strings.Cut(rest, q.text)
		if !found {
			t.Fatalf("the demo does not ask %q:\n%s", q.text, got.stdout)
		}
		first, _, _ := strings.Cut(after[strings.Index(after, "http"):], "\n")
		if !strings.Contains(first, q.page) {
			t.Errorf("%q finds %s first, want %s", q.text, first, q.page)
		}
		rest = after
	}
	if entries, err := os.ReadDir(p.dir); err != nil || len(entries) > 0 {
		t.Errorf("the demo left %v in the user's data directory", entries)
	}
}
