package tools

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/axon-mcp/axon-mcp/engine/index"
	"github.com/axon-mcp/axon-mcp/fault"
)

// Filters narrow a search or a listing.
type Filters struct {
	Domains     []string `json:"domains,omitempty" jsonschema:"only these hosts, such as docs.python.org"`
	SourceTypes []string `json:"source_types,omitempty" jsonschema:"only these kinds, such as web, file, text"`
	URLPrefix   string   `json:"url_prefix,omitempty" jsonschema:"only URLs that begin so, such as https://docs.python.org/3/library/"`
	Lang        string   `json:"lang,omitempty" jsonschema:"only this language, such as en"`
	Since       string   `json:"since,omitempty" jsonschema:"only fetched since then, such as 2026-01-31 or 7d"`
	Before      string   `json:"before,omitempty" jsonschema:"only fetched before then, such as 2026-01-31 or 7d"`
}

func (f Filters) filter(tool string, now time.Time) (index.Filter, error) {
	since, err := moment(tool, "since", f.Since, now)
	if err != nil {
		return index.Filter{}, err
	}
	before, err := moment(tool, "before", f.Before, now)
	if err != nil {
		return index.Filter{}, err
	}
	return index.Filter{
		Domains: f.Domains, SourceTypes: f.SourceTypes, URLPrefix: f.URLPrefix, Lang: f.Lang, Since: since, Before: before,
	}, nil
}

// moment reads a date, an RFC 3339 time, or how long ago. The empty text is the
// zero time.
func moment(tool, field, text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, nil
		}
	}
	if ago, ok := duration(text); ok {
		return now.Add(-ago), nil
	}
	return time.Time{}, fault.Errorf(fault.Invalid, "%s: %s must be a date (2026-01-31), a time (2026-01-31T12:00:00Z) or an age (7d, 24h), got %q", tool, field, clip(text, 40))
}

// duration reads 90s, 30m, 24h, 7d or 2w; at most 100 years.
func duration(text string) (time.Duration, bool) {
	units := map[byte]time.Duration{'s': time.Second, 'm': time.Minute, 'h': time.Hour, 'd': 24 * time.Hour, 'w': 7 * 24 * time.Hour}
	text = strings.TrimSpace(text)
	if text == "" {
		return 0, false
	}
	unit, known := units[text[len(text)-1]]
	n, err := strconv.ParseInt(text[:len(text)-1], 10, 64)
	if !known || err != nil || n < 0 || n > int64(100*365*24*time.Hour/unit) {
		return 0, false
	}
	return time.Duration(n) * unit, true
}

// age reads an older_than field.
func age(tool, text string) (time.Duration, error) {
	if d, ok := duration(text); ok {
		return d, nil
	}
	return 0, fault.Errorf(fault.Invalid, "%s: older_than must be an age such as 24h, 7d or 4w, got %q", tool, clip(text, 40))
}

// collection returns the collection that a call means.
func (d *Deps) collection(tool, name string) (string, error) {
	switch {
	case name == "":
		return d.Config.Collection, nil
	case !validCollection(name):
		return "", fault.Errorf(fault.Invalid, "%s: collection must be %s, got %q", tool, collectionRule, clip(name, 80))
	}
	return name, nil
}

// holds reports whether a collection has a document that filter keeps.
func (d *Deps) holds(ctx context.Context, collection string, filter index.Filter) (bool, error) {
	list, _, err := d.Documents.Sources(ctx, collection, filter, 1, "")
	if err != nil {
		return false, fmt.Errorf("look into the collection %s: %w", collection, err)
	}
	return len(list) > 0, nil
}

// nothingToSearch says why a search could find nothing, whatever its words are.
// It is empty where there was something to search.
func (d *Deps) nothingToSearch(ctx context.Context, collection string, filter index.Filter) (string, error) {
	for _, look := range []struct {
		filter index.Filter
		why    string
	}{
		{index.Filter{}, "nothing is stored in the collection " + collection + "; stats names the collections"},
		{index.Filter{Domains: filter.Domains}, "nothing of " + clip(line(strings.Join(filter.Domains, ", ")), 200) + " is stored in the collection " + collection + "; domains lists the hosts"},
		{filter, "nothing in the collection " + collection + " passes the filters"},
	} {
		if some, err := d.holds(ctx, collection, look.filter); err != nil || !some {
			return look.why, err
		}
	}
	return "", nil
}

// stamp is how outputs write a time; empty for none.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
