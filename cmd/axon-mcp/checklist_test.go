package main

import (
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/axon-mcp/axon-mcp/config"
	"github.com/axon-mcp/axon-mcp/secret"
)

func TestChecklistSettingsFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	data := filepath.Join(dir, "data")
	if err := os.MkdirAll(data, 0o700); err != nil {
		t.Fatal(err)
	}
	if detail, _, err := checkSettingsFile(data); err != nil || !strings.HasPrefix(detail, "none") {
		t.Errorf("no file: %q %v", detail, err)
	}
	file := filepath.Join(data, ".env")
	if err := os.WriteFile(file, []byte("AXON_LOG_LEVEL=info\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	git := func(args ...string) {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), "git", append([]string{"-C", dir}, args...)...)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Skipf("git: %v %s", err, out)
		}
	}
	git("init", "-q")
	if _, _, err := checkSettingsFile(data); err != nil {
		t.Errorf("not tracked: %v", err)
	}
	git("add", "-f", "data/.env")
	if _, hint, err := checkSettingsFile(data); err == nil || !strings.Contains(hint, "git rm --cached") {
		t.Errorf("tracked: %q %v", hint, err)
	}
}

func TestChecklistPrivateFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, keyFile), []byte("k"), 0o644); err != nil {
		t.Fatal(err)
	}
	for mode, wrong := range map[os.FileMode]bool{0o700: false, 0o755: true} {
		if err := os.Chmod(dir, mode); err != nil {
			t.Fatal(err)
		}
		if _, _, err := checkPrivate(dir); (err != nil) != wrong {
			t.Errorf("mode %04o: %v", mode, err)
		}
	}
}

func TestChecklistKey(t *testing.T) {
	t.Parallel()
	for key, wrong := range map[string]bool{"short": true, strings.Repeat("k", 32): false, "": false} {
		p := &parts{cfg: config.Config{Program: config.Program{DataDir: t.TempDir()}}}
		if key != "" {
			p.cfg.HTTP.APIKey = secret.New(key)
		}
		if detail, hint, err := p.checkKey(); (err != nil) != wrong || key != "" && strings.Contains(detail+hint, key) {
			t.Errorf("%q: %q %q %v", key, detail, hint, err)
		}
	}
}

func TestChecklistAllowedHosts(t *testing.T) {
	t.Parallel()
	for entry, wide := range map[string]bool{
		"10.0.0.0/8": true, "10.1.2.0/24": false, "fd00::/8": true, "docs.corp.example": true, "docs.corp.example:443": false, "127.0.0.1:8080": false, "[::1]:80": false, "10.0.0.5": true,
	} {
		if _, hint, err := checkAllowed([]string{entry}); err != nil || (hint != "") != wide {
			t.Errorf("%s: %q %v", entry, hint, err)
		}
	}
	if _, hint, _ := checkToolsets([]string{"web", "all"}); hint == "" {
		t.Error("admin for all clients is not told")
	}
}

func TestChecklistListener(t *testing.T) {
	t.Parallel()
	health := func(w http.ResponseWriter) { _, _ = w.Write([]byte(`{"status":"ok","version":"0.1.0"}`)) }
	for name, one := range map[string]struct {
		answer http.HandlerFunc
		host   string
		detail string
		hint   bool
		wrong  bool
	}{
		"good": {func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/healthz" {
				health(w)
				return
			}
			w.WriteHeader(http.StatusUnauthorized)
		}, "127.0.0.1", "turns away", false, false},
		"open":    {func(w http.ResponseWriter, _ *http.Request) { health(w) }, "127.0.0.1", "", true, true},
		"another": {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("hello")) }, "127.0.0.1", "another program", true, false},
		"wide": {func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/healthz" {
				health(w)
				return
			}
			w.WriteHeader(http.StatusForbidden)
		}, "0.0.0.0", "turns away", true, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(one.answer)
			defer server.Close()
			_, port, _ := net.SplitHostPort(server.Listener.Addr().String())
			n, _ := strconv.Atoi(port)
			detail, hint, err := checkListener(t.Context(), one.host, n)
			if !strings.Contains(detail, one.detail) || (hint != "") != one.hint || (err != nil) != one.wrong {
				t.Errorf("%q, %q, %v", detail, hint, err)
			}
		})
	}
}

// TestDoctorKnowsTheChecklist: what a program can check of docs/operations.md is
// a check, and a running server passes it.
func TestDoctorKnowsTheChecklist(t *testing.T) {
	t.Parallel()
	p := newProgram(t, nil)
	p.env = append(p.env, "AXON_MCP_API_KEY="+strings.Repeat("nobody-may-see", 3))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	l.Close()
	p.env = append(p.env, "AXON_MCP_HTTP_PORT="+port)
	cmd := p.command("serve")
	out := newBuffer()
	cmd.Stderr = out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()
	defer cmd.Process.Kill()
	until(t, 10e9, "the server listens", func() bool { return strings.Contains(out.String(), "serves MCP at") })
	var found struct {
		OK     bool `json:"ok"`
		Checks []struct{ Name, Detail string }
	}
	p.json(&found, "doctor")
	names := map[string]string{}
	for _, c := range found.Checks {
		names[c.Name] = c.Detail
	}
	for _, name := range []string{"settings file", "private files", "key", "allowed hosts", "toolsets", "listener"} {
		if names[name] == "" {
			t.Errorf("doctor has no check %q: %+v", name, found)
		}
	}
	if !found.OK || !strings.Contains(names["listener"], "turns away") {
		t.Errorf("%+v", found)
	}
}
