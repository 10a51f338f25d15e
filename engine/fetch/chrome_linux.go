package fetch

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

// endWithUs makes Chromium end even where we are killed.
func endWithUs(attr *syscall.SysProcAttr) { attr.Pdeathsig = syscall.SIGKILL }

// endUsers kills the processes that were started with a folder as their profile,
// and returns how many there were. The folder's name is random, and nobody is
// left who would use it.
func endUsers(dir string) int {
	ended := 0
	lists, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, list := range lists {
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(list)))
		arguments, errRead := os.ReadFile(list)
		if err != nil || errRead != nil || pid == os.Getpid() {
			continue
		}
		for argument := range bytes.SplitSeq(arguments, []byte{0}) {
			if string(argument) == "--user-data-dir="+dir {
				_ = syscall.Kill(pid, syscall.SIGKILL)
				ended++
				break
			}
		}
	}
	return ended
}
