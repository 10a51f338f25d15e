package main

import (
	"context"
	"log/slog"
	"net/http"
	"os"

	"github.com/axon-mcp/axon-mcp/acp"
	"github.com/axon-mcp/axon-mcp/engine/llm"
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

// model is the configured model as the copilot asks it; nil without one.
func (a *app) model() web.Completer {
	if a.cfg.LLM.BaseURL == "" {
		return nil
	}
	return completer{llm.New(a.cfg.LLM)}
}

// completer is web.Completer on a client.
type completer struct{ *llm.Client }

// Complete asks for one answer to one prompt.
func (c completer) Complete(ctx context.Context, system, prompt string, maxTokens int) (string, error) {
	messages := []llm.Message{{Role: "user", Content: prompt}}
	if system != "" {
		messages = append([]llm.Message{{Role: "system", Content: system}}, messages...)
	}
	return c.Client.Complete(ctx, llm.Request{Messages: messages, MaxTokens: maxTokens})
}
