package crawl

import (
	"context"
	"fmt"
	"strings"
)

// soft404Min is how many URLs with the same content are taken for a server that
// shows its "not found" page, or any other, under every name.
const soft404Min = 5

// store is the third stage: it brings the page into the sink, or evidence that
// it is no more.
func (c *crawl) store(ctx context.Context, v *visit) error {
	var err error
	switch {
	case v.evidence != "":
		err = c.gone(ctx, v)
	case v.response.NotModified:
		err = c.touch(ctx, v)
	default:
		err = c.put(ctx, v)
	}
	v.doc, v.page, v.response = nil, nil, nil
	return err
}

// gone gives evidence to the sink.
func (c *crawl) gone(ctx context.Context, v *visit) error {
	removed, err := c.deps.Sink.Gone(ctx, v.entry.Key, v.evidence)
	if err != nil {
		return fmt.Errorf("tell the index that %s is gone: %w", redact(v.entry.Key), err)
	}
	reason := "http_" + string(v.evidence)
	switch {
	case v.evidence == Forbidden && removed:
		v.settle(OutcomeGone, SkipNoIndex)
	case v.evidence == Forbidden:
		v.settle(OutcomeSkipped, SkipNoIndex)
	case removed:
		v.settle(OutcomeGone, reason)
	default:
		v.settle(OutcomeFailed, reason)
	}
	return nil
}

// touch tells the sink that a page is as it was.
func (c *crawl) touch(ctx context.Context, v *visit) error {
	if err := c.deps.Sink.Touch(ctx, v.entry.Key, v.response.FetchedAt); err != nil {
		return fmt.Errorf("note that %s is unchanged: %w", redact(v.entry.Key), err)
	}
	v.out.Cut = c.cutBefore(v)
	v.settle(OutcomeUnchanged, "")
	return nil
}

// cutBefore sums up the blocks that are already left out of a page which the
// sink has kept as it was.
func (c *crawl) cutBefore(v *visit) uint64 {
	if v.known.Cuts != nil {
		return blockSum(v.out.Blocks, setOf(v.known.Cuts))
	}
	return blockSum(v.out.Blocks, setOf(c.earlier.Boilerplate))
}

// put stores a page, unless it is another one under a second name.
func (c *crawl) put(ctx context.Context, v *visit) error {
	reason, err := c.second(ctx, v)
	if err != nil || reason != "" {
		v.settle(OutcomeSkipped, reason)
		return err
	}
	put, err := c.deps.Sink.Put(ctx, *v.page)
	if err != nil {
		return fmt.Errorf("store %s: %w", redact(v.entry.Key), err)
	}
	outcome := Outcome(put.Change)
	if outcome == OutcomeUnchanged && !v.known.FetchedAt.IsZero() && !v.known.FetchedAt.Before(c.state.Since) {
		outcome = OutcomeChanged // by this crawl, before a kill
	}
	switch {
	case put.Change == Unchanged:
		v.out.Cut = c.cutBefore(v)
	case put.Dropped:
		v.out.Cut = blockSum(v.out.Blocks, v.page.Drop)
	}
	if outcome != OutcomeUnchanged {
		v.out.Chunks = put.Chunks
	}
	v.settle(outcome, "")
	return nil
}

// second returns the Skip reason of a page that is stored under another name
// already, or "". What is decided here is looked at again when all pages are
// known; deciding early only saves work.
func (c *crawl) second(ctx context.Context, v *visit) (string, error) {
	if v.entry.Again {
		return "", nil
	}
	if c.suspect[v.out.Hash] && !v.out.Known {
		return SkipSoft404, nil
	}
	folder, ok := folderOf(v.entry.Key)
	if !ok || v.out.Known {
		return "", nil
	}
	row, ok, err := c.queue.Get(ctx, folder)
	if err == nil && ok && row.Rank < waveStart(v.wave) && row.Outcome.Stored() && row.Hash == v.out.Hash {
		return SkipDuplicate, nil
	}
	return "", err
}

// indexNames are files that a server shows for their folder.
var indexNames = wordSet("index.html index.htm index.xhtml index.php index.asp index.aspx index.md default.html default.htm default.aspx")

// folderOf returns the folder whose index page a URL is by its name.
func folderOf(key string) (folder string, ok bool) {
	at := strings.LastIndexByte(key, '/')
	if !indexNames[key[at+1:]] {
		return "", false
	}
	return key[:at+1], true
}
