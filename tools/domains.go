package tools

import (
	"context"
	"fmt"
	"strings"

	"github.com/axon-mcp/axon-mcp/security"
)

// DomainsInput is the input of domains.
type DomainsInput struct {
	Filters
	Limit      int    `json:"limit,omitempty" jsonschema:"how many, such as 100" rule:"min=1 max=500 default=10"`
	Collection string `json:"collection,omitempty" jsonschema:"such as axon, the default"`
	Cursor     string `json:"cursor,omitempty" jsonschema:"next_cursor of the page before"`
}

// DomainsOutput is the output of domains.
type DomainsOutput struct {
	Domains    []DomainItem `json:"domains"`
	NextCursor *string      `json:"next_cursor"`
	Shortened
}

// DomainItem sums up one domain.
type DomainItem struct {
	Domain    string `json:"domain"`
	Documents int    `json:"documents"`
	Chunks    int    `json:"chunks"`
	Bytes     int64  `json:"bytes"`
	FetchedAt string `json:"fetched_at"` // the newest
}

func domains(d *Deps) (*Tool, error) {
	return define(d, Tool{
		Name:  "domains",
		Title: "List indexed sites",
		About: "Lists the indexed sites with their documents, chunks, bytes and newest fetch. " +
			"sources lists single documents. Milliseconds.",
		Toolset: Knowledge, Scope: security.ScopeRead,
		Hints: Hints{ReadOnly: true, Idempotent: true},
	}, func(ctx context.Context, _ Call, in DomainsInput) (reply[DomainsOutput], error) {
		collection, err := d.collection("domains", in.Collection)
		if err != nil {
			return reply[DomainsOutput]{}, err
		}
		filter, err := in.filter("domains", d.Now())
		if err != nil {
			return reply[DomainsOutput]{}, err
		}
		list, next, err := d.Documents.Domains(ctx, collection, filter, in.Limit, in.Cursor)
		if err != nil {
			return reply[DomainsOutput]{}, fmt.Errorf("list the domains: %w", err)
		}
		out := DomainsOutput{Domains: make([]DomainItem, len(list)), NextCursor: pointer(next)}
		for i, one := range list {
			out.Domains[i] = DomainItem{one.Name, one.Documents, one.Chunks, one.Bytes, stamp(one.FetchedAt)}
		}
		return reply[DomainsOutput]{
			out: out, text: plain(domainsText(collection)), shape: count(int64(len(list)), "domain"),
			cut: func(out DomainsOutput, n int) (_ DomainsOutput, err error) {
				out.Domains, out.NextCursor, err = headOf(out.Domains, n, out.NextCursor, func(limit int) (string, error) {
					_, next, err := d.Documents.Domains(ctx, collection, filter, limit, in.Cursor)
					return next, err
				})
				return out, err
			},
		}, nil
	})
}

func domainsText(collection string) func(DomainsOutput) string {
	return func(out DomainsOutput) string {
		if len(out.Domains) == 0 {
			return "No site of that kind is indexed in the collection " + collection + ".\nnext: crawl adds one."
		}
		var b strings.Builder
		b.WriteString("| domain | documents | chunks | bytes | newest fetch |\n|---|---|---|---|---|\n")
		for _, one := range out.Domains {
			fmt.Fprintf(&b, "| %s | %d | %d | %d | %.10s |\n", line(one.Domain), one.Documents, one.Chunks, one.Bytes, one.FetchedAt)
		}
		if out.NextCursor != nil {
			b.WriteString("\nnext: cursor=" + *out.NextCursor)
		}
		return b.String()
	}
}
