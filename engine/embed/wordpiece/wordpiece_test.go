package wordpiece

import (
	"os"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

func newTest(t testing.TB) (*Tokeniser, string) {
	t.Helper()
	data, err := os.ReadFile("../static/vocab.txt")
	if err != nil {
		t.Fatal(err)
	}
	tok, err := New(string(data))
	if err != nil {
		t.Fatal(err)
	}
	return tok, string(data)
}

// reference follows the rules word for word, with maps and copies.
type reference map[string]int32

func newReference(vocab string) reference {
	ids := reference{}
	for i, piece := range strings.Split(strings.TrimSuffix(vocab, "\n"), "\n") {
		ids[piece] = int32(i)
	}
	return ids
}

func (ids reference) tokenise(text string) (out []int32) {
	for _, word := range referenceWords(text) {
		out = append(out, ids.pieces([]rune(word))...)
	}
	return out
}

func referenceWords(text string) []string {
	var cleaned strings.Builder
	for _, r := range text {
		switch {
		case r == '\t' || r == '\n' || r == '\r' || unicode.In(r, unicode.Zs, unicode.Zl, unicode.Zp):
			cleaned.WriteByte(' ')
		case r == 0 || r == utf8.RuneError || unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Cs):
		case isCJK(r):
			cleaned.WriteString(" " + string(r) + " ")
		default:
			cleaned.WriteRune(r)
		}
	}
	var spaced strings.Builder
	for _, r := range norm.NFD.String(cleaned.String()) {
		if unicode.Is(unicode.Mn, r) {
			continue
		}
		r = unicode.ToLower(r)
		if unicode.IsPunct(r) || (r > ' ' && r < 0x7f && !unicode.IsLetter(r) && !unicode.IsDigit(r)) {
			spaced.WriteString(" " + string(r) + " ")
		} else {
			spaced.WriteRune(r)
		}
	}
	return strings.FieldsFunc(spaced.String(), func(r rune) bool { return r == ' ' })
}

func (ids reference) pieces(word []rune) (out []int32) {
	if len(word) > maxWord {
		return nil
	}
	for at := 0; at < len(word); {
		end := len(word)
		for ; end > at; end-- {
			piece := string(word[at:end])
			if at > 0 {
				piece = "##" + piece
			}
			if id, ok := ids[piece]; ok {
				out = append(out, id)
				break
			}
		}
		if end == at {
			return nil
		}
		at = end
	}
	return out
}

// awkward are texts whose rules have an edge.
func awkward() []string {
	return []string{
		"", " ", "\x00\x01", "Hello, World!", "os.path.join(a_b, --no-verify) E0308 #[derive]",
		"ÀÉÎÕÜ naïve café Straße İstanbul ΟΔΟΣ", "漢字かな交じり文 한국어", "e\u0301\u0323\u0301", "a\u0315\u0300\u05ae\u0062",
		"\u212a\u037e\u1fef\u2126", "[CLS] [PAD] [unused1] ##ing", "\u00a0\u2003\u3000x\u2028y", "€5 ☃ 😀 a😀b", "a\u200bb\u00adc\ufeffd",
		"\xff\xfe bad \xc3", strings.Repeat("a", 100), strings.Repeat("a", 101) + " b", strings.Repeat("é", 100), strings.Repeat("𝒳", 101) + "x",
		"e" + strings.Repeat("\u0301", 400) + "x", strings.Repeat("漢", 300), "\u1b44\u302e\u0301\x00\u302f", "“quoted” – ‹dash›", "x\x7fy\x85z",
		"ǅ ß ſ K", "tab\tnew\nret\rvt\vff\f!", "\u0344\u0958\ufb1d", "가\u11a8각",
	}
}

func TestEqualsReference(t *testing.T) {
	t.Parallel()
	tok, vocab := newTest(t)
	ref := newReference(vocab)
	for _, text := range awkward() {
		compare(t, tok, ref, text)
	}
}

// TestRemembersWords reads more words than are remembered, of all lengths, and
// each again: known ones, unknown ones, and beginnings of others.
func TestRemembersWords(t *testing.T) {
	t.Parallel()
	tok, vocab := newTest(t)
	ref := newReference(vocab)
	for i := range 4 << recallBits {
		word := strings.Repeat("zqjx index ☃é"[i%13:], 20)[:1+i%20] + strings.Repeat("a", i%17) + string(rune('a'+i%26))
		text := word + " " + word[:len(word)-1] + " the " + word
		if got, want := tok.Append(nil, text, 200), ref.tokenise(text); !slices.Equal(got, want) {
			t.Fatalf("%+q: got %v, want %v", text, got, want)
		}
	}
}

func compare(t *testing.T, tok *Tokeniser, ref reference, text string) {
	t.Helper()
	want := ref.tokenise(text)
	if got := tok.Append(nil, text, len(want)+1000); !slices.Equal(got, want) {
		t.Errorf("%+q: got %v, want %v", text, got, want)
	}
	if got := tok.Count(text); got != len(want) {
		t.Errorf("%+q: counted %d, want %d", text, got, len(want))
	}
	if got := tok.Append(nil, text, 3); !slices.Equal(got, want[:min(3, len(want))]) {
		t.Errorf("%+q: first 3: got %v of %v", text, got, want)
	}
}

// FuzzTokenise compares with the reference.
func FuzzTokenise(f *testing.F) {
	tok, vocab := newTest(f)
	ref := newReference(vocab)
	for _, text := range awkward() {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) { compare(t, tok, ref, text) })
}

func TestEveryPieceIsFound(t *testing.T) {
	t.Parallel()
	tok, vocab := newTest(t)
	for id, piece := range strings.Split(strings.TrimSuffix(vocab, "\n"), "\n") {
		bare, later := strings.CutPrefix(piece, more)
		h := seed(later)
		for i := range len(bare) {
			h = add(h, bare[i])
		}
		if got, ok := tok.vocab.find(h, []byte(bare), later); !ok || got != id {
			t.Fatalf("%q: got %d %v, want %d", piece, got, ok, id)
		}
	}
	if tok.vocab.longest > longestPiece {
		t.Errorf("pieces of %d bytes are longer than is tried", tok.vocab.longest)
	}
}

func TestAppendKeepsWhatIsThere(t *testing.T) {
	t.Parallel()
	tok, _ := newTest(t)
	got := tok.Append([]int32{7}, "hello world again", 2)
	if want := append([]int32{7}, tok.Append(nil, "hello world", 2)...); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestDoesNotAllocate(t *testing.T) {
	tok, _ := newTest(t)
	ids := make([]int32, 0, 512)
	text := strings.Join(awkward(), " ")
	if n := testing.AllocsPerRun(20, func() { tok.Count(text); ids = tok.Append(ids[:0], text, 512) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	for name, vocab := range map[string]string{
		"empty": "", "unended": "a\nb", "too many": strings.Repeat("a\n", maxPieces+1),
	} {
		if _, err := New(vocab); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func BenchmarkCount(b *testing.B) {
	tok, _ := newTest(b)
	text := strings.Repeat("The documentation of os.path.join tells how path components are concatenated, with one separator. ", 8)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		tok.Count(text)
	}
}
