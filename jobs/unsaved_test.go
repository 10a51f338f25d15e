package jobs

import (
	"errors"
	"testing"
	"time"
)

// TestUnsaved: a job whose end cannot be written is told of after a while, and
// no longer once it is written.
func TestUnsaved(t *testing.T) {
	t.Parallel()
	var u unsaved
	full, now := errors.New("full"), time.Now()
	u.note("a", errors.New("first"), now)
	u.note("a", full, now.Add(time.Second))
	for after, want := range map[time.Duration]error{0: nil, unsavedFor - 1: nil, unsavedFor: full} {
		if got := u.of("a", now.Add(after)); got != want {
			t.Errorf("after %s: %v, want %v", after, got, want)
		}
	}
	if got := u.of("b", now.Add(time.Hour)); got != nil {
		t.Errorf("another job: %v", got)
	}
	u.forget("a")
	if got := u.of("a", now.Add(time.Hour)); got != nil {
		t.Errorf("written: %v", got)
	}
}
