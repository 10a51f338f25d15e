package crawl

import (
	"slices"
	"strings"
	"testing"

	"github.com/axon-mcp/axon-mcp/engine/content"
)

// blockOf is the fingerprint of a block.
func blockOf(t *testing.T, text string) uint64 {
	t.Helper()
	blocks := content.Blocks(text)
	if len(blocks) != 1 {
		t.Fatalf("%q is %d blocks", text, len(blocks))
	}
	return blocks[0].Fingerprint
}

func TestFingerprints(t *testing.T) {
	t.Parallel()
	middle := strings.Repeat("Some more text of the page.\n\n", 1) + "A text in the middle of the page."
	for range 2 * edgeBlocks {
		middle = "# Heading\n\n" + middle + "\n\nfiller"
	}
	page := strings.Join([]string{
		"[Home](/) [Docs](/docs) [Blog](/blog)", "# This is a long enough heading", "A paragraph of enough words.",
		"> A note of enough words for it.", "    Part of a list with enough words.", "| a table | with | enough | words |",
		"```\ncode with quite enough words\n```", "See also:", middle, "All rights reserved by us, the makers.",
	}, "\n\n")
	text, got := fingerprints(&content.Document{Title: "T", Markdown: page})
	want := []uint64{
		blockOf(t, "[Home](/) [Docs](/docs) [Blog](/blog)"), blockOf(t, "A paragraph of enough words."),
		blockOf(t, "All rights reserved by us, the makers."),
	}
	slices.Sort(want)
	if !slices.Equal(got, want) || text == 0 {
		t.Errorf("%d blocks %x, want %x", len(got), got, want)
	}
	elsewhere := strings.ReplaceAll(page, "(/docs)", "(/other)")
	if same, _ := fingerprints(&content.Document{Title: "T", Markdown: elsewhere}); same != text {
		t.Error("where a link leads changes what the page says")
	}
	if other, _ := fingerprints(&content.Document{Title: "U", Markdown: page}); other == text {
		t.Error("the title does not change what the page says")
	}
}

func TestIsBoilerplate(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		n, pages int
		want     bool
	}{{9, 9, false}, {10, 10, true}, {4, 10, true}, {3, 10, false}, {399, 1000, false}, {400, 1000, true}} {
		if got := isBoilerplate(test.n, test.pages); got != test.want {
			t.Errorf("%d of %d: %v", test.n, test.pages, got)
		}
	}
}

// The verdict of the whole crawl is the same however coarse the first count is:
// blocks that share a counter do not help each other.
func TestBoilerplateIsExact(t *testing.T) {
	t.Parallel()
	q, _, err := NewMemory().Open(t.Context(), "job", "scope", nil)
	if err != nil {
		t.Fatal(err)
	}
	c := &crawl{queue: q}
	shared, twin := uint64(7), uint64(7+countSlots) // one counter
	for i := range 20 {
		blocks := []uint64{uint64(100 + i)}
		if i%2 == 0 {
			blocks = append(blocks, shared)
		}
		if i%4 == 0 {
			blocks = append(blocks, twin)
		}
		found := Found{Key: string(rune('a' + i)), Rank: rankOf(0, 0, i)}
		if _, err := q.Settle(t.Context(), -1, 0, []Settled{{Found: []Found{found}}}); err != nil {
			t.Fatal(err)
		}
		if _, err := q.Settle(t.Context(), 0, 0, []Settled{{ID: int64(i + 1), Outcome: OutcomeAdded, Blocks: blocks}}); err != nil {
			t.Fatal(err)
		}
	}
	drop, err := c.boilerplate(t.Context())
	if err != nil || len(drop) != 1 || !drop[shared] {
		t.Errorf("drop %v, %v", drop, err)
	}
}
