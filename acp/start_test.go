package acp

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	sdk "github.com/coder/acp-go-sdk"
)

// No message of an agent ends the server, whatever is wrong with what takes it:
// the agent ends.
func TestPanicEndsTheAgent(t *testing.T) {
	t.Parallel()
	for name, run := range map[string]func(w *wire) error{
		"update": func(w *wire) error {
			return w.read(bufio.NewReader(strings.NewReader(`{"method":"session/update","params":{"update":{}}}`)), io.Discard)
		},
		"request": func(w *wire) error {
			if _, refused := w.handle(t.Context(), "x", nil); refused != nil {
				return refused
			}
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := &wire{
				proc: &process{asked: make(chan struct{})}, log: slog.New(slog.DiscardHandler),
				update: func(string, json.RawMessage) { panic("bad update") },
				answer: func(context.Context, string, json.RawMessage) (any, *sdk.RequestError) { panic("bad request") },
			}
			if err := run(w); err == nil || w.broken == nil {
				t.Errorf("%v, %v", err, w.broken)
			}
			select {
			case <-w.proc.asked:
			default:
				t.Error("the agent was not told to end")
			}
		})
	}
}

// What an agent offers may be null, and what it tells of then changes nothing.
func TestWithField(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		`null`: `null`, ``: ``, `7`: `7`, `{}`: `{"mode":"x"}`, `{"mode":"y","a":1}`: `{"a":1,"mode":"x"}`,
	} {
		if got := string(withField(json.RawMessage(raw), "mode", "x")); got != want {
			t.Errorf("%q: %q, want %q", raw, got, want)
		}
	}
}

// A11: an agent that keeps dying is waited for, longer each time.
func TestA11BackOff(t *testing.T) {
	t.Parallel()
	for deaths, want := range map[int]time.Duration{0: 0, 1: time.Second, 2: 2 * time.Second, 4: 8 * time.Second, 5: 16 * time.Second, 6: 30 * time.Second, 1000: 30 * time.Second} {
		if got := backOff(deaths); got != want {
			t.Errorf("after %d deaths %v, want %v", deaths, got, want)
		}
	}
}

// A11: of what an agent writes to stderr the last lines are kept, cut and
// cleaned, whatever pieces they come in.
func TestA11StderrIsARing(t *testing.T) {
	t.Parallel()
	clean := newRedactor("first-secret", "abc")
	out := &tail{clean: clean}
	clean.add("later-secret") // the key of the session is made after the process
	for _, piece := range []string{strings.Repeat("lost\n", 500), "with first", "-secret\nwith later-secret and abc\r\n\n\x1b[2Kdone\n", strings.Repeat("x", 20<<10), "\nend"} {
		if n, err := out.Write([]byte(piece)); n != len(piece) || err != nil {
			t.Fatal(n, err)
		}
	}
	lines := strings.Split(out.String(), "\n")
	text := out.String()
	if len(lines) > tailLines+1 || strings.Contains(text, "secret") || !strings.Contains(text, "with [redacted] and abc\n") ||
		!strings.Contains(text, `\u001b[2Kdone`) || lines[len(lines)-1] != "end" {
		t.Errorf("%d lines: %s", len(lines), text)
	}
	for _, line := range lines {
		if len(line) > tailWidth+40 {
			t.Errorf("a line of %d", len(line))
		}
	}
}
