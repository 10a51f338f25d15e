package crawl

import (
	"hash/maphash"
	"math"
	"sync"
)

// seen remembers links that the frontier has already been told of, so that the
// hundreds of links that every page of a site repeats cost a look each and not
// a row. It has a fixed size and forgets: a link that it does not know is given
// to the frontier again, which knows for sure.
type seen struct {
	seed  maphash.Seed
	locks [seenLocks]sync.Mutex
	slots []seenSlot
}

// seenSlot is a link's hash and the least rank that it was found with.
type seenSlot struct {
	sum  uint64
	rank Rank
}

const (
	seenLocks = 64
	seenSlots = 1 << 18 // 4 MiB
)

// refused is a rank below all others: no rank improves on it.
const refused Rank = math.MinInt64

// newSeen returns an empty memory.
func newSeen() *seen {
	return &seen{seed: maphash.MakeSeed(), slots: make([]seenSlot, seenSlots)}
}

// covers reports whether link was noted with this rank or a lesser one, and
// notes it if it was not.
func (s *seen) covers(link string, rank Rank) bool {
	sum := maphash.String(s.seed, link) | 1 // 0 is an empty slot
	at := sum >> 1 % seenSlots
	lock := &s.locks[at%seenLocks]
	lock.Lock()
	defer lock.Unlock()
	slot := &s.slots[at]
	if slot.sum == sum && slot.rank <= rank {
		return true
	}
	*slot = seenSlot{sum: sum, rank: rank}
	return false
}

// refuse notes that link need never be looked at again.
func (s *seen) refuse(link string) { s.covers(link, refused) }
