package fetch

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/axon-mcp/axon-mcp/fault"
	"github.com/axon-mcp/axon-mcp/security"
	"github.com/axon-mcp/axon-mcp/security/securitytest"
)

// chain is one row of the table of redirects.
type chain struct {
	start string
	hops  []string // "status Location"
	allow bool
	trick string
	dns   string // of the start's host, after its first answer
}

func chains(t *testing.T) []chain {
	t.Helper()
	dir := os.Getenv("AXON_SHARED")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared")
	}
	raw, err := os.ReadFile(filepath.Join(dir, "data", "ssrf_redirects.tsv"))
	if err != nil {
		t.Skipf("the table of redirects is not here: %v", err)
	}
	var list []chain
	for line := range strings.Lines(string(raw)) {
		row := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if strings.HasPrefix(line, "#") || row[0] == "start" {
			continue
		}
		one := chain{start: row[0], allow: row[2] == "expect-allow", trick: row[3], dns: row[4]}
		for hop := range strings.SplitSeq(row[1], " | ") {
			hop, err := strconv.Unquote(`"` + hop + `"`)
			if err != nil {
				t.Fatal(err)
			}
			one.hops = append(one.hops, hop)
		}
		list = append(list, one)
	}
	return list
}

// site answers a chain's hops in order, and then with a page.
type site struct {
	hops  []string
	asked atomic.Int32
	leak  atomic.Bool // validators were seen after the first request
}

func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	n := int(s.asked.Add(1))
	if n > 1 && r.Header.Get("If-None-Match") != "" {
		s.leak.Store(true)
	}
	w.Header().Set("Connection", "close") // each hop dials, and so resolves, again
	if n > len(s.hops) {
		_, _ = io.WriteString(w, "<p>end")
		return
	}
	code, location, _ := strings.Cut(s.hops[n-1], " ")
	status, _ := strconv.Atoi(code)
	if refresh, ok := strings.CutPrefix(location, "refresh:"); ok {
		w.Header().Set("Refresh", refresh)
	} else {
		w.Header().Set("Location", location)
	}
	w.WriteHeader(status)
}

// Every chain against real servers at the ports of the rows, on an address of
// loopback that the guard is told to allow. What else listens on loopback must
// not be reached.
func TestEveryChain(t *testing.T) {
	t.Parallel()
	trap, err := net.Listen("tcp", "127.0.0.1:80") // where many rows lead
	if err == nil {
		done := make(chan struct{})
		go func() {
			defer close(done)
			for {
				conn, err := trap.Accept()
				if err != nil {
					return
				}
				t.Errorf("%s came to a blocked address", conn.RemoteAddr())
				conn.Close()
			}
		}()
		t.Cleanup(func() {
			trap.Close()
			<-done
		})
	}
	for _, one := range chains(t) {
		t.Run(one.trick, func(t *testing.T) {
			t.Parallel()
			s := &site{hops: one.hops}
			address := fmt.Sprintf("127.%d.%d.%d", 1+rand.N(250), rand.N(250), 1+rand.N(250))
			plain := start(t, s, address+":80", false)
			secure := start(t, s, address+":443", true)
			names := map[string]string{"example.com": address, "example.org": address}
			if one.dns != "" {
				_, later, _ := strings.Cut(one.dns, ">")
				names["example.com"] = address + ">" + later
			}
			c := newClient(t, security.Config{
				AllowHosts: []string{plain.Listener.Addr().String(), secure.Listener.Addr().String()}, DNSServer: securitytest.NewDNS(t, names).Addr,
			}, Config{})
			c.transport.(*http.Transport).TLSClientConfig.InsecureSkipVerify = true // the name is not the test server's
			res, err := c.Fetch(t.Context(), Request{URL: one.start, ETag: `"secret"`, Delay: -1})
			if refresh := strings.HasPrefix(one.hops[0], "200"); refresh {
				// Over HTTP a Refresh header is not followed; nobody must be asked.
				if err != nil || s.asked.Load() != 1 {
					t.Errorf("asked %d times: %v", s.asked.Load(), err)
				}
				return
			}
			if one.allow != (err == nil) || !one.allow && fault.CodeOf(err) != fault.URLBlocked {
				t.Fatalf("got %+v %v, want allowed=%v", res, err, one.allow)
			}
			if strings.Contains(one.trick, "cross-host") && s.leak.Load() {
				t.Error("validators crossed origins")
			}
		})
	}
}

// start serves s at address, or skips where that needs more rights.
func start(t *testing.T, s http.Handler, address string, secure bool) *httptest.Server {
	t.Helper()
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Skipf("the rows are for ports 80 and 443: %v", err)
	}
	server := &httptest.Server{Listener: l, Config: &http.Server{Handler: s}}
	if secure {
		server.StartTLS()
	} else {
		server.Start()
	}
	t.Cleanup(server.Close)
	return server
}

func TestMovedAndNoRedirect(t *testing.T) {
	t.Parallel()
	c, addr := serve(t, Config{}, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/for-good":
			http.Redirect(w, r, "/there", http.StatusMovedPermanently)
		case "/for-now":
			http.Redirect(w, r, "/for-good", http.StatusFound)
		default:
			_, _ = io.WriteString(w, "<p>there")
		}
	})
	for path, moved := range map[string]bool{"/for-good": true, "/for-now": false, "/there": false} {
		res, err := c.Fetch(t.Context(), Request{URL: addr + path})
		if err != nil || res.Moved != moved || res.FinalURL != addr+"/there" || res.URL != addr+path {
			t.Errorf("%s: %+v %v", path, res, err)
		}
	}
	res, err := c.Fetch(t.Context(), Request{URL: addr + "/for-good", NoRedirect: true})
	if err != nil || res.Status != http.StatusMovedPermanently || res.Header.Get("Location") != "/there" {
		t.Errorf("NoRedirect: %+v %v", res, err)
	}
}

func TestEndlessRedirects(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	c, addr := serve(t, Config{}, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, fmt.Sprintf("/%d", asked.Add(1)), http.StatusFound)
	})
	if _, err := c.Fetch(t.Context(), Request{URL: addr}); fault.CodeOf(err) != fault.Unavailable {
		t.Errorf("got %v", err)
	}
	if n := asked.Load(); n != security.MaxRedirects+1 {
		t.Errorf("asked %d times", n)
	}
}
