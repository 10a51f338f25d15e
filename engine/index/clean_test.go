package index

import (
	"testing"

	"github.com/axon-mcp/axon-mcp/engine/content"
)

// A page that was stored without fingerprints and links is cleaned as any other:
// the driver reads an empty blob as nil and would write that back as NULL.
func TestCleanOfAPageWithoutBlocksAndLinks(t *testing.T) {
	t.Parallel()
	ix := open(t, t.TempDir(), &hashed{id: "hashed-1"})
	const menu = "a menu of the site"
	write(t, ix, entry("https://e.com/a", "A", menu+"\n\n# A\n\nwords of the page"))
	drop := map[uint64]bool{content.Blocks(menu)[0].Fingerprint: true}
	changed, err := ix.Clean(t.Context(), "docs", "https://e.com/a", drop)
	if err != nil || !changed {
		t.Fatalf("changed %v: %v", changed, err)
	}
	doc, err := ix.Document(t.Context(), "docs", "https://e.com/a")
	if err != nil {
		t.Fatal(err)
	}
	if want := "# A\n\nwords of the page"; doc.Markdown != want {
		t.Errorf("got %q, want %q", doc.Markdown, want)
	}
}

// What is known to be boilerplate is not embedded at all: the page is stored as
// Clean would leave it, and Clean has nothing left to do until the verdict
// changes.
func TestWriteLeavesBoilerplateOut(t *testing.T) {
	t.Parallel()
	h := &hashed{id: "hashed-1"}
	ix := open(t, t.TempDir(), h)
	const menu, text = "a menu of the site", "# A\n\nwords of the page"
	drop := map[uint64]bool{content.Blocks(menu)[0].Fingerprint: true}
	e := entry("https://e.com/a", "A", menu+"\n\n"+text)
	e.Drop = drop
	write(t, ix, e)
	embedded := h.calls.Load()
	known, _, err := ix.Known(t.Context(), "docs", e.URL)
	if err != nil || len(known.Cuts) != 1 || !drop[known.Cuts[0]] {
		t.Errorf("cuts %v: %v", known.Cuts, err)
	}
	for _, step := range []struct {
		drop    map[uint64]bool
		changed bool
		want    string
	}{{drop, false, text}, {nil, true, menu + "\n\n" + text}, {drop, true, text}} {
		changed, err := ix.Clean(t.Context(), "docs", e.URL, step.drop)
		if err != nil || changed != step.changed {
			t.Errorf("cleaning of %v changed %v: %v", step.drop, changed, err)
		}
		if !step.changed && h.calls.Load() != embedded {
			t.Error("what was left out already was embedded again")
		}
		doc, err := ix.Document(t.Context(), "docs", e.URL)
		if err != nil || doc.Markdown != step.want {
			t.Errorf("got %q, want %q: %v", doc.Markdown, step.want, err)
		}
	}
	if w := write(t, ix, e); w.Change != Unchanged {
		t.Errorf("the same page again is %s", w.Change)
	}
}
