package index

import (
	"cmp"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/axon-mcp/axon-mcp/engine/content"
	"github.com/axon-mcp/axon-mcp/fault"
)

// goneAfter is how often a page must not be found before it is removed.
const goneAfter = 2

// documentID is the stable id of a page of a collection: 128 bits of SHA-256.
func documentID(collection, url string) string {
	sum := sha256.Sum256([]byte(collection + "\x00" + url))
	return hex.EncodeToString(sum[:16])
}

// prepared is what a document becomes before the transaction that stores it.
type prepared struct {
	layout, markdown, headings, cuts, blocks, links, record []byte
	chunks, bytes, embedded                                 int
	model                                                   string
	simhash                                                 int64
}

// prepare cuts a document into chunks, embeds them and encodes everything that
// its rows hold but the blocks and links. t.layout is not read.
func (ix *Index) prepare(ctx context.Context, title, url string, t storedText) (*prepared, error) {
	headings := shiftHeadings(t.headings, t.cuts)
	chunks := content.Chunks(title, t.markdown, headings, ix.count)
	words, texts := textOf(title, url, t.markdown, headings, chunks), make([]string, len(chunks))
	for i, c := range chunks {
		texts[i] = embeddedText(title, c.HeadingPath, words.bodies[i])
	}
	vectors, err := ix.embed(ctx, texts)
	if err != nil {
		return nil, err
	}
	builder := ix.builders.get()
	r := builder.build(words, ix.embedder.ID(), vectors)
	ix.builders.put(builder)
	p := &prepared{
		layout: encodeLayout(layoutOf(t.markdown, chunks)), record: r.encode(),
		chunks: len(chunks), bytes: len(t.markdown), embedded: len(vectors), model: r.model,
		simhash: int64(simhash(words.bodies)),
	}
	var errs [3]error
	p.markdown, errs[0] = ix.packer.pack([]byte(t.markdown))
	p.headings, errs[1] = packJSON(ix.packer, t.headings)
	p.cuts, errs[2] = packJSON(ix.packer, t.cuts)
	if err := errors.Join(errs[:]...); err != nil {
		return nil, fmt.Errorf("pack the document: %w", err)
	}
	return p, nil
}

// textOf is what the words of a document are read from.
func textOf(title, url, markdown string, headings []content.Heading, chunks []content.Chunk) text {
	t := text{
		title: title, names: pageNames(title, url), chunkNames: passages(title, url, markdown, headings, chunks),
		paths: make([]string, len(chunks)), bodies: make([]string, len(chunks)),
	}
	for i, c := range chunks {
		t.paths[i] = strings.Join(c.HeadingPath, " › ")
		t.bodies[i] = plainText(c.Text)
	}
	return t
}

// embeddedText is what stands for a chunk in the space of meanings.
func embeddedText(title string, path []string, body string) string {
	return strings.Join(append([]string{title}, path...), " › ") + "\n" + body
}

// embed returns a unit vector a text. While the embedder is down a document is
// stored without: Run embeds it later.
func (ix *Index) embed(ctx context.Context, texts []string) ([][]float32, error) {
	if len(texts) == 0 {
		return nil, nil
	}
	vectors, err := ix.embedder.Embed(ctx, texts)
	if err == nil {
		err = ix.checkVectors(vectors, len(texts))
	}
	if ctx.Err() != nil {
		return nil, fmt.Errorf("embed %d chunks: %w", len(texts), context.Cause(ctx))
	}
	if err != nil {
		ix.log.Warn("chunks are stored without vectors: the embedder failed; they are embedded later", "chunks", len(texts), "error", err)
		return nil, nil
	}
	for _, v := range vectors {
		normalise(v)
	}
	return vectors, nil
}

func (ix *Index) checkVectors(vectors [][]float32, want int) error {
	if len(vectors) != want {
		return fmt.Errorf("the embedder gave %d vectors for %d texts", len(vectors), want)
	}
	for _, v := range vectors {
		if len(v) != ix.embedder.Dim() {
			return fmt.Errorf("the embedder gave a vector of %d numbers, not %d", len(v), ix.embedder.Dim())
		}
	}
	return nil
}

// Write stores a page whole, with its chunks and vectors, in one transaction.
// The same hash as what is stored changes nothing but the fetch time, the
// validators and what Known returns. It may be called again after any failure.
func (ix *Index) Write(ctx context.Context, e Entry) (Written, error) {
	if e.URL == "" || e.Doc == nil {
		return Written{}, fault.New(fault.Invalid, "a document needs a URL or a source id, and content")
	}
	hash := cmp.Or(e.Doc.Hash, hashOf(e.Doc.Title, e.Doc.Markdown))
	r := rowFrom(e, hash, ix.now())
	blocks := packBlocks(e.Blocks)
	links, err := ix.packer.packLinks(e.Links)
	if err != nil {
		return Written{}, fmt.Errorf("pack the links of %s: %w", e.URL, err)
	}
	if err := ix.looks.prepare(ctx); err != nil {
		return Written{}, err
	}
	if _, stored, chunks, ok, err := storedOf(ctx, &ix.looks, r.ID); err != nil {
		return Written{}, err
	} else if ok && stored == hash {
		same, err := ix.seenAgain(ctx, &r, blocks, links)
		if err != nil || same {
			return Written{Change: Unchanged, Chunks: chunks}, err
		}
	}
	t := storedText{headings: e.Doc.Headings}
	t.markdown, t.cuts = content.CutBlocks(e.Doc.Markdown, e.Drop)
	p, err := ix.prepare(ctx, r.Title, r.URL, t)
	if err != nil {
		return Written{}, fmt.Errorf("index %s: %w", e.URL, err)
	}
	p.blocks, p.links = blocks, links
	w := Written{Chunks: p.chunks, Embedded: p.embedded}
	if w.Change, err = ix.put(ctx, &r, p); err != nil {
		return Written{}, fmt.Errorf("index %s: %w", e.URL, err)
	}
	return w, ix.flushIfFull(ctx)
}

// rowFrom is the row of a page, still without its rev.
func rowFrom(e Entry, hash string, now time.Time) row {
	d := e.Doc
	fetched := e.FetchedAt
	if fetched.IsZero() {
		fetched = now
	}
	return row{Document: Document{
		ID: documentID(e.Collection, e.URL), Collection: e.Collection, URL: e.URL, SourceType: e.SourceType,
		Title: d.Title, Description: d.Description, Domain: domainOf(e.URL), Lang: d.Lang, Author: d.Author,
		Generator: d.Generator, Version: d.Version, Published: d.Published, Modified: d.Modified, Hash: hash,
		ETag: e.ETag, LastModified: e.LastModified, FetchedAt: fetched, ChangedAt: fetched, JobID: e.JobID,
	}}
}

// hashOf is content.Document.Hash for those who did not set it.
func hashOf(title, markdown string) string {
	sum := sha256.Sum256([]byte(title + "\x00" + markdown))
	return hex.EncodeToString(sum[:])
}

// domainOf is the host of a URL without its port; empty for a source id.
func domainOf(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return ""
	}
	return strings.ToLower(u.Hostname())
}

// seenAgain notes that a page was fetched and has not changed; false if it has
// changed meanwhile.
func (ix *Index) seenAgain(ctx context.Context, r *row, blocks, links []byte) (same bool, err error) {
	err = ix.db.Tx(ctx, func(tx *sql.Tx) error {
		const seen = `UPDATE documents SET fetched = ?, etag = ?, last_modified = ?, missing = 0 WHERE id = ? AND hash = ? RETURNING rev`
		var rev uint64
		err := tx.QueryRowContext(ctx, seen, millis(r.FetchedAt), r.ETag, r.LastModified, r.ID, r.Hash).Scan(&rev)
		if same = err == nil; errors.Is(err, sql.ErrNoRows) {
			return nil
		} else if err != nil {
			return err
		}
		const found = `UPDATE document_texts SET blocks = ?2, links = ?3 WHERE rev = ?1 AND (blocks <> ?2 OR links <> ?3)`
		_, err = tx.ExecContext(ctx, found, rev, blocks, links)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("note that %s is unchanged: %w", r.URL, err)
	}
	return same, nil
}

// put stores a page in place of what was there.
func (ix *Index) put(ctx context.Context, r *row, p *prepared) (change Change, err error) {
	if err := ix.puts.prepare(ctx); err != nil {
		return "", err
	}
	err = ix.db.Tx(ctx, func(plain *sql.Tx) error {
		tx := quick{plain, &ix.puts}
		old, _, _, ok, err := storedOf(ctx, tx, r.ID)
		if err != nil {
			return err
		}
		if r.rev, err = newGeneration(ctx, tx); err != nil {
			return err
		}
		change = Added
		if ok {
			change = Changed
			if err := bury(ctx, tx, old, r.rev); err != nil {
				return err
			}
		}
		if err := insert(ctx, tx, r, p); err != nil {
			return err
		}
		return ix.at("put")
	})
	return change, err
}

// Touch says that the page was seen unchanged at that time. A page that is not
// stored is no error.
func (ix *Index) Touch(ctx context.Context, collection, url string, at time.Time) error {
	err := ix.db.Tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE documents SET fetched = ?, missing = 0 WHERE id = ?`, millis(at), documentID(collection, url))
		return err
	})
	if err != nil {
		return fmt.Errorf("note that %s is unchanged: %w", url, err)
	}
	return nil
}

// Missing records that the page was not found. It removes the page the second
// time in a row or, if it is gone forever, at once.
func (ix *Index) Missing(ctx context.Context, collection, url string, goneForever bool) (removed bool, err error) {
	if goneForever {
		return ix.Remove(ctx, collection, url)
	}
	err = ix.db.Tx(ctx, func(tx *sql.Tx) error {
		removed = false
		const miss = `UPDATE documents SET missing = missing + 1 WHERE id = ? RETURNING rev, missing`
		var rev uint64
		var times int
		err := tx.QueryRowContext(ctx, miss, documentID(collection, url)).Scan(&rev, &times)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil || times < goneAfter {
			return err
		}
		removed = true
		return drop(ctx, tx, rev)
	})
	if err != nil {
		return false, fmt.Errorf("note that %s was not found: %w", url, err)
	}
	return removed, nil
}

// Remove deletes a page. A page that is not there is no error.
func (ix *Index) Remove(ctx context.Context, collection, url string) (removed bool, err error) {
	err = ix.db.Tx(ctx, func(tx *sql.Tx) error {
		r, ok, err := rowOf(ctx, tx, documentID(collection, url))
		if removed = ok; err != nil || !ok {
			return err
		}
		return drop(ctx, tx, r.rev)
	})
	if err != nil {
		return false, fmt.Errorf("remove %s: %w", url, err)
	}
	return removed, nil
}

// drop is a change that removes one document.
func drop(ctx context.Context, tx *sql.Tx, rev uint64) error {
	generation, err := newGeneration(ctx, tx)
	if err != nil {
		return err
	}
	return bury(ctx, tx, rev, generation)
}

// Clean stores a page again without the blocks in drop, starting from the page
// as fetched, and says whether that changed its text. The same set twice
// changes nothing. A page that is not stored is no error.
func (ix *Index) Clean(ctx context.Context, collection, url string, drop map[uint64]bool) (changed bool, err error) {
	r, ok, err := rowOf(ctx, ix.db.Read, documentID(collection, url))
	if err != nil || !ok {
		return false, err
	}
	t, err := ix.text(ctx, ix.db.Read, r.rev)
	if errors.Is(err, sql.ErrNoRows) { // it has changed since
		return ix.Clean(ctx, collection, url, drop)
	}
	if err != nil {
		return false, err
	}
	cleaned, cuts := content.CutBlocks(content.Restore(t.markdown, t.cuts), drop)
	if cleaned == t.markdown {
		return false, nil
	}
	t.markdown, t.cuts = cleaned, cuts
	if changed, err = ix.replace(ctx, r, t); err != nil {
		return false, fmt.Errorf("clean %s: %w", url, err)
	}
	return changed, ix.flushIfFull(ctx)
}

// replace gives a document another text, and new vectors, and keeps the rest;
// false if it has changed meanwhile.
func (ix *Index) replace(ctx context.Context, r row, t storedText) (done bool, err error) {
	p, err := ix.prepare(ctx, r.Title, r.URL, t)
	if err != nil {
		return false, err
	}
	err = ix.db.Tx(ctx, func(tx *sql.Tx) error {
		now, ok, err := rowOf(ctx, tx, r.ID)
		if done = ok && now.rev == r.rev; err != nil || !done {
			return err
		}
		const found = `SELECT blocks, links FROM document_texts WHERE rev = ?`
		if err := tx.QueryRowContext(ctx, found, now.rev).Scan(&p.blocks, &p.links); err != nil {
			return fmt.Errorf("read the links of %s: %w", r.URL, err)
		}
		generation, err := newGeneration(ctx, tx)
		if err != nil {
			return err
		}
		if err := bury(ctx, tx, now.rev, generation); err != nil {
			return err
		}
		now.rev = generation
		return insert(ctx, tx, &now, p)
	})
	return done, err
}
