package tools

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/axon-mcp/axon-mcp/artifact"
	"github.com/axon-mcp/axon-mcp/fault"
)

// Results are kept as artifacts for keepResults; the first result to be kept
// after each sweepEvery removes the older ones. Files of jobs, exports and raw
// pages stay until artifacts_clean.
const (
	keepResults = 7 * 24 * time.Hour
	sweepEvery  = time.Hour
	resultsDir  = "results/"
)

// sweeper remembers when it was last time. The zero value is due.
type sweeper struct {
	mu   sync.Mutex
	last time.Time
}

func (s *sweeper) due(now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now.Sub(s.last) < sweepEvery {
		return false
	}
	s.last = now
	return true
}

// sweep removes old results. Its failure is the log's alone: the result at hand
// is kept already.
func (d *Deps) sweep(ctx context.Context) {
	now := d.Now()
	if !d.sweeper.due(now) {
		return
	}
	var old []artifact.Info
	for cursor := ""; ; {
		list, next, err := d.Artifacts.List(ctx, resultsDir, 500, cursor)
		if err != nil {
			d.Log.LogAttrs(ctx, slog.LevelWarn, "look for old results", slog.String("error", err.Error()))
			return
		}
		for _, info := range list {
			if now.Sub(info.Modified) > keepResults {
				old = append(old, info)
			}
		}
		if cursor = next; next == "" {
			break
		}
	}
	for _, info := range old {
		if err := d.Artifacts.Remove(ctx, info.Path); err != nil && fault.CodeOf(err) != fault.NotFound {
			d.Log.LogAttrs(ctx, slog.LevelWarn, "remove an old result", slog.String("path", info.Path), slog.String("error", err.Error()))
		}
	}
}
