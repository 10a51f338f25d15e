package acp

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/axon-mcp/axon-mcp/fault"
)

// backOff is how long a restart waits after so many deaths in a row: 1, 2, 4 …
// at most 30 s.
func backOff(deaths int) time.Duration {
	if deaths == 0 {
		return 0
	}
	return min(time.Second<<min(deaths-1, 5), 30*time.Second)
}

// restart gives the session a fresh process that loads it, where it has none
// that lives. Of several prompts after a death the first one does; the others
// wait for it. A session that its agent has lost ends with errNotLoaded.
func (s *Session) restart(ctx context.Context) error {
	select {
	case s.starting <- struct{}{}:
	case <-s.life.Done():
		return context.Cause(s.life)
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	err := s.again(ctx)
	s.mu.Lock()
	s.since = time.Now() // somebody has come back
	if errors.Is(err, errNotLoaded) {
		s.die(fault.Wrap(fault.NotFound, ErrReplaced, "this session has ended: its agent could not load it again"))
	}
	s.mu.Unlock()
	<-s.starting
	return err
}

// again is restart for one at a time. An agent that keeps dying is waited for,
// longer each time (A11).
func (s *Session) again(ctx context.Context) error {
	if s.alive() {
		return nil
	}
	s.mu.Lock()
	deaths, w, key, over := s.deaths, s.wire, s.key, context.Cause(s.life)
	s.deaths++
	s.mu.Unlock()
	if over != nil {
		return over
	}
	if w != nil {
		w.proc.stop() // and its commands
	}
	if deaths > 0 {
		pause := backOff(deaths)
		s.log.Info("agent restarts after a pause", "pause", fmt.Sprint(pause))
		timer := time.NewTimer(pause)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-s.life.Done():
			return context.Cause(s.life)
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	if key == "" {
		return errNotLoaded
	}
	return s.start(ctx, key)
}
