package index

import (
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/axon-mcp/axon-mcp/engine/content"
	"github.com/axon-mcp/axon-mcp/engine/embed/static"
)

// BenchmarkVectorLeg searches among vectors of real passages, slightly disturbed
// where there are not enough, and among random ones, and compares with an exact
// scan of what was given. Bars for a million: p50 10 ms, recall@10 .99 (real).
func BenchmarkVectorLeg(b *testing.B) {
	for _, size := range []struct {
		name   string
		chunks int
		random bool
	}{{"real-100k", 100_000, false}, {"real-1M", 1_000_000, false}, {"random-1M", 1_000_000, true}} {
		b.Run(size.name, func(b *testing.B) {
			var passages, questions [][]float32
			if size.random {
				r := rand.New(rand.NewPCG(5, 6))
				passages, questions = randomVectors(r, 1), randomVectors(r, 60)
			} else {
				passages, questions = realVectors(b)
			}
			sh := disturbedShard(passages, size.chunks, size.random)
			measureVectorLeg(b, sh, questions)
		})
	}
}

func randomVectors(r *rand.Rand, n int) [][]float32 {
	out := make([][]float32, n)
	for i := range out {
		out[i] = make([]float32, 256)
		for j := range out[i] {
			out[i][j] = float32(r.NormFloat64())
		}
		normalise(out[i])
	}
	return out
}

// realVectors embeds the passages of the sites of documentation and the
// questions about them.
func realVectors(b *testing.B) (passages, questions [][]float32) {
	b.Helper()
	model, err := static.New()
	if err != nil {
		b.Fatal(err)
	}
	embed := func(texts []string) [][]float32 {
		vectors, err := model.Embed(b.Context(), texts)
		if err != nil {
			b.Fatal(err)
		}
		return vectors
	}
	var texts []string
	for _, site := range []string{"python3.11-doc", "postgresql-doc-15"} {
		for _, q := range readQuestions(b, site+".jsonl") {
			texts = append(texts, q.Question)
		}
	}
	questions = embed(texts)
	for _, folder := range []string{"/usr/share/doc/python3.11/html", "/usr/share/doc/postgresql-doc-15/html"} {
		for _, d := range readSite(b, folder) {
			texts = texts[:0]
			for _, c := range content.Chunks(d.Title, d.Markdown, d.Headings, model.Count) {
				texts = append(texts, embeddedText(d.Title, c.HeadingPath, plainText(c.Text)))
			}
			passages = append(passages, embed(texts)...)
		}
	}
	return slices.DeleteFunc(passages, func(v []float32) bool { return dot(v, v) == 0 }), questions
}

// disturbedShard holds n vectors: those given and then copies of them with a
// little noise (cosine to the original about .98), or only noise.
func disturbedShard(given [][]float32, n int, random bool) *shard {
	const dim = 256
	sh := &shard{
		dim: dim, revs: []uint64{1}, first: []uint32{0, uint32(n)}, vectored: []uint8{1}, chunkDocs: make([]uint32, n),
		bits:    make([]uint64, n*dim/64),
		vectors: codes{scale: make([]float32, n), high: make([]int8, n*dim), low: make([]int8, n*dim)},
	}
	sh.totals.chunks = n
	var wg sync.WaitGroup
	for worker := range 2 {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(1, uint64(worker)))
			v := make([]float32, dim)
			for i := worker; i < n; i += 2 {
				copy(v, given[i%len(given)])
				if random {
					clear(v)
				}
				if i >= len(given) || random {
					for j := range v {
						v[j] += float32(r.NormFloat64()) * 0.2 / 16
					}
				}
				normalise(v)
				high, low := sh.vectors.high[i*dim:(i+1)*dim], sh.vectors.low[i*dim:(i+1)*dim]
				sh.vectors.scale[i] = quantise(v, high, low)
				signs(sh.bits[i*dim/64:(i+1)*dim/64], high, low)
			}
		})
	}
	wg.Wait()
	return sh
}

func measureVectorLeg(b *testing.B, sh *shard, questions [][]float32) {
	const depth = 10
	allowed := newBitset(1)
	allowed.set(0)
	var times []time.Duration
	right, asked := 0, 0
	for b.Loop() {
		for i, q := range questions {
			start := time.Now()
			s := &search{needle: newNeedle("", q), want: depth, shards: []*shard{sh}, allowed: []bitset{allowed}, chunks: sh.totals.chunks}
			found := s.vectorLeg()
			times = append(times, time.Since(start))
			if asked >= 20*depth || i%3 > 0 { // an exact scan takes long
				continue
			}
			b.StopTimer()
			for _, place := range exactNearest(sh, q, depth) {
				if slices.ContainsFunc(found[:depth], func(f scored) bool { return f.chunk == place }) {
					right++
				}
			}
			asked += depth
			b.StartTimer()
		}
	}
	slices.Sort(times)
	b.ReportMetric(float64(times[len(times)/2].Microseconds())/1000, "ms-p50")
	b.ReportMetric(float64(times[len(times)*99/100].Microseconds())/1000, "ms-p99")
	b.ReportMetric(float64(right)/float64(asked), "recall@10")
	b.ReportMetric(0, "ns/op")
}

// exactNearest scores every vector by all that its codes hold.
func exactNearest(sh *shard, q []float32, k int) (chunks []uint32) {
	n := newNeedle("", q)
	lists := [2]*topList{{k: k}, {k: k}}
	var wg sync.WaitGroup
	for worker, list := range lists {
		wg.Go(func() {
			for c := worker; c < sh.chunks(); c += 2 {
				list.offer(scored{place{0, uint32(c)}, n.cosine(&sh.vectors, c)})
			}
		})
	}
	wg.Wait()
	all := &topList{k: k}
	for _, list := range lists {
		for _, s := range list.list {
			all.offer(s)
		}
	}
	for _, s := range all.sorted() {
		chunks = append(chunks, s.chunk)
	}
	return chunks
}
