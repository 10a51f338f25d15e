package jobs

import (
	"context"
	"time"

	"github.com/axon-mcp/axon-mcp/store"
)

// sweep looks for leases of dead processes and for leases that ran out, once;
// and now and then for jobs that were kept long enough. A failure is logged: the
// next sweep tries again. The first sweep of a worker lets it go on at once with
// what it finds.
func (s *shift) sweep(ctx context.Context) {
	_, err := s.queue.recover(ctx, s.lessee, !s.swept)
	s.swept = true
	if err == nil {
		err = s.expired(ctx)
	}
	if err == nil {
		err = s.discard(ctx)
	}
	s.said(ctx, "sweep the jobs", err)
}

// expired takes back leases of processes that hang. One's own are left out:
// this process has run since, and renews them.
func (s *shift) expired(ctx context.Context) error {
	n, err := s.queue.table.takeExpired(ctx, s.lessee)
	if n > 0 {
		s.log.WarnContext(ctx, "took back jobs whose lease ran out", "jobs", n)
		s.queue.bell.ring(newWork)
	}
	return err
}

// discard removes what has been finished for longer than jobs are kept. A
// one-shot command leaves that to others.
func (s *shift) discard(ctx context.Context) error {
	if s.only != "" || time.Since(s.cleaned) < s.pace.clean {
		return nil
	}
	s.cleaned = time.Now()
	gone, err := s.queue.Clean(ctx, Selector{OlderThan: s.pace.keep}, false)
	if len(gone) > 0 {
		s.log.InfoContext(ctx, "removed old jobs", "jobs", len(gone))
	}
	return store.Explain(err)
}
