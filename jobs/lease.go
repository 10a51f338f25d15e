package jobs

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/axon-mcp/axon-mcp/fault"
	"github.com/axon-mcp/axon-mcp/store"
)

// lease is the right to write to a running job. Each write compares all of it.
type lease struct {
	job, lessee string
	claim       int64
}

const held = ` WHERE id = ? AND lessee = ? AND claim = ? AND status = 'running'`

func (l lease) args(before ...any) []any { return append(before, l.job, l.lessee, l.claim) }

// want says what a worker may claim.
type want struct {
	Kinds []string // of which it runs none
	More  []string // of which it has room for more: others get a second to be first
	IDs   []string // nil: any job
}

const claimable = ` FROM jobs WHERE finished = 0 AND status = 'pending' AND due <= ` + now + `
	AND (kind IN (SELECT value FROM json_each(?1)) OR (kind IN (SELECT value FROM json_each(?2)) AND due <= ` + now + ` - 1000))
	AND (?3 = 'null' OR id IN (SELECT value FROM json_each(?3)))
	ORDER BY due, created, id LIMIT 1`

func (w want) args() ([]any, error) {
	var args []any
	for _, list := range [][]string{append([]string{}, w.Kinds...), append([]string{}, w.More...), w.IDs} {
		raw, err := json.Marshal(list)
		if err != nil {
			return nil, fmt.Errorf("name what to claim: %w", err)
		}
		args = append(args, string(raw))
	}
	return args, nil
}

// claim leases the job that has waited longest. ok is false where there is
// none. It looks with a reader first: most looks find nothing.
func (t table) claim(ctx context.Context, w want, lessee string, term time.Duration) (job Job, l lease, ok bool, err error) {
	args, err := w.args()
	if err != nil {
		return Job{}, lease{}, false, err
	}
	var id string
	if err := t.db.Read.QueryRowContext(ctx, `SELECT id`+claimable, args...).Scan(&id); err != nil {
		if errors.Is(err, sql.ErrNoRows) {
			err = nil
		}
		return Job{}, lease{}, false, store.Explain(err)
	}
	const take = `UPDATE jobs SET status = 'running', lessee = ?4, until = ` + now + ` + ?5, claim = claim + 1, attempt = attempt + 1,
		started = CASE started WHEN 0 THEN ` + now + ` ELSE started END
		WHERE id = (SELECT id` + claimable + `) RETURNING ` + columns + `, claim`
	err = t.db.Tx(ctx, func(tx *sql.Tx) error {
		l = lease{lessee: lessee}
		job, err = scan(tx.QueryRowContext(ctx, take, append(args, lessee, term.Milliseconds())...), &l.claim)
		if errors.Is(err, sql.ErrNoRows) {
			return nil // another was faster
		}
		l.job, ok = job.ID, err == nil
		return err
	})
	return job, l, ok && err == nil, err
}

// holding is what the rows say of a worker's running jobs.
type holding struct {
	claim  int64
	cancel bool
}

func (t table) holdings(ctx context.Context, lessee string) (have map[string]holding, err error) {
	const query = `SELECT id, claim, cancel FROM jobs WHERE finished = 0 AND status = 'running' AND lessee = ?`
	rows, err := t.db.Read.QueryContext(ctx, query, lessee)
	if err != nil {
		return nil, fmt.Errorf("look at the running jobs: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	have = map[string]holding{}
	for rows.Next() {
		var id string
		var h holding
		if err := rows.Scan(&id, &h.claim, &h.cancel); err != nil {
			return nil, fmt.Errorf("look at a running job: %w", err)
		}
		have[id] = h
	}
	return have, rows.Err()
}

// renew prolongs all leases of a worker.
func (t table) renew(ctx context.Context, lessee string, term time.Duration) error {
	return t.db.Tx(ctx, func(tx *sql.Tx) error {
		const query = `UPDATE jobs SET until = ` + now + ` + ? WHERE finished = 0 AND status = 'running' AND lessee = ?`
		if _, err := tx.ExecContext(ctx, query, term.Milliseconds(), lessee); err != nil {
			return fmt.Errorf("renew the leases: %w", err)
		}
		return nil
	})
}

// report is what a running job has to say. Progress is nil where it is as before.
type report struct {
	lease    lease
	progress *Progress
	events   []Event
}

// save writes reports. lost are the ones whose lease no longer holds; nothing
// of theirs is written.
func (t table) save(ctx context.Context, reports []report) (lost []lease, err error) {
	err = t.db.Tx(ctx, func(tx *sql.Tx) error {
		for _, r := range reports {
			ok, err := saveOne(ctx, tx, r)
			if err != nil {
				return err
			}
			if !ok {
				lost = append(lost, r.lease)
			}
		}
		return nil
	})
	return lost, err
}

func saveOne(ctx context.Context, tx *sql.Tx, r report) (bool, error) {
	// Without progress too a row is written: to learn whether the lease holds.
	query, args := `UPDATE jobs SET id = id`+held, r.lease.args()
	if r.progress != nil {
		raw, err := json.Marshal(r.progress)
		if err != nil {
			return false, fmt.Errorf("encode the progress of job %s: %w", r.lease.job, err)
		}
		query, args = `UPDATE jobs SET progress = ?`+held, r.lease.args(string(raw))
	}
	ok, err := changed(tx.ExecContext(ctx, query, args...))
	if err != nil || !ok {
		return false, err
	}
	return true, addEvents(ctx, tx, r.lease.job, r.events)
}

// outcome is how an attempt ended.
type outcome struct {
	status  Status // Pending: handed back, the attempt does not count
	result  json.RawMessage
	failure Failure
	message string // for the history
}

// finish ends a lease with its last report. ok is false where the lease no
// longer holds; then nothing is written.
func (t table) finish(ctx context.Context, r report, o outcome) (ok bool, err error) {
	query := `UPDATE jobs SET status = ?, result = ?, code = ?, message = ?, lessee = '', until = 0, finished = ` + now + held
	args := r.lease.args(o.status, string(o.result), o.failure.Code, o.failure.Message)
	if o.status == Pending {
		// A cancel may have come meanwhile.
		query = `UPDATE jobs SET lessee = '', until = 0, due = ` + now + `, attempt = attempt - 1,
			status = CASE cancel WHEN 1 THEN 'canceled' ELSE 'pending' END,
			finished = CASE cancel WHEN 1 THEN ` + now + ` ELSE 0 END` + held
		args = r.lease.args()
	}
	r.events = append(r.events, note(o.message)...)
	err = t.db.Tx(ctx, func(tx *sql.Tx) error {
		if ok, err = saveOne(ctx, tx, r); err != nil || !ok {
			return err
		}
		ok, err = changed(tx.ExecContext(ctx, query, args...))
		return err
	})
	return ok && err == nil, err
}

// changed reports whether a statement has changed a row.
func changed(result sql.Result, err error) (bool, error) {
	if err != nil {
		return false, fmt.Errorf("write to a job: %w", err)
	}
	n, err := result.RowsAffected()
	return n > 0, err
}

// loss is a lease that was lost.
type loss struct {
	job, lessee string
	cancel      bool
	lost, mark  int64
	progress    Progress
}

// lessees lists the processes that hold leases.
func (t table) lessees(ctx context.Context) (names []string, err error) {
	rows, err := t.db.Read.QueryContext(ctx, `SELECT DISTINCT lessee FROM jobs WHERE finished = 0 AND status = 'running'`)
	if err != nil {
		return nil, fmt.Errorf("look at the leases: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, fmt.Errorf("look at a lease: %w", err)
		}
		names = append(names, name)
	}
	return names, rows.Err()
}

// takeBack ends the leases of a dead process. atOnce leaves out the pause.
func (t table) takeBack(ctx context.Context, lessee string, atOnce bool) (int, error) {
	return t.free(ctx, atOnce, `lessee = ?`, lessee)
}

// takeExpired ends the leases whose time ran out, but those of mine.
func (t table) takeExpired(ctx context.Context, mine string) (int, error) {
	var n int
	const count = `SELECT count(*) FROM jobs WHERE finished = 0 AND status = 'running' AND until < ` + now + ` AND lessee <> ?`
	if err := t.db.Read.QueryRowContext(ctx, count, mine).Scan(&n); err != nil || n == 0 {
		return 0, store.Explain(err)
	}
	return t.free(ctx, false, `until < `+now+` AND lessee <> ?`, mine)
}

func (t table) free(ctx context.Context, atOnce bool, where, arg string) (n int, err error) {
	err = t.db.Tx(ctx, func(tx *sql.Tx) error {
		losses, err := lossesOf(ctx, tx, where, arg)
		for _, l := range losses {
			if err == nil {
				err = l.write(ctx, tx, atOnce)
			}
		}
		n = len(losses)
		return err
	})
	return n, err
}

func lossesOf(ctx context.Context, tx *sql.Tx, where, arg string) (losses []loss, err error) {
	rows, err := tx.QueryContext(ctx,
		`SELECT id, lessee, cancel, lost, mark, progress FROM jobs WHERE finished = 0 AND status = 'running' AND `+where, arg)
	if err != nil {
		return nil, fmt.Errorf("look for lost leases: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var l loss
		var progress string
		if err := rows.Scan(&l.job, &l.lessee, &l.cancel, &l.lost, &l.mark, &progress); err != nil {
			return nil, fmt.Errorf("look at a lost lease: %w", err)
		}
		if err := json.Unmarshal([]byte(progress), &l.progress); err != nil {
			return nil, fmt.Errorf("read the progress of job %s: %w", l.job, err)
		}
		losses = append(losses, l)
	}
	return losses, rows.Err()
}

// maxLost is how often a job is claimable again without progress in between.
const maxLost = 3

// pauseAfter is the wait before the next claim: none after the first loss, so
// that work goes on at once where a process was killed.
func pauseAfter(lost int64) time.Duration {
	if lost <= 1 {
		return 0
	}
	return time.Second << (lost - 2)
}

// write makes the job claimable again, or ends it.
func (l loss) write(ctx context.Context, tx *sql.Tx, atOnce bool) error {
	if l.lost++; l.progress.Done > l.mark {
		l.lost, l.mark = 1, l.progress.Done
	}
	pause := pauseAfter(l.lost)
	if atOnce {
		pause = 0
	}
	status, failure, message := Pending, Failure{}, "its process "+l.lessee+" is gone; waiting for another"
	switch {
	case l.cancel:
		status, message = Canceled, "its process "+l.lessee+" is gone after the cancel"
	case l.lost > maxLost:
		status = Failed
		failure.Code = string(fault.Internal)
		failure.Message = fmt.Sprintf("the process that ran it ended %d times without progress (killed, or out of memory?); "+
			"look at the log and the events, then retry", l.lost)
		message = failure.Message
	}
	const query = `UPDATE jobs SET status = ?1, code = ?2, message = ?3, lost = ?4, mark = ?5, lessee = '', until = 0,
		due = ` + now + ` + ?6, finished = CASE ?1 WHEN 'pending' THEN 0 ELSE ` + now + ` END WHERE id = ?7`
	_, err := tx.ExecContext(ctx, query, string(status), failure.Code, failure.Message, l.lost, l.mark,
		pause.Milliseconds(), l.job)
	if err != nil {
		return fmt.Errorf("free job %s: %w", l.job, err)
	}
	return addEvents(ctx, tx, l.job, note(message))
}
