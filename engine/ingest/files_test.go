package ingest

import (
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/axon-mcp/axon-mcp/fault"
)

// tree writes files below a new folder and opens it.
func tree(t *testing.T, files map[string]string) (*os.Root, string) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		full := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = root.Close() })
	return root, dir
}

// read lists what Files yields as "path type", in order.
func read(t *testing.T, root *os.Root, name string, opts FileOptions) ([]string, FileStats, error) {
	t.Helper()
	var got []string
	stats, err := Files(t.Context(), root, name, opts, func(f File) error {
		got = append(got, f.Path+" "+f.Input.MediaType)
		if f.Modified.IsZero() || f.SourceID != f.Input.URL {
			t.Errorf("file %+v", f)
		}
		return nil
	})
	return got, stats, err
}

func TestFiles(t *testing.T) {
	t.Parallel()
	root, _ := tree(t, map[string]string{
		"a.md": "# A", "b/c.HTML": "<p>c", "b/d.go": "package d", "README": "read me", "e.pdf": "%PDF-1.7 …", "f.txt": "f", "g.json": "{}",
		".hidden": "h", ".git/config": "x", "node_modules/x/i.js": "x", "b/vendor/y.go": "y", "p.png": "x", "package-lock.json": "{}", "app.min.js": "x",
		"bin": "a\x00b", "noise": strings.Repeat("\x01\x02", 100), "fake.pdf": "no", "big.txt": strings.Repeat("x", 200),
	})
	got, stats, err := read(t, root, ".", FileOptions{MaxBytes: 100})
	want := []string{"README text/plain", "a.md text/markdown", "b/c.HTML text/html", "b/d.go text/plain", "e.pdf application/pdf", "f.txt text/plain", "g.json application/json"}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %q, %v\nwant %q", got, err, want)
	}
	wantSkipped := map[string]int{"hidden": 2, "vendored": 2, "binary": 3, "generated": 2, "too_large": 2}
	if stats.Read != 7 || !maps.Equal(stats.Skipped, wantSkipped) {
		t.Errorf("stats %+v, want %v", stats, wantSkipped)
	}
	if got, _, err := read(t, root, "b", FileOptions{}); err != nil || !slices.Equal(got, want[2:4]) {
		t.Errorf("a folder: %q, %v", got, err)
	}
	if got, stats, err := read(t, root, ".", FileOptions{MaxFiles: 2}); err != nil || len(got) != 2 || stats.Skipped["limit"] == 0 {
		t.Errorf("a limit: %q, %+v, %v", got, stats, err)
	}
}

func TestFilesNamed(t *testing.T) {
	t.Parallel()
	root, _ := tree(t, map[string]string{".env.md": "x", "bin": "\x00", "big.txt": "0123456789", "sp ace/ü.md": "x"})
	if got, _, err := read(t, root, ".env.md", FileOptions{}); err != nil || len(got) != 1 {
		t.Errorf("a hidden file that is named: %q, %v", got, err)
	}
	for name, code := range map[string]fault.Code{"bin": fault.Unsupported, "big.txt": fault.TooLarge, "none": fault.NotFound} {
		if _, _, err := read(t, root, name, FileOptions{MaxBytes: 5}); fault.CodeOf(err) != code {
			t.Errorf("%s: %v, want %s", name, err, code)
		}
	}
	_, err := Files(t.Context(), root, "sp ace", FileOptions{Base: "file:///srv/"}, func(f File) error {
		if f.SourceID != "file:///srv/sp%20ace/%C3%BC.md" {
			t.Errorf("source id %s", f.SourceID)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestFilesDecode(t *testing.T) {
	t.Parallel()
	root, _ := tree(t, map[string]string{
		"1.txt": "\ufeffübel", "2.txt": "\xfcbel", "3.txt": "\xff\xfe\xfc\x00b\x00e\x00l\x00",
		"4.html": `<meta charset="iso-8859-2"><p>` + "\xb1",
	})
	var got []string
	if _, err := Files(t.Context(), root, ".", FileOptions{}, func(f File) error {
		got = append(got, string(f.Input.Body))
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if want := []string{"übel", "übel", "übel", `<meta charset="iso-8859-2"><p>ą`}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Links lead nowhere, neither within a folder nor out of it, and neither does
// "..".
func TestFilesStayWithin(t *testing.T) {
	t.Parallel()
	root, dir := tree(t, map[string]string{"in/a.md": "a", "b.md": "b"})
	outside := filepath.Join(t.TempDir(), "secret.md")
	if err := os.WriteFile(outside, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	for link, target := range map[string]string{
		"out.md": outside, "outdir": filepath.Dir(outside), "up": "..", "loop": ".", "rel.md": "../../../../../../../../etc/passwd", "inner.md": "b.md",
	} {
		if err := os.Symlink(target, filepath.Join(dir, "in", link)); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(filepath.Join(dir, "in", "pipe.md"), 0o600); err != nil {
		t.Fatal(err)
	}
	got, stats, err := read(t, root, ".", FileOptions{})
	if err != nil || !slices.Equal(got, []string{"b.md text/markdown", "in/a.md text/markdown"}) || stats.Skipped["link"] != 6 || stats.Skipped["special"] != 1 {
		t.Errorf("got %q, %+v, %v", got, stats, err)
	}
	for _, name := range []string{"in/out.md", "in/outdir", "in/outdir/secret.md", "in/rel.md", "..", "../" + filepath.Base(dir), "/etc/passwd", outside, "in/up/../../x", "in/pipe.md", "a\x00b", ""} {
		if name == "" {
			continue
		}
		if got, _, err := read(t, root, name, FileOptions{}); err == nil {
			t.Errorf("%q: %q", name, got)
		}
	}
}

// A folder that is swapped for a link while it is walked gives nothing from
// outside.
func TestFilesWhileSwapped(t *testing.T) {
	t.Parallel()
	root, dir := tree(t, map[string]string{"d/a.md": "inside", "e.md": "inside"})
	outside := t.TempDir()
	if err := os.WriteFile(filepath.Join(outside, "a.md"), []byte("outside"), 0o600); err != nil {
		t.Fatal(err)
	}
	stop := make(chan struct{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		at, away, link := filepath.Join(dir, "d"), filepath.Join(dir, ".away"), filepath.Join(dir, ".link")
		_ = os.Symlink(outside, link)
		for {
			select {
			case <-stop:
				return
			default:
				// Any of these may fail; the next round goes on from there.
				_ = os.Rename(at, away)
				_ = os.Rename(link, at)
				_ = os.Rename(at, link)
				_ = os.Rename(away, at)
			}
		}
	}()
	for range 300 {
		_, err := Files(t.Context(), root, ".", FileOptions{}, func(f File) error {
			if string(f.Input.Body) != "inside" {
				t.Errorf("%s: %q", f.Path, f.Input.Body)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
	close(stop)
	<-done
}

func TestFilesIgnore(t *testing.T) {
	t.Parallel()
	root, _ := tree(t, map[string]string{
		".gitignore": "# comment\n*.log\n/build/\n!keep.log\ndocs/*.tmp\n**/cache/\nout/**\n[bad\n",
		"a.log":      "x", "keep.log": "x", "sub/b.log": "x", "build/c.md": "x", "sub/build/c.md": "x", "docs/d.tmp": "x", "sub/docs/d.tmp": "x",
		"sub/cache/e.md": "x", "cache.md": "x", "out/f.md": "x", "sub/.gitignore": "only.md\n!b.log", "sub/only.md": "x", "only.md": "x",
	})
	got, stats, err := read(t, root, ".", FileOptions{})
	for i, line := range got {
		got[i], _, _ = strings.Cut(line, " ")
	}
	want := []string{"cache.md", "keep.log", "only.md", "sub/b.log", "sub/build/c.md", "sub/docs/d.tmp"}
	if err != nil || !slices.Equal(got, want) || stats.Skipped["ignored"] != 6 {
		t.Errorf("got %q, %v, %v\nwant %q", got, stats.Skipped, err, want)
	}
}

func TestFilesEnd(t *testing.T) {
	t.Parallel()
	root, _ := tree(t, map[string]string{"a.md": "a", "b.md": "b"})
	boom := errors.New("boom")
	if _, err := Files(t.Context(), root, ".", FileOptions{}, func(File) error { return boom }); !errors.Is(err, boom) {
		t.Errorf("yield's error becomes %v", err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	stats, err := Files(ctx, root, ".", FileOptions{}, func(File) error { cancel(boom); return nil })
	if !errors.Is(err, boom) || stats.Read != 1 {
		t.Errorf("canceled: %v, %+v", err, stats)
	}
}

// FuzzIgnore compares with the plain recursive definition.
func FuzzIgnore(f *testing.F) {
	f.Add("**/a/**/b*", "x/a/y/z/bc")
	f.Add("!/a/", "a")
	f.Add("[", "a")
	f.Add("a/**", "a/b/c")
	var plainly func(pattern, names []string) bool
	plainly = func(pattern, names []string) bool {
		switch {
		case len(pattern) == 0:
			return len(names) == 0
		case pattern[0] == "**":
			return len(pattern) == 1 && len(names) > 0 || len(pattern) > 1 && plainly(pattern[1:], names) || len(names) > 0 && plainly(pattern, names[1:])
		}
		return len(names) > 0 && matchName(pattern[0], names[0]) && plainly(pattern[1:], names[1:])
	}
	f.Fuzz(func(t *testing.T, line, p string) {
		rule, ok := parseIgnore(".", line)
		names := strings.Split(p, "/")
		if !ok || len(rule.pattern) > 6 || len(names) > 8 {
			return
		}
		if got, want := matchSegments(rule.pattern, names), plainly(rule.pattern, names); got != want {
			t.Fatalf("%q against %q: %v, want %v", rule.pattern, names, got, want)
		}
	})
}
