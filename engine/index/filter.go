package index

import (
	"bytes"
	"context"
	"fmt"
	"strings"
)

// narrowed is a filter ready to be laid over shards: all that a document keeps
// for life is compared in the columns, the time of its fetch, which moves, in
// the database.
type narrowed struct {
	Filter
	collection string
	timed      bool
	revs       []uint64 // ascending; those in time, if timed
}

func (ix *Index) narrow(ctx context.Context, q Query) (narrowed, error) {
	n := narrowed{Filter: q.Filter, collection: q.Collection}
	n.timed = !q.Filter.Since.IsZero() || !q.Filter.Before.IsZero()
	if !n.timed {
		return n, nil
	}
	const inTime = `SELECT rev FROM documents WHERE fetched >= ? AND (? = 0 OR fetched < ?) ORDER BY rev`
	before := millis(q.Filter.Before)
	rows, err := ix.db.Read.QueryContext(ctx, inTime, millis(q.Filter.Since), before, before)
	if err != nil {
		return n, fmt.Errorf("find the documents fetched in that time: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var rev uint64
		if err := rows.Scan(&rev); err != nil {
			return n, fmt.Errorf("find the documents fetched in that time: %w", err)
		}
		n.revs = append(n.revs, rev)
	}
	return n, rows.Err()
}

// allow returns the living documents of a shard that the filter lets through.
func (n *narrowed) allow(s *shard) bitset {
	allowed := newBitset(s.docs())
	for i := range allowed {
		allowed[i] = ^uint64(0)
	}
	if extra := s.docs() & 63; extra > 0 {
		allowed[len(allowed)-1] = 1<<extra - 1
	}
	for i := range min(len(allowed), len(s.dead)) {
		allowed[i] &^= s.dead[i]
	}
	if n.collection != "" {
		keep(allowed, s, s.collections, isOneOf([]string{n.collection}))
	}
	if len(n.Domains) > 0 {
		keep(allowed, s, s.domains, isOneOf(n.Domains))
	}
	if len(n.SourceTypes) > 0 {
		keep(allowed, s, s.sourceTypes, isOneOf(n.SourceTypes))
	}
	if n.Lang != "" {
		keep(allowed, s, s.langs, func(lang []byte) bool { return isLang(string(lang), n.Lang) })
	}
	if n.URLPrefix != "" {
		prefix := []byte(n.URLPrefix)
		for d := range s.docs() {
			if !bytes.HasPrefix(s.urls.get(uint32(d)), prefix) {
				allowed.unset(uint32(d))
			}
		}
	}
	if n.timed {
		n.keepInTime(allowed, s)
	}
	return allowed
}

func (n *narrowed) keepInTime(allowed bitset, s *shard) {
	i := 0
	for d, rev := range s.revs {
		for i < len(n.revs) && n.revs[i] < rev {
			i++
		}
		if i == len(n.revs) || n.revs[i] != rev {
			allowed.unset(uint32(d))
		}
	}
}

// keep takes out the documents whose name in a column does not fit.
func keep(allowed bitset, s *shard, column []uint32, fits func([]byte) bool) {
	names := newBitset(s.names.len())
	for i := range s.names.len() {
		if fits(s.names.get(uint32(i))) {
			names.set(uint32(i))
		}
	}
	for d, name := range column {
		if !names.has(name) {
			allowed.unset(uint32(d))
		}
	}
}

func isOneOf(values []string) func([]byte) bool {
	return func(name []byte) bool {
		for _, v := range values {
			if string(name) == v {
				return true
			}
		}
		return false
	}
}

// isLang reports whether a BCP 47 tag is that language or a variety of it: en
// takes en-GB in.
func isLang(tag, want string) bool {
	return strings.EqualFold(tag, want) ||
		len(tag) > len(want) && tag[len(want)] == '-' && strings.EqualFold(tag[:len(want)], want)
}
