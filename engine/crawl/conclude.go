package crawl

import (
	"context"
	"fmt"

	"github.com/axon-mcp/axon-mcp/fault"
)

// conclude does what can only be done when all pages are known, each pass as a
// function of the set of pages, so that no timing shows in what is stored.
// Every pass may be repeated after a kill.
func (c *crawl) conclude(ctx context.Context) (Stats, error) {
	for {
		again, err := c.secondLook(ctx)
		if err != nil {
			return c.stats(ctx, err)
		}
		if !again {
			break
		}
		if err := c.read(ctx); err != nil {
			return c.stats(ctx, err)
		}
	}
	passes := []func(context.Context) error{c.mergeAlike, c.mergeLed, c.clean}
	if c.list != nil {
		passes = []func(context.Context) error{c.mergeLed, c.cleanList}
	}
	for _, pass := range passes {
		if err := pass(ctx); err != nil {
			return c.stats(ctx, err)
		}
	}
	return c.finish(ctx)
}

// secondLook lets pages wait again whose first reading was not the last word,
// once each:
//   - pages that failed for a reason that may have passed;
//   - pages that name a canonical one, where that is not stored, or where so
//     many different pages name the same one that it must be a mistake of the
//     site's template;
//   - pages that were held back because their content was found everywhere in
//     the crawl before, and is not any more.
func (c *crawl) secondLook(ctx context.Context) (again bool, err error) {
	if c.limit != "" || c.state.Wave >= maxWave {
		return false, nil
	}
	ids, err := c.passedFailures(ctx)
	if err != nil {
		return false, err
	}
	c.retried = setOf(ids)
	for _, collect := range []func(context.Context) ([]int64, error){c.lostCanonicals, c.heldBack} {
		more, err := collect(ctx)
		if err != nil {
			return false, err
		}
		ids = append(ids, more...)
	}
	if ids = ids[:min(len(ids), max(c.opts.MaxPages-c.asked, 0))]; len(ids) == 0 {
		return false, nil
	}
	c.deps.Log.Debug("pages wait again", "pages", len(ids))
	wave := c.state.Wave + 1
	if err := c.queue.Requeue(ctx, wave, ids); err != nil {
		return false, err
	}
	c.state.Wave = wave
	return true, c.queue.Advance(ctx, wave, c.state.Seeded)
}

// passedFailures lists failed pages worth a second try.
func (c *crawl) passedFailures(ctx context.Context) (ids []int64, err error) {
	err = c.queue.Walk(ctx, OutcomeFailed, func(row Row) error {
		if !row.Again && passing(row.Reason) {
			ids = append(ids, row.ID)
		}
		return nil
	})
	return ids, err
}

// canonicalMax is how many different pages may name the same canonical one.
const canonicalMax = 4

// lostCanonicals lists pages that stepped back for a canonical one in vain.
func (c *crawl) lostCanonicals(ctx context.Context) (ids []int64, err error) {
	contents := map[string]map[uint64]bool{} // of the pages that name it
	pages := map[string][]int64{}
	err = c.queue.Walk(ctx, OutcomeLed, func(row Row) error {
		if row.Reason != SkipCanonical || row.Again {
			return nil
		}
		if contents[row.Target] == nil {
			contents[row.Target] = map[uint64]bool{}
		}
		contents[row.Target][row.Hash] = true
		pages[row.Target] = append(pages[row.Target], row.ID)
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, target := range sortedKeys(pages) {
		_, row, err := c.lead(ctx, target)
		if err != nil {
			return nil, err
		}
		if !row.Outcome.Stored() || len(contents[target]) > canonicalMax {
			ids = append(ids, pages[target]...)
		}
	}
	return ids, nil
}

// heldBack lists pages that an earlier crawl's soft 404s kept from being
// stored, where this crawl has too few pages with the same content, or none of
// them is stored.
func (c *crawl) heldBack(ctx context.Context) (ids []int64, err error) {
	everywhere := map[uint64]bool{} // content under many URLs: whether one is stored
	err = c.queue.Alike(ctx, c.state.Wave+1, soft404Min, func(row Row) error {
		everywhere[row.Hash] = everywhere[row.Hash] || row.Outcome.Stored()
		return nil
	})
	if err != nil {
		return nil, err
	}
	err = c.queue.Walk(ctx, OutcomeSkipped, func(row Row) error {
		if row.Reason != SkipSoft404 || row.Again {
			return nil
		}
		if kept, ok := everywhere[row.Hash]; !ok || !kept {
			ids = append(ids, row.ID)
			everywhere[row.Hash] = ok // the first of many is enough
		}
		return nil
	})
	return ids, err
}

// mergeAlike removes pages that are stored under several names: all but the
// first of those whose content is under soft404Min URLs or more, and a folder's
// index page beside the folder.
func (c *crawl) mergeAlike(ctx context.Context) error {
	type double struct {
		row    Row
		reason string
	}
	var doubles []double
	var group []Row
	judge := func() {
		kept, folders := false, map[string]bool{}
		for _, row := range group {
			folders[row.Key] = row.Outcome.Stored()
		}
		for _, row := range group {
			folder, isIndex := folderOf(row.Key)
			switch {
			case !row.Outcome.Stored():
			case len(group) >= soft404Min && kept:
				doubles = append(doubles, double{row, SkipSoft404})
			case len(group) < soft404Min && isIndex && folders[folder]:
				doubles = append(doubles, double{row, SkipDuplicate})
			default:
				kept = true
			}
		}
		group = group[:0]
	}
	clear(c.soft404)
	err := c.queue.Alike(ctx, c.state.Wave+1, 2, func(row Row) error {
		if len(group) > 0 && group[0].Hash != row.Hash {
			judge()
		}
		if group = append(group, row); len(group) >= soft404Min {
			c.soft404[row.Hash] = true
		}
		return nil
	})
	if err != nil {
		return err
	}
	judge()
	for _, d := range doubles {
		if err := c.remove(ctx, d.row, Duplicate, OutcomeSkipped, d.reason); err != nil {
			return err
		}
	}
	return nil
}

// remove takes a page out of the sink and settles it anew.
func (c *crawl) remove(ctx context.Context, row Row, evidence Evidence, outcome Outcome, reason string) error {
	if _, err := c.deps.Sink.Gone(ctx, row.Key, evidence); err != nil {
		return fmt.Errorf("remove %s: %w", redact(row.Key), err)
	}
	_, err := c.queue.Settle(ctx, c.state.Wave, c.spent(), []Settled{{ID: row.ID, Outcome: outcome, Reason: reason, Target: row.Target, Hash: row.Hash}})
	return err
}

// mergeLed removes pages that now lead to another one which is stored, and
// tells redirects that go in a circle from those that arrive.
func (c *crawl) mergeLed(ctx context.Context) error {
	var led []Row
	err := c.queue.Walk(ctx, OutcomeLed, func(row Row) error {
		if row.Known && (row.Reason == ReasonMoved || row.Reason == SkipCanonical) || row.Reason != SkipCanonical {
			led = append(led, row)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, row := range led {
		_, end, err := c.lead(ctx, row.Key)
		if err != nil {
			return err
		}
		switch {
		case end.Outcome.Stored() && row.Known && row.Reason != SkipRedirect:
			evidence := Moved
			if row.Reason == SkipCanonical {
				evidence = Duplicate
			}
			err = c.remove(ctx, row, evidence, OutcomeGone, row.Reason)
		case end.Outcome == OutcomeLed:
			_, err = c.queue.Settle(ctx, c.state.Wave, c.spent(), []Settled{{ID: row.ID, Outcome: OutcomeSkipped, Reason: SkipLoop}})
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// nothing explains why not one page was read.
func (c *crawl) nothing(ctx context.Context) error {
	if err := c.startErr.Load(); err != nil {
		return *err
	}
	row, _, err := c.queue.Get(ctx, c.starts[0])
	if err != nil {
		return err
	}
	if row.Reason == SkipOffRedirect {
		return fault.Errorf(fault.Invalid, "%s redirects to another site; start there instead", c.starts[0])
	}
	return fault.Errorf(fault.Unavailable, "nothing could be read from %s (%s %s)", c.starts[0], row.Outcome, row.Reason)
}
