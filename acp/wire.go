package acp

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	sdk "github.com/coder/acp-go-sdk"

	"github.com/axon-mcp/axon-mcp/fault"
)

// The limits of what an agent may send.
const (
	maxLine  = 10<<20 - 2 // bytes, the library's own limit
	maxStray = 1_000      // lines that are no message, such as banners
)

// startTimeout is how long an agent may take to say hello and to open a session.
const startTimeout = 60 * time.Second

// wire is the protocol on one process. The library does calls and answers; the
// updates are taken off the stream before it, because it knows a closed set of
// them (A9) and ends the connection when a thousand of them wait.
type wire struct {
	proc *process
	conn *sdk.Connection
	log  *slog.Logger

	// update gets each session/update in order, before any later message is
	// looked at. session is the agent's own id.
	update func(session string, update json.RawMessage)
	// answer answers a request of the agent.
	answer func(ctx context.Context, method string, params json.RawMessage) (any, *sdk.RequestError)

	agent agent

	mu      sync.Mutex
	broken  error // why the stream cannot be read on
	stray   int
	signIns []signIn // the ways that the agent offers
}

func newWire(p *process, a agent, log *slog.Logger, update func(string, json.RawMessage), answer func(context.Context, string, json.RawMessage) (any, *sdk.RequestError)) *wire {
	w := &wire{proc: p, agent: a, log: log, update: update, answer: answer}
	reader, writer := io.Pipe()
	w.conn = sdk.NewConnection(w.handle, p.in, reader)
	w.conn.SetLogger(slog.New(slog.DiscardHandler)) // it would log what agents send
	p.waited.Go(func() {
		defer close(p.read)
		err := w.read(bufio.NewReaderSize(p.out, 64<<10), writer)
		_ = writer.CloseWithError(errors.Join(err, io.EOF))
		if err != nil {
			p.once.Do(func() { close(p.asked) }) // nothing can be said to it any more
		}
	})
	return w
}

// read takes the stream apart until it ends or cannot be read on.
func (w *wire) read(in *bufio.Reader, out io.Writer) (err error) {
	defer w.spare(&err)
	for {
		line, err := readLine(in)
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, errLongLine) {
			return nil // the pipe was closed
		}
		if errors.Is(err, errLongLine) {
			return w.breakOff(fault.New(fault.Upstream, "it sent a message of more than 10 MiB"))
		}
		if len(line) > 0 {
			if err := w.line(line, out); err != nil {
				return err
			}
		}
		if err != nil {
			return nil
		}
	}
}

// line hands one line on to whom it is for.
func (w *wire) line(line []byte, out io.Writer) error {
	var head struct {
		ID     json.RawMessage `json:"id"`
		Method string          `json:"method"`
		Params json.RawMessage `json:"params"`
	}
	if err := json.Unmarshal(line, &head); err != nil {
		if line[0] == '{' {
			return w.breakOff(fault.New(fault.Upstream, "it sent a message that is no JSON"))
		}
		w.log.Debug("agent wrote a line that is no message", "line", visible(string(line), 200))
		if w.stray++; w.stray > maxStray {
			return w.breakOff(fault.Errorf(fault.Upstream, "it wrote more than %d lines that are no messages", maxStray))
		}
		return nil
	}
	if head.Method != "" && len(head.ID) == 0 && head.Method != "$/cancel_request" {
		if head.Method == sdk.ClientMethodSessionUpdate {
			w.notified(head.Params)
		}
		return nil // notifications that we do not know are ignored
	}
	_, err := out.Write(append(line, '\n'))
	return err
}

// notified passes an update on, whatever it is (A9).
func (w *wire) notified(params json.RawMessage) {
	var p struct {
		SessionID string          `json:"sessionId"`
		Update    json.RawMessage `json:"update"`
	}
	if json.Unmarshal(params, &p) == nil && len(p.Update) > 0 && p.Update[0] == '{' {
		w.update(p.SessionID, p.Update)
	}
}

func (w *wire) handle(ctx context.Context, method string, params json.RawMessage) (result any, refused *sdk.RequestError) {
	var err error
	defer func() {
		if err != nil {
			result, refused = nil, sdk.NewInternalError(nil)
		}
	}()
	defer w.spare(&err)
	return w.answer(ctx, method, params)
}

// spare turns a panic over what an agent has sent into an error, and takes
// nothing more from that agent: none may end the server. It is deferred.
func (w *wire) spare(err *error) {
	if v := recover(); v != nil {
		w.log.Error("panic over what an agent has sent", "panic", v, "stack", string(debug.Stack()))
		*err = w.breakOff(fault.New(fault.Upstream, "it sent something that axon could not handle"))
		w.proc.once.Do(func() { close(w.proc.asked) })
	}
}

var errLongLine = errors.New("acp: line too long")

// readLine reads a line without its end. It is not empty but for blank lines.
func readLine(in *bufio.Reader) ([]byte, error) {
	var line []byte
	for {
		part, err := in.ReadSlice('\n')
		if len(line)+len(part) > maxLine {
			return nil, errLongLine
		}
		line = append(line, part...)
		if !errors.Is(err, bufio.ErrBufferFull) {
			return bytes.TrimSpace(line), err
		}
	}
}

func (w *wire) breakOff(err error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.broken = err
	return err
}

// call sends a request and waits for its answer, for the end of ctx or for the
// end of the agent. Writing to an agent that does not read can take for ever, so
// it is not waited for either.
func call[T any](ctx context.Context, w *wire, method string, params any) (T, error) {
	type answer struct {
		value T
		err   error
	}
	got := make(chan answer, 1)
	if !w.proc.run(func() {
		value, err := sdk.SendRequest[T](w.conn, ctx, method, params)
		got <- answer{value, err}
	}) {
		var none T
		return none, w.ended()
	}
	select {
	case a := <-got:
		return a.value, w.explain(ctx, a.err)
	case <-ctx.Done():
	case <-w.proc.exited:
	}
	select {
	case a := <-got: // it was both
		return a.value, w.explain(ctx, a.err)
	default:
	}
	var none T
	if ctx.Err() != nil {
		return none, context.Cause(ctx)
	}
	return none, w.ended()
}

// explain turns an error of the library into one for people.
func (w *wire) explain(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	select {
	case <-w.conn.Done():
		<-w.proc.exited // then it is known how it ended
		return w.ended()
	default:
	}
	var request *sdk.RequestError
	if !errors.As(err, &request) {
		return fault.Wrap(fault.Upstream, err, "the agent's answer could not be read")
	}
	if request.Code == codeAuthRequired {
		return &requestError{code: request.Code, err: w.needsSignIn(request.Message)}
	}
	text := request.Message
	if details, err := json.Marshal(request.Data); err == nil && request.Data != nil {
		text += " " + string(details)
	}
	return &requestError{code: request.Code, err: fault.Errorf(fault.Upstream, "the agent answered with an error: %s", visible(w.proc.stderr.clean.clean(text), 500))}
}

// Codes of the protocol.
const (
	codeAuthRequired  = -32000
	codeInvalidParams = -32602
	codeNoMethod      = -32601
)

// requestError keeps the code of an agent's error.
type requestError struct {
	code int
	err  *fault.Error
}

func (e *requestError) Error() string { return e.err.Error() }
func (e *requestError) Unwrap() error { return e.err }

// ended says how the agent ended, with its last words. Call it after exited.
func (w *wire) ended() error {
	w.mu.Lock()
	why := w.broken
	w.mu.Unlock()
	text := w.proc.status
	if why != nil {
		text = why.Error()
	}
	if last := w.proc.stderr.String(); last != "" {
		text += "; its last lines: " + last
	}
	return fault.Errorf(fault.Upstream, "the agent stopped: %s", text)
}

// alive reports whether the agent can be talked to.
func (w *wire) alive() bool {
	select {
	case <-w.proc.exited:
		return false
	case <-w.proc.asked:
		return false
	case <-w.conn.Done():
		return false
	default:
		return true
	}
}
