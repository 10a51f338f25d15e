package crawl

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/axon-mcp/axon-mcp/fault"
)

// unlimited stands for no bound on the pages of a refresh: their list is the
// bound.
const unlimited = 1 << 26

// RefreshOptions says what to read again.
type RefreshOptions struct {
	// URLs are the keys of stored pages, any number.
	URLs []string
	// Collection names where the sink stores.
	Collection string
	// Robots honours robots.txt, and noindex of pages.
	Robots bool
	// Concurrency is how many fetches run at once, 1 to 64; default 8.
	Concurrency int
}

// Refresh reads stored pages again, with the requests, the guard, the robots
// rules and the evidence of a crawl, and returns what it did. It follows no
// links: only where a page has moved to on its own site is read too. Nothing is
// absent in its eyes, since it does not look for what leads to a page. Like Run
// it goes on where an earlier attempt of the job stopped. It fails with the
// first page's fault when no site gave any answer, and otherwise as Run does.
func Refresh(ctx context.Context, deps Deps, job string, o RefreshOptions) (Stats, error) {
	c, err := openList(ctx, deps, job, o)
	if err != nil {
		return Stats{}, err
	}
	return c.run(ctx)
}

// list is what a refresh has that a crawl of a scope has not.
type list struct {
	mu   sync.Mutex
	cuts map[string]map[uint64]bool // by host: what is left out of its pages
}

// remember notes what is left out of a stored page: it was boilerplate to the
// crawl that knew the whole site, and stays so.
func (l *list) remember(key string, cuts []uint64) {
	if len(cuts) == 0 {
		return
	}
	host := hostOf(key)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cuts[host] == nil {
		l.cuts[host] = map[uint64]bool{}
	}
	for _, cut := range cuts {
		l.cuts[host][cut] = true
	}
}

// of returns what is to be left out of the pages of a URL's host.
func (l *list) of(key string) map[uint64]bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.cuts[hostOf(key)]
}

// openList checks the options and opens the job's queue with the whole list.
func openList(ctx context.Context, deps Deps, job string, o RefreshOptions) (*crawl, error) {
	if deps.Log == nil {
		deps.Log = slog.New(slog.DiscardHandler)
	}
	if len(o.URLs) == 0 {
		return nil, fault.New(fault.Invalid, "there is no page to refresh")
	}
	c := &crawl{
		deps: deps, robots: newRobotsCache(deps.Fetch), traps: newTraps(), outages: newOutages(), seen: newSeen(), began: time.Now(),
		soft404: map[uint64]bool{}, list: &list{cuts: map[string]map[uint64]bool{}},
	}
	var found []Found
	hosts := map[string]bool{}
	for i, key := range o.URLs {
		f := Found{Key: key, Rank: rankOf(0, int64(i>>rankLinkBits), i&maxRankLink), Source: SourceStart}
		if _, err := deps.Validate(key); err != nil {
			f.Skip = SkipBlocked
		} else if root := split(key).origin() + "/"; !hosts[root] {
			hosts[root] = true
			c.starts = append(c.starts, root)
		}
		found = append(found, f)
	}
	if len(c.starts) == 0 {
		_, err := deps.Validate(o.URLs[0])
		return nil, err
	}
	var err error
	c.opts = Options{URLs: c.starts[:1], Collection: o.Collection, MaxPages: unlimited, MaxDepth: -1, Robots: o.Robots, Concurrency: o.Concurrency}
	if c.opts, err = c.opts.Complete(); err != nil {
		return nil, err
	}
	if c.scope, err = newScope(c.starts, c.opts); err != nil {
		return nil, err
	}
	// One name for all: what the last refresh has read is kept, not that of each.
	if c.queue, c.state, err = deps.Frontier.Open(ctx, job, "refresh "+o.Collection, found); err != nil {
		return nil, err
	}
	c.meter = newMeter(c.began, c.opts.MaxPages, deps.Report, deps.Note)
	return c, nil
}

// recallList is recall for a refresh: it learns again what is left out of the
// pages that are done, and lets all wait again that could not be had if nothing
// could be read.
func (c *crawl) recallList(ctx context.Context, tally Tally) error {
	var keys []string
	err := c.queue.Blocks(ctx, func(row Row) error {
		keys = append(keys, row.Key)
		return nil
	})
	if err != nil {
		return err
	}
	for _, key := range keys {
		known, _, err := c.deps.Sink.Known(ctx, key)
		if err != nil {
			return fmt.Errorf("look up %s in the index: %w", redact(key), err)
		}
		c.list.remember(key, known.Cuts)
	}
	if tally.Read > 0 || tally.Waiting > 0 {
		return nil
	}
	var ids []int64
	for _, outcome := range []Outcome{OutcomeFailed, OutcomeSkipped} {
		err := c.queue.Walk(ctx, outcome, func(row Row) error {
			if passing(row.Reason) || row.Reason == SkipRobots || row.Reason == SkipRobotsDown {
				ids = append(ids, row.ID)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return c.queue.Requeue(ctx, c.state.Wave, ids)
}

// cleanList is clean for a refresh: what is left out of the site's other pages
// is left out of those that were stored anew.
func (c *crawl) cleanList(ctx context.Context) error {
	var keys []string
	err := c.queue.Blocks(ctx, func(row Row) error {
		if row.Outcome != OutcomeUnchanged && blockSum(row.Blocks, c.list.of(row.Key)) != row.Cut {
			keys = append(keys, row.Key)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return c.leaveOut(ctx, keys, c.list.of)
}

// finishList closes the queue of a refresh and returns its result.
func (c *crawl) finishList(ctx context.Context, stats Stats) (Stats, error) {
	if stats.Fetched == 0 && stats.Gone == 0 && !anyAnswered(stats) {
		if err := c.startErr.Load(); err != nil {
			return stats, *err
		}
		if stats.Failed > 0 { // in an earlier attempt
			return stats, fault.Errorf(fault.Unavailable, "none of the pages could be read (%s); try again later", strings.Join(sortedKeys(stats.Failures), ", "))
		}
	}
	stats.Duration = c.spent()
	return stats, c.queue.Finish(ctx, stats, Verdict{}, false)
}

// anyAnswered reports whether a site has said of some page that it is not there.
func anyAnswered(stats Stats) bool {
	for reason := range stats.Failures {
		if answered(reason) {
			return true
		}
	}
	return false
}
