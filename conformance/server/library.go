package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
)

const (
	picture = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg=="
	sound   = "UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAA="
)

// exchange is what the door gives to the handlers of the library as their
// session.
type exchange interface {
	Notify(method string, params any) error
	Ask(ctx context.Context, method string, params any) (json.RawMessage, error)
}

func exchangeFrom(ctx context.Context) exchange {
	return server.ClientSessionFromContext(ctx).(exchange) // the door's own type
}

// addTools adds the fixtures with content that the product does not give.
func addTools(lib *server.MCPServer) {
	lib.AddTool(mcp.NewTool("test_audio_content", mcp.WithDescription("Returns sound.")), give(mcp.NewAudioContent(sound, "audio/wav")))
	lib.AddTool(mcp.NewTool("test_embedded_resource", mcp.WithDescription("Returns an embedded resource.")),
		give(embedded("test://embedded-resource", "text/plain", "This is an embedded resource content.")))
	lib.AddTool(mcp.NewTool("test_multiple_content_types", mcp.WithDescription("Returns text, a picture and a resource.")),
		give(mcp.NewTextContent("Multiple content types test:"), mcp.NewImageContent(picture, "image/png"),
			embedded("test://mixed-content-resource", "application/json", `{"test":"data","value":123}`)))
	lib.AddTool(mcp.NewTool("test_tool_with_logging", mcp.WithDescription("Sends three log messages.")), sendLogs)
	lib.AddTool(mcp.NewTool("test_logging_tool", mcp.WithDescription("Logs if the request asks for it.")), logIfAsked(lib))
	lib.AddTool(mcp.NewTool("test_missing_capability", mcp.WithDescription("Needs sampling.")), needSampling)
	lib.AddTool(mcp.NewTool("test_trigger_tool_change", mcp.WithDescription("Changes the list of tools.")),
		func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			lib.SendNotificationToAllClients(mcp.MethodNotificationToolsListChanged, nil)
			return mcp.NewToolResultText("changed"), nil
		})
	lib.AddTool(mcp.NewTool("test_trigger_prompt_change", mcp.WithDescription("Changes the list of prompts.")),
		func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			lib.SendNotificationToAllClients(mcp.MethodNotificationPromptsListChanged, nil)
			return mcp.NewToolResultText("changed"), nil
		})
}

func give(content ...mcp.Content) server.ToolHandlerFunc {
	return func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return &mcp.CallToolResult{Content: content}, nil
	}
}

func embedded(uri, mediaType, text string) mcp.Content {
	return mcp.NewEmbeddedResource(mcp.TextResourceContents{URI: uri, MIMEType: mediaType, Text: text})
}

func sendLogs(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	for _, text := range []string{"Tool execution started", "Tool processing data", "Tool execution completed"} {
		err := exchangeFrom(ctx).Notify("notifications/message", map[string]any{"level": "info", "logger": "fixtures", "data": text})
		if err != nil {
			return nil, err
		}
	}
	return mcp.NewToolResultText("Tool with logging executed successfully"), nil
}

// logIfAsked logs through the library, which knows the rules of each era.
func logIfAsked(lib *server.MCPServer) server.ToolHandlerFunc {
	return func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		err := lib.SendLogMessageToClient(ctx, mcp.NewLoggingMessageNotification(mcp.LoggingLevelInfo, "fixtures", "called"))
		if err != nil {
			return nil, err
		}
		return mcp.NewToolResultText("logged where that was asked for"), nil
	}
}

func needSampling(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	if capabilities(ctx).Sampling == nil {
		return nil, mcp.MissingRequiredClientCapabilityError{Capability: "sampling"}
	}
	return mcp.NewToolResultText("sampling is there"), nil
}

func capabilities(ctx context.Context) mcp.ClientCapabilities {
	return server.ClientSessionFromContext(ctx).(server.SessionWithClientInfo).GetClientCapabilities()
}

func addResources(lib *server.MCPServer) {
	lib.AddResource(mcp.NewResource("test://static-binary", "static-binary",
		mcp.WithResourceDescription("A fixed picture."), mcp.WithMIMEType("image/png")),
		func(context.Context, mcp.ReadResourceRequest) ([]mcp.ResourceContents, error) {
			return []mcp.ResourceContents{mcp.BlobResourceContents{URI: "test://static-binary", MIMEType: "image/png", Blob: picture}}, nil
		})
}

func addPrompts(lib *server.MCPServer) {
	lib.AddPrompt(mcp.NewPrompt("test_prompt_with_embedded_resource", mcp.WithPromptDescription("A prompt with a resource."),
		mcp.WithArgument("resourceUri", mcp.ArgumentDescription("URI to embed"), mcp.RequiredArgument())),
		func(_ context.Context, request mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
			uri := request.Params.Arguments["resourceUri"]
			return mcp.NewGetPromptResult("", []mcp.PromptMessage{
				mcp.NewPromptMessage(mcp.RoleUser, embedded(uri, "text/plain", "Embedded resource content for testing.")),
				mcp.NewPromptMessage(mcp.RoleUser, mcp.NewTextContent("Please process the embedded resource above.")),
			}), nil
		})
	lib.AddPrompt(mcp.NewPrompt("test_prompt_with_image", mcp.WithPromptDescription("A prompt with a picture.")),
		func(context.Context, mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
			return mcp.NewGetPromptResult("", []mcp.PromptMessage{
				mcp.NewPromptMessage(mcp.RoleUser, mcp.NewImageContent(picture, "image/png")),
				mcp.NewPromptMessage(mcp.RoleUser, mcp.NewTextContent("Please analyze the image above.")),
			}), nil
		})
	lib.AddPrompt(mcp.NewPrompt("test_input_required_result_prompt", mcp.WithPromptDescription("A prompt that asks the user.")),
		func(_ context.Context, request mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
			answer := server.ElicitationResponse(request.Params.InputResponses, "user_context")
			if answer == nil {
				return server.NewInputRequestBuilder("").Elicit("user_context", form("What context should the prompt use?", "context", "string")).PromptResult(), nil
			}
			return mcp.NewGetPromptResult("", []mcp.PromptMessage{
				mcp.NewPromptMessage(mcp.RoleUser, mcp.NewTextContent(fmt.Sprintf("Use this context: %v", answer.Content))),
			}), nil
		})
}
