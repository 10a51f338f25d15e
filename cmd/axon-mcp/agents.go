package main

import (
	"context"
	"log/slog"
	"net/http"
	"os"
	"slices"

	"github.com/axon-mcp/axon-mcp/acp"
	"github.com/axon-mcp/axon-mcp/engine/llm"
	"github.com/axon-mcp/axon-mcp/fault"
	"github.com/axon-mcp/axon-mcp/mcp"
	"github.com/axon-mcp/axon-mcp/security"
	"github.com/axon-mcp/axon-mcp/tools"
	"github.com/axon-mcp/axon-mcp/web"
)

// agents is what runs the agents of the chat. url is our own MCP door, which an
// agent may search through.
func (a *app) agents(url string, log *slog.Logger) *acp.Host {
	return acp.NewHost(acp.Deps{
		Config: a.cfg.ACP, Log: log.With("door", "acp"), Version: version, DataDir: a.cfg.Program.DataDir, Environ: os.Environ(),
		MCPURL: func() string { return url },
	})
}

// agentKeys verifies the keys that agents are given for one session.
func agentKeys(keys *acp.Keys) mcp.Verifier {
	return func(_ context.Context, token string, r *http.Request) (security.Identity, error) {
		id, known, err := keys.Verify(token, r)
		if !known {
			return security.Identity{}, mcp.ErrUnknownToken
		}
		return id, err
	}
}

// agentCheck is what doctor says of the agents.
func agentCheck(cfg acp.Config) tools.Check {
	return tools.Check{Name: "agents", Run: func(context.Context) (string, string, error) {
		detail, err := acp.NewHost(acp.Deps{Config: cfg, Log: slog.New(slog.DiscardHandler), Environ: os.Environ()}).Check()
		return detail, "", err // the error names the variable
	}}
}

// model answers the copilot: the configured server, else an agent.
func (a *app) model(agents *acp.Host) web.Completer {
	if a.cfg.LLM.BaseURL == "" {
		return agentModel{agents}
	}
	return completer{llm.New(a.cfg.LLM)}
}

// completer is web.Completer on a client.
type completer struct{ *llm.Client }

// Complete asks for one answer to one prompt. A server that cannot be reached
// has failed: Unavailable would mean that none is configured.
func (c completer) Complete(ctx context.Context, system, prompt string, maxTokens int) (string, error) {
	messages := []llm.Message{{Role: "user", Content: prompt}}
	if system != "" {
		messages = append([]llm.Message{{Role: "system", Content: system}}, messages...)
	}
	text, err := c.Client.Complete(ctx, llm.Request{Messages: messages, MaxTokens: maxTokens})
	if fault.CodeOf(err) == fault.Unavailable {
		return "", fault.Wrap(fault.Upstream, err, "%s", fault.MessageOf(err))
	}
	return text, err
}

// agentModel is web.Completer on an agent that has nothing but the prompt.
type agentModel struct{ host *acp.Host }

// Complete runs one agent for one answer. It has no way to count tokens.
func (m agentModel) Complete(ctx context.Context, system, prompt string, _ int) (string, error) {
	if !slices.ContainsFunc(m.host.Agents(), func(a acp.AgentInfo) bool { return a.Found }) {
		return "", fault.New(fault.Unavailable, "no model is configured: set OPENAI_BASE_URL and OPENAI_MODEL, or install an agent (AXON_ACP_ADAPTER_CMD)")
	}
	if system != "" {
		prompt = system + "\n\n" + prompt
	}
	return m.host.Complete(ctx, prompt)
}

// Model names the agent.
func (m agentModel) Model() string {
	for _, a := range m.host.Agents() {
		if a.Found {
			return a.Name
		}
	}
	return ""
}
