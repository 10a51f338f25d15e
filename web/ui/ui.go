// Package ui is the built web page: what Vite makes of src is committed under
// dist, so that the program is built without Node.
package ui

import (
	"embed"
	"io/fs"
)

//go:embed all:dist
var dist embed.FS

// Files are the page's files: index.html, theme.js and assets.
func Files() (fs.FS, error) { return fs.Sub(dist, "dist") }
