package fetch

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/axon-mcp/axon-mcp/fault"
	"github.com/axon-mcp/axon-mcp/secret"
	"github.com/axon-mcp/axon-mcp/security"
)

// needChrome leaves a test out where there is no Chromium; in CI that is a
// failure.
func needChrome(t testing.TB) {
	t.Helper()
	if _, err := findChrome(os.Getenv("AXON_CHROME_PATH")); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("%v", err)
		}
		t.Skipf("%v", err)
	}
}

// newBrowser is a real Chromium behind a guard that lets allowed pass.
func newBrowser(t testing.TB, cfg ChromeConfig, allowed ...string) *Browser {
	t.Helper()
	needChrome(t)
	if cfg.Path == "" {
		cfg.Path = os.Getenv("AXON_CHROME_PATH")
	}
	log := slog.New(slog.DiscardHandler)
	if os.Getenv("AXON_TEST_LOG") != "" {
		log = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	guard, err := security.NewGuard(security.Config{AllowHosts: allowed}, log)
	if err != nil {
		t.Fatal(err)
	}
	client := New(guard, Config{}, log)
	b := NewBrowser(client, cfg, log)
	t.Cleanup(func() { b.Close(); client.Close() })
	return b
}

// pages is a site of pages for the browser.
func pages(t testing.TB) (host string, site *httptest.Server) {
	t.Helper()
	mux := http.NewServeMux()
	html := func(path, body string) {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			w.Header().Set("X-Robots-Tag", "nofollow")
			_, _ = io.WriteString(w, body)
		})
	}
	const write = `document.body.innerHTML = '<h1>By script</h1><p>' + 'some words of the page '.repeat(20)`
	html("/late", `<!doctype html><title>T</title><body><script>setTimeout(() => { `+write+` }, 50)</script>`)
	html("/asks", `<!doctype html><body><script>onload = () => fetch('/loaded'); fetch('/data').then((r) => r.text()).then((text) => { `+write+` + text })</script>`)
	html("/leads", `<!doctype html><body><script>location.replace('/late')</script>`)
	html("/alert", `<!doctype html><body><script>alert(1); confirm(2); `+write+`</script>`)
	html("/agent", `<!doctype html><body><script>document.body.textContent = navigator.userAgent + ' and more'.repeat(40)</script>`)
	html("/evil", `<!doctype html><body><script>location = 'http://169.254.169.254/latest/'</script>`)
	html("/blank", `<!doctype html><body><script>location = 'about:blank'</script>`)
	html("/endless", `<!doctype html><body>`+strings.Repeat("<p>words of it</p>", 50)+`<script>for (;;) {}</script>`)
	html("/big", `<!doctype html><body><script>document.body.textContent = 'x'.repeat(5000)</script>`)
	loaded := make(chan struct{}, 1)
	mux.HandleFunc("GET /loaded", func(http.ResponseWriter, *http.Request) { loaded <- struct{}{} })
	mux.HandleFunc("GET /data", func(w http.ResponseWriter, r *http.Request) {
		select { // what a page asks for comes after its load event
		case <-loaded:
		case <-r.Context().Done():
		}
		_, _ = io.WriteString(w, "and the data")
	})
	mux.HandleFunc("GET /text", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		_, _ = io.WriteString(w, "plain words")
	})
	mux.Handle("GET /moved", http.RedirectHandler("/late", http.StatusMovedPermanently))
	mux.Handle("GET /around", http.RedirectHandler("/around", http.StatusFound))
	mux.Handle("GET /inside", http.RedirectHandler("http://10.0.0.1/", http.StatusFound))
	mux.HandleFunc("GET /locked", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("WWW-Authenticate", `Basic realm="x"`)
		w.WriteHeader(http.StatusUnauthorized)
	})
	site = httptest.NewServer(mux)
	t.Cleanup(site.Close)
	return strings.TrimPrefix(site.URL, "http://"), site
}

// TestBrowserFetch: rules B5, B8.
func TestBrowserFetch(t *testing.T) { //nolint:paralleltest // one Chromium at a time
	host, site := pages(t)
	b := newBrowser(t, ChromeConfig{}, host)
	tests := map[string]struct {
		path       string
		noRedirect bool
		maxBytes   int64
		want       string // in the body
		status     int
		final      string
		plain      bool // not rendered
		code       fault.Code
	}{
		"a script writes":          {path: "/late", want: "<h1>By script</h1>", status: 200, final: "/late"},
		"a script asks first":      {path: "/asks", want: "and the data", status: 200, final: "/asks"},
		"a script leads on":        {path: "/leads", want: "By script", status: 200, final: "/late"},
		"it is a redirect, too":    {path: "/leads", noRedirect: true, status: 302, final: "/leads"},
		"dialogs":                  {path: "/alert", want: "By script", status: 200, final: "/alert"},
		"who we are":               {path: "/agent", want: "axon-mcp", status: 200, final: "/agent"},
		"redirect":                 {path: "/moved", want: "By script", status: 200, final: "/late"},
		"redirect, not followed":   {path: "/moved", noRedirect: true, status: 301, final: "/moved"},
		"endless redirect":         {path: "/around", code: fault.URLBlocked},
		"redirect inside":          {path: "/inside", code: fault.URLBlocked},
		"a script leads inside":    {path: "/evil", code: fault.URLBlocked},
		"a script leads nowhere":   {path: "/blank", code: fault.URLBlocked},
		"not found":                {path: "/none", status: 404, final: "/none"},
		"sign-in":                  {path: "/locked", status: 401, final: "/locked"},
		"no HTML":                  {path: "/text", want: "plain words", status: 200, final: "/text", plain: true},
		"more than the limit":      {path: "/big", maxBytes: 2000, code: fault.TooLarge},
		"nobody listens":           {path: "-", code: fault.URLBlocked},
		"a script that never ends": {path: "/endless", code: fault.Timeout},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) { // one after the other: two processors are shared
			b.limit = pageLimit
			if test.code == fault.Timeout {
				b.limit = time.Second
			}
			url := site.URL + test.path
			if test.path == "-" {
				url = "http://127.0.0.1:1234/"
			}
			r, err := b.Fetch(t.Context(), Request{URL: url, NoRedirect: test.noRedirect, MaxBytes: test.maxBytes})
			if fault.CodeOf(err) != test.code {
				t.Fatalf("got %v, want code %q", err, test.code)
			}
			if err != nil {
				return
			}
			if r.Status != test.status || r.FinalURL != site.URL+test.final || r.Rendered == test.plain || !strings.Contains(string(r.Body), test.want) {
				t.Errorf("got %d %s rendered=%v %.300q", r.Status, r.FinalURL, r.Rendered, r.Body)
			}
			if test.noRedirect && r.Header.Get("Location") == "" {
				t.Errorf("no Location in %v", r.Header)
			}
			if test.path == "/late" && r.Header.Get("X-Robots-Tag") != "nofollow" {
				t.Errorf("the page's headers are gone: %v", r.Header)
			}
		})
	}
}

func TestNoChromium(t *testing.T) {
	t.Parallel()
	guard, err := security.NewGuard(security.Config{}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	client := New(guard, Config{}, slog.New(slog.DiscardHandler))
	b := NewBrowser(client, ChromeConfig{Path: "/nonexistent/chromium"}, slog.New(slog.DiscardHandler))
	defer b.Close()
	if err := b.Available(); fault.CodeOf(err) != fault.Unavailable || !strings.Contains(err.Error(), "AXON_CHROME_PATH") {
		t.Errorf("available: %v", err)
	}
	if _, err := b.Fetch(t.Context(), Request{URL: "https://example.com/"}); fault.CodeOf(err) != fault.Unavailable {
		t.Errorf("fetch: %v", err)
	}
	if _, err := b.Check(t.Context()); fault.CodeOf(err) != fault.Unavailable {
		t.Errorf("check: %v", err)
	}
}

func TestChromeConfig(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		cfg  ChromeConfig
		want string
	}{
		"nothing":            {ChromeConfig{}, ""},
		"all":                {ChromeConfig{Tabs: 2, ProxyListen: "axon:9280", RemoteURL: secret.New("ws://chrome:9222/")}, ""},
		"IPv6":               {ChromeConfig{ProxyListen: "[::1]:0"}, ""},
		"too many tabs":      {ChromeConfig{Tabs: 65}, "AXON_CHROME_TABS"},
		"everywhere":         {ChromeConfig{ProxyListen: "0.0.0.0:9280"}, "AXON_CHROME_PROXY_LISTEN"},
		"everywhere in IPv6": {ChromeConfig{ProxyListen: "[::]:9280"}, "AXON_CHROME_PROXY_LISTEN"},
		"only a port":        {ChromeConfig{ProxyListen: ":9280"}, "AXON_CHROME_PROXY_LISTEN"},
		"no address":         {ChromeConfig{RemoteURL: secret.New("chrome:9222")}, "AXON_CHROME_REMOTE_URL"},
	} {
		err := test.cfg.Validate()
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// BenchmarkWarmPages is 20 pages with a script, one after the other in one warm
// Chrome; the bar of the engine's specification is 250 ms each.
func BenchmarkWarmPages(b *testing.B) {
	host, site := pages(b)
	browser := newBrowser(b, ChromeConfig{}, host)
	fetch := func(i int) {
		r, err := browser.Fetch(b.Context(), Request{URL: fmt.Sprintf("%s/late?%d", site.URL, i)})
		if err != nil || !strings.Contains(string(r.Body), "By script") {
			b.Fatalf("%v", err)
		}
	}
	const warm, n = 3, 20
	for i := range warm {
		fetch(i)
	}
	rounds := 0
	for b.Loop() {
		for i := range n {
			fetch(rounds*n + warm + i)
		}
		rounds++
	}
	b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(n*rounds), "ms/page")
	b.ReportMetric(250, "ms/page-bar")
}
