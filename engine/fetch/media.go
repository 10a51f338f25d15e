package fetch

import (
	"bytes"
	"mime"
	"net/http"
	"path"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html/charset"
)

// typeOf names the types of files that servers often send without one.
func typeOf(urlPath string) string {
	switch strings.ToLower(path.Ext(urlPath)) {
	case ".md", ".markdown", ".mdx":
		return "text/markdown"
	case ".html", ".htm":
		return "text/html"
	case ".xhtml":
		return "application/xhtml+xml"
	case ".json":
		return "application/json"
	case ".xml":
		return "application/xml"
	case ".rss":
		return "application/rss+xml"
	case ".atom":
		return "application/atom+xml"
	case ".pdf":
		return "application/pdf"
	case ".txt", ".rst":
		return "text/plain"
	}
	return ""
}

// declaredType is what the header says, or the file's name where the header
// says nothing; it is empty where the bytes must tell.
func declaredType(contentType, urlPath string) string {
	declared := bareType(contentType)
	switch declared {
	case "", "application/octet-stream", "binary/octet-stream", "application/x-download", "application/force-download":
		return typeOf(urlPath)
	case "text/plain":
		if t := typeOf(urlPath); t == "text/markdown" { // few servers know that type
			return t
		}
	}
	return declared
}

// bareType is a Content-Type without parameters, lower case; empty where there
// is none or it makes no sense.
func bareType(contentType string) string {
	bare, _, _ := strings.Cut(contentType, ";")
	bare = strings.TrimSpace(bare)
	if strings.Count(bare, "/") != 1 || strings.ContainsAny(bare, " ,\t") {
		if bare, _, err := mime.ParseMediaType(contentType); err == nil && strings.Contains(bare, "/") {
			return bare
		}
		return ""
	}
	return strings.ToLower(bare)
}

// mediaType is the declared type, or what the first bytes look like: where none is
// declared, and where text is and the bytes are none (WHATWG MIME Sniffing, 7.1).
func mediaType(contentType, urlPath string, start []byte) string {
	seen := bareType(http.DetectContentType(start))
	declared := declaredType(contentType, urlPath)
	if declared == "" || isText(declared) && !isText(seen) && isBinary(start) && seen != "application/octet-stream" && seen != "image/bmp" { // BMP: "BM" begins words, too
		return seen
	}
	return declared
}

// isBinary reports whether a text would not begin so.
func isBinary(start []byte) bool {
	return bytes.IndexByte(start, 0) >= 0 || !utf8.Valid(start[:min(len(start), 4)]) || bytes.HasPrefix(start, []byte("%PDF-"))
}

// readable reports whether content can make a document of the type.
func readable(mediaType string) bool { return isText(mediaType) || mediaType == "application/pdf" }

// isText reports whether the type's bytes are text that is read here.
func isText(mediaType string) bool {
	switch mediaType {
	case "application/json", "application/ld+json", "application/xml", "application/xhtml+xml", "application/javascript",
		"application/x-javascript", "application/typescript", "application/x-sh", "application/x-yaml", "application/yaml",
		"application/toml", "application/sql":
		return true
	case "image/svg+xml":
		return false
	}
	return strings.HasPrefix(mediaType, "text/") || strings.HasSuffix(mediaType, "+xml") || strings.HasSuffix(mediaType, "+json")
}

// isUTF16 reports whether the header says so: ASCII in UTF-16 is valid UTF-8.
func isUTF16(contentType string) bool {
	_, params, err := mime.ParseMediaType(contentType)
	return err == nil && strings.HasPrefix(strings.ToLower(params["charset"]), "utf-16")
}

// toUTF8 gives text as UTF-8: bytes that are valid UTF-8 stay as they are; else
// the header decides, then <meta>, then sniffing (WHATWG Encoding).
func toUTF8(body []byte, contentType string) []byte {
	body = bytes.TrimPrefix(body, []byte("\xef\xbb\xbf"))
	if utf8.Valid(body) && !(bytes.IndexByte(body, 0) >= 0 && isUTF16(contentType)) {
		return body
	}
	encoding, _, _ := charset.DetermineEncoding(body, contentType)
	text, err := encoding.NewDecoder().Bytes(body)
	if err != nil {
		return bytes.ToValidUTF8(body, []byte("\uFFFD"))
	}
	return bytes.TrimPrefix(text, []byte("\uFEFF")) // UTF-16 has its mark, too
}
