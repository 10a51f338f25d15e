package tools

import (
	"context"
	"fmt"
	"strings"

	"github.com/axon-mcp/axon-mcp/engine/content"
	"github.com/axon-mcp/axon-mcp/engine/crawl"
	"github.com/axon-mcp/axon-mcp/security"
)

// MapInput is the input of map.
type MapInput struct {
	URL     string `json:"url" jsonschema:"site or folder to list, such as https://docs.python.org/3/" rule:"min=1"`
	Limit   int    `json:"limit,omitempty" jsonschema:"most URLs, such as 200" rule:"min=1 max=50000 default=5000"`
	Search  string `json:"search,omitempty" jsonschema:"only URLs or titles with these words, such as json decoder"`
	Sitemap string `json:"sitemap,omitempty" jsonschema:"only: follow no links; skip: read no sitemap" rule:"enum=only|include|skip default=include"`
}

// MapOutput is the output of map.
type MapOutput struct {
	URLs  []MapURL `json:"urls"`
	Trust string   `json:"trust"`
	Shortened
}

// MapURL is one URL of the site.
type MapURL struct {
	URL     string `json:"url"`
	Title   string `json:"title,omitempty"`
	LastMod string `json:"lastmod,omitempty"`
	Depth   int    `json:"depth"`
	Source  string `json:"source"` // start, sitemap, llms.txt, link
}

func mapTool(d *Deps) (*Tool, error) {
	return define(d, Tool{
		Name:  "map",
		Title: "List a site's URLs",
		About: "Lists the URLs of a site from its sitemaps and links, and stores nothing: to choose what to crawl or scrape. " +
			"sources lists what is indexed. It reads up to 200 pages for their links, for a minute at most; sitemap=only is fast.",
		Toolset: Web, Scope: security.ScopeRead, Positional: "url",
		Hints: Hints{ReadOnly: true, Idempotent: true, OpenWorld: true},
	}, func(ctx context.Context, _ Call, in MapInput) (reply[MapOutput], error) {
		out, err := d.mapSite(ctx, in)
		return reply[MapOutput]{
			out: out, text: mapText(newFrame()), untrusted: true, shape: count(int64(len(out.URLs)), "URL"),
			cut: func(out MapOutput, n int) (MapOutput, error) {
				out.URLs = fitting(out.URLs, n)
				return out, nil
			},
		}, err
	})
}

func (d *Deps) mapSite(ctx context.Context, in MapInput) (MapOutput, error) {
	out := MapOutput{URLs: []MapURL{}, Trust: untrustedLabel}
	starts, err := d.startURLs([]string{in.URL})
	if err != nil {
		return out, err
	}
	entries, err := d.Crawler.Map(ctx, crawl.MapOptions{URL: starts[0], Limit: in.Limit, Search: in.Search, Sitemap: in.Sitemap, Robots: true})
	if err != nil {
		return out, fmt.Errorf("map the site: %w", err)
	}
	for _, e := range entries {
		out.URLs = append(out.URLs, MapURL{URL: e.URL, Title: line(content.Sanitize(e.Title)), LastMod: stamp(e.LastMod), Depth: e.Depth, Source: e.Source})
	}
	return out, nil
}

func mapText(f frame) func(MapOutput) []Block {
	return func(out MapOutput) []Block {
		if len(out.URLs) == 0 {
			return []Block{{Text: "No URL of that site fits.\nnext: leave search out, or call with sitemap=include."}}
		}
		var b strings.Builder
		for _, u := range out.URLs {
			b.WriteString("- " + line(u.URL))
			if u.Title != "" {
				b.WriteString(" — " + line(u.Title))
			}
			if u.LastMod != "" {
				b.WriteString(" (" + u.LastMod[:10] + ")")
			}
			b.WriteByte('\n')
		}
		return []Block{
			{Text: count(int64(len(out.URLs)), "URL") + ". " + notice},
			{Text: f.page("the site's own lists and links", "", b.String())},
			{Text: "next: crawl with include_paths indexes a part, scrape reads single pages."},
		}
	}
}
