package artifact

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"syscall"
	"time"

	"github.com/axon-mcp/axon-mcp/fault"
)

const (
	maxFile = 256 << 20 // bytes of one artifact
	maxRead = 100 << 20 // bytes that one Read returns at most
	// making is what the names of files in the making begin with.
	making = ".new-"
)

// Dir keeps artifacts in one folder. It is safe for concurrent use, also by
// several processes.
type Dir struct{ root *os.Root }

// Open makes the folder where it is missing (0700) and opens it. cfg may name
// another folder than dir. It fails with Unavailable.
func Open(dir string, cfg Config) (*Dir, error) {
	if cfg.OutputDir != "" {
		dir = cfg.OutputDir
	}
	err := os.MkdirAll(dir, 0o700)
	var root *os.Root
	if err == nil {
		root, err = os.OpenRoot(dir)
	}
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, err,
			"the folder of artifacts, %s, cannot be opened; check its permissions and free space, or set AXON_OUTPUT_DIR", dir)
	}
	return &Dir{root: root}, nil
}

// Close lets go of the folder.
func (d *Dir) Close() error { return d.root.Close() }

// Check writes and removes a file.
func (d *Dir) Check(context.Context) error {
	temp := making + rand.Text()
	err := d.create(temp, []byte("check"))
	if err = errors.Join(err, gone(d.root.Remove(temp))); err != nil {
		return fault.Wrap(fault.Unavailable, err, "the folder of artifacts cannot be written; check its permissions and free space, or set AXON_OUTPUT_DIR")
	}
	return nil
}

// Write makes or replaces a file whole. An empty mediaType is the one of the
// path's extension. It fails with Invalid for a path that is not plain, with
// TooLarge over 256 MiB, and with Conflict where a folder has that name or a
// file the name of one of its folders.
func (d *Dir) Write(ctx context.Context, name string, data []byte, mediaType string) (Info, error) {
	if err := checkPath(name); err != nil {
		return Info{}, err
	}
	if len(data) > maxFile {
		return Info{}, fault.Errorf(fault.TooLarge, "artifact %s has %d bytes, at most %d are kept", name, len(data), maxFile)
	}
	if err := ctx.Err(); err != nil {
		return Info{}, err
	}
	if err := d.replace(name, data); err != nil {
		if isAny(err, syscall.ENOTDIR, syscall.EISDIR, syscall.ENOTEMPTY, fs.ErrExist) {
			return Info{}, fault.Wrap(fault.Conflict, err, "artifact %s cannot be written: a file or folder of a part of that path is there", name)
		}
		return Info{}, explain(name, err)
	}
	if mediaType == "" {
		mediaType = mediaTypeOf(name)
	}
	return Info{Path: name, Size: int64(len(data)), MediaType: plainType(mediaType), Modified: time.Now().UTC()}, nil
}

func (d *Dir) replace(name string, data []byte) error {
	if err := d.root.MkdirAll(path.Dir(name), 0o700); err != nil {
		return err
	}
	temp := path.Join(path.Dir(name), making+rand.Text())
	err := d.create(temp, data)
	if err == nil {
		err = d.root.Rename(temp, name)
	}
	if err != nil {
		return errors.Join(err, gone(d.root.Remove(temp)))
	}
	return nil
}

func (d *Dir) create(name string, data []byte) error {
	f, err := d.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Close())
}

// Read returns at most limit bytes from offset on, and never more than 100 MiB;
// none behind the end. It fails with NotFound.
func (d *Dir) Read(ctx context.Context, name string, offset, limit int64) ([]byte, Info, error) {
	if offset < 0 || limit < 0 {
		return nil, Info{}, fault.New(fault.Invalid, "offset and limit of an artifact are not negative")
	}
	f, info, err := d.open(name)
	if err != nil {
		return nil, Info{}, err
	}
	defer func() { _ = f.Close() }() // nothing was written
	if err := ctx.Err(); err != nil {
		return nil, Info{}, err
	}
	data, err := io.ReadAll(io.NewSectionReader(f, offset, min(limit, maxRead)))
	if err != nil {
		return nil, Info{}, explain(name, err)
	}
	return data, info, nil
}

// open opens a regular file. It looks before it opens, since opening a pipe
// would wait, and looks at what it has opened, since that may be another.
func (d *Dir) open(name string) (*os.File, Info, error) {
	if err := d.regular(name); err != nil {
		return nil, Info{}, err
	}
	f, err := d.root.Open(name)
	if err != nil {
		return nil, Info{}, explain(name, err)
	}
	stat, err := f.Stat()
	if err == nil && !stat.Mode().IsRegular() {
		err = fs.ErrNotExist
	}
	if err != nil {
		_ = f.Close() // nothing was written
		return nil, Info{}, explain(name, err)
	}
	return f, infoOf(name, stat), nil
}

// regular fails for everything but the plain path of a regular file.
func (d *Dir) regular(name string) error {
	if err := checkPath(name); err != nil {
		return err
	}
	stat, err := d.root.Lstat(name)
	if err == nil && !stat.Mode().IsRegular() {
		err = fs.ErrNotExist
	}
	if err != nil {
		return explain(name, err)
	}
	return nil
}

func infoOf(name string, stat fs.FileInfo) Info {
	return Info{Path: name, Size: stat.Size(), MediaType: mediaTypeOf(name), Modified: stat.ModTime().UTC()}
}

// Remove deletes one file, or fails with NotFound.
func (d *Dir) Remove(_ context.Context, name string) error {
	if err := d.regular(name); err != nil {
		return err
	}
	if err := d.root.Remove(name); err != nil {
		return explain(name, err)
	}
	return nil
}

// explain makes a fault. A file that is missing, one that is no regular file and
// one that must not be reached look the same.
func explain(name string, err error) error {
	switch {
	case isAny(err, fs.ErrNotExist, syscall.ENOTDIR, syscall.EISDIR, syscall.ELOOP), escapes(err):
		return fault.Wrap(fault.NotFound, err, "there is no artifact %s; artifacts with action=list names them", name)
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return fault.Wrap(fault.Unavailable, err, "the folder of artifacts cannot be read or written; check its permissions, or set AXON_OUTPUT_DIR")
	case isAny(err, syscall.ENOSPC, syscall.EDQUOT):
		return fault.Wrap(fault.Unavailable, err, "the disk of the folder of artifacts is full; artifacts_clean frees space, or set AXON_OUTPUT_DIR")
	}
	return fault.Wrap(fault.Unavailable, err, "the folder of artifacts failed; check its disk and free space")
}

// escapes recognises the refusal of os.Root, for which package os has no value.
func escapes(err error) bool { return strings.Contains(err.Error(), "escapes from parent") }

func isAny(err error, targets ...error) bool {
	for _, target := range targets {
		if errors.Is(err, target) {
			return true
		}
	}
	return false
}

// gone drops the error of something that is not there.
func gone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// wrap says what was being done. wrap(nil, …) is nil.
func wrap(err error, doing string) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", doing, err)
}
