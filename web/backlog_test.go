package web

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/axon-mcp/axon-mcp/acp"
	"github.com/axon-mcp/axon-mcp/acp/acptest"
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

// TestFallbackIsTold: that another session takes the place of one that was lost
// is told also where what the prompt wishes of it is refused.
func TestFallbackIsTold(t *testing.T) {
	t.Parallel()
	s := startChat(t, func(c *acp.Config) { c.Args = acptest.Word + "|modes" }).dial(t, "", bearer(apiToken))
	s.send(execute("a", "pulse_chat", "crash now", "{}"))
	old, _ := s.chat("session_started")
	s.chat("command.error")
	s.send(execute("b", "pulse_chat", "say x", fmt.Sprintf(`{"session_id":%q,"session_mode":"nothing"}`, old.SessionID)))
	failed, before := s.chat("command.error", "command.done")
	if failed.Data.Payload.Code != "invalid" || len(before) != 3 || before[1].Type != "session_fallback" || before[2].Type != "session_started" {
		t.Fatalf("%+v after %+v", failed, before)
	}
	s.send(execute("c", "pulse_chat", "say back", fmt.Sprintf(`{"session_id":%q}`, before[2].SessionID)))
	if done, before := s.chat("command.done", "command.error"); done.Type != "command.done" {
		t.Errorf("%+v after %+v", done, before)
	}
}

// TestPulseEndsWhatNobodyHearsOf: over HTTP there is nothing but the error then,
// and no agent stays.
func TestPulseEndsWhatNobodyHearsOf(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("looks into /proc")
	}
	dir := t.TempDir()
	f := startChat(t, func(c *acp.Config) { c.Args, c.WorkDir = acptest.Word+"|modes", dir })
	stream := f.pulse(t, `{"prompt":"say x\ncrash now"}`)
	old, _ := stream.until("session_started")
	stream.rest()
	wish, _ := encodeFrame(map[string]any{"prompt": "say x", "session_id": old.SessionID, "resume_secret": old.ResumeSecret, "session_mode": "nothing"})
	if status, text, _ := f.ask(t, "POST", pulseChat, string(wish), asOperator); status != 400 || !strings.Contains(text, "has no mode") {
		t.Errorf("%d %s", status, text)
	}
	links, _ := filepath.Glob("/proc/[0-9]*/cwd")
	for _, link := range links {
		if at, err := os.Readlink(link); err == nil && at == dir {
			t.Errorf("%s is still there", link)
		}
	}
}

// TestPulseAtOnce: of the prompts that come at once for one session one runs and
// keeps its questions; the others are refused and take nothing from it.
func TestPulseAtOnce(t *testing.T) {
	t.Parallel()
	f := startChat(t)
	stream := f.pulse(t, `{"prompt":"say x"}`)
	started, _ := stream.until("session_started")
	stream.rest()
	const prompts = 8
	won := make(chan *http.Response, prompts)
	var all sync.WaitGroup
	for range prompts {
		req, err := http.NewRequestWithContext(t.Context(), "POST", f.http.URL+pulseChat, strings.NewReader(body("ask one", started)))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Authorization", "Bearer "+apiToken)
		all.Go(func() {
			res, err := client().Do(req)
			if err != nil {
				t.Error(err)
				return
			}
			if res.StatusCode == http.StatusOK {
				won <- res
				return
			}
			_ = res.Body.Close()
			if res.StatusCode != http.StatusConflict {
				t.Errorf("%d", res.StatusCode)
			}
		})
	}
	all.Wait()
	close(won)
	if len(won) != 1 {
		t.Fatalf("%d of them run", len(won))
	}
	res := <-won
	t.Cleanup(func() { _ = res.Body.Close() })
	one := &events{t: t, res: res, lines: bufio.NewReader(res.Body)}
	request, before := one.until("permission_request")
	if before[0].Type != "session_started" {
		t.Errorf("%+v", before)
	}
	if status, text, _ := f.ask(t, "POST", pulsePermission, decision(started, request, "yes-one"), asOperator); status != 200 {
		t.Errorf("%d %s", status, text)
	}
	if text, failed := one.rest(); text != "got yes-one" || failed.Code != "" {
		t.Errorf("%q %+v", text, failed)
	}
}
