package tools

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/axon-mcp/axon-mcp/engine/content"
	"github.com/axon-mcp/axon-mcp/engine/crawl"
	"github.com/axon-mcp/axon-mcp/engine/index"
	"github.com/axon-mcp/axon-mcp/fault"
	"github.com/axon-mcp/axon-mcp/security"
)

// EmbedInput is the input of embed.
type EmbedInput struct {
	Text       string `json:"text,omitempty" jsonschema:"Markdown or text to index, such as # Minutes of Monday …" rule:"max=3000000"`
	Path       string `json:"path,omitempty" jsonschema:"file or folder of Markdown, text, HTML, PDF or source code, such as docs/guide (docs: a root of AXON_FILE_ROOTS)"`
	URL        string `json:"url,omitempty" jsonschema:"one page to index, such as https://go.dev/doc/effective_go"`
	Title      string `json:"title,omitempty" jsonschema:"title of the text, file or page, such as Minutes of Monday"`
	SourceID   string `json:"source_id,omitempty" jsonschema:"key to store it under, for text and single files, such as minutes/2026-01-31; the same key replaces"`
	Wait       bool   `json:"wait,omitempty" jsonschema:"true answers when all is done"`
	Collection string `json:"collection,omitempty" jsonschema:"such as axon, the default"`
}

// embedRequest is the payload of an embed job.
type embedRequest struct {
	Text       string `json:"text,omitempty"`
	Path       string `json:"path,omitempty"`
	Own        bool   `json:"own,omitempty"` // asked for at the command line: any path
	URL        string `json:"url,omitempty"`
	Title      string `json:"title,omitempty"`
	SourceID   string `json:"source_id,omitempty"`
	Collection string `json:"collection"`
}

func embed(d *Deps) (*Tool, error) {
	return define(d, Tool{
		Name:  "embed",
		Title: "Index a text, files or a page",
		About: "Indexes a text, a file, a folder or one page; the same again embeds only what changed, and files that have gone are removed. " +
			"crawl indexes whole sites. Thousands of passages a second: without wait it answers at once with a job_id for jobs.",
		Toolset: Knowledge, Scope: security.ScopeWrite, Positional: "path", Job: true,
		Hints: Hints{Idempotent: true, OpenWorld: true},
	}, func(ctx context.Context, call Call, in EmbedInput) (reply[WorkOutput], error) {
		request, err := d.embedRequest(in, call.CommandLine)
		if err != nil {
			return reply[WorkOutput]{}, err
		}
		out, err := d.perform(ctx, call, work{kind: "embed", payload: request, join: true, wait: in.Wait})
		return reply[WorkOutput]{out: out, text: plain(workText("document"))}, err
	})
}

// embedRequest checks what can be checked before a job begins.
func (d *Deps) embedRequest(in EmbedInput, own bool) (embedRequest, error) {
	request := embedRequest{Text: in.Text, Path: in.Path, URL: in.URL, Title: in.Title, SourceID: in.SourceID}
	given := 0
	for _, one := range []string{in.Text, in.Path, in.URL} {
		if strings.TrimSpace(one) != "" {
			given++
		}
	}
	if given != 1 {
		return request, fault.New(fault.Invalid, "embed: give one of text, path or url")
	}
	var err error
	if request.Collection, err = d.collection("embed", in.Collection); err != nil {
		return request, err
	}
	switch {
	case in.URL != "":
		if in.SourceID != "" {
			return request, fault.New(fault.Invalid, "embed: a page is stored under its URL; leave source_id out")
		}
		_, err = d.ValidateURL(in.URL)
	case in.Path != "":
		request.Own = own
		request.Path, err = d.checkPath(in, own)
	}
	return request, err
}

// checkPath refuses at once what the job could not read, and returns the path
// in the form that the job's process understands.
func (d *Deps) checkPath(in EmbedInput, own bool) (string, error) {
	p, err := d.open("embed", in.Path, own, "")
	if err != nil {
		return "", err
	}
	defer p.close()
	info, err := p.root.Stat(p.name)
	if err != nil {
		return "", explainPath("embed", in.Path, err)
	}
	if info.IsDir() && in.Title+in.SourceID != "" {
		return "", fault.New(fault.Invalid, "embed: title and source_id are for a single file; leave them out for a folder")
	}
	return p.path(), nil
}

// runEmbed is the body of an embed job.
func (d *Deps) runEmbed(ctx context.Context, t task) (any, error) {
	var request embedRequest
	if err := json.Unmarshal(t.job.Request, &request); err != nil {
		return nil, fmt.Errorf("read the job's request: %w", err)
	}
	e := &embedding{deps: d, task: t, request: request, start: d.Now(), counts: WorkCounts{Skipped: map[string]int{}, Complete: true}}
	var err error
	switch {
	case request.URL != "":
		err = e.page(ctx)
	case request.Path != "":
		err = e.files(ctx)
	default:
		err = e.text(ctx)
	}
	if err != nil {
		return nil, err
	}
	e.counts.Seconds = thousandths(d.Now().Sub(e.start).Seconds())
	if e.counts.Seconds > 0 {
		e.counts.PagesPerSecond = thousandths(float64(e.counts.PagesFetched) / e.counts.Seconds)
	}
	return e.counts, nil
}

// embedding is one run of an embed job.
type embedding struct {
	deps    *Deps
	task    task
	request embedRequest
	start   time.Time
	counts  WorkCounts
}

func (e *embedding) text(ctx context.Context) error {
	key := e.request.SourceID
	if key == "" {
		sum := sha256.Sum256([]byte(e.request.Text))
		key = "text:" + hex.EncodeToString(sum[:12])
	}
	doc, err := content.Parse(content.Input{URL: key, MediaType: "text/markdown", Body: []byte(e.request.Text)})
	if err != nil {
		return fmt.Errorf("read the text: %w", err)
	}
	e.counts.Bytes = int64(len(e.request.Text))
	return e.write(ctx, index.Entry{SourceType: "text", URL: key, Doc: doc, FetchedAt: e.deps.Now()})
}

func (e *embedding) page(ctx context.Context) error {
	if _, err := e.deps.ValidateURL(e.request.URL); err != nil {
		return err
	}
	got, err := e.deps.load(ctx, e.request.URL, ScrapeInput{Render: crawl.RenderAuto}, index.Known{})
	if err != nil {
		return err
	}
	key, err := crawl.Key(got.finalURL)
	if err != nil {
		return err
	}
	e.counts.Bytes = int64(len(got.body))
	return e.write(ctx, index.Entry{
		SourceType: "web", URL: key, Doc: got.doc, ETag: got.etag, LastModified: got.lastModified, FetchedAt: got.fetched,
	})
}

// write stores one document and counts what it did.
func (e *embedding) write(ctx context.Context, entry index.Entry) error {
	entry.Collection, entry.JobID = e.request.Collection, e.task.job.ID
	if e.request.Title != "" {
		entry.Doc.Title = e.request.Title
		entry.Doc.Hash = hashOf(entry.Doc)
	}
	written, err := e.deps.Store.Write(ctx, entry)
	if err != nil {
		return fmt.Errorf("store %s: %w", entry.URL, err)
	}
	c := &e.counts
	c.PagesFetched++
	c.Documents++
	c.Embedded += written.Embedded
	if written.Change == index.Unchanged {
		c.PagesUnchanged++
		return nil
	}
	c.PagesChanged++
	c.Chunks += written.Chunks
	return nil
}

// hashOf is the hash of a document whose title is not the extractor's.
func hashOf(doc *content.Document) string {
	sum := sha256.Sum256([]byte(doc.Title + "\x00" + doc.Markdown))
	return hex.EncodeToString(sum[:])
}
