package security

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"github.com/axon-mcp/axon-mcp/fault"
	"github.com/axon-mcp/axon-mcp/security/securitytest"
)

// runProxy runs a proxy until the test ends.
func runProxy(t *testing.T, cfg Config) (proxy *Proxy, address string, stop func()) {
	t.Helper()
	p := NewProxy(newGuard(t, cfg), slog.New(slog.DiscardHandler))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := p.Run(ctx, l); err != nil {
			t.Errorf("run: %v", err)
		}
	}()
	stop = func() { cancel(); <-done }
	t.Cleanup(stop)
	return p, l.Addr().String(), stop
}

// through is a client that asks the proxy with a session's secret.
func through(t *testing.T, address string, user, password string) *http.Client {
	t.Helper()
	proxy := &url.URL{Scheme: "http", Host: address}
	if user != "" {
		proxy.User = url.UserPassword(user, password)
	}
	transport := &http.Transport{Proxy: http.ProxyURL(proxy), TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

func get(t *testing.T, c *http.Client, target string) (status int, body string) {
	t.Helper()
	res, err := c.Get(target)
	if err != nil {
		return 0, err.Error()
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(text)
}

// TestProxyServesWhoHasTheSecret: rules B1, B7.
func TestProxyServesWhoHasTheSecret(t *testing.T) {
	t.Parallel()
	page := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "page") })
	plain, secure := httptest.NewServer(page), httptest.NewTLSServer(page)
	t.Cleanup(plain.Close)
	t.Cleanup(secure.Close)
	p, address, _ := runProxy(t, Config{AllowHosts: []string{"127.0.0.1"}})
	good, ended := p.Open(), p.Open()
	ended.Close()
	tests := map[string]struct {
		user, password string
		ok             bool
	}{
		"the secret":      {good.User, good.Password, true},
		"none":            {"", "", false},
		"another":         {good.User, NewToken(), false},
		"nobody":          {NewToken(), good.Password, false},
		"empty password":  {good.User, "", false},
		"session is over": {ended.User, ended.Password, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := through(t, address, test.user, test.password)
			for _, target := range []string{plain.URL, secure.URL} {
				if status, body := get(t, c, target); (status == http.StatusOK && body == "page") != test.ok {
					t.Errorf("%s: got %d %q, want ok=%v", target, status, body, test.ok)
				}
			}
		})
	}
}

// What is blocked is refused on both ways in, and no listener sees anything.
func TestProxyRefuses(t *testing.T) {
	t.Parallel()
	count, trap := listen(t, "127.0.0.1:0")
	_, port, _ := net.SplitHostPort(trap)
	server := securitytest.NewDNS(t, map[string]string{"a.example.com": "127.0.0.1", "m.example.com": "93.184.215.14,10.0.0.1"})
	p, address, _ := runProxy(t, Config{DNSServer: server.Addr, AllowHosts: []string{"192.0.2.1"}})
	s := p.Open()
	for _, host := range []string{
		"127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1", "127.1", "0.0.0.0", "a.example.com", "m.example.com",
		"169.254.169.254", "metadata.google.internal", "router", "①②⑦.⓪.⓪.①",
	} {
		for _, port := range []string{port, "80", "443"} {
			authority := host + ":" + port
			for _, request := range []string{
				"CONNECT " + authority + " HTTP/1.1\r\nHost: " + authority + "\r\n",
				"GET http://" + authority + "/ HTTP/1.1\r\nHost: " + authority + "\r\n",
				"GET http://" + authority + "/ HTTP/1.1\r\nHost: example.com\r\n", // the Host header is no way around
			} {
				if status, _ := speak(t, address, s, request); status != http.StatusForbidden && status != http.StatusBadRequest {
					t.Errorf("%q: got %d", request, status)
				}
			}
		}
	}
	for _, request := range []string{
		"GET / HTTP/1.1\r\nHost: " + trap + "\r\n", "GET https://example.com/ HTTP/1.1\r\nHost: example.com\r\n", "GET ftp://example.com/ HTTP/1.1\r\nHost: example.com\r\n",
		"CONNECT example.com:22 HTTP/1.1\r\nHost: example.com:22\r\n", "CONNECT user@example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n",
		"CONNECT " + address + " HTTP/1.1\r\nHost: " + address + "\r\n", // itself
	} {
		if status, _ := speak(t, address, s, request); status != http.StatusForbidden && status != http.StatusBadRequest {
			t.Errorf("%q: got %d", request, status)
		}
	}
	if n := count.Load(); n != 0 {
		t.Errorf("%d connections came in", n)
	}
	for _, host := range []string{"127.0.0.1", "a.example.com:80", "localhost"} {
		if err := s.Failure(host); fault.CodeOf(err) != fault.URLBlocked {
			t.Errorf("the session does not know why %s failed: %v", host, err)
		}
	}
}

// speak sends one request as it stands, with the session's secret.
func speak(t *testing.T, address string, s *ProxySession, request string) (status int, header http.Header) {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	secret := base64.StdEncoding.EncodeToString([]byte(s.User + ":" + s.Password))
	if _, err := io.WriteString(conn, request+"Proxy-Authorization: Basic "+secret+"\r\nConnection: close\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatalf("%q: %v", request, err)
	}
	return res.StatusCode, res.Header
}

// TestProxyDropsHopByHopHeaders: rule C7.
func TestProxyDropsHopByHopHeaders(t *testing.T) {
	t.Parallel()
	got := make(chan *http.Request, 1)
	origin := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got <- r.Clone(context.Background())
		w.Header().Set("Connection", "X-Near")
		w.Header().Set("X-Near", "1")
		w.Header().Set("Alt-Svc", `h3=":443"`)
		w.Header().Set("X-Far", "1")
	}))
	t.Cleanup(origin.Close)
	p, address, _ := runProxy(t, Config{AllowHosts: []string{"127.0.0.1"}})
	status, header := speak(t, address, p.Open(), "GET "+origin.URL+"/x HTTP/1.1\r\nHost: elsewhere.example.com\r\n"+
		"Connection: X-Mine, keep-alive\r\nX-Mine: 1\r\nKeep-Alive: 5\r\nUpgrade: websocket\r\nProxy-Connection: keep-alive\r\nX-Theirs: 1\r\n")
	r := <-got
	for _, name := range []string{"Proxy-Authorization", "X-Mine", "Keep-Alive", "Upgrade", "Proxy-Connection"} {
		if r.Header.Get(name) != "" {
			t.Errorf("%s reached the origin", name)
		}
	}
	if r.Header.Get("X-Theirs") != "1" || r.Host != strings.TrimPrefix(origin.URL, "http://") {
		t.Errorf("the origin saw Host %q and %v", r.Host, r.Header)
	}
	if status != http.StatusOK || header.Get("X-Near") != "" || header.Get("Alt-Svc") != "" || header.Get("X-Far") != "1" {
		t.Errorf("the browser saw %d %v", status, header)
	}
}

// Each request resolves once, however often the name changes its mind.
// Rules C7, C8, B1.
func TestProxyPinsWhatItJudged(t *testing.T) {
	t.Parallel()
	server := securitytest.NewDNS(t, map[string]string{"flip.example.com": "93.184.215.14>127.0.0.1"})
	p, address, _ := runProxy(t, Config{DNSServer: server.Addr})
	dialled := record(p.guard)
	s := p.Open()
	first, _ := speak(t, address, s, "CONNECT flip.example.com:443 HTTP/1.1\r\nHost: flip.example.com:443\r\n")
	if n := server.Asked("flip.example.com", dns.TypeA); first != http.StatusOK || n != 1 {
		t.Errorf("first: %d after %d questions", first, n)
	}
	second, _ := speak(t, address, s, "CONNECT flip.example.com:443 HTTP/1.1\r\nHost: flip.example.com:443\r\n")
	if second != http.StatusForbidden || len(dialled.to) != 1 {
		t.Errorf("second: %d, dialled %v", second, dialled.to)
	}
}

// echo answers every line; a tunnel to it stays open.
func echo(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				_, _ = io.Copy(conn, conn)
			}()
		}
	}()
	t.Cleanup(func() { l.Close(); <-done })
	return l.Addr().String()
}

// tunnel opens one to target and proves it.
func tunnel(t *testing.T, address string, s *ProxySession, target string) (net.Conn, *bufio.Reader) {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	secret := base64.StdEncoding.EncodeToString([]byte(s.User + ":" + s.Password))
	// The first line of the tunnel comes with the request: it must not be lost.
	fmt.Fprintf(conn, "CONNECT %s HTTP/1.1\r\nHost: %s\r\nProxy-Authorization: Basic %s\r\n\r\nhello\n", target, target, secret)
	r := bufio.NewReader(conn)
	res, err := http.ReadResponse(r, &http.Request{Method: http.MethodConnect})
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("connect: %v %v", res, err)
	}
	if line, err := r.ReadString('\n'); line != "hello\n" {
		t.Fatalf("got %q %v", line, err)
	}
	return conn, r
}

func TestTunnelsEnd(t *testing.T) {
	t.Parallel()
	target := echo(t)
	p, address, stop := runProxy(t, Config{AllowHosts: []string{target}})
	first, second, third := p.Open(), p.Open(), p.Open()
	_, a := tunnel(t, address, first, target)
	conn, b := tunnel(t, address, second, target)
	full, c := tunnel(t, address, third, target)

	first.Close() // the job's end is its tunnels' end
	if _, err := a.ReadByte(); err == nil {
		t.Error("a tunnel outlives its session")
	}
	fmt.Fprintln(conn, "still here")
	if line, err := b.ReadString('\n'); line != "still here\n" {
		t.Errorf("another session's tunnel: %q %v", line, err)
	}
	third.mu.Lock()
	third.moved = maxSessionBytes
	third.mu.Unlock()
	fmt.Fprintln(full, "one more")
	if _, err := c.ReadByte(); err == nil {
		t.Error("a session moves more than it may")
	}
	stop() // returns only when every handler has ended
	if _, err := b.ReadByte(); err == nil {
		t.Error("a tunnel outlives the proxy")
	}
	if s := p.Open(); s.ctx.Err() == nil {
		t.Error("a proxy that has ended opens sessions")
	}
}

func TestProxyTellsWhatCannotBeReached(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := l.Addr().String()
	l.Close()
	server := securitytest.NewDNS(t, nil)
	p, address, _ := runProxy(t, Config{DNSServer: server.Addr, AllowHosts: []string{nobody}})
	s := p.Open()
	for _, host := range []string{nobody, "none.example.com"} {
		status, _ := speak(t, address, s, "GET http://"+host+"/ HTTP/1.1\r\nHost: "+host+"\r\n")
		if err := s.Failure(host); status != http.StatusBadGateway || fault.CodeOf(err) != fault.Unavailable {
			t.Errorf("%s: got %d and %v", host, status, err)
		}
	}
}

// A canary must not land anywhere: it reaches nothing that the operator allows,
// and says that it came here.
func TestProxyCanary(t *testing.T) {
	t.Parallel()
	count, trap := listen(t, "127.0.0.1:0")
	p, address, _ := runProxy(t, Config{AllowHosts: []string{trap}})
	s := p.OpenCanary()
	for _, request := range []string{"GET http://" + trap + "/ HTTP/1.1\r\nHost: " + trap + "\r\n", "CONNECT " + trap + " HTTP/1.1\r\nHost: " + trap + "\r\n"} {
		if status, _ := speak(t, address, s, request); status != http.StatusForbidden {
			t.Errorf("%q: got %d", request, status)
		}
	}
	if count.Load() != 0 || s.Failure(trap) == nil {
		t.Errorf("%d connections, remembered %v", count.Load(), s.Failure(trap))
	}
}
