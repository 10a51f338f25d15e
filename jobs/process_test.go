package jobs

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/axon-mcp/axon-mcp/store"
)

// childDir, in the environment, makes this test binary a worker on that data
// directory.
const childDir = "AXON_JOBS_TEST_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		if err := childMain(dir, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

// childMain runs jobs until SIGTERM. "hold" blocks until it is stopped, "steps"
// goes on where an earlier attempt was killed. Each begin is told in one line.
func childMain(dir string, out io.Writer) error {
	ctx, cancel := context.WithCancelCause(context.Background())
	term := make(chan os.Signal, 1)
	signal.Notify(term, syscall.SIGTERM)
	go func() {
		<-term
		cancel(ErrShutdown)
	}()
	db, err := store.Open(ctx, dir)
	if err != nil {
		return err
	}
	defer db.Close()
	fmt.Fprintln(out, "ready")
	return NewWorker(NewQueue(db, Config{}, nil), map[string]Handler{
		"hold": func(ctx context.Context, r *Run) (any, error) {
			fmt.Fprintln(out, "hold", r.Job.ID)
			<-ctx.Done()
			return nil, ctx.Err()
		},
		"steps": func(ctx context.Context, r *Run) (any, error) {
			fmt.Fprintln(out, "steps", r.Job.ID)
			for i := r.Job.Progress.Done; i < 20; i++ {
				select {
				case <-time.After(25 * time.Millisecond): // the work
				case <-ctx.Done():
					return nil, ctx.Err()
				}
				r.Report(Progress{Done: i + 1, Total: 20})
			}
			return nil, nil
		},
	}, "").Run(ctx)
}

// child is a worker in a process of its own.
type child struct {
	cmd   *exec.Cmd
	lines chan string // what it says; closed at its end
}

func spawn(t *testing.T, dir string) *child {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childDir+"="+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	c := &child{cmd, make(chan string, 1000)}
	go func() {
		defer close(c.lines)
		for s := bufio.NewScanner(out); s.Scan(); {
			c.lines <- s.Text()
		}
	}()
	t.Cleanup(c.kill)
	c.expect(t, "ready")
	return c
}

func (c *child) expect(t *testing.T, want string) {
	t.Helper()
	if got := <-c.lines; got != want {
		t.Fatalf("the child said %q, want %q", got, want)
	}
}

// kill is kill -9. It may be called twice.
func (c *child) kill() {
	_ = c.cmd.Process.Kill()
	for range c.lines { // until its end
	}
	_ = c.cmd.Wait()
}

func TestTakeOver(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	q := openQueue(t, dir)
	first := spawn(t, dir)
	job, _, err := q.Start(t.Context(), Request{Kind: "hold"})
	if err != nil {
		t.Fatal(err)
	}
	first.expect(t, "hold "+job.ID)

	second := spawn(t, dir)
	killed := time.Now()
	first.kill()
	second.expect(t, "hold "+job.ID)
	took := time.Since(killed)
	t.Logf("taken over by a live process after %v", took)
	if took > 5*time.Second {
		t.Errorf("taken over after %v, want 5 s at most", took)
	}

	second.kill() // nobody is left; the next start goes on
	killed = time.Now()
	third := spawn(t, dir)
	third.expect(t, "hold "+job.ID)
	t.Logf("taken over by a new process %v after its start", time.Since(killed))
	got := getTest(t, q, job.ID)
	if got.Status != Running || got.Attempt != 3 {
		t.Errorf("%+v", got)
	}

	if _, err := q.Cancel(t.Context(), job.ID); err != nil { // reaches the other process
		t.Fatal(err)
	}
	if got, err := q.Wait(t.Context(), job.ID, nil); err != nil || got.Status != Canceled {
		t.Errorf("%+v %v", got, err)
	}
}

func TestTermHandsBack(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	q := openQueue(t, dir)
	c := spawn(t, dir)
	job, _, err := q.Start(t.Context(), Request{Kind: "hold"})
	if err != nil {
		t.Fatal(err)
	}
	c.expect(t, "hold "+job.ID)
	if err := c.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	for range c.lines {
	}
	if err := c.cmd.Wait(); err != nil {
		t.Error(err)
	}
	if got := getTest(t, q, job.ID); got.Status != Pending || got.Attempt != 0 {
		t.Errorf("%+v", got)
	}
	if names, err := q.processes.others(""); err != nil || len(names) != 0 {
		t.Errorf("files of processes are left: %v (%v)", names, err)
	}
}

// TestKillsHurtNobody kills workers at random moments while they share out
// jobs: each job ends once, completed, and the database stays whole.
func TestKillsHurtNobody(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	q := openQueue(t, dir)
	var all []string
	for range 8 {
		job, _, err := q.Start(t.Context(), Request{Kind: "steps"})
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, job.ID)
	}
	workers := []*child{spawn(t, dir), spawn(t, dir), spawn(t, dir)}
	for range 8 {
		i := rand.IntN(len(workers))
		<-time.After(time.Duration(50+rand.IntN(200)) * time.Millisecond)
		workers[i].kill()
		workers[i] = spawn(t, dir)
	}
	var wg sync.WaitGroup
	for _, id := range all {
		wg.Go(func() {
			job, err := q.Wait(t.Context(), id, nil)
			if err == nil && job.Status == Failed { // killed too often by chance: the operator tries again
				if job, err = q.Retry(t.Context(), id); err == nil {
					job, err = q.Wait(t.Context(), id, nil)
				}
			}
			if err != nil || job.Status != Completed || job.Progress.Done != 20 {
				t.Errorf("%+v %+v %v", job, job.Error, err)
			}
			ends := 0
			for _, e := range job.Events {
				if strings.HasPrefix(e.Message, "completed") {
					ends++
				}
			}
			if ends != 1 {
				t.Errorf("job %s ended %d times", id, ends)
			}
		})
	}
	wg.Wait()
	var verdict string
	if err := q.table.db.Read.QueryRow(`PRAGMA integrity_check`).Scan(&verdict); err != nil || verdict != "ok" {
		t.Errorf("integrity: %s (%v)", verdict, err)
	}
}
