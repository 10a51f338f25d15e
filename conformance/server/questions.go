package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"github.com/axon-mcp/axon-mcp/fault"
)

// handler answers one call of a tool.
type handler = func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error)

// addQuestions adds the fixtures that ask the client or its user.
func addQuestions(lib *server.MCPServer) {
	for name, run := range map[string]handler{
		"test_sampling":                     sample,
		"test_elicitation":                  elicit(lib, userSchema),
		"test_elicitation_sep1034_defaults": elicit(lib, defaultsSchema),
		"test_elicitation_sep1330_enums":    elicit(lib, enumsSchema),

		"test_streaming_elicitation":              askName,
		"test_input_required_result_elicitation":  askName,
		"test_input_required_result_sampling":     askModel,
		"test_input_required_result_list_roots":   askRoots,
		"test_input_required_result_capabilities": askWhatIsDeclared,
		"test_input_required_result_multi_round":  askTwice,

		"test_input_required_result_request_state":   askWithState,
		"test_input_required_result_tampered_state":  askWithState,
		"test_input_required_result_multiple_inputs": askAll,
	} {
		lib.AddTool(mcp.NewTool(name, mcp.WithDescription("Asks the client.")), run)
	}
}

// The older era: requests of the server on the stream of the call.

func sample(ctx context.Context, request mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	raw, err := exchangeFrom(ctx).Ask(ctx, string(mcp.MethodSamplingCreateMessage), sampling(request.GetString("prompt", ""), 100))
	if err != nil {
		return mcp.NewToolResultError(err.Error()), nil
	}
	var answer struct {
		Content struct {
			Text string `json:"text"`
		} `json:"content"`
	}
	if err := json.Unmarshal(raw, &answer); err != nil {
		return nil, err
	}
	return mcp.NewToolResultText("LLM response: " + answer.Content.Text), nil
}

func elicit(lib *server.MCPServer, schema map[string]any) handler {
	return func(ctx context.Context, request mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		answer, err := lib.RequestElicitation(ctx, mcp.ElicitationRequest{
			Params: mcp.ElicitationParams{Message: request.GetString("message", "Please provide your information"), RequestedSchema: schema},
		})
		if err != nil {
			return mcp.NewToolResultError(err.Error()), nil
		}
		return mcp.NewToolResultText(fmt.Sprintf("Elicitation completed: action=%s, content=%v", answer.Action, answer.Content)), nil
	}
}

var userSchema = map[string]any{
	"type": "object",
	"properties": map[string]any{
		"username": map[string]any{"type": "string", "description": "User's response"},
		"email":    map[string]any{"type": "string", "description": "User's email address"},
	},
	"required": []string{"username", "email"},
}

var defaultsSchema = map[string]any{
	"type": "object",
	"properties": map[string]any{
		"name":     map[string]any{"type": "string", "default": "John Doe"},
		"age":      map[string]any{"type": "integer", "default": 30},
		"score":    map[string]any{"type": "number", "default": 95.5},
		"status":   map[string]any{"type": "string", "enum": []string{"active", "inactive", "pending"}, "default": "active"},
		"verified": map[string]any{"type": "boolean", "default": true},
	},
}

var enumsSchema = map[string]any{
	"type": "object",
	"properties": map[string]any{
		"untitledSingle": map[string]any{"type": "string", "enum": []string{"option1", "option2", "option3"}},
		"titledSingle":   map[string]any{"type": "string", "oneOf": titled()},
		"legacyEnum":     map[string]any{"type": "string", "enum": []string{"opt1", "opt2"}, "enumNames": []string{"Option One", "Option Two"}},
		"untitledMulti":  map[string]any{"type": "array", "items": map[string]any{"type": "string", "enum": []string{"option1", "option2"}}},
		"titledMulti":    map[string]any{"type": "array", "items": map[string]any{"anyOf": titled()}},
	},
}

func titled() []any {
	return []any{map[string]any{"const": "value1", "title": "Value One"}, map[string]any{"const": "value2", "title": "Value Two"}}
}

// The era of 2026-07-28: results that need input.

func form(question, field, kind string) mcp.ElicitationParams {
	return mcp.ElicitationParams{Message: question, RequestedSchema: map[string]any{
		"type": "object", "properties": map[string]any{field: map[string]any{"type": kind}}, "required": []string{field},
	}}
}

func sampling(prompt string, tokens int) mcp.CreateMessageParams {
	return mcp.CreateMessageParams{
		Messages:  []mcp.SamplingMessage{{Role: mcp.RoleUser, Content: mcp.NewTextContent(prompt)}},
		MaxTokens: tokens,
	}
}

func askName(_ context.Context, request mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	answer := server.ElicitationResponse(request.Params.InputResponses, "user_name")
	if answer == nil {
		return server.NewInputRequestBuilder("").Elicit("user_name", form("What is your name?", "name", "string")).ToolResult(), nil
	}
	content, _ := answer.Content.(map[string]any)
	return mcp.NewToolResultText(fmt.Sprintf("Hello, %v!", content["name"])), nil
}

func askModel(_ context.Context, request mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	if server.SamplingResponse(request.Params.InputResponses, "capital_question") == nil {
		return server.NewInputRequestBuilder("").Sample("capital_question", sampling("What is the capital of France?", 100)).ToolResult(), nil
	}
	return mcp.NewToolResultText("the model has answered"), nil
}

func askRoots(_ context.Context, request mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	answer := server.RootsResponse(request.Params.InputResponses, "client_roots")
	if answer == nil {
		return server.NewInputRequestBuilder("").Roots("client_roots").ToolResult(), nil
	}
	return mcp.NewToolResultText(fmt.Sprintf("roots: %v", answer.Roots)), nil
}

// askWhatIsDeclared asks only for what the client says it can give.
func askWhatIsDeclared(ctx context.Context, request mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	if len(request.Params.InputResponses) > 0 {
		return mcp.NewToolResultText("answered"), nil
	}
	questions, caps := server.NewInputRequestBuilder(""), capabilities(ctx)
	if caps.Elicitation != nil {
		questions.Elicit("user_name", form("What is your name?", "name", "string"))
	}
	if caps.Sampling != nil {
		questions.Sample("greeting", sampling("Generate a greeting", 50))
	}
	return questions.ToolResult(), nil
}

func askTwice(_ context.Context, request mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	responses := request.Params.InputResponses
	switch {
	case server.ElicitationResponse(responses, "step2") != nil && opened(request.Params.RequestState, "round2"):
		return mcp.NewToolResultText("both answered"), nil
	case server.ElicitationResponse(responses, "step1") != nil && opened(request.Params.RequestState, "round1"):
		return server.NewInputRequestBuilder(sealed("round2")).Elicit("step2", form("Step 2: What is your favorite color?", "color", "string")).ToolResult(), nil
	}
	return server.NewInputRequestBuilder(sealed("round1")).Elicit("step1", form("Step 1: What is your name?", "name", "string")).ToolResult(), nil
}

func askWithState(_ context.Context, request mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	if server.ElicitationResponse(request.Params.InputResponses, "confirm") == nil {
		return server.NewInputRequestBuilder(sealed("confirm")).Elicit("confirm", form("Please confirm", "ok", "boolean")).ToolResult(), nil
	}
	if !opened(request.Params.RequestState, "confirm") {
		return nil, fault.New(fault.Invalid, "requestState was changed on its way")
	}
	return mcp.NewToolResultText("state-ok"), nil
}

func askAll(_ context.Context, request mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	if len(request.Params.InputResponses) == 3 && opened(request.Params.RequestState, "all") {
		return mcp.NewToolResultText("all answered"), nil
	}
	return server.NewInputRequestBuilder(sealed("all")).
		Elicit("user_name", form("What is your name?", "name", "string")).
		Sample("greeting", sampling("Generate a greeting", 50)).
		Roots("client_roots").ToolResult(), nil
}

// sealed and opened protect a request state against change.

func sealed(state string) string {
	mac := hmac.New(sha256.New, []byte("a key of the fixtures"))
	mac.Write([]byte(state))
	return state + "." + hex.EncodeToString(mac.Sum(nil))
}

func opened(given, state string) bool {
	_, seal, _ := strings.Cut(given, ".")
	return seal != "" && hmac.Equal([]byte(given), []byte(sealed(state)))
}
