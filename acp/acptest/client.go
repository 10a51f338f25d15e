package acptest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// terminal runs a command through the client to its end and releases it.
func (a *agent) terminal(params json.RawMessage) string {
	made := a.request("terminal/create", params, nil)
	var terminal struct {
		ID string `json:"terminalId"`
	}
	if json.Unmarshal(made.Result, &terminal) != nil || terminal.ID == "" {
		return string(made.Error)
	}
	of := map[string]any{"sessionId": "1", "terminalId": terminal.ID}
	ended := a.request("terminal/wait_for_exit", of, nil)
	out := a.request("terminal/output", of, nil)
	a.request("terminal/release", of, nil)
	after := a.request("terminal/output", of, nil)
	if len(out.Result) > 64<<10 {
		var long struct {
			Output    string `json:"output"`
			Truncated bool   `json:"truncated"`
		}
		if err := json.Unmarshal(out.Result, &long); err != nil {
			return err.Error()
		}
		return fmt.Sprintf("%d bytes, truncated %t", len(long.Output), long.Truncated)
	}
	return fmt.Sprintf("%s %s, after release: %t", ended.Result, out.Result, len(after.Error) > 0)
}

// door is axon's own MCP door, as session/new gave it.
type door struct{ url, header string }

func (a *agent) axon() (at door) {
	var opened struct {
		Servers []struct {
			Name    string `json:"name"`
			URL     string `json:"url"`
			Headers []struct {
				Name  string `json:"name"`
				Value string `json:"value"`
			} `json:"headers"`
		} `json:"mcpServers"`
	}
	_ = json.Unmarshal(a.opened, &opened) // without: nothing is there
	for _, s := range opened.Servers {
		if s.Name == "axon" && len(s.Headers) > 0 {
			at = door{s.URL, s.Headers[0].Value}
		}
	}
	return at
}

// callAxon calls METHOD PARAMS of axon's MCP door over HTTP and returns the
// status and the answer.
func (a *agent) callAxon(what string) string {
	at := a.axon()
	method, params, _ := strings.Cut(what, " ")
	var fields map[string]any
	if err := json.Unmarshal([]byte(params), &fields); err != nil {
		return err.Error()
	}
	fields["_meta"] = map[string]any{
		"io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": map[string]any{},
	}
	raw, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": 1, "method": method, "params": fields})
	if err != nil {
		return err.Error()
	}
	req, err := http.NewRequest(http.MethodPost, at.url, strings.NewReader(string(raw)))
	if err != nil {
		return err.Error()
	}
	for name, value := range map[string]string{
		"Authorization": at.header, "Content-Type": "application/json", "Accept": "application/json, text/event-stream",
		"MCP-Protocol-Version": "2026-07-28", "Mcp-Method": method,
	} {
		req.Header.Set(name, value)
	}
	if name, is := fields["name"].(string); is {
		req.Header.Set("Mcp-Name", name)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err.Error()
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	return fmt.Sprintf("%d %s %v key %s", res.StatusCode, text, err, strings.TrimPrefix(at.header, "Bearer "))
}
