package fetch

import (
	"bufio"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/axon-mcp/axon-mcp/fault"
	"github.com/axon-mcp/axon-mcp/secret"
)

// remoteChrome starts a Chromium that somebody else has started, and returns its
// DevTools address.
func remoteChrome(t *testing.T, flags ...string) string {
	t.Helper()
	needChrome(t)
	path, err := findChrome(os.Getenv("AXON_CHROME_PATH"))
	if err != nil {
		t.Fatal(err)
	}
	profile, err := newProfile()
	if err != nil {
		t.Fatal(err)
	}
	b := newBrowser(t, ChromeConfig{})
	cmd := exec.Command(path, append([]string{"--headless", "--remote-debugging-port=0", "--user-data-dir=" + profile.dir, "--no-first-run", "--disable-gpu"}, flags...)...)
	b.confine(cmd, profile.dir)
	output, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_, _ = io.Copy(io.Discard, output)
		_ = cmd.Wait()
		if err := profile.remove(); err != nil {
			t.Error(err)
		}
	})
	lines := bufio.NewScanner(output)
	for lines.Scan() {
		if found := regexp.MustCompile(`ws://[^ ]+`).FindString(lines.Text()); found != "" {
			return found
		}
	}
	t.Fatal("Chromium told no DevTools address")
	return ""
}

// A Chrome elsewhere is used behind the proxy, and not at all where it would go
// around it.
func TestRemoteChrome(t *testing.T) { //nolint:paralleltest // one Chromium at a time
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, `<!doctype html><body><script>document.body.innerHTML = '<h1>By script</h1>'</script>`+strings.Repeat(words, 10))
	}))
	t.Cleanup(site.Close)
	host := strings.TrimPrefix(site.URL, "http://")
	tests := map[string]struct {
		flags []string
		want  string // in the error
	}{
		"as it should be": {[]string{"--force-webrtc-ip-handling-policy=disable_non_proxied_udp", "--webrtc-ip-handling-policy=disable_non_proxied_udp"}, ""},
		"WebRTC is free":  {nil, "WebRTC"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			address := remoteChrome(t, test.flags...)
			b := newBrowser(t, ChromeConfig{RemoteURL: secret.New(address)}, host)
			r, err := b.Fetch(t.Context(), Request{URL: site.URL + "/"})
			if test.want != "" {
				if fault.CodeOf(err) != fault.Unavailable || !strings.Contains(err.Error(), test.want) {
					t.Fatalf("got %v", err)
				}
				return
			}
			if err != nil || !strings.Contains(string(r.Body), "By script") {
				t.Fatalf("got %v, %v", r, err)
			}
			if detail, err := b.Check(t.Context()); err != nil || !strings.Contains(detail, "remote") {
				t.Errorf("check: %q, %v", detail, err)
			}
			if _, err := b.Fetch(t.Context(), Request{URL: site.URL + "/again"}); err != nil {
				t.Errorf("again: %v", err)
			}
		})
	}
	t.Run("nobody is there", func(t *testing.T) {
		b := newBrowser(t, ChromeConfig{RemoteURL: secret.New("ws://127.0.0.1:1/devtools/browser/s3cret")}, host)
		_, err := b.Fetch(t.Context(), Request{URL: site.URL + "/"})
		if fault.CodeOf(err) != fault.Unavailable || strings.Contains(fault.MessageOf(err), "s3cret") {
			t.Errorf("got %v", err)
		}
	})
}
