package fetch

import (
	"context"
	"fmt"
	"html"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"

	"github.com/axon-mcp/axon-mcp/fault"
	"github.com/axon-mcp/axon-mcp/security"
	"github.com/axon-mcp/axon-mcp/security/securitytest"
)

// TestGuardedBrowser runs the TestInside tests in a network of their own.
func TestGuardedBrowser(t *testing.T) {
	needChrome(t)
	securitytest.Inside(t, func(t testing.TB, why string) {
		t.Helper()
		if os.Getenv("CI") == "true" {
			t.Fatal(why)
		}
		t.Skip(why)
	})
}

// insideProxy is where the proxy listens in these tests: the one address that
// Chromium may talk to.
const insideProxy = "127.0.0.1:9280"

// insideBrowser is a browser in a network in which everything answers.
func insideBrowser(t *testing.T, names map[string]string) (*securitytest.World, *Browser) {
	t.Helper()
	w := securitytest.NewWorld(t, names)
	needChrome(t)
	path, _ := findChrome(os.Getenv("AXON_CHROME_PATH"))
	log := slog.New(slog.DiscardHandler)
	guard, err := security.NewGuard(security.Config{DNSServer: w.DNS.Addr}, log)
	if err != nil {
		t.Fatal(err)
	}
	client := New(guard, Config{}, log)
	b := NewBrowser(client, ChromeConfig{Path: w.CA.TrustingChrome(t, path), ProxyListen: insideProxy}, log)
	t.Cleanup(func() { b.Close(); client.Close() })
	return w, b
}

// checkSent fails for each packet to an address that must not be reached, or to
// a port of a service.
func checkSent(t *testing.T, w *securitytest.World, table securitytest.Ranges, what string) {
	t.Helper()
	for to, n := range w.Sent(t) {
		if to.String() != insideProxy && (table.Hold(to.Addr()) || slices.Contains([]uint16{22, 5432, 6379}, to.Port())) {
			t.Errorf("%s: %d packets were sent to %s", what, n, to)
		}
	}
}

// goTo sends the tab to an address as its top document and returns why it did
// not get there, or nil. Nothing of ours looks at the address before Chromium
// does: ValidateURL is left out, and what the tab knows of where it is is
// forgotten, so that Chromium's flags and the proxy are all there is.
func (t *tab) goTo(address string) error {
	ctx, cancel := context.WithTimeout(t.ctx, 10*time.Second)
	defer cancel()
	went, err := cdp.Call(ctx, t.target, page.Navigate, page.NavigateParams{URL: address})
	t.mu.Lock()
	defer t.mu.Unlock()
	stopped := t.final
	t.final, t.main, t.via = nil, nil, []*url.URL{t.job.url}
	switch {
	case err != nil:
		return err
	case went.ErrorText != "":
		return fmt.Errorf("the browser says %s", went.ErrorText)
	case went.IsDownload:
		return fmt.Errorf("it would be a download")
	}
	return stopped
}

// destination is where a top document is sent to.
type destination struct {
	url   string
	allow bool
	why   string
}

// destinations are all rows of the tables, and what else a browser can be sent
// to.
func destinations(t *testing.T) ([]destination, map[string]string) {
	t.Helper()
	var list []destination
	rows, names := securitytest.URLs(t)
	for _, row := range rows {
		internal := strings.HasPrefix(row.URL, "chrome") || strings.HasPrefix(row.URL, "devtools:") // DevTools may go there, and crashes; no page may
		if !row.Flips && !internal && !strings.HasPrefix(row.Trick, "dns empty") {
			list = append(list, destination{strings.ToValidUTF8(row.URL, "\uFFFD"), row.Allow, row.Trick})
		}
	}
	table := securitytest.AddressRanges(t)
	blocked, more := table.BlockedTargets()
	maps.Copy(names, more)
	for _, u := range blocked {
		list = append(list, destination{url: u, why: "a range"}, destination{url: strings.Replace(u, "http:", "https:", 1), why: "a range"})
	}
	for i, a := range table.Reached {
		name := fmt.Sprintf("p%d.example.net", i)
		names[name] = a.String()
		list = append(list, destination{"http://" + name + "/", true, "next to a range"})
	}
	for _, chain := range securitytest.Redirects(t) {
		for _, hop := range chain.Hops {
			_, to, _ := strings.Cut(hop, " ")
			if !chain.Allow && !strings.HasPrefix(to, "http://example.") && to != "" {
				list = append(list, destination{url: strings.TrimPrefix(to, "refresh:0;url="), why: chain.Trick})
			}
		}
	}
	for _, u := range []string{
		"file:///etc/passwd", "file:///proc/self/environ", "file://127.0.0.1/etc/passwd", "view-source:http://127.0.0.1/", "view-source:file:///etc/passwd",
		"view-source:http://10.0.0.1/", "ftp://127.0.0.1/", "ws://127.0.0.1/", "filesystem:http://127.0.0.1/temporary/x", "blob:http://127.0.0.1/x",
		"javascript:fetch('http://127.0.0.1/')", "data:text/html,<img src=http://127.0.0.1/>", "http:127.0.0.1", "http:///127.0.0.1", `http:\\127.0.0.1\`,
	} {
		list = append(list, destination{url: u, why: "scheme"})
	}
	if os.Getenv("AXON_E2E") == "" { // make check takes a part
		rest := list
		list = nil
		for i, one := range rest {
			if i%8 == 0 {
				list = append(list, one)
			}
		}
	}
	return list, names
}

// TestInsideBrowserTop (B1 to B5): Chromium is sent to every row of the tables as
// its top document, with no judgement of ours before it. No packet leaves for
// what must be blocked, each is asked of the proxy or refused by Chromium
// itself, and what may be reached is, over https too.
func TestInsideBrowserTop(t *testing.T) {
	list, names := destinations(t)
	w, b := insideBrowser(t, names)
	var mu sync.Mutex
	reached := map[string]bool{} // by Host
	w.Answer(func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/favicon.ico" { // asked for at leisure
			mu.Lock()
			reached[r.Host] = true
			mu.Unlock()
		}
		rw.Header().Set("Connection", "close")
		rw.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = rw.Write([]byte("<!doctype html><title>Reached</title><p>You reached it"))
	})
	c, err := b.enter(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer b.leave()
	table := securitytest.AddressRanges(t)
	asked, odd, arrived := 0, 0, 0
	for chunk := range slices.Chunk(list, 250) { // a session remembers so many refusals
		opened, err := c.open(c.proxy.Open())
		if err != nil {
			t.Fatal(err)
		}
		_, err = opened.inside(t.Context(), job{url: &url.URL{Scheme: "about", Opaque: "blank"}}, 5*time.Minute, func(at *tab) (outcome, error) {
			for _, to := range chunk {
				mu.Lock()
				clear(reached)
				mu.Unlock()
				refused := at.goTo(to.url)
				if os.Getenv("AXON_TEST_LOG") != "" {
					t.Logf("%q: %v", to.url, refused)
				}
				mu.Lock()
				hosts := slices.Collect(maps.Keys(reached))
				mu.Unlock()
				judged, _ := b.client.guard.ValidateURL(to.url)
				switch {
				case at.isCrashed():
					return outcome{}, fmt.Errorf("%q (%s) crashed the tab", to.url, to.why)
				case to.allow && (refused != nil || !slices.Contains(hosts, judged.Host)):
					t.Errorf("%q (%s) was not reached: %v, %v", to.url, to.why, refused, hosts)
				case to.allow:
					arrived++
				case refused == nil && len(hosts) == 0 && !strings.HasPrefix(to.url, "data:") && !strings.HasPrefix(to.url, "about:") && !strings.HasPrefix(to.url, "javascript:"):
					t.Errorf("%q (%s) was not refused", to.url, to.why)
				case refused == nil && len(hosts) > 0: // the text is refused by us, and is a public address for Chromium
					odd++
				}
			}
			for _, to := range chunk {
				if u, err := url.Parse(to.url); err == nil && at.session.Failure(u.Host) != nil {
					asked++
				}
			}
			return outcome{}, nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	checkSent(t, w, table, "top document")
	t.Logf("%d destinations: %d hosts were refused by the proxy, %d public ones reached, %d that only their spelling makes us refuse were reached", len(list), asked, arrived, odd)
	allowed := 0
	for _, to := range list {
		if to.allow {
			allowed++
		}
	}
	if asked < len(list)/3 || arrived != allowed || allowed < len(list)/20 {
		t.Errorf("only %d were refused by the proxy, %d of %d reached", asked, arrived, allowed)
	}
}

// TestInsideBrowserChains: each chain of redirects, by Location, by meta refresh
// and by script, through Browser.Fetch as it is.
func TestInsideBrowserChains(t *testing.T) {
	chains := securitytest.Redirects(t)
	names := map[string]string{}
	for i, chain := range chains {
		if name, answers, ok := strings.Cut(chain.DNS, "="); ok {
			names[strings.Replace(name, "example.com", fmt.Sprintf("c%d.example.com", i), 1)] = answers
		}
	}
	w, b := insideBrowser(t, names)
	table := securitytest.AddressRanges(t)
	ways := []string{"location"}
	if os.Getenv("AXON_E2E") != "" {
		ways = append(ways, "refresh", "script")
	}
	for _, way := range ways {
		var mu sync.Mutex
		asked := map[int]int{}
		w.Answer(func(rw http.ResponseWriter, r *http.Request) {
			rw.Header().Set("Connection", "close") // each request resolves again
			rw.Header().Set("Content-Type", "text/html; charset=utf-8")
			i, err := strconv.Atoi(strings.Trim(strings.SplitN(r.Host, ".", 2)[0], "cd"))
			mu.Lock()
			defer mu.Unlock()
			if err != nil || r.URL.Path == "/favicon.ico" || asked[i] >= len(chains[i].Hops) {
				_, _ = fmt.Fprint(rw, "<!doctype html><title>Reached</title><p>You reached it")
				return
			}
			code, to, _ := strings.Cut(chains[i].Hops[asked[i]], " ")
			asked[i]++
			to = strings.NewReplacer("/example.com/", fmt.Sprintf("/c%d.example.com/", i), "/example.org/", fmt.Sprintf("/d%d.example.com/", i)).Replace(to)
			leadOn(rw, way, code, to)
		})
		for i, chain := range chains {
			if i%3 != 0 && (way != "location" || len(ways) == 1) {
				continue // each is a page, which takes its time
			}
			start := strings.Replace(chain.Start, "example.com", fmt.Sprintf("c%d.example.com", i), 1)
			r, err := b.Fetch(t.Context(), Request{URL: start})
			switch {
			case chain.Allow && err != nil:
				t.Errorf("%s, %s: %v", way, chain.Trick, err)
			case !chain.Allow && way == "location" && fault.CodeOf(err) != fault.URLBlocked:
				t.Errorf("%s, %s: got %v %v", way, chain.Trick, r, err)
			}
		}
		checkSent(t, w, table, way)
	}
}

// leadOn answers with one hop.
func leadOn(rw http.ResponseWriter, way, code, to string) {
	refresh, isRefresh := strings.CutPrefix(to, "refresh:")
	switch {
	case isRefresh:
		rw.Header().Set("Refresh", refresh)
		_, _ = fmt.Fprint(rw, "<!doctype html><title>Wait</title><p>Wait")
	case way == "refresh":
		_, _ = fmt.Fprintf(rw, `<!doctype html><meta http-equiv=refresh content="0;url=%s"><p>Wait`, html.EscapeString(to))
	case way == "script":
		_, _ = fmt.Fprintf(rw, `<!doctype html><p>Wait<script>location.replace(%s)</script>`, strconv.QuoteToASCII(to))
	default:
		status, _ := strconv.Atoi(code)
		rw.Header()["Location"] = []string{to}
		rw.WriteHeader(status)
	}
}
