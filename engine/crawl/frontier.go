package crawl

import (
	"context"
	"time"
)

// Rank is a URL's place in the queue of a crawl: the wave in which it is due,
// then the place of the page that led to it within the wave before, then its
// place on that page. Where several pages lead to a URL, the least rank counts.
// In this order the queue is that of a breadth-first crawl by one patient
// reader, however many fetch at once and however fast they are: which pages a
// limit lets through and what a trap stops is the same in every crawl of the
// same site.
type Rank int64

// The fields of a Rank, in bits. Ranks are not negative.
const (
	rankLinkBits   = 20
	rankParentBits = 31
	maxRankLink    = 1<<rankLinkBits - 1
	maxRankParent  = 1<<rankParentBits - 1
	maxWave        = 1<<(63-rankLinkBits-rankParentBits) - 3 // so that the ones after it have ranks
)

// rankOf composes a rank; parents and links beyond the limits share the last
// place.
func rankOf(wave int, parent int64, link int) Rank {
	return waveStart(wave) + Rank(min(parent, maxRankParent))<<rankLinkBits + Rank(min(link, maxRankLink))
}

// waveStart is the least rank of a wave.
func waveStart(wave int) Rank { return Rank(wave) << (rankLinkBits + rankParentBits) }

// Outcome says how a URL was settled. What Outcome tells in a word, Reason of
// Settled tells in detail.
type Outcome string

// The outcomes. Stored ones are in the sink now.
const (
	OutcomeAdded     Outcome = "added"
	OutcomeChanged   Outcome = "changed"
	OutcomeUnchanged Outcome = "unchanged"
	OutcomeLed       Outcome = "led"     // to another URL: redirect, canonical
	OutcomeSkipped   Outcome = "skipped" // a Skip reason
	OutcomeFailed    Outcome = "failed"  // "http_404", "timeout" …
	OutcomeGone      Outcome = "gone"    // and removed from the sink
)

// Where a URL was found, for Found.Source.
const (
	SourceStart   = "start"
	SourceSitemap = "sitemap"
	SourceList    = "llms.txt"
	SourceLink    = "link"
)

// ReasonMoved is the reason of OutcomeLed for a permanent redirect, and of
// OutcomeGone when the page was removed for it.
const ReasonMoved = "moved"

// Stored reports whether the page is in the sink under its URL.
func (o Outcome) Stored() bool {
	return o == OutcomeAdded || o == OutcomeChanged || o == OutcomeUnchanged
}

// Found is a URL that a page or a list led to.
type Found struct {
	Key   string
	Rank  Rank
	Depth int // links from a start
	Hops  int // redirects in a row that led here
	// Skip is the reason to leave it; empty: it waits to be read.
	Skip string
	// Source, Title (the text of the link) and LastMod are for Map. A frontier
	// that only serves Run need not keep them.
	Source, Title string
	LastMod       time.Time
}

// Entry is a URL of the wave at hand.
type Entry struct {
	ID    int64
	Key   string
	Rank  Rank
	Depth int
	Hops  int
	// Again marks the second look at a page: it is stored as it is, whatever
	// it says of a canonical URL.
	Again bool
	// Settled tells that it is done: an earlier attempt of the job, or a
	// reason found later. It still counts for the places of what follows.
	Settled bool
}

// Settled is how one URL ended, with what it led to. ID 0 settles nothing and
// only adds Found.
type Settled struct {
	ID      int64
	Outcome Outcome
	Reason  string
	Asked   bool   // a request was made
	Read    bool   // a page came, or was answered 304
	Known   bool   // the sink held it before
	Target  string // key of the page that it led to
	Hash    uint64 // fingerprint of the page's text; 0 if there is none
	Chunks  int
	Bytes   int64
	Blocks  []uint64 // fingerprints, sorted, each once
	Cut     uint64   // blockSum of the blocks already cut from what is stored
	Title   string   // of the page; as Found.Title
	Found   []Found
}

// Row is a settled URL, as the passes at a crawl's end see it.
type Row struct {
	ID      int64
	Key     string
	Rank    Rank // negative: it was never due
	Outcome Outcome
	Reason  string
	Target  string
	Hash    uint64
	Again   bool
	Known   bool
	Blocks  []uint64 // only from Blocks
	Cut     uint64   // only from Blocks
}

// Tally counts the URLs of a crawl.
type Tally struct {
	Waiting  int
	Asked    int
	Read     int
	Chunks   int
	Bytes    int64
	Outcomes map[Outcome]map[string]int // by reason
}

// State is where a crawl stands.
type State struct {
	Wave   int
	Seeded bool          // sitemaps have been read
	Spent  time.Duration // by all attempts so far
	Since  time.Time     // the first attempt's start
	// Done is set when Finish has been called: there is nothing left to do.
	Done *Stats
}

// Verdict is what a finished crawl has learnt of its site and the next one
// begins with.
type Verdict struct {
	Boilerplate []uint64 // fingerprints, sorted
	Soft404     []uint64 // content hashes found under many URLs, sorted
	// Shrunk tells that most pages were absent and nothing was removed for it.
	Shrunk bool
}

// Frontier keeps the queues of crawls beyond the life of a process. What one
// call writes is there whole or not at all. One crawl uses its queue from one
// goroutine at a time.
type Frontier interface {
	// Open returns the queue of a job, or makes it with starts, which are due
	// in wave 0. scope names what the crawl covers, so that crawls of the same
	// can be compared.
	Open(ctx context.Context, job, scope string, starts []Found) (Queue, State, error)
}

// Queue is one crawl's part of a Frontier.
type Queue interface {
	// Claim returns the next n URLs of a wave after a rank, in order. Nothing
	// is marked: what is not settled when the process dies waits still.
	Claim(ctx context.Context, wave int, after Rank, n int) ([]Entry, error)
	// Settle records outcomes and adds what was found, all at once. A URL that
	// is there keeps its outcome; if it waits for a later wave, its rank and
	// depth sink to the least of both, and if it was skipped and is now found
	// without a reason to skip it, it waits. added counts the new waiting URLs.
	Settle(ctx context.Context, wave int, spent time.Duration, batch []Settled) (added int, err error)
	// Advance begins a wave.
	Advance(ctx context.Context, wave int, seeded bool) error
	// Requeue lets settled URLs wait again, in a wave and marked Again.
	Requeue(ctx context.Context, wave int, ids []int64) error
	Ledger
}

// Ledger reads what a crawl has settled.
type Ledger interface {
	Tally(ctx context.Context) (Tally, error)
	// Get returns the row of a URL; ok is false if it was not found, or waits.
	Get(ctx context.Context, key string) (row Row, ok bool, err error)
	// Walk gives the settled rows with an outcome, in the order of their ranks
	// (unranked first, by URL), until yield fails, and returns its error.
	// yield must not use the queue.
	Walk(ctx context.Context, outcome Outcome, yield func(Row) error) error
	// Alike gives the rows of waves before a given one that share a hash with
	// at least n-1 others of these, hash by hash and by rank within one.
	Alike(ctx context.Context, before, n int, yield func(Row) error) error
	// Blocks gives the stored rows with their blocks, in the order of Walk.
	Blocks(ctx context.Context, yield func(Row) error) error
	Chronicle
}

// Chronicle connects the crawls of one scope.
type Chronicle interface {
	// Earlier returns the verdict of the last finished crawl of the scope.
	Earlier(ctx context.Context) (Verdict, error)
	// Absent returns, in order, up to n URLs after one that earlier crawls of
	// the scope have stored and this one has not found.
	Absent(ctx context.Context, after string, n int) ([]string, error)
	// Finish ends the crawl: what the next one needs is kept (which URLs are
	// stored, and verdict), the rest is removed. URLs that earlier crawls have
	// stored and this one has not found stay known if keepAbsent. Calling it
	// again after a kill completes it.
	Finish(ctx context.Context, stats Stats, verdict Verdict, keepAbsent bool) error
}

// count adds n URLs with an outcome; no outcome is waiting.
func (t *Tally) count(outcome Outcome, reason string, n int) {
	if outcome == "" {
		t.Waiting += n
		return
	}
	if t.Outcomes[outcome] == nil {
		t.Outcomes[outcome] = map[string]int{}
	}
	t.Outcomes[outcome][reason] += n
}
