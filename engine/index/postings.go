package index

import (
	"encoding/binary"
	"math"
	"sort"
)

const (
	blockSize  = 128 // postings of a block
	blockHead  = 12  // bytes of a block's entry in the list's head
	maxTF      = math.MaxUint8
	noMoreDocs = math.MaxUint32
)

// posting tells that a chunk has a term. tf is the number of times, weighted by
// field, at most maxTF.
type posting struct {
	chunk uint32
	tf    uint8
}

// A list of postings is encoded as a head, one entry for each block of 128,
//
//	last chunk u32 · end of the block's bytes u32 · greatest tf u8 · 0 · least length u16
//
// and the blocks: for each posting the difference to the chunk before it,
// shifted left by one, with bit 0 set if tf is 1, and tf in a byte if it is
// not. Greatest tf and least length bound the score of the whole block, so that
// a block that cannot reach the top is never decoded ("Faster Top-k Document
// Retrieval Using Block-Max Indexes", Ding and Suel, 2011).
type postings struct {
	count int    // of postings
	limit uint32 // chunks are below it
	head  []byte
	data  []byte
}

// openPostings reads a list of count postings of chunks below limit. ok is false
// if the bytes cannot hold it.
func openPostings(b []byte, count, limit int) (list postings, ok bool) {
	n := (count + blockSize - 1) / blockSize * blockHead
	if count <= 0 || n > len(b) {
		return postings{}, false
	}
	return postings{count: count, limit: uint32(limit), head: b[:n], data: b[n:]}, true
}

func (p *postings) blocks() int { return len(p.head) / blockHead }

// last is the greatest chunk of a block.
func (p *postings) last(block int) uint32 {
	return binary.LittleEndian.Uint32(p.head[block*blockHead:])
}

// peak is the greatest tf and the least length in a block.
func (p *postings) peak(block int) (tf uint8, length uint16) {
	entry := p.head[block*blockHead:][:blockHead]
	return entry[8], binary.LittleEndian.Uint16(entry[10:])
}

// decode reads a block into the two arrays and returns the number of postings;
// 0 if the bytes are damaged. What it returns ascends and is below the limit.
func (p *postings) decode(block int, chunks *[blockSize]uint32, tfs *[blockSize]uint8) int {
	n := min(blockSize, p.count-block*blockSize)
	from, at := uint32(0), int64(-1)
	if block > 0 {
		from = binary.LittleEndian.Uint32(p.head[(block-1)*blockHead+4:])
		at = int64(p.last(block - 1))
	}
	to, last := binary.LittleEndian.Uint32(p.head[block*blockHead+4:]), p.last(block)
	if from > to || uint64(to) > uint64(len(p.data)) || last >= p.limit {
		return 0
	}
	dec := decoder{buf: p.data[from:to]}
	for i := range n {
		v := dec.uvarint()
		tf := uint8(1)
		if v&1 == 0 {
			if b := dec.bytes(1); b != nil {
				tf = b[0]
			}
		}
		if v>>1 == 0 || v>>1 > math.MaxUint32 {
			return 0
		}
		at += int64(v >> 1)
		chunks[i&(blockSize-1)], tfs[i&(blockSize-1)] = uint32(at), tf
	}
	if dec.bad || at != int64(last) {
		return 0
	}
	return n
}

// appendPostings encodes a list in ascending order of chunks. lens gives the
// length of every chunk.
func appendPostings(dst []byte, list []posting, lens []uint16) []byte {
	blocks := (len(list) + blockSize - 1) / blockSize
	head := len(dst)
	dst = append(dst, make([]byte, blocks*blockHead)...)
	start := len(dst)
	before := int64(-1)
	for b := range blocks {
		block := list[b*blockSize : min(len(list), (b+1)*blockSize)]
		tf, length := uint8(0), uint16(math.MaxUint16)
		for _, p := range block {
			dst = appendPosting(dst, p, before)
			before = int64(p.chunk)
			tf, length = max(tf, p.tf), min(length, lens[p.chunk])
		}
		entry := dst[head+b*blockHead:]
		binary.LittleEndian.PutUint32(entry, uint32(before))
		binary.LittleEndian.PutUint32(entry[4:], uint32(len(dst)-start))
		entry[8] = tf
		binary.LittleEndian.PutUint16(entry[10:], length)
	}
	return dst
}

func appendPosting(dst []byte, p posting, before int64) []byte {
	v := uint64(int64(p.chunk)-before) << 1
	if p.tf == 1 {
		return binary.AppendUvarint(dst, v|1)
	}
	return append(binary.AppendUvarint(dst, v), p.tf)
}

// cursor walks a list in ascending order. Its current posting is valid after a
// next or seek that returned something else than noMoreDocs.
type cursor struct {
	list   postings
	block  int // decoded block; -1 before the first
	n, at  int
	chunks [blockSize]uint32
	tfs    [blockSize]uint8
	bad    bool
}

func newCursor(list postings) *cursor { return &cursor{list: list, block: -1} }

// load decodes a block and stands at its first posting.
func (c *cursor) load(block int) bool {
	c.block, c.at = block, 0
	if block >= c.list.blocks() {
		c.n = 0
		return false
	}
	if c.n = c.list.decode(block, &c.chunks, &c.tfs); c.n == 0 {
		c.bad = true
		c.block = c.list.blocks() // nothing more can be trusted
	}
	return c.n > 0
}

// seek moves forward to the first posting whose chunk is at least chunk and
// returns its chunk.
func (c *cursor) seek(chunk uint32) uint32 {
	if c.block < 0 || c.n == 0 || c.chunks[c.n-1] < chunk {
		if c.block >= c.list.blocks() || !c.load(c.blockOf(chunk)) {
			return noMoreDocs
		}
	}
	for c.at < c.n && c.chunks[c.at] < chunk {
		c.at++
	}
	if c.at == c.n { // only in a damaged list
		c.bad = true
		return noMoreDocs
	}
	return c.chunks[c.at]
}

// blockOf returns the first block from the present one on that may hold chunk.
func (c *cursor) blockOf(chunk uint32) int {
	from := max(0, c.block)
	if from < c.list.blocks() && c.list.last(from) >= chunk {
		return from
	}
	return from + sort.Search(c.list.blocks()-from, func(i int) bool { return c.list.last(from+i) >= chunk })
}
