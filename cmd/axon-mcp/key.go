package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/axon-mcp/axon-mcp/config"
	"github.com/axon-mcp/axon-mcp/fault"
)

// keyFile holds the key that was made at the first start, in the data directory.
const keyFile = "mcp.key"

// apiKey is the bearer key of /mcp: the configured one, or else the one in the
// data directory, which is made where it is missing.
func apiKey(cfg config.Config) (string, error) {
	if cfg.HTTP.APIKey.IsSet() {
		return cfg.HTTP.APIKey.Reveal(), nil
	}
	path := filepath.Join(cfg.Program.DataDir, keyFile)
	key, err := readKey(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	if err := makeKey(path); err != nil {
		return "", fault.Wrap(fault.Unavailable, err, "cannot keep a key in %s: %v; set AXON_MCP_API_KEY or AXON_DATA_DIR", path, err)
	}
	return readKey(path)
}

// readKey reads a key that nobody else can read.
func readKey(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	if perm := info.Mode().Perm(); perm&0o077 != 0 && filepath.Separator == '/' {
		return "", &config.Error{Faults: []string{fmt.Sprintf(
			"AXON_MCP_API_KEY: others may read %s (mode %04o); remove the file for a new key, or set the key yourself", path, perm)}}
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("read the key: %w", err)
	}
	key := strings.TrimSpace(string(raw))
	if key == "" {
		return "", &config.Error{Faults: []string{"AXON_MCP_API_KEY: " + path + " is empty; remove it for a new key"}}
	}
	return key, nil
}

// makeKey writes a new key (over 256 bits), whole or not at all: where two
// servers start at once, both read the key of the first.
func makeKey(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".key-*") // 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.WriteString("axon_" + rand.Text() + rand.Text() + "\n")
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return err
	}
	if err := os.Link(f.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

// mcpURL is where clients on this machine reach the listener.
func mcpURL(host string, port int) string {
	switch host {
	case "", "0.0.0.0", "::":
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, strconv.Itoa(port)) + "/mcp"
}
