package index

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"sort"
	"unsafe"
)

// A segment file is a head of 4096 bytes, then sections, each beginning at a
// multiple of 64 bytes. Numbers are little endian. The head:
//
//	"AXONSEGM" · version u32 · dim u32 · docs u64 · chunks u64 · terms u64
//	words of all chunks u64 · words of all pages u64
//	for each section: offset u64 · length u64 · CRC-32C u32
//	length of the model's name u32 · model's name
//	CRC-32C of all before it u32, at the end of the head
//
// Everything else is columns, as shard describes them, so that opening reads
// the head and nothing more.
const (
	segmentMagic   = "AXONSEGM"
	segmentVersion = 2
	headSize       = 4096
	sectionAlign   = 64
	maxModelName   = 1024
)

// The sections, in the order in which they are in the head.
const (
	secRevs = iota
	secFirst
	secPageLens
	secCollections
	secDomains
	secSourceTypes
	secLangs
	secNameAt
	secNames
	secURLAt
	secURLs
	secVectored
	secForwardAt
	secForward
	secMeanScale
	secMeans
	secChunkDocs
	secLens
	secBits
	secScale
	secHigh
	secLow
	secTermAt
	secTerms
	secTermChunks
	secTermDocs
	secTermTitles
	secListAt
	secLists
	sections
)

// segment is a shard in a mapped file, with the list of its terms.
type segment struct {
	shard
	file       string
	mapped     *mapping
	crcs       [sections]uint32
	parts      [sections][]byte
	terms      texts // ascending
	termChunks []uint32
	termDocs   []uint32
	termTitles []uint32
	listAt     []uint64 // one entry more than terms
	lists      []byte
}

var (
	errSegment = errors.New("the segment is damaged")
	castagnoli = crc32.MakeTable(crc32.Castagnoli)
)

// number is what a column can be of.
type number interface {
	uint8 | int8 | uint16 | uint32 | uint64 | float32
}

// column reads bytes as little endian numbers: in place where the machine has
// that order and the bytes are aligned, else from a copy.
func column[T number](b []byte) []T {
	var zero T
	size := int(unsafe.Sizeof(zero))
	n := len(b) / size
	if n == 0 {
		return nil
	}
	if littleEndian() && uintptr(unsafe.Pointer(unsafe.SliceData(b)))%unsafe.Alignof(zero) == 0 {
		return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(b))), n)
	}
	out := make([]T, n)
	if _, err := binary.Decode(b, binary.LittleEndian, out); err != nil {
		return nil // cannot be: the lengths fit
	}
	return out
}

func littleEndian() bool {
	one := uint16(1)
	return *(*byte)(unsafe.Pointer(&one)) == 1
}

// openSegment maps a segment file and checks its head. It costs the same for
// every size of segment.
func openSegment(path string) (*segment, error) {
	m, err := openMapping(path)
	if err != nil {
		return nil, fmt.Errorf("open the segment %s: %w", path, err)
	}
	s, err := readSegment(m.data)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open the segment %s: %w", path, err), m.close())
	}
	s.file, s.mapped = path, m
	return s, nil
}

func (s *segment) close() error {
	if s.mapped == nil {
		return nil
	}
	return s.mapped.close()
}

// readSegment checks the head of a segment and lays the columns over it.
func readSegment(b []byte) (*segment, error) {
	if len(b) < headSize || string(b[:len(segmentMagic)]) != segmentMagic {
		return nil, errSegment
	}
	sum := binary.LittleEndian.Uint32(b[headSize-4:])
	if crc32.Checksum(b[:headSize-4], castagnoli) != sum {
		return nil, errSegment
	}
	if v := binary.LittleEndian.Uint32(b[8:]); v != segmentVersion {
		return nil, fmt.Errorf("%w: version %d, not %d", errSegment, v, segmentVersion)
	}
	s := &segment{}
	s.dim = int(binary.LittleEndian.Uint32(b[12:]))
	docs, chunks, terms := binary.LittleEndian.Uint64(b[16:]), binary.LittleEndian.Uint64(b[24:]), binary.LittleEndian.Uint64(b[32:])
	s.totals = totals{int(docs), int(chunks), binary.LittleEndian.Uint64(b[40:]), binary.LittleEndian.Uint64(b[48:])}
	at := 56
	for i := range s.parts {
		off, n := binary.LittleEndian.Uint64(b[at:]), binary.LittleEndian.Uint64(b[at+8:])
		s.crcs[i] = binary.LittleEndian.Uint32(b[at+16:])
		if size := uint64(len(b)); off%sectionAlign != 0 || off > size || n > size-off {
			return nil, errSegment
		}
		s.parts[i] = b[off : off+n : off+n]
		at += 20
	}
	n := binary.LittleEndian.Uint32(b[at:])
	if n > maxModelName {
		return nil, errSegment
	}
	s.model = string(b[at+4 : at+4+int(n)])
	if !s.fits(docs, chunks, terms) {
		return nil, errSegment
	}
	s.layColumns()
	return s, nil
}

// fits reports whether the sections have the lengths that the numbers of
// documents, chunks and terms ask for.
func (s *segment) fits(docs, chunks, terms uint64) bool {
	const most = 1 << 31
	if docs >= most || chunks >= most || terms >= most || s.dim >= 1<<16 {
		return false
	}
	dim, words := uint64(s.dim), uint64(s.words())
	want := map[int]uint64{
		secRevs: 8 * docs, secFirst: 4 * (docs + 1), secPageLens: 4 * docs,
		secCollections: 4 * docs, secDomains: 4 * docs, secSourceTypes: 4 * docs, secLangs: 4 * docs,
		secURLAt: 4 * (docs + 1), secVectored: docs, secForwardAt: 8 * (docs + 1),
		secMeanScale: 4 * docs, secMeans: dim * docs,
		secChunkDocs: 4 * chunks, secLens: 2 * chunks, secBits: 8 * words * chunks,
		secScale: 4 * chunks, secHigh: dim * chunks, secLow: dim * chunks,
		secTermAt: 4 * (terms + 1), secTermChunks: 4 * terms, secTermDocs: 4 * terms, secTermTitles: 4 * terms,
		secListAt: 8 * (terms + 1),
	}
	for sec, n := range want {
		if uint64(len(s.parts[sec])) != n {
			return false
		}
	}
	return docs == 0 || uint64(column[uint32](s.parts[secFirst])[docs]) == chunks
}

func (s *segment) layColumns() {
	p := &s.parts
	s.revs = column[uint64](p[secRevs])
	s.first = column[uint32](p[secFirst])
	s.pageLens = column[uint32](p[secPageLens])
	s.collections = column[uint32](p[secCollections])
	s.domains = column[uint32](p[secDomains])
	s.sourceTypes = column[uint32](p[secSourceTypes])
	s.langs = column[uint32](p[secLangs])
	s.names = texts{at: column[uint32](p[secNameAt]), blob: p[secNames]}
	s.urls = texts{at: column[uint32](p[secURLAt]), blob: p[secURLs]}
	s.vectored = p[secVectored]
	s.forwardAt = column[uint64](p[secForwardAt])
	s.forward = p[secForward]
	s.means = codes{scale: column[float32](p[secMeanScale]), high: column[int8](p[secMeans])}
	s.chunkDocs = column[uint32](p[secChunkDocs])
	s.lens = column[uint16](p[secLens])
	s.bits = column[uint64](p[secBits])
	s.vectors = codes{scale: column[float32](p[secScale]), high: column[int8](p[secHigh]), low: column[int8](p[secLow])}
	s.terms = texts{at: column[uint32](p[secTermAt]), blob: p[secTerms]}
	s.termChunks = column[uint32](p[secTermChunks])
	s.termDocs = column[uint32](p[secTermDocs])
	s.termTitles = column[uint32](p[secTermTitles])
	s.listAt = column[uint64](p[secListAt])
	s.lists = p[secLists]
	s.dead = newBitset(len(s.revs))
}

// verify reads the whole file and compares its checksums.
func (s *segment) verify() error {
	for i, part := range s.parts {
		if crc32.Checksum(part, castagnoli) != s.crcs[i] {
			return fmt.Errorf("%s: %w: section %d", s.file, errSegment, i)
		}
	}
	return nil
}

// lookup finds a term.
func (s *segment) lookup(term string) (id uint32, stats termStats, ok bool) {
	n := s.terms.len()
	i := sort.Search(n, func(i int) bool { return string(s.terms.get(uint32(i))) >= term })
	if i == n || string(s.terms.get(uint32(i))) != term {
		return 0, termStats{}, false
	}
	return uint32(i), s.stats(uint32(i)), true
}

func (s *segment) stats(id uint32) termStats {
	return termStats{chunks: int(s.termChunks[id]), docs: int(s.termDocs[id]), titles: int(s.termTitles[id])}
}

// list returns the postings of a term; ok is false if the file is damaged.
func (s *segment) list(id uint32) (list postings, ok bool) {
	from, to := s.listAt[id], s.listAt[id+1]
	if from > to || to > uint64(len(s.lists)) {
		return postings{}, false
	}
	return openPostings(s.lists[from:to], int(s.termChunks[id]), s.chunks())
}
