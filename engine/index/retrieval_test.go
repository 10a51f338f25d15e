package index

import (
	"bufio"
	"context"
	"encoding/json"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/axon-mcp/axon-mcp/engine/content"
	"github.com/axon-mcp/axon-mcp/engine/embed/static"
	"github.com/axon-mcp/axon-mcp/store"
)

// question is a line of ../shared/data/retrieval.
type question struct {
	Question string   `json:"question"`
	Pages    []string `json:"pages"`
}

// TestRetrievalOnDocumentation measures MRR@10 over pages on questions about
// two sites of documentation, for each mode, and holds the bars of the product.
// Then it asks for what the pages define by its name, which must come first.
func TestRetrievalOnDocumentation(t *testing.T) {
	if testing.Short() {
		t.Skip("indexes two whole sites")
	}
	for _, site := range []struct {
		name, folder string
		bar          float64
		names        []*regexp.Regexp // what marks the names that a page defines
	}{
		{"python3.11-doc", "/usr/share/doc/python3.11/html", 0.76, []*regexp.Regexp{
			regexp.MustCompile(`<dt class="sig sig-object py" id="([^"]+)"`),
		}},
		{"postgresql-doc-15", "/usr/share/doc/postgresql-doc-15/html", 0.70, []*regexp.Regexp{
			regexp.MustCompile(`<dt id="GUC-[^"]*"><span class="term"><code class="varname">([^<]+)</code>`),
			regexp.MustCompile(`<h2><span class="refentrytitle">([^<]+)</span></h2>`),
			regexp.MustCompile(`<td><code class="literal">([0-9][0-9A-Z]{4})</code></td>`),
		}},
	} {
		t.Run(site.name, func(t *testing.T) {
			questions := readQuestions(t, site.name+".jsonl")
			ix := indexSite(t, site.folder)
			ranks := make(map[Mode][]float64)
			for _, mode := range []Mode{Keyword, Semantic, Hybrid} {
				for _, q := range questions {
					ranks[mode] = append(ranks[mode], reciprocal(t, ix, mode, q))
				}
				t.Logf("%-8s MRR@10 %.3f", mode, mean(ranks[mode]))
			}
			if got := mean(ranks[Hybrid]); got < site.bar {
				t.Errorf("hybrid MRR@10 is %.3f, the bar is %.2f", got, site.bar)
			}
			for _, leg := range []Mode{Keyword, Semantic} {
				t.Logf("hybrid better than %s in %.1f %% of bootstrap samples", leg, 100*bootstrap(ranks[Hybrid], ranks[leg]))
				if mean(ranks[Hybrid]) <= mean(ranks[leg]) {
					t.Errorf("hybrid is not above %s", leg)
				}
			}
			const names, bar = 150, 0.95
			rate := firstRate(t, ix, drawnNames(t, site.folder, site.names...), names)
			t.Logf("the page of a name comes first for %.1f %% of %d", 100*rate, names)
			if rate < bar {
				t.Errorf("the page of a name comes first for %.3f of the names, the bar is %.2f", rate, bar)
			}
		})
	}
}

// shared is the folder of shared data, beside the repository or where
// AXON_SHARED says.
func shared(t testing.TB, name string) string {
	t.Helper()
	dir := os.Getenv("AXON_SHARED")
	if dir == "" {
		dir = "../../../shared"
	}
	path := filepath.Join(dir, name)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("no %s (AXON_SHARED names the folder)", path)
	}
	return path
}

func readQuestions(t testing.TB, name string) []question {
	t.Helper()
	f, err := os.Open(shared(t, "data/retrieval/"+name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var out []question
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var q question
		if err := json.Unmarshal(lines.Bytes(), &q); err != nil {
			t.Fatal(err)
		}
		out = append(out, q)
	}
	return out
}

const siteURL = "https://docs.example/"

// readSite parses the HTML pages of a folder.
func readSite(t testing.TB, folder string) []*content.Document {
	t.Helper()
	if _, err := os.Stat(folder); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("no %s; install the Debian package to run this", folder)
		}
		t.Skipf("no %s; install the Debian package to run this", folder)
	}
	var paths []string
	err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && strings.HasSuffix(path, ".html") {
			paths = append(paths, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	docs := make([]*content.Document, len(paths))
	var wg sync.WaitGroup
	for worker := range 2 {
		wg.Go(func() {
			for i := worker; i < len(paths); i += 2 {
				body, err := os.ReadFile(paths[i])
				if err != nil {
					t.Error(err)
					return
				}
				rel, _ := filepath.Rel(folder, paths[i])
				docs[i], err = content.Parse(content.Input{URL: siteURL + filepath.ToSlash(rel), MediaType: "text/html", Body: body})
				if err != nil {
					t.Errorf("%s: %v", paths[i], err)
				}
			}
		})
	}
	wg.Wait()
	return docs
}

// openIndex opens an index in a folder with the built-in model.
func openIndex(t testing.TB, dir string) *Index {
	t.Helper()
	db, err := store.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	model, err := static.New()
	if err != nil {
		t.Fatal(err)
	}
	ix, err := Open(t.Context(), db, model, model.Count, Config{}, slog.New(slog.NewTextHandler(t.Output(), nil)))
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

func indexSite(t testing.TB, folder string) *Index {
	t.Helper()
	docs := readSite(t, folder)
	ix := openIndex(t, t.TempDir())
	start := time.Now()
	chunks := writeAll(t, ix, docs)
	t.Logf("%d pages, %d chunks in %v", len(docs), chunks, time.Since(start))
	return ix
}

// writeAll stores documents from two goroutines and returns their chunks.
func writeAll(t testing.TB, ix *Index, docs []*content.Document) (chunks int) {
	t.Helper()
	var wg sync.WaitGroup
	var counts [2]int
	for worker := range counts {
		wg.Go(func() {
			for i := worker; i < len(docs); i += len(counts) {
				w, err := ix.Write(context.Background(), Entry{Collection: "docs", SourceType: "web", URL: docs[i].URL, Doc: docs[i]})
				if err != nil {
					t.Errorf("%s: %v", docs[i].URL, err)
					return
				}
				counts[worker] += w.Chunks
			}
		})
	}
	wg.Wait()
	return counts[0] + counts[1]
}

// reciprocal is one divided by the rank of the first page that answers, among
// the first ten pages; 0 if none does.
func reciprocal(t testing.TB, ix *Index, mode Mode, q question) float64 {
	t.Helper()
	result, err := ix.Search(t.Context(), Query{Text: q.Question, Collection: "docs", Mode: mode, Limit: 60})
	if err != nil {
		t.Fatal(err)
	}
	seen := make(map[string]bool)
	for _, h := range result.Hits {
		if seen[h.URL] {
			continue
		}
		seen[h.URL] = true
		for _, p := range q.Pages {
			if h.URL == siteURL+p {
				return 1 / float64(len(seen))
			}
		}
		if len(seen) == 10 {
			break
		}
	}
	return 0
}

func mean(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}

// bootstrap is the share of resampled question sets on which a is better than
// b, question by question.
func bootstrap(a, b []float64) float64 {
	random := rand.New(rand.NewPCG(1, 2))
	better := 0
	const samples = 10_000
	for range samples {
		diff := 0.0
		for range a {
			i := random.IntN(len(a))
			diff += a[i] - b[i]
		}
		if diff > 0 {
			better++
		}
	}
	return float64(better) / samples
}
