package wordpiece

import (
	"encoding/binary"
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// maxWord is the most code points that a word may have; a longer one is left
// out.
const maxWord = 100

// Tokeniser cuts text into pieces. It is safe for concurrent use.
type Tokeniser struct {
	vocab    *vocabulary
	ascii    asciiRules
	scanners sync.Pool // of *scanner
}

// New reads a vocabulary of one piece a line (LF), which it keeps and does not
// copy. It fails for more than 32,768 pieces or a last line without its end.
func New(vocabulary string) (*Tokeniser, error) {
	v, err := newVocabulary(vocabulary)
	if err != nil {
		return nil, err
	}
	t := &Tokeniser{vocab: v, ascii: newASCIIRules()}
	t.scanners.New = func() any { return &scanner{vocab: t.vocab, ascii: &t.ascii} }
	return t, nil
}

// Append appends the ids of text's first pieces to ids, at most limit of them.
func (t *Tokeniser) Append(ids []int32, text string, limit int) []int32 {
	s := t.scanners.Get().(*scanner) //nolint:forcetypeassert // New makes nothing else
	s.ids, s.keep, s.limit = ids, true, len(ids)+limit
	s.scan(text)
	ids = s.ids[:min(len(s.ids), s.limit)]
	s.ids, s.keep, s.count = nil, false, 0
	t.scanners.Put(s)
	return ids
}

// Count returns how many pieces text has in all. It does not allocate.
func (t *Tokeniser) Count(text string) int {
	s := t.scanners.Get().(*scanner) //nolint:forcetypeassert // New makes nothing else
	s.scan(text)
	count := s.count
	s.count = 0
	t.scanners.Put(s)
	return count
}

// scanner holds the word that is being read.
type scanner struct {
	vocab *vocabulary
	ascii *asciiRules
	ids   []int32
	count int
	keep  bool // collect ids up to limit, and then stop
	limit int

	word  [maxWord * utf8.UTFMax]byte
	size  int // bytes of word
	runes int // code points; beyond maxWord they are counted only

	pieces [maxWord * utf8.UTFMax]uint16 // of the last word that was cut
	recall [1 << recallBits]recalled

	cleaned    [4 * stretchRoom]byte
	decomposed norm.Iter // here, because it is large and holds buffers of its own
}

func (s *scanner) full() bool { return s.keep && len(s.ids) >= s.limit }

// scan reads the whole text: stretches of ASCII, and stretches of the rest.
func (s *scanner) scan(text string) {
	for i := 0; i < len(text) && !s.full(); {
		if text[i] < utf8.RuneSelf {
			i += s.plain(text[i:])
		} else {
			i += s.stretch(text[i:])
		}
	}
	s.end()
}

// plain reads until the first byte that is not ASCII and returns how many it
// has read.
func (s *scanner) plain(text string) int {
	for i := range len(text) {
		c := text[i]
		if c >= utf8.RuneSelf {
			return i
		}
		switch b := s.ascii[c]; b {
		case dropped:
		case space:
			s.end()
			if s.full() {
				return i
			}
		case mark:
			s.alone(c)
		default:
			if s.runes++; s.runes <= maxWord {
				s.word[s.size] = b
				s.size++
			}
		}
	}
	return len(text)
}

// What asciiRules say of a byte that is not part of a word. Others stand for
// themselves in lower case.
const (
	dropped = iota
	space
	mark
)

// asciiRules holds rules 1 to 3 for ASCII. Controls but TAB, LF and CR stay 0.
type asciiRules [utf8.RuneSelf]byte

func newASCIIRules() (rules asciiRules) {
	for c := byte('!'); c <= '~'; c++ {
		rules[c] = mark
	}
	for c := byte('0'); c <= '9'; c++ {
		rules[c] = c
	}
	for c := byte('a'); c <= 'z'; c++ {
		rules[c], rules[c-'a'+'A'] = c, c
	}
	rules[' '], rules['\t'], rules['\n'], rules['\r'] = space, space, space, space
	return rules
}

// stretchRoom is how many bytes a stretch holds before it looks for a letter to
// end before: more than the marks on one letter take in any script. Nonsense of
// more marks than thrice that is cut anywhere.
const stretchRoom = 256

// stretch reads a stretch that is not ASCII, in which marks may change places
// when decomposed, and returns how many bytes of text it has read. Dropped
// ASCII characters belong to it, as the marks around them meet.
func (s *scanner) stretch(text string) int {
	cleaned, i := s.cleaned[:0], 0
	for i < len(text) {
		r, n := utf8.DecodeRuneInString(text[i:])
		if r < utf8.RuneSelf && s.ascii[r] != dropped {
			break
		}
		if n := len(cleaned); n >= 3*stretchRoom || (n >= stretchRoom && norm.NFD.PropertiesString(text[i:]).BoundaryBefore()) {
			break
		}
		cleaned = clean(cleaned, r)
		i += n
	}
	s.decomposed.Init(norm.NFD, cleaned)
	for !s.decomposed.Done() {
		for part := s.decomposed.Next(); len(part) > 0; {
			r, n := utf8.DecodeRune(part)
			s.rune(r)
			part = part[n:]
		}
	}
	return i
}

// clean is rule 1.
func clean(to []byte, r rune) []byte {
	switch {
	case r == utf8.RuneError || unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Cs):
		return to
	case unicode.In(r, unicode.Zs, unicode.Zl, unicode.Zp):
		return append(to, ' ')
	case isCJK(r):
		return append(utf8.AppendRune(append(to, ' '), r), ' ')
	}
	return utf8.AppendRune(to, r)
}

// isCJK holds the blocks of ideographs; kana and Hangul are letters.
func isCJK(r rune) bool {
	return r >= 0x3400 && (r <= 0x4DBF || (r >= 0x4E00 && r <= 0x9FFF) || (r >= 0xF900 && r <= 0xFAFF) ||
		(r >= 0x20000 && r <= 0x2A6DF) || (r >= 0x2A700 && r <= 0x2CEAF) || (r >= 0x2F800 && r <= 0x2FA1F))
}

// rune reads one decomposed code point: the rest of rule 2, and rule 3.
func (s *scanner) rune(r rune) {
	switch {
	case r < utf8.RuneSelf && s.ascii[r] == space:
		s.end()
	case r < utf8.RuneSelf && s.ascii[r] == mark:
		s.alone(byte(r))
	case unicode.Is(unicode.Mn, r):
	case unicode.IsPunct(r):
		s.end()
		s.letter(r)
		s.end()
	default:
		s.letter(unicode.ToLower(r))
	}
}

func (s *scanner) letter(r rune) {
	if s.runes++; s.runes <= maxWord {
		s.size += utf8.EncodeRune(s.word[s.size:], r)
	}
}

// alone reads an ASCII mark, which is a word.
func (s *scanner) alone(c byte) {
	s.end()
	if id := s.vocab.marks[c]; id >= 0 {
		s.add([]uint16{uint16(id)})
	}
}

// end ends the word: rule 4.
func (s *scanner) end() {
	if s.size == 0 {
		return
	}
	word, known := s.word[:s.size], s.runes <= maxWord
	s.size, s.runes = 0, 0
	if !known {
		return
	}
	if len(word) > recallSize {
		s.add(s.cut(word))
		return
	}
	le := binary.LittleEndian
	s.short(keyOf(le.Uint64(s.word[:]), le.Uint64(s.word[8:]), len(word)), word)
}

// short adds the pieces of a word of at most recallSize bytes.
func (s *scanner) short(k key, word []byte) {
	r := &s.recall[k.place()]
	if r.key != k {
		pieces := s.cut(word)
		if len(pieces) > len(r.ids) {
			s.add(pieces)
			return
		}
		r.key, r.n = k, uint8(copy(r.ids[:], pieces))
	}
	s.add(r.ids[:r.n])
}

func (s *scanner) add(pieces []uint16) {
	s.count += len(pieces)
	if s.keep {
		for _, id := range pieces {
			s.ids = append(s.ids, int32(id))
		}
	}
}

// cut returns the pieces of a word; none where it is unknown. The slice is valid
// until the next call.
func (s *scanner) cut(word []byte) []uint16 {
	pieces := s.pieces[:0]
	for at := 0; at < len(word); {
		n, id := s.longest(word[at:], at > 0)
		if n == 0 {
			return nil
		}
		pieces = append(pieces, uint16(id)) // each has a byte at least
		at += n
	}
	return pieces
}

// Words that were cut lately are not cut again: few words make most of a text.
const (
	recallBits = 11 // words, as a power of two
	recallSize = 16 // bytes of a word
)

// recalled is a word and its pieces.
type recalled struct {
	key key
	ids [7]uint16
	n   uint8
}

// key is a word with zeros behind it, which no word holds.
type key [2]uint64

// keyOf is the key of the first n bytes, at most recallSize.
func keyOf(low, high uint64, n int) key {
	if n < 8 {
		return key{low & (1<<(8*n) - 1)}
	}
	return key{low, high & (1<<(8*n-64) - 1)}
}

// place is where a word is remembered.
func (k key) place() uint64 {
	const odd = 0x9e3779b97f4a7c15 // 2⁶⁴ divided by the golden ratio
	return (k[0]*odd ^ k[1]) * odd >> (64 - recallBits)
}

// longestPiece bounds the longest piece, in bytes, that a word is tried with.
const longestPiece = 64

// longest finds the longest piece that word begins with, and its length in
// bytes; 0 where there is none. A piece is whole code points, so it cannot end
// within one.
func (s *scanner) longest(word []byte, later bool) (n, id int) {
	var hashes [longestPiece]uint32
	h, longest := seed(later), min(len(word), s.vocab.longest, longestPiece)
	for i := range longest {
		h = add(h, word[i])
		hashes[i] = h
	}
	for n := longest; n > 0; n-- {
		if id, ok := s.vocab.find(hashes[n-1], word[:n], later); ok {
			return n, id
		}
	}
	return 0, 0
}
