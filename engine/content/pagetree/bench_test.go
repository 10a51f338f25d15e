package pagetree

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/net/html"
)

// BenchmarkParse reads pages of the manual of PostgreSQL, here and with x/net.
func BenchmarkParse(b *testing.B) {
	paths, _ := filepath.Glob("/usr/share/doc/postgresql-doc-15/html/sql-*.html")
	if len(paths) == 0 {
		b.Skip("postgresql-doc-15 is not installed")
	}
	var pages [][]byte
	size := 0
	for _, path := range paths {
		page, err := os.ReadFile(path)
		if err != nil {
			b.Fatal(err)
		}
		pages, size = append(pages, page), size+len(page)
	}
	b.Run("pagetree", func(b *testing.B) {
		b.SetBytes(int64(size))
		for b.Loop() {
			for _, page := range pages {
				var slabs Slabs
				if _, ok := Parse(page, &slabs); !ok {
					b.Fatal("declined")
				}
				slabs.Release()
			}
		}
	})
	b.Run("x/net", func(b *testing.B) {
		b.SetBytes(int64(size))
		for b.Loop() {
			for _, page := range pages {
				if _, err := html.Parse(bytes.NewReader(page)); err != nil {
					b.Fatal(err)
				}
			}
		}
	})
}
