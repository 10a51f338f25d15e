package crawl

import (
	"context"
	"fmt"
	"net/http"
	"runtime/debug"
	"strings"

	"github.com/axon-mcp/axon-mcp/engine/content"
	"github.com/axon-mcp/axon-mcp/engine/fetch"
	"github.com/axon-mcp/axon-mcp/fault"
)

// maxHops is how many redirects in a row are followed.
const maxHops = 10

// fetch is the first stage: it asks for the page, on condition that it has
// changed where the sink knows it well enough to go on without it.
func (c *crawl) fetch(ctx context.Context, v *visit) error {
	if reason, hopeless := c.hopeless(v); hopeless {
		v.settle(OutcomeFailed, reason)
		return nil
	}
	known, ok, err := c.deps.Sink.Known(ctx, v.entry.Key)
	if err != nil {
		return fmt.Errorf("look up %s in the index: %w", v.entry.Key, err)
	}
	v.known, v.out.Known = known, ok
	if c.list != nil {
		c.list.remember(v.entry.Key, known.Cuts)
	}
	request := fetch.Request{URL: v.entry.Key, NoRedirect: true, Delay: v.delay, Timeout: c.opts.Timeout}
	if ok && c.dispensable(v) {
		request.ETag, request.LastModified = known.ETag, known.LastModified
	}
	fetcher := c.deps.Fetch
	if c.opts.Render == RenderChrome {
		fetcher = c.deps.Render
	}
	v.out.Asked = true
	v.response, err = fetcher.Fetch(ctx, request)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		c.fail(v, err)
		return nil
	}
	c.meter.bytes.Add(int64(len(v.response.Body)))
	v.out.Bytes = int64(len(v.response.Body))
	c.answer(v)
	return nil
}

// dispensable reports whether a 304 in place of the page loses nothing: its
// links and blocks are stored, and it was not put by this very crawl before a
// kill, which would make it look unchanged.
func (c *crawl) dispensable(v *visit) bool {
	if c.list != nil { // which needs neither
		return !v.entry.Again && v.known.FetchedAt.Before(c.state.Since)
	}
	return !v.entry.Again && len(v.known.Links) > 0 && len(v.known.Blocks) > 0 && v.known.FetchedAt.Before(c.state.Since)
}

// fail settles a page that could not be had.
func (c *crawl) fail(v *visit, err error) {
	switch code := fault.CodeOf(err); code {
	case fault.URLBlocked:
		v.settle(OutcomeSkipped, SkipBlocked)
	case fault.Unsupported:
		v.settle(OutcomeSkipped, SkipUnsupported)
	default:
		v.settle(OutcomeFailed, string(code))
	}
	if v.entry.Depth == 0 {
		c.startErr.CompareAndSwap(nil, &err)
	}
	c.deps.Log.Debug("page not read", "url", redact(v.entry.Key), "error", err)
}

// answer sorts the answers by their status.
func (c *crawl) answer(v *visit) {
	switch status := v.response.Status; {
	case v.response.NotModified || status >= 200 && status < 300:
		v.out.Read = true
	case status >= 300 && status < 400 && v.response.Header.Get("Location") != "":
		c.redirect(v)
	case status == http.StatusNotFound && v.out.Known:
		v.evidence = NotFound
	case status == http.StatusGone && v.out.Known:
		v.evidence = GoneForever
	default:
		err := v.response.Err()
		if err == nil {
			err = fault.Errorf(fault.Unavailable, "%s answered %d", v.entry.Key, status)
		}
		c.fail(v, err)
		v.settle(OutcomeFailed, fmt.Sprintf("http_%d", status))
	}
}

// redirect queues where a page leads to, so that it is read once however many
// lead there. What the guard refuses, and https to http, says so wherever it
// leads.
func (c *crawl) redirect(v *visit) {
	target, err := Resolve(v.entry.Key, v.response.Header.Get("Location"))
	if err != nil {
		v.settle(OutcomeFailed, "bad_redirect")
		return
	}
	from, to := split(v.entry.Key), split(target)
	_, err = c.deps.Validate(target)
	if err != nil || from.scheme == "https" && to.scheme == "http" {
		v.settle(OutcomeSkipped, SkipBlocked)
		c.blockedStart(v)
		return
	}
	found, ok := c.classify(Found{
		Key: target, Rank: rankOf(v.wave+1, v.place, placeRedirect), Depth: v.entry.Depth,
		Hops: v.entry.Hops + 1, Source: SourceLink,
	})
	if v.entry.Depth == 0 && found.Skip == SkipOffScope && sameSite(from.host, to.host) {
		found.Skip = "" // where a start lands is the start
	}
	switch {
	case !ok || found.Key == v.entry.Key:
		v.settle(OutcomeSkipped, SkipLoop)
	case found.Skip == SkipOffScope:
		v.settle(OutcomeSkipped, SkipOffRedirect)
	case found.Skip != "":
		v.settle(OutcomeSkipped, found.Skip)
	default:
		reason := SkipRedirect
		if status := v.response.Status; status == http.StatusMovedPermanently || status == http.StatusPermanentRedirect {
			reason = ReasonMoved
		}
		v.settle(OutcomeLed, reason)
		v.out.Target, v.out.Found = found.Key, []Found{found}
	}
}

// blockedStart keeps the refusal of a start's redirect for the user.
func (c *crawl) blockedStart(v *visit) {
	if v.entry.Depth == 0 {
		err := error(fault.New(fault.URLBlocked, "the address is not public"))
		c.startErr.CompareAndSwap(nil, &err)
	}
}

// parse is the second stage: everything that is needed of a page is taken from
// one parse of it.
func (c *crawl) parse(ctx context.Context, v *visit) error {
	if v.evidence != "" {
		return nil
	}
	if v.response.NotModified {
		c.unmodified(v)
		return nil
	}
	doc, err := c.document(v.entry.Key, v.response)
	if err == nil && doc.Shell && c.opts.Render == RenderAuto && c.deps.Render != nil {
		doc, err = c.rendered(ctx, v, doc)
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		c.fail(v, err)
		return nil
	}
	v.response.Body, v.doc = nil, doc
	c.understand(v)
	return nil
}

// document parses a response. A panic of the parser costs the page, not the
// crawl.
func (c *crawl) document(key string, response *fetch.Response) (doc *content.Document, err error) {
	defer func() {
		if r := recover(); r != nil {
			c.deps.Log.Error("the parser failed", "url", redact(key), "panic", r, "stack", string(debug.Stack()))
			err = fault.Errorf(fault.Internal, "the parser failed on %s", key)
		}
	}()
	return content.Parse(content.Input{URL: key, MediaType: response.MediaType, Body: response.Body})
}

// rendered reads a page that a script fills once more, through the browser, and
// falls back to what it had.
func (c *crawl) rendered(ctx context.Context, v *visit, shell *content.Document) (*content.Document, error) {
	response, err := c.deps.Render.Fetch(ctx, fetch.Request{URL: v.entry.Key, Delay: v.delay, Timeout: c.opts.Timeout})
	if err != nil || response.Status >= 300 {
		c.deps.Log.Debug("page not rendered", "url", redact(v.entry.Key), "error", err)
		return shell, nil
	}
	return c.document(v.entry.Key, response)
}

// unmodified goes on with what the sink remembers of a page.
func (c *crawl) unmodified(v *visit) {
	if len(v.known.Blocks) > 0 {
		v.out.Hash, v.out.Blocks = v.known.Blocks[0], v.known.Blocks[1:]
	}
	if c.list != nil || c.soft404[v.out.Hash] {
		return
	}
	links := make([]content.Link, len(v.known.Links))
	for i, link := range v.known.Links {
		links[i].URL = link
	}
	v.out.Found, _ = c.links(v, links)
}

// understand takes from a document what the crawl needs: links, what it says of
// itself, and the page to store.
func (c *crawl) understand(v *visit) {
	doc := v.doc
	noIndex, noFollow := doc.NoIndex, doc.NoFollow
	tagNoIndex, tagNoFollow := robotsTag(v.response.Header.Values("X-Robots-Tag"), agent)
	noIndex, noFollow = noIndex || tagNoIndex, noFollow || tagNoFollow
	var blocks []uint64
	v.out.Title = doc.Title
	v.out.Hash, blocks = fingerprints(doc)
	trapped := c.soft404[v.out.Hash] && !v.entry.Again
	var kept []string
	switch {
	case trapped: // its links are as endless as it is
	case c.list != nil:
		kept = c.nearby(doc.Links, noFollow)
	case noFollow && c.opts.Robots:
		for _, link := range doc.Links {
			c.leave(v, link.URL)
		}
	default:
		v.out.Found, kept = c.links(v, doc.Links)
	}
	if doc.Refresh != "" && !trapped && c.list == nil {
		v.out.Found = c.link(v, v.out.Found, content.Link{URL: doc.Refresh}, placeRefresh)
	}
	switch canonical := c.canonical(v); {
	case noIndex && c.opts.Robots:
		v.out.Hash = 0
		v.settleUnstored(OutcomeSkipped, SkipNoIndex, Forbidden)
	case !c.scope.stores(split(v.entry.Key)):
		v.settle(OutcomeSkipped, SkipNotIncluded)
	case canonical != "":
		v.settleUnstored(OutcomeLed, SkipCanonical, "")
		v.out.Target = canonical
		if found, ok := c.classify(Found{
			Key: canonical, Rank: rankOf(v.wave+1, v.place, placeCanonical), Depth: v.entry.Depth,
			Source: SourceLink,
		}); ok && found.Skip == "" {
			v.out.Found = append(v.out.Found, found)
		}
	case trapped:
		v.settle(OutcomeSkipped, SkipSoft404)
	default:
		drop := c.drop
		if c.list != nil { // what the other pages of its site tell comes at the end
			drop = setOf(v.known.Cuts)
		}
		v.out.Blocks = blocks
		v.page = &Page{
			URL: v.entry.Key, Doc: doc, ETag: v.response.ETag, LastModified: v.response.LastModified,
			FetchedAt: v.response.FetchedAt, Blocks: append([]uint64{v.out.Hash}, blocks...), Links: kept, Drop: drop,
		}
	}
}

// settleUnstored settles a page that is not to be stored, unless it is and has
// to be removed first.
func (v *visit) settleUnstored(outcome Outcome, reason string, evidence Evidence) {
	if v.out.Known && evidence != "" {
		v.evidence = evidence
		return
	}
	v.settle(outcome, reason)
}

// canonical returns the page that this one names in its place, or leads on to, or ""
// if it is to be stored itself: the other must be on the same host and in scope, and a
// page that is stored and has not changed stays.
func (c *crawl) canonical(v *visit) string {
	instead := v.doc.Canonical
	if instead == "" && v.doc.LeadsOn {
		instead = v.doc.Refresh
	}
	if instead == "" || v.entry.Again || v.out.Known && v.known.Hash == v.doc.Hash {
		return ""
	}
	key, err := Key(instead)
	if err != nil {
		return ""
	}
	key = c.scope.adopt(key)
	p := split(key)
	if key == v.entry.Key || p.host != split(v.entry.Key).host || c.scope.judge(p) != "" || trap(p) != "" {
		return ""
	}
	return key
}

// redact is a URL for the log, without the values of its query.
func redact(key string) string {
	path, _, ok := strings.Cut(key, "?")
	if ok {
		return path + "?…"
	}
	return path
}
