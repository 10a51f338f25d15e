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
