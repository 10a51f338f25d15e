package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"net/netip"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/axon-mcp/axon-mcp/fault"
	"github.com/axon-mcp/axon-mcp/security/securitytest"
)

// everything tells that the whole tables go through every door: in make test. In
// make check a part of them takes the slow ones.
func everything() bool { return os.Getenv("AXON_E2E") != "" }

// checkSent fails for each packet to an address that must not be reached, or to
// a port of a service.
func (w *world) checkSent(what string) {
	w.t.Helper()
	table := securitytest.AddressRanges(w.t)
	for to, n := range w.Sent(w.t) {
		if table.Hold(to.Addr()) || to.Port() == 22 || to.Port() == 5432 || to.Port() == 6379 {
			w.t.Errorf("%s: %d packets were sent to %s", what, n, to)
		}
	}
}

// scraped is what scrape says.
type scraped struct {
	Pages []struct {
		URL      string  `json:"url"`
		Status   int     `json:"status"`
		FinalURL string  `json:"final_url"`
		Markdown *string `json:"markdown"`
		Code     string  `json:"code"`
		Message  string  `json:"message"`
	} `json:"pages"`
}

// verdicts gives urls to scrape in batches and returns what became of each: ""
// or a code and a message.
func verdicts(t *testing.T, urls []string, call func(urls []string) scraped) []string {
	t.Helper()
	var all []string
	for len(urls) > 0 {
		batch := urls[:min(len(urls), 49)]
		urls = urls[len(batch):]
		got := call(append([]string{"http://anchor.example.com/"}, batch...)) // a call fails as a whole where all fail
		if len(got.Pages) != len(batch)+1 || got.Pages[0].Status != 200 {
			t.Fatalf("%d pages for %d URLs, the first %+v", len(got.Pages), len(batch)+1, got.Pages[0])
		}
		for _, page := range got.Pages[1:] {
			verdict := ""
			if page.Code != "" {
				verdict = page.Code + ": " + page.Message
			}
			all = append(all, verdict)
		}
	}
	return all
}

// doors are the ways to scrape many URLs.
func (p *program) doors(client *server) map[string]func(urls []string) scraped {
	return map[string]func(urls []string) scraped{
		"cli": func(urls []string) (got scraped) {
			p.t.Helper()
			p.json(&got, append([]string{"scrape", "--render", "http"}, urls...)...)
			return got
		},
		"mcp": func(urls []string) (got scraped) {
			p.t.Helper()
			if err := client.call(p.t.Context(), "scrape", map[string]any{"urls": urls}, &got, nil); err != nil {
				p.t.Fatalf("%v\n%s", err, client.stderr)
			}
			return got
		},
	}
}

const refused = "url_blocked: the address is not public"

// TestInsideURLs: every row of the table through both doors. What must be
// blocked reads the same whatever the reason, and no packet is sent there; what
// must pass is reached.
func TestInsideURLs(t *testing.T) {
	rows, names := securitytest.URLs(t)
	for _, door := range []string{"cli", "mcp"} {
		t.Run(door, func(t *testing.T) { checkURLs(t, door, rows, names) }) // names that change their address begin anew
	}
}

func checkURLs(t *testing.T, door string, rows []securitytest.Hostile, names map[string]string) {
	w := newWorld(t, names)
	p := w.program()
	client := p.stdio()
	defer client.kill(t)
	var tried []securitytest.Hostile
	var urls []string
	for _, row := range rows {
		if door == "cli" && strings.ContainsRune(row.URL, 0) {
			continue // no argument of a process holds a NUL
		}
		tried, urls = append(tried, row), append(urls, row.URL)
	}
	scrape := p.doors(client)[door]
	for i, verdict := range verdicts(t, urls, scrape) {
		row := tried[i]
		for again := 0; row.Flips && verdict == "" && again < 3; again++ {
			verdict = verdicts(t, []string{row.URL}, scrape)[0] // the first answers were public
		}
		if row.Allow != (verdict == "") || verdict != "" && verdict != refused && row.Trick != "dns empty answer" {
			t.Errorf("%q (%s): got %q, want allowed=%v", row.URL, row.Trick, verdict, row.Allow)
		}
	}
	w.checkSent(door)
}

// TestInsideSameAnswer: the caller cannot tell a target that listens from one
// that does not, nor one reason from another; the operator's log can.
// Rule C14.
func TestInsideSameAnswer(t *testing.T) {
	securitytest.Rows(t, "ssrf_urls.tsv") // or skips
	w := newWorld(t, map[string]string{"listens.example.net": "127.0.0.1", "silent.example.net": "127.0.0.1", "meta.example.net": "169.254.169.254"})
	p := w.program()
	client := p.stdio()
	defer client.kill(t)
	why := map[string]string{ // what the log says
		"http://127.0.0.1:8080/":          "special range",
		"http://127.0.0.1:8099/":          "special range",
		"http://169.254.169.254/":         "metadata service",
		"http://listens.example.net:8080": "special range",
		"http://silent.example.net:8099":  "special range",
		"http://meta.example.net/":        "metadata service",
		"http://localhost/":               "reserved or local name",
		"http://example.com:22/":          "port",
		"http://2130706433/":              "numeric host",
		"http://a@example.com/":           "userinfo",
		"ftp://example.com/":              "scheme",
	}
	took := map[string]time.Duration{}
	for url := range why {
		var times []time.Duration
		tries := 1
		if strings.Contains(url, ":80") {
			tries = 5
		}
		for range tries {
			var got map[string]any
			begin := time.Now()
			err := client.call(t.Context(), "scrape", map[string]any{"url": url}, &got, nil)
			times = append(times, time.Since(begin))
			if fault.CodeOf(err) != fault.URLBlocked || fault.MessageOf(err) != "scrape: the address is not public" {
				t.Fatalf("%s: got %v", url, err)
			}
		}
		slices.Sort(times)
		took[url] = times[len(times)/2]
	}
	for listens, silent := range map[string]string{"http://127.0.0.1:8080/": "http://127.0.0.1:8099/", "http://listens.example.net:8080": "http://silent.example.net:8099"} {
		if apart := (took[listens] - took[silent]).Abs(); apart > 20*time.Millisecond {
			t.Errorf("%s takes %s, %s %s", listens, took[listens], silent, took[silent])
		}
	}
	w.checkSent("refusals")
	client.stdin.Close()
	client.wait(t, 5*time.Second)
	log := client.stderr.String()
	for url, reason := range why {
		_, host, _ := strings.Cut(url, "://")
		host = strings.TrimPrefix(strings.TrimSuffix(host, "/"), "a@")
		if !regexp.MustCompile(`msg=blocked what="?[^ ]*` + regexp.QuoteMeta(host) + `.*why="?` + regexp.QuoteMeta(reason)).MatchString(log) {
			t.Errorf("%s: the log does not say %q", url, reason)
		}
	}
	if t.Failed() {
		t.Log(log)
	}
}

// TestInsideUpstreamProxy: with AXON_HTTP_PROXY every row is judged here, and
// the proxy is asked for judged addresses only, never for a name.
func TestInsideUpstreamProxy(t *testing.T) {
	rows, names := securitytest.URLs(t)
	w := newWorld(t, names)
	var mu sync.Mutex
	asked := map[string]bool{}
	w.Answer(func(rw http.ResponseWriter, r *http.Request) {
		mu.Lock()
		asked[r.RequestURI] = r.Method == http.MethodConnect
		mu.Unlock()
		conn, _, err := http.NewResponseController(rw).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		_, _ = conn.Write([]byte("HTTP/1.1 200 OK\r\n\r\n"))
		if inner, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
			_, _ = fmt.Fprintf(conn, "HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n\r\n<p>%s through the proxy", inner.Host)
		}
	})
	p := w.program("AXON_HTTP_PROXY=http://user:s3cret@20.0.0.1:8080")
	client := p.stdio()
	defer client.kill(t)
	var urls []string
	for _, row := range rows {
		if !strings.HasPrefix(row.URL, "https://") {
			urls = append(urls, row.URL)
		}
	}
	verdicts(t, urls, p.doors(client)["mcp"])
	table := securitytest.AddressRanges(t)
	for target, connect := range asked {
		to, err := netip.ParseAddrPort(target)
		if err != nil || !connect || table.Hold(to.Addr()) {
			t.Errorf("the proxy was asked for %s: %v", target, err)
		}
	}
	if len(asked) < 15 {
		t.Errorf("only %d targets went through the proxy", len(asked))
	}
	w.checkSent("proxy")
}

// TestInsideOneProcessEach: rows by themselves, as a person types them: exit
// code, JSON on stdout, nothing that tells of the target.
func TestInsideOneProcessEach(t *testing.T) {
	rows, names := securitytest.URLs(t)
	w := newWorld(t, names)
	p := w.program()
	for i, row := range rows {
		if i%4 != 0 && !everything() { // the other doors take all of them in any case
			continue
		}
		if row.Flips || row.Trick == "dns empty answer" || strings.ContainsRune(row.URL, 0) {
			continue
		}
		got := p.run("scrape", "--json", "--", row.URL)
		if row.Allow {
			if got.code != 0 || !strings.Contains(got.stdout, "You reached") {
				t.Errorf("%q: exit %d\n%s%s", row.URL, got.code, got.stdout, got.stderr)
			}
			continue
		}
		var failed failure
		if err := json.Unmarshal([]byte(got.stdout), &failed); err != nil || got.code != 1 || failed.Code != fault.URLBlocked || failed.Message != "the address is not public" {
			t.Errorf("%q: exit %d, %v\n%s%s", row.URL, got.code, err, got.stdout, got.stderr)
		}
	}
	w.checkSent("cli, one by one")
}

// TestInsideRanges: the first, the middle and the last address of each range,
// as a literal and behind a name.
func TestInsideRanges(t *testing.T) {
	table := securitytest.AddressRanges(t)
	names := map[string]string{}
	var urls []string
	want := map[string]bool{} // by URL: reached
	add := func(a netip.Addr, reached bool) {
		name := fmt.Sprintf("a%d.example.net", len(names))
		names[name] = a.String()
		literal := "http://" + netip.AddrPortFrom(a, 80).String() + "/"
		for _, url := range []string{literal, "http://" + name + "/"} {
			urls = append(urls, url)
			want[url] = reached
		}
	}
	for _, p := range table.Blocked {
		first, middle, last := securitytest.Spread(p)
		add(first, false)
		if p.Bits() < p.Addr().BitLen() {
			add(middle, false)
			add(last, false)
		}
	}
	for _, a := range table.Reached {
		add(a, true)
	}
	w := newWorld(t, names)
	p := w.program()
	client := p.stdio()
	defer client.kill(t)
	for i, verdict := range verdicts(t, urls, p.doors(client)["mcp"]) {
		if want[urls[i]] != (verdict == "") || verdict != "" && verdict != refused {
			t.Errorf("%s (%s): got %q, want reached=%v", urls[i], names[strings.Trim(strings.TrimPrefix(urls[i], "http://"), "/")], verdict, want[urls[i]])
		}
	}
	w.checkSent("ranges")
}

// TestInsideRedirects: each chain through scrape at the command line, scrape
// over MCP and a crawl.
// Rule C6.
func TestInsideRedirects(t *testing.T) {
	for _, row := range securitytest.Redirects(t) {
		for _, door := range []string{"cli", "mcp", "crawl"} {
			if door == "cli" && !everything() {
				continue
			}
			t.Run(row.Trick+" "+door, func(t *testing.T) { checkChain(t, row, door) })
		}
	}
}

func checkChain(t *testing.T, row securitytest.Chain, door string) {
	names := map[string]string{}
	if name, answers, ok := strings.Cut(row.DNS, "="); ok {
		names[name] = answers
	}
	w := newWorld(t, names)
	asked := 0
	reached := w.Handler()
	w.Answer(func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/robots.txt" || strings.HasSuffix(r.URL.Path, "sitemap.xml") || strings.HasSuffix(r.URL.Path, "llms.txt") || strings.HasPrefix(r.Host, "anchor.") {
			reached(rw, r)
			return
		}
		if asked > 0 && (r.Header.Get("Authorization") != "" || r.Header.Get("Cookie") != "") {
			t.Error("credentials crossed origins")
		}
		asked++
		rw.Header().Set("Connection", "close")
		if asked > len(row.Hops) {
			reached(rw, r)
			return
		}
		code, location, _ := strings.Cut(row.Hops[asked-1], " ")
		status, _ := strconv.Atoi(code)
		rw.Header()["Location"] = []string{location}
		if refresh, ok := strings.CutPrefix(location, "refresh:"); ok {
			rw.Header().Del("Location")
			rw.Header().Set("Refresh", refresh)
			fmt.Fprintf(rw, `<!DOCTYPE html><meta http-equiv=refresh content="%s"><p>Here`, html.EscapeString(refresh))
			return
		}
		rw.WriteHeader(status)
	})
	p := w.program()
	if door == "crawl" {
		var got crawlResult
		args := []string{"crawl", row.Start, "--json", "--delay-ms", "1", "--no-sitemap", "--no-robots"}
		if out := p.run(args...); out.code == 0 {
			_ = json.Unmarshal([]byte(out.stdout), &got)
		} else if !strings.Contains(out.stdout, "code") {
			t.Errorf("exit %d: %s%s", out.code, out.stdout, out.stderr)
		}
		w.checkSent(row.Trick)
		return
	}
	client := p.stdio()
	defer client.kill(t)
	verdict := verdicts(t, []string{row.Start}, p.doors(client)[door])[0]
	if row.Allow != (verdict == "") || verdict != "" && verdict != refused {
		t.Errorf("got %q, want allowed=%v", verdict, row.Allow)
	}
	w.checkSent(row.Trick)
}

// TestInsideCrawl: every row as a link, a base, a refresh, a canonical, a
// redirect, an entry of robots.txt, of a sitemap and of llms.txt.
// Rules C10, N9.
func TestInsideCrawl(t *testing.T) {
	all, names := securitytest.URLs(t)
	var rows []securitytest.Hostile
	for i, row := range all {
		if i%3 == 0 || everything() {
			rows = append(rows, row)
		}
	}
	w := newWorld(t, names)
	const hosts = 5
	chunk := (len(rows) + hosts - 1) / hosts
	reached := w.Handler()
	number := regexp.MustCompile(`\d+`)
	w.Answer(func(rw http.ResponseWriter, r *http.Request) {
		n, _ := strconv.Atoi(number.FindString(r.URL.Path))
		n = min(n, len(rows)-1)
		host, _ := strconv.Atoi(strings.TrimPrefix(strings.TrimSuffix(r.Host, ".example.com"), "s"))
		mine := rows[min(host*chunk, len(rows)):min((host+1)*chunk, len(rows))]
		escaped := html.EscapeString(rows[n].URL)
		switch {
		case !strings.HasPrefix(r.Host, "s"):
			reached(rw, r)
		case r.URL.Path == "/robots.txt":
			for _, row := range mine {
				fmt.Fprintf(rw, "Sitemap: %s\n", strings.NewReplacer("\n", "", "\r", "").Replace(row.URL))
			}
			fmt.Fprintf(rw, "Sitemap: http://%s/sitemap.xml\n", r.Host)
		case r.URL.Path == "/sitemap.xml":
			fmt.Fprint(rw, `<?xml version="1.0"?><urlset>`)
			for _, row := range mine {
				fmt.Fprintf(rw, "<url><loc>%s</loc></url>", html.EscapeString(row.URL))
			}
			fmt.Fprint(rw, "</urlset>")
		case r.URL.Path == "/llms.txt":
			for _, row := range mine {
				fmt.Fprintf(rw, "- [a](<%s>)\n", row.URL)
			}
		case strings.HasPrefix(r.URL.Path, "/redirect"):
			rw.Header()["Location"] = []string{rows[n].URL}
			rw.WriteHeader(http.StatusFound)
		case strings.HasPrefix(r.URL.Path, "/base"):
			fmt.Fprintf(rw, `<!DOCTYPE html><head><base href="%s"></head><body><main><h1>Base %d</h1><p>Words of page %d. <a href="next">next</a> <a href="/top">top</a>`, escaped, n, n)
		case strings.HasPrefix(r.URL.Path, "/refresh"):
			fmt.Fprintf(rw, `<!DOCTYPE html><head><meta http-equiv="refresh" content="0;url=%s"></head><body><main><h1>Refresh %d</h1><p>Words of page %d.`, escaped, n, n)
		case strings.HasPrefix(r.URL.Path, "/canonical"):
			fmt.Fprintf(rw, `<!DOCTYPE html><head><link rel="canonical" href="%s"></head><body><main><h1>Canonical %d</h1><p>Words of page %d.`, escaped, n, n)
		default:
			fmt.Fprint(rw, "<!DOCTYPE html><body><main><h1>Start</h1>")
			for i, row := range mine {
				fmt.Fprintf(rw, "<p><a href=\"%s\">one</a>\n", html.EscapeString(row.URL))
				for _, kind := range []string{"redirect", "base", "refresh", "canonical"} {
					fmt.Fprintf(rw, "<a href=\"/%s%d\">%s</a>\n", kind, host*chunk+i, kind)
				}
			}
		}
	})
	p := w.program()
	args := []string{"crawl", "--subdomains", "--delay-ms", "1", "--max-pages", "5000", "--concurrency", "32"}
	for i := range hosts {
		args = append(args, fmt.Sprintf("http://s%d.example.com/", i))
	}
	args = append(args, "http://example.com/") // what is below it is in scope
	var got crawlResult
	p.json(&got, args...)
	if got.Status != "completed" || got.Fetched < 3*len(rows) || got.Skipped["url_blocked"] < len(rows)/3 {
		t.Errorf("the crawl did not do what is tested: %+v", got)
	}
	w.checkSent("crawl")
	var listed map[string]any
	p.json(&listed, "map", "http://s0.example.com/", "--limit", "2000", "--sitemap", "only")
	w.checkSent("map")
}

// TestInsideStarts: what must be blocked is so as the start of a crawl, the site
// of a map and the page of an embed, too.
func TestInsideStarts(t *testing.T) {
	rows, names := securitytest.URLs(t)
	w := newWorld(t, names)
	p := w.program()
	client := p.stdio()
	defer client.kill(t)
	for i, row := range rows {
		if row.Allow || row.Flips || row.Trick == "dns empty answer" || strings.HasPrefix(row.Trick, "dns") && i%5 != 0 && !everything() {
			continue
		}
		for tool, args := range map[string]map[string]any{
			"crawl": {"urls": []string{row.URL}, "wait": true}, "map": {"url": row.URL}, "embed": {"url": row.URL, "wait": true},
		} {
			var got map[string]any
			err := client.call(t.Context(), tool, args, &got, nil)
			if fault.CodeOf(err) != fault.URLBlocked || !strings.Contains(fault.MessageOf(err), "the address is not public") {
				t.Errorf("%s %q (%s): got %v %v", tool, row.URL, row.Trick, got, err)
			}
		}
	}
	w.checkSent("starts")
}
