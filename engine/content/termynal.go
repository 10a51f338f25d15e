package content

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// maxPrompt is how many bytes stand before a command at most.
const maxPrompt = 24

// termynal writes the box that Termynal, a script that plays a terminal, fills
// line by line: each line is an element of its own. It reports false for any
// other.
func (w *writer) termynal(n *node) bool {
	if n.weight.text == 0 || !hasAttr(n, "data-termynal") {
		return false
	}
	var lines []string
	said := int32(0)
	walk(n, func(c *node) bool {
		if c.kind != html.ElementNode || !hasAttr(c, "data-ty") {
			return c.kind == html.ElementNode
		}
		said += c.weight.text
		line := strings.TrimRight(rawText(c), " \t\r\n")
		if attr(c, "data-ty") == "input" {
			prompt := "$"
			if own := fold(Sanitize(attr(c, "data-ty-prompt"))); hasAttr(c, "data-ty-prompt") && len(own) <= maxPrompt {
				prompt = own
			}
			line = strings.TrimSpace(prompt + " " + line)
		}
		lines = append(lines, line)
		return false
	})
	if len(lines) == 0 || said < n.weight.text {
		return false // something else is said there, too
	}
	w.fence(trimLines(strings.Join(lines, "\n")), "")
	return true
}

// isPlayed tells a code block that Termynal plays: it holds the HTML of what is
// shown.
func isPlayed(n *node) bool {
	for up, i := n.parent, 0; up != nil && i < 4; up, i = up.parent, i+1 {
		if hasClass(up, "termy") {
			return true
		}
	}
	return false
}

// withoutFormatting drops the tags of formatting from HTML, and keeps all else as
// it stands.
func withoutFormatting(s string) string {
	if !strings.Contains(s, "</") {
		return s
	}
	var b strings.Builder
	for z := html.NewTokenizer(strings.NewReader(s)); ; {
		kind := z.Next()
		if kind == html.ErrorToken {
			return b.String()
		}
		raw := string(z.Raw())
		switch kind {
		case html.StartTagToken, html.EndTagToken:
			name, _ := z.TagName()
			if tag := atom.Lookup(name); isFormatting(tag) || tag == atom.Span {
				continue
			}
		case html.TextToken:
			raw = html.UnescapeString(raw)
		}
		b.WriteString(raw)
	}
}
