package fetch

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/axon-mcp/axon-mcp/fault"
)

func TestMediaType(t *testing.T) {
	t.Parallel()
	tests := []struct {
		header, path, start, want string
		readable                  bool
	}{
		{"text/html; charset=utf-8", "/", "", "text/html", true},
		{"Text/HTML", "/", "", "text/html", true},
		{"", "/", "<!doctype html><p>", "text/html", true},
		{"", "/page.html", "", "text/html", true},
		{"", "/", "plain words", "text/plain", true},
		{"", "/", "%PDF-1.7", "application/pdf", true},
		{"application/octet-stream", "/manual.PDF", "", "application/pdf", true},
		{"application/octet-stream", "/README.md", "", "text/markdown", true},
		{"application/octet-stream", "/x", "\x00\x01\x02", "application/octet-stream", false},
		{"text/plain", "/README.md", "", "text/markdown", true},
		{"text/plain", "/page.html", "", "text/plain", true}, // shown as source by a browser too
		{"application/xhtml+xml", "/", "", "application/xhtml+xml", true},
		{"application/rss+xml", "/", "", "application/rss+xml", true},
		{"application/problem+json", "/", "", "application/problem+json", true},
		{"image/svg+xml", "/", "", "image/svg+xml", false},
		{"image/png", "/", "", "image/png", false},
		{"application/zip", "/", "", "application/zip", false},
		{"video/mp4", "/", "", "video/mp4", false},
		{"nonsense", "/", "<html>", "text/html", true},
		{"text/html, text/html", "/", "<html>", "text/html", true},
		{"text/html;;;", "/", "", "text/html", true},
		{"text/html", "/", "\x1f\x8b\x08\x00", "application/x-gzip", false}, // compressed, and no word of it
		{"text/plain", "/", "%PDF-1.7", "application/pdf", true},
		{"text/html", "/", "\x89PNG\r\n\x1a\n\x00", "image/png", false},
		{"text/plain", "/", "BMW Gr\xfc\xdfe", "text/plain", true},
		{"text/html", "/", "\x93\xfa\x96{", "text/html", true},
		{"text/html", "/", "<\x00p\x00>\x00", "text/html", true},
	}
	for _, test := range tests {
		got := mediaType(test.header, test.path, []byte(test.start))
		if got != test.want || readable(got) != test.readable {
			t.Errorf("%q %q %q: got %q readable=%v, want %q %v", test.header, test.path, test.start, got, readable(got), test.want, test.readable)
		}
	}
}

func TestTextIsUTF8(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ header, body, want string }{
		"valid, whatever the header says": {"text/html; charset=iso-8859-1", "Grüße", "Grüße"},
		"by the header":                   {"text/html; charset=iso-8859-1", "Gr\xfc\xdfe", "Grüße"},
		"by <meta>":                       {"text/html", "<meta charset=windows-1251>\xcf\xf0\xe8", "<meta charset=windows-1251>При"},
		"by sniffing":                     {"text/html", "Gr\xfc\xdfe \x93so\x94", "Grüße “so”"},
		"header before <meta>":            {"text/html; charset=koi8-r", "<meta charset=windows-1251>\xf0", "<meta charset=windows-1251>П"},
		"byte order mark":                 {"text/html", "\xef\xbb\xbfGrüße", "Grüße"},
		"UTF-16":                          {"text/html", "\xff\xfeG\x00r\x00\xfc\x00", "Grü"},
		"UTF-16 of ASCII":                 {"text/html; charset=utf-16le", "G\x00r\x00", "Gr"},
		"UTF-8 with a flaw":               {"text/html; charset=utf-8", "Grü\xffe", "Grü\uFFFDe"},
		"Shift_JIS":                       {"text/html; charset=Shift_JIS", "\x93\xfa\x96{", "日本"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, addr := serve(t, Config{}, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", test.header)
				_, _ = io.WriteString(w, test.body)
			})
			res, err := c.Fetch(t.Context(), Request{URL: addr})
			if err != nil || string(res.Body) != test.want {
				t.Errorf("got %q %v, want %q", res.Body, err, test.want)
			}
			raw, err := c.Fetch(t.Context(), Request{URL: addr, Raw: true})
			if err != nil || string(raw.Body) != test.body {
				t.Errorf("raw: got %q %v", raw.Body, err)
			}
		})
	}
}

// What cannot be read is refused before it is read: this body never ends.
func TestUnreadableIsNotRead(t *testing.T) {
	t.Parallel()
	for name, contentType := range map[string]string{"declared": "video/mp4", "sniffed": "application/octet-stream"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, addr := serve(t, Config{}, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", contentType)
				_, _ = io.WriteString(w, strings.Repeat("\x00", sniffBytes))
				w.(http.Flusher).Flush()
				<-r.Context().Done()
			})
			_, err := c.Fetch(t.Context(), Request{URL: addr})
			if fault.CodeOf(err) != fault.Unsupported || !strings.Contains(fault.MessageOf(err), contentType) {
				t.Errorf("got %v", err)
			}
		})
	}
}
