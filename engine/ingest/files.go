package ingest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path"
	"strings"
	"syscall"
	"time"
	"unicode/utf8"

	"golang.org/x/net/html/charset"

	"github.com/axon-mcp/axon-mcp/engine/content"
	"github.com/axon-mcp/axon-mcp/fault"
)

// FileOptions says what to read of a folder. The zero value of a field means
// its default.
type FileOptions struct {
	// Base is put before a file's path to make its URL and source id, such as
	// "file:///srv/docs/". Default "file:///".
	Base string
	// MaxBytes is the largest file that is read; default 32 MiB.
	MaxBytes int64
	// MaxFiles is how many files are read at most; default 50,000.
	MaxFiles int
}

// Defaults of FileOptions.
const (
	defaultMaxFileBytes = 32 << 20
	defaultMaxFiles     = 50_000
)

// File is one file that was read.
type File struct {
	SourceID string // Base and the escaped path: also Input.URL
	Path     string // within the root, with "/" between names
	Modified time.Time
	Input    content.Input // Body is UTF-8, but for PDF
}

// FileStats counts what Files saw.
type FileStats struct {
	Read  int
	Bytes int64
	// Skipped counts files and folders that were passed over, by reason:
	// hidden, vendored, ignored, link, special, binary, generated, too_large,
	// unreadable, limit.
	Skipped map[string]int
}

// Files gives the readable files under name, which lies within root and is a
// file or a folder, to yield, in the order of their paths. An error of yield
// ends it. Every file is opened through root, so that neither ".." nor a link,
// nor a link put in the way meanwhile, leads out of it; links below name are not
// followed at all. A file that is named itself is read even if it is hidden or
// ignored.
//
// It fails with NotFound when nothing is there, with Forbidden when name leads
// out of root, with TooLarge or Unsupported when a file that is named itself
// cannot be read, and with the context's cause.
func Files(ctx context.Context, root *os.Root, name string, opts FileOptions, yield func(File) error) (FileStats, error) {
	if opts.Base == "" {
		opts.Base = "file:///"
	}
	if opts.MaxBytes <= 0 {
		opts.MaxBytes = defaultMaxFileBytes
	}
	if opts.MaxFiles <= 0 {
		opts.MaxFiles = defaultMaxFiles
	}
	w := &walk{root: root, opts: opts, yield: yield, stats: FileStats{Skipped: map[string]int{}}}
	name = path.Clean(strings.ReplaceAll(name, string(os.PathSeparator), "/"))
	info, err := root.Stat(name)
	if err != nil {
		return w.stats, explain(name, err)
	}
	if info.IsDir() {
		err = w.folder(ctx, name)
	} else {
		err = w.named(name)
	}
	return w.stats, err
}

// explain turns an error about a path into a fault. What leads out of the root
// and what is not there read differently only to the one who may know.
func explain(name string, err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fault.Wrap(fault.NotFound, err, "%s: no such file or folder", name)
	case errors.Is(err, fs.ErrPermission):
		return fault.Wrap(fault.Forbidden, err, "%s may not be read", name)
	}
	return fault.Wrap(fault.Forbidden, err, "%s is not a path within the folder", name)
}

// walk is one call of Files.
type walk struct {
	root  *os.Root
	opts  FileOptions
	yield func(File) error
	stats FileStats
}

// named reads a file that the caller has named.
func (w *walk) named(name string) error {
	file, reason, err := w.read(name)
	if err != nil {
		return explain(name, err)
	}
	switch reason {
	case "":
		return w.give(file)
	case "too_large":
		return fault.Errorf(fault.TooLarge, "%s is larger than %d bytes", name, w.opts.MaxBytes)
	}
	return fault.Errorf(fault.Unsupported, "%s is no text, HTML or PDF", name)
}

// give hands a file over.
func (w *walk) give(file File) error {
	w.stats.Read++
	w.stats.Bytes += int64(len(file.Input.Body))
	return w.yield(file)
}

// folder walks a folder.
func (w *walk) folder(ctx context.Context, name string) error {
	ignored := newIgnores(w.root)
	return fs.WalkDir(w.root.FS(), name, func(p string, entry fs.DirEntry, err error) error {
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err != nil && p == name:
			return explain(name, err)
		case err != nil:
			w.stats.Skipped["unreadable"]++
			return nil
		case p == name:
			ignored.enter(p)
			return nil
		}
		if reason := passOver(p, entry, ignored); reason != "" {
			w.stats.Skipped[reason]++
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if entry.IsDir() {
			ignored.enter(p)
			return nil
		}
		return w.found(p)
	})
}

// found reads a file of a folder.
func (w *walk) found(p string) error {
	if w.stats.Read >= w.opts.MaxFiles {
		w.stats.Skipped["limit"]++
		return nil
	}
	file, reason, err := w.read(p)
	if err != nil {
		reason = "unreadable"
	}
	if reason != "" {
		w.stats.Skipped[reason]++
		return nil
	}
	return w.give(file)
}

// passOver returns the reason not to look into a file or folder, or "".
func passOver(p string, entry fs.DirEntry, ignored *ignores) string {
	name := entry.Name()
	switch mode := entry.Type(); {
	case strings.HasPrefix(name, "."):
		return "hidden"
	case mode&fs.ModeSymlink != 0:
		return "link"
	case !mode.IsDir() && !mode.IsRegular():
		return "special"
	case mode.IsDir() && vendored[strings.ToLower(name)]:
		return "vendored"
	case ignored.match(p, mode.IsDir()):
		return "ignored"
	case mode.IsRegular() && isGenerated(name):
		return "generated"
	case mode.IsRegular() && binaries[extension(name)]:
		return "binary"
	}
	return ""
}

// read opens and reads a file, or returns the reason why it is not read. The
// open does not wait (a file may have become a pipe), and what is judged is what
// was opened.
func (w *walk) read(p string) (_ File, reason string, err error) {
	f, err := w.root.OpenFile(p, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return File{}, "", err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return File{}, "", err
	}
	if !info.Mode().IsRegular() {
		return File{}, "special", nil
	}
	body, err := io.ReadAll(io.LimitReader(f, w.opts.MaxBytes+1))
	if err != nil {
		return File{}, "", fmt.Errorf("read %s: %w", p, err)
	}
	if int64(len(body)) > w.opts.MaxBytes {
		return File{}, "too_large", nil
	}
	mediaType := typeOf(p, body)
	if mediaType == "" {
		return File{}, "binary", nil
	}
	if mediaType != "application/pdf" {
		body = toUTF8(body, mediaType)
	}
	id := w.opts.Base + (&url.URL{Path: p}).EscapedPath()
	return File{SourceID: id, Path: p, Modified: info.ModTime(), Input: content.Input{URL: id, MediaType: mediaType, Body: body}}, "", nil
}

// typeOf is the media type of a file by its extension and first bytes, or ""
// for what is no text.
func typeOf(name string, body []byte) string {
	const sniffed = 8 << 10
	head := body[:min(len(body), sniffed)]
	if bytes.HasPrefix(head, []byte("%PDF-")) {
		return "application/pdf"
	}
	mediaType := textTypes[extension(name)]
	utf16 := bytes.HasPrefix(head, []byte("\xff\xfe")) || bytes.HasPrefix(head, []byte("\xfe\xff"))
	switch {
	case extension(name) == "pdf", !utf16 && (bytes.IndexByte(head, 0) >= 0 || controls(head) > len(head)/20):
		return ""
	case mediaType != "":
		return mediaType
	}
	return "text/plain"
}

// controls counts bytes that text does not hold.
func controls(head []byte) (n int) {
	for _, c := range head {
		if c < ' ' && c != '\n' && c != '\r' && c != '\t' && c != '\f' && c != '\x1b' {
			n++
		}
	}
	return n
}

// toUTF8 gives text as UTF-8: valid UTF-8 stays, the rest goes by its byte order
// mark, by <meta> in HTML, or is taken for windows-1252 (WHATWG Encoding).
func toUTF8(body []byte, mediaType string) []byte {
	body = bytes.TrimPrefix(body, []byte("\ufeff"))
	if utf8.Valid(body) {
		return body
	}
	encoding, _, _ := charset.DetermineEncoding(body, mediaType)
	if text, err := encoding.NewDecoder().Bytes(body); err == nil {
		return bytes.TrimPrefix(text, []byte("\ufeff"))
	}
	return bytes.ToValidUTF8(body, []byte("\ufffd"))
}

// extension is what follows the last dot of a name, in lower case.
func extension(name string) string {
	return strings.ToLower(strings.TrimPrefix(path.Ext(name), "."))
}
