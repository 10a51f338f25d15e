package mcp

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/axon-mcp/axon-mcp/fault"
	"github.com/axon-mcp/axon-mcp/security"
	"github.com/axon-mcp/axon-mcp/tools"
)

// Every code of design.md reaches the client as a result, at each door and in
// each era; what is no fault becomes internal without its text.
func TestFaultsAreResults(t *testing.T) {
	t.Parallel()
	failures := map[string]struct {
		err        error
		code, text string
	}{
		"invalid":     {fault.New(fault.Invalid, "wrong field"), "invalid", "invalid: wrong field"},
		"not_found":   {fault.New(fault.NotFound, "no such page"), "not_found", "not_found: no such page"},
		"url_blocked": {fault.New(fault.URLBlocked, "the address is not public"), "url_blocked", "url_blocked: the address is not public"},
		"forbidden":   {fault.New(fault.Forbidden, "outside"), "forbidden", "forbidden: outside"},
		"conflict":    {fault.New(fault.Conflict, "changed"), "conflict", "conflict: changed"},
		"unsupported": {fault.New(fault.Unsupported, "a zip"), "unsupported", "unsupported: a zip"},
		"too_large":   {fault.New(fault.TooLarge, "40 MiB"), "too_large", "too_large: 40 MiB"},
		"upstream":    {fault.New(fault.Upstream, "model"), "upstream", "upstream: model"},
		"unavailable": {fault.New(fault.Unavailable, "host"), "unavailable", "unavailable: host"},
		"timeout":     {context.DeadlineExceeded, "timeout", "timeout: the call took too long"},
		"busy":        {&fault.Error{Code: fault.Busy, Message: "later", RetryAfter: 1500 * time.Millisecond}, "busy", "busy: later"},
		"canceled":    {context.Canceled, "canceled", "canceled: the call was canceled"},
		"internal":    {errors.New("password is hunter2"), "internal", "internal: internal error"},
		"wrapped":     {fault.Wrap(fault.Unavailable, errors.New("10.0.0.7 refused"), "cannot reach the host"), "unavailable", "unavailable: cannot reach the host"},
	}
	registry := func() *fake {
		f := newFake()
		f.add("fail", security.ScopeRead, func(_ context.Context, call tools.Call) (*tools.Result, error) {
			var in struct{ Case string }
			if err := json.Unmarshal(call.Args, &in); err != nil {
				return nil, err
			}
			return nil, failures[in.Case].err
		})
		return f
	}
	doors(t, registry, func(t *testing.T, ask func(name, args, more string) []sent) {
		for name, want := range failures {
			got := ask("fail", `{"case":"`+name+`"}`, "")[0]
			switch {
			case got.Error != nil || got.Result == nil || !got.Result.IsError:
				t.Errorf("%s: no result with isError: %s", name, got.raw)
			case got.structured("code") != want.code || len(got.Result.Content) != 1 || got.Result.Content[0].Text != want.text:
				t.Errorf("%s: %s", name, got.raw)
			case strings.Contains(got.raw, "hunter2") || strings.Contains(got.raw, "10.0.0.7"):
				t.Errorf("%s: the cause is shown: %s", name, got.raw)
			case name == "busy" && got.structured("retry_after") != 2.0:
				t.Errorf("busy: retry_after %v", got.structured("retry_after"))
			}
		}
	})
}

func TestUnknownToolIsAProtocolError(t *testing.T) {
	t.Parallel()
	doors(t, newFake, func(t *testing.T, ask func(name, args, more string) []sent) {
		got := ask("eco", "{}", "")[0]
		if got.Error == nil || got.Error.Code != -32602 || !strings.Contains(got.Error.Message, `"echo"`) {
			t.Errorf("got %s", got.raw)
		}
	})
}

func TestPanicsStayInside(t *testing.T) {
	t.Parallel()
	registry := func() *fake {
		f := newFake()
		f.add("panic", security.ScopeRead, func(context.Context, tools.Call) (*tools.Result, error) { panic("hunter2") })
		return f
	}
	doors(t, registry, func(t *testing.T, ask func(name, args, more string) []sent) {
		got := ask("panic", "{}", "")[0]
		if got.Error == nil || got.Error.Code != -32603 || !strings.HasPrefix(got.Error.Message, "internal error ") {
			t.Errorf("got %s", got.raw)
		}
		if strings.Contains(got.raw, "hunter2") {
			t.Errorf("the panic's text is shown: %s", got.raw)
		}
		if next := ask("echo", `{"a":1}`, "")[0]; next.structured("a") != 1.0 {
			t.Errorf("the next call: %s", next.raw)
		}
	})
}

func TestResultsComeWhole(t *testing.T) {
	t.Parallel()
	registry := func() *fake {
		f := newFake()
		f.add("rich", security.ScopeRead, func(context.Context, tools.Call) (*tools.Result, error) {
			return &tools.Result{
				Structured: json.RawMessage(`{"n":9007199254740993,"html":"<b>"}`),
				Untrusted:  true,
				Blocks: []tools.Block{
					{Text: "one <source>"},
					{Link: &tools.Link{URI: "axon://artifacts/x", Name: "x", MediaType: "text/markdown", Size: 12}},
					{Image: &tools.Image{Data: []byte("png"), MediaType: "image/png"}},
				},
			}, nil
		})
		return f
	}
	doors(t, registry, func(t *testing.T, ask func(name, args, more string) []sent) {
		got := ask("rich", "{}", "")[0]
		for _, want := range []string{
			`"structuredContent":{"n":9007199254740993,"html":"<b>"}`, // no precision lost, nothing escaped
			`"text":"one <source>"`, `"uri":"axon://artifacts/x"`, `"size":12`, `"data":"cG5n"`, `"axon-mcp/trust":"untrusted"`,
		} {
			if !strings.Contains(got.raw, want) {
				t.Errorf("%s is not in %s", want, got.raw)
			}
		}
	})
}

// Integers over 2^53 survive, in ids and in arguments.
func TestNumbersKeepTheirDigits(t *testing.T) {
	t.Parallel()
	got := talk(t, doorTo(newFake()), `{"jsonrpc":"2.0","id":9007199254740993,"method":"tools/call","params":{"name":"echo","arguments":{"n":9007199254740993}}}`)
	if len(got) != 1 || !strings.Contains(got[0].raw, `"id":9007199254740993`) || !strings.Contains(got[0].raw, `{"n":9007199254740993}`) {
		t.Errorf("got %+v", got)
	}
}

// addDelete adds a tool that deletes with a token, and returns how often it did.
func addDelete(f *fake) *int {
	deleted := new(int)
	f.add("forget", security.ScopeAdmin, func(_ context.Context, call tools.Call) (*tools.Result, error) {
		in := struct {
			DryRun  bool   `json:"dry_run"`
			Confirm string `json:"confirm"`
		}{DryRun: true}
		if err := json.Unmarshal(call.Args, &in); err != nil {
			return nil, err
		}
		if !in.DryRun && in.Confirm != "t0ken" {
			return nil, &tools.ConfirmError{Question: "Delete 3 documents?", Token: "t0ken"}
		}
		if !in.DryRun {
			*deleted++
		}
		return &tools.Result{Structured: json.RawMessage(`{"done":true}`)}, nil
	})
	return deleted
}

const destroy = `{"dry_run":false}`

func TestConfirmWithoutElicitation(t *testing.T) {
	t.Parallel()
	registry := func() *fake {
		f := newFake()
		addDelete(f)
		return f
	}
	doors(t, registry, func(t *testing.T, ask func(name, args, more string) []sent) {
		got := ask("forget", destroy, "")[0]
		if got.structured("code") != "conflict" || !strings.Contains(got.raw, "t0ken") || !strings.Contains(got.raw, "Delete 3 documents?") {
			t.Errorf("got %s", got.raw)
		}
		if got := ask("forget", `{"dry_run":false,"confirm":"t0ken"}`, "")[0]; got.structured("done") != true {
			t.Errorf("with the token: %s", got.raw)
		}
	})
}

const canElicit = `"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{"elicitation":{}}}`

func TestConfirmIsAskedFor20260728(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		answer  string
		deleted int
		code    any
	}{
		"yes":            {`"inputResponses":{"confirm":{"action":"accept","content":{"confirm":true}}},"requestState":"t0ken"`, 1, nil},
		"box not ticked": {`"inputResponses":{"confirm":{"action":"accept","content":{"confirm":false}}},"requestState":"t0ken"`, 0, "canceled"},
		"no":             {`"inputResponses":{"confirm":{"action":"decline"}},"requestState":"t0ken"`, 0, "canceled"},
		"changed state":  {`"inputResponses":{"confirm":{"action":"accept","content":{"confirm":true}}},"requestState":"f0rged"`, 0, nil},
		"another answer": {`"inputResponses":{"other":{"action":"accept"}}`, 0, nil},
		"no object":      {`"inputResponses":{"confirm":12}`, 0, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFake()
			deleted := addDelete(f)
			s := serve(t, doorTo(f))
			first := s.post(callWith(1, "forget", destroy, canElicit), nil).last(t)
			if first.Result == nil || first.Result.Type != "input_required" || first.Result.State != "t0ken" || first.Result.Requests["confirm"]["method"] != "elicitation/create" {
				t.Fatalf("the question: %s", first.raw)
			}
			got := s.post(callWith(2, "forget", destroy, canElicit+","+test.answer), nil).last(t)
			if *deleted != test.deleted || got.structured("code") != test.code {
				t.Errorf("deleted %d, want %d: %s", *deleted, test.deleted, got.raw)
			}
		})
	}
}

func TestConfirmIsAskedForInASession(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		response string
		deleted  int
		code     any
	}{
		"yes":          {`"result":{"action":"accept","content":{"confirm":true}}`, 1, nil},
		"no":           {`"result":{"action":"decline"}`, 0, "canceled"},
		"cannot after": {`"error":{"code":-32601,"message":"no"}`, 0, "conflict"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFake()
			deleted := addDelete(f)
			p := open(t, doorTo(f))
			p.send(strings.Replace(hello, `"capabilities":{}`, `"capabilities":{"elicitation":{}}`, 1))
			p.until(0)
			p.send(callWith(1, "forget", destroy, ""))
			question := p.next()
			if question.Method != "elicitation/create" || !strings.Contains(question.raw, "Delete 3 documents?") {
				t.Fatalf("the question: %s", question.raw)
			}
			p.send(`{"jsonrpc":"2.0","id":1,` + test.response + `}`)
			_, got := p.until(1)
			if *deleted != test.deleted || got.structured("code") != test.code {
				t.Errorf("deleted %d, want %d: %s", *deleted, test.deleted, got.raw)
			}
		})
	}
}

// In a compact view the token goes into the inner arguments.
func TestConfirmGoesIntoCompactArguments(t *testing.T) {
	t.Parallel()
	got := confirm(tools.Call{Name: tools.CompactName, Args: json.RawMessage(`{"action":"forget","arguments":{"url":"x"}}`)}, "t")
	if want := `{"action":"forget","arguments":{"confirm":"t","dry_run":false,"url":"x"}}`; string(got) != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
