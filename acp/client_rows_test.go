package acp_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/axon-mcp/axon-mcp/acp"
	"github.com/axon-mcp/axon-mcp/acp/acptest"
	"github.com/axon-mcp/axon-mcp/fault"
)

// The rules A1 to A11 for us as the client (reference, section 2.4), each
// against a real process. A10's options are in permissions_test.go.

// traits makes the agent one of another kind; see acptest.
func traits(names string) func(*acp.Config) {
	return func(c *acp.Config) { c.Args = acptest.Word + "|" + strings.ReplaceAll(names, " ", "|") }
}

// logText is what a host has logged so far.
type logText struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logText) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logText) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// loggingHost is newHost with a log, a data directory, in whose folder agents/
// agents work, and axon itself at url.
func loggingHost(t *testing.T, url string, change ...func(*acp.Config)) (h *acp.Host, log *logText, data string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cfg := acp.Config{Cmd: self, Args: acptest.Word}
	for _, one := range change {
		one(&cfg)
	}
	log, data = &logText{}, t.TempDir()
	h = acp.NewHost(acp.Deps{
		Config: cfg, Log: slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})), Version: "test", DataDir: data,
		Environ: append(os.Environ(), "AXON_SECRET=canary", "GEMINI_API_KEY=g-canary-value"), MCPURL: func() string { return url },
	})
	t.Cleanup(h.Close)
	return h, log, data
}

// tell runs one turn and returns what the agent said in it.
func tell(t *testing.T, s *acp.Session, text string) string {
	t.Helper()
	before := said(t, s)
	if _, err := finished(t, prompt(t, s, text)); err != nil {
		t.Fatal(err)
	}
	return strings.TrimPrefix(said(t, s), before)
}

// kinds are the types of a session's events.
func kinds(t *testing.T, s *acp.Session) string {
	t.Helper()
	raw, err := s.Next(t.Context(), 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, one := range raw {
		all = append(all, string(one))
	}
	return strings.Join(all, "\n")
}

// A1: each message is one line of JSON in UTF-8, whatever is in it (the agent
// ends where one is not), and what agents write to stderr is logged without
// secrets.
func TestA1OneLineOfJSON(t *testing.T) {
	t.Parallel()
	h, log, _ := loggingHost(t, "", traits("banner"))
	s := begin(t, h)
	if got := tell(t, s, "say a\u2028b \x00 \xff \U0001f600\r\nsay c"); got != "a\u2028b \x00 \ufffd \U0001f600\nc\n" {
		t.Errorf("%q", got)
	}
	if _, err := finished(t, prompt(t, s, "crash with g-canary-value")); err == nil {
		t.Error("no error")
	}
	if !strings.Contains(log.String(), "the agent fell over: with [redacted]") || strings.Contains(log.String(), "canary") {
		t.Error(log.String())
	}
}

// A2: a cancel answers everything that is asked with cancelled, marks what is
// open as cancelled, still takes updates, and waits for the end of the turn.
func TestA2Cancel(t *testing.T) {
	t.Parallel()
	s := begin(t, newHost(t))
	v, sent := attach(s, acp.Policy{})
	turn := prompt(t, s, "update {\"sessionUpdate\":\"tool_call\",\"toolCallId\":\"t\",\"title\":\"T\",\"status\":\"in_progress\"}\nmany 3\nwait")
	for range 3 {
		sent.request(t)
	}
	turn.Cancel()
	if stop, err := finished(t, turn); stop != "cancelled" || fault.CodeOf(err) != fault.Canceled {
		t.Errorf("%s, %v", stop, err)
	}
	if got := said(t, s); strings.Count(got, "got cancelled") != 3 || v.Permissions.Open() != 0 {
		t.Errorf("%q, %d open", got, v.Permissions.Open())
	}
	if all := kinds(t, s); !regexp.MustCompile(`"status":"cancelled","toolCallId":"t","type":"assistant.tool_update"`).MatchString(all) {
		t.Error(all)
	}
}

// A3: a request that the agent takes back is answered once, not with a consent,
// and is asked no longer.
func TestA3RequestTakenBack(t *testing.T) {
	t.Parallel()
	s := begin(t, newHost(t))
	v, _ := attach(s, acp.Policy{})
	got := tell(t, s, "retract one")
	if !strings.Contains(got, "cancelled") && !strings.Contains(got, "-32800") || v.Permissions.Open() != 0 {
		t.Errorf("%q, %d open", got, v.Permissions.Open())
	}
}

// A4: whatever is no option of that very request, and silence, is no consent.
func TestA4NothingIsNoConsent(t *testing.T) {
	t.Parallel()
	s := begin(t, newHost(t))
	v, sent := attach(s, acp.Policy{})
	turn := prompt(t, s, "ask one\nask two", acp.TurnOptions{PermissionTimeout: time.Second})
	first := sent.request(t)
	for _, option := range []string{"", "yes", "yes-two", "allow_once", "YES-ONE"} {
		if err := v.Permissions.Answer(acp.Answer{SessionID: first.SessionID, ToolCallID: "one", OptionID: option, PermID: first.PermID}); fault.CodeOf(err) != fault.Invalid {
			t.Errorf("%q: %v", option, err)
		}
	}
	if _, err := finished(t, turn); err != nil {
		t.Error(err)
	}
	if got := said(t, s); got != "got cancelled\ngot cancelled\n" {
		t.Errorf("%q", got)
	}
}

// A6: the folder is absolute, and servers over HTTP go to agents that take them.
func TestA6ServersAndFolder(t *testing.T) {
	t.Parallel()
	file := `{"mcpServers":{"local":{"command":"/bin/true","args":["x"],"env":{"K":"v"}},"far":{"url":"https://far.example/mcp","headers":{"Authorization":"Bearer far-0123456789abcdef"}}}}`
	for kind, want := range map[string]string{"http": "far axon local", "load": "local"} {
		h, log, data := loggingHost(t, "http://127.0.0.1:9/mcp", traits(kind))
		if err := os.WriteFile(filepath.Join(data, "mcp.json"), []byte(file), 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := h.Begin(t.Context(), acp.Start{MCPServers: []string{"local", "far", "local", "axon"}})
		if err != nil {
			t.Fatal(err)
		}
		var opened struct {
			Cwd     string                  `json:"cwd"`
			Servers []struct{ Name string } `json:"mcpServers"`
		}
		raw := tell(t, s, "opened")
		if err := json.Unmarshal([]byte(raw), &opened); err != nil {
			t.Fatal(err)
		}
		names := map[string]bool{}
		for _, server := range opened.Servers {
			names[server.Name] = true
		}
		got := fmt.Sprint(names)
		for _, name := range strings.Fields(want) {
			if !names[name] || len(names) != len(strings.Fields(want)) {
				t.Errorf("%s: %s", kind, got)
			}
		}
		if opened.Cwd != filepath.Join(data, "agents") || !filepath.IsAbs(opened.Cwd) {
			t.Errorf("cwd %q", opened.Cwd)
		}
		if kind == "load" && !strings.Contains(log.String(), "one was left out") {
			t.Error("nobody is told")
		}
		for _, name := range []string{"nobody", "far2"} {
			if _, err := h.Begin(t.Context(), acp.Start{MCPServers: []string{name}}); fault.CodeOf(err) != fault.NotFound || !strings.Contains(fault.MessageOf(err), "far, local") {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

// A7: a session id counts on the process that gave it; others' are refused, and
// ours, which alone leave the server, are random.
func TestA7ForeignSessionID(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	one, two := begin(t, h), begin(t, h)
	_, sent := attach(one, acp.Policy{Auto: true})
	got := tell(t, one, `raw {"jsonrpc":"2.0","method":"session/update","params":{"sessionId":"2","update":{"sessionUpdate":"agent_message_chunk","content":{"type":"text","text":"forged"}}}}`+
		"\ncall session/request_permission {\"sessionId\":\""+two.ID()+"\",\"toolCall\":{\"toolCallId\":\"x\"},\"options\":[{\"optionId\":\"y\",\"name\":\"Y\",\"kind\":\"allow_once\"}]}")
	if !strings.Contains(got, "-32602") || strings.Contains(got, "forged") || len(sent) != 0 {
		t.Errorf("%q, %d frames", got, len(sent))
	}
	if len(one.ID()) != 32 || one.ID() == two.ID() || strings.Contains(kinds(t, one), `"session_id":"1"`) {
		t.Errorf("ids %s and %s", one.ID(), two.ID())
	}
}

// A8: elicitation is not offered, and an agent that asks all the same gets no
// such method; no person sees anything of it.
func TestA8NoElicitation(t *testing.T) {
	t.Parallel()
	s := begin(t, newHost(t))
	_, sent := attach(s, acp.Policy{})
	got := tell(t, s, "hello\ncall elicitation/create {\"sessionId\":\"1\",\"mode\":\"url\",\"url\":\"https://evil.example/\",\"elicitationId\":\"e\",\"message\":\"m\"}")
	if hello, _, _ := strings.Cut(got, "\n"); strings.Contains(hello, "elicitation") || !strings.Contains(got, "-32601") || len(sent) != 0 {
		t.Errorf("%q, %d frames", got, len(sent))
	}
	if all := kinds(t, s); strings.Contains(strings.SplitN(all, "\n", 2)[1], "evil.example") {
		t.Error(all)
	}
}

// A9: what we do not know is passed on or skipped, and never the end.
func TestA9Lenient(t *testing.T) {
	t.Parallel()
	s := begin(t, newHost(t, traits("banner modes")))
	_, sent := attach(s, acp.Policy{Auto: true})
	got := tell(t, s, strings.Join([]string{
		`update {"sessionUpdate":"hologram","depth":3}`,
		`update {"sessionUpdate":"plan","entries":[{"priority":"cosmic","status":7}]}`,
		`update {"sessionUpdate":"tool_call","toolCallId":"t","kind":"teleport","status":"dreaming","more":true}`,
		`update {"sessionUpdate":7}`,
		`raw {"jsonrpc":"2.0","method":"session/update","params":7}`,
		`raw {"jsonrpc":"2.0","method":"_vendor/ping","id":"v1"}`,
		`call session/request_permission {"sessionId":"1","toolCall":{"toolCallId":"p","kind":7},"options":[]}`,
		`call session/request_permission {"sessionId":"1","toolCall":{"toolCallId":"p"},"options":[7,{"optionId":"y","name":"Y","kind":"allow_once","new":1}]}`,
		`say alive`,
	}, "\n"))
	if !strings.Contains(got, "alive") || !strings.Contains(got, `"optionId":"y"`) {
		t.Errorf("%q", got)
	}
	all := kinds(t, s)
	for _, want := range []string{`"depth":3,`, `"type":"assistant.other"`, `"cosmic"`, `"teleport"`, `"more":true`} {
		if !strings.Contains(all, want) {
			t.Errorf("%s is lost in %s", want, all)
		}
	}
	if len(sent) != 1 {
		t.Errorf("%d frames", len(sent))
	}
}

// A10: no mode that asks nothing is offered, begun in or gone over to; an agent
// that goes over by itself loses its turn.
func TestA10ModesThatAskNothing(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"modes", "bypass"} {
		s := begin(t, newHost(t, traits(kind)))
		if modes := string(s.Started().Modes); strings.Contains(modes, "bypass") || strings.Contains(modes, "auto") || !strings.Contains(modes, `"plan"`) {
			t.Errorf("%s: offered %s", kind, modes)
		}
		if got := tell(t, s, "choices"); got != "mode ask, model small\n" {
			t.Errorf("%s: %q", kind, got)
		}
		for mode, code := range map[string]fault.Code{"bypassPermissions": fault.Forbidden, "auto": fault.Invalid, "none": fault.Invalid} {
			if err := s.Choose(t.Context(), acp.Start{Mode: mode}); fault.CodeOf(err) != code {
				t.Errorf("%s: %v", mode, err)
			}
		}
		for _, mode := range []string{"bypassPermissions", "auto"} {
			_, err := finished(t, prompt(t, s, `update {"sessionUpdate":"current_mode_update","currentModeId":"`+mode+"\"}\nwait"))
			if fault.CodeOf(err) != fault.Forbidden || !strings.Contains(fault.MessageOf(err), "AXON_ACP_ALLOW_BYPASS") {
				t.Errorf("%s: %v", mode, err)
			}
		}
	}
	s := begin(t, newHost(t, traits("bypass"), func(c *acp.Config) { c.AllowBypass = true }))
	if got := tell(t, s, "choices"); !strings.Contains(got, "bypassPermissions") {
		t.Errorf("allowed: %q", got)
	}
}

// A11: no secret in the arguments, no file of ours, limits, an absolute program
// in the folder that was meant. The environment is TestEnvironment's, shells are
// TestShells', the group is TestNoOrphans'.
func TestA11Child(t *testing.T) {
	t.Parallel()
	canary, err := os.Create(filepath.Join(t.TempDir(), "canary"))
	if err != nil {
		t.Fatal(err)
	}
	defer canary.Close()
	h, _, data := loggingHost(t, "http://127.0.0.1:9/mcp", traits("http"))
	s := begin(t, h)
	self := tell(t, s, "self")
	if strings.Contains(self, "canary") || strings.Contains(self, "axk_") || !strings.Contains(self, `args "/`) || !strings.Contains(self, "dir "+filepath.Join(data, "agents")) {
		t.Errorf("%q", self)
	}
	if open := tell(t, s, "files"); strings.Contains(open, "canary") || strings.Contains(open, "socket:") {
		t.Errorf("it has %q", open)
	}
	limits := tell(t, s, "limits")
	for _, want := range []string{`Max core file size +0 +0 `, `Max open files +(\d+) +(\d+) `, `Max file size +17179869184 +17179869184 `} {
		found := regexp.MustCompile(want).FindStringSubmatch(limits)
		if found == nil {
			t.Errorf("no %q in %s", want, limits)
		} else if len(found) > 1 {
			if n, _ := strconv.Atoi(found[2]); n == 0 || n > 16_384 {
				t.Errorf("%d open files", n)
			}
		}
	}
}

// A11: an agent that dies again and again is waited for, longer each time, and
// its last words are kept, not all of them.
func TestA11LastWords(t *testing.T) {
	t.Parallel()
	h, _, _ := loggingHost(t, "http://127.0.0.1:9/mcp", traits("http"))
	s := begin(t, h)
	_, err := finished(t, prompt(t, s, "leak"))
	if message := fault.MessageOf(err); !strings.Contains(message, "with X[redacted] I fall") || strings.Contains(message, "axk_") {
		t.Errorf("%q", message)
	}
}

// TestSignIn: an agent that wants a sign-in says how; with a key it is signed in.
func TestSignIn(t *testing.T) {
	t.Parallel()
	h, _, _ := loggingHost(t, "", traits("signin"))
	if got := tell(t, begin(t, h), "say in"); got != "in\n" { // GEMINI_API_KEY is set
		t.Errorf("%q", got)
	}
	h, _, _ = loggingHost(t, "", traits("locked"))
	_, err := h.Begin(t.Context(), acp.Start{})
	for _, want := range []string{"wants a sign-in", "in a terminal", `"Log in" (opens a browser)`, "Authentication required"} {
		if fault.CodeOf(err) != fault.Unavailable || !strings.Contains(fault.MessageOf(err), want) {
			t.Errorf("%v lacks %q", err, want)
		}
	}
	h = newHost(t, traits("old"))
	if _, err := h.Begin(t.Context(), acp.Start{}); fault.CodeOf(err) != fault.Upstream || !strings.Contains(fault.MessageOf(err), "version 0") {
		t.Errorf("another version: %v", err)
	}
}

// TestChoose: mode and model change between turns, and a fresh process gets them.
func TestChoose(t *testing.T) {
	t.Parallel()
	h := newHost(t, traits("modes load"))
	s, err := h.Begin(t.Context(), acp.Start{Mode: "plan", Model: "large"})
	if err != nil {
		t.Fatal(err)
	}
	if got := tell(t, s, "choices"); got != "mode plan, model large\n" {
		t.Errorf("%q", got)
	}
	if err := s.Choose(t.Context(), acp.Start{Mode: "ask", Model: "small"}); err != nil {
		t.Fatal(err)
	}
	if got := tell(t, s, "choices"); got != "mode ask, model small\n" || !strings.Contains(string(s.Started().Modes), `"currentModeId":"ask"`) {
		t.Errorf("%q, %s", got, s.Started().Modes)
	}
	if err := s.Choose(t.Context(), acp.Start{Model: "huge"}); fault.CodeOf(err) != fault.Invalid || !strings.Contains(fault.MessageOf(err), "small, large") {
		t.Errorf("%v", err)
	}
	if err := s.Choose(t.Context(), acp.Start{Mode: "plan"}); err != nil {
		t.Fatal(err)
	}
	if _, err := finished(t, prompt(t, s, "crash")); err == nil {
		t.Fatal("no error")
	}
	now, replaced, err := h.Revive(t.Context(), s)
	if err != nil || replaced {
		t.Fatalf("%v %v", replaced, err)
	}
	if got := tell(t, now, "choices"); got != "mode plan, model small\n" {
		t.Errorf("after a crash: %q", got)
	}
}

// TestLoad: a session whose agent died is loaded, without a word twice; one that
// cannot be is replaced, and that is told.
func TestLoad(t *testing.T) {
	t.Parallel()
	for kind, replacedWanted := range map[string]bool{"load": false, "forgets": true, "http": true} {
		h := newHost(t, traits(kind))
		s := begin(t, h)
		if _, err := finished(t, prompt(t, s, "say one\ncrash")); err == nil {
			t.Fatal("no error")
		}
		now, replaced, err := h.Revive(t.Context(), s)
		if err != nil || replaced != replacedWanted || (now.ID() == s.ID()) == replaced {
			t.Fatalf("%s: replaced %v, %v", kind, replaced, err)
		}
		if got := tell(t, now, "say two"); got != "two\n" {
			t.Errorf("%s: %q", kind, got)
		}
		if all := said(t, now); strings.Contains(all, "said before") {
			t.Errorf("%s: repeated: %q", kind, all)
		}
	}
}

// TestBlockedTools: what a session has given up is refused, in each agent's way
// of naming it; the rest is asked.
func TestBlockedTools(t *testing.T) {
	t.Parallel()
	h, log, _ := loggingHost(t, "http://127.0.0.1:9/mcp", traits("http"))
	_, err := h.Begin(t.Context(), acp.Start{Blocked: []string{"axon/query", "mcp__files__Delete", "sheets__*"}})
	if fault.CodeOf(err) != fault.Invalid || !strings.Contains(fault.MessageOf(err), "blocked_mcp_tools") {
		t.Fatalf("%v", err)
	}
	s, err := h.Begin(t.Context(), acp.Start{Blocked: []string{"axon/query", "mcp__files__Delete", "ask"}})
	if err != nil {
		t.Fatal(err)
	}
	attach(s, acp.Policy{Auto: true})
	for title, want := range map[string]string{
		"mcp__axon__query": "no-c", "Tool: axon/query": "no-c", "query (axon MCP Server)": "no-c", "mcp__files__delete": "no-c", "mcp__any__ask": "no-c", "ask": "no-c",
		"mcp__axon__query_all": "yes-c", "mcp__other__query": "yes-c", "query": "yes-c", "Edit axon/query.go": "yes-c", "mcp__axon__retrieve": "yes-c", "Ask somebody": "yes-c",
	} {
		if got := tell(t, s, "askfor "+title); got != "got "+want+"\n" {
			t.Errorf("%s: %q", title, got)
		}
	}
	if got := tell(t, s, "opened"); !strings.Contains(got, `"disallowedTools":["mcp__axon__query","mcp__files__delete","mcp__axon__ask"]`) {
		t.Errorf("%q", got)
	}
	if !strings.Contains(log.String(), "blocked_mcp_tools") {
		t.Error("nothing is logged")
	}
	if err := s.Choose(t.Context(), acp.Start{Blocked: []string{}}); err != nil {
		t.Fatal(err)
	}
	if got := tell(t, s, "askfor mcp__axon__query"); got != "got yes-c\n" {
		t.Errorf("given back: %q", got)
	}
}
