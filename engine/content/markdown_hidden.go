package content

import (
	"regexp"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

var (
	// unusedReference is a link definition that leads nowhere: how comments are
	// hidden in Markdown.
	unusedReference = regexp.MustCompile(`(?m)^ {0,3}\[[^\]\n]+\]:[ \t]*(?:#|<>|<#>)[ \t]*(?:["'(].*)?$`)
	codeInLine      = regexp.MustCompile("(?s)``.+?``|`[^`\n]+`")
)

// openAngle stands for "<" within code, where it begins no tag.
const openAngle = "\x01"

// withoutHidden drops from Markdown what a rendered page does not show: comments
// and hidden HTML. Code keeps both.
func withoutHidden(md string) string {
	if !strings.Contains(md, "<") && !strings.Contains(md, "]:") {
		return md
	}
	var out, open strings.Builder
	fence := ""
	flush := func() {
		out.WriteString(shownOf(open.String()))
		open.Reset()
	}
	for line := range strings.Lines(md) {
		trimmed := strings.TrimSpace(line)
		switch {
		case fence != "":
			out.WriteString(line)
			if strings.HasPrefix(trimmed, fence) && strings.Trim(trimmed, fence[:1]) == "" {
				fence = ""
			}
		case strings.HasPrefix(trimmed, "```"), strings.HasPrefix(trimmed, "~~~"):
			flush()
			fence = trimmed[:len(trimmed)-len(strings.TrimLeft(trimmed, trimmed[:1]))]
			out.WriteString(line)
		default:
			open.WriteString(line)
		}
	}
	flush()
	return out.String()
}

// shownOf is what is shown of Markdown without fences.
func shownOf(md string) string {
	md = unusedReference.ReplaceAllString(md, "")
	if !strings.Contains(md, "<") {
		return md
	}
	md = codeInLine.ReplaceAllStringFunc(md, func(code string) string { return strings.ReplaceAll(code, "<", openAngle) })
	var b strings.Builder
	depth, hidden := 0, 0
	for z := html.NewTokenizer(strings.NewReader(md)); ; {
		kind := z.Next()
		if kind == html.ErrorToken {
			b.Write(z.Raw()) // a tag that is never closed is text
			break
		}
		raw := string(z.Raw())
		switch {
		case hidden > 0:
			depth, hidden = pastHidden(z, kind, depth, hidden)
		case kind == html.CommentToken:
		case kind == html.StartTagToken:
			name, _ := z.TagName()
			tag := atom.Lookup(name)
			if !isVoid(tag) && neverShown(element(z, tag)) {
				depth++
				hidden = depth
				continue
			}
			b.WriteString(raw)
		default:
			b.WriteString(raw)
		}
	}
	return strings.ReplaceAll(b.String(), openAngle, "<")
}
