//go:build !windows

package web

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"
)

func mkfifo(path string) error { return syscall.Mkfifo(path, 0o600) }

// openShell opens /ws/shell and returns a function that waits for text.
func (f *listener) openShell(t *testing.T) (ws *websocket.Conn, say func(string), await func(string) string) {
	t.Helper()
	ws, _, err := websocket.Dial(t.Context(), "ws://"+f.host+"/ws/shell", &websocket.DialOptions{HTTPHeader: bearer(apiToken), HTTPClient: client()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ws.CloseNow() })
	say = func(line string) {
		t.Helper()
		raw, _ := json.Marshal(shellMessage{Type: "input", Data: line + "\n"})
		if err := ws.Write(t.Context(), websocket.MessageText, raw); err != nil {
			t.Fatal(err)
		}
	}
	seen := ""
	return ws, say, func(text string) string {
		t.Helper()
		for !strings.Contains(seen, text) {
			_, raw, err := ws.Read(t.Context())
			if err != nil {
				t.Fatalf("%q did not come: %v\n%s", text, err, seen)
			}
			var m shellOutput
			if err := json.Unmarshal(raw, &m); err != nil {
				t.Fatal(err)
			}
			seen += m.Data
			if m.Type == "exit" {
				seen += "<exit>"
			}
		}
		return seen
	}
}

func shellConfig() Config {
	cfg := withTokens(defaults())
	cfg.ShellEnabled = true
	return cfg
}

// A shell works, knows its size, and has no secret in its environment.
func TestShell(t *testing.T) {
	t.Setenv("AXON_WEB_API_TOKEN", apiToken)
	t.Setenv("OPENAI_API_KEY", "sk-canary")
	t.Setenv("SHELL", "/bin/sh")
	f := start(t, shellConfig())
	ws, say, await := f.openShell(t)
	if err := ws.Write(t.Context(), websocket.MessageText, []byte(`{"type":"resize","cols":101,"rows":33}`)); err != nil {
		t.Fatal(err)
	}
	say("stty size; env; echo do''ne-1")
	text := await("done-1")
	if !strings.Contains(text, "33 101") {
		t.Errorf("the size is not 33 101:\n%s", text)
	}
	if strings.Contains(text, apiToken) || strings.Contains(text, "canary") || strings.Contains(text, "AXON_WEB") {
		t.Errorf("the shell's environment holds what is not for it:\n%s", text)
	}
	if err := ws.Write(t.Context(), websocket.MessageBinary, []byte("echo bi''nary\n")); err != nil {
		t.Fatal(err)
	}
	await("binary")
	say("exit 3")
	await("<exit>")
}

// What a shell has started ends with the socket, in the background too.
func TestShellEndsWithItsSocket(t *testing.T) {
	t.Setenv("SHELL", "/bin/sh")
	for _, how := range []string{"closed", "cut off"} {
		f := start(t, shellConfig())
		ws, say, await := f.openShell(t)
		pids := filepath.Join(t.TempDir(), "pids")
		say("trap '' HUP; sleep 1000 & echo $! > " + pids + "; (sleep 1000 & echo $! >> " + pids + "; sleep 1000) & echo $$ >> " + pids + "; sleep 0.1; echo rea''dy")
		await("ready")
		raw, err := os.ReadFile(pids)
		if err != nil {
			t.Fatal(err)
		}
		if how == "closed" {
			_ = ws.Close(websocket.StatusNormalClosure, "")
		} else {
			_ = ws.CloseNow()
		}
		f.shells.open.Wait() // the handler returns when all is ended
		for _, text := range strings.Fields(string(raw)) {
			pid, _ := strconv.Atoi(text)
			if alive(pid) {
				t.Errorf("%s: process %d outlives its socket", how, pid)
				_ = syscall.Kill(pid, syscall.SIGKILL)
			}
		}
	}
}

// alive reports whether a process runs; one that has ended and was not waited
// for does not.
func alive(pid int) bool {
	deadline := time.Now().Add(2 * time.Second)
	for time.Now().Before(deadline) {
		raw, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
		if err != nil || strings.Contains(string(raw), ") Z ") {
			return false
		}
		time.Sleep(10 * time.Millisecond) // a signal takes a moment, and nothing tells of it
	}
	return true
}

// A shell that nobody uses ends.
func TestShellIdle(t *testing.T) {
	t.Setenv("SHELL", "/bin/sh")
	cfg := shellConfig()
	cfg.ShellIdle = 50 * time.Millisecond
	f := start(t, cfg)
	_, _, await := f.openShell(t)
	await("<exit>")
}

// The end of the server ends its shells.
func TestShellEndsWithTheServer(t *testing.T) {
	t.Setenv("SHELL", "/bin/sh")
	f := start(t, shellConfig())
	_, say, await := f.openShell(t)
	say("echo he''re")
	await("here")
	f.kill()
	await("<exit>")
	if status, _, _ := f.ask(t, "GET", "/ws/shell", "", "Authorization: Bearer "+apiToken); status != http.StatusUpgradeRequired {
		t.Errorf("%d", status)
	}
}
