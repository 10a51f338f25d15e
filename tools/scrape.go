package tools

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"

	"github.com/axon-mcp/axon-mcp/fault"
	"github.com/axon-mcp/axon-mcp/security"
)

// scrapeAtOnce is how many pages of one call are fetched at once; the fetcher
// bounds what one host sees.
const scrapeAtOnce = 8

// ScrapeInput is the input of scrape.
type ScrapeInput struct {
	URL       string   `json:"url,omitempty" jsonschema:"page to read, such as https://go.dev/doc/effective_go"`
	URLs      []string `json:"urls,omitempty" jsonschema:"several pages at once instead of url, such as [\"https://go.dev/doc/\"]" rule:"min=1 max=50"`
	Format    string   `json:"format,omitempty" jsonschema:"markdown; text: without marks; html: the main content; raw_html: as sent, as an artifact; links: all of the page; json: sections, or a JSON resource's value" rule:"enum=markdown|text|html|raw_html|links|json default=markdown"`
	Render    string   `json:"render,omitempty" jsonschema:"auto: a browser for empty shells only" rule:"enum=auto|http|chrome default=auto"`
	Include   []string `json:"include,omitempty" jsonschema:"CSS selectors of what to keep, such as article"`
	Exclude   []string `json:"exclude,omitempty" jsonschema:"CSS selectors of what to drop, such as .sidebar"`
	TimeoutMS int      `json:"timeout_ms,omitempty" jsonschema:"per page, such as 20000" rule:"min=100 max=60000"`
	MaxChars  int      `json:"max_chars,omitempty" jsonschema:"most characters of each page, such as 20000" rule:"min=100 max=10000000"`
}

// ScrapeOutput is the output of scrape.
type ScrapeOutput struct {
	Pages []ScrapedPage `json:"pages"`
	Trust string        `json:"trust"`
	Shortened
}

// ScrapedPage is one page, or why it could not be read.
type ScrapedPage struct {
	URL         string       `json:"url"`
	FinalURL    string       `json:"final_url,omitempty"`
	Status      int          `json:"status,omitempty"`
	Title       string       `json:"title,omitempty"`
	Description string       `json:"description,omitempty"`
	Lang        string       `json:"lang,omitempty"`
	Published   string       `json:"published,omitempty"`
	Breadcrumb  []string     `json:"breadcrumb,omitempty"` // where the page stands in its site; not from the index
	ContentType string       `json:"content_type,omitempty"`
	FetchedAt   string       `json:"fetched_at,omitempty"`
	Markdown    *string      `json:"markdown,omitempty"`
	Text        *string      `json:"text,omitempty"`
	HTML        *string      `json:"html,omitempty"`
	JSON        any          `json:"json,omitempty"`
	Links       []ScrapeLink `json:"links,omitempty"`
	RawHTML     string       `json:"raw_html,omitempty"` // URI of the artifact
	WordCount   int          `json:"word_count"`
	FromCache   bool         `json:"from_cache"` // unchanged since it was indexed
	Render      string       `json:"render,omitempty"`
	Truncated   bool         `json:"truncated,omitempty"` // max_chars, or the result's limit
	Flags       []string     `json:"flags,omitempty"`     // hidden_text, instructions, call_markup, script_shell: see flags.go
	Code        string       `json:"code,omitempty"`
	Message     string       `json:"message,omitempty"`
}

// ScrapeLink is one link of a page.
type ScrapeLink struct {
	URL  string `json:"url"`
	Text string `json:"text"`
}

func scrape(d *Deps) (*Tool, error) {
	return define(d, Tool{
		Name:  "scrape",
		Title: "Read web pages",
		About: "Fetches pages now and returns their main content, stored nowhere. " +
			"retrieve reads what is indexed, crawl indexes a site, map lists its URLs. One request a page, usually under a second.",
		Toolset: Web, Scope: security.ScopeRead, Positional: "url",
		Hints: Hints{ReadOnly: true, Idempotent: true, OpenWorld: true},
	}, func(ctx context.Context, _ Call, in ScrapeInput) (reply[ScrapeOutput], error) {
		urls, err := d.scrapeURLs(in)
		if err != nil {
			return reply[ScrapeOutput]{}, err
		}
		pages, err := d.scrapeAll(ctx, urls, in)
		if err != nil {
			return reply[ScrapeOutput]{}, err
		}
		f := newFrame()
		out := ScrapeOutput{Pages: pages, Trust: untrustedLabel}
		return reply[ScrapeOutput]{
			out: out, text: scrapeText(f), cut: cutScrape, whole: scrapeWhole(pages), shape: scrapeShape(pages), untrusted: true,
		}, nil
	})
}

func (d *Deps) scrapeURLs(in ScrapeInput) ([]string, error) {
	urls := in.URLs
	if in.URL != "" {
		urls = append([]string{in.URL}, urls...)
	}
	if len(urls) == 0 || (in.URL != "" && len(in.URLs) > 0) {
		return nil, fault.New(fault.Invalid, "scrape: give url or urls, one of the two")
	}
	return urls, d.canRender("scrape", in.Render)
}

// scrapeAll reads the pages, each with its own failure. When all failed, so did
// the call, with the first one's code.
func (d *Deps) scrapeAll(ctx context.Context, urls []string, in ScrapeInput) ([]ScrapedPage, error) {
	pages := make([]ScrapedPage, len(urls))
	errs := make([]error, len(urls))
	var group errgroup.Group
	group.SetLimit(scrapeAtOnce)
	for i, url := range urls {
		group.Go(func() error {
			pages[i], errs[i] = d.scrapeSafely(ctx, url, in)
			return nil
		})
	}
	_ = group.Wait() // the errors are the pages'
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("scrape: %w", err)
	}
	failed := 0
	for i, err := range errs {
		if err != nil {
			failed++
			pages[i] = ScrapedPage{URL: urls[i], Status: pages[i].Status, Code: string(fault.CodeOf(err)), Message: fault.MessageOf(err)}
		}
	}
	if failed == len(urls) {
		return nil, errs[0]
	}
	return pages, nil
}

// scrapeSafely keeps a panic over one page from ending the process: it runs on
// a goroutine of its own.
func (d *Deps) scrapeSafely(ctx context.Context, url string, in ScrapeInput) (page ScrapedPage, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = caught(v)
		}
	}()
	return d.scrapePage(ctx, url, in)
}
