package web

import (
	"context"
	"net/http"
	"strings"

	"github.com/axon-mcp/axon-mcp/fault"
)

// Completer is a model that answers one prompt. It fails with Timeout, Busy,
// Upstream where its server failed, or Unavailable where there is none, and
// stops at the end of ctx.
type Completer interface {
	Complete(ctx context.Context, system, prompt string, maxTokens int) (string, error)
	Model() string
}

// Limits of the copilot.
const (
	maxPrompt     = 256 << 10 // bytes
	maxCompletion = 4_096     // tokens
)

const noModel = "no model is configured: set OPENAI_BASE_URL and OPENAI_MODEL, or install an agent (AXON_ACP_ADAPTER_CMD)"

type copilotBody struct {
	Prompt    string `json:"prompt"`
	System    string `json:"system,omitempty"`
	MaxTokens int    `json:"max_tokens,omitempty"`
}

type copilotAnswer struct {
	Text  string `json:"text"`
	Model string `json:"model"`
}

// copilot is POST /api/ai/copilot: a short completion. A client that leaves
// cancels the call at the model's server.
func (s *Server) copilot(_ http.ResponseWriter, r *http.Request, in copilotBody) (copilotAnswer, error) {
	switch {
	case s.deps.Model == nil:
		return copilotAnswer{}, fault.New(fault.Unavailable, noModel)
	case strings.TrimSpace(in.Prompt) == "":
		return copilotAnswer{}, fault.New(fault.Invalid, "prompt is missing")
	case len(in.Prompt)+len(in.System) > maxPrompt:
		return copilotAnswer{}, fault.Errorf(fault.Invalid, "prompt and system are over %d bytes", maxPrompt)
	case in.MaxTokens < 0 || in.MaxTokens > maxCompletion:
		return copilotAnswer{}, fault.Errorf(fault.Invalid, "max_tokens is between 1 and %d", maxCompletion)
	}
	ctx, stop := context.WithTimeout(r.Context(), s.deps.Config.copilotTime())
	defer stop()
	text, err := s.deps.Model.Complete(ctx, in.System, in.Prompt, in.MaxTokens)
	if fault.CodeOf(err) == fault.Timeout {
		err = answered{err, http.StatusRequestTimeout} // web.md, section 5
	}
	return copilotAnswer{Text: text, Model: s.deps.Model.Model()}, err
}
