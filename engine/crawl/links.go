package crawl

import (
	"strings"

	"github.com/axon-mcp/axon-mcp/engine/content"
)

// Places on a page that come before its links.
const (
	placeRedirect  = 0
	placeCanonical = 1
	placeRefresh   = 2
	placeLinks     = 3
)

// Limits of what a crawl may pile up beyond what it reads.
const (
	maxSkipped  = 100_000 // rows of skipped URLs; more are only counted
	queueFactor = 20      // waiting URLs for each page that may be read,
	minQueue    = 100_000 // and at least this many
)

// links gives the frontier what a page leads to, and the sink what it should
// remember of that. links are absolute.
func (c *crawl) links(v *visit, links []content.Link) (found []Found, kept []string) {
	once := make(map[string]struct{}, len(links)/4)
	last := ""
	for i, link := range links {
		raw, _, _ := strings.Cut(link.URL, "#")
		if raw == last || raw == "" {
			continue
		}
		if link.NoFollow && c.opts.Robots {
			c.leave(v, raw)
			continue
		}
		last = raw
		if _, ok := once[raw]; ok {
			continue
		}
		once[raw] = struct{}{}
		if c.scope.near(hostOf(raw)) {
			kept = append(kept, raw)
		}
		found = c.link(v, found, content.Link{URL: raw, Text: link.Text}, placeLinks+i)
	}
	return found, kept
}

// nearby returns what the sink should remember of a page's links where none is
// followed.
func (c *crawl) nearby(links []content.Link, noFollow bool) (kept []string) {
	if noFollow && c.opts.Robots {
		return nil
	}
	once := make(map[string]bool, len(links)/4)
	for _, link := range links {
		raw, _, _ := strings.Cut(link.URL, "#")
		if raw != "" && !once[raw] && !(link.NoFollow && c.opts.Robots) && c.scope.near(hostOf(raw)) {
			once[raw] = true
			kept = append(kept, raw)
		}
	}
	return kept
}

// link appends what becomes of one link, unless the frontier knows it.
func (c *crawl) link(v *visit, found []Found, link content.Link, place int) []Found {
	rank := rankOf(v.wave+1, v.place, place)
	if c.seen.covers(link.URL, rank) {
		return found
	}
	f, ok := c.judge(Found{Key: link.URL, Rank: rank, Depth: v.entry.Depth + 1, Source: SourceLink, Title: link.Text})
	if f.Skip != "" || !ok {
		c.seen.refuse(link.URL)
	}
	if ok {
		found = append(found, f)
	}
	if f.Skip == SkipSession { // the page has a name without it, too
		link.URL = withoutSession(split(f.Key))
		return c.link(v, found, link, place)
	}
	return found
}

// leave counts a link that asks not to be followed. It is no row of the
// frontier, since another page may well lead there.
func (c *crawl) leave(v *visit, raw string) {
	if !c.seen.covers(raw+"#nofollow", refused) {
		v.noFollow++
	}
}

// judge classifies what was found and keeps within bounds what is kept of it.
// ok is false for what the frontier is not told of.
func (c *crawl) judge(f Found) (_ Found, ok bool) {
	if f, ok = c.classify(f); !ok {
		return f, false
	}
	if f.Skip == "" && c.meter.waiting.Load() > int64(max(queueFactor*c.opts.MaxPages, minQueue)) {
		c.meter.overflow(SkipQueueFull, 1)
		return f, false
	}
	if f.Skip != "" && c.meter.skipped.Add(1) > maxSkipped {
		c.meter.overflow(f.Skip, 1)
		return f, false
	}
	return f, true
}

// classify brings a URL that was found into its key's form and decides whether
// it waits to be read: whatever was found anywhere passes here before it is
// queued. ok is false for what is no URL of the web.
func (c *crawl) classify(f Found) (_ Found, ok bool) {
	key, err := Key(f.Key)
	if err != nil {
		return f, false
	}
	f.Key = c.scope.adopt(key)
	p := split(f.Key)
	f.Skip = c.scope.judge(p)
	if f.Skip == "" {
		f.Skip = trap(p)
	}
	if f.Skip == "" && f.Depth > c.opts.MaxDepth {
		f.Skip = SkipMaxDepth
	}
	if f.Skip == "" && f.Hops > maxHops {
		f.Skip = SkipLoop
	}
	if f.Skip == "" {
		if _, err := c.deps.Validate(f.Key); err != nil {
			f.Skip = SkipBlocked
		}
	}
	return f, true
}

// hostOf returns the host[:port] of an absolute URL, as it is written.
func hostOf(raw string) string {
	_, rest, _ := strings.Cut(raw, "://")
	if end := strings.IndexAny(rest, "/?"); end >= 0 {
		return rest[:end]
	}
	return rest
}
