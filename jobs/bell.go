package jobs

import "sync"

// Topics of the bell, besides the ids of jobs.
const (
	newWork = "work" // a job became claimable
	stopped = "stop" // a running job was canceled
)

// bell wakes listeners of this process. It carries nothing: who hears it looks
// at the row. Rings that come before a listener has looked are one.
type bell struct {
	mu   sync.Mutex
	ears map[string]map[chan struct{}]struct{}
}

// listen returns a channel that hears topic until quit is called.
func (b *bell) listen(topic string) (heard <-chan struct{}, quit func()) {
	ear := make(chan struct{}, 1)
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ears == nil {
		b.ears = map[string]map[chan struct{}]struct{}{}
	}
	if b.ears[topic] == nil {
		b.ears[topic] = map[chan struct{}]struct{}{}
	}
	b.ears[topic][ear] = struct{}{}
	return ear, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		delete(b.ears[topic], ear)
		if len(b.ears[topic]) == 0 {
			delete(b.ears, topic)
		}
	}
}

func (b *bell) ring(topic string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for ear := range b.ears[topic] {
		select {
		case ear <- struct{}{}:
		default: // it has not looked since the last ring
		}
	}
}
