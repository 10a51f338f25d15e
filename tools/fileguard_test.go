package tools

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/axon-mcp/axon-mcp/artifact/artifacttest"
	"github.com/axon-mcp/axon-mcp/engine/crawl/crawltest"
	"github.com/axon-mcp/axon-mcp/security"
)

// outsideCanary stands in every file that no caller may read.
const outsideCanary = "canary outside of every root"

// fileWorld is a registry over real parts whose roots stand between files that
// no caller may touch.
type fileWorld struct {
	*whole
	base   string            // what is in it and in no root is outside
	before map[string]string // the files outside, by path
}

func newFileWorld(t *testing.T) *fileWorld {
	t.Helper()
	base := t.TempDir()
	for path, text := range map[string]string{
		"secret.txt": outsideCanary, "secret.jsonl": outsideCanary, "etc/passwd": outsideCanary, "data/secret.txt": outsideCanary,
		"data/etc/passwd": outsideCanary, "data/output/inside.md": "inside", "roots/docs/inside.md": "# Inside\n\nThe words inside.",
		"roots/secret.txt": outsideCanary, "roots/secret.jsonl": outsideCanary,
	} {
		file := filepath.Join(base, filepath.FromSlash(path))
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	w := &fileWorld{whole: newWhole(t, crawltest.Small(1)), base: base}
	w.deps.OutputDir = filepath.Join(base, "data", "output")
	w.deps.Config.FileRoots = []string{"docs=" + filepath.Join(base, "roots", "docs")}
	w.before = w.outside(t)
	return w
}

// outside reads every file that stands in no root.
func (w *fileWorld) outside(t *testing.T) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(w.base, func(path string, entry fs.DirEntry, err error) error {
		if path == filepath.Join(w.base, "data", "output") || path == filepath.Join(w.base, "roots", "docs") {
			return fs.SkipDir
		}
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		files[path] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// untouched fails where a file outside was made, changed or removed, and where
// the index has come to know what one says.
func (w *fileWorld) untouched(t *testing.T) {
	t.Helper()
	after := w.outside(t)
	for path, text := range after {
		if w.before[path] != text {
			t.Errorf("%s was made or changed: %.80q", path, text)
		}
	}
	if len(after) != len(w.before) {
		t.Errorf("%d files outside, before %d", len(after), len(w.before))
	}
	must[ArchiveOutput](t, w.bench, "export", `{"path":"everything.jsonl"}`)
	all, err := os.ReadFile(filepath.Join(w.deps.OutputDir, "everything.jsonl"))
	if err != nil || strings.Contains(string(all), outsideCanary) {
		t.Errorf("the index holds a file from outside (%v)", err)
	}
}

// ways are the calls by which a caller names a path.
func (w *fileWorld) ways(path string) []Call {
	quoted := func(args string) json.RawMessage {
		raw, _ := json.Marshal(strings.ToValidUTF8(path, "\ufffd")) // a string
		return json.RawMessage(strings.ReplaceAll(args, "PATH", string(raw)))
	}
	return []Call{
		{Name: "artifacts", Args: quoted(`{"action":"read","path":PATH}`)},
		{Name: "artifacts", Args: quoted(`{"action":"head","path":PATH}`)},
		{Name: "artifacts", Args: quoted(`{"action":"grep","pattern":"canary","path":PATH}`)},
		{Name: "artifacts", Args: quoted(`{"action":"list","path":PATH}`)},
		{Name: "export", Args: quoted(`{"path":PATH}`)},
		{Name: "import", Args: quoted(`{"path":PATH}`)},
		{Name: "embed", Args: quoted(`{"path":PATH,"wait":true}`)},
	}
}

// shows reports whether an answer shows a file from outside.
func shows(result *Result, err error) bool {
	if err != nil && strings.Contains(err.Error(), outsideCanary) {
		return true
	}
	if result == nil {
		return false
	}
	raw, _ := json.Marshal(result.Structured)
	text := string(raw)
	for _, b := range result.Blocks {
		text += b.Text
	}
	return strings.Contains(text, outsideCanary)
}

// resource reads an artifact by its URI, as a client would.
func (w *fileWorld) resource(t *testing.T, path string) (string, error) {
	t.Helper()
	for _, r := range w.Resources() {
		if strings.HasPrefix(r.Template, "axon://artifacts/") {
			text, err := r.Read(security.WithIdentity(t.Context(), security.Local()), "axon://artifacts/"+path, map[string]string{"path": path})
			return text.Text, err
		}
	}
	t.Fatal("artifacts are no resource")
	return "", nil
}

// TestF1HostilePathsThroughTools: over 1,000 hostile paths through every way by
// which a caller can name one: nothing outside the roots is read or written.
func TestF1HostilePathsThroughTools(t *testing.T) {
	t.Parallel()
	w := newFileWorld(t)
	paths := artifacttest.Paths()
	for _, begin := range []string{"docs/", "output/", "docs/inside.md/", w.base + "/", w.base + "/roots/docs/../"} {
		for _, end := range []string{"../secret.txt", "../../secret.jsonl", "secret.txt", "..\\secret.txt", "%2e%2e/secret.txt", "../docs-not/x", "\x00../secret.txt"} {
			paths = append(paths, begin+end)
		}
	}
	for i, path := range paths {
		for j, call := range w.ways(path) {
			if call.Name == "embed" && i%4 != 0 { // each that passes is a job
				continue
			}
			result, err := w.Call(local(t), call)
			if shows(result, err) {
				t.Fatalf("%s (%d) of %q shows a file from outside", call.Name, j, path)
			}
		}
		if text, err := w.resource(t, path); strings.Contains(text, outsideCanary) || err != nil && strings.Contains(err.Error(), outsideCanary) {
			t.Fatalf("the resource %q shows a file from outside", path)
		}
	}
	inside, _ := must[WorkOutput](t, w.bench, "embed", `{"path":"docs/inside.md","wait":true}`)
	if inside.Documents != 1 {
		t.Errorf("what is inside cannot be read: %+v", inside)
	}
	w.untouched(t)
}

// TestF1SwappedLinksThroughTools: another process swaps folders and files of the
// roots for links to the outside and back while every way is tried.
func TestF1SwappedLinksThroughTools(t *testing.T) {
	t.Parallel()
	w := newFileWorld(t)
	outside := filepath.Join(w.base, "roots")
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for _, root := range []string{filepath.Join(w.base, "roots", "docs"), w.deps.OutputDir} {
		wg.Go(func() {
			folder, file := filepath.Join(root, "swap"), filepath.Join(root, "file.txt")
			for {
				select {
				case <-stop:
					return
				default:
				}
				_ = os.RemoveAll(folder)
				_ = os.Symlink(outside, folder)
				_ = os.Remove(file)
				_ = os.Symlink(filepath.Join(outside, "secret.txt"), file)
				_ = os.Remove(folder)
				_ = os.Mkdir(folder, 0o700)
				_ = os.WriteFile(filepath.Join(folder, "secret.txt"), []byte("inside"), 0o600)
				_ = os.WriteFile(filepath.Join(folder, "secret.jsonl"), []byte("inside"), 0o600)
				_ = os.Remove(file)
				_ = os.WriteFile(file, []byte("inside"), 0o600)
			}
		})
	}
	read := 0
	for i := range 150 {
		for _, path := range []string{"swap/secret.txt", "file.txt", "docs/swap/secret.txt", "docs/file.txt", "docs/swap", "swap/secret.jsonl", "swap/new" + strconv.Itoa(i) + ".jsonl"} {
			for _, call := range w.ways(path) {
				if call.Name == "embed" && i%10 != 0 {
					continue
				}
				result, err := w.Call(local(t), call)
				if err == nil {
					read++
				}
				if shows(result, err) {
					t.Fatalf("%s %s shows a file from outside", call.Name, path)
				}
			}
			if text, _ := w.resource(t, path); strings.Contains(text, outsideCanary) {
				t.Fatalf("the resource %s shows a file from outside", path)
			}
		}
	}
	close(stop)
	wg.Wait()
	if read == 0 {
		t.Error("nothing was ever read: the race was not tried")
	}
	w.untouched(t)
}

// TestF3JobsOfOthers: an id is no key. Who does not own a job learns nothing of
// it, and the same whether it is there or not.
// Rule F3.
func TestF3JobsOfOthers(t *testing.T) {
	t.Parallel()
	w := newFileWorld(t)
	mine, _ := must[WorkOutput](t, w.bench, "embed", `{"text":"`+outsideCanary+`","wait":true}`)
	other := security.WithIdentity(t.Context(), security.Identity{Subject: "another", Scopes: []string{security.ScopeWrite}})
	for _, tool := range []string{"jobs", "job_control"} {
		var answers []string
		for _, id := range []string{mine.JobID, "01a217a7-1fde-786d-b710-68306b725da0"} {
			args := `{"id":"` + id + `"}`
			if tool == "job_control" {
				args = `{"action":"cancel","id":"` + id + `"}`
			}
			result, err := w.Call(other, Call{Name: tool, Args: json.RawMessage(args)})
			if err == nil || shows(result, err) {
				t.Fatalf("%s: another's job is shown: %v", tool, err)
			}
			answers = append(answers, strings.ReplaceAll(err.Error(), id, "ID"))
		}
		if answers[0] != answers[1] {
			t.Errorf("%s tells a job that is there from one that is not: %q", tool, answers)
		}
	}
}

// TestF8ArtifactTools: patterns are RE2 and short, answers are bounded.
// Rule F8.
func TestF8ArtifactTools(t *testing.T) {
	t.Parallel()
	w := newFileWorld(t)
	if _, err := w.deps.Artifacts.Write(t.Context(), "a.md", []byte(strings.Repeat("a", 1<<20)+"!\n"+strings.Repeat("line\n", 100_000)), ""); err != nil {
		t.Fatal(err)
	}
	for _, pattern := range []string{`(a+)+$`, `(?:a|aa)+b`, `(.*)*x`} { // exponential elsewhere
		raw, _ := json.Marshal(map[string]any{"action": "grep", "path": "a.md", "pattern": pattern}) // strings
		if _, err := w.Call(local(t), Call{Name: "artifacts", Args: raw}); err != nil {
			t.Errorf("%s: %v", pattern, err)
		}
	}
	for _, pattern := range []string{`(a)\\1`, `(?<=a)b`, strings.Repeat("a", 1025), `(`} {
		if _, err := w.call(t, "artifacts", `{"action":"grep","path":"a.md","pattern":"`+pattern+`"}`); err == nil {
			t.Errorf("the pattern %.20s passed", pattern)
		}
	}
	result, err := w.call(t, "artifacts", `{"action":"grep","path":"a.md","pattern":"a|line","lines":500}`)
	if err != nil || textSize(result.Blocks) > 16<<10 {
		t.Errorf("%d bytes of matches, %v", textSize(result.Blocks), err)
	}
}
