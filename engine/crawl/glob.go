package crawl

import (
	"strings"

	"github.com/axon-mcp/axon-mcp/fault"
)

// Limits of IncludePaths and ExcludePaths.
const (
	maxGlobs = 100
	maxGlob  = 512 // bytes
)

// glob is a pattern over the path of a URL: "*" (or "**") stands for any text,
// "/" among it, and everything else for itself. "/docs" also matches what lies
// under it. A pattern with "?" is held against path?query, one that begins
// with a scheme against the whole URL, and one that begins with neither "/" nor
// "*" at the start of any path segment.
type glob struct {
	pattern string
	whole   bool // of the whole key
	query   bool // of path?query
}

// parseGlobs reads the patterns of one option, or fails with Invalid.
func parseGlobs(option string, patterns []string) ([]glob, error) {
	if len(patterns) > maxGlobs {
		return nil, fault.Errorf(fault.Invalid, "%s: %d patterns are more than %d", option, len(patterns), maxGlobs)
	}
	globs := make([]glob, 0, len(patterns))
	for _, pattern := range patterns {
		pattern = strings.TrimSpace(pattern)
		if pattern == "" || len(pattern) > maxGlob {
			return nil, fault.Errorf(fault.Invalid, "%s: a pattern has 1 to %d bytes, such as /docs/*", option, maxGlob)
		}
		g := glob{pattern: pattern, query: strings.Contains(pattern, "?")}
		switch {
		case strings.HasPrefix(pattern, "http://"), strings.HasPrefix(pattern, "https://"):
			g.whole = true
		case pattern[0] != '/' && pattern[0] != '*':
			g.pattern = "*/" + pattern
		}
		globs = append(globs, g)
	}
	return globs, nil
}

// match reports whether the URL with these parts fits.
func (g glob) match(p parts) bool {
	text := p.path
	if g.whole {
		text = p.origin() + p.path
	}
	if g.query {
		return wildcard(g.pattern, text+"?"+p.query)
	}
	return wildcard(g.pattern, text) || wildcard(strings.TrimSuffix(g.pattern, "/")+"/*", text)
}

// matchAny reports whether one of globs fits.
func matchAny(globs []glob, p parts) bool {
	for _, g := range globs {
		if g.match(p) {
			return true
		}
	}
	return false
}

// wildcard reports whether text fits pattern, in which "*" is any text. It goes
// back to the last star only, so that its time is at most the product of the
// two lengths.
func wildcard(pattern, text string) bool {
	at, star, mark := 0, -1, 0
	for i := 0; i < len(text); {
		switch {
		case at < len(pattern) && pattern[at] == '*':
			star, mark = at, i
			at++
		case at < len(pattern) && pattern[at] == text[i]:
			at++
			i++
		case star >= 0:
			mark++
			at, i = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(pattern[at:], "*") == ""
}
