package index

import (
	"context"
	"hash/fnv"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/axon-mcp/axon-mcp/engine/content"
	"github.com/axon-mcp/axon-mcp/store"
)

// hashed is an embedder whose vectors are sums of one random vector a word, so
// that texts with common words are near. Its dimension is no multiple of 64.
type hashed struct {
	id    string
	calls atomic.Int64 // texts embedded
	down  atomic.Pointer[error]
}

const hashedDim = 70

func (h *hashed) ID() string { return h.id }
func (h *hashed) Dim() int   { return hashedDim }

func (h *hashed) Embed(_ context.Context, texts []string) ([][]float32, error) {
	if err := h.down.Load(); err != nil {
		return nil, *err
	}
	h.calls.Add(int64(len(texts)))
	out := make([][]float32, len(texts))
	for i, text := range texts {
		out[i] = make([]float32, hashedDim)
		for _, w := range strings.Fields(strings.ToLower(text)) {
			f := fnv.New64a()
			f.Write([]byte(h.id + w))
			random := rand.New(rand.NewPCG(f.Sum64(), 1))
			for j := range out[i] {
				out[i][j] += float32(random.NormFloat64())
			}
		}
		normalise(out[i])
	}
	return out, nil
}

func countWords(text string) int { return len(strings.Fields(text)) }

// open returns an index of a folder with a hashed embedder and a small tail.
// Every call is a process of its own as far as the index can tell.
func open(t testing.TB, dir string, h *hashed) *Index {
	t.Helper()
	db, err := store.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	ix, err := Open(t.Context(), db, h, countWords, Config{TailChunks: minTail}, slog.New(slog.NewTextHandler(t.Output(), nil)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := ix.Close(); err != nil {
			t.Error(err)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return ix
}

// entry is a page with that Markdown.
func entry(url, title, markdown string) Entry {
	return Entry{
		Collection: "docs", SourceType: "web", URL: url,
		Doc: &content.Document{URL: url, Title: title, Markdown: markdown, Headings: content.MarkdownHeadings(markdown)},
	}
}

func write(t testing.TB, ix *Index, e Entry) Written {
	t.Helper()
	w, err := ix.Write(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	return w
}
