package fetch

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"syscall"
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
	headerTimeout  = 20 * time.Second
	connectTimeout = 10 * time.Second
	totalTimeout   = 60 * time.Second
	maxHeaderBytes = 20 << 10
	tries          = 4 // one and three again
	backOff        = 500 * time.Millisecond
	maxRetryAfter  = 60 * time.Second
	idlePerHost    = 16
)

// Client fetches. It is safe for concurrent use.
type Client struct {
	guard *security.Guard
	cfg   Config
	log   *slog.Logger
	http  *http.Client
	hosts *hosts
}

// New returns a client that dials through guard.
func New(guard *security.Guard, cfg Config, log *slog.Logger) *Client {
	if cfg.UserAgent == "" {
		cfg.UserAgent = "axon-mcp (+https://github.com/axon-mcp/axon-mcp)"
	}
	if cfg.MaxBytes <= 0 {
		cfg.MaxBytes = 32 << 20
	}
	transport := &http.Transport{
		Proxy:                  nil, // the environment's would move the judgement elsewhere
		DialContext:            dialWithin(guard, connectTimeout),
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    connectTimeout,
		ResponseHeaderTimeout:  headerTimeout,
		MaxResponseHeaderBytes: maxHeaderBytes,
		MaxIdleConns:           256,
		MaxIdleConnsPerHost:    idlePerHost,
		IdleConnTimeout:        90 * time.Second,
		DisableCompression:     true, // decode.go counts what it decompresses
		ForceAttemptHTTP2:      true,
	}
	return &Client{
		guard: guard, cfg: cfg, log: log, hosts: newHosts(),
		http: &http.Client{Transport: transport, CheckRedirect: redirects(guard)},
	}
}

func dialWithin(guard *security.Guard, limit time.Duration) func(ctx context.Context, network, address string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		ctx, cancel := context.WithTimeout(ctx, limit)
		defer cancel()
		return guard.DialContext(ctx, network, address)
	}
}

type noRedirectKey struct{}

func redirects(guard *security.Guard) func(next *http.Request, via []*http.Request) error {
	return func(next *http.Request, via []*http.Request) error {
		if next.Context().Value(noRedirectKey{}) != nil {
			return http.ErrUseLastResponse
		}
		followed := make([]*url.URL, len(via))
		for i, earlier := range via {
			followed[i] = earlier.URL
		}
		u, err := guard.Redirect(followed, next.Response.Header.Get("Location"))
		if err != nil {
			return err
		}
		if !security.SameOrigin(followed[len(followed)-1], u) {
			for name := range next.Header {
				switch name {
				case "Accept", "Accept-Encoding", "User-Agent":
				default:
					delete(next.Header, name)
				}
			}
		}
		next.URL, next.Host = u, ""
		return nil
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
	// Delay is the pause between two requests to the host. Zero: 100 ms, or none
	// on loopback; negative: none.
	Delay time.Duration
	// Raw takes any media type and leaves the body's bytes as they are.
	Raw bool
	// NoRedirect returns a redirect instead of following it.
	NoRedirect bool
}

// Response is what came back, of any status.
type Response struct {
	URL          string // as asked, in canonical form
	FinalURL     string // after redirects
	Status       int
	Header       http.Header
	MediaType    string // without parameters, lower case
	Body         []byte // decompressed; UTF-8 for text
	ETag         string
	LastModified string
	NotModified  bool
	FetchedAt    time.Time
	// Moved tells that there were redirects and all of them are permanent.
	Moved bool
}

// Err is nil for a 2xx or 304, and otherwise a fault that tells the status.
func (r *Response) Err() error {
	switch s := r.Status; {
	case s >= 200 && s < 300, s == http.StatusNotModified:
		return nil
	case s == http.StatusNotFound, s == http.StatusGone:
		return fault.Errorf(fault.NotFound, "%s answered %d %s", r.URL, s, http.StatusText(s))
	case s == http.StatusUnauthorized, s == http.StatusForbidden:
		return fault.Errorf(fault.Forbidden, "%s answered %d %s; it wants a sign-in or refuses programs", r.URL, s, http.StatusText(s))
	case s == http.StatusTooManyRequests:
		return fault.Errorf(fault.Busy, "%s answered 429 Too Many Requests; try later or with a longer delay", r.URL)
	default:
		return fault.Errorf(fault.Unavailable, "%s answered %d %s", r.URL, s, http.StatusText(s))
	}
}

// Fetch reads one URL. It fails with URLBlocked, TooLarge, Unsupported, Timeout,
// Unavailable or Canceled; a bad status is no error (Response.Err).
func (c *Client) Fetch(ctx context.Context, r Request) (*Response, error) {
	u, err := c.guard.ValidateURL(r.URL)
	if err != nil {
		return nil, err
	}
	for try := 1; ; try++ {
		response, wait, err := c.once(ctx, u, r)
		if wait < 0 || try == tries {
			return response, err
		}
		c.log.Debug("fetch again", "url", security.LogURL(u.String()), "try", try, "wait", wait, "error", err)
		pause := max(wait, jittered(backOff<<(try-1)))
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return nil, explain(ctx, u, context.Cause(ctx))
		}
	}
}

// jittered spreads d over half to three halves of it.
func jittered(d time.Duration) time.Duration { return d/2 + rand.N(d) }

// once makes one attempt. wait is negative when there is no point in another,
// and otherwise how long the host wants to be left alone.
func (c *Client) once(ctx context.Context, u *url.URL, r Request) (response *Response, wait time.Duration, err error) {
	release, err := c.hosts.enter(ctx, u, r.Delay)
	if err != nil {
		return nil, -1, explain(ctx, u, err)
	}
	defer release()
	ctx, cancel := context.WithTimeoutCause(ctx, totalTimeout, context.DeadlineExceeded)
	defer cancel()
	if r.NoRedirect {
		ctx = context.WithValue(ctx, noRedirectKey{}, true)
	}
	req, err := c.request(ctx, u, r)
	if err != nil {
		return nil, -1, err
	}
	res, err := c.http.Do(req)
	if err != nil {
		if retryable(err) && ctx.Err() == nil {
			return nil, 0, explain(ctx, u, err)
		}
		return nil, -1, explain(ctx, u, err)
	}
	defer res.Body.Close()
	response, err = c.read(u, r, res)
	c.hosts.heard(u, res.StatusCode)
	if err != nil {
		return nil, -1, explain(ctx, u, err)
	}
	switch res.StatusCode {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		if after := retryAfter(res.Header); after <= maxRetryAfter {
			return response, after, nil
		}
	}
	return response, -1, nil
}

func (c *Client) request(ctx context.Context, u *url.URL, r Request) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, fault.Wrap(fault.URLBlocked, err, "the address is not public")
	}
	accept := r.Accept
	if accept == "" {
		accept = "text/html,application/xhtml+xml,text/markdown;q=0.9,text/plain;q=0.8,*/*;q=0.5"
	}
	req.Header.Set("User-Agent", c.cfg.UserAgent)
	req.Header.Set("Accept", accept)
	req.Header.Set("Accept-Encoding", "gzip, br, zstd")
	if r.ETag != "" {
		req.Header.Set("If-None-Match", r.ETag)
	}
	if r.LastModified != "" {
		req.Header.Set("If-Modified-Since", r.LastModified)
	}
	return req, nil
}

// read reads the body within the limits.
func (c *Client) read(u *url.URL, r Request, res *http.Response) (*Response, error) {
	final := *res.Request.URL
	final.Fragment = ""
	out := &Response{
		URL: u.String(), FinalURL: final.String(), Status: res.StatusCode, Header: res.Header,
		ETag: res.Header.Get("ETag"), LastModified: res.Header.Get("Last-Modified"),
		NotModified: res.StatusCode == http.StatusNotModified, FetchedAt: time.Now().UTC(),
		Moved: moved(res),
	}
	limit := c.cfg.MaxBytes
	if r.MaxBytes > 0 {
		limit = min(limit, r.MaxBytes)
	}
	if res.ContentLength > limit {
		return nil, tooLarge(u, limit)
	}
	body, err := decompress(res.Body, res.Header.Get("Content-Encoding"), res.ContentLength, limit)
	if errors.Is(err, errTooLarge) {
		return nil, tooLarge(u, limit)
	}
	if err != nil {
		return nil, err
	}
	out.Body, out.MediaType = body, mediaType(res.Header.Get("Content-Type"), final.Path, body)
	if r.Raw || out.NotModified {
		return out, nil
	}
	if out.Status < 300 && !readable(out.MediaType) {
		return nil, fault.Errorf(fault.Unsupported, "%s is %s; HTML, text, Markdown, JSON, XML feeds, PDF and source code are read", u, out.MediaType)
	}
	if isText(out.MediaType) {
		out.Body = toUTF8(body, res.Header.Get("Content-Type"))
	}
	return out, nil
}

// moved reports whether all redirects that led here are permanent.
func moved(res *http.Response) bool {
	hops := 0
	for earlier := res.Request.Response; earlier != nil; earlier = earlier.Request.Response {
		if earlier.StatusCode != http.StatusMovedPermanently && earlier.StatusCode != http.StatusPermanentRedirect {
			return false
		}
		hops++
	}
	return hops > 0
}

func tooLarge(u *url.URL, limit int64) error {
	return fault.Errorf(fault.TooLarge, "%s is larger than %d bytes (AXON_MAX_PAGE_BYTES)", u, limit)
}

// retryAfter reads Retry-After in seconds or as a date (RFC 9110, 10.2.3).
func retryAfter(h http.Header) time.Duration {
	v := h.Get("Retry-After")
	if n, err := strconv.Atoi(v); err == nil && n >= 0 {
		return time.Duration(n) * time.Second
	}
	if at, err := http.ParseTime(v); err == nil {
		return max(0, time.Until(at))
	}
	return 0
}

func retryable(err error) bool {
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF)
}

// explain makes a fault of a transport's error. A fault inside it, such as the
// guard's, stays what it is.
func explain(ctx context.Context, u *url.URL, err error) error {
	var f *fault.Error
	var timeout net.Error
	switch {
	case errors.As(err, &f):
		return f
	case errors.Is(err, context.Canceled):
		return fmt.Errorf("fetch %s: %w", u, context.Cause(ctx))
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return fault.Wrap(fault.Timeout, err, "%s did not answer in time", u)
	}
	return fault.Wrap(fault.Unavailable, err, "%s cannot be reached; check the address, or try later", u)
}
