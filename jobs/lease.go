package jobs

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/axon-mcp/axon-mcp/fault"
	"github.com/axon-mcp/axon-mcp/store"
)

const (
	leaseFor   = 60 * time.Second // a process that lives must renew within this
	renewEvery = 10 * time.Second
	deadPoll   = 2 * time.Second // how often dead processes are looked for
	maxStrikes = 3
)

// process is this worker's place among the processes of the data directory.
type process struct {
	id     string
	dir    string
	unlock func()
}

// join takes the lock that says that this process lives.
func (q *Queue) join() (*process, error) {
	p := &process{id: newID(), dir: filepath.Join(q.db.Dir, "procs")}
	if err := os.MkdirAll(p.dir, 0o700); err != nil {
		return nil, store.Explain(fmt.Errorf("make %s: %w", p.dir, err))
	}
	unlock, ok, err := store.Lock(filepath.Join(p.dir, p.id))
	if err != nil || !ok {
		return nil, store.Explain(fmt.Errorf("take the lock of process %s: %w", p.id, errors.Join(err)))
	}
	p.unlock = unlock
	return p, nil
}

// leave frees the lock and removes its file.
func (p *process) leave() {
	p.unlock()
	_ = os.Remove(filepath.Join(p.dir, p.id)) // a leftover is removed by the next Recover
}

// Recover frees the jobs of processes that have died, and of leases that have
// run out, and counts them. It removes what dead processes left in procs.
func (q *Queue) Recover(ctx context.Context) (n int, err error) {
	rows, err := q.db.Read.QueryContext(ctx, `SELECT DISTINCT lessee, until < `+now+` FROM jobs WHERE status = 'running' AND finished = 0`)
	if err != nil {
		return 0, fmt.Errorf("look for dead jobs: %w", store.Explain(err))
	}
	defer rows.Close()
	var dead []string
	for rows.Next() {
		var lessee string
		var late bool
		if err := rows.Scan(&lessee, &late); err != nil {
			return 0, fmt.Errorf("look for dead jobs: %w", err)
		}
		if late || q.isDead(lessee) {
			dead = append(dead, lessee)
		}
	}
	if err := rows.Err(); err != nil {
		return 0, fmt.Errorf("look for dead jobs: %w", err)
	}
	for _, lessee := range dead {
		freed, err := q.free(ctx, lessee)
		n += freed
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

// isDead reports whether the process's lock can be taken: the system has freed
// it. The file goes with it.
func (q *Queue) isDead(lessee string) bool {
	path := filepath.Join(q.db.Dir, "procs", lessee)
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		return true
	}
	unlock, ok, err := store.Lock(path)
	if err != nil || !ok {
		return false
	}
	unlock()
	_ = os.Remove(path) // another process may have removed it
	return true
}

// free makes the jobs of a dead process claimable, or fails those that have
// struck out. A lease that was renewed meanwhile is left alone only if it is in
// time; a process that is dead renews nothing.
func (q *Queue) free(ctx context.Context, lessee string) (n int, err error) {
	err = q.db.Tx(ctx, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `UPDATE jobs SET strikes = strikes + 1, lessee = '', until = 0,
			status   = CASE WHEN cancel THEN 'canceled' WHEN strikes + 1 >= ?2 THEN 'failed' ELSE 'pending' END,
			finished = CASE WHEN cancel OR strikes + 1 >= ?2 THEN `+now+` ELSE 0 END,
			code     = CASE WHEN NOT cancel AND strikes + 1 >= ?2 THEN ?3 ELSE '' END,
			message  = CASE WHEN NOT cancel AND strikes + 1 >= ?2 THEN ?4 ELSE '' END,
			due      = CASE WHEN strikes = 0 THEN 0 ELSE `+now+` + 1000 * strikes END
			WHERE status = 'running' AND lessee = ?1`,
			lessee, maxStrikes, string(fault.Internal),
			"the program died on this job several times before it got any further; see the log, and retry it with smaller limits")
		if err != nil {
			return err
		}
		freed, err := res.RowsAffected()
		n = int(freed)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("free the jobs of a dead process: %w", err)
	}
	if n > 0 {
		q.log.Info("took over jobs of a dead process", "process", lessee, "jobs", n)
		q.bell.ring()
	}
	return n, nil
}

// claim leases the oldest pending job of one of the kinds, or the job only
// where that is set. ok is false when there is none.
func (q *Queue) claim(ctx context.Context, p *process, kinds []string, only string) (job Job, ok bool, err error) {
	list, err := json.Marshal(kinds)
	if err != nil {
		return Job{}, false, fmt.Errorf("claim a job: %w", err)
	}
	const next = `SELECT id FROM jobs WHERE finished = 0 AND status = 'pending' AND due <= ` + now + `
		AND kind IN (SELECT value FROM json_each(?1)) AND (?2 = '' OR id = ?2) ORDER BY created, id LIMIT 1`
	var id string
	switch err := q.db.Read.QueryRowContext(ctx, next, string(list), only).Scan(&id); {
	case errors.Is(err, sql.ErrNoRows):
		return Job{}, false, nil
	case err != nil:
		return Job{}, false, fmt.Errorf("look for a job: %w", store.Explain(err))
	}
	err = q.db.Tx(ctx, func(tx *sql.Tx) error {
		row := tx.QueryRowContext(ctx, `UPDATE jobs SET status = 'running', attempt = attempt + 1, lessee = ?2,
			until = `+now+` + ?3, started = CASE started WHEN 0 THEN `+now+` ELSE started END
			WHERE id = ?1 AND status = 'pending' RETURNING `+columns, id, p.id, leaseFor.Milliseconds())
		var err error
		job, err = scanJob(row)
		ok = err == nil
		if errors.Is(err, sql.ErrNoRows) {
			return nil // another worker was quicker
		}
		return err
	})
	if err != nil {
		return Job{}, false, fmt.Errorf("claim job %s: %w", id, err)
	}
	return job, ok, nil
}
