package main

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// memoryOf sums the rows of a process's smaps_rollup that begin with prefix
// ("Private_": what it has for itself; "Rss:": all that it maps), in kB. It is 0
// where the system does not tell.
func memoryOf(t testing.TB, pid int, prefix string) int {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "smaps_rollup"))
	if err != nil {
		return 0
	}
	sum := 0
	for line := range strings.Lines(string(raw)) {
		if strings.HasPrefix(line, prefix) {
			kB, err := strconv.Atoi(strings.Fields(line)[1])
			if err != nil {
				t.Fatal(err)
			}
			sum += kB
		}
	}
	return sum
}

// BenchmarkFirstAnswer is the time from exec to the first answer of a stdio
// server, on a data directory that is new or was used before. The end of the
// process is not in it.
func BenchmarkFirstAnswer(b *testing.B) {
	for _, used := range []bool{false, true} {
		b.Run(map[bool]string{false: "new", true: "used"}[used], func(b *testing.B) {
			p := newProgram(b, nil)
			parent := p.dir
			var times []time.Duration
			for i := 0; b.Loop(); i++ {
				if !used {
					p.env = append(p.env, "AXON_DATA_DIR="+filepath.Join(parent, strconv.Itoa(i)))
				}
				begin := time.Now()
				s := p.stdio()
				times = append(times, time.Since(begin))
				s.stdin.Close()
				s.wait(b, 5*time.Second)
			}
			slices.Sort(times)
			b.ReportMetric(float64(times[len(times)/2].Microseconds())/1000, "ms-p50")
			b.ReportMetric(float64(times[len(times)-1].Microseconds())/1000, "ms-max")
		})
	}
}

// BenchmarkRealSites crawls the two Debian documentation sites through a stdio
// server, from a server on this machine, and searches them: pages a second with
// indexing, memory, times of a query as a client sees them.
func BenchmarkRealSites(b *testing.B) {
	for _, dir := range realSites(b) {
		b.Run(filepath.Base(filepath.Dir(dir)), func(b *testing.B) {
			for b.Loop() {
				site := newSite(b, http.FileServer(http.Dir(dir)))
				p := newProgram(b, site)
				s := p.stdio()
				pid := s.cmd.Process.Pid
				b.ReportMetric(float64(memoryOf(b, pid, "Private_"))/1024, "MB-private-idle")
				got := s.crawlWhole(b, site)
				b.ReportMetric(got.Rate, "pages/s")
				b.ReportMetric(float64(got.Fetched), "pages")
				b.ReportMetric(float64(got.Chunks), "passages")
				s.askAll(b)
				s.kill(b)
			}
		})
	}
}

// BenchmarkHundredThousand is a server that is started on a data directory of more
// than 100,000 passages, those of the real sites under two addresses each: the time
// from exec to the first answer of a query (bar: 200 ms), memory before it (bar:
// 40 MB private) and after 200 of them (bar: 250 MB), and how long they take.
func BenchmarkHundredThousand(b *testing.B) {
	p := newProgram(b, nil)
	p.env = append(p.env, "AXON_ALLOW_HOSTS=127.0.0.1")
	passages := 0
	writer := p.stdio()
	for _, dir := range realSites(b) {
		for range 2 {
			passages += writer.crawlWhole(b, newSite(b, http.FileServer(http.Dir(dir)))).Chunks
		}
	}
	writer.stdin.Close()
	writer.wait(b, 30*time.Second)
	for b.Loop() {
		begin := time.Now()
		s := p.stdio()
		idle := memoryOf(b, s.cmd.Process.Pid, "Private_")
		s.ask(b, "parse a file")
		first := time.Since(begin)
		b.ReportMetric(float64(first.Microseconds())/1000, "ms-first-answer")
		b.ReportMetric(float64(idle)/1024, "MB-private-idle")
		b.ReportMetric(float64(passages), "passages")
		s.askAll(b)
		s.kill(b)
	}
}

// realSites are the folders of the Debian documentation sites that are installed.
func realSites(b *testing.B) (dirs []string) {
	for _, name := range []string{"python3.11", "postgresql-doc-15"} {
		dir := filepath.Join("/usr/share/doc", name, "html")
		if _, err := os.Stat(filepath.Join(dir, "index.html")); err != nil {
			b.Logf("%s is not installed: scripts/setup-test.sh brings it", name)
			continue
		}
		dirs = append(dirs, dir)
	}
	return dirs
}

func (s *server) crawlWhole(b *testing.B, from *site) (got crawlResult) {
	args := map[string]any{"urls": []string{from.URL + "/"}, "max_pages": 5000, "max_depth": 50, "wait": true}
	if err := s.call(b.Context(), "crawl", args, &got, nil); err != nil {
		b.Fatal(err)
	}
	return got
}

func (s *server) ask(b *testing.B, text string) {
	if err := s.call(b.Context(), "query", map[string]any{"query": text}, &queryResult{}, nil); err != nil {
		b.Fatal(err)
	}
}

// askAll asks 200 queries, and reports how long they take and what memory the
// server has then.
func (s *server) askAll(b *testing.B) {
	var times []time.Duration
	for i := range 200 {
		begin := time.Now()
		s.ask(b, fmt.Sprint([]string{"parse a file of type ", "how to create an index ", "connection limit ", "error code "}[i%4], i))
		times = append(times, time.Since(begin))
	}
	slices.Sort(times)
	b.ReportMetric(float64(times[len(times)/2].Microseconds())/1000, "ms-query-p50")
	b.ReportMetric(float64(times[len(times)*99/100].Microseconds())/1000, "ms-query-p99")
	pid := s.cmd.Process.Pid
	b.ReportMetric(float64(memoryOf(b, pid, "Private_"))/1024, "MB-private-after")
	b.ReportMetric(float64(memoryOf(b, pid, "Rss:"))/1024, "MB-rss-after")
}
