package tools

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/axon-mcp/axon-mcp/engine/index"
	"github.com/axon-mcp/axon-mcp/fault"
)

func someHits(n int) []index.Hit {
	hits := make([]index.Hit, n)
	for i := range hits {
		hits[i] = index.Hit{
			ChunkID: fmt.Sprint("c", i), DocumentID: fmt.Sprint("d", i), URL: fmt.Sprintf("https://docs.example/%d", i), Anchor: "sec", Title: "Title",
			HeadingPath: []string{"Part", "Section"}, Text: strings.Repeat("words of a passage ", 60), Score: 0.123456789, Ordinal: i, FetchedAt: testTime,
		}
	}
	return hits
}

func TestQueryHits(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.index.hits = someHits(2)
	b.index.hits[1].Anchor, b.index.hits[1].HeadingPath = "", nil
	out, text := must[QueryOutput](t, b, "query", `{"query":"what","limit":2}`)
	h := out.Hits[0]
	if h.URL != "https://docs.example/0#sec" || h.Title != "Title" || strings.Join(h.HeadingPath, "/") != "Part/Section" || h.Score != 0.1235 ||
		h.ChunkID != "c0" || h.FetchedAt != "2026-11-26T12:00:00Z" || h.Text != b.index.hits[0].Text {
		t.Errorf("%+v", h)
	}
	if out.Hits[1].URL != "https://docs.example/1" || out.Hits[1].HeadingPath == nil || out.NextCursor != nil || out.Trust != "untrusted" {
		t.Errorf("%+v", out)
	}
	for _, part := range []string{"\nTitle › Part › Section\n\n", "https://docs.example/0#sec", "next: retrieve url="} {
		if !strings.Contains(text, part) {
			t.Errorf("the text has no %q", part)
		}
	}
	b.index.note = "found by keywords only"
	if out, text := must[QueryOutput](t, b, "query", `{"query":"what"}`); out.Note != b.index.note || !strings.Contains(text, b.index.note) {
		t.Errorf("note %q, %.80s", out.Note, text)
	}
	b.index.hits = nil
	if none, text := must[QueryOutput](t, b, "query", `{"query":"what"}`); none.Hits == nil || !strings.Contains(text, "next:") {
		t.Errorf("no hits: %+v, %s", none, text)
	}
}

func TestQueryPages(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.index.hits = someHits(25)
	seen, cursor := 0, ""
	for range 10 {
		out, text := must[QueryOutput](t, b, "query", fmt.Sprintf(`{"query":"what","limit":10,"cursor":%q}`, cursor))
		if head := []string{"The first 10 passages", "The next 10 passages", "The last 5 passages"}[seen/10]; !strings.HasPrefix(text, head) {
			t.Errorf("%q begins not with %q", clip(text, 60), head)
		}
		for _, h := range out.Hits {
			if h.ChunkID != fmt.Sprint("c", seen) {
				t.Fatalf("hit %d is %s", seen, h.ChunkID)
			}
			seen++
		}
		if out.NextCursor == nil {
			break
		}
		cursor = *out.NextCursor
	}
	if seen != 25 {
		t.Errorf("%d hits over all pages", seen)
	}
	for _, args := range []string{
		fmt.Sprintf(`{"query":"another","cursor":%q}`, cursor), fmt.Sprintf(`{"query":"what","mode":"keyword","cursor":%q}`, cursor),
		`{"query":"what","cursor":"!!"}`, `{"query":"what","cursor":"LTUuYWE"}`,
	} {
		_, err := b.call(t, "query", args)
		wantFault(t, err, fault.Invalid, "cursor")
	}
}

func TestQueryFilters(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	must[QueryOutput](t, b, "query", `{"query":"x","mode":"keyword","domains":["a.example"],"source_types":["web"],"url_prefix":"https://a","lang":"en","since":"7d","before":"2026-11-26","collection":"c"}`)
	f := b.index.seen.Filter
	if b.index.seen.Mode != index.Keyword || b.index.seen.Collection != "c" || f.Domains[0] != "a.example" || f.SourceTypes[0] != "web" || f.URLPrefix != "https://a" ||
		f.Lang != "en" || !f.Since.Equal(testTime.Add(-7*24*time.Hour)) || !f.Before.Equal(time.Date(2026, 11, 26, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("%+v", b.index.seen)
	}
	for _, bad := range []string{"yesterday", "7y", "-3d", "2026-13-01", "99999999999d", "d"} {
		_, err := b.call(t, "query", fmt.Sprintf(`{"query":"x","since":%q}`, bad))
		wantFault(t, err, fault.Invalid, "since", bad)
	}
}

// A search that could find nothing says so: the words are not at fault.
func TestQueryOfNothing(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.index.put(index.Document{URL: "https://a.example/", Domain: "a.example"})
	for args, want := range map[string]string{
		`{"query":"x","collection":"nope"}`:                                           "nothing is stored in the collection nope",
		`{"query":"x","domains":["b.example"]}`:                                       "nothing of b.example is stored in the collection axon",
		`{"query":"x","domains":["a.example"],"url_prefix":"https://a.example/docs"}`: "passes the filters",
		`{"query":"x","domains":["a.example"]}`:                                       "",
	} {
		out, text := must[QueryOutput](t, b, "query", args)
		if !strings.Contains(out.Note, want) || !strings.Contains(text, want) || (want == "") != (out.Note == "") {
			t.Errorf("%s: %q, %s", args, out.Note, text)
		}
	}
}

// TestLongQueriesKeepTheirHits: passages get shorter before hits are dropped.
func TestLongQueriesKeepTheirHits(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.index.hits = someHits(60)
	result, err := b.call(t, "query", `{"query":"what"}`)
	if err != nil {
		t.Fatal(err)
	}
	raw := result.Structured.(json.RawMessage)
	var out QueryOutput
	if err := json.Unmarshal(raw, &out); err != nil {
		t.Fatal(err)
	}
	if len(out.Hits) != 10 || len(raw) < 6_000 || !out.Truncated || out.Artifact == "" || len(raw) > 8_192 || textSize(result.Blocks) > 8_192 {
		t.Fatalf("%d hits in %d and %d bytes, truncated %v", len(out.Hits), len(raw), textSize(result.Blocks), out.Truncated)
	}
	for i, h := range out.Hits {
		whole := b.index.hits[i].Text
		if !strings.HasPrefix(whole, h.Text) || h.TextTruncated != (len(h.Text) < len(whole)) || len(h.Text) < minPassage*3/4 {
			t.Errorf("hit %d has %d of %d bytes, truncated %v", i, len(h.Text), len(whole), h.TextTruncated)
		}
		if i > 0 && len(h.Text) > len(out.Hits[i-1].Text) {
			t.Errorf("hit %d has more text than the better one", i)
		}
	}
	if out.Hits[0].TextTruncated || out.Hits[1].TextTruncated || !out.Hits[9].TextTruncated {
		t.Error("the best hits are not the ones that stay whole")
	}
	many, _ := must[QueryOutput](t, b, "query", `{"query":"what","limit":60}`)
	if len(many.Hits) < 10 || len(many.Hits) == 60 || !many.Truncated {
		t.Errorf("%d of 60 hits", len(many.Hits))
	}
}
