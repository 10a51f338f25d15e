package web

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// put writes files below the output root.
func (f *listener) put(t testing.TB, files map[string]string) {
	t.Helper()
	for name, text := range files {
		at := filepath.Join(f.out, name)
		if err := os.MkdirAll(filepath.Dir(at), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// leave makes a job that has left these files.
func (f *listener) leave(t testing.TB, id string, files map[string]string) {
	t.Helper()
	f.jobs.add(id, "crawl")
	m := manifest{Job: id}
	below := map[string]string{}
	for name, text := range files {
		at := "jobs/" + id + "/" + name
		below[at] = text
		m.Pages = append(m.Pages, manifestPage{Path: at, URL: "https://a.example/" + name, Title: "Page <" + name + ">"})
	}
	f.put(t, below)
	raw, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	f.put(t, map[string]string{"jobs/" + id + "/manifest.json": string(raw)})
}

// Every way out of the output root that we know of, through /output, read_file
// and omnibox (F1, F2).
func TestNothingOutsideTheOutputRoot(t *testing.T) {
	t.Parallel()
	f := start(t, defaults())
	outside := t.TempDir()
	secret := filepath.Join(outside, "secret.md")
	if err := os.WriteFile(secret, []byte("the canary"), 0o600); err != nil {
		t.Fatal(err)
	}
	f.put(t, map[string]string{"a.md": "hello", "sub/.hidden.md": "the canary", ".env": "the canary"})
	for name, target := range map[string]string{"link.md": secret, "dir": outside, "up": "..", "sub/dots.md": "../../" + filepath.Base(outside) + "/secret.md"} {
		if err := os.Symlink(target, filepath.Join(f.out, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := mkfifo(filepath.Join(f.out, "pipe.md")); err != nil {
		t.Fatal(err)
	}
	rel := filepath.Base(outside)
	paths := []string{
		"../" + rel + "/secret.md", "..%2f" + rel + "%2fsecret.md", "%2e%2e/" + rel + "/secret.md", "%252e%252e/" + rel + "/secret.md",
		"sub/../../" + rel + "/secret.md", "sub/..%2f..%2f" + rel + "%2fsecret.md", secret, "/" + secret, "%2f" + strings.TrimPrefix(secret, "/"), "//etc/passwd",
		"link.md", "dir/secret.md", "up/" + rel + "/secret.md", "sub/dots.md", ".env", "sub/.hidden.md", "a.md%00", "a.md%00.png", "..%5c" + rel + "%5csecret.md",
		"sub", "sub/", "", ".", "pipe.md", "a.md/", "a.md/x", "con", "a.md.", "C:%5cx", "a.md:stream", "missing.md",
	}
	for _, p := range paths {
		for _, address := range []string{"/output/" + p, "/api/omnibox/files?id=output:" + p, "/download/" + someJob + "/file/" + p} {
			status, text, _ := f.ask(t, "GET", address, "")
			if status == 200 || strings.Contains(text, "canary") || strings.Contains(text, outside) {
				t.Errorf("%s: %d %.80s", address, status, text)
			}
		}
	}
	s := f.dial(t, "", nil)
	for _, p := range []string{"../" + rel + "/secret.md", secret, "link.md", "dir/secret.md", ".env", "sub/.hidden.md", "a.md\x00", "pipe.md", "", "sub", "up/x", "a\\b"} {
		raw, _ := json.Marshal(map[string]string{"type": "read_file", "path": p})
		s.send(string(raw))
		if g := s.next(); g.Type != "error" || strings.Contains(g.Message, "canary") {
			t.Errorf("%q: %+v", p, g)
		}
	}
	s.send(`{"type":"read_file","path":"a.md"}`)
	if g := s.next(); g.Type != "file_content" || g.Content != "hello" || g.Path != "a.md" {
		t.Errorf("%+v", g)
	}
}

// Nothing that a browser would run is shown on our origin (F4, F5).
func TestOutputHeaders(t *testing.T) {
	t.Parallel()
	f := start(t, defaults())
	f.put(t, map[string]string{"a.md": "# x", "b.html": "<script>", "c.svg": "<svg/>", "d.xml": "<x/>", "e.png": "png", "ü \"x\".md": "x", "f.exe": "MZ", "g.HTML": "<script>"})
	for name, want := range map[string][2]string{
		"a.md": {"text/markdown; charset=utf-8", "inline"}, "b.html": {"text/html; charset=utf-8", "attachment"}, "g.HTML": {"text/html; charset=utf-8", "attachment"},
		"c.svg": {"image/svg+xml", "attachment"}, "d.xml": {"application/xml", "attachment"}, "e.png": {"image/png", "inline"}, "f.exe": {"application/octet-stream", "attachment"},
	} {
		status, _, h := f.ask(t, "GET", "/output/"+name, "")
		if status != 200 || h.Get("Content-Type") != want[0] || !strings.HasPrefix(h.Get("Content-Disposition"), want[1]+"; ") ||
			h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Content-Security-Policy") != "sandbox; default-src 'none'" ||
			h.Get("Cross-Origin-Resource-Policy") != "same-origin" || !strings.Contains(h.Get("Cache-Control"), "no-store") {
			t.Errorf("%s: %d %v", name, status, h)
		}
	}
	if got := disposition(false, "ü \"x\".md"); got != `attachment; filename="_ _x_.md"; filename*=utf-8''%C3%BC%20%22x%22.md` {
		t.Errorf("%s", got)
	}
	if status, text, _ := f.ask(t, "GET", "/output/a.md", "", "Range: bytes=2-2"); status != 206 || text != "x" {
		t.Errorf("range: %d %q", status, text)
	}
}

// F7: what is missing and what may not be read answer alike, no folder is listed,
// and a request for very many ranges gets no more than the file.
func TestF7NothingIsTold(t *testing.T) {
	t.Parallel()
	f := start(t, defaults())
	f.put(t, map[string]string{"a.md": strings.Repeat("x", 1000), "sub/b.md": "y", ".env": "the canary"})
	if err := os.Symlink("/etc/passwd", filepath.Join(f.out, "link.md")); err != nil {
		t.Fatal(err)
	}
	missing, words, _ := f.ask(t, "GET", "/output/missing.md", "")
	if plain, told, _ := f.ask(t, "GET", "/output/.env", ""); plain == 200 {
		t.Errorf("a dot file is read: %s", told)
	} else if status, text, _ := f.ask(t, "GET", "/output/.nothing", ""); status != plain || text != told {
		t.Errorf("a dot file that is there: %d %q, one that is not: %d %q", plain, told, status, text)
	}
	for _, path := range []string{"link.md", "sub", "sub/missing.md"} {
		if status, text, _ := f.ask(t, "GET", "/output/"+path, ""); status != missing || text != words {
			t.Errorf("%q: %d %q, and what is missing: %d %q", path, status, text, missing, words)
		}
	}
	many := "bytes=0-" + strings.Repeat(",0-", 500)
	if status, text, _ := f.ask(t, "GET", "/output/a.md", "", "Range: "+many); len(text) > 2000 || status != 200 && status != 416 {
		t.Errorf("many ranges: %d, %d bytes", status, len(text))
	}
}

func TestDownloads(t *testing.T) {
	t.Parallel()
	f := start(t, defaults())
	files := map[string]string{"pages/a.md": "# A\nüber <b> & ]]>", "pages/b.md": "x" + strings.Repeat("é", 40_000)} // characters across the pieces of a copy
	f.leave(t, someJob, files)
	f.put(t, map[string]string{"jobs/" + someJob + "/notes.md": "not in the manifest", "other.md": "another's"})
	base := "/download/" + someJob + "/"

	status, text, h := f.ask(t, "GET", base+"archive.zip", "")
	z, err := zip.NewReader(bytes.NewReader([]byte(text)), int64(len(text)))
	if status != 200 || err != nil || len(z.File) != 2 || h.Get("Content-Type") != "application/zip" {
		t.Fatalf("%d %v", status, err)
	}
	for _, one := range z.File {
		r, err := one.Open()
		if err != nil {
			t.Fatal(err)
		}
		if raw, err := io.ReadAll(r); err != nil || string(raw) != files[one.Name] || !one.Mode().IsRegular() {
			t.Errorf("%s: %v", one.Name, err)
		}
	}
	if status, text, _ := f.ask(t, "GET", base+"pack.md", ""); status != 200 || !strings.Contains(text, files["pages/a.md"]) || !strings.Contains(text, files["pages/b.md"]) {
		t.Errorf("pack.md: %d %.200s", status, text)
	}
	status, text, _ = f.ask(t, "GET", base+"pack.xml", "")
	var pack struct {
		Documents []struct {
			File string `xml:"file,attr"`
			Text string `xml:",chardata"`
		} `xml:"document"`
	}
	if err := xml.Unmarshal([]byte(text), &pack); err != nil || status != 200 || len(pack.Documents) != 2 {
		t.Fatalf("pack.xml: %d %v", status, err)
	}
	for _, d := range pack.Documents {
		if d.Text != files[d.File] {
			t.Errorf("pack.xml: %s differs", d.File)
		}
	}
	for path, want := range map[string]int{
		base + "file/pages/a.md": 200, base + "file/notes.md": 404, base + "file/manifest.json": 404, base + "file/../../other.md": 400,
		base + "file/..%2f..%2fother.md": 400, base + "pack.rar": 404, "/download/nonsense/pack.md": 400, "/download/../etc/pack.md": 400,
		"/download/0199c0de-0000-7000-8000-0000000000ff/pack.md": 404,
	} {
		if status, text, _ := f.ask(t, "GET", path, ""); status != want || strings.Contains(text, "another's") {
			t.Errorf("%s: %d, want %d", path, status, want)
		}
	}
}

// A manifest that lies names nothing outside its own job.
// Rule F6.
func TestForgedManifest(t *testing.T) {
	t.Parallel()
	f := start(t, defaults())
	const other = "0199c0de-0000-7000-8000-0000000000aa"
	f.leave(t, other, map[string]string{"pages/x.md": "the canary"})
	f.put(t, map[string]string{"secret.md": "the canary"})
	f.jobs.add(someJob, "crawl")
	m := manifest{Job: someJob}
	for _, p := range []string{"secret.md", "jobs/" + other + "/pages/x.md", "jobs/" + someJob + "/../../secret.md", "/etc/passwd", "jobs/" + someJob + "/link.md", "jobs/" + someJob + "/../" + other + "/pages/x.md"} {
		m.Pages = append(m.Pages, manifestPage{Path: p})
	}
	raw, _ := json.Marshal(m)
	f.put(t, map[string]string{"jobs/" + someJob + "/manifest.json": string(raw)})
	if err := os.Symlink("../../secret.md", filepath.Join(f.out, "jobs", someJob, "link.md")); err != nil {
		t.Fatal(err)
	}
	for _, form := range []string{"pack.md", "pack.xml", "archive.zip"} {
		if _, text, _ := f.ask(t, "GET", "/download/"+someJob+"/"+form, ""); strings.Contains(text, "canary") || strings.Contains(text, "root:") {
			t.Errorf("%s holds what is not the job's", form)
		}
	}
}

// Past the limits: 413 with the figure, and nothing of a file.
// Rule F6.
func TestDownloadLimits(t *testing.T) {
	t.Parallel()
	cfg := defaults()
	f := start(t, cfg)
	many := map[string]string{}
	for i := range 2001 {
		many[fmt.Sprintf("pages/%d.md", i)] = "x"
	}
	f.leave(t, someJob, many)
	const big = "0199c0de-0000-7000-8000-0000000000bb"
	f.leave(t, big, map[string]string{"pages/a.md": "", "pages/b.md": ""})
	for name, size := range map[string]int64{"a.md": 500 << 20, "b.md": 1 << 20} { // sparse: 501 MiB
		if err := os.Truncate(filepath.Join(f.out, "jobs", big, "pages", name), size); err != nil {
			t.Fatal(err)
		}
	}
	for id, figure := range map[string]string{someJob: "2001", big: fmt.Sprint(501 << 20)} {
		for _, form := range []string{"pack.md", "archive.zip"} {
			status, text, h := f.ask(t, "GET", "/download/"+id+"/"+form, "")
			if status != http.StatusRequestEntityTooLarge || !strings.Contains(text, figure) || h.Get("Content-Type") != "application/json" {
				t.Errorf("%s %s: %d %s", id, form, status, text)
			}
		}
	}
}

// A zip of 2,000 files is streamed: it needs under 50 MB of memory though it
// holds 100 MB.
// Rule F6.
func TestZipIsStreamed(t *testing.T) {
	if testing.Short() {
		t.Skip("writes 100 MB")
	}
	f := start(t, defaults())
	files := map[string]string{}
	text := strings.Repeat("All work and no play makes this a page. ", 1300) // 52 kB
	for i := range 2000 {
		files[fmt.Sprintf("pages/%d.md", i)] = text
	}
	f.leave(t, someJob, files)
	clear(files)
	runtime.GC()
	var before, most runtime.MemStats
	runtime.ReadMemStats(&before)
	patient := client()
	patient.Timeout = 0 // the race detector takes its time
	res, err := patient.Get(f.http.URL + "/download/" + someJob + "/archive.zip")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	buf, peak := make([]byte, 256<<10), uint64(0)
	var size int64
	for {
		n, err := res.Body.Read(buf)
		size += int64(n)
		runtime.ReadMemStats(&most)
		peak = max(peak, most.HeapInuse+most.StackInuse)
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	used := int64(peak) - int64(before.HeapInuse+before.StackInuse)
	t.Logf("%d bytes of zip, %d kB of memory more than before", size, used>>10)
	if used > 50<<20 {
		t.Errorf("%d bytes of memory", used)
	}
}

func TestOmnibox(t *testing.T) {
	t.Parallel()
	docs := t.TempDir()
	f := start(t, defaults(), func(d *Deps) { d.Roots = map[string]string{"docs": docs, "gone": filepath.Join(docs, "none")} })
	f.put(t, map[string]string{"results/guide.md": "in the output", ".secret/guide.md": "hidden", "bin.md": "\x00\x01"})
	if err := os.WriteFile(filepath.Join(docs, "Guide.md"), []byte("# Guide"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(docs, "big.md"), bytes.Repeat([]byte("x"), maxText+1), 0o600); err != nil {
		t.Fatal(err)
	}
	status, text, _ := f.ask(t, "GET", "/api/omnibox/files?q=guide", "")
	var list omniboxList
	if err := json.Unmarshal([]byte(text), &list); err != nil || status != 200 || len(list.Files) != 2 ||
		list.Files[0].ID != "docs:Guide.md" || list.Files[1].ID != "output:results/guide.md" {
		t.Errorf("%d %s", status, text)
	}
	for id, want := range map[string]int{
		"docs:Guide.md": 200, "output:results/guide.md": 200,
		"": 400, "docs": 400, "docs:": 400, ":x": 400, "etc:passwd": 400, "docs:../x": 400, "docs:/etc/passwd": 400, "docs:.env": 400,
		"docs:a%00b": 400, "docs:a%5cb": 400, "output:.secret/guide.md": 400, "docs:docs:Guide.md": 400,
		"docs:none.md": 404, "gone:x.md": 404, "docs:big.md": 413, "output:bin.md": 415,
	} {
		if status, text, _ := f.ask(t, "GET", "/api/omnibox/files?id="+id, ""); status != want {
			t.Errorf("%q: %d, want %d: %s", id, status, want, text)
		}
	}
}
