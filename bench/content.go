package main

import (
	"bytes"
	"fmt"
	"io"
	"net/url"
	"time"

	"codeberg.org/readeck/go-readability/v2"
	"github.com/JohannesKaufmann/html-to-markdown/v2/converter"
	"github.com/JohannesKaufmann/html-to-markdown/v2/plugin/base"
	"github.com/JohannesKaufmann/html-to-markdown/v2/plugin/commonmark"
	"github.com/JohannesKaufmann/html-to-markdown/v2/plugin/strikethrough"
	"github.com/JohannesKaufmann/html-to-markdown/v2/plugin/table"
	"github.com/markusmobius/go-trafilatura"
	"golang.org/x/net/html"

	"github.com/axon-mcp/axon-mcp/engine/content"
)

// extractor turns a page into Markdown.
type extractor struct {
	name string
	run  func(page []byte, address *url.URL) (string, error)
}

// extractors are ours and its peers. The peers' HTML becomes Markdown by
// html-to-markdown, as reference/go-libraries.md sets them up.
func extractors() []extractor {
	md := converter.NewConverter(converter.WithPlugins(base.NewBasePlugin(), commonmark.NewCommonmarkPlugin(), table.NewTablePlugin(), strikethrough.NewStrikethroughPlugin()))
	markdown := func(n *html.Node) (string, error) {
		if n == nil {
			return "", nil
		}
		out, err := md.ConvertNode(n)
		return string(out), err
	}
	return []extractor{
		{"axon-mcp", func(page []byte, address *url.URL) (string, error) {
			doc, err := content.Parse(content.Input{URL: address.String(), MediaType: "text/html", Body: page})
			if err != nil {
				return "", err
			}
			return doc.Markdown, nil
		}},
		{"go-readability v2.1.3 + html-to-markdown", func(page []byte, address *url.URL) (string, error) {
			article, err := readability.FromReader(bytes.NewReader(page), address)
			if err != nil {
				return "", err
			}
			return markdown(article.Node)
		}},
		{"go-trafilatura v1.12.2 with fallback + html-to-markdown", func(page []byte, address *url.URL) (string, error) {
			got, err := trafilatura.Extract(bytes.NewReader(page), trafilatura.Options{OriginalURL: address, EnableFallback: true, ExcludeComments: true})
			if err != nil {
				return "", err
			}
			return markdown(got.ContentNode)
		}},
		{"html-to-markdown v2.5.2, the whole page", func(page []byte, _ *url.URL) (string, error) {
			root, err := html.Parse(bytes.NewReader(page))
			if err != nil {
				return "", err
			}
			return markdown(root)
		}},
	}
}

// sample is a page and how to judge what an extractor makes of it.
type sample struct {
	kind    string
	address *url.URL
	page    []byte
	score   func(markdown string) float64
	code    []string // texts of the code blocks of its main container, white space folded
}

// benchContent compares how well and how fast pages are turned into Markdown.
func benchContent(out io.Writer) error {
	for _, s := range sites() {
		samples, err := docSamples(s, 8)
		if err != nil {
			fmt.Fprintf(out, "### content: %s\n\nnot measured: %v\n\n", s.name, err)
			continue
		}
		fmt.Fprintf(out, "### content: %s, every 8th page\n\nWord 4-grams of the Markdown against the page's own main container; bars: F1 ≥ .985, every code block whole, half the speed of `html.Parse` alone.\n\n", s.name)
		fmt.Fprintln(out, "| extractor | F1 | code blocks whole | pages without an answer | MB/s of HTML | speed beside html.Parse |\n|---|---|---|---|---|---|")
		for _, e := range extractors() {
			r := judge(e, samples)
			fmt.Fprintf(out, "| %s | %.3f | %d of %d | %d | %.1f | %.2f |\n", e.name, mean(r.scores["all"]), r.kept, r.codes, r.failed, r.speed, r.ratio)
		}
		fmt.Fprintln(out)
	}
	samples, err := wcxbSamples()
	if err != nil {
		fmt.Fprintf(out, "### content: WCXB\n\nnot measured: %v\n\n", err)
		return nil
	}
	return wcxbTable(out, samples)
}

// wcxbTable prints the word F1 by page type. Rules were developed on the pages
// whose number is even; the check half are the others.
func wcxbTable(out io.Writer, samples []sample) error {
	kinds := []string{"all", "check half", "check half, documentation", "documentation", "article", "forum", "service", "listing", "collection", "product"}
	fmt.Fprintf(out, "### content: WCXB, the %d pages of shared/data (CC-BY-4.0, Murrough Foley)\n\nWord F1, mean over pages; bars: ≥ .85 over all types, ≥ .95 for documentation.\n\n", len(samples))
	fmt.Fprint(out, "| extractor |")
	for _, kind := range kinds {
		fmt.Fprintf(out, " %s |", kind)
	}
	fmt.Fprintln(out, " no answer | MB/s of HTML |\n|---|---|---|---|---|---|---|---|---|---|---|---|---|")
	for _, e := range extractors() {
		r := judge(e, samples)
		fmt.Fprintf(out, "| %s |", e.name)
		for _, kind := range kinds {
			fmt.Fprintf(out, " %.3f |", mean(r.scores[kind]))
		}
		fmt.Fprintf(out, " %d | %.1f |\n", r.failed, r.speed)
	}
	fmt.Fprintln(out)
	return nil
}

// verdict is what an extractor made of all samples.
type verdict struct {
	scores              map[string][]float64 // by kind, and under "all"
	codes, kept, failed int
	speed               float64 // MB of HTML a second
	ratio               float64 // of the time of html.Parse alone to that of the extractor
}

// judge runs an extractor over the samples, one after the other, each beside the
// parser that all of them use, so that a busy machine slows both.
func judge(e extractor, samples []sample) verdict {
	r := verdict{scores: map[string][]float64{}}
	var alone, took time.Duration
	size := 0
	for _, s := range samples {
		began := time.Now()
		_, _ = html.Parse(bytes.NewReader(s.page)) // only its time is wanted
		between := time.Now()
		markdown, err := e.run(s.page, s.address)
		alone, took = alone+between.Sub(began), took+time.Since(between)
		size += len(s.page)
		if err != nil || markdown == "" {
			r.failed++
		}
		score := s.score(markdown)
		for _, kind := range s.kinds() {
			r.scores[kind] = append(r.scores[kind], score)
		}
		kept, codes := keptCode(markdown, s.code)
		r.kept, r.codes = r.kept+kept, r.codes+codes
	}
	r.speed, r.ratio = float64(size)/1e6/took.Seconds(), alone.Seconds()/took.Seconds()
	return r
}
