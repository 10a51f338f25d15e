package web

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/axon-mcp/axon-mcp/fault"
)

// fakeModel answers as its prompt says.
type fakeModel struct{}

func (fakeModel) Model() string { return "fake" }

func (f fakeModel) Complete(ctx context.Context, _, prompt string, _ int) (string, error) {
	if code, ok := strings.CutPrefix(prompt, "fail "); ok {
		return "", fault.New(fault.Code(code), "it failed")
	}
	return "to " + prompt, ctx.Err()
}

func TestCopilot(t *testing.T) {
	t.Parallel()
	f := start(t, withTokens(defaults()), func(d *Deps) { d.Model = fakeModel{} })
	for body, want := range map[string]int{
		`{"prompt":"hello"}`: 200, `{"prompt":" "}`: 400, `{}`: 400, `{"prompt":"x","other":1}`: 400, `{"prompt":1}`: 400,
		`{"prompt":"x","max_tokens":-1}`: 400, `{"prompt":"fail timeout"}`: http.StatusRequestTimeout, `{"prompt":"fail busy"}`: 429,
		`{"prompt":"fail upstream"}`: 502, `{"prompt":"fail unavailable"}`: 503, `{"prompt":"` + strings.Repeat("x", 300<<10) + `"}`: 400,
	} {
		status, answer, header := f.ask(t, "POST", "/api/ai/copilot", body, "Authorization: Bearer "+apiToken)
		if status != want || (want == 200 && !strings.Contains(answer, "to hello")) || (want == 429 && header.Get("Retry-After") == "") {
			t.Errorf("%.40s: %d %s", body, status, answer)
		}
	}
	if status, _, _ := f.ask(t, "POST", "/api/ai/copilot", `{"prompt":"x"}`); status != 401 {
		t.Errorf("without a token: %d", status)
	}
	none := start(t, withTokens(defaults()))
	if status, answer, _ := none.ask(t, "POST", "/api/ai/copilot", `{"prompt":"x"}`, "Authorization: Bearer "+apiToken); status != 503 || !strings.Contains(answer, "OPENAI_BASE_URL") {
		t.Errorf("without a model: %d %s", status, answer)
	}
}
