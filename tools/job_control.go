package tools

import (
	"context"
	"fmt"

	"github.com/axon-mcp/axon-mcp/fault"
	"github.com/axon-mcp/axon-mcp/jobs"
	"github.com/axon-mcp/axon-mcp/security"
)

// JobControlInput is the input of job_control.
type JobControlInput struct {
	Action string `json:"action" jsonschema:"cancel stops a job, retry starts a failed or canceled one again, recover takes over what dead processes left" rule:"enum=cancel|retry|recover"`
	ID     string `json:"id,omitempty" jsonschema:"job_id, for cancel and retry"`
}

// JobControlOutput is the output of job_control.
type JobControlOutput struct {
	Action    string   `json:"action"`
	Job       *JobItem `json:"job,omitempty"`       // as it is now, for cancel and retry
	Recovered int      `json:"recovered,omitempty"` // jobs made claimable again
}

func jobControl(d *Deps) (*Tool, error) {
	return define(d, Tool{
		Name:  "job_control",
		Title: "Control a job",
		About: "Cancels or retries one of your jobs, or recovers jobs of processes that died. Jobs of others need the scope axon:admin. " +
			"jobs shows what there is. A running job stops within a second.",
		Toolset: JobTools, Scope: security.ScopeWrite, Positional: "action",
		Hints: Hints{Idempotent: true},
	}, func(ctx context.Context, _ Call, in JobControlInput) (reply[JobControlOutput], error) {
		out, err := d.control(ctx, in)
		return reply[JobControlOutput]{out: out, text: plain(d.controlText)}, err
	})
}

func (d *Deps) control(ctx context.Context, in JobControlInput) (JobControlOutput, error) {
	out := JobControlOutput{Action: in.Action}
	if in.Action == "recover" {
		if in.ID != "" {
			return out, fault.New(fault.Invalid, "job_control: recover takes no id; it looks at every job")
		}
		var err error
		out.Recovered, err = d.Queue.Recover(ctx)
		return out, err
	}
	if in.ID == "" {
		return out, fault.Errorf(fault.Invalid, "job_control: %s needs id; jobs lists them", in.Action)
	}
	if _, err := d.job(ctx, "job_control", in.ID); err != nil { // one's own; others' need admin
		return out, err
	}
	act := d.Queue.Cancel
	if in.Action == "retry" {
		act = d.Queue.Retry
	}
	job, err := act(ctx, in.ID)
	if err != nil {
		return out, fmt.Errorf("%s the job: %w", in.Action, err)
	}
	item := jobItem(job, false)
	out.Job = &item
	return out, nil
}

func (d *Deps) controlText(out JobControlOutput) string {
	if out.Job == nil {
		return count(int64(out.Recovered), "job") + " of dead processes made claimable again."
	}
	text := jobLine(*out.Job, d.Now())
	if !jobs.Status(out.Job.Status).Done() {
		text += "\nnext: jobs id=" + out.Job.ID
	}
	return text
}
