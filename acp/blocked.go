package acp

import (
	"encoding/json"
	"regexp"
	"strings"

	"github.com/axon-mcp/axon-mcp/fault"
)

// maxBlocked is how many tools a session may give up.
const maxBlocked = 200

// blockedTool is a tool of an MCP server that an agent must not use. An empty
// server means any.
type blockedTool struct{ server, tool string }

// blockedTools reads names in the forms that people meet: TOOL, SERVER/TOOL,
// SERVER__TOOL, and mcp__SERVER__TOOL as Claude has it. Case does not count.
func blockedTools(names []string) ([]blockedTool, error) {
	if len(names) > maxBlocked {
		return nil, fault.Errorf(fault.Invalid, "blocked_mcp_tools: %d names are more than %d", len(names), maxBlocked)
	}
	plain := regexp.MustCompile(`^(?:(?:mcp__)?([a-z0-9_.-]+?)(?:__|/))?([a-z0-9_.-]+)$`)
	var list []blockedTool
	for _, name := range names {
		parts := plain.FindStringSubmatch(strings.ToLower(strings.TrimSpace(name)))
		if parts == nil || len(name) > 128 {
			return nil, fault.Errorf(fault.Invalid, "blocked_mcp_tools: %.64q is no name of a tool; write TOOL or SERVER/TOOL", name)
		}
		list = append(list, blockedTool{parts[1], parts[2]})
	}
	return list, nil
}

// ofAxon are the blocked tools of axon itself, which its own door refuses.
func ofAxon(list []blockedTool) (names []string) {
	for _, b := range list {
		if b.server == "" || b.server == axonServer {
			names = append(names, b.tool)
		}
	}
	return names
}

// names reports whether an agent's words for a call are those of the tool:
// mcp__S__T (Claude), S/T (Codex), T (S MCP Server) (Gemini). An agent that hides
// what it calls is not found out; see docs/agents.md.
func (b blockedTool) names(words string) bool {
	server := `[\w.-]+`
	if b.server != "" {
		server = regexp.QuoteMeta(b.server)
	}
	tool := regexp.QuoteMeta(b.tool)
	found, err := regexp.MatchString(`(?i)\bmcp__`+server+`__`+tool+`(?:$|[^\w-])`+
		`|^(?:tool:?\s+)?`+server+`(?:__|/|\.)`+tool+`(?:$|[^\w-])`+
		`|^`+tool+`\s+\(`+server+` mcp server\)`, words)
	return err == nil && found || b.server == "" && strings.EqualFold(strings.TrimSpace(words), b.tool)
}

// blocks reports whether a call is of a tool that the session has given up.
func blocks(list []blockedTool, call ToolCall) bool {
	for _, b := range list {
		if b.names(call.Title) || b.names(call.tool) {
			return true
		}
	}
	return false
}

// toolOf is the name of the tool that stands behind a call, where an agent says
// it beside the title.
func toolOf(meta json.RawMessage) string {
	var named struct {
		Claude struct {
			Tool string `json:"toolName"`
		} `json:"claudeCode"`
	}
	_ = json.Unmarshal(meta, &named) // none, or of another form
	return named.Claude.Tool
}

// sessionMeta tells agents that can what they must not use. Claude's takes the
// options of its own program.
func sessionMeta(list []blockedTool) map[string]any {
	var names []string
	for _, b := range list {
		server := b.server
		if server == "" {
			server = axonServer
		}
		names = append(names, "mcp__"+server+"__"+b.tool)
	}
	if names == nil {
		return nil
	}
	return map[string]any{"claudeCode": map[string]any{"options": map[string]any{"disallowedTools": names}}}
}
