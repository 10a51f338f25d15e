package tools

import (
	"context"
	"fmt"
	"strings"

	"github.com/axon-mcp/axon-mcp/engine/index"
	"github.com/axon-mcp/axon-mcp/fault"
	"github.com/axon-mcp/axon-mcp/security"
)

// ForgetInput is the input of forget.
type ForgetInput struct {
	URL        string `json:"url,omitempty" jsonschema:"forget this document, such as https://docs.python.org/3/library/json.html"`
	Domain     string `json:"domain,omitempty" jsonschema:"forget everything of this host, such as docs.python.org"`
	SourceType string `json:"source_type,omitempty" jsonschema:"forget everything of this kind, such as file"`
	Collection string `json:"collection,omitempty" jsonschema:"such as axon, the default; alone: all of it"`
	DryRun     bool   `json:"dry_run,omitempty" jsonschema:"true only counts and gives the token" rule:"default=true"`
	Confirm    string `json:"confirm,omitempty" jsonschema:"token of the dry run"`
}

// ForgetOutput is the output of forget.
type ForgetOutput struct {
	DryRun    bool     `json:"dry_run"`
	Documents int      `json:"documents"` // removed, or that would be
	Chunks    int      `json:"chunks"`
	Bytes     int64    `json:"bytes"`
	Sample    []string `json:"sample"`            // URLs of some of them
	Confirm   string   `json:"confirm,omitempty"` // to give with dry_run=false, within 10 minutes
}

// Eraser removes documents.
type Eraser interface {
	// Forget removes what the selector means and counts it; dry only counts.
	// The sample holds some of the URLs.
	Forget(ctx context.Context, s index.Selector, dry bool) (removed index.Count, sample []string, err error)
	// Duplicates groups documents with the same text; near groups those with
	// nearly the same. The one to keep is the first of its group.
	Duplicates(ctx context.Context, collection string, near bool) ([][]index.Source, error)
}

func forget(d *Deps) (*Tool, error) {
	return define(d, Tool{
		Name:  "forget",
		Title: "Remove documents",
		About: "Removes documents from the index for good: one url, a domain, a source_type, or a whole collection. " +
			"The dry run (the default) counts them and gives the token to confirm with. sources and domains show what there is.",
		Toolset: Admin, Scope: security.ScopeAdmin, Positional: "url",
		Hints: Hints{Destructive: true, Idempotent: true},
	}, func(ctx context.Context, _ Call, in ForgetInput) (reply[ForgetOutput], error) {
		out, err := d.forget(ctx, in)
		return reply[ForgetOutput]{out: out, text: plain(forgetText), untrusted: false}, err
	})
}

func (d *Deps) forget(ctx context.Context, in ForgetInput) (ForgetOutput, error) {
	selector, what, err := d.selector(in)
	if err != nil {
		return ForgetOutput{}, err
	}
	n, sample, err := d.Eraser.Forget(ctx, selector, true)
	if err != nil {
		return ForgetOutput{}, fmt.Errorf("count what would be forgotten: %w", err)
	}
	do, token, err := d.confirmed(ctx, deletion{
		tool: "forget", params: selector, count: int64(n.Documents),
		question: fmt.Sprintf("Remove %s: %s and %s, for good?", what, count(int64(n.Documents), "document"), count(int64(n.Chunks), "chunk")),
	}, in.DryRun, in.Confirm)
	if err != nil {
		return ForgetOutput{}, err
	}
	if do {
		if n, sample, err = d.Eraser.Forget(ctx, selector, false); err != nil {
			return ForgetOutput{}, fmt.Errorf("forget %s: %w", what, err)
		}
	}
	return ForgetOutput{
		DryRun: in.DryRun, Documents: n.Documents, Chunks: n.Chunks, Bytes: n.Bytes, Confirm: token,
		Sample: append([]string{}, sample[:min(len(sample), 10)]...),
	}, nil
}

// selector returns what the input means, and the words for it.
func (d *Deps) selector(in ForgetInput) (s index.Selector, what string, err error) {
	s = index.Selector{URL: in.URL, Domain: in.Domain, SourceType: in.SourceType}
	given := 0
	for _, one := range []struct{ field, value string }{{"the document ", in.URL}, {"the domain ", in.Domain}, {"everything of the type ", in.SourceType}} {
		if one.value != "" {
			given++
			what = one.field + clip(line(one.value), 300)
		}
	}
	if given > 1 || (given == 0 && in.Collection == "") {
		return s, "", fault.New(fault.Invalid, "forget: give one of url, domain or source_type, or collection alone for all of it")
	}
	if s.Collection, err = d.collection("forget", in.Collection); err != nil {
		return s, "", err
	}
	if given == 0 {
		return s, "the whole collection " + s.Collection, nil
	}
	return s, what + " from the collection " + s.Collection, nil
}

func forgetText(out ForgetOutput) string {
	if out.Documents == 0 {
		return "Nothing of that is stored; nothing was removed."
	}
	amount := fmt.Sprintf("%s with %s and %s", count(int64(out.Documents), "document"), count(int64(out.Chunks), "chunk"), count(out.Bytes, "byte"))
	list := ""
	if len(out.Sample) > 0 {
		list = "\n- " + strings.Join(out.Sample, "\n- ")
	}
	if out.DryRun {
		return "Would remove " + amount + ", such as:" + list + "\nnext: the same call with dry_run=false and confirm=" + out.Confirm + " does it (within 10 minutes)."
	}
	return "Removed " + amount + "." + list
}
