package oauth

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/axon-mcp/axon-mcp/fault"
	"github.com/axon-mcp/axon-mcp/security"
)

// How long things live.
const (
	codeLife     = 60 * time.Second
	codeMemory   = 10 * time.Minute // a used code is remembered, to see a second use
	loginLife    = 10 * time.Minute
	accessLife   = time.Hour
	refreshIdle  = 30 * 24 * time.Hour
	refreshTotal = 90 * 24 * time.Hour
	refreshGrace = 60 * time.Second // for a token whose successor got lost
	sessionLife  = 7 * 24 * time.Hour
	clientTrial  = 24 * time.Hour // of a client that nobody has used
	clientLife   = 90 * 24 * time.Hour
	pinLife      = 10 * 365 * 24 * time.Hour
)

// Deps is what the server needs.
type Deps struct {
	Store   Store
	Fetcher Fetcher // of client metadata documents
	Log     *slog.Logger
	Now     func() time.Time // nil: the system's clock
}

// Server is the authorization server and the check of its tokens. It is safe
// for concurrent use and starts nothing.
type Server struct {
	cfg      Config
	store    Store
	fetcher  Fetcher
	log      *slog.Logger
	now      func() time.Time
	issuer   string
	resource string
	secure   bool // the issuer is https
	google   *google
	fixed    map[string]client // registered by configuration
	proxies  []netip.Prefix
	docs     documents
	limits   limits
}

// New returns the server of a configuration with Enabled. It fails with
// Invalid, and names each variable that is wrong.
func New(cfg Config, deps Deps) (*Server, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	s := &Server{
		cfg: cfg, store: deps.Store, fetcher: deps.Fetcher, log: deps.Log, now: deps.Now,
		issuer: cfg.issuer(), limits: newLimits(),
	}
	if s.now == nil {
		s.now = time.Now
	}
	if err := checkSecureURL(s.issuer, true); err != nil {
		return nil, fault.Errorf(fault.Invalid, "GOOGLE_OAUTH_BROKER_ISSUER: the issuer %s; set it, or AXON_PUBLIC_URL, to the origin that clients reach this server by", err)
	}
	s.resource = s.issuer + "/mcp"
	s.secure = strings.HasPrefix(s.issuer, "https:")
	s.google = newGoogle(cfg, s.now)
	for _, one := range cfg.TrustedProxies {
		prefix, err := parsePrefix(one)
		if err != nil {
			return nil, fault.Errorf(fault.Invalid, "AXON_TRUSTED_PROXIES: %q is no address or network", one)
		}
		s.proxies = append(s.proxies, prefix)
	}
	fixed, err := readClients(cfg.ClientsFile, cfg.RedirectPolicy)
	if err != nil {
		return nil, err
	}
	s.fixed = fixed
	return s, nil
}

func parsePrefix(text string) (netip.Prefix, error) {
	if strings.Contains(text, "/") {
		prefix, err := netip.ParsePrefix(text)
		return prefix.Masked(), err
	}
	a, err := netip.ParseAddr(text)
	if err != nil {
		return netip.Prefix{}, err
	}
	return a.Prefix(a.BitLen())
}

// Issuer is the origin that clients know this server by.
func (s *Server) Issuer() string { return s.issuer }

// Callback is the URL that must be registered at Google.
func (s *Server) Callback() string { return s.cfg.callback() }

// Check proves that people can sign in now, as far as that shows without one:
// the store can be written and read, and Google publishes keys. It fails with
// Unavailable.
func (s *Server) Check(ctx context.Context) (*Overview, error) {
	if err := s.store.Check(ctx); err != nil {
		return nil, err
	}
	o, err := Look(ctx, s.store)
	if err != nil {
		return nil, err
	}
	return o, s.google.keys.check(ctx, s.google.client, s.now())
}

// Handler answers everything under /oauth/ and /.well-known/, and the callback
// path where that is another.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	open := func(path, methods string, h http.HandlerFunc) { mux.Handle(path, cors(methods, h)) }
	for _, path := range []string{"/.well-known/oauth-protected-resource", "/.well-known/oauth-protected-resource/mcp"} {
		open(path, "GET", s.protectedResource)
	}
	for _, path := range []string{"/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"} {
		open(path, "GET", s.authorizationServer)
	}
	open("/oauth/register", "POST", s.register)
	open("/oauth/token", "POST", s.token)
	open("/oauth/revoke", "POST", s.revoke)
	page := func(pattern string, h http.HandlerFunc) { mux.Handle(pattern, s.ownHost(h)) }
	page("GET /oauth/authorize", s.authorize) // no CORS there (G9)
	page("POST /oauth/authorize", s.consented)
	page("GET /oauth/google/login", s.login)
	page("GET "+callbackPath(s.cfg.callback()), s.callback)
	page("GET /oauth/google/logout", s.logout)
	page("POST /oauth/google/logout", s.logout)
	page("GET /oauth/google/status", s.status)
	mux.HandleFunc("GET /oauth/style.css", serveStyle)
	mux.HandleFunc("/oauth/", func(w http.ResponseWriter, r *http.Request) {
		s.errorPage(w, r, http.StatusNotFound, problem{Title: "There is no such page", Text: "This address is not one of axon's."})
	})
	return s.recovered(mux)
}

func callbackPath(callback string) string {
	u, err := url.Parse(callback)
	if err != nil || u.Path == "" {
		return "/oauth/google/callback"
	}
	return u.Path
}

// recovered answers 500 where a handler panics, without what it said.
func (s *Server) recovered(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if v := recover(); v != nil {
				s.log.LogAttrs(r.Context(), slog.LevelError, "panic in the authorization server", slog.Any("panic", v), slog.String("stack", string(debug.Stack())))
				http.Error(w, "internal error", http.StatusInternalServerError)
			}
		}()
		next.ServeHTTP(w, r)
	})
}

// cors lets web pages call what takes no cookie (G9).
func cors(methods string, next http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Access-Control-Allow-Origin", "*")
		h.Set("X-Content-Type-Options", "nosniff")
		switch r.Method {
		case http.MethodOptions:
			h.Set("Access-Control-Allow-Methods", methods+", OPTIONS")
			h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, Mcp-Protocol-Version")
			h.Set("Access-Control-Max-Age", "3600")
			w.WriteHeader(http.StatusNoContent)
		case methods:
			next(w, r)
		default:
			if r.Method == http.MethodHead && methods == http.MethodGet {
				next(w, r)
				return
			}
			h.Set("Allow", methods+", OPTIONS")
			refuse(w, oauthError{Status: http.StatusMethodNotAllowed, Code: "invalid_request", Text: "use " + methods})
		}
	})
}

// ownHost refuses pages under another name than ours: a name that an attacker
// points at this address (DNS rebinding) would let his page read the form.
func (s *Server) ownHost(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !s.hostKnown(r) {
			s.decide(r.Context(), "refused", slog.String("what", "page"), slog.String("reason", "foreign Host"))
			s.errorPage(w, r, http.StatusForbidden, problem{
				Title: "This address is not axon's own", Text: "The page was asked for under another name than this server is set up for.",
				Hint: "Where a proxy stands before axon, let it pass the Host header on, and set AXON_PUBLIC_URL.",
			})
			return
		}
		next(w, r)
	}
}

func (s *Server) hostKnown(r *http.Request) bool {
	host := strings.ToLower(r.Host)
	_, own, _ := strings.Cut(s.issuer, "://")
	if u, err := url.Parse(s.cfg.callback()); host == own || (err == nil && host == strings.ToLower(u.Host)) {
		return true
	}
	local, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	if !ok {
		return false
	}
	address, port, err := net.SplitHostPort(local.String())
	if err != nil {
		return false
	}
	name, hostPort, err := net.SplitHostPort(host)
	return err == nil && hostPort == port && (name == address || isLoopbackName(name))
}

// address is who asks, for limits: the peer, or behind trusted proxies the
// nearest address that is none of them. An IPv6 network of one customer (/64)
// counts as one.
func (s *Server) address(r *http.Request) string {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	a := peer.Addr().Unmap().WithZone("")
	chain := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(chain) - 1; i >= 0 && s.trusted(a); i-- {
		next, err := netip.ParseAddr(strings.TrimSpace(chain[i]))
		if err != nil {
			break
		}
		a = next.Unmap().WithZone("")
	}
	if a.Is6() {
		if prefix, err := a.Prefix(64); err == nil {
			return prefix.String()
		}
	}
	return a.String()
}

func (s *Server) trusted(a netip.Addr) bool {
	for _, prefix := range s.proxies {
		if prefix.Contains(a) {
			return true
		}
	}
	return false
}

// decide writes the one line of a decision. It never holds a secret.
func (s *Server) decide(ctx context.Context, decision string, attrs ...slog.Attr) {
	level := slog.LevelInfo
	if decision == "reused" {
		level = slog.LevelWarn // someone has a token or code that is not theirs
	}
	s.log.LogAttrs(ctx, level, "oauth decision", append([]slog.Attr{slog.String("decision", decision)}, attrs...)...)
}

func (s *Server) cookieName(name string) string {
	if s.secure {
		return "__Host-" + name
	}
	return name // a browser takes __Host- over TLS alone
}

func (s *Server) setCookie(w http.ResponseWriter, name, value string, life time.Duration) {
	http.SetCookie(w, &http.Cookie{
		Name: s.cookieName(name), Value: value, Path: "/", MaxAge: int(life.Seconds()),
		Secure: s.secure, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
}

func (s *Server) dropCookie(w http.ResponseWriter, name string) {
	http.SetCookie(w, &http.Cookie{
		Name: s.cookieName(name), Path: "/", MaxAge: -1, Secure: s.secure, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
}

func (s *Server) cookie(r *http.Request, name string) string {
	c, err := r.Cookie(s.cookieName(name))
	if err != nil || len(c.Value) > 200 {
		return ""
	}
	return c.Value
}

// oauthError is an answer of the endpoints that programs call (RFC 6749, 5.2).
type oauthError struct {
	Status int
	Code   string
	Text   string
	Retry  time.Duration
	Basic  bool // the client tried Basic (X10)
}

func (e oauthError) Error() string { return e.Code + ": " + e.Text }

func refuse(w http.ResponseWriter, e oauthError) {
	if e.Retry > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(e.Retry.Seconds()))))
	}
	if e.Basic {
		w.Header().Set("WWW-Authenticate", `Basic realm="axon"`)
	}
	answer(w, e.Status, map[string]string{"error": e.Code, "error_description": e.Text})
}

// storeError is what a client reads where the store fails: never that it may
// come in.
func (s *Server) storeError(ctx context.Context, err error) oauthError {
	s.log.LogAttrs(ctx, slog.LevelError, "the store of the sign-ins failed", slog.String("error", fault.MessageOf(err)), slog.Any("cause", err))
	retry := fault.RetryAfter(err)
	if retry == 0 {
		retry = 5 * time.Second
	}
	return oauthError{Status: http.StatusServiceUnavailable, Code: "temporarily_unavailable", Text: "the server cannot reach its store now; try again", Retry: retry}
}

// answer writes JSON that no cache keeps (X6).
func answer(w http.ResponseWriter, status int, value any) {
	raw, err := json.Marshal(value)
	if err != nil {
		raw, status = []byte(`{"error":"server_error"}`), http.StatusInternalServerError
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	h.Set("Pragma", "no-cache")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(append(raw, '\n')) // the client is gone: nothing to do
}

// single reads a form or query in which each name stands once (G3, X10).
func single(values url.Values) (func(name string) string, error) {
	for name, list := range values {
		if len(list) > 1 {
			return nil, fmt.Errorf("the parameter %.40q stands more than once", name)
		}
	}
	return values.Get, nil
}

func scopesOf(text string) (known []string) {
	for _, scope := range []string{security.ScopeRead, security.ScopeWrite, security.ScopeAdmin} {
		for field := range strings.FieldsSeq(text) {
			if field == scope {
				known = append(known, scope)
				break
			}
		}
	}
	return known
}
