package web

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/coder/websocket"

	"github.com/axon-mcp/axon-mcp/fault"
)

// maxShells bounds the shells at once.
const maxShells = 8

// terminal is a shell behind a pseudo terminal.
type terminal interface {
	io.ReadWriter
	resize(cols, rows uint16) error
	// end ends the shell and everything of its session, and returns its exit
	// code. It may be called once.
	end() int
}

// Frames of /ws/shell. A client sends input and resize, or its keys as a binary
// frame; the server sends output and, at the end, exit.
type (
	shellMessage struct {
		Type string `json:"type"`
		Data string `json:"data"`
		Cols uint16 `json:"cols"`
		Rows uint16 `json:"rows"`
	}
	shellOutput struct {
		Type string `json:"type"`
		Data string `json:"data"`
	}
	shellExit struct {
		Type   string `json:"type"`
		Code   int    `json:"code"`
		Reason string `json:"reason,omitempty"`
	}
)

var (
	errShellIdle  = errors.New("no key and no output for the time of AXON_SHELL_IDLE")
	errShellEnded = errors.New("the shell has ended")
)

// serveShell is /ws/shell, behind its gate.
func (s *Server) serveShell(w http.ResponseWriter, r *http.Request) error {
	leave, err := s.shells.enter()
	if err != nil {
		return err
	}
	defer leave()
	ws, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true, CompressionMode: websocket.CompressionDisabled})
	if err != nil {
		return nil //nolint:nilerr // Accept has answered
	}
	ws.SetReadLimit(maxFrame)
	t, err := openTerminal(shellEnvironment(os.Environ()))
	if err != nil {
		s.log.Error("start a shell", "error", err)
		return ws.Close(websocket.StatusInternalError, fault.MessageOf(err))
	}
	s.log.Info("shell opened", "peer", peerOf(r).addr.String())
	h := &shell{ws: ws, term: t, idle: s.deps.Config.ShellIdle}
	cause := h.run(s.alive)
	s.log.Info("shell closed", "cause", causeText(cause))
	return nil
}

// shell is one connection of /ws/shell.
type shell struct {
	ws   *websocket.Conn
	term terminal
	idle time.Duration
	busy chan struct{} // hears keys and output
}

// run carries keys and output until either side or the time ends.
func (h *shell) run(alive context.Context) error {
	ctx, stop := context.WithCancelCause(alive)
	h.busy = make(chan struct{}, 1)
	var parts sync.WaitGroup
	parts.Go(func() { stop(h.keys()) })
	parts.Go(func() { stop(h.output()) })
	parts.Go(func() { stop(h.watch(ctx)) })
	<-ctx.Done()
	cause := context.Cause(ctx)
	code := h.term.end() // also ends the reading of output
	h.goodbye(code, cause)
	parts.Wait()
	return cause
}

func (h *shell) goodbye(code int, cause error) {
	var closed websocket.CloseError
	if !errors.As(cause, &closed) {
		ctx, stop := context.WithTimeout(context.Background(), closeTime)
		defer stop()
		reason := ""
		if errors.Is(cause, errShellIdle) {
			reason = errShellIdle.Error()
		}
		if raw, err := encodeFrame(shellExit{"exit", code, reason}); err == nil && h.ws.Write(ctx, websocket.MessageText, raw) == nil {
			_ = h.ws.Close(websocket.StatusNormalClosure, "")
		}
	}
	_ = h.ws.CloseNow()
}

// keys is the reader of the socket.
func (h *shell) keys() error {
	for {
		kind, data, err := h.ws.Read(context.Background())
		if err != nil {
			return err
		}
		h.touch()
		var m shellMessage
		if kind == websocket.MessageText && json.Unmarshal(data, &m) == nil {
			switch m.Type {
			case "resize":
				if m.Cols > 0 && m.Rows > 0 && m.Cols <= 1000 && m.Rows <= 1000 {
					_ = h.term.resize(m.Cols, m.Rows) // a terminal of the old size still works
				}
				continue
			case "input":
				data = []byte(m.Data)
			}
		}
		if _, err := h.term.Write(data); err != nil {
			return errShellEnded
		}
	}
}

// output is the writer of the socket. A client that does not read stops the
// shell, not the memory: the terminal blocks.
func (h *shell) output() error {
	buf := make([]byte, 32<<10)
	kept := 0 // bytes of a character that has not come whole
	for {
		n, err := h.term.Read(buf[kept:])
		h.touch()
		n += kept
		whole := n
		if err == nil {
			whole = wholeRunes(buf[:n])
		}
		if whole > 0 {
			raw, encodeErr := encodeFrame(shellOutput{"output", strings.ToValidUTF8(string(buf[:whole]), "\uFFFD")})
			if encodeErr != nil {
				return encodeErr
			}
			writing, stop := context.WithTimeout(context.Background(), writeTime) // another's end would cut off the goodbye
			writeErr := h.ws.Write(writing, websocket.MessageText, raw)
			stop()
			if writeErr != nil {
				return writeErr
			}
		}
		kept = copy(buf, buf[whole:n])
		if err != nil {
			return errShellEnded // Linux says EIO where the shell is gone
		}
	}
}

// wholeRunes is the length of b without a character at its end that is cut.
func wholeRunes(b []byte) int {
	for back := 1; back <= utf8.UTFMax && back <= len(b); back++ {
		if c := b[len(b)-back]; utf8.RuneStart(c) {
			if c >= utf8.RuneSelf && !utf8.FullRune(b[len(b)-back:]) {
				return len(b) - back
			}
			break
		}
	}
	return len(b)
}

func (h *shell) touch() {
	select {
	case h.busy <- struct{}{}:
	default:
	}
}

// watch ends a shell that nobody uses, and notices a client that is gone.
func (h *shell) watch(ctx context.Context) error {
	idle := time.NewTimer(h.idle)
	defer idle.Stop()
	tick := time.NewTicker(pingEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-h.busy:
			idle.Reset(h.idle)
		case <-idle.C:
			return errShellIdle
		case <-tick.C:
			pinging, stop := context.WithTimeout(ctx, writeTime)
			err := h.ws.Ping(pinging)
			stop()
			if err != nil {
				return err
			}
		}
	}
}

// shellEnvironment keeps what a shell needs and nothing that we were given in
// confidence: names are let through, not shut out.
func shellEnvironment(environ []string) []string {
	kept := []string{"TERM=xterm-256color", "AXON_SHELL=1"}
	for _, pair := range environ {
		name, _, _ := strings.Cut(pair, "=")
		switch name {
		case "HOME", "PATH", "LANG", "LC_ALL", "LC_CTYPE", "USER", "LOGNAME", "SHELL", "TMPDIR", "TZ":
			kept = append(kept, pair)
		}
	}
	return kept
}

// value finds a variable.
func value(environ []string, name string) string {
	for _, pair := range environ {
		if text, ok := strings.CutPrefix(pair, name+"="); ok {
			return text
		}
	}
	return ""
}

func noShell(err error) error {
	return fault.Wrap(fault.Unavailable, err, "no shell can be started here")
}
