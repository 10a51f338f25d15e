package artifact

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/axon-mcp/axon-mcp/fault"
)

const (
	maxRead    = 100 << 20 // bytes that one Read returns at most
	maxGrep    = 64 << 20  // bytes that Grep looks through
	maxPattern = 1024      // bytes of a pattern
	maxLine    = 2000      // bytes of a line shown
	maxFiles   = 100_000   // files that a listing looks at
)

// Dir keeps artifacts in one folder. It is safe for concurrent use, also by
// several processes: a file appears whole or not at all.
type Dir struct{ root *os.Root }

// Open makes the folder where it is missing (0700) and opens it.
func Open(dir string, cfg Config) (*Dir, error) {
	if cfg.OutputDir != "" {
		dir = cfg.OutputDir
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "the folder of artifacts cannot be made; check AXON_OUTPUT_DIR and the data directory")
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "the folder of artifacts cannot be opened; check AXON_OUTPUT_DIR and the data directory")
	}
	return &Dir{root: root}, nil
}

// Close lets go of the folder.
func (d *Dir) Close() error { return d.root.Close() }

// Write makes or replaces a file whole.
func (d *Dir) Write(ctx context.Context, name string, data []byte, mediaType string) (Info, error) {
	if err := checkPath(name); err != nil {
		return Info{}, err
	}
	if err := ctx.Err(); err != nil {
		return Info{}, err
	}
	if err := d.root.MkdirAll(path.Dir(name), 0o700); err != nil {
		return Info{}, explain(name, err)
	}
	var suffix [8]byte
	_, _ = rand.Read(suffix[:]) // never fails (crypto/rand)
	temp := path.Join(path.Dir(name), ".new-"+hex.EncodeToString(suffix[:]))
	if err := d.writeWhole(temp, data); err != nil {
		return Info{}, explain(name, errors.Join(err, gone(d.root.Remove(temp))))
	}
	if err := d.root.Rename(temp, name); err != nil {
		return Info{}, explain(name, errors.Join(err, gone(d.root.Remove(temp))))
	}
	if mediaType == "" {
		mediaType = mediaTypeOf(name)
	}
	return Info{Path: name, Size: int64(len(data)), MediaType: plainType(mediaType), Modified: time.Now().UTC()}, nil
}

func (d *Dir) writeWhole(name string, data []byte) error {
	f, err := d.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Close())
}

// gone drops the error of removing what is not there.
func gone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// open opens a regular file.
func (d *Dir) open(name string) (*os.File, Info, error) {
	if err := checkPath(name); err != nil {
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
		return nil, Info{}, errors.Join(explain(name, err), f.Close())
	}
	return f, infoOf(name, stat), nil
}

func infoOf(name string, stat fs.FileInfo) Info {
	return Info{Path: name, Size: stat.Size(), MediaType: mediaTypeOf(name), Modified: stat.ModTime().UTC()}
}

// Read returns at most limit bytes from offset on.
func (d *Dir) Read(ctx context.Context, name string, offset, limit int64) ([]byte, Info, error) {
	if offset < 0 || limit < 0 {
		return nil, Info{}, fault.New(fault.Invalid, "offset and limit of an artifact are not negative")
	}
	f, info, err := d.open(name)
	if err != nil {
		return nil, Info{}, err
	}
	defer f.Close()
	if err := ctx.Err(); err != nil {
		return nil, Info{}, err
	}
	data, err := io.ReadAll(io.NewSectionReader(f, offset, min(limit, maxRead)))
	if err != nil {
		return nil, Info{}, explain(name, err)
	}
	return data, info, nil
}

// List gives the files whose path begins with prefix, in the order of their
// paths; next is empty on the last page.
func (d *Dir) List(ctx context.Context, prefix string, limit int, cursor string) (list []Info, next string, err error) {
	after, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil {
		return nil, "", fault.New(fault.Invalid, "the cursor is not one that artifacts gave; call again without it")
	}
	all, err := d.all(ctx)
	if err != nil {
		return nil, "", err
	}
	for _, info := range all {
		if !strings.HasPrefix(info.Path, prefix) || info.Path <= string(after) && cursor != "" {
			continue
		}
		if len(list) == max(limit, 1) {
			return list, base64.RawURLEncoding.EncodeToString([]byte(list[len(list)-1].Path)), nil
		}
		list = append(list, info)
	}
	return list, "", nil
}

// all lists every artifact in the order of the paths.
func (d *Dir) all(ctx context.Context) ([]Info, error) {
	var list []Info
	err := fs.WalkDir(d.root.FS(), ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			return gone(err) // removed meanwhile
		case name != "." && checkPath(name) != nil:
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		case !entry.Type().IsRegular():
			return nil
		case len(list) >= maxFiles:
			return fs.SkipAll
		}
		stat, err := entry.Info()
		if err == nil {
			list = append(list, infoOf(name, stat))
		}
		return gone(err)
	})
	if err != nil {
		return nil, fmt.Errorf("list the artifacts: %w", err)
	}
	slices.SortFunc(list, func(a, b Info) int { return strings.Compare(a.Path, b.Path) })
	return list, nil
}

// Grep returns the lines that fit an RE2 pattern, at most limit.
func (d *Dir) Grep(ctx context.Context, name, pattern string, limit int) ([]Line, error) {
	if len(pattern) > maxPattern {
		return nil, fault.Errorf(fault.Invalid, "the pattern is longer than %d bytes", maxPattern)
	}
	re, err := regexp.Compile(pattern)
	if err != nil {
		return nil, fault.Errorf(fault.Invalid, "the pattern is no RE2 expression: %w", err)
	}
	f, _, err := d.open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var found []Line
	r := bufio.NewReader(io.LimitReader(f, maxGrep))
	for number := 1; len(found) < max(limit, 1) && ctx.Err() == nil; number++ {
		line, err := r.ReadBytes('\n')
		line = bytes.TrimRight(line, "\r\n")
		if len(line) > 0 && re.Match(line) {
			found = append(found, Line{Number: number, Text: strings.ToValidUTF8(string(line[:min(len(line), maxLine)]), "\uFFFD")})
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, explain(name, err)
		}
	}
	return found, ctx.Err()
}

// Remove deletes one file, or fails with NotFound.
func (d *Dir) Remove(_ context.Context, name string) error {
	if err := checkPath(name); err != nil {
		return err
	}
	stat, err := d.root.Lstat(name)
	if err == nil && !stat.Mode().IsRegular() {
		err = fs.ErrNotExist
	}
	if err == nil {
		err = d.root.Remove(name)
	}
	if err != nil {
		return explain(name, err)
	}
	return nil
}

// RemoveOlder deletes what was written longer than age ago, and says how many
// files and bytes; dry only counts.
func (d *Dir) RemoveOlder(ctx context.Context, age time.Duration, dry bool) (n int, size int64, err error) {
	all, err := d.all(ctx)
	if err != nil {
		return 0, 0, err
	}
	before := time.Now().Add(-age)
	for _, info := range all {
		if info.Modified.After(before) {
			continue
		}
		if !dry {
			if err := d.Remove(ctx, info.Path); fault.CodeOf(err) == fault.NotFound {
				continue // another process was quicker
			} else if err != nil {
				return n, size, err
			}
		}
		n, size = n+1, size+info.Size
	}
	return n, size, nil
}

// explain makes a fault. A file that is missing and one that must not be reached
// look the same.
func explain(name string, err error) error {
	switch {
	case errors.Is(err, fs.ErrPermission), errors.Is(err, fs.ErrExist):
		return fault.Wrap(fault.Unavailable, err, "artifact %s cannot be written or read; check the permissions of the folder", name)
	case errors.Is(err, fs.ErrNotExist), strings.Contains(err.Error(), "escapes from parent"), strings.Contains(err.Error(), "not a directory"), strings.Contains(err.Error(), "is a directory"):
		return fault.Wrap(fault.NotFound, err, "there is no artifact %s; artifacts with action=list names them", name)
	}
	return fault.Wrap(fault.Unavailable, err, "artifact %s: the disk failed; check its free space", name)
}
