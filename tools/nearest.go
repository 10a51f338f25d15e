package tools

import "strings"

// nearest returns the name that word was probably meant to be, or "" where
// none is like it. Case, '-' and '_' do not count.
func nearest(word string, names []string) string {
	best, least := "", 0
	folded := fold(word)
	if folded == "" {
		return ""
	}
	for _, name := range names {
		candidate := fold(name)
		d := distance(folded, candidate)
		if strings.HasPrefix(candidate, folded) || strings.HasPrefix(folded, candidate) {
			d = min(d, 1+d/4) // a beginning or an ending left out
		}
		if d <= max(1, max(len(folded), len(candidate))*2/5) && (best == "" || d < least) {
			best, least = name, d
		}
	}
	return best
}

func fold(s string) string {
	if len(s) > 64 {
		s = s[:64]
	}
	return strings.NewReplacer("-", "", "_", "").Replace(strings.ToLower(s))
}

// distance is the optimal string alignment distance (Damerau–Levenshtein with
// each pair swapped at most once) over bytes.
func distance(a, b string) int {
	before, last := make([]int, len(b)+1), make([]int, len(b)+1)
	row := make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
