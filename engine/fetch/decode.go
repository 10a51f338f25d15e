package fetch

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"path"
	"strings"
	"unicode/utf8"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
	"golang.org/x/net/html/charset"

	"github.com/axon-mcp/axon-mcp/fault"
)

var errTooLarge = errors.New("over the size limit")

// maxEncodings bounds how deep encodings may be nested.
const maxEncodings = 3

// decompress reads body through its content encodings. At most limit bytes are
// taken from each stage, so that neither a bomb nor a nested one gets further.
func decompress(body io.Reader, encodings string, length, limit int64) ([]byte, error) {
	var names []string
	for name := range strings.SplitSeq(encodings, ",") {
		if name = strings.ToLower(strings.TrimSpace(name)); name != "" && name != "identity" {
			names = append(names, name)
		}
	}
	if len(names) > maxEncodings {
		return nil, fault.New(fault.Unsupported, "the body is encoded more than three times over")
	}
	r := io.Reader(&capped{r: body, left: limit})
	for i := len(names) - 1; i >= 0; i-- { // the last was applied last
		decoder, closer, err := decoderOf(names[i], r)
		if err != nil {
			return nil, err
		}
		defer closer()
		r = &capped{r: decoder, left: limit}
		length = -1
	}
	var buf bytes.Buffer
	if length > 0 {
		buf.Grow(int(min(length, limit)) + bytes.MinRead)
	}
	if _, err := buf.ReadFrom(r); err != nil {
		return nil, err
	}
	return buf.Bytes(), nil
}

func decoderOf(name string, r io.Reader) (decoder io.Reader, closer func(), err error) {
	switch name {
	case "gzip", "x-gzip":
		z, err := gzip.NewReader(r)
		return z, func() {}, err
	case "deflate":
		z, err := zlib.NewReader(r)
		return z, func() {}, err
	case "br":
		return brotli.NewReader(r), func() {}, nil
	case "zstd":
		// RFC 9659: a window of more than 8 MiB need not be supported.
		z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(8<<20))
		if err != nil {
			return nil, nil, err
		}
		return z, z.Close, nil
	}
	return nil, nil, fault.Errorf(fault.Unsupported, "the body's encoding %q is not read", clip(name))
}

func clip(s string) string { return s[:min(len(s), 40)] }

// capped fails with errTooLarge instead of reading more than left bytes.
type capped struct {
	r    io.Reader
	left int64
}

func (c *capped) Read(p []byte) (int, error) {
	if int64(len(p)) > c.left+1 {
		p = p[:c.left+1]
	}
	n, err := c.r.Read(p)
	c.left -= int64(n)
	if c.left < 0 {
		return 0, errTooLarge
	}
	if err != nil && err != io.EOF {
		err = fmt.Errorf("read the body: %w", err)
	}
	return n, err
}

// byExtension names types of what servers often send without one, or as
// text/plain.
var byExtension = map[string]string{
	".md": "text/markdown", ".markdown": "text/markdown", ".mdx": "text/markdown",
	".html": "text/html", ".htm": "text/html", ".xhtml": "application/xhtml+xml",
	".json": "application/json", ".xml": "application/xml", ".rss": "application/rss+xml", ".atom": "application/atom+xml",
	".pdf": "application/pdf", ".txt": "text/plain", ".rst": "text/plain",
}

// mediaType is the declared type, or what path and body say where none is
// declared or it says nothing.
func mediaType(header, urlPath string, body []byte) string {
	declared, _, err := mime.ParseMediaType(header)
	if err == nil && declared != "application/octet-stream" && declared != "binary/octet-stream" && declared != "text/plain" {
		return declared
	}
	if t, ok := byExtension[strings.ToLower(path.Ext(urlPath))]; ok {
		return t
	}
	if declared == "text/plain" {
		return declared
	}
	sniffed, _, _ := strings.Cut(http.DetectContentType(body), ";")
	return sniffed
}

// readable reports whether content can make a document of the type.
func readable(mediaType string) bool { return isText(mediaType) || mediaType == "application/pdf" }

func isText(mediaType string) bool {
	switch mediaType {
	case "application/json", "application/ld+json", "application/xml", "application/xhtml+xml", "application/javascript",
		"application/x-javascript", "application/typescript", "application/x-sh", "application/x-yaml", "application/yaml", "application/toml", "application/sql":
		return true
	}
	return strings.HasPrefix(mediaType, "text/") || strings.HasSuffix(mediaType, "+xml") && mediaType != "image/svg+xml" || strings.HasSuffix(mediaType, "+json")
}

// toUTF8 gives text as UTF-8: bytes that are valid UTF-8 stay; else the header
// decides, then <meta>, then sniffing (WHATWG Encoding).
func toUTF8(body []byte, contentType string) []byte {
	body = bytes.TrimPrefix(body, []byte("\xef\xbb\xbf"))
	if utf8.Valid(body) {
		return body
	}
	encoding, _, _ := charset.DetermineEncoding(body, contentType)
	text, err := encoding.NewDecoder().Bytes(body)
	if err != nil {
		return bytes.ToValidUTF8(body, []byte("\uFFFD"))
	}
	return text
}
