package oauthtest

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// evil are values that mean harm wherever they stand: to redirect elsewhere, to
// split headers, to break out of pages, queries and types.
func evil(callback string) []string {
	return []string{
		"https://evil.example/", "//evil.example", "javascript:alert(1)", "data:text/html,<script>", callback + "@evil.example", callback + "\r\nLocation: https://evil.example",
		"\x00", "\xff\xfe", "😀", "\u202egro.elpmaxe", strings.Repeat("A", 30_000), "' OR 1=1 --", "{{.}}", "<script>alert(1)</script>", "../../etc/passwd", "%00", "null", "-1", "1e999", "[]", "{}",
	}
}

// Hostile are n requests that mean harm, made of good authorization and token
// requests (good, by parameter) in which one parameter is evil, twice there, of
// the wrong type or 1 MiB long, under a forged Host or with the answer of
// another server (mix-up). None must redirect, be a 5xx or let in. Each comes
// from an address of its own, as a trusted proxy would say.
func Hostile(t testing.TB, base string, good url.Values, n int) []*http.Request {
	t.Helper()
	names := []string{
		"client_id", "redirect_uri", "state", "scope", "code_challenge", "code_challenge_method", "response_type", "resource", "code", "refresh_token",
		"code_verifier", "grant_type", "client_secret", "token", "csrf", "iss", "error", "request", "request_uri", "response_mode",
	}
	values := evil(good.Get("redirect_uri"))
	list := make([]*http.Request, 0, n)
	for i := range n {
		name, value := names[i%len(names)], values[(i/len(names)+i)%len(values)]
		if i%97 == 0 {
			value = strings.Repeat("M", 1<<20)
		}
		form := url.Values{}
		for key, list := range good {
			form[key] = append([]string(nil), list...)
		}
		form[name] = []string{value}
		if i%3 == 0 {
			form.Add(name, value)
		}
		list = append(list, hostile(t, base, i, name, value, form))
	}
	return list
}

// hostile is the ith request: to each endpoint in turn.
func hostile(t testing.TB, base string, i int, name, value string, form url.Values) *http.Request {
	t.Helper()
	method, path, kind, body := http.MethodPost, "/oauth/token", "application/x-www-form-urlencoded", form.Encode()
	query := form.Encode()
	if len(query) > 60_000 { // longer ones never reach a handler
		query = query[:60_000]
	}
	switch i % 6 {
	case 1:
		method, path, body = http.MethodGet, "/oauth/authorize?"+query, ""
	case 2:
		path = "/oauth/authorize"
	case 3:
		path, kind, body = "/oauth/register", "application/json", fmt.Sprintf(`{%q:%q,"redirect_uris":[%q],"client_name":%q}`, name, value, value, value)
	case 4:
		path, kind, body = "/oauth/register", "application/json", fmt.Sprintf(`{"redirect_uris":%q,"client_name":[%q],%q:{}}`, value, value, name)
		if i%12 == 4 {
			path, kind, body = "/oauth/revoke", "application/x-www-form-urlencoded", form.Encode()
		}
	case 5:
		method, path, body = http.MethodGet, "/oauth/google/callback?"+query, ""
	}
	request, err := http.NewRequestWithContext(t.Context(), method, base+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", kind)
	request.Header.Set("X-Forwarded-For", fmt.Sprintf("198.51.%d.%d", i/250, i%250))
	request.Header.Set("X-Forwarded-Host", "evil.example")
	request.Header.Set("X-Forwarded-Proto", "https")
	if i%7 == 0 {
		request.Host = "evil.example"
	}
	return request
}
