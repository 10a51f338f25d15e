package tools

import (
	"context"
	"fmt"
	"math"
	"strings"

	"github.com/axon-mcp/axon-mcp/engine/index"
	"github.com/axon-mcp/axon-mcp/security"
)

// QueryInput is the input of query.
type QueryInput struct {
	Query string `json:"query" jsonschema:"what to look for: a question or identifiers, such as parse JSON with duplicate keys" rule:"min=1"`
	Limit int    `json:"limit,omitempty" jsonschema:"how many passages, such as 5" rule:"min=1 max=500 default=10"`
	Mode  string `json:"mode,omitempty" jsonschema:"hybrid fits nearly always; keyword: exact identifiers; semantic: paraphrases" rule:"enum=hybrid|semantic|keyword default=hybrid"`
	Filters
	Collection string `json:"collection,omitempty" jsonschema:"such as axon, the default"`
	Cursor     string `json:"cursor,omitempty" jsonschema:"next_cursor of the page before"`
}

// QueryOutput is the output of query.
type QueryOutput struct {
	Hits       []QueryHit `json:"hits"`
	NextCursor *string    `json:"next_cursor"`
	Trust      string     `json:"trust"`
	Note       string     `json:"note,omitempty"` // what was left out, or is weak
	Shortened
}

// QueryHit is one passage.
type QueryHit struct {
	URL         string   `json:"url"` // with #anchor
	Title       string   `json:"title"`
	HeadingPath []string `json:"heading_path"`
	Text        string   `json:"text"`
	// TextTruncated tells that Text is only the beginning of the passage.
	TextTruncated bool    `json:"text_truncated,omitempty"`
	Score         float64 `json:"score"`
	Position      int     `json:"position"` // ordinal of the passage in its document
	FetchedAt     string  `json:"fetched_at"`
	ChunkID       string  `json:"chunk_id"`
	DocumentID    string  `json:"document_id"`
	SourceType    string  `json:"source_type"`
}

// query is closed-world: what it returns was stored before, and where from it
// came is said beside each passage.
func query(d *Deps) (*Tool, error) {
	return define(d, Tool{
		Name:  "query",
		Title: "Search the index",
		About: "Finds passages in the indexed pages and files, best first, with URL and heading path to cite. " +
			"retrieve gives a whole page, scrape reads a page that is not indexed, crawl adds a site. Milliseconds, no network.",
		Toolset: Knowledge, Scope: security.ScopeRead, Positional: "query",
		Hints: Hints{ReadOnly: true, Idempotent: true},
	}, func(ctx context.Context, _ Call, in QueryInput) (reply[QueryOutput], error) {
		q, what, err := d.readQuery(in)
		if err != nil {
			return reply[QueryOutput]{}, err
		}
		found, err := d.Searcher.Search(ctx, q)
		if err != nil {
			return reply[QueryOutput]{}, fmt.Errorf("search: %w", err)
		}
		out := QueryOutput{Hits: hitsOf(found.Hits), Trust: untrustedLabel, Note: found.Note}
		if found.More {
			out.NextCursor = offsetCursor(what, q.Offset+len(found.Hits))
		}
		if len(found.Hits) == 0 && q.Offset == 0 && out.Note == "" {
			if out.Note, err = d.nothingToSearch(ctx, q.Collection, q.Filter); err != nil {
				return reply[QueryOutput]{}, err
			}
		}
		return reply[QueryOutput]{
			out: out, text: queryText(newFrame(), in.Query, q.Offset), cut: cutQuery(what, q.Offset), untrusted: true,
			shape: count(int64(len(out.Hits)), "passage"),
		}, nil
	})
}

// readQuery turns the input into a search. what stands for all but the page.
func (d *Deps) readQuery(in QueryInput) (q index.Query, what string, err error) {
	q = index.Query{Text: in.Query, Mode: index.Mode(in.Mode), Limit: in.Limit}
	if q.Collection, err = d.collection("query", in.Collection); err != nil {
		return q, "", err
	}
	if q.Filter, err = in.filter("query", d.Now()); err != nil {
		return q, "", err
	}
	what = fmt.Sprint(in.Query, "\x00", in.Mode, q.Collection, in.Filters)
	q.Offset, err = cursorOffset("query", what, in.Cursor)
	return q, what, err
}

func hitsOf(found []index.Hit) []QueryHit {
	hits := make([]QueryHit, len(found))
	for i, h := range found {
		hits[i] = QueryHit{
			URL: withAnchor(h.URL, h.Anchor), Title: h.Title, HeadingPath: append([]string{}, h.HeadingPath...),
			Text: h.Text, Score: math.Round(h.Score*10_000) / 10_000, Position: h.Ordinal, FetchedAt: stamp(h.FetchedAt),
			ChunkID: h.ChunkID, DocumentID: h.DocumentID, SourceType: h.SourceType,
		}
	}
	return hits
}

func withAnchor(url, anchor string) string {
	if anchor == "" {
		return url
	}
	return url + "#" + anchor
}

// minPassage is what a passage keeps of its text before the last hits go.
const minPassage = 160

// fullHits is how many hits are worth shortening for: as many as a model asks
// for when it says nothing.
const fullHits = 10

// cutQuery keeps the first ten hits and, of their texts, the best ones' whole:
// what room there is beyond the beginnings is given out from the first hit on.
// Hits that go come with the next page.
func cutQuery(what string, offset int) func(QueryOutput, int) (QueryOutput, error) {
	return func(out QueryOutput, n int) (QueryOutput, error) {
		all := len(out.Hits)
		some := min(all, max(fullHits, len(fitting(out.Hits, n-128))))
		out.Hits = fitting(shortPassages(out.Hits[:some], n), n-64)
		if len(out.Hits) < all {
			out.NextCursor = offsetCursor(what, offset+len(out.Hits))
		}
		return out, nil
	}
}

func shortPassages(hits []QueryHit, n int) []QueryHit {
	hits = append([]QueryHit(nil), hits...)
	room := n - 128
	for _, h := range hits {
		h.Text, h.TextTruncated = cutAtWord(h.Text, minPassage), true
		room -= jsonSize(h) + 1
	}
	for i := range hits {
		h := &hits[i]
		if more := jsonSize(h.Text) - jsonSize(cutAtWord(h.Text, minPassage)); more <= room {
			room -= max(more, 0)
			continue
		}
		// Escapes make the JSON longer than the text: some room is left over.
		keep := minPassage + max(room, 0)*9/10
		h.Text, h.TextTruncated = cutAtWord(h.Text, keep), true
		room = 0
	}
	return hits
}

// jsonSize is how long v is as JSON. Only what always encodes is measured.
func jsonSize(v any) int {
	raw, _ := encode(v)
	return len(raw)
}

// cutAtWord cuts s to at most n bytes, at a space where one is near.
func cutAtWord(s string, n int) string {
	if len(s) <= n {
		return s
	}
	s = cutAt(s, n)
	if i := strings.LastIndexAny(s, " \n"); i > n*3/4 {
		s = s[:i]
	}
	return s
}

// queryText renders hits: one block each, so that no passage can speak for
// another source.
func queryText(f frame, query string, offset int) func(QueryOutput) []Block {
	return func(out QueryOutput) []Block {
		if len(out.Hits) == 0 {
			why := "."
			if out.Note != "" {
				why = ": " + line(out.Note) + "."
			}
			return []Block{{Text: "Nothing in the index fits " + fmt.Sprintf("%q", clip(line(query), 200)) + why +
				"\nnext: query with other words or without filters; sources shows what is indexed; crawl or scrape the site that should have it."}}
		}
		head := shown(len(out.Hits), "passage", offset > 0, out.NextCursor != nil) + fmt.Sprintf(" for %q. ", clip(line(query), 200))
		if out.Note != "" {
			head += "Note: " + out.Note + ". "
		}
		blocks := []Block{{Text: head + notice}}
		for i, h := range out.Hits {
			text := line(strings.Join(append([]string{h.Title}, h.HeadingPath...), " › ")) + "\n\n" + h.Text
			note := fmt.Sprintf("score %.3f, fetched %.10s", h.Score, h.FetchedAt)
			if h.TextTruncated {
				note += ", shortened"
			}
			blocks = append(blocks, Block{Text: fmt.Sprintf("[%d] ", offset+i+1) + f.page(h.URL, note, text)})
		}
		next := "next: retrieve url=" + f.inline(out.Hits[0].URL) + " reads on from a passage."
		if out.NextCursor != nil {
			next += " query with cursor=" + *out.NextCursor + " gives more passages."
		}
		return append(blocks, Block{Text: next})
	}
}
