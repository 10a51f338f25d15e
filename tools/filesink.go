package tools

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"strings"
	"time"

	"github.com/axon-mcp/axon-mcp/engine/content"
	"github.com/axon-mcp/axon-mcp/engine/crawl"
	"github.com/axon-mcp/axon-mcp/fault"
)

// fileSink is crawl.Sink on Markdown files: jobs/ID/pages/… and, when all is
// done, jobs/ID/manifest.json. A page's name comes from its URL alone and its
// metadata stand in the file, so that a second attempt of the job overwrites
// what the first one wrote and the manifest is made of the files.
type fileSink struct {
	artifacts Artifacts
	dir       string
}

// filePage is a page's metadata, at the head of its file and in the manifest.
type filePage struct {
	Path      string `json:"path,omitempty"`
	URL       string `json:"url"`
	Title     string `json:"title"`
	FetchedAt string `json:"fetched_at"`
	Hash      string `json:"hash"`
}

// A file begins with its metadata as one line of JSON in an HTML comment, which
// no Markdown reader shows.
const (
	headOpen  = "<!-- axon "
	headClose = " -->\n\n"
	// maxFileHead is more than a head can be: a URL and a title are bounded.
	maxFileHead = 64 << 10
)

// crawlToFiles is the body of a crawl job that does not index.
func (d *Deps) crawlToFiles(ctx context.Context, t task, opts crawl.Options) (any, error) {
	sink := &fileSink{artifacts: d.Artifacts, dir: "jobs/" + t.job.ID}
	stats, err := d.Crawler.Crawl(ctx, sink, t.job.ID, opts, t.watch())
	if err != nil {
		return nil, fmt.Errorf("crawl: %w", err)
	}
	if err := sink.manifest(ctx, t.job.ID, opts.URLs); err != nil {
		return nil, fmt.Errorf("write the manifest: %w", err)
	}
	counts := crawlCounts(stats)
	counts.Chunks = 0
	counts.Artifacts = artifactScheme + sink.dir + "/manifest.json"
	return counts, nil
}

// name is the file of a URL: readable, and unique by its hash.
func (s *fileSink) name(url string) string {
	_, rest, _ := strings.Cut(url, "://")
	slug := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, rest)
	sum := sha256.Sum256([]byte(url))
	return s.dir + "/pages/" + strings.Trim(cutAt(slug, 80), "-") + "-" + hex.EncodeToString(sum[:6]) + ".md"
}

// Known knows nothing: a crawl to files reads everything.
func (s *fileSink) Known(context.Context, string) (crawl.Known, bool, error) {
	return crawl.Known{}, false, nil
}

// Put writes a page's file.
func (s *fileSink) Put(ctx context.Context, page crawl.Page) (crawl.Put, error) {
	head := filePage{URL: page.URL, Title: page.Doc.Title, FetchedAt: stamp(page.FetchedAt), Hash: page.Doc.Hash}
	return crawl.Put{Change: crawl.Added}, s.write(ctx, s.name(page.URL), head, page.Doc.Markdown)
}

func (s *fileSink) write(ctx context.Context, name string, head filePage, markdown string) error {
	// json.Marshal escapes < and >, so that no title can end the comment.
	raw, err := json.Marshal(head)
	if err != nil {
		return fmt.Errorf("encode the head of %s: %w", name, err)
	}
	_, err = s.artifacts.Write(ctx, name, []byte(headOpen+string(raw)+headClose+markdown), "text/markdown")
	return err
}

// Touch has nothing to do: without validators no server answers 304.
func (s *fileSink) Touch(context.Context, string, time.Time) error { return nil }

// Gone removes a page's file.
func (s *fileSink) Gone(ctx context.Context, url string, _ crawl.Evidence) (removed bool, err error) {
	err = s.artifacts.Remove(ctx, s.name(url))
	if fault.CodeOf(err) == fault.NotFound {
		return false, nil
	}
	return err == nil, err
}

// Clean takes learnt boilerplate out of a page's file. What is out is out: a
// set that has grown takes out more.
func (s *fileSink) Clean(ctx context.Context, url string, boilerplate map[uint64]bool) (changed bool, err error) {
	name := s.name(url)
	head, markdown, err := s.read(ctx, name)
	if err != nil {
		return false, err
	}
	cleaned, cuts := content.CutBlocks(markdown, boilerplate)
	if len(cuts) == 0 {
		return false, nil
	}
	return true, s.write(ctx, name, head, cleaned)
}

func (s *fileSink) read(ctx context.Context, name string) (head filePage, markdown string, err error) {
	_, info, err := s.artifacts.Read(ctx, name, 0, 1)
	if err != nil {
		return head, "", err
	}
	raw, _, err := s.artifacts.Read(ctx, name, 0, info.Size)
	if err != nil {
		return head, "", err
	}
	return splitHead(name, string(raw))
}

func splitHead(name, text string) (head filePage, markdown string, err error) {
	line, markdown, found := strings.Cut(strings.TrimPrefix(text, headOpen), headClose)
	if !found {
		return head, "", errors.New(name + " has no head")
	}
	if err := json.Unmarshal([]byte(line), &head); err != nil {
		return head, "", fmt.Errorf("read the head of %s: %w", name, err)
	}
	return head, markdown, nil
}

// manifest lists the files of the job.
func (s *fileSink) manifest(ctx context.Context, job string, urls []string) error {
	pages := []filePage{}
	for cursor := ""; ; {
		list, next, err := s.artifacts.List(ctx, s.dir+"/pages/", 500, cursor)
		if err != nil {
			return err
		}
		for _, info := range list {
			raw, _, err := s.artifacts.Read(ctx, info.Path, 0, maxFileHead)
			if err != nil {
				return err
			}
			head, _, err := splitHead(info.Path, string(raw))
			if err != nil {
				return err
			}
			head.Path = path.Clean(info.Path)
			pages = append(pages, head)
		}
		if cursor = next; next == "" {
			break
		}
	}
	raw, err := json.MarshalIndent(map[string]any{"job": job, "urls": urls, "pages": pages}, "", " ")
	if err != nil {
		return fmt.Errorf("encode the manifest: %w", err)
	}
	_, err = s.artifacts.Write(ctx, s.dir+"/manifest.json", raw, "application/json")
	return err
}
