package content

import (
	"slices"
	"strconv"
	"strings"

	"github.com/andybalholm/cascadia"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// Bounds of what the styles of a page may cost.
const (
	maxStyleBytes = 8 << 20 // of all <style> elements
	maxStyleRules = 20_000  // that could hide or show something
	maxMatches    = 400_000 // selectors tried on elements
)

// hidingProperties are what a style sheet can hide text with. Those by which
// menus fold and buttons get their colours are left out: there the text is one
// click away, or stands on a colour that another sheet gives.
var hidingProperties = map[string]bool{
	"display": true, "visibility": true, "opacity": true, "font-size": true, "left": true, "top": true, "text-indent": true,
	"margin-left": true, "margin-top": true, "transform": true, "clip": true, "clip-path": true, "content-visibility": true,
	"filter": true, "scale": true, "translate": true, "inset": true, "right": true, "bottom": true, "letter-spacing": true,
}

// styleRule is a rule of a <style> element that could hide or show something.
type styleRule struct {
	sel    cascadia.Sel
	key    string // what an element has that it matches: .class, #id, a tag; "" for anything
	decls  []styleDecl
	weight cascadia.Specificity
}

type styleDecl struct {
	key, value string
	important  bool
}

// applyStyles writes what the page's own <style> elements say about showing and
// hiding into the style attributes of the elements that they match, so that
// text which is hidden by class is judged as text that is hidden in its place.
// Sheets that lie elsewhere are not read.
func applyStyles(page *html.Node) {
	text := sheetsOf(page)
	if text == "" {
		return
	}
	s := &sheet{there: keysOf(page), over: map[string]bool{}, more: hasMoreSheets(page)}
	s.read(withoutComments(oldMarks.Replace(text)), 0)
	if !slices.ContainsFunc(s.rules, func(r styleRule) bool { return r.hides() || r.insists() }) {
		return
	}
	slices.SortStableFunc(s.rules, func(a, b styleRule) int {
		switch {
		case a.weight.Less(b.weight):
			return -1
		case b.weight.Less(a.weight):
			return 1
		}
		return 0
	})
	s.index()
	for h := range page.Descendants() {
		switch {
		case h.Type != html.ElementNode, h.DataAtom == atom.Script, h.DataAtom == atom.Style:
		case s.tries > 10*maxMatches && s.mayHide(h), len(s.over) > 0 && s.isOver(h): // decoys must not uncover the rest
			setAttribute(h, "style", "display:none")
		default:
			s.apply(h)
		}
	}
}

// sheetsOf joins the style sheets that stand in the page.
func sheetsOf(page *html.Node) string {
	var b strings.Builder
	for h := range page.Descendants() {
		if h.DataAtom != atom.Style || h.FirstChild == nil || b.Len()+len(h.FirstChild.Data) > maxStyleBytes {
			continue
		}
		if media := attribute(h, "media"); media == "" || onDesktop(media) {
			b.WriteString(h.FirstChild.Data)
			b.WriteByte('\n')
		}
	}
	return b.String()
}

// hides reports whether the rule could hide what it matches.
func (r styleRule) hides() bool {
	return slices.ContainsFunc(r.decls, func(d styleDecl) bool {
		return hidingValue(d.key, d.value, "") || d.key == "visibility" && d.value != "visible" || d.key == "opacity" && isFaint(d.value)
	})
}

// insists reports whether the rule stands over what a style attribute says.
func (r styleRule) insists() bool {
	return slices.ContainsFunc(r.decls, func(d styleDecl) bool { return d.important })
}

// apply gives an element what the sheet says of it, under what its own style
// attribute says.
func (s *sheet) apply(h *html.Node) {
	hiding := candidates(s.hides, h)
	hit := slices.IndexFunc(hiding, func(i int) bool { return s.matches(i, h) })
	own := attribute(h, "style")
	var rules []int
	switch {
	case hit >= 0:
		rules = hiding[hit : hit+1] // the word of one is enough where a sheet has so many that they are a trick
	case !strings.Contains(own, "none") && !strings.Contains(own, "hidden"):
		return // nothing hides it that a sheet could show
	}
	if s.tries < maxMatches {
		rules = candidates(s.keyed, h)
		slices.Sort(rules)
	}
	var set map[string]styleDecl
	for _, i := range rules {
		if !s.matches(i, h) {
			continue
		}
		for _, d := range s.rules[i].decls {
			if set == nil {
				set = map[string]styleDecl{}
			}
			if !set[d.key].important || d.important {
				set[d.key] = d
			}
		}
	}
	if set == nil {
		return
	}
	var b strings.Builder
	for _, d := range declarations(own) {
		if set[d.key].important && !d.important {
			continue
		}
		delete(set, d.key)
		b.WriteString(d.key + ":" + d.value + ";")
	}
	for _, d := range set {
		if d.key == "font-size" && isTiny(d.value) && !hasOwnText(h) {
			if !s.more {
				s.shrink(h, 10*manySiblings)
			}
			continue // takes the gaps from between boxes, which have sizes of their own
		}
		b.WriteString(d.key + ":" + d.value + ";")
	}
	setAttribute(h, "style", b.String())
}

func setAttribute(h *html.Node, key, value string) {
	for i := range h.Attr {
		if h.Attr[i].Key == key {
			h.Attr[i].Val = value
			return
		}
	}
	h.Attr = append(h.Attr, html.Attribute{Key: key, Val: value})
}

// sheet reads the rules of a style sheet (CSS Syntax 3, as far as hiding needs
// it).
type sheet struct {
	there map[string]bool // the keys of the page's elements
	rules []styleRule
	keyed map[string][]int // rules by key
	hides map[string][]int // those of them that hide
	made  int              // selectors that were written for nested rules and choices
	over  map[string]bool  // the keys of what hides beyond the bound
	tries int
	more  bool // the page has sheets that lie elsewhere, and may give sizes
}

// keysOf lists what elements of the page have that a rule can match them by.
func keysOf(page *html.Node) map[string]bool {
	keys := map[string]bool{}
	for h := range page.Descendants() {
		if h.Type != html.ElementNode {
			continue
		}
		keys[h.Data] = true
		for i := range h.Attr {
			switch h.Attr[i].Key {
			case "id":
				keys["#"+h.Attr[i].Val] = true
			case "class":
				for class := range strings.FieldsSeq(h.Attr[i].Val) {
					keys["."+class] = true
				}
			}
		}
	}
	return keys
}

func (s *sheet) index() {
	s.keyed, s.hides = make(map[string][]int, len(s.rules)), map[string][]int{}
	for i := range s.rules {
		key := s.rules[i].key
		s.keyed[key] = append(s.keyed[key], i)
		if s.rules[i].hides() {
			s.hides[key] = append(s.hides[key], i)
		}
	}
}

// candidates lists the rules of an index that an element could match.
func candidates(index map[string][]int, h *html.Node) []int {
	list := append(index[""][:len(index[""]):len(index[""])], index[h.Data]...)
	for i := range h.Attr {
		switch h.Attr[i].Key {
		case "id":
			list = append(list, index["#"+h.Attr[i].Val]...)
		case "class":
			for class := range strings.FieldsSeq(h.Attr[i].Val) {
				list = append(list, index["."+class]...)
			}
		}
	}
	return list
}

// matches counts, and tells whether a rule matches.
func (s *sheet) matches(rule int, h *html.Node) bool {
	s.tries++
	return s.rules[rule].sel.Match(h)
}

// keyOf is the class, id or tag that stands last in a selector.
func keyOf(selector string) string {
	selector = strings.TrimSpace(selector)
	last := selector[strings.LastIndexAny(selector, " >+~)]")+1:]
	if last == "" || strings.ContainsAny(last, "(*[") && last[0] != '.' && last[0] != '#' {
		return ""
	}
	end := 1
	for end < len(last) && (strings.IndexByte(".#:[(", last[end]) < 0 || last[end-1] == '\\') {
		end++
	}
	key := unescaped(last[:end])
	if key[0] == ':' {
		return ""
	}
	if key[0] != '.' && key[0] != '#' {
		key = strings.ToLower(key)
	}
	return key
}

// read takes rules one after the other; depth bounds groups within each other.
func (s *sheet) read(text string, depth int) {
	for depth < 4 {
		open := strings.IndexAny(text, "{;")
		if open < 0 {
			return
		}
		prelude := strings.TrimSpace(text[:open])
		if text[open] == ';' { // @import, @charset
			text = text[open+1:]
			continue
		}
		end := closing(text, open)
		body := text[open+1 : end]
		text = text[min(end+1, len(text)):]
		if !strings.HasPrefix(prelude, "@") {
			s.rule(s.choices(prelude), body, depth)
		} else if groupHolds(prelude) {
			s.read(body, depth+1)
		}
	}
}

// add keeps a rule that says something about hiding.
func (s *sheet) add(selectors []string, body string) {
	var decls []styleDecl
	all := declarations(body)
	for _, d := range all {
		if hidingProperties[d.key] {
			decls = append(decls, d)
		}
	}
	if inOneColour(all) {
		decls = append(decls, styleDecl{key: "content-visibility", value: "hidden"})
	}
	if len(decls) == 0 {
		return
	}
	for _, one := range selectors {
		key := keyOf(one)
		if key != "" && !s.there[key] {
			continue
		}
		group, err := cascadia.ParseGroup(one)
		if err != nil { // of a state that no page is in, or a newer kind
			continue
		}
		for _, sel := range group {
			rule := styleRule{sel, key, decls, sel.Specificity()}
			switch {
			case len(s.rules) < maxStyleRules:
				s.rules = append(s.rules, rule)
			case rule.hides():
				s.over[key] = true
			}
		}
	}
}

// declarations reads the body of a rule or a style attribute.
func declarations(body string) []styleDecl {
	var list []styleDecl
	for decl := range strings.SplitSeq(body, ";") {
		key, value, ok := strings.Cut(decl, ":")
		if !ok {
			continue
		}
		d := styleDecl{key: cssWord(key), value: cssWord(value)}
		if d.key == "font" && noFont(d.value) {
			d.key, d.value = "font-size", "0"
		}
		if plain, important := strings.CutSuffix(strings.ReplaceAll(d.value, " ", ""), "!important"); important {
			d.value, d.important = plain, true
		}
		list = append(list, d)
	}
	return list
}

// cssWord undoes escapes, case and space.
func cssWord(s string) string { return strings.ToLower(unescaped(strings.TrimSpace(s))) }

// unescaped undoes escapes (CSS Syntax 3, 4.3.7).
func unescaped(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' {
			b.WriteByte(s[i])
			continue
		}
		end := i + 1
		for end < len(s) && end < i+7 && strings.IndexByte("0123456789abcdefABCDEF", s[end]) >= 0 {
			end++
		}
		if n, err := strconv.ParseUint(s[i+1:end], 16, 32); err == nil {
			b.WriteRune(rune(n))
			if end < len(s) && s[end] == ' ' {
				end++
			}
			i = end - 1
		} else if end < len(s) {
			b.WriteByte(s[end])
			i = end
		}
	}
	return b.String()
}

// withoutComments drops comments and empties strings: what stands in them is no
// rule.
func withoutComments(text string) string {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case strings.HasPrefix(text[i:], "/*"):
			end := strings.Index(text[i+2:], "*/")
			if end < 0 {
				return b.String()
			}
			i += end + 3
		case c == '"' || c == '\'':
			for i++; i < len(text) && text[i] != c && text[i] != '\n'; i++ {
				if text[i] == '\\' {
					i++
				}
			}
			b.WriteByte(c)
			b.WriteByte(c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// closing returns where the block that opens at open ends.
func closing(text string, open int) int {
	depth := 0
	for i := open; i < len(text); i++ {
		switch text[i] {
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return len(text)
}

// pixels reads a length, or returns -1.
func pixels(value string) float64 {
	for unit, size := range map[string]float64{"px": 1, "em": 16, "rem": 16} {
		if digits, ok := strings.CutSuffix(value, unit); ok {
			if n, err := strconv.ParseFloat(digits, 64); err == nil {
				return n * size
			}
		}
	}
	if value == "0" {
		return 0
	}
	return -1
}
