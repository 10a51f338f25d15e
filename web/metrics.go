package web

import (
	"sync"
	"time"
)

// metrics counts what the listener does.
type metrics struct {
	now func() time.Time

	mu       sync.Mutex
	requests map[int]int64 // by hundred of their status
	seconds  float64
}

func newMetrics(now func() time.Time) *metrics {
	return &metrics{now: now, requests: make(map[int]int64)}
}

func (m *metrics) request(_ string, status int, took time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.requests[status/100]++
	m.seconds += took.Seconds()
}
