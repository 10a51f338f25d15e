package main

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
)

// living is a site whose pages change, go and move.
type living struct {
	mu    sync.Mutex
	texts map[string]string // by path
	moved map[string]string // path to path
}

func (l *living) set(change func(l *living)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	change(l)
}

func (l *living) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if to, ok := l.moved[r.URL.Path]; ok {
		http.Redirect(w, r, to, http.StatusMovedPermanently)
		return
	}
	text, ok := l.texts[r.URL.Path]
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	fmt.Fprintf(w, "<!DOCTYPE html><html lang=en><head><title>Page %s</title></head><body><main><h1>Page %s</h1><p>%s</p>", r.URL.Path, r.URL.Path, text)
	if r.URL.Path == "/" { // its links never change: what goes is still linked
		for _, path := range []string{"/same.html", "/changes.html", "/goes.html", "/moves.html"} {
			fmt.Fprintf(w, `<p><a href="%s">%s</a></p>`, path, path)
		}
	}
	fmt.Fprint(w, "</main></body></html>")
}

// TestPagesChangeGoAndMove crawls a living site again and again: what changed is
// updated, what answers 404 twice is removed, what moved is followed.
func TestPagesChangeGoAndMove(t *testing.T) {
	t.Parallel()
	page := func(word string) string {
		return strings.Repeat("This page speaks of "+word+" and of little else. ", 8)
	}
	l := &living{moved: map[string]string{}, texts: map[string]string{
		"/": page("the garden"), "/same.html": page("granite"), "/changes.html": page("lavender"),
		"/goes.html": page("mercury"), "/moves.html": page("nutmeg"),
	}}
	s := newSite(t, l)
	p := newProgram(t, s)
	crawl := func() (got crawlResult) {
		p.json(&got, "crawl", s.URL+"/")
		if got.Status != "completed" {
			t.Fatalf("%+v", got)
		}
		return got
	}
	check := func(when string, want ...string) {
		t.Helper()
		var have []string
		for _, d := range p.sources() {
			have = append(have, strings.TrimPrefix(d.URL, s.URL))
		}
		slices.Sort(have)
		if !slices.Equal(have, want) {
			t.Errorf("%s: the index holds %q, want %q", when, have, want)
		}
	}
	if got := crawl(); got.Changed != 5 {
		t.Errorf("the first crawl: %+v", got)
	}
	check("at first", "/", "/changes.html", "/goes.html", "/moves.html", "/same.html")

	l.set(func(l *living) {
		l.texts["/changes.html"] = page("saffron")
		delete(l.texts, "/goes.html")
		l.texts["/moved.html"] = l.texts["/moves.html"]
		l.moved["/moves.html"] = "/moved.html"
	})
	if got := crawl(); got.Unchanged < 2 {
		t.Errorf("the second crawl: %+v", got)
	}
	check("after one 404", "/", "/changes.html", "/goes.html", "/moved.html", "/same.html")
	for word, want := range map[string]string{"saffron": "/changes.html", "nutmeg": "/moved.html", "mercury": "/goes.html"} {
		checkAnswer(t, p, word, []string{want})
	}
	var found queryResult
	p.json(&found, "query", "lavender", "--mode", "keyword")
	if len(found.Hits) > 0 {
		t.Errorf("the old text of a page that changed is still found: %+v", found.Hits)
	}

	crawl()
	check("after two", "/", "/changes.html", "/moved.html", "/same.html")
	if got := p.run("retrieve", s.URL+"/goes.html", "--json"); got.code != 1 || !strings.Contains(got.stdout, `"not_found"`) {
		t.Errorf("a page that went: exit %d, %s", got.code, got.stdout)
	}
	if got := crawl(); got.Changed != 0 || got.Unchanged != 4 || got.Chunks != 0 {
		t.Errorf("the site stood still, and yet: %+v", got)
	}
}
