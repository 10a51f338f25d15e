package content

import (
	"strconv"
	"strings"
	"sync"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// writer turns a container into Markdown in one walk.
type writer struct {
	lineWriter
	links    *linker
	gen      *generator
	known    bool // the container was found by a generator's marks
	headings []Heading
	level    int // of the last real heading
	scratch  []byte
	quoted   int // > 0 within an admonition or a quote: headings are bold lines
}

// writers keep their buffers from page to page.
var writers = sync.Pool{New: func() any { return new(writer) }}

// maxKept is the largest buffer that is kept.
const maxKept = 4 << 20

// release ends the use of a writer, whose buffers the next page gets.
func (w *writer) release() {
	b, scratch := w.b[:0], w.scratch[:0]
	if cap(b) > maxKept || cap(scratch) > maxKept {
		return
	}
	*w = writer{lineWriter: lineWriter{b: b}, scratch: scratch}
	writers.Put(w)
}

// line begins a line in the writer's scratch buffer. One is written at a time:
// it ends with done.
func (w *writer) line() inline {
	return inline{buf: w.scratch[:0], links: w.links, known: w.known}
}

// done ends a line and returns it.
func (w *writer) done(l *inline) string {
	w.scratch = l.buf
	return string(l.buf)
}

// isBlockTag tells elements that begin a line of their own.
func isBlockTag(tag atom.Atom) bool {
	switch tag {
	case atom.Address, atom.Article, atom.Aside, atom.Blockquote, atom.Center, atom.Dd, atom.Details, atom.Div,
		atom.Dl, atom.Dt, atom.Fieldset, atom.Figcaption, atom.Figure, atom.Footer, atom.Form, atom.H1,
		atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Header, atom.Hgroup, atom.Hr,
		atom.Li, atom.Main, atom.Menu, atom.Nav, atom.Ol, atom.P, atom.Pre, atom.Section,
		atom.Summary, atom.Table, atom.Tbody, atom.Td, atom.Textarea, atom.Th, atom.Thead, atom.Tr, atom.Ul,
		atom.Body:
		return true
	}
	return false
}

// isInline tells what belongs into a line: text, and elements that neither are
// nor hold blocks.
func isInline(n *node) bool { return !n.block }

// whole writes a node that was chosen: what is below a box, or a block itself.
func (w *writer) whole(n *node) {
	if n.label != "" && isFrame(n) {
		w.block(2)
		w.text("**" + escape(n.label) + "**")
	}
	if isFrame(n) || n.tag == atom.Body || n.kind != html.ElementNode {
		w.children(n, 2)
		return
	}
	junk := n.junk
	n.junk = false
	w.node(n, 2)
	n.junk = junk
}

// children writes what is below n: runs of inline nodes as paragraphs, blocks
// as blocks.
func (w *writer) children(n *node, gap int) { w.from(n.first, gap) }

// from is children for c and what follows it.
func (w *writer) from(c *node, gap int) { w.between(c, nil, gap) }

// between is from that ends before end.
func (w *writer) between(c, end *node, gap int) {
	for c != end {
		if !isInline(c) {
			w.node(c, gap)
			c = c.next
			continue
		}
		line := w.line()
		for ; c != end && isInline(c); c = c.next {
			line.node(c)
		}
		w.paragraph(w.done(&line), gap)
	}
}

func (w *writer) paragraph(s string, gap int) {
	s = strings.TrimSpace(s)
	if s == "" || isPager(s) {
		return
	}
	w.block(gap)
	if strings.Contains(s, "\n") {
		lines := strings.Split(s, "\n")
		for i := range lines {
			lines[i] = guardLine(lines[i])
			if i > 0 && lines[i] != "" && (strings.Trim(lines[i], "=") == "" || strings.Trim(lines[i], "-") == "") {
				lines[i] = `\` + lines[i] // would make a heading of what stands above
			}
		}
		s = strings.Join(lines, "\n")
	}
	w.lines(guardLine(s))
}

// guardLine escapes a beginning that would make a line another block.
func guardLine(s string) string {
	if s == "" {
		return s
	}
	switch c := s[0]; {
	case c == '#', c == '>', strings.HasPrefix(s, "~~~"):
		return `\` + s
	case (c == '-' || c == '+' || c == '*') && len(s) > 1 && s[1] == ' ':
		return `\` + s
	case c >= '0' && c <= '9':
		digits := len(s) - len(strings.TrimLeft(s, "0123456789"))
		if rest := s[digits:]; digits < 10 && len(rest) > 1 && (rest[0] == '.' || rest[0] == ')') && rest[1] == ' ' {
			return s[:digits] + `\` + rest
		}
	}
	return s
}

// aCard is how many bytes of text a link holds at most that has boxes in it and
// is written as one line.
const aCard = 300

// node writes one block.
func (w *writer) node(n *node, gap int) {
	if n.kind != html.ElementNode || n.junk {
		return
	}
	if n.label == "" && w.gen != nil && w.gen.name == "writerside" && hasClass(n, "tabs__content") {
		n.label = strings.ReplaceAll(clean(attr(n, "data-title"), aTitle), "*", "")
	}
	if n.label != "" {
		w.block(2)
		w.text("**" + escape(n.label) + "**")
	}
	if w.doxygen(n) {
		return
	}
	if isMaths(n) {
		w.paragraph(maths(n), 2)
		return
	}
	switch n.tag {
	case atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6:
		w.heading(n)
	case atom.Pre, atom.Textarea:
		if n.parent != nil && hasClass(n.parent, "code-with-filename-file") { // Quarto
			w.children(n, 2)
			return
		}
		w.code(n)
	case atom.Ul, atom.Ol, atom.Menu:
		if !w.signatures(n) {
			w.list(n)
		}
	case atom.Dl:
		w.definitions(n)
	case atom.Table:
		w.table(n)
	case atom.Hr:
		if len(w.b) > 0 { // not below a row of links that is gone
			w.block(2)
			w.text("---")
		}
	case atom.Blockquote:
		if isIndented(n) || hasClass(n, scribbleBoxes...) {
			w.children(n, 2)
			return
		}
		w.quote(n)
	case atom.Summary:
		if n.weight.headings > 0 {
			w.children(n, 2)
			return
		}
		w.strong(n)
	default:
		w.box(n, gap)
	}
}

// box writes what is a block for its class or its place, or for what is in it.
func (w *writer) box(n *node, gap int) {
	if isNote(n) && w.note(n) {
		return
	}
	if isSignature(n) {
		w.fence(linesOf(n), "java")
		return
	}
	if w.gen != nil && w.gen.language != "" && w.gen.declares.fits(n) {
		w.fence(declared(n), w.gen.language)
		return
	}
	if isTypeSignature(n) {
		w.fence(linesOf(n), "typescript")
		return
	}
	if hasClass(n, "summary-table", "details-table") && w.rows(n) || isRoleTable(n) && w.roles(n) {
		return
	}
	if hasClass(n, "line") && n.parent != nil && n.parent.first != n { // of a docutils line block
		w.children(n, 1)
		return
	}
	if isCodeBox(n) {
		w.fence(linesOf(n), language(n))
		return
	}
	if w.asciidoc(n) || w.termynal(n) || w.isMan() && w.item(n) {
		return
	}
	if isAdmonition(n) {
		w.admonition(n, n, admonitionKind(n))
		return
	}
	if n.tag == atom.A && n.weight.headings == 0 && n.weight.solid <= 2 && n.weight.text <= aCard && hasAttr(n, "href") && find(n, isFixed) == nil { // a card
		line := w.line()
		line.node(n)
		w.paragraph(w.done(&line), gap)
		return
	}
	if isTitle(n) || w.quoted > 0 && isBoxTitle(n) {
		w.strong(n)
		return
	}
	w.children(n, max(gap, blockGap(n)))
}

// isFixed tells what says something by its lines and columns.
func isFixed(n *node) bool { return n.tag == atom.Pre || n.tag == atom.Table }

// scribbleBoxes are classes of the quotes that Scribble writes around code, what is
// defined, and remarks in the margin.
var scribbleBoxes = []string{"SVInsetFlow", "SubFlow", "SCodeFlow", "leftindent", "refcolumn", "refcontent"}

// isIndented tells the blockquote that docutils writes around what its source
// merely indents: one that defines things which can be linked to quotes nobody.
func isIndented(n *node) bool {
	for c := n.first; c != nil; c = c.next {
		switch {
		case c.tag == atom.Div && isIndented(c):
			return true
		case c.tag == atom.Dl && findNear(c, func(n *node) bool { return n.tag == atom.Dt && n.id != "" }) != nil:
			return true
		}
	}
	return false
}

// blockGap is the gap before what stands in n.
func blockGap(n *node) int {
	if n.tag == atom.Li {
		return 1
	}
	return 2
}

// strong writes a line of its own in bold: titles of boxes and figures.
func (w *writer) strong(n *node) {
	if s := unfolded(tight(n)); s != "" {
		w.block(2)
		const star = "\x00" // of which Sanitize has left none
		w.text("**" + strings.ReplaceAll(escape(strings.ReplaceAll(s, "*", star)), star, `\*`) + "**")
	}
}

// unfolded is a title without the mark of a box that folds.
func unfolded(title string) string { return strings.TrimRight(title, " ↕▾▼▸►") }

// isSignature tells the declaration that Javadoc writes as plain text.
func isSignature(n *node) bool {
	return n.tag == atom.Div && hasClass(n, "member-signature", "type-signature", "package-signature", "module-signature")
}

func isTitle(n *node) bool {
	if n.tag == atom.Div {
		return strings.HasPrefix(n.class, "admonitionHeading") ||
			hasClass(n, "title") && n.parent != nil && strings.Contains(n.parent.class, "block") // AsciiDoc
	}
	if n.tag == atom.Label {
		return strings.Contains(n.class, "tab-label")
	}
	return n.tag == atom.P && hasClass(n, "markdown-alert-title", "callout-title", "admonition-title", "title", "rubric", "topic-title", "sidebar-title", "admonition-heading", "custom-block-title")
}

func (w *writer) quote(n *node) {
	kind := ""
	if isNamedApart(n) {
		kind = admonitionKind(n)
	}
	w.admonition(n, n, kind)
}

func (w *writer) list(n *node) {
	if hasClass(n, frameLists...) || n.weight.headings > 0 && n.tag != atom.Ol && holdsSections(n) {
		w.framed(n)
		return
	}
	notes := isNotes(n)
	ordered, number := n.tag == atom.Ol && !w.isUnnumbered(n), 1
	if start, err := strconv.Atoi(attr(n, "start")); err == nil && ordered && start >= 0 && start < 1e6 {
		number = start
	}
	gap, rest := 2, ""
	if len(w.levels) > 0 {
		gap = 1
	}
	for c := n.first; c != nil; c = c.next {
		stray := c.kind == html.TextNode && c.weight.text > 0
		if !stray && c.kind != html.ElementNode || c.junk {
			continue
		}
		mark := "- "
		if ordered && c.tag == atom.Li { // what else stands there has no number
			mark = strconv.Itoa(number) + ". "
			if notes {
				mark = "[^" + strconv.Itoa(number) + "]: "
			}
			number++
		}
		w.block(gap)
		gap = 1
		if c.tag == atom.Li {
			if box := taskBox(c); box != nil {
				mark += map[bool]string{true: "[x] ", false: "[ ] "}[hasAttr(box, "checked")]
			}
		}
		if rest != "" && (onlyList(c) || c.tag == atom.Ul || c.tag == atom.Ol) {
			mark = rest // it belongs to the entry before
		} else {
			rest = strings.Repeat(" ", min(len(mark), 4))
		}
		w.push(mark, rest)
		c = w.entry(c)
		w.pop()
	}
}

// framed writes a list that only lays out what stands in it.
func (w *writer) framed(list *node) {
	for c := list.first; c != nil; c = c.next {
		switch {
		case c.junk:
		case c.tag == atom.Li:
			w.children(c, 2)
		default: // a table right inside it (groovydoc)
			w.between(c, c.next, 2)
		}
	}
}

// entry writes what one mark of a list stands before, and returns the last node of
// it.
func (w *writer) entry(n *node) (last *node) {
	switch {
	case n.tag == atom.Li:
		w.children(n, 1)
		return n
	case n.kind == html.ElementNode:
		w.node(n, 1) // a list right inside a list
		return n
	}
	last = n // text right inside a list
	for last.next != nil && isInline(last.next) {
		last = last.next
	}
	w.between(n, last.next, 1)
	return last
}

// isUnnumbered tells the lists of members and of fields that are ordered, and whose
// numbers nobody sees.
func (w *writer) isUnnumbered(list *node) bool {
	if w.gen == nil {
		return false
	}
	switch w.gen.name {
	case scaladoc:
		return list.parent != nil && hasClass(list.parent, "members")
	case "odoc":
		entry := list.first
		for entry != nil && entry.tag != atom.Li {
			entry = entry.next
		}
		return entry != nil && hasClass(entry, "def")
	}
	return false
}

// taskBox returns the box that is to be ticked off at the beginning of an entry,
// and not one whose label opens something.
func taskBox(entry *node) *node {
	for n, i := entry.first, 0; n != nil && i < 3; {
		switch {
		case n.kind == html.TextNode && n.weight.text == 0:
			n = n.next
			continue
		case n.tag == atom.Input && attr(n, "type") == "checkbox":
			next := n.next
			for next != nil && next.kind == html.TextNode && next.weight.text == 0 {
				next = next.next
			}
			if next != nil && next.tag == atom.Label && next.weight.text > 0 {
				return nil
			}
			return n
		case n.tag == atom.P, n.tag == atom.Label, n.tag == atom.Span:
			n, i = n.first, i+1
			continue
		}
		return nil
	}
	return nil
}

// frameLists are classes of the lists that Javadoc builds its pages of.
var frameLists = []string{"blockList", "blockListLast", "summary-list", "details-list", "member-list"}

// onlyList tells an entry of nothing but another list.
func onlyList(n *node) bool {
	inner := n.first
	return n.tag == atom.Li && inner != nil && inner.next == nil && (inner.tag == atom.Ul || inner.tag == atom.Ol)
}

// holdsSections tells lists that pages are built of: each entry has headings or
// sections of its own.
func holdsSections(n *node) bool {
	for c := n.first; c != nil; c = c.next {
		if c.kind == html.ElementNode && (c.tag != atom.Li || findNear(c, func(n *node) bool { return n.tag == atom.Section && n.weight.headings > 0 }) == nil) {
			return false
		}
	}
	return n.first != nil
}
