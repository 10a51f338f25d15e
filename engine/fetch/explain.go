package fetch

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/url"
	"slices"
	"strings"
	"syscall"

	"github.com/axon-mcp/axon-mcp/fault"
	"github.com/axon-mcp/axon-mcp/security"
)

// retryable reports whether the connection broke, which says nothing about the
// page.
func retryable(err error) bool {
	var known *fault.Error
	return !errors.As(err, &known) &&
		(errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF))
}

// explain makes a fault of a transport's error. A fault inside it, such as the
// guard's, stays what it is.
func explain(ctx context.Context, u *url.URL, err error) error {
	where := security.LogURL(u.String())
	var known *fault.Error
	var timeout net.Error
	switch {
	case errors.As(err, &known):
		return known
	case errors.Is(context.Cause(ctx), context.DeadlineExceeded), errors.Is(err, context.DeadlineExceeded):
		return fault.Wrap(fault.Timeout, err, "%s did not answer in time", where)
	case ctx.Err() != nil:
		return fault.Wrap(fault.Canceled, context.Cause(ctx), "reading %s was canceled", where)
	case errors.As(err, &timeout) && timeout.Timeout():
		return fault.Wrap(fault.Timeout, err, "%s did not answer in time", where)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return fault.Wrap(fault.Unavailable, err, "%s broke off before the whole page had come; try again later", where)
	}
	return fault.Wrap(fault.Unavailable, err, "%s %s", where, unreached(err))
}

// unreached says why a server gave no answer, and what to do.
func unreached(err error) string {
	var cert *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	says := func(parts ...string) bool { // of errors that have no type
		return slices.ContainsFunc(parts, func(part string) bool { return strings.Contains(err.Error(), part) })
	}
	switch {
	case errors.As(err, &cert):
		return "is not who it says: " + distrust(cert.Err)
	case errors.As(err, &record):
		return "does not speak TLS; is it http?"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "refuses connections; check the address and the port"
	case says("response headers exceeded"):
		return "answers with more headers than are read"
	case says("malformed HTTP", "bad Content-Length", "unsupported transfer encoding", "invalid byte in chunk length",
		"readLoopPeekFailLocked: %!w(<nil>)"): // the last: it spoke before it was asked
		return "does not answer in HTTP; check the address and the port"
	case says("tls: "):
		return "does not agree on how to encrypt; its TLS may be too old"
	case errors.Is(err, io.EOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), says("server closed idle connection"):
		return "ends the connection without an answer; check the address and the port, or try later"
	}
	return "cannot be reached; check the address, or try later"
}

// distrust says what is wrong with a server's certificate.
func distrust(err error) string {
	var authority x509.UnknownAuthorityError
	var name x509.HostnameError
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(err, &authority):
		return "its certificate is signed by nobody that this machine trusts"
	case errors.As(err, &name):
		return "its certificate is for another name"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "its certificate has expired or is not valid yet"
	}
	return "its certificate is not valid"
}

// clip bounds what a message shows of a server's text, and drops what is not
// plain (N15).
func clip(s string) string {
	const most = 60
	plain := strings.Map(func(r rune) rune {
		if r < 0x20 || r >= 0x7f {
			return -1
		}
		return r
	}, s[:min(len(s), most)])
	return plain
}
