package crawltest

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"html"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// Page is one resource of a Site. The zero value is an empty HTML page.
type Page struct {
	Title string
	Text  string   // paragraphs, separated by blank lines
	Links []string // hrefs, as written
	// HTML goes into the body as it is, after Text and Links.
	HTML string
	// Head goes into the head as it is: canonical links, robots, refresh, base.
	Head string
	// Nav and Footer stand around the text, outside <main>.
	Nav, Footer string

	Status    int               // default 200
	Location  string            // of a redirect
	Header    map[string]string // more headers
	MediaType string            // default text/html; with Body
	Body      string            // sent instead of a page made of the fields above
	NoETag    bool              // the page has no validator
}

// Request is one line of the log.
type Request struct {
	Host   string
	URI    string // path?query
	Status int    // of the answer
}

// Site is a web site that tests build and change. It is safe for concurrent
// use.
type Site struct {
	mu       sync.Mutex
	pages    map[string]Page // by path?query, or host/path?query for one host
	handlers map[string]http.HandlerFunc
	log      []Request
}

// New returns a site with pages by path (with a query, if it has one). A key
// that begins with a host instead of "/" is for that host alone.
func New(pages map[string]Page) *Site {
	clone := map[string]Page{}
	maps.Copy(clone, pages)
	return &Site{pages: clone, handlers: map[string]http.HandlerFunc{}}
}

// Set makes or changes a page.
func (s *Site) Set(path string, page Page) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pages[path] = page
}

// Change changes a page that is there.
func (s *Site) Change(path string, change func(*Page)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	page := s.pages[path]
	change(&page)
	s.pages[path] = page
}

// Remove lets a page answer 404.
func (s *Site) Remove(path string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.pages, path)
}

// Handle answers every path under prefix by a function: for traps. The longest
// prefix wins, and pages win over all.
func (s *Site) Handle(prefix string, handler http.HandlerFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.handlers[prefix] = handler
}

// Log returns the requests so far, in the order of their answers.
func (s *Site) Log() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.log)
}

// Reset empties the log.
func (s *Site) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log = nil
}

// Counts returns how often each URI was asked for.
func (s *Site) Counts() map[string]int {
	counts := map[string]int{}
	for _, r := range s.Log() {
		counts[r.URI]++
	}
	return counts
}

// ServeHTTP implements http.Handler.
func (s *Site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	recorder := &statusWriter{ResponseWriter: w, status: http.StatusOK}
	s.answer(recorder, r)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log = append(s.log, Request{Host: r.Host, URI: r.URL.RequestURI(), Status: recorder.status})
}

// answer finds the page or handler and lets it answer.
func (s *Site) answer(w http.ResponseWriter, r *http.Request) {
	uri := r.URL.RequestURI()
	s.mu.Lock()
	page, ok := s.pages[r.Host+uri]
	if !ok {
		page, ok = s.pages[uri]
	}
	var handler http.HandlerFunc
	longest := -1
	for prefix, h := range s.handlers {
		if strings.HasPrefix(uri, prefix) && len(prefix) > longest {
			handler, longest = h, len(prefix)
		}
	}
	s.mu.Unlock()
	switch {
	case ok:
		page.ServeHTTP(w, r)
	case handler != nil:
		handler(w, r)
	default:
		http.NotFound(w, r)
	}
}

// statusWriter remembers the status.
type statusWriter struct {
	http.ResponseWriter
	status int
}

// WriteHeader implements http.ResponseWriter.
func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// ServeHTTP answers with the page, or 304 to its own validator.
func (p Page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body := p.Body
	mediaType := p.MediaType
	if body == "" {
		body = p.render()
	}
	if mediaType == "" {
		mediaType = "text/html; charset=utf-8"
	}
	for name, value := range p.Header {
		w.Header().Set(name, value)
	}
	w.Header().Set("Content-Type", mediaType)
	if p.Location != "" {
		w.Header().Set("Location", p.Location)
		w.WriteHeader(max(p.Status, http.StatusMovedPermanently))
		return
	}
	if p.Status != 0 && p.Status != http.StatusOK {
		w.WriteHeader(p.Status)
	} else if !p.NoETag {
		sum := sha256.Sum256([]byte(body))
		etag := `"` + hex.EncodeToString(sum[:8]) + `"`
		w.Header().Set("ETag", etag)
		if r.Header.Get("If-None-Match") == etag {
			w.WriteHeader(http.StatusNotModified)
			return
		}
	}
	_, _ = w.Write([]byte(body)) // the client may have gone
}

// render writes the page as HTML.
func (p Page) render() string {
	var out strings.Builder
	fmt.Fprintf(&out, "<!doctype html><html lang=en><head><title>%s</title>%s</head><body>", html.EscapeString(p.Title), p.Head)
	if p.Nav != "" {
		fmt.Fprintf(&out, "<nav>%s</nav>", p.Nav)
	}
	fmt.Fprintf(&out, "<main><h1>%s</h1>", html.EscapeString(p.Title))
	for paragraph := range strings.SplitSeq(p.Text, "\n\n") {
		fmt.Fprintf(&out, "<p>%s</p>", html.EscapeString(paragraph))
	}
	for _, link := range p.Links {
		fmt.Fprintf(&out, `<p><a href="%s">%s</a></p>`, html.EscapeString(link), html.EscapeString(link))
	}
	out.WriteString(p.HTML + "</main>")
	if p.Footer != "" {
		fmt.Fprintf(&out, "<footer>%s</footer>", p.Footer)
	}
	out.WriteString("</body></html>")
	return out.String()
}
