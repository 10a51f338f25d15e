package index

import (
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode"
)

// simhash counts all bits at once; here each is counted by itself.
func TestSimhashIsTheMajorityOfEachBit(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	words := strings.Fields("the index holds each word of all pages that were read and some that were not")
	for n := range 60 {
		var texts []string
		for range n % 7 {
			var b strings.Builder
			for range n {
				b.WriteString(words[r.IntN(len(words))] + " ")
			}
			texts = append(texts, b.String())
		}
		want := uint64(0)
		for i := range 64 {
			votes := 0
			for h := range shingles(texts) {
				votes += int(h>>i&1)*2 - 1
			}
			if votes > 0 {
				want |= 1 << i
			}
		}
		if got := simhash(texts); got != want {
			t.Errorf("%d texts of %d words: got %x, want %x", len(texts), n, got, want)
		}
	}
}

func TestHashedWordsAreTheWords(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", " ", "One", "one two", "Größe und\u00a0Maß, naïve", "日本 x1", "a\xffb", "tail.", "C++ — x_y"} {
		var got, want []uint64
		for h := range hashedWords(text) {
			got = append(got, h)
		}
		notWord := func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }
		for word := range strings.FieldsFuncSeq(text, notWord) {
			h := fnv.New64a()
			_, _ = h.Write([]byte(strings.Map(func(r rune) rune {
				if 'A' <= r && r <= 'Z' {
					r += 'a' - 'A'
				}
				return r
			}, word)))
			want = append(want, h.Sum64())
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q: got %x, want %x", text, got, want)
		}
	}
}
