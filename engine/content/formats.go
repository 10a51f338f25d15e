package content

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"io"
	"net/http"
	"net/url"
	"path"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html"
)

// codeByExtension names the language of source files.
var codeByExtension = map[string]string{
	".go": "go", ".py": "python", ".pyi": "python", ".js": "javascript", ".mjs": "javascript", ".cjs": "javascript", ".jsx": "jsx", ".ts": "typescript", ".tsx": "tsx",
	".rs": "rust", ".java": "java", ".kt": "kotlin", ".scala": "scala", ".c": "c", ".h": "c", ".cc": "cpp", ".cpp": "cpp", ".hpp": "cpp", ".cs": "csharp",
	".rb": "ruby", ".php": "php", ".swift": "swift", ".sh": "bash", ".bash": "bash", ".zsh": "zsh", ".ps1": "powershell", ".sql": "sql", ".lua": "lua", ".pl": "perl", ".r": "r",
	".yaml": "yaml", ".yml": "yaml", ".toml": "toml", ".ini": "ini", ".css": "css", ".scss": "scss", ".proto": "protobuf", ".graphql": "graphql", ".ex": "elixir", ".exs": "elixir",
	".erl": "erlang", ".hs": "haskell", ".ml": "ocaml", ".clj": "clojure", ".dart": "dart", ".zig": "zig", ".nim": "nim", ".vue": "vue", ".tf": "hcl", ".cmake": "cmake", ".json": "json",
	".xml": "xml", ".jsonl": "json",
}

// kindOf chooses the reader: "html", "markdown", "text", "feed", "pdf", the name
// of a language for source code, or nothing.
func kindOf(in Input) string {
	ext := extension(in.URL)
	t := strings.ToLower(in.MediaType)
	switch t {
	case "text/html", "application/xhtml+xml":
		return "html"
	case "text/markdown", "text/x-markdown":
		return "markdown"
	case "application/pdf":
		return "pdf"
	case "application/rss+xml", "application/atom+xml", "application/xml", "text/xml":
		return xmlKind(in.Body)
	case "application/json", "application/ld+json":
		return "json"
	case "", "text/plain", "application/octet-stream":
		return kindByName(ext, in.Body)
	}
	if lang, ok := codeByExtension[ext]; ok {
		return lang
	}
	switch {
	case strings.HasSuffix(t, "+xml"):
		return xmlKind(in.Body)
	case strings.HasSuffix(t, "+json"):
		return "json"
	case strings.HasPrefix(t, "text/"), strings.HasPrefix(t, "application/") && utf8.Valid(in.Body) && !bytes.Contains(in.Body, []byte{0}):
		return "text"
	}
	return ""
}

// isXHTML reports whether a page that is read as HTML was sent as XML. As
// text/html, browsers read XHTML as HTML, too.
func isXHTML(in Input) bool {
	return strings.HasSuffix(strings.ToLower(in.MediaType), "xml") || in.MediaType == "" && extension(in.URL) == ".xhtml"
}

func extension(raw string) string {
	if u, err := url.Parse(raw); err == nil && u.Path != "" {
		return strings.ToLower(path.Ext(u.Path))
	}
	return strings.ToLower(path.Ext(raw))
}

func kindByName(ext string, body []byte) string {
	switch ext {
	case ".md", ".markdown", ".mdx":
		return "markdown"
	case ".html", ".htm", ".xhtml":
		return "html"
	case ".pdf":
		return "pdf"
	case ".rss", ".atom":
		return "feed"
	}
	if lang, ok := codeByExtension[ext]; ok {
		return lang
	}
	switch sniffed := http.DetectContentType(body); {
	case strings.HasPrefix(sniffed, "text/html"):
		return "html"
	case strings.HasPrefix(sniffed, "application/pdf"):
		return "pdf"
	case strings.HasPrefix(sniffed, "text/xml"):
		return xmlKind(body)
	case strings.HasPrefix(sniffed, "text/"):
		return "text"
	}
	return ""
}

// xmlKind looks at the root element.
func xmlKind(body []byte) string {
	head := bytes.ToLower(body[:min(len(body), 2048)])
	switch {
	case bytes.Contains(head, []byte("<rss")), bytes.Contains(head, []byte("<feed")), bytes.Contains(head, []byte("<rdf:rdf")):
		return "feed"
	case bytes.Contains(head, []byte("<html")):
		return "html"
	}
	return "xml"
}

func parseText(in Input) *Document {
	text := Sanitize(strings.ReplaceAll(string(bytes.ToValidUTF8(in.Body, []byte("\uFFFD"))), "\r\n", "\n"))
	return &Document{Markdown: text}
}

// parseMarkdown keeps Markdown as it is, but for its front matter, and reads the
// headings.
func parseMarkdown(in Input) *Document {
	text := Sanitize(strings.ReplaceAll(string(bytes.ToValidUTF8(in.Body, []byte("\uFFFD"))), "\r\n", "\n"))
	doc := &Document{}
	if rest, ok := strings.CutPrefix(text, "---\n"); ok {
		if front, body, ok := strings.Cut(rest, "\n---\n"); ok && len(front) < 10_000 {
			for line := range strings.Lines(front) {
				if v, ok := strings.CutPrefix(line, "title:"); ok {
					doc.Title = clean(strings.Trim(strings.TrimSpace(v), `"'`), 300)
				}
			}
			text = body
		}
	}
	doc.Markdown = strings.TrimSpace(withoutHidden(text))
	doc.Headings = MarkdownHeadings(doc.Markdown)
	for _, h := range doc.Headings {
		if h.Level == 1 && doc.Title == "" {
			doc.Title = clean(h.Text, 300)
		}
	}
	return doc
}

// MarkdownHeadings finds the ATX headings outside of fences, with the anchors
// that GitHub gives them.
func MarkdownHeadings(md string) []Heading {
	var list []Heading
	fence, pos := "", 0
	for line := range strings.Lines(md) {
		trimmed := strings.TrimSpace(line)
		switch {
		case fence != "":
			if strings.HasPrefix(trimmed, fence) {
				fence = ""
			}
		case strings.HasPrefix(trimmed, "```"), strings.HasPrefix(trimmed, "~~~"):
			fence = trimmed[:3]
		case strings.HasPrefix(line, "#"):
			level := len(line) - len(strings.TrimLeft(line, "#"))
			if text := strings.TrimSpace(strings.TrimRight(strings.TrimSpace(line[level:]), "#")); level <= 6 && text != "" && line[level] == ' ' {
				list = append(list, Heading{Level: level, Text: text, Anchor: slug(text), Offset: pos})
			}
		}
		pos += len(line)
	}
	return list
}

func slug(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case r == '-' || r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r > 0x7f:
			return r
		}
		return -1
	}, strings.ToLower(s))
}

// parseCode makes one fenced block of a source file.
func parseCode(in Input, lang string) *Document {
	text := strings.TrimRight(Sanitize(strings.ReplaceAll(string(bytes.ToValidUTF8(in.Body, []byte("\uFFFD"))), "\r\n", "\n")), "\n")
	if lang == "json" {
		var out bytes.Buffer
		if json.Indent(&out, []byte(text), "", "  ") == nil {
			text = out.String()
		}
	}
	fence := "```"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	return &Document{Markdown: fence + lang + "\n" + text + "\n" + fence}
}

// maxFeedItems bounds a feed.
const maxFeedItems = 500

// feedItem is an entry of RSS 2.0, RSS 1.0 or Atom.
type feedItem struct {
	Title   feedText `xml:"title"`
	Link    []link   `xml:"link"`
	Summary feedText `xml:"description"`
	Atom    feedText `xml:"summary"`
	Content feedText `xml:"content"`
	Encoded feedText `xml:"http://purl.org/rss/1.0/modules/content/ encoded"`
}

// feedText is text, or HTML as text, or in Atom XHTML as it stands.
type feedText struct {
	Type  string `xml:"type,attr"`
	Text  string `xml:",chardata"`
	Inner []byte `xml:",innerxml"`
}

// html is the text as HTML, whichever way it was written.
func (t *feedText) html() []byte {
	if t.Type == "xhtml" {
		return asHTML(t.Inner)
	}
	return []byte(strings.TrimSpace(t.Text))
}

// line is the text of a title.
func (t *feedText) line() string {
	if t.Type != "html" && t.Type != "xhtml" {
		return clean(t.Text, 300)
	}
	var b strings.Builder
	for z := html.NewTokenizer(bytes.NewReader(t.html())); z.Next() != html.ErrorToken; {
		if token := z.Token(); token.Type == html.TextToken {
			b.WriteString(token.Data)
		}
	}
	return clean(b.String(), 300)
}

type link struct {
	Href string `xml:"href,attr"`
	Text string `xml:",chardata"`
}

// parseFeed reads RSS and Atom from a token stream: no entity is expanded but
// XML's own, so that nothing grows.
func parseFeed(in Input) *Document {
	doc := &Document{}
	d := xml.NewDecoder(bytes.NewReader(in.Body))
	d.Strict = false
	d.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil }
	links := newLinker(in.URL, "")
	var b strings.Builder
	for items := 0; items < maxFeedItems; {
		token, err := d.Token()
		if err != nil {
			break
		}
		start, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		switch start.Name.Local {
		case "title":
			var text feedText
			if d.DecodeElement(&text, &start) == nil && doc.Title == "" {
				doc.Title = text.line()
				b.WriteString("# " + doc.Title + "\n\n")
			}
		case "item", "entry":
			var item feedItem
			if d.DecodeElement(&item, &start) == nil {
				items++
				doc.addItem(&b, item, links)
			}
		}
	}
	doc.Markdown = strings.TrimSpace(b.String())
	doc.Headings = MarkdownHeadings(doc.Markdown)
	return doc
}

func (doc *Document) addItem(b *strings.Builder, item feedItem, links *linker) {
	title := item.Title.line()
	target := ""
	for _, l := range item.Link {
		href := l.Href
		if href == "" {
			href = strings.TrimSpace(l.Text)
		}
		if target = links.resolve(href); target != "" {
			doc.Links = append(doc.Links, Link{URL: target, Text: title, Main: true})
			break
		}
	}
	if title == "" {
		title = target
	}
	b.WriteString("## " + escape(title) + "\n\n")
	if target != "" {
		b.WriteString("<" + mdTarget(target) + ">\n\n")
	}
	for _, text := range []feedText{item.Encoded, item.Content, item.Summary, item.Atom} {
		if source := text.html(); len(source) > 0 {
			body, err := parseHTML(Input{URL: links.base.String(), Body: source})
			if err == nil && body.Markdown != "" {
				b.WriteString(strings.TrimSpace(body.Markdown) + "\n\n")
				return
			}
		}
	}
}
