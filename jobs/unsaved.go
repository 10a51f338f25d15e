package jobs

import (
	"sync"
	"time"
)

// unsavedFor is how long a job's end may stay unwritten before those who wait
// for it in this process are told.
const unsavedFor = 3 * time.Second

// unsaved are jobs of this process that have ended while their rows cannot say
// so, as on a full disk. Their worker goes on trying; who waits for one would
// wait as long as the disk is full.
type unsaved struct {
	mu   sync.Mutex
	jobs map[string]unsavedEnd
}

type unsavedEnd struct {
	since time.Time
	err   error // of the last attempt
}

// note keeps that a job's end could not be written.
func (u *unsaved) note(id string, err error, now time.Time) {
	u.mu.Lock()
	defer u.mu.Unlock()
	end, again := u.jobs[id]
	if !again {
		end.since = now
	}
	end.err = err
	if u.jobs == nil {
		u.jobs = make(map[string]unsavedEnd)
	}
	u.jobs[id] = end
}

// forget drops a job whose end is written.
func (u *unsaved) forget(id string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.jobs, id)
}

// of returns why a job's end is not written, where that has gone on for a while.
func (u *unsaved) of(id string, now time.Time) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	if end, known := u.jobs[id]; known && now.Sub(end.since) >= unsavedFor {
		return end.err
	}
	return nil
}
