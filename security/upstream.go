package security

import (
	"bufio"
	"context"
	"encoding/base64"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"github.com/axon-mcp/axon-mcp/fault"
	"github.com/axon-mcp/axon-mcp/secret"
)

// parseUpstream reads AXON_HTTP_PROXY. The message holds nothing of the value,
// which may be a password.
func parseUpstream(setting secret.String) (*url.URL, error) {
	if !setting.IsSet() {
		return nil, nil
	}
	u, err := url.Parse(setting.Reveal())
	if err != nil || u.Scheme != "http" || u.Hostname() == "" || u.Opaque != "" {
		return nil, fault.New(fault.Invalid, "AXON_HTTP_PROXY: the value is not of the form http://[user:password@]host:port")
	}
	if u.Port() == "" {
		u.Host = net.JoinHostPort(u.Hostname(), "80")
	}
	return u, nil
}

// dialUpstream asks the operator's proxy for a tunnel to one of the judged
// addresses. The proxy never sees a name, so it cannot resolve one otherwise
// than we did.
func (g *Guard) dialUpstream(ctx context.Context, addrs []netip.Addr, port uint16) (net.Conn, error) {
	var last error
	for _, a := range addrs {
		conn, err := g.tunnel(ctx, unmapped(a, port))
		if err == nil {
			return conn, nil
		}
		last = err
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
	}
	return nil, fault.Wrap(fault.Unavailable, last, "the proxy of AXON_HTTP_PROXY cannot be reached, or refused the connection")
}

// tunnel opens one connection to the proxy and asks it for one address.
func (g *Guard) tunnel(ctx context.Context, to netip.AddrPort) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", g.upstream.Host)
	if err != nil {
		return nil, fmt.Errorf("dial the proxy: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	err = g.connect(conn, to)
	if !stop() && err == nil {
		err = context.Cause(ctx) // the deadline may be set already
	}
	if err != nil {
		conn.Close()
		return nil, fmt.Errorf("CONNECT: %w", err)
	}
	return conn, nil
}

// connect speaks CONNECT (RFC 9110, 9.3.6).
func (g *Guard) connect(conn net.Conn, to netip.AddrPort) error {
	request := "CONNECT " + to.String() + " HTTP/1.1\r\nHost: " + to.String() + "\r\n"
	if user := g.upstream.User; user != nil {
		password, _ := user.Password()
		request += "Proxy-Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(user.Username()+":"+password)) + "\r\n"
	}
	if _, err := conn.Write([]byte(request + "\r\n")); err != nil {
		return err
	}
	// Byte by byte: what follows the answer belongs to the tunnel. Both
	// protocols inside (HTTP, TLS) let the client speak first, so nothing
	// follows; a reader of one byte makes that certain.
	response, err := http.ReadResponse(bufio.NewReaderSize(oneByte{conn}, 16), &http.Request{Method: http.MethodConnect})
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("the proxy answered %d", response.StatusCode)
	}
	return nil
}

// oneByte reads no further than it is asked for.
type oneByte struct{ conn net.Conn }

// Read implements io.Reader.
func (o oneByte) Read(p []byte) (int, error) { return o.conn.Read(p[:min(1, len(p))]) }
