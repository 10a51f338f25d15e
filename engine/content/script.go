package content

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html/atom"
)

// maxScript is how many bytes of a raised or lowered text are one with what
// stands before it: more is a remark.
const maxScript = 24

// script writes <sup> and <sub>. What is raised is an exponent after what could
// be its base, and gets Pandoc's caret: 2<sup>32</sup> is 2^32 and not 232, and
// 10<sup>-6</sup> no subtraction. What is lowered stays with its name (H2O, x1)
// but after a digit, where it would become a part of the number. The ends of
// ordinals (1st) and signs (®, *, [1]) stay as they are.
func (l *inline) script(n *node) {
	if l.space || n.weight.text == 0 || n.weight.text > maxScript || n.weight.links > 0 {
		l.inside(n)
		return
	}
	text := strings.TrimSpace(rawText(n))
	before, _ := utf8.DecodeLastRune(l.buf)
	apart, _ := edges(n)
	switch {
	case apart:
		l.inside(n)
	case n.tag == atom.Sub && !(unicode.IsDigit(before) && unicode.IsDigit(rune(text[0]))):
		l.inside(n)
	case n.tag == atom.Sup && !isExponent(before, text):
		l.inside(n)
	default:
		mark := "^"
		if n.tag == atom.Sub {
			mark = "_"
		}
		l.buf = append(l.buf, mark...)
		if group := strings.ContainsFunc(strings.TrimLeft(text, "+-−"), func(r rune) bool { return !isWordRune(r) }); group {
			l.buf = append(l.buf, '(')
			l.inside(n)
			l.put(")")
			return
		}
		l.inside(n)
	}
}

// isRaised tells an exponent at the end of a text without marks.
func isRaised(before string, n *node) bool {
	if n.weight.text == 0 || n.weight.text > maxScript || n.weight.links > 0 {
		return false
	}
	last, _ := utf8.DecodeLastRuneInString(before)
	apart, _ := edges(n)
	return !apart && isExponent(last, strings.TrimSpace(rawText(n)))
}

// isExponent tells a raised text that is a number or a term, after what can
// have one.
func isExponent(before rune, text string) bool {
	if !isWordRune(before) && !strings.ContainsRune(")]}*`", before) {
		return false
	}
	digits, letters := 0, 0
	for _, r := range text {
		switch {
		case unicode.IsDigit(r):
			digits++
		case unicode.IsLetter(r):
			letters++
		case !strings.ContainsRune("+-−*/·., ()", r):
			return false
		}
	}
	switch {
	case digits+letters == 0:
		return false
	case digits > 0:
		return true
	case letters == len([]rune(text)) && letters > 1: // 1st, 3rd, TM, Mme
		return false
	case letters == len([]rune(text)): // 2e and 1o are ordinals, 2^n is none
		return !unicode.IsDigit(before) || !strings.Contains("eoa", text)
	default:
		return true
	}
}
