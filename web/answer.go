package web

import (
	"crypto/rand"
	"errors"
	"io"
	"log/slog"
	"math"
	"mime"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/axon-mcp/axon-mcp/acp"
	"github.com/axon-mcp/axon-mcp/fault"
	"github.com/axon-mcp/axon-mcp/security"
	"github.com/axon-mcp/axon-mcp/tools"
)

// csp is the page's policy (ui.md, section 6).
const csp = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

// codeUnauthorized is the one code that only HTTP has.
const codeUnauthorized fault.Code = "unauthorized"

// answered is an error that has another status than its code's.
type answered struct {
	error
	status int
}

// Unwrap gives the error itself.
func (a answered) Unwrap() error { return a.error }

// errorBody is what every failure says.
type errorBody struct {
	Code    fault.Code `json:"code"`
	Message string     `json:"message"`
	ID      string     `json:"id,omitempty"` // finds an internal error's cause in the log
	// Confirm is the token of a destructive call that wants to be confirmed.
	Confirm string `json:"confirm,omitempty"`
}

// statusOf is the table "Errors" of design.md.
func statusOf(code fault.Code) int {
	switch code {
	case fault.Invalid:
		return http.StatusBadRequest
	case codeUnauthorized:
		return http.StatusUnauthorized
	case fault.NotFound, acp.NoSuchPermission:
		return http.StatusNotFound
	case fault.URLBlocked, fault.Forbidden:
		return http.StatusForbidden
	case fault.Conflict, acp.AmbiguousPermission:
		return http.StatusConflict
	case fault.Unsupported:
		return http.StatusUnsupportedMediaType
	case fault.TooLarge:
		return http.StatusRequestEntityTooLarge
	case fault.Upstream:
		return http.StatusBadGateway
	case fault.Unavailable:
		return http.StatusServiceUnavailable
	case fault.Timeout:
		return http.StatusGatewayTimeout
	case fault.Busy:
		return http.StatusTooManyRequests
	case fault.Canceled:
		return 499
	}
	return http.StatusInternalServerError
}

// refuse answers with an error: the one mapper of this door. What is no fault
// becomes internal, with an id that the log has too.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, err error) {
	code := fault.CodeOf(err)
	body := errorBody{Code: code, Message: fault.MessageOf(err)}
	var question *tools.ConfirmError
	if errors.As(err, &question) {
		code = fault.Conflict
		body = errorBody{Code: code, Message: question.Error(), Confirm: question.Token}
	}
	if code == fault.Internal {
		var f *fault.Error
		if errors.As(err, &f) {
			body.ID = f.ID // the registry has logged it
		}
		if body.ID == "" {
			body.ID = strings.ToLower(rand.Text()[:12])
			s.log.LogAttrs(r.Context(), slog.LevelError, "internal error", slog.String("id", body.ID), slog.String("path", r.URL.Path), slog.String("error", err.Error()))
		}
		body.Message = "internal error " + body.ID + " (the log has its cause under this id)"
	}
	if wait := fault.RetryAfter(err); wait > 0 || code == fault.Busy {
		w.Header().Set("Retry-After", strconv.Itoa(max(1, int(math.Ceil(wait.Seconds())))))
	}
	status := statusOf(code)
	var other answered
	if errors.As(err, &other) {
		status = other.status
	}
	s.answer(w, r, status, body)
}

// answer writes a value as JSON.
func (s *Server) answer(w http.ResponseWriter, r *http.Request, status int, value any) {
	raw, err := encodeFrame(value)
	if err != nil {
		s.log.ErrorContext(r.Context(), "encode an answer", "error", err)
		status, raw = http.StatusInternalServerError, []byte(`{"code":"internal","message":"internal error"}`)
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Length", strconv.Itoa(len(raw)+1))
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = newSlowWriter(w).Write(append(raw, '\n')) // the asker may have gone
	}
}

// maxBody is what a JSON request may have at most.
const maxBody = 1 << 20

// readBody decodes a JSON body with known fields alone.
func readBody(w http.ResponseWriter, r *http.Request, into any) error {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return fault.New(fault.Unsupported, "Content-Type must be application/json")
	}
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var over *http.MaxBytesError
	switch {
	case errors.As(err, &over):
		return fault.Errorf(fault.TooLarge, "the body is over %d bytes", maxBody)
	case err != nil:
		return fault.New(fault.Invalid, "the body did not arrive whole")
	}
	return decodeStrict(raw, into)
}

// jsonRoute is the one handler of JSON routes: decode, run, answer. A route
// without fields takes no body.
func jsonRoute[In, Out any](s *Server, run func(w http.ResponseWriter, r *http.Request, in In) (Out, error)) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		var in In
		if any(in) != any(struct{}{}) {
			if err := readBody(w, r, &in); err != nil {
				return err
			}
		}
		out, err := run(w, r, in)
		if err != nil {
			return err
		}
		s.answer(w, r, http.StatusOK, out)
		return nil
	}
}

func notHere(http.ResponseWriter, *http.Request) error {
	return fault.New(fault.NotFound, "there is no such address here; /api/openapi.json lists them")
}

// watched sets the headers that every answer has, catches panics, counts and
// logs. The log has no query: tokens and tickets stand there.
func (s *Server) watched(next http.Handler) http.Handler {
	public, err := parseOrigin(s.deps.Config.PublicURL)
	secure := err == nil && public.scheme == "https"
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begun := s.deps.Now()
		security.PageHeaders(w.Header(), secure)
		w.Header().Set("Content-Security-Policy", csp)
		seen := &seenWriter{ResponseWriter: w}
		// The last answer of this connection may have left its time behind.
		_ = http.NewResponseController(w).SetWriteDeadline(time.Time{}) // not every writer has deadlines
		defer func() {
			if v := recover(); v != nil {
				if v == http.ErrAbortHandler {
					panic(v)
				}
				s.log.LogAttrs(r.Context(), slog.LevelError, "panic", slog.String("path", r.URL.Path), slog.Any("panic", v), slog.String("stack", string(debug.Stack())))
				if seen.status == 0 {
					s.refuse(seen, r, fault.New(fault.Internal, "panic"))
				}
			}
			took := s.deps.Now().Sub(begun)
			if seen.status != http.StatusSwitchingProtocols { // a socket's life is no time of an answer
				s.metrics.request(seen.status, took)
			}
			s.log.LogAttrs(r.Context(), slog.LevelDebug, "request", slog.String("method", r.Method), slog.String("path", clip(r.URL.Path, 200)),
				slog.Int("status", seen.status), slog.Int64("bytes", seen.bytes), slog.Float64("ms", float64(took)/float64(time.Millisecond)))
		}()
		if err := plainPaths(r); err != nil {
			s.refuse(seen, r, err)
			return
		}
		next.ServeHTTP(seen, r)
	})
}

// seenWriter remembers what was answered.
type seenWriter struct {
	http.ResponseWriter
	status int
	bytes  int64
}

// WriteHeader remembers the status.
func (w *seenWriter) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write counts.
func (w *seenWriter) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	n, err := w.ResponseWriter.Write(p)
	w.bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController reach the connection.
func (w *seenWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
