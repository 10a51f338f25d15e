package index

import (
	"cmp"
	"fmt"
	"slices"
	"sort"
)

const (
	maxPhrase  = 2000 // chunks with all words of a quoted phrase that are looked at
	maxPhrases = 8    // quoted phrases of a query; later ones are words alone
)

// walker goes through the chunks that have a term.
type walker interface {
	// seek moves forward to the first chunk that is at least chunk and returns
	// it, or noMoreDocs.
	seek(chunk uint32) uint32
}

// phraseLeg finds chunks with all words of a phrase in quotes. The keyword leg
// would bring those whose words are rare or many, not those where common words
// stand side by side; which of them do is left to the examiner.
func (s *search) phraseLeg(st *state) (out []scored, err error) {
	for _, phrase := range s.query.quoted {
		for number, sh := range s.shards {
			if len(out) >= maxPhrase {
				return out, nil
			}
			walks, err := s.walkers(st, number, phrase)
			if err != nil {
				return nil, err
			}
			common(walks, func(chunk uint32) bool {
				if s.allowed[number].has(sh.chunkDocs[chunk]) {
					out = append(out, scored{place: place{number, chunk}})
				}
				return len(out) < maxPhrase
			})
			for _, w := range walks {
				if c, ok := w.(*cursor); ok && c.bad {
					return nil, fmt.Errorf("%s: %w: postings", st.segments[number].file, errSegment)
				}
			}
		}
	}
	return out, nil
}

// walkers returns one for each word of a phrase in a shard, the rarest first;
// none if a word is not there.
func (s *search) walkers(st *state, number int, phrase []int) ([]walker, error) {
	terms := slices.Clone(phrase)
	slices.SortFunc(terms, func(a, b int) int {
		return cmp.Or(cmp.Compare(s.query.terms[a].stats.chunks, s.query.terms[b].stats.chunks), cmp.Compare(a, b))
	})
	var walks []walker
	for _, at := range slices.Compact(terms) {
		t := s.query.terms[at]
		if !t.known[number] {
			return nil, nil
		}
		if number == len(st.segments) {
			walks = append(walks, &tailWalk{list: st.tail.terms[t.ids[number]].list})
			continue
		}
		list, ok := st.segments[number].list(t.ids[number])
		if !ok {
			return nil, fmt.Errorf("%s: %w: a list of postings", st.segments[number].file, errSegment)
		}
		walks = append(walks, newCursor(list))
	}
	return walks, nil
}

// common calls use for every chunk that all walks meet, until it returns false.
func common(walks []walker, use func(chunk uint32) bool) {
	if len(walks) == 0 {
		return
	}
	at := walks[0].seek(0)
next:
	for at != noMoreDocs {
		for _, w := range walks[1:] {
			if met := w.seek(at); met > at {
				if met == noMoreDocs {
					return
				}
				at = walks[0].seek(met)
				continue next
			}
		}
		if !use(at) {
			return
		}
		at = walks[0].seek(at + 1)
	}
}

// tailWalk walks a term of the tail.
type tailWalk struct{ list []posting }

func (w *tailWalk) seek(chunk uint32) uint32 {
	w.list = w.list[sort.Search(len(w.list), func(i int) bool { return w.list[i].chunk >= chunk }):]
	if len(w.list) == 0 {
		return noMoreDocs
	}
	return w.list[0].chunk
}
