package crawl

import (
	"hash/maphash"
	"slices"
	"strings"
)

// Limits of traps.
const (
	maxKey       = 2048 // bytes of a URL
	maxSegments  = 24   // of a path
	maxRun       = 3    // the same one to six segments in a row
	maxRepeat    = 4    // times that one segment may stand in a path
	calendarMax  = 50   // pages of one calendar
	facetMax     = 100  // queries of two parameters or more on one path
	selectorMax  = 5000 // queries of one parameter that chooses content (?id=…) on one path
	parameterMax = 200  // queries of any other single parameter on one path
)

// trap judges a URL by its text alone and returns "", or the reason to leave it.
func trap(p parts) string {
	switch {
	case len(p.scheme)+len("://?")+len(p.host)+len(p.path)+len(p.query) > maxKey:
		return SkipLength
	case isMedia(p.path):
		return SkipMedia
	case hasSession(p):
		return SkipSession
	case isAction(p):
		return SkipDenied
	}
	return pathTrap(p.path)
}

// pathTrap finds paths that grow by themselves.
func pathTrap(path string) string {
	if strings.Count(path, "/") < maxRun {
		return ""
	}
	segments := strings.Split(strings.Trim(path, "/"), "/")
	if len(segments) > maxSegments {
		return SkipPathDepth
	}
	for length := 1; length*maxRun <= len(segments); length++ {
		run := 0 // segments that equal the one a length before
		for i := length; i < len(segments); i++ {
			if segments[i] != segments[i-length] {
				run = 0
				continue
			}
			if run++; run == length*(maxRun-1) {
				return SkipRepeated
			}
		}
	}
	for i, segment := range segments {
		n := 1
		for _, other := range segments[:i] {
			if other == segment {
				n++
			}
		}
		if n >= maxRepeat && !isDigits(segment) {
			return SkipRepeated
		}
	}
	return ""
}

// traps judges URLs by how many of their kind were read before. It sees the
// URLs of a crawl in the order of the queue, which is the same in every crawl
// of the same site, and so is what it lets through. It is for one goroutine.
type traps struct {
	seed      maphash.Seed
	calendars map[uint64]int      // by shape
	facets    map[uint64]int      // by path, for two parameters or more
	single    map[uint64]int      // by path and parameter
	queries   map[uint64]struct{} // path and sorted parameters
}

// newTraps returns traps that have seen nothing.
func newTraps() *traps {
	return &traps{
		seed:      maphash.MakeSeed(),
		calendars: map[uint64]int{},
		facets:    map[uint64]int{},
		single:    map[uint64]int{},
		queries:   map[uint64]struct{}{},
	}
}

// admit counts a URL and returns "", or the reason to leave it.
func (t *traps) admit(p parts) string {
	if shape := calendarShape(p); shape != "" {
		if !t.count(t.calendars, calendarMax, p.host+shape) {
			return SkipCalendar
		}
	}
	if p.query == "" {
		return ""
	}
	path := p.host + p.path
	pairs := strings.Split(p.query, "&")
	if len(pairs) == 1 {
		name, _, _ := strings.Cut(p.query, "=")
		limit := parameterMax
		if contentSelectors[strings.ToLower(name)] {
			limit = selectorMax
		}
		if !t.count(t.single, limit, path+"?"+name) {
			return SkipQuery
		}
		return ""
	}
	slices.Sort(pairs)
	sum := maphash.String(t.seed, path+"?"+strings.Join(pairs, "&"))
	if _, seen := t.queries[sum]; seen || !t.count(t.facets, facetMax, path) {
		return SkipQuery
	}
	t.queries[sum] = struct{}{}
	return ""
}

// count adds one to name's count and reports whether it is within limit.
func (t *traps) count(counts map[uint64]int, limit int, name string) bool {
	sum := maphash.String(t.seed, name)
	if counts[sum] >= limit {
		return false
	}
	counts[sum]++
	return true
}

// contentSelectors are parameters that choose the page, as opposed to how it is
// shown: wikis, forums and many CMS have all their pages behind one of them.
var contentSelectors = wordSet(`id title page p t topic thread article doc document name path file section
	slug node nid tid pid aid cat category entry item post module package function class chapter`)

// calendarWords are path segments under which dates go on without end.
var calendarWords = wordSet("calendar cal events event agenda schedule archive archives day month week")

// dateParameters are query parameters that move a calendar.
var dateParameters = wordSet(`year month day date week yr mo caldate cal_date calendar tribe-bar-date
	start_date end_date startdate enddate date_from date_to`)

// calendarShape returns what all pages of one calendar have in common, or ""
// for a page of no calendar: the path with its digits folded, and the names of
// the parameters.
func calendarShape(p parts) string {
	dated := pathHasDate(p.path)
	names := ""
	for pair := range strings.SplitSeq(p.query, "&") {
		name, value, _ := strings.Cut(pair, "=")
		names += "&" + name
		dated = dated || dateParameters[strings.ToLower(name)] && isDate(value)
	}
	if !dated {
		return ""
	}
	var shape strings.Builder
	for i := range len(p.path) {
		digit := isDigits(p.path[i : i+1])
		switch {
		case !digit:
			shape.WriteByte(p.path[i])
		case !isDigits(p.path[max(i-1, 0):i]):
			shape.WriteByte('#')
		}
	}
	return shape.String() + names
}

// pathHasDate reports whether a path ends in a date below a calendar's word.
func pathHasDate(path string) bool {
	word, date := false, false
	for segment := range strings.SplitSeq(strings.ToLower(path), "/") {
		switch {
		case segment == "":
		case calendarWords[segment]:
			word = true
		default:
			date = isDate(segment)
		}
	}
	return word && date
}

// isDate reports whether s is digits, perhaps in groups as in 2026-05-01.
func isDate(s string) bool {
	return s != "" && len(s) <= 10 && strings.Trim(s, "0123456789-") == "" && s[0] != '-'
}

// isDigits reports whether s is decimal digits.
func isDigits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// wordSet makes a set of the words of a text.
func wordSet(words string) map[string]bool {
	set := map[string]bool{}
	for word := range strings.FieldsSeq(words) {
		set[word] = true
	}
	return set
}
