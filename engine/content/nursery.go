package content

import (
	"sync"

	"github.com/axon-mcp/axon-mcp/engine/content/pagetree"
)

// slabSize is how many nodes are made at once.
const slabSize = 256

// slabs are the nodes of pages that are done with. A page has some ten thousand
// nodes that live for a few milliseconds; made anew for each page they were half
// of what a crawl allocated.
var slabs = sync.Pool{New: func() any { return new([slabSize]node) }}

// nursery makes the nodes of one page, those of its HTML and those that a reader
// sees.
type nursery struct {
	parsed pagetree.Slabs
	taken  []*[slabSize]node
	used   int // of the last one
}

func (y *nursery) alloc() *node {
	if len(y.taken) == 0 || y.used == slabSize {
		y.taken, y.used = append(y.taken, slabs.Get().(*[slabSize]node)), 0
	}
	n := &y.taken[len(y.taken)-1][y.used]
	y.used++
	return n
}

// release gives the nodes back, empty. None of them may be used afterwards.
func (y *nursery) release() {
	for i, slab := range y.taken {
		if i == len(y.taken)-1 {
			clear(slab[:y.used])
		} else {
			clear(slab[:])
		}
		slabs.Put(slab)
	}
	y.taken = nil
	y.parsed.Release()
}
