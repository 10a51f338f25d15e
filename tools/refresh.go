package tools

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/axon-mcp/axon-mcp/engine/crawl"
	"github.com/axon-mcp/axon-mcp/engine/index"
	"github.com/axon-mcp/axon-mcp/fault"
	"github.com/axon-mcp/axon-mcp/security"
)

// maxRefreshURLs is how many pages one call may name; a domain or all may have
// any number.
const maxRefreshURLs = 500

// RefreshInput is the input of refresh.
type RefreshInput struct {
	URLs       []string `json:"urls,omitempty" jsonschema:"these stored pages, such as [\"https://go.dev/doc/effective_go\"]"`
	Domain     string   `json:"domain,omitempty" jsonschema:"every stored page of this host, such as go.dev"`
	All        bool     `json:"all,omitempty" jsonschema:"true: every stored page"`
	Wait       bool     `json:"wait,omitempty" jsonschema:"true answers when all is done"`
	Collection string   `json:"collection,omitempty" jsonschema:"such as axon, the default"`
}

// refreshRequest is the payload of a refresh job: what was meant, not the pages
// that this was.
type refreshRequest struct {
	URLs       []string `json:"urls,omitempty"`
	Domain     string   `json:"domain,omitempty"`
	All        bool     `json:"all,omitempty"`
	Collection string   `json:"collection"`
}

func refresh(d *Deps) (*Tool, error) {
	return define(d, Tool{
		Name:  "refresh",
		Title: "Read stored pages again",
		About: "Reads stored pages again and updates what has changed; what is gone is removed (404: the second time). " +
			"It finds no new pages: crawl does. Unchanged pages cost one conditional request each; without wait: a job_id for jobs.",
		Toolset: Knowledge, Scope: security.ScopeWrite, Positional: "urls", Job: true,
		Hints: Hints{Idempotent: true, OpenWorld: true},
	}, func(ctx context.Context, call Call, in RefreshInput) (reply[WorkOutput], error) {
		request, err := d.refreshRequest(ctx, in)
		if err != nil {
			return reply[WorkOutput]{}, err
		}
		out, err := d.perform(ctx, call, work{kind: "refresh", payload: request, join: true, wait: in.Wait})
		return reply[WorkOutput]{out: out, text: plain(workText("page"))}, err
	})
}

// refreshRequest refuses at once what the job could not do: pages that are not
// stored, and a domain that has none.
func (d *Deps) refreshRequest(ctx context.Context, in RefreshInput) (refreshRequest, error) {
	request := refreshRequest{Domain: strings.ToLower(strings.TrimSpace(in.Domain)), All: in.All}
	given := 0
	for _, one := range []bool{len(in.URLs) > 0, request.Domain != "", in.All} {
		if one {
			given++
		}
	}
	if given != 1 {
		return request, fault.New(fault.Invalid, "refresh: give one of urls, domain or all=true")
	}
	if len(in.URLs) > maxRefreshURLs {
		return request, fault.Errorf(fault.Invalid, "refresh: %d urls are more than %d; refresh the domain", len(in.URLs), maxRefreshURLs)
	}
	var err error
	if request.Collection, err = d.collection("refresh", in.Collection); err != nil {
		return request, err
	}
	if len(in.URLs) > 0 {
		request.URLs, err = d.storedURLs(ctx, request.Collection, in.URLs)
		return request, err
	}
	list, _, err := d.Documents.Sources(ctx, request.Collection, request.filter(), 1, "")
	if err == nil && len(list) == 0 {
		what := "of " + clip(line(in.Domain), 200)
		if in.All {
			what = "of the web"
		}
		err = fault.Errorf(fault.NotFound, "refresh: no page %s is stored in the collection %s; domains lists what is, crawl adds a site", what, request.Collection)
	}
	return request, err
}

// storedURLs returns the keys under which pages are stored, in order.
func (d *Deps) storedURLs(ctx context.Context, collection string, urls []string) ([]string, error) {
	keys, err := d.startURLs(urls)
	if err != nil {
		return nil, err
	}
	for _, key := range keys {
		_, ok, err := d.Store.Known(ctx, collection, key)
		if err != nil {
			return nil, fmt.Errorf("look up %s: %w", key, err)
		}
		if !ok {
			return nil, fault.Errorf(fault.NotFound, "refresh: nothing is stored under %s in the collection %s; add it with crawl", clip(line(key), 300), collection)
		}
		doc, err := d.Documents.Document(ctx, collection, key)
		if err != nil {
			return nil, fmt.Errorf("look up %s: %w", key, err)
		}
		if doc.SourceType != "web" { // a page that is read there would take its place
			return nil, fault.Errorf(fault.Invalid, "refresh: %s is a document of the type %s, no page of the web; embed it again to change it", clip(line(key), 300), doc.SourceType)
		}
	}
	return keys, nil
}

// filter means the stored pages of the web that the request is about.
func (r refreshRequest) filter() index.Filter {
	f := index.Filter{SourceTypes: []string{"web"}}
	if r.Domain != "" {
		f.Domains = []string{r.Domain}
	}
	return f
}

// runRefresh is the body of a refresh job.
func (d *Deps) runRefresh(ctx context.Context, t task) (any, error) {
	var request refreshRequest
	if err := json.Unmarshal(t.job.Request, &request); err != nil {
		return nil, fmt.Errorf("read the job's request: %w", err)
	}
	urls := request.URLs
	for cursor := ""; len(request.URLs) == 0; {
		page, next, err := d.Documents.Sources(ctx, request.Collection, request.filter(), 500, cursor)
		if err != nil {
			return nil, fmt.Errorf("list the pages to refresh: %w", err)
		}
		for _, source := range page {
			urls = append(urls, source.URL)
		}
		if cursor = next; next == "" {
			break
		}
	}
	if len(urls) == 0 { // forgotten since it was asked for
		return WorkCounts{Skipped: map[string]int{}, Complete: true}, nil
	}
	sink := NewIndexSink(d.Store, request.Collection, t.job.ID)
	stats, err := d.Crawler.Refresh(ctx, sink, t.job.ID, crawl.RefreshOptions{URLs: urls, Collection: request.Collection, Robots: true}, t.watch())
	if err != nil {
		return nil, fmt.Errorf("refresh: %w", err)
	}
	counts := crawlCounts(stats)
	counts.Embedded = int(sink.embedded.Load())
	return counts, nil
}
