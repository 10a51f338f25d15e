package acp

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// The limits of a process of an agent, and of whatever it starts (A11). The
// number of processes is not among them: the kernel counts those of the user,
// not of the agent, and axon's own would be among them.
const (
	maxOpenFiles = 16_384
	maxFileSize  = 16 << 30 // bytes of one file that it writes
)

// limit bounds a process that has just been started: before it has been told
// anything, and so before it starts others. No core is dumped, since it would
// hold the agent's key.
func limit(pid int, memory int64) error {
	limits := map[int]uint64{unix.RLIMIT_CORE: 0, unix.RLIMIT_NOFILE: maxOpenFiles, unix.RLIMIT_FSIZE: maxFileSize}
	if memory > 0 {
		limits[unix.RLIMIT_DATA] = uint64(memory)
	}
	var faults []error
	for what, most := range limits {
		var now unix.Rlimit
		if err := unix.Prlimit(pid, what, nil, &now); err != nil {
			faults = append(faults, err)
			continue
		}
		most = min(most, now.Max) // what is lower already stays
		if err := unix.Prlimit(pid, what, &unix.Rlimit{Cur: most, Max: most}, nil); err != nil {
			faults = append(faults, err)
		}
	}
	if err := errors.Join(faults...); err != nil && !errors.Is(err, unix.ESRCH) { // it has ended already
		return fmt.Errorf("limit a process: %w", err)
	}
	return nil
}
