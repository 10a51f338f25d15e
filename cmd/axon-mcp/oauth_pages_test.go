package main

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestPagesInChromium walks through the pages of the authorization server in a
// real Chromium, wide and narrow, light and dark: conformance/oauth-pages.mjs
// says what is held to what. Google is another site there (localhost), so that
// the browser's own rules for cookies and for the redirects of forms are tried.
// OAUTH_SHOTS names a folder for pictures.
func TestPagesInChromium(t *testing.T) {
	t.Parallel()
	long(t)
	program, packages := node(t)
	if _, err := exec.LookPath("chromium"); err != nil {
		t.Fatal("chromium is not installed: scripts/setup-test.sh brings it")
	}
	if _, err := os.Stat("../../web/ui/node_modules/axe-core/axe.min.js"); err != nil {
		t.Fatalf("axe and playwright are not there: scripts/ui.sh brings them: %v", err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	_ = l.Close()
	p := newPublisher(t, "http://127.0.0.1/callback")
	s := newOAuthServer(t, p.allowed()...)
	strict := newOAuthServer(t, "GOOGLE_OAUTH_ALLOWED_EMAILS=bob@example.com", "GOOGLE_OAUTH_AUTH_URL="+otherSite(s.google.URL)+"/authorize",
		"GOOGLE_OAUTH_TOKEN_URL="+s.google.URL+"/token", "GOOGLE_OAUTH_JWKS_URL="+s.google.URL+"/keys")
	args := []string{filepath.Join(filepath.Dir(packages), "oauth-pages.mjs"), s.url, strict.url, otherSite(s.google.URL), p.document(), port}
	if dir := os.Getenv("OAUTH_SHOTS"); dir != "" {
		args = append(args, dir)
	}
	o := startOutside(t, nil, program, args...)
	o.finished()
	if !strings.Contains(o.said.String(), "oauth pages: 0 wrong") {
		t.Error(o.said)
	}
}

// otherSite is the origin of a server on loopback by its other name, which
// browsers take for another site.
func otherSite(origin string) string { return strings.Replace(origin, "127.0.0.1", "localhost", 1) }
