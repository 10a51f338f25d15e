package tools

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/axon-mcp/axon-mcp/engine/index"
	"github.com/axon-mcp/axon-mcp/fault"
	"github.com/axon-mcp/axon-mcp/security"
)

// Resources returns what clients can read by URI. Text of pages comes framed,
// as in results.
func (r *Registry) Resources() []Resource {
	d := &r.deps
	return []Resource{
		{
			URI: "axon://sources", Name: "sources", Type: "text/markdown", Scope: security.ScopeRead,
			About: "The indexed documents of the default collection: the first 500.",
			Read:  d.readSources,
		},
		{
			URI: "axon://tools/schema", Name: "tools-schema", Type: "application/json", Scope: security.ScopeRead,
			About: "Every tool with its input and output schema.",
			Read:  r.readSchema,
		},
		{
			Template: "axon://document/{+url}", Name: "document", Type: "text/markdown", Scope: security.ScopeRead,
			About: "An indexed document of the default collection, whole.",
			Read:  d.readDocument,
		},
		{
			Template: "axon://jobs/{id}", Name: "job", Type: "application/json", Scope: security.ScopeRead,
			About: "One of your jobs with its events and result.",
			Read:  d.readJob,
		},
		{
			Template: "axon://artifacts/{+path}", Name: "artifact", Type: "text/markdown", Scope: security.ScopeRead,
			About: "A stored result, whole up to 1 MB.",
			Read:  d.readArtifactResource,
		},
	}
}

func (d *Deps) readJob(ctx context.Context, _ string, vars map[string]string) (ResourceText, error) {
	job, err := d.job(ctx, "jobs", vars["id"])
	if err != nil {
		return ResourceText{}, err
	}
	text, err := json.MarshalIndent(jobItem(job, true), "", " ")
	if err != nil {
		return ResourceText{}, fmt.Errorf("encode the job: %w", err)
	}
	return ResourceText{Text: string(text), MediaType: "application/json"}, nil
}

// maxResource is the longest artifact that is read in one piece.
const maxResource = 1_000_000

func (d *Deps) readArtifactResource(ctx context.Context, uri string, vars map[string]string) (ResourceText, error) {
	path := vars["path"]
	if plain, err := url.PathUnescape(path); err == nil {
		path = plain
	}
	data, info, err := d.Artifacts.Read(ctx, path, 0, maxResource)
	if err != nil {
		return ResourceText{}, err
	}
	if info.Size > maxResource {
		return ResourceText{}, fault.Errorf(fault.TooLarge, "%s has %d bytes, at most %d are read in one piece; artifacts action=read pages through it", clip(line(uri), 300), info.Size, maxResource)
	}
	if !utf8.Valid(data) {
		return ResourceText{}, fault.Errorf(fault.Unsupported, "%s is no text (%s)", clip(line(uri), 300), info.MediaType)
	}
	return markdown([]Block{{Text: notice}, {Text: newFrame().page(uri, info.MediaType, string(data))}}), nil
}

func (d *Deps) readSources(ctx context.Context, _ string, _ map[string]string) (ResourceText, error) {
	list, next, err := d.Documents.Sources(ctx, d.Config.Collection, index.Filter{}, 500, "")
	if err != nil {
		return ResourceText{}, fmt.Errorf("list the sources: %w", err)
	}
	out := SourcesOutput{Sources: sourceItems(list), NextCursor: pointer(next)}
	return markdown(sourcesText(newFrame(), d.Config.Collection, false)(out)), nil
}

func (d *Deps) readDocument(ctx context.Context, _ string, vars map[string]string) (ResourceText, error) {
	in := RetrieveInput{URL: vars["url"]}
	doc, err := d.stored(ctx, &in)
	if fault.CodeOf(err) == fault.NotFound {
		if plain, bad := url.PathUnescape(in.URL); bad == nil && plain != in.URL {
			in.URL = plain // a client that escaped what {+url} keeps
			doc, err = d.stored(ctx, &in)
		}
	}
	if err != nil {
		return ResourceText{}, err
	}
	return markdown([]Block{{Text: notice}, {Text: newFrame().page(doc.URL, "fetched "+stamp(doc.FetchedAt), doc.Markdown)}}), nil
}

// toolSchema is a tool as axon://tools/schema shows it.
type toolSchema struct {
	Name    string             `json:"name"`
	Title   string             `json:"title"`
	About   string             `json:"description"`
	Toolset string             `json:"toolset"`
	Scope   string             `json:"scope"`
	Input   *jsonschema.Schema `json:"inputSchema"`
	Output  *jsonschema.Schema `json:"outputSchema"`
}

func (r *Registry) readSchema(context.Context, string, map[string]string) (ResourceText, error) {
	list := make([]toolSchema, len(r.tools))
	for i, t := range r.tools {
		list[i] = toolSchema{t.Name, t.Title, t.About, t.Toolset, t.Scope, t.Input, t.Output}
	}
	text, err := json.MarshalIndent(list, "", " ")
	if err != nil {
		return ResourceText{}, fmt.Errorf("encode the schemas: %w", err)
	}
	return ResourceText{Text: string(text), MediaType: "application/json"}, nil
}

func markdown(blocks []Block) ResourceText {
	var parts []string
	for _, b := range blocks {
		parts = append(parts, b.Text)
	}
	return ResourceText{Text: strings.Join(parts, "\n\n"), MediaType: "text/markdown"}
}
