// Command server offers the fixtures of the official MCP conformance suite
// through the same door as the product: the same handler, sessions, bearer
// check and notifications. It is a test program and no part of axon-mcp.
//
//	server ADDRESS    over HTTP
//	server stdio
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"time"

	"github.com/mark3labs/mcp-go/server"

	"github.com/axon-mcp/axon-mcp/mcp"
	"github.com/axon-mcp/axon-mcp/security"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) != 1 {
		return errors.New("usage: server ADDRESS | stdio")
	}
	door := newDoor()
	if args[0] == "stdio" {
		return door.ServeStdio(ctx, os.Stdin, os.Stdout)
	}
	listener := &http.Server{Addr: args[0], Handler: newHandler(door), ReadHeaderTimeout: 5 * time.Second}
	failed := make(chan error, 1)
	go func() { failed <- listener.ListenAndServe() }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
		return listener.Close()
	}
}

func newDoor() *mcp.Server {
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	door := mcp.New(&fixtures{}, mcp.Config{Version: "0.0.0"}, log,
		server.WithToolCapabilities(true),
		server.WithPromptCapabilities(true),
		server.WithResourceCapabilities(true, true),
		server.WithLogging(),
	)
	addTools(door.Library())
	addQuestions(door.Library())
	addResources(door.Library())
	addPrompts(door.Library())
	return door
}

func newHandler(door *mcp.Server) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/mcp", door.Handler(open))
	return mux
}

// open stands where the product checks the bearer credential: the suite brings
// none.
func open(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r.WithContext(security.WithIdentity(r.Context(), security.Local())))
	})
}
