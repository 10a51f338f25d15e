package static

import (
	"context"
	_ "embed" // the table and the vocabulary
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"sync"

	"github.com/axon-mcp/axon-mcp/engine/embed/wordpiece"
)

//go:embed vectors.bin
var vectors []byte // never written: its pages stay shared

//go:embed vocab.txt
var vocab string

const (
	id        = "axon-static-v1"
	rows      = 30522
	dim       = 256
	headSize  = 16
	maxPieces = 512 // further ones do not count
)

// Model is the static embedder. It is safe for concurrent use.
type Model struct {
	scales, table []byte // of vectors.bin, in place
	tokeniser     func() (*wordpiece.Tokeniser, error)
}

// New looks at the table's head. Nothing is loaded before the first use.
func New() (*Model, error) {
	le := binary.LittleEndian
	if len(vectors) != headSize+rows*(4+dim) || string(vectors[:4]) != "AXSV" ||
		le.Uint32(vectors[4:]) != 1 || le.Uint32(vectors[8:]) != rows || le.Uint32(vectors[12:]) != dim {
		return nil, errors.New("static: vectors.bin is not the table that this program was written for")
	}
	return &Model{
		scales:    vectors[headSize : headSize+4*rows],
		table:     vectors[headSize+4*rows:],
		tokeniser: sync.OnceValues(func() (*wordpiece.Tokeniser, error) { return wordpiece.New(vocab) }),
	}, nil
}

// ID names the model and its version.
func (m *Model) ID() string { return id }

// Dim is the length of every vector.
func (m *Model) Dim() int { return dim }

// Count returns how many pieces text has, in all. It does not allocate.
func (m *Model) Count(text string) int {
	t, err := m.tokeniser()
	if err != nil {
		return 0 // the vocabulary is compiled in: a test reads it
	}
	return t.Count(text)
}

// Embed returns one unit vector a text, in order; the zero vector for a text
// without a known word. Only a text's first 512 pieces count. It fails when ctx
// ends.
func (m *Model) Embed(ctx context.Context, texts []string) ([][]float32, error) {
	t, err := m.tokeniser()
	if err != nil {
		return nil, fmt.Errorf("read the vocabulary: %w", err)
	}
	slab := make([]float32, dim*len(texts))
	out := make([][]float32, len(texts))
	ids := make([]int32, 0, maxPieces)
	for i, text := range texts {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		ids = t.Append(ids[:0], text, maxPieces)
		out[i] = slab[i*dim : (i+1)*dim : (i+1)*dim]
		m.mean(out[i], ids)
	}
	return out, nil
}

// mean writes the unit vector of the rows' sum to out.
func (m *Model) mean(out []float32, ids []int32) {
	var b bag
	b.fill(ids)
	total := m.weigh(&b, len(ids))
	if total == 0 {
		return // no pieces, or rows of zeros alone
	}
	var sum [dim / 2]uint64 // two components each
	for i := 0; i < b.size; i += 4 {
		m.addRows(&sum, (*[4]int32)(b.ids[i:]), (*[4]uint32)(b.weights[i:]))
	}
	const shift = 128 // what addRow adds to every byte
	var values [dim]float64
	length := 0.0
	for i := range sum {
		// Words of 8 bytes: the sums 4·w+j hold the bytes j and j+4 of word w.
		at := i/4*8 + i%4
		values[at] = float64(int64(uint32(sum[i])) - shift*total)
		values[at+4] = float64(int64(sum[i]>>32) - shift*total)
		length += values[at]*values[at] + values[at+4]*values[at+4]
	}
	if length == 0 {
		return
	}
	length = 1 / math.Sqrt(length)
	for i, v := range values {
		out[i] = float32(v * length)
	}
}

// bag holds different pieces: a text has many of them more than once. Behind
// them, weights are 0.
type bag struct {
	size    int
	ids     [maxPieces]int32
	weights [maxPieces]uint32 // at first how often each is there
}

// fill counts the pieces of an empty bag.
func (b *bag) fill(ids []int32) {
	const slots = 2 * maxPieces // a power of two
	var places [slots]uint16    // where a piece is in ids, and 1; 0 is free
	for _, id := range ids {
		const odd = 0x9e3779b1 // 2³² divided by the golden ratio
		slot := uint32(id) * odd >> 22 % slots
		for places[slot] != 0 && b.ids[places[slot]-1] != id {
			slot = (slot + 1) % slots
		}
		if places[slot] == 0 {
			b.ids[b.size] = id
			b.size++
			places[slot] = uint16(b.size)
		}
		b.weights[places[slot]-1]++
	}
}

// weigh turns the rows' scales into integers, as large as a sum of this many
// rows allows without overflow of 32 bits: 255 × total < 2³².
func (m *Model) weigh(b *bag, rows int) (total int64) {
	largest := float32(0)
	for _, id := range b.ids[:b.size] {
		largest = max(largest, m.scale(id))
	}
	if largest == 0 {
		return 0
	}
	factor := float64(math.MaxUint32/255/rows) / float64(largest)
	for i, id := range b.ids[:b.size] {
		b.weights[i] *= uint32(float64(m.scale(id))*factor + .5)
		total += int64(b.weights[i])
	}
	return total
}

func (m *Model) scale(id int32) float32 {
	return math.Float32frombits(binary.LittleEndian.Uint32(m.scales[4*int(id):]))
}

func (m *Model) row(id int32) *[dim]byte { return (*[dim]byte)(m.table[int(id)*dim:]) }

// addRows adds weight × (row + 128) of four rows to the sums, two bytes of a word
// at once.
func (m *Model) addRows(sum *[dim / 2]uint64, ids *[4]int32, weights *[4]uint32) {
	const (
		signs = 0x8080808080808080 // int8 to 0…255
		pair  = 0x000000ff000000ff
	)
	a, b, c, d := m.row(ids[0]), m.row(ids[1]), m.row(ids[2]), m.row(ids[3])
	wa, wb, wc, wd := uint64(weights[0]), uint64(weights[1]), uint64(weights[2]), uint64(weights[3])
	for i := 0; i < dim; i += 8 {
		x := binary.LittleEndian.Uint64(a[i:i+8]) ^ signs
		y := binary.LittleEndian.Uint64(b[i:i+8]) ^ signs
		z := binary.LittleEndian.Uint64(c[i:i+8]) ^ signs
		w := binary.LittleEndian.Uint64(d[i:i+8]) ^ signs
		to := sum[i/2 : i/2+4 : i/2+4]
		to[0] += (x&pair)*wa + (y&pair)*wb + (z&pair)*wc + (w&pair)*wd
		to[1] += (x>>8&pair)*wa + (y>>8&pair)*wb + (z>>8&pair)*wc + (w>>8&pair)*wd
		to[2] += (x>>16&pair)*wa + (y>>16&pair)*wb + (z>>16&pair)*wc + (w>>16&pair)*wd
		to[3] += (x>>24&pair)*wa + (y>>24&pair)*wb + (z>>24&pair)*wc + (w>>24&pair)*wd
	}
}
