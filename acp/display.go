package acp

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// visible makes an agent's words safe to stand in one line of ours (R9):
// controls, ANSI sequences, bidi marks, zero-width characters and line breaks
// become escapes that a reader sees, and what is too long is cut and says so.
func visible(text string, most int) string {
	var out strings.Builder
	count := 0
	for i, r := range text {
		if count == most {
			fmt.Fprintf(&out, "… (%d characters more)", utf8.RuneCountInString(text[i:]))
			break
		}
		count++
		switch {
		case r == utf8.RuneError:
			out.WriteRune(r)
		case hidden(r) && r <= 0xffff:
			fmt.Fprintf(&out, `\u%04x`, r)
		case hidden(r):
			fmt.Fprintf(&out, `\U%08x`, r)
		default:
			out.WriteRune(r)
		}
	}
	return out.String()
}

// hidden reports whether a character shows nothing of its own, or moves others.
func hidden(r rune) bool {
	switch {
	case r == ' ':
		return false
	case unicode.IsControl(r), unicode.Is(unicode.Cf, r), unicode.Is(unicode.Zl, r), unicode.Is(unicode.Zp, r):
		return true
	case unicode.Is(unicode.Co, r), unicode.Is(unicode.Variation_Selector, r), unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r):
		return true
	}
	return unicode.IsSpace(r) || r == 0x2800 // spaces of odd widths, the blank braille cell
}
