package crawl

import (
	"strings"
	"testing"

	"github.com/axon-mcp/axon-mcp/fault"
)

func TestScope(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		start string
		opts  Options
		url   string
		want  string
	}{
		{"same host", "http://a.example/x.html", Options{}, "http://a.example/other/y", ""},
		{"under the folder", "http://a.example/docs/", Options{}, "http://a.example/docs/x/y", ""},
		{"the folder without its slash", "http://a.example/docs/", Options{}, "http://a.example/docs", ""},
		{"beside the folder", "http://a.example/docs/", Options{}, "http://a.example/docs2/x", SkipOffScope},
		{"above the folder", "http://a.example/docs/", Options{}, "http://a.example/", SkipOffScope},
		{"a page is no folder", "http://a.example/docs/x", Options{}, "http://a.example/blog", ""},
		{"another host", "http://a.example/", Options{}, "http://b.example/", SkipOffScope},
		{"another port", "http://a.example:8080/", Options{}, "http://a.example:9090/", SkipOffScope},
		{"a subdomain", "http://a.example/", Options{}, "http://sub.a.example/", SkipOffScope},
		{"a subdomain, wanted", "http://a.example/", Options{Subdomains: true}, "http://sub.a.example/", ""},
		{"beside www, wanted", "http://www.a.example/", Options{Subdomains: true}, "http://sub.a.example/", ""},
		{"a name that only ends alike", "http://a.example/", Options{Subdomains: true}, "http://ba.example/", SkipOffScope},
		{"a subdomain's port", "http://a.example:81/", Options{Subdomains: true}, "http://sub.a.example/", SkipOffScope},
		{"no subdomains of an address", "http://10.0.0.1/", Options{Subdomains: true}, "http://x.10.0.0.1/", SkipOffScope},
		{"included", "http://a.example/", Options{IncludePaths: []string{"/docs/*"}}, "http://a.example/docs/x", ""},
		{"not included", "http://a.example/", Options{IncludePaths: []string{"/docs/*"}}, "http://a.example/blog/x", SkipNotIncluded},
		{"include widens the folder", "http://a.example/docs/", Options{IncludePaths: []string{"/docs/*", "/api/*"}}, "http://a.example/api/x", ""},
		{"include does not widen the host", "http://a.example/", Options{IncludePaths: []string{"/docs/*"}}, "http://b.example/docs/x", SkipOffScope},
		{"excluded", "http://a.example/", Options{ExcludePaths: []string{"/docs/old/*"}}, "http://a.example/docs/old/x", SkipExcluded},
		{
			"excluded wins", "http://a.example/",
			Options{IncludePaths: []string{"/docs"}, ExcludePaths: []string{"*.pdf"}},
			"http://a.example/docs/x.pdf", SkipExcluded,
		},
	}
	for _, test := range tests {
		s, err := newScope([]string{test.start}, test.opts)
		if err != nil {
			t.Fatal(err)
		}
		if got := s.judge(split(test.url)); got != test.want {
			t.Errorf("%s: judge(%s) = %q, want %q", test.name, test.url, got, test.want)
		}
	}
}

func TestScopeRefusesGlobs(t *testing.T) {
	t.Parallel()
	for name, opts := range map[string]Options{
		"empty":             {IncludePaths: []string{" "}},
		"too long":          {ExcludePaths: []string{strings.Repeat("a", maxGlob+1)}},
		"too many":          {ExcludePaths: strings.Fields(strings.Repeat("/a ", maxGlobs+1))},
		"the start itself":  {ExcludePaths: []string{"/docs"}},
		"everything at all": {ExcludePaths: []string{"*"}},
	} {
		if _, err := newScope([]string{"http://a.example/docs/"}, opts); fault.CodeOf(err) != fault.Invalid {
			t.Errorf("%s: %v, want an invalid fault", name, err)
		}
	}
}

func TestGlob(t *testing.T) {
	t.Parallel()
	tests := []struct {
		pattern, url string
		want         bool
	}{
		{"/docs/*", "http://a.b/docs/x/y", true},
		{"/docs/*", "http://a.b/docs", false},
		{"/docs", "http://a.b/docs", true},
		{"/docs", "http://a.b/docs/x", true},
		{"/docs", "http://a.b/docsx", false},
		{"/docs/", "http://a.b/docs/x", true},
		{"docs/*", "http://a.b/v1/docs/x", true},
		{"docs/*", "http://a.b/v1/mydocs/x", false},
		{"*.html", "http://a.b/x/y.html", true},
		{"*.html", "http://a.b/x/y.html.txt", false},
		{"/a/**/z", "http://a.b/a/b/c/z", true},
		{"/a*b*c", "http://a.b/aXbXbXc", true},
		{"/list?page=*", "http://a.b/list?page=2", true},
		{"/list?page=*", "http://a.b/list", false},
		{"/list", "http://a.b/list?page=2", true},
		{"https://a.b/*", "https://a.b/x", true},
		{"https://a.b/*", "http://a.b/x", false},
	}
	for _, test := range tests {
		globs, err := parseGlobs("include_paths", []string{test.pattern})
		if err != nil {
			t.Fatal(err)
		}
		if got := matchAny(globs, split(test.url)); got != test.want {
			t.Errorf("%q against %s: %v, want %v", test.pattern, test.url, got, test.want)
		}
	}
}

func TestScopeLand(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, start, target, want string }{
		{"a folder's slash", "http://a.example/docs", "http://a.example/docs/", "http://a.example/docs/"},
		{"https", "http://a.example/docs/", "https://a.example/docs/", "https://a.example/docs/"},
		{"both", "http://a.example/docs", "https://a.example/docs/", "https://a.example/docs/"},
		{"further into the folder", "http://a.example/", "http://a.example/en/latest/", "http://a.example/"},
		{"www", "http://a.example/", "http://www.a.example/", "http://www.a.example/"},
		{"another place", "http://a.example/docs/", "http://a.example/manual/", "http://a.example/manual/"},
		{"a foreign site", "http://a.example/", "http://b.example/", "http://a.example/"},
		{"a neighbour on a shared suffix", "http://a.github.io/", "http://b.github.io/", "http://a.github.io/"},
	}
	for _, test := range tests {
		s, err := newScope([]string{test.start}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		s.land(0, split(test.target))
		if got := s.starts[0].origin() + s.starts[0].path; got != test.want {
			t.Errorf("%s: %s lands at %s, want %s", test.name, test.start, got, test.want)
		}
	}
}

func TestScopeAdopt(t *testing.T) {
	t.Parallel()
	s, err := newScope([]string{"https://a.example/", "http://b.example/"}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for raw, want := range map[string]string{
		"http://a.example/x":      "https://a.example/x",
		"http://a.example:8080/x": "http://a.example:8080/x",
		"http://b.example/x":      "http://b.example/x",
		"https://b.example/x":     "https://b.example/x",
	} {
		if got := s.adopt(raw); got != want {
			t.Errorf("adopt(%s) = %s, want %s", raw, got, want)
		}
	}
}

// FuzzWildcard compares with the plain recursive definition.
func FuzzWildcard(f *testing.F) {
	for _, seed := range [][2]string{{"*a*b", "xaxb"}, {"", ""}, {"**", "x"}, {"a*", "a"}, {"*a", "ba"}, {"a*b*c", "abbbc"}} {
		f.Add(seed[0], seed[1])
	}
	var plainly func(pattern, text string) bool
	plainly = func(pattern, text string) bool {
		switch {
		case pattern == "":
			return text == ""
		case pattern[0] == '*':
			return plainly(pattern[1:], text) || text != "" && plainly(pattern, text[1:])
		}
		return text != "" && pattern[0] == text[0] && plainly(pattern[1:], text[1:])
	}
	f.Fuzz(func(t *testing.T, pattern, text string) {
		if len(pattern) > 12 || len(text) > 24 || strings.Count(pattern, "*") > 5 {
			return
		}
		if got, want := wildcard(pattern, text), plainly(pattern, text); got != want {
			t.Fatalf("wildcard(%q, %q) = %v, want %v", pattern, text, got, want)
		}
	})
}
