package tools

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/axon-mcp/axon-mcp/engine/content"
	"github.com/axon-mcp/axon-mcp/engine/crawl"
	"github.com/axon-mcp/axon-mcp/engine/fetch"
	"github.com/axon-mcp/axon-mcp/engine/index"
	"github.com/axon-mcp/axon-mcp/fault"
	"github.com/axon-mcp/axon-mcp/security"
)

// Fetcher reads a URL through the guard.
type Fetcher interface {
	// Fetch returns any answer of the server; Response.Err is the fault that a
	// bad status stands for. It fails with URLBlocked, TooLarge, Unsupported,
	// Timeout or Unavailable.
	Fetch(ctx context.Context, r fetch.Request) (*fetch.Response, error)
}

// Browser reads a page as a person's browser would. It stands behind the same
// guard.
type Browser interface {
	// Fetch returns the page as its scripts have made it (Response.Rendered), or
	// what is no page as Fetcher does. It fails as Fetcher does.
	Fetcher
	// Screenshot draws the page. It fails as Fetch does, with NotFound where
	// nothing visible fits the selector, and with Invalid where that is none.
	Screenshot(ctx context.Context, url string, shot fetch.Shot) (fetch.Picture, error)
	// Available is nil, or Unavailable with how to get a browser. It starts
	// none.
	Available() error
}

// loaded is a resource that has been fetched, by whatever means, and read.
type loaded struct {
	finalURL, mediaType, render string
	status                      int
	body                        []byte
	fetched                     time.Time
	etag, lastModified          string
	doc                         *content.Document
	cached                      bool // doc is what the index holds
}

// maxLeads is how many pages that only lead on are followed.
const maxLeads = 3

// scrapePage reads one page in the format asked for.
func (d *Deps) scrapePage(ctx context.Context, url string, in ScrapeInput) (ScrapedPage, error) {
	if _, err := d.ValidateURL(url); err != nil {
		return ScrapedPage{}, err
	}
	got, err := d.load(ctx, url, in, d.validators(ctx, url, in))
	for range maxLeads {
		if err != nil || got.doc == nil || !got.doc.LeadsOn || got.doc.Refresh == got.finalURL {
			break
		}
		next := got.doc.Refresh
		if _, err = d.ValidateURL(next); err == nil {
			got, err = d.load(ctx, next, in, index.Known{})
		}
	}
	if err != nil {
		return ScrapedPage{URL: url, Status: got.status}, err
	}
	page := ScrapedPage{
		URL: url, FinalURL: got.finalURL, Status: got.status, ContentType: got.mediaType, FetchedAt: stamp(got.fetched),
		Render: got.render, FromCache: got.cached,
	}
	if in.Format == "raw_html" {
		return d.rawPage(ctx, page, got)
	}
	doc := got.doc
	page.Title, page.Description, page.Lang, page.Published = doc.Title, doc.Description, doc.Lang, stamp(doc.Published)
	page.Breadcrumb, page.Flags = doc.Breadcrumb, flagsOf(doc.Hidden, doc.Markdown)
	if doc.Shell && got.render == crawl.RenderHTTP {
		page.Flags = append(page.Flags, flagShell)
	}
	return page, fillFormat(&page, doc, got, in)
}

// validators returns what the index knows of a page, so that the server may say
// that it has not changed. There is nothing to know where what is stored cannot
// be the answer: another renderer, the links or sections of the page as it is, a
// selection of it.
func (d *Deps) validators(ctx context.Context, url string, in ScrapeInput) index.Known {
	whole := in.Format == "markdown" || in.Format == "text" || in.Format == "html"
	if !whole || in.Render == crawl.RenderChrome || len(in.Include)+len(in.Exclude) > 0 {
		return index.Known{}
	}
	key, err := crawl.Key(url)
	if err != nil {
		return index.Known{}
	}
	known, _, err := d.Store.Known(ctx, d.Config.Collection, key)
	if err != nil { // the page can be read without the index
		return index.Known{}
	}
	return known
}

// load fetches and parses a page that the guard has let pass; known makes the
// request conditional. raw_html is not parsed.
func (d *Deps) load(ctx context.Context, url string, in ScrapeInput, known index.Known) (loaded, error) {
	fetcher := d.Fetcher
	if in.Render == crawl.RenderChrome {
		fetcher = d.Browser
	}
	res, err := fetcher.Fetch(ctx, fetch.Request{
		URL: url, Raw: in.Format == "raw_html", ETag: known.ETag, LastModified: known.LastModified,
		Timeout: time.Duration(in.TimeoutMS) * time.Millisecond,
	})
	if err != nil {
		return loaded{}, err
	}
	got := loaded{
		finalURL: cmp.Or(res.FinalURL, url), mediaType: res.MediaType, render: crawl.RenderHTTP, status: res.Status,
		body: res.Body, fetched: res.FetchedAt, etag: res.ETag, lastModified: res.LastModified,
	}
	if res.Rendered {
		got.render = crawl.RenderChrome
	}
	if res.NotModified {
		return d.loadStored(ctx, url, in, got)
	}
	if err := res.Err(); err != nil || in.Format == "raw_html" {
		return got, err
	}
	if got.doc, err = content.Parse(content.Input{
		URL: got.finalURL, MediaType: got.mediaType, Body: got.body, Include: in.Include, Exclude: in.Exclude,
	}); err != nil {
		return got, err
	}
	if got.doc.Shell && in.Render == crawl.RenderAuto && !res.Rendered && d.Browser != nil {
		return d.loadRendered(ctx, url, in, got)
	}
	return got, nil
}

// loadStored answers with what is indexed. The status is the page's, not the
// exchange's. Where the page has just left the index, it is read anew.
func (d *Deps) loadStored(ctx context.Context, url string, in ScrapeInput, got loaded) (loaded, error) {
	key, err := crawl.Key(url)
	if err != nil {
		return got, err
	}
	stored, err := d.Documents.Document(ctx, d.Config.Collection, key)
	if fault.CodeOf(err) == fault.NotFound {
		return d.load(ctx, url, in, index.Known{})
	}
	if err != nil {
		return got, fmt.Errorf("read the stored page: %w", err)
	}
	got.cached, got.status, got.mediaType, got.fetched = true, http.StatusOK, cmp.Or(got.mediaType, "text/html"), stored.FetchedAt
	got.doc = &content.Document{
		Title: stored.Title, Description: stored.Description, Lang: stored.Lang, Published: stored.Published,
		Markdown: stored.Markdown, Headings: stored.Headings,
	}
	return got, nil
}

// loadRendered reads a page that scripts fill once more, through the browser.
// Where that cannot be, what there is already has to do.
func (d *Deps) loadRendered(ctx context.Context, url string, in ScrapeInput, shell loaded) (loaded, error) {
	in.Render = crawl.RenderChrome
	got, err := d.load(ctx, url, in, index.Known{})
	if err != nil && ctx.Err() == nil {
		d.Log.DebugContext(ctx, "page not rendered", "url", security.LogURL(url), "error", err)
		return shell, nil
	}
	return got, err
}

// fillFormat sets the field that the format means.
func fillFormat(page *ScrapedPage, doc *content.Document, got loaded, in ScrapeInput) error {
	page.WordCount = len(strings.Fields(doc.Markdown))
	switch in.Format {
	case "markdown":
		page.Markdown = page.limited(doc.Markdown, in.MaxChars)
	case "text":
		page.Text = page.limited(plainText(doc.Markdown), in.MaxChars)
	case "html":
		html, err := contentHTML(doc.Markdown)
		if err != nil {
			return fmt.Errorf("render the content as HTML: %w", err)
		}
		page.HTML = page.limited(html, in.MaxChars)
	case "links":
		for _, l := range doc.Links {
			page.Links = append(page.Links, ScrapeLink{l.URL, line(l.Text)})
		}
	case "json":
		page.JSON = jsonOf(doc, got)
	}
	return nil
}

// limited returns text cut to maxChars characters, if that is not 0.
func (p *ScrapedPage) limited(text string, maxChars int) *string {
	if maxChars > 0 && utf8.RuneCountInString(text) > maxChars {
		text, p.Truncated = text[:pageEnd(text, maxChars)], true
	}
	return &text
}

// rawPage keeps the body as an artifact: raw HTML is never put into a context.
func (d *Deps) rawPage(ctx context.Context, page ScrapedPage, got loaded) (ScrapedPage, error) {
	sum := sha256.Sum256(got.body)
	info, err := d.Artifacts.Write(ctx, "raw/"+hex.EncodeToString(sum[:16])+".html", got.body, "text/html")
	if err != nil {
		return page, fmt.Errorf("keep the page: %w", err)
	}
	page.RawHTML = artifactScheme + info.Path
	return page, nil
}

// sanitized drops what is invisible from every string of a JSON value; escapes
// brought it past the reader (N4).
func sanitized(value any) any {
	switch v := value.(type) {
	case string:
		return content.Sanitize(v)
	case []any:
		for i := range v {
			v[i] = sanitized(v[i])
		}
	case map[string]any:
		clean := make(map[string]any, len(v))
		for key, one := range v {
			clean[content.Sanitize(key)] = sanitized(one)
		}
		return clean
	}
	return value
}

// section of a page, as format=json gives it.
type scrapedSection struct {
	Level    int    `json:"level"`
	Heading  string `json:"heading"`
	Anchor   string `json:"anchor,omitempty"`
	Markdown string `json:"markdown"`
}

// jsonOf is the value of a JSON resource, or a page's sections.
func jsonOf(doc *content.Document, got loaded) any {
	if strings.HasSuffix(got.mediaType, "json") {
		var value any
		if json.Unmarshal(got.body, &value) == nil {
			return map[string]any{"value": sanitized(value)}
		}
	}
	sections := []scrapedSection{}
	add := func(h content.Heading, from, to int) {
		text := strings.TrimSpace(doc.Markdown[from:to])
		if h.Text != "" || text != "" {
			sections = append(sections, scrapedSection{h.Level, h.Text, h.Anchor, text})
		}
	}
	from, current := 0, content.Heading{}
	for _, h := range doc.Headings {
		add(current, from, h.Offset)
		from, current = h.Offset, h
	}
	add(current, from, len(doc.Markdown))
	return map[string]any{"sections": sections}
}
