package tools

import (
	"context"
	"fmt"
	"strings"

	"github.com/axon-mcp/axon-mcp/artifact"
	"github.com/axon-mcp/axon-mcp/fault"
	"github.com/axon-mcp/axon-mcp/security"
)

// ArtifactsInput is the input of artifacts.
type ArtifactsInput struct {
	Action  string `json:"action" jsonschema:"list paths, show the head, read from an offset, or grep lines" rule:"enum=list|head|read|grep"`
	Path    string `json:"path,omitempty" jsonschema:"artifact as its axon://artifacts/ URI names it, such as results/scrape-1a2b.md; for list: only paths that begin so"`
	Pattern string `json:"pattern,omitempty" jsonschema:"regular expression (RE2) for grep, such as (?i)json" rule:"max=1024"`
	Lines   int    `json:"lines,omitempty" jsonschema:"most lines for head and grep, or paths for list, such as 50" rule:"min=1 max=500 default=20"`
	Offset  int64  `json:"offset,omitempty" jsonschema:"byte to read from: next_offset of the answer before, such as 8000" rule:"min=0 max=1000000000000"`
	Cursor  string `json:"cursor,omitempty" jsonschema:"next_cursor of the list before"`
}

// ArtifactsOutput is the output of artifacts.
type ArtifactsOutput struct {
	Action     string          `json:"action"`
	Artifacts  []artifact.Info `json:"artifacts,omitempty"` // list: these; else the one
	NextCursor *string         `json:"next_cursor,omitempty"`
	Text       string          `json:"text,omitempty"`
	NextOffset *int64          `json:"next_offset,omitempty"`
	Matches    []ArtifactMatch `json:"matches,omitempty"`
	Trust      string          `json:"trust"`
}

// ArtifactMatch is one line that fits.
type ArtifactMatch struct {
	Line int    `json:"line"` // from 1
	Text string `json:"text"`
}

func artifacts(d *Deps) (*Tool, error) {
	return define(d, Tool{
		Name:  "artifacts",
		Title: "Read stored results",
		About: "Lists and reads what results point to: long results, raw pages, crawled files. " +
			"head shows the beginning, read goes on from offset, grep finds lines. Milliseconds. artifacts_clean removes them.",
		Toolset: JobTools, Scope: security.ScopeRead, Positional: "action",
		Hints: Hints{ReadOnly: true, Idempotent: true, OpenWorld: true},
	}, func(ctx context.Context, call Call, in ArtifactsInput) (reply[ArtifactsOutput], error) {
		out, err := d.artifacts(ctx, call, in)
		return reply[ArtifactsOutput]{out: out, text: artifactsText(newFrame(), in), untrusted: true}, err
	})
}

func (d *Deps) artifacts(ctx context.Context, call Call, in ArtifactsInput) (ArtifactsOutput, error) {
	out := ArtifactsOutput{Action: in.Action, Trust: untrustedLabel}
	in.Path = strings.TrimPrefix(in.Path, artifactScheme)
	if in.Action == "list" {
		list, next, err := d.Artifacts.List(ctx, in.Path, in.Lines, in.Cursor)
		if err != nil {
			return out, fmt.Errorf("list the artifacts: %w", err)
		}
		out.Artifacts, out.NextCursor = list, pointer(next)
		return out, nil
	}
	if in.Path == "" {
		return out, fault.Errorf(fault.Invalid, "artifacts: %s needs path; action=list shows them", in.Action)
	}
	if in.Action == "grep" {
		return d.grepArtifact(ctx, call, in, out)
	}
	return d.readArtifact(ctx, call, in, out)
}

// room is how much of an artifact one answer shows: it never links, it pages.
func (d *Deps) room(call Call) int {
	limit := call.Inline
	if limit == 0 {
		limit = d.Config.InlineBytes
	}
	return min(limit-min(512, limit/2), 1_000_000)
}

func (d *Deps) readArtifact(ctx context.Context, call Call, in ArtifactsInput, out ArtifactsOutput) (ArtifactsOutput, error) {
	offset := in.Offset
	if in.Action == "head" {
		offset = 0
	}
	data, info, err := d.Artifacts.Read(ctx, in.Path, offset, int64(d.room(call)))
	if err != nil {
		return out, fmt.Errorf("read the artifact: %w", err)
	}
	out.Artifacts = []artifact.Info{info}
	text := string(data)
	if offset+int64(len(text)) < info.Size { // not in the middle of a character or, if it can be, of a line
		text = wholeLines(text)
	}
	if in.Action == "head" {
		text = firstLines(text, in.Lines)
	}
	if next := offset + int64(len(text)); next < info.Size && len(text) > 0 {
		out.NextOffset = &next
	}
	out.Text = strings.ToValidUTF8(text, "\ufffd")
	return out, nil
}

func (d *Deps) grepArtifact(ctx context.Context, call Call, in ArtifactsInput, out ArtifactsOutput) (ArtifactsOutput, error) {
	if in.Pattern == "" {
		return out, fault.New(fault.Invalid, "artifacts: grep needs pattern, such as (?i)json")
	}
	matches, err := d.Artifacts.Grep(ctx, in.Path, in.Pattern, in.Lines)
	if err != nil {
		return out, fmt.Errorf("search the artifact: %w", err)
	}
	out.Matches = []ArtifactMatch{}
	each := max(80, d.room(call)/max(1, len(matches)))
	for _, m := range matches {
		out.Matches = append(out.Matches, ArtifactMatch{m.Number, clip(strings.ToValidUTF8(m.Text, "\ufffd"), each)})
	}
	return out, nil
}

func wholeLines(text string) string {
	if i := strings.LastIndexByte(text, '\n'); i > len(text)/2 {
		return text[:i+1]
	}
	return cutAt(text, len(text)-1)
}

func firstLines(text string, n int) string {
	at := 0
	for range n {
		i := strings.IndexByte(text[at:], '\n')
		if i < 0 {
			return text
		}
		at += i + 1
	}
	return text[:at]
}

func artifactsText(f frame, in ArtifactsInput) func(ArtifactsOutput) []Block {
	return func(out ArtifactsOutput) []Block {
		if out.Action == "list" {
			return []Block{{Text: artifactList(out)}}
		}
		text, end := out.Text, "end of the artifact"
		if out.Action == "grep" {
			var b strings.Builder
			for _, m := range out.Matches {
				fmt.Fprintf(&b, "%d: %s\n", m.Line, line(m.Text))
			}
			text, end = b.String(), count(int64(len(out.Matches)), "line")+fmt.Sprintf(" (at most %d; lines raises it)", in.Lines)
		}
		if out.NextOffset != nil {
			end = fmt.Sprintf("next: action=read offset=%d", *out.NextOffset)
		}
		note := ""
		if len(out.Artifacts) == 1 {
			note = count(out.Artifacts[0].Size, "byte") + ", " + out.Artifacts[0].MediaType
		}
		return []Block{{Text: notice}, {Text: f.page(artifactScheme+strings.TrimPrefix(in.Path, artifactScheme), note, text)}, {Text: end}}
	}
}

func artifactList(out ArtifactsOutput) string {
	if len(out.Artifacts) == 0 {
		return "There are no such artifacts."
	}
	var b strings.Builder
	for _, info := range out.Artifacts {
		fmt.Fprintf(&b, "- %s (%s, %s, %s)\n", line(info.Path), count(info.Size, "byte"), info.MediaType, stamp(info.Modified))
	}
	if out.NextCursor != nil {
		b.WriteString("next: action=list cursor=" + *out.NextCursor)
	}
	return b.String()
}
