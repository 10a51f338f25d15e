package jobs

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"github.com/axon-mcp/axon-mcp/fault"
	"github.com/axon-mcp/axon-mcp/store"
)

// Config is what the operator can set. Zero means the default.
type Config struct {
	// Concurrency is how many jobs of one kind a process runs at once.
	Concurrency int `env:"AXON_JOB_CONCURRENCY" default:"2" about:"jobs of one kind that a process runs at once, 1 to 64"`
}

const (
	poll      = 250 * time.Millisecond // progress, cancel and new work are looked for this often
	keepFor   = 30 * 24 * time.Hour    // finished jobs are kept this long
	maxEvents = 200
	maxLimit  = 500
	// now is the database's clock in unix milliseconds.
	now = `CAST(unixepoch('subsec') * 1000 AS INTEGER)`
	// columns are what scanJob reads.
	columns = `id, kind, key, owner, status, request, result, progress, code, message, attempt, created, started, finished`
)

// Queue is where jobs wait. It is safe for concurrent use, and any number of
// queues in any number of processes may stand on one database.
type Queue struct {
	db   *store.DB
	cfg  Config
	log  *slog.Logger
	bell *bell
}

// NewQueue returns the queue of db.
func NewQueue(db *store.DB, cfg Config, log *slog.Logger) *Queue {
	if cfg.Concurrency <= 0 {
		cfg.Concurrency = 2
	}
	return &Queue{db: db, cfg: cfg, log: log, bell: newBell()}
}

// Start writes a job's row. A job of the same kind and key that is not done is
// returned instead, and joined is true.
func (q *Queue) Start(ctx context.Context, r Request) (job Job, joined bool, err error) {
	if r.Payload == nil {
		r.Payload = json.RawMessage("{}")
	}
	id := newID()
	err = q.db.Tx(ctx, func(tx *sql.Tx) error {
		joined = false
		if r.Key != "" {
			const same = `SELECT id FROM jobs WHERE kind = ? AND key = ? AND finished = 0`
			switch err := tx.QueryRowContext(ctx, same, r.Kind, r.Key).Scan(&id); {
			case err == nil:
				joined = true
				return nil
			case !errors.Is(err, sql.ErrNoRows):
				return err
			}
		}
		const insert = `INSERT INTO jobs (id, kind, key, owner, status, request, created) VALUES (?, ?, ?, ?, 'pending', ?, ` + now + `)`
		_, err := tx.ExecContext(ctx, insert, id, r.Kind, r.Key, r.Owner, []byte(r.Payload))
		return err
	})
	if err != nil {
		return Job{}, false, fmt.Errorf("start a %s job: %w", r.Kind, err)
	}
	q.bell.ring()
	job, err = q.row(ctx, id)
	return job, joined, err
}

// Get returns a job with its events, or fails with NotFound.
func (q *Queue) Get(ctx context.Context, id string) (Job, error) {
	job, err := q.row(ctx, id)
	if err != nil {
		return Job{}, err
	}
	const query = `SELECT at, message FROM (SELECT id, at, message FROM job_events WHERE job = ? ORDER BY id DESC LIMIT ?) ORDER BY id`
	rows, err := q.db.Read.QueryContext(ctx, query, id, maxEvents)
	if err != nil {
		return Job{}, fmt.Errorf("read the events of job %s: %w", id, store.Explain(err))
	}
	defer rows.Close()
	for rows.Next() {
		var at int64
		var e Event
		if err := rows.Scan(&at, &e.Message); err != nil {
			return Job{}, fmt.Errorf("read the events of job %s: %w", id, err)
		}
		e.At = timeOf(at)
		job.Events = append(job.Events, e)
	}
	return job, rows.Err()
}

func (q *Queue) row(ctx context.Context, id string) (Job, error) {
	job, err := scanJob(q.db.Read.QueryRowContext(ctx, `SELECT `+columns+` FROM jobs WHERE id = ?`, id))
	if errors.Is(err, sql.ErrNoRows) {
		return Job{}, fault.Errorf(fault.NotFound, "there is no job %q; finished jobs are kept 30 days", id)
	}
	if err != nil {
		return Job{}, fmt.Errorf("read job %s: %w", id, store.Explain(err))
	}
	return job, nil
}

// List returns the newest jobs first; next is empty on the last page. A cursor
// that List did not give is Invalid.
func (q *Queue) List(ctx context.Context, f Filter) (list []Job, next string, err error) {
	limit := min(max(f.Limit, 1), maxLimit)
	created, id, err := parseCursor(f.Cursor)
	if err != nil {
		return nil, "", err
	}
	const query = `SELECT ` + columns + ` FROM jobs
		WHERE (?1 = '' OR kind = ?1) AND (?2 = '' OR status = ?2) AND (?3 = '' OR owner = ?3)
		  AND (created, id) < (?4, ?5)
		ORDER BY created DESC, id DESC LIMIT ?6`
	rows, err := q.db.Read.QueryContext(ctx, query, f.Kind, string(f.Status), f.Owner, created, id, limit+1)
	if err != nil {
		return nil, "", fmt.Errorf("list jobs: %w", store.Explain(err))
	}
	defer rows.Close()
	for rows.Next() {
		job, err := scanJob(rows)
		if err != nil {
			return nil, "", fmt.Errorf("list jobs: %w", err)
		}
		list = append(list, job)
	}
	if len(list) > limit {
		list = list[:limit]
		last := list[limit-1]
		next = base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%d %s", last.Created.UnixMilli(), last.ID))
	}
	return list, next, rows.Err()
}

// parseCursor returns the place after which a listing goes on; an empty cursor
// is the place before the newest job.
func parseCursor(cursor string) (created int64, id string, err error) {
	if cursor == "" {
		return 1<<62 - 1, "", nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(cursor)
	at, id, ok := strings.Cut(string(raw), " ")
	if err == nil && ok {
		created, err = strconv.ParseInt(at, 10, 64)
	}
	if err != nil || !ok {
		return 0, "", fault.New(fault.Invalid, "the cursor is not one that jobs gave; call again without it")
	}
	return created, id, nil
}

// Cancel asks a job to stop: a pending one is canceled at once, a running one
// within a second. A job that is done stays as it is.
func (q *Queue) Cancel(ctx context.Context, id string) (Job, error) {
	err := q.db.Tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE jobs SET cancel = 1,
			status   = CASE status WHEN 'pending' THEN 'canceled' ELSE status END,
			finished = CASE status WHEN 'pending' THEN `+now+` ELSE finished END
			WHERE id = ? AND finished = 0`, id)
		return err
	})
	if err != nil {
		return Job{}, fmt.Errorf("cancel job %s: %w", id, err)
	}
	q.bell.ring()
	return q.row(ctx, id)
}

// Retry makes a failed or canceled job pending again. It fails with Conflict
// for any other, and where a job of the same kind and key is open.
func (q *Queue) Retry(ctx context.Context, id string) (Job, error) {
	job, err := q.row(ctx, id)
	if err != nil {
		return Job{}, err
	}
	var changed int64
	err = q.db.Tx(ctx, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `UPDATE jobs SET status = 'pending', finished = 0, cancel = 0, strikes = 0,
			due = 0, code = '', message = '', lessee = ''
			WHERE id = ?1 AND status IN ('failed', 'canceled') AND NOT EXISTS (SELECT 1 FROM jobs AS o
				WHERE o.kind = jobs.kind AND o.key = jobs.key AND o.key <> '' AND o.finished = 0)`, id)
		if err == nil {
			changed, err = res.RowsAffected()
		}
		return err
	})
	if err != nil {
		return Job{}, fmt.Errorf("retry job %s: %w", id, err)
	}
	if changed == 0 {
		return Job{}, fault.Errorf(fault.Conflict, "job %s is %s, or the same work is open as another job; only a failed or canceled job can be tried again", id, job.Status)
	}
	q.bell.ring()
	return q.row(ctx, id)
}

// Wait returns when the job is done. onProgress, which may be nil, is called
// from the same goroutine whenever the progress has changed. The end of ctx
// ends the waiting, with its cause, and not the job.
func (q *Queue) Wait(ctx context.Context, id string, onProgress func(Progress)) (Job, error) {
	tick := time.NewTicker(poll)
	defer tick.Stop()
	var last string
	for {
		rung := q.bell.heard()
		job, err := q.row(ctx, id)
		if err != nil {
			return Job{}, errors.Join(context.Cause(ctx), err)
		}
		if shown := fmt.Sprint(job.Progress); shown != last && onProgress != nil {
			last = shown
			onProgress(job.Progress)
		}
		if job.Status.Done() {
			return job, nil
		}
		select {
		case <-rung:
		case <-tick.C:
		case <-ctx.Done():
			return Job{}, context.Cause(ctx)
		}
	}
}

// Clean removes finished jobs older than age with their events, of one status
// or, where it is empty, of all; dry only counts.
func (q *Queue) Clean(ctx context.Context, age time.Duration, status Status, dry bool) (n int, err error) {
	const old = ` FROM jobs WHERE finished > 0 AND finished < ` + now + ` - ?1 AND (?2 = '' OR status = ?2)`
	err = q.db.Tx(ctx, func(tx *sql.Tx) error {
		if err := tx.QueryRowContext(ctx, `SELECT count(*)`+old, age.Milliseconds(), string(status)).Scan(&n); err != nil || dry || n == 0 {
			return err
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM job_events WHERE job IN (SELECT id`+old+`)`, age.Milliseconds(), string(status)); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `DELETE`+old, age.Milliseconds(), string(status))
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("remove old jobs: %w", err)
	}
	return n, nil
}

// Check reads the queue.
func (q *Queue) Check(ctx context.Context) error {
	var n int
	return store.Explain(q.db.Read.QueryRowContext(ctx, `SELECT count(*) FROM jobs WHERE finished = 0`).Scan(&n))
}

func scanJob(row interface{ Scan(...any) error }) (Job, error) {
	var (
		j                          Job
		request, result, progress  []byte
		created, started, finished int64
		failure                    Failure
	)
	err := row.Scan(&j.ID, &j.Kind, &j.Key, &j.Owner, &j.Status, &request, &result, &progress,
		&failure.Code, &failure.Message, &j.Attempt, &created, &started, &finished)
	if err != nil {
		return Job{}, err
	}
	if err := json.Unmarshal(progress, &j.Progress); err != nil {
		return Job{}, fmt.Errorf("read the progress of job %s: %w", j.ID, err)
	}
	j.Request, j.Result = request, result
	j.Created, j.Started, j.Finished = timeOf(created), timeOf(started), timeOf(finished)
	if failure.Code != "" {
		j.Error = &failure
	}
	return j, nil
}

func timeOf(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// newID returns a random UUID (RFC 9562, version 4).
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
