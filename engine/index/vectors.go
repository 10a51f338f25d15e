package index

import (
	"math"
	"math/bits"
)

// fine is how many steps of the low code make one step of the high code.
const fine = 254

// quantise writes the codes of v, whose length is that of high and low, and
// returns their scale. A low of no length keeps the coarse code only. The
// error of a component is at most scale/508, a thousandth of what int8 alone
// leaves, so that near copies keep their order.
func quantise(v []float32, high, low []int8) (scale float32) {
	peak := float32(0)
	for _, x := range v {
		peak = max(peak, x, -x)
	}
	if peak == 0 || math.IsInf(float64(peak), 0) || peak != peak {
		clear(high)
		clear(low)
		return 0
	}
	scale = peak / math.MaxInt8
	per := math.MaxInt8 / float64(peak)
	for i, x := range v {
		at := float64(x) * per
		h := math.RoundToEven(at) // one instruction, unlike Round
		high[i] = int8(h)
		if len(low) > 0 {
			low[i] = int8(math.RoundToEven((at - h) * fine))
		}
	}
	return scale
}

// signs writes one bit a component, set where it is greater than zero.
func signs(dst []uint64, high, low []int8) {
	clear(dst)
	for i, h := range high {
		if h > 0 || h == 0 && low[i] > 0 {
			dst[i>>6] |= 1 << (i & 63)
		}
	}
}

// needle is the vector of a query in the forms that the stages of the vector
// leg compare with.
type needle struct {
	model string    // that made it; it is compared with vectors of the same only
	v     []float32 // of length 1
	codes []int8
	scale float32
	bits  []uint64
	// sums are by byte of a sign code and its value: what the components of v
	// add to their sum where a set bit counts plus and another minus.
	sums [][256]int16
}

// newNeedle returns nil for the zero vector, which is near nothing.
func newNeedle(model string, v []float32) *needle {
	n := &needle{model: model, v: v, codes: make([]int8, len(v)), bits: make([]uint64, (len(v)+63)/64)}
	low := make([]int8, len(v))
	if n.scale = quantise(v, n.codes, low); n.scale == 0 {
		return nil
	}
	signs(n.bits, n.codes, low)
	n.sums = make([][256]int16, 8*len(n.bits))
	for i := range n.sums {
		n.sumUp(&n.sums[i], n.codes[min(8*i, len(n.codes)):min(8*i+8, len(n.codes))])
	}
	return n
}

// sumUp fills in the sums of one byte of a sign code.
func (n *needle) sumUp(sums *[256]int16, part []int8) {
	for _, x := range part {
		sums[0] -= int16(x)
	}
	for v := 1; v < len(sums); v++ {
		sums[v] = sums[v&(v-1)] // the same without its lowest bit
		if low := bits.TrailingZeros8(uint8(v)); low < len(part) {
			sums[v] += 2 * int16(part[low])
		}
	}
}

// leaning is how far the signs of a vector lean towards the needle, each counted
// as its component of the needle is great. It tells near from far better than
// the distance of both signs does, and needs no more of the vector.
func (n *needle) leaning(signs []uint64) (sum int32) {
	sums := n.sums
	for _, w := range signs {
		if len(sums) < 8 {
			break // cannot be: both have the same number of words
		}
		s := sums[:8:8]
		sum += int32(s[0][uint8(w)]) + int32(s[1][uint8(w>>8)]) + int32(s[2][uint8(w>>16)]) + int32(s[3][uint8(w>>24)]) +
			int32(s[4][uint8(w>>32)]) + int32(s[5][uint8(w>>40)]) + int32(s[6][uint8(w>>48)]) + int32(s[7][uint8(w>>56)])
		sums = sums[8:]
	}
	return sum
}

// fits reports whether a shard has vectors to compare with.
func (n *needle) fits(s *shard) bool { return s.model == n.model && s.dim == len(n.v) }

// width is the number of bits of a sign code.
func (n *needle) width() int { return 64 * len(n.bits) }

// coarse is the cosine by the high codes alone, good to about .002.
func (n *needle) coarse(c *codes, i int) float32 {
	dim := len(n.codes)
	return float32(dotInt8(n.codes, c.high[i*dim:(i+1)*dim])) * n.scale * c.scale[i]
}

// cosine is the cosine by all that the codes hold.
func (n *needle) cosine(c *codes, i int) float32 {
	dim := len(n.v)
	high := c.high[i*dim : (i+1)*dim]
	h, l := float32(0), float32(0)
	if len(c.low) == 0 {
		h = dotMixed(n.v, high)
	} else {
		h, l = dotMixed(n.v, high), dotMixed(n.v, c.low[i*dim:(i+1)*dim])
	}
	return (h + l/fine) * c.scale[i]
}

// dotInt8 is the dot product of two codes of the same length. Four sums let the
// processor overlap the additions.
func dotInt8(a, b []int8) int32 {
	var s0, s1, s2, s3 int32
	b = b[:len(a)]
	i := 0
	for ; i+4 <= len(a); i += 4 {
		x, y := a[i:i+4:i+4], b[i:i+4:i+4]
		s0 += int32(x[0]) * int32(y[0])
		s1 += int32(x[1]) * int32(y[1])
		s2 += int32(x[2]) * int32(y[2])
		s3 += int32(x[3]) * int32(y[3])
	}
	for ; i < len(a); i++ {
		s0 += int32(a[i]) * int32(b[i])
	}
	return s0 + s1 + s2 + s3
}

func dotMixed(a []float32, b []int8) float32 {
	var s0, s1, s2, s3 float32
	b = b[:len(a)]
	i := 0
	for ; i+4 <= len(a); i += 4 {
		x, y := a[i:i+4:i+4], b[i:i+4:i+4]
		s0 += x[0] * float32(y[0])
		s1 += x[1] * float32(y[1])
		s2 += x[2] * float32(y[2])
		s3 += x[3] * float32(y[3])
	}
	for ; i < len(a); i++ {
		s0 += a[i] * float32(b[i])
	}
	return s0 + s1 + s2 + s3
}

// near is a chunk that the sign scan found: its distance in the upper 16 bits,
// its shard in the next 16, its chunk in the lower 32, so that the order of the
// numbers is the order of nearness and, for equal distance, of age.
type near uint64

func (n near) shard() int    { return int(n>>32) & 0xffff }
func (n near) chunk() uint32 { return uint32(n) }

// nearest keeps the want nearest chunks of a scan by Hamming distance of the
// signs, with room for twice as many before it sorts out.
type nearest struct {
	want  int
	limit int // a chunk is of interest if its distance is less
	found []near
	count []int // of found, by distance
}

func newNearest(want, width int) *nearest {
	return &nearest{want: want, limit: width + 1, found: make([]near, 0, 2*want), count: make([]int, width+1)}
}

// sampled is how many chunks there are to one of the sample that guesses how
// near the nearest will be.
const sampled = 32

// guess returns a distance that about want of the chunks in the spans are below,
// or a little more of them, from a sample.
func (n *needle) guess(shards []*shard, spans []span, want int) (limit int) {
	count := make([]int, n.width()+1)
	words := len(n.bits)
	step := 0 // to the next of the sample: short spans must not give one each
	for _, sp := range spans {
		all := shards[sp.shard].bits
		c := int(sp.from) + step
		for ; c < int(sp.to); c += sampled {
			d := 0
			for i, w := range all[c*words : (c+1)*words] {
				d += bits.OnesCount64(w ^ n.bits[i])
			}
			count[d]++
		}
		step = c - int(sp.to)
	}
	left := want*5/4/sampled + 4
	for limit < len(count)-1 && left > 0 {
		left -= count[limit]
		limit++
	}
	return limit
}

// merge takes over what another scan has found.
func (f *nearest) merge(other *nearest) {
	for _, n := range other.found {
		if int(n>>48) < f.limit {
			f.add(n)
		}
	}
	f.shrink()
}

// scan compares the chunks from..to of a shard.
func (f *nearest) scan(n *needle, s *shard, number int, from, to uint32) {
	if len(n.bits) == 4 {
		f.scan4(n, s.bits, near(number)<<32, from, to)
		return
	}
	words := len(n.bits)
	for c := from; c < to; c++ {
		d := 0
		for i, w := range s.bits[int(c)*words : int(c+1)*words] {
			d += bits.OnesCount64(w ^ n.bits[i])
		}
		if d < f.limit {
			f.add(near(d)<<48 | near(number)<<32 | near(c))
		}
	}
}

// scan4 is scan for 256 components.
func (f *nearest) scan4(n *needle, signs []uint64, tag near, from, to uint32) {
	q0, q1, q2, q3 := n.bits[0], n.bits[1], n.bits[2], n.bits[3]
	signs = signs[int(from)*4 : int(to)*4]
	limit := f.limit
	for i := 0; i+4 <= len(signs); i += 4 {
		c := signs[i : i+4 : i+4]
		d := bits.OnesCount64(c[0]^q0) + bits.OnesCount64(c[1]^q1) + bits.OnesCount64(c[2]^q2) + bits.OnesCount64(c[3]^q3)
		if d < limit {
			f.add(near(d)<<48 | tag | near(from+uint32(i/4)))
			limit = f.limit
		}
	}
}

func (f *nearest) add(n near) {
	if len(f.found) == cap(f.found) {
		f.shrink()
		if int(n>>48) >= f.limit {
			return
		}
	}
	f.found = append(f.found, n)
	f.count[n>>48]++
}

// shrink keeps want of the found chunks: all that are nearer than some
// distance, and of those at that distance the first found.
func (f *nearest) shrink() {
	if len(f.found) <= f.want {
		return
	}
	limit, left := 0, f.want
	for left >= f.count[limit] {
		left -= f.count[limit]
		limit++
	}
	kept := f.found[:0]
	for _, n := range f.found {
		d := int(n >> 48)
		if d > limit || d == limit && left == 0 {
			f.count[d]--
			continue
		}
		if d == limit {
			left--
		}
		kept = append(kept, n)
	}
	f.found, f.limit = kept, limit
}
