package artifact

import (
	"mime"
	"path"
	"strings"
	"unicode/utf8"

	"github.com/axon-mcp/axon-mcp/fault"
)

const (
	maxPath  = 512 // bytes
	maxDepth = 16  // segments
)

// devices are names that Windows takes for devices, in any folder and with any
// extension.
var devices = map[string]bool{
	"con": true, "prn": true, "aux": true, "nul": true, "conin$": true, "conout$": true,
	"com1": true, "com2": true, "com3": true, "com4": true, "com5": true, "com6": true, "com7": true, "com8": true, "com9": true,
	"lpt1": true, "lpt2": true, "lpt3": true, "lpt4": true, "lpt5": true, "lpt6": true, "lpt7": true, "lpt8": true, "lpt9": true,
}

// checkPath refuses every path but a plain relative one: no empty, dot or hidden
// segment, no backslash, colon, percent sign or control character, no device
// name, no trailing dot or space. The same rule holds on every system.
func checkPath(p string) error {
	bad := func() error {
		return fault.New(fault.Invalid, "the path of an artifact is relative and plain, such as results/a.md; artifacts with action=list names them")
	}
	if p == "" || len(p) > maxPath || !utf8.ValidString(p) || strings.ContainsAny(p, `\:%*?"<>|`) {
		return bad()
	}
	for _, r := range p {
		if r < 0x20 || r >= 0x7f && r <= 0x9f || r >= 0x200b && r <= 0x202e || r == 0xfeff {
			return bad()
		}
	}
	segments := strings.Split(p, "/")
	if len(segments) > maxDepth {
		return bad()
	}
	for _, s := range segments {
		stem, _, _ := strings.Cut(s, ".")
		if s == "" || s[0] == '.' || s[0] == ' ' || strings.HasSuffix(s, ".") || strings.HasSuffix(s, " ") || devices[strings.ToLower(stem)] {
			return bad()
		}
	}
	return nil
}

// mediaTypes are the types that we write; the system's table is not asked, so
// that a type is the same everywhere.
var mediaTypes = map[string]string{
	".md": "text/markdown", ".txt": "text/plain", ".html": "text/html", ".json": "application/json", ".jsonl": "application/jsonl",
	".png": "image/png", ".jpg": "image/jpeg", ".xml": "application/xml", ".zip": "application/zip",
}

func mediaTypeOf(p string) string {
	if t, ok := mediaTypes[strings.ToLower(path.Ext(p))]; ok {
		return t
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
