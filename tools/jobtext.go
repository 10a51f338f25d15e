package tools

import (
	"fmt"
	"strings"
	"time"

	"github.com/axon-mcp/axon-mcp/jobs"
)

func jobsText(now time.Time) func(JobsOutput) string {
	return func(out JobsOutput) string {
		if len(out.Jobs) == 0 {
			return "There are no such jobs.\nnext: crawl or embed starts one."
		}
		var b strings.Builder
		for _, job := range out.Jobs {
			b.WriteString("- " + jobLine(job, now) + "\n")
			for _, e := range job.Events {
				b.WriteString("  - " + e.At + " " + line(e.Message) + "\n")
			}
			if job.Result != nil {
				b.WriteString("  result: " + string(job.Result) + "\n")
			}
		}
		if out.NextCursor != nil {
			b.WriteString("next: cursor=" + *out.NextCursor)
		}
		return b.String()
	}
}

// jobLine tells a job in one line.
func jobLine(job JobItem, now time.Time) string {
	p := job.Progress
	text := fmt.Sprintf("%s %s: %s", job.Kind, job.ID, job.Status)
	if job.Target != "" {
		text += ", " + job.Target
	}
	if job.Status == string(jobs.Running) || p.Done > 0 {
		text += fmt.Sprintf(", %s %d", p.Phase, p.Done)
		if p.Total > 0 {
			text += fmt.Sprintf("/%d", p.Total)
		}
		if p.ETA > 0 && job.Status == string(jobs.Running) {
			text += fmt.Sprintf(", about %.0f s to go", p.ETA)
		}
	}
	if p.Message == orphaned { // others name files, which are called what somebody likes
		text += " (" + orphaned + ")"
	}
	if created, err := time.Parse(time.RFC3339, job.Created); err == nil {
		text += ", asked for " + now.Sub(created).Truncate(time.Second).String() + " ago"
	}
	if job.Error != nil {
		text += fmt.Sprintf(" — %s: %s", job.Error.Code, line(job.Error.Message))
	}
	return text
}
