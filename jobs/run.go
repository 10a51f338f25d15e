package jobs

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"
)

// Handler does the work of one kind of job. Its result becomes Job.Result as
// JSON. A nil error means that the work is done, whatever has come meanwhile;
// where ctx ended the work early it returns ctx's error, with what there is of a
// result. context.Cause(ctx) tells ErrShutdown, ErrCanceled and ErrLeaseLost
// apart. An error that is a fault becomes Job.Error; of any other the user gets
// an id and the log the cause. The same request may run again after a crash.
type Handler func(ctx context.Context, run *Run) (result any, err error)

// Run is one attempt at a job, as its handler sees it. Its methods are safe for
// concurrent use and never wait for the database. The zero value with a Job
// serves tests of handlers.
type Run struct {
	Job Job

	lease  lease
	cancel context.CancelCauseFunc

	mu       sync.Mutex
	progress Progress
	dirty    bool // progress is newer than the row
	events   []Event
	since    time.Time // of the first report
	from     int64     // its Done
	outcome  *outcome  // set when the handler has returned
}

// Report says how far the job is. It reaches the row, and who waits, at most
// four times a second. Rate and ETA are worked out where they are zero. The maps
// in p must not be changed afterwards.
func (r *Run) Report(p Progress) {
	r.mu.Lock()
	defer r.mu.Unlock()
	at := time.Now()
	if r.since.IsZero() {
		r.since, r.from = at, p.Done
	}
	if spent := at.Sub(r.since).Seconds(); p.Rate == 0 && spent > 0 {
		p.Rate = float64(max(0, p.Done-r.from)) / spent
	}
	if p.ETA == 0 && p.Rate > 0 && p.Total > p.Done {
		p.ETA = float64(p.Total-p.Done) / p.Rate
	}
	r.progress, r.dirty = p, true
}

// maxEvent is the bytes of an event that are kept.
const maxEvent = 1000

// Event adds a line to the job's history, of which the last 200 are kept.
func (r *Run) Event(format string, args ...any) {
	e := Event{At: time.Now(), Message: oneLine(fmt.Sprintf(format, args...))}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.events = append(r.events, e); len(r.events) > maxEvents {
		r.events = r.events[len(r.events)-maxEvents:]
	}
}

// oneLine keeps a page's text from looking like more than one event.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r) || r == utf8.RuneError:
			return -1
		}
		return r
	}, s)
	if len(s) > maxEvent {
		s = strings.ToValidUTF8(s[:maxEvent], "") + "…"
	}
	return s
}

// take returns what is not in the row yet. untake puts it back when it could
// not be written.
func (r *Run) take() (rep report, some bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	rep = report{lease: r.lease, events: r.events}
	if r.dirty {
		p := r.progress
		rep.progress = &p
	}
	r.events, r.dirty = nil, false
	return rep, rep.progress != nil || len(rep.events) > 0
}

func (r *Run) untake(rep report) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.dirty = r.dirty || rep.progress != nil
	if r.events = append(rep.events, r.events...); len(r.events) > maxEvents {
		r.events = r.events[len(r.events)-maxEvents:]
	}
}

func (r *Run) ended() *outcome {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.outcome
}

// do calls the handler and keeps its outcome.
func (r *Run) do(ctx context.Context, q *Queue, h Handler) {
	o := q.attempt(ctx, r, h)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.outcome = &o
}

// attempt calls the handler and judges what came of it. A panic is a failure of
// this job alone.
func (q *Queue) attempt(ctx context.Context, r *Run, h Handler) (o outcome) {
	defer func() {
		if v := recover(); v != nil {
			f := q.internalFailure(ctx, r.Job, fmt.Errorf("panic: %v", v), "stack", string(debug.Stack()))
			o = outcome{status: Failed, failure: f, message: "failed: " + f.Message}
		}
	}()
	result, err := h(ctx, r)
	raw, encodeErr := encode(result)
	if o.result = raw; err == nil {
		err = encodeErr
	}
	cause := context.Cause(ctx)
	switch {
	case err == nil:
		o.status, o.message = Completed, "completed"
	case errors.Is(cause, ErrCanceled):
		o.status, o.message = Canceled, "canceled"
	case errors.Is(cause, ErrShutdown), errors.Is(cause, ErrLeaseLost): // without the lease nothing is written
		o = handedBack()
	default:
		o.status, o.failure = Failed, q.failureOf(ctx, r.Job, err)
		o.message = oneLine("failed: " + o.failure.Message)
	}
	return o
}

// encode is json.Marshal that leaves <, > and & as they are.
func encode(v any) (json.RawMessage, error) {
	if v == nil {
		return nil, nil
	}
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, fmt.Errorf("encode the result: %w", err)
	}
	return bytes.TrimSpace(buf.Bytes()), nil
}
