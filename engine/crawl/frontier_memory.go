package crawl

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"
	"time"
)

// Memory is a Frontier that lives as long as the process: for Map, whose
// queue nobody continues, and for tests.
type Memory struct {
	mu     sync.Mutex
	sites  map[string]*memoryQueue // by job
	scopes map[string]*memoryScope
}

// NewMemory returns an empty frontier.
func NewMemory() *Memory {
	return &Memory{sites: map[string]*memoryQueue{}, scopes: map[string]*memoryScope{}}
}

// memoryScope is what finished crawls leave to the next one.
type memoryScope struct {
	stored  map[string]bool
	verdict Verdict
}

// memoryQueue is one crawl's queue.
type memoryQueue struct {
	mu    sync.Mutex
	state State
	rows  map[string]*memoryRow
	byID  []*memoryRow // ID-1 is the place
	scope *memoryScope
}

// memoryRow is one URL: how it was found and how it ended.
type memoryRow struct {
	Found
	Settled
	id    int64
	again bool
}

// Open implements Frontier.
func (m *Memory) Open(_ context.Context, job, scope string, starts []Found) (Queue, State, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.scopes[scope] == nil {
		m.scopes[scope] = &memoryScope{stored: map[string]bool{}}
	}
	q := m.sites[job]
	if q == nil {
		q = &memoryQueue{state: State{Since: time.Now()}, rows: map[string]*memoryRow{}, scope: m.scopes[scope]}
		q.add(-1, starts)
		m.sites[job] = q
	}
	return q, q.state, nil
}

// ranked returns the rows that keep accepts, in the order of Walk.
func (q *memoryQueue) ranked(keep func(*memoryRow) bool) []*memoryRow {
	var rows []*memoryRow
	for _, row := range q.byID {
		if keep(row) {
			rows = append(rows, row)
		}
	}
	slices.SortFunc(rows, func(a, b *memoryRow) int {
		return cmp.Or(cmp.Compare(a.Rank, b.Rank), strings.Compare(a.Key, b.Key))
	})
	return rows
}

// Claim implements Queue.
func (q *memoryQueue) Claim(_ context.Context, wave int, after Rank, n int) ([]Entry, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	rows := q.ranked(func(row *memoryRow) bool {
		return row.Rank > after && row.Rank >= waveStart(wave) && row.Rank < waveStart(wave+1)
	})
	entries := make([]Entry, 0, n)
	for _, row := range rows[:min(n, len(rows))] {
		entries = append(entries, Entry{
			ID: row.id, Key: row.Key, Rank: row.Rank, Depth: row.Depth, Hops: row.Hops,
			Again: row.again, Settled: row.Outcome != "",
		})
	}
	return entries, nil
}

// Settle implements Queue.
func (q *memoryQueue) Settle(_ context.Context, wave int, spent time.Duration, batch []Settled) (added int, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.state.Spent = spent
	for _, s := range batch {
		found := s.Found
		s.Found = nil
		if s.ID > 0 {
			row := q.byID[s.ID-1]
			s.Bytes += row.Bytes
			s.Asked, s.Read, s.Known = s.Asked || row.Asked, s.Read || row.Read, s.Known || row.Known
			if s.Blocks == nil {
				s.Blocks, s.Cut = row.Blocks, row.Cut
			}
			row.Settled = s
		}
		added += q.add(wave, found)
	}
	return added, nil
}

// add inserts what was found and counts the new waiting URLs.
func (q *memoryQueue) add(wave int, found []Found) (added int) {
	for _, f := range found {
		row := q.rows[f.Key]
		if row != nil && row.LastMod.IsZero() {
			row.LastMod = f.LastMod
		}
		switch {
		case row == nil:
			row = &memoryRow{Found: f, id: int64(len(q.byID) + 1)}
			if f.Skip != "" {
				row.Rank = -1
				row.Outcome, row.Reason = OutcomeSkipped, f.Skip
			} else {
				added++
			}
			q.rows[f.Key] = row
			q.byID = append(q.byID, row)
		case f.Skip != "":
		case row.Rank < 0:
			row.Found, row.Outcome, row.Reason = f, "", ""
		case row.Outcome == "" && row.Rank >= waveStart(wave+1) && (f.Rank < row.Rank || f.Depth < row.Depth):
			row.Rank, row.Depth, row.Hops = min(row.Rank, f.Rank), min(row.Depth, f.Depth), min(row.Hops, f.Hops)
		}
	}
	return added
}

// Advance implements Queue.
func (q *memoryQueue) Advance(_ context.Context, wave int, seeded bool) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.state.Wave, q.state.Seeded = wave, seeded
	return nil
}

// Requeue implements Queue.
func (q *memoryQueue) Requeue(_ context.Context, wave int, ids []int64) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	for i, id := range ids {
		row := q.byID[id-1]
		row.Rank, row.again = rankOf(wave, int64(i), 0), true
		row.Outcome, row.Reason, row.Target, row.Hash = "", "", "", 0
	}
	return nil
}

// Tally implements Ledger.
func (q *memoryQueue) Tally(context.Context) (Tally, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	tally := Tally{Outcomes: map[Outcome]map[string]int{}}
	for _, row := range q.byID {
		tally.count(row.Outcome, row.Reason, 1)
		tally.Chunks += row.Chunks
		tally.Bytes += row.Bytes
		if row.Asked {
			tally.Asked++
		}
		if row.Read {
			tally.Read++
		}
	}
	return tally, nil
}

// row gives what the Ledger shows of a row.
func (r *memoryRow) row() Row {
	return Row{
		ID: r.id, Key: r.Key, Rank: r.Rank, Outcome: r.Outcome, Reason: r.Reason, Target: r.Target, Hash: r.Hash,
		Again: r.again, Known: r.Known, Blocks: r.Blocks, Cut: r.Cut,
	}
}

// Get implements Ledger.
func (q *memoryQueue) Get(_ context.Context, key string) (Row, bool, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if row := q.rows[key]; row != nil && row.Outcome != "" {
		return row.row(), true, nil
	}
	return Row{}, false, nil
}

// each gives rows that keep accepts to yield, without holding the lock.
func (q *memoryQueue) each(keep func(*memoryRow) bool, order func(a, b Row) int, yield func(Row) error) error {
	q.mu.Lock()
	var rows []Row
	for _, row := range q.ranked(keep) {
		rows = append(rows, row.row())
	}
	q.mu.Unlock()
	if order != nil {
		slices.SortStableFunc(rows, order)
	}
	for _, row := range rows {
		if err := yield(row); err != nil {
			return err
		}
	}
	return nil
}

// Walk implements Ledger.
func (q *memoryQueue) Walk(_ context.Context, outcome Outcome, yield func(Row) error) error {
	return q.each(func(row *memoryRow) bool { return row.Outcome == outcome }, nil, yield)
}

// Alike implements Ledger.
func (q *memoryQueue) Alike(_ context.Context, before, n int, yield func(Row) error) error {
	counts := map[uint64]int{}
	q.mu.Lock()
	for _, row := range q.byID {
		if row.Hash != 0 && row.Rank < waveStart(before) {
			counts[row.Hash]++
		}
	}
	q.mu.Unlock()
	return q.each(func(row *memoryRow) bool { return row.Rank < waveStart(before) && counts[row.Hash] >= n },
		func(a, b Row) int { return cmp.Compare(int64(a.Hash), int64(b.Hash)) }, yield)
}

// Blocks implements Ledger.
func (q *memoryQueue) Blocks(_ context.Context, yield func(Row) error) error {
	return q.each(func(row *memoryRow) bool { return row.Outcome.Stored() && len(row.Blocks) > 0 }, nil, yield)
}

// Earlier implements Chronicle.
func (q *memoryQueue) Earlier(context.Context) (Verdict, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.scope.verdict, nil
}

// Absent implements Chronicle.
func (q *memoryQueue) Absent(_ context.Context, after string, n int) ([]string, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	var keys []string
	for key := range q.scope.stored {
		if key > after && q.rows[key] == nil {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys[:min(n, len(keys))], nil
}

// Finish implements Chronicle.
func (q *memoryQueue) Finish(_ context.Context, stats Stats, verdict Verdict, keepAbsent bool) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	for key := range q.scope.stored {
		row := q.rows[key]
		if row == nil && !keepAbsent || row != nil && row.Outcome == OutcomeGone {
			delete(q.scope.stored, key)
		}
	}
	for key, row := range q.rows {
		if row.Outcome.Stored() {
			q.scope.stored[key] = true
		}
	}
	q.scope.verdict, q.state.Done = verdict, &stats
	q.rows, q.byID = map[string]*memoryRow{}, nil
	return nil
}
