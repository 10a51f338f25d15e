package acp

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	sdk "github.com/coder/acp-go-sdk"

	"github.com/axon-mcp/axon-mcp/fault"
)

// maxFileBytes bounds a file that an agent reads or writes through us.
const maxFileBytes = 4 << 20

// workFiles is the working folder: paths and links that lead out of it fail at
// the system call (A5).
type workFiles struct {
	dir  string
	root *os.Root
}

func (s *Session) openFiles(dir string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fault.Wrap(fault.Unavailable, err, "the working folder of agents cannot be opened")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := context.Cause(s.life); err != nil {
		return errors.Join(err, root.Close())
	}
	s.files.close()
	s.files = &workFiles{dir, root}
	return nil
}

func (f *workFiles) close() {
	if f != nil {
		_ = f.root.Close() // nothing is written on closing
	}
}

// within turns an agent's absolute path into one below the working folder.
func (f *workFiles) within(path string) (string, error) {
	if !filepath.IsAbs(path) || strings.ContainsRune(path, 0) {
		return "", errors.New("the path must be absolute")
	}
	below, err := filepath.Rel(f.dir, path)
	if err != nil || !filepath.IsLocal(below) {
		return "", errors.New("the path is outside the working folder")
	}
	return below, nil
}

// file answers fs/read_text_file and fs/write_text_file.
func (s *Session) file(method string, params json.RawMessage) (any, *sdk.RequestError) {
	var p struct {
		Path    string `json:"path"`
		Content string `json:"content"`
		Line    int    `json:"line"`
		Limit   *int   `json:"limit"`
		Session string `json:"sessionId"`
	}
	err := json.Unmarshal(params, &p)
	s.mu.Lock()
	files, key := s.files, s.key
	s.mu.Unlock()
	if err != nil || p.Session != key || files == nil {
		return nil, sdk.NewInvalidParams(map[string]any{"error": "no such session or path"})
	}
	below, err := files.within(p.Path)
	if err != nil {
		return nil, sdk.NewInvalidParams(map[string]any{"error": err.Error()})
	}
	if method == sdk.ClientMethodFsWriteTextFile {
		if len(p.Content) > maxFileBytes {
			return nil, sdk.NewInvalidParams(map[string]any{"error": "the content is over 4 MiB"})
		}
		if err := files.write(below, p.Content); err != nil {
			return nil, sdk.NewInvalidParams(map[string]any{"error": reason(err)})
		}
		s.log.Info("agent wrote a file", "path", below, "bytes", len(p.Content))
		return struct{}{}, nil
	}
	text, err := files.read(below)
	if err != nil {
		return nil, sdk.NewInvalidParams(map[string]any{"error": reason(err)})
	}
	return sdk.ReadTextFileResponse{Content: linesOf(text, p.Line, p.Limit)}, nil
}

func (f *workFiles) read(below string) (string, error) {
	file, err := f.open(below, os.O_RDONLY)
	if err != nil {
		return "", err
	}
	defer file.Close()
	raw, err := io.ReadAll(io.LimitReader(file, maxFileBytes+1))
	if err == nil && len(raw) > maxFileBytes {
		err = errors.New("the file is over 4 MiB")
	}
	return string(raw), err
}

func (f *workFiles) write(below, content string) error {
	file, err := f.open(below, os.O_WRONLY|os.O_CREATE|os.O_TRUNC)
	if err != nil {
		return err
	}
	_, err = file.WriteString(content)
	return errors.Join(err, file.Close())
}

// open opens a regular file alone. It does not wait: a FIFO without another end
// would hold it up for ever.
func (f *workFiles) open(below string, flag int) (*os.File, error) {
	file, err := f.root.OpenFile(below, flag|nonBlocking, 0o600)
	if err != nil {
		return nil, err
	}
	if info, err := file.Stat(); err != nil || !info.Mode().IsRegular() {
		_ = file.Close() // nothing was written
		return nil, errors.New("it is no regular file")
	}
	return file, nil
}

// reason is an error without our paths.
func reason(err error) string {
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	return err.Error()
}

// linesOf cuts text to limit lines from the given one on, counted from 1.
func linesOf(text string, from int, limit *int) string {
	lines := strings.SplitAfter(text, "\n")
	lines = lines[min(max(from-1, 0), len(lines)):]
	if limit != nil {
		lines = lines[:min(max(*limit, 0), len(lines))]
	}
	return strings.Join(lines, "")
}
