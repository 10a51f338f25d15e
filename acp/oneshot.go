package acp

import (
	"context"
	"strings"

	"github.com/axon-mcp/axon-mcp/fault"
)

// Complete uses an agent as a model: one prompt, its text. It has no MCP
// servers, no files and no terminal, and whatever it asks is cancelled.
func (h *Host) Complete(ctx context.Context, prompt string) (string, error) {
	a, path, err := h.find("")
	if err != nil {
		return "", err
	}
	s := newSession(h, a, path, Start{}, nil)
	s.once, s.text = true, &strings.Builder{}
	if err := h.open(ctx, s); err != nil {
		return "", err
	}
	defer s.close(fault.New(fault.NotFound, "it was for one answer"))
	t, err := s.Prompt(prompt, TurnOptions{})
	if err != nil {
		return "", err
	}
	select {
	case <-t.Done():
	case <-ctx.Done():
		return "", context.Cause(ctx) // closing ends the turn
	}
	stop, _, err := t.Result()
	if err != nil {
		return "", err
	}
	s.mu.Lock()
	text := s.text.String()
	s.mu.Unlock()
	if text == "" {
		return "", fault.Errorf(fault.Upstream, "the agent %s gave no text (it stopped with %s)", a.name, visible(stop, 64))
	}
	return text, nil
}
