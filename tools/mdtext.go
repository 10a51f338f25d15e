package tools

import (
	"bytes"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	east "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/text"
)

// contentHTML is Markdown as HTML. It comes from our own Markdown, so that what
// the extractor dropped (scripts, hidden nodes, comments) is not there, and raw
// HTML in it is left out.
func contentHTML(markdown string) (string, error) {
	var b bytes.Buffer
	if err := goldmark.New(goldmark.WithExtensions(extension.GFM)).Convert([]byte(markdown), &b); err != nil {
		return "", err
	}
	return b.String(), nil
}

// plainText is what Markdown says without its marks: words, code as it stands,
// table cells separated by tabs.
func plainText(markdown string) string {
	source := []byte(markdown)
	root := goldmark.New(goldmark.WithExtensions(extension.GFM)).Parser().Parse(text.NewReader(source))
	var b strings.Builder
	// The walk's only errors are the visitor's, which has none.
	_ = ast.Walk(root, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if entering {
			enterText(&b, n, source)
		} else {
			leaveText(&b, n)
		}
		return ast.WalkContinue, nil
	})
	return strings.TrimSpace(b.String()) + "\n"
}

func enterText(b *strings.Builder, n ast.Node, source []byte) {
	switch n := n.(type) {
	case *ast.Text:
		b.Write(n.Segment.Value(source))
		if n.SoftLineBreak() || n.HardLineBreak() {
			b.WriteByte('\n')
		}
	case *ast.String:
		b.Write(n.Value)
	case *ast.AutoLink:
		b.Write(n.Label(source))
	case *ast.CodeBlock, *ast.FencedCodeBlock:
		for i := range n.Lines().Len() {
			at := n.Lines().At(i)
			b.Write(at.Value(source))
		}
	case *ast.ListItem:
		b.WriteString("- ")
	}
}

func leaveText(b *strings.Builder, n ast.Node) {
	switch n.(type) {
	case *ast.Paragraph, *ast.Heading, *ast.CodeBlock, *ast.FencedCodeBlock, *ast.List, *east.Table:
		b.WriteString("\n\n")
	case *ast.TextBlock, *east.TableRow, *east.TableHeader:
		b.WriteByte('\n')
	case *east.TableCell:
		b.WriteByte('\t')
	}
}
