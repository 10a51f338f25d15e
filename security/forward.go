package security

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/textproto"
	"net/url"
	"strings"
	"sync"

	"github.com/axon-mcp/axon-mcp/fault"
)

// forward does one plain HTTP request for the browser. Redirects are the
// browser's to follow: each comes back here.
func (p *Proxy) forward(w http.ResponseWriter, r *http.Request, s *ProxySession) {
	u, err := p.guard.ValidateURL(r.RequestURI)
	if err != nil {
		p.fail(w, s, r.Host, err)
		return
	}
	out := r.Clone(r.Context())
	out.URL, out.Host, out.RequestURI = u, u.Host, "" // C8: never the browser's Host
	out.Body = http.MaxBytesReader(w, r.Body, maxRequestBody)
	if r.ContentLength == 0 {
		out.Body = http.NoBody
	}
	out.Close = false // that is between the browser and us
	dropHopByHop(out.Header)
	res, err := p.transport.RoundTrip(out)
	if err != nil {
		p.fail(w, s, u.Host, unreachable(r.Context(), u, err))
		return
	}
	defer res.Body.Close()
	dropHopByHop(res.Header)
	for name, values := range res.Header {
		w.Header()[name] = values
	}
	w.WriteHeader(res.StatusCode)
	_, err = io.Copy(counting{w, s, http.NewResponseController(w)}, res.Body)
	if err != nil {
		panic(http.ErrAbortHandler) // the browser must see that it is not whole
	}
}

// unreachable makes a fault of a transport's error.
func unreachable(ctx context.Context, u *url.URL, err error) error {
	var known *fault.Error
	var timeout net.Error
	switch {
	case errors.As(err, &known):
		return known
	case ctx.Err() != nil:
		return fault.Wrap(fault.Canceled, context.Cause(ctx), "reading %s was canceled", LogURL(u.String()))
	case errors.As(err, &timeout) && timeout.Timeout():
		return fault.Wrap(fault.Timeout, err, "%s did not answer in time", LogURL(u.String()))
	}
	return fault.Wrap(fault.Unavailable, err, "%s cannot be reached; check the address, or try later", LogURL(u.String()))
}

// dropHopByHop removes what is between two neighbours only (RFC 9110, 7.6.1),
// the secret of the session among it.
func dropHopByHop(h http.Header) {
	for _, list := range h["Connection"] {
		for name := range strings.SplitSeq(list, ",") {
			h.Del(textproto.TrimString(name))
		}
	}
	for _, name := range []string{
		"Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization", "Proxy-Connection", "Te", "Trailer",
		"Transfer-Encoding", "Upgrade", "Alt-Svc", // C7: no other way in
	} {
		delete(h, name)
	}
}

// counting is the browser's side; what is written is sent on at once.
type counting struct {
	w       io.Writer
	session *ProxySession
	flush   *http.ResponseController
}

// Write implements io.Writer.
func (c counting) Write(b []byte) (int, error) {
	if err := c.session.count(len(b)); err != nil {
		return 0, err
	}
	n, err := c.w.Write(b)
	if err == nil && c.flush != nil {
		err = c.flush.Flush()
	}
	return n, err
}

// connect opens a tunnel: TLS and WebSockets go through it.
func (p *Proxy) connect(w http.ResponseWriter, r *http.Request, s *ProxySession) {
	ctx, cancel := context.WithTimeout(r.Context(), proxyDialTimeout)
	far, err := p.guard.DialContext(ctx, "tcp", r.RequestURI)
	cancel()
	host := strings.TrimSuffix(r.RequestURI, ":443") // as in an https URL
	if err != nil {
		p.fail(w, s, host, unreachable(r.Context(), &url.URL{Scheme: "https", Host: host}, err))
		return
	}
	defer far.Close()
	near, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		p.log.Debug("take over the browser's connection", "error", err)
		return
	}
	defer near.Close()
	if _, err := io.WriteString(near, "HTTP/1.1 200 Connection established\r\n\r\n"); err != nil {
		return
	}
	s.pipe(near, buffered.Reader, far)
}

// pipe copies both ways until both ends are done, one breaks, or the session
// ends.
func (s *ProxySession) pipe(near net.Conn, early *bufio.Reader, far net.Conn) {
	closeBoth := func() {
		near.Close()
		far.Close()
	}
	defer context.AfterFunc(s.ctx, closeBoth)()
	var up sync.WaitGroup
	up.Go(func() {
		if _, err := io.Copy(counting{w: far, session: s}, early); err != nil {
			closeBoth()
			return
		}
		closeWrite(far)
	})
	if _, err := io.Copy(counting{w: near, session: s}, far); err != nil {
		closeBoth()
	}
	closeWrite(near)
	up.Wait()
}

// closeWrite tells the other end that no more will come.
func closeWrite(conn net.Conn) {
	if half, ok := conn.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite()
		return
	}
	conn.Close()
}
