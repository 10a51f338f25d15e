package index

import (
	"context"
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/axon-mcp/axon-mcp/fault"
)

// where is the condition of a listing, with its arguments.
type where struct {
	terms []string
	args  []any
}

func (w *where) and(term string, args ...any) {
	w.terms = append(w.terms, term)
	w.args = append(w.args, args...)
}

func (w *where) in(column string, values []string) {
	if len(values) == 0 {
		return
	}
	args := make([]any, len(values))
	for i, v := range values {
		args[i] = v
	}
	w.and(column+" IN ("+strings.Repeat(",?", len(values))[1:]+")", args...)
}

func (w *where) String() string {
	if len(w.terms) == 0 {
		return "1"
	}
	return strings.Join(w.terms, " AND ")
}

// filterOf is the condition for the documents that a filter lets through. An
// empty collection is every collection.
func filterOf(collection string, f Filter) *where {
	w := &where{}
	if collection != "" {
		w.and("collection = ?", collection)
	}
	w.in("domain", f.Domains)
	w.in("source_type", f.SourceTypes)
	if f.URLPrefix != "" {
		w.and("substr(url, 1, ?) = ?", len([]rune(f.URLPrefix)), f.URLPrefix)
	}
	if f.Lang != "" {
		w.and("(lower(lang) = lower(?) OR substr(lower(lang), 1, ?) = lower(?) || '-')", f.Lang, len([]rune(f.Lang))+1, f.Lang)
	}
	if !f.Since.IsZero() {
		w.and("fetched >= ?", millis(f.Since))
	}
	if !f.Before.IsZero() {
		w.and("fetched < ?", millis(f.Before))
	}
	return w
}

// A cursor is the key of the last entry, made opaque.
func cursorOf(parts ...string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(strings.Join(parts, "\x00")))
}

func readCursor(cursor string, parts int) ([]string, error) {
	b, err := base64.RawURLEncoding.DecodeString(cursor)
	if got := strings.Split(string(b), "\x00"); err == nil && len(got) == parts {
		return got, nil
	}
	return nil, fault.New(fault.Invalid, "the cursor is not one that a listing gave; leave it out to begin at the start")
}

func checkLimit(limit int) error {
	if limit < 1 || limit > maxLimit {
		return fault.Errorf(fault.Invalid, "limit %d is out of range; use 1 to %d", limit, maxLimit)
	}
	return nil
}

// Sources lists documents by collection and URL; next is empty on the last
// page. It fails with Invalid for a cursor that it did not give, or a limit out
// of 1..500.
func (ix *Index) Sources(ctx context.Context, collection string, filter Filter, limit int, cursor string) (sources []Source, next string, err error) {
	if err := checkLimit(limit); err != nil {
		return nil, "", err
	}
	w := filterOf(collection, filter)
	if cursor != "" {
		after, err := readCursor(cursor, 2)
		if err != nil {
			return nil, "", err
		}
		w.and("(collection, url) > (?, ?)", after[0], after[1])
	}
	rows, err := ix.db.Read.QueryContext(ctx,
		`SELECT `+rowColumns+` FROM documents d WHERE `+w.String()+` ORDER BY collection, url LIMIT ?`, append(w.args, limit+1)...)
	if err != nil {
		return nil, "", fmt.Errorf("list the documents: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var r row
		if err := r.scan(rows); err != nil {
			return nil, "", fmt.Errorf("list the documents: %w", err)
		}
		sources = append(sources, r.source())
	}
	if len(sources) > limit {
		sources = sources[:limit]
		last := sources[limit-1]
		next = cursorOf(last.Collection, last.URL)
	}
	return sources, next, rows.Err()
}

// Domains lists domains by name, as Sources does.
func (ix *Index) Domains(ctx context.Context, collection string, filter Filter, limit int, cursor string) (domains []Domain, next string, err error) {
	if err := checkLimit(limit); err != nil {
		return nil, "", err
	}
	w := filterOf(collection, filter)
	if cursor != "" {
		after, err := readCursor(cursor, 1)
		if err != nil {
			return nil, "", err
		}
		w.and("domain > ?", after[0])
	}
	rows, err := ix.db.Read.QueryContext(ctx,
		`SELECT domain, count(*), sum(chunks), sum(bytes), max(fetched) FROM documents WHERE `+w.String()+
			` GROUP BY domain ORDER BY domain LIMIT ?`, append(w.args, limit+1)...)
	if err != nil {
		return nil, "", fmt.Errorf("list the domains: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var d Domain
		var fetched int64
		if err := rows.Scan(&d.Name, &d.Documents, &d.Chunks, &d.Bytes, &fetched); err != nil {
			return nil, "", fmt.Errorf("list the domains: %w", err)
		}
		d.FetchedAt = timeOf(fetched)
		domains = append(domains, d)
	}
	if len(domains) > limit {
		domains = domains[:limit]
		next = cursorOf(domains[limit-1].Name)
	}
	return domains, next, rows.Err()
}

// Stats counts everything, in all and per collection.
func (ix *Index) Stats(ctx context.Context) (total Count, collections map[string]Count, err error) {
	rows, err := ix.db.Read.QueryContext(ctx, `SELECT collection, count(*), sum(chunks), sum(bytes) FROM documents GROUP BY collection`)
	if err != nil {
		return Count{}, nil, fmt.Errorf("count the documents: %w", err)
	}
	defer rows.Close()
	collections = make(map[string]Count)
	for rows.Next() {
		var name string
		var c Count
		if err := rows.Scan(&name, &c.Documents, &c.Chunks, &c.Bytes); err != nil {
			return Count{}, nil, fmt.Errorf("count the documents: %w", err)
		}
		collections[name] = c
		total.Documents += c.Documents
		total.Chunks += c.Chunks
		total.Bytes += c.Bytes
	}
	return total, collections, rows.Err()
}
