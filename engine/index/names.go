package index

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/axon-mcp/axon-mcp/engine/content"
)

// Names are what a passage defines: the heading or signature that it stands
// under, the id that leads there, the term of a definition, the first cell of a
// row; of a page its title and the end of its URL. They are terms of their own
// kind, told from words by their first byte, in the streams of heading paths and
// of the title. Who asks for os.path.join by its name wants the passage that
// defines it, and not one of the many that speak of it.
const (
	wholeName = "\x01" // os.path.join
	partName  = "\x02" // join, the last part of it; or a name in passing
)

const (
	maxNameWords = 10 // a longer heading is no name
	minPart      = 2  // bytes; shorter ones are told by every page
)

// names collects the names of one passage.
type names []string

func (n *names) add(kind, name string) {
	if len(name) < minPart || len(name) > maxName || strings.Count(name, " ") >= maxNameWords {
		return
	}
	if term := kind + name; !slices.Contains(*n, term) && !(kind == partName && slices.Contains(*n, wholeName+name)) {
		*n = append(*n, term)
	}
}

// define adds a name whole and its last part.
func (n *names) define(name string) {
	n.add(wholeName, name)
	if i := strings.LastIndexByte(name, '.'); i > 0 {
		n.add(partName, name[i+1:])
	}
}

// heading adds the names of a heading: its whole text, what it declares, the id
// that says so in full (setdefault under dict.setdefault), and with the names of
// what it is declared in.
func (n *names) heading(text, anchor string, in []string) {
	n.add(wholeName, nameOf(text))
	n.add(wholeName, numberedName(text))
	id := nameOf(anchor)
	n.member(text, id)
	all, passing := declared(text)
	for _, name := range all {
		if passing {
			n.add(partName, name)
			continue
		}
		if strings.HasSuffix(id, name) && len(id) > len(name) && strings.IndexByte("./-:", id[len(id)-len(name)-1]) >= 0 {
			n.define(id)
		}
		n.define(name)
		for _, outer := range in {
			if !strings.ContainsAny(name, ". -") {
				n.add(wholeName, outer+"."+name)
			}
		}
	}
}

// member adds the id of what a heading declares in the words of a language: void
// *internal under c.Py_buffer.internal, where c is the language.
func (n *names) member(text, id string) {
	i := strings.LastIndexByte(id, '.')
	words := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return r < 0x80 && class[r] != lower && class[r] != digit && class[r] != under })
	if i <= 0 || len(words) < 2 || len(words) > maxNameWords || words[len(words)-1] != id[i+1:] {
		return
	}
	n.define(id)
	if language, rest, ok := strings.Cut(id, "."); ok && len(language) <= 3 && strings.Contains(rest, ".") {
		n.define(rest)
	}
}

var (
	sectionNumber = regexp.MustCompile(`^(§ *)?([0-9]+|[A-Z]\.[0-9]+)(\.[0-9]+)*\.?\s+`)
	nameJoints    = strings.NewReplacer("::", ".", "->", ".", "`", "", "*", "", `\`, "", "’", "'", "…", "", "¶", "")
)

// nameOf brings a name into the form in which it is compared: in lower case, with
// one kind of joint, without the number of its section, marks around it and the
// parentheses of a call.
func nameOf(s string) string {
	if s = strings.TrimSpace(s); strings.Contains(s, " ") {
		s = sectionNumber.ReplaceAllString(s, "")
	}
	return numberedName(s)
}

// numberedName is nameOf for a heading with the number of its section.
func numberedName(s string) string {
	if s = strings.TrimSpace(s); strings.Contains(s, " ") {
		s = strings.Join(strings.Fields(s), " ")
	}
	s = strings.TrimSuffix(nameJoints.Replace(s), "()")
	s = strings.TrimLeft(s, `"'@$&~.,:;(<[`)
	return strings.ToLower(strings.TrimRight(s, `"'.,:;!?)>]#`))
}

// kinds are words that say what sort of thing is declared.
var kinds = map[string]bool{
	"abstract": true, "async": true, "attribute": true, "class": true, "classmethod": true, "command": true, "const": true,
	"constant": true, "constructor": true, "crate": true, "data": true, "decorator": true, "def": true, "enum": true, "event": true,
	"exception": true, "field": true, "fn": true, "func": true, "function": true, "interface": true, "keyword": true, "macro": true,
	"method": true, "module": true, "namespace": true, "object": true, "package": true, "primitive": true, "property": true,
	"pub": true, "public": true, "record": true, "static": true, "staticmethod": true, "struct": true, "trait": true, "type": true,
	"typedef": true, "union": true, "unsafe": true, "var": true, "variable": true,
}

// declared returns the names that a heading or the term of a definition declares,
// or else those that it holds in passing.
func declared(text string) (out []string, passing bool) {
	if strings.Contains(text, " ") {
		text = sectionNumber.ReplaceAllString(text, "")
	}
	add := func(name string) {
		if name = nameOf(name); name != "" && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	if name := called(text); name != "" {
		add(name)
		return out, false
	}
	for _, dash := range []string{" — ", " – ", " - ", ": "} {
		if head, _, ok := strings.Cut(text, dash); ok {
			text = head
		}
	}
	words := strings.Fields(text)
	for len(words) > 1 && kinds[strings.ToLower(words[0])] {
		words = words[1:]
	}
	if len(words) == 1 {
		add(optionOf(words[0]))
		return out, false
	}
	if len(words) > 0 && strings.HasPrefix(words[0], "-") { // options side by side, and their values
		for _, w := range words {
			if w = optionOf(w); strings.HasPrefix(w, "-") && looksExact(w) {
				add(w)
			}
		}
		return out, false
	}
	const most = 6 // words of a heading that names a thing in passing: Error code E0308
	if len(words) > most {
		return nil, false
	}
	for _, w := range words {
		if w = optionOf(w); looksExact(w) {
			add(w)
		}
	}
	return out, len(words) > 0
}

// called returns the name before the parentheses of a signature.
func called(text string) string {
	open := strings.IndexAny(text, "([")
	if open <= 0 {
		return ""
	}
	head := strings.TrimRight(text[:open], " ")
	if len(head) < open && strings.Contains(head, " ") {
		return "" // words, and more of them in parentheses
	}
	if strings.HasSuffix(head, ">") { // spawn<F, T>
		head = withoutGenerics(head)
	}
	head = head[strings.LastIndexAny(head, " *&")+1:]
	if !isNameByte(head, len(head)-1) {
		return ""
	}
	return head
}

// withoutGenerics takes the brackets off the end of a name.
func withoutGenerics(s string) string {
	depth := 0
	for i := len(s) - 1; i >= 0; i-- {
		switch s[i] {
		case '>':
			depth++
		case '<':
			if depth--; depth == 0 {
				return s[:i]
			}
		}
	}
	return s
}

func isNameByte(s string, i int) bool {
	return i >= 0 && (s[i] >= 0x80 || class[s[i]] >= lower && class[s[i]] <= under || s[i] == '!')
}

// optionOf is an option of a command without its value: --file of --file=NAME.
func optionOf(word string) string {
	word = strings.Trim(word, "`*,")
	if !strings.HasPrefix(word, "-") {
		return word
	}
	if i := strings.IndexAny(word, "=[<,|"); i > 0 {
		word = word[:i]
	}
	return word
}

// looksExact reports whether a word is an identifier by its looks: joined, with
// a digit, in camelCase, or an option.
func looksExact(w string) bool {
	w = strings.Trim(w, "`*,.;:()\"'")
	if len(w) < minPart {
		return false
	}
	letters, digits, humps := 0, false, false
	for i := range len(w) {
		switch c := w[i]; {
		case c >= 0x80:
			return false
		case class[c] == digit:
			digits = true
		case class[c] == lower || class[c] == upper:
			letters++
			humps = humps || i > 0 && class[c] == upper && class[w[i-1]] == lower
		case class[c] == under, class[c] == lead, class[c] == joint && c != '\'':
			if i == 0 && c == '-' || i > 0 && i+1 < len(w) {
				humps = true
			}
		default:
			return false
		}
	}
	return letters > 0 && (digits || humps)
}

// passages returns the names of each chunk, from the headings in it, the terms
// of definitions, and the first words of rows and entries where they are code.
// An entry that leads to another page of url's site is no definition.
func passages(title, url, markdown string, headings []content.Heading, chunks []content.Chunk) []names {
	out := make([]names, len(chunks))
	at, read := 0, 0
	var f fence
	o := outline{page: declaredOne(title)}
	for i, c := range chunks {
		for ; at < len(headings) && headings[at].Offset < c.End; at++ {
			h := headings[at]
			if in := o.enter(h); isLed(markdown[min(h.Offset, len(markdown)):], url) {
				out[i].add(wholeName, nameOf(h.Text))
			} else {
				out[i].heading(h.Text, h.Anchor, in)
			}
		}
		if c.Start > read { // the fence of a block that is cut stands in none of its parts
			f.skip(markdown[read:c.Start])
		}
		read = c.End
		out[i].lines(markdown[c.Start:c.End], url, &f)
	}
	return out
}

// fence tells whether a walk over the lines of a document is in a block of code.
type fence struct{ open int } // backticks of the fence; 0 outside

// line takes in the next line and reports whether it belongs to a block of code.
func (f *fence) line(line string) bool {
	ticks := len(line) - len(strings.TrimLeft(line, "`"))
	switch {
	case f.open == 0 && ticks >= 3 && !strings.Contains(line[ticks:], "`"):
		f.open = ticks
		return true
	case f.open > 0 && ticks >= f.open && ticks == len(line):
		f.open = 0
		return true
	}
	return f.open > 0
}

// skip takes in lines that stand in no passage.
func (f *fence) skip(text string) {
	for line := range strings.Lines(text) {
		f.line(bare(line))
	}
}

// bare is a line without what a list or a quote puts before it.
func bare(line string) string { return strings.TrimLeft(strings.TrimRight(line, "\n"), " >") }

// leadsAway reports whether the first line of a text links to another page than
// url, as an entry of an index does.
func leadsAway(text, url string) bool {
	text, _, _ = strings.Cut(text, "\n")
	for {
		_, target, ok := strings.Cut(text, "](http")
		if !ok {
			return false
		}
		if text = target; !strings.HasPrefix("http"+target, url+"#") {
			return true
		}
	}
}

// isLed reports whether a heading or term, with which text begins, is an entry of
// an index: it leads to another page, or its definition does little else.
func isLed(text, url string) bool {
	_, below, _ := strings.Cut(text, "\n")
	below, _, _ = strings.Cut(below, "\n")
	below = bare(below)
	return leadsAway(text, url) || strings.HasPrefix(below, ":   ") && isEntry(below, url)
}

// isEntry reports whether a definition is that of an index, which says little more
// than where to go: configuration parameter, [Vacuuming](https://…).
func isEntry(definition, url string) bool {
	before, _, linked := strings.Cut(definition, "[")
	const most = 4 // words, with the colon
	return linked && strings.HasSuffix(definition, ")") && len(strings.Fields(before)) <= most && leadsAway(definition, url)
}

// outline is what a walk over headings stands in.
type outline struct {
	page string
	open []opened
}

type opened struct {
	level int
	name  string // "" if the heading declares nothing or more than one thing
}

// enter goes to the next heading and returns the names of what it is declared
// in: the nearest heading above that declares something, and the page.
func (o *outline) enter(h content.Heading) (in []string) {
	for len(o.open) > 0 && o.open[len(o.open)-1].level >= h.Level {
		o.open = o.open[:len(o.open)-1]
	}
	for _, above := range slices.Backward(o.open) {
		if above.name != "" {
			in = append(in, above.name)
			break
		}
	}
	name := declaredOne(h.Text)
	if o.page != "" && o.page != name && !slices.Contains(in, o.page) {
		in = append(in, o.page)
	}
	o.open = append(o.open, opened{h.Level, name})
	return in
}

// declaredOne returns what a heading declares if it is one thing, without what
// that is itself a part of.
func declaredOne(text string) string {
	all, passing := declared(text)
	if len(all) != 1 || passing || strings.Contains(all[0], " ") {
		return ""
	}
	return all[0][strings.LastIndexByte(all[0], '.')+1:]
}

// lines adds what the lines of a passage of url's page define.
func (n *names) lines(text, url string, f *fence) {
	before := ""
	for line := range strings.Lines(text) {
		line = bare(line)
		if f.line(line) {
			continue
		}
		switch {
		case strings.HasPrefix(line, ":   "):
			if !leadsAway(before, url) && !isEntry(line, url) {
				n.passing(strings.Trim(before, "`*"))
			}
		case strings.HasPrefix(line, "| "):
			n.row(line[2:])
		case strings.HasPrefix(line, "- "):
			n.lead(line[2:], false)
		case strings.Contains(line, "` ("), strings.Contains(line, "`("): // a signature, such as `func` ( `text` ) → `int`
			if code, rest, ok := strings.Cut(strings.TrimPrefix(line, "`"), "`"); ok && line[0] == '`' && strings.HasPrefix(strings.TrimPrefix(rest, " "), "(") {
				n.passing(code)
			}
		}
		before = line
	}
}

// row adds the code that a row begins with, and that of the lines below it in the
// same cell: functions with several signatures, or several names.
func (n *names) row(s string) {
	cell, _, _ := strings.Cut(s, " | ")
	for line := range strings.SplitSeq(cell, "<br>") {
		if !n.lead(line, true) {
			return
		}
	}
}

// lead adds the code that a row or an entry begins with; false if there is none.
func (n *names) lead(s string, row bool) bool {
	if !strings.HasPrefix(s, "`") {
		return false
	}
	code, rest, ok := strings.Cut(s[1:], "`")
	if !ok || !row && rest == "" {
		return false
	}
	n.passing(code)
	return true
}

// passing adds what a text declares as something that is told beside others.
func (n *names) passing(text string) {
	all, _ := declared(text)
	for _, name := range all {
		n.add(partName, name)
	}
}

// pageNames returns the names of a whole page: those of its title, and the end
// of its URL without what all pages there have (struct.Vec.html: Vec, and under
// std/vec also vec.Vec).
func pageNames(title, url string) names {
	var n names
	n.heading(title, "", nil)
	url, _, _ = strings.Cut(url, "?")
	dir, base := path.Split(strings.TrimSuffix(url, "/"))
	if ext := path.Ext(base); ext == ".html" || ext == ".htm" || ext == ".md" || ext == ".txt" || ext == ".xhtml" {
		base = strings.TrimSuffix(base, ext)
	}
	if base == "index" || base == "README" {
		dir, base = path.Split(strings.TrimSuffix(dir, "/"))
	}
	base = nameOf(base)
	n.define(base)
	if parent := nameOf(path.Base(dir)); parent != "" && parent != "." && !strings.Contains(parent, ".") {
		n.add(partName, parent+"."+base[strings.LastIndexByte(base, '.')+1:])
	}
	return n
}
