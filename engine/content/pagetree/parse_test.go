package pagetree

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// difference tells where two trees differ; "" where they do not.
func difference(got, want *html.Node) string {
	if got.Type != want.Type || got.DataAtom != want.DataAtom || got.Data != want.Data || got.Namespace != want.Namespace || !slices.Equal(got.Attr, want.Attr) {
		return fmt.Sprintf("got %s, want %s, in %s", describe(got), describe(want), pathOf(want))
	}
	g, w := got.FirstChild, want.FirstChild
	var last *html.Node
	for ; g != nil && w != nil; g, w = g.NextSibling, w.NextSibling {
		if g.Parent != got || g.PrevSibling != last {
			return "wrong links at " + describe(g)
		}
		if d := difference(g, w); d != "" {
			return d
		}
		last = g
	}
	switch {
	case g != nil:
		return fmt.Sprintf("%s too many, in %s", describe(g), pathOf(want))
	case w != nil:
		return fmt.Sprintf("%s is missing, in %s", describe(w), pathOf(want))
	case got.LastChild != last:
		return "wrong last child of " + describe(got)
	}
	return ""
}

func describe(n *html.Node) string {
	return fmt.Sprintf("{%d %d %s:%.80q %.200q}", n.Type, n.DataAtom, n.Namespace, n.Data, n.Attr)
}

func pathOf(n *html.Node) string {
	var names []string
	for n = n.Parent; n != nil; n = n.Parent {
		names = append(names, n.Data)
	}
	slices.Reverse(names)
	return strings.Join(names, "/")
}

// check fails where Parse accepts a page and its tree is not that of x/net.
func check(t *testing.T, page []byte) bool {
	t.Helper()
	before := slices.Clone(page)
	var slabs Slabs
	defer slabs.Release()
	got, ok := Parse(page, &slabs)
	if !slices.Equal(page, before) {
		t.Errorf("%.300q: the page was changed", before)
	}
	if !ok {
		return false
	}
	want, err := html.Parse(strings.NewReader(string(page)))
	if err != nil {
		t.Errorf("%.300q was accepted, but x/net says %v", page, err)
		return true
	}
	if d := difference(got, want); d != "" {
		t.Errorf("%.300q: %s", page, d)
	}
	return true
}

// TestRealPages compares the pages of the documentation that Debian packages
// install, of the golden tests and of the Web Content Extraction Benchmark, where
// they are there, and tells how many are declined.
func TestRealPages(t *testing.T) {
	t.Parallel()
	sets := map[string][]string{}
	_ = filepath.WalkDir("/usr/share/doc", func(path string, _ os.DirEntry, err error) error {
		if err == nil && (strings.HasSuffix(path, ".html") || strings.HasSuffix(path, ".htm")) {
			name := strings.Split(path, "/")[4]
			sets[name] = append(sets[name], path)
		}
		return nil
	})
	golden, _ := filepath.Glob("../testdata/*.html")
	sets["golden"] = golden
	if dir := os.Getenv("AXON_WCXB"); dir != "" {
		sets["WCXB"], _ = filepath.Glob(filepath.Join(dir, "html", "*.html"))
	}
	if len(golden) == 0 {
		t.Error("no golden pages")
	}
	for name, paths := range sets {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			read, declined := 0, 0
			for _, path := range paths {
				page, err := os.ReadFile(path)
				if err != nil {
					continue
				}
				read++
				if !check(t, page) {
					declined++
				}
			}
			t.Logf("%d of %d pages declined", declined, read)
		})
	}
}
