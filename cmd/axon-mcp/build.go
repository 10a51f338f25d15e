package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/axon-mcp/axon-mcp/config"
	"github.com/axon-mcp/axon-mcp/engine/crawl"
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
	guard    *security.Guard
	fetch    *fetch.Client
	registry *tools.Registry
	browser  *fetch.Browser
}

// build turns the configuration into parts. It touches neither the disk nor the
// network. What is wrong with the configuration is told all at once.
func build(cfg config.Config, log *slog.Logger) (*parts, error) {
	p := &parts{cfg: cfg, data: &data{cfg: cfg, log: log}}
	cfg.Security.SelfAddresses = append(cfg.Security.SelfAddresses, net.JoinHostPort(cfg.HTTP.Host, strconv.Itoa(cfg.HTTP.Port)),
		net.JoinHostPort(cfg.Web.Host, strconv.Itoa(cfg.Web.Port)))
	guard, guardErr := security.NewGuard(cfg.Security, log)
	cfg.Fetch.UserAgent = strings.Replace(cfg.Fetch.UserAgent, "axon-mcp (", "axon-mcp/"+version+" (", 1)
	client := fetch.New(guard, cfg.Fetch, log)
	p.browser = fetch.NewBrowser(client, cfg.Chrome, log)
	p.fetch = client
	index := lazyIndex{p.data}
	registry, toolsErr := tools.New(tools.Deps{
		Config: cfg.Tools, Log: log,
		Documents: index, Searcher: index, Store: index, Eraser: index, Archive: index,
		Artifacts: lazyArtifacts{p.data}, OutputDir: outputDir(cfg),
		Queue:   lazyQueue{p.data},
		Fetcher: client, Browser: p.browser,
		Crawler: tools.NewCrawler(crawl.Deps{
			Fetch: client, Render: p.browser, Frontier: lazyFrontier{p.data}, Validate: guard.ValidateURL, Log: log,
		}),
		ValidateURL: guard.ValidateURL,
		ConfirmKey:  func() ([]byte, error) { return confirmKey(cfg) },
		Checks:      p.checks(),
	})
	if err := config.Wrong(guardErr, toolsErr); err != nil {
		return nil, err
	}
	p.guard, p.registry = guard, registry
	return p, nil
}

// close closes what was opened.
func (p *parts) close() {
	p.browser.Close()
	if err := p.data.close(); err != nil {
		p.data.log.Warn("close the data directory", "error", err)
	}
}

// mcpServer is the MCP door. hosts are names that it is reached by.
func (p *parts) mcpServer(log *slog.Logger, hosts ...string) *mcp.Server {
	cfg := p.cfg.MCP
	cfg.Version, cfg.Hosts, cfg.Shutdown = version, hosts, jobs.ErrShutdown
	return mcp.New(p.registry, cfg, log)
}

// background is what runs beside a door for as long as the program lives: the
// worker, the upkeep of the index, and the end of an idle browser.
func (p *parts) background() []part {
	return []part{
		p.data.patiently("worker", func(ctx context.Context, o *opened) error {
			return jobs.NewWorker(o.queue, p.registry.Handlers(), "").Run(ctx)
		}),
		p.data.patiently("index", func(ctx context.Context, o *opened) error { return o.index.Run(ctx) }),
		{name: "browser", run: p.browser.Run},
	}
}

// callWithWorker calls a tool whose work is a job, beside a worker that does
// that job and no other. The worker outlives the end of ctx for as long as the
// call needs to take its job back; but at a shutdown it ends first, and the job
// goes back to the queue.
func (p *parts) callWithWorker(ctx context.Context, call tools.Call) (*tools.Result, error) {
	ids := make(chan string, 1)
	p.data.started = func(id string) {
		select {
		case ids <- id:
		default: // one call has one job
		}
	}
	working, stop := context.WithCancelCause(context.WithoutCancel(ctx))
	defer stop(nil)
	defer context.AfterFunc(ctx, func() {
		if errors.Is(context.Cause(ctx), jobs.ErrShutdown) {
			stop(jobs.ErrShutdown)
		}
	})()
	var result *tools.Result
	var callErr error
	worker := part{name: "worker", run: func(working context.Context) error {
		select {
		case <-working.Done():
			return nil
		case id := <-ids:
			o, err := p.data.get(working)
			if err != nil {
				return err
			}
			return jobs.NewWorker(o.queue, p.registry.Handlers(), id).Run(working)
		}
	}}
	err := runAll(working, worker, part{name: call.Name, leads: true, run: func(working context.Context) error {
		calling, end := context.WithCancelCause(working) // ends with the worker, where that fails
		defer end(nil)
		defer context.AfterFunc(ctx, func() { end(context.Cause(ctx)) })()
		result, callErr = p.registry.Call(calling, call)
		return callErr
	}})
	if err == nil {
		err = callErr // being stopped is no failure of the group, and yet there is no result
	}
	return result, err
}

// checks are what doctor looks at.
func (p *parts) checks() []tools.Check {
	return append([]tools.Check{
		{Name: "program", Run: func(context.Context) (string, string, error) {
			return "axon-mcp " + version, "", nil
		}},
		{Name: "data directory", Run: func(ctx context.Context) (string, string, error) {
			if _, err := p.data.get(ctx); err != nil {
				return "", "AXON_DATA_DIR names another folder", err
			}
			return p.cfg.Program.DataDir, "", nil
		}},
		p.check("database", "restore axon.db from a backup, or name another AXON_DATA_DIR", func(ctx context.Context, o *opened) error { return o.db.Check(ctx) }),
		p.check("index", "crawl again into a new data directory, or import an export", func(ctx context.Context, o *opened) error { return o.index.Check(ctx) }),
		p.check("jobs", "axon-mcp job_control recover frees jobs of dead processes", func(ctx context.Context, o *opened) error { return o.queue.Check(ctx) }),
		p.check("artifacts", "check the folder's permissions and free space, or set AXON_OUTPUT_DIR", func(ctx context.Context, _ *opened) error {
			files, err := p.data.artifacts()
			if err != nil {
				return err
			}
			return files.Check(ctx)
		}),
		webCheck(p.cfg.Web),
		p.oauthCheck(),
		agentCheck(p.cfg.ACP),
		{Name: "browser", Run: func(ctx context.Context) (string, string, error) {
			detail, err := p.browser.Check(ctx)
			return detail, "", err // the error says what to do
		}},
	}, p.checklist()...)
}

// check looks at one part of the open data directory.
func (p *parts) check(name, hint string, look func(context.Context, *opened) error) tools.Check {
	return tools.Check{Name: name, Run: func(ctx context.Context) (string, string, error) {
		begin := time.Now()
		o, err := p.data.get(ctx)
		if err == nil {
			err = look(ctx, o)
		}
		if err != nil {
			return "", hint, err
		}
		return "answers in " + spent(begin), "", nil
	}}
}
