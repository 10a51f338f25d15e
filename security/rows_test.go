package security

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// rows reads a table of hostile inputs, or skips where it is not at hand.
func rows(t *testing.T, name string) [][]string {
	t.Helper()
	dir := os.Getenv("AXON_SHARED")
	if dir == "" {
		dir = filepath.Join("..", "..", "shared")
	}
	raw, err := os.ReadFile(filepath.Join(dir, "data", name))
	if err != nil {
		t.Skipf("the table of hostile inputs is not here: %v", err)
	}
	var list [][]string
	for line := range strings.Lines(string(raw)) {
		line = strings.TrimSuffix(line, "\n")
		if strings.HasPrefix(line, "#") || line == "" {
			continue
		}
		list = append(list, strings.Split(line, "\t"))
	}
	return list[1:] // without the header
}

// literal is the value of a column that is the body of a Go string literal.
func literal(t *testing.T, column string) string {
	t.Helper()
	value, err := strconv.Unquote(`"` + column + `"`)
	if err != nil {
		t.Fatalf("column %q: %v", column, err)
	}
	return value
}

func newGuard(t testing.TB, cfg Config) *Guard {
	t.Helper()
	g, err := NewGuard(cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// logBuffer takes log lines of several goroutines.
type logBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
