package mcp

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"math"
	"mime"
	"net/http"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/axon-mcp/axon-mcp/fault"
	"github.com/axon-mcp/axon-mcp/security"
)

// Headers of streamable HTTP, in the form of net/http.
const (
	headerSession = "Mcp-Session-Id"
	headerVersion = "Mcp-Protocol-Version"
	headerMethod  = "Mcp-Method"
	headerName    = "Mcp-Name"
)

// bodyLimit is how long a client may take to send its message.
const bodyLimit = 30 * time.Second

// Handler serves the endpoint /mcp. auth lets callers in and puts their
// identity into the context; Bearer makes one. The server around it sets the
// times for headers and idle connections, and no WriteTimeout: streams are
// long, and each write of theirs has a limit of its own.
func (s *Server) Handler(auth func(http.Handler) http.Handler) http.Handler {
	door := newGuard(s.cfg, s.log).wrap(auth(http.HandlerFunc(s.serveHTTP)))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			v := recover()
			if v == nil {
				return
			}
			if v == http.ErrAbortHandler {
				panic(v)
			}
			s.log.LogAttrs(r.Context(), slog.LevelError, "panic in the MCP endpoint", slog.Any("panic", v), slog.String("stack", string(debug.Stack())))
			refuse(w, http.StatusInternalServerError, "internal error")
		}()
		door.ServeHTTP(w, r)
	})
}

func (s *Server) serveHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.Method {
	case http.MethodPost:
		s.post(w, r)
	case http.MethodDelete:
		s.endSession(w, r)
	default:
		// A stream by GET would carry what is sent outside of requests, and
		// this server sends nothing of that kind.
		w.Header().Set("Allow", "POST, DELETE")
		refuse(w, http.StatusMethodNotAllowed, "use POST; this server has no stream outside of requests")
	}
}

// endSession is DELETE: the client of a session is done.
func (s *Server) endSession(w http.ResponseWriter, r *http.Request) {
	if mcp.IsModernProtocol(r.Header.Get(headerVersion)) {
		w.Header().Set("Allow", "POST")
		refuse(w, http.StatusMethodNotAllowed, "this revision has no sessions")
		return
	}
	if own := s.session(w, r, nil); own != nil {
		s.sessions.remove(own)
		w.WriteHeader(http.StatusNoContent)
	}
}

func (s *Server) post(w http.ResponseWriter, r *http.Request) {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		refuse(w, http.StatusUnsupportedMediaType, "Content-Type must be application/json")
		return
	}
	if encoding := r.Header.Get("Content-Encoding"); encoding != "" && encoding != "identity" {
		refuse(w, http.StatusUnsupportedMediaType, "Content-Encoding is not supported; send the message as it is")
		return
	}
	body, ok := readBody(w, r)
	if !ok {
		return
	}
	m, bad := parse(body)
	if bad != nil {
		refuseMessage(w, http.StatusBadRequest, m.id, bad)
		return
	}
	if m.modern() || mcp.IsModernProtocol(r.Header.Get(headerVersion)) {
		s.postModern(w, r, m)
		return
	}
	s.postLegacy(w, r, m)
}

// readBody reads the message within its limits of size and time.
func readBody(w http.ResponseWriter, r *http.Request) ([]byte, bool) {
	const tooLarge = "the message is over 4 MiB"
	if r.ContentLength > maxMessage {
		w.Header().Set("Connection", "close") // rather than read it all
		refuse(w, http.StatusRequestEntityTooLarge, tooLarge)
		return nil, false
	}
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Now().Add(bodyLimit)) // not every writer has deadlines
	limited := http.MaxBytesReader(w, r.Body, maxMessage)
	var body []byte
	var err error
	if r.ContentLength > 0 {
		body = make([]byte, r.ContentLength)
		_, err = io.ReadFull(limited, body)
	} else {
		body, err = io.ReadAll(limited)
	}
	var over *http.MaxBytesError
	switch {
	case errors.As(err, &over):
		refuse(w, http.StatusRequestEntityTooLarge, tooLarge)
	case err != nil:
		refuse(w, http.StatusBadRequest, "the message did not arrive whole")
	default:
		_ = control.SetReadDeadline(time.Time{}) // net/http reads on to see the client go
		return body, true
	}
	return nil, false
}

// postModern serves revision 2026-07-28 and later.
func (s *Server) postModern(w http.ResponseWriter, r *http.Request, m *message) {
	if m.method == "" {
		refuseMessage(w, http.StatusBadRequest, m.id, &rpcError{
			Code:    mcp.INVALID_REQUEST,
			Message: "this revision has no requests from the server, so there is nothing to respond to",
		})
		return
	}
	if e := checkHeaders(r.Header, m); e != nil {
		refuseMessage(w, http.StatusBadRequest, m.id, e)
		return
	}
	if m.id == nil {
		// To cancel, a modern client closes the response; nothing else that
		// it could notify has a meaning here.
		w.WriteHeader(http.StatusAccepted)
		return
	}
	s.run(w, r, m, &client{}, nil, "")
}

// checkHeaders holds the headers against the body (2026-07-28, streamable HTTP,
// "Server Validation").
func checkHeaders(h http.Header, m *message) *rpcError {
	mismatch := func(text string) *rpcError { return &rpcError{Code: mcp.HEADER_MISMATCH, Message: text} }
	version := h.Get(headerVersion)
	switch {
	case h.Get("Last-Event-ID") != "":
		return mismatch("Last-Event-ID has no meaning in this revision: send the request again with a new id")
	case version == "":
		return mismatch(headerVersion + " is missing")
	case m.version == "":
		return &rpcError{Code: mcp.INVALID_PARAMS, Message: "_meta lacks " + mcp.MetaKeyProtocolVersion}
	case version != m.version:
		return mismatch(headerVersion + " is not the version in _meta")
	case !mcp.IsValidProtocolVersion(m.version):
		details := mcp.UnsupportedProtocolVersionError{Version: m.version, Supported: mcp.ValidProtocolVersions}.JSONRPCError().Error
		return &rpcError{Code: details.Code, Message: details.Message, Data: details.Data}
	}
	if h.Get(headerMethod) != m.method {
		return mismatch(headerMethod + " is not the method in the message")
	}
	if want, needed := m.named(); needed {
		if name, ok := mcp.DecodeHeaderValue(h.Get(headerName)); !ok || name != want {
			return mismatch(headerName + " is not the name in the message")
		}
	}
	return nil
}

// named is what a request names and the header Mcp-Name repeats, and whether
// its method names anything.
func (m *message) named() (name string, needed bool) {
	switch m.method {
	case string(mcp.MethodToolsCall), string(mcp.MethodPromptsGet):
		return m.name, true
	case string(mcp.MethodResourcesRead):
		return m.uri, true
	case methodTasksGet, methodTasksUpdate, methodTasksCancel:
		return m.taskID, true
	}
	return "", false
}

// postLegacy serves the revisions with sessions.
func (s *Server) postLegacy(w http.ResponseWriter, r *http.Request, m *message) {
	if m.method == string(mcp.MethodInitialize) && m.id != nil {
		own, err := s.sessions.open(security.IdentityFrom(r.Context()).Subject, time.Now())
		if err != nil {
			busy(w, m.id, fault.MessageOf(err), fault.RetryAfter(err))
			return
		}
		s.run(w, r, m, &own.client, &own.inflight, own.id)
		return
	}
	if version := r.Header.Get(headerVersion); version != "" && !mcp.IsValidProtocolVersion(version) {
		refuseMessage(w, http.StatusBadRequest, m.id, &rpcError{Code: mcp.INVALID_REQUEST, Message: "unsupported " + headerVersion})
		return
	}
	own := s.session(w, r, m.id)
	switch {
	case own == nil:
	case m.method == "":
		own.deliver(m)
		w.WriteHeader(http.StatusAccepted)
	case m.method == string(mcp.MethodNotificationCancelled):
		own.withdraw(m.requestID)
		w.WriteHeader(http.StatusAccepted)
	case m.id == nil:
		w.WriteHeader(http.StatusAccepted)
	default:
		s.run(w, r, m, &own.client, &own.inflight, "")
	}
}

// session finds the caller's session, or answers and returns nil.
func (s *Server) session(w http.ResponseWriter, r *http.Request, id json.RawMessage) *session {
	name := r.Header.Get(headerSession)
	if name == "" {
		refuseMessage(w, http.StatusBadRequest, id, &rpcError{
			Code:    mcp.INVALID_REQUEST,
			Message: headerSession + " is missing: begin with initialize, or send revision 2026-07-28 with its headers",
		})
		return nil
	}
	own, ok := s.sessions.get(name, security.IdentityFrom(r.Context()).Subject, time.Now())
	if !ok {
		refuseMessage(w, http.StatusNotFound, id, &rpcError{
			Code:    mcp.INVALID_REQUEST,
			Message: "there is no such session; it may have ended: begin again with initialize",
		})
		return nil
	}
	return own
}

// run answers one request of either era. opened is the id of a session that
// this request has made.
func (s *Server) run(w http.ResponseWriter, r *http.Request, m *message, c *client, calls *inflight, opened string) {
	subject := security.IdentityFrom(r.Context()).Subject
	leave, wait := s.limits.enter(subject, m.method == string(mcp.MethodSubscriptionsListen), time.Now())
	if leave == nil {
		busy(w, m.id, "too many requests at once or in a minute (AXON_MCP_CALLS_AT_ONCE, AXON_MCP_CALLS_PER_MINUTE)", wait)
		return
	}
	defer leave()
	out := newReply(w, r)
	out.session = opened
	defer out.abandon()
	ctx := r.Context()
	if !m.modern() {
		ctx = context.WithoutCancel(ctx) // there, a lost connection is no cancel
	}
	ctx, x := s.newExchange(ctx, "http", c, m, out)
	defer s.close(x)
	if calls != nil {
		calls.add(x)
		defer calls.remove(x)
	}
	answer, e := s.handle(ctx, x)
	x.finish()
	if x.withdrawn() {
		out.finish(nil, http.StatusAccepted, "")
		return
	}
	challenge := ""
	if x.needs != "" {
		challenge = insufficientScope(r, x.needs)
	}
	out.finish(answer, statusOf(m, e), challenge)
}

// statusOf is the HTTP status of an answer. Only 2026-07-28 maps errors.
func statusOf(m *message, e *rpcError) int {
	if e == nil || !m.modern() {
		return http.StatusOK
	}
	switch e.Code {
	case mcp.METHOD_NOT_FOUND:
		return http.StatusNotFound
	case mcp.HEADER_MISMATCH, mcp.MISSING_REQUIRED_CLIENT_CAPABILITY, mcp.UNSUPPORTED_PROTOCOL_VERSION,
		mcp.INVALID_REQUEST, mcp.INVALID_PARAMS, mcp.PARSE_ERROR:
		return http.StatusBadRequest
	}
	return http.StatusOK
}

// busy is 429 with the time after which to try again.
func busy(w http.ResponseWriter, id json.RawMessage, message string, wait time.Duration) {
	w.Header().Set("Retry-After", strconv.Itoa(max(1, int(math.Ceil(wait.Seconds())))))
	refuseMessage(w, http.StatusTooManyRequests, id, &rpcError{
		Code: mcp.INTERNAL_ERROR, Message: message,
		Data: failure{Code: fault.Busy, Message: message},
	})
}
