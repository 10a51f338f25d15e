package mcp

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/axon-mcp/axon-mcp/jobs"
)

// progressEvery is the least time between two progress notifications of one
// request. Three a second leave room for the last one, which waits for nobody,
// within the four that the specification of this door allows.
const progressEvery = 334 * time.Millisecond

// progress tells a request's client how far its work is: values that strictly
// increase, never too many, and always the last one.
type progress struct {
	x *exchange

	mu      sync.Mutex
	phase   string
	base    float64 // what was done before this phase
	last    float64 // sent
	started bool    // something was sent
	sent    time.Time
	waiting *mcp.ProgressNotificationParams // for its time to come
	timer   *time.Timer
	ended   bool
}

func newProgress(x *exchange) *progress { return &progress{x: x} }

// report takes a job's progress. It blocks only while a message is written.
func (p *progress) report(now jobs.Progress) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended {
		return
	}
	// A later phase counts from zero again; the client's value goes on.
	if now.Phase != p.phase {
		p.base = max(p.last, p.pending())
		p.phase = now.Phase
	}
	value := p.base + float64(now.Done)
	if p.started && value <= max(p.last, p.pending()) {
		return
	}
	note := &mcp.ProgressNotificationParams{ProgressToken: p.x.msg.token, Progress: value, Message: line(now)}
	if now.Total > 0 {
		note.Total = p.base + float64(now.Total)
	}
	p.started = true
	p.waiting = note
	if wait := progressEvery - time.Since(p.sent); wait > 0 {
		if p.timer == nil {
			p.timer = time.AfterFunc(wait, p.due)
		}
		return
	}
	p.flush()
}

// due is the timer's.
func (p *progress) due() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.timer = nil
	if !p.ended {
		p.flush()
	}
}

// end sends what still waits; after it nothing is sent.
func (p *progress) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.timer != nil {
		p.timer.Stop()
		p.timer = nil
	}
	p.flush()
	p.ended = true
}

func (p *progress) pending() float64 {
	if p.waiting == nil {
		return p.last
	}
	return p.waiting.Progress
}

func (p *progress) flush() {
	if p.waiting == nil {
		return
	}
	note := p.waiting
	p.waiting, p.last, p.sent = nil, note.Progress, time.Now()
	_ = p.x.Notify(string(mcp.MethodNotificationProgress), note) // a client that is gone ends the request by itself
}

// line tells the progress in one line, for a person.
func line(p jobs.Progress) string {
	if p.Message != "" {
		return p.Message
	}
	var b strings.Builder
	if p.Phase != "" {
		b.WriteString(p.Phase + " ")
	}
	fmt.Fprintf(&b, "%d", p.Done)
	if p.Total > 0 {
		fmt.Fprintf(&b, "/%d", p.Total)
	}
	if p.Rate > 0 {
		fmt.Fprintf(&b, ", %.1f a second", p.Rate)
	}
	if p.ETA > 0 {
		fmt.Fprintf(&b, ", about %.0f s to go", p.ETA)
	}
	return b.String()
}
