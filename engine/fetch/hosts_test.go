package fetch

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// enterAll enters n times, one after the other, and returns how long it took.
func enterAll(t *testing.T, h *hosts, u *url.URL, n int, delay time.Duration, status int) time.Duration {
	t.Helper()
	began := time.Now()
	for range n {
		p, err := h.enter(t.Context(), u, delay)
		if err != nil {
			t.Fatal(err)
		}
		p.heard(status)
		p.leave()
	}
	return time.Since(began)
}

func TestPauses(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		host  string
		delay time.Duration
		want  time.Duration // of eleven requests
	}{
		"elsewhere":           {"example.com", 0, time.Second},
		"loopback":            {"127.0.0.1:8080", 0, 0},
		"loopback, asked for": {"127.0.0.1", 50 * time.Millisecond, 500 * time.Millisecond},
		"none":                {"example.com", -1, 0},
		"Crawl-delay":         {"example.com", 2 * time.Second, 20 * time.Second},
		"at most 30 seconds":  {"example.com", time.Hour, 300 * time.Second},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				if got := enterAll(t, newHosts(), &url.URL{Host: test.host}, 11, test.delay, 200); got != test.want {
					t.Errorf("took %s, want %s", got, test.want)
				}
			})
		})
	}
}

func TestSlowsDownAndComesBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h, u := newHosts(), &url.URL{Host: "example.com"}
		enterAll(t, h, u, 2, 0, http.StatusOK)
		enterAll(t, h, u, 1, 0, http.StatusTooManyRequests)
		time.Sleep(time.Minute)
		if got := enterAll(t, h, u, 11, 0, http.StatusOK); got != 2*time.Second {
			t.Errorf("after 429, ten pauses take %s, want twice as long as before", got)
		}
		enterAll(t, h, u, 1, 0, http.StatusServiceUnavailable)
		time.Sleep(time.Minute)
		if got := enterAll(t, h, u, 11, 0, http.StatusOK); got != 4*time.Second {
			t.Errorf("after 503, ten pauses take %s", got)
		}
		enterAll(t, h, u, 300, 0, http.StatusOK)
		time.Sleep(time.Minute)
		if got := enterAll(t, h, u, 11, 0, http.StatusOK); got != time.Second {
			t.Errorf("after good answers, ten pauses take %s, want as long as at first", got)
		}
	})
}

func TestEightAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h, u := newHosts(), &url.URL{Host: "127.0.0.1"}
		var inside, most atomic.Int32
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() {
				p, err := h.enter(t.Context(), u, 0)
				if err != nil {
					t.Error(err)
					return
				}
				defer p.leave()
				if n := inside.Add(1); n > most.Load() {
					most.Store(n)
				}
				time.Sleep(time.Second)
				inside.Add(-1)
			})
		}
		wg.Wait()
		if most.Load() != perHost {
			t.Errorf("%d at once", most.Load())
		}
		for range perHost {
			if _, err := h.enter(t.Context(), u, 0); err != nil {
				t.Fatal(err)
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := h.enter(ctx, u, 0); err == nil {
			t.Error("a ninth came in")
		}
	})
}

func TestTableOfHostsIsBounded(t *testing.T) {
	t.Parallel()
	h := newHosts()
	for n := range 3 * maxHosts {
		if _, err := h.enter(t.Context(), &url.URL{Host: fmt.Sprintf("h%d.example.com", n)}, -1); err != nil {
			t.Fatal(err)
		}
		h.m[fmt.Sprintf("h%d.example.com", n)].slots = make(chan struct{}, perHost) // it is left
	}
	if len(h.m) > maxHosts {
		t.Errorf("%d hosts are kept", len(h.m))
	}
}
