package acp_test

import (
	"testing"

	"github.com/axon-mcp/axon-mcp/acp"
	"github.com/axon-mcp/axon-mcp/fault"
)

// A9: an agent that offers null and then tells of its mode ended the whole
// server.
func TestA9Null(t *testing.T) {
	t.Parallel()
	h := newHost(t, traits("nulls"))
	s := begin(t, h)
	if got := tell(t, s, `update {"sessionUpdate":"current_mode_update","currentModeId":"x"}`+"\nsay on"); got != "on\n" {
		t.Errorf("%q", got)
	}
	if started := s.Started(); string(started.Modes) != "null" || string(started.Config) != "null" || started.Models != nil {
		t.Errorf("%+v", started)
	}
	if _, err := h.Begin(t.Context(), acp.Start{Model: "large"}); fault.CodeOf(err) != fault.Invalid {
		t.Errorf("a model of none: %v", err)
	}
}
