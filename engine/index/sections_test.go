package index

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/axon-mcp/axon-mcp/engine/content"
)

// Several short sections are one passage; a hit leads to the one that is meant.
func TestHitLeadsToTheVerySection(t *testing.T) {
	t.Parallel()
	ix := open(t, t.TempDir(), &hashed{id: "hashed-1"})
	e := entry("https://e.com/cli", "Commands", "## Output\n\nResults go to the standard output.\n\n## Exit codes\n\nScripts look at 0 for success and 1 for failure.\n\n## load(path)\n\nReads what exit codes mean.\n\n### Notes\n\nNothing else.\n")
	for i, anchor := range []string{"output", "exit-codes", "mod.load", "notes"} {
		e.Doc.Headings[i].Anchor = anchor
	}
	write(t, ix, e)
	for query, want := range map[string]string{
		"where do results go":          "output",
		"what do scripts look at":      "exit-codes",
		"exit codes":                   "exit-codes",
		"mod.load":                     "mod.load",
		"load":                         "mod.load",
		"nothing that stands anywhere": "notes", // for its first word
	} {
		found, err := ix.Search(t.Context(), Query{Text: query, Limit: 1})
		if err != nil || len(found.Hits) != 1 {
			t.Fatalf("%s: %v, %d hits", query, err, len(found.Hits))
		}
		hit := found.Hits[0]
		if hit.Anchor != want || !strings.HasPrefix(hit.Text, "## Output") {
			t.Errorf("%s: leads to %q %q, want %q; %.20q", query, hit.Anchor, hit.HeadingPath, want, hit.Text)
		}
		if want == "notes" && !slices.Equal(hit.HeadingPath, []string{"load(path)", "Notes"}) {
			t.Errorf("%s: under %q", query, hit.HeadingPath)
		}
	}
}

func TestLayoutKeepsSections(t *testing.T) {
	t.Parallel()
	const size = 100
	old := []chunkLayout{{start: 0, end: 40, anchor: "a", path: []string{"A"}}, {start: 40, end: 90, before: "```\n", after: "\n```"}}
	with := slices.Clone(old)
	with[0].inside = []content.Place{{Offset: 0, Anchor: "b", HeadingPath: []string{"A", "B"}}, {Offset: 30}}
	with[1].inside = []content.Place{{Offset: 41, Anchor: "c", HeadingPath: []string{"C"}}}
	for name, layout := range map[string][]chunkLayout{"without": old, "with": with, "empty": {}} {
		raw := encodeLayout(layout)
		if got, err := decodeLayout(raw, size); err != nil || !reflect.DeepEqual(got, layout) {
			t.Errorf("%s: %v, got %+v", name, err, got)
		}
		for n := range raw {
			if got, err := decodeLayout(raw[:n], size); err == nil && len(got) == len(layout) && reflect.DeepEqual(got, layout) {
				t.Errorf("%s: %d of %d bytes are the same", name, n, len(raw))
			}
		}
	}
	raw := encodeLayout(with)
	for _, tail := range [][]byte{{5, 0, 0, 0}, {0, 60, 0, 0}, {0, 1}} { // no such chunk, beyond it, cut off
		if _, err := decodeLayout(append(slices.Clone(raw), tail...), size); err == nil {
			t.Errorf("%v is accepted", tail)
		}
	}
}

// Who asks for words that are nowhere is told so.
func TestUnknownWordsAreTold(t *testing.T) {
	t.Parallel()
	ix := open(t, t.TempDir(), &hashed{id: "hashed-1"})
	write(t, ix, entry("https://e.com/cli", "Commands", "Results go to the standard output."))
	for query, want := range map[string]bool{"zzqqx": true, "zzqqx results": false} {
		found, err := ix.Search(t.Context(), Query{Text: query, Limit: 3})
		if err != nil || (found.Note != "") != want {
			t.Errorf("%s: %v, %d hits, note %q", query, err, len(found.Hits), found.Note)
		}
	}
}

// Equal chunks of a long page are told apart at little cost.
func TestChunkIDs(t *testing.T) { //nolint:paralleltest // it counts allocations
	p := &page{storedText: storedText{markdown: strings.Repeat("| a | b |\n", 1000)}}
	for i := range 1000 {
		p.layout = append(p.layout, chunkLayout{start: 10 * i, end: 10*i + 10, before: "| A | B |\n| --- | --- |\n"})
	}
	p.layout[999].before = p.layout[999].before[1:]
	seen := map[string]bool{}
	for i := range p.layout {
		id := p.chunkID(i)
		if at, ok := p.ordinal(id); !ok || at != i || seen[id] {
			t.Fatalf("chunk %d is %s, which is %d", i, id, at)
		}
		seen[id] = true
	}
	if n := testing.AllocsPerRun(5, func() { p.chunkID(998) }); n > 20 {
		t.Errorf("%v allocations for an id", n)
	}
}
