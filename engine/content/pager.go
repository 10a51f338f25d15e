package content

import (
	"slices"
	"strings"
)

// pagerWords are the links to the pages beside one, in lower case.
var pagerWords = []string{"prev", "previous", "next", "up", "top", "home", "contents", "index", "back", "forward"}

// maxPager is how many bytes such a line has, with the addresses.
const maxPager = 2000

// isPager tells a line of nothing but links to the pages beside this one:
// [ prev | next | top ].
func isPager(line string) bool {
	if len(line) > maxPager {
		return false
	}
	links := strings.Count(line, "](")
	if links < 2 {
		return false
	}
	words := 0
	for len(line) > 0 {
		text, rest, _ := strings.Cut(line, "](")
		for word := range strings.FieldsFuncSeq(text, func(r rune) bool { return !isWordRune(r) }) {
			if words++; !slices.Contains(pagerWords, strings.ToLower(word)) {
				return false
			}
		}
		_, line, _ = strings.Cut(rest, ")")
	}
	return words == links
}
