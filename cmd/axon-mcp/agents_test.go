package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/axon-mcp/axon-mcp/acp/acptest"
)

// chatServer is a running serve whose agent is this test binary.
type chatServer struct {
	t        testing.TB
	mcp, web string
	stderr   *syncBuffer
}

const chatToken = "the-web-token-of-the-test-0123456789abcdef"

func newChatServer(t testing.TB, env ...string) *chatServer {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ports := make([]string, 2)
	for i := range ports {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		_, ports[i], _ = net.SplitHostPort(l.Addr().String())
		_ = l.Close()
	}
	s := &chatServer{t: t, mcp: "http://127.0.0.1:" + ports[0] + "/mcp", web: "http://127.0.0.1:" + ports[1], stderr: new(syncBuffer)}
	p := newProgram(t, nil)
	p.env = append(p.env, "AXON_MCP_HTTP_PORT="+ports[0], "AXON_WEB_PORT="+ports[1], "AXON_MCP_API_KEY=the-static-key-of-the-test", "AXON_WEB_API_TOKEN="+chatToken,
		"AXON_ACP_ADAPTER_CMD="+self, "AXON_ACP_ADAPTER_ARGS="+acptest.Word+"|http", "AXON_ACP_MAX_MEMORY_MB=0", "AXON_MCP_TOOLSETS=all") // a race detector wants terabytes
	p.env = append(p.env, env...)
	cmd := exec.Command(binary, "serve") // not killed at the end, but told
	cmd.Env, cmd.Stderr = p.env, s.stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Signal(os.Interrupt); _ = cmd.Wait() })
	for begun := time.Now(); ; time.Sleep(20 * time.Millisecond) { // it is another process: there is nothing to wait for
		response, err := http.Get(s.web + "/healthz")
		if err == nil {
			_ = response.Body.Close()
			return s
		}
		if time.Since(begun) > time.Minute {
			t.Fatalf("serve does not answer: %s", s.stderr)
		}
	}
}

// post sends JSON with the web token.
func (s *chatServer) post(ctx context.Context, path string, body any) (int, string, http.Header) {
	s.t.Helper()
	raw, err := json.Marshal(body)
	if err != nil {
		s.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.web+path, bytes.NewReader(raw))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+chatToken)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err.Error(), nil
	}
	defer res.Body.Close()
	text, _ := io.ReadAll(res.Body) // a stream may be cut off
	return res.StatusCode, string(text), res.Header
}

// chat runs one turn and returns what the agent said.
func (s *chatServer) chat(body map[string]any) (said string, started map[string]any) {
	s.t.Helper()
	status, text, _ := s.post(s.t.Context(), "/api/pulse/chat", body)
	if status != 200 {
		s.t.Fatalf("%v: %d %s\n%s", body, status, text, s.stderr)
	}
	for line := range strings.Lines(text) {
		var e struct {
			Type    string `json:"type"`
			Content struct {
				Text string `json:"text"`
			} `json:"content"`
		}
		data, is := strings.CutPrefix(line, "data: ")
		if !is || json.Unmarshal([]byte(data), &e) != nil {
			continue
		}
		switch e.Type {
		case "assistant.text":
			said += e.Content.Text + "\n"
		case "session_started":
			_ = json.Unmarshal([]byte(data), &started)
		}
	}
	return said, started
}

// call is one request to the MCP door with a key, as anybody could make it.
func (s *chatServer) call(key string, header ...string) int {
	s.t.Helper()
	body := `{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}`
	req, err := http.NewRequest(http.MethodPost, s.mcp, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	for name, value := range map[string]string{
		"Authorization": "Bearer " + key, "Content-Type": "application/json", "Accept": "application/json, text/event-stream", "MCP-Protocol-Version": "2026-07-28", "Mcp-Method": "tools/list",
	} {
		req.Header.Set(name, value)
	}
	for _, one := range header {
		name, value, _ := strings.Cut(one, ": ")
		req.Header.Set(name, value)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	return res.StatusCode
}

// TestAgentUsesAxon: an agent, a process of its own, calls tools of axon with the
// key of its session. It reads and does nothing else, not what the chat has
// blocked, from this machine alone; the key dies with the session.
func TestAgentUsesAxon(t *testing.T) {
	t.Parallel()
	s := newChatServer(t, "AXON_ACP_MAX_CONCURRENT_SESSIONS=1")
	said, started := s.chat(map[string]any{"prompt": strings.Join([]string{
		`tool tools/call {"name":"stats","arguments":{}}`,
		`tool tools/call {"name":"domains","arguments":{}}`,
		`tool tools/call {"name":"forget","arguments":{"domain":"x.example"}}`,
		`tool tools/list {}`,
	}, "\n"), "blocked_mcp_tools": []string{"axon/domains"}})
	lines := strings.Split(said, "\n")
	if len(lines) < 4 {
		t.Fatalf("%q\n%s", said, s.stderr)
	}
	if !strings.Contains(lines[0], "tool 200 ") || !strings.Contains(lines[0], "documents") || strings.Contains(lines[0], `"isError":true`) {
		t.Errorf("stats: %.400s", lines[0])
	}
	if !strings.Contains(lines[1], `"isError":true`) || !strings.Contains(lines[1], "blocked for this session") {
		t.Errorf("a blocked tool: %.400s", lines[1])
	}
	if !strings.Contains(lines[2], "tool 403 ") && !strings.Contains(lines[2], `"isError":true`) {
		t.Errorf("a tool that writes: %.400s", lines[2])
	}
	if !strings.Contains(said, `"name":"stats"`) || strings.Contains(said, `"name":"domains"`) || strings.Contains(said, `"name":"forget"`) {
		t.Errorf("listed: %.2000s", said)
	}
	key := regexp.MustCompile(`axk_\w+`).FindString(said)
	if got := s.call(key); key == "" || got != 200 {
		t.Errorf("the key %q, while the session lives: %d", key, got)
	}
	if got := s.call(key, "X-Forwarded-For: 10.0.0.1"); got != http.StatusForbidden {
		t.Errorf("through a proxy: %d", got)
	}
	for _, wrong := range []string{key + "x", key[:len(key)-1], "axk_", "Axk_" + key[4:]} {
		if got := s.call(wrong); got != http.StatusUnauthorized {
			t.Errorf("%q: %d", wrong, got)
		}
	}
	if said, _ := s.chat(map[string]any{"prompt": `tool tools/call {"name":"domains","arguments":{}}`, "session_id": started["session_id"], "resume_secret": started["resume_secret"], "blocked_mcp_tools": []string{}}); strings.Contains(said, "isError\":true") {
		t.Errorf("given back: %.400s", said)
	}
	s.chat(map[string]any{"prompt": "say I take its place"}) // there is room for one
	if got := s.call(key); got != http.StatusUnauthorized {
		t.Errorf("the key of a session that has ended: %d", got)
	}
	if strings.Contains(s.stderr.String(), key[4:]) {
		t.Error("the log has the key")
	}
}

// TestServeEndsAgents: what agents have started ends with serve, also what does
// not want to.
func TestServeEndsAgents(t *testing.T) {
	t.Parallel()
	var child string
	t.Run("serve", func(t *testing.T) {
		s := newChatServer(t)
		said, _ := s.chat(map[string]any{"prompt": "child"})
		child = strings.TrimSpace(strings.TrimPrefix(said, "child "))
	})
	if raw, err := os.ReadFile("/proc/" + child + "/stat"); child == "" || (err == nil && !strings.Contains(string(raw), ") Z ")) {
		t.Errorf("%q still runs: %s", child, raw)
	}
}

// TestCopilot: whatever the model's server does has its status, and a client
// that leaves ends the call there.
func TestCopilot(t *testing.T) {
	t.Parallel()
	came, left := make(chan struct{}), make(chan struct{})
	model := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body) // until then the server does not see who leaves
		switch text := string(raw); {
		case strings.Contains(text, "pause"):
			w.Header().Set("Retry-After", "7")
			w.WriteHeader(http.StatusTooManyRequests)
		case strings.Contains(text, "broken"):
			w.WriteHeader(http.StatusInternalServerError)
		case strings.Contains(text, "malformed"):
			fmt.Fprint(w, `{"choices":[{"mess`)
		case strings.Contains(text, "cut off"):
			w.Header().Set("Content-Length", "1000")
			fmt.Fprint(w, `{"choices":`)
		case strings.Contains(text, "leave"):
			close(came)
			<-r.Context().Done()
			close(left)
		case strings.Contains(text, "slow"):
			<-r.Context().Done()
		default:
			fmt.Fprint(w, `{"choices":[{"message":{"content":"hello"}}]}`)
		}
	}))
	s := newChatServer(t, "OPENAI_BASE_URL="+model.URL+"/v1", "OPENAI_MODEL=m", "AXON_WEB_COPILOT_TIMEOUT=2s")
	for prompt, want := range map[string]int{"hi": 200, "pause": 429, "broken": 502, "malformed": 502, "cut off": 502, "slow": 408} {
		status, text, header := s.post(t.Context(), "/api/ai/copilot", map[string]any{"prompt": prompt})
		if status != want || (want == 200) != strings.Contains(text, `"text":"hello"`) || (want == 429) != (header.Get("Retry-After") == "7") {
			t.Errorf("%s: %d %s", prompt, status, text)
		}
	}
	ctx, leave := context.WithCancel(t.Context())
	go func() { <-came; leave() }()
	if status, text, _ := s.post(ctx, "/api/ai/copilot", map[string]any{"prompt": "leave"}); status != 0 {
		t.Errorf("%d %s", status, text)
	}
	<-left
	model.Close()
	if status, text, _ := s.post(t.Context(), "/api/ai/copilot", map[string]any{"prompt": "hi"}); status != 502 || !strings.Contains(text, "OPENAI_BASE_URL") {
		t.Errorf("its server is down: %d %s", status, text)
	}
	agent := newChatServer(t)
	if status, text, _ := agent.post(t.Context(), "/api/ai/copilot", map[string]any{"prompt": "say from the agent\nask x\nopened", "system": "say be brief"}); status != 200 ||
		!strings.Contains(text, "be brief") || !strings.Contains(text, "from the agent") || !strings.Contains(text, "got cancelled") || !strings.Contains(text, `\"mcpServers\":[]`) {
		t.Errorf("an agent as the model: %d %s", status, text)
	}
	none := newChatServer(t, "AXON_ACP_ADAPTER_CMD=", "AXON_ACP_CLAUDE_ADAPTER_CMD=none", "AXON_ACP_CODEX_ADAPTER_CMD=none", "AXON_ACP_GEMINI_ADAPTER_CMD=none")
	if status, text, _ := none.post(t.Context(), "/api/ai/copilot", map[string]any{"prompt": "hi"}); status != 503 || !strings.Contains(text, "OPENAI_BASE_URL") || !strings.Contains(text, "AXON_ACP_ADAPTER_CMD") {
		t.Errorf("without a model: %d %s", status, text)
	}
}
