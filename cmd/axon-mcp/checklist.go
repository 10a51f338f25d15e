package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/axon-mcp/axon-mcp/fault"
	"github.com/axon-mcp/axon-mcp/tools"
)

// checklist is what of the checklists of docs/operations.md a program can see.
// A finding that may be meant is a note beside "ok"; what is wrong in any case
// fails the check.
func (p *parts) checklist() []tools.Check {
	return []tools.Check{
		{Name: "settings file", Run: func(context.Context) (string, string, error) { return checkSettingsFile(p.cfg.Program.DataDir) }},
		{Name: "private files", Run: func(context.Context) (string, string, error) { return checkPrivate(p.cfg.Program.DataDir) }},
		{Name: "key", Run: func(context.Context) (string, string, error) { return p.checkKey() }},
		{Name: "allowed hosts", Run: func(context.Context) (string, string, error) {
			return checkAllowed(p.cfg.Security.AllowHosts)
		}},
		{Name: "toolsets", Run: func(context.Context) (string, string, error) { return checkToolsets(p.cfg.Tools.Toolsets) }},
		{Name: "listener", Run: func(ctx context.Context) (string, string, error) {
			return checkListener(ctx, p.cfg.HTTP.Host, p.cfg.HTTP.Port)
		}},
	}
}

// checkSettingsFile: .env exists or is not needed, and is not tracked by git.
// That others may not write it, loading has seen to.
func checkSettingsFile(dir string) (detail, hint string, err error) {
	file := filepath.Join(dir, ".env")
	if _, err := os.Stat(file); err != nil {
		return "none; the environment alone sets", "", nil
	}
	tracked, err := inGitIndex(file)
	switch {
	case err != nil:
		return "", "check that the file is not tracked: git ls-files --error-unmatch .env", err
	case tracked:
		return "", "git rm --cached .env, add it to .gitignore, and change every secret in it",
			fault.Errorf(fault.Conflict, "%s is tracked by git: its secrets are in the history", file)
	}
	return file + " is not tracked by git", "", nil
}

// inGitIndex reports whether the index of the work tree around a file names it.
// The index holds its names as they are (versions 2 and 3). git itself is not
// called: a work tree's own settings can make it run programs.
func inGitIndex(file string) (bool, error) {
	for dir := filepath.Dir(file); ; dir = filepath.Dir(dir) {
		index, err := os.ReadFile(filepath.Join(dir, ".git", "index"))
		if err == nil {
			name, err := filepath.Rel(dir, file)
			return err == nil && bytes.Contains(index, []byte(filepath.ToSlash(name)+"\x00")), err
		}
		if dir == filepath.Dir(dir) {
			return false, nil
		}
	}
}

// checkPrivate: what holds keys, pages and jobs is its owner's alone.
func checkPrivate(dir string) (detail, hint string, err error) {
	if runtime.GOOS == "windows" {
		return "the folder's own access list decides", "", nil
	}
	var open []string
	for _, name := range []string{"", ".env", keyFile, confirmFile, "axon.db", "output"} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err == nil && info.Mode().Perm()&0o077 != 0 && name != "" {
			open = append(open, fmt.Sprintf("%s (%04o)", name, info.Mode().Perm()))
		}
		if name == "" && err == nil && info.Mode().Perm()&0o077 == 0 {
			return dir + " is its owner's alone", "", nil
		}
	}
	if len(open) > 0 {
		return "", "chmod -R go= " + dir, fault.Errorf(fault.Conflict, "others of this machine may read %s", strings.Join(open, ", "))
	}
	return "others may list " + dir + ", not read what is in it", "chmod go= " + dir, nil
}

// checkKey: the key of /mcp is long enough to be no guess.
func (p *parts) checkKey() (detail, hint string, err error) {
	if p.cfg.HTTP.APIKey.IsSet() {
		if len(p.cfg.HTTP.APIKey.Reveal()) < shortKey {
			return "", "openssl rand -hex 32 makes a good one", fault.Errorf(fault.Conflict, "AXON_MCP_API_KEY has fewer than %d characters", shortKey)
		}
		return "AXON_MCP_API_KEY is set", "", nil
	}
	switch _, err := readKey(filepath.Join(p.cfg.Program.DataDir, keyFile), "AXON_MCP_API_KEY"); {
	case os.IsNotExist(err):
		return "none yet; the first start of serve makes one", "", nil
	case err != nil:
		return "", "remove the file; the next start makes a new key", fault.Wrap(fault.Conflict, err, "%v", err)
	}
	return keyFile + " in the data directory", "", nil
}

// checkAllowed: every exception is a hole in the guard; a wide one is a large
// one.
func checkAllowed(entries []string) (detail, hint string, err error) {
	wide := 0 // their names are the operator's: callers may ask doctor, too
	for _, entry := range entries {
		prefix, err := netip.ParsePrefix(strings.TrimSpace(entry))
		_, _, portErr := net.SplitHostPort(entry)
		if err == nil && (prefix.Addr().Is4() && prefix.Bits() < 24 || prefix.Addr().Is6() && prefix.Bits() < 64) || err != nil && portErr != nil {
			wide++
		}
	}
	switch {
	case len(entries) == 0:
		return "only public addresses are fetched", "", nil
	case wide > 0:
		return strconv.Itoa(len(entries)) + " exceptions to the guard", fmt.Sprintf("AXON_ALLOW_HOSTS: name the port, or a smaller network; %d of them are wide", wide), nil
	}
	return strconv.Itoa(len(entries)) + " exceptions to the guard, each with its port or a small network", "", nil
}

func checkToolsets(sets []string) (detail, hint string, err error) {
	if slices.Contains(sets, tools.Admin) || slices.Contains(sets, "all") {
		return "clients may delete, export and import", "AXON_MCP_TOOLSETS: leave admin out where clients need not", nil
	}
	return strings.Join(sets, ", "), "", nil
}

// checkListener: a server that runs is reached by this machine alone, or is
// meant to be, and turns away who has no key.
func checkListener(ctx context.Context, host string, port int) (detail, hint string, err error) {
	if a, err := netip.ParseAddr(host); host != "localhost" && (err != nil || !a.IsLoopback()) {
		hint = "AXON_MCP_HTTP_HOST is " + host + ": others can reach it; put TLS before it, or set 127.0.0.1"
	}
	base := strings.TrimSuffix(mcpURL(host, port), "/mcp")
	client := &http.Client{Timeout: 2 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	ours, err := healthy(ctx, client, base)
	switch {
	case err != nil:
		return "no server runs at " + base, hint, nil
	case !ours:
		return "another program answers at " + base, "choose another AXON_MCP_HTTP_PORT", nil
	}
	for _, wrong := range []http.Header{
		{}, {"Authorization": {"Bearer wrong"}}, {"Authorization": {"Basic Og=="}}, {"Origin": {"https://other.example"}},
	} {
		status, err := ask(ctx, client, base+"/mcp", wrong)
		if err != nil {
			return "", hint, fault.Wrap(fault.Unavailable, err, "the server at %s answers no request", base)
		}
		if status != http.StatusUnauthorized && status != http.StatusForbidden {
			return "", "is it an axon-mcp of this version?", fault.Errorf(fault.Conflict, "the server at %s answers %d to a request without a good key", base, status)
		}
	}
	return "the server at " + base + " turns away requests without a good key", hint, nil
}

// healthy asks whether an axon-mcp answers.
func healthy(ctx context.Context, client *http.Client, base string) (bool, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/healthz", nil)
	if err != nil {
		return false, err
	}
	response, err := client.Do(request)
	if err != nil {
		return false, err
	}
	defer response.Body.Close()
	var said struct{ Status, Version string }
	err = json.NewDecoder(io.LimitReader(response.Body, 4<<10)).Decode(&said)
	return err == nil && said.Status == "ok" && said.Version != "", nil
}

// ask sends a request that must be refused, and returns the status.
func ask(ctx context.Context, client *http.Client, url string, header http.Header) (int, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(`{"jsonrpc":"2.0","id":1,"method":"tools/list"}`))
	if err != nil {
		return 0, err
	}
	request.Header = header.Clone()
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "application/json, text/event-stream")
	response, err := client.Do(request)
	if err != nil {
		return 0, err
	}
	return response.StatusCode, response.Body.Close()
}
