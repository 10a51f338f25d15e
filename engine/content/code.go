package content

import (
	"strconv"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// code writes a fenced block: never flattened, without line numbers and copy
// buttons.
func (w *writer) code(n *node) {
	if hasClass(n, "src-line-numbers") { // beside the code
		return
	}
	if all := versions(n); len(all) > 1 {
		for _, c := range all {
			w.fence(linesOf(c), language(c))
		}
		return
	}
	lang := language(n)
	leaveLabel(n, lang)
	text := linesOf(n)
	if isPlayed(n) {
		text = trimLines(withoutFormatting(text))
	}
	w.fence(text, lang)
}

// versions are the codes in a block of which a person sees one at a time: each names
// its language, and nothing else is said beside them.
func versions(n *node) (all []*node) {
	for c := n.first; c != nil; c = c.next {
		switch {
		case c.tag == atom.Code && languageOf(c) != "":
			all = append(all, c)
		case c.weight.text > 0 && c.tag != atom.Button, c.kind == html.TextNode && !isBlank(c.data):
			return nil
		}
	}
	return all
}

// linesOf is the text of a code block, without white space at the ends of lines.
func linesOf(n *node) string {
	var b strings.Builder
	walk(n, func(c *node) bool {
		leaveNumbers(c)
		return c.kind == html.ElementNode
	})
	codeText(n, &b)
	return trimLines(b.String())
}

func trimLines(text string) string {
	if strings.Contains(text, "\r") {
		text = strings.ReplaceAll(text, "\r\n", "\n")
	}
	if strings.Contains(text, "\u00a0") {
		text = strings.ReplaceAll(text, "\u00a0", " ")
	}
	lines := strings.Split(strings.Trim(text, "\n"), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " \t\r")
	}
	text = strings.Trim(strings.Join(lines, "\n"), "\n")
	if strings.TrimSpace(text) == "" {
		return ""
	}
	return text
}

// leaveNumbers makes the numbers of lines junk where each child of a box is a line
// that begins with its number and has the code in a box of its own.
func leaveNumbers(box *node) {
	var numbers []*node
	last, says := 0, false
	for line := box.first; line != nil; line = line.next {
		if line.kind == html.TextNode && isBlank(line.data) {
			continue
		}
		first := line.first
		if first == nil || first.kind != html.ElementNode || first.weight.text > 6 || first.end-first.order > 6 || first.next != nil && first.next.tag != atom.Div && first.next.tag != atom.Code {
			return
		}
		number, err := strconv.Atoi(strings.TrimSpace(rawText(first)))
		if err != nil || len(numbers) > 0 && number != last+1 {
			return
		}
		numbers, last, says = append(numbers, first), number, says || first.next != nil
	}
	if !says || len(numbers) == 1 && last != 1 {
		return
	}
	for _, n := range numbers {
		n.junk = true
	}
}

// isCodeBox tells a box of code that is no <pre>: it names the language and holds
// no blocks (Writerside).
func isCodeBox(n *node) bool {
	return n.tag == atom.Div && hasAttr(n, "data-lang") && hasClass(n, "code-block") && n.weight.solid == 0
}

// isLineNumber tells the number of a line that links to itself (rustdoc), or
// that a style keeps from being copied (chroma).
func isLineNumber(n *node) bool {
	switch n.tag {
	case atom.A:
		if n.id == "" || attr(n, "href") != "#"+n.id {
			return false
		}
	case atom.Span:
		if n.weight.text > 6 || !strings.Contains(strings.ReplaceAll(attr(n, "style"), " ", ""), "user-select:none") {
			return false
		}
	default:
		return false
	}
	return strings.Trim(rawText(n), "0123456789 \n") == ""
}

// leaveLabel makes junk of the box above the code in its block that names its
// language.
func leaveLabel(n *node, language string) {
	for c := n.first; c != nil && language != ""; {
		switch {
		case c.weight.text == 0:
			c = c.next
		case c.tag == atom.Div && strings.EqualFold(tight(c), language):
			c.junk = true
			return
		default:
			c = c.first
		}
	}
}

// fence writes text between fences that are longer than any in it.
func (w *writer) fence(text, language string) {
	if text == "" {
		return
	}
	fence := strings.Repeat("`", max(longestRun(text, '`')+1, 3))
	w.block(2)
	w.text(fence + language)
	w.pending++
	w.lines(text)
	w.pending++
	w.text(fence)
}

// longestRun is the length of the longest run of c in s.
func longestRun(s string, c byte) int {
	longest := 0
	for i := strings.IndexByte(s, c); i >= 0 && i < len(s); {
		end := i
		for end < len(s) && s[end] == c {
			end++
		}
		longest = max(longest, end-i)
		next := strings.IndexByte(s[end:], c)
		if next < 0 {
			break
		}
		i = end + next
	}
	return longest
}

// gutters are classes of what stands in a code block and is not code, lineNumbers
// those of the numbers of lines, which others give to the lines themselves.
var (
	gutters = []string{
		"lineno-label", "copybtn", "copy", "copy-button", "btn-copy", "clipboard", "copy-code-button", "headerlink", "ttc", "viewcode-link", "viewcode-back", "boring",
	}
	lineNumbers = []string{
		"linenos", "lineno", "line-numbers", "line-number", "line-numbers-rows", "lnt", "ln", "gutter", "rouge-gutter", "hljs-ln-numbers", "blob-num",
		"sourceLineNo", "source-line-no", "linenumber", "react-syntax-highlighter-line-number",
	}
)

// besideCode tells what stands in a code block and is none, by its class.
func besideCode(n *node) bool {
	if n.class == "" || n.tag == atom.Code {
		return false
	}
	return hasClass(n, gutters...) || hasClass(n, lineNumbers...) && strings.Trim(rawText(n), "0123456789 \u00a0\n\r\t.:|") == ""
}

// codeLines are classes of elements that are a line each, by a style sheet.
var codeLines = []string{"line", "code-line", "token-line", "view-line", "cm-line"}

func codeText(n *node, b *strings.Builder) {
	lined := n.tag == atom.Pre && holdsOnlyCode(n)
	for c := n.first; c != nil; c = c.next {
		switch {
		case c.kind == html.TextNode:
			b.WriteString(c.data)
		case c.kind != html.ElementNode, c.junk, besideCode(c), c.tag == atom.Summary, isLineNumber(c):
		case c.tag == atom.Br:
			b.WriteByte('\n')
		default:
			// A line in an element of its own ends with that element.
			own := c.tag == atom.Div || c.tag == atom.Li || c.tag == atom.P || c.tag == atom.Tr ||
				c.next != nil && (hasClass(c, codeLines...) && hasClass(c.next, codeLines...) || lined && c.next.tag == atom.Code)
			if own && b.Len() > 0 && !strings.HasSuffix(b.String(), "\n") {
				b.WriteByte('\n')
			}
			before := b.Len()
			codeText(c, b)
			if own && (b.Len() == before || !strings.HasSuffix(b.String(), "\n")) {
				b.WriteByte('\n')
			}
		}
	}
}

// holdsOnlyCode reports whether nothing but <code> stands in a block: each is a
// line, and not a word among others (ocamldoc).
func holdsOnlyCode(pre *node) bool {
	for c := pre.first; c != nil; c = c.next {
		if c.tag != atom.Code && c.weight.text > 0 {
			return false
		}
	}
	return true
}

// language looks for the language in the classes and attributes of the block,
// its code element and what stands around it.
func language(n *node) string {
	if n.parent != nil && hasClass(n.parent, "blockList", "blockListLast") { // a declaration of Javadoc before 16
		return "java"
	}
	if code := find(n, func(n *node) bool { return n.tag == atom.Code }); code != nil {
		if lang := languageOf(code); lang != "" {
			return lang
		}
	}
	for up, i := n, 0; up != nil && i < 9; up, i = up.parent, i+1 {
		switch up.tag {
		case atom.Article, atom.Main, atom.Section, atom.Body, atom.Li, atom.Dd:
			return ""
		}
		if lang := languageOf(up); lang != "" {
			return lang
		}
	}
	return ""
}

// languages are class names of <pre> and <code> that name the language alone.
var languages = map[string]bool{
	"bash": true, "c": true, "cpp": true, "csharp": true, "css": true, "diff": true, "go": true, "html": true, "java": true, "javascript": true, "js": true, "json": true,
	"kotlin": true, "perl": true, "php": true, "python": true, "ruby": true, "rust": true, "sh": true, "shell": true, "sql": true, "swift": true, "toml": true,
	"typescript": true, "ts": true, "xml": true, "yaml": true, "haskell": true, "scala": true, "lua": true, "r": true, "dockerfile": true, "makefile": true,
	"mermaid": true, "powershell": true, "julia": true, "graphql": true, "ini": true, "elixir": true, "erlang": true, "dart": true, "clojure": true, "ocaml": true,
	"fortran": true, "matlab": true, "cmake": true, "groovy": true, "hcl": true, "jsx": true, "tsx": true, "scss": true, "latex": true, "zig": true, "nix": true,
}

func languageOf(n *node) string {
	for _, key := range []string{"data-lang", "data-language", "data-enlighter-language"} {
		if lang := langName(attr(n, key)); lang != "" {
			return lang
		}
	}
	classes := strings.Fields(n.class)
	for i, c := range classes {
		for _, prefix := range []string{"highlight-source-", "mw-highlight-lang-", "language-", "lang-", "highlight-", "src-", "gatsby-code-", "source-"} {
			if name, ok := strings.CutPrefix(c, prefix); ok {
				if lang := langName(name); lang != "" {
					return lang
				}
			}
		}
		switch c {
		case exampleClass, "Documentation-declaration":
			return "go"
		case "methodSignature", "typeSignature":
			return "java"
		}
		if (n.tag == atom.Pre || n.tag == atom.Code || n.tag == atom.Figure && i > 0 && classes[0] == "highlight") && languages[c] { // Hexo: <figure class="highlight go">
			return langName(c)
		}
		if (c == "sourceCode" || c == "brush:") && i+1 < len(classes) {
			return langName(strings.TrimSuffix(classes[i+1], ";"))
		}
	}
	return ""
}

// langName cleans a language: a fence's info string is no place for text.
func langName(s string) string {
	s = strings.ToLower(s)
	switch s {
	case "python3", "pycon3", "ipython3", "ipython":
		return "python"
	case "default", "none", "auto", "nohighlight", "text", "plaintext", "plain", "notranslate", "wrapper", "box", "txt", "line-numbers", "wrap", "inline", "container", "":
		return ""
	}
	if len(s) > 20 {
		return ""
	}
	for _, c := range []byte(s) {
		if !(c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '+' || c == '#' || c == '-' || c == '.' || c == '_') {
			return ""
		}
	}
	return s
}
