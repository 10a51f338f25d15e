package oauth

import (
	"sync"
	"time"
)

// limits bound what one address, or one client from one address, may ask for
// (K7, X11). They are this process's own: replicas multiply them.
type limits struct {
	register, token, authorize *window
	// tokenFrom bounds one address whatever clients it names: each of another name
	// would have an allowance of its own, and a document fetched for it.
	tokenFrom *window
}

func newLimits() limits {
	return limits{
		register:  &window{most: 10, per: time.Hour},
		token:     &window{most: 60, per: time.Minute},
		authorize: &window{most: 300, per: time.Minute},
		tokenFrom: &window{most: 300, per: time.Minute},
	}
}

// window lets most events a key happen in any span of per.
type window struct {
	most int
	per  time.Duration

	mu sync.Mutex
	at map[string][]time.Time
}

// maxKeys bounds the memory of a window. When it is full of live keys, the
// ones that come new share one allowance.
const (
	maxKeys  = 10_000
	overflow = "(others)"
)

// take counts an event of key, and otherwise says how long to wait. undo takes
// it back.
func (l *window) take(key string, now time.Time) (undo func(), wait time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.at == nil {
		l.at = make(map[string][]time.Time)
	}
	if _, known := l.at[key]; !known && len(l.at) >= maxKeys {
		l.sweep(now)
		if len(l.at) >= maxKeys {
			key = overflow
		}
	}
	events := l.live(key, now)
	if len(events) >= l.most {
		l.at[key] = events
		return nil, events[0].Add(l.per).Sub(now)
	}
	l.at[key] = append(events, now)
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		for i, event := range l.at[key] {
			if event.Equal(now) {
				l.at[key] = append(l.at[key][:i:i], l.at[key][i+1:]...)
				return
			}
		}
	}, 0
}

func (l *window) live(key string, now time.Time) []time.Time {
	events := l.at[key]
	for len(events) > 0 && now.Sub(events[0]) >= l.per {
		events = events[1:]
	}
	return events
}

func (l *window) sweep(now time.Time) {
	for key := range l.at {
		if len(l.live(key, now)) == 0 {
			delete(l.at, key)
		}
	}
}
