// Package jobs runs long work: rows, leases, delivery.
//
// A job is a row; the row is the truth. A worker claims a pending row with a
// lease: who runs it (the process), which attempt this is, until when by the
// database's clock. Every write of a worker names process and attempt, and
// where they no longer match it changes nothing and stops that worker.
//
// Processes share one data directory. Each holds the file lock procs/ID while
// its worker runs, and the system frees that lock however the process ends. So
// a lease whose lock can be taken is dead, and any live process takes its job
// over at its next look (deadPoll), a starting one at once. A lease also ends
// by time, for a process that lives and hangs. A job whose process died
// maxStrikes times without getting further is failed, so that one that kills
// its process cannot do so for ever.
//
// Progress and cancel travel through the row, looked at every poll; within a
// process a bell shortens the way.
//
// Stopping has two steps: a worker whose context ends takes no new work and
// cancels what runs with the context's cause. A job stopped by ErrShutdown goes
// back to pending and the attempt does not count.
package jobs
