package web

import (
	"errors"
	"io"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"

	"github.com/axon-mcp/axon-mcp/fault"
)

// placeholder stands where this build has no page.
const placeholder = `<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>axon</title></head>
<body><h1>axon</h1><p>This build has no web page. The API is described at <a href="/api/openapi.json">/api/openapi.json</a>.</p></body></html>
`

// notHere403 is what a person sees at a name that this listener does not go by:
// the page's own words (ui.md, section 2), as the page itself is not given out.
const notHere403 = `<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>axon</title></head>
<body><main><h1>axon</h1><p>This address is not allowed. Open the one that axon-mcp serve printed, or set AXON_WEB_ALLOWED_ORIGINS.</p></main></body></html>
`

// navigates reports whether a person's browser asks for a page to show.
func navigates(r *http.Request) bool {
	return r.Method == http.MethodGet && strings.Contains(r.Header.Get("Accept"), "text/html")
}

// pageRoutes are the page's own addresses (ui.md, section 2): they give
// index.html. A final slash stands for one more segment.
func pageRoutes() []string {
	return []string{"/", "/search", "/add", "/jobs", "/jobs/", "/library", "/library/", "/doc", "/chat", "/chat/", "/health", "/connect"}
}

// isPageRoute reports whether the page shows something at this address.
func isPageRoute(at string) bool {
	for _, known := range pageRoutes() {
		if at == known && (known == "/" || !strings.HasSuffix(known, "/")) {
			return true
		}
		rest, below := strings.CutPrefix(at, known)
		if below && known != "/" && strings.HasSuffix(known, "/") && rest != "" && !strings.Contains(rest, "/") {
			return true
		}
	}
	return false
}

// page gives the page's files. Assets have their content's hash in their names.
func (s *Server) page(w http.ResponseWriter, r *http.Request) error {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return fault.New(fault.NotFound, "there is no such address here for "+clip(r.Method, 20))
	}
	if isPageRoute(r.URL.Path) {
		w.Header().Set("Cache-Control", "no-cache")
		if s.deps.Page == nil {
			return writeStatic(w, r, http.StatusOK, "index.html", []byte(placeholder))
		}
		return s.static(w, r, http.StatusOK, "index.html")
	}
	name := strings.TrimPrefix(r.URL.Path, "/")
	if s.deps.Page == nil || !fs.ValidPath(name) || strings.HasPrefix(path.Base(name), ".") {
		return s.noPage(w, r)
	}
	cache := "no-cache"
	if strings.HasPrefix(name, "assets/") {
		cache = "public, max-age=31536000, immutable"
	}
	w.Header().Set("Cache-Control", cache)
	err := s.static(w, r, http.StatusOK, name)
	if fault.CodeOf(err) == fault.NotFound {
		return s.noPage(w, r)
	}
	return err
}

// noPage is 404: for a person with the page, which says so and leads on.
func (s *Server) noPage(w http.ResponseWriter, r *http.Request) error {
	if s.deps.Page == nil || !navigates(r) {
		return fault.New(fault.NotFound, "there is no such page")
	}
	w.Header().Set("Cache-Control", "no-cache")
	return s.static(w, r, http.StatusNotFound, "index.html")
}

func (s *Server) static(w http.ResponseWriter, r *http.Request, status int, name string) error {
	f, err := s.deps.Page.Open(name)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrInvalid) {
			return fault.New(fault.NotFound, "there is no such page")
		}
		return err
	}
	defer func() { _ = f.Close() }() // nothing was written
	stat, err := f.Stat()
	if err != nil {
		return err
	}
	if !stat.Mode().IsRegular() {
		return fault.New(fault.NotFound, "there is no such page")
	}
	data, err := io.ReadAll(f)
	if err != nil {
		return err
	}
	if packable(name, len(data)) {
		w.Header().Add("Vary", "Accept-Encoding")
		if takesGzip(r) {
			w.Header().Set("Content-Encoding", "gzip")
			data = s.packs.of(name, data)
		}
	}
	return writeStatic(w, r, status, name, data)
}

func writeStatic(w http.ResponseWriter, r *http.Request, status int, name string, data []byte) error {
	w.Header().Set("Content-Type", staticType(name))
	w.Header().Set("Content-Length", strconv.Itoa(len(data)))
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = newSlowWriter(w).Write(data) // the asker may have gone
	}
	return nil
}

// staticType is our own table: the system's may call a script text/plain.
func staticType(name string) string {
	switch path.Ext(name) {
	case ".html":
		return "text/html; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".png":
		return "image/png"
	case ".ico":
		return "image/x-icon"
	case ".json", ".webmanifest":
		return "application/json"
	case ".woff2":
		return "font/woff2"
	case ".txt":
		return "text/plain; charset=utf-8"
	}
	return "application/octet-stream"
}
