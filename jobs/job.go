package jobs

import (
	"encoding/json"
	"errors"
	"time"
)

// Status is where a job stands.
//
//	pending → running → completed | failed | canceled
//	   ↑         │                      │        │
//	   ├─────────┘ lease lost, shutdown │        │
//	   └────────────────────────────────┴────────┘ retry
type Status string

// The states of a job.
const (
	Pending   Status = "pending"
	Running   Status = "running"
	Completed Status = "completed"
	Failed    Status = "failed"
	Canceled  Status = "canceled"
)

// Done reports whether no more work will happen.
func (s Status) Done() bool { return s == Completed || s == Failed || s == Canceled }

// Causes of a worker's context, by context.Cause.
var (
	// ErrShutdown: the process stops; the job goes back to pending and the
	// attempt does not count.
	ErrShutdown = errors.New("jobs: the process is stopping")
	// ErrCanceled: the user canceled the job.
	ErrCanceled = errors.New("jobs: canceled by the user")
	// ErrLeaseLost: another worker has the job now.
	ErrLeaseLost = errors.New("jobs: the lease was lost")
)

// Job is one piece of long work. The row in the database is the truth.
type Job struct {
	ID       string // UUID
	Kind     string // the tool's name
	Key      string // jobs with the same kind and key that are not done are one job
	Owner    string // security.Identity.Subject of who asked
	Status   Status
	Request  json.RawMessage
	Result   json.RawMessage // when completed
	Progress Progress
	Error    *Failure // when failed
	Events   []Event  // the last 200, oldest first; only Get fills it
	Attempt  int      // 1 for the first; 0 before it
	Created  time.Time
	Started  time.Time // zero while pending for the first time
	Finished time.Time // zero until done
	// Orphaned: running as the row has it, but its process has ended, and nobody
	// has taken the job over so far. Only Get and List fill it.
	Orphaned bool

	lessee string // the worker that runs it
}

// Failure is what a failed job says.
type Failure struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// Progress is how far a job is.
type Progress struct {
	Phase  string           `json:"phase,omitempty"`
	Done   int64            `json:"done"`
	Total  int64            `json:"total,omitempty"` // 0: not known
	Rate   float64          `json:"rate,omitempty"`  // per second
	ETA    float64          `json:"eta_seconds,omitempty"`
	Counts map[string]int64 `json:"counts,omitempty"` // by reason
	// Failures are what could not be read, by reason; Chunks and Bytes what was
	// stored and read so far.
	Failures map[string]int64 `json:"failures,omitempty"`
	Chunks   int64            `json:"chunks,omitempty"`
	Bytes    int64            `json:"bytes,omitempty"`
	// URL is the address that was read last, where the work reads some.
	URL string `json:"url,omitempty"`
	// Message is one line for a person.
	Message string `json:"message,omitempty"`
}

// Event is one line of a job's history.
type Event struct {
	At      time.Time `json:"at"`
	Message string    `json:"message"`
}

// Request asks for a job.
type Request struct {
	Kind    string
	Key     string // empty: never joined
	Owner   string
	Payload json.RawMessage
}

// Filter narrows a listing; empty fields do not.
type Filter struct {
	Kind   string
	Status Status
	Owner  string
	Limit  int    // 1 to 500; 0 is 10
	Cursor string // from the page before
}

// Selector says which finished jobs Clean removes. ID names one; else all that
// finished at least OlderThan ago, in Status where it is not empty.
type Selector struct {
	ID        string
	OlderThan time.Duration
	Status    Status
}
