//go:build unix

package acp_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/axon-mcp/axon-mcp/acp"
	"github.com/axon-mcp/axon-mcp/fault"
)

// helpful is a session that may read, write and run commands through axon, in
// the folder that is returned.
func helpful(t *testing.T) (*acp.Session, string) {
	t.Helper()
	h, _, data := loggingHost(t, "", func(c *acp.Config) { c.AllowFS, c.AllowTerminal = true, true })
	s, err := h.Begin(t.Context(), acp.Start{FS: true, Terminal: true})
	if err != nil {
		t.Fatal(err)
	}
	return s, filepath.Join(data, "agents")
}

// calling is a line that makes the agent call one of our methods.
func calling(t *testing.T, method string, params map[string]any) string {
	t.Helper()
	if params["sessionId"] == nil {
		params["sessionId"] = "1"
	}
	raw, err := json.Marshal(params)
	if err != nil {
		t.Fatal(err)
	}
	return "call " + method + " " + string(raw)
}

// TestHelpIsOff: without both the operator and the client, there are neither
// files nor commands.
func TestHelpIsOff(t *testing.T) {
	t.Parallel()
	h := newHost(t, func(c *acp.Config) { c.AllowFS, c.AllowTerminal = true, true })
	got := tell(t, begin(t, h), "hello\n"+calling(t, "fs/read_text_file", map[string]any{"path": "/etc/passwd"})+"\n"+
		calling(t, "fs/write_text_file", map[string]any{"path": "/tmp/x", "content": "x"})+"\n"+calling(t, "terminal/create", map[string]any{"command": "ls"}))
	if strings.Count(got, "-32601") != 3 || strings.Contains(got, "root:") || strings.Contains(got, `"readTextFile":true`) {
		t.Errorf("%q", got)
	}
	h = newHost(t)
	for variable, want := range map[string]acp.Start{"AXON_ACP_ALLOW_FS": {FS: true}, "AXON_ACP_ALLOW_TERMINAL": {Terminal: true}} {
		if _, err := h.Begin(t.Context(), want); fault.CodeOf(err) != fault.Forbidden || !strings.Contains(fault.MessageOf(err), variable) {
			t.Errorf("%+v: %v", want, err)
		}
	}
}

// A5: files are those of the working folder, whatever leads out of it.
func TestA5Files(t *testing.T) {
	t.Parallel()
	s, dir := helpful(t)
	outside := t.TempDir()
	for name, text := range map[string]string{filepath.Join(outside, "secret"): "secret", filepath.Join(dir, "in"): "one\ntwo\nthree\n", filepath.Join(dir, "big"): strings.Repeat("x", 4<<20+1)} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for from, to := range map[string]string{"file": filepath.Join(outside, "secret"), "folder": outside, "up": "..", "inner": "in"} {
		if err := os.Symlink(to, filepath.Join(dir, from)); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(filepath.Join(dir, "fifo"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		path string
		more map[string]any
		want string
	}{
		{dir + "/in", nil, `{"content":"one\ntwo\nthree\n"}`},
		{dir + "/in", map[string]any{"line": 2, "limit": 1}, `{"content":"two\n"}`},
		{dir + "/in", map[string]any{"line": 99}, `{"content":""}`},
		{dir + "/inner", nil, `{"content":"one\ntwo\nthree\n"}`},
		{dir + "/sub/../in", nil, `{"content":"one`},
		{dir + "/none", nil, "no such file"},
		{dir + "/big", nil, "over 4 MiB"},
		{dir + "/fifo", nil, "no regular file"},
		{dir, nil, "no regular file"},
		{dir + "/file", nil, "escapes"},
		{dir + "/folder/secret", nil, "escapes"},
		{dir + "/up/mcp.json", nil, "escapes"},
		{dir + "/../mcp.json", nil, "outside the working folder"},
		{outside + "/secret", nil, "outside the working folder"},
		{"in", nil, "must be absolute"},
		{dir + "/in\x00", nil, "must be absolute"},
		{dir + "/in", map[string]any{"sessionId": "2"}, "no such session"},
	} {
		params := map[string]any{"path": row.path}
		for name, value := range row.more {
			params[name] = value
		}
		if got := tell(t, s, calling(t, "fs/read_text_file", params)); !strings.Contains(got, row.want) || strings.Contains(got, "secret\"") || strings.Contains(got, outside+"/secret: ") {
			t.Errorf("read %s %v: %.200q, want %q", row.path, row.more, got, row.want)
		}
	}
	for path, want := range map[string]string{
		dir + "/new": "answered {}", dir + "/inner": "answered {}", dir + "/file": "escapes", dir + "/folder/new": "escapes", outside + "/new": "outside the working folder",
		dir + "/../new": "outside the working folder", dir + "/fifo": "no such device", dir + "/none/new": "no such file",
	} {
		if got := tell(t, s, calling(t, "fs/write_text_file", map[string]any{"path": path, "content": "written"})); !strings.Contains(got, want) {
			t.Errorf("write %s: %q, want %q", path, got, want)
		}
	}
	if got := tell(t, s, calling(t, "fs/write_text_file", map[string]any{"path": dir + "/huge", "content": strings.Repeat("x", 4<<20+1)})); !strings.Contains(got, "over 4 MiB") {
		t.Errorf("%.200q", got)
	}
	for path, want := range map[string]string{filepath.Join(outside, "secret"): "secret", filepath.Join(dir, "new"): "written", filepath.Join(dir, "in"): "written"} {
		if raw, err := os.ReadFile(path); err != nil || string(raw) != want {
			t.Errorf("%s: %q, %v", path, raw, err)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "huge")); err == nil {
		t.Error("what is too large was written")
	}
}

// A5: commands run in the working folder, with an agent's environment; their
// output is bounded, and the whole group ends with them.
func TestA5Commands(t *testing.T) {
	t.Parallel()
	s, dir := helpful(t)
	if err := os.Mkdir(filepath.Join(dir, "sub"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/", filepath.Join(dir, "root")); err != nil {
		t.Fatal(err)
	}
	run := func(command string, more map[string]any) string {
		params := map[string]any{"sessionId": "1", "command": "sh", "args": []string{"-c", command}}
		for name, value := range more {
			params[name] = value
		}
		raw, err := json.Marshal(params)
		if err != nil {
			t.Fatal(err)
		}
		return tell(t, s, "run "+string(raw))
	}
	for _, row := range []struct {
		command string
		more    map[string]any
		want    string
	}{
		{"pwd; exit 3", nil, fmt.Sprintf(`ran {"exitCode":3} {"exitStatus":{"exitCode":3},"output":"%s\n","truncated":false}, after release: true`, dir)},
		{"pwd", map[string]any{"cwd": dir + "/sub"}, `"output":"` + dir + `/sub\n"`},
		{"pwd", map[string]any{"cwd": dir + "/root"}, "outside the working folder"},
		{"pwd", map[string]any{"cwd": "/"}, "outside the working folder"},
		{"pwd", map[string]any{"cwd": "sub"}, "cwd is no folder"},
		{"echo $MINE $AXON_SECRET $GEMINI_API_KEY", map[string]any{"env": []map[string]string{{"name": "MINE", "value": "m"}}}, `"output":"m g-canary-value\n"`},
		{"echo out; echo err >&2", nil, `err\n`},
		{"printf 'ääääää'", map[string]any{"outputByteLimit": 5}, `"output":"ää","truncated":true`},
		{"cat", nil, `"exitCode":0`}, // its input is empty
		{"kill -9 $$", nil, `"signal":"SIGKILL"`},
		{"head -c 3000000 /dev/zero | tr '\\0' x", map[string]any{"outputByteLimit": 1 << 30}, "1048576 bytes, truncated true"},
		{"ulimit -c", nil, `"output":"0\n"`},
		{"x", map[string]any{"command": "no-such-program"}, "the command was not found"},
		{"x", map[string]any{"command": "./sub"}, "the command was not found"},
		{"x", map[string]any{"sessionId": "2"}, "no such session"},
	} {
		if got := run(row.command, row.more); !strings.Contains(got, row.want) || len(got) > 1<<20+1000 {
			t.Errorf("%s %v: %.300q, want %q", row.command, row.more, got, row.want)
		}
	}
	if got := tell(t, s, calling(t, "terminal/output", map[string]any{"terminalId": "made-up"})); !strings.Contains(got, "no such terminal") {
		t.Errorf("%q", got)
	}
}

// A5: kill, the end of a turn that is stopped, and the end of the session end a
// command with everything that it has started; too many at once are refused.
func TestA5CommandsEnd(t *testing.T) {
	t.Parallel()
	s, dir := helpful(t)
	sleeper := func(n int) string {
		return calling(t, "terminal/create", map[string]any{"command": "sh", "args": []string{"-c", fmt.Sprintf("sleep 600 & echo $! > %s/pid%d; wait", dir, n)}})
	}
	id := regexp.MustCompile(`"terminalId":"([0-9a-f]{32})"`).FindStringSubmatch(tell(t, s, sleeper(0)))
	if id == nil {
		t.Fatal("no terminal")
	}
	first := childOf(t, dir, 0)
	if got := tell(t, s, calling(t, "terminal/kill", map[string]any{"terminalId": id[1]})); !strings.Contains(got, "answered {}") || running(first) {
		t.Errorf("killed: %q, runs %v", got, running(first))
	}
	if got := tell(t, s, calling(t, "terminal/output", map[string]any{"terminalId": id[1]})); !strings.Contains(got, "exitStatus") {
		t.Errorf("a killed command can still be read: %q", got)
	}
	turn := prompt(t, s, sleeper(1)+"\nwait")
	second := childOf(t, dir, 1)
	turn.Cancel()
	if _, err := finished(t, turn); fault.CodeOf(err) != fault.Canceled || running(second) {
		t.Errorf("stopped: %v, runs %v", err, running(second))
	}
	var lines []string
	for n := 2; n < 12; n++ {
		lines = append(lines, sleeper(n))
	}
	if got := tell(t, s, strings.Join(lines, "\n")); strings.Count(got, "terminalId") != 8 || strings.Count(got, "too many commands") != 2 {
		t.Errorf("%q", got)
	}
	last := childOf(t, dir, 9)
	s.End()
	if running(last) {
		t.Error("a command outlives its session")
	}
}

// A5: the commands of an agent that has died end with it, and before another takes
// its place.
func TestA5CommandsEndWithTheirAgent(t *testing.T) {
	t.Parallel()
	h, _, data := loggingHost(t, "", traits("load"), func(c *acp.Config) { c.AllowTerminal = true })
	s, err := h.Begin(t.Context(), acp.Start{Terminal: true})
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(data, "agents")
	sleeper := calling(t, "terminal/create", map[string]any{"command": "sh", "args": []string{"-c", fmt.Sprintf("sleep 600 & echo $! > %s/pid0; wait", dir)}})
	if got := tell(t, s, sleeper); !strings.Contains(got, "terminalId") {
		t.Fatal(got)
	}
	old := childOf(t, dir, 0)
	if _, err := finished(t, prompt(t, s, "crash now")); err == nil {
		t.Fatal("no error")
	}
	poll(t, "a command outlives its agent", func() bool { return !running(old) })
	if _, replaced, err := h.Revive(t.Context(), s); err != nil || replaced || running(old) {
		t.Errorf("%v, replaced %t, runs %t", err, replaced, running(old))
	}
}

// childOf is the process that a command has started, once it has.
func childOf(t *testing.T, dir string, n int) (pid int) {
	t.Helper()
	poll(t, "it does not start", func() bool {
		raw, err := os.ReadFile(filepath.Join(dir, fmt.Sprintf("pid%d", n)))
		var bad error
		pid, bad = strconv.Atoi(strings.TrimSpace(string(raw)))
		return err == nil && bad == nil
	})
	return pid
}

// poll waits for what other processes do: nothing tells of it.
func poll(t *testing.T, otherwise string, done func() bool) {
	t.Helper()
	for began := time.Now(); !done(); time.Sleep(10 * time.Millisecond) {
		if time.Since(began) > 40*time.Second {
			t.Fatal(otherwise)
		}
	}
}

func running(pid int) bool { return syscall.Kill(pid, 0) == nil && !zombie(pid) }
