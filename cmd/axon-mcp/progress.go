package main

import (
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"github.com/axon-mcp/axon-mcp/jobs"
)

// bar shows a job's progress on one line of a terminal. On anything else it is
// silent: a log full of percentages helps nobody.
type bar struct {
	w     io.Writer
	last  int // width of what is drawn now
	start time.Time
}

// newBar returns nil where w is no terminal.
func newBar(w io.Writer) *bar {
	if !isTerminal(w) {
		return nil
	}
	return &bar{w: w, start: time.Now()}
}

// show draws the progress over what was drawn before.
func (b *bar) show(p jobs.Progress) {
	if b == nil {
		return
	}
	b.draw(barLine(p, time.Since(b.start)))
}

// clear takes the bar away, for what is printed next.
func (b *bar) clear() {
	if b != nil && b.last > 0 {
		b.draw("")
		fmt.Fprint(b.w, "\r")
	}
}

func (b *bar) draw(line string) {
	width := len([]rune(line))
	fmt.Fprint(b.w, "\r"+line+strings.Repeat(" ", max(0, b.last-width)))
	b.last = width
}

const barWidth = 24

// barLine is the text of a bar, short enough for 80 columns.
func barLine(p jobs.Progress, spent time.Duration) string {
	var parts []string
	if p.Total > 0 {
		share := min(1, float64(p.Done)/float64(p.Total))
		full := int(math.Round(share * barWidth))
		parts = append(parts, fmt.Sprintf("[%s%s] %d/%d", strings.Repeat("=", full), strings.Repeat(" ", barWidth-full), p.Done, p.Total))
	} else {
		parts = append(parts, fmt.Sprint(p.Done))
	}
	if p.Phase != "" {
		parts = append(parts, printable(p.Phase))
	}
	if p.Rate > 0 {
		parts = append(parts, fmt.Sprintf("%.0f/s", p.Rate))
	}
	parts = append(parts, spent.Round(time.Second).String())
	if p.ETA > 0 {
		parts = append(parts, "about "+(time.Duration(p.ETA)*time.Second).String()+" left")
	}
	line := strings.Join(parts, "  ")
	if r := []rune(line); len(r) > 79 {
		line = string(r[:79])
	}
	return line
}
