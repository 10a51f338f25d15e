package tools

import (
	"strings"
	"unicode/utf8"
)

// untrustedLabel stands beside bare text of pages in structured output.
const untrustedLabel = "untrusted"

// byteOffset returns the byte at which character n of s begins; len(s) where s
// is shorter.
func byteOffset(s string, n int) int {
	if n >= len(s) {
		return len(s)
	}
	for i := range s {
		if n == 0 {
			return i
		}
		n--
	}
	return len(s)
}

// pageEnd returns where to cut Markdown so that at most maxChars characters
// stand before the cut: at the end of a block if one ends in the second half of
// that room, else at the end of a line, else at a character.
func pageEnd(markdown string, maxChars int) int {
	room := byteOffset(markdown, maxChars)
	if room == len(markdown) {
		return room
	}
	block, lineEnd := 0, 0
	fence := ""
	for at := 0; at < room; {
		n := strings.IndexByte(markdown[at:room], '\n')
		if n < 0 {
			break
		}
		text := markdown[at : at+n]
		at += n + 1
		lineEnd = at
		fence = fenceAfter(fence, text)
		if fence == "" && strings.TrimSpace(text) == "" {
			block = at
		}
	}
	switch {
	case block > room/2:
		return block
	case lineEnd > room/2:
		return lineEnd
	}
	return room
}

// fenceAfter returns the fence that is open after a line of Markdown, where
// open was the one before it; empty for none (CommonMark 4.5).
func fenceAfter(open, text string) string {
	text = strings.TrimLeft(text, " ")
	for _, mark := range []string{"`", "~"} {
		run := text[:len(text)-len(strings.TrimLeft(text, mark))]
		switch {
		case len(run) < 3:
		case open == "":
			return run
		case strings.HasPrefix(run, open) && strings.TrimSpace(text[len(run):]) == "":
			return ""
		}
	}
	return open
}

// headChars returns the first characters of s that fit into n bytes, at a
// block's border where there is one.
func headChars(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return s[:pageEnd(s, utf8.RuneCountInString(cutAt(s, n)))]
}
