package web

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/axon-mcp/axon-mcp/acp"
	"github.com/axon-mcp/axon-mcp/acp/acptest"
)

// chatFrame is any frame of the chat.
type chatFrame struct {
	Type         string `json:"type"`
	Code         string `json:"code"`
	Message      string `json:"message"`
	SessionID    string `json:"session_id"`
	ToolCallID   string `json:"tool_call_id"`
	PermID       string `json:"perm_id"`
	Digest       string `json:"digest"`
	ResumeSecret string `json:"resume_secret"`
	By           string `json:"by"`
	Event        int64  `json:"event"`
	Content      struct {
		Text string `json:"text"`
	} `json:"content"`
	Data struct {
		Ctx     about `json:"ctx"`
		Payload struct {
			OK      bool   `json:"ok"`
			Code    string `json:"code"`
			Message string `json:"message"`
		} `json:"payload"`
	} `json:"data"`
}

func (s *socket) chat(kinds ...string) (last chatFrame, before []chatFrame) {
	s.t.Helper()
	for {
		ctx, stop := context.WithTimeout(s.t.Context(), 30*time.Second)
		_, raw, err := s.ws.Read(ctx)
		stop()
		if err != nil {
			s.t.Fatalf("read: %v", err)
		}
		var f chatFrame
		if err := json.Unmarshal(raw, &f); err != nil {
			s.t.Fatalf("%s: %v", raw, err)
		}
		for _, kind := range kinds {
			if f.Type == kind {
				return f, before
			}
		}
		before = append(before, f)
	}
}

// startChat is a listener whose agents are this test binary.
func startChat(t testing.TB, change ...func(*acp.Config)) *listener {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cfg := acp.Config{Cmd: self, Args: acptest.Word, MaxSessions: 64, AutoApprove: "false"}
	for _, one := range change {
		one(&cfg)
	}
	host := acp.NewHost(acp.Deps{Config: cfg, Log: slog.New(slog.DiscardHandler), Version: "test", DataDir: t.TempDir(), Environ: os.Environ()})
	t.Cleanup(host.Close)
	return start(t, withTokens(defaults()), func(d *Deps) { d.Agents, d.ACP = host, cfg })
}

func answer(f chatFrame, option string) string {
	return fmt.Sprintf(`{"type":"permission_response","session_id":%q,"tool_call_id":%q,"option_id":%q,"perm_id":%q,"digest":%q}`,
		f.SessionID, f.ToolCallID, option, f.PermID, f.Digest)
}

// TestTwentyTabs: agents in twenty tabs ask for the same tool call at once. Each
// tab answers its own question, tries all the others', and reaches none of them.
func TestTwentyTabs(t *testing.T) {
	t.Parallel()
	f := startChat(t)
	const tabs = 20
	sockets := make([]*socket, tabs)
	asked := make([]chatFrame, tabs)
	for i := range sockets {
		sockets[i] = f.dial(t, "", bearer(apiToken))
	}
	var all sync.WaitGroup
	for i, s := range sockets {
		all.Go(func() {
			s.send(execute("x", "pulse_chat", "ask same", "{}"))
			asked[i], _ = s.chat("permission_request", "command.error")
		})
	}
	all.Wait()
	for i, s := range sockets {
		if asked[i].Type != "permission_request" || asked[i].ToolCallID != "same" {
			t.Fatalf("tab %d: %+v", i, asked[i])
		}
		s.send(answer(asked[(i+1)%tabs], "yes-same"))
		if e, _ := s.chat("error"); e.Code != "no_such_permission" {
			t.Fatalf("an answer to another tab's question: %+v", e)
		}
	}
	for i, s := range sockets {
		all.Go(func() {
			option := [2]string{"yes-same", "no-same"}[i%2]
			s.send(answer(asked[i], option))
			_, before := s.chat("command.done", "command.error")
			text := ""
			for _, frame := range before {
				text += frame.Content.Text
			}
			if !strings.HasSuffix(text, "got "+option) { // before it stands what was asked
				t.Errorf("tab %d got %q, want %s", i, text, option)
			}
			s.send(answer(asked[i], option))
			if e, _ := s.chat("error"); e.Code != "no_such_permission" {
				t.Errorf("a second answer: %+v", e)
			}
		})
	}
	all.Wait()
}

// TestPermissionTimeout: permission_timeout_secs shortens the wait.
func TestPermissionTimeout(t *testing.T) {
	t.Parallel()
	s := startChat(t).dial(t, "", bearer(apiToken))
	s.send(execute("x", "pulse_chat", "ask one", `{"permission_timeout_secs":1}`))
	request, _ := s.chat("permission_request")
	if r, _ := s.chat("permission_resolved"); r.By != "timeout" {
		t.Errorf("%+v", r)
	}
	s.chat("command.done")
	s.send(answer(request, "yes-one"))
	if e, _ := s.chat("error"); e.Code != "no_such_permission" {
		t.Errorf("a late answer: %+v", e)
	}
}

// TestAutoApprove: the browser is told each time.
func TestAutoApprove(t *testing.T) {
	t.Parallel()
	s := startChat(t, func(c *acp.Config) { c.AutoApprove = "true" }).dial(t, "", bearer(apiToken))
	s.send(execute("x", "pulse_chat", "ask one", "{}"))
	if r, _ := s.chat("permission_resolved"); r.By != "auto" {
		t.Errorf("%+v", r)
	}
	s.chat("command.done")
}

// TestResumeOverSockets: a turn goes on without its socket, and whoever holds
// the secret gets the rest of it, without gap or repeat.
func TestResumeOverSockets(t *testing.T) {
	t.Parallel()
	f := startChat(t)
	first := f.dial(t, "", bearer(apiToken))
	first.send(execute("x", "pulse_chat", "say 1\npause\nsay 2\nsay 3", "{}"))
	started, _ := first.chat("session_started")
	event, _ := first.chat("assistant.text")
	_ = first.ws.CloseNow()

	second := f.dial(t, "", bearer(apiToken))
	second.send(fmt.Sprintf(`{"type":"acp_resume","session_id":%q,"resume_secret":"wrong","last_event":0}`, started.SessionID))
	if e, _ := second.chat("error"); e.Code != "not_found" || e.SessionID != started.SessionID {
		t.Errorf("a wrong secret: %+v", e)
	}
	second.send(fmt.Sprintf(`{"type":"acp_resume","session_id":%q,"resume_secret":%q,"last_event":%d}`, started.SessionID, started.ResumeSecret, event.Event))
	_, before := second.chat("assistant.turn_end")
	text, next := "", event.Event+1
	for _, frame := range before {
		if frame.Event == 0 {
			continue
		}
		if frame.Event != next {
			t.Errorf("event %d comes where %d should", frame.Event, next)
		}
		next++
		text += frame.Content.Text
	}
	if text != "23" {
		t.Errorf("the rest is %q", text)
	}
	third := f.dial(t, "", bearer(apiToken))
	third.send(fmt.Sprintf(`{"type":"acp_resume","session_id":%q,"resume_secret":%q,"last_event":0}`, started.SessionID, started.ResumeSecret))
	third.chat("session_started")
	if e, _ := second.chat("error"); e.Code != "session_moved" {
		t.Errorf("the older socket: %+v", e)
	}
}

// TestStopAfterResume: a connection that has resumed a session can stop its turn,
// and another connection cannot.
func TestStopAfterResume(t *testing.T) {
	t.Parallel()
	f := startChat(t)
	first := f.dial(t, "", bearer(apiToken))
	first.send(execute("x", "pulse_chat", "wait", "{}"))
	started, _ := first.chat("session_started")
	_ = first.ws.CloseNow()
	stop := fmt.Sprintf(`{"type":"cancel","id":%q,"mode":"pulse_chat"}`, started.SessionID)

	second := f.dial(t, "", bearer(apiToken))
	second.send(stop)
	if r, _ := second.chat("job.cancel.response"); r.Data.Payload.OK {
		t.Errorf("a session of nobody here was stopped: %+v", r)
	}
	second.send(fmt.Sprintf(`{"type":"acp_resume","session_id":%q,"resume_secret":%q,"last_event":0}`, started.SessionID, started.ResumeSecret))
	second.chat("session_started")
	second.send(stop)
	second.chat("assistant.turn_end")
}

// TestChatCancel and bad agents: clear words, and the next prompt works.
func TestChatTrouble(t *testing.T) {
	t.Parallel()
	s := startChat(t).dial(t, "", bearer(apiToken))
	s.send(execute("a", "pulse_chat", "wait", "{}"))
	started, _ := s.chat("session_started")
	s.send(`{"type":"cancel","id":"a"}`)
	if e, _ := s.chat("command.error"); e.Data.Payload.Code != "canceled" {
		t.Errorf("cancelled: %+v", e)
	}
	s.send(execute("b", "pulse_chat", "crash here", fmt.Sprintf(`{"session_id":%q}`, started.SessionID)))
	if e, _ := s.chat("command.error"); !strings.Contains(e.Data.Payload.Message, "fell over") {
		t.Errorf("crashed: %+v", e)
	}
	s.send(execute("c", "pulse_chat", "say back", fmt.Sprintf(`{"session_id":%q}`, started.SessionID)))
	if done, before := s.chat("command.done", "command.error"); done.Type != "command.done" {
		t.Errorf("the next prompt: %+v %+v", done, before)
	}
	for flags, code := range map[string]string{
		`{"agent":"nobody"}`: "", `{"enable_fs":true}`: "forbidden", `{"permission_timeout_secs":601}`: "invalid",
		`{"session_id":"made-up"}`: "not_found", `{"mcp_servers":[{"command":"sh"}]}`: "invalid",
	} {
		s.send(execute("d", "pulse_chat", "say x", flags))
		e, _ := s.chat("command.done", "command.error")
		if e.Type != "command.error" || (code != "" && e.Data.Payload.Code != code) {
			t.Errorf("%s: %+v", flags, e)
		}
	}
}

// badAgent is an agent that goes wrong: by what it is told, and what the user
// reads of it.
type badAgent struct {
	prompt, words string
	limit         int // seconds of its turn
}

func badAgents() map[string]badAgent {
	return map[string]badAgent{
		"crash": {"crash now", "fell over: now", 60}, "hang": {"hang", "did not stop", 3}, "20 MB line": {"long", "10 MiB", 60},
		"invalid JSON": {"garbage", "no JSON", 60}, "refusal to exit": {"stubborn\nhang", "did not stop", 3},
	}
}

// gone holds the process table against what an agent has started.
func gone(t *testing.T, said chatFrame) {
	t.Helper()
	pid, is := strings.CutPrefix(said.Content.Text, "child ")
	raw, err := os.ReadFile("/proc/" + pid + "/stat")
	if _, proc := os.Stat("/proc/self/stat"); !is || (proc == nil && err == nil && !strings.Contains(string(raw), ") Z ")) {
		t.Errorf("%q is still there: %s", said.Content.Text, raw)
	}
}

// TestChatBadAgents is TestPulseBadAgents over /ws.
func TestChatBadAgents(t *testing.T) {
	t.Parallel()
	for name, bad := range badAgents() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startChat(t).dial(t, "", bearer(apiToken))
			s.send(execute("a", "pulse_chat", "child\n"+bad.prompt, fmt.Sprintf(`{"adapter_timeout_secs":%d}`, bad.limit)))
			started, _ := s.chat("session_started")
			child, _ := s.chat("assistant.text")
			if e, _ := s.chat("command.error"); !strings.Contains(e.Data.Payload.Message, bad.words) {
				t.Errorf("%+v, want %q", e, bad.words)
			}
			gone(t, child)
			s.send(execute("b", "pulse_chat", "say back", fmt.Sprintf(`{"session_id":%q}`, started.SessionID)))
			done, before := s.chat("command.done", "command.error")
			if text := fmt.Sprint(before); done.Type != "command.done" || !strings.Contains(text, "session_fallback") || !strings.Contains(text, "back") {
				t.Errorf("the next prompt: %+v %s", done, text)
			}
		})
	}
}

// TestChatFlags: each flag of the chat does what it says, at both doors.
func TestChatFlags(t *testing.T) {
	t.Parallel()
	f := startChat(t, func(c *acp.Config) {
		c.Args, c.AllowFS, c.AllowTerminal = acptest.Word+"|modes|http", true, true
	})
	for _, row := range []struct{ flags, prompt, want, code string }{
		{`{"agent":"other"}`, "choices", "mode ask, model small", ""},
		{`{"session_mode":"plan","model":"large"}`, "choices", "mode plan, model large", ""},
		{`{"session_mode":"bypassPermissions"}`, "choices", "AXON_ACP_ALLOW_BYPASS", "forbidden"},
		{`{"session_mode":"fast"}`, "choices", "its modes are: ask, plan", "invalid"},
		{`{"model":"huge"}`, "choices", "its models are: small, large", "invalid"},
		{`{"mcp_servers":["nobody"]}`, "opened", "nobody", "not_found"},
		{`{"blocked_mcp_tools":["axon/query"]}`, "askfor mcp__axon__query", "got no-c", ""},
		{`{"blocked_mcp_tools":["a b"]}`, "opened", "blocked_mcp_tools", "invalid"},
		{`{"enable_fs":true,"enable_terminal":true}`, "hello", `"readTextFile":true,"writeTextFile":true},"terminal":true`, ""},
		{`{"permission_timeout_secs":1}`, "ask one", "got cancelled", ""},
		{`{"adapter_timeout_secs":1}`, "say x\nwait", "longer than 1 s", "timeout"},
	} {
		t.Run(row.flags, func(t *testing.T) {
			t.Parallel()
			s := f.dial(t, "", bearer(apiToken))
			s.send(execute("a", "pulse_chat", row.prompt, row.flags))
			end, before := s.chat("command.done", "command.error")
			text := end.Data.Payload.Message
			for _, frame := range before {
				text += frame.Content.Text
			}
			if end.Data.Payload.Code != row.code || !strings.Contains(text, row.want) {
				t.Errorf("/ws: %s %q, want %q", end.Data.Payload.Code, text, row.want)
			}
			prompt, _ := encodeFrame(row.prompt)
			_, answer, _ := f.ask(t, "POST", pulseChat, `{"prompt":`+string(prompt)+`,`+row.flags[1:], asOperator)
			answer = strings.ReplaceAll(answer, `\"`, `"`)
			if !strings.Contains(answer, row.want) || (row.code != "") != strings.Contains(answer, `"code":"`+row.code+`"`) && row.code != "" {
				t.Errorf("%s: %s, want %q", pulseChat, answer, row.want)
			}
		})
	}
}

// TestChatFlagsOfASession: mode, model and blocked tools may change with each
// prompt; what the agent was started with stays, and that is said.
func TestChatFlagsOfASession(t *testing.T) {
	t.Parallel()
	s := startChat(t, func(c *acp.Config) { c.Args, c.AllowFS, c.AllowTerminal = acptest.Word+"|modes|http", true, true }).dial(t, "", bearer(apiToken))
	s.send(execute("a", "pulse_chat", "say x", `{"mcp_servers":[]}`))
	started, _ := s.chat("session_started")
	s.chat("command.done")
	for flags, want := range map[string]string{
		`"session_mode":"plan","model":"large","agent":"other","enable_fs":false`: "mode plan, model large",
		`"enable_fs":true`:         "enable_fs is chosen when a session begins",
		`"enable_terminal":true`:   "enable_terminal is chosen when a session begins",
		`"agent":"claude"`:         "agent is chosen when a session begins",
		`"mcp_servers":["local"]`:  "mcp_servers is chosen when a session begins",
		`"session_mode":"nothing"`: "has no mode",
	} {
		s.send(execute("b", "pulse_chat", "choices", fmt.Sprintf(`{"session_id":%q,%s}`, started.SessionID, flags)))
		end, before := s.chat("command.done", "command.error")
		text := end.Data.Payload.Message
		for _, frame := range before {
			text += frame.Content.Text
		}
		if !strings.Contains(text, want) {
			t.Errorf("%s: %q, want %q", flags, text, want)
		}
	}
}
