package main

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/axon-mcp/axon-mcp/fault"
	"github.com/axon-mcp/axon-mcp/mcp"
	"github.com/axon-mcp/axon-mcp/security"
)

func (a *app) serveCommand() *cobra.Command {
	host, port := "", -1
	cmd := &cobra.Command{
		Use: "serve", Short: "Serve MCP over HTTP, with a key", GroupID: groupServe, Args: noArguments,
		Long: `Serves MCP over HTTP at http://127.0.0.1:8001/mcp. Every request needs the key:
AXON_MCP_API_KEY, or the one that the first start makes and keeps in the data
directory. GET /healthz needs none.`,
		Example: "  axon-mcp serve\n  axon-mcp serve --port 9000\n  axon-mcp connect cursor --http",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if host != "" {
				a.cfg.HTTP.Host = host
			}
			if port >= 0 {
				a.cfg.HTTP.Port = port
			}
			if err := a.cfg.HTTP.Validate(); err != nil {
				return err
			}
			return a.serve(cmd.Context())
		},
	}
	cmd.Flags().StringVar(&host, "host", "", "`address` to listen on (AXON_MCP_HTTP_HOST)")
	cmd.Flags().IntVar(&port, "port", -1, "`port` to listen on; 0 takes a free one (AXON_MCP_HTTP_PORT)")
	return cmd
}

// serve answers over HTTP until ctx ends, and works jobs off meanwhile.
func (a *app) serve(ctx context.Context) error {
	log := newLogger(a.std, a.cfg.Program, slog.LevelInfo)
	key, err := apiKey(a.cfg)
	if err != nil {
		return err
	}
	if len(key) < shortKey {
		log.Warn("the key is short; make a better one with: openssl rand -hex 32", "name", "AXON_MCP_API_KEY")
	}
	address := net.JoinHostPort(a.cfg.HTTP.Host, strconv.Itoa(a.cfg.HTTP.Port))
	l, err := net.Listen("tcp", address)
	if err != nil {
		return fault.Wrap(fault.Unavailable, err, "cannot listen on %s: %v; choose another with AXON_MCP_HTTP_HOST and AXON_MCP_HTTP_PORT", address, err)
	}
	defer l.Close()
	server := mcp.New(a.parts.registry, a.parts.mcpConfig(), log)
	a.announce(l.Addr().(*net.TCPAddr))
	srv := newHTTPServer(a.routes(server, key), log)
	group := append(a.parts.background(log), part{name: "http", leads: true, run: listen(l, srv, drain)})
	return runAll(ctx, group...)
}

// shortKey is the length below which a key is warned about.
const shortKey = 16

// newHTTPServer bounds how long a request may take to come in. Answers may be
// streams of hours, so writing has no bound here; the MCP door has its own.
func newHTTPServer(h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler: h, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 60 * time.Second, IdleTimeout: 2 * time.Minute,
		MaxHeaderBytes: 64 << 10, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
}

// routes is the whole of what the listener answers.
func (a *app) routes(server *mcp.Server, key string) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/mcp", server.Handler(bearer(key)))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"status":"ok","version":"`+version+`"}`+"\n") // the asker may have gone
	})
	return mux
}

// bearer lets requests with the key through, as the identity "key". A key in
// the query counts as none: it would end up in logs and histories (RFC 6750,
// section 2.3).
func bearer(key string) func(http.Handler) http.Handler {
	want := sha256.Sum256([]byte(key))
	id := security.Identity{Subject: "key", Scopes: []string{security.ScopeRead, security.ScopeWrite, security.ScopeAdmin}}
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			scheme, given, _ := strings.Cut(r.Header.Get("Authorization"), " ")
			got := sha256.Sum256([]byte(strings.TrimSpace(given)))
			if !strings.EqualFold(scheme, "Bearer") || subtle.ConstantTimeCompare(got[:], want[:]) != 1 {
				w.Header().Set("WWW-Authenticate", `Bearer realm="axon-mcp"`)
				http.Error(w, "this server needs the header Authorization: Bearer KEY", http.StatusUnauthorized)
				return
			}
			next.ServeHTTP(w, r.WithContext(security.WithIdentity(r.Context(), id)))
		})
	}
}

// announce says where the server is and how a client gets in. The key itself
// stands in no log.
func (a *app) announce(addr *net.TCPAddr) {
	url := mcpURL(a.cfg.HTTP.Host, addr.Port)
	from := "$AXON_MCP_API_KEY"
	if !a.cfg.HTTP.APIKey.IsSet() {
		from = `$(cat "` + a.cfg.Program.DataDir + "/" + keyFile + `")`
	}
	fmt.Fprintf(a.std.err, `axon-mcp %s serves MCP at %s
Connect a client:
  axon-mcp connect claude-code --http        (or cursor, vscode)
  claude mcp add --transport http axon %s --header "Authorization: Bearer %s"
  {"mcpServers": {"axon": {"type": "http", "url": "%s", "headers": {"Authorization": "Bearer KEY"}}}}
`, version, url, url, from, url)
}
