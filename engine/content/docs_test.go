package content

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// sites are documentation packages of Debian with the container that holds each
// page's content: only the test knows it.
var sites = []struct {
	name, dir string
	main      []mark
}{
	{"python3.11-doc", "/usr/share/doc/python3.11/html", []mark{{tag: atom.Div, class: "body"}}},
	{"postgresql-doc-15", "/usr/share/doc/postgresql-doc-15/html", []mark{
		{tag: atom.Div, class: "book"},
		{tag: atom.Div, class: "part"},
		{tag: atom.Div, class: "chapter"},
		{tag: atom.Div, class: "appendix"},
		{tag: atom.Div, class: "preface"},
		{tag: atom.Div, class: "refentry"},
		{tag: atom.Div, class: "reference"},
		{tag: atom.Div, class: "sect1"},
		{tag: atom.Div, class: "bibliography"},
		{tag: atom.Div, class: "index"},
	}},
}

func pagesOf(t testing.TB, dir string, every int) (paths []string) {
	t.Helper()
	n := 0
	_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && strings.HasSuffix(path, ".html") {
			if n++; n%every == 0 {
				paths = append(paths, path)
			}
		}
		return nil
	})
	if len(paths) == 0 {
		if os.Getenv("CI") != "" {
			t.Fatalf("the documentation package is not installed: %s", dir)
		}
		t.Skipf("the documentation package is not installed: %s", dir)
	}
	return paths
}

var wordPattern = regexp.MustCompile(`\w+`)

// grams counts the word 4-grams of a text.
func grams(s string) map[[4]string]int {
	words := wordPattern.FindAllString(strings.ToLower(s), -1)
	m := map[[4]string]int{}
	for i := 0; i+4 <= len(words); i++ {
		m[[4]string(words[i:i+4])]++
	}
	return m
}

var (
	mdLink  = regexp.MustCompile(`\]\([^()\s]*\)`)
	mdFence = regexp.MustCompile("(?m)^[ >]*(```+)\\S*$")
)

// textOf is the text of our Markdown.
func textOf(md string) string {
	md = mdFence.ReplaceAllString(mdLink.ReplaceAllString(md, "]"), "")
	return strings.NewReplacer("<br>", " ", `\`, "").Replace(md)
}

func f1(got, want string) float64 {
	g, w := grams(got), grams(want)
	both, all, truth := 0, 0, 0
	for k, n := range g {
		all += n
		both += min(n, w[k])
	}
	for _, n := range w {
		truth += n
	}
	if all+truth == 0 {
		return 1
	}
	return 2 * float64(both) / float64(all+truth)
}

// TestDocumentationIsKept measures how much of real documentation is kept: it
// prints the figures, and fails where they fall far below what was reached.
func TestDocumentationIsKept(t *testing.T) {
	t.Parallel()
	for _, site := range sites {
		t.Run(site.name, func(t *testing.T) {
			t.Parallel()
			sum, n, codes, kept := 0.0, 0, 0, 0
			for _, path := range pagesOf(t, site.dir, 8) {
				raw, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				root, err := html.Parse(bytes.NewReader(raw))
				if err != nil {
					t.Fatal(err)
				}
				seen := build(root, nil, &nursery{}).root
				var main *node
				for _, m := range site.main {
					if main = find(seen, m.fits); main != nil {
						break
					}
				}
				if main == nil {
					continue
				}
				doc, err := Parse(Input{URL: "https://docs.example.com/" + filepath.Base(path), MediaType: "text/html", Body: raw})
				if err != nil {
					t.Fatal(err)
				}
				truth := tightWithoutPermalinks(main)
				got := f1(textOf(doc.Markdown), truth)
				sum += got
				n++
				if got < .85 && testing.Verbose() {
					t.Logf("%.3f %s (%s)", got, path, doc.Generator)
				}
				folded := fold(doc.Markdown)
				unquoted := fold(regexp.MustCompile(`(?m)^ *> ?`).ReplaceAllString(doc.Markdown, ""))
				walk(main, func(n *node) bool {
					if n.tag != atom.Pre {
						return true
					}
					codes++
					if code := fold(rawText(n)); strings.Contains(folded, code) || strings.Contains(unquoted, code) {
						kept++
					} else if testing.Verbose() && codes-kept < 6 {
						t.Logf("cut: %s: %q", filepath.Base(path), rawText(n))
					}
					return false
				})
			}
			t.Logf("4-gram F1 %.4f over %d pages; %d of %d code blocks whole", sum/float64(n), n, kept, codes)
			if sum/float64(n) < .97 || float64(kept) < .99*float64(codes) {
				t.Errorf("documentation is lost")
			}
		})
	}
}

func tightWithoutPermalinks(n *node) string {
	var b strings.Builder
	walk(n, func(n *node) bool {
		if n.kind == html.TextNode {
			b.WriteString(n.data)
		}
		if isBlockTag(n.tag) || n.tag == atom.Br {
			b.WriteByte(' ')
		}
		return n.kind != html.ElementNode || n.tag != atom.Script && n.tag != atom.Style && !isPermalink(n)
	})
	return b.String()
}

func BenchmarkParseDocs(b *testing.B) {
	for _, site := range sites {
		b.Run(site.name, func(b *testing.B) {
			var bodies [][]byte
			for _, path := range pagesOf(b, site.dir, 8) {
				raw, err := os.ReadFile(path)
				if err != nil {
					b.Fatal(err)
				}
				bodies = append(bodies, raw)
			}
			b.Run("document", func(b *testing.B) {
				for i := 0; b.Loop(); i++ {
					if _, err := Parse(Input{URL: "https://docs.example.com/a", MediaType: "text/html", Body: bodies[i%len(bodies)]}); err != nil {
						b.Fatal(err)
					}
				}
			})
			b.Run("html.Parse alone", func(b *testing.B) {
				for i := 0; b.Loop(); i++ {
					if _, err := html.Parse(bytes.NewReader(bodies[i%len(bodies)])); err != nil {
						b.Fatal(err)
					}
				}
			})
		})
	}
}

// BenchmarkBesideParse reads each page in turn with html.Parse alone and whole,
// so that a busy machine slows both; ratio is how fast the whole is beside the
// parser alone (bar: 0.5).
func BenchmarkBesideParse(b *testing.B) {
	for _, site := range sites {
		b.Run(site.name, func(b *testing.B) {
			var bodies [][]byte
			for _, path := range pagesOf(b, site.dir, 8) {
				raw, err := os.ReadFile(path)
				if err != nil {
					b.Fatal(err)
				}
				bodies = append(bodies, raw)
			}
			var alone, whole time.Duration
			for b.Loop() {
				for _, body := range bodies {
					began := time.Now()
					if _, err := html.Parse(bytes.NewReader(body)); err != nil {
						b.Fatal(err)
					}
					between := time.Now()
					if _, err := Parse(Input{URL: "https://docs.example.com/a", MediaType: "text/html", Body: body}); err != nil {
						b.Fatal(err)
					}
					alone, whole = alone+between.Sub(began), whole+time.Since(between)
				}
			}
			b.ReportMetric(alone.Seconds()/whole.Seconds(), "ratio")
			b.ReportMetric(float64(b.N*len(bodies))/whole.Seconds(), "pages/s")
		})
	}
}
