package web

import (
	"mime"
	"net/http"
	"path"
	"strings"

	"github.com/axon-mcp/axon-mcp/fault"
)

// fileType is how a file is given: by our own table, so that a type is the same
// everywhere. What a browser would run is never shown on our origin (F4).
type fileType struct {
	media string
	shown bool // inline; everything else is an attachment
}

func fileTypeOf(name string) fileType {
	switch strings.ToLower(path.Ext(name)) {
	case ".md":
		return fileType{"text/markdown; charset=utf-8", true}
	case ".txt", ".log", ".csv":
		return fileType{"text/plain; charset=utf-8", true}
	case ".json", ".jsonl":
		return fileType{"application/json", true}
	case ".png":
		return fileType{"image/png", true}
	case ".jpg", ".jpeg":
		return fileType{"image/jpeg", true}
	case ".webp":
		return fileType{"image/webp", true}
	case ".gif":
		return fileType{"image/gif", true}
	case ".html", ".htm":
		return fileType{"text/html; charset=utf-8", false}
	case ".xml":
		return fileType{"application/xml", false}
	case ".svg":
		return fileType{"image/svg+xml", false}
	case ".zip":
		return fileType{"application/zip", false}
	}
	return fileType{"application/octet-stream", false}
}

// fileHeaders are those of every file that is given (F4).
func fileHeaders(h http.Header, name string) {
	kind := fileTypeOf(name)
	h.Set("Content-Type", kind.media)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "sandbox; default-src 'none'")
	h.Set("Cache-Control", "private, no-store")
	h.Set("Content-Disposition", disposition(kind.shown, path.Base(name)))
}

// disposition writes RFC 6266: a plain name for old readers and, where that says
// less, the whole one.
func disposition(shown bool, name string) string {
	how := "attachment"
	if shown {
		how = "inline"
	}
	plain := strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' || r == '"' || r == '\\' || r == ';' || r == '%' {
			return '_'
		}
		return r
	}, name)
	if plain == name {
		return how + `; filename="` + plain + `"`
	}
	return how + `; filename="` + plain + `"; ` + strings.TrimPrefix(mime.FormatMediaType("x", map[string]string{"filename": name}), "x; ")
}

// output gives a file of the output root.
func (s *Server) output(w http.ResponseWriter, r *http.Request) error {
	name := r.PathValue("path")
	if err := checkPath(name); err != nil {
		return err
	}
	f, stat, err := s.files.openFile(outputRoot, name)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // nothing was written
	fileHeaders(w.Header(), name)
	http.ServeContent(newSlowWriter(w), r, "", stat.ModTime(), f)
	return nil
}

// plainPaths refuses paths that a client has not written as they are: the mux
// would mend them with a redirect.
func plainPaths(r *http.Request) error {
	if strings.ContainsAny(r.URL.Path, "\x00\\") {
		return fault.New(fault.Invalid, "the path holds a character that no path here has")
	}
	for segment := range strings.SplitSeq(r.URL.Path, "/") {
		if segment == ".." || segment == "." {
			return fault.New(fault.Invalid, "the path must be written without . and ..")
		}
	}
	return nil
}
