package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"
)

// terminal opens a pseudo-terminal and collects what is shown on it.
func terminal(t *testing.T) (tty *os.File, keyboard io.Writer, shown func() string) {
	t.Helper()
	screen, tty, err := pty.Open()
	if err != nil {
		t.Skipf("this system has no pseudo-terminals: %v", err)
	}
	var text bytes.Buffer
	read := make(chan struct{})
	go func() {
		defer close(read)
		_, _ = io.Copy(&text, screen) // ends with EIO when the last writer is gone
	}()
	return tty, screen, func() string {
		tty.Close()
		<-read
		screen.Close()
		return text.String()
	}
}

// TestProgressBar: a bar on a terminal, nothing on a pipe, and stdout the same
// on both.
func TestProgressBar(t *testing.T) {
	t.Parallel()
	s := smallSite(t, 12, 150*time.Millisecond)
	p := newProgram(t, s)
	tty, _, shown := terminal(t)
	var stdout bytes.Buffer
	cmd := p.command("crawl", s.URL+"/", "--json")
	cmd.Stdout, cmd.Stderr = &stdout, tty
	err := cmd.Run()
	text := shown()
	if err != nil || !strings.Contains(text, "\r") || !strings.Contains(text, "/s") {
		t.Errorf("%v; the terminal shows %q", err, text)
	}
	if !strings.HasPrefix(stdout.String(), "{") || strings.Count(stdout.String(), "\n") != 1 {
		t.Errorf("stdout = %q", stdout.String())
	}
	if got := p.run("crawl", s.URL+"/", "--json"); got.code != 0 || strings.Contains(got.stderr, "\r") {
		t.Errorf("on a pipe: exit %d, stderr %q", got.code, got.stderr)
	}
}

// TestConnectAsks: at a terminal the change is made when the user agrees, and
// only then.
func TestConnectAsks(t *testing.T) {
	t.Parallel()
	for answer, written := range map[string]bool{"y\n": true, "n\n": false, "\n": false} {
		p := newProgram(t, nil)
		tty, keyboard, shown := terminal(t)
		file := filepath.Join(t.TempDir(), "mcp.json")
		cmd := p.command("connect", "cursor", "--file", file)
		cmd.Stdin, cmd.Stdout, cmd.Stderr = tty, tty, tty
		if _, err := io.WriteString(keyboard, answer); err != nil {
			t.Fatal(err)
		}
		err := cmd.Run()
		text := shown()
		if _, statErr := os.Stat(file); (statErr == nil) != written || (err == nil) != written {
			t.Errorf("answer %q: %v, %v\n%s", answer, err, statErr, text)
		}
		if !strings.Contains(text, `"axon"`) || !strings.Contains(text, "[y/N]") {
			t.Errorf("answer %q: the change was not shown: %q", answer, text)
		}
	}
}

// TestHintOnATerminal: who types axon-mcp alone learns what it is.
func TestHintOnATerminal(t *testing.T) {
	t.Parallel()
	p := newProgram(t, nil)
	tty, keyboard, shown := terminal(t)
	var stdout bytes.Buffer
	cmd := p.command()
	cmd.Stdin, cmd.Stdout, cmd.Stderr = tty, &stdout, tty
	if _, err := io.WriteString(keyboard, "\x04"); err != nil { // Ctrl-D
		t.Fatal(err)
	}
	err := cmd.Run()
	if text := shown(); err != nil || !strings.Contains(text, "axon-mcp demo") || stdout.Len() > 0 {
		t.Errorf("%v; the terminal shows %q, stdout %q", err, text, stdout.String())
	}
}
