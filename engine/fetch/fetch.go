package fetch

import (
	"context"
	"crypto/tls"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/axon-mcp/axon-mcp/fault"
	"github.com/axon-mcp/axon-mcp/security"
)

// Config is what the operator can set. Zero means the default.
type Config struct {
	UserAgent string `env:"AXON_USER_AGENT" default:"axon-mcp (+https://github.com/axon-mcp/axon-mcp)" about:"User-Agent of every request to a site"`
	MaxBytes  int64  `env:"AXON_MAX_PAGE_BYTES" default:"33554432" about:"bytes of one page after decompression, 1024 to 1073741824"`
}

const (
	defaultAgent    = "axon-mcp (+https://github.com/axon-mcp/axon-mcp)"
	defaultMaxBytes = 32 << 20

	connectTimeout = 10 * time.Second
	headerTimeout  = 20 * time.Second
	totalTimeout   = 60 * time.Second // one attempt with its redirects and its body
	maxHeaderBytes = 20 << 10
	tries          = 4 // one and three again
	backOff        = 500 * time.Millisecond
	maxRetryAfter  = 60 * time.Second
)

// Client fetches. It is safe for concurrent use.
type Client struct {
	guard     *security.Guard
	cfg       Config
	log       *slog.Logger
	transport http.RoundTripper
	hosts     *hosts
	decoders  *decoders
}

// New returns a client that dials through guard.
func New(guard *security.Guard, cfg Config, log *slog.Logger) *Client {
	if cfg.UserAgent == "" {
		cfg.UserAgent = defaultAgent
	}
	if cfg.MaxBytes <= 0 {
		cfg.MaxBytes = defaultMaxBytes
	}
	return &Client{
		guard: guard, cfg: cfg, log: log, hosts: newHosts(), decoders: &decoders{},
		transport: &http.Transport{
			Proxy:                  nil, // the environment's would move the judgement elsewhere (C5)
			DialContext:            dialWithin(guard, connectTimeout),
			TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
			TLSHandshakeTimeout:    connectTimeout,
			ResponseHeaderTimeout:  headerTimeout,
			MaxResponseHeaderBytes: maxHeaderBytes,
			MaxIdleConns:           256,
			MaxIdleConnsPerHost:    perHost,
			IdleConnTimeout:        90 * time.Second,
			DisableCompression:     true, // body.go counts what it decompresses
			ForceAttemptHTTP2:      true,
		},
	}
}

// Close drops the pooled connections. The client can still be used.
func (c *Client) Close() {
	if transport, ok := c.transport.(*http.Transport); ok {
		transport.CloseIdleConnections()
	}
}

func dialWithin(guard *security.Guard, limit time.Duration) func(ctx context.Context, network, address string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		ctx, cancel := context.WithTimeout(ctx, limit)
		defer cancel()
		return guard.DialContext(ctx, network, address)
	}
}

// Request asks for one URL.
type Request struct {
	URL string
	// Accept is the Accept header. Empty: HTML first, then whatever is readable.
	Accept             string
	ETag, LastModified string // of what is known; they make the request conditional
	// MaxBytes bounds the body below the configured limit. Zero: that limit.
	MaxBytes int64
	// Delay is the pause between two requests to the host, at most 30 s. Zero:
	// 100 ms, or none on loopback; negative: none.
	Delay time.Duration
	// Raw takes any media type and leaves the body's bytes as they are.
	Raw bool
	// NoRedirect returns a redirect instead of following it. The caller judges
	// where it leads.
	NoRedirect bool
	// Timeout bounds one attempt with its redirects and its body. Zero, and
	// whatever is longer: 60 s.
	Timeout time.Duration
}

// Response is what came back, of any status.
type Response struct {
	URL          string // as asked, in canonical form
	FinalURL     string // after redirects, without fragment
	Status       int
	Header       http.Header
	MediaType    string // without parameters, lower case
	Body         []byte // decompressed; UTF-8 for text
	ETag         string
	LastModified string
	NotModified  bool // a 304 to the validators of the request
	FetchedAt    time.Time
	// Moved tells that there were redirects and all of them are permanent.
	Moved bool
	// Rendered tells that Body is what scripts have made of the page.
	Rendered bool
}

// Err is nil for a 2xx or a 304 that was asked for, and otherwise a fault that tells the status:
// NotFound, Forbidden, Busy or Unavailable.
func (r *Response) Err() error {
	where := security.LogURL(r.URL)
	switch s := r.Status; {
	case s >= 200 && s < 300, r.NotModified:
		return nil
	case s == http.StatusNotFound, s == http.StatusGone:
		return fault.Errorf(fault.NotFound, "%s answered %d %s", where, s, http.StatusText(s))
	case s == http.StatusUnauthorized, s == http.StatusForbidden:
		return fault.Errorf(fault.Forbidden, "%s answered %d %s; it wants a sign-in or refuses programs", where, s, http.StatusText(s))
	case s == http.StatusTooManyRequests:
		err := fault.Errorf(fault.Busy, "%s answered 429 Too Many Requests; try later or with a longer delay", where)
		err.RetryAfter = retryAfter(r.Header)
		return err
	default:
		err := fault.Errorf(fault.Unavailable, "%s answered %d %s", where, s, http.StatusText(s))
		err.RetryAfter = retryAfter(r.Header)
		return err
	}
}

// Fetch reads one URL, and tries again after 429, 502, 503, 504 and a broken
// connection. It fails with URLBlocked, TooLarge, Unsupported, Timeout,
// Unavailable or Canceled; a bad status is no error (Response.Err).
func (c *Client) Fetch(ctx context.Context, r Request) (*Response, error) {
	u, err := c.guard.ValidateURL(r.URL)
	if err != nil {
		return nil, err
	}
	for try := 1; ; try++ {
		response, wait, err := c.attempt(ctx, u, r)
		if wait < 0 || try == tries {
			return response, err
		}
		pause := max(wait, jittered(backOff<<(try-1)))
		c.log.Debug("fetch again", "url", security.LogURL(u.String()), "try", try, "pause", pause, "error", err)
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return nil, explain(ctx, u, ctx.Err())
		}
	}
}

// jittered spreads d over half to three halves of it.
func jittered(d time.Duration) time.Duration { return d/2 + rand.N(d) }

// retryAfter reads Retry-After in seconds or as a date (RFC 9110, 10.2.3). Zero
// means that none is given.
func retryAfter(h http.Header) time.Duration {
	v := h.Get("Retry-After")
	if n, err := strconv.ParseInt(v, 10, 32); err == nil && n >= 0 {
		return time.Duration(n) * time.Second
	}
	if at, err := http.ParseTime(v); err == nil {
		return max(0, time.Until(at))
	}
	return 0
}
