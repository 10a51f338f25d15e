package main

import (
	"context"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/client/transport"
	"github.com/mark3labs/mcp-go/mcp"
	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
)

// asServer makes this test binary the fixture server on stdio, so that clients
// start a real process.
const asServer = "AXON_TEST_STDIO_SERVER"

func TestMain(m *testing.M) {
	if os.Getenv(asServer) != "" {
		if err := run(context.Background(), []string{"stdio"}); err != nil {
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func startHTTP(t *testing.T) string {
	t.Helper()
	srv := httptest.NewServer(newHandler(newDoor()))
	t.Cleanup(srv.Close)
	return srv.URL + "/mcp"
}

// Each client of others lists and calls over each transport.
func TestClientsOfOthers(t *testing.T) {
	t.Parallel()
	old := sdk.ClientSessionOptions{}
	tests := map[string]func(t *testing.T) found{
		"mcp-go stdio 2026-07-28": func(t *testing.T) found { return useMCPGo(t, stdioTransport(t)) },
		"mcp-go stdio 2025-11-25": func(t *testing.T) found {
			return useMCPGo(t, stdioTransport(t), client.WithProtocolVersion(mcp.ProtocolVersion20251125))
		},
		"mcp-go http 2026-07-28": func(t *testing.T) found { return useMCPGo(t, httpTransport(t)) },
		"mcp-go http 2025-11-25": func(t *testing.T) found {
			return useMCPGo(t, httpTransport(t), client.WithProtocolVersion(mcp.ProtocolVersion20251125))
		},
		"go-sdk stdio": func(t *testing.T) found {
			command := exec.CommandContext(t.Context(), os.Args[0])
			command.Env = append(os.Environ(), asServer+"=1")
			return useSDK(t, &sdk.CommandTransport{Command: command}, &old)
		},
		"go-sdk http": func(t *testing.T) found {
			return useSDK(t, &sdk.StreamableClientTransport{Endpoint: startHTTP(t)}, &old)
		},
	}
	for name, use := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := use(t)
			if !slices.Contains(got.tools, "test_simple_text") || len(got.tools) < 20 {
				t.Errorf("tools: %v", got.tools)
			}
			if got.text != "This is a simple text response for testing." {
				t.Errorf("text: %q", got.text)
			}
			if !got.failed {
				t.Error("test_error_handling did not fail")
			}
			if want := []float64{0, 50, 100}; !slices.Equal(got.progress, want) {
				t.Errorf("progress %v, want %v", got.progress, want)
			}
		})
	}
}

// found is what a client has seen.
type found struct {
	tools    []string
	text     string
	failed   bool
	progress []float64
}

func stdioTransport(t *testing.T) transport.Interface {
	t.Helper()
	return transport.NewStdio(os.Args[0], append(os.Environ(), asServer+"=1"))
}

func httpTransport(t *testing.T) transport.Interface {
	t.Helper()
	tr, err := transport.NewStreamableHTTP(startHTTP(t))
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

func useMCPGo(t *testing.T, tr transport.Interface, options ...client.ClientOption) found {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	var got found
	var mu sync.Mutex
	c := client.NewClient(tr, options...)
	if err := c.Start(ctx); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	c.OnNotification(func(n mcp.JSONRPCNotification) {
		mu.Lock()
		defer mu.Unlock()
		if value, ok := n.Params.AdditionalFields["progress"].(float64); ok {
			got.progress = append(got.progress, value)
		}
	})
	hello := mcp.InitializeRequest{}
	hello.Params.ClientInfo = mcp.Implementation{Name: "test", Version: "1"}
	hello.Params.ProtocolVersion = mcp.ProtocolVersion20251125
	if _, err := c.Initialize(ctx, hello); err != nil {
		t.Fatal(err)
	}
	list, err := c.ListTools(ctx, mcp.ListToolsRequest{})
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range list.Tools {
		got.tools = append(got.tools, one.Name)
	}
	call := func(name string, token any) *mcp.CallToolResult {
		request := mcp.CallToolRequest{}
		request.Params.Name = name
		if token != nil {
			request.Params.Meta = &mcp.Meta{ProgressToken: token}
		}
		result, err := c.CallTool(ctx, request)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		return result
	}
	if text, ok := call("test_simple_text", nil).Content[0].(mcp.TextContent); ok {
		got.text = text.Text
	}
	got.failed = call("test_error_handling", nil).IsError
	call("test_tool_with_progress", "p1")
	mu.Lock()
	defer mu.Unlock()
	return got
}

func useSDK(t *testing.T, tr sdk.Transport, options *sdk.ClientSessionOptions) found {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	var got found
	var mu sync.Mutex
	c := sdk.NewClient(&sdk.Implementation{Name: "test", Version: "1"}, &sdk.ClientOptions{
		ProgressNotificationHandler: func(_ context.Context, r *sdk.ProgressNotificationClientRequest) {
			mu.Lock()
			defer mu.Unlock()
			got.progress = append(got.progress, r.Params.Progress)
		},
	})
	session, err := c.Connect(ctx, tr, options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = session.Close() })
	list, err := session.ListTools(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range list.Tools {
		got.tools = append(got.tools, one.Name)
	}
	call := func(name string, meta sdk.Meta) *sdk.CallToolResult {
		result, err := session.CallTool(ctx, &sdk.CallToolParams{Name: name, Meta: meta})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		return result
	}
	if text, ok := call("test_simple_text", nil).Content[0].(*sdk.TextContent); ok {
		got.text = text.Text
	}
	got.failed = call("test_error_handling", nil).IsError
	call("test_tool_with_progress", sdk.Meta{"progressToken": "p1"})
	mu.Lock()
	defer mu.Unlock()
	return got
}
