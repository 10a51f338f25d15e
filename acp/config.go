package acp

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Config says which agents there are and what they may do. The zero value of a
// field means its default.
type Config struct {
	ClaudeCmd  string `env:"AXON_ACP_CLAUDE_ADAPTER_CMD" default:"claude-agent-acp" about:"program of the agent claude, by name or path"`
	ClaudeArgs string `env:"AXON_ACP_CLAUDE_ADAPTER_ARGS" about:"its arguments, separated by |"`
	CodexCmd   string `env:"AXON_ACP_CODEX_ADAPTER_CMD" default:"codex-acp" about:"program of the agent codex, by name or path"`
	CodexArgs  string `env:"AXON_ACP_CODEX_ADAPTER_ARGS" about:"its arguments, separated by |"`
	GeminiCmd  string `env:"AXON_ACP_GEMINI_ADAPTER_CMD" default:"gemini" about:"program of the agent gemini, by name or path"`
	GeminiArgs string `env:"AXON_ACP_GEMINI_ADAPTER_ARGS" default:"--acp" about:"its arguments, separated by |"`
	Cmd        string `env:"AXON_ACP_ADAPTER_CMD" about:"program of one more agent that speaks ACP, by name or path; where it is set, it is the one that is used when none is named"`
	Args       string `env:"AXON_ACP_ADAPTER_ARGS" about:"its arguments, separated by |"`

	// AutoApprove is text, because unset means something else than true where
	// the gate of /ws is open.
	AutoApprove      string   `env:"AXON_ACP_AUTO_APPROVE" about:"true: an agent's requests for a tool are granted at once, each with a log line; false: the browser asks; unset: true, but false while /ws is open because AXON_WEB_API_TOKEN is not set"`
	AutoApproveTools []string `env:"AXON_ACP_AUTO_APPROVE_TOOLS" about:"kinds of tool that are granted at once, comma separated: read, edit, delete, move, search, execute, think, fetch, other; unset: all"`
	AllowBypass      bool     `env:"AXON_ACP_ALLOW_BYPASS" default:"false" about:"true: also offer modes and options of agents that switch their questions off, such as bypassPermissions or yolo"`
	AllowFS          bool     `env:"AXON_ACP_ALLOW_FS" default:"false" about:"true: a chat may ask with enable_fs that the agent reads and writes files of its working folder through axon"`
	AllowTerminal    bool     `env:"AXON_ACP_ALLOW_TERMINAL" default:"false" about:"true: a chat may ask with enable_terminal that the agent runs commands through axon"`

	MaxSessions   int    `env:"AXON_ACP_MAX_CONCURRENT_SESSIONS" default:"8" about:"agents that run at once, 1 to 1000; the next one waits 30 s for a place"`
	TurnTimeoutMS int    `env:"AXON_ACP_TURN_TIMEOUT_MS" default:"300000" about:"milliseconds that one turn of an agent may take"`
	MaxMemoryMB   int64  `env:"AXON_ACP_MAX_MEMORY_MB" default:"8192" about:"megabytes of memory that one process of an agent may have, on Linux; 0: no limit"`
	WorkDir       string `env:"AXON_ACP_WORK_DIR" about:"working folder of agents, absolute; unset: agents/ in the data directory"`
}

// Validate says everything that is wrong, each with its variable's name.
func (c Config) Validate() error {
	var faults []error
	if c.AutoApprove != "" {
		if _, err := strconv.ParseBool(strings.ToLower(c.AutoApprove)); err != nil {
			faults = append(faults, fmt.Errorf("AXON_ACP_AUTO_APPROVE: %q is neither true nor false", c.AutoApprove))
		}
	}
	for _, kind := range c.AutoApproveTools {
		if !slices.Contains(toolKinds(), kind) {
			faults = append(faults, fmt.Errorf("AXON_ACP_AUTO_APPROVE_TOOLS: %q is not one of %s", kind, strings.Join(toolKinds(), ", ")))
		}
	}
	if c.MaxSessions < 0 || c.MaxSessions > 1000 {
		faults = append(faults, fmt.Errorf("AXON_ACP_MAX_CONCURRENT_SESSIONS: %d is not between 1 and 1000", c.MaxSessions))
	}
	if c.TurnTimeoutMS < 0 {
		faults = append(faults, fmt.Errorf("AXON_ACP_TURN_TIMEOUT_MS: %d is negative", c.TurnTimeoutMS))
	}
	if c.MaxMemoryMB < 0 || (c.MaxMemoryMB > 0 && c.MaxMemoryMB < 256) {
		faults = append(faults, fmt.Errorf("AXON_ACP_MAX_MEMORY_MB: %d is neither 0 nor at least 256", c.MaxMemoryMB))
	}
	return errors.Join(faults...)
}

// Auto reports whether requests are granted at once. open tells that the gate
// of the browser's socket is open: then only a true in so many words counts.
func (c Config) Auto(open bool) bool {
	if c.AutoApprove == "" {
		return !open
	}
	auto, err := strconv.ParseBool(strings.ToLower(c.AutoApprove))
	return err == nil && auto
}

// toolKinds are the kinds of the protocol.
func toolKinds() []string {
	return []string{"read", "edit", "delete", "move", "search", "execute", "think", "fetch", "switch_mode", "other"}
}

func (c Config) turnTimeout() time.Duration {
	if c.TurnTimeoutMS <= 0 {
		return 5 * time.Minute
	}
	return time.Duration(c.TurnTimeoutMS) * time.Millisecond
}

func (c Config) maxSessions() int {
	if c.MaxSessions <= 0 {
		return 8
	}
	return c.MaxSessions
}
