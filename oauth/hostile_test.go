package oauth_test

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/axon-mcp/axon-mcp/oauth/oauthtest"
)

// TestHostile sends 1,000 requests that mean harm: none redirects to where
// nobody has registered, none is a 5xx, and no answer or log line holds a secret.
func TestHostile(t *testing.T) {
	t.Parallel()
	w := newWorld(t, trustLoopback)
	code := w.code()
	good := w.request()
	good.Set("grant_type", "authorization_code")
	good.Set("code_verifier", verifier)
	good.Set("code", "ac_"+code[3:20])
	answers := make([]int, 0, 1_000)
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	secrets := []string{oauthtest.ClientSecret, code}
	for i, request := range oauthtest.Hostile(t, w.url, good, 1_000) {
		response, err := client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		answers = append(answers, response.StatusCode)
		if target := response.Header.Get("Location"); response.StatusCode >= 500 || target != "" || response.StatusCode == http.StatusOK && request.URL.Path == "/oauth/token" {
			t.Errorf("%d: %s %.80s: %d to %q", i, request.Method, request.URL.Path, response.StatusCode, target)
		}
		for _, secret := range secrets {
			if strings.Contains(string(body), secret) {
				t.Errorf("%d: %s is in an answer", i, secret)
			}
		}
	}
	slices.Sort(answers)
	t.Logf("statuses: %v", slices.Compact(answers))
	for _, secret := range secrets {
		if strings.Contains(w.log.String(), secret) {
			t.Errorf("%s is in the log", secret)
		}
	}
}
