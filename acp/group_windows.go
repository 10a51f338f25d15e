package acp

import (
	"os"
	"os/exec"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

// nonBlocking opens files without waiting for another end: here none has one.
const nonBlocking = 0

// signalName is how a process ended that has no exit code.
func signalName(state *os.ProcessState) string { return state.String() }

// group is a job object: whatever its first process starts is in it, and
// closing it ends them all, even where axon itself is killed.
type group struct{ job windows.Handle }

func prepare(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{CreationFlags: windows.CREATE_NEW_PROCESS_GROUP}
}

// groupOf puts a started process into a new job. Without a job only the process
// itself can be ended.
func groupOf(cmd *exec.Cmd) group {
	job, err := windows.CreateJobObject(nil, nil)
	if err != nil {
		return group{}
	}
	info := windows.JOBOBJECT_EXTENDED_LIMIT_INFORMATION{}
	info.BasicLimitInformation.LimitFlags = windows.JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE
	_, err = windows.SetInformationJobObject(job, windows.JobObjectExtendedLimitInformation, uintptr(unsafe.Pointer(&info)), uint32(unsafe.Sizeof(info)))
	if err != nil {
		return group{job}
	}
	process, err := windows.OpenProcess(windows.PROCESS_SET_QUOTA|windows.PROCESS_TERMINATE, false, uint32(cmd.Process.Pid))
	if err != nil {
		return group{job}
	}
	_ = windows.AssignProcessToJobObject(job, process)
	_ = windows.CloseHandle(process)
	return group{job}
}

// terminate does nothing: there is no polite signal, and the child's input is
// closed.
func (g group) terminate() {}

func (g group) kill() {
	if g.job != 0 {
		_ = windows.TerminateJobObject(g.job, 1)
	}
}

// gone waits for the first process; the job ends the others.
func (g group) gone(most time.Duration, reaped <-chan struct{}) bool {
	select {
	case <-reaped:
	case <-time.After(most):
	}
	return false
}

func (g group) close() {
	if g.job != 0 {
		_ = windows.CloseHandle(g.job)
	}
}
