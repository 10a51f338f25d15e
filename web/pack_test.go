package web

import (
	"compress/gzip"
	"io"
	"strings"
	"testing"
	"testing/fstest"
)

// TestPackedPage: whoever takes gzip gets the page's files so, and the same bytes
// in them; small ones and pictures go as they are.
func TestPackedPage(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("let axon = 1;\n", 1000)
	page := fstest.MapFS{"index.html": {Data: []byte("the index")}, "assets/app-1a2b.js": {Data: []byte(long)}, "assets/a.png": {Data: []byte(long)}}
	f := start(t, defaults(), func(d *Deps) { d.Page = page })
	for _, row := range []struct {
		path, accept string
		packed       bool
	}{
		{"/assets/app-1a2b.js", "gzip, deflate, br, zstd", true},
		{"/assets/app-1a2b.js", "br;q=1.0, GZIP;q=0.5", true},
		{"/assets/app-1a2b.js", "*", true},
		{"/assets/app-1a2b.js", "*;q=0, gzip", true},
		{"/assets/app-1a2b.js", "gzip;q=0, *", false},
		{"/assets/app-1a2b.js", "gzip; q=0.000", false},
		{"/assets/app-1a2b.js", "gzip;q=x", false},
		{"/assets/app-1a2b.js", "br", false},
		{"/assets/app-1a2b.js", "identity", false},
		{"/assets/a.png", "gzip", false},
		{"/", "gzip", false},
	} {
		for range 2 { // the second comes from what is kept
			status, text, h := f.ask(t, "GET", row.path, "", "Accept-Encoding: "+row.accept)
			if status != 200 || (h.Get("Content-Encoding") == "gzip") != row.packed {
				t.Fatalf("%s, %q: %d, coding %q", row.path, row.accept, status, h.Get("Content-Encoding"))
			}
			if js := strings.HasSuffix(row.path, ".js"); js != strings.Contains(strings.Join(h.Values("Vary"), ","), "Accept-Encoding") {
				t.Errorf("%s: Vary %q", row.path, h.Values("Vary"))
			}
			if !row.packed {
				continue
			}
			raw, err := gzip.NewReader(strings.NewReader(text))
			if err != nil {
				t.Fatal(err)
			}
			if whole, err := io.ReadAll(raw); err != nil || string(whole) != long || len(text) > len(long)/10 {
				t.Errorf("%s: %d bytes packed, %d whole, %v", row.path, len(text), len(whole), err)
			}
		}
	}
}
