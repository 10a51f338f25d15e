package fetch

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// profilePrefix begins the names of Chromium's folders.
const profilePrefix = "axon-chrome-"

// profile is Chromium's folder, for one run. Its lock ends with this process,
// however that ends: who gets the lock of a folder has found one whose owner is
// gone.
type profile struct {
	dir  string
	lock *os.File // on dir; nil where the system has no such locks
}

// errTaken tells that another process has the lock of a folder, or has removed
// the folder.
var errTaken = errors.New("the folder is another's")

// newProfile makes a folder. A sweep of another process may come between its
// making and its lock, and take it for left behind: then there is another.
func newProfile() (profile, error) {
	const tries = 20 // more sweeps in a row there are not
	for range tries {
		dir, err := os.MkdirTemp(profileParent(), profilePrefix)
		if err != nil {
			return profile{}, err
		}
		lock, err := lockFolder(dir)
		if errors.Is(err, errTaken) {
			continue
		}
		if err == nil {
			err = confineProfile(dir)
		}
		if err != nil {
			_ = os.RemoveAll(dir)
			return profile{}, err
		}
		return profile{dir, lock}, nil
	}
	return profile{}, errTaken
}

// remove removes the folder. Chromium's children outlive it by a moment, and may
// still write.
func (p profile) remove() error {
	if p.lock != nil {
		defer p.lock.Close()
	}
	const tries, pause = 40, 50 * time.Millisecond
	var err error
	for range tries {
		if err = os.RemoveAll(p.dir); err == nil {
			return nil
		}
		time.Sleep(pause)
	}
	return err
}

// sweepProfiles removes the folders of processes that ended without doing so,
// and ends what still runs on them. It touches only folders of the account that
// Chromium has here, whose lock nobody holds.
func (b *Browser) sweepProfiles() {
	if b.cfg.RemoteURL.IsSet() {
		return
	}
	parent := profileParent()
	entries, err := os.ReadDir(parent)
	if err != nil {
		return // newProfile will tell
	}
	for _, entry := range entries {
		dir := filepath.Join(parent, entry.Name())
		if !strings.HasPrefix(entry.Name(), profilePrefix) || !entry.IsDir() || !ownProfile(dir) {
			continue
		}
		lock, err := lockFolder(dir)
		if err != nil || lock == nil {
			continue
		}
		ended := endUsers(dir)
		if err := (profile{dir, lock}).remove(); err != nil {
			b.log.Warn("a browser's folder of an earlier run stays", "path", dir, "error", err)
			continue
		}
		b.log.Info("removed a browser's folder that an earlier run left behind", "path", dir, "processes_ended", ended)
	}
}
