package crawl

import (
	"bytes"
	"compress/gzip"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/net/html/charset"
)

// Limits of one sitemap (sitemaps.org protocol).
const (
	maxSitemapBytes = 50 << 20 // after decompression
	maxSitemapURLs  = 50_000
)

// sitemapEntry is one <url> or <sitemap>.
type sitemapEntry struct {
	loc     string
	lastMod time.Time // zero if not told
	index   bool      // a sitemap of its own, not a page
}

// errSitemapFull ends the reading of a sitemap at its limit.
var errSitemapFull = errors.New("the sitemap is over its limit of 50,000 URLs or 50 MiB")

// readSitemap gives each entry of a sitemap (XML, or a URL a line) to yield, in
// order, until yield returns false. The body may be gzipped. What was read
// before an error counts.
//
// The XML is read as a stream of raw tokens: nothing is built, entities that
// the file declares are not expanded (a "billion laughs" stays a word), and
// nesting costs nothing.
func readSitemap(body []byte, yield func(sitemapEntry) bool) error {
	return readSitemapWithin(body, maxSitemapBytes, yield)
}

// readSitemapWithin reads limit bytes at most, after decompression.
func readSitemapWithin(body []byte, limit int64, yield func(sitemapEntry) bool) error {
	var in io.Reader = bytes.NewReader(body)
	if bytes.HasPrefix(body, []byte{0x1f, 0x8b}) {
		unzipped, err := gzip.NewReader(in)
		if err != nil {
			return fmt.Errorf("unzip a sitemap: %w", err)
		}
		in = unzipped
	}
	text, err := io.ReadAll(io.LimitReader(in, limit))
	if err != nil {
		return fmt.Errorf("unzip a sitemap: %w", err)
	}
	text = bytes.TrimSpace(bytes.TrimPrefix(text, []byte("\ufeff")))
	if !bytes.HasPrefix(text, []byte("<")) {
		return readURLList(string(text), yield)
	}
	reader := sitemapReader{yield: yield}
	return reader.read(text)
}

// readURLList reads the text form: one absolute URL a line.
func readURLList(text string, yield func(sitemapEntry) bool) error {
	n := 0
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if !strings.HasPrefix(line, "http://") && !strings.HasPrefix(line, "https://") {
			continue
		}
		if n++; n > maxSitemapURLs {
			return errSitemapFull
		}
		if !yield(sitemapEntry{loc: line}) {
			return nil
		}
	}
	return nil
}

// sitemapReader is where the reading of an XML sitemap stands.
type sitemapReader struct {
	yield   func(sitemapEntry) bool
	prefix  string // of the root element's name; image:loc and such have others
	root    bool   // seen
	field   string // "loc" or "lastmod" while within one
	text    []byte
	entry   sitemapEntry
	entries int
}

// read takes the whole file.
func (r *sitemapReader) read(text []byte) error {
	decoder := xml.NewDecoder(bytes.NewReader(text))
	decoder.Strict = false
	decoder.CharsetReader = func(label string, in io.Reader) (io.Reader, error) {
		if utf8.Valid(text) { // the fetcher has converted it
			return in, nil
		}
		return charset.NewReaderLabel(label, in)
	}
	for {
		token, err := decoder.RawToken()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read a sitemap: %w", err)
		}
		more, err := r.token(token)
		if err != nil || !more {
			return err
		}
	}
}

// token takes the next token and reports whether to go on.
func (r *sitemapReader) token(token xml.Token) (more bool, err error) {
	switch token := token.(type) {
	case xml.StartElement:
		if !r.root {
			r.root, r.prefix = true, token.Name.Space
		}
		if token.Name.Space == r.prefix {
			r.open(token.Name.Local)
		}
	case xml.CharData:
		if r.field != "" && len(r.text)+len(token) <= maxRawURL {
			r.text = append(r.text, token...)
		}
	case xml.EndElement:
		if token.Name.Space == r.prefix {
			return r.close(token.Name.Local)
		}
	}
	return true, nil
}

// open begins an element of the sitemap's own namespace.
func (r *sitemapReader) open(name string) {
	switch name {
	case "url", "sitemap":
		r.entry = sitemapEntry{index: name == "sitemap"}
	case "loc", "lastmod":
		r.field, r.text = name, r.text[:0]
	}
}

// close ends one, and with an entry hands it over.
func (r *sitemapReader) close(name string) (more bool, err error) {
	text := strings.TrimSpace(string(r.text))
	switch name {
	case "loc":
		r.entry.loc = text
	case "lastmod":
		r.entry.lastMod = parseW3CTime(text)
	case "url", "sitemap":
		if r.entry.loc == "" {
			return true, nil
		}
		if r.entries++; r.entries > maxSitemapURLs {
			return false, errSitemapFull
		}
		more = r.yield(r.entry)
		r.entry = sitemapEntry{}
		return more, nil
	}
	r.field = ""
	return true, nil
}

// parseW3CTime reads a date of the W3C profile of ISO 8601, down to a year
// alone. What is none is the zero time.
func parseW3CTime(text string) time.Time {
	for _, layout := range []string{time.RFC3339, "2006-01-02", "2006-01-02T15:04Z07:00", "2006-01-02T15:04:05", "2006-01", "2006"} {
		if at, err := time.Parse(layout, text); err == nil {
			return at
		}
	}
	return time.Time{}
}

// readLinkList gives the links of a Markdown list, which llms.txt is, to yield
// with their texts, in order.
func readLinkList(text string, yield func(href, title string) bool) {
	for at := strings.Index(text, "]("); at >= 0; at = strings.Index(text, "](") {
		title := text[:at]
		title = title[max(strings.LastIndexByte(title, '['), strings.LastIndexByte(title, '\n'))+1:]
		text = text[at+len("]("):]
		end := strings.IndexAny(text, ") \t\r\n")
		if end < 0 {
			return
		}
		if href := strings.Trim(text[:end], "<>"); href != "" && !yield(href, title) {
			return
		}
		text = text[end:]
	}
}
