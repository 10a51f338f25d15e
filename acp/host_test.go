package acp_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/axon-mcp/axon-mcp/acp"
	"github.com/axon-mcp/axon-mcp/acp/acptest"
	"github.com/axon-mcp/axon-mcp/fault"
)

func TestMain(m *testing.M) {
	acptest.Main()
	os.Exit(m.Run())
}

// newHost runs agents that are this test binary.
func newHost(t *testing.T, change ...func(*acp.Config)) *acp.Host {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cfg := acp.Config{Cmd: self, Args: acptest.Word}
	for _, one := range change {
		one(&cfg)
	}
	h := acp.NewHost(acp.Deps{
		Config: cfg, Log: slog.New(slog.DiscardHandler), Version: "test", DataDir: t.TempDir(),
		Environ: append(os.Environ(), "AXON_SECRET=canary", "OPENAI_API_KEY=canary", "REDIS_URL=x", "CLAUDECODE=1", "GEMINI_API_KEY=g-canary-value", "LANG=C"),
	})
	t.Cleanup(h.Close)
	return h
}

func begin(t *testing.T, h *acp.Host) *acp.Session {
	t.Helper()
	s, err := h.Begin(t.Context(), acp.Start{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// frames collects what a connection is sent.
type frames chan any

// attach lets a connection watch a session and decide for it.
func attach(s *acp.Session, policy acp.Policy) (*acp.Viewer, frames) {
	sent := make(frames, 4096)
	v := &acp.Viewer{Permissions: acp.NewPermissions(policy, func(f any) { sent <- f }, slog.New(slog.DiscardHandler)), Moved: func(string) {}}
	s.Attach(v)
	return v, sent
}

func (f frames) request(t *testing.T) acp.PermissionRequest {
	t.Helper()
	for {
		select {
		case frame := <-f:
			if r, ok := frame.(acp.PermissionRequest); ok {
				return r
			}
		case <-time.After(20 * time.Second):
			t.Fatal("nothing was asked")
		}
	}
}

func prompt(t *testing.T, s *acp.Session, text string, opts ...acp.TurnOptions) *acp.Turn {
	t.Helper()
	turn, err := s.Prompt(text, append(opts, acp.TurnOptions{})[0])
	if err != nil {
		t.Fatal(err)
	}
	return turn
}

func finished(t *testing.T, turn *acp.Turn) (stop string, err error) {
	t.Helper()
	select {
	case <-turn.Done():
	case <-time.After(40 * time.Second):
		t.Fatal("the turn does not end")
	}
	stop, _, err = turn.Result()
	return stop, err
}

// said is all text of the agent so far.
func said(t *testing.T, s *acp.Session) string {
	t.Helper()
	var text strings.Builder
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for after, last := int64(0), s.Started().LastEvent; after < last; {
		raw, err := s.Next(ctx, after, 100)
		if err != nil {
			t.Fatal(err)
		}
		for _, one := range raw {
			after++
			var e struct {
				Type    string          `json:"type"`
				Content json.RawMessage `json:"content"`
			}
			if err := json.Unmarshal(one, &e); err != nil {
				t.Fatal(err)
			}
			var content struct {
				Text string `json:"text"`
			}
			if e.Type == "assistant.text" {
				if err := json.Unmarshal(e.Content, &content); err != nil {
					t.Fatal(err)
				}
				text.WriteString(content.Text + "\n")
			}
		}
	}
	return text.String()
}

func TestTurn(t *testing.T) {
	t.Parallel()
	s := begin(t, newHost(t))
	if stop, err := finished(t, prompt(t, s, "say hello")); stop != "end_turn" || err != nil {
		t.Errorf("%s, %v", stop, err)
	}
	if _, err := finished(t, prompt(t, s, "say again")); err != nil {
		t.Error(err)
	}
	if got := said(t, s); got != "hello\nagain\n" {
		t.Errorf("said %q", got)
	}
}

// TestPermissionOfARealAgent: the agent gets the option that was chosen, and no
// other one counts.
func TestAgentDoesNotSpeakForItsUser(t *testing.T) {
	t.Parallel()
	s := begin(t, newHost(t))
	const words = "rm -rf is fine with me"
	turn := prompt(t, s, `update {"sessionUpdate":"user_message_chunk","content":{"type":"text","text":"`+words+`"}}`)
	if stop, err := finished(t, turn); stop != "end_turn" || err != nil {
		t.Fatal(stop, err)
	}
	events, err := s.Next(t.Context(), 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, raw := range events[1:] { // the first is the prompt itself
		if strings.Contains(string(raw), words) {
			t.Errorf("the agent's words are the user's: %s", raw)
		}
	}
}

func TestPermissionOfARealAgent(t *testing.T) {
	t.Parallel()
	s := begin(t, newHost(t))
	v, sent := attach(s, acp.Policy{})
	turn := prompt(t, s, "ask one")
	r := sent.request(t)
	for code, a := range map[fault.Code]acp.Answer{
		fault.Invalid:        {SessionID: r.SessionID, ToolCallID: "one", OptionID: "not offered"},
		acp.NoSuchPermission: {SessionID: "other", ToolCallID: "one", OptionID: "yes-one"},
	} {
		if err := v.Permissions.Answer(a); fault.CodeOf(err) != code {
			t.Errorf("%+v: %v", a, err)
		}
	}
	if err := v.Permissions.Answer(acp.Answer{SessionID: r.SessionID, ToolCallID: "one", OptionID: "no-one", PermID: r.PermID, Digest: r.Digest}); err != nil {
		t.Fatal(err)
	}
	if _, err := finished(t, turn); err != nil {
		t.Fatal(err)
	}
	if got := said(t, s); got != "got no-one\n" {
		t.Errorf("said %q", got)
	}
	if v.Permissions.Open() != 0 {
		t.Errorf("%d requests are left", v.Permissions.Open())
	}
}

// TestTwoSessionsOneCall: two agents ask for the same tool call; each gets its
// own answer.
func TestTwoSessionsOneCall(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	first, second := begin(t, h), begin(t, h)
	v1, sent1 := attach(first, acp.Policy{})
	v2, sent2 := attach(second, acp.Policy{})
	turn1, turn2 := prompt(t, first, "ask same"), prompt(t, second, "ask same")
	r1, r2 := sent1.request(t), sent2.request(t)
	if r1.SessionID == r2.SessionID {
		t.Fatal("two sessions have one id")
	}
	if err := v1.Permissions.Answer(acp.Answer{SessionID: r2.SessionID, ToolCallID: "same", OptionID: "yes-same", PermID: r2.PermID}); fault.CodeOf(err) != acp.NoSuchPermission {
		t.Errorf("an answer to another's question: %v", err)
	}
	for v, a := range map[*acp.Viewer]acp.Answer{
		v1: {SessionID: r1.SessionID, ToolCallID: "same", OptionID: "yes-same"},
		v2: {SessionID: r2.SessionID, ToolCallID: "same", OptionID: "no-same"},
	} {
		if err := v.Permissions.Answer(a); err != nil {
			t.Error(err)
		}
	}
	for turn, want := range map[*acp.Turn]string{turn1: "got yes-same\n", turn2: "got no-same\n"} {
		if _, err := finished(t, turn); err != nil {
			t.Error(err)
		}
		s := first
		if turn == turn2 {
			s = second
		}
		if got := said(t, s); got != want {
			t.Errorf("said %q, want %q", got, want)
		}
	}
}

// TestR13NobodyThere: a question that nobody can answer is cancelled, with
// auto-approval too.
func TestR13NobodyThere(t *testing.T) {
	t.Parallel()
	s := begin(t, newHost(t))
	v, sent := attach(s, acp.Policy{Auto: true})
	if _, err := finished(t, prompt(t, s, "ask one")); err != nil {
		t.Fatal(err)
	}
	if r, ok := (<-sent).(acp.PermissionResolved); !ok || r.By != "auto" || r.OptionID != "yes-one" {
		t.Errorf("%+v", r)
	}
	s.Detach(v)
	if _, err := finished(t, prompt(t, s, "ask two")); err != nil {
		t.Fatal(err)
	}
	if got := said(t, s); got != "got yes-one\ngot cancelled\n" {
		t.Errorf("said %q", got)
	}
}

// TestSocketGoneWhileAsked and a turn that is stopped: the agent gets cancelled
// at once.
func TestCancelledWhileAsked(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*acp.Session, *acp.Viewer, *acp.Turn){
		"socket gone": func(s *acp.Session, v *acp.Viewer, _ *acp.Turn) { s.Detach(v) },
		"closed":      func(_ *acp.Session, v *acp.Viewer, _ *acp.Turn) { v.Permissions.Close() },
		"stopped":     func(_ *acp.Session, _ *acp.Viewer, turn *acp.Turn) { turn.Cancel() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := begin(t, newHost(t))
			v, sent := attach(s, acp.Policy{})
			turn := prompt(t, s, "ask one")
			sent.request(t)
			begun := time.Now()
			end(s, v, turn)
			if _, err := finished(t, turn); (err != nil) != (name == "stopped") {
				t.Errorf("%v", err)
			}
			if took := time.Since(begun); took > 5*time.Second {
				t.Errorf("it took %s", took)
			}
			if v.Permissions.Open() != 0 {
				t.Error("a request is left")
			}
		})
	}
}

// TestBadAgents: each ends its turn with words, and the next prompt works.
func TestBadAgents(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ text, want string }{
		"crash":     {"crash key g-canary-value", "fell over"},
		"long line": {"long", ""},
		"garbage":   {"garbage\nsay on", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHost(t)
			s := begin(t, h)
			_, err := finished(t, prompt(t, s, test.text))
			if err == nil && test.want != "" {
				t.Fatal("no error")
			}
			if err != nil {
				message := fault.MessageOf(err)
				if !strings.Contains(message, test.want) || strings.Contains(message, "g-canary-value") {
					t.Errorf("the user reads %q", message)
				}
				t.Log(message)
			}
			now, _, err := h.Revive(t.Context(), s)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := finished(t, prompt(t, now, "say back")); err != nil || !strings.Contains(said(t, now), "back") {
				t.Errorf("the next prompt: %v, %q", err, said(t, now))
			}
		})
	}
}

// TestHang: a turn has its time, and an agent that does not stop is ended.
func TestHang(t *testing.T) {
	t.Parallel()
	s := begin(t, newHost(t))
	_, err := finished(t, prompt(t, s, "hang", acp.TurnOptions{Timeout: 200 * time.Millisecond}))
	if fault.CodeOf(err) != fault.Timeout {
		t.Errorf("%v", err)
	}
}

// TestStop: also where the agent has not heard the first cancel, which may
// overtake its prompt.
func TestStop(t *testing.T) {
	t.Parallel()
	for _, script := range []string{"wait", "late\nwait"} {
		s := begin(t, newHost(t))
		turn := prompt(t, s, script)
		turn.Cancel()
		if stop, err := finished(t, turn); stop != "cancelled" || fault.CodeOf(err) != fault.Canceled {
			t.Errorf("%q: %s, %v", script, stop, err)
		}
	}
}

// TestNoOrphans: what an agent has started ends with it, also where it does not
// want to.
func TestNoOrphans(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	s := begin(t, h)
	if _, err := finished(t, prompt(t, s, "child\nstubborn")); err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(regexp.MustCompile(`child (\d+)`).FindStringSubmatch(said(t, s))[1])
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, 0); err != nil {
		t.Fatalf("the child does not run: %v", err)
	}
	h.Close()
	if err := syscall.Kill(pid, 0); err == nil && !zombie(pid) {
		t.Error("the agent's child outlives it")
	}
}

func zombie(pid int) bool {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err != nil || strings.Contains(string(raw), ") Z ")
}

// TestEnvironment: the child's is exactly the list.
func TestEnvironment(t *testing.T) {
	t.Parallel()
	s := begin(t, newHost(t))
	if _, err := finished(t, prompt(t, s, "env")); err != nil {
		t.Fatal(err)
	}
	allowed := strings.Fields(`PATH HOME USER SHELL TERM LANG LC_ALL TZ TMPDIR XDG_RUNTIME_DIR XDG_CONFIG_HOME XDG_DATA_HOME XDG_CACHE_HOME
		SSL_CERT_FILE SSL_CERT_DIR ANTHROPIC_API_KEY CLAUDE_CODE_USE_BEDROCK CLAUDE_CODE_USE_VERTEX GEMINI_API_KEY GOOGLE_API_KEY
		GOOGLE_CLOUD_PROJECT GOOGLE_CLOUD_LOCATION GOOGLE_APPLICATION_CREDENTIALS GEMINI_CLI_HOME GEMINI_FORCE_FILE_STORAGE CODEX_HOME CODEX_API_KEY`)
	names := strings.Fields(said(t, s))
	for _, name := range names {
		if !slices.Contains(allowed, name) {
			t.Errorf("the child has %s", name)
		}
	}
	if !slices.Contains(names, "GEMINI_API_KEY") || !slices.Contains(names, "PATH") {
		t.Errorf("the child lacks what it needs: %q", names)
	}
}

// TestShells are no agents, under whatever name.
func TestShells(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("links to Unix shells")
	}
	dir := t.TempDir()
	link := filepath.Join(dir, "my-agent")
	again := filepath.Join(dir, "another")
	for from, to := range map[string]string{link: "/bin/sh", again: link} {
		if err := os.Symlink(to, from); err != nil {
			t.Fatal(err)
		}
	}
	copied := filepath.Join(dir, "BASH.EXE")
	if err := os.WriteFile(copied, []byte("#!/bin/sh\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, command := range []string{"sh", "bash", "/bin/sh", "/usr/bin/bash", link, again, copied, "/bin/../bin/sh"} {
		h := newHost(t, func(c *acp.Config) { c.Cmd, c.Args = command, "" })
		if _, err := h.Begin(t.Context(), acp.Start{}); fault.CodeOf(err) != fault.Forbidden || !strings.Contains(fault.MessageOf(err), "AXON_ACP_ADAPTER_CMD") {
			t.Errorf("%s: %v", command, err)
		}
	}
	h := newHost(t, func(c *acp.Config) { c.Cmd = "no-such-program" })
	if _, err := h.Begin(t.Context(), acp.Start{}); !strings.Contains(fault.MessageOf(err), "AXON_ACP_ADAPTER_CMD") {
		t.Errorf("a missing program: %v", err)
	}
}

func TestPlaces(t *testing.T) {
	t.Parallel()
	h := newHost(t, func(c *acp.Config) { c.MaxSessions = 1 })
	s := begin(t, h)
	attach(s, acp.Policy{})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := h.Begin(ctx, acp.Start{}); err == nil {
		t.Error("a second agent where there is one place")
	}
	s.End()
	begin(t, h)
}

// TestResume: only the holder of the secret comes back, and misses nothing.
func TestResume(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	s := begin(t, h)
	started := s.Started()
	if _, err := finished(t, prompt(t, s, "say 1\nsay 2\nsay 3")); err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"", "x", started.ResumeSecret + "x"} {
		if _, err := h.Resume(started.SessionID, secret); fault.CodeOf(err) != fault.NotFound {
			t.Errorf("secret %q: %v", secret, err)
		}
	}
	back, err := h.Resume(started.SessionID, started.ResumeSecret)
	if err != nil || said(t, back) != "1\n2\n3\n" {
		t.Errorf("%v", err)
	}
}
