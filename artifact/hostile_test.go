package artifact

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/axon-mcp/axon-mcp/artifact/artifacttest"
	"github.com/axon-mcp/axon-mcp/fault"
)

// TestF2HostilePaths: rule F2.
func TestF2HostilePaths(t *testing.T) {
	t.Parallel()
	d, root, secret := openTest(t)
	paths := artifacttest.Paths()
	if len(paths) < 1000 {
		t.Fatalf("only %d paths", len(paths))
	}
	ctx := t.Context()
	for _, p := range paths {
		_, _, err := d.Read(ctx, p, 0, 100)
		wantCode(t, fmt.Sprintf("read %q", p), err, fault.Invalid)
		_, err = d.Write(ctx, p, []byte("overwritten"), "")
		wantCode(t, fmt.Sprintf("write %q", p), err, fault.Invalid)
		_, err = d.Grep(ctx, p, ".", 1)
		wantCode(t, fmt.Sprintf("grep %q", p), err, fault.Invalid)
		wantCode(t, fmt.Sprintf("remove %q", p), d.Remove(ctx, p), fault.Invalid)
	}
	untouched(t, root, secret)
}

// untouched holds that nothing beside the folder has changed.
func untouched(t *testing.T, root, secret string) {
	t.Helper()
	if data, err := os.ReadFile(secret); err != nil || string(data) != "secret" {
		t.Errorf("the file outside: %q %v", data, err)
	}
	for _, dir := range []string{filepath.Dir(secret), filepath.Dir(root)} {
		entries, err := os.ReadDir(dir)
		if want := map[string]int{filepath.Dir(secret): 2, filepath.Dir(root): 1}[dir]; err != nil || len(entries) != want {
			t.Errorf("files in %s: %v %v", dir, entries, err)
		}
	}
}

func TestPlainPathsAreFine(t *testing.T) {
	t.Parallel()
	d, _, _ := openTest(t)
	for i, p := range []string{
		"a", "results/query-0a1b.md", "jobs/019a/manifest.json", "Überblick/日本語 (1).md", "a..b", "a/b-c_d~e+f=g,h;i@j&k'l", "com10", "console.md",
		"computer", strings.Repeat("a/", 14) + "x", "e\u0301.md",
	} {
		p = fmt.Sprintf("%d/%s", i, p)
		write(t, d, p, p)
		if data, _, err := d.Read(t.Context(), p, 0, 1000); err != nil || string(data) != p {
			t.Errorf("%q: %q %v", p, data, err)
		}
	}
}

// TestF1Links: rule F1.
func TestF1Links(t *testing.T) {
	t.Parallel()
	d, root, secret := openTest(t)
	write(t, d, "inside/a.md", "inside")
	for link, target := range map[string]string{
		"file.txt": secret, "relative.txt": "../../secret.txt", "folder": filepath.Dir(secret), "up": "../..", "loop": "loop",
		"etc": "/etc", "in.md": "inside/a.md", "dangling.md": filepath.Join(filepath.Dir(secret), "new.txt"),
	} {
		if err := os.Symlink(target, filepath.Join(root, link)); err != nil {
			t.Fatal(err)
		}
	}
	ctx := t.Context()
	for _, p := range []string{"file.txt", "relative.txt", "folder/secret.txt", "up/secret.txt", "loop", "loop/x", "etc/passwd", "in.md", "dangling.md", "folder/new.txt"} {
		_, _, err := d.Read(ctx, p, 0, 100)
		wantCode(t, "read "+p, err, fault.NotFound)
		wantCode(t, "remove "+p, d.Remove(ctx, p), fault.NotFound)
		if strings.Contains(p, "/") {
			_, err = d.Write(ctx, p, []byte("overwritten"), "")
			if fault.CodeOf(err) != fault.NotFound && fault.CodeOf(err) != fault.Conflict {
				t.Errorf("write %s: %v", p, err)
			}
		}
	}
	for _, p := range []string{"file.txt", "dangling.md", "loop"} { // a link itself is replaced
		if _, err := d.Write(ctx, p, []byte("mine"), ""); err != nil {
			t.Errorf("write %s: %v", p, err)
		}
	}
	untouched(t, root, secret)
}

// TestF1SwappedLinks has another process that swaps a folder and a file for links
// to the outside and back, as fast as it can, under every kind of call.
func TestF1SwappedLinks(t *testing.T) {
	t.Parallel()
	d, root, secret := openTest(t)
	folder, file := filepath.Join(root, "swap"), filepath.Join(root, "file.txt")
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for _, swap := range []func(){
		func() {
			_ = os.RemoveAll(folder)
			_ = os.Symlink(filepath.Dir(secret), folder)
			_ = os.Remove(folder)
			_ = os.MkdirAll(folder, 0o700)
			_ = os.WriteFile(filepath.Join(folder, "secret.txt"), []byte("inside"), 0o600)
		},
		func() {
			_ = os.Remove(file)
			_ = os.Symlink(secret, file)
			_ = os.Remove(file)
			_ = os.WriteFile(file, []byte("inside"), 0o600)
		},
	} {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					swap()
				}
			}
		})
	}
	ctx := t.Context()
	read := 0
	for range 1500 {
		for _, p := range []string{"swap/secret.txt", "file.txt"} {
			data, _, err := d.Read(ctx, p, 0, 100)
			if string(data) == "secret" {
				t.Fatalf("%s was read through a link", p)
			}
			if err == nil {
				read++
			}
			if lines, _ := d.Grep(ctx, p, "secret", 1); len(lines) > 0 {
				t.Fatalf("%s was searched through a link", p)
			}
			_, _ = d.Write(ctx, p, []byte("overwritten"), "")
			_ = d.Remove(ctx, p)
		}
		list, _, _ := d.List(ctx, "", 100, "")
		if slices.ContainsFunc(list, func(i Info) bool { return strings.HasPrefix(i.Path, "swap/data") }) {
			t.Fatalf("listed through a link: %v", list)
		}
	}
	close(stop)
	wg.Wait()
	if read == 0 {
		t.Error("nothing was ever read: the race was not tried")
	}
	untouched(t, root, secret)
}

// FuzzPath holds that a path that passes stays below its folder on every system.
func FuzzPath(f *testing.F) {
	for _, p := range append(artifacttest.Paths(), "results/a.md", "a b/c") {
		f.Add(p)
	}
	f.Fuzz(func(t *testing.T, p string) {
		if checkPath(p) != nil {
			return
		}
		if !filepath.IsLocal(filepath.FromSlash(p)) || filepath.ToSlash(filepath.Clean(p)) != p || strings.ContainsAny(p, "\\:\x00%") {
			t.Errorf("%q passed", p)
		}
		for segment := range strings.SplitSeq(p, "/") {
			if strings.Trim(segment, ". ") != segment {
				t.Errorf("%q passed with the segment %q", p, segment)
			}
		}
	})
}
