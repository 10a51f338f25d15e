package web

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/axon-mcp/axon-mcp/acp"
)

// TestResumeOfAll: all that a session keeps arrives, whole and in order, though
// it is far more than the queue of a socket holds.
func TestResumeOfAll(t *testing.T) {
	t.Parallel()
	f := startChat(t)
	s, err := f.deps.Agents.Begin(t.Context(), acp.Start{})
	if err != nil {
		t.Fatal(err)
	}
	const kept = 4096
	turn, err := s.Prompt(strings.Repeat("say x\n", kept-2), acp.TurnOptions{}) // with the prompt and the end of the turn
	if err != nil {
		t.Fatal(err)
	}
	<-turn.Done()
	started := s.Started()
	if started.FirstEvent != 1 || started.LastEvent != kept {
		t.Fatalf("events %d to %d are kept", started.FirstEvent, started.LastEvent)
	}
	socket := f.dial(t, "", bearer(apiToken))
	socket.send(fmt.Sprintf(`{"type":"acp_resume","session_id":%q,"resume_secret":%q,"last_event":0}`, started.SessionID, started.ResumeSecret))
	end, before := socket.chat("assistant.turn_end")
	if len(before) != kept || before[0].Type != "session_started" || end.Event != kept {
		t.Fatalf("%d frames, the last is event %d", len(before), end.Event)
	}
	for i, frame := range before[1:] {
		if frame.Event != int64(i)+1 {
			t.Fatalf("event %d comes where %d should", frame.Event, i+1)
		}
	}
}

// TestPulseOfMuch is the same for the stream of a turn whose client reads late.
func TestPulseOfMuch(t *testing.T) {
	t.Parallel()
	f := startChat(t)
	stream := f.pulse(t, fmt.Sprintf(`{"prompt":%q}`, strings.Repeat("say x\n", 4000)))
	if text, failed := stream.rest(); len(text) != 4000 || failed.Code != "" {
		t.Errorf("%d words, %+v", len(text), failed)
	}
}

// TestManyFilesAtOnce: a client that asks for more than the queue holds, and
// reads only then, gets it all.
func TestManyFilesAtOnce(t *testing.T) {
	t.Parallel()
	f := start(t, withTokens(defaults()))
	text := strings.Repeat("x", maxText)
	if err := os.WriteFile(filepath.Join(f.out, "a.md"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s := f.dial(t, "", bearer(apiToken))
	const files = 40
	for range files {
		s.send(`{"type":"read_file","path":"a.md"}`)
	}
	for i := range files {
		if g := s.next(); g.Type != "file_content" || g.Content != text {
			t.Fatalf("file %d: %s %s, %d bytes", i, g.Type, g.Code, len(g.Content))
		}
	}
}

// TestGoneAttachesNothing: a connection that goes while a session is readied for
// it does not watch that session for ever.
func TestGoneAttachesNothing(t *testing.T) {
	t.Parallel()
	f := startChat(t)
	for name, late := range map[string]func(c *conn) *watcher{
		"its first session": func(c *conn) *watcher {
			c.end(errSlow)
			f.chat.gone(c)
			return f.chat.of(c)
		},
		"another session": func(c *conn) *watcher {
			w := f.chat.of(c)
			c.end(errSlow)
			f.chat.gone(c)
			return w
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := f.deps.Agents.Begin(t.Context(), acp.Start{})
			if err != nil {
				t.Fatal(err)
			}
			c := &conn{srv: f.Server, out: newOutbox(), log: f.log}
			c.done, c.end = context.WithCancelCause(t.Context())
			late(c).show(s, 0)
			c.work.Wait()
			v := &acp.Viewer{Permissions: acp.NewPermissions(f.chat.policy(), func(any) {}, f.log), Moved: func(string) {}}
			s.Attach(v)
			s.Detach(v)
			for raw, more := c.out.next(); more; raw, more = c.out.next() {
				if strings.Contains(string(raw), string(codeSessionMoved)) {
					t.Errorf("it was attached: %s", raw)
				}
			}
			f.chat.mu.Lock()
			defer f.chat.mu.Unlock()
			if f.chat.conns[c] != nil {
				t.Error("it is kept")
			}
		})
	}
}
