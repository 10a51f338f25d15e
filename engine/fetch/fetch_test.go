package fetch

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"

	"github.com/axon-mcp/axon-mcp/fault"
	"github.com/axon-mcp/axon-mcp/security"
)

// serve returns a client that may reach handler, and its address.
func serve(t testing.TB, cfg Config, handler http.HandlerFunc) (*Client, string) {
	t.Helper()
	srv := httptest.NewServer(handler)
	t.Cleanup(srv.Close)
	log := slog.New(slog.DiscardHandler)
	guard, err := security.NewGuard(security.Config{AllowHosts: []string{srv.Listener.Addr().String()}}, log)
	if err != nil {
		t.Fatal(err)
	}
	return New(guard, cfg, log), srv.URL
}

func squeeze(t *testing.T, name string, text []byte) []byte {
	t.Helper()
	var buf bytes.Buffer
	var w io.WriteCloser
	switch name {
	case "gzip":
		w = gzip.NewWriter(&buf)
	case "br":
		w = brotli.NewWriter(&buf)
	case "zstd":
		z, err := zstd.NewWriter(&buf)
		if err != nil {
			t.Fatal(err)
		}
		w = z
	}
	if _, err := w.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func TestEncodingsAndBombs(t *testing.T) {
	t.Parallel()
	const limit = 1 << 20
	for _, name := range []string{"gzip", "br", "zstd"} {
		for _, size := range []int{1000, 64 << 20} {
			t.Run(fmt.Sprint(name, size), func(t *testing.T) {
				t.Parallel()
				body := squeeze(t, name, bytes.Repeat([]byte("a"), size))
				c, addr := serve(t, Config{MaxBytes: limit}, func(w http.ResponseWriter, _ *http.Request) {
					w.Header().Set("Content-Encoding", name)
					w.Header().Set("Content-Type", "text/plain")
					_, _ = w.Write(body)
				})
				res, err := c.Fetch(t.Context(), Request{URL: addr})
				if size > limit {
					if fault.CodeOf(err) != fault.TooLarge {
						t.Fatalf("a bomb: got %v, want too_large", err)
					}
					return
				}
				if err != nil || len(res.Body) != size {
					t.Fatalf("got %v", err)
				}
			})
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
		"utf-8 whatever the header says": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=iso-8859-1")
			_, _ = io.WriteString(w, "Grüße")
		}, "", "", "Grüße"},
		"latin1 by header": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=iso-8859-1")
			_, _ = io.WriteString(w, "Gr\xfc\xdfe")
		}, "", "", "Grüße"},
		"picture": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "image/png")
			_, _ = io.WriteString(w, "\x89PNG")
		}, fault.Unsupported, "", ""},
		"not found": {http.NotFound, "", fault.NotFound, "404 page not found\n"},
		"header flood": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Flood", strings.Repeat("x", 64<<10))
		}, fault.Unavailable, "", ""},
		"redirect inside": {func(w http.ResponseWriter, _ *http.Request) {
			http.Redirect(w, &http.Request{}, "http://169.254.169.254/latest/", http.StatusFound)
		}, fault.URLBlocked, "", ""},
		"unknown encoding": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "rot13")
			_, _ = io.WriteString(w, "x")
		}, fault.Unsupported, "", ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, addr := serve(t, Config{}, test.handler)
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

func TestRetriesAndConditional(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	c, addr := serve(t, Config{}, func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1) == 1 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		w.Header().Set("ETag", `"1"`)
		if r.Header.Get("If-None-Match") == `"1"` {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		_, _ = io.WriteString(w, "<p>hello")
	})
	res, err := c.Fetch(t.Context(), Request{URL: addr})
	if err != nil || res.Status != 200 || res.ETag != `"1"` || asked.Load() != 2 {
		t.Fatalf("got %+v after %d requests: %v", res, asked.Load(), err)
	}
	res, err = c.Fetch(t.Context(), Request{URL: addr, ETag: res.ETag})
	if err != nil || !res.NotModified {
		t.Fatalf("conditional: %+v %v", res, err)
	}
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
		if err != nil || res.Moved != moved || res.FinalURL != addr+"/there" {
			t.Errorf("%s: %+v %v", path, res, err)
		}
	}
	res, err := c.Fetch(t.Context(), Request{URL: addr + "/for-good", NoRedirect: true})
	if err != nil || res.Status != http.StatusMovedPermanently || res.Header.Get("Location") != "/there" {
		t.Errorf("NoRedirect: %+v %v", res, err)
	}
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
	if _, err := c.Fetch(ctx, Request{URL: addr}); !errors.Is(err, stop) {
		t.Fatalf("got %v, want the cause", err)
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
				b.Fatal(err)
			}
		}
	})
}
