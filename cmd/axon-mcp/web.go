package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strconv"
	"strings"

	"github.com/axon-mcp/axon-mcp/acp"
	"github.com/axon-mcp/axon-mcp/config"
	"github.com/axon-mcp/axon-mcp/fault"
	"github.com/axon-mcp/axon-mcp/tools"
	"github.com/axon-mcp/axon-mcp/web"
	"github.com/axon-mcp/axon-mcp/web/ui"
)

// webListener opens the browser's listener. It refuses an address that the
// settings do not make safe, before and after it is bound.
func (a *app) webListener(agents *acp.Host, log *slog.Logger) (net.Listener, *web.Server, error) {
	cfg := a.cfg.Web
	if err := cfg.Exposure(); err != nil {
		return nil, nil, config.Wrong(err)
	}
	address := net.JoinHostPort(cfg.Host, strconv.Itoa(cfg.Port))
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, nil, fault.Wrap(fault.Unavailable, err, "cannot listen on %s: %v; choose another with AXON_WEB_HOST and AXON_WEB_PORT", address, err)
	}
	page, err := ui.Files()
	if err != nil {
		return nil, nil, err
	}
	server, err := web.New(web.Deps{
		Page:   page,
		Config: cfg, Log: log.With("door", "web"), Registry: a.parts.registry, Jobs: lazyQueue{a.parts.data},
		OutputDir: outputDir(a.cfg), Roots: a.cfg.Tools.Roots(), Clients: a.webClients, Version: version,
		Agents: agents, ACP: a.cfg.ACP, Model: a.model(agents),
		Ready: func(ctx context.Context) error {
			_, err := a.parts.data.get(ctx)
			return err
		},
	}, l.Addr())
	if err != nil {
		_ = l.Close() // the fault says more
		return nil, nil, config.Wrong(err)
	}
	if cfg.InsecureDev {
		log.Warn("programs on this machine pass the web API without the token; unset it where others log in", "name", "AXON_WEB_ALLOW_INSECURE_DEV")
	}
	return l, server, nil
}

// announceWeb says where the page is, and whether it is open.
func (a *app) announceWeb(at *net.TCPAddr) {
	gate := "it asks for AXON_WEB_API_TOKEN"
	if !a.cfg.Web.APIToken.IsSet() {
		gate = "open to programs and browsers on this machine; AXON_WEB_API_TOKEN closes it"
		if a.cfg.Web.AllowOpen {
			gate = "OPEN TO EVERYONE who reaches it (AXON_WEB_ALLOW_OPEN); AXON_WEB_API_TOKEN closes it"
		}
	}
	url := a.cfg.Web.PublicURL
	if url == "" {
		url = "http://" + net.JoinHostPort(reachable(a.cfg.Web.Host), strconv.Itoa(at.Port))
	}
	fmt.Fprintf(a.std.err, "The web page is at %s/ (%s)\n", url, gate)
}

// webClients are the configurations that the page shows. The key stands in none:
// clients read it from their environment.
func (a *app) webClients() []web.Client {
	command, err := os.Executable()
	if err != nil {
		command = "axon-mcp"
	}
	var list []web.Client
	for _, c := range clients() {
		one := web.Client{Name: c.name, Title: c.title, After: c.after}
		one.Stdio, _ = setMember("", c.section, serverName, c.stdioEntry(command, a.openFlags(), a.lastingEnv()).text()) // of our own making
		if c.http {
			one.HTTP, _ = setMember("", c.section, serverName, c.httpEntry(mcpURL(a.cfg.HTTP.Host, a.cfg.HTTP.Port), "${AXON_MCP_API_KEY}").text())
		}
		list = append(list, one)
	}
	return list
}

// openFlags are lastingFlags without the secrets that --set may hold: whoever
// may read the page sees these.
func (a *app) openFlags() []string {
	hidden := make(map[string]bool)
	for _, f := range config.Fields() {
		hidden[f.Env] = f.Secret()
	}
	var args []string
	flags := a.lastingFlags()
	for i := 0; i+1 < len(flags); i += 2 { // each is a name and its value
		if name, _, _ := strings.Cut(flags[i+1], "="); flags[i] != "--set" || !hidden[name] {
			args = append(args, flags[i], flags[i+1])
		}
	}
	return args
}

// webCheck is what doctor says of the web listener's settings.
func webCheck(cfg web.Config) tools.Check {
	return tools.Check{Name: "web listener", Run: func(context.Context) (string, string, error) {
		at := net.JoinHostPort(cfg.Host, strconv.Itoa(cfg.Port))
		if cfg.InsecureDev {
			return "AXON_WEB_ALLOW_INSECURE_DEV is true: programs on this machine pass without the token", "unset AXON_WEB_ALLOW_INSECURE_DEV",
				fault.New(fault.Forbidden, "insecure development is on")
		}
		if err := cfg.Exposure(); err != nil {
			return "serve would refuse these settings: " + fault.MessageOf(err), "set what the message names", err
		}
		if !cfg.APIToken.IsSet() {
			return "serve opens " + at + " without a token", "set AXON_WEB_API_TOKEN where others use this machine", nil
		}
		return "serve opens " + at + ", with a token", "", nil
	}}
}
