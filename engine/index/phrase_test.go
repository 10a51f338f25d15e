package index

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// A phrase in quotes is found though its words are common and a thousand
// passages have more of them, in another order; in the tail and in segments.
func TestQuotedPhraseIsFoundAmongItsWords(t *testing.T) {
	t.Parallel()
	for _, flushed := range []bool{false, true} {
		t.Run(fmt.Sprintf("flushed %v", flushed), func(t *testing.T) {
			t.Parallel()
			ix := open(t, t.TempDir(), &hashed{id: "hashed-1"})
			r := rand.New(rand.NewPCG(1, 2))
			words := strings.Fields("the value of the list is in the row of the table and the key")
			for i := range 300 {
				var b strings.Builder
				for range 40 {
					b.WriteString(words[r.IntN(len(words))] + " stray ")
				}
				write(t, ix, entry(fmt.Sprintf("https://e.com/%d", i), "Page", b.String()))
			}
			write(t, ix, entry("https://e.com/right", "Page", strings.Repeat("Many other things come here. ", 20)+"Only then the row is the key of something."))
			if flushed {
				if err := ix.flush(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			found, err := ix.Search(t.Context(), Query{Text: `"the row is the key of"`, Mode: Keyword, Limit: 5})
			if err != nil || len(found.Hits) == 0 {
				t.Fatalf("%d hits: %v", len(found.Hits), err)
			}
			if got := found.Hits[0].URL; got != "https://e.com/right" {
				t.Errorf("the first page is %s", got)
			}
		})
	}
}

// However much a query quotes, what is looked at is bounded.
func TestManyQuotedPhrasesAreBounded(t *testing.T) {
	t.Parallel()
	a := newAnalyzer()
	same := parse(a, strings.Repeat(`"one two three" `, 100))
	if len(same.quoted) != 1 {
		t.Errorf("%d phrases of one", len(same.quoted))
	}
	var b strings.Builder
	for i := range 40 {
		fmt.Fprintf(&b, `"word%d alpha" `, i)
	}
	if many := parse(a, b.String()); len(many.quoted) != maxPhrases {
		t.Errorf("%d phrases of forty", len(many.quoted))
	}
}

// What is quoted stands first where it stands as it is quoted, however often and
// prominently another page has its words.
func TestQuotedPhraseOutweighsItsWords(t *testing.T) {
	t.Parallel()
	for query, want := range map[string]uint64{`"add tables to a publication"`: 1, "how do I add tables to a publication": 2} {
		pages := []pageSigns{
			{rev: 1, page: .2, mean: .3, chunks: []chunkSigns{{keyword: .4, cosine: .3, pairs: 1, phrases: 1}}},
			{rev: 2, page: .9, title: 1, mean: .6, chunks: []chunkSigns{{keyword: .9, cosine: .7, pairs: .8}, {chunk: 1, keyword: .9, cosine: .7, pairs: .8}}},
		}
		got := rank(pages, weightsOf(Hybrid, parse(newAnalyzer(), query)))
		if got[0].rev != want {
			t.Errorf("%s: page %d is first, want %d", query, got[0].rev, want)
		}
	}
}

// A quote that is not closed quotes nothing, and hides no name that follows.
func TestASingleQuoteIsNoPhrase(t *testing.T) {
	t.Parallel()
	a := newAnalyzer()
	for query, want := range map[string]int{`old 3.5" floppy disk drives and json.dumps`: 0, `"floppy disk" drives of 3.5" and json.dumps`: 1, `"floppy disk`: 0} {
		q := parse(a, query)
		named := slices.ContainsFunc(q.named, func(n *namedThing) bool { return q.terms[n.whole].text == wholeName+"json.dumps" })
		if len(q.quoted) != want || named != strings.Contains(query, "json") {
			t.Errorf("%s: %d phrases, json.dumps is named: %v", query, len(q.quoted), named)
		}
	}
}
