package content

import (
	"iter"
	"strings"
	"unicode"
	"unicode/utf8"
)

// denseLinks is the share of a block's letters from which it is all links.
const denseLinks = .8

// Blocks splits Markdown into its top-level blocks: runs of lines between empty
// ones, a fenced block whole. Together with the white space between them they
// are all of the Markdown.
func Blocks(md string) []Block {
	var list []Block
	for start, end := range blockRanges(md) {
		list = append(list, newBlock(md, start, end))
	}
	return list
}

// blockRanges yields where the blocks of Blocks stand, without the line ends
// behind them.
func blockRanges(md string) iter.Seq2[int, int] {
	return func(yield func(start, end int) bool) {
		start, fence, end := -1, "", 0
		for pos := 0; pos < len(md); {
			next := len(md)
			if i := strings.IndexByte(md[pos:], '\n'); i >= 0 {
				next = pos + i + 1
			}
			line := strings.TrimSpace(md[pos:next])
			closed := false
			switch {
			case fence != "":
				end = next
				if closed = strings.HasPrefix(line, fence) && strings.Trim(line, "`") == ""; closed {
					fence = ""
				}
			case strings.HasPrefix(line, "```"):
				if start < 0 {
					start = pos
				}
				fence, end = line[:len(line)-len(strings.TrimLeft(line, "`"))], next
			case line == "":
				closed = start >= 0
			default:
				if start < 0 {
					start = pos
				}
				end = next
			}
			pos = next
			if closed {
				if !yield(start, withoutLineEnd(md, start, end)) {
					return
				}
				start = -1
			}
		}
		if start >= 0 {
			yield(start, withoutLineEnd(md, start, end))
		}
	}
}

// withoutLineEnd is end, before the line ends there.
func withoutLineEnd(md string, start, end int) int {
	return start + len(strings.TrimRight(md[start:end], "\n"))
}

// FNV-1a, 64 bits, written out: one call for each letter of a site costs more
// than all the rest of reading its blocks.
const (
	fnvOffset = 14695981039346656037
	fnvPrime  = 1099511628211
)

// addRune adds the UTF-8 bytes of r to a hash.
func addRune(h uint64, r rune) uint64 {
	if r < utf8.RuneSelf {
		return (h ^ uint64(r)) * fnvPrime
	}
	var b [utf8.UTFMax]byte
	for _, c := range b[:utf8.EncodeRune(b[:], r)] {
		h = (h ^ uint64(c)) * fnvPrime
	}
	return h
}

// lowered has the letters and digits of ASCII in lower case, and 0 for the other
// bytes.
var lowered = func() (table [256]byte) {
	for c := range byte(utf8.RuneSelf) {
		if isWord(rune(c)) {
			table[c] = byte(lowerRune(rune(c)))
		}
	}
	return table
}()

// addWord adds the letters and digits of ASCII that stand in md from i on to a
// hash, with a space before them unless they go on with a word, and returns where
// they end.
func addWord(h uint64, md string, i, end int, word bool) (uint64, int) {
	if i == end || lowered[md[i]] == 0 {
		return h, i
	}
	if !word {
		h = (h ^ ' ') * fnvPrime
	}
	for ; i < end; i++ {
		c := lowered[md[i]]
		if c == 0 {
			break
		}
		h = (h ^ uint64(c)) * fnvPrime
	}
	return h, i
}

// newBlock reads the words of a block, in lower case and without the targets of
// links.
func newBlock(md string, start, end int) Block {
	b := Block{Start: start, End: end}
	h := uint64(fnvOffset)
	letters, linked, depth, inTarget := 0, 0, 0, false
	afterBracket, word := false, false
	for i := start; i < end; {
		if !inTarget { // a whole word at once
			from := i
			h, i = addWord(h, md, i, end, word)
			if n := i - from; n > 0 {
				letters += n
				if depth > 0 {
					linked += n
				}
				word, afterBracket = true, false
				continue
			}
		}
		r, width := rune(md[i]), 1
		if r >= utf8.RuneSelf {
			r, width = utf8.DecodeRuneInString(md[i:end])
		}
		i += width
		if !inTarget && isWord(r) {
			letters++
			if depth > 0 {
				linked++
			}
			if !word {
				h = (h ^ ' ') * fnvPrime
			}
			h = addRune(h, lowerRune(r))
			word, afterBracket = true, false
			continue
		}
		switch {
		case inTarget:
			inTarget = r != ')'
		case r == '[':
			depth++
		case r == ']' && depth > 0:
			depth--
		case r == '(' && afterBracket:
			inTarget = true
		}
		word, afterBracket = false, r == ']'
	}
	b.Fingerprint = h
	b.LinkDense = letters > 0 && float64(linked) >= denseLinks*float64(letters)
	return b
}

// isWord reports whether r is a letter or a digit.
func isWord(r rune) bool {
	if r < utf8.RuneSelf {
		return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
	}
	return unicode.IsLetter(r) || unicode.IsDigit(r)
}

func lowerRune(r rune) rune {
	if r < utf8.RuneSelf {
		if 'A' <= r && r <= 'Z' {
			r += 'a' - 'A'
		}
		return r
	}
	return unicode.ToLower(r)
}

// CutBlocks takes out the blocks whose fingerprint is in drop. Restore undoes it.
func CutBlocks(md string, drop map[uint64]bool) (cleaned string, cuts []Cut) {
	if len(drop) == 0 {
		return md, nil
	}
	var b strings.Builder
	blocks := Blocks(md)
	for i, block := range blocks {
		from, to := block.Start, len(md)
		if i == 0 {
			from = 0
		}
		if i+1 < len(blocks) {
			to = blocks[i+1].Start
		}
		if drop[block.Fingerprint] {
			cuts = append(cuts, Cut{Fingerprint: block.Fingerprint, Offset: b.Len(), Text: md[from:to]})
			continue
		}
		b.WriteString(md[from:to])
	}
	if len(cuts) == 0 {
		return md, nil
	}
	return b.String(), cuts
}

// Restore puts the cuts of CutBlocks back.
func Restore(cleaned string, cuts []Cut) string {
	var b strings.Builder
	at := 0
	for _, c := range cuts {
		if c.Offset < at || c.Offset > len(cleaned) {
			continue // not from CutBlocks of this text
		}
		b.WriteString(cleaned[at:c.Offset])
		b.WriteString(c.Text)
		at = c.Offset
	}
	b.WriteString(cleaned[at:])
	return b.String()
}
