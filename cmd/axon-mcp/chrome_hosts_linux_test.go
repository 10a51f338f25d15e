package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/axon-mcp/axon-mcp/security"
	"github.com/axon-mcp/axon-mcp/security/securitytest"
)

// accepted makes n URLs that ValidateURL lets pass, with odd hosts, and the
// host that it makes of each. The seed is fixed: a failure can be repeated.
func accepted(n int) (urls, hosts []string) {
	r := rand.New(rand.NewPCG(4, 2))
	letters := []string{
		"a", "b", "z", "A", "Q", "0", "7", "-", "_", "ß", "ä", "Ü", "é", "ñ", "日", "本", "ы", "Ω", "ς", "ａ", "Ｂ", "５", "①", "ﬁ", "İ", "ı", "\u00ad", "\u200d", "ʼ", "e\u0301", "ℂ", "Ⅷ",
	}
	dots := []string{".", ".", ".", ".", "。", "．", "｡"}
	pick := func(list []string) string { return list[r.IntN(len(list))] }
	for len(urls) < n {
		var host strings.Builder
		for range 1 + r.IntN(3) {
			for range 1 + r.IntN(6) {
				host.WriteString(pick(letters))
			}
			host.WriteString(pick(dots))
		}
		host.WriteString(pick([]string{"com", "de", "COM", "org", "xn--p1ai", "ｃｏｍ", "co.uk", "com."}))
		raw := pick([]string{"http://", "HTTP://", "Http://"}) + host.String() + pick([]string{"", ":80", ":8080", ":3000"}) +
			fmt.Sprintf("/n%d", len(urls)) + pick([]string{"", "?q=@10.0.0.1", "#@127.0.0.1", "/../n/%2e%2e//x", "?http://10.0.0.1:80/", ";@[::1]"})
		u, err := security.ValidateURL(raw)
		if err == nil && !strings.Contains(raw, "/../") || err == nil && r.IntN(2) == 0 {
			urls, hosts = append(urls, raw), append(hosts, u.Host)
		}
	}
	return urls, hosts
}

// TestInsideChromeHosts: Chromium reads each URL that we accept as we do: the
// request reaches the host that was judged.
func TestInsideChromeHosts(t *testing.T) {
	securitytest.AddressRanges(t) // or skips
	w, p := chromeWorld(t, headlessShell, nil)
	n, least := 50, 30
	if os.Getenv("AXON_E2E") != "" {
		n, least = 1500, 1000
	}
	urls, hosts := accepted(n)
	var mu sync.Mutex
	got := map[string]string{} // Host by id
	all := make(chan struct{}, n)
	batch := 0
	w.Answer(func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Content-Type", "text/html; charset=utf-8")
		switch {
		case r.URL.Path == "/hold":
			timer := time.NewTimer(10 * time.Second)
			defer timer.Stop()
			for range min(50, n-batch) {
				select {
				case <-all:
				case <-timer.C:
					return
				}
			}
		case r.Host == "attacker.example.com":
			list, _ := json.Marshal(urls[batch:min(batch+50, n)])
			_, _ = fmt.Fprintf(rw, `<!doctype html><body>%s<script>fetch('/hold'); for (const u of %s) fetch(u, { mode: 'no-cors' }).catch(() => {})</script>`, strings.Repeat("<p>words of a page", 20), list)
		default:
			id, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
			mu.Lock()
			_, again := got[id]
			got[id] = r.Host
			mu.Unlock()
			if !again {
				all <- struct{}{}
			}
		}
	})
	client := p.stdio()
	defer client.kill(t)
	for ; batch < n; batch += 50 {
		if err := client.call(t.Context(), "scrape", map[string]any{"url": "http://attacker.example.com/", "render": "chrome"}, &scraped{}, nil); err != nil {
			t.Fatal(err)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	reached := 0
	for i, raw := range urls {
		host, ok := got[fmt.Sprintf("n%d", i)]
		if ok {
			reached++
		}
		if ok && host != hosts[i] {
			t.Errorf("%q: we judged %s, Chromium reached %s", raw, hosts[i], host)
		}
	}
	t.Logf("%d of %d reached", reached, n)
	if reached < least { // some are no hosts for Chromium, which is stricter with punycode
		t.Errorf("only %d of %d were reached", reached, n)
	}
	w.checkSentByChrome(t, "hosts")
}
