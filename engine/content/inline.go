package content

import (
	"bytes"
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// inline writes the nodes of a line.
type inline struct {
	buf   []byte
	links *linker
	flat  bool // no links: headings
	known bool // of writer
	space bool // white space is due before the next text
}

// String returns the line; it may hold hard line ends.
func (l *inline) String() string { return string(l.buf) }

func (l *inline) last() byte {
	if len(l.buf) == 0 {
		return '\n'
	}
	return l.buf[len(l.buf)-1]
}

// due writes the white space that is due.
func (l *inline) due() {
	if last := l.last(); l.space && last != '\n' && last != ' ' {
		l.buf = append(l.buf, ' ')
	}
	l.space = false
}

// put writes s after a space that is due.
func (l *inline) put(s string) {
	if s != "" {
		l.due()
		l.buf = append(l.buf, s...)
	}
}

// text folds white space across nodes and escapes what would be markup: tags,
// code, and emphasis that opens. Nothing else is escaped: the text is to be read
// and compared.
func (l *inline) text(s string) {
	l.joint(s)
	for i := 0; i < len(s); {
		if isSpace(s[i]) {
			l.space = true
			i++
			continue
		}
		if l.space {
			l.due()
		}
		if n := plainRun(s[i:]); n > 0 {
			l.buf = append(l.buf, s[i:i+n]...)
			i += n
			continue
		}
		switch c := s[i]; c {
		case '<', '*':
			if i+1 < len(s) && opens(c, s[i+1]) {
				l.buf = append(l.buf, '\\')
			}
		case '`':
			l.buf = append(l.buf, '\\')
		case ']':
			if i+1 < len(s) && s[i+1] == '(' { // type parameters before parameters would be a link
				l.buf = append(l.buf, '\\')
			}
		}
		l.buf = append(l.buf, s[i])
		i++
	}
}

// plainRun returns how many bytes s begins with that text writes as they are: words
// with one space between them.
func plainRun(s string) int {
	n := 0
	for n < len(s) && (!folds[s[n]] || s[n] == ' ' && n > 0 && n+1 < len(s) && !folds[s[n+1]]) {
		n++
	}
	return n
}

// folds are the bytes that text looks at.
var folds = [256]bool{' ': true, '\n': true, '\t': true, '\r': true, '\f': true, '<': true, '*': true, '`': true, ']': true}

// joint escapes what would be markup of the end of the line so far and the
// beginning of s, which stand in different nodes.
func (l *inline) joint(s string) {
	if s == "" || l.space || len(l.buf) == 0 {
		return
	}
	end := len(l.buf) - 1
	switch {
	case l.buf[end] == ']' && s[0] == '(': // of text, or a footnote's mark
		l.buf = append(l.buf, '\\')
	case l.buf[end] == '<' && opens('<', s[0]) && (end == 0 || l.buf[end-1] != '\\'):
		l.buf = append(l.buf[:end], '\\', '<')
	}
}

// opens tells characters that are markup before what follows them.
func opens(c, next byte) bool {
	if c == '*' {
		return !isSpace(next)
	}
	return next >= 'a' && next <= 'z' || next >= 'A' && next <= 'Z' || next == '/' || next == '!'
}

func isSpace(c byte) bool { return c <= ' ' && spaces>>c&1 != 0 }

// spaces has the bits of white space set.
const spaces uint64 = 1<<' ' | 1<<'\n' | 1<<'\t' | 1<<'\r' | 1<<'\f'

// escape is text for a string of its own.
func escape(s string) string {
	if !strings.ContainsAny(s, "<`*]") {
		return s
	}
	var l inline
	l.text(s)
	return l.String()
}

func (l *inline) node(n *node) {
	switch {
	case n.kind == html.TextNode:
		l.text(n.data)
	case n.kind != html.ElementNode:
	case isMaths(n):
		l.put(maths(n))
	case n.junk, isPermalink(n):
	default:
		l.element(n)
	}
}

func (l *inline) element(n *node) {
	switch n.tag {
	case atom.Br:
		l.buf = append(l.buf, '\n')
		l.space = false
	case atom.Code, atom.Tt, atom.Kbd, atom.Samp:
		l.code(n)
	case atom.Strong, atom.B:
		l.wrap(n, "**")
	case atom.Cite:
		l.wrap(n, "*")
		if n.parent != nil && n.parent.first == n && n.next != nil && !l.space {
			l.buf = append(l.buf, '\n') // who is quoted, on a line of its own
		}
	case atom.Em, atom.I, atom.Dfn:
		l.wrap(n, "*")
	case atom.Del, atom.S, atom.Strike:
		l.wrap(n, "~~")
	case atom.A:
		l.link(n)
	case atom.Img:
		l.image(n)
	case atom.Sup:
		if note := noteIn(n); note != nil && !l.flat {
			l.link(note)
			return
		}
		l.script(n)
	case atom.Sub:
		l.script(n)
	case atom.Wbr:
	case atom.Div, atom.P, atom.Li, atom.Dt, atom.Dd, atom.Section, atom.Header: // of a heading
		l.space = true
		l.inside(n)
		l.space = true
	default:
		if n.tag == atom.Span && n.class != "" && l.styled(n) {
			return
		}
		l.space = l.space || n.tag == atom.Time || isGap(n)
		l.inside(n)
		l.space = l.space || isTag(n)
	}
}

// styled does what the style of a span does: it makes code of it, writes the
// colon before it, or sets it apart from the name before it with no space, as a
// word like "deprecated". It reports whether all is written.
func (l *inline) styled(n *node) bool {
	for c := range strings.FieldsSeq(n.class) {
		switch c {
		case "mw-geshi", "mw-highlight", "code", "bold_code", "method-callseq": // MediaWiki, Erlang, RDoc: code within a line
			l.code(n)
			return true
		case "classifier":
			l.colon()
		case "badge", "stab", "Documentation-deprecatedTag", "gdoc-props__tag", "signature-attributes":
			l.space = true
		}
	}
	return false
}

// colon stands between a name and its type: the style of docutils writes it.
func (l *inline) colon() {
	if !bytes.HasSuffix(bytes.TrimSpace(l.buf), []byte(":")) {
		l.space = true
		l.put(":")
	}
	l.space = true
}

// code writes code within a line.
func (l *inline) code(n *node) {
	if a := n.first; a != nil && a == n.last && a.tag == atom.A && !l.flat {
		if target := l.links.resolve(attr(a, "href")); target != "" && tight(a) != "" {
			l.edge(n, "["+codeSpan(tight(a))+"]("+mdTarget(target)+")")
			return
		}
	}
	if s := tight(n); s != "" {
		l.space = l.space || l.last() == '`' // two spans side by side would be one
		l.edge(n, codeSpan(s))
		l.space = l.space || isTag(n)
		return
	}
	l.space = l.space || rawText(n) != "" // a space in another type
}

func (l *inline) inside(n *node) {
	for c := n.first; c != nil; c = c.next {
		l.node(c)
	}
}

// edge writes s with the white space that stood at the edges of n.
func (l *inline) edge(n *node, s string) {
	before, after := edges(n)
	l.space = l.space || before
	l.put(s)
	l.space = after
}

// wrap writes what is below n between marks. White space at its edges goes
// outside of them.
func (l *inline) wrap(n *node, mark string) {
	before, after := edges(n)
	l.space = l.space || before
	start, outer := l.begin()
	l.inside(n)
	if l.empty(start, outer) {
		return
	}
	for start < len(l.buf) && l.buf[start] == '\n' {
		start++ // a line end within the marks
	}
	inner := l.buf[start:]
	touches := start > 0 && l.buf[start-1] == '*' && mark[0] == '*' // the marks of two would be one
	if !touches && !bytes.Contains(inner, []byte(mark)) && bytes.IndexByte(inner, '\n') < 0 && len(bytes.TrimSpace(inner)) > 0 {
		l.buf = slices.Insert(l.buf, start, []byte(mark)...)
		l.buf = append(l.buf, mark...)
	}
	l.space = after
}

// begin writes what is due and returns where an element begins, and what to undo
// where it turns out to be empty.
func (l *inline) begin() (start, outer int) {
	// What stands before the marks must not change when text follows.
	if n := len(l.buf); !l.space && n > 0 && l.buf[n-1] == '<' && (n == 1 || l.buf[n-2] != '\\') {
		l.buf = append(l.buf[:n-1], '\\', '<')
	}
	outer = len(l.buf)
	l.due()
	return len(l.buf), outer
}

// empty undoes begin where nothing was written since.
func (l *inline) empty(start, outer int) bool {
	if len(bytes.TrimSpace(l.buf[start:])) > 0 {
		return false
	}
	if start > outer || len(l.buf) > start {
		l.space = true
	}
	l.buf = l.buf[:outer]
	return true
}

func (l *inline) link(n *node) {
	if number := footnoteRef(n); number != "" && !l.flat {
		l.put("[^" + number + "]")
		return
	}
	if !l.flat && isBackRef(n) { // headings of docutils lead back to the table of contents
		return
	}
	before, after := edges(n)
	l.space = l.space || before
	start, outer := l.begin()
	l.inside(n)
	if title := cardTitle(n); title != nil && !l.flat && len(bytes.TrimSpace(l.buf[start:])) == 0 {
		l.text(tight(title))
	}
	if l.empty(start, outer) {
		return
	}
	target := ""
	if !l.flat && !hasClass(n, "permalink", "anchor", "header-anchor") {
		target = l.links.resolve(attr(n, "href"))
	}
	if inner := l.buf[start:]; target != "" && !holdsLink(inner) {
		for i, c := range inner {
			if c == '\n' {
				inner[i] = ' '
			}
		}
		l.buf = append(slices.Insert(l.buf, start, '['), ']', '(')
		l.buf = append(l.buf, mdTarget(target)...)
		l.buf = append(l.buf, ')')
	}
	l.space = after
}

// holdsLink tells Markdown with a link in it.
func holdsLink(md []byte) bool {
	for {
		i := bytes.Index(md, []byte("]("))
		if i < 0 {
			return false
		}
		if i == 0 || md[i-1] != '\\' {
			return true
		}
		md = md[i+2:]
	}
}

// cardTitle is the title of the card that an empty link lies over; nil where
// there is none but one that the link stands in.
func cardTitle(link *node) *node {
	if !strings.Contains(link.class, "stretched-link") {
		return nil
	}
	for up, i := link.parent, 0; up != nil && i < 3 && up.end-up.order < manySiblings; up, i = up.parent, i+1 { // a card is small
		title := find(up, func(n *node) bool { return isHeading(n) || hasClass(n, "sd-card-title", "card-title") })
		if title != nil && (link.order < title.order || link.order >= title.end) {
			return title
		}
	}
	return nil
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
	if alt == "" && l.known && isPlate(n) {
		alt = clean(path.Base(target), 100)
	}
	switch {
	case strings.IndexFunc(alt, isWordRune) < 0 || l.flat || !l.known && isThumbnail(n):
	case target == "":
		l.put(escape(alt))
	default:
		l.put("[" + strings.NewReplacer("[", "(", "]", ")").Replace(escape(alt)) + "](" + mdTarget(target) + ")")
	}
}

func isWordRune(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// aPlate is how many pixels a picture is wide at least that is no sign.
const aPlate = 100

// isPlate tells a picture that is all that its paragraph shows, or stands in a
// figure: it is spoken of, though nobody wrote what is on it.
func isPlate(n *node) bool {
	if width, err := strconv.Atoi(attr(n, "width")); err == nil && width < aPlate {
		return false
	}
	up := n.parent
	for up != nil && (up.tag == atom.Picture || up.tag == atom.A) {
		up = up.parent
	}
	return up != nil && (up.tag == atom.Figure || up.tag == atom.P && up.weight.text == 0)
}

// isThumbnail tells pictures that stand for what is written beside them, in links
// and lists, and decoration: in no paragraph and without a caption.
func isThumbnail(n *node) bool {
	for up := n.parent; up != nil; up = up.parent {
		switch up.tag {
		case atom.A, atom.Li, atom.Td, atom.H1, atom.H2, atom.H3:
			return true
		case atom.P:
			return false
		case atom.Figure:
			return up.weight.text == 0
		}
	}
	return true
}

// codeSpan quotes code with more backticks than it holds (CommonMark, 6.1).
func codeSpan(s string) string {
	longest := longestRun(s, '`')
	fence := strings.Repeat("`", longest+1)
	if longest > 0 {
		return fence + " " + s + " " + fence
	}
	return fence + s + fence
}

// isPermalink tells the mark beside a heading that links to it. A heading that
// is its own link is none: it has letters.
func isPermalink(n *node) bool {
	if n.tag != atom.A || n.weight.text > 16 {
		return false
	}
	if strings.HasPrefix(n.class, "viewcode-") || n.first != nil && strings.HasPrefix(n.first.class, "viewcode-") {
		return true // leads to the source, beside what it defines
	}
	switch text := strings.TrimSpace(rawText(n)); text {
	case "¶", "#", "§", "🔗", "⚓", "◆", "\u200b":
		return strings.Contains(attr(n, "href"), "#")
	case "top": // man7.org
		return strings.HasPrefix(attr(n, "href"), "#top")
	case "":
		return find(n, func(n *node) bool { return n.tag == atom.Img }) == nil && cardTitle(n) == nil
	case "[src]", "[source]": // of a declaration
		return hasClass(n, "srclink", "viewcode-link")
	default:
		return strings.IndexFunc(text, unicode.IsLetter) < 0 && strings.IndexFunc(text, unicode.IsDigit) < 0 &&
			hasClass(n, "headerlink", "header-anchor", "hash-link", "heading-anchor", "anchorjs-link", "permalink", "doc-anchor", "anchor-link", "anchor")
	}
}
