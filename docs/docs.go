// Package docs is the product's own manual: the pages in manual/, written in
// Markdown for who reads them in the repository, and rendered to a small web
// site for the demo, which crawls it as it would any other.
package docs

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"sort"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
)

//go:embed manual/*.md configuration.md
var files embed.FS

// page is one rendered page.
type page struct {
	Path  string // such as /crawl.html
	Title string
	Body  template.HTML
}

// Site is the manual as pages. It is safe for concurrent use.
type Site struct {
	pages map[string][]byte
}

// NewSite renders the manual.
func NewSite() (*Site, error) {
	pages, err := render()
	if err != nil {
		return nil, err
	}
	frame, err := template.New("page").Parse(frameText)
	if err != nil {
		return nil, fmt.Errorf("read the frame of the pages: %w", err)
	}
	site := &Site{pages: make(map[string][]byte, len(pages))}
	for _, p := range pages {
		var out bytes.Buffer
		if err := frame.Execute(&out, map[string]any{"Page": p, "All": pages}); err != nil {
			return nil, fmt.Errorf("render %s: %w", p.Path, err)
		}
		site.pages[p.Path] = out.Bytes()
	}
	site.pages["/"] = site.pages["/index.html"]
	return site, nil
}

// Paths lists the pages' paths in order.
func (s *Site) Paths() []string {
	var paths []string
	for p := range s.pages {
		paths = append(paths, p)
	}
	sort.Strings(paths)
	return paths
}

// ServeHTTP answers with a page.
func (s *Site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, found := s.pages[r.URL.Path]
	if !found {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write(body) // the reader has gone
}

// render reads every page; the index stands first.
func render() ([]page, error) {
	names, err := fs.Glob(files, "manual/*.md")
	if err != nil {
		return nil, err
	}
	names = append(names, "configuration.md")
	md := goldmark.New(goldmark.WithExtensions(extension.GFM), goldmark.WithParserOptions(parser.WithAutoHeadingID()))
	var pages []page
	for _, name := range names {
		text, err := files.ReadFile(name)
		if err != nil {
			return nil, err
		}
		var body bytes.Buffer
		if err := md.Convert(text, &body); err != nil {
			return nil, fmt.Errorf("render %s: %w", name, err)
		}
		title, _, _ := strings.Cut(strings.TrimPrefix(string(text), "# "), "\n")
		pages = append(pages, page{
			Path:  "/" + strings.TrimSuffix(path.Base(name), ".md") + ".html",
			Title: title,
			Body:  template.HTML(strings.ReplaceAll(body.String(), `.md"`, `.html"`)), // our own pages
		})
	}
	sort.SliceStable(pages, func(i, j int) bool { return pages[i].Path == "/index.html" && pages[j].Path != "/index.html" })
	return pages, nil
}

// frameText is what stands around each page.
const frameText = `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{{.Page.Title}} · axon-mcp</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
</head>
<body>
<header><a href="/">axon-mcp manual</a></header>
<nav aria-label="Pages"><ul>
{{range .All}}<li><a href="{{.Path}}">{{.Title}}</a></li>
{{end}}</ul></nav>
<main>
{{.Page.Body}}</main>
<footer><p>axon-mcp is free software under the Apache License 2.0.</p></footer>
</body>
</html>
`
