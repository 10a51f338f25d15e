package index

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// settled waits until Run has brought the index into a shape, which the caller
// tells by looking at its state in the database.
func settled(t *testing.T, ix *Index, shape string, is func() (bool, error)) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		ok, err := is()
		if err != nil {
			t.Fatal(err)
		}
		if ok {
			return
		}
		select {
		case ix.written <- struct{}{}: // as a write does
		default:
		}
		select {
		case <-tick.C:
		case <-t.Context().Done():
			t.Fatalf("the index did not come to have %s", shape)
		}
	}
}

func countRows(t *testing.T, ix *Index, query string, args ...any) (n int) {
	t.Helper()
	if err := ix.db.Read.QueryRowContext(t.Context(), query, args...).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// running starts Run, which ends with the test.
func running(t *testing.T, ix *Index) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- ix.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
}

// Run moves a full tail into a segment, makes one of many segments, removes the
// files that are left over, and searches find the same before and after.
func TestRunMergesInTheBackground(t *testing.T) {
	t.Parallel()
	ix := open(t, t.TempDir(), &hashed{id: "hashed-1"})
	const pages = 3 * minTail / 2
	for i := range pages {
		write(t, ix, entry(fmt.Sprintf("https://e.com/%d", i), "Page", fmt.Sprintf("words of page number%d", i)))
		if i%10 == 9 { // small segments, as many short runs leave them
			if err := ix.flush(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	if n := countRows(t, ix, `SELECT count(*) FROM index_segments`); n < mergeCount {
		t.Fatalf("%d segments before", n)
	}
	running(t, ix)
	settled(t, ix, "one segment and its file", func() (bool, error) {
		files, err := filepath.Glob(filepath.Join(ix.dir, "*"))
		return countRows(t, ix, `SELECT count(*) FROM index_segments`) == 1 && len(files) == 1, err
	})
	for i := range minTail {
		write(t, ix, entry(fmt.Sprintf("https://e.com/more/%d", i), "Page", fmt.Sprintf("words of page more%d", i)))
	}
	settled(t, ix, "a tail that is not full", func() (bool, error) { // what is written after the move stays in it
		return countRows(t, ix, `SELECT coalesce(sum(chunks), 0) FROM index_tail`) < minTail, nil
	})
	for _, word := range []string{"number0", "number9", fmt.Sprint("number", pages-1), "more0", fmt.Sprint("more", minTail-1)} {
		found, err := ix.Search(t.Context(), Query{Text: word, Mode: Keyword, Limit: 5})
		if err != nil || len(found.Hits) != 1 {
			t.Errorf("%s: %d hits: %v", word, len(found.Hits), err)
		}
	}
	if err := ix.Verify(t.Context()); err != nil {
		t.Error(err)
	}
}

// Under another model documents are found by words at once, their old vectors
// take no part, and Run embeds them again.
func TestAnotherModelEmbedsAgain(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	old := open(t, dir, &hashed{id: "hashed-1"})
	const pages = 2*embedBatch + 3
	for i := range pages {
		write(t, old, entry(fmt.Sprintf("https://e.com/%d", i), "Page", fmt.Sprintf("alpha beta gamma number%d", i)))
		if i == pages/2 {
			if err := old.flush(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	h := &hashed{id: "hashed-2"}
	ix := open(t, dir, h)
	semantic := Query{Text: "alpha beta", Mode: Semantic, Limit: 50}
	found, err := ix.Search(t.Context(), semantic)
	if err != nil || len(found.Hits) != 0 {
		t.Errorf("%d hits by vectors of another model: %v", len(found.Hits), err)
	}
	if found, err = ix.Search(t.Context(), Query{Text: "number7", Limit: 1}); err != nil || len(found.Hits) != 1 {
		t.Errorf("%d hits by words: %v", len(found.Hits), err)
	}
	down := errors.New("down")
	h.down.Store(&down)
	if err := ix.embedAgain(t.Context(), &keeper{}); err != nil { // waits, and tells the log
		t.Error(err)
	}
	if n := countRows(t, ix, `SELECT count(*) FROM documents WHERE model = 'hashed-2'`); n != 0 {
		t.Errorf("%d documents have vectors while the embedder is down", n)
	}
	h.down.Store(nil)
	running(t, ix)
	settled(t, ix, "vectors of the new model", func() (bool, error) {
		return countRows(t, ix, `SELECT count(*) FROM documents WHERE model = 'hashed-2'`) == pages, nil
	})
	if found, err = ix.Search(t.Context(), semantic); err != nil || len(found.Hits) != pages {
		t.Errorf("%d hits by new vectors, want %d: %v", len(found.Hits), pages, err)
	}
}

// What Export writes Import stores the same: text, metadata, validators, cuts
// and what a crawl wants to know; and a second round changes nothing.
func TestExportAndImport(t *testing.T) {
	t.Parallel()
	from := open(t, t.TempDir(), &hashed{id: "hashed-1"})
	e := entry("https://e.com/a", "A page", "a menu of the site\n\n# A page\n\nwords with \"quotes\", <tags> and ünïcode")
	e.ETag, e.LastModified, e.JobID, e.Blocks, e.Links = `"x"`, "Thu, 26 Nov 2026 10:00:00 GMT", "job-1", []uint64{1, 1 << 63}, []string{"https://e.com/b"}
	e.FetchedAt = time.UnixMilli(1_700_000_000_123).UTC()
	e.Doc.Lang, e.Doc.Author, e.Doc.Generator, e.Doc.Version = "en-GB", "B. C.", "sphinx", "3.11"
	e.Doc.Published, e.Doc.Modified = time.UnixMilli(1_600_000_000_000).UTC(), time.UnixMilli(1_650_000_000_000).UTC()
	write(t, from, e)
	write(t, from, entry("https://e.com/empty", "Empty", ""))
	if _, err := from.Missing(t.Context(), "docs", "https://e.com/empty", false); err != nil {
		t.Fatal(err)
	}
	var archive, again bytes.Buffer
	count, err := from.Export(t.Context(), &archive)
	if err != nil || count.Documents != 2 {
		t.Fatalf("%+v: %v", count, err)
	}
	to := open(t, t.TempDir(), &hashed{id: "hashed-2"})
	for range 2 {
		got, err := to.Import(t.Context(), bytes.NewReader(archive.Bytes()))
		if err != nil || got != count {
			t.Fatalf("imported %+v, exported %+v: %v", got, count, err)
		}
	}
	if _, err := to.Export(t.Context(), &again); err != nil {
		t.Fatal(err)
	}
	if again.String() != archive.String() {
		t.Errorf("the second archive differs:\n%s\n%s", again.String(), archive.String())
	}
	found, err := to.Search(t.Context(), Query{Text: "ünïcode", Limit: 3})
	if err != nil || len(found.Hits) != 1 || found.Hits[0].URL != "https://e.com/a" {
		t.Errorf("%+v: %v", found, err)
	}
	for name, bad := range map[string]string{
		"nothing known":  `{"kind":"other","version":1}`,
		"no JSON":        archive.String() + "{",
		"a cut outside":  strings.Replace(archive.String(), `"markdown":"a menu`, `"cuts":[{"f":1,"o":9999,"t":"x"}],"markdown":"a menu`, 1),
		"no collection":  strings.Replace(archive.String(), `"collection":"docs"`, `"collection":""`, 1),
		"a later format": strings.Replace(archive.String(), `"version":1`, `"version":2`, 1),
	} {
		if _, err := to.Import(t.Context(), strings.NewReader(bad)); err == nil {
			t.Errorf("%s: imported", name)
		}
	}
}

// Near duplicates differ in a few words; short pages and other texts are none,
// and the first stored leads its group.
func TestDuplicates(t *testing.T) {
	t.Parallel()
	ix := open(t, t.TempDir(), &hashed{id: "hashed-1"})
	var words []string
	for i := range 300 {
		words = append(words, fmt.Sprintf("word%d", i*7919%613))
	}
	long := strings.Join(words, " ")
	for i, page := range []struct{ url, text string }{
		{"first", long},
		{"near", strings.Replace(long, "word0 ", "another ", 1)},
		{"same", long},
		{"other", strings.ReplaceAll(long, "word", "term")},
		{"short-1", "few words only here"},
		{"short-2", "few words only there"},
	} {
		e := entry("https://e.com/"+page.url, "Page", page.text)
		e.FetchedAt = time.UnixMilli(int64(1000 + i))
		write(t, ix, e)
	}
	for near, want := range map[bool]string{false: "[[first same]]", true: "[[first near same]]"} {
		groups, err := ix.Duplicates(t.Context(), "docs", near)
		if err != nil {
			t.Fatal(err)
		}
		var got [][]string
		for _, g := range groups {
			var urls []string
			for _, s := range g {
				urls = append(urls, strings.TrimPrefix(s.URL, "https://e.com/"))
			}
			got = append(got, urls)
		}
		if fmt.Sprint(got) != want {
			t.Errorf("near %v: got %v, want %s", near, got, want)
		}
	}
}

// A dry Forget counts what the real one removes, and removes nothing.
func TestForgetDry(t *testing.T) {
	t.Parallel()
	ix := open(t, t.TempDir(), &hashed{id: "hashed-1"})
	for _, url := range []string{"https://a.com/1", "https://a.com/2", "https://b.com/1"} {
		write(t, ix, entry(url, "Page", "some words of "+url))
	}
	for _, sel := range []struct {
		Selector
		documents int
	}{
		{Selector{Collection: "docs", URL: "https://a.com/1"}, 1},
		{Selector{Collection: "docs", Domain: "a.com"}, 2},
		{Selector{Collection: "docs", SourceType: "web"}, 3},
		{Selector{Collection: "docs"}, 3},
		{Selector{Collection: "other"}, 0},
	} {
		count, sample, err := ix.Forget(t.Context(), sel.Selector, true)
		if err != nil || count.Documents != sel.documents || len(sample) != sel.documents {
			t.Errorf("%+v: %+v, %v: %v", sel.Selector, count, sample, err)
		}
	}
	if n := countRows(t, ix, `SELECT count(*) FROM documents`); n != 3 {
		t.Fatalf("%d documents are left after dry runs", n)
	}
	dry, _, err := ix.Forget(t.Context(), Selector{Collection: "docs", Domain: "a.com"}, true)
	if err != nil {
		t.Fatal(err)
	}
	wet, _, err := ix.Forget(t.Context(), Selector{Collection: "docs", Domain: "a.com"}, false)
	if err != nil || wet != dry {
		t.Errorf("removed %+v, the dry run said %+v: %v", wet, dry, err)
	}
	found, err := ix.Search(t.Context(), Query{Text: "some words", Limit: 5})
	if err != nil || len(found.Hits) != 1 || found.Hits[0].URL != "https://b.com/1" {
		t.Errorf("%+v: %v", found.Hits, err)
	}
	for _, sel := range []Selector{{}, {Collection: "docs", URL: "x", Domain: "y"}} {
		if _, _, err := ix.Forget(t.Context(), sel, true); err == nil {
			t.Errorf("%+v: no error", sel)
		}
	}
}

// Passages that are joined are cited by the best of them, whose headings are told.
func TestJoinedHitLeadsToItsBestPassage(t *testing.T) {
	t.Parallel()
	ix := open(t, t.TempDir(), &hashed{id: "hashed-1"})
	e := entry("https://e.com/json", "Functions", "## json_length()\n\n"+strings.Repeat("It counts what json_take finds, and other words that make it long. ", 30)+"\n\n## json_take()\n\n"+strings.Repeat("It takes a value out of what is given. ", 30))
	e.Doc.Headings[0].Anchor, e.Doc.Headings[1].Anchor = "length", "take"
	write(t, ix, e)
	found, err := ix.Search(t.Context(), Query{Text: "json_take", Limit: 3})
	if err != nil || len(found.Hits) == 0 {
		t.Fatalf("%v, %d hits", err, len(found.Hits))
	}
	first := found.Hits[0]
	if first.Start > strings.Index(e.Doc.Markdown, "## json_take") || first.Anchor != "take" || !slices.Equal(first.HeadingPath, []string{"json_take()"}) {
		t.Errorf("starts at %d under %q, %q", first.Start, first.Anchor, first.HeadingPath)
	}
}
