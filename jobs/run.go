package jobs

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"github.com/axon-mcp/axon-mcp/fault"
)

// Handler does the work of one kind of job. Its result is stored as JSON. ctx
// ends with the cause ErrShutdown, ErrCanceled or ErrLeaseLost; a handler
// returns soon after, having left its work so that another attempt can go on.
type Handler func(ctx context.Context, run *Run) (result any, err error)

// Run is one attempt at a job, as its handler sees it.
type Run struct {
	// Job is the job as it was claimed.
	Job Job

	q *Queue
	p *process

	mu       sync.Mutex
	progress Progress
	events   []Event
	dirty    bool
}

// Report says how far the work is. It never blocks on the database and may be
// called as often as one likes; the row sees at most four reports a second.
func (r *Run) Report(p Progress) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.progress, r.dirty = p, true
}

// Event adds a line to the job's history, of which the last 200 are kept.
func (r *Run) Event(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, Event{At: time.Now(), Message: fmt.Sprintf(format, args...)})
	r.events = r.events[max(0, len(r.events)-maxEvents):]
	r.dirty = true
}

// attempt runs the handler beside its heartbeat, and writes how it ended.
func (r *Run) attempt(ctx context.Context, h Handler) {
	working, stop := context.WithCancelCause(ctx)
	var wg sync.WaitGroup
	wg.Go(func() { r.beat(working, stop) })
	result, err := r.guarded(working, h)
	cause := context.Cause(working)
	stop(nil)
	wg.Wait()
	// The end is written even when the process is stopping.
	if err := r.finish(context.WithoutCancel(ctx), result, err, cause); err != nil {
		r.q.log.Error("write the end of a job", "job", r.Job.ID, "error", err)
	}
	r.q.bell.ring()
}

// guarded turns a panic of the handler into an internal error with an id.
func (r *Run) guarded(ctx context.Context, h Handler) (result any, err error) {
	defer func() {
		if p := recover(); p != nil {
			id := newID()
			r.q.log.Error("a job panicked", "job", r.Job.ID, "kind", r.Job.Kind, "id", id, "panic", p, "stack", string(debug.Stack()))
			err = fault.Errorf(fault.Internal, "internal error %s", id)
		}
	}()
	return h(ctx, r)
}

// beat renews the lease, writes progress and looks for a cancel, until ctx ends.
func (r *Run) beat(ctx context.Context, stop context.CancelCauseFunc) {
	tick := time.NewTicker(poll)
	defer tick.Stop()
	renewed := time.Now()
	for {
		rung := r.q.bell.heard()
		renew := time.Since(renewed) >= renewEvery
		cause, err := r.beatOnce(ctx, renew)
		switch {
		case cause != nil:
			stop(cause)
			return
		case err != nil && ctx.Err() == nil:
			r.q.log.Warn("heartbeat of a job", "job", r.Job.ID, "error", err)
		case err == nil && renew:
			renewed = time.Now()
		}
		select {
		case <-ctx.Done():
			return
		case <-rung: // perhaps a cancel
		case <-tick.C:
		}
	}
}

// beatOnce returns why the work must stop, or nil.
func (r *Run) beatOnce(ctx context.Context, renew bool) (cause, err error) {
	var cancel bool
	const look = `SELECT cancel FROM jobs WHERE id = ? AND lessee = ? AND attempt = ? AND status = 'running'`
	err = r.q.db.Read.QueryRowContext(ctx, look, r.Job.ID, r.p.id, r.Job.Attempt).Scan(&cancel)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return ErrLeaseLost, nil
	case err != nil:
		return nil, err
	case cancel:
		return ErrCanceled, nil
	}
	if held, err := r.flush(ctx, renew); err != nil || held {
		return nil, err
	}
	return ErrLeaseLost, nil
}

// flush writes new progress and events, and renews the lease. held is false
// when the lease is another's.
func (r *Run) flush(ctx context.Context, renew bool) (held bool, err error) {
	r.mu.Lock()
	progress, events, dirty := r.progress, r.events, r.dirty
	r.events, r.dirty = nil, false
	r.mu.Unlock()
	if !dirty && !renew {
		return true, nil
	}
	raw, err := json.Marshal(progress)
	if err != nil {
		return true, fmt.Errorf("encode progress: %w", err)
	}
	err = r.q.db.Tx(ctx, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `UPDATE jobs SET until = `+now+` + ?4, progress = ?5,
			strikes = CASE WHEN ?6 > coalesce(progress ->> 'done', 0) THEN 0 ELSE strikes END
			WHERE id = ?1 AND lessee = ?2 AND attempt = ?3 AND status = 'running'`,
			r.Job.ID, r.p.id, r.Job.Attempt, leaseFor.Milliseconds(), raw, progress.Done)
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		if held = n > 0; !held || err != nil {
			return err
		}
		return addEvents(ctx, tx, r.Job.ID, events)
	})
	if err != nil { // it is written with the next beat
		r.mu.Lock()
		r.events, r.dirty = append(events, r.events...), true
		r.mu.Unlock()
		return true, err
	}
	r.q.bell.ring()
	return held, nil
}

func addEvents(ctx context.Context, tx *sql.Tx, job string, events []Event) error {
	if len(events) == 0 {
		return nil
	}
	for _, e := range events {
		if _, err := tx.ExecContext(ctx, `INSERT INTO job_events (job, at, message) VALUES (?, ?, ?)`, job, e.At.UnixMilli(), e.Message); err != nil {
			return err
		}
	}
	_, err := tx.ExecContext(ctx, `DELETE FROM job_events WHERE job = ?1 AND id NOT IN
		(SELECT id FROM job_events WHERE job = ?1 ORDER BY id DESC LIMIT ?2)`, job, maxEvents)
	return err
}

// end is how an attempt ends in the row.
type end struct {
	status        Status
	result        []byte
	code, message string
	uncount       int // attempts taken back
}

// endOf decides how an attempt ends: by what stopped it, else by its error.
func (r *Run) endOf(result any, err, cause error) end {
	switch {
	case errors.Is(cause, ErrShutdown) && err != nil:
		return end{status: Pending, uncount: 1}
	case errors.Is(cause, ErrCanceled) && err != nil:
		return end{status: Canceled}
	}
	if err == nil {
		raw, jsonErr := json.Marshal(result)
		if jsonErr == nil {
			return end{status: Completed, result: raw}
		}
		err = fmt.Errorf("encode the result: %w", jsonErr)
	}
	code, message := fault.CodeOf(err), fault.MessageOf(err)
	r.q.log.Warn("a job failed", "job", r.Job.ID, "kind", r.Job.Kind, "code", string(code), "error", err)
	return end{status: Failed, code: string(code), message: message}
}

func (r *Run) finish(ctx context.Context, result any, err, cause error) error {
	if errors.Is(cause, ErrLeaseLost) {
		return nil // the row is another's
	}
	if _, err := r.flush(ctx, false); err != nil {
		return err
	}
	e := r.endOf(result, err, cause)
	return r.q.db.Tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE jobs SET status = ?4, result = ?5, code = ?6, message = ?7,
			attempt = attempt - ?8, lessee = '', until = 0,
			finished = CASE ?4 WHEN 'pending' THEN 0 ELSE `+now+` END
			WHERE id = ?1 AND lessee = ?2 AND attempt = ?3 AND status = 'running'`,
			r.Job.ID, r.p.id, r.Job.Attempt, string(e.status), e.result, e.code, e.message, e.uncount)
		return err
	})
}
