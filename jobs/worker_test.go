package jobs

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/axon-mcp/axon-mcp/store"
)

// The tests of this file call single steps of a worker, with the database's
// clock as it is and leases whose end is written by hand.

func openQueue(t testing.TB, dir string) *Queue {
	t.Helper()
	db, err := store.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return NewQueue(db, Config{}, nil)
}

func execSQL(t testing.TB, q *Queue, query string, args ...any) {
	t.Helper()
	if _, err := q.table.db.Write.ExecContext(t.Context(), query, args...); err != nil {
		t.Fatal(err)
	}
}

func startTest(t testing.TB, q *Queue, key string) Job {
	t.Helper()
	job, _, err := q.Start(t.Context(), Request{Kind: "crawl", Key: key})
	if err != nil {
		t.Fatal(err)
	}
	return job
}

func getTest(t testing.TB, q *Queue, id string) Job {
	t.Helper()
	job, err := q.Get(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return job
}

// claimTest leases the next job to lessee; ok is false where none is due.
func claimTest(t testing.TB, q *Queue, lessee string) (lease, bool) {
	t.Helper()
	_, l, ok, err := q.table.claim(t.Context(), want{Kinds: []string{"crawl"}}, lessee, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	return l, ok
}

func mustClaim(t testing.TB, q *Queue, lessee string) lease {
	t.Helper()
	l, ok := claimTest(t, q, lessee)
	if !ok {
		t.Fatal("nothing to claim")
	}
	return l
}

// newShift is a worker's shift that does nothing by itself.
func newShift(t testing.TB, q *Queue, handlers map[string]Handler) *shift {
	t.Helper()
	name, leave, err := q.processes.enlist(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(leave)
	return &shift{
		Worker: NewWorker(q, handlers, ""), lessee: name, log: q.log, running: map[*Run]struct{}{},
		returned: make(chan *Run, 10), failing: map[string]bool{}, renewed: time.Now(),
	}
}

func TestAStaleLeaseWritesNothing(t *testing.T) {
	t.Parallel()
	q := openQueue(t, t.TempDir())
	job := startTest(t, q, "")
	old := mustClaim(t, q, "gone")
	if n, err := q.Recover(t.Context()); err != nil || n != 1 {
		t.Fatalf("recovered %d (%v), want the job of the dead process", n, err)
	}
	current := mustClaim(t, q, "gone") // even under the same name
	stale := report{lease: old, progress: &Progress{Done: 99}, events: note("stale")}
	lost, err := q.table.save(t.Context(), []report{stale})
	if err != nil || len(lost) != 1 || lost[0] != old {
		t.Errorf("saved with a stale lease: lost %v (%v)", lost, err)
	}
	for _, o := range []outcome{{status: Completed}, handedBack()} {
		if ok, err := q.table.finish(t.Context(), stale, o); ok || err != nil {
			t.Errorf("finished %s with a stale lease (%v)", o.status, err)
		}
	}
	got := getTest(t, q, job.ID)
	if got.Status != Running || got.Progress.Done != 0 || got.Attempt != 2 {
		t.Errorf("%+v", got)
	}
	for _, e := range got.Events {
		if e.Message == "stale" {
			t.Error("an event was written with a stale lease")
		}
	}
	if ok, err := q.table.finish(t.Context(), report{lease: current}, outcome{status: Completed}); !ok || err != nil {
		t.Errorf("the holder could not finish: %v", err)
	}
}

func TestALostLeaseEndsTheHandler(t *testing.T) {
	t.Parallel()
	q := openQueue(t, t.TempDir())
	causes := make(chan error, 2)
	s := newShift(t, q, map[string]Handler{"crawl": func(ctx context.Context, _ *Run) (any, error) {
		<-ctx.Done()
		causes <- context.Cause(ctx)
		return nil, ctx.Err()
	}})
	for name, notice := range map[string]func(r *Run){
		"watch": func(*Run) { s.look(t.Context()) },
		"save":  func(r *Run) { r.Event("anything"); s.save(t.Context()) },
	} {
		job := startTest(t, q, "")
		s.claim(t.Context())
		r := s.runs()[0]
		execSQL(t, q, `UPDATE jobs SET claim = claim + 1, lessee = 'another' WHERE id = ?`, job.ID)
		notice(r)
		if cause := <-causes; !errors.Is(cause, ErrLeaseLost) {
			t.Errorf("%s: cause %v", name, cause)
		}
		s.finish(t.Context(), <-s.returned)
		if got := getTest(t, q, job.ID); got.Status != Running || s.count() != 0 {
			t.Errorf("%s: status %s, %d runs", name, got.Status, s.count())
		}
	}
}

func TestAnExpiredLeaseIsTakenFromOthersOnly(t *testing.T) {
	t.Parallel()
	q := openQueue(t, t.TempDir())
	mine, other := newShift(t, q, nil), newShift(t, q, nil)
	startTest(t, q, "")
	startTest(t, q, "")
	mustClaim(t, q, mine.lessee)
	hung := mustClaim(t, q, other.lessee)
	mine.sweep(t.Context())
	if _, ok := claimTest(t, q, "third"); ok {
		t.Fatal("a lease that holds was taken")
	}
	execSQL(t, q, `UPDATE jobs SET until = until - 3600000`)
	mine.sweep(t.Context())
	if l := mustClaim(t, q, "third"); l.job != hung.job {
		t.Error("one's own lease was taken")
	}
	if _, ok := claimTest(t, q, "third"); ok {
		t.Error("one's own lease was taken too")
	}
}

func TestLeasesAreRenewed(t *testing.T) {
	t.Parallel()
	q := openQueue(t, t.TempDir())
	s := newShift(t, q, map[string]Handler{"crawl": func(ctx context.Context, _ *Run) (any, error) { <-ctx.Done(); return nil, nil }})
	startTest(t, q, "")
	s.claim(t.Context())
	execSQL(t, q, `UPDATE jobs SET until = 1`)
	until := func() (v int64) {
		if err := q.table.db.Read.QueryRow(`SELECT until FROM jobs`).Scan(&v); err != nil {
			t.Fatal(err)
		}
		return v
	}
	if s.save(t.Context()); until() != 1 {
		t.Error("renewed too early")
	}
	s.renewed = time.Now().Add(-s.pace.renew)
	if s.save(t.Context()); time.UnixMilli(until()).Before(time.Now().Add(s.pace.term - 10*time.Second)) {
		t.Errorf("lease until %v", time.UnixMilli(until()))
	}
	s.runs()[0].cancel(nil)
	s.finish(t.Context(), <-s.returned)
}

// TestLostLeases holds the limit: three more claims without progress, each after
// a longer pause; progress and a new request of the user start the count anew.
func TestLostLeases(t *testing.T) {
	t.Parallel()
	q := openQueue(t, t.TempDir())
	job := startTest(t, q, "k")
	lose := func(done int64) (pause int64) {
		t.Helper()
		execSQL(t, q, `UPDATE jobs SET due = 1 WHERE id = ?`, job.ID) // the pause is over
		l := mustClaim(t, q, "gone")
		if done > 0 {
			if _, err := q.table.save(t.Context(), []report{{lease: l, progress: &Progress{Done: done}}}); err != nil {
				t.Fatal(err)
			}
		}
		if n, err := q.recover(t.Context(), "", false); err != nil || n != 1 {
			t.Fatalf("recovered %d (%v)", n, err)
		}
		if err := q.table.db.Read.QueryRow(`SELECT max(0, due - `+now+`) FROM jobs WHERE id = ?`, job.ID).Scan(&pause); err != nil {
			t.Fatal(err)
		}
		return pause
	}
	wantPauses := func(what string, done int64, least ...int64) {
		t.Helper()
		for i, want := range least {
			if got := lose(done); got < want*9/10-200 || got > want {
				t.Errorf("%s, loss %d: a pause of %d ms, want %d", what, i+1, got, want)
			}
		}
	}
	wantPauses("no progress", 0, 0, 1000, 2000)
	wantPauses("progress", 5, 0)
	wantPauses("no further", 5, 1000, 2000)
	if _, joined, err := q.Start(t.Context(), Request{Kind: "crawl", Key: "k"}); err != nil || !joined {
		t.Fatal(joined, err)
	}
	wantPauses("asked again", 5, 0, 1000, 2000)
	lose(5)
	got := getTest(t, q, job.ID)
	if got.Status != Failed || got.Error == nil || !strings.Contains(got.Error.Message, "4 times without progress") || got.Finished.IsZero() {
		t.Fatalf("%+v %+v", got, got.Error)
	}
	if _, err := q.Retry(t.Context(), job.ID); err != nil {
		t.Fatal(err)
	}
	wantPauses("retried", 0, 0)
}

func TestACanceledJobOfADeadProcessEnds(t *testing.T) {
	t.Parallel()
	q := openQueue(t, t.TempDir())
	for name, end := range map[string]func(Job){
		"cancel then death": func(job Job) {
			execSQL(t, q, `UPDATE jobs SET cancel = 1 WHERE id = ?`, job.ID)
			if _, err := q.Recover(t.Context()); err != nil {
				t.Fatal(err)
			}
		},
		"death then cancel": func(job Job) {
			if _, err := q.Cancel(t.Context(), job.ID); err != nil {
				t.Fatal(err)
			}
		},
	} {
		job := startTest(t, q, "")
		mustClaim(t, q, "gone")
		if end(job); getTest(t, q, job.ID).Status != Canceled {
			t.Errorf("%s: %+v", name, getTest(t, q, job.ID))
		}
	}
}

func TestCancelAgainstHandBack(t *testing.T) {
	t.Parallel()
	q := openQueue(t, t.TempDir())
	s := newShift(t, q, nil)
	job := startTest(t, q, "")
	l := mustClaim(t, q, s.lessee)
	if got, err := q.Cancel(t.Context(), job.ID); err != nil || got.Status != Running {
		t.Fatalf("%+v %v", got, err)
	}
	if _, err := q.table.finish(t.Context(), report{lease: l}, handedBack()); err != nil {
		t.Fatal(err)
	}
	if got := getTest(t, q, job.ID); got.Status != Canceled || got.Finished.IsZero() {
		t.Errorf("%+v", got)
	}
}

func TestProcesses(t *testing.T) {
	t.Parallel()
	p := newProcesses(filepath.Join(t.TempDir(), "procs"))
	name, leave, err := p.enlist(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if p.dead(name) {
		t.Error("a live process is dead")
	}
	for _, other := range []string{"", "none", "../x", "a/b", ".."} {
		if !p.dead(other) {
			t.Errorf("%q lives", other)
		}
	}
	crashed := filepath.Join(p.dir, "crashed") // its lock is gone with it
	if err := os.WriteFile(crashed, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if !p.dead("crashed") {
		t.Error("a process without a lock lives")
	}
	if _, err := os.Stat(crashed); err == nil {
		t.Error("the file of a dead process stays")
	}
	leave()
	if !p.dead(name) {
		t.Error("a process that has left lives")
	}
	if names, err := p.others(""); err != nil || len(names) != 0 {
		t.Errorf("files left: %v (%v)", names, err)
	}
}

func TestOldJobsAreDiscarded(t *testing.T) {
	t.Parallel()
	q := openQueue(t, t.TempDir())
	s := newShift(t, q, nil)
	old, fresh := startTest(t, q, ""), startTest(t, q, "")
	for _, job := range []Job{old, fresh} {
		if _, err := q.Cancel(t.Context(), job.ID); err != nil {
			t.Fatal(err)
		}
	}
	execSQL(t, q, `UPDATE jobs SET finished = finished - ? WHERE id = ?`, (30*24*time.Hour + time.Minute).Milliseconds(), old.ID)
	s.sweep(t.Context())
	if _, err := q.Get(t.Context(), old.ID); err == nil {
		t.Error("an old job stays")
	}
	getTest(t, q, fresh.ID)
	var events int
	if err := q.table.db.Read.QueryRow(`SELECT count(*) FROM job_events WHERE job = ?`, old.ID).Scan(&events); err != nil || events != 0 {
		t.Errorf("%d events of a job that is gone (%v)", events, err)
	}
}

// TestAFinishThatFailsIsRepeated has a database that cannot be written for a
// while: the outcome and what was said before are not lost.
func TestAFinishThatFailsIsRepeated(t *testing.T) {
	t.Parallel()
	q := openQueue(t, t.TempDir())
	s := newShift(t, q, map[string]Handler{"crawl": func(_ context.Context, r *Run) (any, error) {
		r.Report(Progress{Done: 3})
		r.Event("said")
		return "result", nil
	}})
	job := startTest(t, q, "")
	s.claim(t.Context())
	execSQL(t, q, `CREATE TRIGGER broken BEFORE UPDATE ON jobs BEGIN SELECT RAISE(ABORT, 'broken'); END`)
	s.finish(t.Context(), <-s.returned)
	s.save(t.Context())
	if s.count() != 1 {
		t.Fatal("the run is forgotten")
	}
	execSQL(t, q, `DROP TRIGGER broken`)
	s.save(t.Context())
	got := getTest(t, q, job.ID)
	if got.Status != Completed || got.Progress.Done != 3 || string(got.Result) != `"result"` || s.count() != 0 {
		t.Errorf("%+v", got)
	}
	var said []string
	for _, e := range got.Events {
		said = append(said, strings.Fields(e.Message)[0])
	}
	if fmt.Sprint(said) != "[attempt said completed]" {
		t.Errorf("events %v", said)
	}
}

func TestReportsAreThrottled(t *testing.T) {
	t.Parallel()
	r := &Run{}
	for i := range 1000 {
		r.Report(Progress{Done: int64(i)})
		r.Event("e%d", i)
	}
	rep, some := r.take()
	if !some || rep.progress.Done != 999 || len(rep.events) != maxEvents || rep.events[maxEvents-1].Message != "e999" {
		t.Errorf("%v %+v", some, rep.progress)
	}
	if _, some := r.take(); some {
		t.Error("the same was taken twice")
	}
	r.Report(Progress{Done: 1000})
	r.untake(rep)
	if again, _ := r.take(); again.progress.Done != 1000 || len(again.events) != maxEvents {
		t.Errorf("%+v", again.progress)
	}
}

func TestIDs(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 26, 1, 2, 3, 4e6, time.UTC)
	first, second, later := newID(at), newID(at), newID(at.Add(time.Microsecond))
	if first == second || max(first, second) > later {
		t.Errorf("%s %s %s", first, second, later)
	}
	if !regexp.MustCompile(`^01a2155f-b2fc-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`).MatchString(first) {
		t.Errorf("%s is no UUID of version 7 of that time", first)
	}
}

func TestBell(t *testing.T) {
	t.Parallel()
	var b bell
	b.ring("a") // nobody listens
	first, quitFirst := b.listen("a")
	second, quitSecond := b.listen("a")
	other, quitOther := b.listen("b")
	b.ring("a")
	b.ring("a")
	<-first
	<-second
	for name, ear := range map[string]<-chan struct{}{"first": first, "second": second, "other": other} {
		select {
		case <-ear:
			t.Errorf("%s heard too much", name)
		default:
		}
	}
	quitFirst()
	quitSecond()
	quitOther()
	if len(b.ears) != 0 {
		t.Errorf("%d topics stay", len(b.ears))
	}
}

// BenchmarkStartToClaim measures from Start until the handler runs.
func BenchmarkStartToClaim(b *testing.B) {
	q := openQueue(b, b.TempDir())
	running := make(chan struct{})
	ctx, cancel := context.WithCancel(b.Context())
	done := make(chan error, 1)
	go func() {
		done <- NewWorker(q, map[string]Handler{"crawl": func(context.Context, *Run) (any, error) {
			running <- struct{}{}
			return nil, nil
		}}, "").Run(ctx)
	}()
	for b.Loop() {
		startTest(b, q, "")
		<-running
	}
	cancel()
	if err := <-done; err != nil {
		b.Fatal(err)
	}
}
