// Package secret holds a string that never prints itself.
package secret

import (
	"crypto/sha256"
	"crypto/subtle"
	"log/slog"
)

const redacted = "[redacted]"

// String is a secret. fmt, encoding/json and slog print it as "[redacted]";
// only Reveal gives the value. The zero value is an unset secret.
type String struct{ value string }

// New wraps value.
func New(value string) String { return String{value} }

// Reveal returns the value: for the one call that must send it.
func (s String) Reveal() string { return s.value }

// IsSet reports whether there is a value.
func (s String) IsSet() bool { return s.value != "" }

// Equal compares with a candidate in time that depends on neither.
// An unset secret equals nothing.
func (s String) Equal(candidate string) bool {
	a, b := sha256.Sum256([]byte(s.value)), sha256.Sum256([]byte(candidate))
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1 && s.IsSet()
}

// String returns "[redacted]", or nothing where no secret is set.
func (s String) String() string {
	if !s.IsSet() {
		return ""
	}
	return redacted
}

// GoString keeps %#v from printing the value.
func (s String) GoString() string { return s.String() }

// MarshalText keeps JSON and text encoders from printing the value.
func (s String) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// LogValue keeps slog from printing the value.
func (s String) LogValue() slog.Value { return slog.StringValue(s.String()) }
