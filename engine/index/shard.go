package index

import "encoding/binary"

// shard is a set of documents with their chunks and vectors, as columns: one
// entry a document, or one a chunk. A segment's columns lie in its mapped file,
// the tail's on the heap, and the legs of a search read both in the same way.
// Chunks of a document follow one another.
type shard struct {
	model  string // of the vectors
	dim    int    // components of a vector; 0 if there are none
	totals totals

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
	// locate finds a term in a document's list; nil where the list has skips.
	locate func(doc, id uint32) (place, tf int, ok bool)

	// A chunk each.
	chunkDocs []uint32
	lens      []uint16 // words of body, heading path and title
	bits      []uint64 // signs of the vectors, words() each
	vectors   codes
}

// totals are what the means and rarities of a shard are made of. In a segment
// the dead count until they are merged away.
type totals struct {
	docs, chunks          int
	chunkWords, pageWords uint64
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
//
// The list has the terms' ids in the shard, as differences, each with the
// number of times that the document has it. Where the ids ascend, as they do in
// a segment, a table of every 32nd leads to a term without reading them all.
type forward struct {
	terms   int
	skips   []byte // entries of id u32 · offset in list u32
	list    []byte
	streams decoder // title, then path and body of each chunk, as blocks
}

const (
	skipEvery = 32
	skipSize  = 8
)

// open returns the record of a document; ok is false if it is damaged.
func (s *shard) open(doc uint32) (f forward, ok bool) {
	from, to := s.forwardAt[doc], s.forwardAt[doc+1]
	if from > to || to > uint64(len(s.forward)) {
		return forward{}, false
	}
	dec := decoder{buf: s.forward[from:to]}
	f.terms = dec.number()
	f.skips = dec.bytes(dec.count() * skipSize)
	f.list = dec.block()
	if f.terms > len(f.list) {
		return forward{}, false // a term takes two bytes
	}
	f.streams = dec
	return f, !dec.bad
}

// stream returns the next stream: the title first, then path and body of each
// chunk.
func (f *forward) stream() []byte { return f.streams.block() }

// each calls use for every term of the list, by place. ok is false if the list
// is damaged.
func (f *forward) each(use func(place int, id uint32, tf int)) (ok bool) {
	dec := decoder{buf: f.list}
	id := int64(0)
	for place := range f.terms {
		id += dec.varint()
		use(place, uint32(id), dec.number())
	}
	return !dec.bad
}

// find returns the place of a term and how often the document has it. Only a
// list with skips can be asked.
func (f *forward) find(id uint32) (place, tf int, ok bool) {
	low, high := 0, len(f.skips)/skipSize
	for low < high { // the first entry that is greater
		if mid := (low + high) / 2; binary.LittleEndian.Uint32(f.skips[mid*skipSize:]) <= id {
			low = mid + 1
		} else {
			high = mid
		}
	}
	if low == 0 {
		return 0, 0, false
	}
	entry := f.skips[(low-1)*skipSize:]
	at := int64(binary.LittleEndian.Uint32(entry))
	dec := decoder{buf: f.list, pos: min(int(binary.LittleEndian.Uint32(entry[4:])), len(f.list))}
	for i := range skipEvery {
		diff, tf := dec.varint(), dec.number()
		if i > 0 {
			at += diff
		}
		if at >= int64(id) || dec.bad {
			return (low-1)*skipEvery + i, tf, at == int64(id) && !dec.bad
		}
	}
	return 0, 0, false
}

// appendForward starts a record with its list of terms; the streams follow as
// blocks. With skips the ids must ascend.
func appendForward(dst []byte, ids []uint32, tfs []int, skips bool) []byte {
	var table, list []byte
	before := int64(0)
	for i, id := range ids {
		if skips && i%skipEvery == 0 {
			table = binary.LittleEndian.AppendUint32(table, id)
			table = binary.LittleEndian.AppendUint32(table, uint32(len(list)))
		}
		list = binary.AppendVarint(list, int64(id)-before)
		list = appendUvarint(list, tfs[i])
		before = int64(id)
	}
	dst = appendUvarint(dst, len(ids))
	dst = append(appendUvarint(dst, len(table)/skipSize), table...)
	return appendBlock(dst, list)
}
