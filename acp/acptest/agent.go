// Package acptest has an agent for tests: a small ACP program that does what the
// words of a prompt say, good and bad.
package acptest

import (
	"bufio"
	"encoding/json"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"
)

// Word is the first argument of a test binary that shall be the agent. Those
// that follow say what kind of agent it is: see traits.
const Word = "be-the-acp-agent"

// Main runs the agent where the process was started as one, and never returns
// then. TestMain calls it first.
func Main() {
	if len(os.Args) > 1 && os.Args[1] == Word {
		os.Exit((&agent{
			out: os.Stdout, waits: map[string]chan message{}, stopped: make(chan struct{}), traits: os.Args[2:], mode: "ask", model: "small",
		}).run(os.Stdin))
	}
}

type agent struct {
	out io.Writer

	// traits: http takes MCP servers over HTTP; load and forgets can load
	// sessions, the second in vain; modes has modes and a choice of model, and
	// bypass begins in one that asks nothing; signin wants a key first, and
	// locked a person; nulls offers null; mute never answers; old speaks another version; banner
	// writes what is no message, and messages that nobody knows.
	traits []string

	mu      sync.Mutex
	last    int
	waits   map[string]chan message
	stopped chan struct{} // closed by session/cancel
	session int
	mode    string
	model   string
	signed  bool
	hello   json.RawMessage // the parameters of initialize
	opened  json.RawMessage // and of session/new or session/load
	loaded  bool
}

type message struct {
	Version string          `json:"jsonrpc"`
	ID      json.RawMessage `json:"id,omitempty"`
	Method  string          `json:"method,omitempty"`
	Params  json.RawMessage `json:"params,omitempty"`
	Result  json.RawMessage `json:"result,omitempty"`
	Error   json.RawMessage `json:"error,omitempty"`
}

func (a *agent) has(trait string) bool { return slices.Contains(a.traits, trait) }

func (a *agent) send(m map[string]any) {
	m["jsonrpc"] = "2.0"
	raw, err := json.Marshal(m)
	if err != nil {
		panic(err)
	}
	a.raw(append(raw, '\n'))
}

func (a *agent) raw(line []byte) {
	a.mu.Lock()
	defer a.mu.Unlock()
	_, _ = a.out.Write(line) // the client is gone: the end of stdin follows
}

func (a *agent) answer(m message, result any) { a.send(map[string]any{"id": m.ID, "result": result}) }

func (a *agent) refuse(m message, code int, text string) {
	a.send(map[string]any{"id": m.ID, "error": map[string]any{"code": code, "message": text}})
}

// run answers until stdin ends. It ends at once where a line is no message.
func (a *agent) run(in io.Reader) int {
	if a.has("banner") {
		a.raw([]byte("Welcome!\n\n[1,2]\n\"text\"\n" + `{"jsonrpc":"2.0","method":"_vendor/news","params":{}}` + "\n"))
	}
	lines := bufio.NewReader(in)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return 0
		}
		var m message
		if !utf8.Valid(line) || json.Unmarshal(line, &m) != nil || m.Version != "2.0" {
			return 1
		}
		if !a.has("mute") {
			a.take(m)
		}
	}
}

func (a *agent) take(m message) {
	switch m.Method {
	case "":
		a.mu.Lock()
		wait := a.waits[string(m.ID)]
		a.mu.Unlock()
		if wait != nil {
			wait <- m
		}
	case "initialize":
		a.hello = m.Params
		version := 1
		if a.has("old") {
			version = 0
		}
		a.answer(m, map[string]any{"protocolVersion": version, "authMethods": a.signIns(), "unknown": []int{1}, "agentCapabilities": map[string]any{
			"loadSession": a.has("load") || a.has("forgets"), "mcpCapabilities": map[string]any{"http": a.has("http")},
		}})
	case "authenticate":
		a.signed = strings.Contains(string(m.Params), `"gemini-api-key"`)
		a.answer(m, map[string]any{})
	case "session/new", "session/load":
		a.open(m)
	case "session/prompt":
		go a.prompt(m, a.begin())
	case "session/set_mode", "session/set_config_option":
		a.choose(m)
	case "session/cancel":
		a.mu.Lock()
		select {
		case <-a.stopped:
		default:
			close(a.stopped)
		}
		a.mu.Unlock()
	default:
		a.refuse(m, -32601, "no such method")
	}
}

func (a *agent) signIns() []any {
	switch {
	case a.has("signin"):
		return []any{
			map[string]any{"id": "browser", "name": "Log in\u202e", "description": "opens a browser"},
			map[string]any{"id": "gemini-api-key", "name": "Key"},
			"no object",
		}
	case a.has("locked"):
		return []any{map[string]any{"id": "browser", "name": "Log in", "description": "opens a browser"}}
	}
	return []any{}
}

// open begins a session, or loads one: then it repeats what was said.
func (a *agent) open(m message) {
	a.opened = m.Params
	load := m.Method == "session/load"
	switch {
	case (a.has("signin") && !a.signed) || a.has("locked"):
		a.refuse(m, -32000, "Authentication required")
		return
	case load && a.has("forgets"):
		a.refuse(m, -32002, "no such session")
		return
	case load:
		a.loaded = true
		a.say("this was said before")
	}
	a.session++
	result := map[string]any{}
	if !load {
		result["sessionId"] = strconv.Itoa(a.session) // every agent's first is "1"
	}
	if a.has("modes") || a.has("bypass") {
		if a.has("bypass") {
			a.mode = "bypassPermissions"
		}
		result["modes"] = map[string]any{"currentModeId": a.mode, "availableModes": []any{
			map[string]any{"id": "bypassPermissions", "name": "Bypass"},
			map[string]any{"id": "ask", "name": "Ask"},
			map[string]any{"id": "plan", "name": "Plan"},
			map[string]any{"id": "auto", "name": "Auto", "description": "Use a model classifier to approve/deny permission prompts"},
		}}
		result["configOptions"] = a.config()
	}
	if a.has("nulls") {
		result["modes"], result["configOptions"], result["models"] = nil, nil, nil
	}
	a.answer(m, result)
}

func (a *agent) config() []any {
	return []any{
		map[string]any{"id": "model", "category": "model", "type": "select", "currentValue": a.model, "options": []any{
			map[string]any{"name": "Group", "options": []any{map[string]any{"value": "small"}, map[string]any{"value": "large"}}},
		}},
		map[string]any{"id": "thinking", "category": "_new", "type": "dial", "currentValue": 7},
		7,
	}
}

func (a *agent) choose(m message) {
	var p struct {
		Mode  string `json:"modeId"`
		Value string `json:"value"`
	}
	_ = json.Unmarshal(m.Params, &p) // a test sees what came of it
	if m.Method == "session/set_mode" {
		a.mode = p.Mode
		a.answer(m, map[string]any{})
		return
	}
	a.model = p.Value
	a.answer(m, map[string]any{"configOptions": a.config()})
}

func (a *agent) say(text string) {
	a.update(map[string]any{"sessionUpdate": "agent_message_chunk", "content": map[string]any{"type": "text", "text": text}})
}

func (a *agent) update(u map[string]any) {
	a.send(map[string]any{"method": "session/update", "params": map[string]any{"sessionId": "1", "update": u}})
}

// begin returns what is closed when the turn that begins is stopped.
func (a *agent) begin() <-chan struct{} {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.stopped = make(chan struct{})
	return a.stopped
}

// request asks the client and returns what it answered. sent is called once the
// request is out, with its id.
func (a *agent) request(method string, params any, sent func(id string)) message {
	a.mu.Lock()
	a.last++
	id := strconv.Itoa(a.last)
	wait := make(chan message, 1)
	a.waits[id] = wait
	a.mu.Unlock()
	a.send(map[string]any{"id": json.RawMessage(id), "method": method, "params": params})
	if sent != nil {
		sent(id)
	}
	return <-wait
}

// ask asks for a permission and returns the option that was given, or
// "cancelled".
func (a *agent) ask(call string) string {
	return outcome(a.request("session/request_permission", question(call, "Edit "+call), nil))
}

// askWith asks with a call and options of any kind.
func (a *agent) askWith(call, options any) string {
	return outcome(a.request("session/request_permission", map[string]any{"sessionId": "1", "toolCall": call, "options": options}, nil))
}

func question(call, title string) map[string]any {
	return map[string]any{
		"sessionId": "1", "toolCall": map[string]any{"toolCallId": call, "title": title, "kind": "edit", "rawInput": map[string]any{"path": call}},
		"options": []any{
			map[string]any{"optionId": "yes-" + call, "name": "Allow", "kind": "allow_once"}, map[string]any{"optionId": "no-" + call, "name": "Reject", "kind": "reject_once"},
		},
	}
}

func outcome(m message) string {
	var got struct {
		Outcome struct {
			Outcome  string `json:"outcome"`
			OptionID string `json:"optionId"`
		} `json:"outcome"`
	}
	if json.Unmarshal(m.Result, &got) != nil || got.Outcome.Outcome != "selected" {
		return "cancelled"
	}
	return got.Outcome.OptionID
}
