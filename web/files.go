package web

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/axon-mcp/axon-mcp/fault"
)

// maxText is the bytes of a text file that is sent whole.
const maxText = 1 << 20

// outputRoot is the name of the output root among the sources.
const outputRoot = "output"

// roots are the named folders that files are read from. Each is opened at its
// first use and kept: what is opened below it cannot leave it (F1).
type roots struct {
	dirs map[string]string

	mu   sync.Mutex
	open map[string]*os.Root
}

func newRoots(output string, more map[string]string) *roots {
	r := &roots{dirs: map[string]string{outputRoot: output}, open: make(map[string]*os.Root)}
	for name, dir := range more {
		r.dirs[name] = dir
	}
	return r
}

// get opens a root. It fails with NotFound.
func (r *roots) get(name string) (*os.Root, error) {
	dir, known := r.dirs[name]
	if !known {
		return nil, fault.New(fault.NotFound, "there is no such source")
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if root := r.open[name]; root != nil {
		return root, nil
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fault.Wrap(fault.NotFound, err, "there is nothing in %s yet", name)
	}
	r.open[name] = root
	return root, nil
}

func (r *roots) close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	var errs []error
	for name, root := range r.open {
		errs = append(errs, root.Close())
		delete(r.open, name)
	}
	return errors.Join(errs...)
}

// errNoFile is the one answer for what is missing, what leads outside and what
// is no plain file (F7).
func errNoFile() error { return fault.New(fault.NotFound, "there is no such file") }

// openFile opens a regular file below a root. It looks before it opens, since
// opening a pipe would wait, and looks at what it has opened.
func (r *roots) openFile(root, name string) (*os.File, fs.FileInfo, error) {
	dir, err := r.get(root)
	if err != nil {
		return nil, nil, err
	}
	if stat, err := dir.Lstat(name); err != nil || !(stat.Mode().IsRegular() || stat.Mode()&fs.ModeSymlink != 0) {
		return nil, nil, errNoFile()
	}
	if stat, err := dir.Stat(name); err != nil || !stat.Mode().IsRegular() {
		return nil, nil, errNoFile()
	}
	f, err := dir.Open(name)
	if err != nil {
		return nil, nil, errNoFile()
	}
	stat, err := f.Stat()
	if err != nil || !stat.Mode().IsRegular() {
		_ = f.Close() // nothing was written
		return nil, nil, errNoFile()
	}
	return f, stat, nil
}

// readText reads a whole text file.
func (r *roots) readText(root, name string) (string, error) {
	f, stat, err := r.openFile(root, name)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }() // nothing was written
	if stat.Size() > maxText {
		return "", fault.Errorf(fault.TooLarge, "the file has %d bytes; at most %d are shown, /output gives it whole", stat.Size(), maxText)
	}
	data, err := io.ReadAll(io.LimitReader(f, maxText+1))
	switch {
	case err != nil:
		return "", err
	case len(data) > maxText:
		return "", fault.Errorf(fault.TooLarge, "the file has more than %d bytes", maxText)
	case !utf8.Valid(data) || strings.ContainsRune(string(data), 0):
		return "", fault.New(fault.Unsupported, "the file is no text; /output gives it as it is")
	}
	return string(data), nil
}

// checkPath refuses every path but a plain relative one (F2): no empty, dot or
// hidden segment, no NUL, backslash or colon, nothing that would decode to
// another path, no device name of Windows.
func checkPath(name string) error {
	bad := fault.New(fault.Invalid, "a path is relative and plain, such as results/a.md")
	if name == "" || len(name) > 1024 || !utf8.ValidString(name) || strings.ContainsAny(name, "\\:%*?\"<>|") {
		return bad
	}
	for _, r := range name {
		if r < ' ' || r == 0x7f {
			return bad
		}
	}
	for segment := range strings.SplitSeq(name, "/") {
		if segment == "" || segment[0] == '.' || strings.HasSuffix(segment, ".") || strings.TrimSpace(segment) != segment || device(segment) {
			return bad
		}
	}
	return nil
}

// device reports whether Windows takes the name for a device.
func device(segment string) bool {
	stem, _, _ := strings.Cut(strings.ToLower(segment), ".")
	switch stem {
	case "con", "prn", "aux", "nul":
		return true
	}
	return len(stem) == 4 && (strings.HasPrefix(stem, "com") || strings.HasPrefix(stem, "lpt")) && stem[3] >= '0' && stem[3] <= '9'
}

// readFile is the frame read_file. The next frame waits until the text has room.
func (c *conn) readFile(m readFileRequest) error {
	if wait := c.reads.allow(time.Now()); wait > 0 {
		return fault.Errorf(codeRateLimited, "more than %d read_file in a minute; try again in %d s", readFileAMinute, int(wait.Seconds())+1)
	}
	if err := checkPath(m.Path); err != nil {
		return err
	}
	text, err := c.srv.files.readText(outputRoot, m.Path)
	if err != nil {
		return err
	}
	raw, err := encodeFrame(fileFrame{Type: "file_content", Path: m.Path, Content: text})
	if err != nil {
		return err
	}
	_ = c.offer(c.done, raw) // else the connection has ended
	return nil
}
