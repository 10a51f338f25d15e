package index

import (
	"math/rand/v2"
	"strings"
	"testing"
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
