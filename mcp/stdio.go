package mcp

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/axon-mcp/axon-mcp/security"
)

// Limits of one stdio connection.
const (
	// Tool calls may wait for long work, so other requests have workers of
	// their own.
	callWorkers  = 64
	otherWorkers = 16
	// maxQueued bounds the bytes of requests that wait for a worker.
	maxQueued = 64 << 20
	// After the end of the input, what runs has finishTime to end by itself
	// (printf '…' | axon-mcp is a client too), the same again where requests
	// still wait for a worker, and then unwindTime to end when it is canceled.
	// Together they stay within a second.
	finishTime = 300 * time.Millisecond
	unwindTime = 300 * time.Millisecond
)

// ServeStdio answers the messages on in until it ends or ctx does, one JSON
// object a line, and writes nothing but messages to out. What runs then is
// canceled with Config.Shutdown as the cause; ServeStdio returns within a second,
// with nil for the end of in. A read of in that blocks outlives it: there is no
// way to interrupt one.
func (s *Server) ServeStdio(ctx context.Context, in io.Reader, out io.Writer) error {
	c := &stdio{
		server: s,
		out:    &lineWriter{w: out},
		calls:  lane{limit: callWorkers},
		others: lane{limit: otherWorkers},
	}
	// Signals end the reading; the calls are ended below, with a cause.
	work, stop := context.WithCancelCause(security.WithIdentity(context.WithoutCancel(ctx), security.Local()))
	defer stop(nil)
	ended := make(chan error, 1)
	go func() { ended <- c.read(work, in) }()
	var err error
	select {
	case err = <-ended:
		if c.wait(finishTime) || (c.queued() && c.wait(finishTime)) {
			return err
		}
	case <-ctx.Done():
	}
	stop(s.cause())
	c.wait(unwindTime)
	return err
}

// stdio is one connection.
type stdio struct {
	server *Server
	client
	inflight
	out           *lineWriter
	calls, others lane
}

// read takes the messages in until the input ends.
func (c *stdio) read(ctx context.Context, in io.Reader) error {
	lines := bufio.NewReaderSize(in, 64<<10)
	for {
		line, over, err := readLine(lines)
		switch {
		case over:
			c.refuse(idOf(line), &rpcError{Code: mcp.INVALID_REQUEST, Message: "the message is over 4 MiB"})
		case len(bytes.TrimSpace(line)) > 0:
			c.take(ctx, line)
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read messages: %w", err)
		}
		if ctx.Err() != nil {
			return nil
		}
	}
}

// readLine returns the next line. Of one over maxMessage it returns the
// beginning only, and reads over the rest.
func readLine(r *bufio.Reader) (line []byte, over bool, err error) {
	for {
		part, err := r.ReadSlice('\n')
		if room := maxMessage + 1 - len(line); len(part) > room { // 1: the newline
			part, over = part[:room], true
		}
		line = append(line, part...)
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, over, err
		}
	}
}

// take decides where a message goes. It never waits for work, so that a cancel
// is read whatever runs.
func (c *stdio) take(ctx context.Context, line []byte) {
	m, bad := parse(line)
	switch {
	case bad != nil:
		c.refuse(m.id, bad)
	case m.method == "":
		c.deliver(m)
	case m.method == string(mcp.MethodNotificationCancelled):
		c.withdraw(m.requestID)
	case m.id == nil: // nothing else that a client notifies has a meaning here
	case m.method == string(mcp.MethodInitialize):
		c.answer(ctx, m) // before anything that relies on it
	default:
		way := &c.others
		if m.method == string(mcp.MethodToolsCall) {
			way = &c.calls
		}
		if !way.submit(len(line), func() { c.answer(ctx, m) }) {
			c.refuse(m.id, &rpcError{Code: mcp.INTERNAL_ERROR, Message: "too many requests are waiting", Data: failure{Code: "busy", Message: "too many requests are waiting"}})
		}
	}
}

func (c *stdio) answer(ctx context.Context, m *message) {
	known := &c.client
	if m.modern() {
		known = &client{} // a request of this kind says all by itself
	}
	ctx, x := c.server.newExchange(ctx, "stdio", known, m, c.out)
	defer c.server.close(x)
	c.add(x)
	defer c.remove(x)
	answer, _ := c.server.handle(ctx, x)
	x.finish()
	if answer == nil || x.withdrawn() {
		return
	}
	if err := c.out.send(answer); err != nil {
		c.server.log.LogAttrs(ctx, slog.LevelWarn, "write an answer", slog.String("error", err.Error()))
	}
}

func (c *stdio) refuse(id []byte, e *rpcError) {
	if err := c.out.send(encodeError(id, e)); err != nil {
		c.server.log.Warn("write an error", slog.String("error", err.Error()))
	}
}

// queued reports whether requests wait for a worker.
func (c *stdio) queued() bool { return c.calls.waiting() || c.others.waiting() }

// wait takes no more requests, and reports whether all that were taken have
// ended within the time.
func (c *stdio) wait(limit time.Duration) bool {
	c.calls.close()
	c.others.close()
	ended := make(chan struct{})
	go func() { // ends with the last worker
		c.calls.workers.Wait()
		c.others.workers.Wait()
		close(ended)
	}()
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-ended:
		return true
	case <-timer.C:
		return false
	}
}

// lineWriter writes whole messages, one a line. It is the outlet of every
// request on stdio.
type lineWriter struct {
	mu  sync.Mutex
	w   io.Writer
	buf []byte
}

func (l *lineWriter) canSend() bool { return true }

func (l *lineWriter) send(msg []byte) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.buf = append(append(l.buf[:0], msg...), '\n')
	_, err := l.w.Write(l.buf)
	if cap(l.buf) > 1<<20 {
		l.buf = nil // one large answer is no reason to keep its room
	}
	return err
}

// lane runs work in the order in which it comes, up to limit at once. Workers
// are started when they are needed and stay until close: their stacks have
// grown to what a call needs.
type lane struct {
	limit   int
	workers sync.WaitGroup

	mu      sync.Mutex
	started int
	idle    int
	wake    *sync.Cond // on mu; made with the first worker
	queue   []queued
	bytes   int
	closed  bool
}

type queued struct {
	size int
	work func()
}

// submit runs work or queues it. It reports false where the queue is full or
// closed.
func (l *lane) submit(size int, work func()) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed || l.bytes+size > maxQueued {
		return false
	}
	l.bytes += size
	l.queue = append(l.queue, queued{size, work})
	switch {
	case l.idle > 0:
		l.idle-- // the one that wakes is idle no more, though it has not run yet
		l.wake.Signal()
	case l.started < l.limit:
		if l.wake == nil {
			l.wake = sync.NewCond(&l.mu)
		}
		l.started++
		l.workers.Go(l.run)
	}
	return true
}

// close lets no more work in. The workers end when nothing waits.
func (l *lane) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	if l.wake != nil {
		l.wake.Broadcast()
	}
}

func (l *lane) waiting() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.queue) > 0
}

// run is one worker.
func (l *lane) run() {
	for {
		work := l.next()
		if work == nil {
			return
		}
		work()
	}
}

// next waits for work; it returns nil when the lane is closed and empty.
func (l *lane) next() func() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.queue) == 0 {
		l.queue = nil // a burst is no reason to keep its room
		if l.closed {
			return nil
		}
		l.idle++
		l.wake.Wait()
	}
	first := l.queue[0]
	l.queue[0] = queued{}
	l.queue = l.queue[1:]
	l.bytes -= first.size
	return first.work
}
