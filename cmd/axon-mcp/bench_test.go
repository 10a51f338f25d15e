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
	for _, name := range []string{"python3.11", "postgresql-doc-15"} {
		dir := filepath.Join("/usr/share/doc", name, "html")
		if _, err := os.Stat(filepath.Join(dir, "index.html")); err != nil {
			b.Logf("%s is not installed: scripts/setup-test.sh brings it", name)
			continue
		}
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				benchSite(b, dir)
			}
		})
	}
}

func benchSite(b *testing.B, dir string) {
	site := newSite(b, http.FileServer(http.Dir(dir)))
	p := newProgram(b, site)
	s := p.stdio()
	defer s.kill(b)
	pid := s.cmd.Process.Pid
	b.ReportMetric(float64(memoryOf(b, pid, "Private_"))/1024, "MB-private-idle")
	var got crawlResult
	args := map[string]any{"urls": []string{site.URL + "/"}, "max_pages": 5000, "max_depth": 50, "wait": true}
	if err := s.call(b.Context(), "crawl", args, &got, nil); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(got.Rate, "pages/s")
	b.ReportMetric(float64(got.Fetched), "pages")
	b.ReportMetric(float64(got.Chunks), "passages")
	var times []time.Duration
	for i := range 200 {
		var found queryResult
		begin := time.Now()
		query := map[string]any{"query": fmt.Sprint([]string{"parse a file of type ", "how to create an index ", "connection limit ", "error code "}[i%4], i)}
		if err := s.call(b.Context(), "query", query, &found, nil); err != nil {
			b.Fatal(err)
		}
		times = append(times, time.Since(begin))
	}
	slices.Sort(times)
	b.ReportMetric(float64(times[len(times)/2].Microseconds())/1000, "ms-query-p50")
	b.ReportMetric(float64(times[len(times)*99/100].Microseconds())/1000, "ms-query-p99")
	b.ReportMetric(float64(memoryOf(b, pid, "Private_"))/1024, "MB-private-after")
	b.ReportMetric(float64(memoryOf(b, pid, "Rss:"))/1024, "MB-rss-after")
}
