package main

import (
	"cmp"
	"context"
	"fmt"
	"html"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/axon-mcp/axon-mcp/engine/index"
)

// lookupKinds are the queries that name a thing, as they are drawn from a page.
var lookupKinds = []string{"identifier", "error code", "option", "heading", "exact phrase"}

// lookups are the queries of one corpus: kind → query → pages that are right.
type lookups map[string]map[string][]string

func (l lookups) add(kind, query, page string) {
	query = strings.Join(strings.Fields(html.UnescapeString(query)), " ")
	if query == "" || len(query) > 100 {
		return
	}
	if l[kind] == nil {
		l[kind] = make(map[string][]string)
	}
	if pages := l[kind][query]; !slices.Contains(pages, page) {
		l[kind][query] = append(pages, page)
	}
}

// corpus is a folder of documentation whose generator marks what a page defines.
type corpus struct {
	name, dir string
	keep      *regexp.Regexp // of paths; nil for all
	draw      func(l lookups, page, body string)
}

var (
	sphinxName  = regexp.MustCompile(`<dt class="sig sig-object (py|c)" id="([^"]+)"`)
	sphinxOther = regexp.MustCompile(`<dt class="sig sig-object std" id="(cmdoption|envvar)-[^"]*">\s*<span class="sig-name descname"><span class="pre">([^<]+)<`)
	bookTerm    = regexp.MustCompile(`<dt id="[^"]*"><span class="term"><code class="(varname|literal)">([^<]+)</code>`)
	bookEntry   = regexp.MustCompile(`<h2><span class="refentrytitle">([^<]+)</span></h2>`)
	bookFunc    = regexp.MustCompile(`<p class="func_signature">\s*<a id="[^"]*"[^>]*></a>\s*<code class="function">([^<]+)</code>`)
	bookCode    = regexp.MustCompile(`<td><code class="literal">([0-9A-Z]{5})</code></td>`)
	rustItem    = regexp.MustCompile(`(?:^|/)([a-z_0-9]+)/(struct|enum|trait|union|primitive|fn|macro)\.([A-Za-z_0-9]+)\.html$`)
	rustMember  = regexp.MustCompile(`id="(?:method|tymethod|variant|associatedtype|associatedconstant)\.([A-Za-z_0-9]+)"`)
	rustCode    = regexp.MustCompile(`error_codes/(E[0-9]{4})\.html$`)
	optionTerm  = regexp.MustCompile(`<dt class="option-term" id="[^"]*"><a class="option-anchor" href="[^"]*"><code>([^<]+)</code>`)
	headingTag  = regexp.MustCompile(`(?s)<h[1-4][^>]*>(.*?)</h[1-4]>`)
	paragraph   = regexp.MustCompile(`(?s)<p>([^<]{80,})`)
	anyTag      = regexp.MustCompile(`<[^>]*>`)
)

const rustDocs = ".rustup/toolchains/stable-x86_64-unknown-linux-gnu/share/doc/rust/html"

// corpora are the sites of issue 3 and what else a machine may have.
func corpora() []corpus {
	home, _ := os.UserHomeDir() // without one the folder is not there, which is said
	rust := filepath.Join(home, rustDocs)
	return []corpus{
		{"python3.11-doc (Sphinx)", "/usr/share/doc/python3.11/html", nil, drawSphinx},
		{"postgresql-doc-15 (DocBook)", "/usr/share/doc/postgresql-doc-15/html", nil, drawBook},
		{"Rust's std, in part (rustdoc)", rust, regexp.MustCompile(`^std/(vec|collections|string|option|result|sync|io|fs|path|mem|thread|time|iter|fmt|cell|rc|env|process|net)/`), drawRust},
		{"Rust's error codes (mdBook)", rust, regexp.MustCompile(`^error_codes/`), drawRust},
		{"Cargo and rustc (mdBook)", rust, regexp.MustCompile(`^(cargo|rustc)/`), drawCargo},
		{"npm", "/usr/lib/node_modules/npm/docs/output", nil, drawNamed},
		{"manual pages (groff)", os.Getenv("AXON_BENCH_MAN"), nil, drawNamed},
	}
}

func drawSphinx(l lookups, page, body string) {
	for _, m := range sphinxName.FindAllStringSubmatch(body, -1) {
		name := m[2]
		if m[1] == "c" {
			name = strings.TrimPrefix(name, "c.")
		}
		l.add("identifier", name, page)
	}
	for _, m := range sphinxOther.FindAllStringSubmatch(body, -1) {
		l.add(map[string]string{"cmdoption": "option", "envvar": "identifier"}[m[1]], m[2], page)
	}
}

func drawBook(l lookups, page, body string) {
	for _, m := range bookTerm.FindAllStringSubmatch(body, -1) {
		if strings.Contains(m[2], "_") { // others are words of SQL
			l.add("identifier", m[2], page)
		}
	}
	for _, m := range bookFunc.FindAllStringSubmatch(body, -1) {
		l.add("identifier", m[1], page)
	}
	for _, m := range bookEntry.FindAllStringSubmatch(body, -1) {
		l.add("identifier", m[1], page)
	}
	for _, m := range bookCode.FindAllStringSubmatch(body, -1) {
		l.add("error code", m[1], page)
	}
}

func drawRust(l lookups, page, body string) {
	if m := rustCode.FindStringSubmatch(page); m != nil {
		l.add("error code", m[1], page)
	}
	m := rustItem.FindStringSubmatch(page)
	if m == nil {
		return
	}
	switch module, kind, name := m[1], m[2], m[3]; kind {
	case "fn":
		l.add("identifier", module+"::"+name, page)
	case "macro":
		l.add("identifier", name+"!", page)
	default:
		for _, member := range rustMember.FindAllStringSubmatch(body, -1) {
			l.add("identifier", name+"::"+member[1], page)
		}
	}
}

func drawCargo(l lookups, page, body string) {
	command := strings.TrimSuffix(filepath.Base(page), ".html")
	for _, m := range optionTerm.FindAllStringSubmatch(body, -1) {
		l.add("option", command+" "+m[1], page)
	}
}

// drawNamed is for pages that are named after what they define.
func drawNamed(l lookups, page, _ string) {
	l.add("identifier", strings.TrimSuffix(filepath.Base(page), ".html"), page)
}

// drawText draws what every page has: headings of three words and more, and six
// words of a paragraph in quotes.
func drawText(l lookups, page, body string) {
	for _, m := range headingTag.FindAllStringSubmatch(body, -1) {
		text := strings.Trim(strings.TrimSpace(html.UnescapeString(anyTag.ReplaceAllString(m[1], ""))), "¶§# \u00a0")
		if len(strings.Fields(text)) >= 3 {
			l.add("heading", text, page)
		}
	}
	if all := paragraph.FindAllStringSubmatch(body, -1); len(all) > 0 {
		words := strings.Fields(html.UnescapeString(all[len(all)/2][1]))
		if len(words) >= 8 && !strings.Contains(strings.Join(words[:8], " "), `"`) {
			l.add("exact phrase", `"`+strings.Join(words[1:7], " ")+`"`, page)
		}
	}
}

// gather reads the corpus and draws from it.
func (c corpus) gather() (lookups, error) {
	all, text := lookups{}, make(map[string]string)
	err := filepath.WalkDir(c.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".html") {
			return err
		}
		page, err := filepath.Rel(c.dir, path)
		if err != nil || c.keep != nil && !c.keep.MatchString(page) {
			return err
		}
		body, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		page = filepath.ToSlash(page)
		c.draw(all, page, string(body))
		drawText(all, page, string(body))
		text[page] = strings.Join(strings.Fields(html.UnescapeString(anyTag.ReplaceAllString(string(body), ""))), " ")
		return nil
	})
	for phrase, pages := range all["exact phrase"] { // it may stand on other pages, too
		plain := strings.Trim(phrase, `"`)
		for page, body := range text {
			if strings.Contains(body, plain) && !slices.Contains(pages, page) {
				all["exact phrase"][phrase] = append(all["exact phrase"][phrase], page)
			}
		}
	}
	return all, err
}

// drawn is how many queries of a kind are asked.
const drawn = 1000

// benchLookup asks for things by their names.
func benchLookup(out io.Writer) error {
	fmt.Fprintf(out, "### retrieval: the page of a name\n\nQueries drawn from the pages by what the generator marks (`dt id=…`, `refentrytitle`, `id=\"method.…\"`, names of files, headings, six words of a paragraph in quotes), at most %d of a kind. A page is right where it defines the name; the share of queries whose first page is right, and of those with one among the first three.\n\n", drawn)
	fmt.Fprintln(out, "| corpus | kind | queries | right page first | among three |\n|---|---|---|---|---|")
	for _, c := range corpora() {
		if _, err := os.Stat(c.dir); err != nil {
			fmt.Fprintf(out, "| %s | not on this machine | | | |\n", c.name)
			continue
		}
		if err := c.measure(context.Background(), out); err != nil {
			return err
		}
	}
	fmt.Fprintln(out)
	return nil
}

func (c corpus) measure(ctx context.Context, out io.Writer) error {
	all, err := c.gather()
	if err != nil {
		return err
	}
	ix, done, err := indexed(ctx, c.dir, c.keep)
	if err != nil {
		return err
	}
	defer done()
	for _, kind := range lookupKinds {
		queries := drawSome(all[kind], drawn)
		if len(queries) < 5 {
			continue
		}
		first, three := 0, 0
		for _, q := range queries {
			rank, top, err := firstRight(ctx, ix, q, all[kind][q])
			if err != nil {
				return err
			}
			if rank == 1 {
				first++
			}
			if rank > 0 && rank <= 3 {
				three++
			}
			if rank != 1 && os.Getenv("AXON_BENCH_MISSES") != "" {
				fmt.Fprintf(os.Stderr, "%s: %s: %q: rank %d; first %s, right %v\n", c.name, kind, q, rank, top, all[kind][q][:min(3, len(all[kind][q]))])
			}
		}
		n := float64(len(queries))
		fmt.Fprintf(out, "| %s | %s | %d | %.1f %% | %.1f %% |\n", c.name, kind, len(queries), 100*float64(first)/n, 100*float64(three)/n)
	}
	return nil
}

// drawSome returns n of the queries, the same each time.
func drawSome(queries map[string][]string, n int) []string {
	list := make([]string, 0, len(queries))
	for q := range queries {
		list = append(list, q)
	}
	slices.Sort(list)
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	return list[:min(n, len(list))]
}

// firstRight returns the rank of the first right page among ten, and the page
// that came first.
func firstRight(ctx context.Context, ix *index.Index, query string, right []string) (rank int, top string, err error) {
	found, err := ix.Search(ctx, index.Query{Text: query, Limit: 60})
	if err != nil {
		return 0, "", fmt.Errorf("%q: %w", query, err)
	}
	var seen []string
	for _, hit := range found.Hits {
		page := strings.TrimPrefix(hit.URL, "https://docs.example/")
		if slices.Contains(seen, page) {
			continue
		}
		if seen = append(seen, page); slices.Contains(right, page) && rank == 0 {
			rank = len(seen)
		}
	}
	if len(seen) > 0 {
		top = seen[0]
	}
	return cmp.Or(rank, 0), top, nil
}
