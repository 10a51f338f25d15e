package tools

import (
	"bufio"
	"context"
	"fmt"

	"github.com/axon-mcp/axon-mcp/engine/index"
	"github.com/axon-mcp/axon-mcp/fault"
	"github.com/axon-mcp/axon-mcp/security"
)

// ImportInput is the input of import.
type ImportInput struct {
	Path string `json:"path" jsonschema:"file that export wrote, in the output folder or under a root of AXON_FILE_ROOTS, such as backup.jsonl" rule:"min=1"`
}

func importTool(d *Deps) (*Tool, error) {
	return define(d, Tool{
		Name:  "import",
		Title: "Import an index",
		About: "Reads a file that export wrote into the index; documents with the same key are replaced, others stay. " +
			"embed indexes files of other kinds. Thousands of passages a second.",
		Toolset: Admin, Scope: security.ScopeAdmin, Positional: "path",
		Hints: Hints{Idempotent: true},
	}, func(ctx context.Context, call Call, in ImportInput) (reply[ArchiveOutput], error) {
		out, err := d.importFile(ctx, in.Path, call.CommandLine)
		return reply[ArchiveOutput]{out: out, text: plain(func(out ArchiveOutput) string {
			return fmt.Sprintf("Imported %s with %s from %s.\nnext: stats counts the index.", count(int64(out.Documents), "document"), count(int64(out.Chunks), "chunk"), out.Path)
		})}, err
	})
}

func (d *Deps) importFile(ctx context.Context, path string, own bool) (ArchiveOutput, error) {
	out := ArchiveOutput{Path: path}
	p, err := d.open("import", path, own, outputRoot)
	if err != nil {
		return out, err
	}
	defer p.close()
	f, err := p.root.Open(p.name)
	if err != nil {
		return out, explainPath("import", path, err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return out, explainPath("import", path, err)
	}
	if !info.Mode().IsRegular() {
		return out, fault.Errorf(fault.Invalid, "import: %s is no file; give a file that export wrote", clip(line(path), 300))
	}
	out.FileBytes = info.Size()
	if out.Count, err = d.Archive.Import(ctx, bufio.NewReaderSize(f, 1<<20)); err != nil {
		return out, notImported(path, out.Count, err)
	}
	return out, nil
}

// notImported names the file of a failure that is its own, and what of it is
// stored.
func notImported(path string, before index.Count, err error) error {
	if fault.CodeOf(err) != fault.Invalid {
		return fmt.Errorf("import the archive: %w", err)
	}
	message := "import: " + clip(line(path), 300) + ": " + fault.MessageOf(err)
	if before.Documents > 0 {
		message += fmt.Sprintf("; the %s before it stay imported", count(int64(before.Documents), "document"))
	}
	return FileError{fault.Wrap(fault.Invalid, err, "%s", message)}
}
