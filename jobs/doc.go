// Package jobs runs long work: rows, leases, delivery.
//
// A job is a row, and the row is the truth: its whole request, where it stands,
// how far it is, its last events. Any number of processes on one data directory
// start jobs and run them; whoever has room claims one.
//
//	Queue.Start ── row, bell ──▶ Worker: claim ─▶ handler ─▶ finish
//	                               │  every 250 ms: cancel? lease mine? progress out
//	                               └─ every second: who has died?
//
// # Leases
//
// A claim writes lessee (the process), claim (a number that only grows) and
// until (by the database's clock). Every write of a worker names lessee and
// claim; where they no longer match it changes nothing, and the handler's
// context ends with ErrLeaseLost. So a worker that was suspended and comes back
// cannot undo what its successor has done.
//
// A lease ends in three ways. The worker finishes. Its time, 60 s, runs out
// because the process hangs. Or the process dies: each holds a lock on its file
// in procs/, the system frees that lock, and whoever can take it knows; that is
// looked at every second and at each worker's start.
//
// A job whose lease was lost is claimable again, with a growing pause, at most 3
// times in a row: then it is failed, since it may be what kills its processes.
// An attempt that got further than all before starts the count anew, and so does
// a user who asks for the same job again. A job taken back by a shutdown is
// pending at once, and its attempt is not counted.
//
// # Delivery
//
// In one process a bell wakes worker and waiters. Between processes the row is
// looked at: every 500 ms for new work by a worker with room, every 250 ms for
// cancels and progress. A worker that runs a job of a kind leaves another one of
// that kind to other processes for a second, so that two crawls are shared out.
//
// # Stopping
//
// The end of Worker.Run's context has two steps: no new work, and 25 s later the
// contexts of what still runs end with ErrShutdown. With ErrShutdown as the
// context's own cause the second step comes at once.
package jobs
