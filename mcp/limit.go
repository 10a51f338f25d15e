package mcp

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// limiter bounds what one credential asks for over HTTP.
type limiter struct {
	atOnce    int // running requests, and apart from them, listeners
	perMinute int // 0: any number

	mu        sync.Mutex
	bySubject map[string]*allowance
}

// allowance is one credential's.
type allowance struct {
	running, listening int
	bucket             *rate.Limiter // nil: no rate
	used               time.Time
}

// enter counts a request in. Where it may not run now, it returns how long to
// wait and no leave.
func (l *limiter) enter(subject string, listener bool, now time.Time) (leave func(), wait time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	a := l.allowance(subject)
	a.used = now
	count := &a.running
	if listener {
		count = &a.listening
	}
	if *count >= l.atOnce {
		return nil, time.Second
	}
	if a.bucket != nil {
		take := a.bucket.ReserveN(now, 1)
		if wait := take.DelayFrom(now); wait > 0 {
			take.CancelAt(now)
			return nil, wait
		}
	}
	*count++
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		*count--
	}, 0
}

func (l *limiter) allowance(subject string) *allowance {
	if l.bySubject == nil {
		l.bySubject = make(map[string]*allowance)
	}
	a, ok := l.bySubject[subject]
	if !ok {
		a = &allowance{}
		if l.perMinute > 0 {
			a.bucket = rate.NewLimiter(rate.Limit(float64(l.perMinute)/60), l.perMinute)
		}
		l.bySubject[subject] = a
	}
	return a
}

// sweep forgets credentials whose bucket is full again.
func (l *limiter) sweep(now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for subject, a := range l.bySubject {
		if a.running+a.listening == 0 && now.Sub(a.used) > time.Minute {
			delete(l.bySubject, subject)
		}
	}
}
