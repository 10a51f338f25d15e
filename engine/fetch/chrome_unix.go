//go:build unix

package fetch

import (
	"errors"
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

// lockFolder locks a folder until the file is closed, or this process ends;
// nothing that it starts inherits the lock. It returns nil where the file system
// has no such locks.
func lockFolder(dir string) (*os.File, error) {
	f, err := os.OpenFile(dir, os.O_RDONLY|syscall.O_DIRECTORY|syscall.O_NOFOLLOW, 0)
	if os.IsNotExist(err) {
		return nil, errTaken
	}
	if err != nil {
		return nil, err
	}
	switch err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); {
	case errors.Is(err, syscall.EWOULDBLOCK):
		_ = f.Close()
		return nil, errTaken
	case err != nil: // a file system that locks no folders, such as NFS
		_ = f.Close()
		return nil, nil
	}
	locked, err := f.Stat()
	if err == nil {
		var there os.FileInfo
		if there, err = os.Lstat(dir); err == nil && os.SameFile(locked, there) {
			return f, nil
		}
	}
	_ = f.Close()
	return nil, errTaken
}

// ownProfile reports whether a folder belongs to the account that Chromium has
// here.
func ownProfile(dir string) bool {
	info, err := os.Lstat(dir)
	if err != nil {
		return false
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok || !info.IsDir() {
		return false
	}
	uid := uint32(os.Getuid())
	if uid == 0 {
		other, _, err := nobody()
		return stat.Uid == 0 || err == nil && stat.Uid == other // before and after confineProfile
	}
	return stat.Uid == uid
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
