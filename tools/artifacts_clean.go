package tools

import (
	"context"
	"fmt"

	"github.com/axon-mcp/axon-mcp/fault"
	"github.com/axon-mcp/axon-mcp/security"
)

// ArtifactsCleanInput is the input of artifacts_clean.
type ArtifactsCleanInput struct {
	Path      string `json:"path,omitempty" jsonschema:"remove this artifact, such as results/scrape-1a2b.md"`
	OlderThan string `json:"older_than,omitempty" jsonschema:"remove all that are older, such as 30d or 12h"`
	DryRun    bool   `json:"dry_run,omitempty" jsonschema:"true only counts and gives the token" rule:"default=true"`
	Confirm   string `json:"confirm,omitempty" jsonschema:"token of the dry run"`
}

// ArtifactsCleanOutput is the output of artifacts_clean.
type ArtifactsCleanOutput struct {
	DryRun  bool   `json:"dry_run"`
	Removed int    `json:"removed"` // or that would be
	Bytes   int64  `json:"bytes"`
	Confirm string `json:"confirm,omitempty"`
}

func artifactsClean(d *Deps) (*Tool, error) {
	return define(d, Tool{
		Name:  "artifacts_clean",
		Title: "Remove stored results",
		About: "Removes one artifact, or all that are older than an age, for good; the index is not touched. " +
			"The dry run (the default) counts them and gives the token to confirm with. artifacts lists them.",
		Toolset: Admin, Scope: security.ScopeAdmin, Positional: "path",
		Hints: Hints{Destructive: true, Idempotent: true},
	}, func(ctx context.Context, _ Call, in ArtifactsCleanInput) (reply[ArtifactsCleanOutput], error) {
		out, err := d.cleanArtifacts(ctx, in)
		return reply[ArtifactsCleanOutput]{out: out, text: plain(artifactsCleanText)}, err
	})
}

func (d *Deps) cleanArtifacts(ctx context.Context, in ArtifactsCleanInput) (ArtifactsCleanOutput, error) {
	out := ArtifactsCleanOutput{DryRun: in.DryRun}
	if (in.Path == "") == (in.OlderThan == "") {
		return out, fault.New(fault.Invalid, "artifacts_clean: give path or older_than, one of the two")
	}
	remove, what, err := d.cleaner(in)
	if err != nil {
		return out, err
	}
	if out.Removed, out.Bytes, err = remove(ctx, true); err != nil {
		return out, fmt.Errorf("look at the artifacts: %w", err)
	}
	do, token, err := d.confirmed(ctx, deletion{
		tool: "artifacts_clean", params: []string{in.Path, in.OlderThan}, count: int64(out.Removed),
		question: fmt.Sprintf("Remove %s (%s, %s), for good?", what, count(int64(out.Removed), "file"), count(out.Bytes, "byte")),
	}, in.DryRun, in.Confirm)
	if err != nil || !do {
		out.Confirm = token
		return out, err
	}
	out.Removed, out.Bytes, err = remove(ctx, false)
	return out, err
}

// cleaner returns what removes, or only counts, what the input means.
func (d *Deps) cleaner(in ArtifactsCleanInput) (remove func(ctx context.Context, dry bool) (int, int64, error), what string, err error) {
	if in.Path != "" {
		return func(ctx context.Context, dry bool) (int, int64, error) {
			_, info, err := d.Artifacts.Read(ctx, in.Path, 0, 1)
			if err == nil && !dry {
				err = d.Artifacts.Remove(ctx, in.Path)
			}
			return 1, info.Size, err
		}, "the artifact " + clip(line(in.Path), 300), nil
	}
	old, err := age("artifacts_clean", in.OlderThan)
	return func(ctx context.Context, dry bool) (int, int64, error) {
		return d.Artifacts.RemoveOlder(ctx, old, dry)
	}, "all artifacts older than " + clip(line(in.OlderThan), 20), err
}

func artifactsCleanText(out ArtifactsCleanOutput) string {
	amount := count(int64(out.Removed), "artifact") + " (" + count(out.Bytes, "byte") + ")"
	switch {
	case out.Removed == 0:
		return "There is nothing to remove."
	case out.DryRun:
		return "Would remove " + amount + ".\nnext: the same call with dry_run=false and confirm=" + out.Confirm + " does it (within 10 minutes)."
	}
	return "Removed " + amount + "."
}
