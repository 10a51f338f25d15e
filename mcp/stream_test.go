package mcp

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/axon-mcp/axon-mcp/jobs"
	"github.com/axon-mcp/axon-mcp/security"
	"github.com/axon-mcp/axon-mcp/tools"
)

// A thousand notifications sent right before the handler returns all arrive, in
// order, before the answer. The library alone loses 1 to 5 in a hundred.
func TestNotificationsAreNotLost(t *testing.T) {
	t.Parallel()
	const many = 1_000
	registry := func() *fake {
		f := newFake()
		f.add("shout", security.ScopeRead, func(ctx context.Context, _ tools.Call) (*tools.Result, error) {
			for i := range many {
				if err := exchangeFrom(ctx).Notify("notifications/message", map[string]int{"data": i}); err != nil {
					return nil, err
				}
			}
			return &tools.Result{}, nil
		})
		return f
	}
	doors(t, registry, func(t *testing.T, ask func(name, args, more string) []sent) {
		got := ask("shout", "{}", "")
		if len(got) != many+1 {
			t.Fatalf("%d messages, want %d and the answer", len(got), many)
		}
		for i, one := range got[:many] {
			if want := fmt.Sprintf(`{"data":%d}`, i); string(one.Params) != want {
				t.Fatalf("message %d is %s", i, one.raw)
			}
		}
		if got[many].Result == nil {
			t.Errorf("the last message is no answer: %s", got[many].raw)
		}
	})
}

// What the library itself sends during a request arrives before the answer.
func TestTheLibrarysNotificationsAreForwarded(t *testing.T) {
	t.Parallel()
	door := doorTo(newFake())
	door.lib.AddTool(mcp.NewTool("log"), func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return &mcp.CallToolResult{}, door.lib.SendNotificationToClient(ctx, "notifications/message", map[string]any{"data": "hi"})
	})
	got := talk(t, door, hello, call(1, "log", "{}", false))
	if len(got) != 3 || got[1].Method != "notifications/message" || got[2].Result == nil {
		t.Errorf("got %+v", got)
	}
}

func TestNothingFollowsTheAnswer(t *testing.T) {
	t.Parallel()
	late := make(chan func() error, 1)
	f := newFake()
	f.add("leak", security.ScopeRead, func(ctx context.Context, _ tools.Call) (*tools.Result, error) {
		x := exchangeFrom(ctx)
		late <- func() error { return x.Notify("notifications/message", nil) }
		return &tools.Result{}, nil
	})
	got := talk(t, doorTo(f), hello, call(1, "leak", "{}", false))
	if err := (<-late)(); !errors.Is(err, errAnswered) {
		t.Errorf("a late notification: %v", err)
	}
	if len(got) != 2 {
		t.Errorf("got %+v", got)
	}
}

// report is a tool that reports progress as fast as it can.
func addReport(f *fake, values ...jobs.Progress) {
	f.add("report", security.ScopeRead, func(_ context.Context, call tools.Call) (*tools.Result, error) {
		if call.Progress == nil {
			return &tools.Result{Structured: json.RawMessage(`{"asked":false}`)}, nil
		}
		for _, value := range values {
			call.Progress(value)
		}
		return &tools.Result{Structured: json.RawMessage(`{"asked":true}`)}, nil
	})
}

func upTo(n int64) []jobs.Progress {
	values := make([]jobs.Progress, n)
	for i := range values {
		values[i] = jobs.Progress{Done: int64(i) + 1, Total: n}
	}
	return values
}

func TestTheLastProgressIsSent(t *testing.T) {
	t.Parallel()
	registry := func() *fake {
		f := newFake()
		addReport(f, upTo(1000)...)
		return f
	}
	doors(t, registry, func(t *testing.T, ask func(name, args, more string) []sent) {
		got := ask("report", "{}", `"_meta":{"progressToken":"p1"}`)
		if answer := got[len(got)-1]; answer.structured("asked") != true {
			t.Fatalf("the answer: %s", answer.raw)
		}
		last, notes := 0.0, got[:len(got)-1]
		for _, one := range notes {
			var p mcp.ProgressNotificationParams
			if err := json.Unmarshal(one.Params, &p); err != nil || one.Method != "notifications/progress" || p.ProgressToken != "p1" {
				t.Fatalf("no progress: %s", one.raw)
			}
			if p.Progress <= last {
				t.Errorf("%v after %v", p.Progress, last)
			}
			last = p.Progress
		}
		if last != 1000 || len(notes) > 5 {
			t.Errorf("%d notifications, the last %v", len(notes), last)
		}
		for _, more := range []string{"", `"_meta":{"progressToken":{}}`, `"_meta":{"progressToken":null}`} {
			if got := ask("report", "{}", more); len(got) != 1 || got[0].structured("asked") != false {
				t.Errorf("without a token (%s): %+v", more, got)
			}
		}
	})
}

// recorder is an outlet that keeps what comes, and when.
type recorder struct {
	values []float64
	at     []time.Time
}

func (r *recorder) canSend() bool { return true }

func (r *recorder) send(msg []byte) error {
	var note struct {
		Params mcp.ProgressNotificationParams
	}
	if err := json.Unmarshal(msg, &note); err != nil {
		return err
	}
	r.values, r.at = append(r.values, note.Params.Progress), append(r.at, time.Now())
	return nil
}

func recorded() (*recorder, *progress) {
	r := &recorder{}
	return r, newProgress(&exchange{client: &client{}, msg: &message{token: json.RawMessage("1")}, out: r})
}

func TestProgressIsSlowAndWhole(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r, p := recorded()
		for i := range int64(500) { // 10 s
			p.report(jobs.Progress{Done: i})
			time.Sleep(20 * time.Millisecond)
		}
		p.end()
		p.report(jobs.Progress{Done: 1_000_000}) // too late
		if last := r.values[len(r.values)-1]; last != 499 {
			t.Errorf("the last value is %v", last)
		}
		for i := range r.values {
			if i > 0 && r.values[i] <= r.values[i-1] {
				t.Errorf("%v after %v", r.values[i], r.values[i-1])
			}
			if i >= 4 && r.at[i].Sub(r.at[i-4]) < time.Second {
				t.Errorf("5 within %v", r.at[i].Sub(r.at[i-4]))
			}
		}
		if len(r.values) < 25 {
			t.Errorf("only %d values in 10 s", len(r.values))
		}
	})
}

// A value that came too soon is sent when its time has come, though nothing
// else happens.
func TestProgressDoesNotWaitForMore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r, p := recorded()
		p.report(jobs.Progress{Done: 0})
		p.report(jobs.Progress{Done: 1})
		p.report(jobs.Progress{Done: 2})
		time.Sleep(time.Second)
		synctest.Wait()
		if want := []float64{0, 2}; !slices.Equal(r.values, want) {
			t.Errorf("sent %v, want %v", r.values, want)
		}
		p.end()
		if len(r.values) != 2 {
			t.Errorf("something was sent twice: %v", r.values)
		}
	})
}

// Each phase of a job counts from zero; the client's value does not fall.
func TestProgressGrowsOverPhases(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r, p := recorded()
		for _, value := range []jobs.Progress{
			{Phase: "crawl", Done: 1}, {Phase: "crawl", Done: 40}, {Phase: "clean", Done: 0}, {Phase: "clean", Done: 3}, {Phase: "clean", Done: 2}, {Phase: "clean", Done: 5},
		} {
			p.report(value)
			time.Sleep(time.Second)
		}
		p.end()
		if want := []float64{1, 40, 43, 45}; !slices.Equal(r.values, want) {
			t.Errorf("sent %v, want %v", r.values, want)
		}
	})
}

func TestCancelOverStdio(t *testing.T) {
	t.Parallel()
	f := newFake()
	b := addBlocked(f)
	p := open(t, doorTo(f))
	p.send(hello)
	p.until(0)
	for i, modern := range []bool{false, true} {
		id := i + 10
		p.send(call(id, "block", "{}", modern))
		b.waitStarted(t)
		p.send(fmt.Sprintf(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":%d}}`, id))
		if err := b.cause(t, time.Second); !errors.Is(err, context.Canceled) {
			t.Errorf("cause: %v", err)
		}
	}
	// Unknown, late and malformed cancels do no harm.
	p.send(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":10}}`,
		`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":{"a":1}}}`,
		`{"jsonrpc":"2.0","method":"notifications/cancelled"}`,
		`{"jsonrpc":"2.0","method":"notifications/cancelled","params":[]}`,
		call(99, "echo", "{}", false))
	// A canceled request has no answer.
	if before, _ := p.until(99); len(before) != 0 {
		t.Errorf("unexpected: %+v", before)
	}
}

func TestCancelInASession(t *testing.T) {
	t.Parallel()
	f := newFake()
	b := addBlocked(f)
	s := serve(t, doorTo(f))
	mine, other := s.session("{}"), s.session("{}")
	response := make(chan answered, 1)
	go func() { response <- s.post(call(7, "block", "{}", false), mine) }()
	b.waitStarted(t)
	cancel := `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":7}}`
	if got := s.post(cancel, other); got.status != http.StatusAccepted {
		t.Errorf("another session's cancel: %d", got.status)
	}
	select {
	case <-b.causes:
		t.Fatal("another session has canceled the call")
	case <-time.After(50 * time.Millisecond):
	}
	s.post(cancel, mine)
	if err := b.cause(t, time.Second); !errors.Is(err, context.Canceled) {
		t.Errorf("cause: %v", err)
	}
	if got := <-response; len(got.sent) != 0 {
		t.Errorf("a canceled request was answered: %+v", got.sent)
	}
}

// In 2026-07-28 a client cancels by going away, and no other client can cancel
// its request; in a session the call goes on.
func TestClientGone(t *testing.T) {
	t.Parallel()
	for _, modern := range []bool{true, false} {
		t.Run(fmt.Sprintf("modern %v", modern), func(t *testing.T) {
			t.Parallel()
			f := newFake()
			b := addBlocked(f)
			door := doorTo(f)
			s := serve(t, door)
			var change func(*http.Request)
			if !modern {
				change = s.session("{}")
			}
			ctx, leave := context.WithCancel(t.Context())
			gone := make(chan struct{})
			go func() {
				defer close(gone)
				res, err := http.DefaultTransport.RoundTrip(s.request(ctx, call(7, "block", "{}", modern), change))
				if err == nil {
					_ = res.Body.Close()
				}
			}()
			b.waitStarted(t)
			s.post(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":7,`+meta+`}}`, nil)
			select {
			case <-b.causes:
				t.Fatal("a stranger has canceled the call")
			case <-time.After(50 * time.Millisecond):
			}
			leave()
			<-gone
			if modern {
				b.cause(t, time.Second)
				return
			}
			select {
			case err := <-b.causes:
				t.Fatalf("the call ended with its connection: %v", err)
			case <-time.After(100 * time.Millisecond):
			}
			door.calls.stopAll(errStopped) // as Run does
			if err := b.cause(t, time.Second); !errors.Is(err, errStopped) {
				t.Errorf("cause: %v", err)
			}
		})
	}
}

func TestDeleteEndsASessionAndItsCalls(t *testing.T) {
	t.Parallel()
	f := newFake()
	b := addBlocked(f)
	s := serve(t, doorTo(f))
	mine := s.session("{}")
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.post(call(7, "block", "{}", false), mine)
	}()
	b.waitStarted(t)
	if got := s.post("", func(r *http.Request) { mine(r); r.Method = http.MethodDelete }); got.status != http.StatusNoContent {
		t.Errorf("DELETE: %d", got.status)
	}
	b.cause(t, time.Second)
	<-done
	if got := s.post(call(8, "echo", "{}", false), mine); got.status != http.StatusNotFound {
		t.Errorf("after DELETE: %d", got.status)
	}
}

// A listener gets what it asked for, tagged, and its result when the server
// stops.
func TestListen(t *testing.T) {
	t.Parallel()
	door := New(newFake(), Config{Shutdown: errStopped}, discard, withListChanged()...)
	s := serve(t, door)
	body := `{"jsonrpc":"2.0","id":"sub","method":"subscriptions/listen","params":{"notifications":{"toolsListChanged":true},` + meta + `}}`
	res, err := http.DefaultTransport.RoundTrip(s.request(t.Context(), body, nil))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	lines := bufio.NewScanner(res.Body)
	next := func() sent {
		for lines.Scan() {
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				return decodeSent(t, data)
			}
		}
		t.Fatal("the stream has ended")
		return sent{}
	}
	if ack := next(); ack.Method != "notifications/subscriptions/acknowledged" {
		t.Fatalf("first: %s", ack.raw)
	}
	door.lib.SendNotificationToAllClients("notifications/prompts/list_changed", nil)
	door.lib.SendNotificationToAllClients("notifications/tools/list_changed", nil)
	if note := next(); note.Method != "notifications/tools/list_changed" || !strings.Contains(note.raw, `"io.modelcontextprotocol/subscriptionId":"sub"`) {
		t.Errorf("notification: %s", note.raw)
	}
	door.calls.stopListeners(errStopped)
	if end := next(); end.ID != "sub" || !strings.Contains(end.raw, `"resultType":"complete"`) {
		t.Errorf("end: %s", end.raw)
	}
}

// Run lets what runs end by itself, and then cancels it with the cause.
func TestRunDrains(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		door := New(newFake(), Config{Shutdown: errStopped}, discard)
		ctx, x := door.newExchange(t.Context(), "http", &client{}, &message{method: "tools/call"}, nil)
		listener, y := door.newExchange(t.Context(), "http", &client{}, &message{method: "subscriptions/listen"}, nil)
		running, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- door.Run(running) }()
		stop()
		synctest.Wait()
		if !errors.Is(context.Cause(listener), errStopped) {
			t.Error("a listener is not ended at once")
		}
		door.close(y)
		time.Sleep(24 * time.Second)
		if ctx.Err() != nil {
			t.Error("canceled before its time")
		}
		time.Sleep(2 * time.Second)
		if cause := context.Cause(ctx); !errors.Is(cause, errStopped) {
			t.Errorf("cause: %v", cause)
		}
		door.close(x)
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// A response that has nothing to say stays open by comments.
func TestKeepAlive(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := &writer{header: make(http.Header)}
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "/mcp", nil)
		if err != nil {
			t.Fatal(err)
		}
		out := newReply(w, r)
		time.Sleep(40 * time.Second)
		out.finish([]byte(`{}`), 200, "")
		time.Sleep(time.Minute)
		if want := ": working\n\n: working\n\nevent: message\ndata: {}\n\n"; w.body.String() != want {
			t.Errorf("wrote %q, want %q", w.body.String(), want)
		}
		if w.header.Get("X-Accel-Buffering") != "no" {
			t.Error("X-Accel-Buffering is not set")
		}
	})
}

// writer is a ResponseWriter that flushes.
type writer struct {
	header http.Header
	body   strings.Builder
}

func (w *writer) Header() http.Header         { return w.header }
func (w *writer) WriteHeader(int)             {}
func (w *writer) Write(p []byte) (int, error) { return w.body.Write(p) }
func (w *writer) Flush()                      {}
