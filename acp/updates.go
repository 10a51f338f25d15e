package acp

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"time"

	sdk "github.com/coder/acp-go-sdk"

	"github.com/axon-mcp/axon-mcp/fault"
)

// maxTools is how many tool calls of a session are remembered.
const maxTools = 1_000

// toolCalls are the calls that an agent has told of, the oldest first.
type toolCalls struct {
	calls map[string]ToolCall
	open  map[string]bool
	order []string
}

// learn lays an update over what is known of a call.
func (c *toolCalls) learn(update ToolCall) ToolCall {
	if c.calls == nil {
		c.calls, c.open = make(map[string]ToolCall), make(map[string]bool)
	}
	known, found := c.calls[update.ID]
	if !found {
		if len(c.order) == maxTools {
			delete(c.calls, c.order[0])
			delete(c.open, c.order[0])
			c.order = slices.Delete(c.order, 0, 1)
		}
		c.order = append(c.order, update.ID)
	}
	known = known.over(update).bounded()
	c.calls[update.ID] = known
	return known
}

// cancelOpen marks calls cancelled whose end the agent has not told (A2). The
// session's lock is held.
func (c *toolCalls) cancelOpen(s *Session) {
	for _, id := range slices.Sorted(maps.Keys(c.open)) {
		s.emit("assistant.tool_update", map[string]json.RawMessage{
			"sessionUpdate": quoted("tool_call_update"), "toolCallId": quoted(id), "status": quoted("cancelled"),
		})
	}
	clear(c.open)
}

// updated takes one update of the agent.
func (s *Session) updated(key string, update json.RawMessage) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.loading: // it repeats what the browser has
	case s.key == "" && len(s.early) < 64:
		s.early = append(s.early, update)
	case key == s.key: // an id counts on its own process alone (A7)
		s.take(update)
	}
}

// take turns an update into an event. The lock is held.
func (s *Session) take(update json.RawMessage) {
	fields := make(map[string]json.RawMessage)
	if json.Unmarshal(update, &fields) != nil {
		return
	}
	var kind string
	_ = json.Unmarshal(fields["sessionUpdate"], &kind)
	switch kind {
	case "user_message_chunk":
		return // what the user said is known here; an agent does not speak for them
	case "agent_message_chunk":
		s.collect(fields["content"])
	case "tool_call", "tool_call_update":
		s.learn(update)
	case "current_mode_update":
		var mode string
		_ = json.Unmarshal(fields["currentModeId"], &mode)
		s.modes = withField(s.modes, "currentModeId", mode)
		s.guard(mode)
	case "config_option_update":
		for _, option := range configOf(fields["configOptions"]) {
			var value string
			_ = json.Unmarshal(option.Current, &value)
			s.guard(value)
		}
		s.config = withoutBypass(fields["configOptions"], s.host.cfg.AllowBypass)
		fields["configOptions"] = s.config
	}
	s.emit(eventKind(kind), fields)
}

// learn remembers a tool call, and asks again where one changes that somebody is
// being asked about (R8).
func (s *Session) learn(update json.RawMessage) {
	var call struct {
		ToolCall
		Status string `json:"status"`
	}
	if json.Unmarshal(update, &call) != nil || call.ID == "" {
		return
	}
	known := s.tools.learn(call.ToolCall)
	switch call.Status {
	case "completed", "failed", "cancelled":
		delete(s.tools.open, call.ID)
	default:
		s.tools.open[call.ID] = true
	}
	if s.viewer != nil {
		s.viewer.Permissions.Changed(s.id, known)
	}
}

// collect keeps the text of an answer, where somebody wants it whole.
func (s *Session) collect(content json.RawMessage) {
	if s.text == nil {
		return
	}
	var block struct {
		Text string `json:"text"`
	}
	if json.Unmarshal(content, &block) == nil && s.text.Len() < keptBytes {
		s.text.WriteString(block.Text)
	}
}

// guard stops a turn whose agent goes over to a mode that asks nothing (A10).
// The lock is held.
func (s *Session) guard(mode string) {
	if s.host.cfg.AllowBypass || s.turn == nil || !(skipsPrompts(mode) || slices.Contains(s.bypass, mode)) {
		return
	}
	s.log.Warn("agent switched its questions off; the turn is stopped", "mode", visible(mode, 64))
	s.turn.cancel(fault.Errorf(fault.Forbidden, "the agent went over to %q, which asks nothing, and was stopped; AXON_ACP_ALLOW_BYPASS=true allows it", visible(mode, 64)))
}

// asked answers a request of the agent.
func (s *Session) asked(ctx context.Context, method string, params json.RawMessage) (any, *sdk.RequestError) {
	switch method {
	case sdk.ClientMethodSessionRequestPermission:
		return s.permission(ctx, params)
	case sdk.ClientMethodFsReadTextFile, sdk.ClientMethodFsWriteTextFile:
		if s.wish().FS {
			return s.file(method, params)
		}
	case sdk.ClientMethodTerminalCreate, sdk.ClientMethodTerminalOutput, sdk.ClientMethodTerminalKill, sdk.ClientMethodTerminalRelease, sdk.ClientMethodTerminalWaitForExit:
		if s.wish().Terminal {
			return s.terminal(ctx, method, params)
		}
	}
	return nil, sdk.NewMethodNotFound(visible(method, 100))
}

// permission puts a question to whoever watches the session.
func (s *Session) permission(ctx context.Context, params json.RawMessage) (any, *sdk.RequestError) {
	var request struct {
		SessionID string            `json:"sessionId"`
		Call      ToolCall          `json:"toolCall"`
		Options   []json.RawMessage `json:"options"`
	}
	if err := json.Unmarshal(params, &request); err != nil || request.Call.ID == "" {
		return nil, sdk.NewInvalidParams(map[string]any{"error": "toolCall needs a toolCallId"})
	}
	ask := Ask{Session: s.id, Agent: s.agent.name}
	for _, raw := range request.Options {
		var option Option
		if json.Unmarshal(raw, &option) == nil { // bad items are skipped (A9)
			ask.Options = append(ask.Options, option)
		}
	}
	turn, blocked, known := s.asking(request.SessionID, request.Call, &ask)
	if !known {
		return nil, sdk.NewInvalidParams(map[string]any{"error": "no such session"})
	}
	if turn == nil || s.once {
		return outcome(Decision{}), nil
	}
	if blocks(blocked, ask.Call) {
		s.log.Warn("ACP permission refused: the tool is among blocked_mcp_tools", "tool_call_id", ask.Call.ID, "title", visible(ask.Call.Title, 200))
		option, _ := first(ask.Options, rejectOnce)
		return outcome(Decision{OptionID: option.ID}), nil
	}
	ctx, cancel := context.WithCancel(ctx) // ended by $/cancel_request (A3)
	defer cancel()
	defer context.AfterFunc(turn.ctx, cancel)()
	return outcome(s.decide(ctx, ask)), nil
}

// asking fills in the call that a request of the turn is about, and reports
// whether key is the agent's own id of this session.
func (s *Session) asking(key string, call ToolCall, ask *Ask) (turn *Turn, blocked []blockedTool, known bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if key != s.key {
		return nil, nil, false
	}
	if s.turn != nil {
		ask.Call, ask.Timeout = s.tools.learn(call), s.turn.permTimeout
	}
	return s.turn, s.blocked, true
}

// decide waits for somebody who can be asked, for a while (R13), and then for
// the answer. What is asked is looked up in the step in which it is entered:
// whatever the agent changes afterwards is seen (R8).
func (s *Session) decide(ctx context.Context, ask Ask) Decision {
	timer := time.NewTimer(listenerWait)
	defer timer.Stop()
	for {
		s.mu.Lock()
		viewer, attached := s.viewer, s.attached
		if viewer != nil {
			if known, found := s.tools.calls[ask.Call.ID]; found {
				ask.Call = known
			}
			r, decision := viewer.Permissions.begin(ctx, ask)
			s.mu.Unlock()
			if r != nil {
				decision = viewer.Permissions.await(ctx, r)
			}
			return decision
		}
		s.mu.Unlock()
		select {
		case <-attached:
		case <-timer.C:
			s.log.Warn("ACP permission request was cancelled: no browser is there to ask", "tool_call_id", ask.Call.ID)
			return Decision{By: byCancel}
		case <-ctx.Done():
			return Decision{By: byCancel}
		}
	}
}

// outcome is a decision in the protocol's words.
func outcome(d Decision) sdk.RequestPermissionResponse {
	if d.OptionID == "" {
		return sdk.RequestPermissionResponse{Outcome: sdk.NewRequestPermissionOutcomeCancelled()}
	}
	return sdk.RequestPermissionResponse{Outcome: sdk.NewRequestPermissionOutcomeSelected(sdk.PermissionOptionId(d.OptionID))}
}
