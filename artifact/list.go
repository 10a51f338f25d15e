package artifact

import (
	"context"
	"encoding/base64"
	"io/fs"
	"path"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/axon-mcp/axon-mcp/fault"
)

const (
	maxList  = 1000      // artifacts of one page
	maxFiles = 100_000   // files that a listing looks at
	leftOver = time.Hour // age at which a file in the making is abandoned
)

// List gives the files whose path begins with prefix, in the order of their
// paths; next is empty on the last page. limit is 1 to 1000. A folder of more
// than 100,000 files is not listed whole. A cursor that List did not give is
// Invalid.
func (d *Dir) List(ctx context.Context, prefix string, limit int, cursor string) (list []Info, next string, err error) {
	if limit < 1 || limit > maxList {
		return nil, "", fault.Errorf(fault.Invalid, "a listing has 1 to %d artifacts, not %d", maxList, limit)
	}
	after, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil || (cursor != "" && checkPath(string(after)) != nil) {
		return nil, "", fault.New(fault.Invalid, "the cursor is none that artifacts gave; call again without it")
	}
	all, err := d.all(ctx, prefix)
	if err != nil {
		return nil, "", err
	}
	from, found := slices.BinarySearchFunc(all, string(after), func(i Info, path string) int { return strings.Compare(i.Path, path) })
	if found {
		from++
	}
	if list = all[from:]; len(list) > limit {
		list = list[:limit]
		next = base64.RawURLEncoding.EncodeToString([]byte(list[limit-1].Path))
	}
	return list, next, nil
}

// all lists what begins with prefix in the order of the paths.
func (d *Dir) all(ctx context.Context, prefix string) ([]Info, error) {
	var list []Info
	err := d.walk(ctx, prefix, func(name string, entry fs.DirEntry) error {
		if strings.HasPrefix(path.Base(name), making) || !strings.HasPrefix(name, prefix) {
			return nil
		}
		if len(list) >= maxFiles {
			return fs.SkipAll
		}
		stat, err := entry.Info()
		if err == nil {
			list = append(list, infoOf(name, stat))
		}
		return gone(err)
	})
	slices.SortFunc(list, func(a, b Info) int { return strings.Compare(a.Path, b.Path) })
	return list, err
}

// walk visits the regular files in the folder that prefix leads to and below:
// artifacts, and files in the making.
func (d *Dir) walk(ctx context.Context, prefix string, visit func(name string, entry fs.DirEntry) error) error {
	from := "."
	if i := strings.LastIndexByte(prefix, '/'); i > 0 {
		if from = prefix[:i]; checkPath(from) != nil {
			return nil // nothing has such a path
		}
	}
	err := fs.WalkDir(d.root.FS(), from, func(name string, entry fs.DirEntry, err error) error {
		switch base := path.Base(name); {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil && (isAny(err, fs.ErrNotExist, syscall.ENOTDIR) || escapes(err)):
			return nil // removed meanwhile, or never there
		case err != nil:
			return err
		case entry.IsDir() && name != "." && checkPath(name) != nil:
			return fs.SkipDir
		case !entry.Type().IsRegular(), checkPath(name) != nil && !strings.HasPrefix(base, making):
			return nil
		}
		return visit(name, entry)
	})
	if err != nil && ctx.Err() == nil {
		return explain(prefix, wrap(err, "list the artifacts"))
	}
	return err
}

// RemoveOlder deletes what was written at least age ago, and says how many files
// and bytes; dry only counts. It also deletes what killed processes have left
// half-written.
func (d *Dir) RemoveOlder(ctx context.Context, age time.Duration, dry bool) (n int, size int64, err error) {
	all, err := d.all(ctx, "")
	if err != nil {
		return 0, 0, err
	}
	now := time.Now()
	for _, info := range all {
		if now.Sub(info.Modified) < age {
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
	if dry {
		return n, size, nil
	}
	return n, size, d.removeLeftOvers(ctx, now)
}

func (d *Dir) removeLeftOvers(ctx context.Context, now time.Time) error {
	return d.walk(ctx, "", func(name string, entry fs.DirEntry) error {
		stat, err := entry.Info()
		if err != nil || !strings.HasPrefix(path.Base(name), making) || now.Sub(stat.ModTime()) < leftOver {
			return gone(err)
		}
		return gone(d.root.Remove(name))
	})
}
