package crawl

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"net/url"
	"slices"
	"sync/atomic"
	"time"

	"github.com/axon-mcp/axon-mcp/engine/fetch"
	"github.com/axon-mcp/axon-mcp/fault"
)

// Fetcher reads one URL through the guard. A response of any status is no
// error.
type Fetcher interface {
	Fetch(ctx context.Context, request fetch.Request) (*fetch.Response, error)
}

// Deps is what a crawl stands on. Fetch, Sink, Frontier and Validate are
// needed.
type Deps struct {
	Fetch Fetcher
	// Render reads a page through a browser. Nil: there is none.
	Render   Fetcher
	Sink     Sink
	Frontier Frontier
	// Validate is the guard's judgement of a URL's text. It must be safe for
	// concurrent use, as Fetch, Render and Sink are.
	Validate func(raw string) (*url.URL, error)
	Log      *slog.Logger   // nil: none
	Report   func(Progress) // nil: nobody looks; called a few times a second, one at a time
	// Note is told of pages that failed, were skipped, have changed or are gone:
	// of the first ones of each reason, one at a time. Nil: nobody looks.
	Note func(Note)
}

// Run crawls, and returns what it did. It goes on where an earlier attempt of
// the same job stopped, however that ended, and once a job is done it only
// returns its result again.
//
// Limits end a crawl early without an error (Stats.Complete is false then, and
// Stats.Skipped tells which). It fails with Invalid for wrong options, with the
// first page's fault when nothing could be read at all, with Unavailable when
// the site stops answering, with the context's cause when that ends, and with
// what the sink or the frontier failed with. After every error but the first
// two, calling it again goes on.
func Run(ctx context.Context, deps Deps, job string, opts Options) (Stats, error) {
	c, err := open(ctx, deps, job, opts)
	if err != nil {
		return Stats{}, err
	}
	return c.run(ctx)
}

// run does the job from where it stands to its end.
func (c *crawl) run(ctx context.Context) (Stats, error) {
	if c.state.Done != nil {
		return *c.state.Done, nil
	}
	if err := c.recall(ctx); err != nil {
		return Stats{}, err
	}
	if err := c.read(ctx); err != nil {
		return c.stats(ctx, err)
	}
	return c.conclude(ctx)
}

// crawl is one attempt of one job.
type crawl struct {
	deps    Deps
	opts    Options
	starts  []string // keys
	queue   Queue
	state   State
	meter   *meter
	robots  *robotsCache
	traps   *traps
	began   time.Time
	outages *outages

	// Between waves only Run's goroutine writes these; within a wave they are
	// read by all stages.
	scope   *scope
	seen    *seen
	earlier Verdict
	soft404 map[uint64]bool // content hashes under many URLs, as of the wave's begin
	suspect map[uint64]bool // those of the earlier crawl
	drop    map[uint64]bool // boilerplate so far
	learnt  int             // pages read when drop was made
	retried map[int64]bool  // pages that failed and are read once more

	limit   string      // the Skip reason of the limit that was hit; "" if none
	asked   int         // requests for pages, by all attempts
	cleaned int         // pages that the last pass stored again
	enough  func() bool // for Map: no further wave is needed; nil: never
	list    *list       // for Refresh: the pages are given, and no link is followed; nil: a crawl
	// startErr is what the first start to fail failed with.
	startErr atomic.Pointer[error]
}

// open checks the options and opens the job's queue.
func open(ctx context.Context, deps Deps, job string, opts Options) (*crawl, error) {
	opts, err := opts.Complete()
	if err != nil {
		return nil, err
	}
	if opts.Render == RenderChrome && deps.Render == nil {
		return nil, fault.New(fault.Unavailable, "render=chrome needs a browser, and there is none; use render=auto or render=http")
	}
	if deps.Log == nil {
		deps.Log = slog.New(slog.DiscardHandler)
	}
	c := &crawl{
		deps: deps, opts: opts, robots: newRobotsCache(deps.Fetch), traps: newTraps(), outages: newOutages(), seen: newSeen(),
		began: time.Now(), soft404: map[uint64]bool{},
	}
	var found []Found
	for i, raw := range opts.URLs {
		if _, err := deps.Validate(raw); err != nil {
			return nil, err
		}
		key, err := Key(raw)
		if err != nil {
			return nil, err
		}
		c.starts = append(c.starts, key)
		found = append(found, Found{Key: key, Rank: rankOf(0, 0, i), Source: SourceStart})
	}
	if c.scope, err = newScope(c.starts, opts); err != nil {
		return nil, err
	}
	if c.queue, c.state, err = deps.Frontier.Open(ctx, job, c.scopeID(), found); err != nil {
		return nil, err
	}
	if c.earlier, err = c.queue.Earlier(ctx); err != nil {
		return nil, err
	}
	c.suspect, c.drop = setOf(c.earlier.Soft404), setOf(c.earlier.Boilerplate)
	c.meter = newMeter(c.began, opts.MaxPages, deps.Report, deps.Note)
	return c, nil
}

// scopeID names what the crawl covers: crawls with the same name find the same
// pages, however far their limits let them go.
func (c *crawl) scopeID() string {
	starts, include, exclude := slices.Clone(c.starts), slices.Clone(c.opts.IncludePaths), slices.Clone(c.opts.ExcludePaths)
	slices.Sort(starts)
	slices.Sort(include)
	slices.Sort(exclude)
	covered, err := json.Marshal([]any{c.opts.Collection, starts, include, exclude, c.opts.Subdomains})
	if err != nil { // strings and booleans always marshal
		covered = fmt.Append(nil, starts)
	}
	sum := sha256.Sum256(covered)
	return hex.EncodeToString(sum[:])
}

// setOf makes a set of a list.
func setOf[T comparable](list []T) map[T]bool {
	set := make(map[T]bool, len(list))
	for _, one := range list {
		set[one] = true
	}
	return set
}

// sortedKeys lists the keys of a map in order.
func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// sumsOf lists a set in order.
func sumsOf(set map[uint64]bool) []uint64 { return slices.Sorted(maps.Keys(set)) }

// read goes through the waves until nothing waits or a limit is hit.
func (c *crawl) read(ctx context.Context) error {
	for {
		if err := c.prepare(ctx); err != nil {
			return err
		}
		if err := c.wave(ctx); err != nil {
			return err
		}
		more, err := c.next(ctx)
		if err != nil {
			return err
		}
		if !more {
			if c.limit != "" {
				c.meter.waiting.Store(0) // what waits stays unread
			}
			c.meter.reportNow("crawl")
			return nil
		}
	}
}

// recall brings back what an earlier attempt knew in memory, and lets the starts
// wait again if it could not read anything.
func (c *crawl) recall(ctx context.Context) error {
	tally, err := c.queue.Tally(ctx)
	if err != nil {
		return err
	}
	c.meter.set(tally)
	c.asked = tally.Asked
	if c.list != nil {
		return c.recallList(ctx, tally)
	}
	if tally.Asked > 0 && tally.Read == 0 && tally.Waiting == 0 {
		var ids []int64
		for _, key := range c.starts {
			if row, ok, err := c.queue.Get(ctx, key); err == nil && ok {
				ids = append(ids, row.ID)
			}
		}
		if err := c.queue.Requeue(ctx, c.state.Wave, ids); err != nil {
			return err
		}
	}
	for wave := range c.state.Wave {
		err := c.entries(ctx, wave, func(e Entry) error {
			c.traps.admit(split(e.Key))
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// entries gives the URLs of a wave to yield, in order.
func (c *crawl) entries(ctx context.Context, wave int, yield func(Entry) error) error {
	after := Rank(-1)
	for {
		entries, err := c.queue.Claim(ctx, wave, after, claimBatch)
		if err != nil {
			return err
		}
		for _, e := range entries {
			after = e.Rank
			if err := yield(e); err != nil {
				return err
			}
		}
		if len(entries) < claimBatch {
			return nil
		}
	}
}

// prepare sets what the stages of the next wave read.
func (c *crawl) prepare(ctx context.Context) error {
	if c.list != nil {
		return nil
	}
	if err := c.land(ctx); err != nil {
		return err
	}
	if err := c.learn(ctx); err != nil {
		return err
	}
	clear(c.soft404)
	return c.queue.Alike(ctx, c.state.Wave, soft404Min, func(row Row) error {
		c.soft404[row.Hash] = true
		return nil
	})
}

// land follows the redirects of the starts as far as they are known, since they
// decide what the crawl covers.
func (c *crawl) land(ctx context.Context) error {
	landed, err := newScope(c.starts, c.opts)
	if err != nil {
		return err
	}
	for i, key := range c.starts {
		target, _, err := c.lead(ctx, key)
		if err != nil {
			return err
		}
		if target != key {
			landed.land(i, split(target))
		}
	}
	if !slices.Equal(landed.starts, c.scope.starts) {
		c.scope, c.seen = landed, newSeen() // what was refused may belong now
	}
	return nil
}

// lead returns the page that key leads to by redirects, and its row: the zero
// row while that page waits, and one with OutcomeLed if they go in a circle.
func (c *crawl) lead(ctx context.Context, key string) (target string, row Row, err error) {
	for range maxHops + 2 {
		var ok bool
		if row, ok, err = c.queue.Get(ctx, key); err != nil || !ok {
			return key, Row{}, err
		}
		if row.Outcome != OutcomeLed {
			return key, row, nil
		}
		key = row.Target
	}
	return key, row, nil
}

// next decides, after a wave, whether another one follows, and begins it.
func (c *crawl) next(ctx context.Context) (more bool, err error) {
	if c.limit != "" {
		return false, nil
	}
	if c.list == nil && !c.state.Seeded && c.landed(ctx) {
		if err := c.seed(ctx); err != nil {
			return false, err
		}
		c.state.Seeded = true
	}
	if c.enough != nil && c.enough() {
		return false, nil
	}
	// What waits is due in the next wave: nothing is ever queued for a later one.
	waiting, err := c.queue.Claim(ctx, c.state.Wave+1, -1, 1)
	if err != nil || len(waiting) == 0 || c.state.Wave >= maxWave {
		return false, err
	}
	c.state.Wave++
	return true, c.queue.Advance(ctx, c.state.Wave, c.state.Seeded)
}

// landed reports whether every start has been read, or has failed.
func (c *crawl) landed(ctx context.Context) bool {
	for _, key := range c.starts {
		if _, row, err := c.lead(ctx, key); err != nil || row.Outcome == "" {
			return false
		}
	}
	return true
}
