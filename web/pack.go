package web

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

// worthPacking is from how many bytes on a file of the page is sent compressed:
// below, all of it goes out in one packet anyway.
const worthPacking = 1400

// packs keeps the page's files as gzip. They are few, and the same for as long as
// the program runs.
type packs struct {
	mu     sync.Mutex
	byName map[string][]byte
}

// of returns a file compressed, once for all who ask.
func (p *packs) of(name string, data []byte) []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	if packed, known := p.byName[name]; known {
		return packed
	}
	var out bytes.Buffer
	w, _ := gzip.NewWriterLevel(&out, gzip.BestCompression) // the level is one that there is
	_, _ = w.Write(data)                                    // a buffer takes all
	_ = w.Close()
	if p.byName == nil {
		p.byName = make(map[string][]byte)
	}
	p.byName[name] = out.Bytes()
	return out.Bytes()
}

// packable reports whether a file of the page gets smaller.
func packable(name string, size int) bool {
	kind := staticType(name)
	return size >= worthPacking && (strings.HasPrefix(kind, "text/") || kind == "image/svg+xml" || kind == "application/json")
}

// takesGzip reads Accept-Encoding (RFC 9110, section 12.5.3): gzip by its name or
// by *, and not with a weight of 0.
func takesGzip(r *http.Request) bool {
	takes := false
	for _, field := range r.Header.Values("Accept-Encoding") {
		for item := range strings.SplitSeq(field, ",") {
			coding, parameters, _ := strings.Cut(item, ";")
			coding = strings.ToLower(strings.TrimSpace(coding))
			if coding != "gzip" && coding != "x-gzip" && coding != "*" {
				continue
			}
			weight, is := strings.CutPrefix(strings.ReplaceAll(strings.ToLower(parameters), " ", ""), "q=")
			q, err := strconv.ParseFloat(weight, 64)
			none := is && (err != nil || q <= 0)
			if coding != "*" {
				return !none // the name counts more than *
			}
			takes = !none
		}
	}
	return takes
}
