package main

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/axon-mcp/axon-mcp/config"
)

// Every process of a data directory signs with one key, also where several make
// it at once; so the token of one command's dry run holds for the next command.
func TestConfirmKeyIsSharedAndPrivate(t *testing.T) {
	t.Parallel()
	var cfg config.Config
	cfg.Program.DataDir = filepath.Join(t.TempDir(), "data")
	keys := make([]string, 8)
	var wg sync.WaitGroup
	for i := range keys {
		wg.Go(func() {
			key, err := confirmKey(cfg)
			if err != nil {
				t.Error(err)
			}
			keys[i] = string(key)
		})
	}
	wg.Wait()
	for _, key := range keys {
		if len(key) < 32 || key != keys[0] {
			t.Fatalf("keys differ or are short: %d and %d bytes", len(key), len(keys[0]))
		}
	}
	path := filepath.Join(cfg.Program.DataDir, confirmFile)
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("%v %v", info, err)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := confirmKey(cfg); err == nil || !strings.Contains(err.Error(), "others may read") {
		t.Errorf("a key that others can read was taken: %v", err)
	}
}
