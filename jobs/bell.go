package jobs

import "sync"

// bell wakes everybody who listens, within one process. A ring is only a hint:
// who misses it looks at the row at its next poll.
type bell struct {
	mu sync.Mutex
	ch chan struct{}
}

func newBell() *bell { return &bell{ch: make(chan struct{})} }

// heard returns a channel that is closed at the next ring. Take it before
// looking at the row.
func (b *bell) heard() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.ch
}

func (b *bell) ring() {
	b.mu.Lock()
	defer b.mu.Unlock()
	close(b.ch)
	b.ch = make(chan struct{})
}
