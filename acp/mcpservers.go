package acp

import (
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	sdk "github.com/coder/acp-go-sdk"

	"github.com/axon-mcp/axon-mcp/fault"
)

// axonServer is the name of axon itself among the MCP servers.
const axonServer = "axon"

// mcpServer is one entry of mcp.json, in the form that MCP clients have.
type mcpServer struct {
	name    string
	Type    string            `json:"type"`
	Command string            `json:"command"`
	Args    []string          `json:"args"`
	Env     map[string]string `json:"env"`
	URL     string            `json:"url"`
	Headers map[string]string `json:"headers"`
}

// secrets are the values that must not come back in a message.
func (m mcpServer) secrets() []string {
	return slices.Concat(slices.Collect(maps.Values(m.Env)), slices.Collect(maps.Values(m.Headers)))
}

// mcpServers looks up names in the data directory's mcp.json. Definitions come
// from the operator's file alone, never from a client.
func (h *Host) mcpServers(names []string) ([]mcpServer, error) {
	var wanted []string
	for _, name := range names {
		if name != axonServer && !slices.Contains(wanted, name) { // axon is there without being named
			wanted = append(wanted, name)
		}
	}
	if len(wanted) == 0 {
		return nil, nil
	}
	path := filepath.Join(h.deps.DataDir, "mcp.json")
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fault.Errorf(fault.NotFound, "there is no MCP server %.64q: mcp.json of the data directory does not exist", wanted[0])
	}
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "mcp.json of the data directory cannot be read")
	}
	var file struct {
		Servers map[string]mcpServer `json:"mcpServers"`
	}
	if err := json.Unmarshal(raw, &file); err != nil {
		return nil, fault.Errorf(fault.Unavailable, "mcp.json of the data directory is no JSON of the form {\"mcpServers\": {NAME: {…}}}: %w", err)
	}
	var servers []mcpServer
	for _, name := range wanted {
		server, found := file.Servers[name]
		if !found {
			return nil, fault.Errorf(fault.NotFound, "mcp.json has no MCP server %.64q; it has: %s", name, strings.Join(slices.Sorted(maps.Keys(file.Servers)), ", "))
		}
		if server.Command == "" && !strings.HasPrefix(server.URL, "http://") && !strings.HasPrefix(server.URL, "https://") {
			return nil, fault.Errorf(fault.Unavailable, "the MCP server %q of mcp.json has neither a command nor an http(s) url", name)
		}
		server.name = name
		servers = append(servers, server)
	}
	return servers, nil
}

// servers are the MCP servers that the agent gets: those that were named, and
// axon itself with a key of this session. HTTP goes to agents that can (A6).
func (s *Session) servers(http bool) []sdk.McpServer {
	list := []sdk.McpServer{}
	if s.once {
		return list
	}
	for _, server := range s.named {
		switch {
		case server.Command != "":
			list = append(list, sdk.McpServer{Stdio: &sdk.McpServerStdio{Name: server.name, Command: server.Command, Args: orNone(server.Args), Env: variables(server.Env)}})
		case http:
			list = append(list, httpServer(server.name, server.URL, server.Headers))
		default:
			s.log.Warn("the agent takes no MCP servers over HTTP; one was left out", "server", server.name)
		}
	}
	if url := s.axonURL(); url != "" && http {
		if key := s.issue(); key != "" {
			list = append(list, httpServer(axonServer, url, map[string]string{"Authorization": "Bearer " + key}))
		}
	}
	return list
}

// issue makes the key of the session, and none where the session has ended:
// nobody would take it back.
func (s *Session) issue() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.life.Err() != nil {
		return ""
	}
	key := s.host.keys.Issue(s.id)
	s.host.keys.Block(s.id, ofAxon(s.blocked))
	s.redact.add(key)
	return key
}

func (s *Session) axonURL() string {
	if s.host.deps.MCPURL == nil {
		return ""
	}
	return s.host.deps.MCPURL()
}

func httpServer(name, url string, headers map[string]string) sdk.McpServer {
	list := []sdk.HttpHeader{}
	for _, header := range slices.Sorted(maps.Keys(headers)) {
		list = append(list, sdk.HttpHeader{Name: header, Value: headers[header]})
	}
	return sdk.McpServer{Http: &sdk.McpServerHttpInline{Type: "http", Name: name, Url: url, Headers: list}}
}

func variables(env map[string]string) []sdk.EnvVariable {
	list := []sdk.EnvVariable{}
	for _, name := range slices.Sorted(maps.Keys(env)) {
		list = append(list, sdk.EnvVariable{Name: name, Value: env[name]})
	}
	return list
}

func orNone(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}
