package wordpiece

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// vocabulary finds a piece's id. Slots of an open-addressing table hold id+1,
// so that zero is free, below the high half of the hash, which spares nearly all
// looks at texts of other pieces; the texts are compared in place.
type vocabulary struct {
	text    string   // one piece a line
	offsets []uint32 // where the line of an id begins; one more for the end
	slots   []uint32
	longest int                  // bytes of the longest piece, without ##
	marks   [utf8.RuneSelf]int32 // ids of the words of one ASCII character, or -1
}

const (
	slotID   = 1<<16 - 1 // id+1
	slotHash = ^uint32(slotID)
)

// more marks the pieces that do not begin a word.
const more = "##"

// maxPieces keeps the table at most half full, and ids below a slot's range.
const maxPieces = 1 << 15

// newVocabulary reads one piece a line; the line's number, from 0, is its id.
func newVocabulary(text string) (*vocabulary, error) {
	n := strings.Count(text, "\n")
	if n == 0 || n > maxPieces || !strings.HasSuffix(text, "\n") {
		return nil, fmt.Errorf("wordpiece: the vocabulary has %d whole lines, not 1 to %d", n, maxPieces)
	}
	v := &vocabulary{text: text, offsets: make([]uint32, 0, n+1), slots: make([]uint32, 2*maxPieces)}
	for at := 0; at < len(text); {
		v.offsets = append(v.offsets, uint32(at))
		at += strings.IndexByte(text[at:], '\n') + 1
	}
	v.offsets = append(v.offsets, uint32(len(text)))
	for id := range n {
		v.insert(id)
	}
	for c := range v.marks {
		v.marks[c] = -1
		if id, ok := v.find(add(seed(false), byte(c)), []byte{byte(c)}, false); ok {
			v.marks[c] = int32(id)
		}
	}
	return v, nil
}

func (v *vocabulary) insert(id int) {
	piece := v.piece(id)
	h := seed(false)
	if strings.HasPrefix(piece, more) {
		piece, h = piece[len(more):], seed(true)
	}
	v.longest = max(v.longest, len(piece))
	for i := range len(piece) {
		h = add(h, piece[i])
	}
	at := slot(h)
	for v.slots[at] != 0 {
		at = (at + 1) & (2*maxPieces - 1)
	}
	v.slots[at] = h&slotHash | uint32(id+1)
}

// piece is the text of an id as the vocabulary spells it.
func (v *vocabulary) piece(id int) string { return v.text[v.offsets[id] : v.offsets[id+1]-1] }

// find returns the id of text, whose hash is h, as the first piece of a word or
// a later one. ok is false where the vocabulary lacks it.
func (v *vocabulary) find(h uint32, text []byte, later bool) (id int, ok bool) {
	for at := slot(h); v.slots[at] != 0; at = (at + 1) & (2*maxPieces - 1) {
		if (v.slots[at]^h)&slotHash != 0 {
			continue
		}
		id := int(v.slots[at]&slotID) - 1
		piece := v.piece(id)
		if later {
			if len(piece) != len(text)+len(more) || piece[:len(more)] != more {
				continue
			}
			piece = piece[len(more):]
		}
		if piece == string(text) { // compares without a copy
			return id, true
		}
	}
	return 0, false
}

// FNV-1a, which grows byte by byte: one pass hashes every beginning of a word.
const (
	fnvOffset = 2166136261
	fnvPrime  = 16777619
)

// seed keeps first and later pieces of the same letters apart.
func seed(later bool) uint32 {
	if later {
		return ^uint32(fnvOffset)
	}
	return fnvOffset
}

func add(h uint32, b byte) uint32 { return (h ^ uint32(b)) * fnvPrime }

// slot folds the high bits, which FNV mixes best, into the table's range.
func slot(h uint32) uint32 { return (h ^ h>>15) & (2*maxPieces - 1) }
