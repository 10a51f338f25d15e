//go:build unix

package acp

import (
	"os"
	"os/exec"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// nonBlocking opens files without waiting for another end.
const nonBlocking = syscall.O_NONBLOCK

// signalName is the signal that ended a process, such as SIGKILL.
func signalName(state *os.ProcessState) string {
	if status, is := state.Sys().(syscall.WaitStatus); is && status.Signaled() {
		return unix.SignalName(status.Signal())
	}
	return state.String()
}

// group is a process group. Its id is that of the child that began it.
type group struct{ id int }

// prepare puts the child into a group of its own.
func prepare(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

func groupOf(cmd *exec.Cmd) group { return group{cmd.Process.Pid} }

func (g group) terminate() { _ = syscall.Kill(-g.id, syscall.SIGTERM) } // fails where it is gone

func (g group) kill() { _ = syscall.Kill(-g.id, syscall.SIGKILL) }

// gone waits until nobody of the group is left. It reports false when somebody
// still is after a while.
func (g group) gone(most time.Duration, _ <-chan struct{}) bool {
	for end := time.Now().Add(most); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if syscall.Kill(-g.id, 0) != nil {
			return true
		}
	}
	return false
}

func (g group) close() {}
