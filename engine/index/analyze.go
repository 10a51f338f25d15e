package index

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/kljensen/snowball/english"
	"golang.org/x/text/unicode/norm"
)

const (
	maxWord = 64      // bytes; longer ones are keys and base64, not words
	maxName = 128     // bytes of a whole identifier
	maxMemo = 1 << 15 // stems that one analyzer remembers
)

// token is one indexed term at a position of the text. A stacked token stands
// at the position of the token before it: the whole identifier beside its first
// part.
type token struct {
	term    string
	stacked bool
	// exact tells that the text has an identifier here: os.path.join,
	// --no-verify, E0308, ThreadPoolExecutor.
	exact bool
	parts int   // of the identifier, for a stacked token
	stem  *stem // that the term is, if it is one
}

// stem is that of a word, and where a recordBuilder has put it.
type stem struct {
	text     string
	document int
	place    uint32
}

// analyzer turns text into terms: stems of words, and whole identifiers beside
// their parts. "os.path.join" gives os, path, join and os.path.join;
// "ThreadPoolExecutor" gives thread, pool, executor and the stem of the whole.
// Scripts that do not divide words give pairs of characters. It is not safe for
// concurrent use.
type analyzer struct {
	memo map[string]*stem // by word in lower case
	out  []token
	fold []byte
}

func newAnalyzer() *analyzer { return &analyzer{memo: make(map[string]*stem)} }

// tokens returns the tokens of text in order. The slice is valid until the next
// call.
func (a *analyzer) tokens(text string) []token {
	a.out = a.out[:0]
	for i := 0; i < len(text); {
		if c := text[i]; c < utf8.RuneSelf && class[c] == other {
			i++
			continue
		}
		end := nameEnd(text, i)
		if end == i {
			i = a.symbol(text, i)
			continue
		}
		a.name(text[i:end])
		i = end
	}
	return a.out
}

// Classes of ASCII characters.
const (
	other = iota
	lower
	upper
	digit
	under
	lead  // may begin an identifier: -f --flag $HOME @decorator .gitignore
	joint // may stand within one only
)

var class = classes()

func classes() (table [utf8.RuneSelf]uint8) {
	for c := range table {
		switch {
		case 'a' <= c && c <= 'z':
			table[c] = lower
		case 'A' <= c && c <= 'Z':
			table[c] = upper
		case '0' <= c && c <= '9':
			table[c] = digit
		case c == '_':
			table[c] = under
		case strings.IndexByte("-$@.", byte(c)) >= 0:
			table[c] = lead
		case strings.IndexByte("/:'", byte(c)) >= 0:
			table[c] = joint
		}
	}
	return table
}

func isWordByte(c byte) bool { return c < utf8.RuneSelf && class[c] >= lower && class[c] <= under }

// wordAt returns the width of the word character at i, or 0.
func wordAt(text string, i int) int {
	if i >= len(text) {
		return 0
	}
	if c := text[i]; c < utf8.RuneSelf {
		if isWordByte(c) {
			return 1
		}
		return 0
	}
	r, n := utf8.DecodeRuneInString(text[i:])
	if isUndivided(r) || !(unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r)) {
		return 0
	}
	return n
}

// isUndivided reports whether r is of a script that is written without spaces.
func isUndivided(r rune) bool {
	return r >= 0x0e00 && unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar)
}

// nameEnd returns the end of the word or identifier that begins at i; i itself
// if none does.
func nameEnd(text string, i int) int {
	at := i + leadAt(text, i)
	end := at
	for {
		if n := wordAt(text, end); n > 0 {
			end += n
			continue
		}
		if end == at {
			return i
		}
		n := jointAt(text, end)
		if n == 0 || wordAt(text, end+n) == 0 {
			break
		}
		end += n
	}
	// c++ and c#, the names that end in a symbol
	if end == at+1 && class[text[at]&0x7f] <= upper {
		if rest := text[end:]; strings.HasPrefix(rest, "++") {
			return end + 2
		} else if strings.HasPrefix(rest, "#") {
			return end + 1
		}
	}
	return end
}

// leadAt returns how many bytes before a word belong to the identifier that
// begins at i.
func leadAt(text string, i int) int {
	if c := text[i]; c >= utf8.RuneSelf || class[c] != lead {
		return 0
	}
	if strings.HasPrefix(text[i:], "--") {
		return 2
	}
	return 1
}

// jointAt returns the width of what may join two words into an identifier, or 0.
func jointAt(text string, i int) int {
	if i >= len(text) {
		return 0
	}
	switch c := text[i]; {
	case c == ':':
		if strings.HasPrefix(text[i:], "::") {
			return 2
		}
		return 0
	case strings.HasPrefix(text[i:], "->"):
		return 2
	case strings.HasPrefix(text[i:], "’"):
		return len("’")
	case c < utf8.RuneSelf && class[c] >= lead:
		return 1
	}
	return 0
}

// symbol handles what begins no name: it skips one character, or takes a run of
// an undivided script.
func (a *analyzer) symbol(text string, i int) int {
	r, n := utf8.DecodeRuneInString(text[i:])
	if !isUndivided(r) {
		return i + n
	}
	last, first := i, i
	for i < len(text) {
		if r, n = utf8.DecodeRuneInString(text[i:]); !isUndivided(r) {
			break
		}
		if i > first {
			a.emit(text[last:i+n], false, false)
			last = i
		}
		i += n
	}
	if last == first { // a single character
		a.emit(text[first:i], false, false)
	}
	return i
}

// name emits the parts of one word or identifier, and the whole beside the
// first part.
func (a *analyzer) name(s string) {
	if isLower(s) {
		a.word(s)
		return
	}
	s = withoutEmphasis(s)
	before := len(a.out)
	a.parts(s)
	parts := len(a.out) - before
	if parts == 0 || len(s) > maxName {
		return
	}
	switch {
	case isJoined(s):
		a.stack(before, parts, strings.ToLower(s))
	case parts > 1: // camelCase
		a.stack(before, parts, a.stem(a.lowered(s)).text)
	case hasDigit(s) && !isNumber(s):
		a.out[before].exact = true
	}
}

func (a *analyzer) emit(term string, stacked, exact bool) {
	a.out = append(a.out, token{term: term, stacked: stacked, exact: exact})
}

// stack puts the whole identifier beside its first part, the token at index at.
func (a *analyzer) stack(at, parts int, whole string) {
	a.emit("", false, false)
	copy(a.out[at+2:], a.out[at+1:])
	a.out[at+1] = token{term: whole, stacked: true, exact: true, parts: parts}
}

// parts emits the words of s, which are divided by joints, underscores and the
// humps of camelCase.
func (a *analyzer) parts(s string) {
	start := -1
	for i := 0; i < len(s); i++ {
		c := s[i]
		inside := c >= utf8.RuneSelf || class[c] >= lower && class[c] <= digit || isApostrophe(s, i)
		if strings.HasPrefix(s[i:], "’") {
			inside = isApostrophe(s, i)
		}
		switch {
		case !inside:
			if start >= 0 {
				a.word(s[start:i])
			}
			start = -1
		case start < 0:
			start = i
		case isHump(s, start, i):
			a.word(s[start:i])
			start = i
		}
	}
	if start >= 0 {
		a.word(s[start:])
	}
}

// isApostrophe reports whether s has an apostrophe between letters at i.
func isApostrophe(s string, i int) bool {
	n := 1
	if strings.HasPrefix(s[i:], "’") {
		n = len("’")
	} else if s[i] != '\'' {
		return false
	}
	return i > 0 && i+n < len(s) && isLetterByte(s[i-1]) && isLetterByte(s[i+n])
}

func isLetterByte(c byte) bool { return c >= utf8.RuneSelf || class[c] == lower || class[c] == upper }

// isHump reports whether a new word of camelCase begins at i: aB, or the B of
// ABc.
func isHump(s string, start, i int) bool {
	if s[i] >= utf8.RuneSelf || class[s[i]] != upper || s[i-1] >= utf8.RuneSelf {
		return false
	}
	if class[s[i-1]] == lower {
		return true
	}
	return i > start && class[s[i-1]] == upper && i+1 < len(s) && s[i+1] < utf8.RuneSelf && class[s[i+1]] == lower &&
		!(i+2 == len(s) && s[i+1] == 's') // URLs, IDs
}

// word emits the stem of one word.
func (a *analyzer) word(s string) {
	if len(s) > maxWord {
		return
	}
	if w := a.lowered(s); len(w) > 0 { // accents alone leave nothing
		stem := a.stem(w)
		a.out = append(a.out, token{term: stem.text, stem: stem})
	}
}

// lowered returns s in lower case and without accents, in a buffer that is
// valid until the next call.
func (a *analyzer) lowered(s string) []byte {
	a.fold = a.fold[:0]
	for i := range len(s) {
		c := s[i]
		if c >= utf8.RuneSelf {
			return a.foldRunes(s)
		}
		if class[c] == upper {
			c += 'a' - 'A'
		}
		a.fold = append(a.fold, c)
	}
	return a.fold
}

func (a *analyzer) foldRunes(s string) []byte {
	a.fold = a.fold[:0]
	for _, r := range norm.NFKD.String(s) {
		switch {
		case unicode.Is(unicode.Mn, r):
		case r == '’':
			a.fold = append(a.fold, '\'')
		default:
			a.fold = utf8.AppendRune(a.fold, unicode.ToLower(r))
		}
	}
	return a.fold
}

// stem returns the stem of a word in lower case. English is the language of
// most documentation; Snowball leaves most words of others as they are, and a
// query meets the same rules.
func (a *analyzer) stem(word []byte) *stem {
	if known := a.memo[string(word)]; known != nil {
		return known
	}
	w := string(word)
	s := &stem{text: w}
	if isStemmable(w) {
		s.text = english.Stem(w, true)
	}
	if len(a.memo) >= maxMemo {
		clear(a.memo)
	}
	a.memo[w] = s
	return s
}

func isStemmable(w string) bool {
	for i := range len(w) {
		if c := w[i]; c != '\'' && (c < 'a' || c > 'z') {
			return false
		}
	}
	return true
}

func isLower(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < 'a' || c > 'z' {
			return false
		}
	}
	return true
}

// withoutEmphasis takes off the underscores of _emphasis_, not those of
// __init__.
func withoutEmphasis(s string) string {
	if len(s) > 2 && s[0] == '_' && s[len(s)-1] == '_' && s[1] != '_' {
		return s[1 : len(s)-1]
	}
	return s
}

// isJoined reports whether an identifier has more to it than letters, digits
// and apostrophes.
func isJoined(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < utf8.RuneSelf && (class[c] >= under && c != '\'' || class[c] == other) {
			return true
		}
	}
	return false
}

func hasDigit(s string) bool { return strings.ContainsAny(s, "0123456789") }

func isNumber(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < '0' || c > '9' {
			return false
		}
	}
	return true
}

// plainText returns Markdown without what no one searches for: targets of
// links, and the backslashes before punctuation.
func plainText(md string) string {
	if !strings.Contains(md, "](") && !strings.Contains(md, `\`) {
		return md
	}
	var b strings.Builder
	b.Grow(len(md))
	for i := 0; i < len(md); i++ {
		switch c := md[i]; {
		case c == '\\' && i+1 < len(md) && isPunct(md[i+1]):
			i++
			b.WriteByte(md[i])
		case c == ']' && isTarget(md[i+1:]):
			b.WriteByte(' ')
			i += targetEnd(md[i+1:])
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

func isPunct(c byte) bool { return c > ' ' && c < 0x7f && (!isWordByte(c) || c == '_') }

func isTarget(s string) bool {
	return strings.HasPrefix(s, "(http") || strings.HasPrefix(s, "(#") || strings.HasPrefix(s, "(data:") || strings.HasPrefix(s, "(mailto:")
}

// targetEnd returns the length of a link's target with its parentheses, at
// least 1.
func targetEnd(s string) int {
	depth := 0
	for i := range len(s) {
		switch s[i] {
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return i + 1
			}
		case '\n':
			return i
		}
	}
	return len(s)
}
