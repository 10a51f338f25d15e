package index

import (
	"cmp"
	"slices"
)

// segmentTerms walks the terms of a segment.
type segmentTerms struct {
	*segment
	at uint32
}

func (t *segmentTerms) next() (term []byte, id uint32, ok bool) {
	id = t.at
	if int(id) >= t.terms.len() {
		return nil, 0, false
	}
	t.at++
	return t.terms.get(id), id, true
}

func (t *segmentTerms) read(id uint32, use func(posting)) error {
	list, ok := t.list(id)
	if !ok {
		return errSegment
	}
	c := newCursor(list)
	for b := range list.blocks() {
		if !c.load(b) {
			return errSegment
		}
		for i := range c.n {
			use(posting{c.chunks[i], c.tfs[i]})
		}
	}
	return nil
}

func (t *segmentTerms) size() int { return t.terms.len() }

// tailTerms walks the terms of a tail.
type tailTerms struct {
	tail  *tail
	order []uint32
	at    int
}

func newTailTerms(t *tail) *tailTerms {
	order := make([]uint32, len(t.terms))
	for i := range order {
		order[i] = uint32(i)
	}
	slices.SortFunc(order, func(a, b uint32) int { return cmp.Compare(t.terms[a].text, t.terms[b].text) })
	return &tailTerms{tail: t, order: order}
}

func (t *tailTerms) next() (term []byte, id uint32, ok bool) {
	if t.at == len(t.order) {
		return nil, 0, false
	}
	id = t.order[t.at]
	t.at++
	return []byte(t.tail.terms[id].text), id, true
}

func (t *tailTerms) read(id uint32, use func(posting)) error {
	for _, p := range t.tail.terms[id].list {
		use(p)
	}
	return nil
}

func (t *tailTerms) size() int { return len(t.order) }
