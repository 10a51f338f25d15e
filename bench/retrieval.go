package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/axon-mcp/axon-mcp/engine/content"
	"github.com/axon-mcp/axon-mcp/engine/embed/static"
	"github.com/axon-mcp/axon-mcp/engine/index"
	"github.com/axon-mcp/axon-mcp/store"
)

// benchRetrieval measures MRR@10 over pages on the questions of the shared
// folder (AXON_SHARED), for each leg alone and for both.
func benchRetrieval(out io.Writer) error {
	fmt.Fprint(out, "### retrieval: MRR@10 over pages\n\nThe last two columns: the share of 10,000 paired bootstrap samples of the questions on which hybrid is better.\n\n")
	fmt.Fprintln(out, "| site | questions | keyword | semantic | hybrid | bar | above keyword | above semantic |\n|---|---|---|---|---|---|---|---|")
	bars := map[string]float64{"python3.11-doc": .76, "postgresql-doc-15": .70}
	plot := chart{
		title: "MRR@10 of questions about documentation", series: []string{"keywords", "vectors", "both (hybrid)"}, format: "%.3f",
		note: "45 questions a site, in other words than the page's. The dashed line is the bar.",
	}
	for _, s := range sites() {
		ranks, err := retrieval(context.Background(), s)
		if err != nil {
			fmt.Fprintf(out, "| %s | not measured: %v | | | | | | |\n", s.name, err)
			continue
		}
		k, v, h := ranks[index.Keyword], ranks[index.Semantic], ranks[index.Hybrid]
		fmt.Fprintf(out, "| %s | %d | %.3f | %.3f | %.3f | %.2f | %.1f %% | %.1f %% |\n", s.name, len(h), mean(k), mean(v), mean(h), bars[s.name],
			100*bootstrap(h, k), 100*bootstrap(h, v))
		plot.groups = append(plot.groups, group{s.name, []float64{mean(k), mean(v), mean(h)}, bars[s.name]})
	}
	fmt.Fprintln(out)
	return plot.draw("retrieval")
}

// question is a line of a retrieval set.
type question struct {
	Question string   `json:"question"`
	Pages    []string `json:"pages"`
}

// sharedDir is the folder of shared data.
func sharedDir() string {
	if dir := os.Getenv("AXON_SHARED"); dir != "" {
		return dir
	}
	return "../../shared"
}

func readQuestions(name string) (list []question, err error) {
	f, err := os.Open(filepath.Join(sharedDir(), "data", "retrieval", name+".jsonl"))
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // it was only read
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		var q question
		if err := json.Unmarshal(lines.Bytes(), &q); err != nil {
			return nil, err
		}
		list = append(list, q)
	}
	return list, lines.Err()
}

// retrieval indexes a site and returns the reciprocal ranks by mode.
func retrieval(ctx context.Context, s site) (map[index.Mode][]float64, error) {
	questions, err := readQuestions(s.name)
	if err != nil {
		return nil, err
	}
	ix, done, err := indexed(ctx, s.dir, nil)
	if err != nil {
		return nil, err
	}
	defer done()
	ranks := make(map[index.Mode][]float64)
	for _, mode := range []index.Mode{index.Keyword, index.Semantic, index.Hybrid} {
		for _, q := range questions {
			found, err := ix.Search(ctx, index.Query{Text: q.Question, Mode: mode, Limit: 100})
			if err != nil {
				return nil, err
			}
			ranks[mode] = append(ranks[mode], reciprocal(found.Hits, q.Pages))
		}
	}
	return ranks, nil
}

// indexed returns an index of the pages of a folder whose paths fit keep (nil:
// all), and what removes it.
func indexed(ctx context.Context, folder string, keep *regexp.Regexp) (ix *index.Index, done func(), err error) {
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return nil, nil, err
	}
	var ends []func()
	done = func() {
		for _, end := range slices.Backward(ends) {
			end()
		}
	}
	ends = append(ends, func() { _ = os.RemoveAll(dir) })
	defer func() {
		if err != nil {
			done()
		}
	}()
	db, err := store.Open(ctx, dir)
	if err != nil {
		return nil, nil, err
	}
	ends = append(ends, func() { _ = db.Close() })
	model, err := static.New()
	if err != nil {
		return nil, nil, err
	}
	ix, err = index.Open(ctx, db, model, model.Count, index.Config{}, slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, nil, err
	}
	ends = append(ends, func() { _ = ix.Close() })
	return ix, done, indexFolder(ctx, ix, folder, keep)
}

// indexFolder stores the pages of a folder under their paths.
func indexFolder(ctx context.Context, ix *index.Index, dir string, keep *regexp.Regexp) error {
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".html") {
			return err
		}
		body, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		if keep != nil && !keep.MatchString(name) {
			return nil
		}
		url := "https://docs.example/" + filepath.ToSlash(name)
		doc, err := content.Parse(content.Input{URL: url, MediaType: "text/html", Body: body})
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		_, err = ix.Write(ctx, index.Entry{Collection: "docs", SourceType: "web", URL: url, Doc: doc})
		return err
	})
}

// reciprocal is 1 divided by the rank of the first right page, 0 if it is not
// among the first ten. A page counts once, where its best passage is.
func reciprocal(hits []index.Hit, right []string) float64 {
	var seen []string
	for _, hit := range hits {
		page := strings.TrimPrefix(hit.URL, "https://docs.example/")
		if slices.Contains(seen, page) {
			continue
		}
		if seen = append(seen, page); len(seen) > 10 {
			return 0
		}
		if slices.Contains(right, page) {
			return 1 / float64(len(seen))
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

// bootstrap is the share of resampled sets of questions on which a is better.
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
