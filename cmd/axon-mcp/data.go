package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"time"

	"github.com/axon-mcp/axon-mcp/artifact"
	"github.com/axon-mcp/axon-mcp/config"
	"github.com/axon-mcp/axon-mcp/engine/embed/static"
	"github.com/axon-mcp/axon-mcp/engine/index"
	"github.com/axon-mcp/axon-mcp/jobs"
	"github.com/axon-mcp/axon-mcp/store"
)

// data is the data directory. It is opened at the first use, and again at the
// next one where opening has failed: a full disk or a missing mount must not
// need a new start.
type data struct {
	cfg config.Config
	log *slog.Logger

	// started gets the id of each job that this process starts. Nil: nobody
	// looks.
	started func(id string)

	mu     sync.Mutex
	opened *opened
	files  *artifact.Dir
}

// opened is what stands on the database.
type opened struct {
	db    *store.DB
	index *index.Index
	queue *jobs.Queue
}

// get returns the open data directory. ctx bounds the opening alone.
func (d *data) get(ctx context.Context) (*opened, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.opened != nil {
		return d.opened, nil
	}
	o, err := d.open(ctx)
	if err != nil {
		return nil, err
	}
	d.opened = o
	return o, nil
}

func (d *data) open(ctx context.Context) (*opened, error) {
	db, err := store.Open(ctx, d.cfg.Program.DataDir)
	if err != nil {
		return nil, err
	}
	model, err := static.New()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("load the embedding model: %w", err), db.Close())
	}
	ix, err := index.Open(ctx, db, model, model.Count, d.cfg.Index, d.log)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open the index: %w", err), db.Close())
	}
	return &opened{db: db, index: ix, queue: jobs.NewQueue(db, d.cfg.Jobs, d.log)}, nil
}

// artifacts returns the folder of artifacts, which needs no database.
func (d *data) artifacts() (*artifact.Dir, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.files != nil {
		return d.files, nil
	}
	files, err := artifact.Open(outputDir(d.cfg), d.cfg.Artifacts)
	if err != nil {
		return nil, err
	}
	d.files = files
	return files, nil
}

// close closes what was opened.
func (d *data) close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	var errs []error
	if d.files != nil {
		errs = append(errs, d.files.Close())
	}
	if d.opened != nil {
		errs = append(errs, d.opened.index.Close(), d.opened.db.Close())
	}
	d.files, d.opened = nil, nil
	return errors.Join(errs...)
}

// outputDir is the folder of the artifacts.
func outputDir(cfg config.Config) string {
	if cfg.Artifacts.OutputDir != "" {
		return cfg.Artifacts.OutputDir
	}
	return filepath.Join(cfg.Program.DataDir, "output")
}

// Pauses of patiently: before the first try, so that the first answer has the
// processor to itself, and after a failure, growing from the first to the last.
const (
	headStart  = 50 * time.Millisecond
	firstPause = time.Second
	lastPause  = 30 * time.Second
)

// patiently runs a part that needs the data directory, and runs it again after a
// pause where that fails: a server whose disk is full or read-only still
// answers, and mends itself when the disk is well again.
func (d *data) patiently(name string, run func(context.Context, *opened) error) part {
	once := func(ctx context.Context) error {
		o, err := d.get(ctx)
		if err != nil {
			return err
		}
		return run(ctx, o)
	}
	return part{name: name, run: func(ctx context.Context) error {
		select { // a client that has just started us waits for our first answer
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(headStart):
		}
		for pause := firstPause; ; pause = min(2*pause, lastPause) {
			err := once(ctx)
			if err == nil || ctx.Err() != nil {
				return ctx.Err()
			}
			d.log.Warn("a part of the server does not run; trying again", "part", name, "error", errorText(err), "in", pause)
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(pause):
			}
		}
	}}
}
