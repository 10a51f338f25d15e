package acp

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"path/filepath"
	"sync"
	"unicode/utf8"

	sdk "github.com/coder/acp-go-sdk"
)

// The limits of commands that an agent runs through us.
const (
	maxTerminals    = 8
	maxTerminalByte = 1 << 20 // of output that is kept
)

// terminals are the commands of one session. The zero value has none.
type terminals struct {
	mu   sync.Mutex
	open map[string]*command
	shut bool // none begins any more
}

// command is one of them, in a process group of its own.
type command struct {
	proc *process
	mu   sync.Mutex
	kept []byte
	most int
	cut  bool
}

// Write keeps the end of the output, from a whole character on.
func (c *command) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.kept = append(c.kept, p...)
	if over := len(c.kept) - c.most; over > 0 {
		c.cut = true
		for over < len(c.kept) && !utf8.RuneStart(c.kept[over]) {
			over++
		}
		c.kept = append(c.kept[:0], c.kept[over:]...)
	}
	return len(p), nil
}

// terminal answers the terminal/ methods.
func (s *Session) terminal(ctx context.Context, method string, params json.RawMessage) (any, *sdk.RequestError) {
	var p struct {
		Session  string            `json:"sessionId"`
		Terminal string            `json:"terminalId"`
		Command  string            `json:"command"`
		Args     []string          `json:"args"`
		Cwd      string            `json:"cwd"`
		Env      []sdk.EnvVariable `json:"env"`
		Most     *int              `json:"outputByteLimit"`
	}
	err := json.Unmarshal(params, &p)
	s.mu.Lock()
	key := s.key
	s.mu.Unlock()
	if err != nil || p.Session != key {
		return nil, sdk.NewInvalidParams(map[string]any{"error": "no such session"})
	}
	if method == sdk.ClientMethodTerminalCreate {
		return s.runCommand(ctx, p.Command, p.Args, p.Cwd, p.Env, p.Most)
	}
	c := s.commands.get(p.Terminal)
	if c == nil {
		return nil, sdk.NewInvalidParams(map[string]any{"error": "no such terminal"})
	}
	switch method {
	case sdk.ClientMethodTerminalOutput:
		return c.output(), nil
	case sdk.ClientMethodTerminalWaitForExit:
		select {
		case <-c.proc.exited:
			code, signal := c.proc.code()
			return sdk.WaitForTerminalExitResponse{ExitCode: code, Signal: signal}, nil
		case <-ctx.Done():
			return nil, sdk.NewRequestCancelled(nil)
		}
	case sdk.ClientMethodTerminalRelease:
		s.commands.remove(p.Terminal)
	}
	c.proc.stop() // kill, and release of one that still runs
	return struct{}{}, nil
}

// runCommand starts a command in the working folder, with an agent's
// environment and what the agent adds to it. The end of ctx is that of the agent.
func (s *Session) runCommand(ctx context.Context, name string, args []string, cwd string, extra []sdk.EnvVariable, most *int) (any, *sdk.RequestError) {
	refuse := func(text string) (any, *sdk.RequestError) {
		return nil, sdk.NewInvalidParams(map[string]any{"error": text})
	}
	dir, err := s.host.workDir()
	if err != nil {
		return refuse("there is no working folder")
	}
	if cwd != "" {
		real, err := filepath.EvalSymlinks(cwd)
		root, rootErr := filepath.EvalSymlinks(dir)
		if err != nil || rootErr != nil {
			return refuse("cwd is no folder")
		}
		if _, err := (&workFiles{dir: root}).within(real); err != nil {
			return refuse("cwd: " + err.Error())
		}
		dir = real
	}
	path := s.host.lookUp(name)
	if path == "" {
		return refuse("the command was not found")
	}
	env := environment(s.host.env)
	for _, v := range extra {
		env = append(env, v.Name+"="+v.Value)
	}
	c := &command{most: maxTerminalByte}
	if most != nil && *most >= 0 && *most < c.most {
		c.most = *most
	}
	id, err := s.commands.add(c, func() error {
		if ctx.Err() != nil { // whoever ends its commands may be done already
			return context.Cause(ctx)
		}
		c.proc, err = startProcess(child{path, args, dir, env, s.host.cfg.MaxMemoryMB << 20}, c)
		if err == nil {
			_ = c.proc.in.Close() // nobody types
			c.proc.run(func() {
				defer close(c.proc.read)
				_, _ = io.Copy(c, c.proc.out) // ends with the command
			})
		}
		return err
	})
	if err != nil {
		return refuse(err.Error())
	}
	s.log.Info("agent runs a command", "command", visible(name, 100), "terminal", id)
	return sdk.CreateTerminalResponse{TerminalId: id}, nil
}

func (c *command) output() sdk.TerminalOutputResponse {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := sdk.TerminalOutputResponse{Output: string(c.kept), Truncated: c.cut}
	select {
	case <-c.proc.exited:
		code, signal := c.proc.code()
		out.ExitStatus = &sdk.TerminalExitStatus{ExitCode: code, Signal: signal}
	default:
	}
	return out
}

// add starts a command where there is room for one more.
func (t *terminals) add(c *command, start func() error) (string, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.shut {
		return "", errors.New("the session has ended")
	}
	if len(t.open) >= maxTerminals {
		return "", errors.New("too many commands run; release some")
	}
	if err := start(); err != nil {
		return "", err
	}
	if t.open == nil {
		t.open = make(map[string]*command)
	}
	id := randomID()
	t.open[id] = c
	return id, nil
}

func (t *terminals) get(id string) *command {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.open[id]
}

func (t *terminals) remove(id string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.open, id)
}

// close ends all commands and lets none begin any more.
func (t *terminals) close() {
	t.mu.Lock()
	t.shut = true
	t.mu.Unlock()
	t.closeAll()
}

// closeAll ends all commands.
func (t *terminals) closeAll() {
	t.mu.Lock()
	open := t.open
	t.open = nil
	t.mu.Unlock()
	var ending sync.WaitGroup
	for _, c := range open {
		ending.Go(c.proc.stop)
	}
	ending.Wait()
}
