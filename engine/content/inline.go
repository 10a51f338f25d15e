package content

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// inline writes the nodes of a line.
type inline struct {
	b     strings.Builder
	links *linker
	skip  func(*node) bool
	flat  bool // no links: headings
	known bool // of writer
	space bool // white space is due before the next text
}

// String returns the line; it may hold hard line ends.
func (l *inline) String() string { return l.b.String() }

func (l *inline) last() byte {
	if s := l.b.String(); s != "" {
		return s[len(s)-1]
	}
	return '\n'
}

// put writes s after a space that is due.
func (l *inline) put(s string) {
	if s == "" {
		return
	}
	if l.space && l.last() != '\n' {
		l.b.WriteByte(' ')
	}
	l.space = false
	l.b.WriteString(s)
}

// text folds white space across nodes and escapes what would be markup.
func (l *inline) text(s string) {
	if s == "" {
		return
	}
	if isSpace(s[0]) {
		l.space = true
	}
	folded := fold(s)
	if folded == "" {
		return
	}
	l.put(escape(folded))
	l.space = isSpace(s[len(s)-1])
}

func isSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '\f' }

// escape marks what Markdown would take for something else: tags, code, and
// emphasis that opens.
func escape(s string) string {
	if !strings.ContainsAny(s, "<`*[") {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		c := s[i]
		next := byte(' ')
		if i+1 < len(s) {
			next = s[i+1]
		}
		switch {
		case c == '<' && (next >= 'a' && next <= 'z' || next >= 'A' && next <= 'Z' || next == '/' || next == '!'),
			c == '`', c == '*' && next != ' ':
			b.WriteByte('\\')
		}
		b.WriteByte(c)
	}
	return b.String()
}

func (l *inline) node(n *node) {
	switch {
	case n.kind == html.TextNode:
		l.text(n.data)
	case n.kind != html.ElementNode:
	case isMaths(n):
		l.put(maths(n))
	case l.skip(n), isPermalink(n):
	default:
		l.element(n)
	}
}

func (l *inline) element(n *node) {
	switch n.tag {
	case atom.Br:
		l.b.WriteByte('\n')
		l.space = false
	case atom.Code, atom.Tt, atom.Kbd, atom.Samp:
		if s := tight(n); s != "" {
			l.edge(n, codeSpan(s))
		}
	case atom.Strong, atom.B:
		l.wrap(n, "**")
	case atom.Em, atom.I, atom.Cite, atom.Dfn:
		l.wrap(n, "*")
	case atom.Del, atom.S, atom.Strike:
		l.wrap(n, "~~")
	case atom.A:
		l.link(n)
	case atom.Img:
		l.image(n)
	case atom.Sup, atom.Sub:
		l.inside(n)
	case atom.Wbr:
	default:
		l.inside(n)
	}
}

func (l *inline) inside(n *node) {
	for c := n.first; c != nil; c = c.next {
		l.node(c)
	}
}

// sub renders what is below n on its own.
func (l *inline) sub(n *node) (text string, before, after bool) {
	in := inline{links: l.links, skip: l.skip, flat: l.flat, known: l.known}
	in.inside(n)
	s := in.String()
	trimmed := strings.TrimSpace(s)
	before, after = edges(n)
	return trimmed, before, after
}

// edge writes s with the white space that stood at the edges of n.
func (l *inline) edge(n *node, s string) {
	before, after := edges(n)
	l.space = l.space || before
	l.put(s)
	l.space = after
}

func (l *inline) wrap(n *node, mark string) {
	s, before, after := l.sub(n)
	if s == "" {
		l.space = l.space || before || after
		return
	}
	if strings.Contains(s, mark) || strings.Contains(s, "\n") {
		mark = ""
	}
	l.space = l.space || before
	l.put(mark + s + mark)
	l.space = after
}

func (l *inline) link(n *node) {
	s, before, after := l.sub(n)
	if s == "" {
		l.space = l.space || before || after
		return
	}
	l.space = l.space || before
	target := ""
	if !l.flat {
		target = l.links.resolve(attr(n, "href"))
	}
	if target == "" || strings.Contains(s, "](") {
		l.put(s)
	} else {
		l.put("[" + strings.ReplaceAll(s, "\n", " ") + "](" + mdTarget(target) + ")")
	}
	l.space = after
}

// mdTarget keeps a URL's parentheses from ending the link.
func mdTarget(u string) string {
	if strings.ContainsAny(u, "()<> ") {
		return strings.NewReplacer("(", "%28", ")", "%29", "<", "%3C", ">", "%3E", " ", "%20").Replace(u)
	}
	return u
}

// image writes a picture as a link, so that nothing is loaded by showing it.
func (l *inline) image(n *node) {
	alt := fold(Sanitize(attr(n, "alt")))
	target := l.links.resolve(attr(n, "src"))
	switch {
	case alt == "" || l.flat || !l.known && isThumbnail(n):
	case target == "":
		l.put(escape(alt))
	default:
		l.put("[" + strings.NewReplacer("[", "(", "]", ")").Replace(escape(alt)) + "](" + mdTarget(target) + ")")
	}
}

// isThumbnail tells pictures in links and in lists, which stand for what is
// written beside them.
func isThumbnail(n *node) bool {
	for up := n.parent; up != nil; up = up.parent {
		switch up.tag {
		case atom.A, atom.Li, atom.Td, atom.H1, atom.H2, atom.H3:
			return true
		case atom.P, atom.Figure, atom.Main, atom.Article, atom.Body:
			return false
		}
	}
	return false
}

// codeSpan quotes code with more backticks than it holds (CommonMark, 6.1).
func codeSpan(s string) string {
	longest, run := 0, 0
	for i := range len(s) {
		if s[i] == '`' {
			run++
			longest = max(longest, run)
		} else {
			run = 0
		}
	}
	fence := strings.Repeat("`", longest+1)
	if longest > 0 {
		return fence + " " + s + " " + fence
	}
	return fence + s + fence
}

// isPermalink tells the mark beside a heading that links to it.
func isPermalink(n *node) bool {
	if n.tag != atom.A {
		return false
	}
	if hasClass(n, "headerlink", "header-anchor", "hash-link", "heading-anchor", "anchorjs-link", "permalink", "doc-anchor", "anchor-link") {
		return true
	}
	switch strings.TrimSpace(rawText(n)) {
	case "¶", "#", "§", "🔗", "⚓", "\u200b":
		return true
	}
	return false
}

func isMaths(n *node) bool {
	return n.tag == atom.Math || n.tag == atom.Script && strings.HasPrefix(attr(n, "type"), "math/tex") ||
		n.tag == atom.Span && hasClass(n, "katex")
}

// maths returns TeX: of a MathJax script, or of the annotation in MathML.
func maths(n *node) string {
	fence := "$"
	if strings.Contains(attr(n, "type"), "mode=display") || attr(n, "display") == "block" {
		fence = "$$"
	}
	if n.tag == atom.Script {
		return fence + fold(rawText(n)) + fence
	}
	tex := find(n, func(n *node) bool {
		return n.data == "annotation" && strings.Contains(attr(n, "encoding"), "tex")
	})
	if tex != nil {
		return fence + fold(rawText(tex)) + fence
	}
	return fold(rawText(n))
}
