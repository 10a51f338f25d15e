//go:build !linux && unix

package fetch

import "syscall"

// endWithUs: Chromium ends when its pipe does.
func endWithUs(*syscall.SysProcAttr) {}

func endUsers(string) int { return 0 }
