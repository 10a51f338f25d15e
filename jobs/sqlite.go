package jobs

import (
	"context"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/axon-mcp/axon-mcp/fault"
	"github.com/axon-mcp/axon-mcp/store"
)

// now is the database's clock, in unix milliseconds.
const now = `CAST(unixepoch('subsec') * 1000 AS INTEGER)`

const columns = `id, kind, key, owner, status, request, result, progress, code, message, attempt, created, started, finished, lessee`

// maxEvents is how many events a job keeps.
const maxEvents = 200

// table is the jobs in SQLite. Its methods for workers are in lease.go.
type table struct{ db *store.DB }

// start inserts a job, or joins the unfinished one of the same kind and key in
// the same transaction. A joined job need not wait out the pause after a lost
// lease, nor for somebody to notice that its process is dead.
func (t table) start(ctx context.Context, id string, r Request, dead func(lessee string) bool) (job Job, joined bool, err error) {
	err = t.db.Tx(ctx, func(tx *sql.Tx) error {
		if r.Key != "" {
			if job, joined, err = join(ctx, tx, r, dead); err != nil || joined {
				return err
			}
		}
		const insert = `INSERT INTO jobs (id, kind, key, owner, status, request, due, created)
			VALUES (?, ?, ?, ?, 'pending', ?, ` + now + `, ` + now + `) RETURNING ` + columns
		job, err = scan(tx.QueryRowContext(ctx, insert, id, r.Kind, r.Key, r.Owner, string(r.Payload)))
		return err
	})
	return job, joined, err
}

func join(ctx context.Context, tx *sql.Tx, r Request, dead func(lessee string) bool) (Job, bool, error) {
	var id, lessee string
	const open = `SELECT id, lessee FROM jobs WHERE kind = ? AND key = ? AND key <> '' AND finished = 0`
	err := tx.QueryRowContext(ctx, open, r.Kind, r.Key).Scan(&id, &lessee)
	if errors.Is(err, sql.ErrNoRows) {
		return Job{}, false, nil
	}
	if err != nil {
		return Job{}, false, fmt.Errorf("look for the same job: %w", err)
	}
	if lessee == "" || dead(lessee) {
		const free = `UPDATE jobs SET status = 'pending', lessee = '', until = 0, cancel = 0, lost = 0, due = ` + now + ` WHERE id = ?`
		if _, err := tx.ExecContext(ctx, free, id); err != nil {
			return Job{}, false, fmt.Errorf("free the same job: %w", err)
		}
	}
	job, err := one(ctx, tx, id)
	return job, err == nil, err
}

// get returns a job, with its events where they are wanted.
func (t table) get(ctx context.Context, id string, events bool) (Job, error) {
	job, err := one(ctx, t.db.Read, id)
	if err != nil || !events {
		return job, store.Explain(err)
	}
	job.Events, err = t.events(ctx, id)
	return job, store.Explain(err)
}

// querier is a pool or a transaction.
type querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

func one(ctx context.Context, q querier, id string) (Job, error) {
	job, err := scan(q.QueryRowContext(ctx, `SELECT `+columns+` FROM jobs WHERE id = ?`, id))
	if errors.Is(err, sql.ErrNoRows) {
		return Job{}, fault.Errorf(fault.NotFound, "there is no job %.64q; jobs lists what there is", id)
	}
	return job, err
}

func (t table) events(ctx context.Context, id string) (events []Event, err error) {
	rows, err := t.db.Read.QueryContext(ctx, `SELECT at, message FROM job_events WHERE job = ? ORDER BY id`, id)
	if err != nil {
		return nil, fmt.Errorf("read the events of job %s: %w", id, err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var at int64
		var e Event
		if err := rows.Scan(&at, &e.Message); err != nil {
			return nil, fmt.Errorf("read an event of job %s: %w", id, err)
		}
		e.At = moment(at)
		events = append(events, e)
	}
	return events, rows.Err()
}

// list returns a page, the newest first. The cursor is the last row's place.
func (t table) list(ctx context.Context, f Filter) (jobs []Job, next string, err error) {
	created, id, err := decodeCursor(f.Cursor)
	if err != nil {
		return nil, "", err
	}
	const query = `SELECT ` + columns + ` FROM jobs
		WHERE (?1 = '' OR kind = ?1) AND (?2 = '' OR status = ?2) AND (?3 = '' OR owner = ?3)
		  AND (?4 = 0 OR (created, id) < (?4, ?5))
		ORDER BY created DESC, id DESC LIMIT ?6`
	rows, err := t.db.Read.QueryContext(ctx, query, f.Kind, string(f.Status), f.Owner, created, id, f.Limit+1)
	if err != nil {
		return nil, "", store.Explain(fmt.Errorf("list the jobs: %w", err))
	}
	defer func() { err = errors.Join(err, store.Explain(rows.Close())) }()
	for rows.Next() {
		job, err := scan(rows)
		if err != nil {
			return nil, "", store.Explain(err)
		}
		jobs = append(jobs, job)
	}
	if len(jobs) > f.Limit {
		jobs = jobs[:f.Limit]
		last := jobs[f.Limit-1]
		next = encodeCursor(last.Created.UnixMilli(), last.ID)
	}
	return jobs, next, store.Explain(rows.Err())
}

func encodeCursor(created int64, id string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(strconv.FormatInt(created, 36) + "." + id))
}

func decodeCursor(cursor string) (created int64, id string, err error) {
	if cursor == "" {
		return 0, "", nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(cursor)
	if err == nil {
		var number string
		number, id, _ = strings.Cut(string(raw), ".")
		created, err = strconv.ParseInt(number, 36, 64)
	}
	if err != nil || created <= 0 || id == "" {
		return 0, "", fault.New(fault.Invalid, "the cursor is none that a listing of jobs gave; leave it out to begin anew")
	}
	return created, id, nil
}

// cancel ends a job that nobody runs at once, and leaves word for the worker
// of a running one. A job that is done stays as it is.
func (t table) cancel(ctx context.Context, id string, dead func(lessee string) bool) (job Job, err error) {
	err = t.db.Tx(ctx, func(tx *sql.Tx) error {
		if job, err = one(ctx, tx, id); err != nil || job.Status.Done() {
			return err
		}
		var lessee string
		if err := tx.QueryRowContext(ctx, `SELECT lessee FROM jobs WHERE id = ?`, id).Scan(&lessee); err != nil {
			return fmt.Errorf("read the lease of job %s: %w", id, err)
		}
		query := `UPDATE jobs SET cancel = 1 WHERE id = ?`
		if lessee == "" || dead(lessee) {
			query = `UPDATE jobs SET status = 'canceled', cancel = 1, lessee = '', until = 0, finished = ` + now + ` WHERE id = ?`
		}
		if _, err := tx.ExecContext(ctx, query, id); err != nil {
			return fmt.Errorf("cancel job %s: %w", id, err)
		}
		if err := addEvents(ctx, tx, id, note("canceled by the user")); err != nil {
			return err
		}
		job, err = one(ctx, tx, id)
		return err
	})
	return job, err
}

// retry makes a failed or canceled job pending again, with its count of lost
// leases forgotten.
func (t table) retry(ctx context.Context, id string) (job Job, err error) {
	err = t.db.Tx(ctx, func(tx *sql.Tx) error {
		if job, err = one(ctx, tx, id); err != nil {
			return err
		}
		if job.Status != Failed && job.Status != Canceled {
			return fault.Errorf(fault.Conflict, "job %s is %s; only a failed or canceled one can be retried", id, job.Status)
		}
		if _, same, err := join(ctx, tx, Request{Kind: job.Kind, Key: job.Key}, func(string) bool { return false }); err != nil || same {
			if err == nil {
				err = fault.Errorf(fault.Conflict, "another job does the work of job %s now; jobs kind=%s lists it", id, job.Kind)
			}
			return err
		}
		const again = `UPDATE jobs SET status = 'pending', cancel = 0, lost = 0, code = '', message = '', result = '', finished = 0,
			due = ` + now + ` WHERE id = ?`
		if _, err := tx.ExecContext(ctx, again, id); err != nil {
			return fmt.Errorf("retry job %s: %w", id, err)
		}
		if err := addEvents(ctx, tx, id, note("retried by the user")); err != nil {
			return err
		}
		job, err = one(ctx, tx, id)
		return err
	})
	return job, err
}

// clean removes finished jobs and returns their ids, the oldest first.
func (t table) clean(ctx context.Context, s Selector, dry bool) (ids []string, err error) {
	err = t.db.Tx(ctx, func(tx *sql.Tx) error {
		if s.ID != "" {
			job, err := one(ctx, tx, s.ID)
			if err != nil {
				return err
			}
			if !job.Status.Done() {
				return fault.Errorf(fault.Conflict, "job %s is %s; cancel it first", s.ID, job.Status)
			}
		}
		const query = `SELECT id FROM jobs
			WHERE finished > 0 AND (?1 = '' OR id = ?1) AND (?2 = '' OR status = ?2) AND finished <= ` + now + ` - ?3 ORDER BY finished, id`
		if ids, err = idsOf(ctx, tx, query, s.ID, string(s.Status), s.OlderThan.Milliseconds()); err != nil || dry {
			return err
		}
		list, err := json.Marshal(ids)
		if err != nil {
			return fmt.Errorf("name the jobs to remove: %w", err)
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM jobs WHERE id IN (SELECT value FROM json_each(?))`, string(list)); err != nil {
			return fmt.Errorf("remove finished jobs: %w", err)
		}
		return nil
	})
	return ids, err
}

func idsOf(ctx context.Context, tx *sql.Tx, query string, args ...any) (ids []string, err error) {
	rows, err := tx.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("look for jobs: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, fmt.Errorf("look for jobs: %w", err)
		}
		ids = append(ids, id)
	}
	return ids, rows.Err()
}

// addEvents appends to a job's history and forgets what is too old. Events
// without a time get the database's.
func addEvents(ctx context.Context, tx *sql.Tx, job string, events []Event) error {
	const insert = `INSERT INTO job_events (job, at, message) VALUES (?, CASE ?2 WHEN 0 THEN ` + now + ` ELSE ?2 END, ?3)`
	for _, e := range events {
		at := int64(0)
		if !e.At.IsZero() {
			at = e.At.UnixMilli()
		}
		if _, err := tx.ExecContext(ctx, insert, job, at, e.Message); err != nil {
			return fmt.Errorf("note an event of job %s: %w", job, err)
		}
	}
	const trim = `DELETE FROM job_events WHERE job = ?1 AND id <= (SELECT id FROM job_events WHERE job = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)`
	if _, err := tx.ExecContext(ctx, trim, job, maxEvents); len(events) > 0 && err != nil {
		return fmt.Errorf("forget old events of job %s: %w", job, err)
	}
	return nil
}

func note(message string) []Event { return []Event{{Message: message}} }

// scan reads a row of columns.
func scan(row interface{ Scan(dest ...any) error }, more ...any) (Job, error) {
	var j Job
	var request, result, progress, code, message string
	var created, started, finished int64
	into := append([]any{
		&j.ID, &j.Kind, &j.Key, &j.Owner, &j.Status, &request, &result, &progress, &code, &message,
		&j.Attempt, &created, &started, &finished, &j.lessee,
	}, more...)
	if err := row.Scan(into...); err != nil {
		return Job{}, fmt.Errorf("read a job: %w", err)
	}
	if err := json.Unmarshal([]byte(progress), &j.Progress); err != nil {
		return Job{}, fmt.Errorf("read the progress of job %s: %w", j.ID, err)
	}
	j.Request = json.RawMessage(request)
	if result != "" {
		j.Result = json.RawMessage(result)
	}
	if code != "" {
		j.Error = &Failure{Code: code, Message: message}
	}
	j.Created, j.Started, j.Finished = moment(created), moment(started), moment(finished)
	return j, nil
}

// moment is zero for 0.
func moment(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}
