package index

import (
	"slices"
	"strings"
	"unicode"
)

// namedThing is what a query calls by its name, as terms of the query; -1 where
// the query has no such term.
type namedThing struct {
	// numbered is the whole with the number of its section, if the query has one;
	// -1 otherwise, as everywhere.
	numbered int
	whole    int // defined under just this name: os.path.join
	part     int // the last part of a longer name: the query says join
	// lastWhole and lastPart are those of the name's last part, and rest the
	// words before it: Vec::push is push under a heading that says Vec.
	lastWhole, lastPart int
	rest                []int
}

// What a definition is worth, against one under the very name.
const (
	nameAsPart = 0.7 // setdefault for dict.setdefault
	nameInPart = 0.3 // push for std::vec::Vec::push, and as much more for its other parts that stand above
)

const maxNamed = 4 // things that a query names; later ones are left out

// readNames finds what the query calls by its name.
func (q *parsed) readNames(a *analyzer, text string, seen map[string]int) {
	words := len(strings.Fields(text))
	if words < maxNameWords {
		q.whole = q.thing(a, text, seen)
	}
	var things []string
	for part, quoted := range pieces(text) {
		if quoted {
			things = append(things, part)
			continue
		}
		for _, run := range capitals(part) {
			if run.capital {
				things = append(things, run.text)
			}
		}
		fields := strings.Fields(part)
		for at, word := range fields {
			if isExact(a, word) {
				if strings.HasPrefix(word, "-") && (at == 1 || at == 2) { // of a command: git commit --amend
					things = append(things, strings.Join(fields[:at], "-"))
				}
				things = append(things, word)
			}
		}
	}
	for _, s := range slices.Compact(things) {
		if len(q.named) == maxNamed {
			break
		}
		if n := q.thing(a, s, seen); n != nil {
			q.named = append(q.named, n)
		}
	}
}

func isExact(a *analyzer, word string) bool {
	return strings.ContainsFunc(word, unicode.IsLetter) && slices.ContainsFunc(a.tokens(word), func(t token) bool { return t.exact })
}

// thing adds the terms of a name to the query.
func (q *parsed) thing(a *analyzer, s string, seen map[string]int) *namedThing {
	name := nameOf(s)
	if len(name) < minPart || len(name) > maxName {
		return nil
	}
	n := &namedThing{numbered: -1, whole: q.name(wholeName+name, seen), part: q.name(partName+name, seen), lastWhole: -1, lastPart: -1}
	if numbered := numberedName(s); numbered != name {
		n.numbered = q.name(wholeName+numbered, seen)
	}
	i := strings.LastIndexByte(name, '.')
	if i <= 0 || len(name)-i-1 < minPart || strings.Contains(name, " ") {
		return n
	}
	n.lastWhole, n.lastPart = q.name(wholeName+name[i+1:], seen), q.name(partName+name[i+1:], seen)
	last := strings.LastIndexAny(strings.TrimRight(s, "()"), ".:>")
	for _, t := range a.tokens(s[:max(last, 0)]) {
		if at, ok := seen[t.term]; ok && !t.stacked && !slices.Contains(n.rest, at) {
			n.rest = append(n.rest, at)
		}
	}
	return n
}

// name returns the place of a name among the terms, or -1 if the query is full.
func (q *parsed) name(text string, seen map[string]int) int {
	at, ok := q.term(text, seen)
	if !ok {
		return -1
	}
	q.terms[at].name = true
	return at
}

// worth says how well a passage defines the thing. defined tells the names that
// are defined there, above the words of headings and title.
func (n *namedThing) worth(defined, above []bool) float64 {
	has := func(list []bool, term int) bool { return term >= 0 && list[term] }
	switch {
	case has(defined, n.numbered) || n.numbered < 0 && has(defined, n.whole):
		return 1
	case has(defined, n.whole):
		return nameAsPart
	case has(defined, n.part):
		return nameAsPart
	case !has(defined, n.lastWhole) && !has(defined, n.lastPart) || len(n.rest) == 0:
		return 0
	}
	stands := 0
	for _, term := range n.rest {
		if has(above, term) {
			stands++
		}
	}
	return nameInPart * (1 + float64(stands)/float64(len(n.rest)))
}

// worth says how well a passage defines what the query names, from 0 to 1.
func (q *parsed) worth(defined, above []bool) float64 {
	whole, all := 0.0, 0.0
	if q.whole != nil {
		whole = q.whole.worth(defined, above)
	}
	for _, n := range q.named {
		all += n.worth(defined, above) / float64(len(q.named))
	}
	return max(whole, all)
}
