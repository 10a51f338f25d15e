package crawl

import (
	"context"
	"fmt"
	"slices"

	"github.com/axon-mcp/axon-mcp/engine/fetch"
)

// Limits of seeds.
const (
	maxSitemapDepth = 3   // sitemap indexes within each other
	maxSitemapFiles = 500 // of one crawl
	maxSeeds        = 500_000
	seedBatch       = 1000
)

// seed adds the URLs of sitemaps and llms.txt to the next wave, after the links
// of the starts, as if a start linked to them.
func (c *crawl) seed(ctx context.Context) error {
	if !c.opts.Sitemap || c.opts.MaxDepth == 0 {
		return nil
	}
	s := &seeder{crawl: c, read: map[string]bool{}}
	for _, place := range c.seedPlaces() {
		if err := s.place(ctx, place); err != nil {
			return err
		}
	}
	return s.flush(ctx)
}

// seedPlaces lists where sitemaps and llms.txt are looked for: at the roots and
// folders of the starts.
func (c *crawl) seedPlaces() []string {
	var places []string
	for _, start := range c.scope.starts {
		places = append(places, start.origin()+"/")
		if folder := start.folder(); folder != "/" {
			places = append(places, start.origin()+folder)
		}
	}
	slices.Sort(places)
	return slices.Compact(places)
}

// seeder collects the seeds of one crawl.
type seeder struct {
	crawl *crawl
	read  map[string]bool // sitemaps that were asked for
	batch []Found
	n     int // places given, for ranks
}

// place reads what there is at a folder. A host's root has a robots.txt that
// may name sitemaps; where it does not, they have a usual place.
func (s *seeder) place(ctx context.Context, folder string) error {
	var sitemaps []string
	p := split(folder)
	if p.path == "/" {
		rules, _ := s.crawl.robots.of(ctx, p) // what fails here fails again, and counts, at the pages
		for _, raw := range rules.sitemaps {
			if key, err := Resolve(folder, raw); err == nil {
				sitemaps = append(sitemaps, key)
			}
		}
	}
	named := len(sitemaps) > 0
	if !named {
		sitemaps = []string{folder + "sitemap.xml"}
	}
	if err := s.list(ctx, folder+"llms.txt"); err != nil {
		return err
	}
	for _, sitemap := range sitemaps {
		if err := s.sitemap(ctx, sitemap, 1, named); err != nil {
			return err
		}
	}
	return nil
}

// get asks for a seed file. A file that is simply not there is no failure, and
// gives nil; any other is noted, because what is only found there may be
// missing then.
func (s *seeder) get(ctx context.Context, key string, maxBytes int64, named bool) ([]byte, error) {
	c := s.crawl
	if s.read[key] || len(s.read) >= maxSitemapFiles {
		return nil, nil
	}
	s.read[key] = true
	if _, err := c.deps.Validate(key); err != nil {
		c.deps.Log.Debug("sitemap not read", "url", redact(key), "error", err)
		return nil, nil
	}
	p := split(key)
	rules, _ := c.robots.of(ctx, p)
	if c.opts.Robots && !rules.allows(p.path) {
		return nil, nil
	}
	response, err := c.deps.Fetch.Fetch(ctx, fetch.Request{URL: key, Raw: true, MaxBytes: maxBytes, Delay: max(c.opts.Delay, rules.delay)})
	switch {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case err != nil, response.Status >= 500, response.Status >= 400 && named:
		c.deps.Log.Warn("sitemap not read", "url", redact(key), "error", err)
		s.add(Found{Key: key, Skip: SkipSitemap})
		return nil, nil
	case response.Status != 200:
		return nil, nil
	}
	return response.Body, nil
}

// list reads an llms.txt.
func (s *seeder) list(ctx context.Context, key string) error {
	const maxList = 4 << 20
	body, err := s.get(ctx, key, maxList, false)
	if err != nil || body == nil {
		return err
	}
	readLinkList(string(body), func(href, title string) bool {
		if target, err := Resolve(key, href); err == nil {
			s.found(Found{Key: target, Source: SourceList, Title: title})
		}
		return s.n < maxSeeds
	})
	return s.flushFull(ctx)
}

// sitemap reads a sitemap and, for an index, those that it names.
func (s *seeder) sitemap(ctx context.Context, key string, depth int, named bool) error {
	body, err := s.get(ctx, key, maxSitemapBytes, named)
	if err != nil || body == nil {
		return err
	}
	var children []string
	var failed error
	since := s.crawl.opts.SitemapSince
	err = readSitemap(body, func(entry sitemapEntry) bool {
		target, err := Resolve(key, entry.loc)
		switch {
		case err != nil:
		case entry.index:
			children = append(children, target)
			return len(children) < maxSitemapFiles
		case !since.IsZero() && !entry.lastMod.IsZero() && entry.lastMod.Before(since):
		default:
			s.found(Found{Key: target, Source: SourceSitemap, LastMod: entry.lastMod})
			failed = s.flushFull(ctx)
		}
		return failed == nil && s.n < maxSeeds
	})
	if failed != nil {
		return failed
	}
	if err != nil {
		s.crawl.deps.Log.Warn("sitemap not read to its end", "url", redact(key), "error", err)
		if named {
			s.add(Found{Key: key, Skip: SkipSitemap})
		}
	}
	if depth >= maxSitemapDepth {
		return s.flushFull(ctx)
	}
	for _, child := range children {
		if err := s.sitemap(ctx, child, depth+1, true); err != nil {
			return err
		}
	}
	return s.flushFull(ctx)
}

// found takes a URL of a list.
func (s *seeder) found(f Found) {
	s.n++
	f.Rank = rankOf(s.crawl.state.Wave+1, maxRankParent, s.n)
	f.Depth = 1
	if f, ok := s.crawl.judge(f); ok {
		s.add(f)
	}
}

// add keeps a URL for the next flush.
func (s *seeder) add(f Found) { s.batch = append(s.batch, f) }

// flushFull flushes a batch that is full.
func (s *seeder) flushFull(ctx context.Context) error {
	if len(s.batch) < seedBatch {
		return nil
	}
	return s.flush(ctx)
}

// flush gives the batch to the frontier.
func (s *seeder) flush(ctx context.Context) error {
	c := s.crawl
	added, err := c.queue.Settle(ctx, c.state.Wave, c.spent(), []Settled{{Found: s.batch}})
	if err != nil {
		return fmt.Errorf("queue the URLs of sitemaps: %w", err)
	}
	c.meter.waiting.Add(int64(added))
	c.meter.report("sitemaps")
	s.batch = nil
	return nil
}
