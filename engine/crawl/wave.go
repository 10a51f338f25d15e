package crawl

import (
	"context"
	"errors"
	"runtime"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/axon-mcp/axon-mcp/engine/content"
	"github.com/axon-mcp/axon-mcp/engine/fetch"
	"github.com/axon-mcp/axon-mcp/fault"
)

// Sizes of the pipeline. With the bodies in its channels they bound the memory
// of a crawl, whatever the size of the site.
const (
	claimBatch  = 256
	settleBatch = 64   // settled URLs in one transaction,
	foundBatch  = 2000 // or found ones,
	settlePause = 100 * time.Millisecond
	writers     = 4 // sink calls at once: the sink may take several into one transaction
	flushTime   = 10 * time.Second
)

// visit is one URL on its way through the stages.
type visit struct {
	entry    Entry
	wave     int
	place    int64 // of the URL within the wave
	known    Known
	response *fetch.Response
	doc      *content.Document
	page     *Page // to be put; nil: nothing to store
	evidence Evidence
	noFollow int
	delay    time.Duration // least time between two requests to the host; 0: the fetcher's own
	out      Settled
}

// done reports whether the URL's outcome is known, so that later stages pass it
// on.
func (v *visit) done() bool { return v.out.Outcome != "" }

// settle sets the outcome.
func (v *visit) settle(outcome Outcome, reason string) {
	v.out.Outcome, v.out.Reason = outcome, reason
}

// wave reads the URLs of the wave at hand: claim → fetch → parse → store →
// settle, each stage with its own workers and bounded channels between them.
// The slowest stage is to be the parser, whose workers are as many as there are
// processors; all others wait for it.
func (c *crawl) wave(ctx context.Context) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	g, ctx := errgroup.WithContext(ctx)
	claimed := make(chan *visit)
	fetched := make(chan *visit, writers)
	parsed := make(chan *visit, writers)
	stored := make(chan *visit, settleBatch)
	g.Go(func() error {
		defer close(claimed)
		return c.claim(ctx, claimed)
	})
	stage(ctx, g, c.opts.Concurrency, claimed, fetched, c.fetch)
	stage(ctx, g, runtime.GOMAXPROCS(0), fetched, parsed, c.parse)
	stage(ctx, g, writers, parsed, stored, c.store)
	g.Go(func() error { return c.settle(ctx, stored, stop) })
	return g.Wait()
}

// stage runs n workers that take from in, work, and give to out, which they
// close when in is. A URL that an earlier stage has settled passes through.
func stage(ctx context.Context, g *errgroup.Group, n int, in <-chan *visit, out chan<- *visit, work func(context.Context, *visit) error) {
	var left atomic.Int64
	left.Store(int64(n))
	for range n {
		g.Go(func() error {
			defer func() {
				if left.Add(-1) == 0 {
					close(out)
				}
			}()
			for v := range in {
				if !v.done() {
					if err := work(ctx, v); err != nil {
						return err
					}
				}
				if err := give(ctx, out, v); err != nil {
					return err
				}
			}
			return nil
		})
	}
}

// give sends v, unless ctx ends first. What fits is sent even then: work that is
// done is not to be done again.
func give(ctx context.Context, out chan<- *visit, v *visit) error {
	select {
	case out <- v:
		return nil
	default:
	}
	select {
	case out <- v:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// claim hands out the URLs of the wave in their order, as long as the limits
// allow. What depends on how many of a kind came before is decided here, since
// this order does not depend on timing.
func (c *crawl) claim(ctx context.Context, out chan<- *visit) error {
	place := int64(0)
	return unlessLimited(c.entries(ctx, c.state.Wave, func(e Entry) error {
		place++
		p := split(e.Key)
		reason := ""
		if !e.Again && c.list == nil { // what is stored has passed them once
			reason = c.traps.admit(p)
		}
		if e.Settled {
			return nil
		}
		v := &visit{entry: e, wave: c.state.Wave, place: place, delay: c.opts.Delay, out: Settled{ID: e.ID}}
		if reason == "" && c.opts.Robots {
			var err error
			if reason, err = c.forbidden(ctx, p, v); err != nil {
				return err
			}
		}
		if reason != "" {
			v.settle(OutcomeSkipped, reason)
		} else if c.limit = c.overLimit(); c.limit != "" {
			return errLimit
		} else {
			c.asked++
		}
		return give(ctx, out, v)
	}))
}

// errLimit ends the claiming at a limit.
var errLimit = errors.New("crawl: a limit is reached")

// unlessLimited is err, or nil for errLimit.
func unlessLimited(err error) error {
	if errors.Is(err, errLimit) {
		return nil
	}
	return err
}

// overLimit returns the Skip reason of a limit that is reached, or "".
func (c *crawl) overLimit() string {
	switch {
	case c.asked >= c.opts.MaxPages:
		return SkipMaxPages
	case c.opts.MaxBytes > 0 && c.meter.bytes.Load() >= c.opts.MaxBytes:
		return SkipMaxBytes
	case c.opts.MaxDuration > 0 && c.spent() >= c.opts.MaxDuration:
		return SkipMaxDuration
	}
	return ""
}

// spent is the time of all attempts so far.
func (c *crawl) spent() time.Duration { return c.state.Spent + time.Since(c.began) }

// forbidden returns the Skip reason if robots.txt disallows a URL, or "" after
// taking over its Crawl-delay. What a start is refused for is kept for the user.
func (c *crawl) forbidden(ctx context.Context, p parts, v *visit) (string, error) {
	rules, err := c.robots.of(ctx, p)
	if ctx.Err() != nil {
		return "", context.Cause(ctx)
	}
	v.delay = max(v.delay, rules.delay)
	path := p.path
	if p.query != "" {
		path += "?" + p.query
	}
	if rules.allows(path) {
		return "", nil
	}
	reason := SkipRobots
	switch {
	case !rules.denyAll:
		err = fault.Errorf(fault.Forbidden, "robots.txt of %s forbids %s; robots=false ignores it, for sites of your own", p.host, path)
	case err == nil:
		reason = SkipRobotsDown
		err = fault.Errorf(fault.Unavailable, "robots.txt of %s cannot be read, which forbids everything for now; try again later", p.host)
	default:
		reason = SkipRobotsDown
	}
	if v.entry.Depth == 0 {
		c.startErr.CompareAndSwap(nil, &err)
	}
	return reason, nil
}

// settle writes outcomes in batches until in is closed. An error stops the other
// stages; what they still hand over is taken all the same, so that none waits.
func (c *crawl) settle(ctx context.Context, in <-chan *visit, stop context.CancelCauseFunc) error {
	var batch []Settled
	var failed error
	found := 0
	pause := time.NewTicker(settlePause)
	defer pause.Stop()
	fail := func(err error) {
		if err != nil && failed == nil {
			failed = err
			stop(err)
		}
	}
	flush := func() {
		if len(batch) > 0 {
			fail(c.flush(ctx, batch))
		}
		batch, found = nil, 0
	}
	for {
		select {
		case v, ok := <-in:
			if !ok {
				flush()
				return failed
			}
			batch = append(batch, v.out)
			found += len(v.out.Found)
			fail(c.settled(v))
			if len(batch) >= settleBatch || found >= foundBatch {
				flush()
			}
		case <-pause.C:
			flush()
		}
	}
}

// flush writes a batch, also when the crawl has just been canceled: what is in
// the sink is done.
func (c *crawl) flush(ctx context.Context, batch []Settled) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushTime)
	defer cancel()
	added, err := c.queue.Settle(ctx, c.state.Wave, c.spent(), batch)
	if err != nil {
		return err
	}
	c.meter.waiting.Add(int64(added))
	c.meter.report("crawl")
	return nil
}
