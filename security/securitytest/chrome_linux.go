package securitytest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TrustingChrome makes a program that runs the Chromium at path, which takes the
// certificates of a for good: our Go client is told of them by SSL_CERT_FILE,
// which Chromium does not read.
func (a *Authority) TrustingChrome(t *testing.T, path string) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "axon-test-") // t.TempDir is closed to others, and where we are root nobody runs it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil { //nolint:gosec // see above
		t.Fatal(err)
	}
	script := filepath.Join(dir, "chromium")
	text := fmt.Sprintf("#!/bin/sh\nexec '%s' \"$@\" --ignore-certificate-errors-spki-list=%s\n", path, a.KeyPin(t))
	if err := os.WriteFile(script, []byte(text), 0o755); err != nil { //nolint:gosec // see above
		t.Fatal(err)
	}
	return script
}

// BlockedTargets are the addresses that must not be reached: the first, the
// middle and the last of each range, as a literal and behind a name; and what
// the names resolve to.
func (r Ranges) BlockedTargets() (urls []string, names map[string]string) {
	names = map[string]string{}
	for _, p := range r.Blocked {
		first, middle, last := Spread(p)
		for _, a := range []string{first.String(), middle.String(), last.String()} {
			name := fmt.Sprintf("r%d.example.net", len(names))
			names[name] = a
			literal := a
			if strings.Contains(a, ":") {
				literal = "[" + a + "]"
			}
			urls = append(urls, "http://"+literal+"/", "http://"+name+"/")
			if p.IsSingleIP() {
				break
			}
		}
	}
	return urls, names
}
