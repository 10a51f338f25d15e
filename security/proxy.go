package security

import (
	"context"
	"encoding/base64"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"golang.org/x/net/netutil"

	"github.com/axon-mcp/axon-mcp/fault"
)

const (
	proxyConnections   = 512 // at once
	proxyHeaderTimeout = 10 * time.Second
	proxyIdleTimeout   = time.Minute
	proxyMaxHeader     = 64 << 10 // bytes; a browser sends long ones
	proxyDialTimeout   = 10 * time.Second
	// maxSessionBytes is what one job may move through the proxy, both ways.
	maxSessionBytes = 256 << 20
	// maxRequestBody is what a page's script may send in one request.
	maxRequestBody = 8 << 20
)

// Proxy is the forward proxy that stands between a browser and the network
// (B1): plain HTTP and CONNECT, both judged and dialled by the Guard. It serves
// whoever shows the secret of an open session, and nobody else (B7); a session
// lasts as long as one job, and its connections end with it.
type Proxy struct {
	guard     *Guard
	log       *slog.Logger
	transport *http.Transport // for plain HTTP

	mu       sync.Mutex
	sessions map[string]*ProxySession // by user
	closed   bool
	working  sync.WaitGroup // handlers, also of hijacked connections
}

// NewProxy returns a proxy that does not listen yet.
func NewProxy(guard *Guard, log *slog.Logger) *Proxy {
	return &Proxy{
		guard: guard, log: log, sessions: map[string]*ProxySession{},
		transport: &http.Transport{
			Proxy: nil, DisableCompression: true, MaxIdleConnsPerHost: 6, MaxIdleConns: 64, IdleConnTimeout: proxyIdleTimeout,
			ResponseHeaderTimeout: 20 * time.Second, MaxResponseHeaderBytes: proxyMaxHeader,
			DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
				ctx, cancel := context.WithTimeout(ctx, proxyDialTimeout)
				defer cancel()
				return guard.DialContext(ctx, network, address)
			},
		},
	}
}

// Run serves l until ctx ends, then closes every connection, the hijacked ones
// too, and waits for what still runs. It closes l. A proxy runs once.
func (p *Proxy) Run(ctx context.Context, l net.Listener) error {
	p.guard.Own(l.Addr().String())
	server := &http.Server{
		Handler: p, ReadHeaderTimeout: proxyHeaderTimeout, IdleTimeout: proxyIdleTimeout, MaxHeaderBytes: proxyMaxHeader,
		ErrorLog: slog.NewLogLogger(p.log.Handler(), slog.LevelDebug),
	}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	err := server.Serve(netutil.LimitListener(l, proxyConnections))
	stop()
	_ = server.Close()
	p.mu.Lock()
	p.closed = true
	for _, s := range p.sessions {
		s.cancel()
	}
	p.mu.Unlock()
	p.working.Wait()
	p.transport.CloseIdleConnections()
	if ctx.Err() != nil || errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// Open starts a session with a new secret. The caller closes it.
func (p *Proxy) Open() *ProxySession { return p.open(false) }

// OpenCanary starts a session that reaches nothing: whatever is asked for is
// refused and remembered (Failure), also what the operator allows. It shows that
// a browser asks this proxy.
func (p *Proxy) OpenCanary() *ProxySession { return p.open(true) }

func (p *Proxy) open(canary bool) *ProxySession {
	ctx, cancel := context.WithCancel(context.Background()) // ends with Close or with Run
	s := &ProxySession{
		canary: canary, User: NewToken(), Password: NewToken(), proxy: p, ctx: ctx, cancel: cancel, failures: map[string]error{},
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		cancel()
		return s
	}
	p.sessions[s.User] = s
	return s
}

// ServeHTTP implements http.Handler.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s := p.enter(r)
	if s == nil {
		w.Header().Set("Proxy-Authenticate", `Basic realm="axon-mcp"`)
		w.WriteHeader(http.StatusProxyAuthRequired)
		return
	}
	defer p.working.Done()
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	defer context.AfterFunc(s.ctx, cancel)()
	r = r.WithContext(ctx)
	switch {
	case s.canary:
		s.note(r.Host, blocked())
		w.WriteHeader(http.StatusForbidden)
	case r.Method == http.MethodConnect:
		p.connect(w, r, s)
	case strings.HasPrefix(strings.ToLower(r.RequestURI), "http://"):
		p.forward(w, r, s)
	default:
		w.WriteHeader(http.StatusBadRequest)
	}
}

// enter finds the session whose secret the request shows, and counts the
// request as work.
func (p *Proxy) enter(r *http.Request) *ProxySession {
	encoded, ok := strings.CutPrefix(r.Header.Get("Proxy-Authorization"), "Basic ")
	decoded, err := base64.StdEncoding.DecodeString(encoded)
	user, password, both := strings.Cut(string(decoded), ":")
	if !ok || err != nil || !both {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.sessions[user]
	if s == nil || p.closed || !SameToken(s.Password, password) {
		return nil
	}
	p.working.Add(1)
	return s
}

// fail answers for a host that was not reached, and remembers why. The page
// learns the status; what it stands for, only the session's owner.
func (p *Proxy) fail(w http.ResponseWriter, s *ProxySession, host string, err error) {
	status := http.StatusBadGateway
	switch fault.CodeOf(err) {
	case fault.URLBlocked:
		status = http.StatusForbidden
	case fault.Timeout:
		status = http.StatusGatewayTimeout
	}
	s.note(host, err)
	p.log.Debug("the browser's request failed", "host", clip(host), "error", err)
	w.WriteHeader(status)
}

// ProxySession is one job's right to use the proxy.
type ProxySession struct {
	User, Password string // for Proxy-Authorization: Basic

	canary bool
	proxy  *Proxy
	ctx    context.Context //nolint:containedctx // the life of the session
	cancel context.CancelFunc

	mu       sync.Mutex
	failures map[string]error // by host:port or host
	moved    int64            // bytes
}

// Close ends the session and its connections.
func (s *ProxySession) Close() {
	s.cancel()
	s.proxy.mu.Lock()
	defer s.proxy.mu.Unlock()
	delete(s.proxy.sessions, s.User)
}

// Failure returns why a host was not reached in this session, or nil: a fault
// of code URLBlocked, Unavailable or Timeout. host is as in a canonical URL
// (url.URL.Host).
func (s *ProxySession) Failure(host string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failures[host]
}

// note keeps the first failure of a host; their number is bounded.
func (s *ProxySession) note(host string, err error) {
	const most = 512
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, known := s.failures[host]; !known && len(s.failures) < most {
		s.failures[host] = err
	}
}

var errSessionFull = errors.New("the session has moved as many bytes as it may")

// count adds n moved bytes.
func (s *ProxySession) count(n int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.moved += int64(n); s.moved > maxSessionBytes {
		return errSessionFull
	}
	return nil
}
