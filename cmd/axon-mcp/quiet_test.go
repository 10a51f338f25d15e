package main

import (
	"net/http"
	"strings"
	"testing"
)

// What libraries say for themselves stays out of what a person reads: net/http
// logs the bytes that a server sends though nobody asked for them.
func TestLibrariesAreQuiet(t *testing.T) {
	t.Parallel()
	s := newSite(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		_, _ = conn.Write([]byte("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 9\r\n\r\n<p>A pageNOBODY ASKED FOR THIS"))
	}))
	p := newProgram(t, s)
	for range 3 { // the library looks when it gets to it
		if out := p.run("scrape", s.URL+"/"); out.code != 0 || strings.Contains(out.stderr, "nsolicited") {
			t.Errorf("%+v", out)
		}
	}
}
