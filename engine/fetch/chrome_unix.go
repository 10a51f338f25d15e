//go:build unix

package fetch

import (
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// confineProcess lets Chromium run as nobody where we are root: it refuses its
// sandbox to root, and a page that broke it would have everything.
func confineProcess(cmd *exec.Cmd) error {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	endWithUs(cmd.SysProcAttr)
	if os.Getuid() != 0 {
		return nil
	}
	uid, gid, err := nobody()
	if err != nil {
		return err
	}
	cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uid, Gid: gid}
	return nil
}

// confineProfile gives the profile's folder to who Chromium will run as.
func confineProfile(dir string) error {
	if os.Getuid() != 0 {
		return nil
	}
	uid, gid, err := nobody()
	if err != nil {
		return err
	}
	return os.Chown(dir, int(uid), int(gid))
}

func nobody() (uid, gid uint32, err error) {
	account, err := user.Lookup("nobody")
	if err != nil {
		return 0, 0, fmt.Errorf("there is no account nobody: %w", err)
	}
	u, errUID := strconv.ParseUint(account.Uid, 10, 32)
	g, errGID := strconv.ParseUint(account.Gid, 10, 32)
	if errUID != nil || errGID != nil {
		return 0, 0, fmt.Errorf("the account nobody has no number: %s, %s", account.Uid, account.Gid)
	}
	return uint32(u), uint32(g), nil
}

// profileParent is the folder for temporary files, or, where we are root and
// nobody could not get there, the system's.
func profileParent() string {
	dir := os.TempDir()
	if os.Getuid() != 0 {
		return dir
	}
	for at := filepath.Clean(dir); ; at = filepath.Dir(at) {
		if info, err := os.Stat(at); err != nil || info.Mode().Perm()&0o001 == 0 {
			return "/tmp"
		}
		if at == filepath.Dir(at) {
			return dir
		}
	}
}
