package crawl

import (
	"maps"
	"sync"
	"sync/atomic"
	"time"
)

// reportPause is the least time between two reports.
const reportPause = 250 * time.Millisecond

// meter counts what a crawl does, and reports it. The atomic fields are for all
// stages; the rest is for one goroutine at a time: the settler within a wave,
// Run's between waves.
type meter struct {
	waiting atomic.Int64 // URLs in the queue
	skipped atomic.Int64 // rows of skipped URLs
	bytes   atomic.Int64 // of all bodies

	mu       sync.Mutex
	overflew map[string]int // skipped URLs without a row, by reason

	tell     func(Progress)
	began    time.Time
	told     time.Time
	settledN int64  // in this attempt
	done     int64  // in all attempts
	asked    int64  // requests for pages, in all attempts
	most     int64  // that may be asked for
	last     string // URL that was settled last
	counts   map[string]int64
	failures map[string]int64
	chunks   int64
	note     func(Note)
	noted    map[string]int // by outcome and reason
}

// notesPerReason is how many URLs of one reason are told of: enough to see what
// is meant.
const notesPerReason = 20

// newMeter returns a meter of a crawl that reads at most that many pages. It
// reports to tell and note, which may be nil.
func newMeter(began time.Time, most int, tell func(Progress), note func(Note)) *meter {
	return &meter{
		most: int64(most), tell: tell, note: note, began: began, overflew: map[string]int{}, counts: map[string]int64{},
		failures: map[string]int64{}, noted: map[string]int{},
	}
}

// set takes over what the frontier says.
func (m *meter) set(tally Tally) {
	m.waiting.Store(int64(tally.Waiting))
	m.bytes.Store(tally.Bytes)
	m.counts = map[string]int64{"fetched": int64(tally.Read)}
	m.chunks = int64(tally.Chunks)
	m.done, m.asked = int64(tally.Asked), int64(tally.Asked)
	skipped := 0
	for outcome, reasons := range tally.Outcomes {
		for reason, n := range reasons {
			m.add(outcome, reason, int64(n))
			if outcome == OutcomeSkipped {
				skipped += n
			}
		}
	}
	m.skipped.Store(int64(skipped))
}

// add counts n URLs by outcome and reason.
func (m *meter) add(outcome Outcome, reason string, n int64) {
	switch outcome {
	case OutcomeAdded, OutcomeChanged:
		m.counts["changed"] += n
	case OutcomeSkipped, OutcomeLed:
		if reason == ReasonMoved {
			reason = SkipRedirect
		}
		m.counts[reason] += n
	case OutcomeFailed:
		m.counts["failed"] += n
		m.failures[reason] += n
	default:
		m.counts[string(outcome)] += n
	}
}

// overflow counts n URLs that are skipped and kept nowhere.
func (m *meter) overflow(reason string, n int) {
	if n == 0 {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.overflew[reason] += n
}

// overflowed returns the counts of overflow.
func (m *meter) overflowed() map[string]int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return maps.Clone(m.overflew)
}

// settled counts a URL.
func (m *meter) settled(v *visit) {
	m.waiting.Add(-1)
	m.done++
	m.settledN++
	m.last = v.entry.Key
	m.add(v.out.Outcome, v.out.Reason, 1)
	if v.out.Asked {
		m.asked++
	}
	if v.out.Read {
		m.counts["fetched"]++
	}
	m.chunks += int64(v.out.Chunks)
	m.notes(v)
	m.overflow(SkipNoFollow, v.noFollow)
}

// notes tells of a page with which something was the matter.
func (m *meter) notes(v *visit) {
	switch v.out.Outcome {
	case OutcomeFailed, OutcomeSkipped, OutcomeChanged, OutcomeGone:
	default:
		return
	}
	of := string(v.out.Outcome) + v.out.Reason
	if m.noted[of]++; m.note != nil && m.noted[of] <= notesPerReason {
		m.note(Note{URL: redact(v.entry.Key), Outcome: v.out.Outcome, Reason: v.out.Reason})
	}
}

// report tells how far the crawl is, unless it did so just before.
func (m *meter) report(phase string) {
	now := time.Now()
	if m.tell == nil || now.Sub(m.told) < reportPause {
		return
	}
	m.told = now
	left := max(min(m.waiting.Load(), m.most-m.asked), 0) // the others stay unread
	progress := m.progress(phase, m.done, m.done+left)
	progress.URL = m.last
	if seconds := now.Sub(m.began).Seconds(); seconds > 0 && m.settledN > 0 {
		progress.Rate = float64(m.settledN) / seconds
		progress.ETA = time.Duration(float64(left) / progress.Rate * float64(time.Second))
	}
	m.tell(progress)
}

// reportNow tells how far the crawl is, also where it did so just before: what
// is told last stays with the job.
func (m *meter) reportNow(phase string) {
	m.told = time.Time{}
	m.report(phase)
}

// reportPass tells how far a pass over the pages is.
func (m *meter) reportPass(phase string, done, total int) {
	now := time.Now()
	if m.tell == nil || now.Sub(m.told) < reportPause {
		return
	}
	m.told = now
	m.tell(m.progress(phase, int64(done), int64(total)))
}

// progress is what there is to tell in every phase.
func (m *meter) progress(phase string, done, total int64) Progress {
	return Progress{
		Phase: phase, Done: done, Total: total, Counts: maps.Clone(m.counts), Failures: maps.Clone(m.failures),
		Chunks: m.chunks, Bytes: m.bytes.Load(),
	}
}
