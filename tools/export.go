package tools

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/axon-mcp/axon-mcp/engine/index"
	"github.com/axon-mcp/axon-mcp/security"
)

// Archive writes and reads the whole index as JSON lines: a full round trip.
type Archive interface {
	// Export writes every document.
	Export(ctx context.Context, w io.Writer) (index.Count, error)
	// Import stores what Export wrote; what is there under the same key is
	// replaced. Lines that are no archive's fail with Invalid.
	Import(ctx context.Context, r io.Reader) (index.Count, error)
}

// ExportInput is the input of export.
type ExportInput struct {
	Path string `json:"path" jsonschema:"file to write, in the output folder, such as backup.jsonl" rule:"min=1"`
}

// ArchiveOutput is the output of export and import.
type ArchiveOutput struct {
	Path string `json:"path"`
	index.Count
	FileBytes int64 `json:"file_bytes"`
}

func export(d *Deps) (*Tool, error) {
	return define(d, Tool{
		Name:  "export",
		Title: "Export the index",
		About: "Writes everything that is indexed to one file of JSON lines, which import reads back. " +
			"An existing file is replaced. About 50 MB a second.",
		Toolset: Admin, Scope: security.ScopeAdmin, Positional: "path",
		Hints: Hints{Idempotent: true},
	}, func(ctx context.Context, call Call, in ExportInput) (reply[ArchiveOutput], error) {
		out, err := d.export(ctx, in.Path, call.CommandLine)
		return reply[ArchiveOutput]{out: out, text: plain(func(out ArchiveOutput) string {
			return fmt.Sprintf("Exported %s with %s to %s (%s).", count(int64(out.Documents), "document"), count(int64(out.Chunks), "chunk"), out.Path, count(out.FileBytes, "byte"))
		})}, err
	})
}

// export writes beside the target and renames, so that a file of that name is
// always whole.
func (d *Deps) export(ctx context.Context, path string, own bool) (ArchiveOutput, error) {
	out := ArchiveOutput{Path: path}
	p, err := d.open("export", path, own, outputRoot)
	if err != nil {
		return out, err
	}
	defer p.close()
	if dir := filepath.Dir(p.name); dir != "." {
		if err := p.root.MkdirAll(dir, 0o700); err != nil {
			return out, explainPath("export", path, err)
		}
	}
	temporary := p.name + "." + rand.Text()[:8] + ".tmp"
	f, err := p.root.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return out, explainPath("export", path, err)
	}
	out.Count, out.FileBytes, err = d.exportTo(ctx, f)
	err = errors.Join(err, f.Close())
	if err == nil {
		if err = p.root.Rename(temporary, p.name); err == nil {
			return out, nil
		}
		err = explainPath("export", path, err)
	}
	_ = p.root.Remove(temporary)
	return out, err
}

func (d *Deps) exportTo(ctx context.Context, f *os.File) (n index.Count, size int64, err error) {
	w := bufio.NewWriterSize(f, 1<<20)
	if n, err = d.Archive.Export(ctx, w); err != nil {
		return n, 0, fmt.Errorf("export the index: %w", err)
	}
	if err = errors.Join(w.Flush(), f.Sync()); err != nil {
		return n, 0, explainPath("export", f.Name(), err)
	}
	info, err := f.Stat()
	if err != nil {
		return n, 0, explainPath("export", f.Name(), err)
	}
	return n, info.Size(), nil
}
