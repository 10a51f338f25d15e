package security

import (
	"net/http"
	"strings"
	"testing"
)

func TestLogURLHidesSecrets(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		"https://user:hunter2@example.com/a?token=hunter2#hunter2": "https://example.com/a?…",
		"https://example.com/a":                            "https://example.com/a",
		"https://example.com/\x01hunter2":                  "(malformed, 28 bytes)",
		"https:user:hunter2@example.com":                   "https:…",
		"//user:hunter2@example.com/?a=hunter2":            "//example.com/?…",
		"https://a@b:hunter2@example.com/":                 "https://example.com/",
		"https://example.com/" + strings.Repeat("a", 1000): "https://example.com/" + strings.Repeat("a", 280) + "…",
	}
	for raw, want := range tests {
		if got := LogURL(raw); got != want || strings.Contains(got, "hunter2") {
			t.Errorf("%q: got %q, want %q", raw, got, want)
		}
	}
}

func TestPageHeaders(t *testing.T) {
	t.Parallel()
	plain, tls := http.Header{}, http.Header{}
	PageHeaders(plain, false)
	PageHeaders(tls, true)
	for name, part := range map[string]string{
		"Content-Security-Policy": "frame-ancestors 'none'", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
	} {
		if !strings.Contains(plain.Get(name), part) {
			t.Errorf("%s: %q", name, plain.Get(name))
		}
	}
	if strings.Contains(plain.Get("Content-Security-Policy"), "unsafe-") {
		t.Error("the policy lets inline code through")
	}
	if plain.Get("Strict-Transport-Security") != "" || tls.Get("Strict-Transport-Security") == "" {
		t.Error("HSTS belongs behind TLS and nowhere else")
	}
}
