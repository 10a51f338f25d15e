package jobs

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/axon-mcp/axon-mcp/store"
)

// processes are the workers on one data directory: a file each, which its
// worker keeps locked for as long as it lives.
type processes struct {
	dir string
	own *sync.Map // the names of this process's workers
}

func newProcesses(dir string) processes { return processes{dir, new(sync.Map)} }

// enlist makes and locks a file of a new name. leave removes it again.
func (p processes) enlist(ctx context.Context) (name string, leave func(), err error) {
	if err := os.MkdirAll(p.dir, 0o700); err != nil {
		return "", nil, store.Explain(fmt.Errorf("make the folder of processes: %w", err))
	}
	name = fmt.Sprintf("%d-%s", os.Getpid(), strings.ToLower(rand.Text()))
	path := filepath.Join(p.dir, name)
	unlock, err := store.LockWait(ctx, path) // waits for a sweep that found it unlocked
	if err != nil {
		return "", nil, store.Explain(fmt.Errorf("lock this process's file: %w", err))
	}
	p.own.Store(name, nil)
	return name, func() {
		p.own.Delete(name)
		_ = os.Remove(path) // else the next sweep does
		unlock()
	}, nil
}

// dead reports whether the process of that name is gone: its lock can be taken,
// or its file is missing.
func (p processes) dead(name string) bool {
	if !filepath.IsLocal(name) || filepath.Base(name) != name {
		return true // no process has such a name
	}
	path := filepath.Join(p.dir, name)
	if _, err := os.Stat(path); err != nil {
		return errors.Is(err, fs.ErrNotExist)
	}
	unlock, ok, err := store.Lock(path)
	if err != nil || !ok {
		return false
	}
	defer unlock()
	_ = os.Remove(path) // else the next sweep does
	return true
}

// shared reports whether a worker of another process lives.
func (p processes) shared() (bool, error) {
	names, err := p.others("")
	for _, name := range names {
		if _, mine := p.own.Load(name); !mine && !p.dead(name) {
			return true, nil
		}
	}
	return false, err
}

// others lists the names in the folder but self.
func (p processes) others(self string) ([]string, error) {
	entries, err := os.ReadDir(p.dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("list the processes: %w", err)
	}
	var names []string
	for _, e := range entries {
		if e.Name() != self {
			names = append(names, e.Name())
		}
	}
	return names, nil
}
