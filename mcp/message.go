package mcp

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/mark3labs/mcp-go/mcp"
)

// maxMessage bounds one message from a client, in bytes, at both transports.
const maxMessage = 4 << 20

// message is one JSON-RPC message, read as far as its way depends on it.
type message struct {
	raw    []byte
	id     json.RawMessage // a string or an integer; nil for notifications
	method string          // empty for a response

	// Of a response: exactly one is set.
	result, failure json.RawMessage

	// Of the parameters, where they are there and of the right type.
	version   string          // protocol version of this request; empty in the older era
	token     json.RawMessage // progress token
	name      string          // tool or prompt
	uri       string          // resource
	cursor    string
	requestID json.RawMessage // of notifications/cancelled
	taskID    string          // of the tasks extension

	// capabilities are what a modern request says of its client.
	capabilities   *mcp.ClientCapabilities
	listensToTasks bool // subscriptions/listen asks for tasks

	// Of tools/call.
	arguments, answers json.RawMessage
	state              string
	// odd tells that some parameter was of another type than it should be.
	odd bool
}

// declaresTasks reports whether the request names the extension.
func (m *message) declaresTasks() bool {
	if m.capabilities == nil {
		return false
	}
	_, declared := m.capabilities.Extensions[tasksExtension]
	return declared
}

// modern reports whether the message itself names a revision without sessions.
func (m *message) modern() bool { return mcp.IsModernProtocol(m.version) }

// rpcError is a JSON-RPC error.
type rpcError struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
	Data    any    `json:"data,omitempty"`
}

// parse reads one message. Its error is for the client; the message's id is set
// where it could be read.
func parse(raw []byte) (*message, *rpcError) {
	m := &message{raw: bytes.TrimSpace(raw)}
	if !utf8.Valid(m.raw) {
		return m, &rpcError{Code: mcp.PARSE_ERROR, Message: "the message is not UTF-8"}
	}
	if len(m.raw) > 0 && m.raw[0] == '[' {
		return m, &rpcError{Code: mcp.INVALID_REQUEST, Message: "batches are not part of MCP; send one message at a time"}
	}
	var in incoming
	if err := json.Unmarshal(m.raw, &in); err != nil {
		var kind *json.UnmarshalTypeError
		var syntax *json.SyntaxError
		switch {
		case errors.As(err, &syntax):
			return m, &rpcError{Code: mcp.PARSE_ERROR, Message: fmt.Sprintf("the message is not JSON: %v at byte %d", err, syntax.Offset)}
		case !errors.As(err, &kind) || kind.Field == "":
			return m, &rpcError{Code: mcp.INVALID_REQUEST, Message: "the message is not a JSON-RPC object"}
		}
		// Something within the parameters is of another type. It counts as
		// missing here: the library or the tool says so, in the method's words.
		m.odd = true
	}
	if len(in.ID) > 0 {
		if !validID(in.ID) {
			return m, &rpcError{Code: mcp.INVALID_REQUEST, Message: "id must be a string or an integer"}
		}
		m.id = in.ID
	}
	if string(in.JSONRPC) != `"2.0"` {
		return m, &rpcError{Code: mcp.INVALID_REQUEST, Message: `jsonrpc must be "2.0"`}
	}
	m.result, m.failure = in.Result, in.Error
	if len(in.Method) == 0 {
		if m.id == nil || (m.result == nil) == (m.failure == nil) {
			return m, &rpcError{Code: mcp.INVALID_REQUEST, Message: "the message has no method and is no response either"}
		}
		return m, nil
	}
	if m.method = text(in.Method); m.method == "" {
		return m, &rpcError{Code: mcp.INVALID_REQUEST, Message: "method must be a string"}
	}
	m.take(&in)
	return m, nil
}

// incoming is what is read of a message in one go.
type incoming struct {
	JSONRPC json.RawMessage `json:"jsonrpc"`
	ID      json.RawMessage `json:"id"`
	Method  json.RawMessage `json:"method"`
	Result  json.RawMessage `json:"result"`
	Error   json.RawMessage `json:"error"`
	Params  struct {
		Meta struct {
			Version      json.RawMessage         `json:"io.modelcontextprotocol/protocolVersion"`
			Token        json.RawMessage         `json:"progressToken"`
			Capabilities *mcp.ClientCapabilities `json:"io.modelcontextprotocol/clientCapabilities"`
		} `json:"_meta"`
		Arguments     json.RawMessage `json:"arguments"`
		Answers       json.RawMessage `json:"inputResponses"`
		State         json.RawMessage `json:"requestState"`
		Name          json.RawMessage `json:"name"`
		URI           json.RawMessage `json:"uri"`
		Cursor        json.RawMessage `json:"cursor"`
		RequestID     json.RawMessage `json:"requestId"`
		TaskID        json.RawMessage `json:"taskId"`
		Notifications struct {
			TaskIDs json.RawMessage `json:"taskIds"`
		} `json:"notifications"`
	} `json:"params"`
}

// take keeps the parameters that the door looks at.
func (m *message) take(in *incoming) {
	p := &in.Params
	m.version = text(p.Meta.Version)
	m.name, m.uri, m.cursor, m.taskID = text(p.Name), text(p.URI), text(p.Cursor), text(p.TaskID)
	if validID(p.Meta.Token) {
		m.token = p.Meta.Token
	}
	if validID(p.RequestID) {
		m.requestID = p.RequestID
	}
	m.capabilities = p.Meta.Capabilities
	m.arguments, m.answers, m.state = p.Arguments, p.Answers, text(p.State)
	m.listensToTasks = p.Notifications.TaskIDs != nil
}

// text is the string that raw, valid JSON, stands for; empty for anything else.
func text(raw json.RawMessage) string {
	if len(raw) < 2 || raw[0] != '"' {
		return ""
	}
	if bytes.IndexByte(raw, '\\') < 0 {
		return string(raw[1 : len(raw)-1])
	}
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return ""
	}
	return s
}

// validID reports whether raw, which is valid JSON, is a string or an integer.
func validID(raw json.RawMessage) bool {
	if len(raw) == 0 {
		return false
	}
	if raw[0] == '"' {
		return true
	}
	return (raw[0] == '-' || (raw[0] >= '0' && raw[0] <= '9')) && !bytes.ContainsAny(raw, ".eE")
}

// idOf looks for the id in the beginning of a message that is too long to
// read, so that the client learns which of its requests was refused. Nil where
// it does not come before the long part.
func idOf(beginning []byte) json.RawMessage {
	dec := json.NewDecoder(bytes.NewReader(beginning))
	if open, err := dec.Token(); err != nil || open != json.Delim('{') {
		return nil
	}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return nil
		}
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return nil
		}
		if key == "id" && validID(value) {
			return value
		}
	}
	return nil
}

// encodeResult is the response with a result.
func encodeResult(id json.RawMessage, result any) ([]byte, error) {
	return encode(struct {
		JSONRPC string          `json:"jsonrpc"`
		ID      json.RawMessage `json:"id"`
		Result  any             `json:"result"`
	}{mcp.JSONRPC_VERSION, id, wire(result)})
}

// encodeError is the response with an error; id may be nil.
func encodeError(id json.RawMessage, e *rpcError) []byte {
	raw, err := encode(struct {
		JSONRPC string          `json:"jsonrpc"`
		ID      json.RawMessage `json:"id"`
		Error   *rpcError       `json:"error"`
	}{mcp.JSONRPC_VERSION, nullable(id), e})
	if err != nil { // Data that does not encode: never ours
		return encodeError(id, &rpcError{Code: e.Code, Message: e.Message})
	}
	return raw
}

// encodeCall is a notification (id nil) or a request of ours.
func encodeCall(id any, method string, params any) ([]byte, error) {
	return encode(struct {
		JSONRPC string `json:"jsonrpc"`
		ID      any    `json:"id,omitempty"`
		Method  string `json:"method"`
		Params  any    `json:"params,omitempty"`
	}{mcp.JSONRPC_VERSION, id, method, params})
}

func nullable(id json.RawMessage) json.RawMessage {
	if id == nil {
		return json.RawMessage("null")
	}
	return id
}

// encode is json.Marshal without the escaping that is for HTML, which would
// make every < of a page six bytes long. The text has no newline.
func encode(v any) ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, fmt.Errorf("encode a message: %w", err)
	}
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n")), nil
}

// callResult is mcp.CallToolResult as it goes out. The library's own encoder
// goes through a map and escapes for HTML.
type callResult struct {
	Meta       *mcp.Meta         `json:"_meta,omitempty"`
	Type       mcp.ResultType    `json:"resultType,omitempty"`
	Content    []mcp.Content     `json:"content"`
	Structured any               `json:"structuredContent,omitempty"`
	IsError    bool              `json:"isError,omitempty"`
	Requests   mcp.InputRequests `json:"inputRequests,omitempty"`
	State      string            `json:"requestState,omitempty"`
}

// wire returns result in the form in which it is encoded.
func wire(result any) any {
	var r mcp.CallToolResult
	switch v := result.(type) {
	case mcp.CallToolResult:
		r = v
	case *mcp.CallToolResult:
		r = *v
	default:
		return result
	}
	out := callResult{
		Meta: r.Meta, Type: r.ResultType, Content: r.Content, Structured: r.StructuredContent,
		IsError: r.IsError, Requests: r.InputRequests, State: r.RequestState,
	}
	if out.Content == nil {
		out.Content = []mcp.Content{}
	}
	return out
}
