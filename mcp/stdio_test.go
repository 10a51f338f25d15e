package mcp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/axon-mcp/axon-mcp/security"
	"github.com/axon-mcp/axon-mcp/tools"
)

// Whatever comes in, only messages go out, and the next call is answered.
func TestStdioSurvivesBadInput(t *testing.T) {
	t.Parallel()
	big := strings.Repeat("x", 5<<20)
	tests := map[string]struct {
		send string
		code int
		id   any // the id in the error
	}{
		"binary":              {"\x00\x01\x02\xff\xfe\x80 garbage", -32700, nil},
		"invalid UTF-8":       {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\xff\"}", -32700, nil},
		"half a message":      {`{"jsonrpc":"2.0","id":1,`, -32700, nil},
		"two messages":        {`{"jsonrpc":"2.0","id":1,"method":"ping"}{}`, -32700, nil},
		"text":                {"hello", -32700, nil},
		"a number":            {"12", -32600, nil},
		"a batch":             {`[{"jsonrpc":"2.0","id":1,"method":"ping"}]`, -32600, nil},
		"an empty batch":      {`[]`, -32600, nil},
		"no method":           {`{"jsonrpc":"2.0","id":1}`, -32600, 1.0},
		"method is a number":  {`{"jsonrpc":"2.0","id":1,"method":7}`, -32600, 1.0},
		"null id":             {`{"jsonrpc":"2.0","id":null,"method":"ping"}`, -32600, nil},
		"object id":           {`{"jsonrpc":"2.0","id":{},"method":"ping"}`, -32600, nil},
		"fractional id":       {`{"jsonrpc":"2.0","id":1.5,"method":"ping"}`, -32600, nil},
		"jsonrpc 1.0":         {`{"jsonrpc":"1.0","id":1,"method":"ping"}`, -32600, 1.0},
		"unknown method":      {`{"jsonrpc":"2.0","id":1,"method":"no/such"}`, -32601, 1.0},
		"unknown tool":        {call(1, "eco", "{}", false), -32602, 1.0},
		"params is a list":    {`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":[1]}`, -32602, 1.0},
		"name is a number":    {`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":7}}`, -32602, 1.0},
		"unknown version":     {`{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2099-01-01","io.modelcontextprotocol/clientCapabilities":{}}}}`, -32022, 1.0},
		"no capabilities":     {`{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}}`, -32602, 1.0},
		"removed method":      {`{"jsonrpc":"2.0","id":1,"method":"ping","params":{` + meta + `}}`, -32601, 1.0},
		"unknown resource":    {`{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri":"axon://no"}}`, -32002, 1.0},
		"unknown prompt":      {`{"jsonrpc":"2.0","id":1,"method":"prompts/get","params":{"name":"no"}}`, -32602, 1.0},
		"unknown cursor":      {`{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"cursor":"abc"}}`, -32602, 1.0},
		"5 MiB, the id first": {`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"x":"` + big + `"}}}`, -32600, 1.0},
		"5 MiB, the id last":  {`{"jsonrpc":"2.0","method":"tools/call","params":{"x":"` + big + `"},"id":1}`, -32600, nil},
		"5 MiB of garbage":    {big, -32600, nil},
		"deep nesting":        {`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":` + strings.Repeat("[", 200_000) + `}`, -32700, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := talk(t, doorTo(newFake()), hello, test.send, call(99, "echo", `{"a":1}`, false))
			if next := answerTo(t, got, 99); next.structured("a") != 1.0 {
				t.Errorf("the next call: %s", next.raw)
			}
			failures := 0
			for _, one := range got {
				if one.Error == nil {
					continue
				}
				failures++
				if one.Error.Code != test.code || one.ID != test.id || one.Error.Message == "" {
					t.Errorf("got %s, want code %d and id %v", one.raw, test.code, test.id)
				}
			}
			if failures != 1 {
				t.Errorf("%d errors in %+v", failures, got)
			}
		})
	}
}

// What needs no answer gets none.
func TestStdioKeepsQuiet(t *testing.T) {
	t.Parallel()
	got := talk(t, doorTo(newFake()),
		hello, "", "   ", "\r",
		`{"jsonrpc":"2.0","method":"notifications/initialized"}`,
		`{"jsonrpc":"2.0","method":"notifications/no/such","params":{}}`,
		`{"jsonrpc":"2.0","id":77,"result":{}}`,
		`{"jsonrpc":"2.0","id":"77","error":{"code":1,"message":"x"}}`,
	)
	if len(got) != 1 {
		t.Errorf("got %+v", got)
	}
}

func TestTenThousandCallsAtOnce(t *testing.T) {
	t.Parallel()
	const many = 10_000
	p := open(t, doorTo(newFake()))
	go func() {
		var all strings.Builder
		for i := range many {
			all.WriteString(call(i+1, "echo", "{}", i%2 == 0) + "\n")
		}
		_, _ = io.WriteString(p.in, all.String())
	}()
	seen := make(map[string]bool, many)
	for range many {
		line := <-p.lines
		head, _, found := strings.Cut(line, `,"result":`) // decoding each would take most of the time
		if !found || seen[head] {
			t.Fatalf("no first answer: %s", line)
		}
		seen[head] = true
	}
}

// Calls that wait hold up neither other requests nor cancels.
func TestLongCallsHoldUpNothing(t *testing.T) {
	t.Parallel()
	f := newFake()
	b := addBlocked(f)
	p := open(t, doorTo(f))
	p.send(hello)
	p.until(0)
	for i := range callWorkers {
		p.send(call(i+1, "block", "{}", false))
		b.waitStarted(t)
	}
	p.send(call(500, "echo", "{}", false), `{"jsonrpc":"2.0","id":501,"method":"ping"}`)
	p.until(501)
	p.send(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}`)
	p.until(500) // it had to wait for a worker
}

func TestEndOfInput(t *testing.T) {
	t.Parallel()
	f := newFake()
	b := addBlocked(f)
	p := open(t, doorTo(f))
	p.send(call(1, "block", "{}", false))
	b.waitStarted(t)
	begin := time.Now()
	if err := p.in.Close(); err != nil {
		t.Fatal(err)
	}
	if err := b.cause(t, time.Second); !errors.Is(err, errStopped) {
		t.Errorf("cause: %v", err)
	}
	if err := <-p.ended; err != nil || time.Since(begin) > time.Second {
		t.Errorf("ended after %v with %v", time.Since(begin), err)
	}
}

// A client that closes its end right after its requests gets the answers.
func TestEndOfInputLetsCallsFinish(t *testing.T) {
	t.Parallel()
	f := newFake()
	f.add("slow", security.ScopeRead, func(ctx context.Context, _ tools.Call) (*tools.Result, error) {
		select {
		case <-time.After(100 * time.Millisecond):
			return &tools.Result{}, nil
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	})
	if got := answerTo(t, talk(t, doorTo(f), hello, call(1, "slow", "{}", false)), 1); got.Result == nil || got.Result.IsError {
		t.Errorf("got %s", got.raw)
	}
}

// A call that does not heed its context, and a client that does not read, do
// not keep the server.
func TestEndOfInputWaitsForNobody(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	f := newFake()
	f.add("deaf", security.ScopeRead, func(context.Context, tools.Call) (*tools.Result, error) {
		<-release
		return &tools.Result{}, nil
	})
	outR, outW := io.Pipe()
	begin := time.Now()
	err := doorTo(f).ServeStdio(t.Context(), strings.NewReader(call(1, "deaf", "{}", false)+"\n"+call(2, "echo", "{}", false)+"\n"), outW)
	if err != nil || time.Since(begin) > time.Second {
		t.Errorf("ended after %v with %v", time.Since(begin), err)
	}
	close(release)
	go func() { _ = outW.CloseWithError(io.EOF) }()
	_, _ = io.Copy(io.Discard, outR)
}

func TestSignalEndsStdio(t *testing.T) {
	t.Parallel()
	f := newFake()
	b := addBlocked(f)
	inR, inW := io.Pipe()
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- doorTo(f).ServeStdio(ctx, inR, io.Discard) }()
	if _, err := io.WriteString(inW, call(1, "block", "{}", false)+"\n"); err != nil {
		t.Fatal(err)
	}
	b.waitStarted(t)
	stop()
	if err := b.cause(t, time.Second); !errors.Is(err, errStopped) {
		t.Errorf("cause: %v", err)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
	_ = inW.Close() // ends the reader
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, errors.New("the disk is on fire") }

func TestReadErrorsAreTold(t *testing.T) {
	t.Parallel()
	if err := doorTo(newFake()).ServeStdio(t.Context(), brokenReader{}, io.Discard); err == nil || !strings.Contains(err.Error(), "on fire") {
		t.Errorf("got %v", err)
	}
}

func TestQueueIsBounded(t *testing.T) {
	t.Parallel()
	l := lane{limit: 1}
	taken, hold := make(chan struct{}), make(chan struct{})
	if !l.submit(maxQueued, func() { close(taken); <-hold }) {
		t.Fatal("refused")
	}
	<-taken
	if !l.submit(maxQueued, func() {}) || l.submit(1, func() {}) {
		t.Error("the queue takes more than its bytes")
	}
	close(hold)
	l.close()
	l.workers.Wait()
	if l.submit(1, func() {}) {
		t.Error("a closed queue takes work")
	}
}

// Two calls that come while one worker is idle both run, and at once.
func TestNoCallWaitsBehindAWokenWorker(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := lane{limit: 2}
		l.submit(1, func() {})
		synctest.Wait() // the worker is idle
		var running atomic.Int32
		release := make(chan struct{})
		for range 2 {
			l.submit(1, func() { running.Add(1); <-release })
		}
		synctest.Wait()
		if n := running.Load(); n != 2 {
			t.Errorf("%d run at once, want 2", n)
		}
		close(release)
		l.close()
		l.workers.Wait()
	})
}

// Requests of different clients share nothing on one connection: a modern
// request's capabilities are its own.
func TestNoStateBetweenModernRequests(t *testing.T) {
	t.Parallel()
	f := newFake()
	addDelete(f)
	p := open(t, doorTo(f))
	p.send(callWith(1, "forget", destroy, canElicit))
	if _, got := p.until(1); got.Result == nil || got.Result.Type != "input_required" {
		t.Errorf("with the capability: %s", got.raw)
	}
	p.send(callWith(2, "forget", destroy, meta))
	if _, got := p.until(2); got.structured("code") != "conflict" {
		t.Errorf("without it: %s", got.raw)
	}
}

func FuzzStdio(f *testing.F) {
	for _, seed := range []string{
		hello, call(1, "echo", "{}", true), call(1, "echo", "{}", false), `[]`, `{"id":1}`, "\xff", `{"jsonrpc":"2.0","id":"a","method":"tools/list","params":{"cursor":5}}`,
		`{"jsonrpc":"2.0","id":1,"method":"subscriptions/listen","params":{"notifications":{"taskIds":1},` + meta + `}}`,
		`{"jsonrpc":"2.0","id":1,"method":"tasks/get","params":{"taskId":[],` + meta + `}}`,
	} {
		f.Add(seed)
	}
	door := doorTo(newFake())
	f.Fuzz(func(t *testing.T, line string) {
		line = strings.ReplaceAll(line, "\n", " ")
		var out bytes.Buffer
		if err := door.ServeStdio(t.Context(), strings.NewReader(line+"\n"+call(99, "echo", "{}", false)+"\n"), &out); err != nil {
			t.Fatal(err)
		}
		answered := false
		for text := range strings.Lines(out.String()) {
			answered = answered || decodeSent(t, text).ID == 99.0
		}
		if !answered {
			t.Errorf("%q: the next call was not answered: %s", line, out.String())
		}
	})
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(hello))
	f.Add([]byte(`{"jsonrpc":"2.0","id":1.0e3,"method":"x","params":{"_meta":[],"name":{}}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		m, bad := parse(raw)
		if bad == nil && m.method == "" && m.id == nil {
			t.Errorf("%q is neither request, notification nor response", raw)
		}
		if id := idOf(raw); id != nil && !validID(id) {
			t.Errorf("%q: id %s", raw, id)
		}
		if m.id != nil && !validID(m.id) {
			t.Errorf("%q: id %s", raw, m.id)
		}
		_ = fmt.Sprint(m.modern())
	})
}
