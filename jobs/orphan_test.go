package jobs

import (
	"testing"
)

// A job whose process was killed stays running in its row until somebody takes
// it over; who looks is to know.
func TestAJobOfADeadProcessIsAnOrphan(t *testing.T) {
	t.Parallel()
	q := openQueue(t, t.TempDir())
	s := newShift(t, q, nil)
	for lessee, want := range map[string]bool{"gone": true, s.lessee: false} {
		job := startTest(t, q, "")
		if job.Orphaned {
			t.Error("a pending job is an orphan")
		}
		mustClaim(t, q, lessee)
		list, _, err := q.List(t.Context(), Filter{})
		if err != nil || len(list) == 0 || list[0].ID != job.ID || list[0].Orphaned != want {
			t.Errorf("%s: listed as %+v (%v), want orphaned %v", lessee, list, err, want)
		}
		if got := getTest(t, q, job.ID); got.Status != Running || got.Orphaned != want {
			t.Errorf("%s: %+v, want orphaned %v", lessee, got, want)
		}
	}
}

func TestShared(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	q := openQueue(t, dir)
	newShift(t, q, nil)
	if shared, err := q.Shared(t.Context()); err != nil || shared {
		t.Errorf("shared with its own worker: %v, %v", shared, err)
	}
	newShift(t, openQueue(t, dir), nil)
	if shared, err := q.Shared(t.Context()); err != nil || !shared {
		t.Errorf("a worker of another process: %v, %v", shared, err)
	}
}
