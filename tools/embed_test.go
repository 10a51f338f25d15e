package tools

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/axon-mcp/axon-mcp/engine/index"
	"github.com/axon-mcp/axon-mcp/fault"
)

// folder makes files from a map of name to content.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for name, body := range files {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func withRoot(dir string) func(*Deps) {
	return func(d *Deps) { d.Config.FileRoots = []string{"docs=" + dir} }
}

func TestEmbedText(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	out, text := must[WorkOutput](t, b, "embed", `{"text":"# Minutes\n\nWe met.","wait":true}`)
	if out.Status != "completed" || out.Documents != 1 || out.Chunks != 2 || out.Embedded != 2 || len(b.index.docs) != 1 || !strings.Contains(text, "query searches") {
		t.Errorf("%+v\n%s", out.WorkCounts, text)
	}
	for key, doc := range b.index.docs {
		if !strings.HasPrefix(key, "text:") || doc.SourceType != "text" || doc.Title != "Minutes" {
			t.Errorf("%s: %+v", key, doc)
		}
	}
	again, text := must[WorkOutput](t, b, "embed", `{"text":"# Minutes\n\nWe met.","wait":true}`)
	if again.PagesUnchanged != 1 || again.Embedded != 0 || !strings.Contains(text, "nothing was embedded") {
		t.Errorf("%+v", again.WorkCounts)
	}
	must[WorkOutput](t, b, "embed", `{"text":"one","title":"First","source_id":"minutes/1","wait":true}`)
	must[WorkOutput](t, b, "embed", `{"text":"two","title":"Second","source_id":"minutes/1","wait":true}`)
	if doc := b.index.docs["minutes/1"]; doc.Title != "Second" || doc.Markdown != "two" {
		t.Errorf("%+v", doc)
	}
	renamed, _ := must[WorkOutput](t, b, "embed", `{"text":"two","title":"Third","source_id":"minutes/1","wait":true}`)
	if renamed.PagesChanged != 1 {
		t.Error("a new title is no change")
	}
}

func TestEmbedURL(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.fetcher.serve("https://a.example/p", "text/markdown", "# P\n\nText.\n")
	out, _ := must[WorkOutput](t, b, "embed", `{"url":"https://a.example/p","wait":true}`)
	if doc := b.index.docs["https://a.example/p"]; doc.Title != "P" || doc.SourceType != "web" || out.Bytes == 0 {
		t.Errorf("%+v", doc)
	}
	for args, code := range map[string]fault.Code{
		`{"url":"http://127.0.0.1/"}`:                   fault.URLBlocked,
		`{"url":"https://a.example/p","source_id":"x"}`: fault.Invalid,
		`{"url":"https://gone.example/","wait":true}`:   fault.Unavailable,
		`{}`:             fault.Invalid,
		`{"text":" \n"}`: fault.Invalid,
		`{"text":"x","url":"https://a.example/p"}`: fault.Invalid,
		`{"text":"x","path":"docs/a.md"}`:          fault.Invalid,
		`{"path":"docs/a.md"}`:                     fault.Forbidden,
	} {
		_, err := b.call(t, "embed", args)
		wantFault(t, err, code)
	}
}

func TestEmbedFolder(t *testing.T) {
	t.Parallel()
	dir := folder(t, map[string]string{
		"guide/a.md": "# A\n\nText.\n", "guide/b.txt": "plain\n", "guide/main.go": "package main\n\n// ```\n", "guide/Makefile": "all:\n\tgo build\n",
		"guide/logo.png": "\x89PNG\x00", "guide/data.txt": "a\x00b", "guide/.git/x.md": "no", "guide/node_modules/y.md": "no", "guide/.hidden.md": "no",
		"other.md": "outside of the folder that is asked for",
	})
	if err := os.Symlink("/etc/hostname", filepath.Join(dir, "guide", "link.md")); err != nil {
		t.Fatal(err)
	}
	b := newBench(t, withRoot(dir))
	out, _ := must[WorkOutput](t, b, "embed", `{"path":"docs/guide","wait":true}`)
	if out.PagesFetched != 4 || out.PagesFailed != 0 || !out.Complete {
		t.Fatalf("%+v", out.WorkCounts)
	}
	if want := map[string]int{"hidden": 2, "vendored": 1, "binary": 2, "link": 1}; fmt.Sprint(out.Skipped) != fmt.Sprint(want) {
		t.Errorf("skipped %v, want %v", out.Skipped, want)
	}
	code := b.index.docs["file://"+dir+"/guide/main.go"]
	if code.Title != "main.go" || !strings.Contains(code.Markdown, "package main\n") || code.SourceType != "file" {
		t.Errorf("%+v", code)
	}
	if err := os.Remove(filepath.Join(dir, "guide", "b.txt")); err != nil {
		t.Fatal(err)
	}
	b.index.put(index.Document{URL: "file://" + dir + "/guide-two/kept.md", SourceType: "file"})
	again, text := must[WorkOutput](t, b, "embed", `{"path":"docs/guide","wait":true}`)
	if again.PagesUnchanged != 3 || again.PagesRemoved != 1 || again.Embedded != 0 || !strings.Contains(text, "1 removed") {
		t.Errorf("%+v\n%s", again.WorkCounts, text)
	}
	if _, ok := b.index.docs["file://"+dir+"/guide-two/kept.md"]; !ok {
		t.Error("a document of another folder was removed")
	}
}

func TestAFileThatCannotBeReadFailsAlone(t *testing.T) {
	t.Parallel()
	dir := folder(t, map[string]string{"a.md": "# A\n", "broken.pdf": "%PDF-1.7 and nothing more", "c.md": "# C\n"})
	b := newBench(t, withRoot(dir))
	b.index.put(index.Document{URL: "file://" + dir + "/gone.md", SourceType: "file"})
	out, text := must[WorkOutput](t, b, "embed", `{"path":"docs","wait":true}`)
	if out.PagesFetched != 2 || out.PagesFailed != 1 || out.Failures["unsupported"] != 1 || out.Complete || !strings.Contains(text, "failed, unsupported: 1") {
		t.Errorf("%+v\n%s", out.WorkCounts, text)
	}
	if _, ok := b.index.docs["file://"+dir+"/gone.md"]; !ok {
		t.Error("an incomplete walk is no evidence that a file has gone")
	}
}

func TestEmbedFile(t *testing.T) {
	t.Parallel()
	dir := folder(t, map[string]string{"a.md": "# A\n", "b.png": "x\x00y"})
	b := newBench(t, withRoot(dir))
	must[WorkOutput](t, b, "embed", `{"path":"docs/a.md","title":"Own title","source_id":"my/a","wait":true}`)
	if doc := b.index.docs["my/a"]; doc.Title != "Own title" {
		t.Errorf("%v", b.index.docs)
	}
	_, err := b.call(t, "embed", `{"path":"docs/b.png","wait":true}`)
	wantFault(t, err, fault.Unsupported, "b.png", "HTML or PDF")
	_, err = b.call(t, "embed", `{"path":"docs/none.md"}`)
	wantFault(t, err, fault.NotFound, "docs/none.md")
	_, err = b.call(t, "embed", `{"path":"docs","title":"x"}`)
	wantFault(t, err, fault.Invalid, "single file")
}

// TestNoWayOutOfTheRoots tries what a caller could to read elsewhere.
func TestNoWayOutOfTheRoots(t *testing.T) {
	t.Parallel()
	secret := folder(t, map[string]string{"secret.md": "# The secret\n"})
	dir := folder(t, map[string]string{"a.md": "# A\n"})
	for link, target := range map[string]string{"abs": secret, "rel": "../../../../../../etc", "file.md": filepath.Join(secret, "secret.md")} {
		if err := os.Symlink(target, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	b := newBench(t, withRoot(dir))
	for _, path := range []string{
		"/etc/passwd", secret, secret + "/secret.md", "../secret.md", "docs/../../etc/passwd", "docs/..", "..", "secret.md", "a.md",
		dir + "/../x", dir + "x/a.md", "docs/abs/secret.md", "docs/abs", "docs/rel/passwd", "docs/file.md", "DOCS/a.md", "output/x", "~/x", "docs\\..\\x", "file:///etc/passwd",
	} {
		raw, _ := json.Marshal(path)
		_, err := b.call(t, "embed", `{"wait":true,"path":`+string(raw)+`}`)
		if code := fault.CodeOf(err); code != fault.Forbidden {
			t.Errorf("%s: %v", path, err)
		}
		if err != nil && strings.Contains(fault.MessageOf(err), "secret\n") {
			t.Errorf("%s: %v", path, err)
		}
	}
	if len(b.index.docs) != 0 {
		t.Errorf("stored: %v", sortedKeys(b.index.docs))
	}
	for _, path := range []string{"docs/a.md", "docs//./a.md", dir + "/a.md", "docs/x/../a.md"} {
		if _, err := b.call(t, "embed", `{"wait":true,"path":"`+path+`"}`); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
	if keys := sortedKeys(b.index.docs); !slices.Equal(keys, []string{"file://" + dir + "/a.md"}) {
		t.Errorf("one file has the keys %v", keys)
	}
}

func TestAPathAtTheCommandLineIsTheUsersOwn(t *testing.T) {
	t.Parallel()
	dir := folder(t, map[string]string{"real/a.md": "# A\n"})
	if err := os.Symlink(filepath.Join(dir, "real"), filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	b := newBench(t)
	for _, path := range []string{dir + "/real", dir + "/real/a.md", dir + "/link", dir + "/link/a.md"} {
		if _, err := b.Call(local(t), Call{Name: "embed", CommandLine: true, Args: json.RawMessage(`{"wait":true,"path":"` + path + `"}`)}); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
	if keys := sortedKeys(b.index.docs); !slices.Equal(keys, []string{"file://" + dir + "/real/a.md"}) {
		t.Errorf("one file has the keys %v", keys)
	}
	_, err := b.Call(local(t), Call{Name: "embed", CommandLine: true, Args: json.RawMessage(`{"path":"` + dir + `/none"}`)})
	wantFault(t, err, fault.NotFound)
}
