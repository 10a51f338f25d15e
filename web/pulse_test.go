package web

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/axon-mcp/axon-mcp/acp"
)

// events is a client of POST /api/pulse/chat.
type events struct {
	t     testing.TB
	res   *http.Response
	lines *bufio.Reader
	leave context.CancelFunc
}

const (
	pulseChat       = "/api/pulse/chat"
	pulsePermission = "/api/pulse/permission"
	asOperator      = "Authorization: Bearer " + apiToken
)

// pulse begins a chat whose answer is a stream.
func (f *listener) pulse(t testing.TB, body string) *events {
	t.Helper()
	ctx, leave := context.WithTimeout(t.Context(), 60*time.Second)
	t.Cleanup(leave)
	req, err := http.NewRequestWithContext(ctx, "POST", f.http.URL+pulseChat, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+apiToken)
	c := client()
	c.Timeout = 0
	res, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = res.Body.Close() })
	if res.StatusCode != 200 || res.Header.Get("Content-Type") != "text/event-stream" {
		text, _ := bufio.NewReader(res.Body).ReadString('\n')
		t.Fatalf("%s: %d %s", body, res.StatusCode, text)
	}
	return &events{t, res, bufio.NewReader(res.Body), leave}
}

// next reads one event; its type must be the one that its data has.
func (e *events) next() (chatFrame, bool) {
	e.t.Helper()
	var f chatFrame
	kind, id := "", ""
	for {
		line, err := e.lines.ReadString('\n')
		if err != nil {
			return f, false
		}
		line = strings.TrimSuffix(line, "\n")
		name, value, _ := strings.Cut(line, ": ")
		switch {
		case line == "" && kind != "":
			if f.Type != kind || (f.Event > 0) != (id != "") || (id != "" && id != fmt.Sprint(f.Event)) {
				e.t.Errorf("event %q, id %q, data %+v", kind, id, f)
			}
			return f, true
		case name == "event":
			kind = value
		case name == "id":
			id = value
		case name == "data":
			if err := json.Unmarshal([]byte(value), &f); err != nil {
				e.t.Fatalf("%s: %v", value, err)
			}
		}
	}
}

// until reads up to an event of that type.
func (e *events) until(kind string) (last chatFrame, before []chatFrame) {
	e.t.Helper()
	for {
		f, ok := e.next()
		if !ok {
			e.t.Fatalf("the stream ended before %s, after %+v", kind, before)
		}
		if f.Type == kind {
			return f, before
		}
		before = append(before, f)
	}
}

// rest reads to the end and returns the agent's text and the error.
func (e *events) rest() (text string, failed chatFrame) {
	e.t.Helper()
	for {
		f, ok := e.next()
		if !ok {
			return text, failed
		}
		if f.Type == "assistant.text" {
			text += f.Content.Text
		}
		if f.Type == "error" {
			failed = f
		}
	}
}

func body(prompt string, started chatFrame) string {
	raw, _ := encodeFrame(map[string]any{"prompt": prompt, "session_id": started.SessionID, "resume_secret": started.ResumeSecret})
	return string(raw)
}

// decision is the body of an answer to a permission_request.
func decision(started, request chatFrame, option string) string {
	raw, _ := encodeFrame(map[string]any{
		"session_id": request.SessionID, "resume_secret": started.ResumeSecret, "tool_call_id": request.ToolCallID,
		"perm_id": request.PermID, "digest": request.Digest, "option_id": option,
	})
	return string(raw)
}

// TestPulseChat: a turn with a question, answered over HTTP; then another turn
// of the same session.
func TestPulseChat(t *testing.T) {
	t.Parallel()
	f := startChat(t)
	stream := f.pulse(t, `{"prompt":"say hello\nask one"}`)
	started, _ := stream.until("session_started")
	request, before := stream.until("permission_request")
	if started.ResumeSecret == "" || len(before) == 0 || stream.res.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%+v %+v", started, before)
	}
	for text, want := range map[string]int{
		decision(started, request, "not offered"): 400, decision(chatFrame{ResumeSecret: "wrong"}, request, "yes-one"): 404,
		decision(started, chatFrame{SessionID: request.SessionID, ToolCallID: "other"}, "yes-one"): 404,
		strings.Replace(decision(started, request, "yes-one"), request.Digest, "0123", 1):          409,
		`{"session_id":"x"}`: 400, `{"session":"x"}`: 400, `[]`: 400,
	} {
		if status, answer, _ := f.ask(t, "POST", pulsePermission, text, asOperator); status != want {
			t.Errorf("%s: %d %s, want %d", text, status, answer, want)
		}
	}
	if status, answer, _ := f.ask(t, "POST", pulsePermission, decision(started, request, "no-one"), asOperator); status != 200 || answer != `{"ok":true}`+"\n" {
		t.Errorf("%d %s", status, answer)
	}
	if resolved, _ := stream.until("permission_resolved"); resolved.By != "user" || resolved.PermID != request.PermID {
		t.Errorf("%+v", resolved)
	}
	if text, failed := stream.rest(); text != "got no-one" || failed.Code != "" {
		t.Errorf("%q %+v", text, failed)
	}
	if status, answer, _ := f.ask(t, "POST", pulsePermission, decision(started, request, "no-one"), asOperator); status != 404 || !strings.Contains(answer, "no_such_permission") {
		t.Errorf("a second answer: %d %s", status, answer)
	}
	again := f.pulse(t, body("say again", started))
	if same, _ := again.until("session_started"); same.SessionID != started.SessionID {
		t.Errorf("%+v", same)
	}
	if text, _ := again.rest(); text != "again" {
		t.Errorf("%q", text)
	}
}

// TestPulseRefuses: whatever goes wrong before the agent has acted has its
// status, and the words name the field.
func TestPulseRefuses(t *testing.T) {
	t.Parallel()
	f := startChat(t, func(c *acp.Config) { c.MaxSessions = 8 })
	for _, row := range []struct {
		body, words string
		status      int
	}{
		{`{"prompt":"say x","promt":1}`, "promt", 400},
		{`{"prompt":1}`, "prompt", 400},
		{`{"prompt":" "}`, "prompt", 400},
		{`{}`, "prompt", 400},
		{`{"prompt":"say x"} {}`, "follows", 400},
		{`nonsense`, "JSON", 400},
		{`[]`, "the whole must be an object, not array", 400},
		{`{"prompt":"say x","mcp_servers":[{"command":"sh"}]}`, "mcp_servers", 400},
		{`{"prompt":"say x","mcp_servers":["nobody"]}`, "nobody", 404},
		{`{"prompt":"say x","permission_timeout_secs":601}`, "permission_timeout_secs", 400},
		{`{"prompt":"say x","adapter_timeout_secs":0.5}`, "adapter_timeout_secs", 400},
		{`{"prompt":"say x","agent":"nobody"}`, "nobody", 400},
		{`{"prompt":"say x","agent":"claude"}`, "AXON_ACP_CLAUDE_ADAPTER_CMD", 503},
		{`{"prompt":"say x","enable_fs":true}`, "AXON_ACP_ALLOW_FS", 403},
		{`{"prompt":"say x","enable_terminal":true}`, "AXON_ACP_ALLOW_TERMINAL", 403},
		{`{"prompt":"say x","session_mode":"none"}`, "mode", 400},
		{`{"prompt":"say x","session_id":"made-up"}`, "resume_secret", 400},
		{`{"prompt":"say x","session_id":"made-up","resume_secret":"x"}`, "session", 404},
		{`{"prompt":"crash here"}`, "fell over: here", 502},
		{`{"prompt":"wait","adapter_timeout_secs":1}`, "longer than 1 s", 408},
		{`{"prompt":"` + strings.Repeat("x", maxBody) + `"}`, "bytes", 413},
	} {
		t.Run(row.words, func(t *testing.T) {
			t.Parallel()
			status, answer, _ := f.ask(t, "POST", pulseChat, row.body, asOperator)
			if status != row.status || !strings.Contains(answer, row.words) {
				t.Errorf("%.80s: %d %s, want %d with %q", row.body, status, answer, row.status, row.words)
			}
		})
	}
	for _, path := range []string{pulseChat, pulsePermission} {
		for header, want := range map[string]int{"X-Nothing: x": 401, "Authorization: Bearer wrong": 401, "Authorization: Bearer " + browserToken: 403} {
			if status, _, _ := f.ask(t, "POST", path, `{"prompt":"say x"}`, header); status != want {
				t.Errorf("%s %s: %d, want %d", path, header, status, want)
			}
		}
		if status, _, _ := f.ask(t, "POST", path, "prompt=x", asOperator, "Content-Type: application/x-www-form-urlencoded"); status != 415 {
			t.Errorf("a form: %d", status)
		}
	}
}

// TestPulseNeedsCSRF: a signed-in page sends its CSRF token.
func TestPulseNeedsCSRF(t *testing.T) {
	t.Parallel()
	f := startChat(t)
	cookie, csrf := f.signIn(t)
	if status, _, _ := f.ask(t, "POST", pulseChat, `{"prompt":"say x"}`, cookie); status != 403 {
		t.Errorf("without: %d", status)
	}
	if status, text, _ := f.ask(t, "POST", pulseChat, `{"prompt":"say x"}`, cookie, "X-Csrf-Token: "+csrf); status != 200 || !strings.Contains(text, "turn_end") {
		t.Errorf("with: %d %s", status, text)
	}
}

// TestPulseBusy: where nothing more may come the client is told when to come
// back, and where there is no chat that there is none.
func TestPulseBusy(t *testing.T) {
	t.Parallel()
	f := startChatOn(t, func(c *Config) { c.MaxSockets = 1 })
	stream := f.pulse(t, `{"prompt":"say x\nwait"}`)
	stream.until("assistant.text")
	status, text, header := f.ask(t, "POST", pulseChat, `{"prompt":"say x"}`, asOperator)
	if status != 429 || header.Get("Retry-After") == "" {
		t.Errorf("%d %s", status, text)
	}
	if status, text, _ := start(t, withTokens(defaults())).ask(t, "POST", pulseChat, `{"prompt":"say x"}`, asOperator); status != 503 {
		t.Errorf("without agents: %d %s", status, text)
	}
}

// TestPulseClientLeaves: the turn is stopped, and the session can be gone on
// with.
func TestPulseClientLeaves(t *testing.T) {
	t.Parallel()
	f := startChat(t)
	stream := f.pulse(t, `{"prompt":"say x\nask one\nwait"}`)
	started, _ := stream.until("session_started")
	stream.until("permission_request")
	stream.leave()
	socket := f.dial(t, "", bearer(apiToken))
	resume := fmt.Sprintf(`{"type":"acp_resume","session_id":%q,"resume_secret":%q,"last_event":0}`, started.SessionID, started.ResumeSecret)
	socket.send(resume)
	if _, before := socket.chat("assistant.turn_end"); strings.Contains(fmt.Sprint(before), "got yes") {
		t.Errorf("%+v", before)
	}
	socket.send(execute("a", "pulse_chat", "say back", fmt.Sprintf(`{"session_id":%q}`, started.SessionID)))
	if done, _ := socket.chat("command.done", "command.error"); done.Type != "command.done" {
		t.Errorf("%+v", done)
	}
}

// TestPulseMoves: whoever resumes a session over /ws takes it, and the turn goes
// on there.
func TestPulseMoves(t *testing.T) {
	t.Parallel()
	f := startChat(t)
	stream := f.pulse(t, `{"prompt":"say x\nask one\nsay y"}`)
	started, _ := stream.until("session_started")
	request, _ := stream.until("permission_request")
	if status, text, _ := f.ask(t, "POST", pulseChat, body("say z", started), asOperator); status != 409 {
		t.Errorf("a second turn at once: %d %s", status, text)
	}
	if status, text, _ := f.ask(t, "POST", pulsePermission, decision(started, request, "nothing"), asOperator); status != 400 {
		t.Errorf("the turn that runs has lost its questions: %d %s", status, text)
	}
	socket := f.dial(t, "", bearer(apiToken))
	socket.send(fmt.Sprintf(`{"type":"acp_resume","session_id":%q,"resume_secret":%q,"last_event":0}`, started.SessionID, started.ResumeSecret))
	if _, failed := stream.rest(); failed.Code != "session_moved" {
		t.Errorf("%+v", failed)
	}
	if status, text, _ := f.ask(t, "POST", pulsePermission, decision(started, request, "yes-one"), asOperator); status != 404 {
		t.Errorf("an answer over HTTP to what moved: %d %s", status, text)
	}
	socket.chat("assistant.turn_end")
}

// TestPulseBadAgents: an agent that goes wrong in the middle ends the stream
// with words, leaves nobody behind, and the next prompt works.
func TestPulseBadAgents(t *testing.T) {
	t.Parallel()
	for name, bad := range badAgents() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := startChat(t)
			stream := f.pulse(t, fmt.Sprintf(`{"prompt":%q,"adapter_timeout_secs":%d}`, "child\n"+bad.prompt, bad.limit))
			started, _ := stream.until("session_started")
			child, _ := stream.until("assistant.text")
			end, _ := stream.until("assistant.turn_end")
			_, failed := stream.rest()
			if !strings.Contains(failed.Message, bad.words) || failed.Code == "" || end.Event == 0 {
				t.Errorf("%+v, want %q", failed, bad.words)
			}
			gone(t, child)
			again := f.pulse(t, body("say back", started))
			if text, failed := again.rest(); text != "back" || failed.Code != "" {
				t.Errorf("the next prompt: %q %+v", text, failed)
			}
		})
	}
}

// startChatOn is startChat with other settings of the listener.
func startChatOn(t testing.TB, change func(*Config)) *listener {
	t.Helper()
	f := startChat(t)
	cfg := withTokens(defaults())
	change(&cfg)
	return start(t, cfg, func(d *Deps) { d.Agents, d.ACP = f.deps.Agents, f.deps.ACP })
}
