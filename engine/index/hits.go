package index

import (
	"container/list"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/axon-mcp/axon-mcp/fault"
)

// page is a document as hits need it.
type page struct {
	row
	storedText
}

const cacheBytes = 8 << 20 // of text that is kept unpacked

// textCache keeps the documents that hits came from last, by rev. A rev never
// changes its text; its fetch time is read anew.
type textCache struct {
	mu    sync.Mutex
	pages map[uint64]*list.Element
	order *list.List // of *page, the newest first
	bytes int
}

func newTextCache() *textCache {
	return &textCache{pages: make(map[uint64]*list.Element), order: list.New()}
}

func (c *textCache) get(rev uint64) (*page, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.pages[rev]
	if !ok {
		return nil, false
	}
	c.order.MoveToFront(e)
	return e.Value.(*page), true
}

func (c *textCache) put(p *page) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.pages[p.rev]; ok || len(p.markdown) > cacheBytes/2 {
		return
	}
	c.pages[p.rev] = c.order.PushFront(p)
	c.bytes += len(p.markdown)
	for c.bytes > cacheBytes {
		last := c.order.Remove(c.order.Back()).(*page)
		delete(c.pages, last.rev)
		c.bytes -= len(last.markdown)
	}
}

// hits reads the texts of the found places that the query wants. A document that
// was removed meanwhile gives no hit.
func (ix *Index) hits(ctx context.Context, all []found, q *Query) ([]Hit, error) {
	all = all[min(q.Offset, len(all)):min(q.Offset+q.Limit, len(all))]
	pages, err := ix.pages(ctx, all)
	if err != nil {
		return nil, err
	}
	hits := make([]Hit, 0, len(all))
	s := seekerOf(q.Text)
	for _, f := range all {
		if p := pages[f.rev]; p != nil && f.last < len(p.layout) {
			hits = append(hits, p.hit(f, s))
		}
	}
	return hits, nil
}

// pages reads the documents of the hits that still have their rev.
func (ix *Index) pages(ctx context.Context, all []found) (map[uint64]*page, error) {
	pages := make(map[uint64]*page)
	for _, f := range all {
		pages[f.rev] = nil
	}
	args := make([]any, 0, len(pages))
	marks := strings.Repeat(",?", len(pages))
	for rev := range pages {
		args = append(args, rev)
	}
	if len(args) == 0 {
		return pages, nil
	}
	rows, err := ix.db.Read.QueryContext(ctx, `SELECT `+rowColumns+` FROM documents d WHERE d.rev IN (`+marks[1:]+`)`, args...)
	if err != nil {
		return nil, fmt.Errorf("read the documents of the hits: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		p := &page{}
		if err := p.scan(rows); err != nil {
			return nil, fmt.Errorf("read the documents of the hits: %w", err)
		}
		pages[p.rev] = p
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read the documents of the hits: %w", err)
	}
	return pages, ix.fill(ctx, pages)
}

// fill adds the texts, from the cache or from their rows.
func (ix *Index) fill(ctx context.Context, pages map[uint64]*page) error {
	var args []any
	for rev, p := range pages {
		if p == nil {
			continue
		}
		if old, ok := ix.cache.get(rev); ok {
			p.storedText = old.storedText
			continue
		}
		args = append(args, rev)
	}
	if len(args) == 0 {
		return nil
	}
	rows, err := ix.db.Read.QueryContext(ctx, `SELECT rev, layout, markdown FROM document_texts WHERE rev IN (`+strings.Repeat(",?", len(args))[1:]+`)`, args...)
	if err != nil {
		return fmt.Errorf("read the texts of the hits: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var rev uint64
		var layout, markdown []byte
		if err := rows.Scan(&rev, &layout, &markdown); err != nil {
			return fmt.Errorf("read the texts of the hits: %w", err)
		}
		p := pages[rev]
		if p.storedText, err = ix.packer.unpackText(layout, markdown, nil, nil); err != nil {
			return fmt.Errorf("read the text of %s: %w", p.URL, err)
		}
		ix.cache.put(p)
	}
	return rows.Err()
}

// hit is the passage of a found place.
func (p *page) hit(f found, s seeker) Hit {
	best, first, last := &p.layout[f.ordinal], &p.layout[f.first], &p.layout[f.last]
	text := best.text(p.markdown)
	if f.first < f.last {
		text = first.before + p.markdown[first.start:max(first.start, last.end)] + last.after
	}
	section := s.section(best, p.markdown)
	return Hit{
		ChunkID: p.chunkID(f.ordinal), DocumentID: p.ID, URL: p.URL, Anchor: section.Anchor, Title: p.Title,
		SourceType: p.SourceType, HeadingPath: section.HeadingPath, Text: text, Score: f.score,
		Ordinal: f.ordinal, Start: first.start, End: max(first.start, last.end), FetchedAt: p.FetchedAt,
	}
}

// Passage returns the byte range in a document's Markdown of the passage that a
// hit named by its ChunkID, or fails with NotFound: also when the page has
// changed since.
func (ix *Index) Passage(ctx context.Context, collection, urlOrID, chunkID string) (start, end int, err error) {
	doc, err := ix.Document(ctx, collection, urlOrID)
	if err != nil {
		return 0, 0, err
	}
	r, ok, err := rowOf(ctx, ix.db.Read, doc.ID)
	if err == nil && ok {
		var t storedText
		if t, err = ix.text(ctx, ix.db.Read, r.rev); err == nil {
			p := &page{row: r, storedText: t}
			if i, ok := p.ordinal(chunkID); ok {
				return t.layout[i].start, t.layout[i].end, nil
			}
		}
	}
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return 0, 0, err
	}
	return 0, 0, fault.Errorf(fault.NotFound, "%s has no such passage now", doc.URL)
}

// chunkID is made of the document's id and the chunk's text; of equal chunks
// the later ones get a number.
func (p *page) chunkID(ordinal int) string {
	text := p.layout[ordinal].text(p.markdown)
	same := 1
	for i := range ordinal {
		if p.layout[i].isText(p.markdown, text) {
			same++
		}
	}
	return p.nthID(text, same)
}

// nthID is the id of the nth chunk with a text, from 1.
func (p *page) nthID(text string, n int) string {
	sum := sha256.Sum256([]byte(text))
	id := p.ID + "-" + hex.EncodeToString(sum[:6])
	if n > 1 {
		id += "-" + strconv.Itoa(n)
	}
	return id
}

// ordinal finds the chunk of an id.
func (p *page) ordinal(chunkID string) (ordinal int, ok bool) {
	times := map[string]int{} // by text
	for i := range p.layout {
		text := p.layout[i].text(p.markdown)
		if times[text]++; p.nthID(text, times[text]) == chunkID {
			return i, true
		}
	}
	return 0, false
}
