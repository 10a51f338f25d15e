//go:build unix

package config

import (
	"fmt"
	"os"
	"syscall"
)

// writableByOthers says why somebody but us and root may write the file, or
// nothing.
func writableByOthers(info os.FileInfo) string {
	if perm := info.Mode().Perm(); perm&0o022 != 0 {
		return fmt.Sprintf("others may write it (mode %04o)", perm)
	}
	if stat, ok := info.Sys().(*syscall.Stat_t); ok && stat.Uid != 0 && int(stat.Uid) != os.Getuid() {
		return fmt.Sprintf("it belongs to another user (uid %d)", stat.Uid)
	}
	return ""
}
