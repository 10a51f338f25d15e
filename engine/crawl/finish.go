package crawl

import (
	"context"
	"fmt"
	"time"
)

// flushStats is how long counting may take after the context has ended.
const flushStats = 5 * time.Second

// shrunkMin is how many absent pages, if they are most of the site, are taken
// for a site in trouble (a maintenance page, a broken menu) before they are
// taken for gone: it takes two crawls in a row to remove them.
const shrunkMin = 50

// finish removes what is absent, closes the queue and returns the result.
func (c *crawl) finish(ctx context.Context) (Stats, error) {
	stats, err := c.stats(ctx, nil)
	if err != nil {
		return stats, err
	}
	if c.list != nil {
		return c.finishList(ctx, stats)
	}
	if stats.Fetched == 0 && stats.Gone == 0 {
		return stats, c.nothing(ctx)
	}
	if stats.UnreadStarts, err = c.unreadStarts(ctx); err != nil {
		return stats, err
	}
	verdict := Verdict{Boilerplate: sumsOf(c.drop), Soft404: sumsOf(c.soft404)}
	keepAbsent := true
	if stats.Complete {
		var removed int
		removed, keepAbsent, err = c.absent(ctx, stats.Added+stats.Unchanged)
		if err != nil {
			return c.stats(ctx, err)
		}
		stats.Gone += removed
		verdict.Shrunk = keepAbsent
	}
	stats.Duration = c.spent()
	return stats, c.queue.Finish(ctx, stats, verdict, keepAbsent)
}

// unreadStarts looks up how each start has ended. What the options leave out was
// asked for.
func (c *crawl) unreadStarts(ctx context.Context) (unread []Note, err error) {
	for _, key := range c.starts {
		row, settled, err := c.queue.Get(ctx, key)
		if err != nil {
			return nil, fmt.Errorf("look up a start: %w", err)
		}
		switch {
		case !settled, row.Reason == SkipExcluded, row.Reason == SkipNotIncluded:
		case row.Outcome == OutcomeFailed, row.Outcome == OutcomeSkipped, row.Outcome == OutcomeGone && row.Reason != ReasonMoved && row.Reason != SkipCanonical:
			unread = append(unread, Note{URL: redact(key), Outcome: row.Outcome, Reason: row.Reason})
		}
	}
	return unread, nil
}

// absent removes pages that earlier crawls of the same scope have stored and
// this one, which is complete, has not found. keep tells that it did not,
// because they are suspiciously many.
func (c *crawl) absent(ctx context.Context, present int) (removed int, keep bool, err error) {
	const batch = 1000
	var keys []string
	for after := ""; ; {
		more, err := c.queue.Absent(ctx, after, batch)
		if err != nil {
			return 0, false, err
		}
		keys = append(keys, more...)
		if len(more) < batch {
			break
		}
		after = more[len(more)-1]
	}
	if len(keys) > max(shrunkMin, present) && !c.earlier.Shrunk {
		c.deps.Log.Warn("most pages of the site were not found; they stay until the next crawl confirms it",
			"absent", len(keys), "found", present)
		return 0, true, nil
	}
	for _, key := range keys {
		evident, err := c.wouldRead(ctx, key)
		if err != nil {
			return removed, false, err
		}
		if !evident {
			continue
		}
		gone, err := c.deps.Sink.Gone(ctx, key, Absent)
		if err != nil {
			return removed, false, fmt.Errorf("remove %s: %w", redact(key), err)
		}
		if gone {
			removed++
		}
	}
	return removed, false, nil
}

// wouldRead reports whether this crawl would have read a page had it found it:
// only then does its absence say something.
func (c *crawl) wouldRead(ctx context.Context, key string) (bool, error) {
	p := split(key)
	if c.scope.judge(p) != "" || trap(p) != "" {
		return false, nil
	}
	if !c.opts.Robots {
		return true, nil
	}
	rules, _ := c.robots.of(ctx, p)
	return rules.allows(p.path), context.Cause(ctx)
}

// stats sums up the crawl so far and returns it with err, which is the context's
// cause where that has ended.
func (c *crawl) stats(ctx context.Context, err error) (Stats, error) {
	if cause := context.Cause(ctx); err != nil && cause != nil {
		err = cause
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushStats)
	defer cancel()
	tally, tallyErr := c.queue.Tally(ctx)
	if tallyErr != nil {
		if err == nil {
			err = tallyErr
		}
		return Stats{Duration: c.spent()}, err
	}
	stats := statsOf(tally, c.meter.overflowed())
	stats.Cleaned = c.cleaned
	if c.limit != "" && tally.Waiting > 0 {
		stats.Skipped[c.limit] += tally.Waiting
	}
	stats.Complete = err == nil && tally.Waiting == 0 && complete(stats)
	stats.Duration = c.spent()
	return stats, err
}

// statsOf turns a tally, and the counts of URLs that have no row, into Stats.
func statsOf(tally Tally, overflowed map[string]int) Stats {
	stats := Stats{Fetched: tally.Read, Chunks: tally.Chunks, Bytes: tally.Bytes, Skipped: overflowed, Failures: map[string]int{}}
	for outcome, reasons := range tally.Outcomes {
		for reason, n := range reasons {
			switch outcome {
			case OutcomeAdded:
				stats.Added += n
				stats.Changed += n
			case OutcomeChanged:
				stats.Changed += n
			case OutcomeUnchanged:
				stats.Unchanged += n
			case OutcomeGone:
				stats.Gone += n
			case OutcomeFailed:
				stats.Failed += n
				stats.Failures[reason] += n
			case OutcomeSkipped, OutcomeLed:
				if reason == ReasonMoved {
					reason = SkipRedirect
				}
				stats.Skipped[reason] += n
			}
		}
	}
	return stats
}

// complete reports whether nothing that a crawl left out can hide a page: what
// lies behind a limit, a failure or a server in trouble is unknown, while what
// the site or the user rules out is not there.
func complete(stats Stats) bool {
	for _, reason := range []string{SkipMaxDepth, SkipMaxPages, SkipMaxBytes, SkipMaxDuration, SkipQueueFull, SkipRobotsDown, SkipSitemap} {
		if stats.Skipped[reason] > 0 {
			return false
		}
	}
	for reason := range stats.Failures {
		if !answered(reason) {
			return false
		}
	}
	return true
}

// answered reports whether a failure is the site's final word about a page:
// 4xx, but for those that ask to come again.
func answered(reason string) bool {
	return len(reason) == len("http_404") && reason[:len("http_4")] == "http_4" && !passing(reason)
}
