package web

import (
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
