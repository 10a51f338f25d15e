package crawl

import "time"

// Stats sums up a crawl, over all attempts of its job.
type Stats struct {
	Fetched   int // pages read, with those that were answered 304
	Added     int // stored for the first time; also counted in Changed
	Changed   int // stored: new, or not as before
	Unchanged int // the same as what was stored; nothing was embedded
	Failed    int // pages that could not be read, 404 included
	Gone      int // pages removed from the sink: gone, moved, absent, duplicate
	Cleaned   int // pages stored again without boilerplate learnt later
	// Skipped counts URLs that were found and not read, or read and not
	// stored, by reason (the Skip constants).
	Skipped map[string]int
	// Failures counts the failed pages by reason: "http_404", or a fault code.
	Failures map[string]int
	// UnreadStarts are the starts that were refused or could not be read, where
	// other pages were: in a count of many nobody would see them.
	UnreadStarts []Note
	Chunks       int   // chunks of the changed pages
	Bytes        int64 // of all bodies, decompressed
	Duration     time.Duration
	// Complete tells that everything in scope was read: no limit was hit and
	// no page failed but with 404 or 410.
	Complete bool
}

// PagesPerSecond is the rate of Fetched over Duration.
func (s Stats) PagesPerSecond() float64 {
	if s.Duration <= 0 {
		return 0
	}
	return float64(s.Fetched) / s.Duration.Seconds()
}

// Progress is how far a crawl is.
type Progress struct {
	Phase  string  // "crawl", "check", "clean"
	Done   int64   // URLs settled
	Total  int64   // URLs settled and waiting
	Rate   float64 // URLs a second, since the start of this attempt
	ETA    time.Duration
	URL    string           // settled last
	Counts map[string]int64 // fetched, changed, unchanged, failed, and the reasons of Skipped
	// Failures are the failed pages by reason, as in Stats.
	Failures map[string]int64
	Chunks   int64 // of the changed pages
	Bytes    int64 // of all bodies, decompressed
}

// Note tells of one URL with which something was the matter.
type Note struct {
	URL     string
	Outcome Outcome // OutcomeFailed, OutcomeSkipped, OutcomeChanged or OutcomeGone
	Reason  string  // as in Stats.Skipped or Stats.Failures; empty for a change
}
