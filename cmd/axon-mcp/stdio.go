package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
)

// stdio is the program without a command: the server that a client starts.
func (a *app) stdio(ctx context.Context) error {
	if isTerminal(a.std.in) {
		fmt.Fprintln(a.std.err, "This is an MCP server and waits for a client's messages; Ctrl-D ends it.\n"+
			"To see what it does: axon-mcp demo. To connect a client: axon-mcp connect claude-code. All commands: axon-mcp --help.")
	}
	setLevel(&a.level, a.cfg.Program.LogLevel, slog.LevelInfo)
	return serveStdio(ctx, a.parts, a.log, a.std.in, a.std.out)
}

// serveStdio answers until the client closes its end, and works jobs off
// meanwhile.
func serveStdio(ctx context.Context, p *parts, log *slog.Logger, in io.Reader, out io.Writer) error {
	server := p.mcpServer(log)
	group := append(p.background(), part{name: "mcp", leads: true, run: func(ctx context.Context) error {
		return server.ServeStdio(ctx, in, out)
	}})
	ctx, stop := shuttingDown(ctx)
	defer stop()
	return runAll(ctx, group...)
}
