package tools

import (
	"context"
	"fmt"
	"strings"

	"github.com/axon-mcp/axon-mcp/engine/index"
	"github.com/axon-mcp/axon-mcp/security"
)

// SourcesInput is the input of sources.
type SourcesInput struct {
	Filters
	Limit      int    `json:"limit,omitempty" jsonschema:"how many, such as 100" rule:"min=1 max=500 default=10"`
	Collection string `json:"collection,omitempty" jsonschema:"such as axon, the default"`
	Cursor     string `json:"cursor,omitempty" jsonschema:"next_cursor of the page before"`
}

// SourcesOutput is the output of sources.
type SourcesOutput struct {
	Sources    []SourceItem `json:"sources"`
	NextCursor *string      `json:"next_cursor"`
	Trust      string       `json:"trust"` // the titles are the pages'
	Shortened
}

// SourceItem is one document.
type SourceItem struct {
	URL        string `json:"url"`
	ID         string `json:"id"`
	Title      string `json:"title"`
	SourceType string `json:"source_type"`
	Domain     string `json:"domain,omitempty"`
	Lang       string `json:"lang,omitempty"`
	Chunks     int    `json:"chunks"`
	Bytes      int64  `json:"bytes"`
	FetchedAt  string `json:"fetched_at"`
	ChangedAt  string `json:"changed_at,omitempty"`
}

func sources(d *Deps) (*Tool, error) {
	return define(d, Tool{
		Name:  "sources",
		Title: "List indexed documents",
		About: "Lists the indexed documents with title, size and last fetch. " +
			"domains sums them up by site, query searches in them, retrieve reads one. Milliseconds.",
		Toolset: Knowledge, Scope: security.ScopeRead,
		Hints: Hints{ReadOnly: true, Idempotent: true, OpenWorld: true},
	}, func(ctx context.Context, _ Call, in SourcesInput) (reply[SourcesOutput], error) {
		collection, err := d.collection("sources", in.Collection)
		if err != nil {
			return reply[SourcesOutput]{}, err
		}
		filter, err := in.filter("sources", d.Now())
		if err != nil {
			return reply[SourcesOutput]{}, err
		}
		list, next, err := d.Documents.Sources(ctx, collection, filter, in.Limit, in.Cursor)
		if err != nil {
			return reply[SourcesOutput]{}, fmt.Errorf("list the sources: %w", err)
		}
		out := SourcesOutput{Sources: sourceItems(list), NextCursor: pointer(next), Trust: untrustedLabel}
		return reply[SourcesOutput]{
			out: out, text: sourcesText(newFrame(), collection, in.Cursor != ""), untrusted: true, shape: count(int64(len(list)), "document"),
			cut: func(out SourcesOutput, n int) (_ SourcesOutput, err error) {
				out.Sources, out.NextCursor, err = headOf(out.Sources, n, out.NextCursor, func(limit int) (string, error) {
					_, next, err := d.Documents.Sources(ctx, collection, filter, limit, in.Cursor)
					return next, err
				})
				return out, err
			},
		}, nil
	})
}

func sourceItems(list []index.Source) []SourceItem {
	items := make([]SourceItem, len(list))
	for i, s := range list {
		items[i] = SourceItem{
			URL: s.URL, ID: s.ID, Title: s.Title, SourceType: s.SourceType, Domain: s.Domain, Lang: s.Lang,
			Chunks: s.Chunks, Bytes: s.Bytes, FetchedAt: stamp(s.FetchedAt), ChangedAt: stamp(s.ChangedAt),
		}
	}
	return items
}

func sourcesText(f frame, collection string, later bool) func(SourcesOutput) []Block {
	return func(out SourcesOutput) []Block {
		if len(out.Sources) == 0 {
			return []Block{{Text: "Nothing of that kind is indexed in the collection " + collection + ".\nnext: crawl adds a site, embed adds a text or a file."}}
		}
		var b strings.Builder
		for _, s := range out.Sources {
			fmt.Fprintf(&b, "- %s — %s (%s, %s, fetched %.10s)\n", line(s.URL), line(s.Title), s.SourceType, count(int64(s.Chunks), "chunk"), s.FetchedAt)
		}
		end := "end of the list"
		if out.NextCursor != nil {
			end = "next: cursor=" + *out.NextCursor
		}
		return []Block{
			{Text: shown(len(out.Sources), "document", later, out.NextCursor != nil) + " in the collection " + collection + ". " + notice},
			{Text: f.page("the index", "titles are the pages' own", b.String())},
			{Text: end},
		}
	}
}
