package index

import (
	"context"
	"fmt"
	"iter"
	"math/bits"
	"slices"
	"unicode"
	"unicode/utf8"
)

const (
	shingle      = 3   // words that are hashed together
	nearBits     = 6   // simhashes that differ in more bits are not compared
	nearBands    = 8   // of which one is equal where at most 7 bits differ
	nearlySame   = 0.9 // share of common shingles from which on documents are near
	minNearWords = 20  // shorter documents are compared by hash only
)

// simhash sums up the shingles of a text so that texts with most of them in
// common differ in few bits ("Similarity Estimation Techniques from Rounding
// Algorithms", Charikar, 2002).
func simhash(texts []string) uint64 {
	// ones counts for each bit of the hashes how often it is set: bit i of ones[k]
	// is bit k of the count of bit i, so that one step adds to all 64 counts.
	var ones [32]uint64
	n := 0
	for h := range shingles(texts) {
		n++
		for k := 0; h != 0 && k < len(ones); k++ {
			ones[k], h = ones[k]^h, ones[k]&h
		}
	}
	out := uint64(0)
	for i := range 64 {
		count := 0
		for k, plane := range ones {
			count |= int(plane>>i&1) << k
		}
		if 2*count > n {
			out |= 1 << i
		}
	}
	return out
}

// shingles yields a hash of every three words that follow one another.
func shingles(texts []string) func(yield func(uint64) bool) {
	return func(yield func(uint64) bool) {
		var last [shingle]uint64
		n := 0
		for _, text := range texts {
			for word := range hashedWords(text) {
				copy(last[:], last[1:])
				last[shingle-1] = word
				if n++; n < shingle {
					continue
				}
				h := uint64(0)
				for _, w := range last {
					h = mix(h ^ w)
				}
				if !yield(h) {
					return
				}
			}
		}
	}
}

// hashedWords yields FNV-1a of every word of a text, its ASCII letters in lower
// case. A word is a run of letters and digits.
func hashedWords(text string) iter.Seq[uint64] {
	const offset, prime = 14695981039346656037, 1099511628211
	return func(yield func(uint64) bool) {
		h := uint64(offset)
		for i := 0; i < len(text); {
			c, width := text[i], 1
			inWord := c < utf8.RuneSelf && class[c] >= lower && class[c] <= digit
			if c >= utf8.RuneSelf {
				r, n := utf8.DecodeRuneInString(text[i:])
				width, inWord = n, unicode.IsLetter(r) || unicode.IsDigit(r)
			}
			switch {
			case inWord:
				for _, c := range []byte(text[i : i+width]) {
					if 'A' <= c && c <= 'Z' {
						c += 'a' - 'A'
					}
					h = (h ^ uint64(c)) * prime
				}
			case h != offset:
				if !yield(h) {
					return
				}
				h = offset
			}
			i += width
		}
		if h != offset {
			yield(h)
		}
	}
}

// mix is the finaliser of SplitMix64.
func mix(h uint64) uint64 {
	h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
	h = (h ^ h>>27) * 0x94d049bb133111eb
	return h ^ h>>31
}

// Duplicates lists groups of documents of a collection with the same text or,
// if near, with nearly the same: at least nine tenths of their shingles in
// common with the first of the group. In a group the document that was stored
// first comes first.
func (ix *Index) Duplicates(ctx context.Context, collection string, near bool) ([][]Source, error) {
	rows, err := ix.db.Read.QueryContext(ctx, `SELECT `+rowColumns+` FROM documents d WHERE d.collection = ? ORDER BY d.changed, d.rev`, collection)
	if err != nil {
		return nil, fmt.Errorf("list the documents of %q: %w", collection, err)
	}
	defer rows.Close()
	var all []row
	for rows.Next() {
		var r row
		if err := r.scan(rows); err != nil {
			return nil, fmt.Errorf("list the documents of %q: %w", collection, err)
		}
		all = append(all, r)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("list the documents of %q: %w", collection, err)
	}
	groups := newUnion(len(all))
	groups.joinEqual(all)
	if near {
		if err := ix.joinNear(ctx, groups, all); err != nil {
			return nil, err
		}
	}
	return groups.sources(all), nil
}

// union is a forest of documents that belong together, by index.
type union []int

func newUnion(n int) union {
	u := make(union, n)
	for i := range u {
		u[i] = i
	}
	return u
}

func (u union) root(i int) int {
	for u[i] != i {
		u[i] = u[u[i]]
		i = u[i]
	}
	return i
}

// join makes the earlier root the root of both.
func (u union) join(i, j int) {
	i, j = u.root(i), u.root(j)
	u[max(i, j)] = min(i, j)
}

// joinEqual joins what had the same text when it was fetched.
func (u union) joinEqual(all []row) {
	first := make(map[string]int)
	for i, r := range all {
		if j, ok := first[r.Hash]; ok {
			u.join(j, i)
		} else {
			first[r.Hash] = i
		}
	}
}

func (u union) sources(all []row) [][]Source {
	members := make(map[int][]Source)
	var roots []int
	for i := range all {
		root := u.root(i)
		if len(members[root]) == 0 {
			roots = append(roots, root)
		}
		members[root] = append(members[root], all[i].source())
	}
	var out [][]Source
	for _, root := range roots {
		if len(members[root]) > 1 {
			out = append(out, members[root])
		}
	}
	return out
}

// joinNear joins the roots that are near to an earlier root.
func (ix *Index) joinNear(ctx context.Context, u union, all []row) error {
	bands := make(map[[2]uint64][]int)
	sets := make(map[int]map[uint64]bool) // shingles of roots, read when needed
	for i := range all {
		if u.root(i) != i || all[i].Chunks == 0 {
			continue
		}
		hash := uint64(all[i].simhash)
		var candidates []int
		for band := range uint64(nearBands) {
			key := [2]uint64{band, hash >> (band * 64 / nearBands) & (1<<(64/nearBands) - 1)}
			candidates = append(candidates, bands[key]...)
			bands[key] = append(bands[key], i)
		}
		slices.Sort(candidates)
		for _, j := range slices.Compact(candidates) {
			if bits.OnesCount64(hash^uint64(all[j].simhash)) > nearBits {
				continue
			}
			near, err := ix.near(ctx, sets, all[j], all[i], j, i)
			if err != nil {
				return err
			}
			if near {
				u.join(j, i)
				break
			}
		}
	}
	return nil
}

// near compares the shingles of two documents.
func (ix *Index) near(ctx context.Context, sets map[int]map[uint64]bool, a, b row, i, j int) (bool, error) {
	for _, d := range []struct {
		row
		at int
	}{{a, i}, {b, j}} {
		if sets[d.at] != nil {
			continue
		}
		t, err := ix.text(ctx, ix.db.Read, d.rev)
		if err != nil {
			return false, err
		}
		set := make(map[uint64]bool)
		for h := range shingles([]string{plainText(t.markdown)}) {
			set[h] = true
		}
		sets[d.at] = set
	}
	x, y := sets[i], sets[j]
	if min(len(x), len(y)) < minNearWords {
		return false, nil
	}
	common := 0
	for h := range x {
		if y[h] {
			common++
		}
	}
	return float64(common) >= nearlySame*float64(len(x)+len(y)-common), nil
}

func (r *row) source() Source {
	return Source{
		ID: r.ID, Collection: r.Collection, URL: r.URL, Title: r.Title, SourceType: r.SourceType, Domain: r.Domain, Lang: r.Lang,
		Chunks: r.Chunks, Bytes: r.Bytes, FetchedAt: r.FetchedAt, ChangedAt: r.ChangedAt,
	}
}
