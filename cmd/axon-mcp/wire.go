package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/axon-mcp/axon-mcp/fault"
	"github.com/axon-mcp/axon-mcp/jobs"
)

// wire is the smallest MCP client: one request after the other over a stream of
// lines, with progress. The demo speaks through it, so that it shows what a
// client gets and not what a function returns.
type wire struct {
	mu     sync.Mutex
	out    io.Writer
	in     *bufio.Reader
	lastID int
}

func newWire(in io.Reader, out io.Writer) *wire {
	return &wire{in: bufio.NewReaderSize(in, 1<<20), out: out}
}

// message is a JSON-RPC message of any kind.
type message struct {
	Version string          `json:"jsonrpc"`
	ID      *int            `json:"id,omitempty"`
	Method  string          `json:"method,omitempty"`
	Params  any             `json:"params,omitempty"`
	Result  json.RawMessage `json:"result,omitempty"`
	Error   *struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
	} `json:"error,omitempty"`
}

// protocol is the newest revision with a handshake, which shows more than the
// stateless one.
const protocol = "2025-11-25"

// hello opens the session.
func (w *wire) hello(ctx context.Context) error {
	_, err := w.request(ctx, "initialize", map[string]any{
		"protocolVersion": protocol, "capabilities": map[string]any{},
		"clientInfo": map[string]string{"name": "axon-mcp demo", "version": version},
	}, nil)
	if err != nil {
		return err
	}
	return w.send(message{Version: "2.0", Method: "notifications/initialized"})
}

// call calls a tool and decodes its structured result into result.
func (w *wire) call(ctx context.Context, tool string, args, result any, progress func(jobs.Progress)) error {
	params := map[string]any{"name": tool, "arguments": args}
	if progress != nil {
		params["_meta"] = map[string]any{"progressToken": tool}
	}
	raw, err := w.request(ctx, "tools/call", params, progress)
	if err != nil {
		return fmt.Errorf("call %s: %w", tool, err)
	}
	var answer struct {
		Structured json.RawMessage `json:"structuredContent"`
		IsError    bool            `json:"isError"`
	}
	if err := json.Unmarshal(raw, &answer); err != nil {
		return fmt.Errorf("call %s: read the answer: %w", tool, err)
	}
	if answer.IsError {
		var failed failure
		if err := json.Unmarshal(answer.Structured, &failed); err != nil {
			return fmt.Errorf("call %s: read the failure: %w", tool, err)
		}
		return fault.New(failed.Code, tool+": "+failed.Message)
	}
	return json.Unmarshal(answer.Structured, result)
}

// request sends a request and reads until its answer comes.
func (w *wire) request(ctx context.Context, method string, params any, progress func(jobs.Progress)) (json.RawMessage, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lastID++
	id := w.lastID
	if err := w.send(message{Version: "2.0", ID: &id, Method: method, Params: params}); err != nil {
		return nil, err
	}
	for {
		line, err := w.in.ReadBytes('\n')
		if err != nil {
			return nil, errors.Join(ctx.Err(), fmt.Errorf("the server is gone: %w", err))
		}
		var m message
		if err := json.Unmarshal(line, &m); err != nil {
			return nil, fmt.Errorf("the server sent no message: %w", err)
		}
		switch {
		case m.Method == "notifications/progress" && progress != nil:
			progress(progressOf(line))
		case m.ID == nil || *m.ID != id:
		case m.Error != nil:
			return nil, fmt.Errorf("%s: %s (%d)", method, m.Error.Message, m.Error.Code)
		default:
			return m.Result, nil
		}
	}
}

// progressOf reads a progress notification.
func progressOf(line []byte) jobs.Progress {
	var m struct {
		Params struct {
			Progress float64 `json:"progress"`
			Total    float64 `json:"total"`
			Message  string  `json:"message"`
		} `json:"params"`
	}
	_ = json.Unmarshal(line, &m) // a bar may miss a step
	return jobs.Progress{Done: int64(m.Params.Progress), Total: int64(m.Params.Total), Phase: m.Params.Message}
}

func (w *wire) send(m message) error {
	raw, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("encode a message: %w", err)
	}
	if _, err := w.out.Write(append(raw, '\n')); err != nil {
		return fmt.Errorf("send to the server: %w", err)
	}
	return nil
}
