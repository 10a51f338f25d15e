package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
)

// gibibyte returns about n GiB of text as gzip: one member, again and again.
func gibibyte(t *testing.T, n int) []byte {
	t.Helper()
	return bytes.Repeat(squeezed(t, "gzip", bytes.Repeat([]byte("<p>again and again</p>\n"), 1<<20/23)), n<<10)
}

func squeezed(t *testing.T, encoding string, text []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	var w io.WriteCloser = gzip.NewWriter(&out)
	switch encoding {
	case "br":
		w = brotli.NewWriterLevel(&out, brotli.BestSpeed)
	case "zstd":
		var err error
		if w, err = zstd.NewWriter(&out, zstd.WithWindowSize(1<<20)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// hostilePages are attacks on who reads them, by path, and the code that scrape
// gives, "" where the page can be read after all.
func hostilePages(t *testing.T) (pages map[string]http.HandlerFunc, codes map[string]string) {
	t.Helper()
	bomb, flat := gibibyte(t, 2), bytes.Repeat([]byte("<p>again and again</p>\n"), 64<<20/23)
	encoded := func(encoding string, body []byte) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			w.Header().Set("Content-Encoding", encoding)
			_, _ = w.Write(body)
		}
	}
	text := func(body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			_, _ = io.WriteString(w, "<!DOCTYPE html><body><main><h1>Big</h1>"+body)
		}
	}
	pages = map[string]http.HandlerFunc{
		"/gzip":   encoded("gzip", bomb),
		"/nested": encoded("gzip, gzip", squeezed(t, "gzip", bomb)),
		"/br":     encoded("br", squeezed(t, "br", flat)),
		"/zstd":   encoded("zstd", squeezed(t, "zstd", flat)),
		"/deeper": encoded("gzip, gzip, gzip, gzip", bomb),
		"/endless": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			for {
				if _, err := w.Write(flat[:1<<20]); err != nil {
					return
				}
			}
		},
		"/headers": func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				return
			}
			defer conn.Close()
			_, err = io.WriteString(conn, "HTTP/1.1 200 OK\r\n")
			for i := 0; err == nil; i++ {
				_, err = fmt.Fprintf(conn, "X-Header-%d: %s\r\n", i, strings.Repeat("x", 1000))
			}
		},
		"/around": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/around?"+r.URL.RawQuery+"x", http.StatusFound)
		},
		"/wide":     text(strings.Repeat("<p>w", 100_000)),
		"/deep":     text(strings.Repeat("<div>", 100_000) + "word"),
		"/tables":   text(strings.Repeat("<table><tr><td>", 20_000) + "word"),
		"/spanned":  text("<table>" + strings.Repeat("<tr><td colspan=9999 rowspan=9999>word", 1000)),
		"/unclosed": text(strings.Repeat("<b><p><i><a href=/x>", 20_000)),
		"/entities": text(strings.Repeat("&nbsp;&#x41;&unknown", 50_000)),
	}
	return pages, map[string]string{
		"/gzip": "too_large", "/nested": "too_large", "/br": "too_large", "/zstd": "too_large", "/endless": "too_large",
		"/deeper": "unsupported", "/headers": "unavailable", "/around": "unavailable",
	}
}

// hostileSite serves them beside three good pages, with a robots.txt, a sitemap
// and an llms.txt that are no better.
func hostileSite(t *testing.T, pages map[string]http.HandlerFunc) *site {
	t.Helper()
	laughs := `<?xml version="1.0"?><!DOCTYPE urlset [<!ENTITY a0 "/good">`
	for i := range 12 {
		laughs += fmt.Sprintf(`<!ENTITY a%d "%s">`, i+1, strings.Repeat(fmt.Sprintf("&a%d;", i), 10))
	}
	laughs += `]><urlset><url><loc>&a12;</loc></url><url><loc>/good2</loc></url></urlset>`
	bomb := gibibyte(t, 1)
	return newSite(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if handler := pages[r.URL.Path]; handler != nil {
			handler(w, r)
			return
		}
		switch r.URL.Path {
		case "/robots.txt":
			fmt.Fprintf(w, "Sitemap: /laughs.xml\nSitemap: /bomb.xml.gz\nSitemap: /laughs.xml\n%s", strings.Repeat("Disallow: /*a*b*c*d*e*f*g$\n", 20_000))
		case "/laughs.xml":
			_, _ = io.WriteString(w, laughs)
		case "/bomb.xml.gz":
			_, _ = w.Write(bomb)
		case "/", "/good", "/good2":
			w.Header().Set("Content-Type", "text/html")
			fmt.Fprintf(w, "<!DOCTYPE html><title>Good</title><main><h1>Good %s</h1><p>The zirconium gasket of %s is replaced every winter.</p>", r.URL.Path, r.URL.Path)
			for path := range pages {
				fmt.Fprintf(w, `<p><a href="%s">to %s</a></p>`, path, path)
			}
			fmt.Fprint(w, `<p><a href="/good">good</a></p>`)
		default:
			http.NotFound(w, r)
		}
	}))
}

// runWatched runs a command and returns the most memory that it has had, in
// bytes. The kernel's own account of a finished process begins with that of the
// process that forked it, so it is read while it runs.
func runWatched(t *testing.T, cmd *exec.Cmd) (peak int64, err error) {
	t.Helper()
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	for {
		select {
		case err := <-ended:
			return peak, err
		case <-look.C:
			raw, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", cmd.Process.Pid)) // gone: nothing more to see
			if _, rest, ok := strings.Cut(string(raw), "VmHWM:"); ok {
				var kB int64
				if _, err := fmt.Sscan(rest, &kB); err != nil {
					t.Fatal(err)
				}
				peak = max(peak, kB<<10)
			}
		}
	}
}

// Limits of what a hostile page may cost.
const (
	mostMemory = 700 << 20
	mostTime   = 15 * time.Second // one page, on a busy machine
)

// TestHostileSite: bombs, floods and endless things each cost a bounded time and
// memory, are told by their code, and do not keep a crawl from the good pages.
// Rule C9.
func TestHostileSite(t *testing.T) {
	t.Parallel()
	pages, codes := hostilePages(t)
	s := hostileSite(t, pages)
	for path := range pages {
		p := newProgram(t, s)
		cmd := p.command("scrape", s.URL+path, "--json", "--max-chars", "1000")
		var stdout bytes.Buffer
		cmd.Stdout = &stdout
		begin := time.Now()
		memory, _ := runWatched(t, cmd) // its code says how it failed
		took := time.Since(begin)
		t.Logf("%s: %s, %d MB", path, took.Round(time.Millisecond), memory>>20)
		code := ""
		if _, rest, ok := strings.Cut(stdout.String(), `"code":"`); ok {
			code, _, _ = strings.Cut(rest, `"`)
		}
		if code != codes[path] || took > mostTime || memory > mostMemory {
			t.Errorf("%s: code %q, want %q; %s, %d MB\n%.300s", path, code, codes[path], took, memory>>20, stdout.String())
		}
	}
	p := newProgram(t, s)
	cmd := p.command("crawl", s.URL+"/", "--json")
	begin := time.Now()
	var out bytes.Buffer
	cmd.Stdout = &out
	memory, err := runWatched(t, cmd)
	took := time.Since(begin)
	t.Logf("crawl: %s, %d MB, %s", took.Round(time.Millisecond), memory>>20, &out)
	if err != nil || took > 4*mostTime || memory > 2*mostMemory {
		t.Errorf("the crawl: %v, %s, %d MB\n%s", err, took, memory>>20, &out)
	}
	good := 0
	for _, one := range p.sources() {
		if one.URL == s.URL+"/" || strings.HasPrefix(one.URL, s.URL+"/good") {
			good++
		}
	}
	if good != 3 {
		t.Errorf("%d of 3 good pages are indexed: %+v", good, p.sources())
	}
}

// TestSlowServers: one that never ends its headers and one that sends a byte a
// second cost their time limits and no more.
func TestSlowServers(t *testing.T) {
	t.Parallel()
	long(t)
	s := newSite(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		if r.URL.Path == "/body" {
			for range 1000 {
				if _, err := io.WriteString(w, "<p>"); err != nil || http.NewResponseController(w).Flush() != nil {
					return
				}
				time.Sleep(time.Second) // the attack itself
			}
		}
		<-r.Context().Done()
	}))
	p := newProgram(t, s)
	for path, limit := range map[string]time.Duration{"/headers": 30 * time.Second, "/body": 75 * time.Second} {
		begin := time.Now()
		got := p.run("scrape", s.URL+path, "--json")
		if took := time.Since(begin); took > limit || !strings.Contains(got.stdout, `"timeout"`) {
			t.Errorf("%s took %s: %s%s", path, took, got.stdout, got.stderr)
		}
	}
}
