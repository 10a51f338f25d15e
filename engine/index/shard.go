package index

import "encoding/binary"

// shard is a set of documents with their chunks and vectors, as columns: one
// entry a document, or one a chunk. A segment's columns lie in its mapped file,
// the tail's on the heap, and the legs of a search read both in the same way.
// Chunks of a document follow one another.
type shard struct {
	model string // of the vectors
	dim   int    // components of a vector; 0 if there are none
	// words of all chunks and of all pages, the dead too
	chunkWords, pageWords uint64

	// A document each.
	revs        []uint64 // ascending
	first       []uint32 // its first chunk; one entry more than documents
	pageLens    []uint32 // words of its chunks and its title
	collections []uint32 // index into names, as the next three
	domains     []uint32
	sourceTypes []uint32
	langs       []uint32
	names       texts
	urls        texts
	vectored    []uint8  // 1: its chunks have vectors of model
	forwardAt   []uint64 // its record in forward; one entry more than documents
	forward     []byte
	means       codes // of its chunks' vectors
	dead        bitset

	// A chunk each.
	chunkDocs []uint32
	lens      []uint16 // words of body, heading path and title
	bits      []uint64 // signs of the vectors, words() each
	vectors   codes
}

// codes are quantised vectors, dim int8 each: v ≈ scale × (high + low/254).
// low is empty where the coarse code is enough.
type codes struct {
	scale     []float32
	high, low []int8
}

// texts is a list of strings in one piece of memory.
type texts struct {
	at   []uint32 // one entry more than strings
	blob []byte
}

func (t texts) get(i uint32) []byte {
	if int(i)+1 >= len(t.at) {
		return nil
	}
	from, to := t.at[i], t.at[i+1]
	if from > to || int(to) > len(t.blob) {
		return nil
	}
	return t.blob[from:to]
}

func (t texts) len() int { return max(0, len(t.at)-1) }

func (t *texts) add(s []byte) {
	if len(t.at) == 0 {
		t.at = append(t.at, 0)
	}
	t.blob = append(t.blob, s...)
	t.at = append(t.at, uint32(len(t.blob)))
}

func (s *shard) docs() int   { return len(s.revs) }
func (s *shard) chunks() int { return len(s.chunkDocs) }

// words is the number of 64-bit words of a sign code.
func (s *shard) words() int { return (s.dim + 63) / 64 }

// alive returns how many documents and chunks are not dead.
func (s *shard) alive() (docs, chunks int) {
	docs, chunks = s.docs(), s.chunks()
	for d := range s.docs() {
		if s.dead.has(uint32(d)) {
			docs--
			chunks -= int(s.first[d+1] - s.first[d])
		}
	}
	return docs, chunks
}

// find returns the document with that rev.
func (s *shard) find(rev uint64) (doc uint32, ok bool) {
	low, high := 0, len(s.revs)
	for low < high {
		if mid := (low + high) / 2; s.revs[mid] < rev {
			low = mid + 1
		} else {
			high = mid
		}
	}
	return uint32(low), low < len(s.revs) && s.revs[low] == rev
}

// forward is the record of one document that tells its words in order: which
// terms it has and how often, its title, and for every chunk its heading path
// and body as streams. A stream's values are place<<1 | stacked, where place
// is the term's place in the document's own list.
type forward struct {
	dec   decoder
	terms int
}

// open returns the record of a document, at its list of terms.
func (s *shard) open(doc uint32) forward {
	from, to := s.forwardAt[doc], s.forwardAt[doc+1]
	if from > to || to > uint64(len(s.forward)) {
		return forward{dec: decoder{bad: true}}
	}
	f := forward{dec: decoder{buf: s.forward[from:to]}}
	f.terms = f.dec.count()
	return f
}

// term returns the next term of the list, by its id in the shard, and how often
// the document has it. Ids are written as differences.
func (f *forward) term(before int64) (id int64, tf int) {
	return before + f.dec.varint(), f.dec.number()
}

// stream returns the next stream: the title first, then path and body of each
// chunk.
func (f *forward) stream() []byte { return f.dec.block() }

// appendForward starts a record with its list of terms; the streams follow as
// blocks.
func appendForward(dst []byte, ids []uint32, tfs []int) []byte {
	dst = appendUvarint(dst, len(ids))
	before := int64(0)
	for i, id := range ids {
		diff := int64(id) - before
		dst = binary.AppendVarint(dst, diff)
		dst = appendUvarint(dst, tfs[i])
		before = int64(id)
	}
	return dst
}
