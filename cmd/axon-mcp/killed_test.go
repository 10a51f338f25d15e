package main

import (
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestAKilledCrawlIsNobodys: what a killed process has left is told as such, and
// Ctrl-C at the command that goes on with it takes it back.
func TestAKilledCrawlIsNobodys(t *testing.T) {
	t.Parallel()
	s := smallSite(t, 150, 120*time.Millisecond)
	p := newProgram(t, s)
	cmd := p.command("crawl", s.URL+"/", "--max-depth", "50")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s.awaitFirst(t)
	_ = cmd.Process.Signal(syscall.SIGKILL)
	_ = cmd.Wait()
	for _, command := range []string{"status", "jobs"} {
		if out := p.run(command); out.code != 0 || !strings.Contains(out.stdout, "its process has ended") || strings.Contains(out.stdout, "to go") {
			t.Errorf("%s: %s%s", command, out.stdout, out.stderr)
		}
	}
	read := s.total()
	again := p.command("crawl", s.URL+"/", "--max-depth", "50")
	if err := again.Start(); err != nil {
		t.Fatal(err)
	}
	until(t, 20*time.Second, "the crawl goes on", func() bool { return s.total() > read })
	if err := again.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	_ = again.Wait()
	if code := again.ProcessState.ExitCode(); code != exitCanceled {
		t.Errorf("exit %d", code)
	}
	if out := p.run("jobs"); !strings.Contains(out.stdout, ": canceled") {
		t.Errorf("after Ctrl-C: %s", out.stdout)
	}
}
