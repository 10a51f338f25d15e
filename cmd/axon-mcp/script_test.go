package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/axon-mcp/axon-mcp/acp/acptest"
)

// binary is the program under test, built once as it is shipped.
var binary string

func TestMain(m *testing.M) {
	acptest.Main() // the agents of the chat are this binary
	os.Exit(testMain(m))
}

func testMain(m *testing.M) int {
	if binary = os.Getenv("AXON_TEST_BINARY"); binary != "" {
		return m.Run() // in the network of its own that TestGuard gives it
	}
	dir, err := os.MkdirTemp("", "axon-mcp-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	binary = filepath.Join(dir, "axon-mcp")
	if runtime.GOOS == "windows" {
		binary += ".exe"
	}
	build := exec.Command("go", "build", "-tags", "netgo", "-o", binary, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build the program: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// TestScripts runs testdata/script: the program as people and scripts use it.
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir: filepath.Join("testdata", "script"),
		Setup: func(env *testscript.Env) error {
			env.Setenv("PATH", filepath.Dir(binary)+string(os.PathListSeparator)+env.Getenv("PATH"))
			env.Setenv("HOME", filepath.Join(env.WorkDir, "home"))
			env.Setenv("AXON_DATA_DIR", filepath.Join(env.WorkDir, "data"))
			env.Setenv("AXON_WEB_PORT", "0")
			return os.MkdirAll(filepath.Join(env.WorkDir, "home"), 0o700)
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"exits": cmdExits, "json": cmdJSON, "jsonlines": cmdJSONLines, "site": cmdSite, "ask": cmdAsk, "mode": cmdMode, "freeport": cmdFreePort,
		},
	})
}

// cmdExits runs a command and compares its exit code: exits CODE COMMAND ARG...
func cmdExits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND ARG...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	var exit *exec.ExitError
	if err := ts.Exec(args[1], args[2:]...); errors.As(err, &exit) {
		got = exit.ExitCode()
	} else if err != nil {
		ts.Fatalf("%s: %v", args[1], err)
	}
	if got != want {
		ts.Fatalf("%s exits %d, want %d", strings.Join(args[1:], " "), got, want)
	}
}

// cmdJSON checks that a file is one JSON value and, where given, what stands at
// a path in it: json FILE [PATH VALUE]. A PATH is a.0.b.
func cmdJSON(ts *testscript.TestScript, neg bool, args []string) {
	text := ts.ReadFile(args[0])
	dec := json.NewDecoder(strings.NewReader(text))
	var value any
	if err := dec.Decode(&value); err != nil {
		ts.Fatalf("%s is no JSON: %v\n%s", args[0], err, text)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		ts.Fatalf("%s holds more than one JSON value:\n%s", args[0], text)
	}
	if len(args) < 3 {
		return
	}
	for step := range strings.SplitSeq(args[1], ".") {
		switch v := value.(type) {
		case map[string]any:
			value = v[step]
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i >= len(v) {
				ts.Fatalf("%s: no %q in a list of %d", args[1], step, len(v))
			}
			value = v[i]
		default:
			value = nil
		}
	}
	if got := fmt.Sprint(value); (got == args[2]) == neg {
		ts.Fatalf("%s is %q, want (or, with !, want not) %q", args[1], got, args[2])
	}
}

// cmdJSONLines checks that every line of a file is a JSON-RPC message.
func cmdJSONLines(ts *testscript.TestScript, _ bool, args []string) {
	text := strings.TrimRight(ts.ReadFile(args[0]), "\n")
	for line := range strings.SplitSeq(text, "\n") {
		var message struct {
			Version string `json:"jsonrpc"`
		}
		if err := json.Unmarshal([]byte(line), &message); err != nil || message.Version != "2.0" {
			ts.Fatalf("%s holds what is no message: %q", args[0], line)
		}
	}
}

// cmdSite serves a folder of the script on a free port until the script ends,
// and puts its address into SITE and, as AXON_ALLOW_HOSTS, into the environment.
// Files can be changed in between.
func cmdSite(ts *testscript.TestScript, _ bool, args []string) {
	server := httptest.NewServer(http.FileServer(http.Dir(ts.MkAbs(args[0]))))
	ts.Defer(server.Close)
	ts.Setenv("SITE", server.URL)
	ts.Setenv("AXON_ALLOW_HOSTS", strings.TrimPrefix(server.URL, "http://"))
}

// cmdAsk sends one HTTP request, tries for a while to reach the server, and
// compares the status: ask STATUS METHOD URL [HEADER: VALUE]... [@BODYFILE].
// Header values may name $KEYFILE:PATH for a file's content.
func cmdAsk(ts *testscript.TestScript, _ bool, args []string) {
	var body []byte
	header := http.Header{}
	for _, arg := range args[3:] {
		if file, found := strings.CutPrefix(arg, "@"); found {
			body = []byte(ts.ReadFile(file))
			continue
		}
		name, value, _ := strings.Cut(arg, ": ")
		if before, file, found := strings.Cut(value, "KEYFILE:"); found {
			value = before + strings.TrimSpace(ts.ReadFile(file))
		}
		header.Set(name, value)
	}
	var last error
	for range 100 {
		req, err := http.NewRequest(args[1], args[2], bytes.NewReader(body))
		ts.Check(err)
		req.Header = header.Clone()
		if host := header.Get("Host"); host != "" {
			req.Host = host
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			last = err
			time.Sleep(50 * time.Millisecond) // polls another process: there is no event to wait for
			continue
		}
		text, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if strconv.Itoa(resp.StatusCode) != args[0] {
			ts.Fatalf("%s %s: %d, want %s\n%s", args[1], args[2], resp.StatusCode, args[0], text)
		}
		return
	}
	ts.Fatalf("%s: %v", args[2], last)
}

// cmdMode compares a file's permissions: mode 600 FILE.
func cmdMode(ts *testscript.TestScript, _ bool, args []string) {
	info, err := os.Stat(ts.MkAbs(args[1]))
	ts.Check(err)
	if got := strconv.FormatUint(uint64(info.Mode().Perm()), 8); got != args[0] && runtime.GOOS != "windows" {
		ts.Fatalf("%s has mode %s, want %s", args[1], got, args[0])
	}
}

// cmdFreePort puts a port that is free now into a variable: freeport NAME.
func cmdFreePort(ts *testscript.TestScript, _ bool, args []string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Check(l.Close())
	ts.Setenv(args[0], strconv.Itoa(l.Addr().(*net.TCPAddr).Port))
}
