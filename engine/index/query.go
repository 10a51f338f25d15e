package index

import (
	"iter"
	"math"
	"slices"
	"strings"
)

const maxTerms = 48 // distinct terms of a query; later ones are left out

// queryTerm is a distinct term of a query.
type queryTerm struct {
	text  string
	name  bool     // a name (names.go), which is no word of BM25
	ids   []uint32 // by shard
	known []bool   // by shard
	stats termStats
	// idf of chunks, pages and titles.
	idf, pageIDF, titleIDF float32
}

// parsed is a query as the legs see it.
type parsed struct {
	terms []*queryTerm
	// words are the terms of the query's words in order, without the whole
	// identifiers that stand beside them.
	words []int
	// phrases are runs of terms that shall stand side by side: what the query
	// quotes, the parts of an identifier, words in capitals (CREATE INDEX).
	phrases [][]int
	quoted  [][]int // those in quotes
	// whole is what the query names if all of it is one name; named are the
	// identifiers, phrases in quotes and words in capitals in it.
	whole *namedThing
	named []*namedThing
	// lookup tells that the query names something (an identifier, a code, a
	// phrase, one or two words) instead of asking for it.
	lookup bool
}

// parse analyzes the text of a query.
func parse(a *analyzer, text string) *parsed {
	q := &parsed{}
	seen := make(map[string]int)
	exact := false
	for part, quoted := range pieces(text) {
		from := len(q.words)
		exact = q.read(a, part, seen) || exact
		if quoted && q.phrase(from, len(q.words)-from) {
			q.quote(q.phrases[len(q.phrases)-1])
		}
	}
	q.lookup = exact || len(q.phrases) > 0 || len(q.words) <= 2
	q.readNames(a, text, seen)
	return q
}

// pieces yields what a query quotes and what stands between. A quote that is not
// closed is a sign like any other: 3.5" disks.
func pieces(text string) iter.Seq2[string, bool] {
	return func(yield func(string, bool) bool) {
		parts := strings.Split(text, `"`)
		for i, part := range parts {
			if !yield(part, i%2 == 1 && i+1 < len(parts)) {
				return
			}
		}
	}
}

// quote adds a phrase to those in quotes, where there is room and it is new.
func (q *parsed) quote(phrase []int) {
	same := func(other []int) bool { return slices.Equal(other, phrase) }
	if len(q.quoted) < maxPhrases && !slices.ContainsFunc(q.quoted, same) {
		q.quoted = append(q.quoted, phrase)
	}
}

// read adds the terms of a piece of the query and reports whether it holds an
// identifier.
func (q *parsed) read(a *analyzer, text string, seen map[string]int) (exact bool) {
	for _, run := range capitals(text) {
		from := len(q.words)
		for _, t := range a.tokens(run.text) {
			at, ok := q.term(t.term, seen)
			if !ok {
				continue
			}
			exact = exact || t.exact
			if !t.stacked {
				q.words = append(q.words, at)
			} else if t.parts > 1 {
				defer q.phrase(len(q.words)-1, t.parts)
			}
		}
		if run.capital {
			q.phrase(from, len(q.words)-from)
		}
	}
	return exact
}

// term returns the place of a term in the query, where it is new or known; ok
// is false when the query is full.
func (q *parsed) term(text string, seen map[string]int) (at int, ok bool) {
	if at, ok = seen[text]; ok {
		return at, true
	}
	if len(q.terms) == maxTerms {
		return 0, false
	}
	at = len(q.terms)
	seen[text] = at
	q.terms = append(q.terms, &queryTerm{text: text})
	return at, true
}

// isKnown reports whether some word of the query is in the index. The terms must
// have been looked up.
func (q *parsed) isKnown() bool {
	return slices.ContainsFunc(q.terms, func(t *queryTerm) bool { return t.stats.chunks > 0 })
}

// phrase adds n words from a place on as a phrase, where there are as many.
func (q *parsed) phrase(from, n int) bool {
	if from < 0 || n < 2 || from+n > len(q.words) {
		return false
	}
	q.phrases = append(q.phrases, q.words[from:from+n:from+n])
	return true
}

// run is a piece of a query.
type run struct {
	text    string
	capital bool // two or more words, all in capitals
}

// capitals divides a text into runs of words in capitals and the rest.
func capitals(text string) []run {
	var runs []run
	var words []string
	capital := false
	flush := func() {
		if len(words) > 0 {
			runs = append(runs, run{strings.Join(words, " "), capital && len(words) > 1})
		}
		words = nil
	}
	for _, w := range strings.Fields(text) {
		if c := isCapital(w); c != capital {
			flush()
			capital = c
		}
		words = append(words, w)
	}
	flush()
	return runs
}

func isCapital(word string) bool {
	n := 0
	for i := range len(word) {
		switch c := word[i]; {
		case 'A' <= c && c <= 'Z':
			n++
		case c != '-' && c != '_':
			return false
		}
	}
	return n > 1
}

// rarity is the idf of BM25 in the form that is never negative.
func rarity(having, all int) float32 {
	return float32(math.Log(1 + (float64(all-having)+0.5)/(float64(having)+0.5)))
}
