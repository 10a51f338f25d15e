package main

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"testing"
	"time"
)

func untilDone(ctx context.Context) error {
	<-ctx.Done()
	return ctx.Err()
}

func TestRunAll(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	for name, row := range map[string]struct {
		parts []part
		stop  bool // end the context from outside
		want  error
	}{
		"the first to fail stops the rest": {
			parts: []part{{name: "a", run: untilDone}, {name: "b", run: func(context.Context) error { return broken }}},
			want:  broken,
		},
		"a leading part that ends well ends all": {
			parts: []part{{name: "a", run: untilDone}, {name: "b", leads: true, run: func(context.Context) error { return nil }}},
		},
		"told to end is not failed": {
			parts: []part{{name: "a", run: untilDone}, {name: "b", run: untilDone, leads: true}},
			stop:  true,
		},
		"a failure while ending is told": {
			parts: []part{{name: "a", run: func(ctx context.Context) error { <-ctx.Done(); return broken }}},
			stop:  true,
			want:  broken,
		},
		"a part that is done does not end the others": {
			parts: []part{
				{name: "a", run: func(context.Context) error { return nil }},
				{name: "b", run: func(ctx context.Context) error {
					select {
					case <-ctx.Done():
						return errors.New("stopped too early")
					case <-time.After(20 * time.Millisecond):
						return broken
					}
				}},
			},
			want: broken,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if row.stop {
				cancel()
			}
			err := runAll(ctx, row.parts...)
			if !errors.Is(err, row.want) || (row.want == nil && err != nil) {
				t.Errorf("err = %v, want %v", err, row.want)
			}
		})
	}
}

// A request that is being answered when the end is asked for gets its answer.
func TestListenDrains(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	began, goOn := make(chan struct{}), make(chan struct{})
	srv := &http.Server{ReadHeaderTimeout: time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(began)
		<-goOn
		io.WriteString(w, "whole")
	})}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- listen(l, srv, 5*time.Second)(ctx) }()
	answer := make(chan string, 1)
	go func() {
		resp, err := http.Get("http://" + l.Addr().String())
		if err != nil {
			answer <- err.Error()
			return
		}
		defer resp.Body.Close()
		body, _ := io.ReadAll(resp.Body)
		answer <- string(body)
	}()
	<-began
	cancel()
	close(goOn)
	if got := <-answer; got != "whole" {
		t.Errorf("answer = %q", got)
	}
	if err := <-ended; err != nil {
		t.Errorf("err = %v", err)
	}
}
