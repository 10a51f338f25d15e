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
	params json.RawMessage

	// Of a response: exactly one is set.
	result, failure json.RawMessage

	// Of the parameters, where they are there and of the right type.
	version   string          // protocol version of this request; empty in the older era
	token     json.RawMessage // progress token
	name      string          // tool or prompt
	cursor    string
	requestID json.RawMessage // of notifications/cancelled
	taskID    string          // of the tasks extension

	listensToTasks bool // subscriptions/listen asks for tasks
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
	var envelope struct {
		JSONRPC json.RawMessage `json:"jsonrpc"`
		ID      json.RawMessage `json:"id"`
		Method  json.RawMessage `json:"method"`
		Params  json.RawMessage `json:"params"`
		Result  json.RawMessage `json:"result"`
		Error   json.RawMessage `json:"error"`
	}
	if err := json.Unmarshal(m.raw, &envelope); err != nil {
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			return m, &rpcError{Code: mcp.PARSE_ERROR, Message: fmt.Sprintf("the message is not JSON: %v at byte %d", err, syntax.Offset)}
		}
		return m, &rpcError{Code: mcp.INVALID_REQUEST, Message: "the message is not a JSON-RPC object"}
	}
	if len(envelope.ID) > 0 {
		if !validID(envelope.ID) {
			return m, &rpcError{Code: mcp.INVALID_REQUEST, Message: "id must be a string or an integer"}
		}
		m.id = envelope.ID
	}
	if string(envelope.JSONRPC) != `"2.0"` {
		return m, &rpcError{Code: mcp.INVALID_REQUEST, Message: `jsonrpc must be "2.0"`}
	}
	m.result, m.failure = envelope.Result, envelope.Error
	if len(envelope.Method) == 0 {
		if m.id == nil || (m.result == nil) == (m.failure == nil) {
			return m, &rpcError{Code: mcp.INVALID_REQUEST, Message: "the message has no method and is no response either"}
		}
		return m, nil
	}
	if err := json.Unmarshal(envelope.Method, &m.method); err != nil || m.method == "" {
		return m, &rpcError{Code: mcp.INVALID_REQUEST, Message: "method must be a string"}
	}
	m.params = envelope.Params
	m.readParams()
	return m, nil
}

// readParams takes out of the parameters what the door looks at. What is
// missing or of another type stays empty: the library or the tool says so, with
// the method's own words.
func (m *message) readParams() {
	var params struct {
		Meta struct {
			Version json.RawMessage `json:"io.modelcontextprotocol/protocolVersion"`
			Token   json.RawMessage `json:"progressToken"`
		} `json:"_meta"`
		Name      json.RawMessage `json:"name"`
		Cursor    json.RawMessage `json:"cursor"`
		RequestID json.RawMessage `json:"requestId"`
		TaskID    json.RawMessage `json:"taskId"`
		Listen    json.RawMessage `json:"notifications"`
	}
	if json.Unmarshal(m.params, &params) != nil {
		return
	}
	for _, field := range []struct {
		raw json.RawMessage
		to  *string
	}{{params.Meta.Version, &m.version}, {params.Name, &m.name}, {params.Cursor, &m.cursor}, {params.TaskID, &m.taskID}} {
		if len(field.raw) > 0 && field.raw[0] == '"' {
			_ = json.Unmarshal(field.raw, field.to) // a string within valid JSON
		}
	}
	if validID(params.Meta.Token) {
		m.token = params.Meta.Token
	}
	if validID(params.RequestID) {
		m.requestID = params.RequestID
	}
	if m.method == string(mcp.MethodSubscriptionsListen) {
		var filter map[string]json.RawMessage
		_ = json.Unmarshal(params.Listen, &filter) // the library refuses what is no object
		_, m.listensToTasks = filter["taskIds"]
	}
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
