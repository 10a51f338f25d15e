package index

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// The sums by bytes are those by components, for whole words and parts of them.
func TestLeaningIsTheSumOfComponents(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	for _, dim := range []int{1, 8, 63, 64, 70, 256, 300} {
		v := make([]float32, dim)
		high, low := make([]int8, dim), make([]int8, dim)
		for j := range v {
			v[j] = float32(r.NormFloat64())
			high[j] = int8(r.IntN(255) - 127)
		}
		normalise(v)
		n := newNeedle("", v)
		set := make([]uint64, len(n.bits))
		signs(set, high, low)
		want := int32(0)
		for j, h := range high {
			if h > 0 {
				want += int32(n.codes[j])
			} else {
				want -= int32(n.codes[j])
			}
		}
		if got := n.leaning(set); got != want {
			t.Errorf("dimension %d: got %d, want %d", dim, got, want)
		}
	}
}

// The vector leg of more chunks than it scans with one core finds what a scan of
// everything does.
func TestVectorLegFindsTheNearest(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 4))
	sh := disturbedShard(randomVectors(r, 4000), splitFrom+1001, false)
	allowed := newBitset(1)
	allowed.set(0)
	right, all := 0, 0
	for i := range 20 {
		needle := make([]float32, sh.dim)
		for j := range needle { // near one of them
			needle[j] = float32(sh.vectors.high[(i*977)*sh.dim+j]) + float32(r.NormFloat64())*20
		}
		normalise(needle)
		s := &search{needle: newNeedle("", needle), want: 10, shards: []*shard{sh}, allowed: []bitset{allowed}, chunks: sh.totals.chunks}
		found := s.vectorLeg()
		for _, chunk := range exactNearest(sh, needle, 10) {
			if all++; slices.ContainsFunc(found[:10], func(f scored) bool { return f.chunk == chunk }) {
				right++
			}
		}
		for k := 1; k < len(found); k++ {
			if found[k].score > found[k-1].score {
				t.Fatalf("found %d is better than the one before it", k)
			}
		}
	}
	if rate := float64(right) / float64(all); rate < 0.99 {
		t.Errorf("recall@10 is %.3f, the bar is .99", rate)
	}
}

// A guess from a sample leaves what is wanted, and not much more.
func TestGuessLeavesWhatIsWanted(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(5, 6))
	const chunks, want = 60_000, 3000
	sh := disturbedShard(randomVectors(r, 1), chunks, true)
	for _, v := range randomVectors(r, 5) {
		n := newNeedle("", v)
		spans := []span{{0, 0, chunks / 2}, {0, chunks / 2, chunks}}
		limit := n.guess([]*shard{sh}, spans, want)
		var short []span // as a filter leaves of pages that lie among others
		for at := uint32(0); at < chunks; at += 7 {
			short = append(short, span{0, at, min(at+7, chunks)})
		}
		if other := n.guess([]*shard{sh}, short, want); other != limit {
			t.Errorf("by short spans the limit is %d, by long ones %d", other, limit)
		}
		all := newNearest(chunks, n.width())
		all.limit = limit
		all.scan(n, sh, 0, 0, chunks)
		if got := len(all.found); got < want || got > 2*want {
			t.Errorf("%d chunks are nearer than %d, wanted %d", got, limit, want)
		}
	}
}
