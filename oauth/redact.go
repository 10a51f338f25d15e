package oauth

import (
	"log/slog"
	"regexp"
)

// tokenLike is a token or code of ours wherever it stands in a text.
var tokenLike = regexp.MustCompile(`\b(atk|rtk|axk|acs|ac)_[0-9A-Za-z]{16,}`)

// Redact is a ReplaceAttr of slog handlers: no token reaches a log, whoever
// writes the line (X5).
func Redact(_ []string, a slog.Attr) slog.Attr {
	switch a.Value.Kind() {
	case slog.KindString:
		if text := a.Value.String(); tokenLike.MatchString(text) {
			a.Value = slog.StringValue(tokenLike.ReplaceAllString(text, "${1}_[redacted]"))
		}
	case slog.KindAny:
		if err, ok := a.Value.Any().(error); ok && tokenLike.MatchString(err.Error()) {
			a.Value = slog.StringValue(tokenLike.ReplaceAllString(err.Error(), "${1}_[redacted]"))
		}
	}
	return a
}
