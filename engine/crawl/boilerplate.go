package crawl

import (
	"context"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"

	"github.com/axon-mcp/axon-mcp/engine/content"
)

// blockSum sums up those of a page's blocks that are in set, so that two
// verdicts can be compared by what they do to the page.
func blockSum(blocks []uint64, set map[uint64]bool) uint64 {
	sum := uint64(0)
	for _, block := range blocks {
		if set[block] {
			block ^= block >> 31
			sum += block*0x9e3779b97f4a7c15 + 1
		}
	}
	return sum
}

// learn finds out, while the crawl grows, which blocks are boilerplate, so that
// most pages are stored without them in the first place. It works again when
// the crawl has doubled.
func (c *crawl) learn(ctx context.Context) error {
	pages := int(c.meter.counts["fetched"])
	if pages < 2*c.learnt || pages < boilerplateMin {
		return nil
	}
	drop, err := c.boilerplate(ctx)
	if err != nil {
		return err
	}
	c.drop, c.learnt = drop, pages
	return nil
}

// clean is the last pass: with all pages known it judges their blocks once more
// and has the pages stored again for which the verdict is another one than what
// they were stored with.
func (c *crawl) clean(ctx context.Context) error {
	drop, err := c.boilerplate(ctx)
	if err != nil {
		return err
	}
	c.drop = drop
	var keys []string
	err = c.queue.Blocks(ctx, func(row Row) error {
		if blockSum(row.Blocks, drop) != row.Cut {
			keys = append(keys, row.Key)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return c.leaveOut(ctx, keys, func(string) map[uint64]bool { return drop })
}

// leaveOut takes boilerplate out of stored pages; drop gives the blocks by page.
func (c *crawl) leaveOut(ctx context.Context, keys []string, drop func(key string) map[uint64]bool) error {
	for i, key := range keys {
		changed, err := c.deps.Sink.Clean(ctx, key, drop(key))
		if err != nil {
			return fmt.Errorf("clean %s of boilerplate: %w", redact(key), err)
		}
		if changed {
			c.cleaned++
		}
		c.meter.reportPass("clean", i, len(keys))
	}
	return nil
}

// countSlots is the number of coarse counters in boilerplate.
const countSlots = 1 << 20

// boilerplate returns the blocks that stand on so many pages that they belong to
// the site and not to the page. It goes over the pages twice: a coarse count in
// little memory finds the few candidates, an exact one judges them.
func (c *crawl) boilerplate(ctx context.Context) (map[uint64]bool, error) {
	coarse := make([]uint16, countSlots)
	pages := 0
	err := c.queue.Blocks(ctx, func(row Row) error {
		pages++
		for _, block := range row.Blocks {
			if slot := &coarse[block%countSlots]; *slot < 1<<16-1 {
				*slot++
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	exact := map[uint64]int{}
	err = c.queue.Blocks(ctx, func(row Row) error {
		for _, block := range row.Blocks {
			if isBoilerplate(min(int(coarse[block%countSlots]), pages), pages) {
				exact[block]++
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	drop := map[uint64]bool{}
	for block, n := range exact {
		if isBoilerplate(n, pages) {
			drop[block] = true
		}
	}
	return drop, nil
}

// boilerplateMin is how many pages it takes to judge.
const boilerplateMin = 10

// isBoilerplate judges a block that stands on n of pages.
func isBoilerplate(n, pages int) bool { return pages >= boilerplateMin && n*10 >= pages*4 }

// fingerprints gives the fingerprint of all that a page says, apart from where
// its links lead, and in order those of its blocks that may be boilerplate, each
// once.
func fingerprints(doc *content.Document) (text uint64, blocks []uint64) {
	whole := fnv.New64a()
	_, _ = whole.Write([]byte(doc.Title)) // a hash never fails
	found := content.Blocks(doc.Markdown)
	blocks = make([]uint64, 0, min(len(found), 2*edgeBlocks))
	var sum [8]byte
	for i, block := range found {
		binary.LittleEndian.PutUint64(sum[:], block.Fingerprint)
		_, _ = whole.Write(sum[:])
		atEdge := i < edgeBlocks || i >= len(found)-edgeBlocks
		if atEdge && mayRepeat(doc.Markdown[block.Start:block.End], block.LinkDense) {
			blocks = append(blocks, block.Fingerprint)
		}
	}
	slices.Sort(blocks)
	return max(whole.Sum64(), 1), slices.Compact(blocks)
}

// edgeBlocks is how many blocks at either end of a page may be boilerplate:
// menus and version pickers stand above the content, footers and bars below it.
const edgeBlocks = 8

// mayRepeat reports whether a block that stands on many pages can be
// boilerplate. Headings, code, tables, notes and parts of lists are not, and
// neither are the few words that a reference repeats on every page
// ("Parameters:", "See also"), unless they are links.
func mayRepeat(block string, linkDense bool) bool {
	const fewWords = 4
	if block == "" || strings.IndexByte("#`|> \t", block[0]) >= 0 {
		return false
	}
	return linkDense || hasWords(block, fewWords)
}

// hasWords reports whether a text has at least n words.
func hasWords(text string, n int) bool {
	for range strings.FieldsSeq(text) {
		if n--; n == 0 {
			return true
		}
	}
	return false
}
