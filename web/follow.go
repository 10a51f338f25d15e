package web

import (
	"context"
	"time"

	"github.com/axon-mcp/axon-mcp/fault"
	"github.com/axon-mcp/axon-mcp/jobs"
	"github.com/axon-mcp/axon-mcp/tools"
)

// Jobs is what the listener needs of the queue. jobs.Queue is one.
type Jobs interface {
	// Get fails with NotFound.
	Get(ctx context.Context, id string) (jobs.Job, error)
	// Wait returns the job when it is done. The end of ctx ends the waiting
	// with its error, and not the job.
	Wait(ctx context.Context, id string, onProgress func(jobs.Progress)) (jobs.Job, error)
	// Cancel of a job that is done changes nothing.
	Cancel(ctx context.Context, id string) (jobs.Job, error)
}

// metricsEvery is the least time between two job.status of a running job.
const metricsEvery = time.Second

// started notes a job as this connection's own.
func (c *conn) started(x *execution, id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	x.job = id
	c.jobs[id] = x.mode.tool
}

// follow tells of a job until it is done. The socket's end and the server's end
// the following, and not the job.
func (x *execution) follow(id string) error {
	x.status(id, string(jobs.Pending), nil, nil)
	var told time.Time
	running := false
	ctx, stop := context.WithCancelCause(x.conn.done)
	defer stop(nil)
	defer context.AfterFunc(x.conn.srv.open, func() { stop(jobs.ErrShutdown) })()
	job, err := x.conn.srv.deps.Jobs.Wait(ctx, id, func(p jobs.Progress) {
		if now := time.Now(); !running || now.Sub(told) >= metricsEvery {
			m := metricsOf(p)
			m.Seconds = now.Sub(x.begun).Seconds()
			x.status(id, string(jobs.Running), nil, m)
			told, running = now, true
		}
		x.progress(id, p)
	})
	if err != nil {
		if context.Cause(ctx) == jobs.ErrShutdown {
			return fault.Errorf(fault.Unavailable, "the server is stopping; job %s goes on where another runs, or at the next start", id)
		}
		return err
	}
	return x.settle(job)
}

// settle tells how a job has ended.
func (x *execution) settle(job jobs.Job) error {
	var failure any
	if job.Error != nil {
		failure = job.Error
	}
	var result any
	if len(job.Result) > 0 {
		result = job.Result
	}
	x.status(job.ID, string(job.Status), failure, result)
	switch {
	case job.Status == jobs.Canceled:
		return fault.Errorf(fault.Canceled, "job %s was canceled", job.ID)
	case job.Error != nil:
		return fault.New(fault.Code(job.Error.Code), job.Error.Message)
	case job.Status != jobs.Completed:
		return fault.Errorf(fault.Internal, "job %s is %s without a reason", job.ID, job.Status)
	}
	return nil
}

func (x *execution) status(id, status string, failure, metrics any) {
	x.send("job.status", payloadData{x.about, jobStatusPayload{JobID: id, Status: status, Error: failure, Metrics: metrics}})
}

func (x *execution) progress(id string, p jobs.Progress) {
	payload := jobProgressPayload{JobID: id, Phase: p.Phase, Processed: &p.Done}
	if p.Total > 0 {
		percent := min(100, float64(p.Done)*100/float64(p.Total))
		payload.Total, payload.Percent = &p.Total, &percent
	}
	x.send("job.progress", payloadData{x.about, payload})
}

// liveMetrics is what is known of a running job, in the words of its result
// (ui.md, section 8).
type liveMetrics struct {
	tools.WorkCounts
	Rate float64 `json:"rate"`
	ETA  float64 `json:"eta_seconds"`
	URL  string  `json:"url,omitempty"` // what is being read
}

func metricsOf(p jobs.Progress) liveMetrics {
	m := liveMetrics{Rate: p.Rate, ETA: p.ETA, URL: p.URL}
	m.Skipped = make(map[string]int)
	for name, n := range p.Counts {
		switch name {
		case "fetched":
			m.PagesFetched = int(n)
		case "changed":
			m.PagesChanged = int(n)
		case "unchanged":
			m.PagesUnchanged = int(n)
		case "failed":
			m.PagesFailed = int(n)
		case "gone":
			m.PagesRemoved = int(n)
		default:
			m.Skipped[name] = int(n)
		}
	}
	m.PagesPerSecond, m.Chunks, m.Bytes = p.Rate, int(p.Chunks), p.Bytes
	for reason, n := range p.Failures {
		if m.Failures == nil {
			m.Failures = make(map[string]int)
		}
		m.Failures[reason] = int(n)
	}
	return m
}

// cancel ends an execution of this connection, or a job.
func (c *conn) cancel(m cancelRequest) error {
	answer, at := c.withdraw(m)
	c.send(frame{"job.cancel.response", payloadData{at, answer}})
	return nil
}

// withdraw does what a cancel may: it touches only what this connection has
// started, or a job whose kind is that of the mode.
func (c *conn) withdraw(m cancelRequest) (cancelPayload, about) {
	at := about{ExecID: clip(m.ID, maxID), Mode: clip(m.Mode, 64)}
	no := func(message string) (cancelPayload, about) {
		return cancelPayload{Mode: at.Mode, JobID: clip(m.JobID, maxID), Message: message}, at
	}
	how, known := modes()[m.Mode]
	if m.Mode != "" && !known {
		return no("there is no such mode here")
	}
	id := m.JobID
	c.mu.Lock()
	x := c.execs[m.ID]
	c.mu.Unlock()
	switch {
	case x != nil && m.Mode != "" && m.Mode != x.about.Mode:
		return no("the mode is not that of the execution")
	case x != nil:
		at = x.about
		c.mu.Lock()
		job := x.job
		c.mu.Unlock()
		if id != "" && id != job {
			return no("the job is not that of the execution")
		}
		if id = job; id == "" {
			x.stop(context.Canceled)
			return cancelPayload{OK: true, Mode: at.Mode}, at
		}
	case m.Mode == chatMode && c.srv.chat != nil && c.srv.chat.stop(c, m.ID):
		return cancelPayload{OK: true, Mode: at.Mode}, at
	case id == "":
		id = m.ID
	}
	return c.withdrawJob(id, how, at)
}

func (c *conn) withdrawJob(id string, how mode, at about) (cancelPayload, about) {
	answer := cancelPayload{Mode: at.Mode, JobID: clip(id, maxID)}
	if !isUUID(id) {
		answer.Message = "there is no such execution or job"
		return answer, at
	}
	c.mu.Lock()
	_, ours := c.jobs[id]
	c.mu.Unlock()
	ctx, stop := context.WithTimeout(c.done, closeTime)
	defer stop()
	job, err := c.srv.deps.Jobs.Get(ctx, id)
	switch {
	case err == nil && (how.tool != "" || !ours) && job.Kind != how.tool:
		answer.Message = "that job is of another mode; name the right one"
		return answer, at
	case err == nil:
		job, err = c.srv.deps.Jobs.Cancel(ctx, id)
	}
	if err != nil {
		answer.Message = fault.MessageOf(err)
		return answer, at
	}
	answer.OK, answer.Message = true, "the job is "+string(job.Status)
	return answer, at
}

// isUUID reports whether id is written as a UUID is.
func isUUID(id string) bool {
	if len(id) != 36 {
		return false
	}
	for i, r := range id {
		switch {
		case i == 8 || i == 13 || i == 18 || i == 23:
			if r != '-' {
				return false
			}
		case (r < '0' || r > '9') && (r < 'a' || r > 'f') && (r < 'A' || r > 'F'):
			return false
		}
	}
	return true
}
