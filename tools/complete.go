package tools

import (
	"context"
	"fmt"
	"strings"

	"github.com/axon-mcp/axon-mcp/engine/index"
	"github.com/axon-mcp/axon-mcp/fault"
	"github.com/axon-mcp/axon-mcp/jobs"
	"github.com/axon-mcp/axon-mcp/security"
)

// maxCompletions is what a completion may give (MCP: at most 100 values).
const maxCompletions = 100

// Complete returns values for an argument that begin with value: collections,
// domains, sources by URL and job ids. ref is the prompt's name, the resource
// template or the tool's name, and only bounds what "id" and "url" mean. An
// argument without completions gives none and no error.
func (r *Registry) Complete(ctx context.Context, ref, argument, value string) ([]string, error) {
	if !security.IdentityFrom(ctx).Can(security.ScopeRead) {
		return nil, fault.New(fault.Forbidden, "completions need the scope axon:read")
	}
	if len(value) > 2_048 {
		return nil, nil
	}
	switch {
	case argument == "collection":
		return r.completeCollections(ctx, value)
	case argument == "domain" || argument == "domains":
		return r.completeDomains(ctx, value)
	case argument == "url" || argument == "urls" || argument == "source":
		return r.completeSources(ctx, value)
	case argument == "job_id" || (argument == "id" && strings.Contains(ref, "job")):
		return r.completeJobs(ctx, value)
	}
	return nil, nil
}

func (r *Registry) completeCollections(ctx context.Context, value string) ([]string, error) {
	_, collections, err := r.deps.Documents.Stats(ctx)
	if err != nil {
		return nil, fmt.Errorf("complete collections: %w", err)
	}
	return beginning(sortedKeys(collections), value), nil
}

func (r *Registry) completeDomains(ctx context.Context, value string) ([]string, error) {
	list, _, err := r.deps.Documents.Domains(ctx, r.deps.Config.Collection, index.Filter{}, 500, "")
	if err != nil {
		return nil, fmt.Errorf("complete domains: %w", err)
	}
	names := make([]string, len(list))
	for i, one := range list {
		names[i] = one.Name
	}
	return beginning(names, value), nil
}

func (r *Registry) completeSources(ctx context.Context, value string) ([]string, error) {
	prefix := value
	if value != "" && !strings.Contains(value, ":") {
		prefix = "https://" + value
	}
	list, _, err := r.deps.Documents.Sources(ctx, r.deps.Config.Collection, index.Filter{URLPrefix: prefix}, maxCompletions, "")
	if err != nil {
		return nil, fmt.Errorf("complete sources: %w", err)
	}
	urls := make([]string, len(list))
	for i, one := range list {
		urls[i] = one.URL
	}
	return urls, nil
}

func (r *Registry) completeJobs(ctx context.Context, value string) ([]string, error) {
	list, _, err := r.deps.Queue.List(ctx, jobs.Filter{Owner: ownerFilter(ctx), Limit: 500})
	if err != nil {
		return nil, fmt.Errorf("complete jobs: %w", err)
	}
	ids := make([]string, len(list))
	for i, job := range list {
		ids[i] = job.ID
	}
	return beginning(ids, value), nil
}

// beginning returns the names that begin with value, case folded.
func beginning(names []string, value string) []string {
	var fit []string
	for _, name := range names {
		if len(name) >= len(value) && strings.EqualFold(name[:len(value)], value) && len(fit) < maxCompletions {
			fit = append(fit, name)
		}
	}
	return fit
}
