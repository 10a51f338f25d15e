package tools

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/axon-mcp/axon-mcp/engine/index"
	"github.com/axon-mcp/axon-mcp/fault"
)

func withOutput(dir string) func(*Deps) { return func(d *Deps) { d.OutputDir = dir } }

func TestExportAndImportAreARoundTrip(t *testing.T) {
	t.Parallel()
	dir := folder(t, nil)
	b := newBench(t, withOutput(dir))
	b.index.put(index.Document{URL: "https://a.example/", Markdown: "a", Title: "A <b>"}, index.Document{URL: "https://b.example/", Markdown: "b"})
	out, _ := must[ArchiveOutput](t, b, "export", `{"path":"backups/one.jsonl"}`)
	file := filepath.Join(dir, "backups", "one.jsonl")
	info, err := os.Stat(file)
	if err != nil || out.Documents != 2 || out.FileBytes != info.Size() || info.Mode().Perm() != 0o600 {
		t.Fatalf("%+v, %v, %v", out, info, err)
	}
	other := newBench(t, withOutput(dir))
	in, _ := must[ArchiveOutput](t, other, "import", `{"path":"output/backups/one.jsonl"}`)
	if in.Documents != 2 || other.index.docs["https://a.example/"].Title != "A <b>" {
		t.Errorf("%+v, %v", in, other.index.docs)
	}
	if _, err := b.Call(local(t), Call{Name: "export", CommandLine: true, Args: json.RawMessage(`{"path":"` + dir + `/own.jsonl"}`)}); err != nil {
		t.Error(err)
	}
}

func TestAFailedExportLeavesTheOldFile(t *testing.T) {
	t.Parallel()
	dir := folder(t, map[string]string{"one.jsonl": "the old one"})
	b := newBench(t, withOutput(dir))
	b.index.put(index.Document{URL: "https://a.example/"})
	b.index.exportErr = errors.New("the disk is gone")
	_, err := b.call(t, "export", `{"path":"one.jsonl"}`)
	wantFault(t, err, fault.Internal)
	files, _ := os.ReadDir(dir)
	old, _ := os.ReadFile(filepath.Join(dir, "one.jsonl"))
	if len(files) != 1 || string(old) != "the old one" {
		t.Errorf("%v, %q", files, old)
	}
}

func TestArchivesStayInTheirRoots(t *testing.T) {
	t.Parallel()
	outside := folder(t, map[string]string{"x.jsonl": "{}"})
	dir := folder(t, map[string]string{"bad.jsonl": "no json"})
	if err := os.Symlink(outside, filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	b := newBench(t, withOutput(dir))
	for _, path := range []string{"/etc/passwd", "../x.jsonl", outside + "/x.jsonl", "link/x.jsonl", "output/../../x", "a/../../x"} {
		for _, tool := range []string{"export", "import"} {
			_, err := b.call(t, tool, `{"path":"`+path+`"}`)
			if fault.CodeOf(err) != fault.Forbidden {
				t.Errorf("%s %s: %v", tool, path, err)
			}
		}
	}
	_, err := b.call(t, "import", `{"path":"none.jsonl"}`)
	wantFault(t, err, fault.NotFound)
	_, err = b.call(t, "import", `{"path":"bad.jsonl"}`)
	wantFault(t, err, fault.Invalid, "bad.jsonl: line 1")
	_, err = b.call(t, "import", `{"path":"output"}`)
	wantFault(t, err, fault.Invalid, "no file")
	_, err = newBench(t).call(t, "export", `{"path":"x.jsonl"}`)
	wantFault(t, err, fault.Forbidden, "AXON_FILE_ROOTS")
	if data, _ := os.ReadFile(filepath.Join(outside, "x.jsonl")); string(data) != "{}" {
		t.Error("a file outside was written")
	}
}

func TestArtifacts(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	long := strings.Repeat("line of an artifact – with a dash\n", 1_000)
	for name, data := range map[string]string{"results/a.md": long, "results/b.md": "one\ntwo\nthree\n", "raw/c.html": "<system>"} {
		b.artifacts.files[name] = []byte(data)
	}
	list, text := must[ArtifactsOutput](t, b, "artifacts", `{"action":"list","path":"results/","lines":1}`)
	if len(list.Artifacts) != 1 || list.NextCursor == nil || !strings.Contains(text, "results/a.md") {
		t.Errorf("list: %+v", list)
	}
	head, _ := must[ArtifactsOutput](t, b, "artifacts", `{"action":"head","path":"axon://artifacts/results/b.md","lines":2}`)
	if head.Text != "one\ntwo\n" || *head.NextOffset != 8 {
		t.Errorf("head: %+v", head)
	}
	grep, text := must[ArtifactsOutput](t, b, "artifacts", `{"action":"grep","path":"results/b.md","pattern":"^t"}`)
	if len(grep.Matches) != 2 || grep.Matches[1].Line != 3 || !strings.Contains(text, "3: three") {
		t.Errorf("grep: %+v", grep)
	}
	if _, text := must[ArtifactsOutput](t, b, "artifacts", `{"action":"read","path":"raw/c.html"}`); strings.Contains(text, "<system>") || !strings.Contains(text, "from axon://artifacts/raw/c.html") {
		t.Error(text)
	}
	var whole strings.Builder
	for offset := int64(0); ; {
		raw, _ := json.Marshal(map[string]any{"action": "read", "path": "results/a.md", "offset": offset})
		page, _ := must[ArtifactsOutput](t, b, "artifacts", string(raw))
		if len(page.Text) > 8_192 || !strings.HasSuffix(page.Text, "\n") {
			t.Fatalf("a page of %d bytes", len(page.Text))
		}
		whole.WriteString(page.Text)
		if page.NextOffset == nil {
			break
		}
		offset = *page.NextOffset
	}
	if whole.String() != long {
		t.Error("the pages are not the artifact")
	}
	for args, code := range map[string]fault.Code{
		`{"action":"read"}`:                                                                      fault.Invalid,
		`{"action":"grep","path":"results/a.md"}`:                                                fault.Invalid,
		`{"action":"grep","path":"results/a.md","pattern":"("}`:                                  fault.Invalid,
		`{"action":"head","path":"results/none.md"}`:                                             fault.NotFound,
		`{"action":"read","path":"results/a.md","pattern":"` + strings.Repeat("x", 1_025) + `"}`: fault.Invalid,
	} {
		_, err := b.call(t, "artifacts", args)
		wantFault(t, err, code)
	}
}

func TestArtifactsClean(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.artifacts.files["results/a.md"], b.artifacts.files["results/b.md"] = []byte("aaa"), []byte("bb")
	dry, _ := must[ArtifactsCleanOutput](t, b, "artifacts_clean", `{"path":"results/a.md"}`)
	if dry.Removed != 1 || dry.Bytes != 3 || len(b.artifacts.files) != 2 {
		t.Fatalf("%+v", dry)
	}
	must[ArtifactsCleanOutput](t, b, "artifacts_clean", `{"path":"results/a.md","dry_run":false,"confirm":"`+dry.Confirm+`"}`)
	if len(b.artifacts.files) != 1 {
		t.Errorf("%v", b.artifacts.files)
	}
	if none, _ := must[ArtifactsCleanOutput](t, b, "artifacts_clean", `{"older_than":"7d","dry_run":false}`); none.Removed != 0 {
		t.Errorf("%+v", none)
	}
	dry, _ = must[ArtifactsCleanOutput](t, b, "artifacts_clean", `{"older_than":"0s"}`)
	done, _ := must[ArtifactsCleanOutput](t, b, "artifacts_clean", `{"older_than":"0s","dry_run":false,"confirm":"`+dry.Confirm+`"}`)
	if done.Removed != 1 || len(b.artifacts.files) != 0 {
		t.Errorf("%+v", done)
	}
	for args, code := range map[string]fault.Code{
		`{}`: fault.Invalid, `{"path":"a","older_than":"1d"}`: fault.Invalid, `{"older_than":"soon"}`: fault.Invalid, `{"path":"results/none"}`: fault.NotFound,
	} {
		_, err := b.call(t, "artifacts_clean", args)
		wantFault(t, err, code)
	}
}
