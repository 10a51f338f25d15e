package tools

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/axon-mcp/axon-mcp/fault"
)

// outputRoot names the folder that export writes to and import reads from.
const outputRoot = "output"

// place is a file or folder that a caller may touch: a name inside a root that
// the system itself keeps us in, links and races included (os.Root).
type place struct {
	root *os.Root
	name string // inside the root; "." is the root itself
	base string // the root's absolute path
}

// path is the absolute path, for keys and messages, never for opening.
func (p place) path() string { return filepath.Join(p.base, p.name) }

func (p place) close() { _ = p.root.Close() }

// open finds the place that a caller means. A person at the command line may
// name any path; every other caller names ROOT/path, a path below a root, or
// (where there is a fallback root) a path in that one.
func (d *Deps) open(tool, path string, own bool, fallback string) (place, error) {
	if path == "" || strings.ContainsRune(path, 0) {
		return place{}, fault.Errorf(fault.Invalid, "%s: path is empty or holds a NUL byte", tool)
	}
	if own {
		return openOwn(tool, path)
	}
	roots, err := d.roots(fallback != "")
	if err != nil {
		return place{}, err
	}
	dir, name, ok := choose(roots, path, fallback)
	if !ok {
		return place{}, forbiddenPath(tool, roots)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return place{}, fault.Wrap(fault.Unavailable, err, "%s: the root of that path cannot be opened; the operator sets it with AXON_FILE_ROOTS", tool)
	}
	return place{root: root, name: name, base: dir}, nil
}

// roots returns what other callers may name; the output folder only where a
// tool works with it.
func (d *Deps) roots(output bool) (map[string]string, error) {
	roots, err := parseRoots(d.Config.FileRoots)
	if err == nil && output && d.OutputDir != "" {
		roots[outputRoot] = d.OutputDir
	}
	return roots, err
}

// choose maps a path to a root's folder and a name in it, by text alone.
func choose(roots map[string]string, path, fallback string) (dir, name string, ok bool) {
	if filepath.IsAbs(path) {
		for _, root := range sortedKeys(roots) {
			if rel, err := filepath.Rel(roots[root], path); err == nil && filepath.IsLocal(rel) {
				return roots[root], rel, true
			}
		}
		return "", "", false
	}
	first, rest, _ := strings.Cut(filepath.ToSlash(path), "/")
	if dir, ok = roots[first]; !ok {
		if dir, ok = roots[fallback]; !ok {
			return "", "", false
		}
		rest = path
	}
	name = filepath.Clean(filepath.FromSlash(strings.TrimLeft(rest, "/"))) // "" becomes "."
	return dir, name, filepath.IsLocal(name)
}

func openOwn(tool, path string) (place, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return place{}, fault.Wrap(fault.Invalid, err, "%s: the path %q cannot be made absolute", tool, path)
	}
	// A person's own link may lead anywhere. A file that is yet to be written
	// has no target; its folder has.
	if real, err := filepath.EvalSymlinks(abs); err == nil {
		abs = real
	} else if dir, err := filepath.EvalSymlinks(filepath.Dir(abs)); err == nil {
		abs = filepath.Join(dir, filepath.Base(abs))
	}
	dir, name := filepath.Dir(abs), filepath.Base(abs)
	if info, err := os.Stat(abs); err == nil && info.IsDir() {
		dir, name = abs, "."
	}
	root, err := os.OpenRoot(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return place{}, fault.Wrap(fault.NotFound, err, "%s: there is no folder %s", tool, clip(line(dir), 300))
	}
	if err != nil {
		return place{}, explainPath(tool, path, err)
	}
	return place{root: root, name: name, base: dir}, nil
}

func forbiddenPath(tool string, roots map[string]string) error {
	if len(roots) == 0 {
		return fault.Errorf(fault.Forbidden, "%s: no folder is open to callers; the operator opens one with AXON_FILE_ROOTS=name=/folder", tool)
	}
	return fault.Errorf(fault.Forbidden, "%s: that path is outside of the folders open to callers; name one as ROOT/path, where ROOT is %s",
		tool, strings.Join(sortedKeys(roots), " or "))
}

// FileError is a failure for what a file holds: how the tool was called was
// right.
type FileError struct{ error }

// Unwrap returns the fault.
func (e FileError) Unwrap() error { return e.error }

// explainPath tells what is wrong with a path. What the root refuses is
// forbidden, whether it is there or not.
func explainPath(tool, path string, err error) error {
	path = clip(line(path), 300)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fault.Wrap(fault.NotFound, err, "%s: there is no %s", tool, path)
	case errors.Is(err, fs.ErrPermission):
		return fault.Wrap(fault.Forbidden, err, "%s: %s may not be read by this process; change its permissions", tool, path)
	case errors.Is(err, fs.ErrExist):
		return fault.Wrap(fault.Conflict, err, "%s: %s is there already; choose another name", tool, path)
	}
	var pathError *fs.PathError
	if errors.As(err, &pathError) && strings.Contains(pathError.Err.Error(), "escapes") {
		return fault.Wrap(fault.Forbidden, err, "%s: %s leads out of the folder that is open to callers", tool, path)
	}
	return fault.Wrap(fault.Unavailable, err, "%s: %s cannot be opened; is it a plain file or folder?", tool, path)
}
