package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// containers are the classes of the element that holds the content of a page,
// which only the bench knows, the outermost first.
func containers(site string) []string {
	if site == "python3.11-doc" {
		return []string{"body"}
	}
	return []string{"book", "part", "chapter", "appendix", "preface", "refentry", "reference", "sect1", "bibliography", "index"}
}

// docSamples reads every nth page of a site that has a main container.
func docSamples(s site, every int) (samples []sample, err error) {
	n := 0
	err = filepath.WalkDir(s.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".html") {
			return err
		}
		if n++; n%every != 0 {
			return nil
		}
		page, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		root, err := html.Parse(bytes.NewReader(page))
		if err != nil {
			return err
		}
		main := containerIn(root, containers(s.name))
		if main == nil {
			return nil
		}
		truth := grams(textBelow(main))
		samples = append(samples, sample{
			page: page, address: &url.URL{Scheme: "https", Host: "docs.example.com", Path: "/" + filepath.Base(path)}, code: codeBelow(main),
			score: func(markdown string) float64 { return overlap(grams(plain(markdown)), truth) },
		})
		return nil
	})
	return samples, err
}

func containerIn(root *html.Node, classes []string) *html.Node {
	for _, class := range classes {
		for n := range root.Descendants() {
			if n.DataAtom == atom.Div && attribute(n, "class") == class {
				return n
			}
		}
	}
	return nil
}

func attribute(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

// textBelow is the text of an element; blocks are words of their own, and the
// marks that link to a heading are no text.
func textBelow(n *html.Node) string {
	var b strings.Builder
	var visit func(n *html.Node)
	visit = func(n *html.Node) {
		switch {
		case n.Type == html.TextNode:
			b.WriteString(n.Data)
		case n.DataAtom == atom.Script, n.DataAtom == atom.Style, attribute(n, "class") == "headerlink":
			return
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			visit(c)
		}
		switch n.DataAtom {
		case atom.A, atom.Span, atom.Code, atom.Em, atom.Strong, atom.B, atom.I, atom.Tt, atom.Sup, atom.Sub:
		default:
			if n.Type == html.ElementNode {
				b.WriteByte(' ')
			}
		}
	}
	visit(n)
	return b.String()
}

// codeBelow are the texts of the code blocks of an element.
func codeBelow(main *html.Node) (blocks []string) {
	for n := range main.Descendants() {
		if n.DataAtom == atom.Pre {
			if text := folded(textOfCode(n)); text != "" {
				blocks = append(blocks, text)
			}
		}
	}
	return blocks
}

func textOfCode(n *html.Node) string {
	var b strings.Builder
	for c := range n.Descendants() {
		if c.Type == html.TextNode {
			b.WriteString(c.Data)
		}
	}
	return b.String()
}

// folded folds white space, and drops the zero-width spaces by which stylesheets
// let long lines of code break: nobody sees them.
func folded(s string) string {
	return strings.Join(strings.Fields(strings.ReplaceAll(s, "\u200b", "")), " ")
}

var quoteMarks = regexp.MustCompile(`(?m)^ *> ?`)

// keptCode counts the code blocks whose text stands in the Markdown, white space
// folded, also within a quote.
func keptCode(markdown string, code []string) (kept, all int) {
	whole, unquoted := folded(markdown), folded(quoteMarks.ReplaceAllString(markdown, ""))
	for _, block := range code {
		if strings.Contains(whole, block) || strings.Contains(unquoted, block) {
			kept++
		}
	}
	return kept, len(code)
}

var (
	word       = regexp.MustCompile(`\w+`)
	linkTarget = regexp.MustCompile(`\]\([^()\s]*(?: "[^"\n]*")?\)`)
	fenceLine  = regexp.MustCompile("(?m)^[ >]*(```+)\\S*$")
)

// plain is the text of Markdown.
func plain(markdown string) string {
	markdown = fenceLine.ReplaceAllString(linkTarget.ReplaceAllString(markdown, "]"), "")
	return strings.NewReplacer("<br>", " ", `\`, "").Replace(markdown)
}

// grams counts the word 4-grams of a text.
func grams(text string) map[string]int {
	words := word.FindAllString(strings.ToLower(text), -1)
	m := map[string]int{}
	for i := 0; i+4 <= len(words); i++ {
		m[strings.Join(words[i:i+4], " ")]++
	}
	return m
}

// wordCounts counts the words of a text.
func wordCounts(text string) map[string]int {
	m := map[string]int{}
	for _, w := range word.FindAllString(strings.ToLower(text), -1) {
		m[w]++
	}
	return m
}

// overlap is the F1 of two multisets.
func overlap(got, want map[string]int) float64 {
	both, all := 0, 0
	for k, n := range got {
		both, all = both+min(n, want[k]), all+n
	}
	for _, n := range want {
		all += n
	}
	if all == 0 {
		return 1
	}
	return 2 * float64(both) / float64(all)
}

// wcxbSamples reads the pages of the Web Content Extraction Benchmark, from the
// folder that AXON_WCXB names or unpacked (tar and xz) from the shared folder.
func wcxbSamples() (samples []sample, err error) {
	dir := os.Getenv("AXON_WCXB")
	if dir == "" {
		if dir, err = os.MkdirTemp("", "wcxb"); err != nil {
			return nil, err
		}
		defer func() { _ = os.RemoveAll(dir) }()
		if out, err := exec.Command("tar", "-xJf", filepath.Join(sharedDir(), "data", "wcxb.tar.xz"), "-C", dir).CombinedOutput(); err != nil {
			return nil, fmt.Errorf("wcxb.tar.xz: %w: %s", err, out)
		}
	}
	f, err := os.Open(filepath.Join(dir, "truth.jsonl"))
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // it was only read
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		var row struct {
			ID   string `json:"id"`
			URL  string `json:"url"`
			Type string `json:"type"`
			Main string `json:"main_content"`
		}
		if err := json.Unmarshal(lines.Bytes(), &row); err != nil {
			return nil, err
		}
		page, err := os.ReadFile(filepath.Join(dir, "html", row.ID+".html"))
		if err != nil {
			return nil, err
		}
		address, err := url.Parse(row.URL)
		if err != nil {
			return nil, err
		}
		truth := wordCounts(row.Main)
		kind := row.Type
		if (row.ID[len(row.ID)-1]-'0')%2 == 1 {
			kind += checkMark
		}
		samples = append(samples, sample{kind: kind, address: address, page: page, score: func(markdown string) float64 {
			return overlap(wordCounts(plain(markdown)), truth)
		}})
	}
	return samples, lines.Err()
}

// checkMark ends the kind of a page of the check half.
const checkMark = " (check)"

// kinds are the groups that a page is counted in.
func (s *sample) kinds() []string {
	kind, check := strings.CutSuffix(s.kind, checkMark)
	if !check {
		return []string{"all", kind}
	}
	return []string{"all", kind, "check half", "check half, " + kind}
}
