package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
)

// client is an MCP client whose configuration connect can write.
type client struct {
	name    string
	title   string
	section string // member of the file's top object that lists servers
	typed   bool   // an entry says its transport as "type"
	http    bool   // the file can name a server by URL
	after   string // what to do for the change to count
	// path finds the file. get reads the environment.
	path func(goos, home string, get func(string) string) string
}

// clients are those that connect knows, in the order of --help.
func clients() []client {
	return []client{
		{
			name: "claude-code", title: "Claude Code", section: "mcpServers", typed: true, http: true,
			after: "Start a new session of claude; /mcp lists it.",
			path:  func(_, home string, _ func(string) string) string { return filepath.Join(home, ".claude.json") },
		},
		{
			name: "claude-desktop", title: "Claude Desktop", section: "mcpServers",
			after: "Quit Claude Desktop and start it again.",
			path: func(goos, home string, get func(string) string) string {
				return filepath.Join(appConfig(goos, home, get), "Claude", "claude_desktop_config.json")
			},
		},
		{
			name: "cursor", title: "Cursor", section: "mcpServers", http: true,
			after: "Cursor picks it up; Settings, MCP shows it.",
			path:  func(_, home string, _ func(string) string) string { return filepath.Join(home, ".cursor", "mcp.json") },
		},
		{
			name: "vscode", title: "VS Code", section: "servers", typed: true, http: true,
			after: "Run the command \"MCP: List Servers\" in VS Code and start axon.",
			path: func(goos, home string, get func(string) string) string {
				return filepath.Join(appConfig(goos, home, get), "Code", "User", "mcp.json")
			},
		},
	}
}

// clientNamed returns the client of that name.
func clientNamed(name string) (client, bool) {
	for _, c := range clients() {
		if c.name == name {
			return c, true
		}
	}
	return client{}, false
}

func clientNames() []string {
	var names []string
	for _, c := range clients() {
		names = append(names, c.name)
	}
	return names
}

// appConfig is where desktop programs keep their configuration.
func appConfig(goos, home string, get func(string) string) string {
	switch goos {
	case "darwin":
		return filepath.Join(home, "Library", "Application Support")
	case "windows":
		if dir := get("APPDATA"); dir != "" {
			return dir
		}
		return filepath.Join(home, "AppData", "Roaming")
	}
	if dir := get("XDG_CONFIG_HOME"); filepath.IsAbs(dir) {
		return dir
	}
	return filepath.Join(home, ".config")
}

// serverEntry is how a client starts or reaches us.
type serverEntry struct {
	Type    string            `json:"type,omitempty"`
	Command string            `json:"command,omitempty"`
	Args    []string          `json:"args,omitempty"`
	Env     map[string]string `json:"env,omitempty"`
	URL     string            `json:"url,omitempty"`
	Headers map[string]string `json:"headers,omitempty"`
}

// stdioEntry has the client start command itself.
func (c client) stdioEntry(command string, args []string, env map[string]string) serverEntry {
	entry := serverEntry{Command: command, Args: args, Env: env}
	if c.typed {
		entry.Type = "stdio"
	}
	return entry
}

// httpEntry has the client reach a running server.
func (c client) httpEntry(url, key string) serverEntry {
	entry := serverEntry{URL: url, Headers: map[string]string{"Authorization": "Bearer " + key}}
	if c.typed {
		entry.Type = "http"
	}
	return entry
}

// text is the entry as it stands in a file.
func (e serverEntry) text() string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	_ = enc.Encode(e) // strings alone
	return strings.TrimSpace(b.String())
}
