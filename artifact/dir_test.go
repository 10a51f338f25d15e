package artifact

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/axon-mcp/axon-mcp/fault"
)

// openTest opens a folder that has a secret beside it.
func openTest(t testing.TB) (d *Dir, root, secret string) {
	t.Helper()
	base := t.TempDir()
	secret = filepath.Join(base, "secret.txt")
	if err := os.WriteFile(secret, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	root = filepath.Join(base, "data", "output")
	d, err := Open(root, Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d, root, secret
}

func write(t testing.TB, d *Dir, name, data string) Info {
	t.Helper()
	info, err := d.Write(t.Context(), name, []byte(data), "")
	if err != nil {
		t.Fatal(err)
	}
	return info
}

func wantCode(t *testing.T, what string, err error, want fault.Code) {
	t.Helper()
	if got := fault.CodeOf(err); got != want {
		t.Errorf("%s: code %q (%v), want %q", what, got, err, want)
	}
}

func TestWriteAndRead(t *testing.T) {
	t.Parallel()
	d, root, _ := openTest(t)
	info := write(t, d, "results/b.json", "one\ntwo\nthree")
	if info.Path != "results/b.json" || info.Size != 13 || info.MediaType != "application/json" || time.Since(info.Modified).Abs() > time.Minute {
		t.Errorf("%+v", info)
	}
	if info, err := d.Write(t.Context(), "x.bin", nil, "text/html; charset=utf-8"); err != nil || info.MediaType != "text/html" {
		t.Errorf("%+v %v", info, err)
	}
	write(t, d, "results/b.json", "ONE\nTWO\nTHREE") // replaces
	for _, test := range []struct {
		offset, limit int64
		want          string
	}{{0, 100, "ONE\nTWO\nTHREE"}, {4, 3, "TWO"}, {13, 5, ""}, {1 << 40, 5, ""}, {0, 0, ""}} {
		data, info, err := d.Read(t.Context(), "results/b.json", test.offset, test.limit)
		if err != nil || string(data) != test.want || info.Size != 13 || info.MediaType != "application/json" {
			t.Errorf("read %d+%d: %q %+v %v", test.offset, test.limit, data, info, err)
		}
	}
	for path, want := range map[string]os.FileMode{"": 0o700, "results": 0o700, "results/b.json": 0o600} {
		if stat, err := os.Stat(filepath.Join(root, path)); err != nil || stat.Mode().Perm() != want {
			t.Errorf("mode of %q: %v (%v), want %o", path, stat.Mode(), err, want)
		}
	}
	if err := d.Check(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	d, root, _ := openTest(t)
	write(t, d, "a/b.md", "text")
	ctx := t.Context()
	ended, cancel := context.WithCancel(ctx)
	cancel()
	large := filepath.Join(root, "large.txt")
	if err := os.WriteFile(large, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(large, maxGrep+1); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		want fault.Code
		do   func() error
	}{
		"read missing":      {fault.NotFound, func() error { _, _, err := d.Read(ctx, "none.md", 0, 1); return err }},
		"read in a file":    {fault.NotFound, func() error { _, _, err := d.Read(ctx, "a/b.md/c", 0, 1); return err }},
		"read folder":       {fault.NotFound, func() error { _, _, err := d.Read(ctx, "a", 0, 1); return err }},
		"read backwards":    {fault.Invalid, func() error { _, _, err := d.Read(ctx, "a/b.md", -1, 1); return err }},
		"read less":         {fault.Invalid, func() error { _, _, err := d.Read(ctx, "a/b.md", 0, -1); return err }},
		"read late":         {fault.Canceled, func() error { _, _, err := d.Read(ended, "a/b.md", 0, 1); return err }},
		"write over folder": {fault.Conflict, func() error { _, err := d.Write(ctx, "a", nil, ""); return err }},
		"write in a file":   {fault.Conflict, func() error { _, err := d.Write(ctx, "a/b.md/c", nil, ""); return err }},
		"write late":        {fault.Canceled, func() error { _, err := d.Write(ended, "late.md", nil, ""); return err }},
		"write too much":    {fault.TooLarge, func() error { _, err := d.Write(ctx, "big", make([]byte, maxFile+1), ""); return err }},
		"remove missing":    {fault.NotFound, func() error { return d.Remove(ctx, "none.md") }},
		"remove folder":     {fault.NotFound, func() error { return d.Remove(ctx, "a") }},
		"list none":         {fault.Invalid, func() error { _, _, err := d.List(ctx, "", 0, ""); return err }},
		"list odd cursor":   {fault.Invalid, func() error { _, _, err := d.List(ctx, "", 1, "?"); return err }},
		"list other cursor": {fault.Invalid, func() error { _, _, err := d.List(ctx, "", 1, "Li4veA"); return err }},
		"list late":         {fault.Canceled, func() error { _, _, err := d.List(ended, "", 1, ""); return err }},
		"grep none":         {fault.Invalid, func() error { _, err := d.Grep(ctx, "a/b.md", "t", 0); return err }},
		"grep no RE2":       {fault.Invalid, func() error { _, err := d.Grep(ctx, "a/b.md", `(a)\1`, 1); return err }},
		"grep long":         {fault.Invalid, func() error { _, err := d.Grep(ctx, "a/b.md", strings.Repeat("t", 1025), 1); return err }},
		"grep large":        {fault.TooLarge, func() error { _, err := d.Grep(ctx, "large.txt", "t", 1); return err }},
		"grep late":         {fault.Canceled, func() error { _, err := d.Grep(ended, "a/b.md", "t", 1); return err }},
	} {
		wantCode(t, name, test.do(), test.want)
	}
	if entries, err := os.ReadDir(root); err != nil || len(entries) != 2 {
		t.Errorf("refused calls left %v (%v)", entries, err)
	}
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Open(file, Config{})
	wantCode(t, "a file", err, fault.Unavailable)
	other := filepath.Join(t.TempDir(), "other")
	d, err := Open(file, Config{OutputDir: other})
	if err != nil {
		t.Fatal(err)
	}
	write(t, d, "a.md", "")
	if _, err := os.Stat(filepath.Join(other, "a.md")); err != nil {
		t.Error(err)
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
}

func TestList(t *testing.T) {
	t.Parallel()
	d, root, secret := openTest(t)
	var want []string
	for _, name := range []string{"a.md", "results/b.json", "results/c.md", "results/deep/d.txt", "resultsx.md", "z/1.md"} {
		write(t, d, name, "text")
		want = append(want, name)
	}
	for name, make := range map[string]func(path string) error{
		".hidden": touch, "results/.new-x": touch, ".git/config": touch, "results/nul.txt": touch,
		"link.md": func(path string) error { return os.Symlink(secret, path) },
		"folder":  func(path string) error { return os.Symlink(filepath.Dir(secret), path) },
	} {
		if err := make(filepath.Join(root, name)); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	for cursor := ""; ; {
		list, next, err := d.List(t.Context(), "", 4, cursor)
		if err != nil {
			t.Fatal(err)
		}
		for _, info := range list {
			got = append(got, info.Path)
		}
		if cursor = next; next == "" {
			break
		}
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", got, want)
	}
	for prefix, want := range map[string]int{"results/": 3, "results": 4, "results/deep/": 1, "none/": 0, "a.md/": 0, "../": 0, "folder/": 0, "/": 0, ".git/": 0} {
		if list, _, err := d.List(t.Context(), prefix, 100, ""); err != nil || len(list) != want {
			t.Errorf("%q: %v (%v), want %d", prefix, list, err, want)
		}
	}
}

func touch(path string) error {
	return errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte("x"), 0o600))
}

func TestGrep(t *testing.T) {
	t.Parallel()
	d, _, _ := openTest(t)
	long := strings.Repeat("x", maxSearch-3)
	write(t, d, "a.txt", "one\r\ntwo\n\nthree\n"+long+"far needle\nfour needle\n"+strings.Repeat("é", 3000)+"\nlast needle")
	for pattern, want := range map[string]string{
		"^t": "2:two 4:three", "^one$": "1:one", "^$": "3:", "needle": "6:four needle 8:last needle", "none": "", "(?i)TWO|LAST": "2:two 8:last needle",
	} {
		lines, err := d.Grep(t.Context(), "a.txt", pattern, 100)
		var got []string
		for _, l := range lines {
			got = append(got, fmt.Sprintf("%d:%s", l.Number, l.Text))
		}
		if strings.Join(got, " ") != want || err != nil {
			t.Errorf("%q: %q (%v), want %q", pattern, got, err, want)
		}
	}
	if lines, err := d.Grep(t.Context(), "a.txt", "é", 1); err != nil || len(lines) != 1 || len(lines[0].Text) > maxLine+4 || lines[0].Number != 7 {
		t.Errorf("%+v %v", lines, err)
	}
	if lines, err := d.Grep(t.Context(), "a.txt", ".", 2); err != nil || len(lines) != 2 {
		t.Errorf("%+v %v", lines, err)
	}
}

func TestRemove(t *testing.T) {
	t.Parallel()
	d, root, _ := openTest(t)
	write(t, d, "old/a.md", "12345")
	write(t, d, "new.md", "123")
	hour := time.Now().Add(-2 * time.Hour)
	left, fresh := filepath.Join(root, "old", making+"dead"), filepath.Join(root, making+"live")
	for _, path := range []string{left, fresh} {
		if err := touch(path); err != nil {
			t.Fatal(err)
		}
	}
	for _, path := range []string{left, filepath.Join(root, "old", "a.md")} {
		if err := os.Chtimes(path, hour, hour); err != nil {
			t.Fatal(err)
		}
	}
	for _, dry := range []bool{true, false} {
		if n, size, err := d.RemoveOlder(t.Context(), time.Hour, dry); err != nil || n != 1 || size != 5 {
			t.Errorf("dry %v: %d files, %d bytes (%v)", dry, n, size, err)
		}
	}
	if _, err := os.Stat(left); err == nil {
		t.Error("a file that was left half-written stays")
	}
	if _, err := os.Stat(fresh); err != nil {
		t.Error("a file in the making is gone")
	}
	if err := d.Remove(t.Context(), "new.md"); err != nil {
		t.Error(err)
	}
	if list, _, err := d.List(t.Context(), "", 10, ""); err != nil || len(list) != 0 {
		t.Errorf("%v stay (%v)", list, err)
	}
}
