package acp

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	sdk "github.com/coder/acp-go-sdk"

	"github.com/axon-mcp/axon-mcp/fault"
)

// errNotLoaded says that an agent does not know a session any more.
var errNotLoaded = errors.New("acp: the agent could not load the session")

// greeting is what we read of an agent's answer to initialize. Whatever else it
// says is its own business (A9).
type greeting struct {
	ProtocolVersion int `json:"protocolVersion"`
	Capabilities    struct {
		LoadSession bool `json:"loadSession"`
		MCP         struct {
			HTTP bool `json:"http"`
		} `json:"mcpCapabilities"`
	} `json:"agentCapabilities"`
	SignIns []json.RawMessage `json:"authMethods"`
}

// opened is what an agent answers to session/new and session/load.
type opened struct {
	SessionID string          `json:"sessionId"`
	Modes     json.RawMessage `json:"modes"`
	Config    json.RawMessage `json:"configOptions"`
	Models    json.RawMessage `json:"models"`
}

// start runs the agent and opens the session with it, or loads the one that it
// had. A process that fails here is ended before start returns. Whoever calls it
// holds starting.
func (s *Session) start(ctx context.Context, load string) error {
	dir, err := s.host.workDir()
	if err != nil {
		return err
	}
	stderr := &tail{clean: s.redact, each: func(line string) { s.log.Debug("agent stderr", "line", line) }}
	proc, err := startProcess(child{s.path, s.agent.args, dir, environment(s.host.env), s.host.cfg.MaxMemoryMB << 20}, stderr)
	if err != nil {
		return fault.Wrap(fault.Unavailable, err, "the agent %s could not be started: %v; check %s", s.agent.name, err, s.agent.variable)
	}
	proc.stderr = stderr
	s.log.Info("agent started", "pid", proc.cmd.Process.Pid)
	w := newWire(proc, s.agent, s.log, s.updated, s.asked)
	if err := s.takeUp(w, load); err != nil {
		proc.stop()
		return err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, startTimeout, fault.Errorf(fault.Timeout, "the agent %s did not open a session within %.0f s", s.agent.name, startTimeout.Seconds()))
	defer cancel()
	if err = s.handshake(ctx, w, dir, load); err != nil {
		proc.stop()
		if last := stderr.String(); last != "" && fault.CodeOf(err) == fault.Timeout {
			err = fault.Errorf(fault.Timeout, "%s; its last lines: %s", fault.MessageOf(err), last)
		}
		if over := context.Cause(s.life); over != nil {
			err = over
		}
	}
	return err
}

// takeUp makes a process that of the session; the commands that it will ask for end
// with it. It fails where the session has ended meanwhile: its end does not know of
// the process.
func (s *Session) takeUp(w *wire, load string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := context.Cause(s.life); err != nil {
		return err
	}
	s.wire, s.key, s.early, s.loading = w, load, nil, load != ""
	w.proc.run(func() {
		<-w.proc.exited
		<-w.conn.Done() // nothing that it has asked for begins now
		s.commands.closeAll()
	})
	return nil
}

func (s *Session) handshake(ctx context.Context, w *wire, dir, load string) (err error) {
	defer w.spare(&err)
	want := s.wish()
	hello, err := call[greeting](ctx, w, sdk.AgentMethodInitialize, sdk.InitializeRequest{
		ProtocolVersion: sdk.ProtocolVersionNumber,
		ClientInfo:      &sdk.Implementation{Name: "axon-mcp", Version: s.host.deps.Version},
		ClientCapabilities: sdk.ClientCapabilities{
			Fs: sdk.FileSystemCapabilities{ReadTextFile: want.FS, WriteTextFile: want.FS}, Terminal: want.Terminal,
		},
	})
	if err != nil {
		return err
	}
	if hello.ProtocolVersion != sdk.ProtocolVersionNumber {
		return fault.Errorf(fault.Upstream, "the agent %s speaks version %d of the protocol and axon version %d; update one of them", s.agent.name, hello.ProtocolVersion, sdk.ProtocolVersionNumber)
	}
	if want.FS {
		if err := s.openFiles(dir); err != nil {
			return err
		}
	}
	methods := signIns(hello.SignIns)
	w.mu.Lock()
	w.signIns = methods
	w.mu.Unlock()
	if load != "" && !hello.Capabilities.LoadSession {
		return errNotLoaded
	}
	servers, meta := s.servers(hello.Capabilities.MCP.HTTP), sessionMeta(s.blockedNow())
	o, err := s.authenticated(ctx, w, methods, func() (opened, error) {
		if load == "" {
			return call[opened](ctx, w, sdk.AgentMethodSessionNew, sdk.NewSessionRequest{Cwd: dir, McpServers: servers, Meta: meta})
		}
		o, err := call[opened](ctx, w, sdk.AgentMethodSessionLoad, sdk.LoadSessionRequest{SessionId: sdk.SessionId(load), Cwd: dir, McpServers: servers, Meta: meta})
		o.SessionID = load
		return o, err
	})
	var refused *requestError
	if load != "" && errors.As(err, &refused) && refused.code != codeAuthRequired {
		return errNotLoaded
	}
	if err != nil {
		return err
	}
	if o.SessionID == "" {
		return fault.Errorf(fault.Upstream, "the agent %s opened a session without an id", s.agent.name)
	}
	return s.opened(ctx, w, o)
}

// opened takes over what the agent offers, and sets what the client wishes.
func (s *Session) opened(ctx context.Context, w *wire, o opened) error {
	o.Modes, o.Config, o.Models = notNull(o.Modes), notNull(o.Config), notNull(o.Models)
	s.adopt(o)
	if err := s.leaveBypass(ctx, w, o.Modes); err != nil {
		return err
	}
	want := s.wish()
	if want.Mode != "" {
		if err := s.setMode(ctx, w, want.Mode); err != nil {
			return err
		}
	}
	if want.Model != "" {
		return s.setModel(ctx, w, want.Model)
	}
	return nil
}

// adopt takes over what the agent offers and what it has told meanwhile.
func (s *Session) adopt(o opened) {
	bypass := s.host.cfg.AllowBypass
	s.mu.Lock()
	defer s.mu.Unlock()
	s.key, s.loading, s.bypass = o.SessionID, false, bypassModes(o.Modes)
	s.modes, s.config, s.models = withoutBypass(o.Modes, bypass), withoutBypass(o.Config, bypass), o.Models
	early := s.early
	s.early = nil
	for _, update := range early {
		s.take(update)
	}
}

// notNull takes null for what is not there.
func notNull(raw json.RawMessage) json.RawMessage {
	if string(raw) == "null" {
		return nil
	}
	return raw
}

// modesOf reads a list of modes.
func modesOf(raw json.RawMessage) (current string, ids []string) {
	var modes struct {
		Current   string `json:"currentModeId"`
		Available []struct {
			ID string `json:"id"`
		} `json:"availableModes"`
	}
	_ = json.Unmarshal(raw, &modes) // none, or none that can be read
	for _, mode := range modes.Available {
		ids = append(ids, mode.ID)
	}
	return modes.Current, ids
}

// leaveBypass takes an agent out of a mode that asks nothing, into the first one
// that does (A10).
func (s *Session) leaveBypass(ctx context.Context, w *wire, modes json.RawMessage) error {
	current, ids := modesOf(modes)
	bypass := bypassModes(modes)
	if s.host.cfg.AllowBypass || !(skipsPrompts(current) || slices.Contains(bypass, current)) {
		return nil
	}
	for _, id := range ids {
		if !slices.Contains(bypass, id) {
			return s.setMode(ctx, w, id)
		}
	}
	return fault.Errorf(fault.Forbidden, "the agent %s only runs in the mode %q, which asks nothing; AXON_ACP_ALLOW_BYPASS=true allows that", s.agent.name, visible(current, 64))
}

// setMode puts the agent into one of the modes that it offers.
func (s *Session) setMode(ctx context.Context, w *wire, mode string) error {
	s.mu.Lock()
	_, ids := modesOf(s.modes)
	key := s.key
	s.mu.Unlock()
	if !s.host.cfg.AllowBypass && skipsPrompts(mode) {
		return fault.Errorf(fault.Forbidden, "the mode %.64q asks nothing; AXON_ACP_ALLOW_BYPASS=true allows it", mode)
	}
	if !slices.Contains(ids, mode) {
		return fault.Errorf(fault.Invalid, "the agent %s has no mode %.64q; its modes are: %s", s.agent.name, mode, visible(strings.Join(ids, ", "), 300))
	}
	_, err := call[json.RawMessage](ctx, w, sdk.AgentMethodSessionSetMode, map[string]string{"sessionId": key, "modeId": mode})
	if err == nil {
		s.mu.Lock()
		s.modes = withField(s.modes, "currentModeId", mode)
		s.mu.Unlock()
	}
	return err
}

// setModel chooses a model where the agent lets one choose.
func (s *Session) setModel(ctx context.Context, w *wire, model string) error {
	s.mu.Lock()
	key, config, models := s.key, s.config, s.models
	s.mu.Unlock()
	id, values := modelOption(config)
	if id == "" && len(models) > 0 { // the older way
		_, err := call[json.RawMessage](ctx, w, "session/set_model", map[string]string{"sessionId": key, "modelId": model})
		return err
	}
	if id == "" {
		return fault.Errorf(fault.Invalid, "the agent %s offers no choice of model", s.agent.name)
	}
	if !slices.Contains(values, model) {
		return fault.Errorf(fault.Invalid, "the agent %s has no model %.64q; its models are: %s", s.agent.name, model, visible(strings.Join(values, ", "), 300))
	}
	answer, err := call[struct {
		Config json.RawMessage `json:"configOptions"`
	}](ctx, w, sdk.AgentMethodSessionSetConfigOption, map[string]string{"sessionId": key, "configId": id, "value": model})
	if err == nil && len(answer.Config) > 0 {
		s.mu.Lock()
		s.config = withoutBypass(answer.Config, s.host.cfg.AllowBypass)
		s.mu.Unlock()
	}
	return err
}

// Fits reports with an error whether a session lacks what a later prompt wishes
// for: an agent keeps what it was started with.
func (s *Session) Fits(want Start) error {
	fixed := func(name string) error {
		return fault.Errorf(fault.Invalid, "%s is chosen when a session begins; begin a new one to change it", name)
	}
	has := s.wish()
	switch {
	case want.Agent != "" && want.Agent != s.agent.name:
		return fixed("agent")
	case want.FS && !has.FS:
		return fixed("enable_fs")
	case want.Terminal && !has.Terminal:
		return fixed("enable_terminal")
	case want.MCPServers != nil && !slices.Equal(want.MCPServers, has.MCPServers):
		return fixed("mcp_servers")
	}
	return nil
}

// Choose changes the mode, the model and the blocked tools of a session between
// two turns. What is empty stays as it is.
func (s *Session) Choose(ctx context.Context, want Start) error {
	if err := s.block(want.Blocked); err != nil {
		return err
	}
	mode, model := want.Mode, want.Model
	s.mu.Lock()
	w, running := s.wire, s.turn != nil
	current, _ := modesOf(s.modes)
	s.mu.Unlock()
	if (mode == "" || mode == current) && model == "" {
		return nil
	}
	if running {
		return fault.New(fault.Conflict, "the agent is still at work; wait for it or stop it")
	}
	ctx, cancel := context.WithTimeoutCause(ctx, startTimeout, fault.Errorf(fault.Timeout, "the agent %s did not answer in %.0f s", s.agent.name, startTimeout.Seconds()))
	defer cancel()
	if mode != "" && mode != current {
		if err := s.setMode(ctx, w, mode); err != nil {
			return err
		}
	}
	if model != "" {
		if err := s.setModel(ctx, w, model); err != nil {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.want.Mode, s.want.Model = orElse(mode, s.want.Mode), orElse(model, s.want.Model) // for its next process
	return nil
}

// block replaces the tools that the session must not use. Nil leaves them.
func (s *Session) block(names []string) error {
	if names == nil {
		return nil
	}
	list, err := blockedTools(names)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := context.Cause(s.life); err != nil {
		return err
	}
	s.blocked, s.want.Blocked = list, names
	s.host.keys.Block(s.id, ofAxon(list))
	return nil
}

func (s *Session) blockedNow() []blockedTool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.blocked
}

// wish is what the session was begun with, and has chosen since.
func (s *Session) wish() Start {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.want
}

// choices is a config option's list, flat or in groups.
type choices []struct {
	Value   string  `json:"value"`
	Options choices `json:"options"`
}

func (c choices) values() (values []string) {
	for _, choice := range c {
		if choice.Value != "" {
			values = append(values, choice.Value)
		}
		values = append(values, choice.Options.values()...)
	}
	return values
}

// configOption is what we read of a config option.
type configOption struct {
	ID       string          `json:"id"`
	Category string          `json:"category"`
	Current  json.RawMessage `json:"currentValue"`
	Options  choices         `json:"options"`
}

func configOf(raw json.RawMessage) (options []configOption) {
	var items []json.RawMessage
	_ = json.Unmarshal(raw, &items) // none
	for _, item := range items {
		var option configOption
		if json.Unmarshal(item, &option) == nil { // bad items are skipped (A9)
			options = append(options, option)
		}
	}
	return options
}

// modelOption finds the option that chooses the model.
func modelOption(config json.RawMessage) (id string, values []string) {
	for _, option := range configOf(config) {
		if option.Category == "model" || (option.Category == "" && option.ID == "model") {
			return option.ID, option.Options.values()
		}
	}
	return "", nil
}

// withoutBypass takes every mode and value away that switches questions off
// (A10), whatever it is nested in.
func withoutBypass(raw json.RawMessage, allowed bool) json.RawMessage {
	if allowed || len(raw) == 0 {
		return raw
	}
	var value any
	if json.Unmarshal(raw, &value) != nil {
		return nil
	}
	out, err := encode(prune(value))
	if err != nil {
		return nil
	}
	return out
}

func prune(value any) any {
	switch value := value.(type) {
	case map[string]any:
		for name, field := range value {
			value[name] = prune(field)
		}
	case []any:
		kept := make([]any, 0, len(value))
		for _, item := range value {
			if fields, is := item.(map[string]any); is && namesBypass(fields) {
				continue
			}
			kept = append(kept, prune(item))
		}
		return kept
	}
	return value
}

// namesBypass judges an item of a list by its id. One id means two things: auto
// is Codex's usual mode, and Claude's in which a model answers the prompts; the
// description tells them apart.
func namesBypass(fields map[string]any) bool {
	about, _ := fields["description"].(string)
	for _, name := range []string{"id", "value"} {
		if id, is := fields[name].(string); is && (skipsPrompts(id) || (id == "auto" && strings.Contains(about, "permission prompts"))) {
			return true
		}
	}
	return false
}

// bypassModes are the ids of a list of modes that must not be gone over to.
func bypassModes(modes json.RawMessage) (ids []string) {
	var list struct {
		Available []map[string]any `json:"availableModes"`
	}
	_ = json.Unmarshal(modes, &list) // none, or none that can be read
	for _, mode := range list.Available {
		if id, is := mode["id"].(string); is && namesBypass(mode) {
			ids = append(ids, id)
		}
	}
	return ids
}

// withField sets a field of a JSON object. What is none stays as it is.
func withField(raw json.RawMessage, name, value string) json.RawMessage {
	fields := make(map[string]json.RawMessage)
	if json.Unmarshal(raw, &fields) != nil || fields == nil { // null takes the map away
		return raw
	}
	fields[name] = quoted(value)
	out, err := encode(fields)
	if err != nil {
		return raw
	}
	return out
}
