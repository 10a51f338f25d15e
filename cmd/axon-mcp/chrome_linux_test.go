package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/axon-mcp/axon-mcp/fault"
	"github.com/axon-mcp/axon-mcp/security/securitytest"
)

// chromeProxy is where the browser's proxy listens in these tests: the one
// address that Chromium may talk to.
const chromeProxy = "127.0.0.1:9280"

// checkSentByChrome is checkSent, but for the way to the proxy.
func (w *world) checkSentByChrome(t *testing.T, what string) {
	t.Helper()
	table := securitytest.AddressRanges(t)
	for to, n := range w.Sent(t) {
		if to.String() == chromeProxy {
			continue
		}
		if table.Hold(to.Addr()) || to.Port() == 22 || to.Port() == 5432 || to.Port() == 6379 || to.Port() == 3478 {
			t.Errorf("%s: %d packets were sent to %s", what, n, to)
		}
	}
}

// Debian's browsers: the headless shell, which the program prefers, and the
// whole Chromium, which has more ways out and takes twice as long for a page.
const (
	headlessShell = "/usr/lib/chromium/chromium-headless-shell"
	wholeChromium = "chromium"
)

// chromeWorld is a world with a program that works with a browser.
func chromeWorld(t *testing.T, browser string, names map[string]string) (*world, *program) {
	t.Helper()
	w := newWorld(t, names)
	path, err := exec.LookPath(browser)
	if err != nil {
		missing(t, browser+" is not installed: scripts/setup-test.sh brings it")
	}
	// WebRTC leaves loopback alone, and needs a way out to try.
	for _, line := range []string{"link add axon0 type veth peer name axon1", "link set axon1 up", "address add 20.1.1.1/24 dev axon0", "link set axon0 up"} {
		if out, err := exec.CommandContext(t.Context(), "ip", strings.Fields(line)...).CombinedOutput(); err != nil && !strings.Contains(string(out), "exists") && !strings.Contains(string(out), "assigned") {
			t.Logf("ip %s: %v %s", line, err, out)
		}
	}
	// localhost stands for a secure origin, which service workers need; here it
	// is a name like any other.
	return w, w.program("AXON_CHROME_PROXY_LISTEN="+chromeProxy, "AXON_ALLOW_HOSTS=localhost:3000", "AXON_CHROME_TABS=2", "AXON_CHROME_PATH="+w.CA.TrustingChrome(t, path))
}

// forbidden is every URL of the tables that must be blocked: rows, ranges as
// literals and behind names, targets of redirects; and ports of services.
func forbidden(t *testing.T) ([]string, map[string]string) {
	t.Helper()
	rows, names := securitytest.URLs(t)
	var list []string
	for _, row := range rows {
		if !row.Allow && !row.Flips && !strings.HasPrefix(row.Trick, "dns empty") {
			list = append(list, strings.ToValidUTF8(row.URL, "\uFFFD"))
		}
	}
	blocked, more := securitytest.AddressRanges(t).BlockedTargets()
	maps.Copy(names, more)
	for i, url := range blocked {
		if i%4 == 0 {
			url = strings.Replace(url, "http:", "https:", 1)
		}
		list = append(list, url)
	}
	for _, chain := range securitytest.Redirects(t) {
		for _, hop := range chain.Hops {
			if _, to, _ := strings.Cut(hop, " "); !chain.Allow && !strings.HasPrefix(to, "http://example.") && to != "" {
				list = append(list, strings.TrimPrefix(to, "refresh:0;url="))
			}
		}
	}
	for port := range strings.SplitSeq("22 80 443 3000 5432 6379 8080", " ") {
		for _, host := range []string{"127.0.0.1", "localhost", "[::1]", "10.0.0.1", "169.254.169.254", "[fd00:ec2::254]", "192.168.1.1", "0.0.0.0"} {
			if host+port != "localhost3000" {
				list = append(list, "http://"+host+":"+port+"/x")
			}
		}
	}
	if everything() {
		return list, names
	}
	var some []string // each page takes seconds with all of them
	for i := 0; i < len(list); i += 8 {
		some = append(some, list[i])
	}
	return some, names
}

// TestInsideChrome: pages make Chromium ask for every URL that must be blocked,
// in every way that a page has. No packet is sent to a blocked address, and each
// way does reach what is public.
// Rules B1, B2, B3, B4.
func TestInsideChrome(t *testing.T) {
	for name, browser := range map[string]string{"headless shell": headlessShell, "whole": wholeChromium} {
		t.Run(name, func(t *testing.T) { attackAll(t, browser) })
	}
}

// attackAll lets all attacks happen in one browser.
func attackAll(t *testing.T, browser string) {
	list, names := forbidden(t)
	names["localhost"] = securitytest.Public
	w, p := chromeWorld(t, browser, names)
	a := newAttacker(list)
	w.Answer(a.ServeHTTP)
	client := p.stdio()
	defer client.killAndTell(t)
	for _, name := range append(slices.Sorted(maps.Keys(attacks())), slices.Sorted(maps.Keys(quiet()))...) {
		t.Run(name, func(t *testing.T) { a.run(t, w, client, name) })
	}
}

// arrival is a top document that the whole program is sent to, and what must
// become of it.
type arrival struct {
	url     string
	row     securitytest.Hostile
	refused bool // with url_blocked
}

// arrivals are the rows as top documents: by their own name, where only the
// resolver or the proxy can tell, and by redirects and scripts.
// engine/fetch sends Chromium to all of them past our own judgement.
func arrivals(rows []securitytest.Hostile) []arrival {
	var list []arrival
	for i, row := range rows {
		dns := strings.HasPrefix(row.Trick, "dns ") && !row.Flips
		if dns || row.Allow && (everything() || strings.HasPrefix(row.URL, "https://") && i%2 == 0) {
			list = append(list, arrival{row.URL, row, dns && !row.Allow && row.Trick != "dns empty answer"})
		}
		if !row.Allow && (i%40 == 0 || everything() && i%5 == 0) {
			for _, way := range []string{"redirect", "script"} { // each on a host of its own, or they would wait for each other
				list = append(list, arrival{fmt.Sprintf("http://%s%d.example.com/%s?to=%s", way, i, way, queryEscape(row.URL)), row, false})
			}
		}
	}
	return list
}

// TestInsideChromeTop: the same for the page itself: names that resolve to what
// is blocked, redirects, and scripts that lead there; public pages over http and
// https are read.
// Rule B5.
func TestInsideChromeTop(t *testing.T) {
	rows, names := securitytest.URLs(t)
	w, p := chromeWorld(t, headlessShell, names)
	w.Answer(func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Connection", "close")
		rw.Header().Set("Content-Type", "text/html; charset=utf-8")
		to := r.URL.Query().Get("to")
		switch r.URL.Path {
		case "/redirect":
			rw.Header()["Location"] = []string{to}
			rw.WriteHeader(http.StatusFound)
		case "/script":
			quoted, _ := json.Marshal(to)
			_, _ = fmt.Fprintf(rw, `<!doctype html><body>wait<script>location = %s</script>`, quoted)
		default:
			_, _ = rw.Write([]byte("<!doctype html><title>Reached</title><main><h1>Reached</h1><p>You reached " + r.Host))
		}
	})
	client := p.stdio()
	defer client.killAndTell(t)
	for batch := range slices.Chunk(arrivals(rows), 40) {
		urls := []string{"http://anchor.example.com/"} // a call fails as a whole where all fail
		for _, one := range batch {
			urls = append(urls, one.url)
		}
		var got scraped
		if err := client.call(t.Context(), "scrape", map[string]any{"urls": urls, "render": "chrome"}, &got, nil); err != nil || len(got.Pages) != len(urls) {
			t.Fatalf("%v, %d pages for %d URLs\n%s", err, len(got.Pages), len(urls), client.stderr)
		}
		for i, one := range batch {
			code := got.Pages[i+1].Code
			if code == string(fault.Timeout) || code == string(fault.Unavailable) { // a machine that others keep busy
				code = string(fault.CodeOf(client.call(t.Context(), "scrape", map[string]any{"url": one.url, "render": "chrome"}, &scraped{}, nil)))
			}
			switch {
			case one.row.Allow && code != "":
				t.Errorf("%q (%s): %s, first %s", one.url, one.row.Trick, code, got.Pages[i+1].Message)
			case !one.row.Allow && code == "" && one.url == one.row.URL: // what a browser makes of odd spellings in a page may be public
				t.Errorf("%q (%s) was read", one.url, one.row.Trick)
			case one.refused && code != string(fault.URLBlocked):
				t.Errorf("%q (%s): got %s %s", one.url, one.row.Trick, code, got.Pages[i+1].Message)
			}
		}
	}
	w.checkSentByChrome(t, "top document")
}

// queryEscape escapes every byte that is no letter or digit.
func queryEscape(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		if c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' {
			b.WriteByte(c)
			continue
		}
		fmt.Fprintf(&b, "%%%02X", c)
	}
	return b.String()
}

// TestInsideChromeProxy: another process on this machine gets nothing out of the
// browser's proxy, while it works.
// Rule B7.
func TestInsideChromeProxy(t *testing.T) {
	w, p := chromeWorld(t, headlessShell, nil)
	client := p.stdio()
	defer client.kill(t)
	var got scraped
	if err := client.call(t.Context(), "scrape", map[string]any{"url": "http://a.example.com/", "render": "chrome"}, &got, nil); err != nil {
		t.Fatalf("%v\n%s", err, client.stderr)
	}
	for _, args := range [][]string{
		{"http://a.example.com/"},
		{"-p", "http://a.example.com/"},
		{"-U", "user:guess", "http://a.example.com/"},
		{"-U", "user:guess", "-p", "http://10.0.0.1/"},
	} {
		out, err := exec.CommandContext(t.Context(), "curl", append([]string{"-s", "-m", "5", "-o", "/dev/null", "-w", "%{http_code} %{http_connect}", "-x", "http://" + chromeProxy}, args...)...).Output()
		if !strings.Contains(string(out), "407") {
			t.Errorf("%v: got %q, %v", args, out, err)
		}
	}
	for to := range w.Sent(t) {
		if to != netip.MustParseAddrPort(chromeProxy) && to.Addr() != netip.MustParseAddr(securitytest.Public) {
			t.Errorf("a packet was sent to %s", to)
		}
	}
}

// TestInsideChromeAuto: an empty shell is read in the browser by scrape and
// crawl, and without a browser as it is.
func TestInsideChromeAuto(t *testing.T) {
	w, p := chromeWorld(t, headlessShell, nil)
	w.Answer(func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" {
			rw.WriteHeader(http.StatusNotFound)
			return
		}
		rw.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = rw.Write([]byte(`<!doctype html><title>App</title><noscript>You need to enable JavaScript to run this app.</noscript><div id="root"></div>
<script>document.getElementById('root').innerHTML = '<main><h1>By script</h1><p>' + 'Words that only a script writes. '.repeat(20) + '</main>'</script>`))
	})
	const written = "only a script writes"
	client := p.stdio()
	defer client.kill(t)
	var got scraped
	if err := client.call(t.Context(), "scrape", map[string]any{"url": "http://app.example.com/"}, &got, nil); err != nil || !strings.Contains(*got.Pages[0].Markdown, written) {
		t.Errorf("scrape: %v %+v\n%s", err, got, client.stderr)
	}
	for _, render := range []string{"auto", "chrome"} {
		crawled := map[string]any{"urls": []string{"http://app.example.com/"}, "render": render, "wait": true, "collection": render, "sitemap": false}
		if err := client.call(t.Context(), "crawl", crawled, &map[string]any{}, nil); err != nil {
			t.Errorf("crawl %s: %v", render, err)
		}
		var stored struct{ Markdown string }
		if err := client.call(t.Context(), "retrieve", map[string]any{"url": "http://app.example.com/", "collection": render}, &stored, nil); err != nil || !strings.Contains(stored.Markdown, written) {
			t.Errorf("crawl %s stored: %v %+v", render, err, stored)
		}
	}
	without := w.program("AXON_CHROME_PATH=/nonexistent/chromium")
	if out := without.run("scrape", "http://app.example.com/"); out.code != 0 || !strings.Contains(out.stdout, "status 200") || strings.Contains(out.stdout, written) {
		t.Errorf("without a browser: %+v", out)
	}
	for _, args := range [][]string{{"scrape", "http://app.example.com/", "--render", "chrome"}, {"screenshot", "http://app.example.com/"}, {"crawl", "http://app.example.com/", "--render", "chrome"}} {
		if out := without.run(args...); out.code != 1 || !strings.Contains(out.stderr, "unavailable") || !strings.Contains(out.stderr, "AXON_CHROME_PATH") {
			t.Errorf("%v without a browser: %+v", args, out)
		}
	}
}

// TestKilledLeavesNoBrowser (B6): a program that is killed takes Chromium with it,
// and the next one removes the folder that stayed.
func TestKilledLeavesNoBrowser(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("chromium"); err != nil {
		missing(t, "chromium is not installed: scripts/setup-test.sh brings it")
	}
	folder, err := os.MkdirTemp("", "axon-test-") // t.TempDir is closed to nobody
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	if err := os.Chmod(folder, 0o777); err != nil { //nolint:gosec // as /tmp is
		t.Fatal(err)
	}
	s := newSite(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte("<!doctype html><title>T</title><p>Words of a page."))
	}))
	p := newProgram(t, s)
	p.env = append(p.env, "TMPDIR="+folder)
	client := p.stdio()
	if err := client.call(t.Context(), "scrape", map[string]any{"url": s.URL, "render": "chrome"}, &scraped{}, nil); err != nil {
		t.Fatalf("%v\n%s", err, client.stderr)
	}
	left, _ := filepath.Glob(filepath.Join(folder, "axon-chrome-*"))
	if len(left) != 1 || usersOf(left[0]) == 0 {
		t.Fatalf("the folders are %v", left)
	}
	_ = client.cmd.Process.Kill()
	_ = client.cmd.Wait()
	for deadline := time.Now().Add(30 * time.Second); usersOf(left[0]) > 0; time.Sleep(20 * time.Millisecond) { // nothing tells of processes that are not ours
		if time.Now().After(deadline) {
			t.Fatalf("%d processes of Chromium live on", usersOf(left[0]))
		}
	}
	if _, err := os.Stat(left[0]); err != nil {
		t.Logf("the folder is gone already: %v", err)
	}
	next := p.stdio()
	defer next.kill(t)
	if err := next.call(t.Context(), "scrape", map[string]any{"url": s.URL, "render": "chrome"}, &scraped{}, nil); err != nil {
		t.Fatalf("%v\n%s", err, next.stderr)
	}
	if _, err := os.Stat(left[0]); !os.IsNotExist(err) {
		t.Errorf("the folder of the killed program is still there: %v", err)
	}
}

// usersOf counts the processes that have a folder in their arguments.
func usersOf(folder string) int {
	n := 0
	lists, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, list := range lists {
		if arguments, err := os.ReadFile(list); err == nil && strings.Contains(string(arguments), "--user-data-dir="+folder) {
			n++
		}
	}
	return n
}
