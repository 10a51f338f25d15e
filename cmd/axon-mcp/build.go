package main

import (
	"context"
	"log/slog"

	"github.com/axon-mcp/axon-mcp/config"
	"github.com/axon-mcp/axon-mcp/jobs"
	"github.com/axon-mcp/axon-mcp/mcp"
	"github.com/axon-mcp/axon-mcp/security"
	"github.com/axon-mcp/axon-mcp/tools"
)

// parts is the program, wired.
type parts struct {
	cfg      config.Config
	data     *data
	registry *tools.Registry
}
