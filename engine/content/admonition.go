package content

import (
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// admonitions are the class names of boxes that say something apart.
var admonitions = map[string]bool{
	"admonition": true, "note": true, "warning": true, "tip": true, "caution": true, "important": true, "danger": true, "hint": true, "attention": true,
	"error": true, "seealso": true, "deprecated": true, "alert": true, "callout": true, "custom-block": true, "theme-admonition": true,
	"markdown-alert": true, "versionadded": true, "versionchanged": true, "starlight-aside": true, "custom-container": true, "hint-container": true,
	"admonitionblock": true, "book-hint": true, "gdoc-hint": true, "notices": true, "nextra-callout": true,
}

// kinds are the words in class names that tell what an admonition is, and what
// stands for them in the text.
var kinds = []string{
	"note", "tip", "info", "important", "warning", "caution", "danger", "attention", "error", "hint", "example", "success", "question", "failure", "bug",
	"abstract", "todo",
}

// isNamedApart reports whether a class says so.
func isNamedApart(n *node) bool {
	for c := range strings.FieldsSeq(n.class) {
		if admonitions[c] {
			return true
		}
	}
	return false
}

func isAdmonition(n *node) bool {
	if n.tag == atom.Aside && slices.Contains(kinds, attr(n, "data-type")) && n.weight.text < 20_000 { // Writerside
		return true
	}
	if n.tag == atom.Details {
		return n.weight.text < 20_000 && isFoldedNote(n)
	}
	return (n.tag == atom.Div || n.tag == atom.Aside || n.tag == atom.Section) && n.class != "" && n.weight.text < 20_000 && isNamedApart(n)
}

// isFoldedNote tells a box that folds which is a note, by a class that is the
// bare word for its kind (Material for MkDocs: "note", Relearn: "notices tip"):
// Docusaurus styles all that folds as an alert.
func isFoldedNote(n *node) bool {
	for c := range strings.FieldsSeq(n.class) {
		if c == "notices" || c == "admonition" || slices.Contains(kinds, c) {
			return true
		}
	}
	return false
}

// admonitionKind reads the kind of an admonition from its classes ("admonition warning",
// "alert-info", "starlight-aside--tip"); empty where they tell none.
func admonitionKind(n *node) string {
	if kind := attr(n, "data-type"); slices.Contains(kinds, kind) {
		return kind
	}
	for c := range strings.FieldsSeq(strings.ToLower(n.class)) {
		if i := strings.LastIndexByte(c, '-'); i >= 0 {
			c = c[i+1:]
		}
		if slices.Contains(kinds, c) && (c != "hint" || hasClass(n, "admonition")) {
			return c // others call every box a hint
		}
	}
	return ""
}

// maxKind is how many bytes the kind of a note has.
const maxKind = 24

// aTitle is how many bytes a box may say before its kind is looked for no
// further.
const aTitle = 80

// admonition writes a box as a quote that begins with its kind, which is put
// before a title of its own that does not tell it.
func (w *writer) admonition(n, content *node, kind string) {
	w.block(2)
	w.push("> ", "> ")
	w.quoted++
	if kind != "" && !tellsKind(opening(content, aTitle), kind) {
		w.block(2)
		_, first := utf8.DecodeRuneInString(kind)
		w.text("**" + escape(strings.ToUpper(kind[:first])+kind[first:]) + "**")
	}
	if !w.noteTable(content) {
		w.children(content, 2)
	}
	w.quoted--
	w.pop()
}

// opening is the text that n begins with, somewhat more than limit bytes of it:
// boxes may stand in each other, and are not read whole for each.
func opening(n *node, limit int) string {
	var b strings.Builder
	left := 10 * manySiblings
	walk(n, func(c *node) bool {
		if left--; left < 0 || b.Len() > limit || c.junk {
			return false
		}
		if c.kind == html.TextNode {
			b.WriteString(c.data[:min(len(c.data), 10*limit)])
		} else if isBlockTag(c.tag) {
			b.WriteByte(' ')
		}
		return true
	})
	return fold(b.String())
}

// noteTable writes the cells of a note that is laid out as a table (DocBook,
// AsciiDoc): a picture of its kind, the kind, and what it says.
func (w *writer) noteTable(n *node) bool {
	table := n.first
	for table != nil && table.kind == html.TextNode && table.weight.text == 0 {
		table = table.next
	}
	if table == nil || table.tag != atom.Table || table.weight.text == 0 || hasHeader(table) || !isNoteLayout(table) {
		return false
	}
	titled := false
	walk(table, func(c *node) bool {
		if c.tag != atom.Td && c.tag != atom.Th {
			return c.kind == html.ElementNode && !c.junk
		}
		switch picture := find(c, func(n *node) bool { return n.tag == atom.Img }); {
		case titled, c.weight.text > maxKind:
			w.children(c, 2)
		case c.weight.text > 0:
			w.strong(c)
			titled = true
		case picture != nil && find(table, func(n *node) bool { return n.tag == atom.Th }) == nil:
			w.block(2)
			w.text("**" + escape(strings.Trim(clean(attr(picture, "alt"), maxKind), "[]")) + "**")
			titled = true
		}
		return false
	})
	w.from(table.next, 2)
	return true
}

// isNoteLayout tells a table of hardly more than a kind and what is said from one
// of data in a note.
func isNoteLayout(table *node) bool {
	rows, cells := 0, 0
	walk(table, func(c *node) bool {
		switch c.tag {
		case atom.Tr:
			rows++
		case atom.Td, atom.Th:
			cells++
			return false
		}
		return c.kind == html.ElementNode && cells <= 3
	})
	return rows <= 2 && cells <= 3
}

// tellsKind reports whether a box begins with the word for its kind, or for
// another: Bootstrap's kinds are colours.
func tellsKind(text, kind string) bool {
	text = strings.ToLower(text[:min(len(text), aTitle)])
	if strings.Contains(text, kind) {
		return true
	}
	word := strings.TrimRight(text[:strings.IndexAny(text+" ", " :!.")], "s")
	return slices.Contains(kinds, word)
}

// isBoxTitle tells the title of a box, by the end of a class name
// ("callout-title", "gdoc-hint__title").
func isBoxTitle(n *node) bool {
	if n.tag != atom.P && n.tag != atom.Div && n.tag != atom.Header || n.weight.solid > 1 || n.weight.text > 2*aTitle {
		return false
	}
	for c := range strings.FieldsSeq(n.class) {
		if strings.HasSuffix(c, "title") || strings.HasSuffix(c, "heading") || strings.HasSuffix(c, "header") {
			return true
		}
	}
	return false
}
