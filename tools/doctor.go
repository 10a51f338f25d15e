package tools

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/axon-mcp/axon-mcp/fault"
	"github.com/axon-mcp/axon-mcp/security"
)

// checkTime bounds one check of doctor.
const checkTime = 10 * time.Second

// Check looks whether one part works. cmd gives them to Deps.
type Check struct {
	Name string // such as "store"
	// Run returns what it found in a line (version, latency) and, where
	// something is amiss, what to do about it. An error means that the part
	// does not work.
	Run func(ctx context.Context) (detail, hint string, err error)
}

// DoctorInput is the input of doctor: nothing.
type DoctorInput struct{}

// DoctorOutput is the output of doctor.
type DoctorOutput struct {
	OK     bool          `json:"ok"`
	Checks []CheckResult `json:"checks"`
}

// CheckResult is what a check found.
type CheckResult struct {
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail"`
	Hint   string `json:"hint"`
}

func doctor(d *Deps) (*Tool, error) {
	return define(d, Tool{
		Name:  "doctor",
		Title: "Check the parts",
		About: "Checks each part that axon stands on: whether it works, its version, how fast it answers, and what to do if it does not. " +
			"status shows running work. At most 10 seconds.",
		Toolset: JobTools, Scope: security.ScopeRead,
		Hints: Hints{ReadOnly: true, Idempotent: true},
	}, func(ctx context.Context, _ Call, _ DoctorInput) (reply[DoctorOutput], error) {
		return reply[DoctorOutput]{out: d.examine(ctx), text: plain(doctorText)}, ctx.Err()
	})
}

// examine runs all checks at once, each with its own time, in their order.
func (d *Deps) examine(ctx context.Context) DoctorOutput {
	out := DoctorOutput{OK: true, Checks: make([]CheckResult, len(d.Checks))}
	var wg sync.WaitGroup
	for i, check := range d.Checks {
		wg.Go(func() { out.Checks[i] = runCheck(ctx, check) })
	}
	wg.Wait()
	for _, c := range out.Checks {
		out.OK = out.OK && c.OK
	}
	return out
}

func runCheck(ctx context.Context, check Check) (result CheckResult) {
	defer func() {
		if v := recover(); v != nil {
			result = CheckResult{Name: check.Name, Detail: "the check itself failed", Hint: "report this as a bug"}
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	detail, hint, err := check.Run(ctx)
	if err != nil && detail == "" {
		detail = string(fault.CodeOf(err)) + ": " + fault.MessageOf(err)
	}
	return CheckResult{Name: check.Name, OK: err == nil, Detail: detail, Hint: hint}
}

func doctorText(out DoctorOutput) string {
	var b strings.Builder
	for _, c := range out.Checks {
		mark := "ok"
		if !c.OK {
			mark = "FAILED"
		}
		fmt.Fprintf(&b, "- %s: %s — %s", c.Name, mark, line(c.Detail))
		if c.Hint != "" {
			b.WriteString(" (" + line(c.Hint) + ")")
		}
		b.WriteString("\n")
	}
	if out.OK {
		b.WriteString("Everything works.")
	} else {
		b.WriteString("Not everything works; the notes in brackets say what to do.")
	}
	return b.String()
}
