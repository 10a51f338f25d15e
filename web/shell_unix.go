//go:build !windows

package web

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/creack/pty"
)

// hangUpTime is how long a shell has to end after its line is hung up.
const hangUpTime = time.Second

// unixTerminal is a shell that leads a session of its own.
type unixTerminal struct {
	*os.File
	cmd *exec.Cmd
}

func openTerminal(environ []string) (terminal, error) {
	program := value(environ, "SHELL")
	if !filepath.IsAbs(program) {
		program = "/bin/sh"
	}
	cmd := exec.Command(program)
	cmd.Env = environ
	if home := value(environ, "HOME"); filepath.IsAbs(home) {
		if stat, err := os.Stat(home); err == nil && stat.IsDir() {
			cmd.Dir = home
		}
	}
	file, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 24, Cols: 80}) // in a new session
	if err != nil {
		return nil, noShell(err)
	}
	return &unixTerminal{file, cmd}, nil
}

func (t *unixTerminal) resize(cols, rows uint16) error {
	return pty.Setsize(t.File, &pty.Winsize{Rows: rows, Cols: cols})
}

// end hangs up, and kills whoever is still there. Background work has groups of
// its own in the shell's session, so the session is what is looked for.
func (t *unixTerminal) end() int {
	leader := t.cmd.Process.Pid
	_ = syscall.Kill(-leader, syscall.SIGHUP) // may be gone
	_ = t.Close()
	done := make(chan error, 1)
	go func() { done <- t.cmd.Wait() }()
	var err error
	select {
	case err = <-done:
	case <-time.After(hangUpTime):
		killSession(leader)
		err = <-done
	}
	killSession(leader)
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit):
		return exit.ExitCode()
	}
	return -1
}

// killSession kills the shell's group and, where the system tells who they are,
// every process of its session.
func killSession(leader int) {
	_ = syscall.Kill(-leader, syscall.SIGKILL) // may be gone
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return
	}
	for _, name := range stats {
		raw, err := os.ReadFile(name)
		if err != nil {
			continue // it has ended
		}
		// pid (name) state ppid pgrp session: the name may hold anything.
		text := string(raw)
		fields := strings.Fields(text[strings.LastIndexByte(text, ')')+1:])
		if len(fields) < 4 || fields[3] != strconv.Itoa(leader) {
			continue
		}
		if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(name))); err == nil {
			_ = syscall.Kill(pid, syscall.SIGKILL) // may be gone
		}
	}
}
