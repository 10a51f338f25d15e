package pagetree

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html"
)

// builtSlab is how many bytes of strings with replaced references are made at once.
const builtSlab = 4 << 10

// hasReference tells whether a "&" stands in a part of the page. The parts must
// be asked for in their order.
func (b *builder) hasReference(from, to int) bool {
	if b.amp < from {
		if j := strings.IndexByte(b.page[from:], '&'); j >= 0 {
			b.amp = from + j
		} else {
			b.amp = len(b.page)
		}
	}
	return b.amp < to
}

// unescape returns a part of the page with its character references replaced.
func (b *builder) unescape(from, to int) string {
	if !b.hasReference(from, to) {
		return b.page[from:to]
	}
	return b.replace(b.page[from:to], false)
}

// unescapeValue is unescape for the value of an attribute.
func (b *builder) unescapeValue(from, to int) string {
	if !b.hasReference(from, to) {
		return b.page[from:to]
	}
	return b.replace(b.page[from:to], true)
}

// replace replaces the character references in s.
func (b *builder) replace(s string, attribute bool) string {
	if b.built.Cap()-b.built.Len() < len(s) {
		b.built = strings.Builder{}
		b.built.Grow(max(builtSlab, len(s)))
	}
	began := b.built.Len()
	for {
		i := strings.IndexByte(s, '&')
		if i < 0 {
			break
		}
		b.built.WriteString(s[:i])
		s = s[i:]
		n := 0
		for _, known := range common {
			if strings.HasPrefix(s, known.name) {
				b.built.WriteString(known.text)
				n = len(known.name)
				break
			}
		}
		if n == 0 {
			n = b.reference(s, attribute)
		}
		s = s[n:]
	}
	b.built.WriteString(s)
	return b.built.String()[began:]
}

// common are the references that most pages have.
var common = []struct{ name, text string }{
	{"&lt;", "<"},
	{"&gt;", ">"},
	{"&amp;", "&"},
	{"&quot;", `"`},
	{"&nbsp;", "\u00a0"},
	{"&#39;", "'"},
	{"&#160;", "\u00a0"},
}

// reference adds what the reference at the beginning of s stands for, or s as it
// is where there is none, and returns how much of s that was.
func (b *builder) reference(s string, attribute bool) int {
	if len(s) > 1 && s[1] == '#' {
		n := numberEnd(s)
		b.built.WriteString(html.UnescapeString(s[:n]))
		return n
	}
	n := 1
	for n < len(s) && (isLetter(s[n]) || '0' <= s[n] && s[n] <= '9') {
		n++
	}
	ended := n < len(s) && s[n] == ';'
	if ended {
		n++
	}
	if attribute && !ended && n < len(s) && s[n] == '=' {
		b.built.WriteString(s[:n])
		return n
	}
	text := html.UnescapeString(s[:n])
	if attribute && !isWhole(text, ended) {
		text = s[:n]
	}
	b.built.WriteString(text)
	return n
}

// numberEnd returns the length of the numeric reference that s begins with.
func numberEnd(s string) int {
	n := len("&#")
	hex := n < len(s) && s[n]|0x20 == 'x'
	if hex {
		n++
	}
	for n < len(s) && ('0' <= s[n] && s[n] <= '9' || hex && 'a' <= s[n]|0x20 && s[n]|0x20 <= 'f') {
		n++
	}
	if n < len(s) && s[n] == ';' {
		n++
	}
	return n
}

// isWhole tells whether text, which a name was replaced by, stands for the whole
// name. In attributes, "&notit;" is not read as "&not" and the rest. What stands
// for a whole name has one rune, or two where the name ends with ";", and of those
// none is a ";".
func isWhole(text string, ended bool) bool {
	runes := utf8.RuneCountInString(text)
	return runes == 1 || ended && runes == 2 && !strings.HasSuffix(text, ";")
}
