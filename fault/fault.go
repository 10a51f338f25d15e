// Package fault is the one error type of axon-mcp: a code that programs read,
// a message that the user reads, and a cause that only the log sees.
//
// Every door (MCP, HTTP, command line, /ws) maps a code to its own form in one
// place. An error that is no fault is Internal: the user gets an id and no
// detail, the log gets the cause.
package fault

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Code names what kind of failure happened. Codes are part of the product's
// interface and never change their spelling.
type Code string

// The codes, as every door shows them.
const (
	Invalid     Code = "invalid"     // the input is wrong; the message says how to mend it
	NotFound    Code = "not_found"   // the named thing is not there
	URLBlocked  Code = "url_blocked" // the guard refused a URL or an address
	Forbidden   Code = "forbidden"   // the caller may not do this
	Conflict    Code = "conflict"    // the state has changed meanwhile
	Unsupported Code = "unsupported" // a content type that is not read here
	TooLarge    Code = "too_large"   // over a size limit, which the message names
	Upstream    Code = "upstream"    // a model's or provider's server failed
	Unavailable Code = "unavailable" // a service or host cannot be reached
	Timeout     Code = "timeout"     // it took too long
	Busy        Code = "busy"        // at a limit; RetryAfter says when to come back
	Canceled    Code = "canceled"    // the caller took it back
	Internal    Code = "internal"    // our own failure
)

// Error is a failure with a code. Build it with New, Errorf or Wrap.
type Error struct {
	Code Code
	// Message is for the user: what happened, on what, and what to do. It
	// never holds a secret or a blocked address.
	Message string
	// Cause goes to the log only. It may be nil.
	Cause error
	// RetryAfter says when to try again, for Busy and Unavailable. Zero means
	// that no time is known.
	RetryAfter time.Duration
	// ID finds an Internal fault's cause in the log. It may be empty.
	ID string
}

// New returns a fault without a cause.
func New(code Code, message string) *Error { return &Error{Code: code, Message: message} }

// Errorf formats the message. An operand of %w becomes the cause too, and its
// text is part of the message: use Wrap where the cause is not for the user.
func Errorf(code Code, format string, args ...any) *Error {
	err := fmt.Errorf(format, args...)
	return &Error{Code: code, Message: err.Error(), Cause: errors.Unwrap(err)}
}

// Wrap returns a fault that hides cause from the user.
func Wrap(code Code, cause error, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...), Cause: cause}
}

// Error returns the message, and the cause where the message does not tell it.
// It is for logs; doors show MessageOf.
func (e *Error) Error() string { return e.Message }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// CodeOf returns the code of the first fault in err's tree. A context's end
// counts as Canceled or Timeout, and anything else is Internal. CodeOf(nil) is
// the empty code.
func CodeOf(err error) Code {
	var f *Error
	switch {
	case err == nil:
		return ""
	case errors.As(err, &f):
		return f.Code
	case errors.Is(err, context.Canceled):
		return Canceled
	case errors.Is(err, context.DeadlineExceeded):
		return Timeout
	}
	return Internal
}

// MessageOf returns what the user may read. For Internal it is a fixed text
// without detail, with the fault's ID where it has one.
func MessageOf(err error) string {
	var f *Error
	switch code := CodeOf(err); {
	case err == nil:
		return ""
	case errors.As(err, &f) && code != Internal:
		return f.Message
	case f != nil && f.ID != "":
		return "internal error " + f.ID + " (the log has its cause under this id)"
	case code == Canceled:
		return "the call was canceled"
	case code == Timeout:
		return "the call took too long"
	}
	return "internal error"
}

// RetryAfter returns how long to wait before the next try, or zero.
func RetryAfter(err error) time.Duration {
	var f *Error
	if errors.As(err, &f) {
		return f.RetryAfter
	}
	return 0
}
