// Package artifacttest has what tests of files need.
package artifacttest

import (
	"fmt"
	"strings"
)

// Paths varies the ways out of a folder over form, depth, beginning and
// target, and adds the names that one system or another reads in its own way.
func Paths() []string {
	var list []string
	ups := []string{"..", "%2e%2e", "%2E%2E", "%252e%252e", "..%00", "..%2f..", "..\\..", "\\..", ".. ", "..\x00", "...", "....", ". ", ".%2e", "..%c0%af", "..\u200b"}
	for _, up := range ups {
		for depth := 1; depth <= 6; depth++ {
			for _, begin := range []string{"", "a/", "./", "/"} {
				for _, target := range []string{"secret.txt", "etc/passwd", "data/output/../../secret.txt"} {
					list = append(list, begin+strings.Repeat(up+"/", depth)+target)
				}
			}
		}
	}
	for _, device := range []string{"con", "PRN", "aux", "Nul", "com1", "COM9", "lpt1", "LPT0", "com¹", "conin$", "CONOUT$"} {
		for _, form := range []string{"%s", "%s.md", "a/%s", "%s/a", "%s .md", "%s.a.b"} {
			list = append(list, fmt.Sprintf(form, device))
		}
	}
	for _, bad := range []string{"\x00", "\n", "\r", "\t", "\x1b", "\x7f", "\u0085", "\u00a0", "\u200b", "\u202e", "\u2066", "\u2028", "\ufeff", "\xff", ":", "\\", "*", "?", "\"", "<", ">", "|", "%"} {
		list = append(list, bad, "a"+bad+"b", "a/"+bad, "a.md"+bad, bad+"/a")
	}
	return append(list, "", ".", "..", "/", "//", "/etc/passwd", "//server/share", `C:\x`, "C:/x", "c:x", "a//b", "a/", "/a", "a/./b", "./a", "a/..", "a/../b",
		".hidden", "a/.hidden", ".new-x", "a/.git/config", "a.", "a ", " a", "a./b", "a /b", "a/ b", "~/.ssh/id_rsa/..", "a:stream", "file:///etc/passwd",
		"http://x/y", strings.Repeat("a/", 16)+"x", strings.Repeat("x", 513))
}
