package web

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/axon-mcp/axon-mcp/jobs"
	"github.com/axon-mcp/axon-mcp/tools"
)

// 100 sockets, each with a running job, and one of them never reads: it is
// disconnected, the others see their events in time, memory stays bounded, and
// no goroutine is left (TestMain looks too).
func TestHundredSockets(t *testing.T) {
	const crowd, rounds = 100, 20
	const limit = 2 * time.Second // beside other tests, under the race detector; the figure is in the log
	cfg := defaults()
	cfg.MaxSockets = crowd
	f := start(t, cfg)
	before := runtime.NumGoroutine()
	big := json.RawMessage(`"` + strings.Repeat("x", 900<<10) + `"`)
	f.tools.run = func(_ context.Context, call tools.Call) (any, error) {
		if call.Name == "stats" {
			return big, nil
		}
		var args struct{ URLs []string }
		if err := json.Unmarshal(call.Args, &args); err != nil {
			return nil, err
		}
		return map[string]any{"job_id": strings.TrimPrefix(args.URLs[0], "job:"), "status": "pending"}, nil
	}
	all := make([]*socket, crowd)
	running := make([]*fakeJob, crowd)
	for i := range all {
		id := fmt.Sprintf("0199c0de-0000-7000-8000-%012d", i)
		running[i] = f.jobs.add(id, "crawl")
		all[i] = f.dial(t, "", nil)
		all[i].send(execute("c", "crawl", "job:"+id, `{}`))
		all[i].until("job.status")
	}
	if status, _, header := f.ask(t, "GET", "/ws", ""); status != 429 || header.Get("Retry-After") == "" {
		t.Errorf("one socket too many: %d", status)
	}
	// The first one asks for much and never reads.
	var memory runtime.MemStats
	runtime.GC() // what is kept is bounded; what is thrown away is the collector's
	runtime.ReadMemStats(&memory)
	heap := memory.HeapAlloc
	deaf := all[0]
	for range 24 {
		if deaf.ws.Write(t.Context(), 1, []byte(execute("", "stats", "", `{}`))) != nil {
			break // it has been disconnected
		}
	}
	var mu sync.Mutex
	var late []time.Duration
	for round := range rounds {
		var wg sync.WaitGroup
		for i := 1; i < crowd; i++ {
			wg.Go(func() {
				begun := time.Now()
				running[i].progress <- jobs.Progress{Phase: "crawl", Done: int64(round + 1), Total: rounds}
				all[i].until("job.progress")
				mu.Lock()
				defer mu.Unlock()
				late = append(late, time.Since(begun))
			})
		}
		wg.Wait()
	}
	slices.Sort(late)
	p99 := late[len(late)*99/100]
	runtime.GC()
	runtime.ReadMemStats(&memory)
	t.Logf("%d events: p50 %v, p99 %v; heap %d kB more", len(late), late[len(late)/2], p99, (int64(memory.HeapAlloc)-int64(heap))>>10)
	if p99 > limit {
		t.Errorf("p99 is %v", p99)
	}
	if grown := int64(memory.HeapAlloc) - int64(heap); grown > 32<<20 {
		t.Errorf("the heap has grown by %d bytes", grown)
	}
	for deadline := time.Now().Add(20 * time.Second); f.sockets.number() != crowd-1; time.Sleep(10 * time.Millisecond) { // nothing tells of a closed socket
		if time.Now().After(deadline) {
			t.Fatalf("the one that never reads is still connected: %d", f.sockets.number())
		}
	}
	for i := 1; i < crowd; i++ {
		_ = all[i].ws.CloseNow()
	}
	f.sockets.open.Wait()
	for i := range running {
		if job, _ := f.jobs.Get(t.Context(), running[i].job.ID); job.Status != jobs.Running {
			t.Errorf("job %d is %s: the end of a socket is not the job's", i, job.Status)
		}
	}
	client().CloseIdleConnections()
	for deadline := time.Now().Add(5 * time.Second); runtime.NumGoroutine() > before+2; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d goroutines, %d before", runtime.NumGoroutine(), before)
		}
	}
}

// The end of the server says goodbye to its sockets, lets running calls finish
// and takes no new ones; a job that is followed goes on.
func TestDrain(t *testing.T) {
	t.Parallel()
	f := start(t, defaults())
	f.jobs.add(someJob, "crawl")
	entered, leave := make(chan struct{}), make(chan struct{})
	f.tools.run = func(_ context.Context, call tools.Call) (any, error) {
		if call.Name == "crawl" {
			return map[string]any{"job_id": someJob, "status": "pending"}, nil
		}
		close(entered)
		<-leave
		return map[string]any{"late": true}, nil
	}
	s := f.dial(t, "", nil)
	s.send(execute("c", "crawl", "https://a.example/", `{}`))
	s.until("job.status")
	s.send(execute("q", "query", "x", `{}`))
	<-entered
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- f.Run(ctx) }() // beside the one of start: both wait
	stop()
	if g, _ := s.until("command.error"); g.Data.Ctx.ExecID != "c" || g.Data.Payload.Code != "unavailable" {
		t.Errorf("%+v", g)
	}
	if status, _, _ := f.ask(t, "GET", "/readyz", ""); status != 503 {
		t.Errorf("readyz: %d", status)
	}
	s.send(execute("new", "stats", "", `{}`))
	if g, _ := s.until("command.error"); g.Data.Ctx.ExecID != "new" || g.Data.Payload.Code != "unavailable" {
		t.Errorf("%+v", g)
	}
	close(leave)
	if g, _ := s.until("command.done"); g.Data.Ctx.ExecID != "q" {
		t.Errorf("%+v", g)
	}
	if _, _, err := s.ws.Read(t.Context()); err == nil || !strings.Contains(err.Error(), "StatusGoingAway") {
		t.Errorf("the goodbye: %v", err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	if job, _ := f.jobs.Get(t.Context(), someJob); job.Status != jobs.Running {
		t.Errorf("the job is %s", job.Status)
	}
}
