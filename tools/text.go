package tools

import (
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// clip cuts s to at most n bytes at a rune's border and marks the cut.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return cutAt(s, n) + "…"
}

// cutAt returns the longest beginning of s of at most n bytes that ends at a
// rune's border.
func cutAt(s string, n int) string {
	if n >= len(s) {
		return s
	}
	n = max(n, 0)
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// line folds s into one line without controls.
func line(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }), " ")
}

// group writes n with thousands separated: 12,345.
func group(n int64) string {
	if n < 0 {
		return "-" + group(-n)
	}
	digits := strconv.FormatInt(n, 10)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// count writes n with the right form of a noun: 1 page, 2 pages.
func count(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return group(n) + " " + noun + "s"
}

// shown says how many of a listing stand on a page: later, where pages came
// before, and more, where others follow.
func shown(n int, noun string, later, more bool) string {
	which := "The first "
	switch {
	case !later && !more:
		return count(int64(n), noun)
	case later && more:
		which = "The next "
	case later:
		which = "The last "
	}
	if n == 1 {
		return which + noun
	}
	return which + count(int64(n), noun)
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// thousandths rounds to three decimals.
func thousandths(f float64) float64 { return math.Round(f*1000) / 1000 }
