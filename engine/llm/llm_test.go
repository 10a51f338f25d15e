package llm

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/axon-mcp/axon-mcp/fault"
	"github.com/axon-mcp/axon-mcp/secret"
)

func TestComplete(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		status int
		body   string
		want   string
		code   fault.Code
	}{
		"good":         {200, `{"choices":[{"message":{"content":"hello"}}]}`, "hello", ""},
		"empty answer": {200, `{"choices":[{"message":{"content":""}}]}`, "", ""},
		"no choices":   {200, `{"choices":[]}`, "", fault.Upstream},
		"no JSON":      {200, `<html>`, "", fault.Upstream},
		"too long":     {200, `{"choices":[{"message":{"content":"` + strings.Repeat("x", maxAnswer) + `"}}]}`, "", fault.Upstream},
		"busy":         {429, ``, "", fault.Busy},
		"wrong key":    {401, ``, "", fault.Upstream},
		"broken":       {500, `stack trace`, "", fault.Upstream},
		"redirect":     {302, ``, "", fault.Upstream},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				var asked struct {
					Model    string    `json:"model"`
					Messages []Message `json:"messages"`
				}
				if r.URL.Path != "/v1/chat/completions" || r.Header.Get("Authorization") != "Bearer k" ||
					json.NewDecoder(r.Body).Decode(&asked) != nil || asked.Model != "m" || asked.Messages[0].Content != "hi" {
					t.Errorf("%s %+v", r.URL, asked)
				}
				w.Header().Set("Retry-After", "7")
				w.Header().Set("Location", "https://elsewhere.example/")
				w.WriteHeader(test.status)
				_, _ = w.Write([]byte(test.body))
			}))
			defer s.Close()
			c := New(Config{BaseURL: s.URL + "/v1/", APIKey: secret.New("k"), Model: "m"})
			defer c.Close()
			got, err := c.Complete(t.Context(), Request{Messages: []Message{{"user", "hi"}}})
			if got != test.want || fault.CodeOf(err) != test.code && (err != nil || test.code != "") {
				t.Errorf("%.20q, %v", got, err)
			}
			if test.code == fault.Busy && fault.RetryAfter(err) != 7*time.Second {
				t.Errorf("retry after %s", fault.RetryAfter(err))
			}
			if err != nil && strings.Contains(fault.MessageOf(err), "stack") {
				t.Errorf("%v", err)
			}
		})
	}
}

// TestCallerLeaves: the call at the server ends with the caller.
func TestCallerLeaves(t *testing.T) {
	t.Parallel()
	came, left := make(chan struct{}), make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // until then the server does not see who leaves
		close(came)
		<-r.Context().Done()
		close(left)
	}))
	defer s.Close()
	c := New(Config{BaseURL: s.URL, Model: "m"})
	defer c.Close()
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-came; cancel() }()
	if _, err := c.Complete(ctx, Request{}); err == nil {
		t.Error("no error")
	}
	<-left
	late, end := context.WithTimeout(t.Context(), time.Nanosecond)
	defer end()
	if _, err := c.Complete(late, Request{}); fault.CodeOf(err) != fault.Timeout {
		t.Errorf("%v", err)
	}
	if _, err := New(Config{BaseURL: "http://127.0.0.1:1", Model: "m"}).Complete(t.Context(), Request{}); fault.CodeOf(err) != fault.Unavailable {
		t.Errorf("a server that is down: %v", err)
	}
}
