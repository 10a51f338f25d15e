package web

import (
	"context"
	"io/fs"
	"maps"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/axon-mcp/axon-mcp/fault"
)

const (
	omniboxHits  = 50
	omniboxFiles = 20_000 // that a search looks at in one source
	omniboxTime  = 2 * time.Second
)

// omniboxFile is one file that can be named in the box.
type omniboxFile struct {
	ID       string `json:"id"` // source:path
	Source   string `json:"source"`
	Path     string `json:"path"`
	Name     string `json:"name"`
	Size     int64  `json:"size"`
	Modified string `json:"modified"`
}

type omniboxList struct {
	Files   []omniboxFile `json:"files"`
	Sources []string      `json:"sources"`
}

type omniboxText struct {
	omniboxFile
	Content string `json:"content"`
}

type omniboxQuery struct {
	Q  string `json:"q,omitempty" jsonschema:"part of a path; lists the files that have it"`
	ID string `json:"id,omitempty" jsonschema:"source:path of the list; reads that file"`
}

// omnibox lists the text files of the named roots, or reads one.
func (s *Server) omnibox(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	if !q.Has("id") {
		list, err := s.listFiles(r.Context(), clip(q.Get("q"), 200))
		if err != nil {
			return err
		}
		s.answer(w, r, http.StatusOK, list)
		return nil
	}
	source, name, found := strings.Cut(q.Get("id"), ":")
	if !found || s.files.dirs[source] == "" {
		return fault.New(fault.Invalid, "an id is source:path, as the list gives it")
	}
	if err := checkPath(name); err != nil {
		return err
	}
	text, err := s.files.readText(source, name)
	if err != nil {
		return err
	}
	root, err := s.files.get(source)
	if err != nil {
		return err
	}
	stat, err := root.Stat(name)
	if err != nil {
		return errNoFile()
	}
	s.answer(w, r, http.StatusOK, omniboxText{fileItem(source, name, stat), text})
	return nil
}

func fileItem(source, name string, stat fs.FileInfo) omniboxFile {
	return omniboxFile{
		ID: source + ":" + name, Source: source, Path: name, Name: path.Base(name),
		Size: stat.Size(), Modified: stat.ModTime().UTC().Format(time.RFC3339),
	}
}

// listFiles finds files by a part of their path, source by source.
func (s *Server) listFiles(ctx context.Context, part string) (omniboxList, error) {
	ctx, stop := context.WithTimeout(ctx, omniboxTime)
	defer stop()
	list := omniboxList{Files: []omniboxFile{}, Sources: slices.Sorted(maps.Keys(s.files.dirs))}
	part = strings.ToLower(part)
	for _, source := range list.Sources {
		root, err := s.files.get(source)
		if err != nil {
			continue // nothing is in it yet
		}
		looked := 0
		err = fs.WalkDir(root.FS(), ".", func(name string, entry fs.DirEntry, err error) error {
			switch looked++; {
			case ctx.Err() != nil, looked > omniboxFiles, len(list.Files) >= omniboxHits:
				return fs.SkipAll
			case err != nil || name == ".":
				return nil //nolint:nilerr // what cannot be read is not listed
			case checkPath(name) != nil && entry.IsDir():
				return fs.SkipDir
			case !entry.Type().IsRegular(), checkPath(name) != nil, !strings.Contains(strings.ToLower(name), part):
				return nil
			}
			if stat, err := entry.Info(); err == nil {
				list.Files = append(list.Files, fileItem(source, name, stat))
			}
			return nil
		})
		if err != nil {
			return list, err
		}
	}
	return list, nil
}
