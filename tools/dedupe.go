package tools

import (
	"context"
	"fmt"
	"strings"

	"github.com/axon-mcp/axon-mcp/engine/index"
	"github.com/axon-mcp/axon-mcp/security"
)

// DedupeInput is the input of dedupe.
type DedupeInput struct {
	Near       bool   `json:"near,omitempty" jsonschema:"true also groups documents whose text is nearly the same"`
	Collection string `json:"collection,omitempty" jsonschema:"such as axon, the default"`
	DryRun     bool   `json:"dry_run,omitempty" jsonschema:"true only shows groups and gives the token" rule:"default=true"`
	Confirm    string `json:"confirm,omitempty" jsonschema:"token of the dry run"`
}

// DedupeOutput is the output of dedupe.
type DedupeOutput struct {
	DryRun    bool          `json:"dry_run"`
	Groups    []DedupeGroup `json:"groups"`
	Documents int           `json:"documents"` // removed, or that would be
	Chunks    int           `json:"chunks"`
	Confirm   string        `json:"confirm,omitempty"`
	Shortened
}

// DedupeGroup is one text under several keys.
type DedupeGroup struct {
	Keep   string   `json:"keep"`
	Remove []string `json:"remove"`
}

func dedupe(d *Deps) (*Tool, error) {
	return define(d, Tool{
		Name:  "dedupe",
		Title: "Remove duplicates",
		About: "Finds documents that hold the same text (near: nearly the same) and removes all but one of each group. " +
			"The dry run (the default) shows the groups and gives the token to confirm with. A later crawl of their site stores them again. forget removes by name.",
		Toolset: Admin, Scope: security.ScopeAdmin,
		Hints: Hints{Destructive: true, Idempotent: true},
	}, func(ctx context.Context, _ Call, in DedupeInput) (reply[DedupeOutput], error) {
		out, err := d.dedupe(ctx, in)
		return reply[DedupeOutput]{
			out: out, text: plain(dedupeText), shape: count(int64(len(out.Groups)), "group"),
			cut: func(out DedupeOutput, n int) (DedupeOutput, error) {
				out.Groups = fitting(out.Groups, n)
				return out, nil
			},
		}, err
	})
}

func (d *Deps) dedupe(ctx context.Context, in DedupeInput) (DedupeOutput, error) {
	out := DedupeOutput{DryRun: in.DryRun, Groups: []DedupeGroup{}}
	collection, err := d.collection("dedupe", in.Collection)
	if err != nil {
		return out, err
	}
	groups, err := d.Eraser.Duplicates(ctx, collection, in.Near)
	if err != nil {
		return out, fmt.Errorf("find duplicates: %w", err)
	}
	for _, group := range groups {
		if len(group) < 2 {
			continue
		}
		g := DedupeGroup{Keep: group[0].URL}
		for _, s := range group[1:] {
			g.Remove = append(g.Remove, s.URL)
			out.Documents++
			out.Chunks += s.Chunks
		}
		out.Groups = append(out.Groups, g)
	}
	// The groups themselves are bound: other duplicates of the same number
	// need a new look.
	do, token, err := d.confirmed(ctx, deletion{
		tool: "dedupe", params: []any{collection, in.Near, out.Groups}, count: int64(out.Documents),
		question: fmt.Sprintf("Remove %s in %s from the collection %s, for good?", count(int64(out.Documents), "duplicate"), count(int64(len(out.Groups)), "group"), collection),
	}, in.DryRun, in.Confirm)
	if err != nil || !do {
		out.Confirm = token
		return out, err
	}
	return out, d.removeDuplicates(ctx, collection, out.Groups)
}

func (d *Deps) removeDuplicates(ctx context.Context, collection string, groups []DedupeGroup) error {
	for _, g := range groups {
		for _, url := range g.Remove {
			if _, _, err := d.Eraser.Forget(ctx, index.Selector{Collection: collection, URL: url}, false); err != nil {
				return fmt.Errorf("remove a duplicate: %w", err)
			}
		}
	}
	return nil
}

func dedupeText(out DedupeOutput) string {
	if out.Documents == 0 {
		return "There are no duplicates; nothing was removed."
	}
	var b strings.Builder
	verb, end := "Removed ", ""
	if out.DryRun {
		verb, end = "Would remove ", "\nnext: the same call with dry_run=false and confirm="+out.Confirm+" does it (within 10 minutes)."
	}
	fmt.Fprintf(&b, "%s%s with %s:\n", verb, count(int64(out.Documents), "document"), count(int64(out.Chunks), "chunk"))
	for _, g := range out.Groups {
		fmt.Fprintf(&b, "- keep %s, remove %s\n", line(g.Keep), line(strings.Join(g.Remove, ", ")))
	}
	return b.String() + end
}
