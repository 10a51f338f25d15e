package crawl

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// frontiers are the implementations that share the contract below.
var frontiers = map[string]func(testing.TB) Frontier{
	"memory": func(testing.TB) Frontier { return NewMemory() },
	"sqlite": func(tb testing.TB) Frontier { return newFrontier(tb) },
}

// forEachFrontier runs a test of the contract against each implementation.
func forEachFrontier(t *testing.T, run func(t *testing.T, f Frontier)) {
	t.Parallel()
	for name, make := range frontiers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			run(t, make(t))
		})
	}
}

// mustOpen opens a queue.
func mustOpen(t *testing.T, f Frontier, job, scope string, starts ...Found) (Queue, State) {
	t.Helper()
	q, state, err := f.Open(t.Context(), job, scope, starts)
	if err != nil {
		t.Fatal(err)
	}
	return q, state
}

// mustSettle settles a batch of wave.
func mustSettle(t *testing.T, q Queue, wave int, batch ...Settled) int {
	t.Helper()
	added, err := q.Settle(t.Context(), wave, time.Second, batch)
	if err != nil {
		t.Fatal(err)
	}
	return added
}

// claimed lists the keys of a wave that wait.
func claimed(t *testing.T, q Queue, wave int) (keys []string, ids map[string]int64) {
	t.Helper()
	ids = map[string]int64{}
	after := Rank(-1)
	for {
		entries, err := q.Claim(t.Context(), wave, after, 2) // 2: so that it pages
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if e.Rank <= after {
				t.Fatalf("rank %d after %d", e.Rank, after)
			}
			after = e.Rank
			ids[e.Key] = e.ID
			if !e.Settled {
				keys = append(keys, fmt.Sprintf("%s@%d", e.Key, e.Depth))
			}
		}
		if len(entries) < 2 {
			return keys, ids
		}
	}
}

func TestFrontierQueues(t *testing.T) {
	forEachFrontier(t, func(t *testing.T, f Frontier) {
		q, state := mustOpen(t, f, "job", "scope", Found{Key: "start", Rank: rankOf(0, 0, 0)})
		if state.Wave != 0 || state.Done != nil || state.Since.IsZero() {
			t.Errorf("state %+v", state)
		}
		keys, ids := claimed(t, q, 0)
		if !slices.Equal(keys, []string{"start@0"}) {
			t.Fatalf("wave 0: %q", keys)
		}
		found := []Found{
			{Key: "c", Rank: rankOf(1, 3, 0), Depth: 1},
			{Key: "a", Rank: rankOf(1, 1, 5), Depth: 1},
			{Key: "b", Rank: rankOf(1, 2, 0), Depth: 1},
			{Key: "start", Rank: rankOf(1, 1, 6), Depth: 1},
			{Key: "off", Rank: rankOf(1, 1, 7), Depth: 1, Skip: SkipOffScope},
			{Key: "off2", Rank: rankOf(1, 1, 8), Depth: 1, Skip: SkipOffScope},
		}
		if added := mustSettle(t, q, 0, Settled{ID: ids["start"], Outcome: OutcomeAdded, Found: found}); added != 3 {
			t.Errorf("%d added, want 3", added)
		}
		// Found again: with a lesser rank, at a lesser depth, for a reason not
		// to skip it, and for a reason to.
		mustSettle(t, q, 0, Settled{Found: []Found{
			{Key: "c", Rank: rankOf(1, 1, 1), Depth: 1},
			{Key: "b", Rank: rankOf(1, 9, 0), Depth: 0},
			{Key: "off", Rank: rankOf(1, 8, 0), Depth: 1},
			{Key: "a", Rank: rankOf(1, 0, 0), Skip: SkipRobots},
		}})
		if err := q.Advance(t.Context(), 1, true); err != nil {
			t.Fatal(err)
		}
		if keys, _ := claimed(t, q, 0); keys != nil {
			t.Errorf("wave 0 still holds %q", keys)
		}
		keys, ids = claimed(t, q, 1)
		if want := []string{"c@1", "a@1", "b@0", "off@1"}; !slices.Equal(keys, want) {
			t.Fatalf("wave 1: %q, want %q", keys, want)
		}
		// A URL of this wave, or one that is done, does not move.
		mustSettle(t, q, 1, Settled{ID: ids["a"], Outcome: OutcomeFailed, Reason: "http_404"}, Settled{Found: []Found{
			{Key: "a", Rank: rankOf(2, 0, 0)}, {Key: "b", Rank: rankOf(2, 0, 1)},
		}})
		if keys, _ := claimed(t, q, 2); keys != nil {
			t.Errorf("wave 2 holds %q", keys)
		}
		tally, err := q.Tally(t.Context())
		if err != nil || tally.Waiting != 3 || tally.Outcomes[OutcomeSkipped][SkipOffScope] != 1 || tally.Outcomes[OutcomeFailed]["http_404"] != 1 {
			t.Errorf("tally %+v, %v", tally, err)
		}
		// Another process goes on here.
		q2, state := mustOpen(t, f, "job", "scope", Found{Key: "start", Rank: 0})
		if state.Wave != 1 || !state.Seeded || state.Spent != time.Second {
			t.Errorf("state %+v", state)
		}
		if keys, _ := claimed(t, q2, 1); !slices.Equal(keys, []string{"c@1", "b@0", "off@1"}) {
			t.Errorf("wave 1 goes on with %q", keys)
		}
		// And another job has nothing to do with it.
		if keys, _ := claimed(t, first(mustOpen(t, f, "job2", "scope", Found{Key: "x"})), 0); !slices.Equal(keys, []string{"x@0"}) {
			t.Errorf("another job sees %q", keys)
		}
	})
}

// first returns the first of two values.
func first[A, B any](a A, _ B) A { return a }

func TestFrontierRequeues(t *testing.T) {
	forEachFrontier(t, func(t *testing.T, f Frontier) {
		q, _ := mustOpen(t, f, "job", "scope", Found{Key: "a", Rank: 0}, Found{Key: "b", Rank: 1})
		_, ids := claimed(t, q, 0)
		mustSettle(t, q, 0, Settled{ID: ids["a"], Outcome: OutcomeFailed, Reason: "timeout", Asked: true, Bytes: 5},
			Settled{ID: ids["b"], Outcome: OutcomeAdded, Asked: true, Read: true, Bytes: 7, Chunks: 2})
		if err := q.Requeue(t.Context(), 3, []int64{ids["a"]}); err != nil {
			t.Fatal(err)
		}
		entries, err := q.Claim(t.Context(), 3, -1, 10)
		if err != nil || len(entries) != 1 || !entries[0].Again || entries[0].Settled {
			t.Fatalf("entries %+v, %v", entries, err)
		}
		mustSettle(t, q, 3, Settled{ID: ids["a"], Outcome: OutcomeChanged, Asked: true, Read: true, Known: true, Bytes: 6, Chunks: 3})
		tally, err := q.Tally(t.Context())
		if err != nil || tally.Asked != 2 || tally.Read != 2 || tally.Bytes != 18 || tally.Chunks != 5 || tally.Waiting != 0 {
			t.Errorf("tally %+v, %v", tally, err)
		}
		row, ok, err := q.Get(t.Context(), "a")
		if err != nil || !ok || row.Outcome != OutcomeChanged || !row.Known || !row.Again || row.Rank != rankOf(3, 0, 0) {
			t.Errorf("row %+v, %v, %v", row, ok, err)
		}
	})
}

func TestFrontierLedger(t *testing.T) {
	forEachFrontier(t, func(t *testing.T, f Frontier) {
		var starts []Found
		for i, key := range strings.Fields("a b c d e f") {
			starts = append(starts, Found{Key: key, Rank: rankOf(0, 0, i)})
		}
		q, _ := mustOpen(t, f, "job", "scope", starts...)
		_, ids := claimed(t, q, 0)
		high := uint64(1)<<63 + 5 // does not fit int64
		mustSettle(t, q, 0,
			Settled{ID: ids["e"], Outcome: OutcomeAdded, Hash: high, Blocks: []uint64{1, high}, Cut: high},
			Settled{ID: ids["b"], Outcome: OutcomeUnchanged, Hash: high, Blocks: []uint64{1}},
			Settled{ID: ids["c"], Outcome: OutcomeLed, Reason: SkipCanonical, Target: "a", Hash: 9},
			Settled{ID: ids["a"], Outcome: OutcomeAdded, Hash: 9, Blocks: []uint64{2}},
			Settled{ID: ids["d"], Outcome: OutcomeSkipped, Reason: SkipSoft404, Hash: 7, Blocks: []uint64{3}},
			Settled{Found: []Found{{Key: "z", Skip: SkipMedia}}})
		list := func(walk func(func(Row) error) error) (out []string) {
			err := walk(func(row Row) error {
				out = append(out, fmt.Sprintf("%s %s %x %x", row.Key, row.Outcome, row.Hash, row.Blocks))
				return nil
			})
			if err != nil {
				t.Error(err)
			}
			return out
		}
		got := list(func(y func(Row) error) error { return q.Walk(t.Context(), OutcomeSkipped, y) })
		if want := []string{"z skipped 0 []", "d skipped 7 []"}; !slices.EqualFunc(got, want, sameRow) {
			t.Errorf("Walk: %q, want %q", got, want)
		}
		got = list(func(y func(Row) error) error { return q.Blocks(t.Context(), y) })
		if want := []string{"a added 9 [2]", "b unchanged 8000000000000005 [1]", "e added 8000000000000005 [1 8000000000000005]"}; !slices.Equal(got, want) {
			t.Errorf("Blocks: %q, want %q", got, want)
		}
		got = list(func(y func(Row) error) error { return q.Alike(t.Context(), 1, 2, y) })
		want := []string{"b unchanged 8000000000000005", "e added 8000000000000005", "a added 9", "c led 9"}
		if !slices.EqualFunc(got, want, sameRow) {
			t.Errorf("Alike: %q, want %q", got, want)
		}
		if err := q.Walk(t.Context(), OutcomeAdded, func(Row) error { return errBoom }); !errors.Is(err, errBoom) {
			t.Errorf("the error of yield becomes %v", err)
		}
		if _, ok, err := q.Get(t.Context(), "f"); ok || err != nil {
			t.Errorf("a waiting URL has a row: %v, %v", ok, err)
		}
	})
}

// sameRow compares what Walk and Alike promise: not the blocks.
func sameRow(got, want string) bool {
	return strings.HasPrefix(got, strings.TrimSuffix(want, " []"))
}

func TestFrontierChronicle(t *testing.T) {
	forEachFrontier(t, func(t *testing.T, f Frontier) {
		crawl := func(job string, stored, gone []string, keepAbsent bool) (absent []string) {
			t.Helper()
			var starts []Found
			for i, key := range append(slices.Clone(stored), gone...) {
				starts = append(starts, Found{Key: key, Rank: rankOf(0, 0, i)})
			}
			q, _ := mustOpen(t, f, job, "scope", starts...)
			_, ids := claimed(t, q, 0)
			for _, key := range stored {
				mustSettle(t, q, 0, Settled{ID: ids[key], Outcome: OutcomeAdded})
			}
			for _, key := range gone {
				mustSettle(t, q, 0, Settled{ID: ids[key], Outcome: OutcomeGone})
			}
			absent, err := q.Absent(t.Context(), "", 10)
			if err != nil {
				t.Fatal(err)
			}
			verdict := Verdict{Boilerplate: []uint64{1, 1 << 63}, Soft404: []uint64{uint64(len(stored))}, Shrunk: keepAbsent}
			if err := q.Finish(t.Context(), Stats{Fetched: len(stored), Skipped: map[string]int{"x": 1}}, verdict, keepAbsent); err != nil {
				t.Fatal(err)
			}
			return absent
		}
		if got := crawl("1", []string{"a", "b", "c", "d"}, nil, false); got != nil {
			t.Errorf("the first crawl misses %q", got)
		}
		if got := crawl("2", []string{"a", "b"}, nil, true); !slices.Equal(got, []string{"c", "d"}) {
			t.Errorf("the second crawl misses %q", got)
		}
		if got := crawl("3", []string{"a"}, []string{"b"}, true); !slices.Equal(got, []string{"c", "d"}) {
			t.Errorf("the third crawl misses %q", got)
		}
		if got := crawl("4", []string{"a", "e"}, nil, false); !slices.Equal(got, []string{"c", "d"}) {
			t.Errorf("the fourth crawl misses %q: b was removed before", got)
		}
		q, state := mustOpen(t, f, "4", "scope")
		if state.Done == nil || state.Done.Fetched != 2 || state.Done.Skipped["x"] != 1 {
			t.Errorf("a finished job says %+v", state)
		}
		if tally, err := q.Tally(t.Context()); err != nil || len(tally.Outcomes) > 0 {
			t.Errorf("a finished job keeps %+v, %v", tally, err)
		}
		q, _ = mustOpen(t, f, "5", "scope", Found{Key: "a"})
		if keys, err := q.Absent(t.Context(), "", 1); err != nil || !slices.Equal(keys, []string{"e"}) {
			t.Errorf("the fifth crawl misses %q, %v", keys, err)
		}
		if keys, err := q.Absent(t.Context(), "e", 1); err != nil || len(keys) > 0 {
			t.Errorf("after e: %q, %v", keys, err)
		}
		verdict, err := q.Earlier(t.Context())
		if err != nil || !slices.Equal(verdict.Boilerplate, []uint64{1, 1 << 63}) || !slices.Equal(verdict.Soft404, []uint64{2}) || verdict.Shrunk {
			t.Errorf("verdict %+v, %v", verdict, err)
		}
		q, _ = mustOpen(t, f, "6", "another scope", Found{Key: "z"})
		if keys, err := q.Absent(t.Context(), "", 10); err != nil || len(keys) > 0 {
			t.Errorf("another scope misses %q, %v", keys, err)
		}
		if verdict, err := q.Earlier(t.Context()); err != nil || len(verdict.Boilerplate) > 0 {
			t.Errorf("another scope has learnt %+v, %v", verdict, err)
		}
	})
}

// A queue that nobody has touched for a week is cleared away by the next Open,
// but what it stored stays known to its scope.
func TestSQLiteSweeps(t *testing.T) {
	t.Parallel()
	db := openStore(t)
	f := NewSQLite(db.Read, db.Tx)
	q, _ := mustOpen(t, f, "old", "scope", Found{Key: "a"})
	_, ids := claimed(t, q, 0)
	mustSettle(t, q, 0, Settled{ID: ids["a"], Outcome: OutcomeAdded, Blocks: []uint64{1}})
	if _, err := db.Write.ExecContext(t.Context(), `UPDATE frontier_site SET touched = ?`, time.Now().Add(-siteAge-time.Hour).Unix()); err != nil {
		t.Fatal(err)
	}
	q, _ = mustOpen(t, f, "new", "scope", Found{Key: "b"})
	if keys, err := q.Absent(t.Context(), "", 10); err != nil || !slices.Equal(keys, []string{"a"}) {
		t.Errorf("known: %q, %v", keys, err)
	}
	for table, want := range map[string]int{"frontier_site": 1, "frontier_page": 1, "frontier_block": 0} {
		n := 0
		if err := db.Read.QueryRowContext(t.Context(), `SELECT count(*) FROM `+table).Scan(&n); err != nil || n != want {
			t.Errorf("%s has %d rows, %v; want %d", table, n, err, want)
		}
	}
}

func TestRank(t *testing.T) {
	t.Parallel()
	ordered := []Rank{0, rankOf(0, 0, 1), rankOf(0, 1, 0), rankOf(0, 1, 1<<40), rankOf(0, 2, 0), rankOf(0, 1<<40, 1<<40), rankOf(1, 0, 0), rankOf(maxWave, 1<<40, 1<<40)}
	if !slices.IsSorted(ordered) || ordered[len(ordered)-1] < 0 {
		t.Errorf("ranks %d", ordered)
	}
}
