package crawltest

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
)

// words fill generated pages.
var words = strings.Fields(`index query table page parser buffer cursor vector token segment merge cache lock
	journal writer reader thread signal socket header cookie schema column trigger cluster replica shard
	commit rollback snapshot backup restore monitor metric event handler router filter module package`)

// Sentence returns n words that depend on seed alone.
func Sentence(seed uint64, n int) string {
	var out strings.Builder
	for range n {
		seed = seed*6364136223846793005 + 1442695040888963407
		out.WriteString(words[seed>>33%uint64(len(words))])
		out.WriteByte(' ')
	}
	return strings.TrimSpace(out.String())
}

// Small returns a site of n linked pages at /, /p1 … /p(n-1), each with a text
// of its own and a menu and footer that all share.
func Small(n int) *Site {
	pages := map[string]Page{}
	name := func(i int) string {
		if i == 0 {
			return "/"
		}
		return "/p" + strconv.Itoa(i)
	}
	for i := range n {
		page := Page{
			Title:  fmt.Sprintf("Page %d", i),
			Text:   Sentence(uint64(i)+1, 40) + "\n\n" + Sentence(uint64(i)+1000, 40),
			Nav:    `<a href="/">Start</a>`,
			Footer: "<p>All rights reserved by the makers of this manual.</p>",
		}
		for _, to := range []int{2*i + 1, 2*i + 2, i / 2, (i * 7) % n} {
			if to < n {
				page.Links = append(page.Links, name(to))
			}
		}
		pages[name(i)] = page
	}
	return New(pages)
}

// Tree is a site of many pages that takes no memory for them: page i, at
// /p/i.html, leads to its children 10i+1 … 10i+10, to its parent, and to a menu
// of 50 pages.
type Tree struct {
	Pages int
	// Served counts the pages given out, Twice the requests for a page that
	// was given out before.
	Served, Twice atomic.Int64
	seen          []atomic.Bool
}

// NewTree returns a tree of n pages; the root is /p/0.html.
func NewTree(n int) *Tree { return &Tree{Pages: n, seen: make([]atomic.Bool, n)} }

// ServeHTTP implements http.Handler.
func (t *Tree) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	number, ok := strings.CutPrefix(r.URL.Path, "/p/")
	i, err := strconv.Atoi(strings.TrimSuffix(number, ".html"))
	if !ok || err != nil || i < 0 || i >= t.Pages {
		http.NotFound(w, r)
		return
	}
	t.Served.Add(1)
	if t.seen[i].Swap(true) {
		t.Twice.Add(1)
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	fmt.Fprintf(w, "<!doctype html><html><head><title>Page %d</title></head><body><nav>", i)
	for j := range 50 {
		link(w, j*t.Pages/50)
	}
	fmt.Fprintf(w, "</nav><main><h1>Page %d</h1>", i)
	for j := range uint64(5) {
		fmt.Fprintf(w, "<p>%s</p>", Sentence(uint64(i)*10+j, 30))
	}
	for child := 10*i + 1; child <= 10*i+10 && child < t.Pages; child++ {
		link(w, child)
	}
	link(w, i/10)
	fmt.Fprint(w, "</main></body></html>")
}

// link writes a link to page i.
func link(w http.ResponseWriter, i int) {
	fmt.Fprintf(w, `<a href="/p/%d.html">Page %d</a> `, i, i)
}
