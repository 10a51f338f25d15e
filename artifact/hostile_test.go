package artifact

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/axon-mcp/axon-mcp/fault"
)

// hostilePaths varies the ways out of a folder over form, depth, beginning and
// target, and adds the names that one system or another reads in its own way.
func hostilePaths() []string {
	var list []string
	ups := []string{"..", "%2e%2e", "%2E%2E", "%252e%252e", "..%00", "..%2f..", "..\\..", "\\..", ".. ", "..\x00", "...", "....", ". ", ".%2e", "..%c0%af", "..\u200b"}
	for _, up := range ups {
		for depth := 1; depth <= 6; depth++ {
			for _, begin := range []string{"", "a/", "./", "/"} {
				for _, target := range []string{"secret.txt", "etc/passwd", "data/output/../../secret.txt"} {
					list = append(list, begin+strings.Repeat(up+"/", depth)+target)
				}
			}
		}
	}
	for _, device := range []string{"con", "PRN", "aux", "Nul", "com1", "COM9", "lpt1", "LPT0", "com¹", "conin$", "CONOUT$"} {
		for _, form := range []string{"%s", "%s.md", "a/%s", "%s/a", "%s .md", "%s.a.b"} {
			list = append(list, fmt.Sprintf(form, device))
		}
	}
	for _, bad := range []string{"\x00", "\n", "\r", "\t", "\x1b", "\x7f", "\u0085", "\u00a0", "\u200b", "\u202e", "\u2066", "\u2028", "\ufeff", "\xff", ":", "\\", "*", "?", "\"", "<", ">", "|", "%"} {
		list = append(list, bad, "a"+bad+"b", "a/"+bad, "a.md"+bad, bad+"/a")
	}
	return append(list, "", ".", "..", "/", "//", "/etc/passwd", "//server/share", `C:\x`, "C:/x", "c:x", "a//b", "a/", "/a", "a/./b", "./a", "a/..", "a/../b",
		".hidden", "a/.hidden", ".new-x", "a/.git/config", "a.", "a ", " a", "a./b", "a /b", "a/ b", "~/.ssh/id_rsa/..", "a:stream", "file:///etc/passwd",
		"http://x/y", strings.Repeat("a/", 16)+"x", strings.Repeat("x", 513))
}

func TestHostilePathsReachNothing(t *testing.T) {
	t.Parallel()
	d, root, secret := openTest(t)
	paths := hostilePaths()
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

func TestLinksLeadNowhere(t *testing.T) {
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

// TestSwappedLinks has another process that swaps a folder and a file for links
// to the outside and back, as fast as it can, under every kind of call.
func TestSwappedLinks(t *testing.T) {
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
	for _, p := range append(hostilePaths(), "results/a.md", "a b/c") {
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
