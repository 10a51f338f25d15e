package fetch

import "syscall"

// endWithUs makes Chromium end even where we are killed.
func endWithUs(attr *syscall.SysProcAttr) { attr.Pdeathsig = syscall.SIGKILL }
