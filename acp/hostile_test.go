package acp_test

import (
	"errors"
	"strings"
	"sync"
	"sync/atomic"
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

// TestReviveAtOnce: prompts that come together after a death share one new
// process, and wait until it has loaded the session.
func TestReviveAtOnce(t *testing.T) {
	t.Parallel()
	h, log, _ := loggingHost(t, "", traits("load"))
	s := begin(t, h)
	if _, err := finished(t, prompt(t, s, "crash now")); err == nil {
		t.Fatal("no error")
	}
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			if now, replaced, err := h.Revive(t.Context(), s); err != nil || replaced || now != s {
				t.Errorf("replaced %t, %v", replaced, err)
			}
		})
	}
	all.Wait()
	if n := strings.Count(log.String(), "agent started"); n != 2 {
		t.Errorf("%d processes were started, want one more than the first", n)
	}
	if got := tell(t, s, "say back"); got != "back\n" {
		t.Errorf("%q", got)
	}
}

// TestLostAtOnce: where the agent has lost the session, one of them gets the
// session that takes its place, and the others hear of the end.
func TestLostAtOnce(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	s := begin(t, h)
	if _, err := finished(t, prompt(t, s, "crash now")); err == nil {
		t.Fatal("no error")
	}
	var all sync.WaitGroup
	var fresh atomic.Int32
	for range 4 {
		all.Go(func() {
			_, replaced, err := h.Revive(t.Context(), s)
			if replaced {
				fresh.Add(1)
			} else if !errors.Is(err, acp.ErrReplaced) {
				t.Errorf("%v", err)
			}
		})
	}
	all.Wait()
	if fresh.Load() != 1 {
		t.Errorf("%d sessions take the place of one", fresh.Load())
	}
}
