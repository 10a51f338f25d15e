package jobs

import (
	"context"
	"slices"
	"sync"
	"time"
)

// sweepEvery is how often finished jobs are looked through for old ones.
const sweepEvery = time.Hour

// Worker runs jobs of one process.
type Worker struct {
	q        *Queue
	handlers map[string]Handler
	only     string

	mu      sync.Mutex
	running map[string]int // by kind
}

// NewWorker returns a worker for the kinds that have a handler. With only set
// it runs that one job and no other, unless another process has it.
func NewWorker(q *Queue, handlers map[string]Handler, only string) *Worker {
	return &Worker{q: q, handlers: handlers, only: only, running: map[string]int{}}
}

// Run takes work until ctx ends, then cancels what still runs with ctx's cause
// and returns when it has ended. A cause that is none of this package's is
// taken as ErrShutdown.
func (w *Worker) Run(ctx context.Context) error {
	p, err := w.q.join()
	if err != nil {
		return err
	}
	defer p.leave()
	working, stop := context.WithCancelCause(context.WithoutCancel(ctx))
	defer stop(nil)
	defer context.AfterFunc(ctx, func() {
		cause := context.Cause(ctx)
		if cause != ErrCanceled {
			cause = ErrShutdown
		}
		stop(cause)
	})()
	var wg sync.WaitGroup
	defer wg.Wait()

	tick := time.NewTicker(poll)
	defer tick.Stop()
	var lookedForDead, swept time.Time
	for ctx.Err() == nil {
		rung := w.q.bell.heard()
		if time.Since(lookedForDead) >= deadPoll {
			lookedForDead = time.Now()
			w.warn(ctx, "look for dead processes", func() error { _, err := w.q.Recover(ctx); return err })
		}
		if w.only == "" && time.Since(swept) >= sweepEvery {
			swept = time.Now()
			w.warn(ctx, "remove old jobs", func() error { _, err := w.q.Clean(ctx, keepFor, "", false); return err })
		}
		w.warn(ctx, "take work", func() error { return w.takeAll(ctx, working, p, &wg) })
		select {
		case <-ctx.Done():
		case <-rung:
		case <-tick.C:
		}
	}
	return nil
}

// warn logs what failed: the next look may succeed, and a full disk must not
// end the worker.
func (w *Worker) warn(ctx context.Context, what string, do func() error) {
	if err := do(); err != nil && ctx.Err() == nil {
		w.q.log.Warn(what, "error", err)
	}
}

// takeAll claims jobs for as long as there is room and work.
func (w *Worker) takeAll(ctx, working context.Context, p *process, wg *sync.WaitGroup) error {
	for ctx.Err() == nil {
		kinds := w.free()
		if len(kinds) == 0 {
			return nil
		}
		job, ok, err := w.q.claim(ctx, p, kinds, w.only)
		if err != nil || !ok {
			return err
		}
		w.count(job.Kind, 1)
		run := &Run{Job: job, q: w.q, p: p, progress: job.Progress}
		wg.Go(func() {
			defer w.q.bell.ring() // there is room again
			defer w.count(job.Kind, -1)
			run.attempt(working, w.handlers[job.Kind])
		})
	}
	return nil
}

// free lists the kinds that have room, sorted.
func (w *Worker) free() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var kinds []string
	for kind := range w.handlers {
		if w.running[kind] < w.q.cfg.Concurrency {
			kinds = append(kinds, kind)
		}
	}
	slices.Sort(kinds)
	return kinds
}

func (w *Worker) count(kind string, n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.running[kind] += n
}
