package web

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/axon-mcp/axon-mcp/security"
	"github.com/axon-mcp/axon-mcp/tools"
)

// metrics counts what the listener does, for GET /metrics.
type metrics struct {
	now   func() time.Time
	begun time.Time

	mu       sync.Mutex
	requests [6]int64 // by hundred of the status
	buckets  [7]int64 // by bounds(), and over the last
	seconds  float64
}

// bounds are the upper ends of the buckets, in seconds.
func bounds() [6]float64 { return [6]float64{0.005, 0.025, 0.1, 0.5, 2.5, 10} }

func newMetrics(now func() time.Time) *metrics { return &metrics{now: now, begun: now()} }

func (m *metrics) request(status int, took time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.requests[min(status/100, 5)]++
	m.seconds += took.Seconds()
	for i, bound := range bounds() {
		if took.Seconds() <= bound {
			m.buckets[i]++
			return
		}
	}
	m.buckets[len(m.buckets)-1]++
}

// metricsTime bounds what a scrape asks of the index and the queue.
const metricsTime = 2 * time.Second

// serveMetrics answers in the text format of Prometheus.
func (s *Server) serveMetrics(w http.ResponseWriter, r *http.Request) error {
	var b strings.Builder
	s.metrics.write(&b)
	gauge := func(name, about string, value any) {
		fmt.Fprintf(&b, "# HELP %s %s\n# TYPE %s gauge\n%s %v\n", name, about, name, name, value)
	}
	fmt.Fprintf(&b, "# HELP axon_build_info The program's version.\n# TYPE axon_build_info gauge\naxon_build_info{version=%q} 1\n", s.deps.Version)
	gauge("axon_uptime_seconds", "Time since the listener was made.", s.deps.Now().Sub(s.metrics.begun).Seconds())
	gauge("axon_ws_connections", "Open /ws connections.", s.sockets.number())
	gauge("axon_shells", "Open shells.", s.shells.number())
	gauge("go_goroutines", "Goroutines that exist.", runtime.NumGoroutine())
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	gauge("go_memstats_heap_alloc_bytes", "Bytes of the heap in use.", memory.HeapAlloc)
	gauge("go_memstats_sys_bytes", "Bytes taken from the system.", memory.Sys)
	ctx, stop := context.WithTimeout(security.WithIdentity(r.Context(), operator()), metricsTime)
	defer stop()
	var index struct{ Documents, Chunks, Bytes int64 }
	if s.figures(ctx, "stats", &index) {
		gauge("axon_index_documents", "Documents in the index.", index.Documents)
		gauge("axon_index_chunks", "Passages in the index.", index.Chunks)
		gauge("axon_index_bytes", "Bytes of Markdown in the index.", index.Bytes)
	}
	var jobs struct{ Running, Pending int64 }
	if s.figures(ctx, "status", &jobs) {
		gauge("axon_jobs_running", "Jobs that run.", jobs.Running)
		gauge("axon_jobs_pending", "Jobs that wait.", jobs.Pending)
	}
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write([]byte(b.String())) // the asker may have gone
	return nil
}

// figures reads a tool's value. Without it a scrape has the rest.
func (s *Server) figures(ctx context.Context, tool string, into any) bool {
	result, err := s.deps.Registry.Call(ctx, tools.Call{Name: tool, Door: "metrics"})
	if err != nil {
		return false
	}
	raw, _ := result.Structured.(json.RawMessage)
	return json.Unmarshal(raw, into) == nil
}

func (m *metrics) write(b *strings.Builder) {
	m.mu.Lock()
	defer m.mu.Unlock()
	b.WriteString("# HELP axon_web_requests_total Requests answered, by class of status.\n# TYPE axon_web_requests_total counter\n")
	for class, n := range m.requests {
		if class > 0 {
			fmt.Fprintf(b, "axon_web_requests_total{code=\"%dxx\"} %d\n", class, n)
		}
	}
	b.WriteString("# HELP axon_web_request_seconds Time from a request to the end of its answer.\n# TYPE axon_web_request_seconds histogram\n")
	sum := int64(0)
	for i, bound := range bounds() {
		sum += m.buckets[i]
		fmt.Fprintf(b, "axon_web_request_seconds_bucket{le=\"%g\"} %d\n", bound, sum)
	}
	sum += m.buckets[len(m.buckets)-1]
	fmt.Fprintf(b, "axon_web_request_seconds_bucket{le=\"+Inf\"} %d\naxon_web_request_seconds_sum %g\naxon_web_request_seconds_count %d\n", sum, m.seconds, sum)
}
