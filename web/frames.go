package web

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/axon-mcp/axon-mcp/acp"
	"github.com/axon-mcp/axon-mcp/fault"
)

// Codes that only /ws has.
const (
	codeBadFrame         fault.Code = "bad_frame"
	codeRateLimited      fault.Code = "rate_limited"
	codeModeNotAllowed   fault.Code = "mode_not_allowed"
	codeModeNotAvailable fault.Code = "mode_not_available"
	codeFlagBlocked      fault.Code = "flag_blocked"
	codeNoSuchPermission            = acp.NoSuchPermission
	codeSessionMoved     fault.Code = "session_moved"
)

// Frames from the client.
type (
	executeRequest struct {
		Type  string                     `json:"type"`
		ID    string                     `json:"id"`
		Mode  string                     `json:"mode"`
		Input string                     `json:"input"`
		Flags map[string]json.RawMessage `json:"flags"`
	}
	cancelRequest struct {
		Type  string `json:"type"`
		ID    string `json:"id"` // of an execution or a job
		Mode  string `json:"mode"`
		JobID string `json:"job_id"`
	}
	readFileRequest struct {
		Type string `json:"type"`
		Path string `json:"path"`
	}
	permissionResponse struct {
		Type       string `json:"type"`
		SessionID  string `json:"session_id"`
		ToolCallID string `json:"tool_call_id"`
		OptionID   string `json:"option_id"`
		PermID     string `json:"perm_id"`
		Digest     string `json:"digest"`
	}
	resumeRequest struct {
		Type         string `json:"type"`
		SessionID    string `json:"session_id"`
		ResumeSecret string `json:"resume_secret"`
		LastEvent    int64  `json:"last_event"`
	}
)

// Frames to the client.
type (
	// fallbackFrame tells that a session could not be loaded again.
	fallbackFrame struct {
		Type string `json:"type"`
		Old  string `json:"old_session_id"`
		New  string `json:"new_session_id"`
	}
	// sessionErrorFrame is an error that concerns one session: it has moved to
	// another connection, or cannot be resumed.
	sessionErrorFrame struct {
		Type      string     `json:"type"`
		Code      fault.Code `json:"code"`
		Message   string     `json:"message"`
		SessionID string     `json:"session_id"`
	}
	// about is the ctx of an execution's frames.
	about struct {
		ExecID string `json:"exec_id"`
		Mode   string `json:"mode"`
		Input  string `json:"input"`
	}
	// frame is what carries data: command.*, job.*, artifact.*.
	frame struct {
		Type string `json:"type"`
		Data any    `json:"data"`
	}
	startData struct {
		Ctx about `json:"ctx"`
	}
	lineData struct {
		Ctx  about  `json:"ctx"`
		Line string `json:"line"`
	}
	payloadData struct {
		Ctx     about `json:"ctx"`
		Payload any   `json:"payload"`
	}
	artifactData struct {
		Ctx       about          `json:"ctx"`
		Artifacts []artifactItem `json:"artifacts"`
	}
	contentData struct {
		Ctx     about  `json:"ctx"`
		Path    string `json:"path"` // as in artifactItem
		Content string `json:"content"`
	}
	artifactItem struct {
		Path      string `json:"path"` // below the output root
		Name      string `json:"name"`
		MediaType string `json:"media_type"`
		Size      int64  `json:"size"`
		About     string `json:"description,omitempty"`
	}
	donePayload struct {
		ExitCode  int   `json:"exit_code"`
		ElapsedMS int64 `json:"elapsed_ms"`
	}
	errorPayload struct {
		Code      fault.Code `json:"code"`
		Message   string     `json:"message"`
		ElapsedMS int64      `json:"elapsed_ms"`
	}
	jobStatusPayload struct {
		JobID   string `json:"job_id"`
		Status  string `json:"status"`
		Error   any    `json:"error,omitempty"`
		Metrics any    `json:"metrics,omitempty"`
	}
	jobProgressPayload struct {
		JobID     string   `json:"job_id"`
		Phase     string   `json:"phase"`
		Percent   *float64 `json:"percent,omitempty"`
		Processed *int64   `json:"processed,omitempty"`
		Total     *int64   `json:"total,omitempty"`
	}
	cancelPayload struct {
		OK      bool   `json:"ok"`
		Mode    string `json:"mode,omitempty"`
		JobID   string `json:"job_id,omitempty"`
		Message string `json:"message,omitempty"`
	}
	fileFrame struct {
		Type    string `json:"type"`
		Path    string `json:"path"`
		Content string `json:"content"`
	}
	errorFrame struct {
		Type    string     `json:"type"`
		Code    fault.Code `json:"code"`
		Message string     `json:"message"`
	}
)

// encodeFrame is json.Marshal without the escaping for HTML.
func encodeFrame(v any) ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, fmt.Errorf("encode: %w", err)
	}
	return bytes.TrimSpace(buf.Bytes()), nil
}

// jsonFrame is command.output.json around a value that is JSON already. It is
// put together by hand: encoding would read through the whole value again, which
// may have a megabyte.
func jsonFrame(at about, value json.RawMessage) []byte {
	ctx, err := encodeFrame(at)
	if err != nil || len(value) == 0 {
		ctx, value = []byte("{}"), json.RawMessage("null")
	}
	return slices.Concat([]byte(`{"type":"command.output.json","data":{"ctx":`), ctx, []byte(`,"data":`), value, []byte("}}"))
}

// receive decodes a frame and hands it on. A field that the frame does not have
// is an error (W7), so that a mistyped one is seen.
func receive[T any](data []byte, handle func(T) error) error {
	var m T
	if err := decodeStrict(data, &m); err != nil {
		return fault.New(codeBadFrame, fault.MessageOf(err))
	}
	return handle(m)
}

// decodeStrict reads one JSON value with known fields alone. It fails with
// Invalid and names the field.
func decodeStrict(data []byte, into any) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	err := dec.Decode(into)
	if err == nil {
		if _, more := dec.Token(); !errors.Is(more, io.EOF) {
			return fault.New(fault.Invalid, "something follows the JSON object")
		}
		return nil
	}
	var kind *json.UnmarshalTypeError
	if errors.As(err, &kind) {
		return fault.Errorf(fault.Invalid, "%s must be %s, not %s", cmp.Or(kind.Field, "the whole"), plainKind(kind.Type.String()), kind.Value)
	}
	if name, found := strings.CutPrefix(err.Error(), "json: unknown field "); found {
		return fault.Errorf(fault.Invalid, "there is no field %.60s here", name)
	}
	return fault.New(fault.Invalid, "this is no JSON object")
}

// plainKind says a Go type in words of JSON.
func plainKind(kind string) string {
	switch {
	case kind == "string":
		return "a string"
	case kind == "bool":
		return "true or false"
	case strings.HasPrefix(kind, "int"), strings.HasPrefix(kind, "float"):
		return "a number"
	case strings.HasPrefix(kind, "[]"):
		return "a list"
	}
	return "an object"
}

// clip bounds text that is given back.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "") + "…"
}
