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

// Files of the data directory that hold keys, made at their first use.
const (
	keyFile     = "mcp.key"     // opens /mcp
	confirmFile = "confirm.key" // signs the confirm tokens of destructive calls
)

// apiKey is the bearer key of /mcp: the configured one, or else the one in the
// data directory, which is made where it is missing.
func apiKey(cfg config.Config) (string, error) {
	if cfg.HTTP.APIKey.IsSet() {
		return cfg.HTTP.APIKey.Reveal(), nil
	}
	return keptKey(filepath.Join(cfg.Program.DataDir, keyFile), "AXON_MCP_API_KEY")
}

// confirmKey is shared by all processes of the data directory, so that the token
// of one command's dry run holds for the next.
func confirmKey(cfg config.Config) ([]byte, error) {
	key, err := keptKey(filepath.Join(cfg.Program.DataDir, confirmFile), "AXON_DATA_DIR")
	return []byte(key), err
}

// keptKey reads the key at path, which it makes where there is none. setting is
// the variable that a fault names.
func keptKey(path, setting string) (string, error) {
	key, err := readKey(path, setting)
	if !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	if err := makeKey(path); err != nil {
		return "", fault.Wrap(fault.Unavailable, err, "cannot keep a key in %s: %v; check %s", path, err, setting)
	}
	return readKey(path, setting)
}

// readKey reads a key that nobody else can read.
func readKey(path, setting string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	if perm := info.Mode().Perm(); perm&0o077 != 0 && filepath.Separator == '/' {
		return "", &config.Error{Faults: []string{fmt.Sprintf(
			"%s: others may read %s (mode %04o); remove the file for a new key", setting, path, perm)}}
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("read the key: %w", err)
	}
	key := strings.TrimSpace(string(raw))
	if key == "" {
		return "", &config.Error{Faults: []string{setting + ": " + path + " is empty; remove it for a new key"}}
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
	return "http://" + net.JoinHostPort(reachable(host), strconv.Itoa(port)) + "/mcp"
}

// reachable is the host under which a listener of this machine is reached on it.
func reachable(host string) string {
	switch host {
	case "", "0.0.0.0", "::":
		return "127.0.0.1"
	}
	return host
}
