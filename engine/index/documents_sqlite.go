package index

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/axon-mcp/axon-mcp/fault"
)

// queryer is what reads rows: the pool, or a transaction.
type queryer interface {
	rower
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// rower is what reads one row.
type rower interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// changer is a transaction that changes rows.
type changer interface {
	rower
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

// The queries of every page that is stored.
const (
	selectStored = `SELECT rev, hash, chunks FROM documents WHERE id = ?`
	selectKnown  = `SELECT d.etag, d.last_modified, d.hash, d.fetched, t.blocks, t.links, t.cuts
		FROM documents d JOIN document_texts t ON t.rev = d.rev WHERE d.id = ?`
	nextChange = `UPDATE index_state SET generation = generation + 1 RETURNING generation`
	insertDoc  = `INSERT INTO documents VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
	insertText = `INSERT INTO document_texts (rev, layout, markdown, headings, cuts, blocks, links) VALUES (?, ?, ?, ?, ?, ?, ?)`
	insertTail = `INSERT INTO index_tail (rev, chunks, record) VALUES (?, ?, ?)`
)

// row is a row of documents. Its Document lacks what document_texts holds.
type row struct {
	Document
	rev     uint64
	missing int
	model   string
	simhash int64
}

const rowColumns = `d.rev, d.id, d.collection, d.url, d.title, d.description, d.source_type, d.domain, d.lang,
	d.author, d.generator, d.version, d.published, d.modified, d.hash, d.etag, d.last_modified,
	d.fetched, d.changed, d.job, d.missing, d.chunks, d.bytes, d.model, d.simhash`

// scanner is a row that can be read.
type scanner interface{ Scan(dest ...any) error }

func (r *row) scan(from scanner, more ...any) error {
	var published, modified, fetched, changed int64
	err := from.Scan(append([]any{
		&r.rev, &r.ID, &r.Collection, &r.URL, &r.Title, &r.Description, &r.SourceType, &r.Domain, &r.Lang,
		&r.Author, &r.Generator, &r.Version, &published, &modified, &r.Hash, &r.ETag, &r.LastModified,
		&fetched, &changed, &r.JobID, &r.missing, &r.Chunks, &r.Bytes, &r.model, &r.simhash,
	}, more...)...)
	r.Published, r.Modified, r.FetchedAt, r.ChangedAt = timeOf(published), timeOf(modified), timeOf(fetched), timeOf(changed)
	return err
}

// rowOf returns the row of a page; ok is false if there is none.
func rowOf(ctx context.Context, q queryer, id string) (r row, ok bool, err error) {
	err = r.scan(q.QueryRowContext(ctx, `SELECT `+rowColumns+` FROM documents d WHERE d.id = ?`, id))
	if errors.Is(err, sql.ErrNoRows) {
		return row{}, false, nil
	}
	if err != nil {
		return row{}, false, fmt.Errorf("read the document %s: %w", id, err)
	}
	return r, true, nil
}

// storedOf returns the rev, the hash and the chunks of a page; ok is false if it is
// not stored.
func storedOf(ctx context.Context, q rower, id string) (rev uint64, hash string, chunks int, ok bool, err error) {
	err = q.QueryRowContext(ctx, selectStored, id).Scan(&rev, &hash, &chunks)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, "", 0, false, nil
	}
	if err != nil {
		return 0, "", 0, false, fmt.Errorf("look for the document %s: %w", id, err)
	}
	return rev, hash, chunks, true, nil
}

// text reads and unpacks what a document says.
func (ix *Index) text(ctx context.Context, q queryer, rev uint64) (storedText, error) {
	var layout, markdown, headings, cuts []byte
	const one = `SELECT layout, markdown, headings, cuts FROM document_texts WHERE rev = ?`
	if err := q.QueryRowContext(ctx, one, rev).Scan(&layout, &markdown, &headings, &cuts); err != nil {
		return storedText{}, fmt.Errorf("read the text of document %d: %w", rev, err)
	}
	t, err := ix.packer.unpackText(layout, markdown, headings, cuts)
	if err != nil {
		return t, fmt.Errorf("document %d: %w", rev, err)
	}
	return t, nil
}

// Document returns one document by URL or id, or fails with NotFound.
func (ix *Index) Document(ctx context.Context, collection, urlOrID string) (Document, error) {
	r, ok, err := rowOf(ctx, ix.db.Read, documentID(collection, urlOrID))
	if err == nil && !ok {
		r, ok, err = rowOf(ctx, ix.db.Read, urlOrID)
	}
	if err != nil {
		return Document{}, err
	}
	if !ok || collection != "" && r.Collection != collection {
		return Document{}, fault.Errorf(fault.NotFound, "nothing is stored under %q in the collection %q; look it up with sources, or crawl it first", urlOrID, collection)
	}
	t, err := ix.text(ctx, ix.db.Read, r.rev)
	if errors.Is(err, sql.ErrNoRows) { // it has changed since
		return ix.Document(ctx, collection, urlOrID)
	}
	if err != nil {
		return Document{}, err
	}
	r.Markdown, r.Headings = t.markdown, shiftHeadings(t.headings, t.cuts)
	return r.Document, nil
}

// Known returns what is stored of a page; ok is false if nothing is.
func (ix *Index) Known(ctx context.Context, collection, url string) (known Known, ok bool, err error) {
	if err := ix.looks.prepare(ctx); err != nil {
		return Known{}, false, err
	}
	var fetched int64
	var blocks, links, cuts []byte
	err = ix.looks.QueryRowContext(ctx, selectKnown, documentID(collection, url)).
		Scan(&known.ETag, &known.LastModified, &known.Hash, &fetched, &blocks, &links, &cuts)
	if errors.Is(err, sql.ErrNoRows) {
		return Known{}, false, nil
	}
	if err == nil {
		known.Links, err = ix.packer.unpackLinks(links)
	}
	if err == nil {
		known.Cuts, err = ix.packer.fingerprints(cuts)
	}
	if err != nil {
		return Known{}, false, fmt.Errorf("read what is known of %s: %w", url, err)
	}
	known.FetchedAt, known.Blocks = timeOf(fetched), unpackBlocks(blocks)
	return known, true, nil
}

// newGeneration begins a change that searches shall see. The number is also
// the rev of a document that the change stores.
func newGeneration(ctx context.Context, tx rower) (uint64, error) {
	var g uint64
	err := tx.QueryRowContext(ctx, nextChange).Scan(&g)
	if err != nil {
		return 0, fmt.Errorf("begin a change of the index: %w", err)
	}
	return g, nil
}

// bury removes a document within a change.
func bury(ctx context.Context, tx changer, rev, generation uint64) error {
	for _, stmt := range []string{
		`DELETE FROM documents WHERE rev = ?1`,
		`DELETE FROM index_tail WHERE rev = ?1`,
		`INSERT INTO index_dead (rev, change) VALUES (?1, ?2)`,
	} {
		if _, err := tx.ExecContext(ctx, stmt, rev, generation); err != nil {
			return fmt.Errorf("remove document %d: %w", rev, err)
		}
	}
	return nil
}

// insert stores a document within a change. r.rev is its generation.
func insert(ctx context.Context, tx changer, r *row, p *prepared) error {
	_, err := tx.ExecContext(ctx, insertDoc,
		r.rev, r.ID, r.Collection, r.URL, r.Title, r.Description, r.SourceType, r.Domain, r.Lang,
		r.Author, r.Generator, r.Version, millis(r.Published), millis(r.Modified), r.Hash, r.ETag, r.LastModified,
		millis(r.FetchedAt), millis(r.ChangedAt), r.JobID, r.missing, p.chunks, p.bytes, p.model, p.simhash)
	if err != nil {
		return fmt.Errorf("store the document %s: %w", r.URL, err)
	}
	_, err = tx.ExecContext(ctx, insertText, r.rev, p.layout, p.markdown, p.headings, p.cuts, notNull(p.blocks), notNull(p.links))
	if err != nil {
		return fmt.Errorf("store the text of %s: %w", r.URL, err)
	}
	if p.chunks == 0 {
		return nil
	}
	if _, err = tx.ExecContext(ctx, insertTail, r.rev, p.chunks, p.record); err != nil {
		return fmt.Errorf("store the index of %s: %w", r.URL, err)
	}
	return nil
}

// notNull is b, empty where it is nil: the driver reads an empty blob as nil, and
// writes nil as NULL.
func notNull(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

// millis is a time as the database keeps it: unix milliseconds, 0 for none.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func timeOf(millis int64) time.Time {
	if millis == 0 {
		return time.Time{}
	}
	return time.UnixMilli(millis).UTC()
}
