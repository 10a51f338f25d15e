//go:build unix

package artifact

import (
	"path/filepath"
	"syscall"
	"testing"

	"github.com/axon-mcp/axon-mcp/fault"
)

// TestPipes holds that a pipe, whose opening would wait for its other end, is no
// artifact.
func TestF2Pipes(t *testing.T) {
	t.Parallel()
	d, root, _ := openTest(t)
	if err := syscall.Mkfifo(filepath.Join(root, "pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, _, err := d.Read(t.Context(), "pipe", 0, 1)
	wantCode(t, "read", err, fault.NotFound)
	if list, _, err := d.List(t.Context(), "", 10, ""); err != nil || len(list) != 0 {
		t.Errorf("%v (%v)", list, err)
	}
}
