package main

import (
	"context"
	"log/slog"
	"path/filepath"
	"time"

	"github.com/axon-mcp/axon-mcp/artifact"
	"github.com/axon-mcp/axon-mcp/config"
	"github.com/axon-mcp/axon-mcp/engine/fetch"
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

// build turns the configuration into parts. It touches neither the disk nor the
// network; what is wrong with the configuration is told all at once.
func build(cfg config.Config, log *slog.Logger) (*parts, error) {
	p := &parts{cfg: cfg, data: &data{cfg: cfg, log: log}}
	guard, err := security.NewGuard(cfg.Security, log)
	if err != nil {
		return nil, config.Wrong(err)
	}
	client := fetch.New(guard, cfg.Fetch, log)
	lazy := lazyIndex{p.data}
	p.registry, err = tools.New(tools.Deps{
		Config:    cfg.Tools,
		Log:       log,
		Documents: lazy,
		Searcher:  lazy,
		Eraser:    lazy,
		Queue:     lazyQueue{p.data},
		Artifacts: &lazyArtifacts{dir: cfg.OutputDir(), cfg: cfg.Artifacts},
		Checks:    p.checks(),
	})
	if err != nil {
		return nil, config.Wrong(err)
	}
	return p, nil
}

// close closes what was opened.
func (p *parts) close() {
	if err := p.data.close(); err != nil {
		p.data.log.Warn("close the data directory", "error", err)
	}
}
