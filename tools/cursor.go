package tools

import (
	"encoding/base64"
	"hash/fnv"
	"strconv"
	"strings"

	"github.com/axon-mcp/axon-mcp/fault"
)

// offsetCursor makes an opaque cursor of an offset into the answer to what.
// Where what differs, the cursor does not hold.
func offsetCursor(what string, offset int) *string {
	cursor := base64.RawURLEncoding.EncodeToString([]byte(strconv.Itoa(offset) + "." + tag(what)))
	return &cursor
}

// cursorOffset reads such a cursor; the empty one is the beginning.
func cursorOffset(tool, what, cursor string) (int, error) {
	if cursor == "" {
		return 0, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(cursor)
	if err == nil {
		number, mark, _ := strings.Cut(string(raw), ".")
		offset, err := strconv.Atoi(number)
		if err == nil && offset >= 0 && offset <= 1_000_000 && mark == tag(what) {
			return offset, nil
		}
	}
	return 0, fault.Errorf(fault.Invalid, "%s: cursor is not one of this listing; give next_cursor of the page before, with the same other fields", tool)
}

func tag(what string) string {
	h := fnv.New32a()
	h.Write([]byte(what))
	return strconv.FormatUint(uint64(h.Sum32()), 36)
}

// pointer returns nil for the empty cursor, which shows as null.
func pointer(cursor string) *string {
	if cursor == "" {
		return nil
	}
	return &cursor
}
