package tools

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/axon-mcp/axon-mcp/security"
)

var update = flag.Bool("update", false, "write the snapshots anew")

// definition is a tool as tools/list shows it, with all that the MCP door adds:
// what a model pays for.
type definition struct {
	Name        string             `json:"name"`
	Title       string             `json:"title"`
	Description string             `json:"description"`
	Annotations map[string]any     `json:"annotations"`
	Input       *jsonschema.Schema `json:"inputSchema"`
	Output      *jsonschema.Schema `json:"outputSchema"`
	Meta        map[string]any     `json:"_meta"`
}

func define4(t *Tool) definition {
	return definition{t.Name, t.Title, t.About, map[string]any{
		"title": t.Title, "readOnlyHint": t.Hints.ReadOnly, "destructiveHint": t.Hints.Destructive,
		"idempotentHint": t.Hints.Idempotent, "openWorldHint": t.Hints.OpenWorld,
	}, t.Input, t.Output, map[string]any{"axon-mcp/scope": t.Scope, "axon-mcp/toolset": t.Toolset}}
}

// The budgets of tools.md. The list is to hold twice as many tools one day.
const (
	maxTool = 3_000
	maxList = 35_000
)

// TestEveryToolKeepsTheRules: rule N1.
func TestEveryToolKeepsTheRules(t *testing.T) {
	t.Parallel()
	r := newBench(t).Registry
	name := regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)
	for _, tool := range r.All() {
		t.Run(tool.Name, func(t *testing.T) {
			t.Parallel()
			if !name.MatchString(tool.Name) {
				t.Errorf("name %q", tool.Name)
			}
			if tool.Title == "" || !strings.HasSuffix(tool.About, ".") || len(tool.About) > 500 {
				t.Errorf("title %q, about %q", tool.Title, tool.About)
			}
			if !slices.Contains([]string{Web, Knowledge, JobTools, Admin}, tool.Toolset) {
				t.Errorf("toolset %q", tool.Toolset)
			}
			checkScope(t, tool)
			checkInput(t, tool)
			if tool.Output.Type != "object" || len(tool.Output.Properties) == 0 {
				t.Error("the output is no object with properties")
			}
			for _, named := range regexp.MustCompile(`[a-z]+_[a-z_]+`).FindAllString(tool.About, -1) {
				if _, ok := r.Get(named); !ok && !mentioned(r, named) {
					t.Errorf("about speaks of %s, which is no tool or field", named)
				}
			}
		})
	}
}

func checkScope(t *testing.T, tool *Tool) {
	t.Helper()
	h := tool.Hints
	switch tool.Scope {
	case security.ScopeRead:
		if !h.ReadOnly || h.Destructive {
			t.Errorf("scope read with hints %+v", h)
		}
	case security.ScopeWrite, security.ScopeAdmin:
		if h.ReadOnly && tool.Toolset != Admin {
			t.Errorf("scope %s with hints %+v", tool.Scope, h)
		}
	default:
		t.Errorf("scope %q", tool.Scope)
	}
	if h.Destructive {
		dry, confirm := tool.Input.Properties["dry_run"], tool.Input.Properties["confirm"]
		if dry == nil || string(dry.Default) != "true" || confirm == nil || tool.Scope != security.ScopeAdmin {
			t.Error("a destructive tool needs dry_run=true, confirm and the scope admin")
		}
	}
}

func checkInput(t *testing.T, tool *Tool) {
	t.Helper()
	in := tool.Input
	if in.Type != "object" || in.AdditionalProperties == nil || in.AdditionalProperties.Not == nil {
		t.Error("the input allows unknown fields")
	}
	if tool.Positional != "" && in.Properties[tool.Positional] == nil {
		t.Errorf("positional %q is no field", tool.Positional)
	}
	for field, s := range in.Properties {
		if len(s.Description) < 12 {
			t.Errorf("%s: description %q", field, s.Description)
		}
		if s.Type == "integer" && (s.Minimum == nil || s.Maximum == nil) {
			t.Errorf("%s: a number without a range", field)
		}
		example := strings.Contains(s.Description, "such as") || s.Type == "boolean" || s.Enum != nil || field == "cursor" || field == "confirm"
		if !example && !regexp.MustCompile(`\d|job_id|document_id`).MatchString(s.Description) {
			t.Errorf("%s: no example in %q", field, s.Description)
		}
	}
	if resolved, err := in.Resolve(&jsonschema.ResolveOptions{ValidateDefaults: true}); err != nil || resolved == nil {
		t.Errorf("resolve: %v", err)
	}
}

// mentioned reports whether some tool has a field of that name.
func mentioned(r *Registry, field string) bool {
	for _, t := range r.All() {
		if t.Input.Properties[field] != nil || t.Output.Properties[field] != nil {
			return true
		}
	}
	return false
}

// TestSnapshots holds each definition against testdata/NAME.json: a change of
// what clients see is a change of a file (and a poisoned description, N8, would
// be one too). go test ./tools -update writes them.
func TestSnapshots(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	total := 0
	for _, tool := range newBench(t).All() {
		wire, err := encode(define4(tool))
		if err != nil {
			t.Fatal(err)
		}
		total += len(wire) + 1
		if len(wire) > maxTool {
			t.Errorf("%s costs %d bytes, at most %d", tool.Name, len(wire), maxTool)
		}
		var pretty bytes.Buffer
		if err := json.Indent(&pretty, wire, "", "  "); err != nil {
			t.Fatal(err)
		}
		pretty.WriteByte('\n')
		file := filepath.Join("testdata", tool.Name+".json")
		seen[file] = true
		if *update {
			if err := os.WriteFile(file, pretty.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, err := os.ReadFile(file)
		if err != nil || !bytes.Equal(want, pretty.Bytes()) {
			t.Errorf("%s differs from its snapshot (%v); if that is meant: go test ./tools -update", tool.Name, err)
		}
	}
	t.Logf("%d tools, %d bytes", len(seen), total)
	if total > maxList {
		t.Errorf("the list costs %d bytes, at most %d", total, maxList)
	}
	files, _ := filepath.Glob("testdata/*.json")
	for _, file := range files {
		if !seen[file] {
			t.Errorf("%s is of no tool", file)
		}
	}
}

func TestListIsInAFixedOrder(t *testing.T) {
	t.Parallel()
	names := func() (list []string) {
		for _, tool := range newBench(t).List(security.Local()) {
			list = append(list, tool.Name)
		}
		return list
	}
	if first, second := names(), names(); !slices.Equal(first, second) {
		t.Errorf("%v, then %v", first, second)
	}
}

func BenchmarkNew(b *testing.B) {
	d := newBench(b).deps
	for b.Loop() {
		if _, err := New(d); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkCall is what the registry adds to a tool that does nothing: lookup,
// scope, check, decode, encode, output check, log line.
func BenchmarkCall(b *testing.B) {
	r := newBench(b).Registry
	ctx := local(b)
	call := Call{Name: "stats", Args: json.RawMessage(`{}`), Door: "bench"}
	for b.Loop() {
		if _, err := r.Call(ctx, call); err != nil {
			b.Fatal(err)
		}
	}
}
