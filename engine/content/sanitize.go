package content

import (
	"strings"
	"unicode/utf8"
)

// Sanitize drops characters that are invisible and can carry text or turn its
// order around: tag characters, bidi controls, zero-width characters, soft
// hyphens, and variation selectors where they select nothing. Zero-width
// joiners stay between the parts of an emoji or of a script that needs them.
func Sanitize(s string) string {
	i := 0
	for i < len(s) && s[i] < utf8.RuneSelf && (s[i] >= 0x20 || s[i] == '\n' || s[i] == '\t' || s[i] == '\r') && s[i] != 0x7f {
		i++
	}
	if i == len(s) {
		return s // plain ASCII
	}
	var b strings.Builder
	b.Grow(len(s))
	b.WriteString(s[:i])
	prev := rune(0)
	if i > 0 {
		prev = rune(s[i-1])
	}
	for _, r := range s[i:] {
		if invisible(r, prev) {
			continue
		}
		b.WriteRune(r)
		prev = r
	}
	return b.String()
}

func invisible(r, prev rune) bool {
	switch {
	case r < 0x20 && r != '\n' && r != '\t' && r != '\r', r >= 0x7f && r <= 0x9f,
		r == 0xad, r == 0x61c, r == 0x180e, r >= 0x200b && r <= 0x200c && prev < 0x600, r == 0x200b,
		r == 0x200e, r == 0x200f, r >= 0x202a && r <= 0x202e, r >= 0x2060 && r <= 0x206f,
		r == 0xfeff, r >= 0xfff9 && r <= 0xfffb, r >= 0xe0000 && r <= 0xe007f, r == 0x115f, r == 0x1160, r == 0x3164, r == 0xffa0:
		return true
	case r == 0x200d: // joins emoji and letters of scripts beyond Latin
		return prev < 0x600
	case r >= 0xfe00 && r <= 0xfe0f:
		return prev < 0x203c && !(prev >= '0' && prev <= '9') && prev != '#' && prev != '*' && prev != 0xa9 && prev != 0xae
	case r >= 0xe0100 && r <= 0xe01ef: // ideographic variation
		return prev < 0x3400 || prev > 0x3ffff
	}
	return false
}
