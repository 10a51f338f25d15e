//go:build unix

package fetch

import (
	"os"
	"path/filepath"
	"testing"
)

// A folder that nobody holds is of a process that was killed; one in use, one of
// another name, a link and a file stay.
func TestSweepProfiles(t *testing.T) {
	dir, err := os.MkdirTemp("", "axon-test-") // t.TempDir is closed to nobody
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil { //nolint:gosec // nobody must get there
		t.Fatal(err)
	}
	t.Setenv("TMPDIR", dir)
	if profileParent() != dir {
		t.Skipf("%s is not reachable for nobody", dir)
	}
	killed, err := newProfile()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(killed.dir, "Cookies"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	killed.lock.Close() // as the end of its process would
	used, err := newProfile()
	if err != nil {
		t.Fatal(err)
	}
	outside := filepath.Join(dir, "outside")
	link, file, other := filepath.Join(dir, profilePrefix+"link"), filepath.Join(dir, profilePrefix+"file"), filepath.Join(dir, "axon-other")
	for _, err := range []error{os.Mkdir(outside, 0o700), os.Symlink(outside, link), os.WriteFile(file, nil, 0o600), os.Mkdir(other, 0o700)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	b := newBrowser(t, ChromeConfig{})
	b.sweepProfiles()
	if _, err := os.Lstat(killed.dir); !os.IsNotExist(err) {
		t.Errorf("what a killed process left is there: %v", err)
	}
	for _, stays := range []string{used.dir, outside, link, file, other} {
		if _, err := os.Lstat(stays); err != nil {
			t.Errorf("%s is gone: %v", stays, err)
		}
	}
	if err := used.remove(); err != nil {
		t.Error(err)
	}
}
