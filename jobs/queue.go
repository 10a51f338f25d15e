package jobs

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"time"

	"github.com/axon-mcp/axon-mcp/fault"
	"github.com/axon-mcp/axon-mcp/store"
)

const (
	maxName    = 256     // bytes of a kind or an owner
	maxKey     = 4096    // bytes of a key
	maxPayload = 4 << 20 // bytes of a request
	listLimit  = 10
	maxList    = 500
	lookEvery  = 250 * time.Millisecond // at a job that another process may run
)

// Queue starts jobs, tells of them and controls them. It is safe for concurrent
// use, and so are the queues of other processes on the same data directory.
type Queue struct {
	cfg       Config
	log       *slog.Logger
	table     table
	processes processes
	bell      bell
	unsaved   unsaved
}

// NewQueue returns the queue in db. A nil log is none.
func NewQueue(db *store.DB, cfg Config, log *slog.Logger) *Queue {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Queue{cfg: cfg, log: log, table: table{db}, processes: newProcesses(filepath.Join(db.Dir, "procs"))}
}

// Start writes the job's row. joined tells that a job of the same kind and key
// that is not done was there already and is returned. It fails with Invalid or
// TooLarge for a request that cannot be a job.
func (q *Queue) Start(ctx context.Context, r Request) (job Job, joined bool, err error) {
	if len(r.Payload) == 0 {
		r.Payload = json.RawMessage("{}")
	}
	switch {
	case r.Kind == "" || len(r.Kind) > maxName || len(r.Owner) > maxName || len(r.Key) > maxKey:
		return Job{}, false, fault.Errorf(fault.Invalid, "a job needs a kind; kind and owner have at most %d bytes, the key %d", maxName, maxKey)
	case len(r.Payload) > maxPayload:
		return Job{}, false, fault.Errorf(fault.TooLarge, "the request of a job has %d bytes, at most %d are kept; ask for less at once", len(r.Payload), maxPayload)
	case !json.Valid(r.Payload):
		return Job{}, false, fault.New(fault.Invalid, "the request of a job is no JSON")
	}
	if job, joined, err = q.table.start(ctx, newID(time.Now()), r, q.processes.dead); err != nil {
		return Job{}, false, fmt.Errorf("start a job of kind %s: %w", r.Kind, err)
	}
	q.bell.ring(newWork)
	return job, joined, nil
}

// newID returns a UUID of version 7 (RFC 9562, 5.7): milliseconds, their
// fraction in 12 bits (6.2, method 3), then chance. Later ones sort after
// earlier ones.
func newID(at time.Time) string {
	var u [16]byte
	_, _ = rand.Read(u[8:]) // never fails
	fraction := uint64(at.Nanosecond()%1e6) << 12 / 1e6
	binary.BigEndian.PutUint64(u[:8], uint64(at.UnixMilli())<<16|0x7000|fraction) // 7 is the version
	u[8] = 0x80 | u[8]&0x3f                                                       // the variant
	return fmt.Sprintf("%x-%x-%x-%x-%x", u[:4], u[4:6], u[6:8], u[8:10], u[10:])
}

// Get returns a job with its events, or fails with NotFound.
func (q *Queue) Get(ctx context.Context, id string) (Job, error) {
	job, err := q.table.get(ctx, id, true)
	job.Orphaned = err == nil && job.Status == Running && q.processes.dead(job.lessee)
	return job, err
}

// List returns jobs without their events, the newest first. next is the cursor
// of the next page, empty on the last.
func (q *Queue) List(ctx context.Context, f Filter) (jobs []Job, next string, err error) {
	if f.Limit == 0 {
		f.Limit = listLimit
	}
	if f.Limit < 0 || f.Limit > maxList {
		return nil, "", fault.Errorf(fault.Invalid, "limit %d is not between 1 and %d", f.Limit, maxList)
	}
	if !f.Status.known() && f.Status != "" {
		return nil, "", fault.Errorf(fault.Invalid, "status %.64q is none of pending, running, completed, failed, canceled", f.Status)
	}
	jobs, next, err = q.table.list(ctx, f)
	for i, job := range jobs {
		jobs[i].Orphaned = job.Status == Running && q.processes.dead(job.lessee)
	}
	return jobs, next, err
}

func (s Status) known() bool { return s == Pending || s == Running || s.Done() }

// Cancel ends a job: at once where nobody runs it, within a second where a
// process does (the returned job is still running then). A job that is done
// stays as it is.
func (q *Queue) Cancel(ctx context.Context, id string) (Job, error) {
	job, err := q.table.cancel(ctx, id, q.processes.dead)
	if err != nil {
		return Job{}, err
	}
	q.bell.ring(stopped)
	q.bell.ring(id)
	return job, nil
}

// Shared reports whether another process works on the same data directory, which
// may run jobs of this one, and wait for them.
func (q *Queue) Shared(context.Context) (bool, error) {
	shared, err := q.processes.shared()
	return shared, store.Explain(err)
}

// Retry makes a failed or canceled job pending again. It fails with Conflict
// for another status, and where another job does the same work meanwhile.
func (q *Queue) Retry(ctx context.Context, id string) (Job, error) {
	job, err := q.table.retry(ctx, id)
	if err != nil {
		return Job{}, err
	}
	q.bell.ring(newWork)
	q.bell.ring(id)
	return job, nil
}

// Recover frees the leases of dead processes, so that their jobs can be claimed
// again at once, and counts them.
func (q *Queue) Recover(ctx context.Context) (n int, err error) { return q.recover(ctx, "", true) }

// recover looks at every process but self: the ones with a file, to remove what
// the dead have left, and the ones with a lease. atOnce leaves out the pause
// before the next claim: somebody has just come for the job.
func (q *Queue) recover(ctx context.Context, self string, atOnce bool) (n int, err error) {
	names, err := q.processes.others(self)
	if err != nil {
		return 0, store.Explain(err)
	}
	for _, name := range names {
		q.processes.dead(name) // removes its file
	}
	lessees, err := q.table.lessees(ctx)
	if err != nil {
		return 0, store.Explain(err)
	}
	for _, name := range lessees {
		if name == self || !q.processes.dead(name) {
			continue
		}
		freed, err := q.table.takeBack(ctx, name, atOnce)
		if n += freed; err != nil {
			return n, fmt.Errorf("free the jobs of process %s: %w", name, err)
		}
		q.log.WarnContext(ctx, "took back the jobs of a dead process", "process", name, "jobs", freed)
	}
	if n > 0 {
		q.bell.ring(newWork)
	}
	return n, nil
}

// Wait returns the job when it is done. The end of ctx ends the waiting with
// ctx's error, and not the job. onProgress may be nil; it is called by Wait
// itself, one call after the other. Each call's Done is above the last one's of
// the same phase: what an attempt repeats is not told again.
func (q *Queue) Wait(ctx context.Context, id string, onProgress func(Progress)) (Job, error) {
	heard, quit := q.bell.listen(id)
	defer quit()
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	last := Progress{Done: -1}
	for {
		job, err := q.table.get(ctx, id, false)
		if err != nil {
			return Job{}, err
		}
		if p := job.Progress; onProgress != nil && job.Status != Pending && (p.Phase != last.Phase || p.Done > last.Done) {
			last = p
			onProgress(p)
		}
		if job.Status.Done() {
			return q.Get(ctx, id)
		}
		if err := q.unsaved.of(id, time.Now()); err != nil {
			return Job{}, fault.Wrap(fault.Unavailable, err, "the job has ended, but its end cannot be written: %s", fault.MessageOf(err))
		}
		select {
		case <-heard:
		case <-tick.C:
		case <-ctx.Done():
			return Job{}, ctx.Err()
		}
	}
}

// Clean removes finished jobs with their events and returns their ids, the
// oldest first; a dry one only names them. It fails with Invalid for a selector
// that selects nothing, with NotFound or Conflict for an ID that is not there or
// not done.
func (q *Queue) Clean(ctx context.Context, s Selector, dry bool) ([]string, error) {
	switch {
	case s.ID == "" && s.OlderThan <= 0:
		return nil, fault.New(fault.Invalid, "name the jobs to remove: by id, or by how long they are finished")
	case s.ID != "" && (s.OlderThan != 0 || s.Status != ""):
		return nil, fault.New(fault.Invalid, "a job is named by its id alone; leave out older_than and status")
	case s.Status != "" && !s.Status.Done():
		return nil, fault.Errorf(fault.Invalid, "status %.64q is none of completed, failed, canceled", s.Status)
	}
	return q.table.clean(ctx, s, dry)
}

// Check proves that jobs can be read and that processes can be told apart: a
// file in procs/ can be locked.
func (q *Queue) Check(ctx context.Context) error {
	if _, err := q.table.lessees(ctx); err != nil {
		return store.Explain(err)
	}
	name, leave, err := q.processes.enlist(ctx)
	if err != nil {
		return err
	}
	defer leave()
	if q.processes.dead(name) {
		return fault.New(fault.Unavailable, "file locks do not hold in the data directory; set AXON_DATA_DIR to a local disk")
	}
	return nil
}

// internalFailure keeps a failure's cause for the log and gives the user an id
// to find it.
func (q *Queue) internalFailure(ctx context.Context, job Job, cause error, attrs ...any) Failure {
	id := strings.ToLower(rand.Text()[:12])
	q.log.ErrorContext(ctx, "a job failed", append([]any{"error_id", id, "job", job.ID, "kind", job.Kind, "error", cause}, attrs...)...)
	err := &fault.Error{Code: fault.Internal, Cause: cause, ID: id}
	return Failure{Code: string(fault.Internal), Message: fault.MessageOf(err)}
}

// failureOf is what a failed job says.
func (q *Queue) failureOf(ctx context.Context, job Job, err error) Failure {
	var f *fault.Error
	if code := fault.CodeOf(err); code != fault.Internal || (errors.As(err, &f) && f.ID != "") {
		return Failure{Code: string(code), Message: fault.MessageOf(err)}
	}
	return q.internalFailure(ctx, job, err)
}
