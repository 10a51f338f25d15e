package tools

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
)

// reply is what a tool's run function gives.
type reply[Out any] struct {
	out Out
	// text renders out, whole or cut, for a model.
	text func(Out) []Block
	// cut returns the head of out in about n bytes of JSON. Nil: the output is
	// small by nature, or it pages.
	cut func(out Out, n int) (Out, error)
	// whole is the text to store where the result is over the limit. Empty: out
	// as JSON.
	whole string
	// shape says how much the whole is: "3 pages, 182,334 characters".
	shape string
	// untrusted tells that text holds what pages say.
	untrusted bool
}

// Shortened is part of each output that can be over the limit.
type Shortened struct {
	Truncated bool   `json:"truncated,omitempty"` // this is only the head
	Artifact  string `json:"artifact,omitempty"`  // URI of the whole
}

func (s *Shortened) shorten(uri string) { s.Truncated, s.Artifact = true, uri }

// settle turns a reply into a result within the limit: whole where it fits, or
// else its head, with the whole as an artifact and a link to it.
func settle[Out any](ctx context.Context, d *Deps, call Call, r reply[Out]) (*Result, error) {
	limit := call.Inline
	if limit == 0 {
		limit = d.Config.InlineBytes
	}
	raw, err := encode(r.out)
	if err != nil {
		return nil, err
	}
	blocks := r.text(r.out)
	if r.cut == nil || (len(raw) <= limit && textSize(blocks) <= limit) {
		return &Result{Structured: raw, Blocks: blocks, Untrusted: r.untrusted}, nil
	}
	link := keep(ctx, d, call.Name, raw, r.whole, r.shape)
	raw, blocks, err = head(r, limit, link)
	if err != nil {
		return nil, err
	}
	note := "This is only the head: the whole result (" + r.shape + ") is over AXON_INLINE_BYTES"
	if link == nil {
		note += " and could not be stored. Ask for less."
		return &Result{Structured: raw, Blocks: append(blocks, Block{Text: note}), Untrusted: r.untrusted}, nil
	}
	note += ".\nnext: artifacts action=read path=" + strings.TrimPrefix(link.URI, artifactScheme) + " (or action=grep with pattern)"
	return &Result{Structured: raw, Blocks: append(blocks, Block{Text: note}, Block{Link: link}), Untrusted: r.untrusted}, nil
}

// head shortens until both the value and the text fit. What a cut keeps per
// item is not known here, so the room is narrowed a few times.
func head[Out any](r reply[Out], limit int, link *Link) (json.RawMessage, []Block, error) {
	uri := ""
	if link != nil {
		uri = link.URI
	}
	limit -= 512 // for the note and the link
	for n := limit - 64 - len(uri); ; n = n * 7 / 8 {
		small, err := r.cut(r.out, n)
		if err != nil {
			return nil, nil, err
		}
		if s, ok := any(&small).(interface{ shorten(uri string) }); ok {
			s.shorten(uri)
		}
		raw, err := encode(small)
		if err != nil {
			return nil, nil, err
		}
		blocks := r.text(small)
		if (len(raw) <= limit && textSize(blocks) <= limit) || n < 128 {
			return raw, blocks, nil
		}
	}
}

// keep stores a whole result as an artifact named by its content, so that the
// same result twice is one file. A store that is full or read-only costs the
// link and not the answer.
func keep(ctx context.Context, d *Deps, tool string, raw json.RawMessage, whole, shape string) *Link {
	data, mediaType, ext := []byte(whole), "text/markdown", ".md"
	if whole == "" {
		var pretty bytes.Buffer
		if err := json.Indent(&pretty, raw, "", " "); err != nil {
			return nil
		}
		data, mediaType, ext = pretty.Bytes(), "application/json", ".json"
	}
	sum := sha256.Sum256(data)
	path := resultsDir + tool + "-" + hex.EncodeToString(sum[:8]) + ext
	info, err := d.Artifacts.Write(ctx, path, data, mediaType)
	if err != nil {
		d.Log.LogAttrs(ctx, slog.LevelWarn, "store a long result", slog.String("tool", tool), slog.String("error", err.Error()))
		return nil
	}
	d.sweep(ctx)
	return &Link{
		URI: artifactScheme + info.Path, Name: info.Path, MediaType: mediaType, Size: info.Size,
		Description: shape + ", " + count(int64(bytes.Count(data, []byte("\n"))+1), "line") + ", kept 7 days",
	}
}

func textSize(blocks []Block) int {
	n := 0
	for _, b := range blocks {
		n += len(b.Text)
	}
	return n
}

// encode is json.Marshal without the escaping that is for HTML: it would make
// every < of a page six bytes long.
func encode(v any) (json.RawMessage, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, fmt.Errorf("encode the output: %w", err)
	}
	return bytes.TrimSpace(buf.Bytes()), nil
}

// fitting returns the longest beginning of items whose JSON is at most n bytes
// in all. It keeps one item at least.
func fitting[T any](items []T, n int) []T {
	for i := range items {
		raw, err := encode(items[i])
		n -= len(raw) + 1
		if err != nil || (n < 0 && i > 0) {
			return items[:i]
		}
	}
	return items
}

// headOf returns the beginning of a page of a listing that fits into n bytes,
// and the cursor of what follows it, which list gives for a page of that length.
func headOf[T any](items []T, n int, next *string, list func(limit int) (next string, err error)) ([]T, *string, error) {
	kept := fitting(items, n)
	if len(kept) == len(items) {
		return items, next, nil
	}
	cursor, err := list(len(kept))
	return kept, pointer(cursor), err
}

// plain is the text of a tool whose output holds nothing of a page.
func plain[Out any](render func(Out) string) func(Out) []Block {
	return func(out Out) []Block { return []Block{{Text: render(out)}} }
}
