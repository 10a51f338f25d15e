package tools

import (
	"context"
	"fmt"
	"strings"

	"github.com/axon-mcp/axon-mcp/jobs"
	"github.com/axon-mcp/axon-mcp/security"
)

// StatusInput is the input of status: nothing.
type StatusInput struct{}

// StatusOutput is the output of status.
type StatusOutput struct {
	Running int       `json:"running"`
	Pending int       `json:"pending"`
	Jobs    []JobItem `json:"jobs"` // running, pending, and the last five that failed
	Shortened
}

func status(d *Deps) (*Tool, error) {
	return define(d, Tool{
		Name:  "status",
		Title: "Show running work",
		About: "Shows which of your jobs run and wait now, with progress, and the last that failed. " +
			"jobs lists older ones, stats counts the index, doctor checks the parts. Milliseconds.",
		Toolset: JobTools, Scope: security.ScopeRead,
		Hints: Hints{ReadOnly: true, Idempotent: true},
	}, func(ctx context.Context, _ Call, _ StatusInput) (reply[StatusOutput], error) {
		out, err := d.now(ctx)
		return reply[StatusOutput]{
			out: out, text: plain(d.statusText), shape: count(int64(len(out.Jobs)), "job"),
			cut: func(out StatusOutput, n int) (StatusOutput, error) {
				out.Jobs = fitting(out.Jobs, n)
				return out, nil
			},
		}, err
	})
}

// now gathers the work of this moment. Counts stop at 500.
func (d *Deps) now(ctx context.Context) (StatusOutput, error) {
	out := StatusOutput{Jobs: []JobItem{}}
	for _, part := range []struct {
		status jobs.Status
		limit  int
		n      *int
	}{{jobs.Running, 500, &out.Running}, {jobs.Pending, 500, &out.Pending}, {jobs.Failed, 5, new(int)}} {
		page, err := d.jobsOf(ctx, JobsInput{Status: string(part.status), Limit: part.limit})
		if err != nil {
			return out, fmt.Errorf("%s jobs: %w", part.status, err)
		}
		*part.n = len(page.Jobs)
		out.Jobs = append(out.Jobs, page.Jobs...)
	}
	return out, nil
}

func (d *Deps) statusText(out StatusOutput) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %d pending.\n", count(int64(out.Running), "running job"), out.Pending)
	for _, job := range out.Jobs {
		b.WriteString("- " + jobLine(job, d.Now()) + "\n")
	}
	return b.String()
}
