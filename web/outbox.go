package web

import (
	"context"
	"sync"
	"time"
)

// outbox is the queue between those who send and the one writer, bounded in
// frames and bytes. A single frame always fits.
type outbox struct {
	filled chan struct{} // holds a mark while there may be frames

	mu     sync.Mutex
	frames [][]byte
	bytes  int
}

func newOutbox() *outbox { return &outbox{filled: make(chan struct{}, 1)} }

// put queues a frame, or reports that there is no room.
func (o *outbox) put(raw []byte) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.frames) > 0 && (len(o.frames) >= maxQueuedFrames || o.bytes+len(raw) > maxQueuedBytes) {
		return false
	}
	o.frames = append(o.frames, raw)
	o.bytes += len(raw)
	select {
	case o.filled <- struct{}{}:
	default: // the mark is there
	}
	return true
}

// take waits for the next frame.
func (o *outbox) take(ctx context.Context) ([]byte, error) {
	for {
		if raw, ok := o.next(); ok {
			return raw, nil
		}
		select {
		case <-o.filled:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

func (o *outbox) next() ([]byte, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.frames) == 0 {
		o.frames = nil // lets go of what has grown
		return nil, false
	}
	raw := o.frames[0]
	o.frames[0] = nil
	o.frames = o.frames[1:]
	o.bytes -= len(raw)
	return raw, true
}

// window allows n events in any minute. Only the reader uses it.
type window struct {
	times []time.Time // a ring
	at    int
}

func newWindow(n int) window { return window{times: make([]time.Time, n)} }

// allow counts an event, or says how long to wait until one is allowed.
func (w *window) allow(now time.Time) (wait time.Duration) {
	oldest := w.times[w.at]
	if wait = time.Minute - now.Sub(oldest); !oldest.IsZero() && wait > 0 {
		return wait
	}
	w.times[w.at] = now
	w.at = (w.at + 1) % len(w.times)
	return 0
}
