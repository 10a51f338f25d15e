package mcp

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"github.com/axon-mcp/axon-mcp/fault"
	"github.com/axon-mcp/axon-mcp/security"
	"github.com/axon-mcp/axon-mcp/tools"
)

// failure is the structured value of a failed call.
type failure struct {
	Code    fault.Code `json:"code"`
	Message string     `json:"message"`
	// RetryAfter is in seconds, where a time is known.
	RetryAfter int `json:"retry_after,omitempty"`
}

// confirmID names our one question in input requests and their answers.
const confirmID = "confirm"

// direct reports whether a call goes to the registry without the library, whose
// dispatcher decodes each message six times over. Calls are what models wait
// for, and this is what pays for the checks around them. What is odd about a
// request, the library shall say.
func (s *Server) direct(m *message) bool {
	return m.method == string(mcp.MethodToolsCall) && s.ours[m.name] && !m.odd &&
		(!m.modern() || (m.capabilities != nil && mcp.IsValidProtocolVersion(m.version)))
}

// callDirect answers such a call as the library would.
func (s *Server) callDirect(ctx context.Context, x *exchange) (result any, e *rpcError) {
	defer func() {
		if v := recover(); v != nil {
			result, e = nil, s.panicked(ctx, x, v)
		}
	}()
	var answers mcp.InputResponses
	if x.msg.answers != nil {
		if err := json.Unmarshal(x.msg.answers, &answers); err != nil {
			return nil, &rpcError{Code: mcp.INVALID_PARAMS, Message: "inputResponses is not an object of answers"}
		}
	}
	if x.msg.modern() {
		x.SetClientCapabilities(*x.msg.capabilities)
	}
	out := s.callTool(ctx, x, answers)
	if !x.msg.modern() {
		return out, nil
	}
	if x.task != nil {
		return x.task, nil
	}
	if out.ResultType == "" {
		out.ResultType = mcp.ResultTypeComplete
	}
	out.EnsureResultMeta().SetServerInfo(s.identity())
	return out, nil
}

// callFromLibrary is the handler of our tools in the library, for requests that
// are not direct.
func (s *Server) callFromLibrary(ctx context.Context, request mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	return s.callTool(ctx, exchangeFrom(ctx), request.Params.InputResponses), nil
}

// callTool runs one tool. Whatever the tool fails with is a result.
func (s *Server) callTool(ctx context.Context, x *exchange, answers mcp.InputResponses) *mcp.CallToolResult {
	t, err := s.reg.Find(ctx, x.msg.name, &s.view)
	if err != nil {
		return failed(err)
	}
	if !security.IdentityFrom(ctx).Can(t.Scope) {
		x.refuse(t.Scope)
	}
	call := tools.Call{Name: t.Name, Args: x.msg.arguments, View: &s.view, Door: x.door}
	asTask := t.Job && x.msg.modern() && x.msg.declaresTasks()
	if asTask {
		call.Args = withoutWait(call)
	}
	if x.msg.token != nil {
		p := newProgress(x)
		call.Progress = p.report
		defer p.end()
	}
	if answer := server.ElicitationResponse(answers, confirmID); answer != nil {
		if !agreed(answer) {
			return failed(errDeclined)
		}
		call.Args = confirm(call, x.msg.state)
	}
	result, err := s.reg.Call(ctx, call)
	var question *tools.ConfirmError
	if errors.As(err, &question) && x.canElicit() {
		return s.ask(ctx, x, call, question)
	}
	if err != nil {
		return failed(err)
	}
	if asTask {
		x.task = s.asTask(ctx, x, result)
	}
	return succeeded(result)
}

var errDeclined = fault.New(fault.Canceled, "the user declined; nothing was changed")

// ask lets the client's user decide on a deletion. A modern client gets the
// question as the result and calls again with the answer; the token goes with
// it as requestState, which is bound to the caller, the parameters and the
// hour by whoever made it. An older client is asked at once.
func (s *Server) ask(ctx context.Context, x *exchange, call tools.Call, question *tools.ConfirmError) *mcp.CallToolResult {
	form := mcp.ElicitationParams{
		Mode:    mcp.ElicitationModeForm,
		Message: question.Question,
		RequestedSchema: map[string]any{
			"type": "object",
			"properties": map[string]any{
				confirmID: map[string]any{"type": "boolean", "title": "Do it", "description": question.Question, "default": false},
			},
			"required": []string{confirmID},
		},
	}
	if x.msg.modern() {
		return server.NewInputRequestBuilder(question.Token).Elicit(confirmID, form).ToolResult()
	}
	answer, err := x.RequestElicitation(ctx, mcp.ElicitationRequest{Params: form})
	switch {
	case ctx.Err() != nil:
		return failed(context.Cause(ctx))
	case err != nil: // a client that cannot ask after all
		return failed(question)
	case !agreed(answer):
		return failed(errDeclined)
	}
	call.Args = confirm(call, question.Token)
	result, err := s.reg.Call(ctx, call)
	if err != nil {
		return failed(err)
	}
	return succeeded(result)
}

// agreed reports whether the user has accepted the form and ticked the box.
func agreed(answer *mcp.ElicitationResult) bool {
	content, _ := answer.Content.(map[string]any)
	yes, _ := content[confirmID].(bool)
	return answer.Action == mcp.ElicitationResponseActionAccept && yes
}

// confirm returns the arguments with the token in them. Arguments that are no
// object stay as they are, for the tool to refuse.
func confirm(call tools.Call, token string) json.RawMessage {
	if call.Name == tools.CompactName {
		return withField(call.Args, "arguments", func(inner json.RawMessage) json.RawMessage {
			return confirmed(inner, token)
		})
	}
	return confirmed(call.Args, token)
}

func confirmed(args json.RawMessage, token string) json.RawMessage {
	args = withField(args, "dry_run", func(json.RawMessage) json.RawMessage { return json.RawMessage("false") })
	return withField(args, "confirm", func(json.RawMessage) json.RawMessage { return quote(token) })
}

// quote is text as a JSON string.
func quote(text string) json.RawMessage {
	raw, err := json.Marshal(text)
	if err != nil { // a string always encodes
		return json.RawMessage(`""`)
	}
	return raw
}

// withField returns the object with one field changed, or taken out where
// change gives nil.
func withField(object json.RawMessage, name string, change func(json.RawMessage) json.RawMessage) json.RawMessage {
	fields := make(map[string]json.RawMessage)
	if err := json.Unmarshal(object, &fields); err != nil {
		return object
	}
	if value := change(fields[name]); value != nil {
		fields[name] = value
	} else {
		delete(fields, name)
	}
	raw, err := json.Marshal(fields)
	if err != nil {
		return object
	}
	return raw
}

// failed is the result of a call that failed.
func failed(err error) *mcp.CallToolResult {
	f := failure{Code: fault.CodeOf(err), Message: fault.MessageOf(err)}
	var question *tools.ConfirmError
	if errors.As(err, &question) {
		f.Code, f.Message = fault.Conflict, question.Error()
	}
	if wait := fault.RetryAfter(err); wait > 0 {
		f.RetryAfter = int(math.Ceil(wait.Seconds()))
	}
	return &mcp.CallToolResult{
		IsError:           true,
		StructuredContent: f,
		Content:           []mcp.Content{mcp.NewTextContent(string(f.Code) + ": " + f.Message)},
	}
}

// succeeded is the result of a call that did not fail.
func succeeded(result *tools.Result) *mcp.CallToolResult {
	out := &mcp.CallToolResult{StructuredContent: result.Structured}
	for _, b := range result.Blocks {
		switch {
		case b.Link != nil:
			out.Content = append(out.Content, link(b.Link))
		case b.Image != nil:
			out.Content = append(out.Content, mcp.NewImageContent(base64.StdEncoding.EncodeToString(b.Image.Data), b.Image.MediaType))
		default:
			out.Content = append(out.Content, mcp.NewTextContent(b.Text))
		}
	}
	if result.Untrusted {
		out.Meta = &mcp.Meta{AdditionalFields: map[string]any{"axon-mcp/trust": "untrusted"}}
	}
	return out
}

func link(l *tools.Link) mcp.ResourceLink {
	out := mcp.NewResourceLink(l.URI, l.Name, l.Description, l.MediaType)
	out.Annotations = &mcp.Annotations{Audience: []mcp.Role{mcp.RoleUser, mcp.RoleAssistant}}
	if l.Size > 0 {
		out.Size = &l.Size
	}
	return out
}
