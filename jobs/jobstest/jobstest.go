// Package jobstest is the contract of package jobs: what every store of jobs
// must hold. A store's test calls Run with a function that makes an empty store
// and returns a function that opens one more queue on it, as a process of its
// own would.
package jobstest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/axon-mcp/axon-mcp/fault"
	"github.com/axon-mcp/axon-mcp/jobs"
)

// Store makes an empty store and returns what opens queues on it.
type Store func(t *testing.T, cfg jobs.Config) (open func() *jobs.Queue)

// Run runs the contract.
func Run(t *testing.T, store Store) {
	t.Helper()
	for name, test := range map[string]func(*testing.T, Store){
		"start and get": startAndGet, "refusals": refusals, "join": join, "join by many": joinByMany,
		"complete": complete, "fail": fail, "progress": progress, "events": events,
		"wait ends alone": waitEndsAlone, "cancel pending": cancelPending, "cancel running": cancelRunning,
		"cancel against finish": cancelAgainstFinish, "retry": retry, "list": list, "clean": clean,
		"drain": drain, "shutdown": shutdown, "stubborn handler": stubborn, "concurrency": concurrency,
		"only": only, "foreign kind": foreignKind, "shared out": sharedOut,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, store)
		})
	}
}

// work runs a worker until the test ends or stop is called, which returns what
// Worker.Run returned.
func work(t *testing.T, q *jobs.Queue, only string, handlers map[string]jobs.Handler) (stop func(cause error) error) {
	t.Helper()
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(t.Context()))
	done := make(chan struct{})
	var result error
	go func() {
		defer close(done)
		result = jobs.NewWorker(q, handlers, only).Run(ctx)
	}()
	stop = func(cause error) error {
		cancel(cause)
		<-done
		return result
	}
	t.Cleanup(func() { _ = stop(jobs.ErrShutdown) })
	return stop
}

func start(t *testing.T, q *jobs.Queue, kind, key string) jobs.Job {
	t.Helper()
	job, joined, err := q.Start(t.Context(), jobs.Request{Kind: kind, Key: key, Owner: "me", Payload: json.RawMessage(`{"n":1}`)})
	if err != nil || joined {
		t.Fatalf("start: joined %v, %v", joined, err)
	}
	return job
}

func wait(t *testing.T, q *jobs.Queue, id string) jobs.Job {
	t.Helper()
	job, err := q.Wait(t.Context(), id, nil)
	if err != nil {
		t.Fatal(err)
	}
	return job
}

func get(t *testing.T, q *jobs.Queue, id string) jobs.Job {
	t.Helper()
	job, err := q.Get(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return job
}

func wantStatus(t *testing.T, job jobs.Job, want jobs.Status) {
	t.Helper()
	if job.Status != want {
		t.Fatalf("status %s (%+v), want %s", job.Status, job.Error, want)
	}
}

func wantCode(t *testing.T, err error, want fault.Code) {
	t.Helper()
	if got := fault.CodeOf(err); got != want {
		t.Fatalf("code %q (%v), want %q", got, err, want)
	}
}

// blocking is a handler that tells that it runs and works until its context
// ends or it is let go.
type blocking struct {
	running chan *jobs.Run
	let     chan struct{}
	causes  chan error
}

func newBlocking() *blocking {
	return &blocking{make(chan *jobs.Run, 100), make(chan struct{}), make(chan error, 100)}
}

func (b *blocking) handle(ctx context.Context, run *jobs.Run) (any, error) {
	b.running <- run
	select {
	case <-b.let:
		return "let go", nil
	case <-ctx.Done():
		b.causes <- context.Cause(ctx)
		return nil, ctx.Err()
	}
}

func (b *blocking) handlers() map[string]jobs.Handler {
	return map[string]jobs.Handler{"crawl": b.handle}
}

func nothing(context.Context, *jobs.Run) (any, error) { return nil, nil }

func startAndGet(t *testing.T, store Store) {
	open := store(t, jobs.Config{})
	q := open()
	job := start(t, q, "crawl", "")
	for name, got := range map[string]jobs.Job{"started": job, "read": get(t, open(), job.ID)} {
		if got.Kind != "crawl" || got.Owner != "me" || got.Status != jobs.Pending || string(got.Request) != `{"n":1}` || got.Attempt != 0 {
			t.Errorf("%s: %+v", name, got)
		}
		if time.Since(got.Created).Abs() > time.Minute || !got.Started.IsZero() || !got.Finished.IsZero() {
			t.Errorf("%s: times %v %v %v", name, got.Created, got.Started, got.Finished)
		}
	}
	if err := q.Check(t.Context()); err != nil {
		t.Error(err)
	}
}

func refusals(t *testing.T, store Store) {
	q := store(t, jobs.Config{})()
	ctx := t.Context()
	for _, call := range []struct {
		name string
		want fault.Code
		do   func() error
	}{
		{"no kind", fault.Invalid, func() error { _, _, err := q.Start(ctx, jobs.Request{}); return err }},
		{"no JSON", fault.Invalid, func() error {
			_, _, err := q.Start(ctx, jobs.Request{Kind: "a", Payload: json.RawMessage("{")})
			return err
		}},
		{"long key", fault.Invalid, func() error {
			_, _, err := q.Start(ctx, jobs.Request{Kind: "a", Key: strings.Repeat("k", 5000)})
			return err
		}},
		{"large request", fault.TooLarge, func() error {
			_, _, err := q.Start(ctx, jobs.Request{Kind: "a", Payload: json.RawMessage(`"` + strings.Repeat("x", 5<<20) + `"`)})
			return err
		}},
		{"get", fault.NotFound, func() error { _, err := q.Get(ctx, "none"); return err }},
		{"wait", fault.NotFound, func() error { _, err := q.Wait(ctx, "none", nil); return err }},
		{"cancel", fault.NotFound, func() error { _, err := q.Cancel(ctx, "none"); return err }},
		{"retry", fault.NotFound, func() error { _, err := q.Retry(ctx, "none"); return err }},
		{"only", fault.NotFound, func() error { return jobs.NewWorker(q, nil, "none").Run(ctx) }},
		{"clean one", fault.NotFound, func() error { _, err := q.Clean(ctx, jobs.Selector{ID: "none"}, false); return err }},
		{"clean all", fault.Invalid, func() error { _, err := q.Clean(ctx, jobs.Selector{}, false); return err }},
		{"clean running", fault.Invalid, func() error {
			_, err := q.Clean(ctx, jobs.Selector{OlderThan: time.Hour, Status: jobs.Running}, false)
			return err
		}},
		{"list limit", fault.Invalid, func() error { _, _, err := q.List(ctx, jobs.Filter{Limit: 501}); return err }},
		{"list status", fault.Invalid, func() error { _, _, err := q.List(ctx, jobs.Filter{Status: "odd"}); return err }},
		{"list cursor", fault.Invalid, func() error { _, _, err := q.List(ctx, jobs.Filter{Cursor: "odd!"}); return err }},
		{"list cursor 2", fault.Invalid, func() error { _, _, err := q.List(ctx, jobs.Filter{Cursor: "b2Rk"}); return err }},
	} {
		t.Run(call.name, func(t *testing.T) { wantCode(t, call.do(), call.want) })
	}
}

func join(t *testing.T, store Store) {
	open := store(t, jobs.Config{})
	a, b := open(), open()
	first := start(t, a, "crawl", "k")
	second, joined, err := b.Start(t.Context(), jobs.Request{Kind: "crawl", Key: "k"})
	if err != nil || !joined || second.ID != first.ID {
		t.Fatalf("joined %v %v, want job %s, got %s", joined, err, first.ID, second.ID)
	}
	start(t, a, "embed", "k")
	start(t, a, "crawl", "other")
	start(t, a, "crawl", "") // without a key nothing is joined
	start(t, a, "crawl", "")
	work(t, b, "", map[string]jobs.Handler{"crawl": nothing})
	wait(t, a, first.ID)
	if again := start(t, a, "crawl", "k"); again.ID == first.ID {
		t.Error("a job that is done was joined")
	}
}

func joinByMany(t *testing.T, store Store) {
	open := store(t, jobs.Config{})
	queues := []*jobs.Queue{open(), open(), open()}
	var fresh atomic.Int32
	var ids sync.Map
	var wg sync.WaitGroup
	for i := range 200 {
		wg.Go(func() {
			job, joined, err := queues[i%len(queues)].Start(t.Context(), jobs.Request{Kind: "crawl", Key: "same"})
			if err != nil {
				t.Error(err)
			}
			if !joined {
				fresh.Add(1)
			}
			ids.Store(job.ID, true)
		})
	}
	wg.Wait()
	distinct := 0
	ids.Range(func(any, any) bool { distinct++; return true })
	if fresh.Load() != 1 || distinct != 1 {
		t.Errorf("%d new jobs, %d ids, want one", fresh.Load(), distinct)
	}
}

func complete(t *testing.T, store Store) {
	open := store(t, jobs.Config{})
	q := open()
	work(t, open(), "", map[string]jobs.Handler{"crawl": func(_ context.Context, run *jobs.Run) (any, error) {
		return map[string]any{"echo": run.Job.Request, "html": "<b>&"}, nil
	}})
	job := wait(t, q, start(t, q, "crawl", "").ID)
	wantStatus(t, job, jobs.Completed)
	if string(job.Result) != `{"echo":{"n":1},"html":"<b>&"}` || job.Attempt != 1 || job.Error != nil {
		t.Errorf("%s, attempt %d, error %v", job.Result, job.Attempt, job.Error)
	}
	if job.Started.Before(job.Created) || job.Finished.Before(job.Started) || len(job.Events) != 2 {
		t.Errorf("times %v %v %v, events %v", job.Created, job.Started, job.Finished, job.Events)
	}
}

func fail(t *testing.T, store Store) {
	open := store(t, jobs.Config{})
	q := open()
	work(t, q, "", map[string]jobs.Handler{
		"fault": func(context.Context, *jobs.Run) (any, error) {
			return nil, fault.New(fault.Upstream, "the site said no")
		},
		"internal": func(context.Context, *jobs.Run) (any, error) { return nil, errors.New("secret detail") },
		"panic":    func(context.Context, *jobs.Run) (any, error) { panic("secret detail") },
		"result":   func(context.Context, *jobs.Run) (any, error) { return func() {}, nil },
	})
	for kind, want := range map[string]string{
		"fault": "upstream the site said no", "internal": "internal internal error ", "panic": "internal internal error ", "result": "internal internal error ",
	} {
		job := wait(t, q, start(t, q, kind, "").ID)
		wantStatus(t, job, jobs.Failed)
		if got := job.Error.Code + " " + job.Error.Message; !strings.HasPrefix(got, want) {
			t.Errorf("%s: %q, want %q", kind, got, want)
		}
		if strings.Contains(fmt.Sprint(job), "secret") {
			t.Errorf("%s: the cause shows: %v", kind, job)
		}
	}
}

func progress(t *testing.T, store Store) {
	open := store(t, jobs.Config{})
	q := open()
	next := make(chan jobs.Progress)
	work(t, open(), "", map[string]jobs.Handler{"crawl": func(_ context.Context, run *jobs.Run) (any, error) {
		for p := range next {
			run.Report(p)
		}
		return nil, nil
	}})
	id := start(t, q, "crawl", "").ID
	counts := map[string]int64{"robots": 2}
	feed := []jobs.Progress{
		{Phase: "fetch", Done: 1, Total: 50},
		{Phase: "fetch", Done: 5},
		{Phase: "fetch", Done: 3},
		{Phase: "fetch", Done: 5},
		{Phase: "fetch", Done: 9},
		{Phase: "clean", Done: 4, Total: 50, Counts: counts, Message: "m"},
	}
	var seen []string
	job, err := q.Wait(t.Context(), id, func(p jobs.Progress) {
		seen = append(seen, fmt.Sprint(p.Phase, p.Done))
		for len(feed) > 0 { // up to one that will reach us
			step := feed[0]
			feed = feed[1:]
			next <- step
			if step.Phase != p.Phase || step.Done > p.Done {
				return
			}
		}
		close(next)
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(seen, " "); got != "0 fetch1 fetch5 fetch9 clean4" {
		t.Errorf("told of %s", got)
	}
	if p := job.Progress; p.Done != 4 || p.Total != 50 || p.Phase != "clean" || p.Counts["robots"] != 2 || p.Rate <= 0 || p.ETA <= 0 || p.Message != "m" {
		t.Errorf("last progress %+v", p)
	}
}

func events(t *testing.T, store Store) {
	q := store(t, jobs.Config{})()
	work(t, q, "", map[string]jobs.Handler{"crawl": func(_ context.Context, run *jobs.Run) (any, error) {
		for i := range 450 {
			run.Event("line %d\nof\x00 %s", i, strings.Repeat("é", 1000))
		}
		return nil, nil
	}})
	job := wait(t, q, start(t, q, "crawl", "").ID)
	if len(job.Events) != 200 {
		t.Fatalf("%d events, want 200", len(job.Events))
	}
	last := job.Events[198]
	if job.Events[199].Message != "completed" || !strings.HasPrefix(last.Message, "line 449 of é") || len(last.Message) > 1010 {
		t.Errorf("the last events are %.40q %.40q", last.Message, job.Events[199].Message)
	}
	if time.Since(last.At).Abs() > time.Minute {
		t.Errorf("time %v", last.At)
	}
}

func waitEndsAlone(t *testing.T, store Store) {
	q := store(t, jobs.Config{})()
	job := start(t, q, "crawl", "")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := q.Wait(ctx, job.ID, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	wantStatus(t, get(t, q, job.ID), jobs.Pending)
}

func cancelPending(t *testing.T, store Store) {
	open := store(t, jobs.Config{})
	q := open()
	job := start(t, q, "crawl", "")
	for range 2 { // the second changes nothing
		canceled, err := q.Cancel(t.Context(), job.ID)
		if err != nil {
			t.Fatal(err)
		}
		wantStatus(t, canceled, jobs.Canceled)
	}
	wantStatus(t, wait(t, open(), job.ID), jobs.Canceled)
}

func cancelRunning(t *testing.T, store Store) {
	open := store(t, jobs.Config{})
	here, there := open(), open()
	b := newBlocking()
	work(t, here, "", b.handlers())
	for _, q := range []*jobs.Queue{here, there} {
		job := start(t, q, "crawl", "")
		<-b.running
		if _, err := q.Cancel(t.Context(), job.ID); err != nil {
			t.Fatal(err)
		}
		if cause := <-b.causes; !errors.Is(cause, jobs.ErrCanceled) {
			t.Errorf("cause %v", cause)
		}
		wantStatus(t, wait(t, q, job.ID), jobs.Canceled)
	}
}

// cancelAgainstFinish lets both happen at once: the job ends in one state, once.
func cancelAgainstFinish(t *testing.T, store Store) {
	q := store(t, jobs.Config{Concurrency: 8})()
	work(t, q, "", map[string]jobs.Handler{"crawl": nothing})
	var wg sync.WaitGroup
	for range 25 {
		wg.Go(func() {
			job := start(t, q, "crawl", "")
			if _, err := q.Cancel(t.Context(), job.ID); err != nil {
				t.Error(err)
			}
			ended := wait(t, q, job.ID)
			if ended.Status != jobs.Canceled && ended.Status != jobs.Completed {
				t.Errorf("status %s", ended.Status)
			}
			if again := get(t, q, job.ID); again.Status != ended.Status || !again.Finished.Equal(ended.Finished) {
				t.Errorf("it ended twice: %v, %v", ended, again)
			}
		})
	}
	wg.Wait()
}

func list(t *testing.T, store Store) {
	open := store(t, jobs.Config{})
	q := open()
	var want []string
	for i := range 25 {
		kind := []string{"crawl", "embed"}[i%2]
		want = append([]string{start(t, q, kind, "").ID}, want...)
	}
	var got []string
	for f := (jobs.Filter{Limit: 7}); ; {
		page, next, err := open().List(t.Context(), f)
		if err != nil {
			t.Fatal(err)
		}
		for _, job := range page {
			got = append(got, job.ID)
		}
		if next == "" {
			break
		}
		f.Cursor = next
	}
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("pages give %v, want %v", got, want)
	}
	if _, err := q.Cancel(t.Context(), want[3]); err != nil {
		t.Fatal(err)
	}
	for want, f := range map[int]jobs.Filter{
		10: {}, 12: {Limit: 20, Kind: "embed"}, 1: {Status: jobs.Canceled}, 25: {Limit: 500, Owner: "me"}, 0: {Owner: "you"},
	} {
		if page, _, err := q.List(t.Context(), f); err != nil || len(page) != want {
			t.Errorf("%+v: %d jobs (%v), want %d", f, len(page), err, want)
		}
	}
}

func clean(t *testing.T, store Store) {
	q := store(t, jobs.Config{})()
	kept, gone := start(t, q, "crawl", ""), start(t, q, "crawl", "")
	if _, err := q.Cancel(t.Context(), gone.ID); err != nil {
		t.Fatal(err)
	}
	_, err := q.Clean(t.Context(), jobs.Selector{ID: kept.ID}, false)
	wantCode(t, err, fault.Conflict)
	for _, s := range []jobs.Selector{{OlderThan: time.Hour}, {OlderThan: time.Nanosecond, Status: jobs.Failed}} {
		if ids, err := q.Clean(t.Context(), s, false); err != nil || len(ids) != 0 {
			t.Errorf("%+v removed %v (%v)", s, ids, err)
		}
	}
	for _, s := range []jobs.Selector{{ID: gone.ID}, {OlderThan: time.Nanosecond, Status: jobs.Canceled}} {
		if ids, err := q.Clean(t.Context(), s, true); err != nil || len(ids) != 1 || ids[0] != gone.ID {
			t.Errorf("dry %+v: %v (%v)", s, ids, err)
		}
	}
	get(t, q, gone.ID)
	if ids, err := q.Clean(t.Context(), jobs.Selector{OlderThan: time.Nanosecond}, false); err != nil || len(ids) != 1 {
		t.Errorf("removed %v (%v)", ids, err)
	}
	_, err = q.Get(t.Context(), gone.ID)
	wantCode(t, err, fault.NotFound)
	wantStatus(t, get(t, q, kept.ID), jobs.Pending)
}
