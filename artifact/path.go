package artifact

import (
	"mime"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/axon-mcp/axon-mcp/fault"
)

const (
	maxPath  = 512 // bytes
	maxDepth = 16  // segments
)

// checkPath refuses every path but a plain relative one: no empty, dot or hidden
// segment, no backslash, colon, percent sign (so nothing that decodes to
// another path) or other sign that Windows reserves, no invisible character, no
// device name, no space at a segment's ends, no dot at its end. The rule is the
// same on every system, as a folder may move to another.
func checkPath(p string) error {
	plain := p != "" && len(p) <= maxPath && utf8.ValidString(p) &&
		!strings.ContainsAny(p, `\:%*?"<>|`) && strings.IndexFunc(p, invisible) < 0 && strings.Count(p, "/") < maxDepth
	for segment := range strings.SplitSeq(p, "/") {
		plain = plain && plainSegment(segment)
	}
	if !plain {
		return fault.New(fault.Invalid, "the path of an artifact is relative and plain, such as results/a.md; artifacts with action=list names them")
	}
	return nil
}

func invisible(r rune) bool {
	return unicode.In(r, unicode.C, unicode.Zl, unicode.Zp) || (unicode.IsSpace(r) && r != ' ')
}

func plainSegment(s string) bool {
	stem, _, _ := strings.Cut(s, ".")
	return s != "" && s[0] != '.' && s[0] != ' ' && !strings.HasSuffix(s, ".") && !strings.HasSuffix(s, " ") && !isDevice(strings.TrimRight(stem, " "))
}

// isDevice reports whether Windows takes the name for a device, in any folder
// and with any extension ("Naming Files, Paths, and Namespaces").
func isDevice(stem string) bool {
	switch stem = strings.ToLower(stem); stem {
	case "con", "prn", "aux", "nul", "conin$", "conout$":
		return true
	}
	port, number := strings.CutPrefix(stem, "com")
	if !number {
		port, number = strings.CutPrefix(stem, "lpt")
	}
	return number && utf8.RuneCountInString(port) == 1 && strings.Contains("0123456789¹²³", port)
}

// mediaTypeOf is our own table and not the system's, so that a type is the same
// everywhere.
func mediaTypeOf(p string) string {
	switch strings.ToLower(path.Ext(p)) {
	case ".md":
		return "text/markdown"
	case ".txt":
		return "text/plain"
	case ".html":
		return "text/html"
	case ".json":
		return "application/json"
	case ".jsonl":
		return "application/jsonl"
	case ".xml":
		return "application/xml"
	case ".png":
		return "image/png"
	case ".jpg", ".jpeg":
		return "image/jpeg"
	case ".zip":
		return "application/zip"
	}
	return "application/octet-stream"
}

// plainType drops the parameters of a media type.
func plainType(t string) string {
	if plain, _, err := mime.ParseMediaType(t); err == nil {
		return plain
	}
	return t
}
