package web

import (
	"context"
	"sync"
	"time"
)

// outbox is the queue between those who send and the one writer, bounded in
// frames and bytes. A single frame always fits. Whoever has more to send than it
// holds, such as what a session keeps, offers it.
type outbox struct {
	filled chan struct{} // holds a mark while there may be frames

	mu     sync.Mutex
	frames [][]byte
	bytes  int
	eased  chan struct{} // closed when half is free again; nil where nobody waits for that
}

func newOutbox() *outbox { return &outbox{filled: make(chan struct{}, 1)} }

// put queues a frame, or reports that there is no room.
func (o *outbox) put(raw []byte) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.frames) > 0 && (len(o.frames) >= maxQueuedFrames || o.bytes+len(raw) > maxQueuedBytes) {
		return false
	}
	o.add(raw)
	return true
}

// add queues a frame. The lock is held.
func (o *outbox) add(raw []byte) {
	o.frames = append(o.frames, raw)
	o.bytes += len(raw)
	select {
	case o.filled <- struct{}{}:
	default: // the mark is there
	}
}

// offer is put for those who can hold back what they send: it waits until half
// of the queue is free, and the other half stays for those who cannot. It fails
// with errSlow where that takes longer than one write may.
func (o *outbox) offer(ctx context.Context, raw []byte) error {
	ctx, stop := context.WithTimeoutCause(ctx, writeTime, errSlow)
	defer stop()
	for ctx.Err() == nil {
		o.mu.Lock()
		if o.half() {
			o.add(raw)
			o.mu.Unlock()
			return nil
		}
		if o.eased == nil {
			o.eased = make(chan struct{})
		}
		eased := o.eased
		o.mu.Unlock()
		select {
		case <-eased:
		case <-ctx.Done():
		}
	}
	return context.Cause(ctx)
}

// half reports whether half of the queue is free. The lock is held.
func (o *outbox) half() bool {
	return len(o.frames) <= maxQueuedFrames/2 && o.bytes <= maxQueuedBytes/2
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
	if o.eased != nil && o.half() {
		close(o.eased)
		o.eased = nil
	}
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
