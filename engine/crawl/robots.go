package crawl

import (
	"bytes"
	"strconv"
	"strings"
	"time"
)

// Limits of a robots.txt.
const (
	maxRobots     = 500 << 10 // bytes that are read (RFC 9309, 2.5)
	maxRules      = 10_000    // for one agent
	maxCrawlDelay = 30 * time.Second
	maxSitemaps   = 100 // lines that are read
)

// robotsRules is what a robots.txt says to us. The zero value allows everything.
//
// It is written out here because the well-kept libraries differ from RFC 9309
// where it matters: temoto/robotstxt v1.1.2 does not anchor a pattern with "*",
// merges a group with an empty Disallow into the next one, and drops a whole
// file for one rule before the first User-agent.
type robotsRules struct {
	denyAll  bool
	rules    []robotsRule
	delay    time.Duration // Crawl-delay, at most maxCrawlDelay; zero if none
	sitemaps []string      // as written
}

// robotsRule is one Allow or Disallow line.
type robotsRule struct {
	allow   bool
	pattern string // normalised by robotsPath; "*" and a final "$" are special
}

// robotsFor gives the rules of an answer by RFC 9309, 2.3.1: what is not there
// (4xx) forbids nothing, a server in trouble (anything but 2xx and 4xx) forbids
// everything.
func robotsFor(status int, body []byte, agent string) robotsRules {
	switch {
	case status >= 200 && status < 300:
		return parseRobots(body, agent)
	case status >= 400 && status < 500:
		return robotsRules{}
	}
	return robotsRules{denyAll: true}
}

// parseRobots reads the groups that are for agent, a product token, and where
// there are none those for "*". Groups for the same agent count as one (2.2.1).
// It never fails: lines that are no rules are passed over.
func parseRobots(body []byte, agent string) robotsRules {
	body = bytes.TrimPrefix(body[:min(len(body), maxRobots)], []byte("\ufeff"))
	var named, general, none robotsRules
	var sitemaps []string
	hasNamed, inAgents := false, false
	var open []*robotsRules // the groups that the lines at hand belong to
	for line := range strings.FieldsFuncSeq(string(body), func(r rune) bool { return r == '\n' || r == '\r' }) {
		field, value := robotsLine(line)
		if field == "user-agent" {
			if !inAgents {
				open = open[:0]
			}
			inAgents = true
			switch token := productToken(value); {
			case token == "*":
				open = append(open, &general)
			case token != "" && strings.EqualFold(token, agent):
				hasNamed = true
				open = append(open, &named)
			default:
				open = append(open, &none)
			}
			continue
		}
		if field == "sitemap" { // belongs to no group
			if len(sitemaps) < maxSitemaps && value != "" {
				sitemaps = append(sitemaps, value)
			}
			continue
		}
		if field == "allow" || field == "disallow" || field == "crawl-delay" {
			inAgents = false
			for _, group := range open {
				group.add(field, value)
			}
		}
	}
	rules := general
	if hasNamed {
		rules = named
	}
	rules.sitemaps = sitemaps
	return rules
}

// robotsLine splits a line into its lower-case field and its value, without
// comment and space.
func robotsLine(line string) (field, value string) {
	line, _, _ = strings.Cut(line, "#")
	field, value, _ = strings.Cut(line, ":")
	return strings.ToLower(strings.TrimSpace(field)), strings.TrimSpace(value)
}

// productToken is the part of a User-agent value that is compared (2.2.1).
func productToken(value string) string {
	if strings.HasPrefix(value, "*") {
		return "*"
	}
	end := strings.IndexFunc(value, func(r rune) bool {
		return r != '-' && r != '_' && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	})
	if end >= 0 {
		value = value[:end]
	}
	return value
}

// add takes a line of the group. An empty Disallow forbids nothing.
func (r *robotsRules) add(field, value string) {
	if field == "crawl-delay" {
		seconds, err := strconv.ParseFloat(value, 64)
		if err == nil && seconds > 0 {
			r.delay = time.Duration(min(seconds, maxCrawlDelay.Seconds()) * float64(time.Second))
		}
		return
	}
	if value == "" || len(r.rules) >= maxRules {
		return
	}
	if value[0] != '/' && value[0] != '*' {
		value = "/" + value
	}
	r.rules = append(r.rules, robotsRule{allow: field == "allow", pattern: robotsPath(value)})
}

// allows reports whether path?query may be fetched: the longest pattern that
// matches decides, and Allow where two are equally long (2.2.2). /robots.txt
// itself is always allowed.
func (r robotsRules) allows(path string) bool {
	if r.denyAll {
		return false
	}
	if len(r.rules) == 0 || path == "/robots.txt" {
		return true
	}
	path = robotsPath(path)
	allow, longest := true, -1
	for _, rule := range r.rules {
		if n := len(rule.pattern); n < longest || n == longest && !rule.allow {
			continue
		}
		if robotsMatch(rule.pattern, path) {
			allow, longest = rule.allow, len(rule.pattern)
		}
	}
	return allow
}

// robotsMatch reports whether a pattern fits the beginning of path, or with a
// final "$" all of it.
func robotsMatch(pattern, path string) bool {
	if whole, ok := strings.CutSuffix(pattern, "$"); ok {
		return wildcard(whole, path)
	}
	if !strings.Contains(pattern, "*") {
		return strings.HasPrefix(path, pattern)
	}
	return wildcard(pattern+"*", path)
}

// robotsPath brings a path or pattern into the form in which they are compared
// (2.2.2): escapes of unreserved characters are undone, other escapes are in
// upper case, and octets outside ASCII are escaped.
func robotsPath(path string) string {
	if !strings.Contains(path, "%") && isASCII(path) {
		return path
	}
	const hex = "0123456789ABCDEF"
	var out strings.Builder
	for i := 0; i < len(path); i++ {
		c := path[i]
		escaped := false
		if c == '%' && i+2 < len(path) {
			if n, err := strconv.ParseUint(path[i+1:i+3], 16, 8); err == nil {
				c, escaped = byte(n), true
				i += 2
			}
		}
		switch {
		case escaped && !isUnreserved(c), c >= 0x80:
			out.WriteByte('%')
			out.WriteByte(hex[c>>4])
			out.WriteByte(hex[c&15])
		default:
			out.WriteByte(c)
		}
	}
	return out.String()
}

// isUnreserved reports whether c never needs an escape (RFC 3986, 2.3).
func isUnreserved(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-._~", c) >= 0
}

// isASCII reports whether s has no byte from 0x80 on.
func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// robotsTag reads the X-Robots-Tag headers of a page for agent: directives for
// all robots, and those after "agent:" or another robot's name.
func robotsTag(values []string, agent string) (noIndex, noFollow bool) {
	for _, value := range values {
		forUs := true
		for directive := range strings.SplitSeq(strings.ToLower(value), ",") {
			directive = strings.TrimSpace(directive)
			if name, rest, ok := strings.Cut(directive, ":"); ok {
				name = strings.TrimSpace(name)
				if valued := strings.HasPrefix(name, "max-") || name == "unavailable_after"; valued {
					continue
				}
				forUs = strings.EqualFold(name, agent)
				directive = strings.TrimSpace(rest)
			}
			if forUs {
				noIndex = noIndex || directive == "noindex" || directive == "none"
				noFollow = noFollow || directive == "nofollow" || directive == "none"
			}
		}
	}
	return noIndex, noFollow
}
