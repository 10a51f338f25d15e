package pagetree

import (
	"io"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

type tokenKind uint8

const (
	endOfPage tokenKind = iota
	text
	startTag
	endTag
	comment
	doctype
)

// token is a piece of a page. Its strings are substrings of the page, where
// nothing in them had to be replaced.
type token struct {
	kind  tokenKind
	trait        // of a tag
	data  string // name of a tag, text, comment, or a doctype with its brackets
	attrs []html.Attribute
	empty bool // <br/>
}

// maxAttributes is how many attributes of one tag are compared with each other.
const maxAttributes = 64

// next reads the next token into b.tok.
func (b *builder) next() {
	b.tok.attrs, b.tok.empty, b.tok.trait = nil, false, trait{}
	if tag := b.raw; tag != 0 {
		b.raw = 0
		if end := b.rawEnd(tag); end > b.pos {
			b.tok.kind, b.tok.data = text, b.page[b.pos:end]
			if tag == atom.Textarea || tag == atom.Title {
				b.tok.data = b.unescape(b.pos, end)
			}
			b.pos = end
			return
		}
	}
	at := b.markup(b.pos)
	if at > b.pos {
		b.tok.kind, b.tok.data = text, b.unescape(b.pos, at)
		b.pos = at
		return
	}
	if at == len(b.page) {
		b.tok.kind, b.tok.data = endOfPage, ""
		return
	}
	switch c := b.page[at+1]; c {
	case '/':
		switch c := b.page[at+2]; {
		case c == '>':
			b.tok.kind, b.tok.data = comment, ""
			b.pos = at + 3
		case isLetter(c):
			b.readTag(at+2, false)
		default:
			b.bogus(at + 2)
		}
	case '!':
		b.declaration(at + 2)
	case '?':
		b.bogus(at + 1)
	default:
		b.readTag(at+1, true)
	}
}

// markup returns where the next tag or comment begins at or after from, or the
// length of the page. A "<" that begins none is text.
func (b *builder) markup(from int) int {
	for i := from; ; i++ {
		j := strings.IndexByte(b.page[i:], '<')
		if j < 0 {
			return len(b.page)
		}
		i += j
		if i+1 >= len(b.page) {
			return len(b.page)
		}
		switch c := b.page[i+1]; {
		case isLetter(c), c == '!', c == '?':
			return i
		case c == '/':
			if i+2 < len(b.page) || i > from {
				return i // text before "</" at the end of a page is a token of its own
			}
			return len(b.page)
		}
	}
}

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

func isSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\t' || c == '\f' }

func (b *builder) skipSpace(i int) int {
	for i < len(b.page) && isSpace(b.page[i]) {
		i++
	}
	return i
}

// endsKey are the characters that end the name of a tag or of an attribute; "="
// ends the latter only.
var endsKey = [256]bool{' ': true, '\n': true, '\t': true, '\f': true, '/': true, '>': true, '=': true}

// readTag reads the tag whose name begins at from. One that the page ends in is
// dropped.
func (b *builder) readTag(from int, start bool) {
	i := from + 1
	for i < len(b.page) && (!endsKey[b.page[i]] || b.page[i] == '=') {
		i++
	}
	b.nameTag(from, i)
	b.tok.kind = endTag
	if start {
		b.tok.kind = startTag
	}
	began, valueEnd := len(b.attrs), -1 // valueEnd is that of the last attribute that is kept
	for {
		if i = b.skipSpace(i); i >= len(b.page) {
			break
		}
		if b.page[i] == '>' {
			b.pos = i + 1
			break
		}
		var key, value span
		if key, value, i = b.readAttribute(i); i >= len(b.page) {
			break
		}
		if start && key.from < key.to && b.keep(&began, key, value) {
			valueEnd = value.to
		}
	}
	if i >= len(b.page) {
		b.tok.kind, b.pos = endOfPage, len(b.page)
		return
	}
	b.tok.empty = b.page[i-1] == '/' && i != valueEnd
	if len(b.attrs) > began {
		b.tok.attrs = b.attrs[began:len(b.attrs):len(b.attrs)]
	}
	if start && b.tok.flags&raw != 0 {
		b.raw = b.tok.tag
	}
}

// nameTag sets the name of the tag.
func (b *builder) nameTag(from, to int) {
	name := b.body[from:to]
	for _, c := range name {
		if 'A' <= c && c <= 'Z' {
			b.tok.data = strings.ToLower(b.page[from:to])
			if !isASCII(name) {
				b.decline()
			}
			name = []byte(b.tok.data)
			b.tok.trait = traitOf(atom.Lookup(name))
			return
		}
	}
	b.tok.data = b.page[from:to]
	b.tok.trait = traitOf(atom.Lookup(name))
}

func isASCII(s []byte) bool {
	for _, c := range s {
		if c >= 0x80 {
			return false
		}
	}
	return true
}

// span is a part of the page.
type span struct{ from, to int }

// readAttribute reads a name that begins at i, and what follows it, and returns
// where the next one may begin; that is the end of the page where the page ends
// first. The name may be empty: so a "/" is read.
func (b *builder) readAttribute(i int) (key, value span, next int) {
	key.from = i
	if b.page[i] == '=' {
		i++
	}
	for i < len(b.page) && !endsKey[b.page[i]] {
		i++
	}
	key.to = i
	value = span{i, i}
	if i = b.skipSpace(i); i >= len(b.page) {
		return key, value, i
	}
	switch b.page[i] {
	case '/':
		return key, value, i + 1
	case '=':
		i = b.skipSpace(i + 1)
	default:
		return key, value, i
	}
	if i >= len(b.page) {
		return key, value, i
	}
	switch quote := b.page[i]; quote {
	case '>':
	case '"', '\'':
		i++
		j := strings.IndexByte(b.page[i:], quote)
		if j < 0 {
			return key, value, len(b.page)
		}
		value = span{i, i + j}
		i += j + 1
	default:
		value.from = i
		for i < len(b.page) && !isSpace(b.page[i]) && b.page[i] != '>' {
			i++
		}
		value.to = i
	}
	return key, value, i
}

// keep adds an attribute to those of the tag, which begin at *began, unless there
// is one of its name.
func (b *builder) keep(began *int, key, value span) bool {
	name := b.page[key.from:key.to]
	for i := range len(name) {
		if c := name[i]; 'A' <= c && c <= 'Z' {
			if !isASCII(b.body[key.from:key.to]) {
				b.decline()
			}
			name = strings.ToLower(name)
			break
		}
	}
	for i := *began; i < len(b.attrs); i++ {
		if b.attrs[i].Key == name {
			return false
		}
	}
	if len(b.attrs)-*began >= maxAttributes {
		b.decline()
		return false
	}
	if len(b.attrs) == cap(b.attrs) {
		b.attrs, *began = append(b.slabs.attrs(), b.attrs[*began:]...), 0
	}
	b.attrs = append(b.attrs, html.Attribute{Key: name, Val: b.unescapeValue(value.from, value.to)})
	return true
}

// bogus reads up to the next ">" as a comment.
func (b *builder) bogus(from int) {
	b.tok.kind = comment
	to := len(b.page)
	b.pos = to
	if j := strings.IndexByte(b.page[from:], '>'); j >= 0 {
		to = from + j
		b.pos = to + 1
	}
	b.tok.data = b.unescape(from, to)
}

// declaration reads what stands after "<!".
func (b *builder) declaration(from int) {
	rest := b.page[from:]
	switch {
	case strings.HasPrefix(rest, "--"):
		b.readComment(from + 2)
	case len(rest) >= len("doctype") && strings.EqualFold(rest[:len("doctype")], "doctype"):
		j := strings.IndexByte(rest, '>')
		if j < 0 {
			b.decline()
			return
		}
		b.tok.kind, b.tok.data = doctype, b.page[from-2:from+j+1]
		b.pos = from + j + 1
	case strings.HasPrefix(rest, "[CDATA[") && b.isForeign():
		b.decline()
	default:
		b.bogus(from)
	}
}

// readComment reads the comment whose text begins at from. It ends at "-->" or
// "--!>", or where its text begins with ">" or "->".
func (b *builder) readComment(from int) {
	b.tok.kind = comment
	for i := from; ; i++ {
		j := strings.IndexByte(b.page[i:], '>')
		if j < 0 {
			break
		}
		i += j
		to := -1
		switch said := b.page[from:i]; {
		case strings.HasSuffix(said, "--"):
			to = i - 2
		case strings.HasSuffix(said, "--!"):
			to = i - 3
		case said == "", said == "-":
			to = from
		default:
			continue
		}
		b.tok.data = b.unescape(from, to)
		b.pos = i + 1
		return
	}
	said := b.page[from:]
	for _, end := range []string{"--!", "--", "-"} {
		if rest, found := strings.CutSuffix(said, end); found {
			said = rest
			break
		}
	}
	b.tok.data = b.unescape(from, from+len(said))
	b.pos = len(b.page)
}

// rawEnd returns where the raw text of the element ends that begins at b.pos.
func (b *builder) rawEnd(tag atom.Atom) int {
	name := tag.String()
	for i := b.pos; ; i++ {
		j := strings.IndexByte(b.page[i:], '<')
		if j < 0 {
			return len(b.page)
		}
		i += j
		rest := b.page[i+1:]
		if tag == atom.Script && strings.HasPrefix(rest, "!--") {
			return b.scriptEnd()
		}
		if len(rest) > len(name)+1 && rest[0] == '/' && hasName(rest[1:], name) {
			return i
		}
	}
}

// hasName tells whether s begins with a tag of the name.
func hasName(s, name string) bool {
	for i := range len(name) {
		if c := s[i]; c != name[i] && c != name[i]-('a'-'A') {
			return false
		}
	}
	c := s[len(name)]
	return isSpace(c) || c == '/' || c == '>'
}

// scriptEnd is rawEnd for a script with "<!--" in it, which may hide its end tag.
// There x/net's tokenizer is asked.
func (b *builder) scriptEnd() int {
	b.work += 4 << 10 // its buffer
	z := html.NewTokenizer(io.MultiReader(strings.NewReader("<script>"), strings.NewReader(b.page[b.pos:])))
	z.Next()
	if z.Next() != html.TextToken {
		b.decline()
		return len(b.page)
	}
	return b.pos + len(z.Raw())
}
