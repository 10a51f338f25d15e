package fetch

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/axon-mcp/axon-mcp/fault"
	"github.com/axon-mcp/axon-mcp/security"
)

func newClient(t testing.TB, guard security.Config, cfg Config) *Client {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	g, err := security.NewGuard(guard, log)
	if err != nil {
		t.Fatal(err)
	}
	c := New(g, cfg, log)
	t.Cleanup(c.Close)
	return c
}

// serve returns a client that may reach handler, and its address.
func serve(t testing.TB, cfg Config, handler http.HandlerFunc) (*Client, string) {
	t.Helper()
	srv := httptest.NewServer(handler)
	t.Cleanup(srv.Close)
	return newClient(t, security.Config{AllowHosts: []string{srv.Listener.Addr().String()}}, cfg), srv.URL
}

// A person is told what to do about a server that gives no answer.
func TestExplainsWhyThereIsNoAnswer(t *testing.T) {
	t.Parallel()
	tell := func(url string, client *Client) string {
		_, err := client.Fetch(t.Context(), Request{URL: url})
		if fault.CodeOf(err) != fault.Unavailable {
			t.Errorf("%s: got %v", url, err)
		}
		return fault.MessageOf(err)
	}
	encrypted := httptest.NewUnstartedServer(http.NotFoundHandler())
	encrypted.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	encrypted.StartTLS()
	t.Cleanup(encrypted.Close)
	listens, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listens.Close() })
	go func() { // ends with the listener
		for {
			conn, err := listens.Accept()
			if err != nil {
				return
			}
			_, _ = io.WriteString(conn, "220 mail.example.com ready\r\n")
			_ = conn.(*net.TCPConn).CloseWrite()
			_, _ = io.Copy(io.Discard, conn)
			_ = conn.Close()
		}
	}()
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = closed.Close()
	client := newClient(t, security.Config{AllowHosts: []string{"127.0.0.0/8"}}, Config{})
	for url, want := range map[string]string{
		encrypted.URL: "signed by nobody",
		"http://" + listens.Addr().String() + "/":  "does not answer in HTTP",
		"https://" + listens.Addr().String() + "/": "does not speak TLS",
		"http://" + closed.Addr().String() + "/":   "refuses connections",
	} {
		if got := tell(url, client); !strings.Contains(got, want) {
			t.Errorf("%s: got %q, want %q", url, got, want)
		}
	}
	for want, err := range map[string]error{
		"another name": x509.HostnameError{},
		"has expired":  x509.CertificateInvalidError{Reason: x509.Expired},
		"is not valid": x509.CertificateInvalidError{Reason: x509.NotAuthorizedToSign},
	} {
		if got := distrust(err); !strings.Contains(got, want) {
			t.Errorf("%v: got %q", err, got)
		}
	}
}

// Errors of net/http, most of which have no type, as they come.
func TestUnreachedSaysWhatIsSo(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"net/http: HTTP/1.x transport connection broken: readLoopPeekFailLocked: %!w(<nil>)": "does not answer in HTTP", // it spoke first
		`net/http: HTTP/1.x transport connection broken: bad Content-Length "a"`:             "does not answer in HTTP",
		`malformed HTTP response "tls: x"`:                                                   "does not answer in HTTP",
		"read the body: invalid byte in chunk length":                                        "does not answer in HTTP",
		"remote error: tls: protocol version not supported":                                  "how to encrypt",
		"http: server closed idle connection":                                                "without an answer",
		"dial tcp: network is unreachable":                                                   "cannot be reached",
	} {
		if got := unreached(errors.New(text)); !strings.Contains(got, want) {
			t.Errorf("%s: got %q, want %q", text, got, want)
		}
	}
	for _, err := range []error{io.EOF, syscall.ECONNRESET, syscall.EPIPE} {
		if got := unreached(fmt.Errorf("read: %w", err)); !strings.Contains(got, "without an answer") {
			t.Errorf("%v: got %q", err, got)
		}
	}
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		handler http.HandlerFunc
		code    fault.Code // of Fetch
		err     fault.Code // of Response.Err
		body    string
	}{
		"picture": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "image/png")
			_, _ = io.WriteString(w, "\x89PNG")
		}, fault.Unsupported, "", ""},
		"not found":    {http.NotFound, "", fault.NotFound, "404 page not found\n"},
		"gone":         {status(http.StatusGone), "", fault.NotFound, ""},
		"sign in":      {status(http.StatusUnauthorized), "", fault.Forbidden, ""},
		"broken":       {status(http.StatusInternalServerError), "", fault.Unavailable, ""},
		"not modified": {status(http.StatusNotModified), "", fault.Unavailable, ""}, // nobody asked: scrape asked again, for ever
		"header flood": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Flood", strings.Repeat("x", 64<<10))
		}, fault.Unavailable, "", ""},
		"many headers": {func(w http.ResponseWriter, _ *http.Request) {
			for i := range 5000 {
				w.Header().Add("X-Flood", strings.Repeat("x", i%7))
			}
		}, fault.Unavailable, "", ""},
		"longer than allowed": {func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, strings.Repeat("x", 5000))
		}, fault.TooLarge, "", ""},
		"longer than allowed, in chunks": {func(w http.ResponseWriter, _ *http.Request) {
			for range 5000 {
				_, _ = io.WriteString(w, "x")
				w.(http.Flusher).Flush()
			}
		}, fault.TooLarge, "", ""},
		"as long as allowed": {func(w http.ResponseWriter, _ *http.Request) {
			w.(http.Flusher).Flush()
			_, _ = io.WriteString(w, strings.Repeat("x", 4096))
		}, "", "", strings.Repeat("x", 4096)},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, addr := serve(t, Config{MaxBytes: 4096}, test.handler)
			res, err := c.Fetch(t.Context(), Request{URL: addr})
			if got := fault.CodeOf(err); got != test.code {
				t.Fatalf("got %q (%v), want %q", got, err, test.code)
			}
			if err != nil {
				return
			}
			if got := fault.CodeOf(res.Err()); got != test.err {
				t.Errorf("Err: got %q, want %q", got, test.err)
			}
			if got := string(res.Body); got != test.body {
				t.Errorf("body %q, want %q", got, test.body)
			}
		})
	}
}

func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

func TestConditional(t *testing.T) {
	t.Parallel()
	c, addr := serve(t, Config{}, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"1"`)
		w.Header().Set("Last-Modified", "Tue, 01 Sep 2026 10:00:00 GMT")
		if r.Header.Get("If-None-Match") == `"1"` && r.Header.Get("If-Modified-Since") != "" {
			w.Header().Set("Content-Encoding", "gzip") // of the body that is not sent
			w.WriteHeader(http.StatusNotModified)
			return
		}
		_, _ = io.WriteString(w, "<p>hello")
	})
	res, err := c.Fetch(t.Context(), Request{URL: addr})
	if err != nil || res.Status != 200 || res.ETag != `"1"` || res.NotModified || res.MediaType != "text/html" {
		t.Fatalf("got %+v: %v", res, err)
	}
	res, err = c.Fetch(t.Context(), Request{URL: addr, ETag: res.ETag, LastModified: res.LastModified})
	if err != nil || !res.NotModified || res.Err() != nil {
		t.Fatalf("conditional: %+v %v", res, err)
	}
}

// A blocked URL is never asked for, and the caller learns nothing.
func TestBlocked(t *testing.T) {
	t.Parallel()
	c, addr := serve(t, Config{}, func(http.ResponseWriter, *http.Request) { t.Error("the server was asked") })
	for _, raw := range []string{
		"http://localhost" + addr[strings.LastIndexByte(addr, ':'):], "http://user@" + addr[len("http://"):], "http://2130706433/", "file:///etc/passwd", "", "http",
	} {
		if _, err := c.Fetch(t.Context(), Request{URL: raw}); fault.CodeOf(err) != fault.URLBlocked || fault.MessageOf(err) != "the address is not public" {
			t.Errorf("%q: got %v", raw, err)
		}
	}
}

func TestUnreachable(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close() // nobody listens there now
	c := newClient(t, security.Config{AllowHosts: []string{addr}}, Config{})
	if _, err := c.Fetch(t.Context(), Request{URL: "http://" + addr + "/?token=hunter2"}); fault.CodeOf(err) != fault.Unavailable || strings.Contains(fault.MessageOf(err), "hunter2") {
		t.Errorf("got %v", err)
	}
}

// The proxy of the environment would move the judgement elsewhere (C5).
// Rule C5.
func TestNoProxyFromTheEnvironment(t *testing.T) {
	var asked atomic.Int32
	proxy := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	defer proxy.Close()
	t.Setenv("HTTP_PROXY", proxy.URL)
	t.Setenv("http_proxy", proxy.URL)
	c := newClient(t, security.Config{DNSServer: "127.0.0.1:9"}, Config{})
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if _, err := c.Fetch(ctx, Request{URL: "http://example.com/"}); err == nil || asked.Load() != 0 {
		t.Errorf("got %v, and the proxy was asked %d times", err, asked.Load())
	}
}

func TestHTTP2(t *testing.T) {
	t.Parallel()
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/down" {
			http.Redirect(w, r, "http://"+r.Host+"/", http.StatusFound)
			return
		}
		_, _ = io.WriteString(w, "<p>"+r.Proto)
	}))
	srv.EnableHTTP2 = true
	srv.StartTLS()
	t.Cleanup(srv.Close)
	c := newClient(t, security.Config{AllowHosts: []string{srv.Listener.Addr().String()}}, Config{})
	trust(c, srv.Certificate())
	res, err := c.Fetch(t.Context(), Request{URL: srv.URL})
	if err != nil || string(res.Body) != "<p>HTTP/2.0" {
		t.Fatalf("got %+v %v", res, err)
	}
	if _, err := c.Fetch(t.Context(), Request{URL: srv.URL + "/down"}); fault.CodeOf(err) != fault.URLBlocked {
		t.Errorf("https to http: got %v", err)
	}
}

func trust(c *Client, cert *x509.Certificate) {
	roots := x509.NewCertPool()
	roots.AddCert(cert)
	c.transport.(*http.Transport).TLSClientConfig.RootCAs = roots
}

func TestCancelEndsAtOnce(t *testing.T) {
	t.Parallel()
	asked := make(chan struct{})
	c, addr := serve(t, Config{}, func(_ http.ResponseWriter, r *http.Request) {
		close(asked)
		<-r.Context().Done()
	})
	stop := errors.New("stop")
	ctx, cancel := context.WithCancelCause(t.Context())
	go func() { <-asked; cancel(stop) }()
	if _, err := c.Fetch(ctx, Request{URL: addr}); !errors.Is(err, stop) || fault.CodeOf(err) != fault.Canceled {
		t.Fatalf("got %v, want the cause", err)
	}
}

// answers stands for the network where a test runs in a bubble of fake time.
type answers func(r *http.Request, n int) (*http.Response, error)

// RoundTrip implements http.RoundTripper.
func (a *counted) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := a.answer(r, int(a.n.Add(1)))
	if err == nil && res.Body == nil {
		res.Body = http.NoBody
	}
	return res, err
}

type counted struct {
	n      atomic.Int32
	answer answers
}

func fake(t *testing.T, answer answers) (*Client, *counted) {
	t.Helper()
	c := newClient(t, security.Config{AllowHosts: []string{"127.0.0.1"}}, Config{})
	transport := &counted{answer: answer}
	c.transport = transport
	return c, transport
}

func TestRetries(t *testing.T) {
	t.Parallel()
	reset := &net.OpError{Op: "read", Err: errnoReset}
	tests := map[string]struct {
		answer      answers
		tries       int
		status      int
		code        fault.Code
		least, most time.Duration
	}{
		"a bad moment": {func(_ *http.Request, n int) (*http.Response, error) {
			return &http.Response{StatusCode: []int{0, 503, 502, 200}[n], Header: http.Header{}}, nil
		}, 3, 200, "", 750 * time.Millisecond, 3 * time.Second},
		"for ever": {func(*http.Request, int) (*http.Response, error) {
			return &http.Response{StatusCode: 504, Header: http.Header{}}, nil
		}, 4, 504, "", 1750 * time.Millisecond, 6 * time.Second},
		"told when": {func(_ *http.Request, n int) (*http.Response, error) {
			return &http.Response{StatusCode: []int{0, 429, 200}[n], Header: http.Header{"Retry-After": {"42"}}}, nil
		}, 2, 200, "", 42 * time.Second, 43 * time.Second},
		"told too late": {func(*http.Request, int) (*http.Response, error) {
			return &http.Response{StatusCode: 429, Header: http.Header{"Retry-After": {"61"}}}, nil
		}, 1, 429, "", 0, time.Second},
		"reset": {func(_ *http.Request, n int) (*http.Response, error) {
			if n == 1 {
				return nil, reset
			}
			return &http.Response{StatusCode: 200, Header: http.Header{}}, nil
		}, 2, 200, "", 250 * time.Millisecond, time.Second},
		"reset for ever": {
			func(*http.Request, int) (*http.Response, error) { return nil, reset },
			4, 0, fault.Unavailable, 1750 * time.Millisecond, 6 * time.Second,
		},
		"cut off": {func(_ *http.Request, n int) (*http.Response, error) {
			body := io.NopCloser(io.MultiReader(strings.NewReader("<p>"), failing{io.ErrUnexpectedEOF}))
			if n == 2 {
				body = io.NopCloser(strings.NewReader("<p>whole"))
			}
			return &http.Response{StatusCode: 200, Header: http.Header{}, ContentLength: -1, Body: body}, nil
		}, 2, 200, "", 250 * time.Millisecond, time.Second},
		"not found is final": {func(*http.Request, int) (*http.Response, error) {
			return &http.Response{StatusCode: 404, Header: http.Header{}}, nil
		}, 1, 404, "", 0, 0},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c, transport := fake(t, test.answer)
				began := time.Now()
				res, err := c.Fetch(t.Context(), Request{URL: "http://127.0.0.1/"})
				if fault.CodeOf(err) != test.code || err == nil && res.Status != test.status {
					t.Fatalf("got %+v %v", res, err)
				}
				if took := time.Since(began); took < test.least || took > test.most {
					t.Errorf("took %s, want %s to %s", took, test.least, test.most)
				}
				if n := int(transport.n.Load()); n != test.tries {
					t.Errorf("%d tries, want %d", n, test.tries)
				}
			})
		})
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// A body that drips ends at 60 seconds, or earlier where that was asked for.
// Rule C9.
func TestSlowBodyEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, _ := fake(t, func(r *http.Request, _ int) (*http.Response, error) {
			return &http.Response{StatusCode: 200, Header: http.Header{}, ContentLength: -1, Body: io.NopCloser(drip{r.Context()})}, nil
		})
		for _, row := range []struct{ asked, want time.Duration }{{0, totalTimeout}, {3 * time.Second, 3 * time.Second}, {time.Hour, totalTimeout}} {
			began := time.Now()
			if _, err := c.Fetch(t.Context(), Request{URL: "http://127.0.0.1/", Timeout: row.asked}); fault.CodeOf(err) != fault.Timeout {
				t.Errorf("%s: got %v", row.asked, err)
			}
			if took := time.Since(began); took != row.want {
				t.Errorf("%s: took %s", row.asked, took)
			}
		}
	})
}

// drip gives a byte a second, for ever.
type drip struct{ ctx context.Context }

func (d drip) Read(p []byte) (int, error) {
	select {
	case <-time.After(time.Second):
		p[0] = 'x'
		return 1, nil
	case <-d.ctx.Done():
		return 0, d.ctx.Err()
	}
}

func BenchmarkFetchLoopback(b *testing.B) {
	page := []byte(strings.Repeat("<p>words of a page</p>", 1000))
	c, addr := serve(b, Config{}, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write(page)
	})
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := c.Fetch(context.Background(), Request{URL: addr}); err != nil {
				b.Error(err)
				return
			}
		}
	})
}

// Who asks is told that the page began to come, and not to look at the address.
func TestCutOffIsSaid(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, _ := fake(t, func(*http.Request, int) (*http.Response, error) {
			body := io.NopCloser(io.MultiReader(strings.NewReader("<p>"), failing{io.ErrUnexpectedEOF}))
			return &http.Response{StatusCode: 200, Header: http.Header{}, ContentLength: -1, Body: body}, nil
		})
		_, err := c.Fetch(t.Context(), Request{URL: "http://127.0.0.1/"})
		if fault.CodeOf(err) != fault.Unavailable || !strings.Contains(fault.MessageOf(err), "broke off") {
			t.Errorf("got %v", err)
		}
	})
}
