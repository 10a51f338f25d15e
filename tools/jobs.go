package tools

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/axon-mcp/axon-mcp/fault"
	"github.com/axon-mcp/axon-mcp/jobs"
	"github.com/axon-mcp/axon-mcp/security"
)

// JobsInput is the input of jobs.
type JobsInput struct {
	ID     string `json:"id,omitempty" jsonschema:"one job with its events and result, by the job_id that crawl or embed gave"`
	Kind   string `json:"kind,omitempty" jsonschema:"only jobs of this tool, such as crawl"`
	Status string `json:"status,omitempty" jsonschema:"only jobs in this state, such as running" rule:"enum=pending|running|completed|failed|canceled"`
	Limit  int    `json:"limit,omitempty" jsonschema:"how many, newest first, such as 50" rule:"min=1 max=500 default=10"`
	Cursor string `json:"cursor,omitempty" jsonschema:"next_cursor of the page before"`
}

// JobsOutput is the output of jobs.
type JobsOutput struct {
	Jobs       []JobItem `json:"jobs"`
	NextCursor *string   `json:"next_cursor"`
	Shortened
}

// JobItem is one job. Request, Result and Events come only where one job was
// asked for by id.
type JobItem struct {
	ID       string          `json:"id"`
	Kind     string          `json:"kind"`
	Status   string          `json:"status"`
	Target   string          `json:"target,omitempty"` // what it reads, in short
	Progress jobs.Progress   `json:"progress"`
	Attempt  int             `json:"attempt"`
	Created  string          `json:"created"`
	Started  string          `json:"started,omitempty"`
	Finished string          `json:"finished,omitempty"`
	Error    *jobs.Failure   `json:"error,omitempty"`
	Request  json.RawMessage `json:"request,omitempty"`
	Result   json.RawMessage `json:"result,omitempty"`
	Events   []JobEvent      `json:"events,omitempty"` // oldest first
}

// JobEvent is one line of a job's history.
type JobEvent struct {
	At      string `json:"at"`
	Message string `json:"message"`
}

func listJobs(d *Deps) (*Tool, error) {
	return define(d, Tool{
		Name:  "jobs",
		Title: "List jobs",
		About: "Lists your jobs with progress, attempts and errors; with id one job, its events and its result. Jobs are kept 30 days. " +
			"status shows what runs now, job_control cancels or retries. Milliseconds.",
		Toolset: JobTools, Scope: security.ScopeRead, Positional: "id",
		Hints: Hints{ReadOnly: true, Idempotent: true},
	}, func(ctx context.Context, _ Call, in JobsInput) (reply[JobsOutput], error) {
		out, err := d.jobsOf(ctx, in)
		return reply[JobsOutput]{out: out, text: plain(jobsText(d.Now())), cut: d.cutJobs(ctx, in), shape: count(int64(len(out.Jobs)), "job")}, err
	})
}

func (d *Deps) jobsOf(ctx context.Context, in JobsInput) (JobsOutput, error) {
	if in.ID != "" {
		job, err := d.job(ctx, "jobs", in.ID)
		if err != nil {
			return JobsOutput{}, err
		}
		return JobsOutput{Jobs: []JobItem{jobItem(job, true)}}, nil
	}
	list, next, err := d.Queue.List(ctx, jobs.Filter{
		Kind: in.Kind, Status: jobs.Status(in.Status), Owner: ownerFilter(ctx), Limit: in.Limit, Cursor: in.Cursor,
	})
	if err != nil {
		return JobsOutput{}, fmt.Errorf("list the jobs: %w", err)
	}
	out := JobsOutput{Jobs: make([]JobItem, len(list)), NextCursor: pointer(next)}
	for i, job := range list {
		out.Jobs[i] = jobItem(job, false)
	}
	return out, nil
}

// ownerFilter narrows a listing to the caller's own jobs; who administers sees
// all of them.
func ownerFilter(ctx context.Context) string {
	if id := security.IdentityFrom(ctx); !id.Can(security.ScopeAdmin) {
		return id.Subject
	}
	return ""
}

// job returns a job that the caller may see. Another's job is as good as none.
func (d *Deps) job(ctx context.Context, tool, id string) (jobs.Job, error) {
	job, err := d.Queue.Get(ctx, id)
	if owner := ownerFilter(ctx); fault.CodeOf(err) == fault.NotFound || (err == nil && owner != "" && job.Owner != owner) {
		return jobs.Job{}, fault.Errorf(fault.NotFound, "%s: there is no job %q; jobs without id lists yours", tool, clip(line(id), 64))
	}
	if err != nil {
		return jobs.Job{}, fmt.Errorf("read the job: %w", err)
	}
	return job, nil
}

// orphaned is the progress of a job whose process has ended.
const orphaned = "its process has ended; a server goes on with it within seconds or at its next start, and so does the same command"

func jobItem(job jobs.Job, whole bool) JobItem {
	item := JobItem{
		ID: job.ID, Kind: job.Kind, Status: string(job.Status), Target: targetOf(job.Request), Progress: job.Progress, Attempt: job.Attempt,
		Created: stamp(job.Created), Started: stamp(job.Started), Finished: stamp(job.Finished), Error: job.Error,
	}
	if job.Orphaned {
		item.Progress.Rate, item.Progress.ETA = 0, 0
		item.Progress.Message = orphaned
	}
	if !whole {
		return item
	}
	item.Request, item.Result = job.Request, job.Result
	for _, e := range job.Events {
		item.Events = append(item.Events, JobEvent{stamp(e.At), e.Message})
	}
	return item
}

// targetOf is what a job was asked to read: its first address, folder or title.
// Empty where its request names none.
func targetOf(request json.RawMessage) string {
	var asked struct {
		Options struct{ URLs []string }
		URLs    []string
		URL     string
		Domain  string
		Path    string
		Title   string
		All     bool
	}
	if json.Unmarshal(request, &asked) != nil {
		return ""
	}
	target := cmp.Or(slices.Concat(append(asked.Options.URLs, asked.URLs...), []string{asked.URL, asked.Domain, asked.Path, asked.Title})...)
	if asked.All {
		target = "all"
	}
	return clip(line(target), 300)
}

// cutJobs drops the oldest events of a single job first and a long request; of
// a listing it keeps the first jobs.
func (d *Deps) cutJobs(ctx context.Context, in JobsInput) func(JobsOutput, int) (JobsOutput, error) {
	return func(out JobsOutput, n int) (_ JobsOutput, err error) {
		if in.ID != "" {
			out.Jobs = []JobItem{shortJob(out.Jobs[0], n)}
			return out, nil
		}
		out.Jobs, out.NextCursor, err = headOf(out.Jobs, n, out.NextCursor, func(limit int) (string, error) {
			in.Limit = limit
			page, err := d.jobsOf(ctx, in)
			if page.NextCursor == nil {
				return "", err
			}
			return *page.NextCursor, err
		})
		return out, err
	}
}

func shortJob(job JobItem, n int) JobItem {
	if len(job.Request) > n/4 {
		job.Request = nil
	}
	bare := job
	bare.Events = nil
	room, from := n-jsonSize(bare), len(job.Events)
	for from > 0 && room > len(job.Events[from-1].Message)+64 {
		from--
		room -= len(job.Events[from].Message) + 64
	}
	job.Events = job.Events[from:]
	return job
}
