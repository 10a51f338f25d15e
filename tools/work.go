package tools

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/axon-mcp/axon-mcp/fault"
	"github.com/axon-mcp/axon-mcp/jobs"
	"github.com/axon-mcp/axon-mcp/security"
)

// cancelTime bounds how long the end of a call waits for its job's cancel.
const cancelTime = 5 * time.Second

// WorkOutput is the output of every tool whose work is a job. The counts are
// there once the job is done, which only a waited call sees.
type WorkOutput struct {
	JobID  string `json:"job_id"`
	Status string `json:"status"`
	Joined bool   `json:"joined,omitempty"` // the same work was under way already
	*WorkCounts
	result json.RawMessage // of the job, once it is done
}

// WorkCounts is the result of such a job.
type WorkCounts struct {
	PagesFetched   int            `json:"pages_fetched" rule:"optional"`
	PagesChanged   int            `json:"pages_changed" rule:"optional"` // new, or not as before
	PagesUnchanged int            `json:"pages_unchanged" rule:"optional"`
	PagesFailed    int            `json:"pages_failed" rule:"optional"`
	PagesRemoved   int            `json:"pages_removed" rule:"optional"`
	Skipped        map[string]int `json:"skipped" rule:"optional"`            // by reason
	Failures       map[string]int `json:"failures,omitempty" rule:"optional"` // by reason
	UnreadStarts   string         `json:"unread_starts,omitempty"`            // with the reason
	Documents      int            `json:"documents" rule:"optional"`          // as they are stored now: changed and unchanged
	Chunks         int            `json:"chunks" rule:"optional"`             // of the changed documents
	Embedded       int            `json:"embedded" rule:"optional"`           // passages that were embedded
	Bytes          int64          `json:"bytes" rule:"optional"`
	Seconds        float64        `json:"seconds" rule:"optional"`
	PagesPerSecond float64        `json:"pages_per_second" rule:"optional"`
	Complete       bool           `json:"complete" rule:"optional"` // all in scope was read
	// Artifacts is where the Markdown files are, for a crawl with index=false.
	Artifacts string `json:"artifacts,omitempty"`
}

// work is one call of such a tool.
type work struct {
	kind    string
	payload any  // the whole request; a worker adds nothing of its own
	join    bool // the same payload, while not done, is one job
	wait    bool
}

// perform enqueues the work and, where the call waits, sees it through. The end
// of a waiting call cancels the job, but for two cases: the process stops (the
// job goes on elsewhere), or others wait for it too.
func (d *Deps) perform(ctx context.Context, call Call, w work) (WorkOutput, error) {
	payload, err := encode(w.payload)
	if err != nil {
		return WorkOutput{}, err
	}
	who := security.IdentityFrom(ctx)
	request := jobs.Request{Kind: w.kind, Owner: who.Subject, Payload: payload}
	if w.join {
		request.Key = joinKey(who, payload)
	}
	job, joined, err := d.Queue.Start(ctx, request)
	if err != nil {
		return WorkOutput{}, fmt.Errorf("start the job: %w", err)
	}
	out := WorkOutput{JobID: job.ID, Status: string(job.Status), Joined: joined}
	if !w.wait {
		return out, nil
	}
	progress := call.Progress
	if progress == nil {
		progress = func(jobs.Progress) {}
	}
	done, err := d.Queue.Wait(ctx, job.ID, progress)
	if err != nil {
		err = fmt.Errorf("wait for job %s: %w", job.ID, err)
		if ctx.Err() == nil || errors.Is(context.Cause(ctx), jobs.ErrShutdown) {
			return out, err
		}
		return out, d.giveUp(ctx, call, out, err)
	}
	out.Status = string(done.Status)
	return out, finish(&out, done, call.CommandLine)
}

// giveUp cancels a job after its caller has gone, for which why is the error. A
// job that the call has joined is another's; at the command line it may be what
// a process that was killed has left, and is then nobody's but the caller's.
func (d *Deps) giveUp(ctx context.Context, call Call, out WorkOutput, why error) error {
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), cancelTime)
	defer stop()
	others := out.Joined && !call.CommandLine
	if out.Joined && !others {
		shared, err := d.Queue.Shared(ctx)
		if others = shared || err != nil; err != nil {
			d.Log.WarnContext(ctx, "look for others who may want the job of a call that was canceled", "job", out.JobID, "error", err)
		}
	}
	if others {
		end := "job_control action=cancel id="
		if call.CommandLine {
			end = "axon-mcp job_control cancel --id "
		}
		return fault.Wrap(fault.Canceled, why, "the call has ended, and job %s goes on: it was under way before, and others may wait for it; %s%s ends it", out.JobID, end, out.JobID)
	}
	if _, err := d.Queue.Cancel(ctx, out.JobID); err != nil {
		d.Log.WarnContext(ctx, "cancel the job of a call that was canceled", "job", out.JobID, "error", err)
	}
	return why
}

// finish takes over the job's result, or its failure as the call's. A job that is
// retried waits for a server; at the command line there may be none.
func finish(out *WorkOutput, done jobs.Job, commandLine bool) error {
	again := "job_control action=retry id=" + done.ID
	if commandLine {
		again = "the same command"
	}
	switch done.Status {
	case jobs.Completed:
		out.WorkCounts, out.result = &WorkCounts{}, done.Result
		if err := json.Unmarshal(done.Result, out.WorkCounts); err != nil {
			return fmt.Errorf("read the result of job %s: %w", done.ID, err)
		}
		return nil
	case jobs.Canceled:
		return fault.Errorf(fault.Canceled, "job %s was canceled; %s starts it again", done.ID, again)
	}
	failure := done.Error
	if failure == nil {
		return fmt.Errorf("job %s is %s without a reason", done.ID, done.Status)
	}
	hint := "job " + done.ID
	switch code := fault.Code(failure.Code); code {
	case fault.Unavailable, fault.Timeout, fault.Busy, fault.Upstream, fault.Internal:
		hint += "; " + again + " tries again"
	}
	return fault.Errorf(fault.Code(failure.Code), "%s (%s)", failure.Message, hint)
}

// joinKey names work that is the same. Who may not see the jobs of others joins
// only what is their own.
func joinKey(who security.Identity, payload []byte) string {
	sum := sha256.Sum256(payload)
	key := hex.EncodeToString(sum[:])
	if !who.Can(security.ScopeAdmin) {
		key += " " + who.Subject
	}
	return key
}

// workText tells what a job has done or will do. unit is "page" or "document".
func workText(unit string) func(WorkOutput) string {
	return func(out WorkOutput) string {
		if out.WorkCounts == nil {
			return fmt.Sprintf("Job %s is %s%s.\nnext: jobs id=%s shows its progress and then its result.",
				out.JobID, out.Status, map[bool]string{true: " (the same work was under way already)"}[out.Joined], out.JobID)
		}
		c := out.WorkCounts
		var b strings.Builder
		fmt.Fprintf(&b, "%s read in %.1f s (%.1f/s, %s): %d changed, %d unchanged, %d failed, %d removed.\n",
			count(int64(c.PagesFetched), unit), c.Seconds, c.PagesPerSecond, count(c.Bytes, "byte"),
			c.PagesChanged, c.PagesUnchanged, c.PagesFailed, c.PagesRemoved)
		switch {
		case c.Artifacts != "":
			b.WriteString("Nothing was indexed; the Markdown files are under " + c.Artifacts + ".\n")
		case c.Embedded == 0 && c.PagesChanged == 0:
			b.WriteString("Nothing has changed, so nothing was embedded.\n")
		default:
			fmt.Fprintf(&b, "%s of the changed %ss indexed.\n", count(int64(c.Chunks), "chunk"), unit)
		}
		writeCounts(&b, "skipped", c.Skipped)
		writeCounts(&b, "failed", c.Failures)
		if c.UnreadStarts != "" {
			b.WriteString("Not read, though the crawl was to start there: " + line(c.UnreadStarts) + ".\n")
		}
		if !c.Complete {
			b.WriteString("Not everything in scope was read: a limit was hit, or something failed.\n")
		}
		b.WriteString("job " + out.JobID)
		if c.PagesChanged+c.PagesUnchanged > 0 && c.Artifacts == "" {
			b.WriteString("\nnext: query searches in it.")
		}
		return b.String()
	}
}

func writeCounts(b *strings.Builder, what string, counts map[string]int) {
	for _, reason := range sortedKeys(counts) {
		fmt.Fprintf(b, "- %s, %s: %d\n", what, reason, counts[reason])
	}
}

// task is a job under way, as its body sees it.
type task struct {
	job    jobs.Job
	report func(jobs.Progress)
	// event adds a line to the job's history.
	event func(format string, args ...any)
}

// body does a job's work and returns its result.
type body func(ctx context.Context, t task) (any, error)

func (r *Registry) bodies() map[string]body {
	return map[string]body{"crawl": r.deps.runCrawl, "refresh": r.deps.runRefresh, "embed": r.deps.runEmbed, "evaluate": r.deps.runEvaluate}
}

// Handlers returns the bodies of the jobs by kind, for a worker.
func (r *Registry) Handlers() map[string]jobs.Handler {
	handlers := make(map[string]jobs.Handler)
	for kind, run := range r.bodies() {
		handlers[kind] = func(ctx context.Context, j *jobs.Run) (any, error) {
			return run(ctx, task{job: j.Job, report: j.Report, event: j.Event})
		}
	}
	return handlers
}
