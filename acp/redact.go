package acp

import (
	"regexp"
	"slices"
	"strings"
	"sync"
)

// redactor takes secrets out of what an agent writes to stderr: the values that
// it was given, and whatever looks like a key.
type redactor struct {
	pattern *regexp.Regexp

	mu     sync.Mutex
	values []string
}

func newRedactor(values ...string) *redactor {
	r := &redactor{pattern: regexp.MustCompile(`(?i)\b(sk|rk|pk|ghp|gho|ghs|github_pat|glpat|xox[abp]|atk|rtk|axk)[-_][a-z0-9_\-]{8,}` +
		`|\bAIza[a-z0-9_\-]{20,}|\bAKIA[a-z0-9]{12,}|\beyJ[a-z0-9_\-]{8,}\.[a-z0-9_\-.]+` +
		`|(bearer|basic)\s+[a-z0-9._~+/=\-]{8,}` +
		`|((api[-_]?key|token|secret|password|passwd|authorization)["']?\s*[=:]\s*["']?)[^\s"']{4,}`)}
	r.add(values...)
	return r
}

// add takes more values out of whatever is written from now on. Short ones would
// take words out.
func (r *redactor) add(values ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, value := range values {
		if len(value) >= 4 && !slices.Contains(r.values, value) {
			r.values = append(r.values, value)
		}
	}
}

func (r *redactor) clean(text string) string {
	r.mu.Lock()
	values := r.values
	r.mu.Unlock()
	for _, value := range values {
		text = strings.ReplaceAll(text, value, "[redacted]")
	}
	return r.pattern.ReplaceAllString(text, "[redacted]")
}

// tail keeps the last lines that were written to it, cleaned. It is an
// io.Writer for a child's stderr.
type tail struct {
	clean *redactor
	each  func(line string) // every line, for the log

	mu      sync.Mutex
	partial []byte
	lines   []string
}

const (
	tailLines = 12
	tailWidth = 400 // characters of a line
)

// Write takes whole lines out of what arrives in pieces. A line without end is
// cut.
func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.partial = append(t.partial, p...)
	for {
		i := strings.IndexByte(string(t.partial), '\n')
		if i < 0 && len(t.partial) < 8<<10 {
			return len(p), nil
		}
		if i < 0 {
			i = len(t.partial) - 1
		}
		t.add(string(t.partial[:i]))
		t.partial = append(t.partial[:0], t.partial[i+1:]...)
	}
}

func (t *tail) add(line string) {
	line = visible(t.clean.clean(strings.TrimRight(line, "\r")), tailWidth)
	if strings.TrimSpace(line) == "" {
		return
	}
	if t.each != nil {
		t.each(line)
	}
	if len(t.lines) == tailLines {
		t.lines = append(t.lines[:0], t.lines[1:]...)
	}
	t.lines = append(t.lines, line)
}

// String returns the last lines.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	lines := t.lines
	if len(t.partial) > 0 {
		lines = append(append([]string(nil), lines...), visible(t.clean.clean(string(t.partial)), tailWidth))
	}
	return strings.Join(lines, "\n")
}
