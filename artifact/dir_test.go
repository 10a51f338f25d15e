package artifact

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/axon-mcp/axon-mcp/fault"
)

func openDir(t *testing.T) (d *Dir, root, outside string) {
	t.Helper()
	base := t.TempDir()
	outside = filepath.Join(base, "secret.txt")
	if err := os.WriteFile(outside, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	root = filepath.Join(base, "output")
	d, err := Open(root, Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d, root, outside
}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	d, _, _ := openDir(t)
	for _, name := range []string{"a.md", "results/b.json", "results/c.md"} {
		if _, err := d.Write(t.Context(), name, []byte("one\ntwo\nthree "+name), ""); err != nil {
			t.Fatal(err)
		}
	}
	data, info, err := d.Read(t.Context(), "results/b.json", 4, 3)
	if err != nil || string(data) != "two" || info.MediaType != "application/json" {
		t.Errorf("read: %q %+v %v", data, info, err)
	}
	list, next, err := d.List(t.Context(), "results/", 1, "")
	if err != nil || len(list) != 1 || list[0].Path != "results/b.json" || next == "" {
		t.Fatalf("list: %+v %q %v", list, next, err)
	}
	if list, next, err = d.List(t.Context(), "results/", 1, next); err != nil || len(list) != 1 || list[0].Path != "results/c.md" || next != "" {
		t.Errorf("next page: %+v %q %v", list, next, err)
	}
	lines, err := d.Grep(t.Context(), "a.md", "^t", 10)
	if err != nil || len(lines) != 2 || lines[1].Number != 3 {
		t.Errorf("grep: %+v %v", lines, err)
	}
	if n, _, err := d.RemoveOlder(t.Context(), time.Hour, false); err != nil || n != 0 {
		t.Errorf("removed %d that are new: %v", n, err)
	}
	if n, size, err := d.RemoveOlder(t.Context(), -time.Hour, true); err != nil || n != 3 || size == 0 {
		t.Errorf("dry: %d %d %v", n, size, err)
	}
	if err := d.Remove(t.Context(), "a.md"); err != nil {
		t.Error(err)
	}
	if _, _, err := d.Read(t.Context(), "a.md", 0, 1); fault.CodeOf(err) != fault.NotFound {
		t.Errorf("read of what was removed: %v", err)
	}
}

// hostilePaths varies the ways out of a folder over depth, encoding and target.
func hostilePaths() []string {
	var list []string
	ups := []string{"..", "%2e%2e", "%252e%252e", "..%00", "．．", ".. ", "...", "..;", "\\..", "..\\", ".%2e"}
	targets := []string{"secret.txt", "etc/passwd", "SECRET.TXT", "secret.txt\x00.md", "secret.txt ", "secret.txt."}
	for _, up := range ups {
		for depth := 1; depth <= 8; depth++ {
			for _, target := range targets {
				list = append(list, strings.Repeat(up+"/", depth)+target, "a/"+strings.Repeat(up+"/", depth)+target)
			}
		}
	}
	return append(list, "/etc/passwd", "//etc/passwd", `C:\x`, "C:/x", "", ".", "a//b", "a/./b", ".hidden", "a/.hidden", "nul", "CON.txt", "a/aux", "lpt1.md",
		"a\nb", "a\x00b", "link/secret.txt", "out", strings.Repeat("a/", 40)+"x", strings.Repeat("x", 600), "~/x", "a:stream", "file:///etc/passwd", "\u202eb")
}

func TestNothingOutsideIsReached(t *testing.T) {
	t.Parallel()
	d, root, outside := openDir(t)
	for link, target := range map[string]string{"out": outside, "link": filepath.Dir(outside)} {
		if err := os.Symlink(target, filepath.Join(root, link)); err != nil {
			t.Fatal(err)
		}
	}
	paths := hostilePaths()
	if len(paths) < 1000 {
		t.Fatalf("only %d paths", len(paths))
	}
	for _, p := range paths {
		if data, _, err := d.Read(t.Context(), p, 0, 100); strings.Contains(string(data), "secret") || strings.Contains(string(data), "root:") {
			t.Errorf("read %q: %q %v", p, data, err)
		}
		_, _ = d.Write(t.Context(), p, []byte("overwritten"), "")
		_ = d.Remove(t.Context(), p)
	}
	if data, err := os.ReadFile(outside); err != nil || string(data) != "secret" {
		t.Errorf("the file outside: %q %v", data, err)
	}
	entries, err := os.ReadDir(filepath.Dir(outside))
	if err != nil || len(entries) != 2 {
		t.Errorf("files beside the folder: %v %v", entries, err)
	}
}

// A link that is swapped in while a file is read or written leads nowhere.
func TestSwappedLinks(t *testing.T) {
	t.Parallel()
	d, root, outside := openDir(t)
	swap, stop, done := filepath.Join(root, "swap"), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-stop:
				return
			default:
			}
			_ = os.MkdirAll(swap, 0o700)
			_ = os.WriteFile(filepath.Join(swap, "secret.txt"), []byte("inside"), 0o600)
			_ = os.RemoveAll(swap)
			_ = os.Symlink(filepath.Dir(outside), swap)
			_ = os.Remove(swap)
		}
	}()
	for range 2000 {
		if data, _, err := d.Read(t.Context(), "swap/secret.txt", 0, 100); err == nil && string(data) == "secret" {
			t.Error("read through a link")
		}
		_, _ = d.Write(t.Context(), "swap/secret.txt", []byte("overwritten"), "")
	}
	close(stop)
	<-done
	if data, err := os.ReadFile(outside); err != nil || string(data) != "secret" {
		t.Errorf("the file outside: %q %v", data, err)
	}
}
