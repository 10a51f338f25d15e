package main

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// Attack: a page makes us call our own listener, where the request comes from
// this machine (C13). The port is one that no setting names.
func TestServerDoesNotCallItself(t *testing.T) {
	t.Parallel()
	p := newProgram(t, nil)
	const key = "a key that nobody-may-see, and long"
	p.env = append(p.env, "AXON_MCP_API_KEY="+key, "AXON_ALLOW_HOSTS=127.0.0.1")
	cmd := p.command("serve", "--port", "0")
	out := newBuffer()
	cmd.Stderr = out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()
	defer cmd.Process.Kill()
	address := ""
	until(t, 20*time.Second, "the server says where it is", func() bool {
		_, rest, found := strings.Cut(out.String(), "serves MCP at ")
		address, _, _ = strings.Cut(rest, "\n")
		return found && address != ""
	})
	target := strings.TrimSuffix(address, "/mcp") + "/healthz"
	body := fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"scrape","arguments":{"url":%q},
		"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}`, target)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{
		"Authorization": "Bearer " + key, "Content-Type": "application/json", "Accept": "application/json, text/event-stream",
		"MCP-Protocol-Version": "2026-07-28", "Mcp-Method": "tools/call", "Mcp-Name": "scrape",
	} {
		request.Header.Set(name, value)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	said, err := io.ReadAll(response.Body)
	if err != nil || !strings.Contains(string(said), "url_blocked") {
		t.Errorf("status %d, %s %v", response.StatusCode, said, err)
	}
	until(t, 20*time.Second, "the log says why", func() bool { return strings.Contains(out.String(), "our own listener") })
}
