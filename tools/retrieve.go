package tools

import (
	"context"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/axon-mcp/axon-mcp/engine/index"
	"github.com/axon-mcp/axon-mcp/fault"
	"github.com/axon-mcp/axon-mcp/security"
)

// RetrieveInput is the input of retrieve.
type RetrieveInput struct {
	URL        string `json:"url,omitempty" jsonschema:"address as a hit of query or sources gives it; with #anchor: that section. Such as https://docs.python.org/3/library/json.html#json.loads"`
	ID         string `json:"id,omitempty" jsonschema:"document_id of a hit, instead of url"`
	Section    string `json:"section,omitempty" jsonschema:"only the section under this heading (its text or anchor), such as Basic Usage"`
	Chunk      string `json:"chunk,omitempty" jsonschema:"chunk_id of a hit, such as 0f3c-9a1b: passage tells its place"`
	Offset     int    `json:"offset,omitempty" jsonschema:"character to begin at: next_offset of the answer before, such as 7950" rule:"min=0 max=1000000000"`
	MaxChars   int    `json:"max_chars,omitempty" jsonschema:"most characters to give, such as 20000" rule:"min=100 max=1000000 default=8000"`
	Collection string `json:"collection,omitempty" jsonschema:"such as axon, the default"`
}

// RetrieveOutput is the output of retrieve. Offsets count characters (Unicode
// code points) of the whole document.
type RetrieveOutput struct {
	URL         string            `json:"url"`
	ID          string            `json:"id"`
	Title       string            `json:"title"`
	Markdown    string            `json:"markdown"` // exactly as stored
	Trust       string            `json:"trust"`
	Offset      int               `json:"offset"`
	NextOffset  *int              `json:"next_offset"`
	TotalChars  int               `json:"total_chars"`
	Collection  string            `json:"collection"`
	SourceType  string            `json:"source_type"`
	Description string            `json:"description,omitempty"`
	Lang        string            `json:"lang,omitempty"`
	Author      string            `json:"author,omitempty"`
	Version     string            `json:"version,omitempty"`
	Published   string            `json:"published,omitempty"`
	Modified    string            `json:"modified,omitempty"`
	FetchedAt   string            `json:"fetched_at"`
	ChangedAt   string            `json:"changed_at,omitempty"`
	Chunks      int               `json:"chunks"`
	Bytes       int64             `json:"bytes"`
	Flags       []string          `json:"flags,omitempty"`    // instructions, call_markup: see flags.go
	Headings    []RetrieveHeading `json:"headings,omitempty"` // with the first page of a whole document; at most 100
	Passage     *RetrievePassage  `json:"passage,omitempty"`  // of chunk, if the document still has it
}

// RetrieveHeading is a section to ask for.
type RetrieveHeading struct {
	Level  int    `json:"level"`
	Text   string `json:"text"`
	Anchor string `json:"anchor,omitempty"`
	Offset int    `json:"offset"` // in the document
}

// RetrievePassage is where a hit stands in the document.
type RetrievePassage struct {
	Start int `json:"start"`
	End   int `json:"end"`
}

// The most headings that an answer lists: for a model, and for a door whose
// reader has room.
const (
	maxHeadings  = 100
	manyHeadings = 5_000
)

func retrieve(d *Deps) (*Tool, error) {
	return define(d, Tool{
		Name:  "retrieve",
		Title: "Read an indexed document",
		About: "Returns a stored document as Markdown, whole or one section of it, page by page. " +
			"query finds where to read, scrape fetches what is not stored. Milliseconds, no network.",
		Toolset: Knowledge, Scope: security.ScopeRead, Positional: "url",
		Hints: Hints{ReadOnly: true, Idempotent: true, OpenWorld: true},
	}, func(ctx context.Context, call Call, in RetrieveInput) (reply[RetrieveOutput], error) {
		doc, err := d.stored(ctx, &in)
		if err != nil {
			return reply[RetrieveOutput]{}, err
		}
		out, err := readPage(doc, in)
		if err == nil && in.Section == "" && in.Offset == 0 {
			most := maxHeadings
			if call.Inline >= 1<<20 {
				most = manyHeadings
			}
			out.Headings = headingsOf(doc, most)
		}
		if err == nil && in.Chunk != "" {
			out.Passage, err = d.passage(ctx, doc, in.Chunk)
		}
		return reply[RetrieveOutput]{out: out, text: retrieveText(newFrame(), in), untrusted: true}, err
	})
}

// stored finds the document that the input means. An #anchor moves into
// Section, but for a document whose key holds it.
func (d *Deps) stored(ctx context.Context, in *RetrieveInput) (index.Document, error) {
	if (in.URL == "") == (in.ID == "") {
		return index.Document{}, fault.New(fault.Invalid, "retrieve: give url or id, one of the two")
	}
	collection, err := d.collection("retrieve", in.Collection)
	if err != nil {
		return index.Document{}, err
	}
	key := in.URL + in.ID
	doc, err := d.Documents.Document(ctx, collection, key)
	if base, anchor, found := strings.Cut(in.URL, "#"); fault.CodeOf(err) == fault.NotFound && found {
		if doc, err = d.Documents.Document(ctx, collection, base); err == nil && in.Section == "" {
			in.Section = "#" + anchor
		}
	}
	if fault.CodeOf(err) == fault.NotFound {
		return doc, fault.Errorf(fault.NotFound, "retrieve: nothing is stored under %s in the collection %s; find it with query or sources, read it now with scrape, or add it with crawl", clip(line(key), 300), collection)
	}
	if err != nil {
		return doc, fmt.Errorf("read the document: %w", err)
	}
	return doc, nil
}

// readPage cuts one page out of the document.
func readPage(doc index.Document, in RetrieveInput) (RetrieveOutput, error) {
	out := RetrieveOutput{
		URL: doc.URL, ID: doc.ID, Title: doc.Title, Trust: untrustedLabel, Collection: doc.Collection,
		SourceType: doc.SourceType, Description: doc.Description, Lang: doc.Lang, Author: doc.Author, Version: doc.Version,
		Published: stamp(doc.Published), Modified: stamp(doc.Modified), FetchedAt: stamp(doc.FetchedAt),
		ChangedAt: stamp(doc.ChangedAt), Chunks: doc.Chunks, Bytes: doc.Bytes, TotalChars: utf8.RuneCountInString(doc.Markdown),
		Flags: flagsOf(0, doc.Markdown),
	}
	start, end, err := section(doc, in.Section)
	if err != nil {
		return out, err
	}
	if in.Offset > 0 {
		from := byteOffset(doc.Markdown, in.Offset)
		if from < start || (from >= end && end > 0) {
			return out, fault.Errorf(fault.Invalid, "retrieve: offset %d is outside of what was asked for (%d to %d); give next_offset of the answer before",
				in.Offset, utf8.RuneCountInString(doc.Markdown[:start]), utf8.RuneCountInString(doc.Markdown[:end]))
		}
		start = from
	}
	stop := start + pageEnd(doc.Markdown[start:end], in.MaxChars)
	out.Markdown = doc.Markdown[start:stop]
	out.Offset = utf8.RuneCountInString(doc.Markdown[:start])
	if stop < end {
		next := out.Offset + utf8.RuneCountInString(out.Markdown)
		out.NextOffset = &next
	}
	return out, nil
}

// headingsOf lists the first headings of a document.
func headingsOf(doc index.Document, most int) (list []RetrieveHeading) {
	at, chars := 0, 0
	for _, h := range doc.Headings[:min(len(doc.Headings), most)] {
		if h.Offset >= at && h.Offset <= len(doc.Markdown) {
			chars += utf8.RuneCountInString(doc.Markdown[at:h.Offset])
			at = h.Offset
		}
		list = append(list, RetrieveHeading{h.Level, h.Text, h.Anchor, chars})
	}
	return list
}

// passage finds where a hit stands; nil when the document has it no more.
func (d *Deps) passage(ctx context.Context, doc index.Document, chunk string) (*RetrievePassage, error) {
	start, end, err := d.Documents.Passage(ctx, doc.Collection, doc.ID, chunk)
	if fault.CodeOf(err) == fault.NotFound || end > len(doc.Markdown) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("find the passage: %w", err)
	}
	from := utf8.RuneCountInString(doc.Markdown[:start])
	return &RetrievePassage{Start: from, End: from + utf8.RuneCountInString(doc.Markdown[start:end])}, nil
}

func retrieveText(f frame, in RetrieveInput) func(RetrieveOutput) []Block {
	return func(out RetrieveOutput) []Block {
		note := fmt.Sprintf("characters %s to %s of %s, fetched %.10s", group(int64(out.Offset)),
			group(int64(out.Offset+utf8.RuneCountInString(out.Markdown))), group(int64(out.TotalChars)), out.FetchedAt) + flagNote(out.Flags)
		text := out.Markdown
		if out.Offset == 0 {
			text = titled(out.Title, text)
		}
		end := "end of the document"
		if in.Section != "" {
			end = "end of the section; leave section out for the whole document"
		}
		if out.NextOffset != nil {
			end = fmt.Sprintf("next: offset=%d (same url or id", *out.NextOffset)
			if in.Section != "" {
				end += " and section"
			}
			end += ")"
		}
		return []Block{{Text: notice}, {Text: f.page(out.URL, note, text)}, {Text: end}}
	}
}
