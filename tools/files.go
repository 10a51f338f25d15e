package tools

import (
	"context"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/axon-mcp/axon-mcp/engine/content"
	"github.com/axon-mcp/axon-mcp/engine/index"
	"github.com/axon-mcp/axon-mcp/engine/ingest"
	"github.com/axon-mcp/axon-mcp/fault"
	"github.com/axon-mcp/axon-mcp/jobs"
)

// files stores a file or a folder, and removes what was stored of the folder
// and is not there any more.
func (e *embedding) files(ctx context.Context) error {
	p, err := e.deps.open("embed", e.request.Path, e.request.Own, "")
	if err != nil {
		return err
	}
	defer p.close()
	info, err := p.root.Stat(p.name)
	if err != nil {
		return explainPath("embed", e.request.Path, err)
	}
	seen := map[string]bool{}
	store := func(f ingest.File) error { return e.file(ctx, f, seen) }
	if info.IsDir() {
		store = func(f ingest.File) error { return e.walked(ctx, f, seen) }
	}
	stats, err := ingest.Files(ctx, p.root, filepath.ToSlash(p.name), ingest.FileOptions{Base: fileURL(p.base) + "/"}, store)
	if err != nil {
		return err
	}
	e.counts.Bytes, e.counts.Skipped = stats.Bytes, stats.Skipped
	if stats.Skipped["limit"]+stats.Skipped["unreadable"] > 0 {
		e.counts.Complete = false
	}
	if !info.IsDir() || !e.counts.Complete {
		return nil
	}
	return e.prune(ctx, p, seen)
}

// walked stores one file of a folder. What is wrong with the file is counted;
// the end of ctx and a failing store end the walk.
func (e *embedding) walked(ctx context.Context, f ingest.File, seen map[string]bool) error {
	err := e.file(ctx, f, seen)
	switch code := fault.CodeOf(err); {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case code == fault.Unsupported || code == fault.Invalid || code == fault.TooLarge:
		e.fail(string(code))
		e.task.event("%s: %s", clip(line(f.Path), 300), fault.MessageOf(err))
	case err != nil:
		return err
	}
	e.task.report(jobs.Progress{
		Phase: "files", Done: int64(e.counts.PagesFetched + e.counts.PagesFailed), Message: clip(line(f.Path), 200),
		Counts: map[string]int64{"changed": int64(e.counts.PagesChanged), "unchanged": int64(e.counts.PagesUnchanged), "failed": int64(e.counts.PagesFailed)},
	})
	return nil
}

func (e *embedding) fail(reason string) {
	if e.counts.Failures == nil {
		e.counts.Failures = map[string]int{}
	}
	e.counts.Failures[reason]++
	e.counts.PagesFailed++
	e.counts.Complete = false
}

// file stores one file.
func (e *embedding) file(ctx context.Context, f ingest.File, seen map[string]bool) error {
	doc, err := content.Parse(f.Input)
	if err != nil {
		return err
	}
	key := f.SourceID
	if e.request.SourceID != "" {
		key = e.request.SourceID
	}
	doc.Modified = f.Modified
	seen[key] = true
	return e.write(ctx, index.Entry{SourceType: "file", URL: key, Doc: doc, FetchedAt: e.deps.Now()})
}

// fileURL is the file: URL (RFC 8089) of an absolute path.
func fileURL(path string) string {
	return (&url.URL{Scheme: "file", Path: filepath.ToSlash(path)}).String()
}

// prune removes documents of the folder whose file has gone. A walk that saw
// all is the evidence.
func (e *embedding) prune(ctx context.Context, p place, seen map[string]bool) error {
	filter := index.Filter{URLPrefix: strings.TrimSuffix(fileURL(p.path()), "/") + "/", SourceTypes: []string{"file"}}
	var gone []string
	for cursor := ""; ; {
		list, next, err := e.deps.Documents.Sources(ctx, e.request.Collection, filter, 500, cursor)
		if err != nil {
			return fmt.Errorf("list what is stored of the folder: %w", err)
		}
		for _, s := range list {
			if !seen[s.URL] {
				gone = append(gone, s.URL)
			}
		}
		if cursor = next; next == "" {
			break
		}
	}
	for _, key := range gone {
		removed, err := e.deps.Store.Remove(ctx, e.request.Collection, key)
		if err != nil {
			return fmt.Errorf("remove %s: %w", key, err)
		}
		if removed {
			e.counts.PagesRemoved++
		}
	}
	return nil
}
