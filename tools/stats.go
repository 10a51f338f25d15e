package tools

import (
	"context"
	"fmt"
	"strings"

	"github.com/axon-mcp/axon-mcp/engine/index"
	"github.com/axon-mcp/axon-mcp/security"
)

// StatsInput is the input of stats: nothing.
type StatsInput struct{}

// StatsOutput is the output of stats.
type StatsOutput struct {
	index.Count
	Collections map[string]index.Count `json:"collections"`
}

func stats(d *Deps) (*Tool, error) {
	return define(d, Tool{
		Name:  "stats",
		Title: "Count the index",
		About: "Counts documents, chunks and bytes of the index, in all and per collection. " +
			"status tells of running work, domains of single sites. Milliseconds.",
		Toolset: Knowledge, Scope: security.ScopeRead,
		Hints: Hints{ReadOnly: true, Idempotent: true},
	}, func(ctx context.Context, _ Call, _ StatsInput) (reply[StatsOutput], error) {
		total, collections, err := d.Documents.Stats(ctx)
		if err != nil {
			return reply[StatsOutput]{}, fmt.Errorf("count the index: %w", err)
		}
		if collections == nil {
			collections = map[string]index.Count{}
		}
		return reply[StatsOutput]{out: StatsOutput{total, collections}, text: plain(statsText)}, nil
	})
}

func statsText(out StatsOutput) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %s, %s of Markdown in all.\n", count(int64(out.Documents), "document"), count(int64(out.Chunks), "chunk"), count(out.Bytes, "byte"))
	for _, name := range sortedKeys(out.Collections) {
		c := out.Collections[name]
		fmt.Fprintf(&b, "- %s: %s, %s, %s\n", name, count(int64(c.Documents), "document"), count(int64(c.Chunks), "chunk"), count(c.Bytes, "byte"))
	}
	return b.String()
}
