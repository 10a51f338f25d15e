package jobs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"
)

// pace is how often a worker looks, and how long it waits.
type pace struct {
	poll  time.Duration // for new work of other processes
	watch time.Duration // for cancels and lost leases
	save  time.Duration // progress and events to the row
	sweep time.Duration // for dead processes
	term  time.Duration // of a lease
	renew time.Duration // of leases
	drain time.Duration // what runs may finish when the worker stops
	grace time.Duration // from ErrShutdown to giving up on a handler
	hand  time.Duration // for handing jobs back after that
	clean time.Duration // between removals of what is over keep
	keep  time.Duration // of finished jobs
}

func defaultPace() pace {
	return pace{
		poll: 500 * time.Millisecond, watch: lookEvery, save: 250 * time.Millisecond, sweep: time.Second,
		term: time.Minute, renew: 15 * time.Second, drain: 25 * time.Second, grace: 600 * time.Millisecond, hand: 300 * time.Millisecond,
		clean: time.Hour, keep: 30 * 24 * time.Hour,
	}
}

// Worker runs jobs. It does nothing before Run.
type Worker struct {
	queue    *Queue
	handlers map[string]Handler
	only     string
	pace     pace
}

// NewWorker returns a worker for the kinds that handlers has. only is empty for
// any job, or a job's id: then Run returns when that job is done, whoever has
// run it, and leaves all others alone.
func NewWorker(q *Queue, handlers map[string]Handler, only string) *Worker {
	return &Worker{queue: q, handlers: handlers, only: only, pace: defaultPace()}
}

// Run runs jobs until ctx ends, and then stops in two steps: it takes no new
// work and waits 25 s for what runs, then ends the handlers' contexts with
// ErrShutdown and hands their jobs back as pending. Where ctx itself ended with
// the cause ErrShutdown the second step comes at once. It returns nil after a
// clean stop, and an error when handlers did not return: their jobs are handed
// back all the same. Run may be called more than once, also at a time.
func (w *Worker) Run(ctx context.Context) error {
	if ctx.Err() != nil {
		return nil // never on duty
	}
	name, leave, err := w.queue.processes.enlist(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return fmt.Errorf("start a worker: %w", err)
	}
	defer leave()
	s := &shift{
		Worker: w, lessee: name, log: w.queue.log.With("process", name),
		running: map[*Run]struct{}{}, failing: map[string]bool{},
		returned: make(chan *Run, len(w.handlers)*w.queue.cfg.concurrency()), // no handler waits for us
	}
	return s.work(ctx)
}

// shift is one Run of a worker. All its writes to the database come from one
// goroutine, work's; another one only reads (watch).
type shift struct {
	*Worker
	lessee string
	log    *slog.Logger

	mu       sync.Mutex
	running  map[*Run]struct{} // until their outcome is written
	returned chan *Run         // handlers that have returned

	swept            bool
	renewed, cleaned time.Time

	failing map[string]bool // what failed the last time and was logged
}

func (s *shift) work(ctx context.Context) error {
	quiet := context.WithoutCancel(ctx) // for what must be written after the end
	watching, stopWatching := context.WithCancel(quiet)
	var watcher sync.WaitGroup
	watcher.Go(func() { s.watch(watching) })
	defer watcher.Wait()
	defer stopWatching()

	heard, quit := s.queue.bell.listen(newWork)
	defer quit()
	poll, save, sweep := time.NewTicker(s.pace.poll), time.NewTicker(s.pace.save), time.NewTicker(s.pace.sweep)
	defer poll.Stop()
	defer save.Stop()
	defer sweep.Stop()
	s.renewed, s.cleaned = time.Now(), time.Now().Add(-s.pace.clean)
	s.sweep(ctx)
	s.claim(ctx)
	for {
		select {
		case <-ctx.Done():
			return s.stop(quiet, errors.Is(context.Cause(ctx), ErrShutdown))
		case <-heard:
			s.claim(ctx)
		case <-poll.C:
			s.claim(ctx)
		case r := <-s.returned:
			s.finish(quiet, r)
			s.claim(ctx)
		case <-save.C:
			s.save(quiet)
		case <-sweep.C:
			s.sweep(ctx)
		}
		if done, err := s.onlyDone(ctx); done || err != nil {
			return err
		}
	}
}

// onlyDone reports whether the one job that this worker is for is done.
func (s *shift) onlyDone(ctx context.Context) (bool, error) {
	if s.only == "" || s.count() > 0 || ctx.Err() != nil {
		return false, nil
	}
	job, err := s.queue.table.get(ctx, s.only, false)
	if err != nil {
		return false, fmt.Errorf("look at the job to run: %w", err)
	}
	return job.Status.Done(), nil
}

func (s *shift) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.running)
}

func (s *shift) runs() []*Run {
	s.mu.Lock()
	defer s.mu.Unlock()
	runs := make([]*Run, 0, len(s.running))
	for r := range s.running {
		runs = append(runs, r)
	}
	return runs
}

// wants says which kinds have room.
func (s *shift) wants() (w want) {
	busy := map[string]int{}
	for _, r := range s.runs() {
		busy[r.Job.Kind]++
	}
	for kind := range s.handlers {
		switch n := busy[kind]; {
		case n == 0:
			w.Kinds = append(w.Kinds, kind)
		case n < s.queue.cfg.concurrency():
			w.More = append(w.More, kind)
		}
	}
	if len(w.More) > 0 && s.alone() {
		w.Kinds, w.More = append(w.Kinds, w.More...), nil
	}
	if s.only != "" {
		w.IDs = []string{s.only}
	}
	return w
}

// alone reports whether there is no other worker to leave work to.
func (s *shift) alone() bool {
	others, err := s.queue.processes.others(s.lessee)
	return err == nil && len(others) == 0
}

// claim takes what there is room for.
func (s *shift) claim(ctx context.Context) {
	for {
		w := s.wants()
		if len(w.Kinds)+len(w.More) == 0 || ctx.Err() != nil {
			return
		}
		job, lease, ok, err := s.queue.table.claim(ctx, w, s.lessee, s.pace.term)
		s.said(ctx, "claim a job", err)
		if err != nil || !ok {
			return
		}
		s.begin(ctx, job, lease)
	}
}

// begin starts the handler. Its context outlives the worker's: the worker ends
// it, with a cause.
func (s *shift) begin(ctx context.Context, job Job, l lease) {
	working, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	r := &Run{Job: job, lease: l, cancel: cancel, progress: job.Progress}
	r.Event("attempt %d begins in process %s", job.Attempt, s.lessee)
	s.mu.Lock()
	s.running[r] = struct{}{}
	s.mu.Unlock()
	s.log.InfoContext(ctx, "a job begins", "job", job.ID, "kind", job.Kind, "attempt", job.Attempt)
	go func() { // stop waits for it, for as long as it waits for anything
		r.do(working, s.queue, s.handlers[job.Kind])
		s.returned <- r
	}()
	s.queue.bell.ring(job.ID)
}

// finish writes a returned run's outcome. When that fails the run stays, and
// save tries again.
func (s *shift) finish(ctx context.Context, r *Run) {
	o := r.ended()
	if o == nil {
		return
	}
	rep, _ := r.take()
	ok, err := s.queue.table.finish(ctx, rep, *o)
	if s.said(ctx, "finish a job", err); err != nil {
		r.untake(rep)
		s.queue.unsaved.note(r.Job.ID, err, time.Now())
		return
	}
	s.queue.unsaved.forget(r.Job.ID)
	s.drop(r)
	if !ok {
		s.log.WarnContext(ctx, "a job's lease was lost; its outcome is dropped", "job", r.Job.ID, "kind", r.Job.Kind)
		return
	}
	s.log.InfoContext(ctx, "a job ended", "job", r.Job.ID, "kind", r.Job.Kind, "status", string(o.status))
	s.queue.bell.ring(r.Job.ID)
	if o.status == Pending {
		s.queue.bell.ring(newWork)
	}
}

func (s *shift) drop(r *Run) {
	r.cancel(nil)
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.running, r)
}

// save renews the leases, writes what running jobs have said, and finishes what
// could not be finished before.
func (s *shift) save(ctx context.Context) {
	var reports []report
	speakers := map[lease]*Run{}
	for _, r := range s.runs() {
		if r.ended() != nil {
			s.finish(ctx, r)
			continue
		}
		if rep, some := r.take(); some {
			reports = append(reports, rep)
			speakers[rep.lease] = r
		}
	}
	if len(reports) > 0 {
		lost, err := s.queue.table.save(ctx, reports)
		s.said(ctx, "save the progress of jobs", err)
		for _, rep := range reports {
			r := speakers[rep.lease]
			if err != nil {
				r.untake(rep)
			} else if slices.Contains(lost, rep.lease) {
				r.cancel(ErrLeaseLost)
			}
			s.queue.bell.ring(rep.lease.job)
		}
	}
	if time.Since(s.renewed) >= s.pace.renew && s.count() > 0 {
		err := s.queue.table.renew(ctx, s.lessee, s.pace.term)
		if s.said(ctx, "renew the leases of jobs", err); err == nil {
			s.renewed = time.Now()
		}
	}
}

// said logs a failure, but not its repetitions.
func (s *shift) said(ctx context.Context, doing string, err error) {
	if err != nil && !s.failing[doing] && ctx.Err() == nil {
		s.log.ErrorContext(ctx, doing, "error", err)
	}
	s.failing[doing] = err != nil
}

// watch looks for cancels and lost leases while jobs run, until ctx ends.
func (s *shift) watch(ctx context.Context) {
	heard, quit := s.queue.bell.listen(stopped)
	defer quit()
	tick := time.NewTicker(s.pace.watch)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-heard:
		case <-tick.C:
		}
		s.look(ctx)
	}
}

// look compares the running jobs with their rows once.
func (s *shift) look(ctx context.Context) {
	runs := s.runs() // before the rows: what is claimed meanwhile is not compared
	if len(runs) == 0 {
		return
	}
	rows, err := s.queue.table.holdings(ctx, s.lessee)
	if err != nil {
		return // the leases hold for long; the next look comes soon
	}
	for _, r := range runs {
		switch row, there := rows[r.Job.ID]; {
		case !there || row.claim != r.lease.claim:
			r.cancel(ErrLeaseLost) // or it has just finished, and nobody listens
		case row.cancel:
			r.cancel(ErrCanceled)
		}
	}
}

// stop is the two steps of stopping.
func (s *shift) stop(ctx context.Context, now bool) error {
	drain := s.pace.drain
	if now {
		drain = 0
	}
	if s.wait(ctx, drain) {
		return nil
	}
	for _, r := range s.runs() {
		r.cancel(ErrShutdown)
	}
	ctx, cancel := context.WithTimeout(ctx, s.pace.grace+s.pace.hand)
	defer cancel()
	if s.wait(ctx, s.pace.grace) {
		return nil
	}
	left := s.runs()
	for _, r := range left { // what they write later finds the lease gone
		rep, _ := r.take()
		o := handedBack()
		if ended := r.ended(); ended != nil {
			o = *ended // it could not be written so far
		}
		_, err := s.queue.table.finish(ctx, rep, o)
		s.said(ctx, "hand back a job", err)
	}
	return fmt.Errorf("%d jobs did not stop within %v", len(left), s.pace.grace)
}

func handedBack() outcome {
	return outcome{status: Pending, message: "handed back: its process stops"}
}

// wait goes on with the running jobs for at most d and reports whether all have
// ended.
func (s *shift) wait(ctx context.Context, d time.Duration) bool {
	limit := time.NewTimer(d)
	defer limit.Stop()
	save := time.NewTicker(s.pace.save)
	defer save.Stop()
	for s.count() > 0 {
		select {
		case <-limit.C:
			return false
		case r := <-s.returned:
			s.finish(ctx, r)
		case <-save.C:
			s.save(ctx)
		}
	}
	return true
}
