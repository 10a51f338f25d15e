package index

import (
	"bufio"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/axon-mcp/axon-mcp/engine/content"
	"github.com/axon-mcp/axon-mcp/fault"
)

const (
	archiveKind    = "axon-index"
	archiveVersion = 1
	documentKind   = "document"
	maxLine        = 512 << 20 // bytes of one document in an archive
)

// line is one line of an archive: the first names the format, each other is a
// document. Kinds that this version does not know are refused, not skipped.
type line struct {
	Kind    string `json:"kind"`
	Version int    `json:"version,omitempty"` // of the format
	archived
}

// archived is a document with all that Import needs to store the same again.
// Vectors and words are made anew: they belong to a model and a version.
type archived struct {
	Collection   string            `json:"collection"`
	URL          string            `json:"url"`
	Title        string            `json:"title"`
	Description  string            `json:"description,omitempty"`
	SourceType   string            `json:"source_type"`
	Lang         string            `json:"lang,omitempty"`
	Author       string            `json:"author,omitempty"`
	Generator    string            `json:"generator,omitempty"`
	DocVersion   string            `json:"doc_version,omitempty"`
	Published    time.Time         `json:"published,omitzero"`
	Modified     time.Time         `json:"modified,omitzero"`
	Hash         string            `json:"hash"`
	ETag         string            `json:"etag,omitempty"`
	LastModified string            `json:"last_modified,omitempty"`
	Fetched      time.Time         `json:"fetched"`
	Changed      time.Time         `json:"changed"`
	Job          string            `json:"job,omitempty"`
	Missing      int               `json:"missing,omitempty"`
	Markdown     string            `json:"markdown"`
	Headings     []content.Heading `json:"headings,omitempty"` // of the page as fetched
	Cuts         []content.Cut     `json:"cuts,omitempty"`
	Blocks       []uint64          `json:"blocks,omitempty"`
	Links        []string          `json:"links,omitempty"`
}

// Export writes every document as a line of JSON, in the order of collection
// and URL, after a line that names the format. Documents that change while it
// runs are written as they were or as they are.
func (ix *Index) Export(ctx context.Context, w io.Writer) (Count, error) {
	out := bufio.NewWriter(w)
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	head := struct {
		Kind    string `json:"kind"`
		Version int    `json:"version"`
	}{archiveKind, archiveVersion}
	if err := enc.Encode(head); err != nil {
		return Count{}, fmt.Errorf("write the archive: %w", err)
	}
	var total Count
	cursor := ""
	for {
		sources, next, err := ix.Sources(ctx, "", Filter{}, maxLimit, cursor)
		if err != nil {
			return total, err
		}
		for _, s := range sources {
			a, err := ix.archive(ctx, s.ID)
			if err != nil {
				return total, err
			}
			if a == nil {
				continue // removed since
			}
			if err := enc.Encode(line{Kind: documentKind, archived: *a}); err != nil {
				return total, fmt.Errorf("write the archive: %w", err)
			}
			total.Documents++
			total.Chunks += s.Chunks
			total.Bytes += int64(len(a.Markdown))
		}
		if cursor = next; cursor == "" {
			break
		}
	}
	if err := out.Flush(); err != nil {
		return total, fmt.Errorf("write the archive: %w", err)
	}
	return total, nil
}

// archive reads one document; nil if it is not there.
func (ix *Index) archive(ctx context.Context, id string) (*archived, error) {
	r, ok, err := rowOf(ctx, ix.db.Read, id)
	if err != nil || !ok {
		return nil, err
	}
	t, err := ix.text(ctx, ix.db.Read, r.rev)
	if errors.Is(err, sql.ErrNoRows) { // it has changed since
		return ix.archive(ctx, id)
	}
	if err != nil {
		return nil, err
	}
	known, _, err := ix.Known(ctx, r.Collection, r.URL)
	if err != nil {
		return nil, err
	}
	return &archived{
		Collection: r.Collection, URL: r.URL, Title: r.Title, Description: r.Description, SourceType: r.SourceType,
		Lang: r.Lang, Author: r.Author, Generator: r.Generator, DocVersion: r.Version, Published: r.Published, Modified: r.Modified,
		Hash: r.Hash, ETag: r.ETag, LastModified: r.LastModified, Fetched: r.FetchedAt, Changed: r.ChangedAt, Job: r.JobID,
		Missing: r.missing, Markdown: t.markdown, Headings: t.headings, Cuts: t.cuts, Blocks: known.Blocks, Links: known.Links,
	}, nil
}

// Import stores what Export wrote, in place of documents with the same
// collection and URL. It fails with Invalid at a line that it cannot read; the
// documents before it are stored, and a second Import is harmless.
func (ix *Index) Import(ctx context.Context, r io.Reader) (Count, error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 0, 1<<16), maxLine)
	var total Count
	for n := 1; lines.Scan(); n++ {
		var l line
		if err := json.Unmarshal(lines.Bytes(), &l); err != nil {
			return total, fault.Errorf(fault.Invalid, "line %d of the archive is not JSON: %w", n, err)
		}
		if err := l.check(n); err != nil {
			return total, err
		}
		if n == 1 {
			continue
		}
		chunks, err := ix.restore(ctx, &l.archived)
		if err != nil {
			return total, fmt.Errorf("line %d of the archive: %w", n, err)
		}
		total.Documents++
		total.Chunks += chunks
		total.Bytes += int64(len(l.Markdown))
	}
	if err := lines.Err(); err != nil {
		return total, fault.Errorf(fault.Invalid, "the archive cannot be read: %w", err)
	}
	return total, nil
}

func (l *line) check(n int) error {
	switch {
	case n == 1 && (l.Kind != archiveKind || l.Version != archiveVersion):
		return fault.Errorf(fault.Invalid, "this is no archive of an index of version %d; export one with axon-mcp export", archiveVersion)
	case n == 1:
		return nil
	case l.Kind != documentKind || l.URL == "" || l.Collection == "":
		return fault.Errorf(fault.Invalid, "line %d of the archive is no document with a collection and a URL", n)
	}
	at := 0
	for _, c := range l.Cuts {
		if c.Offset < at || c.Offset > len(l.Markdown) {
			return fault.Errorf(fault.Invalid, "line %d of the archive: a cut lies outside the Markdown", n)
		}
		at = c.Offset
	}
	return nil
}

// restore stores one document of an archive and returns its chunks.
func (ix *Index) restore(ctx context.Context, a *archived) (chunks int, err error) {
	r := row{missing: a.Missing, Document: Document{
		ID: documentID(a.Collection, a.URL), Collection: a.Collection, URL: a.URL, SourceType: a.SourceType, Domain: domainOf(a.URL),
		Title: a.Title, Description: a.Description, Lang: a.Lang, Author: a.Author, Generator: a.Generator, Version: a.DocVersion,
		Published: a.Published, Modified: a.Modified, Hash: a.Hash, ETag: a.ETag, LastModified: a.LastModified,
		FetchedAt: a.Fetched, ChangedAt: a.Changed, JobID: a.Job,
	}}
	p, err := ix.prepare(ctx, a.Title, a.URL, storedText{markdown: a.Markdown, headings: a.Headings, cuts: a.Cuts})
	if err != nil {
		return 0, err
	}
	p.blocks = packBlocks(a.Blocks)
	if p.links, err = ix.packer.packLinks(a.Links); err != nil {
		return 0, fmt.Errorf("pack the links of %s: %w", a.URL, err)
	}
	if _, err := ix.put(ctx, &r, p); err != nil {
		return 0, err
	}
	return p.chunks, ix.flushIfFull(ctx)
}
