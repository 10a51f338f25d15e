package acp

import (
	"errors"
	"log/slog"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/axon-mcp/axon-mcp/acp/acptest"
)

// aSession is a session with an agent that has been started.
func aSession(t *testing.T) *Session {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	h := NewHost(Deps{
		Config: Config{Cmd: self, Args: acptest.Word + "|http|load"}, Log: slog.New(slog.DiscardHandler), Version: "test", DataDir: t.TempDir(),
		Environ: os.Environ(), MCPURL: func() string { return "http://127.0.0.1:1/mcp" },
	})
	t.Cleanup(h.Close)
	s, err := h.Begin(t.Context(), Start{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Nothing that is under way when a session ends outlives it: no process, no key.
func TestNothingStartsAfterTheEnd(t *testing.T) {
	t.Parallel()
	s := aSession(t)
	if len(s.host.keys.live) != 1 {
		t.Fatalf("%d keys", len(s.host.keys.live))
	}
	s.End()
	err := s.start(t.Context(), s.key) // as by a prompt that was about to
	if s.wire.alive() {
		t.Cleanup(s.wire.proc.stop)
		t.Error("a process runs after the end")
	}
	if !errors.Is(err, s.over) {
		t.Errorf("%v, want %v", err, s.over)
	}
	if list := s.servers(true); len(list) != 0 || len(s.host.keys.live) != 0 {
		t.Errorf("a key after the end: %v, %d", list, len(s.host.keys.live))
	}
	if err := s.block([]string{"axon/query"}); err == nil || len(s.host.keys.blocked) != 0 {
		t.Errorf("tools are kept from a session that has ended: %v, %v", err, s.host.keys.blocked)
	}
	if err := s.restart(t.Context()); !errors.Is(err, s.over) {
		t.Errorf("restarted: %v", err)
	}
	if _, err := s.Prompt("say x", TurnOptions{}); !errors.Is(err, s.over) {
		t.Errorf("prompted: %v", err)
	}
}

// An agent that is being ended can run no more commands.
func TestNoCommandAfterTheEnd(t *testing.T) {
	t.Parallel()
	s := aSession(t)
	s.End()
	ran := false
	if _, err := s.commands.add(&command{}, func() error { ran = true; return errors.New("it runs") }); err == nil || ran {
		t.Errorf("%v, ran %t", err, ran)
	}
}

// The end waits for what is being started, and whoever waits to start something
// hears of the end.
func TestTheEndWaitsForAStart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := NewHost(Deps{Log: slog.New(slog.DiscardHandler)})
		s := newSession(h, agent{}, "", Start{}, nil)
		h.places <- struct{}{}
		h.busy.Add(1)
		s.starting <- struct{}{} // its process is being started
		waited := make(chan error, 1)
		go func() { waited <- s.restart(t.Context()) }()
		synctest.Wait()
		go s.End()
		if err := <-waited; err == nil {
			t.Error("restarted at the end")
		}
		synctest.Wait()
		select {
		case <-s.ended:
			t.Error("it has ended before what was being started")
		default:
		}
		<-s.starting
		<-s.ended
	})
}

// A session whose agent is being started is not idle, and one that somebody has
// come back to has not been idle for long.
func TestStartingIsNotIdle(t *testing.T) {
	t.Parallel()
	s := aSession(t)
	later := time.Now().Add(time.Hour)
	s.starting <- struct{}{}
	if idle := s.idleSince(later); idle != 0 {
		t.Errorf("idle for %v while it starts", idle)
	}
	<-s.starting
	long := time.Now().Add(-time.Hour)
	s.since = long
	if err := s.restart(t.Context()); err != nil || !s.since.After(long) {
		t.Errorf("%v, idle since %v", err, s.since)
	}
}
