package tools

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/axon-mcp/axon-mcp/engine/content"
	"github.com/axon-mcp/axon-mcp/engine/index"
	"github.com/axon-mcp/axon-mcp/fault"
)

// section returns the byte range of the section that name means: an anchor
// (with # where it comes from a URL), or a heading's text. An anchor of a URL
// that is no heading's means the whole document.
func section(doc index.Document, name string) (start, end int, err error) {
	if name == "" {
		return 0, len(doc.Markdown), nil
	}
	anchor, fromURL := strings.CutPrefix(name, "#")
	if plain, err := url.PathUnescape(anchor); err == nil && fromURL {
		anchor = plain
	}
	i := findHeading(doc.Headings, anchor)
	if i < 0 {
		if fromURL {
			return 0, len(doc.Markdown), nil
		}
		return 0, 0, noSection(doc, anchor)
	}
	end = len(doc.Markdown)
	for _, h := range doc.Headings[i+1:] {
		if h.Level <= doc.Headings[i].Level {
			end = h.Offset
			break
		}
	}
	return doc.Headings[i].Offset, end, nil
}

func findHeading(headings []content.Heading, name string) int {
	for i, h := range headings {
		if h.Anchor != "" && h.Anchor == name {
			return i
		}
	}
	for i, h := range headings {
		if strings.EqualFold(line(h.Text), line(name)) {
			return i
		}
	}
	return -1
}

func noSection(doc index.Document, name string) error {
	var texts []string
	for _, h := range doc.Headings {
		texts = append(texts, h.Text)
	}
	hint := "it has no headings; leave section out"
	if near := nearest(name, texts); near != "" {
		hint = fmt.Sprintf("did you mean %q?", clip(line(near), 200))
	} else if len(texts) > 0 {
		hint = "its sections are " + clip(line(strings.Join(texts, "; ")), 500)
	}
	return fault.Errorf(fault.NotFound, "retrieve: %s has no section %q; %s", doc.URL, clip(line(name), 200), hint)
}
