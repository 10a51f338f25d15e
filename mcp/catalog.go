package mcp

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"github.com/axon-mcp/axon-mcp/fault"
	"github.com/axon-mcp/axon-mcp/security"
	"github.com/axon-mcp/axon-mcp/tools"
)

// register gives the library the names and handlers. What a list shows of a
// tool is made when a client first asks for it (listTools): schemas would be
// most of a start.
func (s *Server) register() {
	var entries []server.ServerTool
	s.ours = make(map[string]bool)
	for _, t := range s.reg.Visible(security.Local(), s.view) {
		s.ours[t.Name] = true
		entries = append(entries, server.ServerTool{Tool: mcp.Tool{Name: t.Name}, Handler: s.callFromLibrary})
	}
	s.lib.AddTools(entries...)
	for _, r := range s.reg.Resources() {
		s.registerResource(r)
	}
	for _, p := range s.reg.Prompts() {
		s.registerPrompt(p)
	}
}

// hooks narrow the lists to the caller's scopes and keep what handlers return.
func (s *Server) hooks() *server.Hooks {
	hooks := &server.Hooks{}
	hooks.AddAfterInitialize(func(_ context.Context, _ any, _ *mcp.InitializeRequest, result *mcp.InitializeResult) {
		result.Capabilities.Extensions = nil // tasks are for revision 2026-07-28 alone
	})
	hooks.AddAfterListTools(func(ctx context.Context, _ any, _ *mcp.ListToolsRequest, result *mcp.ListToolsResult) {
		result.Tools = s.listTools(ctx, result.Tools)
	})
	hooks.AddAfterListResources(func(ctx context.Context, _ any, _ *mcp.ListResourcesRequest, result *mcp.ListResourcesResult) {
		hidden := s.hiddenResources(ctx)
		result.Resources = slices.DeleteFunc(result.Resources, func(r mcp.Resource) bool { return hidden[r.URI] })
	})
	hooks.AddAfterListResourceTemplates(func(ctx context.Context, _ any, _ *mcp.ListResourceTemplatesRequest, result *mcp.ListResourceTemplatesResult) {
		hidden := s.hiddenResources(ctx)
		result.ResourceTemplates = slices.DeleteFunc(result.ResourceTemplates, func(t mcp.ResourceTemplate) bool { return hidden[t.URITemplate.Raw()] })
	})
	hooks.AddOnError(func(ctx context.Context, _ any, _ mcp.MCPMethod, _ any, err error) {
		if x := exchangeFrom(ctx); x != nil {
			x.fail(err)
		}
	})
	return hooks
}

// listTools is what the caller in ctx sees, and what others have added to the
// library.
func (s *Server) listTools(ctx context.Context, listed []mcp.Tool) []mcp.Tool {
	full := s.full()
	seen := s.reg.Visible(security.IdentityFrom(ctx), s.view)
	out := make([]mcp.Tool, 0, len(listed))
	if s.view.Compact {
		out = append(out, describe(seen)...) // its text depends on the caller
	}
	for _, t := range listed {
		i := slices.IndexFunc(full, func(ours mcp.Tool) bool { return ours.Name == t.Name })
		switch {
		case i < 0:
			out = append(out, t)
		case !s.view.Compact && slices.ContainsFunc(seen, func(one *tools.Tool) bool { return one.Name == t.Name }):
			out = append(out, full[i])
		}
	}
	return out
}

// describe makes the tools' entries in a list.
func describe(seen []*tools.Tool) []mcp.Tool {
	out := make([]mcp.Tool, 0, len(seen))
	for _, t := range seen {
		entry := mcp.Tool{
			Name: t.Name, Title: t.Title, Description: t.About,
			RawInputSchema: schema(t.Input),
			Annotations: mcp.ToolAnnotation{
				Title:           t.Title,
				ReadOnlyHint:    &t.Hints.ReadOnly,
				DestructiveHint: &t.Hints.Destructive,
				IdempotentHint:  &t.Hints.Idempotent,
				OpenWorldHint:   &t.Hints.OpenWorld,
			},
			Meta: &mcp.Meta{AdditionalFields: map[string]any{"axon-mcp/scope": t.Scope, "axon-mcp/toolset": t.Toolset}},
		}
		if t.Output != nil {
			entry.RawOutputSchema = schema(t.Output)
		}
		out = append(out, entry)
	}
	return out
}

// schema encodes a schema of the registry, whose own test encodes each.
func schema(s any) json.RawMessage {
	raw, err := encode(s)
	if err != nil {
		return json.RawMessage(`{"type":"object"}`)
	}
	return raw
}

func (s *Server) hiddenResources(ctx context.Context) map[string]bool {
	id := security.IdentityFrom(ctx)
	hidden := make(map[string]bool)
	for _, r := range s.reg.Resources() {
		if !id.Can(r.Scope) {
			hidden[r.URI+r.Template] = true
		}
	}
	return hidden
}

func (s *Server) registerResource(r tools.Resource) {
	read := func(ctx context.Context, request mcp.ReadResourceRequest) ([]mcp.ResourceContents, error) {
		if !security.IdentityFrom(ctx).Can(r.Scope) {
			exchangeFrom(ctx).refuse(r.Scope)
			return nil, fault.Errorf(fault.Forbidden, "resource %s needs the scope %s", r.Name, r.Scope)
		}
		text, err := r.Read(ctx, request.Params.URI, variables(request.Params.Arguments))
		if err != nil {
			return nil, err
		}
		return []mcp.ResourceContents{mcp.TextResourceContents{URI: request.Params.URI, MIMEType: text.MediaType, Text: text.Text}}, nil
	}
	if r.Template != "" {
		s.lib.AddResourceTemplate(mcp.NewResourceTemplate(r.Template, r.Name,
			mcp.WithTemplateDescription(r.About), mcp.WithTemplateMIMEType(r.Type)), read)
		return
	}
	s.lib.AddResource(mcp.NewResource(r.URI, r.Name,
		mcp.WithResourceDescription(r.About), mcp.WithMIMEType(r.Type)), read)
}

// variables are the values of a URI template; the library gives each as a
// list.
func variables(args map[string]any) map[string]string {
	vars := make(map[string]string, len(args))
	for name, value := range args {
		switch v := value.(type) {
		case []string:
			if len(v) > 0 {
				vars[name] = v[0]
			}
		case string:
			vars[name] = v
		}
	}
	return vars
}

func (s *Server) registerPrompt(p tools.Prompt) {
	options := []mcp.PromptOption{mcp.WithPromptTitle(p.Title), mcp.WithPromptDescription(p.About)}
	for _, a := range p.Args {
		about := []mcp.ArgumentOption{mcp.ArgumentDescription(a.About)}
		if a.Required {
			about = append(about, mcp.RequiredArgument())
		}
		options = append(options, mcp.WithArgument(a.Name, about...))
	}
	s.lib.AddPrompt(mcp.NewPrompt(p.Name, options...), func(_ context.Context, request mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
		text, err := p.Render(request.Params.Arguments)
		if err != nil {
			return nil, err
		}
		return mcp.NewGetPromptResult(p.About, []mcp.PromptMessage{mcp.NewPromptMessage(mcp.RoleUser, mcp.NewTextContent(text))}), nil
	})
}

// maxCompletions is what one answer may hold (2026-07-28, completion).
const maxCompletions = 100

// completions asks the registry for values of arguments.
type completions struct{ s *Server }

// CompletePromptArgument completes an argument of a prompt.
func (c completions) CompletePromptArgument(ctx context.Context, prompt string, argument mcp.CompleteArgument, _ mcp.CompleteContext) (*mcp.Completion, error) {
	if _, known := c.s.lib.ListPrompts()[prompt]; !known {
		return nil, fault.Errorf(fault.Invalid, "there is no prompt %q", prompt)
	}
	return c.complete(ctx, prompt, argument)
}

// CompleteResourceArgument completes a variable of a resource template.
func (c completions) CompleteResourceArgument(ctx context.Context, uri string, argument mcp.CompleteArgument, _ mcp.CompleteContext) (*mcp.Completion, error) {
	return c.complete(ctx, uri, argument)
}

func (c completions) complete(ctx context.Context, ref string, argument mcp.CompleteArgument) (*mcp.Completion, error) {
	values, err := c.s.reg.Complete(ctx, ref, argument.Name, argument.Value)
	if err != nil {
		return nil, fmt.Errorf("complete %s: %w", argument.Name, err)
	}
	if len(values) > maxCompletions {
		return &mcp.Completion{Values: values[:maxCompletions], Total: len(values), HasMore: true}, nil
	}
	return &mcp.Completion{Values: values, Total: len(values)}, nil
}
