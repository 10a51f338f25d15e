package content

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// texOf writes the MathML in n that comes without its TeX as TeX: a fraction that
// is only its digits in a row says something else. It returns an empty string
// where there is none, or too much.
func texOf(n *node) string {
	formula := find(n, isMathML)
	if formula == nil || n.weight.text > maxFormula || n.end-n.order > maxFormula {
		return ""
	}
	var b strings.Builder
	texInto(&b, formula)
	return fold(b.String())
}

// Names that TeX knows, and signs over a letter.
var (
	texFunctions = []string{"sin", "cos", "tan", "log", "ln", "exp", "lim", "max", "min", "sup", "inf", "det", "dim", "gcd", "arg", "deg", "ker"}
	texAccents   = map[string]string{"→": `\vec`, "~": `\tilde`, "˜": `\tilde`, "^": `\hat`, "ˆ": `\hat`, "˙": `\dot`, "¨": `\ddot`, "¯": `\bar`, "‾": `\overline`, "_": `\overline`, "⏞": `\overbrace`}
)

// texEscapes keeps text within its braces, and the formula within its marks.
var texEscapes = strings.NewReplacer("{", `\{`, "}", `\}`, "$", `\$`, `\`, `\backslash `)

// fenceOf is a sign around <mfenced>, which is one letter or it is no sign.
func fenceOf(n *node, key, usual string) string {
	switch sign := fold(Sanitize(attr(n, key))); {
	case !hasAttr(n, key):
		return usual
	case utf8.RuneCountInString(sign) == 1:
		return sign
	}
	return ""
}

// parts are the elements in n.
func parts(n *node) (list []*node) {
	for c := n.first; c != nil; c = c.next {
		if c.kind == html.ElementNode {
			list = append(list, c)
		}
	}
	return list
}

func texInto(b *strings.Builder, n *node) {
	list := parts(n)
	switch n.data {
	case "annotation", "annotation-xml", "mphantom", "none", "mprescripts":
	case "mi", "mn":
		b.WriteString(texName(fold(rawText(n))))
	case "mo":
		b.WriteString(texSign(fold(rawText(n))))
	case "mtext", "ms":
		if text := fold(rawText(n)); text != "" {
			b.WriteString(`\text{` + texEscapes.Replace(text) + `}`)
		}
	case "mspace":
		b.WriteByte(' ')
	case "semantics", "maction": // the others are not seen
		if len(list) > 0 {
			texInto(b, list[0])
		}
	case "mfenced":
		b.WriteString(texSign(fenceOf(n, "open", "(")))
		for i, part := range list {
			if i > 0 {
				b.WriteString(", ")
			}
			texInto(b, part)
		}
		b.WriteString(texSign(fenceOf(n, "close", ")")))
	case "mfrac", "mroot", "msup", "msub", "mover", "munder":
		if len(list) == 2 {
			texPair(b, n.data, list[0], list[1])
			return
		}
		texAll(b, list)
	case "msubsup", "munderover":
		if len(list) == 3 {
			texBase(b, list[0])
			texGroup(b, "_{", list[1], "}")
			texGroup(b, "^{", list[2], "}")
			return
		}
		texAll(b, list)
	case "msqrt":
		b.WriteString(`\sqrt{`)
		texAll(b, list)
		b.WriteByte('}')
	case "mtable":
		texTable(b, list)
	default:
		texAll(b, list)
	}
}

// shownMaths is the text of MathML that is too large for TeX, or no formula,
// without what a browser does not show of it.
func shownMaths(n *node) string {
	var b strings.Builder
	walk(n, func(c *node) bool {
		switch c.data {
		case "annotation", "annotation-xml", "mphantom":
			return c.kind == html.TextNode
		case "maction":
			if c.kind == html.ElementNode {
				b.WriteString(shownMaths(chosenPart(c)))
				return false
			}
		}
		if c.kind == html.TextNode {
			b.WriteString(c.data)
		}
		return true
	})
	return b.String()
}

// aWord is how many letters that stand together in TeX are words, and no names.
const aWord = 4

// showsWords reports whether the words of the TeX in an annotation, which no
// browser shows, are those of the formula beside it.
func showsWords(tex, shown string) bool {
	if len(tex) > maxFormula {
		return false
	}
	letters := strings.Map(func(r rune) rune {
		if r > unicode.MaxASCII || !unicode.IsLetter(r) {
			return -1
		}
		return r
	}, shown)
	for i := 0; i < len(tex); {
		end := i
		for end < len(tex) && isLetter(tex[end]) {
			end++
		}
		switch {
		case i > 0 && tex[i-1] == '\\':
			if name := tex[i:end]; name == "begin" || name == "end" { // of what stands in braces
				for end < len(tex) && tex[end] != '}' {
					end++
				}
				if end-i > maxKind {
					return false
				}
			}
		case end-i >= aWord && !strings.Contains(letters, tex[i:end]):
			return false
		}
		i = max(end, i+1)
	}
	return true
}

func isLetter(c byte) bool { return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' }

// chosenPart is the part of several that <maction> shows: the first.
func chosenPart(n *node) *node {
	if list := parts(n); len(list) > 0 {
		return list[0]
	}
	return &node{}
}

func texAll(b *strings.Builder, list []*node) {
	for _, n := range list {
		texInto(b, n)
	}
}

func texGroup(b *strings.Builder, before string, n *node, after string) {
	b.WriteString(before)
	texInto(b, n)
	b.WriteString(after)
}

// texBase writes what bears an index, in braces where it is more than one sign.
func texBase(b *strings.Builder, n *node) {
	if (n.data == "mrow" || n.data == "mstyle") && len(parts(n)) > 1 {
		texGroup(b, "{", n, "}")
		return
	}
	texInto(b, n)
}

// texPair writes an element of two parts.
func texPair(b *strings.Builder, kind string, first, second *node) {
	switch kind {
	case "mfrac":
		texGroup(b, `\frac{`, first, "}")
		texGroup(b, "{", second, "}")
	case "mroot":
		texGroup(b, `\sqrt[`, second, "]")
		texGroup(b, "{", first, "}")
	case "msup":
		texBase(b, first)
		texGroup(b, "^{", second, "}")
	case "mover":
		if accent := texAccents[fold(rawText(second))]; accent != "" {
			texGroup(b, accent+"{", first, "}")
			return
		}
		texGroup(b, `\overset{`, second, "}")
		texGroup(b, "{", first, "}")
	default: // msub, munder
		texBase(b, first)
		texGroup(b, "_{", second, "}")
	}
}

func texTable(b *strings.Builder, rows []*node) {
	b.WriteString(`\begin{matrix} `)
	for i, row := range rows {
		if i > 0 {
			b.WriteString(` \\ `)
		}
		for j, cell := range parts(row) {
			if j > 0 {
				b.WriteString(" & ")
			}
			texInto(b, cell)
		}
	}
	b.WriteString(` \end{matrix}`)
}

// texName writes an identifier or a number: letters that stand together are one
// name.
func texName(name string) string {
	switch {
	case slices.Contains(texFunctions, name):
		return `\` + name + " "
	case len(name) > 1 && strings.IndexFunc(name, func(r rune) bool { return r > unicode.MaxASCII || !unicode.IsLetter(r) }) < 0:
		return `\mathrm{` + name + `}`
	}
	return name
}

// texSign writes an operator, with space around those that relate two sides.
func texSign(sign string) string {
	switch sign {
	case "\u2061", "\u2062", "\u2063", "\u2064": // applied, times, separated: not seen
		return ""
	case "{", "}", "&", "%", "#", "$":
		return `\` + sign
	case "−":
		return " - "
	case "=", "+", "-", "<", ">", "≤", "≥", "≠", "±", "×", "·", "⋅", "→", "⇒", "∈", "≈", "≡", "∼", ":=":
		return " " + sign + " "
	case ",":
		return ", "
	}
	return sign
}

func isMaths(n *node) bool {
	return n.tag == atom.Math || n.tag == atom.Script && strings.HasPrefix(attr(n, "type"), "math/tex") ||
		(n.tag == atom.Span || n.tag == atom.Div || n.tag == atom.Pre) && n.class != "" && hasClass(n, "katex", "math", "mwe-math-element", "arithmatex") && isFormula(n)
}

// maxFormula is how many bytes and how many nodes a formula has at most.
const maxFormula = 20_000

// isFormula tells boxes named after maths that hold TeX, one way or another.
func isFormula(n *node) bool {
	if n.weight.text > maxFormula || n.end-n.order > maxFormula {
		return false
	}
	if _, _, ok := delimited(formula(n)); ok {
		return true
	}
	formula := find(n, isMathML)
	if formula == nil || n == formula || hasClass(n, "katex", "mwe-math-element") {
		return formula != nil
	}
	beside := n.weight.text - formula.weight.text // a number, or the same for those without MathML
	second := find(n, func(n *node) bool { return isMathML(n) && n != formula })
	return second == nil && beside <= max(formula.weight.text, 2*int32(len("(10.10)")))
}

func isMathML(n *node) bool { return n.tag == atom.Math }

// formula is the text of a box with TeX, without the number of the equation.
func formula(n *node) string {
	if n.first != nil && n.first != n.last && hasClass(n.first, "eqno") {
		var b strings.Builder
		for c := n.first.next; c != nil; c = c.next {
			if c.kind == html.TextNode {
				b.WriteString(c.data)
			} else {
				b.WriteString(rawText(c))
			}
		}
		return b.String()
	}
	return rawText(n)
}

// delimited returns the TeX between \(…\), \[…\] or $$…$$.
func delimited(s string) (tex string, display, ok bool) {
	s = strings.TrimSpace(s)
	for _, d := range [...][2]string{{`\(`, `\)`}, {`\[`, `\]`}, {"$$", "$$"}} {
		if inner, found := strings.CutPrefix(s, d[0]); found && strings.HasSuffix(inner, d[1]) {
			inner = fold(strings.TrimSuffix(inner, d[1]))
			return inner, d[0] != `\(`, inner != ""
		}
	}
	return "", false, false
}

// maths returns TeX: of a MathJax script, or of the annotation in MathML.
func maths(n *node) string {
	fence := "$"
	if strings.Contains(attr(n, "type"), "mode=display") || attr(n, "display") == "block" {
		fence = "$$"
	}
	if n.tag == atom.Script {
		return fence + fold(rawText(n)) + fence
	}
	if text, display, ok := delimited(formula(n)); ok && n.tag != atom.Math {
		if display {
			return "$$" + text + "$$"
		}
		return "$" + text + "$"
	}
	tex := find(n, func(n *node) bool {
		encoding := strings.ToLower(attr(n, "encoding"))
		return n.data == "annotation" && (encoding == "tex" || strings.Contains(encoding, "x-tex") || strings.Contains(encoding, "latex"))
	})
	if tex != nil && showsWords(rawText(tex), shownMaths(find(n, isMathML))) {
		return fence + fold(rawText(tex)) + fence
	}
	if text := texOf(n); text != "" {
		return fence + text + fence
	}
	return escape(fold(shownMaths(n)))
}
