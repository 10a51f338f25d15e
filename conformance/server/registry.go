package main

import (
	"context"
	"encoding/base64"
	"time"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/axon-mcp/axon-mcp/fault"
	"github.com/axon-mcp/axon-mcp/jobs"
	"github.com/axon-mcp/axon-mcp/security"
	"github.com/axon-mcp/axon-mcp/tools"
)

// fixtures is the registry: the fixtures that the product's own types can
// express.
type fixtures struct{ queue queue }

var noArguments = &jsonschema.Schema{Type: "object", AdditionalProperties: &jsonschema.Schema{Not: &jsonschema.Schema{}}}

// jsonSchemaTool has a schema whose keywords must reach the client unchanged.
var jsonSchemaTool = &jsonschema.Schema{
	Schema: "https://json-schema.org/draft/2020-12/schema",
	Type:   "object",
	Defs: map[string]*jsonschema.Schema{"address": {
		Anchor: "addressDef", Type: "object",
		Properties: map[string]*jsonschema.Schema{"street": {Type: "string"}, "city": {Type: "string"}},
	}},
	Properties: map[string]*jsonschema.Schema{
		"name": {Type: "string"}, "address": {Ref: "#/$defs/address"},
		"contactMethod": {Type: "string", Enum: []any{"phone", "email"}},
		"phone":         {Type: "string"}, "email": {Type: "string"},
	},
	AllOf: []*jsonschema.Schema{{AnyOf: []*jsonschema.Schema{{Required: []string{"phone"}}, {Required: []string{"email"}}}}},
	If: &jsonschema.Schema{
		Properties: map[string]*jsonschema.Schema{"contactMethod": {Const: jsonschema.Ptr[any]("phone")}}, Required: []string{"contactMethod"},
	},
	Then:                 &jsonschema.Schema{Required: []string{"phone"}},
	Else:                 &jsonschema.Schema{Required: []string{"email"}},
	AdditionalProperties: &jsonschema.Schema{Not: &jsonschema.Schema{}},
}

var listed = append(workTools(),
	tool("test_simple_text", "Returns a text.", noArguments),
	tool("test_image_content", "Returns a picture.", noArguments),
	tool("test_error_handling", "Fails.", noArguments),
	tool("test_tool_with_progress", "Reports progress.", noArguments),
	tool("json_schema_2020_12_tool", "Has a rich input schema.", jsonSchemaTool),
)

func tool(name, about string, input *jsonschema.Schema) *tools.Tool {
	return &tools.Tool{
		Name: name, Title: name, About: about, Toolset: tools.Web, Scope: security.ScopeRead, Input: input,
		Hints: tools.Hints{ReadOnly: true, Idempotent: true},
	}
}

func (*fixtures) View() tools.View { return tools.View{Toolsets: []string{"all"}} }

func (*fixtures) Visible(security.Identity, tools.View) []*tools.Tool { return listed }

func (*fixtures) Find(_ context.Context, name string, _ *tools.View) (*tools.Tool, error) {
	for _, t := range listed {
		if t.Name == name {
			return t, nil
		}
	}
	return nil, fault.Errorf(fault.NotFound, "there is no tool %q", name)
}

func (f *fixtures) Call(ctx context.Context, call tools.Call) (*tools.Result, error) {
	switch call.Name {
	case "test_simple_text":
		return text("This is a simple text response for testing."), nil
	case "test_image_content":
		data, err := base64.StdEncoding.DecodeString(picture)
		return &tools.Result{Blocks: []tools.Block{{Image: &tools.Image{Data: data, MediaType: "image/png"}}}}, err
	case "test_error_handling":
		return nil, fault.New(fault.Unavailable, "This tool intentionally returns an error for testing")
	case "test_tool_with_progress":
		return report(ctx, call)
	case "greet":
		return greet(call), nil
	case "slow_compute", "failing_job":
		return f.queue.start(call), nil
	case "jobs":
		return f.queue.get(call)
	case "job_control":
		return f.queue.cancel(call)
	}
	return text("done"), nil
}

func text(s string) *tools.Result { return &tools.Result{Blocks: []tools.Block{{Text: s}}} }

// report counts to 100 in two steps, slowly enough that each is sent.
func report(ctx context.Context, call tools.Call) (*tools.Result, error) {
	if call.Progress == nil {
		return text("no progress token"), nil
	}
	tick := time.NewTicker(400 * time.Millisecond)
	defer tick.Stop()
	for _, done := range []int64{0, 50, 100} {
		call.Progress(jobs.Progress{Done: done, Total: 100})
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return text("progress reported"), nil
}

func (*fixtures) Resources() []tools.Resource {
	return []tools.Resource{
		{
			URI: "test://static-text", Name: "static-text", About: "A fixed text.", Type: "text/plain", Scope: security.ScopeRead,
			Read: func(context.Context, string, map[string]string) (tools.ResourceText, error) {
				return tools.ResourceText{Text: "This is the content of the static text resource.", MediaType: "text/plain"}, nil
			},
		},
		{
			URI: "test://watched-resource", Name: "watched-resource", About: "A resource to subscribe to.", Type: "text/plain", Scope: security.ScopeRead,
			Read: func(context.Context, string, map[string]string) (tools.ResourceText, error) {
				return tools.ResourceText{Text: "watched", MediaType: "text/plain"}, nil
			},
		},
		{
			Template: "test://template/{id}/data", Name: "template", About: "A template with one variable.", Type: "application/json", Scope: security.ScopeRead,
			Read: func(_ context.Context, _ string, vars map[string]string) (tools.ResourceText, error) {
				return tools.ResourceText{Text: `{"id":"` + vars["id"] + `","templateTest":true,"data":"Data for ID: ` + vars["id"] + `"}`, MediaType: "application/json"}, nil
			},
		},
	}
}

func (*fixtures) Prompts() []tools.Prompt {
	return []tools.Prompt{
		{
			Name: "test_simple_prompt", Title: "Simple", About: "A prompt without arguments.",
			Render: func(map[string]string) (string, error) { return "This is a simple prompt for testing.", nil },
		},
		{
			Name: "test_prompt_with_arguments", Title: "Arguments", About: "A prompt with two arguments.",
			Args: []tools.PromptArg{{Name: "arg1", About: "the first", Required: true}, {Name: "arg2", About: "the second", Required: true}},
			Render: func(args map[string]string) (string, error) {
				return "Prompt with arguments: arg1='" + args["arg1"] + "', arg2='" + args["arg2"] + "'", nil
			},
		},
	}
}

func (*fixtures) Complete(_ context.Context, _, _, value string) ([]string, error) {
	return []string{value + "is", value + "ris"}, nil
}
