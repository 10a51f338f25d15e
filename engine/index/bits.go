package index

// bitset is a set of small numbers. A nil bitset is empty.
type bitset []uint64

func newBitset(n int) bitset { return make(bitset, (n+63)/64) }

func (b bitset) has(i uint32) bool {
	w := int(i >> 6)
	return w < len(b) && b[w]>>(i&63)&1 != 0
}

func (b bitset) set(i uint32) { b[i>>6] |= 1 << (i & 63) }

// grow returns the set with room for n numbers.
func (b bitset) grow(n int) bitset {
	for len(b) < (n+63)/64 {
		b = append(b, 0)
	}
	return b
}

func (b bitset) unset(i uint32) { b[i>>6] &^= 1 << (i & 63) }
