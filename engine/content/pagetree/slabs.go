package pagetree

import (
	"sync"

	"golang.org/x/net/html"
)

// Nodes and attributes are made so many at once.
const nodeSlab, attributeSlab = 256, 128

// What pages that are done with leave to the next ones. Made anew for each page,
// nodes were a third of what a crawl allocated.
var (
	nodeSlabs      = sync.Pool{New: func() any { return new([nodeSlab]html.Node) }}
	attributeSlabs = sync.Pool{New: func() any { return new([attributeSlab]html.Attribute) }}
)

// Slabs are the nodes and attributes of trees. The zero value is ready for use, by
// one goroutine at a time.
type Slabs struct {
	nodes      []*[nodeSlab]html.Node
	attributes []*[attributeSlab]html.Attribute
	used       int // of the last slab of nodes
}

func (s *Slabs) node() *html.Node {
	if len(s.nodes) == 0 || s.used == nodeSlab {
		s.nodes, s.used = append(s.nodes, nodeSlabs.Get().(*[nodeSlab]html.Node)), 0
	}
	n := &s.nodes[len(s.nodes)-1][s.used]
	s.used++
	return n
}

// attrs returns an empty slice with room for a slab of attributes.
func (s *Slabs) attrs() []html.Attribute {
	slab := attributeSlabs.Get().(*[attributeSlab]html.Attribute)
	s.attributes = append(s.attributes, slab)
	return slab[:0]
}

// Release gives the nodes and attributes back, empty. None of the trees may be used
// afterwards.
func (s *Slabs) Release() {
	for i, slab := range s.nodes {
		if i == len(s.nodes)-1 {
			clear(slab[:s.used])
		} else {
			clear(slab[:])
		}
		nodeSlabs.Put(slab)
	}
	for _, slab := range s.attributes {
		clear(slab[:])
		attributeSlabs.Put(slab)
	}
	*s = Slabs{}
}
