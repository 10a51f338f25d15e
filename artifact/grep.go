package artifact

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"regexp"
	"strings"

	"github.com/axon-mcp/axon-mcp/fault"
)

const (
	maxPattern = 1024     // bytes of a pattern
	maxGrep    = 64 << 20 // bytes of a file that is searched
	maxSearch  = 64 << 10 // bytes of a line that are searched
	maxLine    = 2000     // bytes of a line that are returned
	maxFound   = 1000     // lines returned
)

// Grep returns the lines that an RE2 pattern fits, at most limit (1 to 1000) of
// them. Of a line its first 64 KiB are searched and its first 2,000 bytes
// returned. It fails with Invalid for a pattern over 1,024 bytes or none, with
// TooLarge for a file over 64 MiB.
func (d *Dir) Grep(ctx context.Context, name, pattern string, limit int) ([]Line, error) {
	if limit < 1 || limit > maxFound {
		return nil, fault.Errorf(fault.Invalid, "a search gives 1 to %d lines, not %d", maxFound, limit)
	}
	if len(pattern) > maxPattern {
		return nil, fault.Errorf(fault.Invalid, "the pattern is longer than %d bytes", maxPattern)
	}
	re, err := regexp.Compile(pattern)
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "the pattern is no RE2 expression: %v", err)
	}
	f, info, err := d.open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // nothing was written
	if info.Size > maxGrep {
		return nil, fault.Errorf(fault.TooLarge, "artifact %s has %d bytes, at most %d are searched; read its parts by offset", name, info.Size, maxGrep)
	}
	found, err := grep(ctx, io.LimitReader(f, maxGrep), re, limit)
	if err != nil && ctx.Err() == nil {
		err = explain(name, err)
	}
	return found, err
}

func grep(ctx context.Context, from io.Reader, re *regexp.Regexp, limit int) ([]Line, error) {
	found := []Line{}
	r := bufio.NewReaderSize(from, maxSearch)
	for number := 1; len(found) < limit; number++ {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		line, err := r.ReadSlice('\n')
		if len(line) > 0 && re.Match(bytes.TrimRight(line, "\r\n")) {
			found = append(found, Line{Number: number, Text: shown(line)})
		}
		for errors.Is(err, bufio.ErrBufferFull) { // the rest of a long line
			_, err = r.ReadSlice('\n')
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
	}
	return found, nil
}

func shown(line []byte) string {
	line = bytes.TrimRight(line, "\r\n")
	return strings.ToValidUTF8(string(line[:min(len(line), maxLine)]), "\uFFFD")
}
