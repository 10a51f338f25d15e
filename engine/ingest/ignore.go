package ingest

import (
	"io"
	"os"
	"path"
	"strings"
)

// maxIgnore is how much of a .gitignore is read, in bytes.
const maxIgnore = 1 << 20

// ignores are the rules of the .gitignore files of a walk, outermost first
// (gitignore(5)); of those that match, the last decides.
type ignores struct {
	root  *os.Root
	rules []ignoreRule
}

// ignoreRule is one line.
type ignoreRule struct {
	base    string   // folder of the file, "." for the root
	pattern []string // segments; "**" stands for any number of them
	negated bool     // "!": not ignored after all
	folder  bool     // only folders
}

// newIgnores returns no rules yet.
func newIgnores(root *os.Root) *ignores { return &ignores{root: root} }

// enter adds the rules of a folder. A file that cannot be read has none.
func (i *ignores) enter(folder string) {
	f, err := i.root.Open(path.Join(folder, ".gitignore"))
	if err != nil {
		return
	}
	defer func() { _ = f.Close() }() // it was only read
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return
	}
	text, err := io.ReadAll(io.LimitReader(f, maxIgnore))
	if err != nil {
		return
	}
	for line := range strings.Lines(string(text)) {
		if rule, ok := parseIgnore(folder, strings.TrimRight(line, "\r\n")); ok {
			i.rules = append(i.rules, rule)
		}
	}
}

// parseIgnore reads a line; ok is false for blank ones, comments and patterns
// that are broken.
func parseIgnore(base, line string) (rule ignoreRule, ok bool) {
	line = strings.TrimRight(line, " \t")
	if line == "" || line[0] == '#' {
		return rule, false
	}
	rule.base = base
	if rest, negated := strings.CutPrefix(line, "!"); negated {
		line, rule.negated = rest, true
	}
	if rest, folder := strings.CutSuffix(line, "/"); folder {
		line, rule.folder = rest, true
	}
	anchored := strings.Contains(line, "/")
	line = strings.TrimPrefix(line, "/")
	if line == "" {
		return rule, false
	}
	rule.pattern = strings.Split(line, "/")
	if !anchored {
		rule.pattern = append([]string{"**"}, rule.pattern...)
	}
	for _, segment := range rule.pattern {
		if _, err := path.Match(segment, ""); err != nil {
			return rule, false
		}
	}
	return rule, true
}

// match reports whether a path is ignored. Its folders have been asked before.
func (i *ignores) match(p string, folder bool) bool {
	for n := len(i.rules) - 1; n >= 0; n-- {
		rule := i.rules[n]
		if rule.folder && !folder {
			continue
		}
		rest := p
		if rule.base != "." {
			var within bool
			if rest, within = strings.CutPrefix(p, rule.base+"/"); !within {
				continue
			}
		}
		if matchSegments(rule.pattern, strings.Split(rest, "/")) {
			return !rule.negated
		}
	}
	return false
}

// matchSegments holds a path against a pattern, segment by segment. "**" is any
// number of names, but at the end at least one. It goes back to the last "**"
// only, so that its time is at most the product of the two lengths.
func matchSegments(pattern, names []string) bool {
	at, star, mark := 0, -1, 0
	for i := 0; i < len(names); {
		switch {
		case at < len(pattern) && pattern[at] == "**":
			star, mark = at, i
			at++
			if at == len(pattern) {
				return true
			}
		case at < len(pattern) && matchName(pattern[at], names[i]):
			at++
			i++
		case star >= 0:
			mark++
			at, i = star+1, mark
		default:
			return false
		}
	}
	return at == len(pattern)
}

// matchName holds a name against one segment, which is well-formed.
func matchName(pattern, name string) bool {
	ok, err := path.Match(pattern, name)
	return err == nil && ok
}
