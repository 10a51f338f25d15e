package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/axon-mcp/axon-mcp/config"
	"github.com/axon-mcp/axon-mcp/fault"
	"github.com/axon-mcp/axon-mcp/mcp"
)

func (a *app) serveCommand() *cobra.Command {
	host, port := "", -1
	cmd := &cobra.Command{
		Use: "serve", Short: "Serve MCP over HTTP, with a key, and the web page", GroupID: groupServe, Args: noArguments,
		Long: `Serves MCP over HTTP at http://127.0.0.1:8001/mcp. Every request needs the key:
AXON_MCP_API_KEY, or the one that the first start makes and keeps in the data
directory. GET /healthz needs none.

The web page, /ws and the API are at http://127.0.0.1:49010 (AXON_WEB_HOST,
AXON_WEB_PORT), open to this machine until AXON_WEB_API_TOKEN is set.`,
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
	setLevel(&a.level, a.cfg.Program.LogLevel, slog.LevelInfo)
	log := a.log
	key, err := apiKey(a.cfg)
	if err != nil {
		return err
	}
	if len(key) < shortKey {
		log.Warn("the key is short; make a better one with: openssl rand -hex 32", "name", "AXON_MCP_API_KEY")
	}
	if open := a.withoutTLS(); open != "" {
		log.Warn(open, "name", "AXON_MCP_HTTP_HOST")
	}
	address := net.JoinHostPort(a.cfg.HTTP.Host, strconv.Itoa(a.cfg.HTTP.Port))
	l, err := net.Listen("tcp", address)
	if err != nil {
		return fault.Wrap(fault.Unavailable, err, "cannot listen on %s: %v; choose another with AXON_MCP_HTTP_HOST and AXON_MCP_HTTP_PORT", address, err)
	}
	defer l.Close()
	bound := l.Addr().(*net.TCPAddr)
	a.parts.guard.Own(bound.String()) // a flag, or port 0, has chosen another than the settings (C13)
	agents := a.agents(mcpURL(a.cfg.HTTP.Host, bound.Port), log)
	webAt, page, err := a.webListener(agents, log)
	if err != nil {
		return err
	}
	defer webAt.Close()
	a.parts.guard.Own(webAt.Addr().String())
	door, err := a.parts.entrance(key, strings.TrimSuffix(mcpURL(a.cfg.HTTP.Host, bound.Port), "/mcp"))
	if err != nil {
		return err
	}
	defer door.close()
	server := a.parts.mcpServer(log, append(door.hosts(), net.JoinHostPort(a.cfg.HTTP.Host, strconv.Itoa(bound.Port)))...)
	srv := newHTTPServer(routes(server.Handler(mcp.Bearer(mcp.FirstOf(agentKeys(agents.Keys()), door.verify), door.challenge, log)), door), log)
	a.announce(bound)
	a.announceOAuth(door)
	a.announceWeb(webAt.Addr().(*net.TCPAddr))
	group := append(a.parts.background(), part{name: "mcp", run: server.Run}, part{name: "http", leads: true, run: listen(l, srv, drain)},
		part{name: "web sockets", run: page.Run}, part{name: "agents", run: agents.Run}, part{name: "web", leads: true, run: listen(webAt, newHTTPServer(page.Handler(), log), drain)})
	ctx, stop := shuttingDown(ctx)
	defer stop()
	return runAll(ctx, group...)
}

// shortKey is the length below which a key is warned about.
const shortKey = 16

// withoutTLS says what is wrong where others can reach the listener and nothing
// tells that TLS stands before it (X13). Empty: nothing.
func (a *app) withoutTLS() string {
	public := a.cfg.OAuth.BrokerIssuer
	if public == "" {
		public = a.cfg.MCP.PublicURL
	}
	if addr, err := netip.ParseAddr(a.cfg.HTTP.Host); a.cfg.HTTP.Host == "localhost" || (err == nil && addr.IsLoopback()) || strings.HasPrefix(public, "https://") {
		return ""
	}
	return "others can reach /mcp, and no https origin is set: keys and tokens cross the network in the clear; put TLS before it and set AXON_PUBLIC_URL, or listen on 127.0.0.1"
}

// newHTTPServer bounds how long a request may take to come in. Answers may be
// streams of hours, so writing has no bound here; the MCP door has its own.
func newHTTPServer(h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler: h, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 60 * time.Second, IdleTimeout: 2 * time.Minute,
		MaxHeaderBytes: 64 << 10, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
}

// routes is the whole of what the listener answers.
func routes(mcpDoor http.Handler, door *entrance) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/mcp", mcpDoor)
	door.mount(mux)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"status":"ok","version":"`+version+`"}`+"\n") // the asker may have gone
	})
	return mux
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
  axon-mcp connect claude-code --http%s        (or cursor, vscode)
  claude mcp add --transport http axon %s --header "Authorization: Bearer %s"
  {"mcpServers": {"axon": {"type": "http", "url": "%s", "headers": {"Authorization": "Bearer KEY"}}}}
`, version, url, connectFlags(a.cfg.HTTP.Host, addr.Port), url, from, url)
}

// connectFlags is what connect must be told of a server that listens elsewhere
// than by default: a flag, or a variable of this process, is nothing to another.
func connectFlags(host string, port int) string {
	usual, flags := config.Default().HTTP, ""
	if reachable(host) != reachable(usual.Host) {
		flags += " --set AXON_MCP_HTTP_HOST=" + host
	}
	if port != usual.Port {
		flags += " --set AXON_MCP_HTTP_PORT=" + strconv.Itoa(port)
	}
	return flags
}
