package security

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/miekg/dns"

	"github.com/axon-mcp/axon-mcp/fault"
	"github.com/axon-mcp/axon-mcp/secret"
	"github.com/axon-mcp/axon-mcp/security/securitytest"
)

// recorder stands for the last step, connect(2), which cannot reach public
// addresses from a test: it asks the control hook as the dialer does.
type recorder struct {
	guard *Guard
	mu    sync.Mutex
	to    []netip.AddrPort
}

func record(g *Guard) *recorder {
	r := &recorder{guard: g}
	g.dial = r.dial
	return r
}

func (r *recorder) dial(ctx context.Context, _, address string) (net.Conn, error) {
	ap := netip.MustParseAddrPort(address)
	network := "tcp4"
	if ap.Addr().Is6() {
		network = "tcp6"
	}
	if err := r.guard.control(ctx, network, address, nil); err != nil {
		return nil, err
	}
	r.mu.Lock()
	r.to = append(r.to, ap)
	r.mu.Unlock()
	near, far := net.Pipe()
	far.Close()
	return near, nil
}

// Every row that DNS decides, through the resolver of package net and a stub
// that flips, mixes and aliases. A row is dialled five times, which is beyond
// its last flip.
// Rules C1, C2.
func TestEveryName(t *testing.T) {
	t.Parallel()
	names := map[string]string{}
	var list [][]string
	for _, row := range rows(t, "ssrf_urls.tsv") {
		if row[3] == "dns" {
			u, err := ValidateURL(literal(t, row[0]))
			if err != nil {
				t.Fatalf("%s is not refused by its text: %v", row[0], err)
			}
			names[u.Hostname()] = row[4]
			list = append(list, append(row, u.Host))
		}
	}
	server := securitytest.NewDNS(t, names)
	for _, row := range list {
		t.Run(row[2], func(t *testing.T) {
			t.Parallel()
			g := newGuard(t, Config{DNSServer: server.Addr})
			dialled := record(g)
			refused := 0
			for range 5 {
				conn, err := g.DialContext(t.Context(), "tcp", net.JoinHostPort(row[5], "443"))
				switch fault.CodeOf(err) {
				case "":
					conn.Close()
				case fault.URLBlocked:
					refused++
				default:
					t.Fatalf("got %v", err)
				}
			}
			if want := row[1] == "expect-block"; want != (refused > 0) {
				t.Errorf("refused %d times, want refused=%v", refused, want)
			}
			for _, to := range dialled.to {
				if JudgeAddress(to.Addr()) != Public {
					t.Errorf("%s was dialled", to)
				}
			}
		})
	}
	if len(list) < 25 {
		t.Errorf("only %d rows", len(list))
	}
}

// One dial asks once for each family: what was judged is what is dialled.
// Rule C2.
func TestOneResolutionADial(t *testing.T) {
	t.Parallel()
	server := securitytest.NewDNS(t, map[string]string{"a.example.com": "93.184.215.14>127.0.0.1"})
	g := newGuard(t, Config{DNSServer: server.Addr})
	dialled := record(g)
	conn, err := g.DialContext(t.Context(), "tcp", "a.example.com:80")
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
	if n := server.Asked("a.example.com", dns.TypeA); n != 1 || len(dialled.to) != 1 {
		t.Errorf("asked %d times, dialled %v", n, dialled.to)
	}
}

// listen counts connections.
func listen(t *testing.T, address string) (*atomic.Int32, string) {
	t.Helper()
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Skipf("cannot listen on %s: %v", address, err)
	}
	var count atomic.Int32
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			count.Add(1)
			conn.Close()
		}
	}()
	t.Cleanup(func() {
		l.Close()
		<-done
	})
	return &count, l.Addr().String()
}

// A blocked address is never dialled, by its name, its number or a flip; the
// listener counts, and the real dialer is at work.
// Rule C3.
func TestBlockedIsNeverDialled(t *testing.T) {
	t.Parallel()
	count, address := listen(t, "127.0.0.1:0")
	_, port, _ := net.SplitHostPort(address)
	server := securitytest.NewDNS(t, map[string]string{
		"a.example.com": "127.0.0.1", "b.example.com": "127.0.0.1,93.184.215.14", "c.example.com": "metadata.google.internal=127.0.0.1",
		"d.example.com": "::ffff:127.0.0.1", "e.example.com": "TC,127.0.0.1",
	})
	g := newGuard(t, Config{DNSServer: server.Addr})
	for _, host := range []string{
		"127.0.0.1", "localhost", "a.example.com", "b.example.com", "c.example.com", "d.example.com", "e.example.com", "0.0.0.0", "127.1",
		"2130706433", "::1", "::", "::ffff:127.0.0.1", "fe80::1%lo", "LOCALHOST.", "",
	} {
		conn, err := g.DialContext(t.Context(), "tcp", net.JoinHostPort(host, port))
		if err == nil {
			conn.Close()
		}
		if fault.CodeOf(err) != fault.URLBlocked {
			t.Errorf("%s: got %v, want url_blocked", host, err)
		}
	}
	for _, network := range []string{"udp", "tcp4", "unix", ""} {
		if _, err := g.DialContext(t.Context(), network, "example.com:80"); fault.CodeOf(err) != fault.URLBlocked {
			t.Errorf("network %q: got %v", network, err)
		}
	}
	for _, wrong := range []string{":80", "127.0.0.1", "example.com:http", "example.com:0"} {
		if _, err := g.DialContext(t.Context(), "tcp", wrong); fault.CodeOf(err) != fault.URLBlocked {
			t.Errorf("%q: got %v", wrong, err)
		}
	}
	if n := count.Load(); n != 0 {
		t.Errorf("%d connections came in", n)
	}
	// The same address passes when the operator names it: the listener works.
	allowed := newGuard(t, Config{AllowHosts: []string{address}})
	conn, err := allowed.DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
}

// The control hook alone stops what slipped past the judgement of names.
// Rules C1, C3.
func TestControlHasTheLastWord(t *testing.T) {
	t.Parallel()
	count, address := listen(t, "127.0.0.1:0")
	g := newGuard(t, Config{})
	_, err := g.dialAny(t.Context(), []netip.Addr{netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("::1")}, netip.MustParseAddrPort(address).Port())
	if fault.CodeOf(err) != fault.URLBlocked || count.Load() != 0 {
		t.Errorf("got %v after %d connections", err, count.Load())
	}
	for _, args := range [][2]string{{"tcp", "93.184.215.14:80"}, {"tcp4", "example.com:80"}, {"udp4", "93.184.215.14:80"}, {"tcp4", ":80"}} {
		if err := g.control(t.Context(), args[0], args[1], nil); fault.CodeOf(err) != fault.URLBlocked {
			t.Errorf("%v: got %v", args, err)
		}
	}
}

// An operator's name may lead to a private address, but to no metadata service.
func TestAllowedName(t *testing.T) {
	t.Parallel()
	count, address := listen(t, "127.0.0.1:0")
	_, port, _ := net.SplitHostPort(address)
	server := securitytest.NewDNS(t, map[string]string{
		"docs.corp.internal": "127.0.0.1", "bad.corp.internal": "127.0.0.1,169.254.169.254",
	})
	g := newGuard(t, Config{DNSServer: server.Addr, AllowHosts: []string{"docs.corp.internal:" + port, "bad.corp.internal"}})
	conn, err := g.DialContext(t.Context(), "tcp", "docs.corp.internal:"+port)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = conn.Read(make([]byte, 1)) // until the listener has counted
	conn.Close()
	for _, address := range []string{"bad.corp.internal:" + port, "docs.corp.internal:80", "127.0.0.1:" + port} {
		if _, err := g.DialContext(t.Context(), "tcp", address); fault.CodeOf(err) != fault.URLBlocked {
			t.Errorf("%s: got %v", address, err)
		}
	}
	if n := count.Load(); n != 1 {
		t.Errorf("%d connections, want the one", n)
	}
}

func TestUnresolvableIsUnavailable(t *testing.T) {
	t.Parallel()
	server := securitytest.NewDNS(t, map[string]string{"empty.example.com": "-"})
	g := newGuard(t, Config{DNSServer: server.Addr})
	for host, want := range map[string]fault.Code{"none.example.com": fault.Unavailable, "empty.example.com": fault.URLBlocked} {
		if _, err := g.DialContext(t.Context(), "tcp", host+":80"); fault.CodeOf(err) != want {
			t.Errorf("%s: got %v, want %s", host, err, want)
		}
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	stop := errors.New("stop")
	cancel(stop)
	if _, err := g.DialContext(ctx, "tcp", "none.example.com:80"); !errors.Is(err, stop) {
		t.Errorf("canceled: got %v", err)
	}
}

// The reasons are told apart in the log, and only there.
func TestReasonsGoToTheLog(t *testing.T) {
	t.Parallel()
	var log logBuffer
	g, err := NewGuard(Config{}, slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for raw, why := range map[string]Verdict{
		"http://10.0.0.1/": SpecialRange, "http://169.254.169.254/?k=hunter2": Metadata, "http://localhost/": ReservedName, "ftp://a.com/": BadScheme,
		"http://u:hunter2@example.com/": UserInfo, "http://example.com:22/": BadPort, "http://2130706433/": NumericHost, "http://-a.com/": BadName,
	} {
		_, err := g.ValidateURL(raw)
		seen[err.Error()] = true
		if !strings.Contains(log.String(), `why="`+string(why)+`"`) && !strings.Contains(log.String(), "why="+string(why)+"\n") {
			t.Errorf("%s: %q is not in the log", raw, why)
		}
	}
	if len(seen) != 1 {
		t.Errorf("callers can tell reasons apart: %v", seen)
	}
	if strings.Contains(log.String(), "hunter2") {
		t.Error("the log holds a secret")
	}
}

// A page of blocked links does not flood the log, and the rest is counted.
func TestRefusalsDoNotFloodTheLog(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log logBuffer
		g, err := NewGuard(Config{}, slog.New(slog.NewTextHandler(&log, nil)))
		if err != nil {
			t.Fatal(err)
		}
		for range 1000 {
			_, _ = g.ValidateURL("http://10.0.0.1/")
		}
		if n := strings.Count(log.String(), "\n"); n != logsAtOnce {
			t.Errorf("%d lines", n)
		}
		time.Sleep(time.Minute)
		_, _ = g.ValidateURL("http://10.0.0.1/")
		if !strings.Contains(log.String(), "untold_before=900") {
			t.Error("what was not told is not counted")
		}
	})
}

// RFC 8305: a family without a route costs 300 ms, not the whole time.
func TestFamiliesRace(t *testing.T) {
	t.Parallel()
	v6, v4 := netip.MustParseAddr("2606:4700::1111"), netip.MustParseAddr("93.184.215.14")
	tests := map[string]struct {
		hangs, fails netip.Addr
		addrs        []netip.Addr
		took         time.Duration
		to           netip.Addr
	}{
		"first hangs": {hangs: v6, addrs: []netip.Addr{v6, v4}, took: headStart, to: v4},
		"first fails": {fails: v6, addrs: []netip.Addr{v6, v4}, to: v4},
		"both work":   {addrs: []netip.Addr{v6, v4}, to: v6},
		"in turn":     {fails: v4, addrs: []netip.Addr{v4, netip.MustParseAddr("93.184.215.15")}, to: netip.MustParseAddr("93.184.215.15")},
		"none":        {fails: v4, addrs: []netip.Addr{v4}},
		"hangs in turn": {
			hangs: v4, addrs: []netip.Addr{v4, netip.MustParseAddr("93.184.215.15")}, took: 5 * time.Second,
			to: netip.MustParseAddr("93.184.215.15"),
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				g := newGuard(t, Config{})
				g.dial = func(ctx context.Context, _, address string) (net.Conn, error) {
					switch a := netip.MustParseAddrPort(address).Addr(); a {
					case test.hangs:
						<-ctx.Done()
						return nil, ctx.Err()
					case test.fails:
						return nil, errors.New("no route")
					default:
						return named{Conn: nil, to: a}, nil
					}
				}
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
				defer cancel()
				began := time.Now()
				conn, err := g.dialAny(ctx, test.addrs, 443)
				if (err == nil) != test.to.IsValid() {
					t.Fatalf("got %v", err)
				}
				if err == nil && conn.(named).to != test.to {
					t.Errorf("connected to %s, want %s", conn.(named).to, test.to)
				}
				if took := time.Since(began); took != test.took {
					t.Errorf("took %s, want %s", took, test.took)
				}
			})
		})
	}
}

type named struct {
	net.Conn
	to netip.Addr
}

func (named) Close() error { return nil }

// AXON_HTTP_PROXY: we resolve and judge, and the proxy is asked for the judged
// address.
func TestUpstreamProxy(t *testing.T) {
	t.Parallel()
	asked := make(chan string, 4)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			request, err := http.ReadRequest(bufio.NewReader(conn))
			if err != nil {
				conn.Close()
				continue
			}
			asked <- request.Method + " " + request.RequestURI + " " + request.Header.Get("Proxy-Authorization")
			answer := "HTTP/1.1 200 Connection established\r\n\r\nhello"
			if strings.Contains(request.RequestURI, ":8080") {
				answer = "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"
			}
			_, _ = io.WriteString(conn, answer)
			conn.Close()
		}
	}()
	proxy := url.URL{Scheme: "http", Host: l.Addr().String(), User: url.UserPassword("me", "pw")}
	server := securitytest.NewDNS(t, map[string]string{"a.example.com": "93.184.215.14", "b.example.com": "10.0.0.1"})
	g := newGuard(t, Config{DNSServer: server.Addr, HTTPProxy: secret.New(proxy.String())})
	conn, err := g.DialContext(t.Context(), "tcp", "a.example.com:443")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if got := <-asked; got != "CONNECT 93.184.215.14:443 Basic bWU6cHc=" {
		t.Errorf("the proxy was asked %q", got)
	}
	if rest, err := io.ReadAll(conn); err != nil || string(rest) != "hello" {
		t.Errorf("through the tunnel: %q %v", rest, err)
	}
	if _, err := g.DialContext(t.Context(), "tcp", "b.example.com:443"); fault.CodeOf(err) != fault.URLBlocked || len(asked) != 0 {
		t.Errorf("blocked: got %v, proxy asked %d times", err, len(asked))
	}
	if _, err := g.DialContext(t.Context(), "tcp", "a.example.com:8080"); fault.CodeOf(err) != fault.Unavailable || !strings.Contains(fault.MessageOf(err), "AXON_HTTP_PROXY") {
		t.Errorf("refused by the proxy: got %v", err)
	}
}
