package jobstest

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/axon-mcp/axon-mcp/fault"
	"github.com/axon-mcp/axon-mcp/jobs"
)

// drain is the first step of stopping: what runs may finish, nothing begins.
func drain(t *testing.T, store Store) {
	q := store(t, jobs.Config{})()
	b := newBlocking()
	stop := work(t, q, "", b.handlers())
	job := start(t, q, "crawl", "")
	run := <-b.running
	stopped := make(chan error, 1)
	go func() { stopped <- stop(nil) }()
	run.Report(jobs.Progress{Done: 7})
	heard, quit := context.WithCancel(t.Context())
	if _, err := q.Wait(heard, job.ID, func(p jobs.Progress) { // progress still flows
		if p.Done == 7 {
			quit()
		}
	}); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	later := start(t, q, "crawl", "")
	close(b.let)
	if err := <-stopped; err != nil {
		t.Error(err)
	}
	wantStatus(t, get(t, q, job.ID), jobs.Completed)
	wantStatus(t, get(t, q, later.ID), jobs.Pending)
}

func shutdown(t *testing.T, store Store) {
	open := store(t, jobs.Config{})
	q := open()
	b := newBlocking()
	for attempt := range 5 { // more often than leases may be lost
		stop := work(t, open(), "", b.handlers())
		var job jobs.Job
		if attempt == 0 {
			job = start(t, q, "crawl", "k")
		}
		run := <-b.running
		if job.ID != "" && run.Job.ID != job.ID || run.Job.Attempt != 1 {
			t.Errorf("attempt %d of job %s", run.Job.Attempt, run.Job.ID)
		}
		if err := stop(jobs.ErrShutdown); err != nil {
			t.Error(err)
		}
		if cause := <-b.causes; !errors.Is(cause, jobs.ErrShutdown) {
			t.Errorf("cause %v", cause)
		}
		wantStatus(t, get(t, q, run.Job.ID), jobs.Pending)
	}
}

// stubborn has a handler that does not listen: the worker stops all the same,
// and what the handler says later is not heard.
func stubborn(t *testing.T, store Store) {
	q := store(t, jobs.Config{})()
	running, let := make(chan struct{}), make(chan struct{})
	stop := work(t, q, "", map[string]jobs.Handler{"crawl": func(_ context.Context, run *jobs.Run) (any, error) {
		close(running)
		<-let
		run.Event("too late")
		return "too late", nil
	}})
	job := start(t, q, "crawl", "")
	<-running
	if err := stop(jobs.ErrShutdown); err == nil {
		t.Error("a handler that does not stop is no error")
	}
	close(let)
	if got := get(t, q, job.ID); got.Status != jobs.Pending || got.Attempt != 0 {
		t.Errorf("%+v", got)
	}
}

func concurrency(t *testing.T, store Store) {
	q := store(t, jobs.Config{Concurrency: 2})()
	b := newBlocking()
	work(t, q, "", map[string]jobs.Handler{"crawl": b.handle, "embed": nothing})
	for range 4 {
		start(t, q, "crawl", "")
	}
	<-b.running
	<-b.running
	wait(t, q, start(t, q, "embed", "").ID) // another kind has room
	if n := len(b.running); n != 0 {
		t.Errorf("%d more crawls run at once", n)
	}
	if running, _, err := q.List(t.Context(), jobs.Filter{Status: jobs.Running}); err != nil || len(running) != 2 {
		t.Errorf("%d jobs run (%v), want 2", len(running), err)
	}
	close(b.let)
	<-b.running
	<-b.running
}

// only is a worker for one job, which leaves others alone, and this one too
// where another process has it.
func only(t *testing.T, store Store) {
	open := store(t, jobs.Config{})
	q := open()
	other, mine := start(t, q, "crawl", ""), start(t, q, "crawl", "")
	if err := jobs.NewWorker(q, map[string]jobs.Handler{"crawl": nothing}, mine.ID).Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantStatus(t, get(t, q, mine.ID), jobs.Completed)
	wantStatus(t, get(t, q, other.ID), jobs.Pending)

	b := newBlocking()
	work(t, open(), "", b.handlers())
	<-b.running
	done := make(chan error, 1)
	go func() {
		done <- jobs.NewWorker(q, map[string]jobs.Handler{"crawl": func(context.Context, *jobs.Run) (any, error) {
			t.Error("the job ran twice")
			return nil, nil
		}}, other.ID).Run(t.Context())
	}()
	close(b.let)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if job := get(t, q, other.ID); string(job.Result) != `"let go"` {
		t.Errorf("result %s", job.Result)
	}
}

func foreignKind(t *testing.T, store Store) {
	open := store(t, jobs.Config{})
	q := open()
	work(t, open(), "", map[string]jobs.Handler{"embed": nothing})
	crawl := start(t, q, "crawl", "")
	wait(t, q, start(t, q, "embed", "").ID)
	wantStatus(t, get(t, q, crawl.ID), jobs.Pending)
}

// sharedOut has two workers with room for two each: two jobs go to both.
func sharedOut(t *testing.T, store Store) {
	open := store(t, jobs.Config{})
	q := open()
	b := [2]*blocking{newBlocking(), newBlocking()}
	for i, q := range []*jobs.Queue{q, open()} {
		work(t, q, "", map[string]jobs.Handler{"crawl": b[i].handle, fmt.Sprint(i): nothing})
		wait(t, q, start(t, q, fmt.Sprint(i), "").ID) // it is at work
	}
	start(t, q, "crawl", "")
	start(t, q, "crawl", "")
	<-b[0].running
	<-b[1].running
}

func retry(t *testing.T, store Store) {
	q := store(t, jobs.Config{})()
	var calls atomic.Int32
	work(t, q, "", map[string]jobs.Handler{"crawl": func(context.Context, *jobs.Run) (any, error) {
		if calls.Add(1) == 1 {
			return nil, fault.New(fault.Timeout, "too slow")
		}
		return "fine", nil
	}})
	job := wait(t, q, start(t, q, "crawl", "k").ID)
	wantStatus(t, job, jobs.Failed)
	retried, err := q.Retry(t.Context(), job.ID)
	if err != nil {
		t.Fatal(err)
	}
	if retried.Status != jobs.Pending || retried.Error != nil || !retried.Finished.IsZero() {
		t.Errorf("retried %+v", retried)
	}
	job = wait(t, q, job.ID)
	wantStatus(t, job, jobs.Completed)
	if job.Attempt != 2 || string(job.Result) != `"fine"` {
		t.Errorf("attempt %d, result %s", job.Attempt, job.Result)
	}
	_, err = q.Retry(t.Context(), job.ID)
	wantCode(t, err, fault.Conflict)

	idle := store(t, jobs.Config{})()
	old := start(t, idle, "crawl", "k")
	if _, err := idle.Cancel(t.Context(), old.ID); err != nil {
		t.Fatal(err)
	}
	start(t, idle, "crawl", "k")
	_, err = idle.Retry(t.Context(), old.ID)
	wantCode(t, err, fault.Conflict)
}
