package docs

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
)

func TestEveryLinkLeadsToAPage(t *testing.T) {
	t.Parallel()
	site, err := NewSite()
	if err != nil {
		t.Fatal(err)
	}
	links := regexp.MustCompile(`href="([^"#]*)(?:#[^"]*)?"`)
	if n := len(site.Paths()); n < 15 {
		t.Errorf("only %d pages", n)
	}
	for _, path := range site.Paths() {
		body := string(site.pages[path])
		for _, m := range links.FindAllStringSubmatch(body, -1) {
			target := m[1]
			if strings.Contains(target, "://") {
				continue
			}
			if _, found := site.pages["/"+strings.TrimPrefix(target, "/")]; !found {
				t.Errorf("%s links to %q, which is no page", path, target)
			}
		}
		if strings.Count(body, "<h1") != 1 {
			t.Errorf("%s has %d h1 headings", path, strings.Count(body, "<h1"))
		}
	}
}

func TestServe(t *testing.T) {
	t.Parallel()
	site, err := NewSite()
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]int{"/": 200, "/crawl.html": 200, "/configuration.html": 200, "/crawl.md": 404, "/../docs.go": 404} {
		w := httptest.NewRecorder()
		site.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "http://manual"+path, nil))
		if w.Code != want {
			t.Errorf("%s: %d, want %d", path, w.Code, want)
		}
	}
}
