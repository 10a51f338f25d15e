package content

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// texOf writes the MathML in n that comes without its TeX as TeX: a fraction that
// is only its digits in a row says something else. It returns an empty string
// where there is none, or too much.
func texOf(n *node) string {
	formula := find(n, func(n *node) bool { return n.tag == atom.Math })
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
			b.WriteString(`\text{` + text + `}`)
		}
	case "mspace":
		b.WriteByte(' ')
	case "semantics":
		if len(list) > 0 {
			texInto(b, list[0])
		}
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
