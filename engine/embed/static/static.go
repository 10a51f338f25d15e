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
	weights, total := m.weights(ids)
	if total == 0 {
		return // no pieces, or rows of zeros alone
	}
	var sum [dim / 2]uint64 // two components each
	for i, id := range ids {
		if weights[i] != 0 {
			addRow(&sum, (*[dim]byte)(m.table[int(id)*dim:]), uint64(weights[i]))
		}
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

// weights turns the rows' scales into integers, as large as a sum of this many
// rows allows without overflow of 32 bits: 255 × total < 2³².
func (m *Model) weights(ids []int32) (weights [maxPieces]uint32, total int64) {
	largest := float32(0)
	for _, id := range ids {
		largest = max(largest, m.scale(id))
	}
	if largest == 0 {
		return weights, 0
	}
	factor := float64(math.MaxUint32/255/len(ids)) / float64(largest)
	for i, id := range ids {
		weights[i] = uint32(float64(m.scale(id))*factor + .5)
		total += int64(weights[i])
	}
	return weights, total
}

func (m *Model) scale(id int32) float32 {
	return math.Float32frombits(binary.LittleEndian.Uint32(m.scales[4*int(id):]))
}

// addRow adds weight × (row + 128) to the sums, two bytes of a word at once.
func addRow(sum *[dim / 2]uint64, row *[dim]byte, weight uint64) {
	const (
		signs = 0x8080808080808080 // int8 to 0…255
		pair  = 0x000000ff000000ff
	)
	for i := 0; i < dim; i += 8 {
		word := binary.LittleEndian.Uint64(row[i:i+8]) ^ signs
		to := sum[i/2 : i/2+4 : i/2+4]
		to[0] += (word & pair) * weight
		to[1] += (word >> 8 & pair) * weight
		to[2] += (word >> 16 & pair) * weight
		to[3] += (word >> 24 & pair) * weight
	}
}
