package content

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"github.com/ledongthuc/pdf"

	"github.com/axon-mcp/axon-mcp/fault"
)

const (
	maxPDFPages = 2000
	pdfTime     = 20 * time.Second
	maxPDFText  = 16 << 20
)

// parsePDF takes the text of a PDF, a section a page. The library may panic or
// run long on hostile files: a panic is a refusal, and time is looked at between
// pages.
func parsePDF(in Input) (doc *Document, err error) {
	defer func() {
		if p := recover(); p != nil {
			doc, err = nil, fault.Wrap(fault.Unsupported, fmt.Errorf("pdf: %v", p), "%s cannot be read as PDF", in.URL)
		}
	}()
	r, err := pdf.NewReader(bytes.NewReader(in.Body), int64(len(in.Body)))
	if err != nil {
		return nil, fault.Wrap(fault.Unsupported, err, "%s cannot be read as PDF; it may be encrypted or damaged", in.URL)
	}
	doc = &Document{Title: clean(r.Trailer().Key("Info").Key("Title").Text(), 300)}
	var b strings.Builder
	until := time.Now().Add(pdfTime)
	for i := 1; i <= min(r.NumPage(), maxPDFPages) && b.Len() < maxPDFText && time.Now().Before(until); i++ {
		page := r.Page(i)
		if page.V.IsNull() {
			continue
		}
		text, err := page.GetPlainText(nil)
		if err != nil {
			continue // one page that cannot be read does not lose the others
		}
		if text = strings.TrimSpace(Sanitize(text)); text != "" {
			fmt.Fprintf(&b, "## Page %d\n\n%s\n\n", i, text)
		}
	}
	doc.Markdown = strings.TrimSpace(b.String())
	if doc.Markdown == "" {
		return nil, fault.Errorf(fault.Unsupported, "%s holds no text; it may be a scan", in.URL)
	}
	doc.Headings = MarkdownHeadings(doc.Markdown)
	return doc, nil
}
