package acp_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/axon-mcp/axon-mcp/acp"
	"github.com/axon-mcp/axon-mcp/fault"
)

// TestSDKExampleAgent: the protocol library's own example, built as it is: a
// whole turn with a permission, allowed and rejected, and one that is stopped.
func TestSDKExampleAgent(t *testing.T) {
	t.Parallel()
	program := filepath.Join(t.TempDir(), "example-agent")
	build := exec.Command("go", "build", "-o", program, "github.com/coder/acp-go-sdk/example/agent")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the example agent: %v\n%s", err, out)
	}
	h := newHost(t, func(c *acp.Config) { c.Cmd, c.Args, c.MaxMemoryMB = program, "", 1024 })
	for kind, want := range map[string]string{"allow_once": "Perfect!", "reject_once": "skip", "stop": ""} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			s := begin(t, h)
			v, sent := attach(s, acp.Policy{})
			turn := prompt(t, s, "Change the configuration.")
			r := sent.request(t)
			if r.Tool.Kind != "edit" || r.Tool.Input == nil || len(r.Options) != 2 {
				t.Errorf("%+v", r)
			}
			if kind == "stop" {
				turn.Cancel()
				if _, err := finished(t, turn); fault.CodeOf(err) != fault.Canceled {
					t.Error(err)
				}
				return
			}
			for _, o := range r.Options {
				if strings.HasPrefix(o.Kind, kind[:5]) {
					if err := v.Permissions.Answer(acp.Answer{SessionID: r.SessionID, ToolCallID: r.ToolCallID, PermID: r.PermID, Digest: r.Digest, OptionID: o.ID}); err != nil {
						t.Fatal(err)
					}
				}
			}
			if stop, err := finished(t, turn); stop != "end_turn" || err != nil {
				t.Errorf("%s, %v", stop, err)
			}
			if got := said(t, s); !strings.Contains(got, want) || v.Permissions.Open() != 0 {
				t.Errorf("%q", got)
			}
			if all := kinds(t, s); !strings.Contains(all, `"assistant.tool_call"`) || !strings.Contains(all, `"assistant.tool_update"`) {
				t.Error(all)
			}
		})
	}
}
