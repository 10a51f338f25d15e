package fetch

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/axon-mcp/axon-mcp/fault"
	"github.com/axon-mcp/axon-mcp/security"
)

// acceptAny prefers what documents are made of.
const acceptAny = "text/html,application/xhtml+xml,text/markdown;q=0.9,text/plain;q=0.8,*/*;q=0.5"

// attempt makes one attempt, with its redirects. wait is negative when there is
// no point in another, and otherwise how long the host wants to be left alone.
func (c *Client) attempt(ctx context.Context, u *url.URL, r Request) (response *Response, wait time.Duration, err error) {
	limit := totalTimeout
	if r.Timeout > 0 {
		limit = min(limit, r.Timeout)
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	via, moved := []*url.URL{u}, true
	for {
		at := via[len(via)-1]
		response, err := c.hop(ctx, at, r, len(via) == 1 || security.SameOrigin(u, at))
		if err != nil {
			if retryable(err) && ctx.Err() == nil {
				return nil, 0, explain(ctx, at, err)
			}
			return nil, -1, explain(ctx, at, err)
		}
		response.URL = u.String()
		if r.NoRedirect || !isRedirect(response.Status) {
			response.Moved = moved && len(via) > 1
			return response, waitAfter(response), nil
		}
		next, err := c.guard.Redirect(via, response.Header.Get("Location"))
		if err != nil {
			return nil, -1, err
		}
		moved = moved && isPermanent(response.Status)
		via = append(via, next)
	}
}

// hop makes one request. sameOrigin says that the validators are the host's own.
func (c *Client) hop(ctx context.Context, u *url.URL, r Request, sameOrigin bool) (*Response, error) {
	place, err := c.hosts.enter(ctx, u, r.Delay)
	if err != nil {
		return nil, err
	}
	defer place.leave()
	res, err := c.transport.RoundTrip(c.request(ctx, u, r, sameOrigin))
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	place.heard(res.StatusCode)
	if isRedirect(res.StatusCode) && !r.NoRedirect {
		// A short body is read so that the connection can be used again.
		_, _ = io.CopyN(io.Discard, res.Body, 4<<10)
		return c.response(u, res), nil
	}
	return c.read(u, r, res)
}

// request has no header but those that every request has: there are no
// credentials to carry across origins, and validators stay at home.
func (c *Client) request(ctx context.Context, u *url.URL, r Request, sameOrigin bool) *http.Request {
	accept := r.Accept
	if accept == "" {
		accept = acceptAny
	}
	header := http.Header{
		"User-Agent":      {c.cfg.UserAgent},
		"Accept":          {accept},
		"Accept-Encoding": {"gzip, br, zstd"},
	}
	if r.ETag != "" && sameOrigin {
		header.Set("If-None-Match", r.ETag)
	}
	if r.LastModified != "" && sameOrigin {
		header.Set("If-Modified-Since", r.LastModified)
	}
	req := &http.Request{Method: http.MethodGet, URL: u, Host: u.Host, Header: header, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1}
	return req.WithContext(ctx)
}

// response is what the headers tell.
func (c *Client) response(u *url.URL, res *http.Response) *Response {
	final := *u
	final.Fragment, final.RawFragment = "", ""
	return &Response{
		FinalURL: final.String(), Status: res.StatusCode, Header: res.Header,
		ETag: res.Header.Get("ETag"), LastModified: res.Header.Get("Last-Modified"),
		NotModified: res.StatusCode == http.StatusNotModified && isConditional(res.Request), FetchedAt: time.Now().UTC(),
	}
}

// isConditional reports whether a 304 can be the answer: one that nobody asked
// for says nothing about what is stored.
func isConditional(r *http.Request) bool {
	return r.Header.Get("If-None-Match") != "" || r.Header.Get("If-Modified-Since") != ""
}

// read reads the body within the limits. What is of no readable type is refused
// from its headers, or from its first bytes where those decide.
func (c *Client) read(u *url.URL, r Request, res *http.Response) (*Response, error) {
	out := c.response(u, res)
	limit := c.cfg.MaxBytes
	if r.MaxBytes > 0 {
		limit = min(limit, r.MaxBytes)
	}
	if out.Status == http.StatusNotModified || res.ContentLength == 0 {
		res.Header.Del("Content-Encoding") // nothing is encoded
	}
	contentType := res.Header.Get("Content-Type")
	picky := !r.Raw && out.Status < 300
	if t := declaredType(contentType, u.Path); picky && t != "" && !readable(t) {
		return nil, unsupported(u, t)
	}
	if res.ContentLength > limit {
		return nil, tooLarge(u, limit)
	}
	body, err := c.decoders.read(res.Body, res.Header.Get("Content-Encoding"), res.ContentLength, limit, func(start []byte) error {
		out.MediaType = mediaType(contentType, u.Path, start)
		if picky && !readable(out.MediaType) {
			return unsupported(u, out.MediaType)
		}
		return nil
	})
	switch {
	case errors.Is(err, errTooLarge):
		return nil, tooLarge(u, limit)
	case err != nil:
		return nil, err
	}
	if out.Body = body; !r.Raw && isText(out.MediaType) {
		out.Body = toUTF8(body, contentType)
	}
	return out, nil
}

// isRedirect reports whether a status wants its Location followed with GET.
func isRedirect(status int) bool {
	switch status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return true
	}
	return false
}

func isPermanent(status int) bool {
	return status == http.StatusMovedPermanently || status == http.StatusPermanentRedirect
}

// waitAfter is how long a host that is overloaded wants to be left alone, or
// negative where another try is pointless or would come too late.
func waitAfter(r *Response) time.Duration {
	switch r.Status {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		if after := retryAfter(r.Header); after <= maxRetryAfter {
			return after
		}
	}
	return -1
}

func tooLarge(u *url.URL, limit int64) error {
	return fault.Errorf(fault.TooLarge, "%s is larger than %d bytes; AXON_MAX_PAGE_BYTES sets the limit", security.LogURL(u.String()), limit)
}

func unsupported(u *url.URL, mediaType string) error {
	return fault.Errorf(fault.Unsupported, "%s is %s; HTML, text, Markdown, JSON, XML feeds, PDF and source code are read",
		security.LogURL(u.String()), clip(mediaType))
}
